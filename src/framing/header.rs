//! A header before each message: its serial number and its length, in network byte order.
//!
//! ```text
//!   Header16    00 00   00 05   48 45 4c 4c 4f        Header32    00 00   00 00 00 05   48 45 …
//!               serial  length   H  E  L  L  O                    serial  length
//!               0       5 bytes  body
//! ```
//!
//! Both numbers are unsigned. The notes read and write them signed, and fail above 32,767 (E15).

use super::carry::Carry;
use super::error::{Error, Misuse};
use super::message::{Decode, Encode, Framer, Message, Part};

/// A serial number of two bytes and a length of two: bodies of up to 65,535 bytes.
///
/// ```
/// use barewire::framing::{Encode, Framer, Header16};
///
/// let (mut encoder, mut wire) = (Header16::new().encoder(), Vec::new());
/// encoder.encode(b"HELLO", &mut wire)?;
/// assert_eq!(wire, b"\0\0\0\x05HELLO");
/// # Ok::<(), barewire::framing::Misuse>(())
/// ```
pub type Header16 = Header<2>;

/// A serial number of two bytes and a length of four: for longer bodies.
///
/// ```
/// use barewire::framing::{Encode, Framer, Header32};
///
/// let mut wire = Vec::new();
/// let framer = Header32::new().with_limit(1024 * 1024); // instead of 16 MiB
/// framer.encoder().encode(&[b'x'; 100_000], &mut wire)?;
/// assert_eq!(wire[..6], [0, 0, 0x00, 0x01, 0x86, 0xa0]);
/// # Ok::<(), barewire::framing::Misuse>(())
/// ```
pub type Header32 = Header<4>;

/// A serial number of two bytes and a length of `LENGTH` bytes (1 to 4) before each body.
///
/// [`Header16`] and [`Header32`] are the usual ones.
///
/// ```
/// use barewire::framing::{Encode, Framer, Header};
///
/// let mut wire = Vec::new();
/// Header::<1>::new().encoder().encode(b"HELLO", &mut wire)?;
/// assert_eq!(wire, b"\0\0\x05HELLO");
/// # Ok::<(), barewire::framing::Misuse>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<const LENGTH: usize> {
    limit: usize,
}

/// Bytes of the serial number.
const SERIAL: usize = 2;
/// The default limit of a body, if the length field can announce it.
const LIMIT: usize = 16 * 1024 * 1024;

impl<const LENGTH: usize> Header<LENGTH> {
    /// Bytes of the header.
    const BYTES: usize = SERIAL + LENGTH;
    /// The longest body that the length field can announce (and memory can hold).
    const MOST: usize = {
        assert!(1 <= LENGTH && LENGTH <= 4, "a length has 1 to 4 bytes");
        let most = u64::MAX >> (64 - 8 * LENGTH);
        let memory = isize::MAX as u64 - 8;
        (if most < memory { most } else { memory }) as usize
    };

    /// Bodies of at most 65,535 bytes ([`Header16`]) or 16 MiB ([`Header32`]).
    pub const fn new() -> Header<LENGTH> {
        Header { limit: Self::MOST }.with_limit(LIMIT)
    }

    /// Bodies of at most `bytes`, or of what the length field can announce.
    #[must_use]
    pub const fn with_limit(self, bytes: usize) -> Header<LENGTH> {
        let limit = if bytes < Self::MOST {
            bytes
        } else {
            Self::MOST
        };
        Header { limit }
    }

    /// The header at the start of `bytes`, if it is complete, and what follows it.
    #[inline]
    fn split(bytes: &[u8]) -> Option<(u16, usize, &[u8])> {
        let (serial, rest) = bytes.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk::<LENGTH>()?;
        let length = length.iter().fold(0, |n, &byte| n << 8 | usize::from(byte));
        Some((u16::from_be_bytes(*serial), length, rest))
    }
}

impl<const LENGTH: usize> Default for Header<LENGTH> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const LENGTH: usize> Framer for Header<LENGTH> {
    type Encoder = HeaderEncoder<LENGTH>;
    type Decoder = HeaderDecoder<LENGTH>;

    fn encoder(&self) -> HeaderEncoder<LENGTH> {
        HeaderEncoder {
            header: *self,
            serial: 0,
        }
    }

    fn decoder(&self) -> HeaderDecoder<LENGTH> {
        HeaderDecoder {
            header: *self,
            carry: Carry::default(),
        }
    }

    fn parts(&self, length: usize) -> Vec<(Part, usize)> {
        vec![
            (Part::Serial, SERIAL),
            (Part::Length, LENGTH),
            (Part::Body, length),
        ]
    }
}

/// Numbers the messages of one connection.
///
/// ```
/// use barewire::framing::{Encode, Framer, Header16};
///
/// let (mut encoder, mut wire) = (Header16::new().encoder(), Vec::new());
/// encoder.encode(b"a", &mut wire)?; // number 0
/// encoder.encode_as(700, b"reply", &mut wire)?; // to the peer's number 700
/// encoder.encode(b"b", &mut wire)?; // number 1
/// assert_eq!(wire[5..7], 700_u16.to_be_bytes());
/// assert_eq!(wire[14..16], [0, 1]);
/// # Ok::<(), barewire::framing::Misuse>(())
/// ```
#[derive(Clone, Debug)]
pub struct HeaderEncoder<const LENGTH: usize> {
    header: Header<LENGTH>,
    serial: u16,
}

