//! Spans, and the brush that paints them: it moves over the bytes and leaves no gap behind it.

pub(super) use super::layer::{Direction, Layer};
pub(super) use super::shown::{SHOWN, hex, is_unprintable, printable, push, shown, utf8};

use super::labels::Label;
use super::secrets::{Secrets, starred};
use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// Some bytes and what they are.
///
/// Its children are its parts: they lie one behind the other and cover it. A span without children is a
/// *leaf*. The leaves of a direction cover all its bytes, each byte once.
///
/// ```
/// use barewire::trace::wire::{Conversation, Direction, Label};
/// use std::time::Duration;
///
/// let mut conversation = Conversation::new();
/// let mut spans = conversation.receive(
///     Direction::FromClient,
///     Duration::ZERO,
///     b"GET /?q=%41 HTTP/1.1\r\nHost: a\r\n\r\n",
/// );
/// let head = spans.next().unwrap().span;
/// let leaf = head.leaves().find(|leaf| leaf.label == Label::QueryValue).unwrap();
/// assert_eq!((leaf.range.clone(), leaf.value.as_str()), (8..11, "%41"));
/// assert_eq!(leaf.notes[0].value, "A"); // percent-decoded
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Span {
    /// Where it lies: offsets from the first byte of its direction and [`Layer`].
    pub range: Range<u64>,
    /// What it is.
    pub label: Label,
    /// Its bytes as text, of a long run the first 1,024; of a refused one the sentence of the rule; empty if it
    /// has children. Credentials and cookies are `(hidden)`.
    pub value: String,
    /// The rule that it obeys, or breaks: `RFC 9112 §7.1`.
    pub rule: &'static str,
    /// Its parts, in order.
    pub children: Vec<Span>,
    /// What follows from its bytes and lies nowhere on the wire.
    pub notes: Vec<Note>,
}

/// What is derived from a leaf: a bit of it, the unmasked payload, the rule that chose the length of a body.
///
/// ```
/// use barewire::trace::wire::{Conversation, Direction, Label};
/// use std::time::Duration;
///
/// let mut conversation = Conversation::new();
/// let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/// let head = conversation.receive(Direction::FromClient, Duration::ZERO, request).next().unwrap();
/// let end = head.span.leaves().last().unwrap();
/// assert_eq!((end.label, end.notes[0].label), (Label::HeadEnd, Label::Length7));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// What it is.
    pub label: Label,
    /// Its value as text.
    pub value: String,
    /// The rule that it follows from.
    pub rule: &'static str,
    /// Which bits of the leaf's byte it is, as a mask; 0 if it is none.
    pub bits: u8,
}

/// A finished span, with its bytes, as a [`Conversation`](super::Conversation) returns it.
///
/// Its `Display` is a line for each leaf that does not only hold others apart, and a line with a `*` for each
/// note; a note that is a bit has none. [The page](super) shows two exchanges so.
///
/// ```
/// use barewire::trace::wire::{Conversation, Direction};
/// use std::time::Duration;
///
/// let mut conversation = Conversation::new();
/// let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/// let head = conversation.receive(Direction::FromClient, Duration::ZERO, request).next().unwrap();
/// let line = "> http.request.method            GET                      RFC 9110 §9.1\n";
/// assert!(head.to_string().starts_with(line));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explained {
    /// Who has sent it.
    pub from: Direction,
    /// Whose bytes its ranges count.
    pub layer: Layer,
    /// When its last byte came, as the caller of `receive` said.
    pub time: Duration,
    /// Which exchange of the connection it belongs to: `Some(0)` is the first request and its responses, interim
    /// ones included. `None` is what belongs to none: empty lines before a request, a response without a request,
    /// bytes behind the last message, the end of a direction, frames and tunnels behind a switch.
    ///
    /// ```
    /// use barewire::trace::wire::{Conversation, Direction};
    /// use std::time::Duration;
    ///
    /// let mut conversation = Conversation::new();
    /// let asked = b"GET /0 HTTP/1.1\r\nHost: a\r\n\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
    /// let spans = conversation.receive(Direction::FromClient, Duration::ZERO, asked);
    /// let exchanges: Vec<_> = spans.map(|explained| explained.exchange).collect();
    /// assert_eq!(exchanges, [Some(0), Some(1)]);
    /// ```
    pub exchange: Option<u64>,
    /// Its bytes. A `*` stands for each byte of a secret. Of a [`Layer::Message`], which the frames show already,
    /// the first 1,024; of a gap ([`Label::Gap`]) none.
    pub bytes: Vec<u8>,
    /// What they are.
    pub span: Span,
}

