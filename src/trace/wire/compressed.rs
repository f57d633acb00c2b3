//! Compressed content: its blocks and its codes, and what comes out.
//!
//! ```text
//!   cb       48       cd       c9       c9   …     the compressed bytes, in a layer of their own
//!   11001011 01001000 11001101 11001001
//!        ├┤│├──────┤                               the bits of a byte are sent from the right
//!        │ └ the block is the last        h        10011000, from bit 3 of byte 0 to bit 2 of byte 1
//!        └ fixed codes
//!
//!   ├ block ┤├ h ────┤├ e ─────┤├ l ─────┤         leaves: a byte belongs to the item that its first bit belongs to
//! ```
//!
//! An item without such a byte lies in the last byte of the leaf before it, and is a note of that leaf. So the leaves
//! tile the compressed bytes. What comes out is a span of its own, behind them.
//!
//! [`Inflate`] decodes, and is watched: see [`Watch`]. A stranger's stream may have any number of symbols in a byte's room,
//! and stand for any number of bytes: the first [`MOST_TOLD`] items are told one by one, and the stream is not followed
//! beyond [`MOST_OUT`].

use super::labels::Label;
use super::span::{Note, Painted, SHOWN, Span, hex, shown};
use crate::deflate::{Error, Inflate, Item, Watch};
use std::ops::Range;

/// Symbols that are told one by one, and blocks behind them.
const MOST_TOLD: usize = 256;
const MOST_BLOCKS: usize = 64;
/// The codes of a block that are named, the shortest first.
const MOST_CODES: usize = 32;
/// The leaves of a span.
const MOST_LEAVES: usize = 64;
/// The most bytes that a stream may stand for.
const MOST_OUT: u64 = 16 * 1024 * 1024;
/// At a time.
const ROOM: usize = 16 * 1024;
const LOST: &str = "they refer back to a message that was not decoded";
/// RFC 7692 §7.2.2: what the receiver of a message appends.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// The compressed bytes of a body or a message, and what comes out of them.
#[derive(Debug)]
pub(super) struct Compressed {
    inflate: Inflate,
    items: Items,
    first_bytes: Vec<u8>,
    length: u64,
    room: Vec<u8>,
}

/// Which leaf each byte belongs to.
#[derive(Debug, Default)]
struct Items {
    /// Those that are not in a finished span, and the place of the first of them.
    bytes: Vec<u8>,
    offset: u64,
    /// Where the next item begins.
    bit: u64,
    /// How many bytes there are, if all have come.
    end: Option<u64>,
    /// A length whose distance has not come: where it begins, its code, and how many bytes.
    copy: Option<(u64, String, usize)>,
    open: Option<Leaf>,
    children: Vec<Span>,
    told: usize,
    found: Vec<(Vec<u8>, Span)>,
    /// The rest is not decoded.
    has_ended: bool,
}

#[derive(Debug)]
struct Leaf {
    start: u64,
    label: Label,
    /// Instead of its bytes.
    value: Option<String>,
    rule: &'static str,
    notes: Vec<Note>,
}

impl Compressed {
    /// The first message in a direction whose distances reach back `2^window_bits` bytes.
    pub(super) fn message(window_bits: u8) -> Compressed {
        Compressed {
            inflate: Inflate::new(window_bits.max(9)),
            items: Items::default(),
            first_bytes: Vec::new(),
            length: 0,
            room: Vec::new(),
        }
    }

