//! Messages that end with a delimiter.
//!
//! ```text
//!   Delimiter::CRLF
//!    48 45 4c 4c 4f 0d 0a   48 49 0d 0a   0d 0a   58 …
//!     H  E  L  L  O \r \n    H  I \r \n   \r \n    X …
//!    └──── message 1 ───┘   └── 2 ────┘   └ 3 ┘   └ not a message yet
//! ```
//!
//! The delimiter follows each message. The notes put it *before* each message. Then the last message never
//! ends, and their code returns whatever has arrived so far (E14).

use super::carry::Carry;
use super::error::{Error, Misuse};
use super::matcher::Matcher;
use super::message::{Decode, Encode, Framer, Part};

/// A delimiter of `N` bytes after each message, which must not contain it.
///
/// The delimiter is part of the protocol, hence a constant; an empty one does not compile:
///
/// ```compile_fail
/// barewire::framing::Delimiter::new(b"");
/// ```
///
/// ```
/// use barewire::framing::{Delimiter, Encode, Framer};
///
/// const LINES: Delimiter<1> = Delimiter::new(b"\n").with_limit(1000);
///
/// let mut wire = Vec::new();
/// LINES.encoder().encode(b"hello", &mut wire)?;
/// assert_eq!(wire, b"hello\n");
/// # Ok::<(), barewire::framing::Misuse>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiter<const N: usize> {
    delimiter: [u8; N],
    limit: usize,
}

impl Delimiter<2> {
    /// CR LF, as the lines of most text protocols end.
    pub const CRLF: Delimiter<2> = Delimiter::new(b"\r\n");
}

impl<const N: usize> Delimiter<N> {
    /// Messages that end with `delimiter` and have at most 64 KiB without it.
    pub const fn new(delimiter: &[u8; N]) -> Delimiter<N> {
        const { assert!(N > 0, "a delimiter has at least one byte") }
        Delimiter {
            delimiter: *delimiter,
            limit: 64 * 1024,
        }
    }

    /// Messages of at most `bytes`, the delimiter not counted.
    #[must_use]
    pub const fn with_limit(mut self, bytes: usize) -> Delimiter<N> {
        self.limit = bytes;
        self
    }
}

impl<const N: usize> Framer for Delimiter<N> {
    type Encoder = DelimiterEncoder<N>;
    type Decoder = DelimiterDecoder<N>;

    fn encoder(&self) -> DelimiterEncoder<N> {
        DelimiterEncoder {
            limit: self.limit,
            matcher: Matcher::new(self.delimiter),
        }
    }

    fn decoder(&self) -> DelimiterDecoder<N> {
        DelimiterDecoder {
            limit: self.limit,
            matcher: Matcher::new(self.delimiter),
            carry: Carry::default(),
        }
    }

    fn parts(&self, length: usize) -> Vec<(Part, usize)> {
        vec![(Part::Body, length), (Part::Delimiter, N)]
    }
}

/// Appends messages and delimiters for one connection.
///
/// ```
/// use barewire::framing::{Delimiter, Encode, Framer, Misuse};
///
/// let (mut encoder, mut wire) = (Delimiter::CRLF.encoder(), Vec::new());
/// encoder.encode(b"one line", &mut wire)?;
/// let refused = encoder.encode(b"two\r\nlines", &mut wire);
/// assert_eq!(refused, Err(Misuse::DelimiterInside { at: 3 }));
/// assert_eq!(wire, b"one line\r\n");
/// # Ok::<(), Misuse>(())
/// ```
#[derive(Clone, Debug)]
pub struct DelimiterEncoder<const N: usize> {
    limit: usize,
    matcher: Matcher<N>,
}

impl<const N: usize> Encode for DelimiterEncoder<N> {
    /// The decoder must not find the delimiter too early. It is not enough that the message does not contain
    /// it: `xa` followed by `aa` is `xaaa`, and would be read as `x`.
    fn encode(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<(), Misuse> {
        Misuse::check_length(message.len(), self.limit)?;
        let delimiter = *self.matcher.delimiter();
        self.matcher.restart();
        let inside = self.matcher.find(message);
        let early =
            inside.or_else(|| Some(message.len() + self.matcher.find(&delimiter[..N - 1])?));
        if let Some(end) = early {
            return Err(Misuse::DelimiterInside { at: end - N });
        }
        out.extend_from_slice(message);
        out.extend_from_slice(&delimiter);
        Ok(())
    }
}

/// Finds the delimiters of one connection. No byte is searched twice, however the stream is cut.
///
/// ```
/// use barewire::framing::{Decode, Delimiter, Error, Framer};
///
/// let mut decoder = Delimiter::CRLF.with_limit(8).decoder();
/// let mut chunk = &b"hello\r"[..]; // cut inside the delimiter
/// assert_eq!(decoder.decode(&mut chunk)?, None);
/// let mut chunk = &b"\nno end in sight"[..];
/// assert_eq!(decoder.decode(&mut chunk)?, Some(&b"hello"[..]));
/// assert_eq!(decoder.decode(&mut chunk), Err(Error::Endless { limit: 8 }));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DelimiterDecoder<const N: usize> {
    limit: usize,
    matcher: Matcher<N>,
    carry: Carry,
}

impl<const N: usize> Decode for DelimiterDecoder<N> {
    type Message<'a> = &'a [u8];

    #[inline]
    fn decode<'a, 'b: 'a>(&'a mut self, input: &mut &'b [u8]) -> Result<Option<&'a [u8]>, Error> {
        self.carry.clear_returned();
        // The delimiter must end within these bytes, or the message is too long.
        let most = self.limit.saturating_add(N) - self.carry.bytes().len();
        let reach = input.len().min(most);
        match self.matcher.find(&input[..reach]) {
            Some(end) if self.carry.is_empty() => {
                let (message, rest) = input.split_at(end);
                *input = rest;
                Ok(Some(&message[..end - N]))
            }
            Some(end) => {
                self.carry.append(input, end);
                let message = self.carry.complete();
                Ok(Some(&message[..message.len() - N]))
            }
            None => {
                self.carry.append(input, reach);
                self.check_limit()
            }
        }
    }

    fn returned<'a>(&'a self, used: &'a [u8]) -> Option<&'a [u8]> {
        let whole = self.carry.returned(used)?;
        whole.strip_suffix(self.matcher.delimiter())
    }

    fn finish(&self) -> Result<(), Error> {
        Error::check_end(self.carry.bytes().len(), None)
    }
}

impl<const N: usize> DelimiterDecoder<N> {
    /// No delimiter yet: can the message still be within its limit? The last bytes may be the beginning of
    /// the delimiter.
    fn check_limit(&self) -> Result<Option<&[u8]>, Error> {
        let limit = self.limit;
        let least = self.carry.bytes().len() - self.matcher.matched();
        if least > limit {
            return Err(Error::Endless { limit });
        }
        Ok(None)
    }
}
