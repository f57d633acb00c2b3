//! What can go wrong with a WebSocket, and whose fault it is.

use super::wire::{self, Misuse};
use crate::http;
use crate::net::Cause;
use std::{fmt, io};

/// Why a connection could not be opened, or something not be sent or received.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The peer broke a rule; it has been told which.
    Peer(wire::Error),
    /// The caller asked for something that must not reach the wire; nothing of it did.
    Misuse(Misuse),
    /// The server answered the handshake with something else than a 101.
    Refused(Box<Refused>),
    /// The handshake got no good HTTP answer.
    Http(http::Error),
    /// The connection broke, or the peer stood still for too long ([`io::ErrorKind::TimedOut`]).
    Io(io::Error),
}

/// A server's answer that opens nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The status: 403, 404, 426 …
    pub status: u16,
    /// The first bytes of the body, 4 KiB at most: often it says why.
    pub body: Vec<u8>,
}

impl Error {
    /// The code that the connection was failed with, if a rule was broken.
    pub fn close_code(&self) -> Option<u16> {
        match self {
            Error::Peer(error) => error.close_code(),
            _ => None,
        }
    }

    pub(super) fn broken(kind: io::ErrorKind) -> Error {
        Error::Io(kind.into())
    }
}

impl From<&Cause> for Error {
    fn from(cause: &Cause) -> Error {
        Error::Io(cause.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Peer(error) => error.fmt(f),
            Error::Misuse(misuse) => misuse.fmt(f),
            Error::Refused(refused) => refused.fmt(f),
            Error::Http(error) => error.fmt(f),
            Error::Io(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = self.body.trim_ascii().escape_ascii();
        write!(
            f,
            "the server refused the WebSocket with {}: \"{body}\"",
            self.status
        )
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Peer(error) => Some(error),
            Error::Misuse(misuse) => Some(misuse),
            Error::Refused(_) => None,
            Error::Http(error) => Some(error),
            Error::Io(error) => Some(error),
        }
    }
}

impl From<wire::Error> for Error {
    fn from(error: wire::Error) -> Error {
        Error::Peer(error)
    }
}

impl From<Misuse> for Error {
    fn from(misuse: Misuse) -> Error {
        Error::Misuse(misuse)
    }
}

impl From<http::Error> for Error {
    fn from(error: http::Error) -> Error {
        Error::Http(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Io(error)
    }
}
