//! The half that receives: bytes in, messages out.
//!
//! ```text
//!   read      81 8c 37 fa 21 3d  5f 9f 4d 51 …  │ 01 83 37 fa …
//!             ├──── header ───┤  ├─ payload ─┤
//!                  judged        unmasked in place, and borrowed from there
//! ```
//!
//! [`receive`](Receiver::receive) takes all the bytes that it is given: of a cut header the first bytes
//! are kept; of a cut payload what has come is unmasked, judged and collected. So the caller's read
//! buffer is empty again when `receive` returns `None`, and may be of any size.
//!
//! `receive` has two halves, because a loop cannot return what it borrows in one of its rounds.
//! [`take`](Receiver::take) takes a piece of a frame and says whether a message (or a control frame) is
//! complete; [`received`](Receiver::received) then borrows it. The driver calls the two halves itself.

use super::super::close::Close;
use super::super::deflate::{Agreement, Decompressor, Inflating};
use super::super::error::{Error, Rule};
use super::super::frame::Opcode;
use super::super::message::{Collected, Data, Kind, Limits};
use super::frames::{Complete, Frames, Piece};
use super::role::Role;
use super::state::{Event, State, step};

/// A quiet connection may keep a buffer of this size.
const SMALL_BYTES: usize = 512;

/// What has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// A message.
    Message(Data<'a>),
    /// A part of one, where messages are received [in parts](Receiver::in_parts).
    Part {
        /// What has come since the part before. Only the last part may be empty.
        data: Data<'a>,
        /// Whether the message ends with it.
        last: bool,
    },
    /// A ping: it has to be answered with the same bytes.
    Ping(&'a [u8]),
    /// A pong: an answer to a ping, or a sign of life.
    Pong(&'a [u8]),
    /// The peer closes: it has to be answered, and nothing follows.
    Close(Close<'a>),
}

/// Takes the peer's bytes.
#[derive(Debug)]
pub struct Receiver {
    frames: Frames,
    in_parts: bool,
    /// The payload of a control frame that is cut.
    control: Vec<u8>,
    /// The message that came in several pieces.
    message: Collected,
    /// What was agreed on for compressed messages.
    deflate: Option<Box<Deflated>>,
}

/// The part of a receiver that only compressed messages need.
#[derive(Debug)]
struct Deflated {
    inflating: Inflating,
    /// More comes out of this piece.
    more: Option<Piece>,
}

impl Receiver {
    /// At the start of a connection, seen from this end.
    pub fn new(role: Role, limits: Limits) -> Receiver {
        Receiver {
            frames: Frames::new(role, limits.message_bytes as u64),
            in_parts: false,
            control: Vec::new(),
            message: Collected::new(),
            deflate: None,
        }
    }

    /// Messages may be compressed, as was agreed on in the handshake.
    #[must_use]
    pub fn with_deflate(self, agreement: &Agreement) -> Receiver {
        self.with_deflate_from(agreement, Decompressor::new)
    }

    /// The same, and `lend` lends the decompressors, for windows of so many bits.
    pub(crate) fn with_deflate_from(
        self,
        agreement: &Agreement,
        lend: fn(u8) -> Box<Decompressor>,
    ) -> Receiver {
        let agreed = self.frames.role().received(agreement);
        let limit = Some(self.frames.limit()).filter(|_| !self.in_parts);
        let inflating = Inflating::new(agreed, limit, lend);
        Receiver {
            frames: self.frames.with_deflate(),
            deflate: Some(Box::new(Deflated {
                inflating,
                more: None,
            })),
            ..self
        }
    }

    /// Messages are returned in parts, as they come: nothing is kept, and none is too long.
    #[must_use]
    pub fn in_parts(mut self) -> Receiver {
        if let Some(deflate) = &mut self.deflate {
            deflate.inflating.in_parts();
        }
        Receiver {
            frames: self.frames.unlimited(),
            in_parts: true,
            ..self
        }
    }

    /// The state of the peer's direction.
    #[inline]
    pub fn state(&self) -> State {
        self.frames.state()
    }

    /// Whether nothing has come of a message or a frame that is not complete.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        self.frames.is_idle() && !self.has_more()
    }

    /// Whether [`take`](Self::take) has more to return before it needs bytes.
    #[inline]
    pub(crate) fn has_more(&self) -> bool {
        let deflate = self.deflate.as_ref();
        deflate.is_some_and(|deflate| deflate.more.is_some())
    }

    /// Between two messages: a decompressor that was lent.
    #[inline]
    pub(crate) fn give_back(&mut self) -> Option<Box<Decompressor>> {
        self.deflate.as_mut()?.inflating.give_back()
    }

    /// Whether a compressed message has left a large buffer behind.
    #[inline]
    pub(crate) fn is_large(&self) -> bool {
        self.deflate.is_some() && self.message.capacity() > SMALL_BYTES
    }

    /// Takes bytes until something is complete, and leaves the others in `bytes`. `None`: all are taken,
    /// read more. The bytes are changed in place, because they are unmasked there.
    ///
    /// Bytes behind a Close frame, or behind an error, are dropped.
    ///
    /// # Errors
    /// The first rule that is broken, as soon as the byte has come that breaks it: by a header
    /// before its payload, by a text in the middle of a frame.
    #[inline]
    pub fn receive<'s, 'b: 's>(
        &'s mut self,
        bytes: &mut &'b mut [u8],
    ) -> Result<Option<Received<'s>>, Error> {
        loop {
            let Some(piece) = self.take(bytes)? else {
                *bytes = &mut [];
                return Ok(None);
            };
            let read = bytes.split_off_mut(..piece.bytes()).unwrap_or_default();
            if piece.is_complete() {
                return self.received(piece, read).map(Some);
            }
        }
    }

    /// Takes a piece of one frame from the front of `bytes`, where it is unmasked. `None`: all bytes are
    /// taken, read more.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    #[inline]
    pub(crate) fn take(&mut self, bytes: &mut [u8]) -> Result<Option<Piece>, Error> {
        if self.has_more() {
            return self.take_more();
        }
        let mut piece = match self.frames.next(bytes) {
            Ok(Some(piece)) => piece,
            Ok(None) => return Ok(None),
            Err(error) => return Err(self.failed(error)),
        };
        piece.complete = match piece.is_whole() {
            true => Some(Complete::Read),
            false if piece.is_control() => self.collect_control(&piece, bytes),
            false if piece.is_compressed => self.inflate(&mut piece, bytes)?,
            false => self.collect(&piece, bytes)?,
        };
        Ok(Some(piece))
    }

    /// What is complete now. `read` are the bytes from which [`take`](Self::take) took it.
    ///
    /// # Errors
    /// As [`receive`](Self::receive). The text of a message that was not collected is judged here, and so are
    /// the code and the reason of a Close frame.
    #[inline]
    pub(crate) fn received<'s>(
        &'s mut self,
        piece: Piece,
        read: &'s [u8],
    ) -> Result<Received<'s>, Error> {
        if piece.is_control() {
            return self.control(&piece, read);
        }
        let data = match piece.complete {
            Some(Complete::Collected) => Ok(self.message.data()),
            _ => Data::whole(kind(piece.opcode), piece.payload(read)),
        };
        let data = data.inspect_err(|_| self.frames.passed(Event::Fail))?;
        Ok(match self.in_parts {
            true => Received::Part {
                data,
                last: piece.is_last(),
            },
            false => Received::Message(data),
        })
    }

    /// The peer's bytes have ended.
    ///
    /// # Errors
    /// [`Rule::ClosedAbnormally`] where no Close frame came, and no error was returned before.
    pub fn end(&mut self) -> Result<(), Error> {
        match step(self.state(), Event::Fail) {
            Some(_) => Err(self.failed(Error::whole(Rule::ClosedAbnormally))),
            None => Ok(()),
        }
    }

    /// Gives the memory of long messages back, down to `bytes`, unless a message or a frame has begun: for
    /// a connection that has become quiet.
    pub fn shrink(&mut self, bytes: usize) {
        if self.is_idle() {
            self.message.start(Kind::Binary);
            self.message.shrink(bytes);
            if let Some(deflate) = &mut self.deflate {
                deflate.inflating.shrink();
            }
        }
    }

    #[cold]
    fn failed(&mut self, error: Error) -> Error {
        self.frames.passed(Event::Fail);
        error
    }

    fn collect_control(&mut self, piece: &Piece, read: &[u8]) -> Option<Complete> {
        if piece.begins {
            self.control.clear();
        }
        self.control.extend_from_slice(piece.payload(read));
        piece.ends.then_some(Complete::Collected)
    }

    fn control<'s>(&'s mut self, piece: &Piece, read: &'s [u8]) -> Result<Received<'s>, Error> {
        let payload = match piece.complete {
            Some(Complete::Collected) => &self.control,
            _ => piece.payload(read),
        };
        match piece.opcode {
            Opcode::Ping => Ok(Received::Ping(payload)),
            Opcode::Pong => Ok(Received::Pong(payload)),
            _ => {
                let close = Close::decode(payload);
                match close {
                    Ok(_) => self.frames.passed(Event::Close),
                    Err(_) => self.frames.passed(Event::Fail),
                }
                close.map(Received::Close)
            }
        }
    }

    /// Collects a piece of a message, unless it can be borrowed from what was read. `None`: nothing is
    /// complete yet.
    fn collect(&mut self, piece: &Piece, read: &[u8]) -> Result<Option<Complete>, Error> {
        if piece.is_first() {
            self.message.start(kind(piece.opcode));
        } else if self.in_parts {
            self.message.part_returned();
        }
        let payload = piece.payload(read);
        if self.in_parts && self.message.kind() == Kind::Binary {
            let is_part = piece.is_last() || !payload.is_empty();
            return Ok(is_part.then_some(Complete::Read));
        }
        self.append(payload, piece.is_last())
            .map_err(|error| self.failed(error))?;
        let is_part = self.in_parts && !self.message.data().bytes().is_empty();
        Ok((piece.is_last() || is_part).then_some(Complete::Collected))
    }

    /// Inflates a piece of a compressed message. `None`: nothing is complete yet.
    #[inline(never)]
    fn inflate(&mut self, piece: &mut Piece, read: &[u8]) -> Result<Option<Complete>, Error> {
        let Some(deflate) = &mut self.deflate else {
            return Ok(None); // and so RSV1 was refused
        };
        if piece.is_first() {
            self.message.start(kind(piece.opcode));
            deflate.inflating.start();
        } else if self.in_parts {
            self.message.part_returned();
        }
        let (payload, last) = (piece.payload(read), piece.is_last());
        let more = deflate.inflating.inflate(payload, last, &mut self.message);
        deflate.more = more.is_ok_and(|more| more).then(|| piece.taken());
        self.inflated(piece, more)
    }

    /// The next part that comes out of a piece.
    #[cold]
    fn take_more(&mut self) -> Result<Option<Piece>, Error> {
        let Some(deflate) = &mut self.deflate else {
            return Ok(None);
        };
        let Some(mut piece) = deflate.more.take() else {
            return Ok(None);
        };
        self.message.part_returned();
        let more = deflate.inflating.go_on(piece.is_last(), &mut self.message);
        deflate.more = more.is_ok_and(|more| more).then_some(piece);
        piece.complete = self.inflated(&mut piece, more)?;
        Ok(Some(piece))
    }

    /// What is complete now; if `more` comes out of the piece, it has not ended.
    fn inflated(
        &mut self,
        piece: &mut Piece,
        more: Result<bool, Error>,
    ) -> Result<Option<Complete>, Error> {
        let more = more.map_err(|error| self.failed(error))?;
        piece.ends &= !more;
        let is_part = self.in_parts && !self.message.data().bytes().is_empty();
        Ok((piece.is_last() || is_part).then_some(Complete::Collected))
    }

    fn append(&mut self, payload: &[u8], last: bool) -> Result<(), Error> {
        self.message.push(payload)?;
        match last {
            true => self.message.finish(),
            false => Ok(()),
        }
    }
}

/// What a message is, by the opcode of its first frame.
#[inline]
fn kind(opcode: Opcode) -> Kind {
    match opcode {
        Opcode::Text => Kind::Text,
        _ => Kind::Binary,
    }
}
