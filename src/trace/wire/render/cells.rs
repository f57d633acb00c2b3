//! Text in cells of so many columns.

use crate::trace::wire::labels::Label;
use crate::trace::wire::span::{HIDDEN, Note, SHOWN, Span, hex, printable, shown, utf8};

/// How many columns a terminal may take for a character. It is never more; of most scripts it is less.
fn columns_of(c: char) -> usize {
    match c {
        '\0'..'\u{1100}' | '\u{2010}'..='\u{205e}' => 1,
        _ => 2,
    }
}

pub(super) fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// How much of the text fits in this many columns: it ends between two characters.
fn fitting(text: &str, width: usize) -> usize {
    let mut left = width;
    for (at, c) in text.char_indices() {
        match left.checked_sub(columns_of(c)) {
            Some(rest) => left = rest,
            None => return at,
        }
    }
    text.len()
}

/// The text in this many columns; a longer one ends with `…`.
pub(super) fn shortened(text: &str, width: usize) -> String {
    match fitting(text, width) {
        all if all == text.len() => text.into(),
        _ => format!("{}…", &text[..fitting(text, width.saturating_sub(1))]),
    }
}

/// The text in lines of this many columns, which are at least two: broken behind a space, or in a word that is longer
/// than half a line.
pub(super) fn lines(text: &str, width: usize) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let most = fitting(text, width);
        let end = match text[..most].rfind(' ') {
            _ if most == text.len() => most,
            Some(space) if space > width / 2 => space + 1,
            _ => most,
        };
        let (line, behind) = text.split_at(end);
        rest = Some(behind).filter(|behind| !behind.is_empty());
        Some(line)
    })
}

/// The bytes of a leaf for a reader: as text, if that is what they are, in hexadecimal otherwise. The whole value, if
/// it says nothing but the bytes.
pub(super) fn bytes_of(leaf: &Span, bytes: &[u8]) -> String {
    match text_of(leaf, bytes, SHOWN) {
        _ if says_its_bytes(leaf, bytes) => printable(&leaf.value),
        Some(text) => printable(text),
        None => hex(bytes),
    }
}

/// The first `most` bytes of a leaf, if they are text. A character that this cuts is left out. A number is no text,
/// whatever its bytes are.
pub(super) fn text_of<'b>(leaf: &Span, bytes: &'b [u8], most: usize) -> Option<&'b str> {
    let is_text = matches!(leaf.label, Label::Refused | Label::Unexplained)
        || [HIDDEN, ""].contains(&leaf.value.as_str())
        || says_its_bytes(leaf, bytes);
    if !is_text {
        return None;
    }
    let text = utf8(bytes, most)?;
    let is_text = |c: char| !c.is_control() || matches!(c, '\r' | '\n' | '\t');
    text.chars().all(is_text).then_some(text)
}

/// Whether the value of a leaf is nothing but its bytes.
pub(super) fn says_its_bytes(leaf: &Span, bytes: &[u8]) -> bool {
    leaf.value.as_bytes() == bytes || leaf.value == shown(bytes) || leaf.value == hex(bytes)
}

/// A leaf in words: what it is, what it says beside its bytes, and what that means.
pub(super) fn words(leaf: &Span, bytes: &[u8]) -> String {
    let (is, value) = (leaf.label.english(), printable(&leaf.value));
    match leaf.label.meaning(&leaf.value) {
        Some(means) if matches!(leaf.label, Label::FieldName | Label::Element) => means.into(),
        Some(means) if says_its_bytes(leaf, bytes) => format!("{is}: {means}"),
        Some(means) => format!("{is} = {value}: {means}"),
        None if value.is_empty() || says_its_bytes(leaf, bytes) => is.into(),
        None if matches!(leaf.label, Label::Refused | Label::Unexplained) => {
            format!("{is}: {value}")
        }
        None => format!("{is} = {value}"),
    }
}

/// The bits of a note as they stand in their byte: `1... ....`.
pub(super) fn drawn(byte: u8, note: &Note) -> String {
    let bit = |bit: u8| match note.bits >> bit & 1 {
        0 => '.',
        _ => char::from(b'0' + (byte >> bit & 1)),
    };
    let four = |from: u8| (from..from + 4).rev().map(bit).collect::<String>();
    format!("{} {}", four(4), four(0))
}

/// A note of a leaf in words: what it is, of several bits what they say, and what that means.
pub(super) fn note_words(leaf: &Span, note: &Note) -> String {
    let (is, value) = (note.label.english(), printable(&note.value));
    let unmasked = (note.label == Label::Unmasked).then_some(leaf.label);
    match unmasked.unwrap_or(note.label).meaning(&note.value) {
        Some(means) if note.bits.count_ones() < 2 => format!("{is}: {means}"),
        Some(means) => format!("{is} = {value}: {means}"),
        None if note.bits.count_ones() > 1 => format!("{is} = {value}"),
        None => is.into(),
    }
}
