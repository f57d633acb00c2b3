//! A length before each message, and a ring buffer for what has arrived.
//!
//! ```text
//!   Prefix      00 05   48 45 4c 4c 4f   00 00   00 01   58
//!               length   H  E  L  L  O   length  length   X
//!                       message 1        empty           message 3
//! ```
//!
//! The format is that of [`Header16`](super::Header16) without the serial number; the buffer differs. A
//! socket can read directly into the ring, and messages are borrowed from it, so no byte is copied; but a
//! message may be in two pieces. (If the chunks are elsewhere, the ring copies each byte once, and the other
//! decoders, which borrow from the chunk, copy less.)
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
//! The notes' code takes a message for unfinished if only its header is in the buffer. So it delivers an
//! empty message only when the next one arrives (E16).

use super::error::{Error, Misuse};
use super::message::{Decode, Encode, Framer, Part};
use super::ring::{Halves, Ring};

/// Bytes of the length.
const LENGTH: usize = 2;
/// The longest message that the length can announce.
const MOST: usize = u16::MAX as usize;

/// An unsigned length of two bytes before each message, decoded in a [`Ring`].
///
/// ```
/// use barewire::framing::{Decode, Encode, Framer, Message, Prefix};
///
/// let framer = Prefix::new().with_capacity(16 * 1024).with_limit(1000);
/// let mut wire = Vec::new();
/// framer.encoder().encode(b"HELLO", &mut wire)?;
/// assert_eq!(wire, b"\0\x05HELLO");
///
/// let mut decoder = framer.decoder();
/// let message = decoder.decode(&mut &wire[..])?.expect("it is whole");
/// assert_eq!(message.to_vec(), b"HELLO");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    capacity: usize,
    limit: usize,
}

impl Prefix {
    /// Messages of at most 65,535 bytes, in a ring of 512 bytes at first.
    pub const fn new() -> Prefix {
        Prefix {
            capacity: 512,
            limit: MOST,
        }
    }

    /// Rings of `bytes` at first, rounded up to a multiple of 512. A ring as large as what a read can return
    /// needs fewer reads.
    #[must_use]
    pub const fn with_capacity(mut self, bytes: usize) -> Prefix {
        self.capacity = bytes;
        self
    }

    /// Messages of at most `bytes`, or of 65,535. The ring grows up to one such message with its length,
    /// rounded up to a multiple of 512.
    #[must_use]
    pub const fn with_limit(mut self, bytes: usize) -> Prefix {
        self.limit = if bytes < MOST { bytes } else { MOST };
        self
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
            returned: None,
        }
    }

    fn parts(&self, length: usize) -> Vec<(Part, usize)> {
        vec![(Part::Length, LENGTH), (Part::Body, length)]
    }
}

impl Encode for Prefix {
    fn encode(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<(), Misuse> {
        Misuse::check_length(message.len(), self.limit)?;
        out.extend_from_slice(&(message.len() as u16).to_be_bytes());
        out.extend_from_slice(message);
        Ok(())
    }
}

/// Finds the messages of one connection.
///
/// Beside [`decode`](Decode::decode), which copies a chunk into the ring, it has a way without a copy:
///
/// ```
/// use barewire::framing::{Framer, Message, Prefix};
/// use std::io::Read;
///
/// let mut socket = &b"\0\x05HELLO"[..]; // or a real one
/// let mut decoder = Prefix::new().decoder();
/// decoder.fill(|space| socket.read(space))?;
/// assert_eq!(decoder.take()?.expect("it is whole").to_vec(), b"HELLO");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct PrefixDecoder {
    ring: Ring,
    limit: usize,
    /// The length of the message that was returned last.
    returned: Option<usize>,
}

impl PrefixDecoder {
    /// Lets `read` write into the ring, as [`Ring::fill`]. There is always room after all complete messages
    /// were taken.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn fill<E>(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        self.ring.fill(read)
    }

    /// The next complete message in the ring.
    ///
    /// # Errors
    /// [`Error::TooLong`].
    pub fn take(&mut self) -> Result<Option<Halves<'_>>, Error> {
        self.returned = None;
        let length = self.complete()?;
        Ok(length.map(|length| self.take_message(length)))
    }

    /// The length of the first message, if all of it is in the ring.
    fn complete(&self) -> Result<Option<usize>, Error> {
        let (announced, limit) = (self.announced(), self.limit);
        match announced {
            Some(length) if length > limit => Err(Error::TooLong { length, limit }),
            _ => Ok(announced.filter(|length| self.ring.len() - LENGTH >= *length)),
        }
    }

    /// The length of the first message, if the length has arrived.
    fn announced(&self) -> Option<usize> {
        let Halves { head, tail } = self.ring.front(LENGTH);
        match (head, tail) {
            (&[high, low], []) | (&[high], &[low]) => Some(u16::from_be_bytes([high, low]).into()),
            _ => None,
        }
    }

    fn take_message(&mut self, length: usize) -> Halves<'_> {
        self.returned = Some(length);
        self.ring.take(LENGTH);
        self.ring.take(length)
    }
}

impl Decode for PrefixDecoder {
    type Message<'a> = Halves<'a>;

    #[inline]
    fn decode<'a, 'b: 'a>(&'a mut self, input: &mut &'b [u8]) -> Result<Option<Halves<'a>>, Error> {
        self.returned = None;
        let length = loop {
            match self.complete()? {
                Some(length) => break length,
                None if input.is_empty() => return Ok(None),
                // There is room: a ring at its limit holds a complete message.
                None => *input = &input[self.ring.put(input)..],
            }
        };
        Ok(Some(self.take_message(length)))
    }

    fn returned<'a>(&'a self, _used: &'a [u8]) -> Option<Halves<'a>> {
        self.returned.map(|length| self.ring.taken(length))
    }

    fn finish(&self) -> Result<(), Error> {
        let of = self.announced().map(|length| LENGTH + length);
        Error::check_end(self.ring.len(), of)
    }
}
