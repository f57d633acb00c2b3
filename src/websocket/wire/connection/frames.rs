//! Frames as the reads bring them: each header is decoded and judged once, payloads are unmasked in
//! pieces.
//!
//! ```text
//!   read 1    81 8c 37 fa │ read 2    21 3d 5f 9f 4d 51 │ read 3    58 da 56 … 1c 81 80 …
//!             a cut header,           └─┬─┘ └────┬────┘             └────┬────┘ └──┬──┘
//!             kept                   header    piece               last piece    next frame
//! ```
//!
//! A header alone does not say whether its frame is allowed: that depends on who must mask, on what was
//! negotiated, on the frames before it and on how long the message has become. It is judged here.

use super::super::error::{Error, Rule};
use super::super::frame::{Header, Opcode};
use super::super::mask::Mask;
use super::role::Role;
use super::state::{Event, State, step};

/// RSV1: the message is compressed, where permessage-deflate was agreed on. The other reserved bits have no meaning.
pub(super) const COMPRESSED: u8 = 0b100;

/// The peer's frames.
#[derive(Debug)]
pub(super) struct Frames {
    role: Role,
    state: State,
    /// The longest message.
    limit: u64,
    /// The payloads of the current message so far, the current frame's whole payload included.
    message_bytes: u64,
    /// Whether messages may be compressed, and whether the current one is.
    deflates: bool,
    is_compressed: bool,
    /// The bytes of a header that is cut.
    header: Kept<{ Header::MAX }>,
    frame: Frame,
}

/// The frame whose payload is coming, or else the last one; and what the last read held of it: perhaps its header,
/// then a piece of its payload.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) opcode: Opcode,
    event: Event,
    /// The state when it has passed.
    after: State,
    /// Whether it belongs to a compressed message.
    pub(super) is_compressed: bool,
    mask: Option<Mask>,
    /// How much of the payload is still to come.
    left: u64,
    /// Whether a part of the payload has come, and whether the piece is the first one.
    begun: bool,
    begins: bool,
    /// How many bytes were taken with the piece, and how many of them (the last ones) are payload.
    bytes: usize,
    payload_bytes: usize,
}

impl Frames {
    pub(super) fn new(role: Role, limit: u64) -> Frames {
        Frames {
            role,
            state: State::Idle,
            limit,
            message_bytes: 0,
            deflates: false,
            is_compressed: false,
            header: Kept::EMPTY,
            frame: Frame::NONE,
        }
    }

    pub(super) fn unlimited(self) -> Frames {
        let limit = u64::MAX;
        Frames { limit, ..self }
    }

    pub(super) fn with_deflate(self) -> Frames {
        Frames {
            deflates: true,
            ..self
        }
    }

    pub(super) fn role(&self) -> Role {
        self.role
    }

    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    #[inline]
    pub(super) fn state(&self) -> State {
        self.state
    }

    /// Whether nothing has come of a message or a frame that is not complete.
    pub(super) fn is_idle(&self) -> bool {
        self.state != State::Message && self.frame.left == 0 && self.header.length == 0
    }

    /// Takes a piece of the current frame, or of the next one, from the front of `bytes`, and unmasks it: then
    /// [`frame`](Self::frame) has it. False: all bytes were taken, and there is no piece before the next read.
    #[inline]
    pub(super) fn next(&mut self, bytes: &mut [u8]) -> Result<bool, Error> {
        // RFC 6455 §7.1.7: "An endpoint MUST NOT continue to attempt to process data (including a
        // responding Close frame) from the remote endpoint after being instructed to _Fail the
        // WebSocket Connection_."
        if !matches!(self.state, State::Idle | State::Message) {
            return Ok(false);
        }
        let mut header_bytes = 0;
        if self.frame.left == 0 {
            match self.begin(bytes)? {
                Some(begun) => header_bytes = begun,
                None => return Ok(false),
            }
        }
        self.frame.take(bytes, header_bytes);
        // The payload of a Close frame may break a rule: `Receiver` reads it first.
        if self.frame.ends() && self.frame.event != Event::Close {
            self.state = self.frame.after;
        }
        Ok(self.frame.payload_bytes > 0 || self.frame.ends())
    }

