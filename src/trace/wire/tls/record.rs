//! Records, and the handshake messages that are cut into them.
//!
//! ```text
//!   16 0303 0064 │ 02 000056 0303 … │ 0b 0009d2 0009cf …           a record with a message and the start of another
//!   16 0303 09a0 │                              … 04 0300 … │ 0e 000000      and the rest of that
//! ```
//!
//! A record is painted when each message that it holds a part of is complete. The leaves of a message that lies in
//! several records lie there too: where a record ends inside a leaf, there are two.

use super::codes::{ALERTS, LEVELS, RECORDS, VERSIONS};
use super::handshake::Handshake;
use crate::tls::wire::{ContentType, HandshakeDecoder, RecordHeader, Rule};
use crate::trace::wire::labels::Label;
use crate::trace::wire::span::{Brush, Direction, Span, hex};
use crate::trace::wire::step::{Refusal, Step};
use std::collections::VecDeque;
use std::ops::Range;

/// Type and length of a message.
const MESSAGE_HEADER: usize = 4;

/// The records of one direction.
#[derive(Debug)]
pub(in crate::trace::wire) struct Records {
    handshake: Handshake,
    /// Whether what follows is sealed whatever its type: TLS 1.2, behind a change_cipher_spec.
    sealed: bool,
    /// The whole records that are not painted, and the bytes that they take.
    ahead: VecDeque<Record>,
    ahead_bytes: usize,
    /// How many bytes of handshake messages have come, and those of the message that is not complete.
    received: u64,
    message: Vec<u8>,
    /// The complete messages that are not painted. Their ranges count the bytes of messages.
    messages: VecDeque<Span>,
    /// At which of these bytes a rule is broken.
    refused: Option<(u64, Refusal)>,
}

/// A whole record.
#[derive(Debug)]
struct Record {
    header: RecordHeader,
    content: Content,
}

/// What a record holds.
#[derive(Debug)]
enum Content {
    Messages(Part),
    ChangeCipherSpec,
    Alert,
    Sealed,
    /// Bytes that break a rule.
    Refused(Refusal),
}

/// Which bytes of the handshake messages a record holds, and the offset of the first in its direction.
#[derive(Clone, Debug)]
struct Part {
    place: Range<u64>,
    offset: u64,
}

impl Records {
    pub(in crate::trace::wire) fn from(from: Direction) -> Records {
        Records {
            handshake: Handshake {
                is_client: from == Direction::FromClient,
                ..Handshake::default()
            },
            sealed: false,
            ahead: VecDeque::new(),
            ahead_bytes: 0,
            received: 0,
            message: Vec::new(),
            messages: VecDeque::new(),
            refused: None,
        }
    }

    /// What the server has chosen says how to read the client's messages.
    pub(in crate::trace::wire) fn follow(&mut self, server: &Records) {
        self.handshake.retry = server.handshake.retry;
        self.handshake.cipher_suite = server.handshake.cipher_suite;
    }

    /// What the bytes begin with; there is at least one. `ended`: no more will come.
    pub(in crate::trace::wire) fn step(
        &mut self,
        brush: Brush<'_>,
        offset: u64,
        ended: bool,
    ) -> Step {
        loop {
            if self.is_ready()
                && let Some(record) = self.ahead.pop_front()
            {
                return self.paint(brush, record);
            }
            let refusal = match self.next(&brush.bytes[self.ahead_bytes..], offset) {
                Ok(true) => continue,
                Ok(false) if !ended => return Step::Wait,
                Ok(false) => Refusal {
                    section: "RFC 8446 §6.1",
                    says: "the connection ended inside a record or a handshake message",
                    found: String::new(),
                },
                Err(refusal) => refusal,
            };
            match self.ahead.is_empty() {
                true => return Step::Refused(None, refusal),
                false => self.refused = Some((self.message_start(), refusal)),
            }
        }
    }

    /// Whether all is known about the first record.
    fn is_ready(&self) -> bool {
        match self.ahead.front().map(|record| &record.content) {
            Some(Content::Messages(part)) => {
                self.refused.is_some() || part.place.end <= self.message_start()
            }
            other => other.is_some(),
        }
    }