    /// The next compressed bytes.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.items.bytes.extend_from_slice(bytes);
        self.decode(bytes);
        self.items.pass_on_run();
    }

    fn decode(&mut self, mut bytes: &[u8]) {
        while !self.items.has_ended {
            let (room, items) = (&mut self.room, &mut self.items);
            let inflated = self.inflate.inflate_watched(bytes, room, ROOM, items);
            self.length += self.room.len() as u64;
            let first = self.room.iter().take(SHOWN + 1 - self.first_bytes.len());
            self.first_bytes.extend(first);
            self.room.clear();
            let progress = match inflated {
                Ok(progress) => progress,
                Err(error) => return self.items.refuse(&error),
            };
            bytes = &bytes[progress.consumed..];
            if self.length > MOST_OUT {
                let says = format!("more than {MOST_OUT} bytes come out: not followed");
                self.items.ends(Label::Unexplained, Some(says), "");
            } else if self.inflate.is_done() && !bytes.is_empty() {
                self.resume();
            } else if !progress.more {
                return;
            }
        }
    }

    /// RFC 7692 §7.2.3.4: another block may follow the last one.
    fn resume(&mut self) {
        if self.inflate.is_done() {
            self.inflate.resume();
            self.items.bit = self.items.bit.next_multiple_of(8);
        }
    }

    /// The message has ended. Another one may follow, which refers back to this one if `takeover` holds. Returns what has come
    /// out: its first bytes, one more than is shown, and its length.
    pub(super) fn end_message(&mut self, takeover: bool) -> (Vec<u8>, u64) {
        self.items.end = Some(self.items.here());
        self.resume();
        self.decode(&TAIL);
        if !self.items.has_ended {
            self.items.note(Note::new(Label::DeflateTail, hex(&TAIL)));
        }
        self.items.finish();
        let is_whole = !self.items.has_ended;
        let found = self.take();
        self.items = Items {
            found,
            ..Items::default()
        };
        match (takeover, is_whole) {
            (false, _) => self.inflate.reset(),
            (true, true) => {}
            (true, false) => self.items.ends(Label::Unexplained, Some(LOST.into()), ""),
        }
        let length = std::mem::take(&mut self.length);
        (std::mem::take(&mut self.first_bytes), length)
    }

    /// What has been finished: the compressed bytes, each span with its bytes.
    pub(super) fn take(&mut self) -> Vec<(Vec<u8>, Span)> {
        std::mem::take(&mut self.items.found)
    }
}

impl Watch for Items {
    const WATCHES: bool = true;

    fn passed(&mut self, bits: u64, sent: u64, item: Item<'_>) {
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
            Item::Stored => (Label::DeflateStored, String::new()),
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
            Item::End => (Label::DeflateEnd, code()),
        };
        if bits > 0 {
            self.item(begin..end, label, value);
        }
    }
}

impl Items {
    /// An item: a leaf if it has a byte, or a note of the one before it.
    fn item(&mut self, bits: Range<u64>, mut label: Label, mut value: String) {
        let most = match label {
            Label::DeflateBlock => MOST_TOLD + MOST_BLOCKS,
            _ => MOST_TOLD,
        };
        if self.told >= most && label != Label::DeflateStored {
            (label, value) = (Label::DeflateSymbols, String::new());
        }
        let goes_on = self.open.as_ref().is_some_and(|open| open.label == label);
        if goes_on && (is_run(label) || label == Label::DeflateCodes) {
            return;
        }
        self.told += 1;
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

    fn note(&mut self, note: Note) {
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
        });
    }

    /// The place behind all bytes that have come.
    fn here(&self) -> u64 {
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
        self.found.push((bytes, span));
    }

    /// A run comes in pieces, as the reads brought it.
    fn pass_on_run(&mut self) {
        let Some(open) = self.open.as_ref().filter(|open| is_run(open.label)) else {
            return;
        };
        let (label, value, rule) = (open.label, open.value.clone(), open.rule);
        let end = match self.has_ended {
            true => self.here(),
            false => self.bit.div_ceil(8).min(self.here()),
        };
        self.close(end);
        self.open(end, label, value);
        self.open.iter_mut().for_each(|open| open.rule = rule);
    }

    /// Nothing more is decoded: what comes behind is one leaf.
    fn ends(&mut self, label: Label, says: Option<String>, rule: &'static str) {
        self.has_ended = true;
        let start = self.bit.div_ceil(8).min(self.here());
        self.close(start);
        self.group();
        self.open(start, label, says);
        self.open.iter_mut().for_each(|open| open.rule = rule);
    }

    fn refuse(&mut self, error: &Error) {
        let rule = error.rule();
        self.ends(Label::Refused, Some(rule.says().into()), rule.section());
        let found = format!("byte {}: {}", error.at(), hex(error.got()));
        self.note(Note::new(Label::RefusedAt, found));
    }

    /// All bytes have come.
    fn finish(&mut self) {
        let end = self.here();
        // What is refused may have no byte of its own.
        if let Some(open) = self
            .open
            .take_if(|open| self.has_ended && open.start == end)
        {
            let span = Painted::end(end, open.label, &open.value.unwrap_or_default(), open.rule);
            self.found.push((Vec::new(), span.span));
        }
        self.close(end);
        self.group();
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
