//! The book's events: one method each, with an empty or sensible body.

use crate::http::error::{Error, Failure, Handled};
use crate::http::refuse::refuse_with;
use crate::http::server::request::Request;
use crate::http::server::response::Response;
use crate::http::wire::{self, Asks, Rule, reason_phrase};
use crate::net::{Stream, guarded};
use std::fmt;

/// What the handler of [`create_server`](crate::http::create_server) may return: nothing, or a `Result` whose error
/// can become a [`Failure`]. The error goes to [`ServerEvents::error`], or decides the response.
///
/// ```
/// use barewire::http;
///
/// fn usual(_req: http::Request, res: http::Response) -> http::Handled {
///     res.end("hello\n")
/// }
///
/// fn strict(_req: http::Request, res: http::Response) -> Result<(), http::Error> {
///     Ok(res.end("hello\n")?) // one type of error, to match on
/// }
///
/// fn silent(_req: http::Request, res: http::Response) {
///     let _ = res.end("hello\n"); // a client that has left is nobody's failure
/// }
///
/// http::create_server(usual);
/// http::create_server(strict);
/// http::create_server(silent);
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "not `()`, and not a `Result` with an error that can become a `http::Failure`",
    note = "return `http::Handled`: a closure says `-> http::Handled` before its body, and ends in `res.end(…)`"
)]
pub trait IntoHandled {
    /// As a result.
    ///
    /// # Errors
    /// What the handler failed with.
    fn handled(self) -> Handled;
}

impl IntoHandled for () {
    fn handled(self) -> Handled {
        Ok(())
    }
}

impl<T, F: Into<Failure>> IntoHandled for Result<T, F> {
    fn handled(self) -> Handled {
        self.map(|_| ()).map_err(Into::into)
    }
}

