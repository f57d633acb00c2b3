//! What can go wrong in an exchange, and which side has caused it.

use crate::deflate;
use crate::http::handler_refusal::HandlerRefusal;
use crate::http::refusal::Refusal;
use crate::http::wire::{self, Misuse, Rule, UriError};
use crate::wire::from_causes;
use std::{fmt, io};

/// What a handler may fail with. It is made with [`refuse`](crate::http::refuse), which gives it a status, or by `?`
/// from any error. The status that the client gets names the side that is to blame:
///
/// | the failure | the client gets | to [`ServerEvents`](crate::http::ServerEvents) |
/// |---|---|---|
/// | [`refuse`](crate::http::refuse), [`refuse_with`](crate::http::refuse_with) | their status | `client_error` makes the response; a 5xx goes to `error` first |
/// | [`Error::Peer`] with a rule that the client broke | the rule's status | `client_error` makes the response |
/// | [`UriError`] of a part: [`Query::pairs`](wire::Query::pairs), [`percent_decode`](wire::percent_decode) | 400 | `client_error` makes the response |
/// | [`Error::Peer`] with a rule that another server broke, in its response to this handler; [`Error::Content`] | 502 | `error` |
/// | anything else | 500 | `error` |
///
/// Only if the body of the request is broken, the connection ends after the response.
///
/// The errors of the standard library do not say where the bytes came from: a `Utf8Error` is a 500. For text
/// from the client use [`read_to_string`](std::io::Read::read_to_string) of the request,
/// [`Request::collect_text`](crate::http::Request::collect_text) or
/// [`percent_decode_text`](wire::percent_decode_text). A [`Uri`](wire::Uri) that is parsed as a whole may come from
/// anywhere, too: its error is a 500.
///
/// ```
/// use barewire::http::{self, wire::Query};
///
/// fn handler(req: http::Request, res: http::Response) -> http::Handled {
///     let pairs = Query::pairs(req.query().unwrap_or_default());
///     let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
///     res.end(format!("{} pairs\n", pairs.len()))
/// }
///
/// let server = http::create_server(handler);
/// let answer = server.answer_to(b"GET /?a=1&b=%ff HTTP/1.1\r\nHost: a\r\n\r\n");
/// assert!(answer.starts_with(b"HTTP/1.1 400 Bad Request\r\n"));
/// ```
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What a handler returns: nothing more to do, or a [`Failure`].
///
/// Most handlers end with [`res.end(…)`](crate::http::Response::end), which returns this. `?` makes a [`Failure`] out
/// of any error.
///
/// ```
/// use barewire::http;
///
/// fn handler(req: http::Request, res: http::Response) -> http::Handled {
///     let text = std::fs::read_to_string("Cargo.toml")?; // an io::Error is a 500
///     if req.path() != "/manifest" {
///         return Err(http::refuse(404, "there is a manifest here, and no more"));
///     }
///     res.end(text)
/// }
/// # let server = http::create_server(handler);
/// # assert!(server.answer_to(b"GET /manifest HTTP/1.0\r\n\r\n").starts_with(b"HTTP/1.1 200 OK\r\n"));
/// # assert!(server.answer_to(b"GET / HTTP/1.0\r\n\r\n").starts_with(b"HTTP/1.1 404 Not Found\r\n"));
/// ```
pub type Handled = Result<(), Failure>;

