//! The conversations of a capture, each kept until it is played.

use crate::trace::wire::Direction;
use crate::trace::wire::capture::{Event, Notice};
use std::collections::BTreeMap;
use std::time::Duration;

/// The most bytes of all conversations that are kept at a time.
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// What happened on one connection, in order.
#[derive(Debug, Default)]
pub(super) struct Recording {
    pub(super) steps: Vec<Step>,
    bytes: usize,
    /// Why it cannot be played.
    pub(super) lacks: Option<&'static str>,
    ended: [bool; 2],
}

#[derive(Debug)]
pub(super) enum Step {
    Bytes(Direction, Duration, Vec<u8>),
    Ends { from: Direction, reset: bool },
}

/// The conversations that have not ended.
#[derive(Debug, Default)]
pub(super) struct Recordings {
    open: BTreeMap<u64, Recording>,
    bytes: usize,
}

impl Recordings {
    /// Returns the conversation that ends with this event.
    pub(super) fn record(&mut self, event: Event) -> Option<(u64, Recording)> {
        match event {
            Event::Begins { conversation, .. } => {
                self.open.insert(conversation, Recording::default());
            }
            Event::Bytes {
                conversation,
                from,
                time,
                bytes,
            } => {
                let is_full = self.bytes + bytes.len() > MOST_BYTES;
                let recording = self.open.get_mut(&conversation)?;
                if from == Direction::FromClient
                    && recording.bytes == 0
                    && bytes.first() == Some(&0x16)
                {
                    self.bytes -= recording.lack("it is under TLS");
                }
                if is_full {
                    self.bytes -=
                        recording.lack("the conversations that are open have too many bytes");
                }
                if recording.lacks.is_none() {
                    recording.bytes += bytes.len();
                    self.bytes += bytes.len();
                    recording.steps.push(Step::Bytes(from, time, bytes));
                }
            }
            Event::Gap { conversation, .. } => {
                let recording = self.open.get_mut(&conversation)?;
                self.bytes -= recording.lack("bytes are missing in the capture");
            }
            Event::Notice {
                conversation: Some(conversation),
                notice: Notice::BeganBefore,
                ..
            } => {
                let recording = self.open.get_mut(&conversation)?;
                self.bytes -= recording.lack("it began before the capture");
            }
            Event::Ends {
                conversation,
                from,
                reset,
                ..
            } => {
                let recording = self.open.get_mut(&conversation)?;
                recording.steps.push(Step::Ends { from, reset });
                recording.ended[from.index()] = true;
                if recording.ended == [true; 2] {
                    let recording = self.open.remove(&conversation)?;
                    self.bytes -= recording.bytes;
                    return Some((conversation, recording));
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
        let lengths = self.steps.iter().map(|step| match step {
            Step::Bytes(Direction::FromServer, _, bytes) => bytes.len(),
            _ => 0,
        });
        lengths.sum()
    }
}
