//! The half that receives: bytes in, messages out.
//!
//! ```text
//!   read      81 8c 37 fa 21 3d  5f 9f 4d 51 …  │ 01 83 37 fa …
//!             ├──── header ───┤  ├─ payload ─┤
//!                  judged        unmasked where it lies, and borrowed from there
//! ```
//!
//! All bytes that are shown are taken: of a header that is cut its first bytes are kept, of a payload
//! that is cut what has come is unmasked, judged and collected. So a read buffer is empty again when
//! `receive` says `None`, and may be of any size.

use super::super::close::Close;
use super::super::error::{Error, Rule};
use super::super::frame::Opcode;
use super::super::limits::Limits;
use super::super::message::{Collected, Data, Kind};
use super::frames::{Frames, Piece};
use super::{Event, Role, State, step};

/// What has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// A message.
    Message(Data<'a>),
    /// A part of one, where they are given out [in parts](Receiver::in_parts).
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

/// Where a message lies, or a part of one.
enum Place {
    /// In what was read.
    Read,
    /// In the buffer where pieces are collected.
    Collected,
}

/// Takes the peer's bytes.
#[derive(Debug)]
pub struct Receiver {
    frames: Frames,
    in_parts: bool,
    /// The payload of a control frame that is cut.
    control: Vec<u8>,
    /// The message whose pieces are apart.
    message: Collected,
}

impl Receiver {
    /// At the start of a connection, seen from this end.
    pub fn new(role: Role, limits: Limits) -> Receiver {
        Receiver {
            frames: Frames::new(role, limits.message_bytes as u64),
            in_parts: false,
            control: Vec::new(),
            message: Collected::new(),
        }
    }

    /// Messages are given out in parts, as they come: nothing is kept, and none is too long.
    #[must_use]
    pub fn in_parts(self) -> Receiver {
        Receiver {
            frames: self.frames.unlimited(),
            in_parts: true,
            ..self
        }
    }

    /// Where the peer's frames stand.
    pub fn state(&self) -> State {
        self.frames.state()
    }

    /// Takes bytes up to the next thing there is to say, and leaves the others in `bytes`. `None`:
    /// all are taken, read more. The bytes are changed where they lie, because a mask is taken off.
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
            let piece = match self.frames.next(bytes) {
                Ok(Some(piece)) => piece,
                Ok(None) => return Ok(None),
                Err(error) => return Err(self.failed(error)),
            };
            if piece.opcode.is_control() {
                if self.keep(&piece) {
                    return self.control(piece).map(Some);
                }
            } else if let Some(place) = self.collect(&piece)? {
                return self.data(piece, place).map(Some);
            }
        }
    }

    /// The peer's bytes have ended.
    ///
    /// # Errors
    /// [`Rule::ClosedAbnormally`] where no Close frame came, and no error was told before.
    pub fn end(&mut self) -> Result<(), Error> {
        match step(self.state(), Event::Fail) {
            Some(_) => Err(self.failed(Error::whole(Rule::ClosedAbnormally))),
            None => Ok(()),
        }
    }

    /// Gives the memory of long messages back, down to so many bytes, if no message is on its way:
    /// for a connection that has become quiet.
    pub fn shrink(&mut self, bytes: usize) {
        if self.frames.is_idle() {
            self.message.start(Kind::Binary);
            self.message.shrink(bytes);
        }
    }

    #[cold]
    fn failed(&mut self, error: Error) -> Error {
        self.frames.passed(Event::Fail);
        error
    }

    // ---- control frames ---------------------------------------------------------------------

    /// Whether a control frame is whole now. What is cut is kept.
    fn keep(&mut self, piece: &Piece<'_>) -> bool {
        if piece.begins {
            self.control.clear();
        }
        if !piece.is_whole() {
            self.control.extend_from_slice(piece.bytes);
        }
        piece.ends
    }

    fn control<'s, 'b: 's>(&'s mut self, piece: Piece<'b>) -> Result<Received<'s>, Error> {
        let payload = match piece.is_whole() {
            true => piece.bytes,
            false => &self.control,
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

    // ---- messages ---------------------------------------------------------------------------

    /// Takes a piece of a message. If there is something to give out now: where it lies.
    #[inline]
    fn collect(&mut self, piece: &Piece<'_>) -> Result<Option<Place>, Error> {
        if piece.is_whole() {
            return Ok(Some(Place::Read));
        }
        if piece.is_first() {
            self.message.start(kind(piece.opcode));
        } else if self.in_parts {
            self.message.given_out();
        }
        if self.in_parts && self.message.kind() == Kind::Binary {
            let gives = piece.is_last() || !piece.bytes.is_empty();
            return Ok(gives.then_some(Place::Read));
        }
        self.append(piece).map_err(|error| self.failed(error))?;
        let part = self.in_parts && !self.message.data().bytes().is_empty();
        Ok((piece.is_last() || part).then_some(Place::Collected))
    }

    fn append(&mut self, piece: &Piece<'_>) -> Result<(), Error> {
        self.message.push(piece.bytes)?;
        match piece.is_last() {
            true => self.message.finish(),
            false => Ok(()),
        }
    }

    #[inline]
    fn data<'s, 'b: 's>(
        &'s mut self,
        piece: Piece<'b>,
        place: Place,
    ) -> Result<Received<'s>, Error> {
        let data = match place {
            Place::Read => Data::whole(kind(piece.opcode), piece.bytes),
            Place::Collected => Ok(self.message.data()),
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
}

/// What a message is, by the opcode of its first frame.
#[inline]
fn kind(opcode: Opcode) -> Kind {
    match opcode {
        Opcode::Text => Kind::Text,
        _ => Kind::Binary,
    }
}
