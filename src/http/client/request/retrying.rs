//! A reused connection that is lost before the response: the request is sent once more, or the error says why it
//! was not.

use super::ClientRequest;
use crate::http::client::pool::{Attempt, NotRetried};
use crate::http::client::summary::Finishing;
use crate::http::error::Error;
use crate::http::wire::{Method, Rule};
use std::fmt;
use std::io::{self, ErrorKind};

impl ClientRequest {
    pub(super) fn may_retry(&self, error: &Error, retries: u32) -> bool {
        let is_broken = match error {
            Error::Io(error) => error.kind() != ErrorKind::TimedOut,
            Error::Peer(error) => error.rule() == Rule::MessageTruncated,
            Error::Misuse(_) | Error::Refused(_) | Error::Handler(_) | Error::Content(_) => false,
        };
        let is_broken = is_broken && self.deadlines.check_cancelled().is_ok();
        let attempt = self.attempt(true, retries);
        is_broken && attempt.is_some_and(|attempt| attempt.may_retry())
    }

    /// The request is sent once more, on another connection.
    pub(super) fn begin_again(&mut self) {
        let before = self.exchange.as_mut().and_then(|it| it.finishing.take());
        self.finishing = before.map(|it| Finishing {
            is_retried: true,
            ..it
        });
    }

    /// The error for the caller. If the request was cancelled, that is why. If the request was lost with a reused connection and is not sent again, the
    /// error says so. `has_body`: the whole body is still here.
    pub(super) fn explained(&self, error: Error, has_body: bool) -> Error {
        if let Err(cancelled) = self.deadlines.check_cancelled() {
            return cancelled;
        }
        if !is_lost(&error) {
            return error;
        }
        let not_retried = |attempt: Attempt<'_>| attempt.not_retried();
        match self.attempt(has_body, 0).and_then(not_retried) {
            Some(why @ (NotRetried::NotIdempotent | NotRetried::BodyGone)) => {
                let lost = LostOnReuse {
                    method: self.options.settings().method.clone(),
                    why,
                    cause: error,
                };
                io::Error::new(ErrorKind::ConnectionReset, lost).into()
            }
            _ => error,
        }
    }

    fn attempt(&self, body_replayable: bool, retries: u32) -> Option<Attempt<'_>> {
        let exchange = self.exchange.as_ref();
        Method::new(&self.options.settings().method).map(|method| Attempt {
            method,
            reused: self.timings.reused,
            bytes_answered: exchange.map_or(0, |exchange| exchange.received),
            body_replayable,
            retries,
        })
    }
}

/// Whether the connection has ended, and nothing more is known. An alert of TLS says more.
fn is_lost(error: &Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof, WriteZero};
    match error {
        Error::Io(error) => matches!(
            error.kind(),
            BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof | WriteZero
        ),
        Error::Peer(error) => error.rule() == Rule::MessageTruncated,
        Error::Misuse(_) | Error::Refused(_) | Error::Handler(_) | Error::Content(_) => false,
    }
}

/// A request that was lost with its connection.
#[derive(Debug)]
struct LostOnReuse {
    method: String,
    why: NotRetried,
    cause: Error,
}

impl fmt::Display for LostOnReuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LostOnReuse { method, why, cause } = self;
        write!(
            f,
            "the reused connection was lost before the server answered, and the request was not sent again: "
        )?;
        match why {
            NotRetried::NotIdempotent => {
                write!(f, "{method} is not idempotent (RFC 9110 §9.2.2)")?;
            }
            _ => f.write_str("its body was written in pieces, which are gone")?,
        }
        write!(f, "; {cause}")
    }
}

impl std::error::Error for LostOnReuse {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}