impl Span {
    pub(super) fn leaf(range: Range<u64>, label: Label, value: String) -> Span {
        Span {
            range,
            label,
            value,
            rule: label.section(),
            children: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The leaves, in the order of their bytes.
    pub fn leaves(&self) -> impl Iterator<Item = &Span> {
        let mut ahead = vec![self];
        std::iter::from_fn(move || {
            loop {
                let next = ahead.pop()?;
                if next.children.is_empty() {
                    return Some(next);
                }
                ahead.extend(next.children.iter().rev());
            }
        })
    }
}

impl Explained {
    /// The bytes of a span in it, as far as they are kept; of a secret, a `*` for each. A span with children has an
    /// empty [`value`](Span::value) and has its bytes, too. So the fields of a request are compared, each with its
    /// line end, in their order:
    ///
    /// ```
    /// use barewire::trace::wire::{Conversation, Direction, Label};
    /// use std::time::Duration;
    ///
    /// let mut conversation = Conversation::new();
    /// let request = b"GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\n\r\n";
    /// let head = conversation.receive(Direction::FromClient, Duration::ZERO, request).next().unwrap();
    /// let fields = head.span.children.iter().filter(|part| part.label == Label::Field);
    /// let fields: Vec<_> = fields.map(|field| head.bytes_of(field)).collect();
    /// assert_eq!(fields, [&b"Host: a\r\n"[..], b"X-One: 1\r\n"]);
    ///
    /// let method = head.span.leaves().next().unwrap();
    /// assert_eq!(head.bytes_of(method), b"GET");
    /// ```
    pub fn bytes_of(&self, span: &Span) -> &[u8] {
        let at = |offset: u64| {
            let at = offset.saturating_sub(self.span.range.start);
            usize::try_from(at).map_or(self.bytes.len(), |at| at.min(self.bytes.len()))
        };
        let bytes = self.bytes.get(at(span.range.start)..at(span.range.end));
        bytes.unwrap_or_default()
    }
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for leaf in self.span.leaves() {
            if !leaf.label.separates() {
                line(f, self.from.mark(), leaf.label, &leaf.value, leaf.rule)?;
            }
            for note in leaf.notes.iter().filter(|note| note.bits == 0) {
                line(f, '*', note.label, &note.value, note.rule)?;
            }
        }
        Ok(())
    }
}

fn line(
    f: &mut fmt::Formatter<'_>,
    mark: char,
    label: Label,
    value: &str,
    rule: &str,
) -> fmt::Result {
    let line = format!("{mark} {:<30} {:<24} {rule}", label.key(), printable(value));
    writeln!(f, "{}", line.trim_end())
}

/// A finished span of another layer than the bytes on the wire, with its bytes.
pub(super) type Derived = (Layer, Vec<u8>, Span);

/// Paints spans over some bytes. It only moves forward, so the leaves that it leaves behind have no gap and no
/// overlap.
#[derive(Debug)]
pub(super) struct Brush<'a> {
    pub(super) bytes: &'a [u8],
    /// The offset of the first byte in its direction.
    pub(super) offset: u64,
    at: usize,
    painted: Vec<Span>,
    hidden: Vec<Range<usize>>,
    shows_secrets: bool,
}

/// What a brush leaves behind: the spans of the first `length` bytes.
#[derive(Debug)]
pub(super) struct Painted {
    pub(super) length: usize,
    pub(super) span: Span,
    pub(super) hidden: Vec<Range<usize>>,
}

impl Note {
    pub(super) fn new(label: Label, value: impl Into<String>) -> Note {
        Note {
            label,
            value: value.into(),
            rule: label.section(),
            bits: 0,
        }
    }
}

impl Painted {
    /// A leaf without bytes, at the end of a direction.
    pub(super) fn end(at: u64, label: Label, says: &str, rule: &'static str) -> Painted {
        Painted {
            length: 0,
            span: Span {
                rule,
                ..Span::leaf(at..at, label, says.into())
            },
            hidden: Vec::new(),
        }
    }
}

/// The value that stands for a secret.
pub(super) const HIDDEN: &str = "(hidden)";

impl<'a> Brush<'a> {
    pub(super) fn new(bytes: &'a [u8], offset: u64, shows_secrets: bool) -> Brush<'a> {
        Brush {
            bytes,
            offset,
            at: 0,
            painted: Vec::new(),
            hidden: Vec::new(),
            shows_secrets,
        }
    }

    /// How far it has painted.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The bytes from here to `end`.
    pub(super) fn ahead(&self, end: usize) -> &'a [u8] {
        self.bytes.get(self.at..end).unwrap_or_default()
    }