impl<const LENGTH: usize> HeaderEncoder<LENGTH> {
    /// Appends a message with this serial number, for a reply: it carries the number of the message that it
    /// replies to. The number that [`encode`](Encode::encode) uses next does not change.
    ///
    /// # Errors
    /// [`Misuse::TooLong`].
    pub fn encode_as(&self, serial: u16, body: &[u8], out: &mut Vec<u8>) -> Result<(), Misuse> {
        Misuse::check_length(body.len(), self.header.limit)?;
        out.extend_from_slice(&serial.to_be_bytes());
        out.extend_from_slice(&(body.len() as u32).to_be_bytes()[4 - LENGTH..]);
        out.extend_from_slice(body);
        Ok(())
    }
}

impl<const LENGTH: usize> Encode for HeaderEncoder<LENGTH> {
    /// Appends a message with the next serial number: 0, 1 and so on, and 0 again after 65,535.
    fn encode(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<(), Misuse> {
        self.encode_as(self.serial, message, out)?;
        self.serial = self.serial.wrapping_add(1);
        Ok(())
    }
}

/// One message with its number.
///
/// ```
/// use barewire::framing::{Decode, Framer, Header16, Packet};
///
/// let mut chunk = &b"\0\x07\0\x05HELLO"[..];
/// let mut decoder = Header16::new().decoder();
/// let Some(Packet { serial, body }) = decoder.decode(&mut chunk)? else {
///     return Ok(()); // not yet
/// };
/// assert_eq!((serial, body), (7, &b"HELLO"[..]));
/// # Ok::<(), barewire::framing::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Its number, or the number of the message that it replies to.
    pub serial: u16,
    /// The message.
    pub body: &'a [u8],
}

impl AsRef<[u8]> for Packet<'_> {
    fn as_ref(&self) -> &[u8] {
        self.body
    }
}

impl Message for Packet<'_> {
    fn slices(&self) -> [&[u8]; 2] {
        [self.body, &[]]
    }
}

/// Finds the messages of one connection.
///
/// ```
/// use barewire::framing::{Decode, Error, Framer, Header16, Packet};
///
/// let mut decoder = Header16::new().with_limit(100).decoder();
/// let mut chunk = &b"\0\x07\0\x05HELLO\0\x08\xff\xff"[..];
/// assert_eq!(decoder.decode(&mut chunk)?, Some(Packet { serial: 7, body: b"HELLO" }));
/// // Refused as soon as its length is known.
/// assert_eq!(decoder.decode(&mut chunk), Err(Error::TooLong { length: 65_535, limit: 100 }));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct HeaderDecoder<const LENGTH: usize> {
    header: Header<LENGTH>,
    carry: Carry,
}

impl<const LENGTH: usize> Decode for HeaderDecoder<LENGTH> {
    type Message<'a> = Packet<'a>;

    #[inline]
    fn decode<'a, 'b: 'a>(&'a mut self, input: &mut &'b [u8]) -> Result<Option<Packet<'a>>, Error> {
        self.carry.clear_returned();
        if self.carry.is_empty()
            && let Some((serial, length, rest)) = Header::<LENGTH>::split(input)
            && length <= self.header.limit
            && let Some((body, rest)) = rest.split_at_checked(length)
        {
            *input = rest;
            return Ok(Some(Packet { serial, body }));
        }
        self.decode_carried(input)
    }

    fn returned<'a>(&'a self, used: &'a [u8]) -> Option<Packet<'a>> {
        let whole = self.carry.returned(used)?;
        let (serial, length, body) = Header::<LENGTH>::split(whole)?;
        (body.len() == length).then_some(Packet { serial, body })
    }

    fn finish(&self) -> Result<(), Error> {
        let bytes = self.carry.bytes();
        let header = Header::<LENGTH>::split(bytes);
        let of = header.map(|(_, length, _)| length.saturating_add(Header::<LENGTH>::BYTES));
        Error::check_end(bytes.len(), of)
    }
}

impl<const LENGTH: usize> HeaderDecoder<LENGTH> {
    /// A message that the chunk cuts, or one that is too long: its bytes are copied as they arrive.
    #[inline(never)]
    fn decode_carried(&mut self, input: &mut &[u8]) -> Result<Option<Packet<'_>>, Error> {
        self.carry.fill(Header::<LENGTH>::BYTES, input);
        let Some((serial, length, _)) = Header::<LENGTH>::split(self.carry.bytes()) else {
            return Ok(None);
        };
        let limit = self.header.limit;
        if length > limit {
            return Err(Error::TooLong { length, limit });
        }
        let whole = self.carry.fill(Header::<LENGTH>::BYTES + length, input);
        Ok(whole.then(|| Packet {
            serial,
            body: &self.carry.complete()[Header::<LENGTH>::BYTES..],
        }))
    }
}
