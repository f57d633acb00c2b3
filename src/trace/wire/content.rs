//! What has come out of a compressed body or message, or was put together of fragments: its first bytes, and one span.

use super::labels::Label;
use super::span::{Derived, Layer, Note, SHOWN, Span, shown};

/// The content, of which only the first bytes are kept.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// One more than is shown.
    pub(super) first_bytes: Vec<u8>,
    pub(super) length: u64,
    /// How many compressed bytes there were; `None`: it was not compressed.
    pub(super) compressed: Option<u64>,
    /// Why more is missing.
    pub(super) cut: Option<String>,
}

impl Content {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        let room = SHOWN + 1 - self.first_bytes.len();
        self.first_bytes.extend(bytes.iter().take(room));
    }

    /// What is behind this place does not belong to it.
    pub(super) fn end_at(&mut self, at: u64) {
        self.length = at;
        self.first_bytes
            .truncate(usize::try_from(at).unwrap_or(usize::MAX));
    }

    /// The span of all.
    pub(super) fn derived(mut self, label: Label) -> Derived {
        let compressed = self.compressed.into_iter();
        let notes = compressed.map(|bytes| Note::new(Label::Inflated, format!("{bytes} bytes")));
        let cut = self.cut.map(|why| Note::new(Label::Unexplained, why));
        let span = Span {
            notes: notes.chain(cut).collect(),
            ..Span::leaf(0..self.length, label, shown(&self.first_bytes))
        };
        self.first_bytes.truncate(SHOWN);
        (Layer::Message, self.first_bytes, span)
    }
}
