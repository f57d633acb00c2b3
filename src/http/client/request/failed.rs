//! A request in pieces that has failed stays failed: each later call repeats its first error.

use super::ClientRequest;
use crate::http::client::summary::{Counted, End};
use crate::http::error::Error;
use crate::http::refusal::Refusal;
use crate::http::wire;
use crate::net::Cause;

/// An error that can be returned again: of the same kind, with the same text.
pub(super) enum Failed {
    Peer(wire::Error),
    Refused(Box<Refusal>),
    Io(Cause),
}

impl Failed {
    /// `None`: the caller has asked for something that cannot be, and may ask for something else.
    pub(super) fn of(error: &Error) -> Option<Failed> {
        match error {
            Error::Peer(error) => Some(Failed::Peer(*error)),
            Error::Refused(refusal) => Some(Failed::Refused(refusal.clone())),
            Error::Io(error) => Some(Failed::Io(Cause::with_text(error))),
            Error::Misuse(_) | Error::Handler(_) | Error::Content(_) => None,
        }
    }

    pub(super) fn again(&self) -> Error {
        match self {
            Failed::Peer(error) => Error::Peer(*error),
            Failed::Refused(refusal) => Error::Refused(refusal.clone()),
            Failed::Io(cause) => Error::Io(cause.into()),
        }
    }
}

impl ClientRequest {
    /// # Errors
    /// A piece could not be written: its error.
    pub(super) fn check_failed(&self) -> Result<(), Error> {
        self.failed.as_ref().map_or(Ok(()), |it| Err(it.again()))
    }

    /// The request has failed: reports it, once.
    pub(super) fn ended(&mut self, error: &Error) {
        if let Some(exchange) = &mut self.exchange {
            exchange.report(End::Cut(Some(error)));
        }
        if let Some(finishing) = self.finishing.take() {
            finishing.report(Counted::default(), &self.timings, End::Cut(Some(error)));
        }
    }
}
