//! Which leaf each compressed byte belongs to.
//!
//! ```text
//!   cb       48       cd       c9       c9   …
//!   11001011 01001000 11001101 11001001
//!   ├───┤├┤│      ├─┤                         the bits of a byte are sent from the right
//!   │    │ └ the block is the last
//!   │    └ fixed codes
//!   └ 10011000: h, whose last three bits are in the next byte
//!
//!   ├ block ┤├─ h ──┤├─ e ──┤├─ l ──┤         a byte belongs to the item that its first bit belongs to
//! ```
//!
//! An item without such a byte lies in the last byte of the leaf before it, and is a note of that leaf. So the leaves
//! tile the compressed bytes. A stranger's stream may have any number of symbols in a byte's room: the first
//! [`MOST_LISTED`] items are listed one by one.

use crate::deflate::{Error, Field, Item, Watch};
use crate::text;
use crate::trace::wire::content::Content;
use crate::trace::wire::labels::Label;
use crate::trace::wire::span::{Derived, Layer, Note, Painted, Span, hex, shown};
use crate::websocket::wire::Rule;
use std::ops::Range;

/// Symbols that are listed one by one, and blocks behind them.
const MOST_LISTED: usize = 256;
const MOST_BLOCKS: usize = 64;
/// Fields of gzip members.
const MOST_FIELDS: usize = 64;
/// The codes of a block that are named, the shortest first.
const MOST_CODES: usize = 32;
/// The leaves of a span.
const MOST_LEAVES: usize = 64;

/// Which leaf each byte belongs to.
#[derive(Debug, Default)]
pub(super) struct Items {
    /// Those that are not in a finished span, and the place of the first of them.
    pub(super) bytes: Vec<u8>,
    offset: u64,
    /// Where the next item begins.
    pub(super) bit: u64,
    /// How many bytes there are, if all have come.
    pub(super) end: Option<u64>,
    /// A length whose distance has not come: where it begins, its code, and how many bytes.
    copy: Option<(u64, String, usize)>,
    open: Option<Leaf>,
    children: Vec<Span>,
    listed: usize,
    fields: usize,
    /// What has come out; and of a text message, who judges it.
    pub(super) content: Content,
    pub(super) text: Option<text::Decoder>,
    /// Characters that were just judged.
    characters: String,
    pub(super) found: Vec<Derived>,
    /// The rest is not decoded: it breaks a rule, or why.
    pub(super) has_ended: bool,
    pub(super) why: Option<String>,
}

#[derive(Debug)]
struct Leaf {
    start: u64,
    label: Label,
    /// Instead of its bytes.
    value: Option<String>,
    rule: &'static str,
    notes: Vec<Note>,
    /// A piece of it was passed on.
    goes_on: bool,
}

impl Watch for Items {
    const WATCHES: bool = true;

