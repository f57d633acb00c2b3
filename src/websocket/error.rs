//! What can go wrong with a WebSocket: each error says who made the mistake.

use super::wire::{self, Misuse};
use crate::http;
use crate::net::Cause;
use crate::wire::from_causes;
use std::{fmt, io};

/// Why a connection could not be opened, or why nothing could be sent or received.
///
/// ```
/// use barewire::http;
/// use barewire::websocket::{self, Error};
///
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     res.write_head(503, [("Retry-After", "5")])?.end("later\n")?;
///     Ok(())
/// }
///
/// let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// match websocket::connect(&format!("ws://{}/", server.local_addr())) {
///     Ok(_) => unreachable!("this server has no WebSocket"),
///     Err(Error::Refused(refusal)) => assert_eq!(refusal.status, 503),
///     Err(Error::Io(error)) => println!("no server, or no connection any more: {error}"),
///     Err(error) => println!("{error}"),
/// }
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// On an open connection, [`Peer`](Error::Peer) and [`Io`](Error::Io) end the conversation with this peer and say
/// nothing about the program: a server's handler may return them with `?`, or ignore them.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The peer broke a rule; the Close frame that was sent to it names the rule.
    Peer(wire::Error),
    /// The caller asked for something that must not be sent, and nothing of it was.
    Misuse(Misuse),
    /// The server answered the handshake with another status than 101: its response, with the status, the
    /// fields (`Location`, `WWW-Authenticate`, `Retry-After`) and the beginning of the body.
    Refused(Box<http::Refusal>),
    /// The handshake failed as an HTTP exchange.
    Http(http::Error),
    /// The connection broke, or the peer was too slow ([`io::ErrorKind::TimedOut`]).
    Io(io::Error),
}

impl Error {
    /// The code in the Close frame, if the peer broke a rule.
    pub fn close_code(&self) -> Option<u16> {
        match self {
            Error::Peer(error) => error.close_code(),
            _ => None,
        }
    }

    fn inner(&self) -> &(dyn std::error::Error + 'static) {
        match self {
            Error::Peer(error) => error,
            Error::Misuse(misuse) => misuse,
            Error::Refused(refused) => refused.as_ref(),
            Error::Http(error) => error,
            Error::Io(error) => error,
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
        fmt::Display::fmt(self.inner(), f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Refused(_) => None,
            _ => Some(self.inner()),
        }
    }
}

from_causes! { Error: Peer(wire::Error), Misuse(Misuse), Http(http::Error), Io(io::Error) }