    /// Where the message begins that is not complete.
    fn message_start(&self) -> u64 {
        self.received - self.message.len() as u64
    }

    /// Reads the next record, if it is whole.
    fn next(&mut self, bytes: &[u8], offset: u64) -> Result<bool, Refusal> {
        let at = offset + self.ahead_bytes as u64;
        let decoded = RecordHeader::decode(bytes);
        let decoded = decoded.map_err(|e| Refusal::tls(&e, at + e.at() as u64))?;
        let Some((header, used)) = decoded else {
            return Ok(false);
        };
        let kind = header.content_type;
        // RFC 8446 §5.1: "If a handshake message is split over two or more records, there MUST NOT be any other
        // records between them."
        if kind != ContentType::Handshake && !self.message.is_empty() {
            return Err(broken(
                "RFC 8446 §5.1",
                "there is a record of another type between the parts of a message",
            ));
        }
        let is_early = matches!(
            kind,
            ContentType::ChangeCipherSpec | ContentType::ApplicationData
        );
        if is_early && self.handshake.hellos == 0 {
            let rule = Rule::RecordUnexpected;
            return Err(broken(rule.section(), rule.says()));
        }
        let end = used + usize::from(header.length);
        let Some(content) = bytes.get(used..end) else {
            return Ok(false);
        };
        let content = self.content(kind, content, at + used as u64);
        self.ahead.push_back(Record { header, content });
        self.ahead_bytes += end;
        Ok(true)
    }

    fn content(&mut self, kind: ContentType, bytes: &[u8], at: u64) -> Content {
        match (kind, bytes) {
            (ContentType::ApplicationData, _) => Content::Sealed,
            // A sealed alert is longer.
            (ContentType::Alert, [_, _]) => Content::Alert,
            _ if self.sealed => Content::Sealed,
            (ContentType::Handshake, _) => {
                let start = self.received;
                self.received += bytes.len() as u64;
                self.message.extend_from_slice(bytes);
                let place = start..self.received;
                let part = Part { place, offset: at };
                self.read_messages(&part);
                Content::Messages(part)
            }
            (ContentType::ChangeCipherSpec, [1]) => {
                // RFC 8446 §D.4: "This may either be before its second ClientHello or before its encrypted
                // handshake flight."
                self.sealed = !self.handshake.waits_for_second_hello();
                Content::ChangeCipherSpec
            }
            (ContentType::ChangeCipherSpec, _) => Content::Refused(broken(
                "RFC 8446 §5",
                "a change_cipher_spec record is one byte, 1",
            )),
            (ContentType::Alert, _) => Content::Refused(broken(
                "RFC 8446 §6",
                "an alert is two bytes, level and description",
            )),
        }
    }

    /// Paints the messages that are complete with this part.
    fn read_messages(&mut self, part: &Part) {
        let (all, mut used) = (std::mem::take(&mut self.message), 0);
        let first = self.received - all.len() as u64;
        while let Some(&[_, a, b, c]) = all[used..].first_chunk() {
            let length = u32::from_be_bytes([0, a, b, c]) as usize + MESSAGE_HEADER;
            let from = first + used as u64;
            if length > HandshakeDecoder::MAX {
                let rule = Rule::MessageTooLong;
                self.refused = Some((from, broken(rule.section(), rule.says())));
                break;
            }
            let Some(message) = all.get(used..used + length) else {
                break;
            };
            let mut brush = Brush::new(message, from, true);
            let read = self.handshake.message(&mut brush);
            used += length;
            let Some(painted) = brush.finish() else { break };
            if let Err(error) = read {
                let place = from + error.at().min(length - 1) as u64;
                let place = leaf_start(&painted.span, place);
                let at = self.offset(from + error.at() as u64, part);
                self.refused = Some((place, Refusal::tls(&error, at)));
                self.messages.push_back(painted.span);
                break;
            }
            self.messages.push_back(painted.span);
        }
        self.message = all;
        self.message.drain(..used);
    }

