//! A handler refuses its request: a failure with a status.

use super::error::{Error, Failure};
use super::handler_refusal::HandlerRefusal;
use super::head_fields::HeadFields;
use std::fmt::Display;

/// The failure of a handler that refuses its request: the client gets this status, and the sentence that says why.
///
/// A handler returns it as its error, and so does a function that a handler calls:
///
/// ```
/// use barewire::http;
///
/// fn handler(req: http::Request, res: http::Response) -> http::Handled {
///     let Some(by) = req.path().strip_prefix("/count/") else {
///         return Err(http::refuse(404, "no such page"));
///     };
///     let by = number(by)?;
///     res.end(format!("{by} more\n"))
/// }
///
/// fn number(text: &str) -> Result<u32, http::Failure> {
///     text.parse().map_err(|_| http::refuse(400, "by is no number"))
/// }
///
/// let server = http::create_server(handler);
/// let answer = server.answer_to(b"GET /count/x HTTP/1.1\r\nHost: a\r\n\r\n");
/// assert!(answer.starts_with(b"HTTP/1.1 400 Bad Request\r\n"));
/// assert!(answer.ends_with(b"\r\n\r\n400 Bad Request: by is no number\n"));
/// ```
///
/// | the status | the client gets | to [`ServerEvents`](crate::http::ServerEvents) |
/// |---|---|---|
/// | 400 to 499 | it, and why | `client_error` makes the response |
/// | 500 to 599 | it, and why | `error`, and then `client_error` makes the response |
/// | any other | 500 | `error`, with [`Misuse::Status`](crate::http::wire::Misuse::Status) |
/// | any, after the head has been sent | a cut connection; all of the response, if it had ended | `error` |
///
/// So one place makes the pages for all that is refused, by a handler or by barewire:
/// [`client_error`](crate::http::ServerEvents::client_error), where a page of one's own is shown. Its default is one
/// line of text, as above; control characters of `why` are escaped in it. `why` is anything that can be displayed, an error too:
/// `.map_err(|error| http::refuse(400, error))`. The client reads it, so it must hold no secret.
///
/// A refusal costs the request and not the connection. What the handler has not read of the body is dropped, as after
/// every response; a client that waits for a 100 gets the status instead. Fields that were set on the [`Response`] are
/// not sent; for fields of the refusal see [`refuse_with`].
///
/// # An error type of one's own
/// It decides its status where it becomes a [`Failure`]. It must not implement [`std::error::Error`] then: what
/// does is a failure already, with status 500.
///
/// ```
/// use barewire::http;
///
/// enum Problem {
///     NoCounter(String),
///     Disk(std::io::Error),
/// }
///
/// impl From<Problem> for http::Failure {
///     fn from(problem: Problem) -> http::Failure {
///         match problem {
///             Problem::NoCounter(name) => http::refuse(404, format!("no counter {name}")),
///             Problem::Disk(error) => error.into(), // 500, and reported
///         }
///     }
/// }
///
/// fn count(name: &str) -> Result<u64, Problem> {
///     Err(Problem::NoCounter(name.to_owned()))
/// }
///
/// fn handler(req: http::Request, res: http::Response) -> http::Handled {
///     let count = count(req.path())?;
///     res.end(count.to_string())
/// }
/// # let server = http::create_server(handler);
/// # let answer = server.answer_to(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
/// # assert!(answer.ends_with(b"\r\n\r\n404 Not Found: no counter /a\n"));
/// # let _ = Problem::Disk;
/// ```
///
/// [`Response`]: crate::http::Response
#[cold]
pub fn refuse(status: u16, why: impl Display) -> Failure {
    refuse_with(status, why, ())
}

/// [`refuse`], with fields for the response: `Allow`, `Retry-After`, `WWW-Authenticate` …
///
/// The response has them from the start, as it has the status. So the default response sends them, and so does a
/// [`client_error`](crate::http::ServerEvents::client_error) of one's own, unless it sets a field of the same name.
/// `Content-Length` and `Transfer-Encoding` are none of them: a refusal with one is a 500, and so is one with a field
/// that must not be sent; [`error`](crate::http::ServerEvents::error) then gets the [`Misuse`](crate::http::wire::Misuse).
///
/// ```
/// use barewire::http;
///
/// fn handler(req: http::Request, res: http::Response) -> http::Handled {
///     if req.method() != "GET" {
///         return Err(http::refuse_with(405, "this page can only be read", [("Allow", "GET")]));
///     }
///     res.end("hello\n")
/// }
///
/// let server = http::create_server(handler);
/// let answer = server.answer_to(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
/// let answer = String::from_utf8_lossy(&answer);
/// assert!(answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n"), "{answer}");
/// ```
#[cold]
pub fn refuse_with<Pair>(status: u16, why: impl Display, fields: impl HeadFields<Pair>) -> Failure {
    match HandlerRefusal::new(status, why.to_string(), fields) {
        Ok(refusal) => Error::Handler(refusal).into(),
        Err(misuse) => Error::Misuse(misuse).into(),
    }
}
