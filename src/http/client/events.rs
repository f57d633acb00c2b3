//! The book's events of a client request.

use super::response::ClientResponse;
use crate::http::error::Error;
use crate::http::upgraded::Upgraded;
use crate::http::wire::Fields;
use crate::net::Stream;

/// What happens to a request, in the book's words; see [`ClientRequest::run`]. All methods are called
/// on the thread that sends the request: `socket` first, interim responses as they come, one of the last four
/// last.
///
/// | event of the book | method | without events |
/// |---|---|---|
/// | `socket` | [`socket`](ClientEvents::socket) | |
/// | `continue` | [`continued`](ClientEvents::continued) | the body is sent |
/// | `information` | [`information`](ClientEvents::information) | |
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
pub trait ClientEvents {
    /// The request has a connection. `reused`: it has served another request before.
    fn socket(&mut self, _stream: &dyn Stream, _reused: bool) {}

    /// A 100: the server asks for the body.
    fn continued(&mut self) {}

    /// Another interim response, such as 103 Early Hints.
    fn information(&mut self, _status: u16, _fields: Fields<'_>) {}

    /// The final response. Its body may still be in flight.
    fn response(&mut self, _response: ClientResponse) {}

    /// A 2xx to CONNECT: the tunnel.
    fn connect(&mut self, _response: ClientResponse, _tunnel: Upgraded) {}

    /// A 101: the stream of the other protocol.
    fn upgrade(&mut self, _response: ClientResponse, _stream: Upgraded) {}

    /// The request failed: there is no final response.
    fn error(&mut self, _error: &Error) {}
}
