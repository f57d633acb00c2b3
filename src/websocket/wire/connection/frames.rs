//! Frames as they come: headers judged, payloads unmasked, in pieces as the reads cut them.
//!
//! Here is judged what a header alone cannot tell: who masks, what has been negotiated, what came
//! before, how long the message is by now.

use super::super::error::{Error, Rule};
use super::super::frame::{Header, Opcode};
use super::super::mask::Mask;
use super::{Event, Role, State, step};

/// The reserved bits that an extension has given a meaning: none is negotiated.
const MEANT: u8 = 0;

/// The peer's frames.
#[derive(Debug)]
pub(super) struct Frames {
    role: Role,
    state: State,
    /// The longest message.
    limit: u64,
    /// All payloads of the message at hand, up to and with the frame at hand.
    message: u64,
    header: Kept<{ Header::MAX }>,
    frame: Option<Frame>,
}

/// The frame whose payload is coming.
#[derive(Debug)]
struct Frame {
    opcode: Opcode,
    event: Event,
    left: u64,
    mask: Option<Mask>,
    begun: bool,
}

/// What has come of a frame's payload with one read, unmasked.
#[derive(Debug)]
pub(super) struct Piece<'b> {
    pub(super) opcode: Opcode,
    pub(super) event: Event,
    pub(super) bytes: &'b [u8],
    /// Whether it is the first of its frame.
    pub(super) begins: bool,
    /// Whether it is the last of its frame.
    pub(super) ends: bool,
}

impl Frames {
    pub(super) fn new(role: Role, limit: u64) -> Frames {
        Frames {
            role,
            state: State::Idle,
            limit,
            message: 0,
            header: Kept::EMPTY,
            frame: None,
        }
    }

    pub(super) fn unlimited(self) -> Frames {
        let limit = u64::MAX;
        Frames { limit, ..self }
    }

    #[inline]
    pub(super) fn state(&self) -> State {
        self.state
    }

    /// Whether neither a message nor a frame is on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.state != State::Message && self.frame.is_none()
    }

    /// What has come of the frame at hand, or of the next one. `None`: all bytes are taken.
    #[inline]
    pub(super) fn next<'b>(
        &mut self,
        bytes: &mut &'b mut [u8],
    ) -> Result<Option<Piece<'b>>, Error> {
        // RFC 6455 §7.1.7: "An endpoint MUST NOT continue to attempt to process data (including a
        // responding Close frame) from the remote endpoint after being instructed to _Fail the
        // WebSocket Connection_."
        if !matches!(self.state, State::Idle | State::Message) {
            *bytes = &mut [];
            return Ok(None);
        }
        let frame = match self.frame.take() {
            Some(frame) => Some(frame),
            None => self.begin(bytes)?,
        };
        let Some(mut frame) = frame else {
            return Ok(None);
        };
        let piece = frame.take(bytes);
        if !piece.ends {
            self.frame = Some(frame);
        } else if piece.event != Event::Close {
            // What a Close frame says may be wrong: `Receiver` reads it first.
            self.passed(piece.event);
        }
        let waits = piece.bytes.is_empty() && !piece.ends;
        Ok((!waits).then_some(piece))
    }

    /// A frame is here, whole and good; or, with `Fail`, nothing more is taken.
    #[inline]
    pub(super) fn passed(&mut self, event: Event) {
        self.state = step(self.state, event).unwrap_or(self.state);
    }

    /// Begins with the next frame, if its header is here.
    #[inline]
    fn begin(&mut self, bytes: &mut &mut [u8]) -> Result<Option<Frame>, Error> {
        let Some(header) = self.header(bytes)? else {
            return Ok(None);
        };
        Ok(Some(Frame {
            opcode: header.opcode,
            event: self.judge(&header)?,
            left: header.length,
            mask: header.key.map(Mask::new),
            begun: false,
        }))
    }

    /// The next header. The bytes of one that is cut are kept.
    #[inline]
    fn header(&mut self, bytes: &mut &mut [u8]) -> Result<Option<Header>, Error> {
        let kept = self.header.length;
        let decoded = match kept {
            0 => Header::decode(bytes)?,
            _ => {
                self.header.push(bytes);
                Header::decode(self.header.bytes())?
            }
        };
        let Some((header, length)) = decoded else {
            if kept == 0 {
                self.header.push(bytes);
            }
            *bytes = &mut [];
            return Ok(None);
        };
        let _ = bytes.split_off_mut(..length - kept);
        self.header.length = 0;
        Ok(Some(header))
    }

    #[inline]
    fn judge(&mut self, header: &Header) -> Result<Event, Error> {
        // RFC 6455 §5.2: "If a nonzero value is received and none of the negotiated extensions
        // defines the meaning of such a nonzero value, the receiving endpoint MUST _Fail the
        // WebSocket Connection_."
        if header.rsv & !MEANT != 0 {
            return Err(refused(header, Rule::ReservedBitSet, 0));
        }
        if let Err(rule) = self.role.judge_mask(header.key.is_some()) {
            return Err(refused(header, rule, 1));
        }
        let event = event(header);
        if step(self.state, event).is_none() {
            let rule = match event {
                Event::Middle | Event::Last => Rule::ContinuationOfNothing,
                _ => Rule::MessageInterrupted,
            };
            return Err(refused(header, rule, 0));
        }
        self.count(header, event)?;
        Ok(event)
    }

    // RFC 6455 §10.4: "Such an implementation SHOULD impose a limit on frame sizes and the total
    // message size after reassembly from multiple frames."
    #[inline]
    fn count(&mut self, header: &Header, event: Event) -> Result<(), Error> {
        self.message = match event {
            Event::Whole | Event::First => header.length,
            Event::Middle | Event::Last => self.message.saturating_add(header.length),
            Event::Control | Event::Close | Event::Fail => return Ok(()),
        };
        match self.message > self.limit {
            true => Err(refused(header, Rule::MessageTooBig, 1)),
            false => Ok(()),
        }
    }
}

