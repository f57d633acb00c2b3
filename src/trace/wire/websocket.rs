//! WebSocket frames: the bits and bytes of each header, the payload masked and unmasked, messages as one.
//!
//! ```text
//!   81  8c  37fa 213d  5f9f 4d51 58da 5652 4596 451c
//!   │   │   │          └ payload; a note has it unmasked
//!   │   │   └ masking key
//!   │   └ a leaf with two notes: MASK, 7 bits of length
//!   └ a leaf with five notes: FIN, RSV1 to RSV3, opcode
//! ```
//!
//! [`Receiver`] judges the frames, in parts: nothing of a message is kept but its first bytes, and none is too long,
//! because a watcher does not know the limit of the receiver. A payload comes in pieces, as the reads bring it. A piece
//! of a text ends between two characters, so that a bad character begins in the same place however the bytes were cut.

use super::compressed::Compressed;
use super::content::Content;
use super::labels::Label;
use super::span::{Brush, Derived, Direction, Note, SHOWN, hex, shown};
use super::step::{Refusal, Step};
use crate::websocket::wire::{
    Agreement, Close, Data, Error, Header, Limits, Opcode, Received, Receiver, Role, Rule,
};

/// The frames of one direction.
#[derive(Debug)]
pub(super) struct Frames {
    receiver: Receiver,
    current: Option<Current>,
    /// Bytes at the front that the receiver has seen already, unmasked.
    seen: Vec<u8>,
    message: Message,
    /// Whether the message is complete, and no frame shows it: there are several, or it was compressed.
    is_put_together: bool,
    /// Where permessage-deflate was agreed on.
    deflate: Option<Box<Deflate>>,
}

/// The compressed messages of a direction.
#[derive(Debug)]
struct Deflate {
    compressed: Compressed,
    takeover: bool,
}

/// The frame whose payload is coming.
#[derive(Debug)]
struct Current {
    header: Header,
    header_bytes: usize,
    left: u64,
}

/// The message that is coming.
#[derive(Debug, Default)]
struct Message {
    is_text: bool,
    is_compressed: bool,
    frames: u64,
    /// The payload that has been painted.
    bytes: u64,
    /// How much of a text is whole characters.
    characters: u64,
    /// One more than is shown.
    first_bytes: Vec<u8>,
}

impl Frames {
    /// The frames that a side in this role receives.
    pub(super) fn received_by(role: Role) -> Frames {
        Frames {
            receiver: Receiver::new(role, Limits::default()).in_parts(),
            current: None,
            seen: Vec::new(),
            message: Message::default(),
            is_put_together: false,
            deflate: None,
        }
    }

    /// Messages may be compressed, as was agreed on.
    pub(super) fn with_deflate(mut self, agreed: &Agreement, from: Direction) -> Frames {
        let (alone, window_bits) = match from {
            Direction::FromClient => (
                agreed.client_no_context_takeover,
                agreed.client_max_window_bits,
            ),
            Direction::FromServer => (
                agreed.server_no_context_takeover,
                agreed.server_max_window_bits,
            ),
        };
        self.deflate = Some(Box::new(Deflate {
            compressed: Compressed::message(window_bits),
            takeover: !alone,
        }));
        self
    }

    /// The bytes of this direction have ended.
    pub(super) fn finish(&mut self) -> Result<(), Refusal> {
        let ended = self.receiver.end();
        ended.map_err(|error| Refusal::websocket(&error, None))
    }

    /// What the bytes begin with; there is at least one.
    pub(super) fn step(&mut self, brush: Brush<'_>, offset: u64) -> Step {
        match &self.current {
            None => self.header(brush, offset),
            Some(current) if current.header.opcode.is_control() => self.control(brush, offset),
            Some(_) => self.data(brush, offset),
        }
    }

    /// A header. That of a control frame is painted with its payload.
    fn header(&mut self, mut brush: Brush<'_>, offset: u64) -> Step {
        let decoded = match Header::decode(brush.bytes) {
            Ok(None) => return Step::Wait,
            Ok(Some((header, length))) => {
                let mut bytes = brush.bytes[..length].to_vec();
                let is_compressed = self.is_compressed(&header);
                if is_compressed {
                    // The receiver has agreed on nothing: to it, this is a binary message.
                    bytes[0] = bytes[0] & !0x4f | Opcode::Binary as u8;
                }
                let judged = self.receive(&bytes);
                judged.map(|(_, characters)| (header, length, characters))
            }
            Err(error) => Err(error),
        };
        let (header, header_bytes, characters) = match decoded {
            Ok(decoded) => decoded,
            Err(error) => {
                let at = offset + error.at();
                let mut refusal = Refusal::websocket(&error, Some(at));
                // The receiver has agreed on nothing: to it, the bit is reserved.
                let is_alone = brush.bytes[0] & 0x70 == 0x40;
                if self.deflate.is_some() && is_alone && error.rule() == Rule::ReservedBitSet {
                    let rule = Rule::CompressedBitMisplaced;
                    (refusal.section, refusal.says) = (rule.section(), rule.says());
                }
                return Step::Refused(None, refusal);
            }
        };
        let current = Current {
            header,
            header_bytes,
            left: header.length,
        };
        if header.opcode.is_control() && header.length > 0 {
            self.current = Some(current);
            return self.control(brush, offset);
        }
        if !header.opcode.is_control() {
            let is_compressed = self.is_compressed(&header);
            self.message.begin(&header, is_compressed, characters);
            if let Some(deflate) = self.deflate.as_mut().filter(|_| is_compressed) {
                deflate.compressed.begin_message(self.message.is_text);
            }
        }
        brush.group(Label::Frame, |brush| {
            paint_header(brush, &header, header_bytes);
            if header.length == 0 {
                self.end_message(&header);
            }
        });
        match brush.finish() {
            Some(painted) if header.opcode == Opcode::Close => Step::Last(painted),
            Some(painted) => {
                self.current = Some(current).filter(|current| current.left > 0);
                Step::Painted(painted)
            }
            None => Step::Wait,
        }
    }