    fn passed(&mut self, bits: u64, sent: u64, item: Item<'_>) {
        if self.has_ended {
            return; // what comes behind a character that is refused
        }
        if let Item::Stored(bytes @ [_, _, ..]) = item
            && self.text.is_some()
        {
            // The refusal begins behind the byte that shows it.
            return bytes
                .chunks(1)
                .for_each(|byte| self.passed(8, 0, Item::Stored(byte)));
        }
        let (mut begin, end) = (self.bit, self.bit + bits);
        self.bit = end;
        let code = || code(bits, sent);
        let (label, value) = match item {
            Item::Block { is_last, kind } => {
                let kind = ["stored", "fixed codes", "dynamic codes"][usize::from(kind.min(2))];
                let last = if is_last { "last, " } else { "" };
                (Label::DeflateBlock, format!("{last}{kind}"))
            }
            Item::Padding => (Label::DeflatePadding, code()),
            Item::StoredLength(length) => (Label::DeflateStoredLength, length.to_string()),
            Item::Stored(_) => (Label::DeflateStored, String::new()),
            Item::Counts([literals, distances, _]) => {
                let says =
                    format!("{literals} for literals and lengths, {distances} for distances");
                (Label::DeflateCodes, says)
            }
            Item::CodeLength => (Label::DeflateCodes, String::new()),
            Item::Codes {
                literals,
                distances,
            } => {
                self.note(Note::new(
                    Label::DeflateLiteralCodes,
                    lengths(literals, true),
                ));
                self.note(Note::new(
                    Label::DeflateDistanceCodes,
                    lengths(distances, false),
                ));
                return;
            }
            Item::Literal(byte) => {
                let byte = shown(&[byte]);
                (Label::DeflateLiteral, format!("{} {byte}", code()))
            }
            Item::Length(length) => {
                self.copy = Some((begin, code(), length));
                return;
            }
            Item::Distance(distance) => {
                let (at, first, length) = self.copy.take().unwrap_or_default();
                begin = at;
                let says = format!("{first} {}: {length} bytes from {distance} back", code());
                (Label::DeflateCopy, says)
            }
            Item::Copied(bytes) => return self.comes_out(bytes),
            Item::End => (Label::DeflateEnd, code()),
            Item::Gzip(field, bytes) => return self.field(field, bytes),
        };
        if bits > 0 {
            self.item(begin..end, label, value);
        }
        match item {
            Item::Literal(byte) => self.comes_out(&[byte]),
            Item::Stored(bytes) => self.comes_out(bytes),
            _ => {}
        }
    }
}

impl Items {
    /// A field of a gzip member. What is left of the byte before it has no meaning.
    fn field(&mut self, field: Field, bytes: &[u8]) {
        let end = self.bit;
        let begin = end - 8 * bytes.len() as u64;
        self.bit = end.next_multiple_of(8);
        let shift = self.bit - end;
        let (label, value) = gzip_field(field, bytes);
        self.item(begin + shift..end + shift, label, value);
        let is_open = self.open.as_ref().is_some_and(|open| open.label == label);
        if let (Field::Flags, &[flags], true) = (field, bytes, is_open) {
            for (at, label) in GZIP_FLAGS.into_iter().enumerate() {
                let bits = 1 << at;
                let says = if flags & bits != 0 { "1" } else { "0" };
                let note = Note::new(label, says);
                self.note(Note { bits, ..note });
            }
        }
    }

    /// An item: a leaf if it has a byte, or a note of the one before it.
    fn item(&mut self, bits: Range<u64>, mut label: Label, mut value: String) {
        if self.goes_on(label) {
            return;
        }
        let is_field = label.section().starts_with("RFC 1952");
        let (listed, most) = match label {
            _ if is_field => (&mut self.fields, MOST_FIELDS),
            Label::DeflateBlock => (&mut self.listed, MOST_LISTED + MOST_BLOCKS),
            _ => (&mut self.listed, MOST_LISTED),
        };
        if *listed >= most && label != Label::DeflateStored {
            (label, value) = (Label::DeflateSymbols, String::new());
        } else {
            *listed += 1;
        }
        if self.goes_on(label) {
            return;
        }
        let all = self.end.unwrap_or(u64::MAX);
        let (start, end) = (bits.start.div_ceil(8), bits.end.div_ceil(8).min(all));
        if bits.start >= all.saturating_mul(8) {
            return; // in the tail
        }
        if start < end {
            self.close(start);
            if is_run(label) || label == Label::DeflateBlock {
                self.group();
            }
            let value = Some(value).filter(|_| !is_run(label));
            self.open(start, label, value);
        } else if !is_run(label) {
            self.note(Note::new(label, value));
        }
    }

    /// Whether the open leaf takes this, too.
    fn goes_on(&self, label: Label) -> bool {
        let open = self.open.as_ref().filter(|open| open.label == label);
        open.is_some() && (is_run(label) || label == Label::DeflateCodes)
    }

