//! The conversations of a capture, each kept until it is played.

use crate::trace::wire::{Direction, Event, Notice, What};
use std::collections::BTreeMap;

/// The most bytes of all conversations that are kept at a time.
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// What happened on one connection, in order.
#[derive(Debug, Default)]
pub(super) struct Recording {
    /// Bytes and ends.
    pub(super) steps: Vec<Event<'static>>,
    bytes: usize,
    /// Why it cannot be played.
    pub(super) lacks: Option<&'static str>,
    ended: [bool; 2],
}

/// The conversations that have not ended.
#[derive(Debug, Default)]
pub(super) struct Recordings {
    open: BTreeMap<u64, Recording>,
    bytes: usize,
}

impl Recordings {
    /// Returns the conversation that ends with this event.
    pub(super) fn record(&mut self, event: Event<'static>) -> Option<(u64, Recording)> {
        let number = event.conversation?;
        if let What::Begins { .. } = event.what {
            self.open.insert(number, Recording::default());
        }
        let recording = self.open.get_mut(&number)?;
        match &event.what {
            What::Bytes(_, bytes) => {
                let is_first = event.from == Direction::FromClient && recording.bytes == 0;
                if is_first && bytes.first() == Some(&0x16) {
                    self.bytes -= recording.lack("it is under TLS");
                } else if self.bytes + bytes.len() > MOST_BYTES {
                    let why = "the conversations that are open have too many bytes";
                    self.bytes -= recording.lack(why);
                } else if recording.lacks.is_none() {
                    recording.bytes += bytes.len();
                    self.bytes += bytes.len();
                    recording.steps.push(event);
                }
            }
            What::Gap(_) => self.bytes -= recording.lack("bytes are missing in the capture"),
            What::Notice(Notice::BeganBefore) => {
                self.bytes -= recording.lack("it began before the capture");
            }
            What::Ends { .. } => {
                recording.ended[event.from.index()] = true;
                recording.steps.push(event);
                if recording.ended == [true; 2] {
                    let recording = self.open.remove(&number)?;
                    self.bytes -= recording.bytes;
                    return Some((number, recording));
                }
            }
            _ => {}
        }
        None
    }

    /// The others, at the end of the capture.
    pub(super) fn finish(&mut self) -> BTreeMap<u64, Recording> {
        std::mem::take(&mut self.open)
    }
}

impl Recording {
    /// Keeps no more of it. Returns how many bytes were kept.
    fn lack(&mut self, what: &'static str) -> usize {
        self.lacks.get_or_insert(what);
        self.steps = Vec::new();
        std::mem::take(&mut self.bytes)
    }

    /// How many bytes the server has sent.
    pub(super) fn server_bytes(&self) -> usize {
        let lengths = self.steps.iter().map(|step| match &step.what {
            What::Bytes(_, bytes) if step.from == Direction::FromServer => bytes.len(),
            _ => 0,
        });
        lengths.sum()
    }
}
