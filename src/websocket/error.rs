//! What can go wrong with a WebSocket: each error says who made the mistake.

use super::wire::{self, Misuse};
use crate::http;
use crate::net::Cause;
use crate::wire::from_causes;
use std::{fmt, io};

/// Why a connection could not be opened, or why nothing could be sent or received.
///
/// | what happened | error | [again?](Self::is_worth_retrying) |
/// |---|---|---|
/// | *`connect`:* no `ws:` or `wss:` URL, `wss:` without TLS, a fragment, no port number, a header that cannot be sent | `Io`, [`InvalidInput`](io::ErrorKind::InvalidInput) | no |
/// | a subprotocol that is no token, a header of the handshake itself (`Upgrade`) | `Misuse` | no |
/// | an unknown host, a refused port, no route, a server that closes before it answers | `Io` | yes |
/// | no answer in time | `Io`, [`TimedOut`](io::ErrorKind::TimedOut) | yes |
/// | `wss:`: the certificate is not trusted, the server speaks no TLS; [`https::tls_error`](crate::https::tls_error) says which | `Io`, [`InvalidData`](io::ErrorKind::InvalidData) | no |
/// | another status than 101 | `Refused` | 408, 425, 429, and 5xx but 501 and 505 |
/// | a proxy opens no tunnel | `Http` with [`http::Error::Refused`] | by the same statuses |
/// | the answer is no HTTP; the 101 opens no WebSocket | `Http`; `Peer` | no |
/// | *later:* the connection broke, the peer was too slow, `terminate` was called | `Io` | yes |
/// | the bytes ended without a Close frame | `Peer` with [`ClosedAbnormally`](wire::Rule::ClosedAbnormally) | yes |
/// | the peer broke another rule | `Peer` | no |
/// | something was sent after a Close frame | `Misuse` with [`Closed`](Misuse::Closed) | yes |
/// | any other call that must not be | `Misuse` | no |
///
/// A connection that is closed in order is no error: `receive` returns `None`, and the code of the
/// [`Outcome`](super::Outcome) says whether to come back (1001, 1012 and 1013 do).
///
/// ```
/// use barewire::http;
/// use barewire::websocket::{self, Error};
/// use std::io::ErrorKind;
///
/// fn advice(error: &Error) -> String {
///     match error {
///         Error::Refused(refusal) if error.is_worth_retrying() => {
///             format!("later: {}", refusal.header("Retry-After").unwrap_or("in a minute"))
///         }
///         Error::Refused(refusal) => format!("not with these options: {}", refusal.status),
///         Error::Io(wrong) if wrong.kind() == ErrorKind::InvalidInput => format!("mend the URL: {wrong}"),
///         error if error.is_worth_retrying() => format!("no server, or no connection any more: {error}"),
///         error => format!("give up: {error}"),
///     }
/// }
///
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     res.write_head(503, [("Retry-After", "5")])?.end("later\n")
/// }
///
/// let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// let url = format!("ws://{}/", server.local_addr());
/// assert_eq!(advice(&websocket::connect(&url).unwrap_err()), "later: 5");
///
/// server.shutdown(std::time::Duration::from_secs(1)); // from now on the port is refused
/// assert!(advice(&websocket::connect(&url).unwrap_err()).starts_with("no server"));
/// assert!(advice(&websocket::connect("localhost:80").unwrap_err()).starts_with("mend the URL"));
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
    /// The handshake failed as an HTTP exchange: the answer is no HTTP, or a proxy opens no tunnel.
    Http(http::Error),
    /// No connection could be made, or it broke, or the peer was too slow ([`io::ErrorKind::TimedOut`]); or the URL or
    /// an option of `connect` is wrong ([`io::ErrorKind::InvalidInput`]).
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

    /// Whether another connection, after a pause, may bring what this one did not: the server is being started, the
    /// network is down, the connection was lost. False: the same would happen again, until the program, the server or
    /// its certificate is mended. The table [above](Self) has each case.
    ///
    /// The recipe [`reconnect`](crate::cookbook::reconnect) uses it.
    ///
    /// ```
    /// use barewire::websocket;
    ///
    /// let wrong = websocket::connect("http://localhost/").unwrap_err(); // no `ws:` URL
    /// assert!(!wrong.is_worth_retrying());
    /// ```
    pub fn is_worth_retrying(&self) -> bool {
        match self {
            Error::Peer(error) => error.rule() == wire::Rule::ClosedAbnormally,
            Error::Misuse(misuse) => *misuse == Misuse::Closed,
            Error::Refused(refusal) => is_temporary(refusal.status),
            Error::Http(http::Error::Refused(refusal)) => is_temporary(refusal.status),
            Error::Http(http::Error::Peer(error)) => {
                error.rule() == http::wire::Rule::MessageTruncated
            }
            Error::Http(http::Error::Io(error)) | Error::Io(error) => may_pass(error.kind()),
            Error::Http(_) => false,
        }
    }

    /// Why no connection could be opened.
    pub(super) fn of_handshake(error: http::Error) -> Error {
        match error {
            http::Error::Io(error) => Error::Io(error),
            error @ http::Error::Misuse(_) => Error::Io(error.into()), // a field with a line feed: InvalidInput
            error => Error::Http(error),
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

/// A status with which a server, or what stands before it, asks for another try or is not itself.
fn is_temporary(status: u16) -> bool {
    matches!(status, 408 | 425 | 429) || status >= 500 && !matches!(status, 501 | 505)
}

/// A wrong URL or option, a certificate that is not trusted, and what the system forbids stay as they are.
fn may_pass(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, PermissionDenied, Unsupported};
    !matches!(
        kind,
        InvalidInput | InvalidData | PermissionDenied | Unsupported
    )
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