/// What a server does when something happens. All methods but [`request`](ServerEvents::request)
/// have a default; they are called on the thread of the connection concerned.
///
/// ```
/// use barewire::http;
/// use std::fmt;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// #[derive(Default)]
/// struct Site {
///     visits: AtomicU64,
/// }
///
/// impl http::ServerEvents for Site {
///     fn request(&self, _req: http::Request, res: http::Response) -> http::Handled {
///         let visit = self.visits.fetch_add(1, Ordering::Relaxed) + 1;
///         res.end(format!("visit {visit}\n"))
///     }
///
///     fn error(&self, what: &dyn fmt::Display) {
///         eprintln!("{what}");
///     }
/// }
///
/// let server = http::create_server_with(Site::default());
/// # assert!(server.answer_to(b"GET / HTTP/1.0\r\n\r\n").ends_with(b"\r\n\r\nvisit 1\n"));
/// ```
///
/// | event of the book | method | default |
/// |---|---|---|
/// | `connection` | [`connection`](ServerEvents::connection), once for each connection | nothing |
/// | `request` | [`request`](ServerEvents::request), once for each request | |
/// | `checkContinue` | [`check_continue`](ServerEvents::check_continue) | `request`: the first read that waits for the body sends the 100 |
/// | `connect` | [`connect`](ServerEvents::connect) | 405, and the connection is closed |
/// | `upgrade` | [`upgrade`](ServerEvents::upgrade) | `request`: the offer is ignored |
/// | `clientError` | [`client_error`](ServerEvents::client_error) | a response that names the rule, or says why the handler refuses |
/// | `close` | [`close`](ServerEvents::close) | nothing |
/// | `finish` | [`Server::on_finish`](super::Server::on_finish), once for each request | nothing |
///
/// `request`, `check_continue`, `connect` and `upgrade` exclude each other: a request is one of them. For a GET or
/// HEAD whose target has bytes that browsers leave unencoded, such as `/photo[1].txt`, none of them is called: the
/// server answers with a 301 to the encoded target, and the connection goes on
/// ([`Target`](crate::http::wire::Target) lists the bytes). A whole URI, as a proxy gets it, is refused with 400
/// instead.
///
/// # When the program panics
/// A panic costs what this table says. The panic hook prints each of them; of those that are *reported*,
/// [`error`](ServerEvents::error) is called, too. A *handler* is any of the four methods above, with all that it
/// calls and drops. [`Request`] and [`Response`] do nothing when they are dropped: after the handler, its
/// thread looks how much of the response has been sent.
///
/// | a panic in | the client gets | the connection | reported |
/// |---|---|---|---|
/// | [`connection`](ServerEvents::connection) | | is served as if the method had returned | yes |
/// | a handler, before the head is sent | 500 | goes on | yes |
/// | a handler, after the head is sent | the responses before this one, and this one so far; none to requests behind it | is cut | yes |
/// | a handler, after [`Response::end`] | the response | goes on | yes |
/// | a handler, after [`Request::upgrade`] | what was sent on the stream | ends when the stream is dropped | yes |
/// | another thread that has the upgraded stream | what was sent on the stream | ends when the stream is dropped | no |
/// | [`client_error`](ServerEvents::client_error), before its head is sent | the default response | ends as it would have | yes |
/// | [`client_error`](ServerEvents::client_error), after its head is sent | the response so far | is cut | yes |
/// | [`client_error`](ServerEvents::client_error), after [`Response::end`] | its response | ends as it would have | yes |
/// | [`error`](ServerEvents::error) | what it would have got | goes on | no |
/// | [`close`](ServerEvents::close) | | all have ended | yes |
/// | [`Server::on_finish`](super::Server::on_finish) | its response | goes on, or ends as it would have | yes |
/// | a [`Failure`], when it is shown or dropped | 500 | goes on | no |
/// | the [`Stream`] | the response so far | is cut | yes |
/// | the [`Stream`], while the clock sends coalesced responses | the responses so far | is cut | no |
pub trait ServerEvents: Send + Sync + 'static {
    /// A request has come; its body may still be on its way.
    ///
    /// # Errors
    /// Whatever the handler wants to fail with; see [`Failure`].
    fn request(&self, request: Request<'_>, response: Response<'_>) -> Handled;

    /// A request whose client waits for a 100 before it sends the body. To accept, read the body
    /// or call [`Response::write_continue`]: the client goes on with this request, and sends nothing
    /// again (E20). To refuse, respond with the final status that says why: 401, 413 …, not just the
    /// notes' 400 (E22). For an expectation other than this, [`client_error`](ServerEvents::client_error)
    /// is called, with status 417.
    ///
    /// # Errors
    /// As for [`request`](ServerEvents::request).
    fn check_continue(&self, request: Request<'_>, response: Response<'_>) -> Handled {
        self.request(request, response)
    }

    /// A request that offers another protocol: [`Request::upgrade`] accepts it. Without that it is a plain
    /// request, and nothing is closed (E23).
    ///
    /// # Errors
    /// As for [`request`](ServerEvents::request).
    // RFC 9110 §7.8: "A server MAY ignore a received Upgrade header field if it wishes to continue
    // using the current protocol on that connection."
    fn upgrade(&self, request: Request<'_>, response: Response<'_>) -> Handled {
        self.request(request, response)
    }

    /// A CONNECT: the client asks for a tunnel, and [`Request::upgrade`] gives it the stream.
    ///
    /// # Errors
    /// As for [`request`](ServerEvents::request).
    fn connect(&self, _request: Request<'_>, _response: Response<'_>) -> Handled {
        Err(refuse_tunnel())
    }

    /// A peer has connected.
    fn connection(&self, _stream: &dyn Stream) {}

    /// A request is refused: this makes the response. Either the bytes of a client are no request, or its body
    /// breaks a rule, or it was too slow: then the connection ends after the response. Or a handler
    /// [refused](crate::http::refuse) the request, or failed with an error that blames the client, such as a query that
    /// cannot be decoded: then the connection goes on.
    ///
    /// The response begins with the status of the error ([`Error::status`]) and with the fields of
    /// [`refuse_with`](crate::http::refuse_with), so that a page of one's own needs only its words:
    ///
    /// ```
    /// use barewire::http;
    ///
    /// struct Site;
    ///
    /// impl http::ServerEvents for Site {
    ///     fn request(&self, req: http::Request, res: http::Response) -> http::Handled {
    ///         match req.path() {
    ///             "/" => res.end("hello\n"),
    ///             _ => Err(http::refuse(404, "no such page")),
    ///         }
    ///     }
    ///
    ///     fn client_error(&self, error: &http::Error, mut res: http::Response) -> http::Handled {
    ///         res.set_header("Content-Type", "text/html; charset=utf-8")?;
    ///         // The reason may hold text of the client: HTML needs it escaped.
    ///         let why = error.to_string().replace('&', "&amp;").replace('<', "&lt;");
    ///         res.end(format!("<!DOCTYPE html><title>{}</title><p>{why}", error.status()))
    ///     }
    /// }
    ///
    /// let server = http::create_server_with(Site);
    /// let answer = server.answer_to(b"GET /x HTTP/1.0\r\n\r\n");
    /// assert!(answer.starts_with(b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html"));
    /// assert!(answer.ends_with(b"<title>404</title><p>no such page"));
    /// ```
    ///
    /// # Errors
    /// As for [`request`](ServerEvents::request); the client then gets the default response.
    fn client_error(&self, error: &Error, response: Response<'_>) -> Handled {
        write_refusal(error, response)
    }

    /// A handler failed, panicked or did not end its response, another method panicked, or accepting failed.
    /// The server goes on, also if this method panics: then only the message is lost. A handler that
    /// [refuses](crate::http::refuse) with a 5xx is reported, too, before [`client_error`](Self::client_error) makes the
    /// response; one that refuses with a 4xx is not. A peer that breaks a
    /// rule or leaves is not reported here: the program has not failed. So a handler may return the error of
    /// `write`, of a read of the body or of a WebSocket, also inside an error of its own; and once
    /// [`Response::client_left`] has returned `true`, it may return without ending its response. After
    /// [`Request::upgrade`](super::Request::upgrade) the loss of any connection counts as the loss of the
    /// client's, since a tunnel has two connections.
    fn error(&self, _what: &dyn fmt::Display) {}

    /// Accepting has stopped and every connection has ended.
    fn close(&self) {}
}