    /// RSV1, on the first frame of a message alone.
    fn is_compressed(&self, header: &Header) -> bool {
        let begins = matches!(header.opcode, Opcode::Text | Opcode::Binary);
        self.deflate.is_some() && begins && header.rsv == 4
    }

    /// A control frame, when all of it has come.
    fn control(&mut self, mut brush: Brush<'_>, offset: u64) -> Step {
        let Some(current) = &self.current else {
            return Step::Wait;
        };
        let (header, header_bytes) = (current.header, current.header_bytes);
        let end = header_bytes + header.length as usize; // 125 bytes at most
        let Some(payload) = brush.bytes.get(header_bytes..end) else {
            return Step::Wait;
        };
        let received = self.receive(payload);
        self.current = None;
        brush.group(Label::Frame, |brush| {
            paint_header(brush, &header, header_bytes);
            match &received {
                Err(_) => {}
                Ok((plain, _)) if header.opcode == Opcode::Close => {
                    paint_close(brush, &header, plain);
                }
                Ok((plain, _)) => text_leaf(brush, end, Label::Payload, &header, shown(plain)),
            }
        });
        match (received, brush.finish()) {
            (Err(error), good) => {
                let at = offset + header_bytes as u64 + error.at();
                Step::Refused(good, Refusal::websocket(&error, Some(at)))
            }
            (Ok(_), Some(painted)) if header.opcode == Opcode::Close => Step::Last(painted),
            (Ok(_), Some(painted)) => Step::Painted(painted),
            (Ok(_), None) => Step::Wait,
        }
    }

    /// A piece of the payload of a text or binary message.
    fn data(&mut self, mut brush: Brush<'_>, offset: u64) -> Step {
        let Some(current) = &mut self.current else {
            return Step::Wait;
        };
        let bytes = brush.bytes;
        let end = usize::try_from(current.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let (header, ends) = (current.header, end as u64 == current.left);
        let Some(new) = bytes
            .get(self.seen.len()..end)
            .filter(|new| !new.is_empty())
        else {
            return Step::Wait;
        };
        let mut plain = new.to_vec();
        let received = receive(&mut self.receiver, &mut plain);
        self.seen.extend_from_slice(&plain);
        let (whole, refusal) = match received {
            Ok(characters) => {
                self.message.characters += characters;
                (self.message.whole(end, ends), None)
            }
            Err(error) => {
                let whole = error.at().saturating_sub(self.message.bytes);
                let whole = (whole as usize).min(end);
                let at = offset + whole as u64;
                (whole, Some(Refusal::websocket(&error, Some(at))))
            }
        };
        let says = shown(&self.seen[..whole]);
        text_leaf(&mut brush, whole, Label::Payload, &header, says);
        self.message.add(&self.seen[..whole]);
        if let Some(deflate) = self.deflate.as_mut().filter(|_| self.message.is_compressed) {
            deflate.compressed.receive(&self.seen[..whole]);
        }
        self.seen.drain(..whole);
        if let Some(current) = &mut self.current {
            current.left -= whole as u64;
        }
        if ends && refusal.is_none() {
            self.current = None;
            self.end_message(&header);
        }
        match (brush.finish(), refusal) {
            (good, Some(refusal)) => Step::Refused(good, refusal),
            (None, None) => Step::Wait,
            (Some(painted), None) => Step::Painted(painted),
        }
    }

    /// Gives the receiver some bytes; returns them unmasked, with the same count as [`receive`].
    fn receive(&mut self, bytes: &[u8]) -> Result<(Vec<u8>, u64), Error> {
        let mut plain = bytes.to_vec();
        let characters = receive(&mut self.receiver, &mut plain)?;
        Ok((plain, characters))
    }

    /// A data frame has ended. Of a message in one frame there is nothing to put together.
    fn end_message(&mut self, header: &Header) {
        let is_shown = header.opcode != Opcode::Continuation && !self.message.is_compressed;
        self.is_put_together = header.fin && !header.opcode.is_control() && !is_shown;
    }

    /// What the last step has completed beside frames: compressed bytes that are explained, a message.
    pub(super) fn take_derived(&mut self) -> Vec<Derived> {
        let mut derived = Vec::new();
        let ends = std::mem::take(&mut self.is_put_together);
        let mut content = None;
        if let Some(deflate) = self.deflate.as_mut().filter(|_| self.message.is_compressed) {
            if ends {
                content = Some(deflate.compressed.end_message(deflate.takeover));
            }
            derived = deflate.compressed.take();
        }
        if ends {
            let message = std::mem::take(&mut self.message);
            derived.push(message.put_together(content));
        }
        derived
    }
}

/// Gives the receiver some bytes, which are unmasked in place. Returns how many bytes of a text have become whole
/// characters.
fn receive(receiver: &mut Receiver, mut bytes: &mut [u8]) -> Result<u64, Error> {
    Ok(match receiver.receive(&mut bytes)? {
        Some(Received::Part {
            data: Data::Text(text),
            ..
        }) => text.len() as u64,
        _ => 0,
    })
}

impl Message {
    fn begin(&mut self, header: &Header, is_compressed: bool, characters: u64) {
        if header.opcode != Opcode::Continuation {
            *self = Message {
                is_text: header.opcode == Opcode::Text,
                is_compressed,
                ..Message::default()
            };
        }
        self.frames += 1;
        self.characters += characters;
    }

