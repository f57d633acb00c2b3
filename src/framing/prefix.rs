//! A length before each message, and a ring to wait in.
//!
//! ```text
//!   Prefix      00 05   48 45 4c 4c 4f   00 00   00 01   58
//!               length   H  E  L  L  O   length  length   X
//!                       message 1        empty           message 3
//! ```
//!
//! The marks are those of [`Header16`](super::Header16) without the serial number; what differs is
//! where the bytes wait. A socket can read straight into the ring, and messages are borrowed out
//! of it, so no byte is ever copied; but a message may come in two pieces. (Fed with chunks that
//! lie elsewhere, the ring copies each byte once, and the other decoders, which borrow from the
//! chunk, do less.)
//!
//! ```
//! use barewire::framing::{Encode, Framer, Message, Prefix};
//! use std::io::Read;
//!
//! let mut wire = Vec::new();
//! let mut encoder = Prefix::new().encoder();
//! encoder.encode(b"HELLO", &mut wire)?;
//! encoder.encode(b"", &mut wire)?;
//! assert_eq!(wire, b"\0\x05HELLO\0\0");
//!
//! let mut socket = wire.as_slice(); // or a real one
//! let mut decoder = Prefix::new().decoder();
//! let mut messages = Vec::new();
//! while decoder.fill(|space| socket.read(space))? > 0 {
//!     while let Some(message) = decoder.take()? {
//!         messages.push(message.to_vec());
//!     }
//! }
//! assert_eq!(messages, [&b"HELLO"[..], b""]);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The notes' code takes a message for unfinished as long as no more than its header is here. So
//! an empty one is not delivered until another comes (E16).

use super::error::{Error, Refusal};
use super::message::{Decode, Encode, Framer};
use super::ring::{Halves, Ring};

/// Bytes of the length.
const LENGTH: usize = 2;
/// The longest message that the length can announce.
const MOST: usize = u16::MAX as usize;

/// An unsigned length of two bytes before each message, decoded in a [`Ring`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    capacity: usize,
    limit: usize,
}

impl Prefix {
    /// Messages of at most 65,535 bytes, in a ring that begins with 512.
    pub const fn new() -> Prefix {
        Prefix {
            capacity: 512,
            limit: MOST,
        }
    }

    /// Rings that begin with `bytes`, rounded up to a multiple of 512. One that holds what a read
    /// can bring needs fewer reads.
    #[must_use]
    pub const fn with_capacity(self, bytes: usize) -> Prefix {
        Prefix {
            capacity: bytes,
            ..self
        }
    }

    /// Messages of at most `bytes`, or of 65,535. It is the limit of the ring as well: one such
    /// message and its length, rounded up to a multiple of 512.
    #[must_use]
    pub const fn with_limit(self, bytes: usize) -> Prefix {
        let limit = if bytes < MOST { bytes } else { MOST };
        Prefix { limit, ..self }
    }
}

impl Default for Prefix {
    fn default() -> Prefix {
        Prefix::new()
    }
}

impl Framer for Prefix {
    type Encoder = Prefix;
    type Decoder = PrefixDecoder;

    fn encoder(&self) -> Prefix {
        *self
    }

    fn decoder(&self) -> PrefixDecoder {
        PrefixDecoder {
            ring: Ring::new(self.capacity, LENGTH + self.limit),
            limit: self.limit,
        }
    }
}

impl Encode for Prefix {
    fn encode(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
        let (length, most) = (message.len(), self.limit);
        if length > most {
            return Err(Refusal::TooLong { length, most });
        }
        out.extend_from_slice(&(length as u16).to_be_bytes());
        out.extend_from_slice(message);
        Ok(())
    }
}

/// Finds the messages of one connection.
#[derive(Clone, Debug)]
pub struct PrefixDecoder {
    ring: Ring,
    limit: usize,
}

impl PrefixDecoder {
    /// Lets `read` write into the ring, as [`Ring::fill`]. There is always room, once all
    /// messages were taken.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn fill<E>(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        self.ring.fill(read)
    }

    /// The next message that is whole in the ring.
    ///
    /// # Errors
    /// [`Error::TooLong`].
    pub fn take(&mut self) -> Result<Option<Halves<'_>>, Error> {
        let whole = self.whole()?;
        Ok(whole.map(|length| self.hand_out(length)))
    }

    /// The length of the first message, if all of it is here.
    fn whole(&self) -> Result<Option<usize>, Error> {
        let (announced, limit) = (self.announced(), self.limit);
        match announced {
            Some(length) if length > limit => Err(Error::TooLong { length, limit }),
            _ => Ok(announced.filter(|length| self.ring.len() - LENGTH >= *length)),
        }
    }

    /// The length of the first message, if that is here.
    fn announced(&self) -> Option<usize> {
        let Halves { head, tail } = self.ring.front(LENGTH);
        match (head, tail) {
            (&[high, low], []) | (&[high], &[low]) => Some(u16::from_be_bytes([high, low]).into()),
            _ => None,
        }
    }

    fn hand_out(&mut self, length: usize) -> Halves<'_> {
        self.ring.take(LENGTH);
        self.ring.take(length)
    }
}

impl Decode for PrefixDecoder {
    type Message<'a> = Halves<'a>;

    #[inline]
    fn decode<'a, 'b: 'a>(&'a mut self, input: &mut &'b [u8]) -> Result<Option<Halves<'a>>, Error> {
        let length = loop {
            match self.whole()? {
                Some(length) => break length,
                None if input.is_empty() => return Ok(None),
                // there is room: a ring at its limit holds a whole message
                None => *input = &input[self.ring.put(input)..],
            }
        };
        Ok(Some(self.hand_out(length)))
    }

    fn finish(&self) -> Result<(), Error> {
        let of = self.announced().map(|length| LENGTH + length);
        match self.ring.len() {
            0 => Ok(()),
            got => Err(Error::Unfinished { got, of }),
        }
    }
}
