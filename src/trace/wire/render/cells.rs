//! Text in cells of so many columns.

use crate::trace::wire::labels::Label;
use crate::trace::wire::span::{HIDDEN, Note, SHOWN, Span, hex, printable, push, shown, utf8};
use crate::trace::wire::words::Language;

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

/// The text in lines of this many columns, which are at least two: broken behind a space, beside a wide character (but
/// no punctuation begins a line, and no bracket that opens ends one), or in a word that is longer than half a line.
pub(super) fn lines(text: &str, width: usize) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let most = fitting(text, width);
        let end = match last_break(text, most) {
            _ if most == text.len() => most,
            Some(end) if columns(&text[..end]) > width / 2 + 1 => end,
            _ => most,
        };
        let (line, behind) = text.split_at(end);
        rest = Some(behind).filter(|behind| !behind.is_empty());
        Some(line)
    })
}

/// Where the text may be broken, the last place up to `most`.
fn last_break(text: &str, most: usize) -> Option<usize> {
    let mut behind = text[most..].chars().next();
    text[..most].char_indices().rev().find_map(|(at, c)| {
        let next = behind.replace(c)?;
        let is_wide = columns_of(c) > 1 || columns_of(next) > 1;
        let beside = is_wide && !"（《“".contains(c) && !" ，。、：；？！…）》”".contains(next);
        (c == ' ' || beside).then_some(at + c.len_utf8())
    })
}

/// Bytes for a reader, line by line: text in quotes, where a backslash begins what does not print; otherwise in
/// hexadecimal, the first 32 of them.
pub(super) fn bytes_of(span: &Span, bytes: &[u8], width: usize) -> Vec<String> {
    let Some(text) = text_of(span, bytes, SHOWN) else {
        return lines(&hex(bytes), width).map(Into::into).collect();
    };
    let escaped = printable(&text.replace('\\', "\\\\"));
    let each = escaped.split_inclusive("\\n");
    let each = each.flat_map(|line| lines(line, width - 2));
    each.map(|line| format!("\"{line}\"")).collect()
}

/// The first `most` bytes of a leaf, if they are text. A character that this cuts is left out. A number is no text,
/// whatever its bytes are.
pub(super) fn text_of<'b>(leaf: &Span, bytes: &'b [u8], most: usize) -> Option<&'b str> {
    let is_text = matches!(leaf.label, Label::Refused | Label::Unexplained)
        || [HIDDEN, ""].contains(&leaf.value.as_str())
        || leaf.value == shown(bytes);
    if !is_text {
        return None;
    }
    let text = utf8(bytes, most)?;
    let is_text = |c: char| !c.is_control() || matches!(c, '\r' | '\n' | '\t');
    text.chars().all(is_text).then_some(text)
}

/// A leaf in words: what it is, what it says beside its bytes, and what that means. Its bits say it themselves.
pub(super) fn words(leaf: &Span, bytes: &[u8], language: Language) -> String {
    let (label, value) = (leaf.label, leaf.value.as_str());
    let says_its_bytes = value.as_bytes() == bytes || value == shown(bytes) || value == hex(bytes);
    let has_bits = leaf.notes.iter().any(|note| note.bits != 0);
    let (means, says) = (
        label.meaning_in(value, language),
        label.value_in(value, language),
    );
    match (label, means) {
        (Label::FieldName | Label::Element, Some(means)) => means.into(),
        (Label::Refused | Label::Unexplained, _) => sentence(label, "", Some(&says), language),
        (_, means) if says_its_bytes || has_bits => sentence(label, "", means, language),
        (_, means) => sentence(label, &says, means, language),
    }
}

/// A note of a leaf in words: what it is, of several bits what they say, and what that means.
fn note_words(leaf: &Span, note: &Note, language: Language) -> String {
    let is_masked = note.label == Label::Unmasked;
    let label = if is_masked { leaf.label } else { note.label };
    let is_number = note.bits.count_ones() > 1;
    let value = if is_number { &note.value } else { "" };
    let means = label.meaning_in(&note.value, language);
    sentence(note.label, value, means, language)
}

fn sentence(label: Label, value: &str, means: Option<&str>, language: Language) -> String {
    let mut out = label.words(language).to_owned();
    let colon = language.colon();
    for (sign, text) in [(" = ", value), (colon, means.unwrap_or_default())] {
        if !text.is_empty() {
            out += sign;
            push(&mut out, text);
        }
    }
    out
}

/// What is derived from a leaf, each value with its words: the notes, and how its first bytes are unmasked.
pub(super) fn derived(leaf: &Span, bytes: &[u8], language: Language) -> Vec<(Note, String)> {
    let mut out = Vec::new();
    for note in &leaf.notes {
        let value = match bytes {
            [byte, ..] if note.bits != 0 => drawn(*byte, note),
            _ if note.label == Label::Unmasked => {
                let (steps, value) = unmasked(leaf, &note.value, bytes);
                let steps = Note::new(Label::Unmasking, steps);
                let words = note_words(leaf, &steps, language);
                out.extend(Some((steps, words)).filter(|(steps, _)| !steps.value.is_empty()));
                value
            }
            _ => printable(&note.label.value_in(&note.value, language)),
        };
        out.push((
            Note {
                value,
                ..note.clone()
            },
            note_words(leaf, note, language),
        ));
    }
    out
}

/// The arithmetic of the first bytes, as far as they are shown as what they are (`5f ^ 37 = 68 h`); and the value.
fn unmasked(leaf: &Span, value: &str, masked: &[u8]) -> (String, String) {
    let code = value.parse::<u16>().unwrap_or_default().to_be_bytes();
    let (plain, says) = match leaf.label {
        Label::CloseCode => (&code[..], format!("{} = {value}", hex(&code))),
        _ => (
            value.split('\\').next().unwrap_or_default().as_bytes(),
            printable(value),
        ),
    };
    let pairs = masked.iter().zip(plain).take(4);
    let steps = pairs.map(|(masked, plain)| {
        let sign = String::from_iter(Some(char::from(*plain)).filter(char::is_ascii_graphic));
        let step = format!("{masked:02x} ^ {:02x} = {plain:02x} {sign}", masked ^ plain);
        step.trim_end().to_owned()
    });
    (steps.collect::<Vec<_>>().join(", "), says)
}

/// The bits of a note as they stand in their byte: `1... ....`.
fn drawn(byte: u8, note: &Note) -> String {
    let bit = |bit: u8| match note.bits >> bit & 1 {
        0 => '.',
        _ => char::from(b'0' + (byte >> bit & 1)),
    };
    let four = |from: u8| (from..from + 4).rev().map(bit).collect::<String>();
    format!("{} {}", four(4), four(0))
}
