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
//! [`take`](Receiver::take) takes a piece of a frame, and the receiver says whether a message (or a control frame) is
//! complete with it; [`data`](Receiver::data) or [`control`](Receiver::control) then borrows it. The driver calls the
//! two halves itself.

use super::super::close::Close;
use super::super::deflate::{Agreement, Decompressor, Inflating};
use super::super::error::{Error, Rule};
use super::super::frame::Opcode;
use super::super::message::{Collected, Data, Kind, Limits};
use super::frames::Frames;
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
    /// What is complete with the piece that was taken last.
    complete: Option<Complete>,
    /// The payload of a control frame that is cut.
    control: Vec<u8>,
    /// The message that came in several pieces.
    message: Collected,
    /// What was agreed on for compressed messages.
    deflate: Option<Box<Deflated>>,
}

/// Where the bytes are of a message that is complete, or of a part or a control frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Complete {
    /// In what was read.
    Read,
    /// In the buffer that collects pieces.
    Collected,
}

/// The part of a receiver that only compressed messages need.
#[derive(Debug)]
struct Deflated {
    inflating: Inflating,
    /// More comes out of the piece that was taken last.
    more: bool,
}

impl Receiver {
    /// At the start of a connection, seen from this end.
    pub fn new(role: Role, limits: Limits) -> Receiver {
        Receiver {
            frames: Frames::new(role, limits.message_bytes as u64),
            in_parts: false,
            complete: None,
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

    /// The same from the start, and `lend` lends the decompressors, for windows of so many bits.
    #[inline(never)] // a connection without it keeps no stack pages for it
    pub(crate) fn deflated(
        role: Role,
        limits: Limits,
        agreement: &Agreement,
        lend: fn(u8) -> Box<Decompressor>,
    ) -> Receiver {
        Receiver::new(role, limits).with_deflate_from(agreement, lend)
    }

    fn with_deflate_from(
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
                more: false,
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

    /// How long the header of a short frame is.
    pub(crate) fn short_header_bytes(&self) -> usize {
        self.frames.role().other().short_header_bytes()
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
        deflate.is_some_and(|deflate| deflate.more)
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
            if !self.take(bytes)? {
                *bytes = &mut [];
                return Ok(None);
            }
            let read = bytes.split_off_mut(..self.taken()).unwrap_or_default();
            if self.is_complete() {
                return self.received(read).map(Some);
            }
        }
    }

    /// Takes a piece of one frame from the front of `bytes`, where it is unmasked. False: all bytes are
    /// taken, read more.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    #[inline(always)] // no call for each frame
    pub(crate) fn take(&mut self, bytes: &mut [u8]) -> Result<bool, Error> {
        if self.has_more() {
            return self.take_more();
        }
        match self.frames.next(bytes) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) => return Err(self.failed(error)),
        }
        let piece = self.frames.frame();
        self.complete = match piece.is_whole() {
            true => Some(Complete::Read),
            false if self.is_control() => self.collect_control(bytes),
            false if piece.is_compressed => self.inflate(bytes)?,
            false => self.collect(bytes)?,
        };
        Ok(true)
    }

    /// How many bytes were taken.
    #[inline]
    pub(crate) fn taken(&self) -> usize {
        self.frames.frame().bytes()
    }

    /// Whether a piece of a control frame was taken.
    #[inline]
    pub(crate) fn is_control(&self) -> bool {
        self.frames.frame().opcode.is_control()
    }

    /// Whether a message is complete with what was taken, or a part or a control frame.
    #[inline]
    pub(crate) fn is_complete(&self) -> bool {
        self.complete.is_some()
    }

    /// Whether a message ends with what is complete.
    #[inline]
    pub(crate) fn is_last(&self) -> bool {
        self.frames.frame().is_last() && !self.has_more()
    }

    /// What is complete now. `read` are the bytes from which [`take`](Self::take) took it.
    fn received<'s>(&'s mut self, read: &'s [u8]) -> Result<Received<'s>, Error> {
        let (in_parts, last) = (self.in_parts, self.is_last());
        if self.is_control() {
            return self.control(read);
        }
        let data = self.data(read)?;
        Ok(match in_parts {
            true => Received::Part { data, last },
            false => Received::Message(data),
        })
    }