    /// The piece that [`next`](Self::next) has taken.
    #[inline]
    pub(super) fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The same piece again, whose bytes were taken before.
    pub(super) fn take_nothing(&mut self) {
        (self.frame.bytes, self.frame.payload_bytes) = (0, 0);
    }

    /// A Close frame is good; or, with `Fail`, nothing more is taken.
    #[inline]
    pub(super) fn passed(&mut self, event: Event) {
        self.state = step(self.state, event).unwrap_or(self.state);
    }

    /// Begins the next frame, if its header is complete; returns how many of `bytes` are header. The bytes of one
    /// that is cut are kept.
    #[inline]
    fn begin(&mut self, bytes: &[u8]) -> Result<Option<usize>, Error> {
        if self.header.length > 0 {
            return self.begin_cut(bytes);
        }
        let Some((header, length)) = Header::decode(bytes)? else {
            self.header.push(bytes);
            return Ok(None);
        };
        self.frame = self.judge(header)?;
        Ok(Some(length))
    }

    #[cold]
    fn begin_cut(&mut self, bytes: &[u8]) -> Result<Option<usize>, Error> {
        let kept = self.header.length;
        self.header.push(bytes);
        let Some((header, length)) = Header::decode(self.header.bytes())? else {
            return Ok(None);
        };
        self.header.length = 0;
        self.frame = self.judge(header)?;
        Ok(Some(length - kept))
    }

    /// The frame, unless it is not allowed.
    #[inline(always)] // no call for each frame
    fn judge(&mut self, header: Header) -> Result<Frame, Error> {
        if header.rsv != 0 {
            self.judge_bits(header)?;
        }
        if let Err(rule) = self.role.judge_mask(header.key.is_some()) {
            return Err(refused(header, rule, 1));
        }
        let event = event(header.opcode, header.fin);
        let Some(after) = step(self.state, event) else {
            let rule = match event {
                Event::Middle | Event::Last => Rule::ContinuationOfNothing,
                _ => Rule::MessageInterrupted,
            };
            return Err(refused(header, rule, 0));
        };
        self.count(header, event)?;
        Ok(Frame {
            opcode: header.opcode,
            event,
            after,
            is_compressed: self.is_compressed && !header.opcode.is_control(),
            mask: header.key.map(Mask::new),
            left: header.length,
            ..Frame::NONE
        })
    }

    // RFC 6455 §5.2: "If a nonzero value is received and none of the negotiated extensions
    // defines the meaning of such a nonzero value, the receiving endpoint MUST _Fail the
    // WebSocket Connection_."
    // RFC 7692 §6: "An endpoint MUST NOT set the "Per-Message Compressed" bit of control frames and
    // non-first fragments of a data message. An endpoint receiving such a frame MUST _Fail the WebSocket
    // Connection_."
    #[cold]
    fn judge_bits(&self, header: Header) -> Result<(), Error> {
        let begins = matches!(header.opcode, Opcode::Text | Opcode::Binary);
        match header.rsv {
            COMPRESSED if self.deflates && begins => Ok(()),
            COMPRESSED if self.deflates => Err(refused(header, Rule::CompressedBitMisplaced, 0)),
            _ => Err(refused(header, Rule::ReservedBitSet, 0)),
        }
    }

    /// Counts the payload. That of a compressed message is counted when it comes out.
    // RFC 6455 §10.4: "Such an implementation SHOULD impose a limit on frame sizes and the total
    // message size after reassembly from multiple frames."
    #[inline]
    fn count(&mut self, header: Header, event: Event) -> Result<(), Error> {
        self.message_bytes = match event {
            Event::Whole | Event::First => {
                self.is_compressed = header.rsv != 0;
                header.length
            }
            Event::Middle | Event::Last => self.message_bytes.saturating_add(header.length),
            Event::Control | Event::Close | Event::Fail => return Ok(()),
        };
        match self.message_bytes > self.limit && !self.is_compressed {
            true => Err(refused(header, Rule::MessageTooBig, 1)),
            false => Ok(()),
        }
    }
}