    /// Where a byte of the messages lies in its direction; `last` is the part that came last.
    fn offset(&self, byte: u64, last: &Part) -> u64 {
        let parts = self
            .ahead
            .iter()
            .filter_map(|record| match &record.content {
                Content::Messages(part) => Some(part),
                _ => None,
            });
        let mut parts = parts.filter(|part| part.place.contains(&byte));
        let part = parts.next().unwrap_or(last);
        part.offset + byte - part.place.start
    }

    /// Paints the first record, which has been taken out of the queue.
    fn paint(&mut self, mut brush: Brush<'_>, record: Record) -> Step {
        let Record { header, content } = record;
        let start = RecordHeader::LENGTH;
        let end = start + usize::from(header.length);
        self.ahead_bytes -= end;
        let mut refusal = None;
        brush.group(Label::TlsRecord, |brush| {
            brush.valued(
                1,
                Label::TlsRecordType,
                RECORDS.text(header.content_type as u16),
            );
            brush.valued(
                3,
                Label::TlsRecordVersion,
                VERSIONS.text(header.legacy_version),
            );
            brush.valued(start, Label::TlsRecordLength, header.length.to_string());
            match content {
                Content::Messages(part) => refusal = self.paint_messages(brush, &part),
                Content::ChangeCipherSpec => {
                    brush.valued(end, Label::TlsChangeCipherSpec, "1".into())
                }
                Content::Alert => {
                    let [level, description] = [start, start + 1].map(|at| brush.bytes[at].into());
                    brush.valued(start + 1, Label::TlsAlertLevel, LEVELS.text(level));
                    brush.valued(end, Label::TlsAlertDescription, ALERTS.text(description));
                }
                Content::Sealed => brush.valued(end, Label::TlsSealed, hex(brush.ahead(end))),
                Content::Refused(why) => refusal = Some(why),
            }
        });
        match (brush.finish(), refusal) {
            (good, Some(refusal)) => Step::Refused(good, refusal),
            (Some(painted), None) => Step::Painted(painted),
            (None, None) => Step::Wait,
        }
    }

    /// Paints a part of the messages, up to the byte that breaks a rule.
    fn paint_messages(&mut self, brush: &mut Brush<'_>, part: &Part) -> Option<Refusal> {
        let Range { start, end } = part.place;
        let refused = self.refused.take_if(|(at, _)| *at < end);
        let good = start..refused.as_ref().map_or(end, |(at, _)| *at);
        for message in &self.messages {
            if let Some(span) = cut(message, &good, part.offset) {
                brush.adopt(span);
            }
        }
        while self
            .messages
            .front()
            .is_some_and(|message| message.range.end <= end)
        {
            self.messages.pop_front();
        }
        refused.map(|(_, refusal)| refusal)
    }
}

/// A rule that the chapter's decoders have no name for: they read the first message of a connection only.
fn broken(section: &'static str, says: &'static str) -> Refusal {
    Refusal {
        section,
        says,
        found: String::new(),
    }
}

/// Where the leaf begins that this byte lies in. Behind all leaves: where they end.
fn leaf_start(span: &Span, at: u64) -> u64 {
    let leaf = span.leaves().find(|leaf| leaf.range.contains(&at));
    leaf.map_or(span.range.end, |leaf| leaf.range.start)
}

/// The part of a span at this place, moved so that the start of the place comes `to` this offset.
fn cut(span: &Span, place: &Range<u64>, to: u64) -> Option<Span> {
    let start = span.range.start.max(place.start);
    let end = span.range.end.min(place.end);
    if start >= end {
        return None;
    }
    let first = span
        .children
        .partition_point(|child| child.range.end <= place.start);
    let children = span.children[first..].iter();
    let is_first = start == span.range.start;
    Some(Span {
        range: start - place.start + to..end - place.start + to,
        label: span.label,
        value: match is_first || !span.children.is_empty() {
            true => span.value.clone(),
            false => CONTINUED.into(),
        },
        rule: span.rule,
        children: children.map_while(|child| cut(child, place, to)).collect(),
        notes: if is_first {
            span.notes.clone()
        } else {
            Vec::new()
        },
    })
}

/// The value of a leaf that has begun in the record before.
const CONTINUED: &str = "(continued)";
