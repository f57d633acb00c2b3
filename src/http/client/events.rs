//! The book's events of a client request.

use super::next_request::NextRequest;
use super::response::ClientResponse;
use crate::http::error::Error;
use crate::http::upgraded::Upgraded;
use crate::http::wire::Fields;
use crate::net::Stream;

/// What happens to a request, in the book's words; see [`ClientRequest::run`] and [`ClientRequest::on`]. All methods
/// are called on the thread that sends the request: `socket` first, interim responses as they come, one of the last
/// four last. A redirect that is followed begins again: `redirect`, then `socket` for the connection of the next
/// request, which may be the same one.
///
/// ```
/// use barewire::http::{self, ClientEvents, ClientResponse};
/// use barewire::net::Stream;
/// use std::sync::mpsc::{Sender, channel};
///
/// struct Log(Sender<String>);
///
/// impl ClientEvents for Log {
///     fn socket(&mut self, _stream: &dyn Stream, reused: bool) {
///         let _ = self.0.send(format!("a socket, reused: {reused}"));
///     }
///     fn response(&mut self, mut response: ClientResponse) {
///         let _ = self.0.send(format!("{}: {:?}", response.status(), response.collect()));
///     }
///     fn error(&mut self, error: &http::Error) {
///         let _ = self.0.send(format!("failed: {error}"));
///     }
/// }
///
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     res.end("Hi")
/// }
/// let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// let port = server.local_addr().port().unwrap();
/// let options = http::RequestOptions::new().hostname("127.0.0.1").port(port).no_agent();
/// let (sender, log) = channel();
/// http::request(options)?.run("", Log(sender));
/// assert_eq!(log.iter().collect::<Vec<_>>(), ["a socket, reused: false", "200: Ok([72, 105])"]);
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), http::Error>(())
/// ```
///
/// | event of the book | method | without events |
/// |---|---|---|
/// | `socket` | [`socket`](ClientEvents::socket) | |
/// | `continue` | [`continued`](ClientEvents::continued) | the body is sent |
/// | `information` | [`information`](ClientEvents::information) | |
/// | | [`redirect`](ClientEvents::redirect) | [`ClientRequest::on_redirect`] |
/// | `response` | [`response`](ClientEvents::response) | what `end` returns |
/// | `connect` | [`connect`](ClientEvents::connect) | [`ClientResponse::upgrade`] |
/// | `upgrade` | [`upgrade`](ClientEvents::upgrade) | [`ClientResponse::upgrade`] |
/// | `error` | [`error`](ClientEvents::error) | `Err` |
///
/// Exactly one of the last four is called.
///
/// The reading notes say that `connect` needs a 200 (erratum E44 of the notes). Any 2xx opens the
/// tunnel (RFC 9110 §9.3.6).
///
/// [`ClientRequest::run`]: super::ClientRequest::run
/// [`ClientRequest::on`]: super::ClientRequest::on
/// [`ClientRequest::on_redirect`]: super::ClientRequest::on_redirect
pub trait ClientEvents {
    /// The request has a connection. `reused`: it has served another request before.
    fn socket(&mut self, _stream: &dyn Stream, _reused: bool) {}

    /// A 100: the server asks for the body.
    fn continued(&mut self) {}

    /// Another interim response, such as 103 Early Hints.
    fn information(&mut self, _status: u16, _fields: Fields<'_>) {}

    /// A redirect that is to be followed: see
    /// [`on_redirect`](super::ClientRequest::on_redirect). `Ok(false)`: it is not followed, and is the final response.
    ///
    /// # Errors
    /// They become those of the request.
    fn redirect(
        &mut self,
        _response: &ClientResponse,
        _next: &mut NextRequest<'_>,
    ) -> Result<bool, Error> {
        Ok(true)
    }

    /// The final response. Its body may still be in flight.
    fn response(&mut self, _response: ClientResponse) {}

    /// A 2xx to CONNECT: the tunnel.
    fn connect(&mut self, _response: ClientResponse, _tunnel: Upgraded) {}

    /// A 101: the stream of the other protocol.
    fn upgrade(&mut self, _response: ClientResponse, _stream: Upgraded) {}

    /// The request failed: there is no final response.
    fn error(&mut self, _error: &Error) {}
}