/// Why a request could not be read or a response could not be sent.
///
/// ```
/// use barewire::http;
/// use std::io::ErrorKind;
///
/// fn advice(error: &http::Error) -> String {
///     match error {
///         http::Error::Peer(broken) => format!("the other side breaks {}", broken.rule().section()),
///         http::Error::Io(error) if error.kind() == ErrorKind::TimedOut => "try again later".into(),
///         http::Error::Io(error) if error.kind() == ErrorKind::InvalidInput => format!("ask for something else: {error}"),
///         other => other.to_string(),
///     }
/// }
///
/// let error = http::get("ftp://example.com/").unwrap_err();
/// assert!(advice(&error).starts_with("ask for something else: "), "{}", advice(&error));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The peer broke a rule. A message that its end of the connection has cut breaks
    /// [`Rule::MessageTruncated`](wire::Rule::MessageTruncated); as an [`io::Error`] it is an
    /// [`io::ErrorKind::UnexpectedEof`].
    Peer(wire::Error),
    /// The content of a response is not what its `Content-Encoding` says, and the rule that it breaks: see
    /// [`RequestOptions::decompress`](crate::http::RequestOptions::decompress). As an [`io::Error`] it is an
    /// [`io::ErrorKind::UnexpectedEof`] if the content ends too early.
    Content(deflate::Error),
    /// The caller asked for something that must not reach the wire; nothing of it did.
    Misuse(Misuse),
    /// A handler has refused its request, by [`refuse`](crate::http::refuse).
    Handler(HandlerRefusal),
    /// A proxy has refused to open a tunnel: its response, with the status and the fields
    /// (`Proxy-Authenticate` of a 407).
    Refused(Box<Refusal>),
    /// The connection broke (if it had been used before, the text says why the request was not sent again); a
    /// deadline has passed ([`io::ErrorKind::TimedOut`]); the agent's queue is full or
    /// closed ([`io::ErrorKind::ResourceBusy`]; the inner error is a [`pool::Refused`](super::pool::Refused), also
    /// where the deadline of the queue has passed); the request was cancelled, by
    /// [`RequestHandle::cancel`](crate::http::RequestHandle::cancel) or
    /// [`end_while`](crate::http::ClientRequest::end_while) ([`io::ErrorKind::ConnectionAborted`]); or an option or a URL is wrong
    /// ([`io::ErrorKind::InvalidInput`]).
    Io(io::Error),
}

impl Error {
    /// The status code of the response to it: the rule's own, the one that the handler refused with, 502 if another
    /// server is to blame, or 500.
    pub fn status(&self) -> u16 {
        match self {
            Error::Peer(error) => error.status(),
            Error::Handler(refusal) => refusal.status(),
            Error::Content(_) => 502,
            Error::Misuse(_) | Error::Refused(_) | Error::Io(_) => 500,
        }
    }

    fn inner(&self) -> &(dyn std::error::Error + 'static) {
        match self {
            Error::Peer(error) => error,
            Error::Misuse(misuse) => misuse,
            Error::Handler(refusal) => refusal,
            Error::Content(error) => error,
            Error::Refused(refusal) => refusal.as_ref(),
            Error::Io(error) => error,
        }
    }

    /// What the caller asked for cannot be: options that contradict each other, a URL that is none.
    pub(crate) fn invalid_input(why: impl Into<Failure>) -> Error {
        Error::Io(io::Error::new(io::ErrorKind::InvalidInput, why))
    }

    /// What a handler failed with, if it is an error of this module: bare, or in an [`io::Error`], as the `Read`
    /// and `Write` faces return it.
    pub(crate) fn of(failure: Failure) -> Result<Error, Failure> {
        let failure = match failure.downcast::<io::Error>() {
            Ok(wrapped) => match wrapped.downcast::<Error>() {
                Ok(error) => return Ok(error),
                Err(other) => match other.downcast::<UriError>() {
                    Ok(error) => return Ok(error.into()),
                    Err(other) => return Err(other.into()),
                },
            },
            Err(failure) => failure,
        };
        let failure = match failure.downcast::<UriError>() {
            Ok(error) => return Ok((*error).into()),
            Err(failure) => failure,
        };
        let failure = match failure.downcast::<wire::Error>() {
            Ok(error) => return Ok((*error).into()),
            Err(failure) => failure,
        };
        let failure = match failure.downcast::<HandlerRefusal>() {
            Ok(refusal) => return Ok((*refusal).into()),
            Err(failure) => failure,
        };
        failure.downcast::<Error>().map(|error| *error)
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

from_causes! { Error: Peer(wire::Error), Misuse(Misuse), Handler(HandlerRefusal) }

/// A part of a URI that cannot be decoded came from the handler's client. A whole URI may have come from anywhere.
impl From<UriError> for Error {
    fn from(error: UriError) -> Error {
        match error.in_request() {
            Some(error) => Error::Peer(error),
            None => Error::invalid_input(error),
        }
    }
}

/// For `res.end(…)?` in a function that returns this error. What is none of ours is the inner error of an
/// [`Error::Io`].
impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        Error::of(failure).unwrap_or_else(|failure| match failure.downcast::<io::Error>() {
            Ok(error) => Error::Io(*error),
            Err(failure) => Error::Io(io::Error::other(failure)),
        })
    }
}