    pub(super) fn note(&mut self, note: Note) {
        if let Some(open) = &mut self.open {
            open.notes.push(note);
        }
    }

    fn open(&mut self, start: u64, label: Label, value: Option<String>) {
        let (rule, notes) = (label.section(), Vec::new());
        self.open = Some(Leaf {
            start,
            label,
            value,
            rule,
            notes,
            goes_on: false,
        });
    }

    /// The place behind all bytes that have come.
    pub(super) fn here(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }

    /// The open leaf ends here.
    fn close(&mut self, end: u64) {
        let Some(open) = self.open.take().filter(|open| open.start < end) else {
            return;
        };
        let at = |place: u64| (place - self.offset) as usize;
        let bytes = &self.bytes[at(open.start)..at(end)];
        let value = open.value.unwrap_or_else(|| shown(bytes));
        self.children.push(Span {
            rule: open.rule,
            notes: open.notes,
            ..Span::leaf(open.start..end, open.label, value)
        });
        if self.children.len() >= MOST_LEAVES || is_run(open.label) {
            self.group();
        }
    }

    /// The finished leaves are a span.
    fn group(&mut self) {
        let children = std::mem::take(&mut self.children);
        let [.., last] = &children[..] else {
            return;
        };
        let range = self.offset..last.range.end;
        let bytes = self.bytes.drain(..(range.end - range.start) as usize);
        let bytes = bytes.collect();
        self.offset = range.end;
        let span = match &children[..] {
            [run] if is_run(run.label) => run.clone(),
            _ => Span {
                children,
                ..Span::leaf(range, Label::Deflate, String::new())
            },
        };
        self.found.push((Layer::Compressed, bytes, span));
    }

    /// A run comes in pieces, as the reads brought it.
    pub(super) fn pass_on_run(&mut self) {
        let Some(open) = self.open.as_ref().filter(|open| is_run(open.label)) else {
            return;
        };
        let (label, value, rule) = (open.label, open.value.clone(), open.rule);
        let end = match self.has_ended {
            true => self.here(),
            false => self.bit.div_ceil(8).min(self.here()),
        };
        if end == open.start {
            return self.pass_on_refusal();
        }
        self.close(end);
        self.open(end, label, value);
        self.open.iter_mut().for_each(|open| {
            (open.rule, open.goes_on) = (rule, true);
        });
    }

    /// What is refused may have no byte of its own, or none yet.
    fn pass_on_refusal(&mut self) {
        let end = self.here();
        let is_new =
            |open: &&mut Leaf| open.label == Label::Refused && open.start == end && !open.goes_on;
        if let Some(open) = self.open.as_mut().filter(is_new) {
            open.goes_on = true;
            let says = open.value.as_deref().unwrap_or_default();
            let mut span = Painted::end(end, open.label, says, open.rule).span;
            span.notes = open.notes.clone();
            self.found.push((Layer::Compressed, Vec::new(), span));
        }
    }

    /// Nothing more is decoded: what comes behind is one leaf.
    pub(super) fn ends(&mut self, label: Label, says: Option<String>, rule: &'static str) {
        self.has_ended = true;
        self.why = says.clone().filter(|_| label == Label::Unexplained);
        let start = self.bit.div_ceil(8).min(self.here());
        self.close(start);
        self.group();
        self.open(start, label, says);
        self.open.iter_mut().for_each(|open| open.rule = rule);
    }

    pub(super) fn refuse(&mut self, error: &Error) {
        let rule = error.rule();
        self.ends(Label::Refused, Some(rule.says().into()), rule.section());
        let found = format!("byte {}: {}", error.at(), hex(error.got()));
        self.note(Note::new(Label::RefusedAt, found));
    }