    /// How many of the next `bytes` are painted now: of a text, those that are whole characters. A frame may
    /// end inside a character.
    fn whole(&self, bytes: usize, ends: bool) -> usize {
        match self.is_text && !self.is_compressed && !ends {
            true => self.characters.saturating_sub(self.bytes) as usize,
            false => bytes,
        }
    }

    fn add(&mut self, plain: &[u8]) {
        self.bytes += plain.len() as u64;
        let room = SHOWN + 1 - self.first_bytes.len();
        self.first_bytes.extend(plain.iter().take(room));
    }

    /// The span of all. `content`: what has come out of a compressed one.
    fn put_together(self, content: Option<Content>) -> Derived {
        let plain = Content {
            first_bytes: self.first_bytes,
            length: self.bytes,
            compressed: None,
            cut: None,
        };
        let content = content.unwrap_or(plain);
        let (bytes, frames) = (content.length, self.frames);
        let (layer, first_bytes, mut span) = content.derived(Label::Message);
        if frames > 1 {
            let kind = if self.is_text { "text" } else { "binary" };
            let says = format!("{kind}, {bytes} bytes in {frames} frames");
            span.notes.push(Note::new(Label::MessageFrames, says));
        }
        (layer, first_bytes, span)
    }
}

fn paint_header(brush: &mut Brush<'_>, header: &Header, length: usize) {
    let bit = |is_set: bool| if is_set { "1" } else { "0" };
    let opcode = header.opcode;
    let fin = if header.fin { "FIN " } else { "" };
    brush.valued(1, Label::FrameFirst, format!("{fin}{opcode:?}"));
    brush.bits(Label::Fin, 0x80, bit(header.fin));
    brush.bits(Label::Rsv1, 0x40, bit(header.rsv & 4 != 0));
    brush.bits(Label::Rsv2, 0x20, bit(header.rsv & 2 != 0));
    brush.bits(Label::Rsv3, 0x10, bit(header.rsv & 1 != 0));
    let says = format!("{} {opcode:?}", opcode as u8);
    brush.bits(Label::FrameOpcode, 0x0f, says);
    let mask = header.key.is_some();
    let short = brush.ahead(2).first().map_or(0, |byte| byte & 0x7f);
    let says = if mask { "MASK " } else { "" };
    brush.valued(2, Label::FrameSecond, format!("{says}{short}"));
    brush.bits(Label::MaskBit, 0x80, bit(mask));
    brush.bits(Label::Length7Bits, 0x7f, short.to_string());
    let key_at = length - header.key.map_or(0, |key| key.len());
    let long = match key_at {
        4 => Label::Length16Bits,
        _ => Label::Length64Bits,
    };
    brush.valued(key_at, long, header.length.to_string());
    let key = hex(&header.key.unwrap_or_default());
    brush.valued(length, Label::FrameKey, key);
}

/// Code and reason, of a payload that breaks no rule.
fn paint_close(brush: &mut Brush<'_>, header: &Header, plain: &[u8]) {
    let (code, reason) = plain.split_at(2.min(plain.len()));
    let number = Close::decode(plain).map_or(0, |close| close.number());
    let (code_end, end) = (brush.at() + code.len(), brush.at() + plain.len());
    let code = number.to_string();
    text_leaf(brush, code_end, Label::CloseCode, header, code);
    text_leaf(brush, end, Label::CloseReason, header, shown(reason));
}

/// Masked bytes in hexadecimal, and what they are unmasked as a note; unmasked bytes as what they are.
fn text_leaf(brush: &mut Brush<'_>, end: usize, label: Label, header: &Header, says: String) {
    if end <= brush.at() {
        return;
    }
    match header.key {
        None => brush.valued(end, label, says),
        Some(_) => {
            brush.valued(end, label, hex(brush.ahead(end)));
            brush.note(Label::Unmasked, says);
        }
    }
}