/// Takes off the wrapping that the `Read` and `Write` faces put around an [`Error`].
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        error.downcast::<Error>().unwrap_or_else(Error::Io)
    }
}

/// For the `Read` and `Write` faces of a request and a response: [`Error`] is the inner error. A message that was cut
/// is `UnexpectedEof`; a rule that was broken otherwise, `InvalidData`.
impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        match error {
            Error::Io(error) => error,
            Error::Peer(ref peer) if peer.rule() == Rule::MessageTruncated => {
                io::Error::new(io::ErrorKind::UnexpectedEof, error)
            }
            Error::Content(ref broken) if broken.rule() == deflate::Rule::Unfinished => {
                io::Error::new(io::ErrorKind::UnexpectedEof, error)
            }
            Error::Peer(_) | Error::Content(_) => io::Error::new(io::ErrorKind::InvalidData, error),
            Error::Misuse(_) => io::Error::new(io::ErrorKind::InvalidInput, error),
            Error::Refused(_) => io::Error::new(io::ErrorKind::PermissionDenied, error),
            Error::Handler(_) => io::Error::other(error),
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
    fn a_refusal_is_found_in_every_wrapping() {
        let ours = || HandlerRefusal::new(404, String::new(), ()).unwrap();
        let bare = Failure::from(ours());
        let failure = Failure::from(Error::Handler(ours()));
        for failure in [
            bare,
            io::Error::other(failure).into(),
            io::Error::from(Error::Handler(ours())).into(),
            Error::Handler(ours()).into(),
        ] {
            let found = Error::of(failure);
            assert!(matches!(found, Ok(Error::Handler(refusal)) if refusal.status() == 404));
        }
    }

    #[test]
    fn a_message_that_was_cut_is_an_unexpected_end() {
        let kind = |rule| io::Error::from(Error::Peer(wire::Error::whole(rule))).kind();
        assert_eq!(kind(Rule::MessageTruncated), io::ErrorKind::UnexpectedEof);
        assert_eq!(kind(Rule::BodyTooLarge), io::ErrorKind::InvalidData);
    }

    #[test]
    fn theirs_stays_theirs() {
        let theirs = || io::Error::from(io::ErrorKind::NotFound);
        let failure = Error::of(theirs().into()).unwrap_err();
        assert!(failure.is::<io::Error>());
        let Error::Io(kept) = Error::from(Failure::from(theirs())) else {
            panic!("it is an error of the system");
        };
        assert_eq!(kept.kind(), io::ErrorKind::NotFound);
        let wrapped = Error::from(Failure::from("text"));
        assert_eq!(
            (wrapped.status(), wrapped.to_string().as_str()),
            (500, "text")
        );
        assert_eq!(Error::of("text".into()).unwrap_err().to_string(), "text");
    }

    #[test]
    fn fault_b08_a_part_is_the_clients_and_a_whole_uri_is_not() {
        let part = || wire::percent_decode("a%").unwrap_err();
        let whole = || wire::Uri::parse("http://u%zz@a/").unwrap_err();
        for failure in [part().into(), Failure::from(io::Error::other(part()))] {
            let Ok(Error::Peer(error)) = Error::of(failure) else {
                panic!("the client broke a rule");
            };
            assert_eq!((error.status(), error.at()), (400, 1));
        }
        for failure in [whole().into(), Failure::from(io::Error::other(whole()))] {
            assert!(matches!(Error::of(failure), Ok(Error::Io(_))));
        }
        let theirs = wire::Error::whole(wire::Rule::MessageTruncated).in_response();
        assert_eq!(Error::from(theirs).status(), 502);
    }
}
