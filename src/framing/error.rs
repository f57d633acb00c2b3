//! What cannot be framed, and what a peer must not send.

use std::{error, fmt, io};

/// Why a message cannot be framed. It blames the caller, and nothing was appended.
///
/// The decoder at the other end could not read the same message back, and could not detect that.
///
/// ```
/// use barewire::framing::{Delimiter, Encode, Framer, Misuse};
/// use std::io;
///
/// let (mut encoder, mut wire) = (Delimiter::CRLF.with_limit(10).encoder(), Vec::new());
/// let refused = encoder.encode(b"longer than ten", &mut wire).unwrap_err();
/// assert_eq!(refused, Misuse::TooLong { length: 15, most: 10 });
/// assert!(wire.is_empty());
/// // `?` makes an error of the system of it, with the refusal inside.
/// assert_eq!(io::Error::from(refused).kind(), io::ErrorKind::InvalidInput);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// The message is longer than its cell, its length field or the limit allow.
    TooLong {
        /// Bytes of the message.
        length: usize,
        /// Bytes that it may have.
        most: usize,
    },
    /// The delimiter would be found too early: it is in the message, or begins at its end.
    DelimiterInside {
        /// Where in the message it begins, in bytes.
        at: usize,
    },
    /// The message ends in a zero byte, which the decoder would strip as padding.
    EndsLikePadding,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misuse::TooLong { length, most } => write!(
                f,
                "the message has {length} bytes, but here a message has at most {most}"
            ),
            Misuse::DelimiterInside { at } => write!(
                f,
                "at byte {at} of the message the reader would find a delimiter and end it there"
            ),
            Misuse::EndsLikePadding => f.write_str(
                "the message ends in a zero byte, which the reader would strip as padding",
            ),
        }
    }
}

impl error::Error for Misuse {}

impl Misuse {
    /// Refuses a message of `length` bytes where it may have at most `most`.
    pub(super) fn check_length(length: usize, most: usize) -> Result<(), Misuse> {
        match length > most {
            true => Err(Misuse::TooLong { length, most }),
            false => Ok(()),
        }
    }
}

impl From<Misuse> for io::Error {
    fn from(refusal: Misuse) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidInput, refusal)
    }
}

/// What is wrong with the received bytes. It blames the peer. The connection cannot be used any more,
/// because it is unknown where the next message begins.
///
/// ```
/// use barewire::framing::{Decode, Delimiter, Error, Framer};
/// use std::io;
///
/// let mut decoder = Delimiter::CRLF.decoder();
/// decoder.decode(&mut &b"cut he"[..])?;
/// let error = decoder.finish().unwrap_err();
/// assert_eq!(error, Error::Unfinished { got: 6, of: None });
/// // `?` makes an error of the system of it, with this one inside.
/// assert_eq!(io::Error::from(error).kind(), io::ErrorKind::UnexpectedEof);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A header announces a message that is longer than the limit.
    TooLong {
        /// The announced bytes.
        length: usize,
        /// The bytes that are allowed.
        limit: usize,
    },
    /// More bytes than the limit have arrived without a delimiter.
    Endless {
        /// The bytes that are allowed.
        limit: usize,
    },
    /// The stream ended inside a message.
    Unfinished {
        /// Bytes that had arrived of it, its header included.
        got: usize,
        /// All bytes that it has, if that was known.
        of: Option<usize>,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::TooLong { length, limit } => write!(
                f,
                "a message of {length} bytes is announced, but the limit is {limit}"
            ),
            Error::Endless { limit } => write!(
                f,
                "a message has more than {limit} bytes, which is the limit, and no delimiter yet"
            ),
            Error::Unfinished { got, of: Some(of) } => write!(
                f,
                "the stream ended inside a message: {got} of its {of} bytes had arrived"
            ),
            Error::Unfinished { got, of: None } => write!(
                f,
                "the stream ended inside a message: {got} bytes of it had arrived, and its length was not known yet"
            ),
        }
    }
}

impl error::Error for Error {}

impl Error {
    /// The stream ended after `got` bytes of a message that has `of` bytes: an error unless `got` is 0.
    pub(super) fn check_end(got: usize, of: Option<usize>) -> Result<(), Error> {
        match got {
            0 => Ok(()),
            got => Err(Error::Unfinished { got, of }),
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match error {
            Error::Unfinished { .. } => io::ErrorKind::UnexpectedEof,
            Error::TooLong { .. } | Error::Endless { .. } => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, error)
    }
}