    /// A leaf from here to `end`; nothing if there is no byte. Its value is its bytes.
    pub(super) fn leaf(&mut self, end: usize, label: Label) {
        let value = shown(self.ahead(end));
        self.valued(end, label, value);
    }

    /// A leaf with this value.
    pub(super) fn valued(&mut self, end: usize, label: Label, value: String) {
        if end > self.at {
            self.push(end, label, value, Vec::new());
        }
    }

    /// A leaf whose bytes are shown only if the caller has asked for secrets.
    pub(super) fn secret(&mut self, end: usize, label: Label) {
        match self.shows_secrets {
            true => self.leaf(end, label),
            false if end > self.at => {
                self.hidden.push(self.at..end);
                self.valued(end, label, HIDDEN.into());
            }
            false => {}
        }
    }

    /// A leaf of text in which a secret may stand: one in the URI of a field, or in a line that is refused. `says`:
    /// its value, instead of its bytes.
    pub(super) fn guarded(
        &mut self,
        end: usize,
        label: Label,
        says: Option<String>,
        secrets: &mut Secrets,
    ) {
        let (at, bytes) = (self.at, self.ahead(end));
        let hidden = match self.shows_secrets {
            true => Vec::new(),
            false => secrets.find(bytes),
        };
        let says = says.unwrap_or_else(|| shown(&starred(bytes, &hidden)));
        let moved = hidden
            .into_iter()
            .map(|range| at + range.start..at + range.end);
        self.hidden.extend(moved);
        self.valued(end, label, says);
    }

    /// Whether the caller has asked for secrets.
    pub(super) fn shows_secrets(&self) -> bool {
        self.shows_secrets
    }

    /// A span of the spans that `paint` paints; nothing if there are none.
    pub(super) fn group<T>(&mut self, label: Label, paint: impl FnOnce(&mut Self) -> T) -> T {
        let (start, before) = (self.at, std::mem::take(&mut self.painted));
        let found = paint(self);
        let children = std::mem::replace(&mut self.painted, before);
        let end = std::mem::replace(&mut self.at, start);
        if end > start {
            self.push(end, label, String::new(), children);
        }
        found
    }

    /// The same, if `paint` returns something; otherwise the brush is where it was.
    pub(super) fn try_group(
        &mut self,
        label: Label,
        paint: impl FnOnce(&mut Self) -> Option<()>,
    ) -> Option<()> {
        let (at, painted, hidden) = (self.at, self.painted.len(), self.hidden.len());
        let good = self.group(label, paint);
        if good.is_none() {
            self.at = at;
            self.painted.truncate(painted);
            self.hidden.truncate(hidden);
        }
        good
    }

    /// The last span is about this rule rather than the one of its label.
    pub(super) fn rule(&mut self, rule: &'static str) {
        if let Some(last) = self.painted.last_mut() {
            last.rule = rule;
        }
    }

    /// The same for its children with one of these labels.
    pub(super) fn rule_of(&mut self, labels: &[Label], rule: &'static str) {
        let last = self.painted.last_mut();
        let children = last.into_iter().flat_map(|last| &mut last.children);
        for child in children.filter(|child| labels.contains(&child.label)) {
            child.rule = rule;
        }
    }

    /// What is derived from the last leaf.
    pub(super) fn note(&mut self, label: Label, value: impl Into<String>) {
        self.add(Note::new(label, value));
    }

    /// Bits of the last leaf.
    pub(super) fn bits(&mut self, label: Label, bits: u8, value: impl Into<String>) {
        let note = Note::new(label, value);
        self.add(Note { bits, ..note });
    }

    pub(super) fn add(&mut self, note: Note) {
        if let Some(last) = self.painted.last_mut() {
            last.notes.push(note);
        }
    }

    /// A span that was painted elsewhere, and begins here.
    pub(super) fn adopt(&mut self, span: Span) {
        self.at = (span.range.end - self.offset) as usize;
        self.painted.push(span);
    }

    /// How many spans it has painted in this group.
    pub(super) fn count(&self) -> usize {
        self.painted.len()
    }

    /// What was painted, if something was: one span, the last.
    pub(super) fn finish(mut self) -> Option<Painted> {
        debug_assert!(self.painted.len() <= 1);
        Some(Painted {
            length: self.at,
            span: self.painted.pop()?,
            hidden: self.hidden,
        })
    }

    fn push(&mut self, end: usize, label: Label, value: String, children: Vec<Span>) {
        let end = end.min(self.bytes.len());
        let range = self.offset + self.at as u64..self.offset + end as u64;
        self.painted.push(Span {
            children,
            ..Span::leaf(range, label, value)
        });
        self.at = end;
    }
}
