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
use crate::trace::wire::labels::Label::*;
use crate::trace::wire::span::{Brush, Direction, Span, hex};
use crate::trace::wire::step::{Refusal, Step};
use std::collections::VecDeque;
use std::ops::Range;

/// Type and length of a message.
const MESSAGE_HEADER: usize = 4;

/// The records of one direction.
#[derive(Debug, Default)]
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
    /// These bytes of handshake messages.
    Messages(Range<u64>),
    ChangeCipherSpec,
    Alert,
    Sealed,
    /// Bytes that break a rule.
    Refused(Refusal),
}

impl Records {
    pub(in crate::trace::wire) fn from(from: Direction) -> Records {
        Records {
            handshake: Handshake {
                is_client: from == Direction::FromClient,
                ..Handshake::default()
            },
            ..Records::default()
        }
    }

    /// What the server has chosen says how to read the client's messages.
    pub(in crate::trace::wire) fn follow(&mut self, server: &Records) {
        self.handshake.retry = server.handshake.retry;
        self.handshake.version = server.handshake.version;
        self.handshake.cipher_suite = server.handshake.cipher_suite;
    }

    /// What the bytes begin with; there is at least one. `ended`: no more will come.
    pub(in crate::trace::wire) fn step(&mut self, brush: Brush<'_>, ended: bool) -> Step {
        loop {
            if self.is_ready()
                && let Some(record) = self.ahead.pop_front()
            {
                return self.paint(brush, record);
            }
            let refusal = match self.next(&brush.bytes[self.ahead_bytes..]) {
                Ok(true) => continue,
                Ok(false) if !ended => return Step::Wait,
                Ok(false) => broken(
                    "RFC 8446 §6.1",
                    "the connection ended inside a record or a message",
                ),
                Err(refusal) => refusal,
            };
            if self.ahead.is_empty() {
                return Step::Refused(None, refusal);
            }
            self.refused = Some((self.message_start(), refusal));
        }
    }

    /// Whether all is known about the first record.
    fn is_ready(&self) -> bool {
        match self.ahead.front().map(|record| &record.content) {
            None => false,
            Some(Content::Messages(place)) => {
                self.refused.is_some() || place.end <= self.message_start()
            }
            Some(_) => true,
        }
    }

    /// Where the message begins that is not complete.
    fn message_start(&self) -> u64 {
        self.received - self.message.len() as u64
    }

    /// Reads the next record; false: it is not whole.
    fn next(&mut self, bytes: &[u8]) -> Result<bool, Refusal> {
        let decoded =
            RecordHeader::decode(bytes).map_err(|error| Refusal::tls(&error, "record"))?;
        let Some((header, used)) = decoded else {
            return Ok(false);
        };
        let is_message = header.content_type == ContentType::Handshake;
        // RFC 8446 §5.1: "If a handshake message is split over two or more records, there MUST NOT be any other
        // records between them."
        if !is_message && !self.message.is_empty() {
            let says = "between the records of a message there is no other record";
            return Err(broken("RFC 8446 §5.1", says));
        }
        if !is_message && header.content_type != ContentType::Alert && self.handshake.hellos == 0 {
            return Err(rule(Rule::RecordUnexpected));
        }
        let end = used + usize::from(header.length);
        let Some(content) = bytes.get(used..end) else {
            return Ok(false);
        };
        let content = self.content(header.content_type, content);
        self.ahead.push_back(Record { header, content });
        self.ahead_bytes += end;
        Ok(true)
    }

    fn content(&mut self, kind: ContentType, bytes: &[u8]) -> Content {
        match (kind, bytes) {
            (ContentType::ApplicationData, _) => Content::Sealed,
            (ContentType::Alert, [_, _]) => Content::Alert, // a sealed one is longer
            _ if self.sealed => Content::Sealed,
            (ContentType::Handshake, _) => {
                let start = self.received;
                self.received += bytes.len() as u64;
                self.message.extend_from_slice(bytes);
                self.read_messages();
                Content::Messages(start..self.received)
            }
            (ContentType::ChangeCipherSpec, [1]) => {
                // RFC 8446 §D.4: "This may either be before its second ClientHello or before its encrypted
                // handshake flight."
                self.sealed = !self.handshake.waits_for_second_hello();
                Content::ChangeCipherSpec
            }
            (ContentType::ChangeCipherSpec, _) => {
                Content::Refused(broken("RFC 8446 §5", "a change_cipher_spec is one byte, 1"))
            }
            (ContentType::Alert, _) => {
                Content::Refused(broken("RFC 8446 §6", "an alert is two bytes"))
            }
        }
    }

