//! One direction of a conversation: the bytes that are not explained yet, and what they are expected to be.

use super::framing::Framed;
use super::http::Body;
use super::labels::Label;
use super::secrets::{Secrets, starred};
use super::span::{Brush, Derived, Direction, Explained, Layer, Note, Painted};
use super::step::{Refusal, Step};
use super::tls::Records;
use super::websocket::Frames;
use crate::http::wire::{Error, Rule};
use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

/// What the next bytes of a direction are.
#[derive(Debug)]
pub(super) enum Stage {
    /// The head of a message.
    Head,
    /// The body of a message.
    Body(Body),
    /// They stand behind a request that may switch protocols: its response decides what they are.
    Held,
    /// WebSocket frames.
    Frames(Frames),
    /// TLS records.
    Tls(Records),
    /// Framed messages.
    Framed(Framed),
    /// Bytes that nothing more is known about.
    Opaque(Label),
    /// Bytes that are not followed: why.
    Unexplained(String),
    /// Bytes without a meaning, because a rule is broken. The first of them are still to be painted.
    Refused(Refusal),
}

impl Stage {
    /// What follows a message.
    pub(super) fn behind_message(persists: bool) -> Stage {
        match persists {
            true => Stage::Head,
            false => Stage::Opaque(Label::BehindEnd),
        }
    }
}

/// What a step leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Now {
    /// More bytes must come, or the end.
    Waits,
    /// Another step may find more.
    GoesOn,
    /// The message is complete.
    MessageEnded,
}

/// A span, perhaps, and what the step leads to.
pub(super) type Found = (Option<Explained>, Now);

/// One direction.
pub(super) struct Side {
    pub(super) from: Direction,
    pub(super) stage: Stage,
    /// The bytes from `start` on are not explained yet.
    buffer: Vec<u8>,
    start: usize,
    /// The offset of `start` in this direction.
    pub(super) offset: u64,
    time: Duration,
    /// How many bytes have passed behind these that nobody has kept.
    missing: u64,
    /// The number of the exchange that the bytes belong to, if they do to one.
    pub(super) exchange: Option<u64>,
    /// What the last bytes have completed beside them: a message, compressed bytes.
    derived: VecDeque<Explained>,
    pub(super) shows_secrets: bool,
    /// Finds the secrets in bytes that no decoder reads.
    secrets: Secrets,
    pub(super) ended: bool,
    end_is_painted: bool,
    refusal_is_painted: bool,
}

impl Side {
    pub(super) fn new(from: Direction) -> Side {
        Side {
            from,
            stage: Stage::Head,
            buffer: Vec::new(),
            start: 0,
            offset: 0,
            time: Duration::ZERO,
            missing: 0,
            exchange: None,
            derived: VecDeque::new(),
            shows_secrets: false,
            secrets: Secrets::in_lines(),
            ended: false,
            end_is_painted: false,
            refusal_is_painted: false,
        }
    }

    pub(super) fn receive(&mut self, time: Duration, bytes: &[u8]) {
        self.time = time;
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
        if self.ended {
            self.stage = Stage::Unexplained("their direction had ended before they came".into());
        }
    }

    /// Bytes have passed that nobody has kept. Content goes on behind them; whatever else was expected cannot be found
    /// again.
    pub(super) fn miss(&mut self, time: Duration, length: u64) {
        self.time = time;
        self.missing += length;
        let is_done = self.bytes().is_empty();
        let goes_on = match &mut self.stage {
            Stage::Body(body) => is_done && body.skip(length),
            stage => matches!(
                stage,
                Stage::Opaque(_) | Stage::Unexplained(_) | Stage::Refused(_)
            ),
        };
        if !goes_on {
            let why = "bytes are missing here, so what these are is not known";
            self.stage = Stage::Unexplained(why.into());
        }
    }

    pub(super) fn end(&mut self, time: Duration) {
        self.time = time;
        self.ended = true;
    }

    /// The bytes that are not explained yet.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Where a head breaks a rule, in these bytes, and the rule. `end` is the end of the head, if it is
    /// complete: then the rule is about the head as a whole, or about a value in it.
    pub(super) fn locate(&self, error: &Error, end: Option<usize>) -> (usize, Refusal) {
        let (broken, at) = match end {
            Some(end) => (end, None),
            None if error.rule() == Rule::MessageTruncated => (self.bytes().len(), None),
            None => (error.at(), Some(self.offset + error.at() as u64)),
        };
        let mut refusal = Refusal::http(error, at);
        if self.is_secret(error.got()) {
            refusal.found = at.map_or(String::new(), |at| format!("byte {at}"));
        }
        (broken, refusal)
    }

