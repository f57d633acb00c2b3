//! What cannot be sent, and what should not have come.

use std::{error, fmt, io};

/// Why a message cannot be framed. It blames the caller, and nothing was appended.
///
/// What the decoder at the other end could not read back as the same message is refused here,
/// because there nobody would know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The message is longer than its cell, its length field or the limit allows.
    TooLong {
        /// Bytes of the message.
        length: usize,
        /// Bytes that it may have.
        most: usize,
    },
    /// The delimiter would be found too early: it stands in the message, or begins at its end.
    DelimiterInside {
        /// Where in the message it begins, in bytes.
        at: usize,
    },
    /// The message ends in a zero, and so does what is stripped as padding.
    EndsLikePadding,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::TooLong { length, most } => write!(
                f,
                "the message has {length} bytes, but here a message has at most {most}"
            ),
            Refusal::DelimiterInside { at } => write!(
                f,
                "at byte {at} of the message the reader would find a delimiter and end it there"
            ),
            Refusal::EndsLikePadding => f.write_str(
                "the message ends in a zero byte, which the reader would strip as padding",
            ),
        }
    }
}

impl error::Error for Refusal {}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidInput, refusal)
    }
}

/// What is wrong with the bytes that came. It blames the peer, and the connection is of no more
/// use: nobody knows where the next message would begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A header declares a message that is longer than the limit.
    TooLong {
        /// The declared bytes.
        length: usize,
        /// The bytes that are allowed.
        limit: usize,
    },
    /// More than the limit has come of a message, and no delimiter.
    Endless {
        /// The bytes that are allowed.
        limit: usize,
    },
    /// The stream ended inside a message.
    Unfinished {
        /// Bytes that had come of it, its header included.
        got: usize,
        /// Bytes that it has in all, if that was known.
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
                "the stream ended inside a message: {got} of its {of} bytes had come"
            ),
            Error::Unfinished { got, of: None } => write!(
                f,
                "the stream ended inside a message: {got} bytes of it had come, and how many it has was not known yet"
            ),
        }
    }
}

impl error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match error {
            Error::Unfinished { .. } => io::ErrorKind::UnexpectedEof,
            Error::TooLong { .. } | Error::Endless { .. } => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, error)
    }
}