    /// The message that is complete now, or the part of one. `read` are the bytes from which [`take`](Self::take) took
    /// it.
    ///
    /// # Errors
    /// As [`receive`](Self::receive). The text of a message that was not collected is judged here.
    #[inline]
    pub(crate) fn data<'s>(&'s mut self, read: &'s [u8]) -> Result<Data<'s>, Error> {
        let piece = self.frames.frame();
        let data = match self.complete {
            Some(Complete::Collected) => return Ok(self.message.data()),
            _ => Data::whole(kind(piece.opcode), piece.payload(read)),
        };
        data.inspect_err(|_| self.frames.passed(Event::Fail))
    }

    /// The control frame that is complete now.
    ///
    /// # Errors
    /// As [`receive`](Self::receive). The code and the reason of a Close frame are judged here.
    pub(crate) fn control<'s>(&'s mut self, read: &'s [u8]) -> Result<Received<'s>, Error> {
        let piece = self.frames.frame();
        let payload = match self.complete {
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

    fn collect_control(&mut self, read: &[u8]) -> Option<Complete> {
        let piece = self.frames.frame();
        if piece.begins() {
            self.control.clear();
        }
        self.control.extend_from_slice(piece.payload(read));
        piece.ends().then_some(Complete::Collected)
    }

    /// Collects a piece of a message, unless it can be borrowed from what was read. `None`: nothing is
    /// complete yet.
    fn collect(&mut self, read: &[u8]) -> Result<Option<Complete>, Error> {
        let piece = self.frames.frame();
        if piece.is_first() {
            self.message.start(kind(piece.opcode));
        } else if self.in_parts {
            self.message.part_returned();
        }
        let (payload, last) = (piece.payload(read), piece.is_last());
        if self.in_parts && self.message.kind() == Kind::Binary {
            let is_part = last || !payload.is_empty();
            return Ok(is_part.then_some(Complete::Read));
        }
        self.append(payload, last)
            .map_err(|error| self.failed(error))?;
        let is_part = self.in_parts && !self.message.data().bytes().is_empty();
        Ok((last || is_part).then_some(Complete::Collected))
    }

    /// Inflates a piece of a compressed message. `None`: nothing is complete yet.
    #[inline(never)]
    fn inflate(&mut self, read: &[u8]) -> Result<Option<Complete>, Error> {
        let Some(deflate) = &mut self.deflate else {
            return Ok(None); // and so RSV1 was refused
        };
        let piece = self.frames.frame();
        if piece.is_first() {
            self.message.start(kind(piece.opcode));
            deflate.inflating.start();
        } else if self.in_parts {
            self.message.part_returned();
        }
        let (payload, last) = (piece.payload(read), piece.is_last());
        let more = deflate.inflating.inflate(payload, last, &mut self.message);
        self.inflated(more)
    }

    /// The next part that comes out of a piece, whose bytes were taken before.
    #[cold]
    fn take_more(&mut self) -> Result<bool, Error> {
        let Some(deflate) = &mut self.deflate else {
            return Ok(false);
        };
        self.frames.take_nothing();
        self.message.part_returned();
        let last = self.frames.frame().is_last();
        let more = deflate.inflating.go_on(last, &mut self.message);
        self.complete = self.inflated(more)?;
        Ok(true)
    }

    /// What is complete now; if `more` comes out of the piece, the message is not.
    fn inflated(&mut self, more: Result<bool, Error>) -> Result<Option<Complete>, Error> {
        if let Some(deflate) = &mut self.deflate {
            deflate.more = more.is_ok_and(|more| more);
        }
        let more = more.map_err(|error| self.failed(error))?;
        let is_last = self.frames.frame().is_last() && !more;
        let is_part = self.in_parts && !self.message.data().bytes().is_empty();
        Ok((is_last || is_part).then_some(Complete::Collected))
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