    /// Whether a secret stands in these bytes of the head, which are hidden then.
    fn is_secret(&self, got: &[u8]) -> bool {
        let bytes = self.bytes();
        // They are in order.
        let hidden = |at: usize, hidden: &[Range<usize>]| {
            let next = hidden.partition_point(|range| range.end <= at);
            let range = hidden.get(next);
            range.is_some_and(|range| range.start < at + got.len())
        };
        if self.shows_secrets || got.is_empty() {
            return false;
        }
        let secrets = Secrets::in_lines().find(bytes);
        let mut places = bytes.windows(got.len()).enumerate();
        places.any(|(at, window)| window == got && hidden(at, &secrets))
    }

    /// A brush over these bytes.
    pub(super) fn brush(&self) -> Brush<'_> {
        Brush::new(self.bytes(), self.offset, self.shows_secrets)
    }

    /// Moves behind what is painted.
    pub(super) fn explained(&mut self, painted: Painted) -> Explained {
        let end = (self.start + painted.length).min(self.buffer.len());
        let bytes = starred(&self.buffer[self.start..end], &painted.hidden);
        self.start = end;
        self.offset += painted.length as u64;
        Explained {
            from: self.from,
            layer: Layer::Tcp,
            time: self.time,
            exchange: self.exchange,
            bytes,
            span: painted.span,
        }
    }

    /// Explains what comes next, of every stage but `Head` and `Held`.
    pub(super) fn step(&mut self) -> Found {
        if self.bytes().is_empty() {
            return match std::mem::take(&mut self.missing) {
                0 => self.at_the_end(),
                missing => (Some(self.gap(missing)), Now::GoesOn),
            };
        }
        let offset = self.offset;
        let brush = Brush::new(&self.buffer[self.start..], offset, self.shows_secrets);
        let step = match &mut self.stage {
            Stage::Body(body) => body.step(brush, offset),
            Stage::Frames(frames) => frames.step(brush, offset),
            Stage::Tls(records) => records.step(brush, self.ended),
            Stage::Framed(framed) => framed.step(brush),
            Stage::Opaque(label) => {
                let label = *label;
                return (self.rest(label, None), Now::GoesOn);
            }
            Stage::Unexplained(why) => {
                let why = why.clone();
                return (self.rest(Label::Unexplained, Some(why)), Now::GoesOn);
            }
            Stage::Refused(_) => return (self.refused(), Now::GoesOn),
            Stage::Head | Stage::Held => Step::Wait,
        };
        let closes = matches!(self.stage, Stage::Frames(_));
        let derived = match &mut self.stage {
            Stage::Frames(frames) => frames.take_derived(),
            Stage::Body(body) => body.take_derived(matches!(step, Step::Last(_))),
            _ => Vec::new(),
        };
        self.derive(derived);
        let found = match step {
            Step::Wait => return self.at_the_end(),
            Step::Painted(painted) => Some(self.explained(painted)),
            Step::Last(painted) if closes => {
                self.stage = Stage::Opaque(Label::BehindClose);
                Some(self.explained(painted))
            }
            Step::Last(painted) => return (Some(self.explained(painted)), Now::MessageEnded),
            Step::Refused(good, refusal) => {
                self.stage = Stage::Refused(refusal);
                good.map(|painted| self.explained(painted))
            }
        };
        (found, Now::GoesOn)
    }

    fn derive(&mut self, derived: Vec<Derived>) {
        let explained = derived.into_iter().map(|(layer, bytes, span)| Explained {
            from: self.from,
            layer,
            time: self.time,
            exchange: self.exchange,
            bytes,
            span,
        });
        self.derived.extend(explained);
    }

    /// What stands behind the last span, and is of another layer.
    pub(super) fn take_derived(&mut self) -> Option<Explained> {
        self.derived.pop_front()
    }

    /// No bytes are here that can be explained. If none will come, something may be cut.
    fn at_the_end(&mut self) -> Found {
        if !self.ended {
            return (None, Now::Waits);
        }
        if let Stage::Body(body) = &mut self.stage {
            let derived = body.take_derived(true);
            self.derive(derived);
        }
        let finished = match &mut self.stage {
            Stage::Body(body) => body.finish().map_err(|error| Refusal::http(&error, None)),
            Stage::Frames(frames) => frames.finish(),
            Stage::Framed(framed) => framed.finish(),
            // A head that was cut behind one of its lines.
            Stage::Refused(refusal) if !self.refusal_is_painted => Err(refusal.clone()),
            _ => return (self.end_mark(None), Now::Waits),
        };
        match finished {
            // A body that ends with the connection.
            Ok(()) => (None, Now::MessageEnded),
            Err(refusal) => self.cut(refusal),
        }
    }

    /// The direction has ended where it must not.
    fn cut(&mut self, refusal: Refusal) -> Found {
        let mark = self.end_mark(Some(&refusal));
        self.refusal_is_painted = self.bytes().is_empty(); // perhaps as an end that came before its reason
        self.stage = Stage::Refused(refusal);
        (mark, Now::GoesOn)
    }

    /// No head is complete here; `is_idle`: none has begun. `None`: the direction has ended in the middle of one.
    pub(super) fn no_head(&mut self, is_idle: bool) -> Option<Found> {
        let found = match self.ended {
            true if !is_idle => return None,
            true => self.rest(Label::EmptyLines, None),
            false => None,
        };
        Some((found.or_else(|| self.end_mark(None)), Now::Waits))
    }

    /// The leaf of bytes that are not here.
    fn gap(&mut self, length: u64) -> Explained {
        let says = format!("{length} bytes");
        let mut painted = Painted::end(self.offset, Label::Gap, &says, Label::Gap.section());
        painted.span.range.end += length;
        let explained = self.explained(painted);
        self.offset += length;
        explained
    }

    /// All bytes that are here, as one leaf.
    fn rest(&mut self, label: Label, says: Option<String>) -> Option<Explained> {
        // Data of another protocol is content, which is not hidden.
        let is_content = matches!(label, Label::Bytes | Label::Switched | Label::Tunnel);
        let mut secrets = self.secrets.clone();
        let mut brush = self.brush();
        let end = brush.bytes.len();
        match is_content {
            true => brush.leaf(end, label),
            false => brush.guarded(end, label, says, &mut secrets),
        }
        let painted = brush.finish()?;
        self.secrets = secrets;
        Some(self.explained(painted))
    }

    /// All bytes that are here: they are refused.
    fn refused(&mut self) -> Option<Explained> {
        let Stage::Refused(refusal) = &mut self.stage else {
            return None;
        };
        let found = std::mem::take(&mut refusal.found);
        let (section, says) = (refusal.section, refusal.says);
        self.refusal_is_painted = true;
        let mut explained = self.rest(Label::Refused, Some(says.into()))?;
        explained.span.rule = section;
        if !found.is_empty() {
            explained
                .span
                .notes
                .push(Note::new(Label::RefusedAt, found));
        }
        Some(explained)
    }

    /// The end of this direction, once: a leaf without bytes. `refusal`: the end breaks this rule.
    pub(super) fn end_mark(&mut self, refusal: Option<&Refusal>) -> Option<Explained> {
        if !self.ended || self.end_is_painted || !self.bytes().is_empty() {
            return None;
        }
        self.end_is_painted = true;
        let (label, says, rule) = match refusal {
            Some(refusal) => (Label::Refused, refusal.says, refusal.section),
            None => (Label::End, "", Label::End.section()),
        };
        let painted = Painted::end(self.offset, label, says, rule);
        let exchange = refusal.and(self.exchange);
        Some(Explained {
            exchange,
            ..self.explained(painted)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::http::Coding;
    use super::*;
    use crate::http::wire::{BodyDecoder, BodyLength, Limits};

    /// A promise of `Conversation`: nothing of a body is kept.
    #[test]
    fn a_body_of_a_gigabyte_is_not_kept() {
        let mut side = Side::new(Direction::FromServer);
        let length = BodyLength::Known(1 << 30);
        side.stage = Stage::Body(Body::new(
            BodyDecoder::of_response(length, Limits::default()),
            Coding::Other,
        ));
        let piece = vec![b'a'; 1 << 14];
        for number in 1..=1 << 8 {
            side.receive(Duration::ZERO, &piece);
            let (found, now) = side.step();
            assert_eq!(
                (found.map(|e| e.bytes.len()), now),
                (Some(1 << 14), Now::GoesOn)
            );
            assert_eq!((side.offset, side.bytes().len()), (number << 14, 0));
        }
        assert!(side.buffer.capacity() <= 1 << 15);
    }
}