impl Frame {
    /// What is here of the payload.
    #[inline]
    fn take<'b>(&mut self, bytes: &mut &'b mut [u8]) -> Piece<'b> {
        let here = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let taken = bytes.split_off_mut(..here).unwrap_or_default();
        if let Some(mask) = &mut self.mask {
            mask.apply(taken);
        }
        self.left -= here as u64;
        let begins = !self.begun;
        self.begun |= here > 0;
        Piece {
            opcode: self.opcode,
            event: self.event,
            bytes: taken,
            begins,
            ends: self.left == 0,
        }
    }
}

impl Piece<'_> {
    /// Whether a message, or a control frame, lies whole in what was read.
    #[inline]
    pub(super) fn is_whole(&self) -> bool {
        let alone = matches!(self.event, Event::Whole | Event::Control | Event::Close);
        alone && self.begins && self.ends
    }

    /// Whether a message begins with it.
    #[inline]
    pub(super) fn is_first(&self) -> bool {
        self.begins && matches!(self.event, Event::Whole | Event::First)
    }

    /// Whether a message ends with it.
    #[inline]
    pub(super) fn is_last(&self) -> bool {
        self.ends && matches!(self.event, Event::Whole | Event::Last)
    }
}

/// What a frame is to the messages.
#[inline]
fn event(header: &Header) -> Event {
    match (header.opcode, header.fin) {
        (Opcode::Text | Opcode::Binary, true) => Event::Whole,
        (Opcode::Text | Opcode::Binary, false) => Event::First,
        (Opcode::Continuation, false) => Event::Middle,
        (Opcode::Continuation, true) => Event::Last,
        (Opcode::Ping | Opcode::Pong, _) => Event::Control,
        (Opcode::Close, _) => Event::Close,
    }
}

#[cold]
fn refused(header: &Header, rule: Rule, at: usize) -> Error {
    let mut bytes = Vec::new();
    header.encode(&mut bytes);
    Error::new(rule, &bytes, at)
}

/// A few bytes that are kept because the rest of them is still to come.
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