/// The default response to a CONNECT: nothing can be done with `host:port` here.
// RFC 9110 §15.5.6: "The origin server MUST generate an Allow header field in a 405 response"
// RFC 9110 §10.2.1: "An empty Allow field value indicates that the resource allows no methods"
fn refuse_tunnel() -> Failure {
    let why = "this server opens no tunnels (RFC 9110 §9.3.6)";
    refuse_with(405, why, [("Allow", ""), ("Connection", "close")])
}

/// The default response to an error: its status, and in the body the rule that was broken.
pub(super) fn write_refusal(error: &Error, response: Response<'_>) -> Handled {
    let status = error.status();
    let text = format!("{}: {error}\n", status_text(status));
    write_text(status, &text, response)
}

/// A response that says no more than its status.
pub(super) fn write_status(status: u16, response: Response<'_>) -> Handled {
    let text = format!("{}\n", status_text(status));
    write_text(status, &text, response)
}

/// A status with its reason phrase, if it has one.
fn status_text(status: u16) -> String {
    let text = format!("{status} {}", reason_phrase(status));
    text.trim_end().to_owned()
}

/// A response of one line of text.
fn write_text(status: u16, text: &str, mut response: Response<'_>) -> Handled {
    response
        .set_status(status)?
        .set_header("Content-Type", "text/plain; charset=utf-8")?;
    response.end(text)
}

/// The response to a GET or HEAD whose target has bytes that browsers leave unencoded: no method is called.
#[cold]
pub(super) fn send_to_encoded_target(request: &Request<'_>, mut response: Response<'_>) -> Handled {
    let error = wire::Error::whole(Rule::TargetUnencoded);
    response.set_header("Location", request.head().encoded_reference())?;
    write_refusal(&error.into(), response)
}

/// Calls the one method that a request is for that asks for this. Each of them gets a request that is made where it is
/// passed.
#[inline]
pub(super) fn dispatch<'r>(
    events: &dyn ServerEvents,
    asks: Asks,
    request: impl FnOnce() -> Request<'r>,
    response: Response<'_>,
) -> Handled {
    if asks.for_tunnel {
        events.connect(request(), response)
    } else if asks.for_upgrade {
        events.upgrade(request(), response)
    } else if asks.for_continue {
        events.check_continue(request(), response)
    } else {
        events.request(request(), response)
    }
}

/// Reports to [`ServerEvents::error`]. A panic there loses the message and nothing else.
pub(super) fn report(events: &dyn ServerEvents, what: &dyn fmt::Display) {
    let _ = guarded(|| events.error(what));
}

/// A closure is all the events there are, where only `request` matters.
pub(super) struct OnRequest<F>(pub(super) F);

impl<F, R> ServerEvents for OnRequest<F>
where
    F: Fn(Request<'_>, Response<'_>) -> R + Send + Sync + 'static,
    R: IntoHandled,
{
    fn request(&self, request: Request<'_>, response: Response<'_>) -> Handled {
        (self.0)(request, response).handled()
    }
}