impl Frame {
    /// Before the first one.
    const NONE: Frame = Frame {
        opcode: Opcode::Binary,
        event: Event::Whole,
        after: State::Idle,
        is_compressed: false,
        mask: None,
        left: 0,
        begun: false,
        begins: true,
        bytes: 0,
        payload_bytes: 0,
    };

    /// Takes what is here of the payload, behind `header_bytes`.
    #[inline]
    fn take(&mut self, bytes: &mut [u8], header_bytes: usize) {
        let behind = bytes.get_mut(header_bytes..).unwrap_or_default();
        let payload_bytes =
            usize::try_from(self.left).map_or(behind.len(), |left| left.min(behind.len()));
        if let Some(mask) = &mut self.mask {
            mask.apply(&mut behind[..payload_bytes]);
        }
        self.begins = !self.begun;
        self.begun |= payload_bytes > 0;
        self.left -= payload_bytes as u64;
        self.bytes = header_bytes + payload_bytes;
        self.payload_bytes = payload_bytes;
    }

    /// How many bytes were taken.
    #[inline]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The payload of the piece, at the end of the bytes that were taken.
    #[inline]
    pub(super) fn payload<'b>(&self, taken: &'b [u8]) -> &'b [u8] {
        &taken[self.bytes - self.payload_bytes..self.bytes]
    }

    /// Whether the piece is the first one of its frame.
    #[inline]
    pub(super) fn begins(&self) -> bool {
        self.begins
    }

    /// Whether it is the last one.
    #[inline]
    pub(super) fn ends(&self) -> bool {
        self.left == 0
    }

    /// Whether a message, or a control frame, lies in what was read as it is.
    #[inline]
    pub(super) fn is_whole(&self) -> bool {
        let alone = matches!(self.event, Event::Whole | Event::Control | Event::Close);
        alone && self.begins() && self.ends() && !self.is_compressed
    }

    /// Whether a message begins with the piece.
    #[inline]
    pub(super) fn is_first(&self) -> bool {
        self.begins() && matches!(self.event, Event::Whole | Event::First)
    }

    /// Whether a message ends with it.
    #[inline]
    pub(super) fn is_last(&self) -> bool {
        self.ends() && matches!(self.event, Event::Whole | Event::Last)
    }
}

/// What a frame does to the state of its direction.
#[inline]
fn event(opcode: Opcode, fin: bool) -> Event {
    match (opcode, fin) {
        (Opcode::Text | Opcode::Binary, true) => Event::Whole,
        (Opcode::Text | Opcode::Binary, false) => Event::First,
        (Opcode::Continuation, false) => Event::Middle,
        (Opcode::Continuation, true) => Event::Last,
        (Opcode::Ping | Opcode::Pong, _) => Event::Control,
        (Opcode::Close, _) => Event::Close,
    }
}

#[cold]
fn refused(header: Header, rule: Rule, at: usize) -> Error {
    let mut bytes = Vec::new();
    header.encode(&mut bytes);
    Error::new(rule, &bytes, at)
}

/// A few bytes that are kept until the others have come.
#[derive(Debug)]
pub(super) struct Kept<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Kept<N> {
    pub(super) const EMPTY: Kept<N> = Kept {
        bytes: [0; N],
        length: 0,
    };

    /// Copies as many of `more` as there is room for.
    pub(super) fn push(&mut self, more: &[u8]) {
        let fits = more.len().min(N - self.length);
        self.bytes[self.length..][..fits].copy_from_slice(&more[..fits]);
        self.length += fits;
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}
