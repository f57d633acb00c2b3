//! What can go wrong in an exchange, and which side has caused it.

use crate::http::refusal::Refusal;
use crate::http::wire::{self, Misuse};
use crate::wire::from_causes;
use std::{fmt, io};

/// What a handler may fail with. The client gets the status of an [`Error::Peer`], since it broke a rule,
/// and 500 for anything else.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Why a request could not be read or a response could not be sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The peer broke a rule.
    Peer(wire::Error),
    /// The caller asked for something that must not reach the wire; nothing of it did.
    Misuse(Misuse),
    /// A proxy has refused to open a tunnel: its response, with the status and the fields
    /// (`Proxy-Authenticate` of a 407).
    Refused(Box<Refusal>),
    /// The connection broke; a deadline has passed ([`io::ErrorKind::TimedOut`]); the agent's queue is full or
    /// closed ([`io::ErrorKind::ResourceBusy`]; the inner error is a [`pool::Refused`](super::pool::Refused), also
    /// where the deadline of the queue has passed); the caller no longer wanted the response
    /// ([`io::ErrorKind::ConnectionAborted`]); or an option or a URL is wrong
    /// ([`io::ErrorKind::InvalidInput`]).
    Io(io::Error),
}

impl Error {
    /// The status code of the response to it: the rule's own, or 500.
    pub fn status(&self) -> u16 {
        match self {
            Error::Peer(error) => error.status(),
            Error::Misuse(_) | Error::Refused(_) | Error::Io(_) => 500,
        }
    }

    fn inner(&self) -> &(dyn std::error::Error + 'static) {
        match self {
            Error::Peer(error) => error,
            Error::Misuse(misuse) => misuse,
            Error::Refused(refusal) => refusal.as_ref(),
            Error::Io(error) => error,
        }
    }

    /// What the caller asked for cannot be: options that contradict each other, a URL that is none.
    pub(crate) fn invalid_input(why: impl Into<Failure>) -> Error {
        Error::Io(io::Error::new(io::ErrorKind::InvalidInput, why))
    }

    /// What a handler failed with, if it is ours: as it is, or in the wrapping that the `Read`
    /// and `Write` faces put around it.
    pub(crate) fn of(failure: Failure) -> Result<Error, Failure> {
        let wrapped = match failure.downcast::<Error>() {
            Ok(error) => return Ok(*error),
            Err(failure) => failure.downcast::<io::Error>()?,
        };
        wrapped.downcast::<Error>().map_err(Failure::from)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.inner(), f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.inner())
    }
}

from_causes! { Error: Peer(wire::Error), Misuse(Misuse) }

/// Takes off the wrapping that the `Read` and `Write` faces put around an [`Error`].
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        error.downcast::<Error>().unwrap_or_else(Error::Io)
    }
}

/// For the `Read` and `Write` faces of a request and a response: [`Error`] is the inner error.
impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        match error {
            Error::Io(error) => error,
            Error::Peer(_) => io::Error::new(io::ErrorKind::InvalidData, error),
            Error::Misuse(_) => io::Error::new(io::ErrorKind::InvalidInput, error),
            Error::Refused(_) => io::Error::new(io::ErrorKind::PermissionDenied, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_found_in_every_wrapping() {
        let ours = || Error::Misuse(Misuse::Ended);
        assert!(matches!(Error::of(ours().into()), Ok(Error::Misuse(_))));
        let wrapped = io::Error::from(ours());
        assert!(matches!(Error::of(wrapped.into()), Ok(Error::Misuse(_))));
    }

    #[test]
    fn theirs_stays_theirs() {
        let theirs = io::Error::from(io::ErrorKind::NotFound);
        let failure = Error::of(theirs.into()).unwrap_err();
        assert!(failure.is::<io::Error>());
        assert_eq!(Error::of("text".into()).unwrap_err().to_string(), "text");
    }
}