    /// Bytes come out. A text is judged up to the first wrong one, wherever the reads have cut it.
    fn comes_out(&mut self, bytes: &[u8]) {
        let text = self.text.as_mut();
        let judged = text.map(|text| text.decode(bytes, &mut self.characters));
        self.characters.clear();
        self.content.add(bytes);
        if let Some(Err(error)) = judged {
            self.refuse_text(Rule::TextNotUtf8, &error);
        }
    }

    /// The message has ended, perhaps inside a character.
    pub(super) fn judge_end_of_text(&mut self) {
        let text = self.text.take();
        let ended = text.map(|mut text| text.finish(&mut self.characters));
        if let Some(Err(error)) = ended {
            self.refuse_text(Rule::TextCut, &error);
        }
    }

    fn refuse_text(&mut self, rule: Rule, error: &text::Error) {
        self.content.end_at(error.at());
        self.refuse_message(rule);
        let found = format!("byte {} of the message: {}", error.at(), hex(error.got()));
        self.note(Note::new(Label::RefusedAt, found));
    }

    pub(super) fn refuse_message(&mut self, rule: Rule) {
        self.ends(Label::Refused, Some(rule.says().into()), rule.section());
    }

    /// All bytes have come.
    pub(super) fn finish(&mut self) {
        self.pass_on_refusal();
        let end = self.here();
        self.close(end);
        self.group();
    }
}

/// From the lowest bit on.
const GZIP_FLAGS: [Label; 5] = [
    Label::GzipIsText,
    Label::GzipHasCrc,
    Label::GzipHasExtra,
    Label::GzipHasName,
    Label::GzipHasComment,
];

fn gzip_field(field: Field, bytes: &[u8]) -> (Label, String) {
    // A zero ends it.
    let text = |bytes: &[u8]| shown(bytes.strip_suffix(&[0]).unwrap_or(bytes));
    let number = bytes.iter().rev().take(8);
    let number = number.fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
    match field {
        Field::Magic => (Label::GzipMagic, hex(bytes)),
        Field::Method => (Label::GzipMethod, number.to_string()),
        Field::Flags => (Label::GzipFlags, hex(bytes)),
        Field::Time => (Label::GzipTime, number.to_string()),
        Field::ExtraFlags => (Label::GzipExtraFlags, number.to_string()),
        Field::System => (Label::GzipSystem, number.to_string()),
        Field::ExtraLength => (Label::GzipExtraLength, number.to_string()),
        Field::Extra => (Label::GzipExtra, shown(bytes)),
        Field::Name => (Label::GzipName, text(bytes)),
        Field::Comment => (Label::GzipComment, text(bytes)),
        Field::HeaderCrc => (Label::GzipHeaderCrc, hex(bytes)),
        Field::Crc => (Label::GzipCrc, hex(bytes)),
        Field::Length => (Label::GzipLength, number.to_string()),
    }
}

/// Leaves whose bytes are shown, as many as there are.
fn is_run(label: Label) -> bool {
    label.comes_in_pieces()
}

/// Bits in the order in which they are sent.
fn code(bits: u64, sent: u64) -> String {
    let bit = |at| if sent >> at & 1 == 1 { '1' } else { '0' };
    (0..bits.min(32)).map(bit).collect()
}

/// The lengths of codes, the shortest first: `'e' 3, 't' 4, 256 9`.
fn lengths(lengths: &[u8], has_literals: bool) -> String {
    let mut all: Vec<_> = lengths
        .iter()
        .zip(0..)
        .filter(|(bits, _)| **bits > 0)
        .collect();
    all.sort();
    let name = |symbol: usize| match u8::try_from(symbol) {
        Ok(byte) if has_literals => format!("'{}'", shown(&[byte])),
        _ => symbol.to_string(),
    };
    let named = all.iter().take(MOST_CODES);
    let named: Vec<_> = named
        .map(|(bits, symbol)| format!("{} {bits}", name(*symbol)))
        .collect();
    let more = if all.len() > MOST_CODES { ", …" } else { "" };
    named.join(", ") + more
}
