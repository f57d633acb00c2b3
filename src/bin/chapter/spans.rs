//! What the explainer says of a run, as messages to the page: a line of JSON each.

use crate::json::{Object, list};
use crate::states::{Machines, Moved};
use barewire::trace::wire::render::Rendering;
use barewire::trace::wire::{Direction, Explained, Note, Span};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A span's bytes are shown up to here. A longer one is content, and its blocks have all bytes.
const MOST_HEX: usize = 64 * 1024;
/// The longest message.
pub(crate) const MOST_BYTES: usize = 256 * 1024;

/// The rendering: each span is a message, and each state that it moves. Clones are the same.
#[derive(Clone)]
pub(crate) struct Spans {
    run: u64,
    machines: Arc<Mutex<BTreeMap<u64, Machines>>>,
}

impl Spans {
    pub(crate) fn of(run: u64) -> Spans {
        let machines = Arc::default();
        Spans { run, machines }
    }

    /// A tap at this side has seen the end of the handshake of TLS: the messages that say so.
    pub(crate) fn handshake_over(
        &self,
        conversation: u64,
        time: Duration,
        side: Direction,
    ) -> Vec<String> {
        let moved = |machines: &mut Machines| machines.handshake_over(side);
        self.messages(conversation, time, moved)
    }

    fn messages(
        &self,
        conversation: u64,
        time: Duration,
        moved: impl FnOnce(&mut Machines) -> Vec<Moved>,
    ) -> Vec<String> {
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = moved(machines.entry(conversation).or_default());
        let message = |moved: &Moved| moved.message(self.run, conversation, time);
        moved.iter().map(message).collect()
    }
}

impl Rendering for Spans {
    fn event(&mut self, _: u64, _: Duration, _: &str, _: &mut String) {}

    /// A message a line: a text of JSON has no line ends.
    fn explained(&mut self, conversation: u64, explained: &Explained, out: &mut String) {
        let moved = self.messages(conversation, explained.time, |it| it.pass(explained));
        for message in [message(self.run, conversation, explained)]
            .iter()
            .chain(&moved)
        {
            *out += message;
            out.push('\n');
        }
    }
}

/// What is written into memory, and taken from there by another owner.
#[derive(Clone, Default)]
pub(crate) struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lines that were written since the last call.
    pub(crate) fn take_lines(&self) -> Vec<String> {
        let bytes = mem::take(&mut *self.lock());
        String::from_utf8_lossy(&bytes)
            .lines()
            .map(str::to_owned)
            .collect()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.lock().clone()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn message(run: u64, conversation: u64, explained: &Explained) -> String {
    let begin = || {
        let message = Object::new().text("kind", "span").raw("run", run);
        let message = message
            .raw("conversation", conversation)
            .text("layer", explained.layer.key())
            .text("from", explained.from.key())
            .time(explained.time);
        match explained.exchange {
            Some(exchange) => message.raw("exchange", exchange),
            None => message,
        }
    };
    let bytes = &explained.bytes[..explained.bytes.len().min(MOST_HEX)];
    let whole = begin().hex(bytes).raw("span", span(&explained.span)).end();
    match whole.len() <= MOST_BYTES {
        true => whole,
        // Some hundred spans in a head of 64 KiB: as one.
        false => {
            let mut leaf = explained.span.clone();
            leaf.children.clear();
            begin().hex(bytes).raw("span", span(&leaf)).end()
        }
    }
}

fn span(span: &Span) -> String {
    let written = Object::new()
        .raw("at", span.range.start)
        .raw("length", span.range.end - span.range.start)
        .text("label", span.label.key())
        .text("value", &span.value)
        .text("rule", span.rule)
        .raw("children", list(span.children.iter().map(self::span)))
        .raw("notes", list(span.notes.iter().map(note)));
    written.end()
}

fn note(note: &Note) -> String {
    let written = Object::new()
        .text("label", note.label.key())
        .text("value", &note.value)
        .text("rule", note.rule)
        .raw("bits", note.bits);
    written.end()
}
