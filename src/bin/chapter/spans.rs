//! What the explainer says of a run, as messages to the page.

use crate::json::{Object, list};
use barewire::trace::wire::render::Rendering;
use barewire::trace::wire::{Explained, Note, Span};
use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A span's bytes are shown up to here. A longer one is content, and its blocks have all bytes.
const MOST_HEX: usize = 64 * 1024;
/// The longest message.
pub(crate) const MOST_BYTES: usize = 256 * 1024;

/// What is written at one place and read at another, under the lock of a run.
pub(crate) struct Shared<T>(Arc<Mutex<T>>);

impl<T: Default> Shared<T> {
    pub(crate) fn new() -> (Shared<T>, Shared<T>) {
        let shared = Arc::new(Mutex::new(T::default()));
        (Shared(Arc::clone(&shared)), Shared(shared))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take(&self) -> T {
        mem::take(&mut *self.lock())
    }
}

/// The spans of all conversations, as the explainer finds them.
pub(crate) type Spans = Vec<(u64, Explained)>;

impl Rendering for Shared<Spans> {
    fn event(&mut self, _: u64, _: Duration, _: &str, _: &mut String) {}

    fn explained(&mut self, conversation: u64, explained: &Explained, _: &mut String) {
        self.lock().push((conversation, explained.clone()));
    }
}

impl Write for Shared<Vec<u8>> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A span as a message.
pub(crate) fn message(run: u64, conversation: u64, explained: &Explained) -> String {
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