    /// Paints the messages that are complete.
    fn read_messages(&mut self) {
        let mut start = self.message_start();
        let all = std::mem::take(&mut self.message);
        let mut rest = &all[..];
        while let Some(&[_, a, b, c]) = rest.first_chunk()
            && self.refused.is_none()
        {
            let length = u32::from_be_bytes([0, a, b, c]) as usize + MESSAGE_HEADER;
            if length > HandshakeDecoder::MAX {
                self.refused = Some((start, rule(Rule::MessageTooLong)));
                break;
            }
            let Some((message, behind)) = rest.split_at_checked(length) else {
                break;
            };
            let mut brush = Brush::new(message, start, true);
            let read = self.handshake.message(&mut brush);
            let Some(painted) = brush.finish() else { break };
            if let Err(error) = read {
                let place = start + error.at().min(length - 1) as u64;
                let refusal = Refusal::tls(&error, "message");
                self.refused = Some((leaf_start(&painted.span, place), refusal));
            }
            self.messages.push_back(painted.span);
            start += length as u64;
            rest = behind;
        }
        let used = all.len() - rest.len();
        self.message = all;
        self.message.drain(..used);
    }

    /// Paints the first record, which has been taken out of the queue.
    fn paint(&mut self, mut brush: Brush<'_>, Record { header, content }: Record) -> Step {
        let (start, kind) = (RecordHeader::LENGTH, header.content_type as u16);
        let end = start + usize::from(header.length);
        self.ahead_bytes -= end;
        let refusal = brush.group(TlsRecord, |brush| {
            brush.valued(1, TlsRecordType, RECORDS.text(kind));
            brush.valued(3, TlsRecordVersion, VERSIONS.text(header.legacy_version));
            brush.valued(start, TlsRecordLength, header.length.to_string());
            match content {
                Content::Messages(place) => return self.paint_messages(brush, place),
                Content::ChangeCipherSpec => brush.valued(end, TlsChangeCipherSpec, "1".into()),
                Content::Alert => {
                    let [level, description] = [start, start + 1].map(|at| brush.bytes[at].into());
                    brush.valued(start + 1, TlsAlertLevel, LEVELS.text(level));
                    brush.valued(end, TlsAlertDescription, ALERTS.text(description));
                }
                Content::Sealed => brush.valued(end, TlsSealed, hex(brush.ahead(end))),
                Content::Refused(why) => return Some(why),
            }
            None
        });
        match (brush.finish(), refusal) {
            (good, Some(refusal)) => Step::Refused(good, refusal),
            (good, None) => good.map_or(Step::Wait, Step::Painted),
        }
    }

    /// Paints these bytes of the messages, up to the one that breaks a rule.
    fn paint_messages(&mut self, brush: &mut Brush<'_>, place: Range<u64>) -> Option<Refusal> {
        let refused = self.refused.take_if(|(at, _)| *at < place.end);
        let good = place.start..refused.as_ref().map_or(place.end, |(at, _)| *at);
        let to = brush.offset + brush.at() as u64;
        let messages = self.messages.iter();
        for message in messages.take_while(|message| message.range.start < good.end) {
            if let Some(part) = cut(message, &good, to) {
                brush.adopt(part);
            }
        }
        while let Some(message) = self.messages.front()
            && message.range.end <= place.end
        {
            self.messages.pop_front();
        }
        refused.map(|(_, refusal)| refusal)
    }
}

/// A rule of the chapter's decoders.
fn rule(rule: Rule) -> Refusal {
    broken(rule.section(), rule.says())
}

/// A rule that the chapter's decoders have no name for: they read the first message of a connection only.
fn broken(section: &'static str, says: &'static str) -> Refusal {
    Refusal::new(section, says, String::new())
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
