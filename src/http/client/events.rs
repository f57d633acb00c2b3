//! The book's events of a client request.

use super::answer::ClientResponse;
use crate::http::error::Error;
use crate::http::upgraded::Upgraded;
use crate::http::wire::Fields;
use crate::net::Stream;

/// What happens to a request, in the book's words; see [`ClientRequest::run`]. All are called on
/// the thread that sends the request, in the order of this table.
///
/// | event of the book | method | and without events |
/// |---|---|---|
/// | `socket` | [`socket`](ClientEvents::socket) | |
/// | `continue` | [`continued`](ClientEvents::continued) | the body is sent |
/// | `information` | [`information`](ClientEvents::information) | |
/// | `response` | [`response`](ClientEvents::response) | what `end` returns |
/// | `connect` | [`connect`](ClientEvents::connect) | [`ClientResponse::upgrade`] |
/// | `upgrade` | [`upgrade`](ClientEvents::upgrade) | [`ClientResponse::upgrade`] |
/// | `error` | [`error`](ClientEvents::error) | `Err` |
///
/// The last four exclude each other, and one of them comes.
///
/// The reading notes say that `connect` needs a 200 (E44): any 2xx opens the tunnel
/// (RFC 9110 §9.3.6).
///
/// [`ClientRequest::run`]: super::ClientRequest::run
pub trait ClientEvents {
    /// The request has a connection; `reused`: it has served another before.
    fn socket(&mut self, _stream: &dyn Stream, _reused: bool) {}

    /// A 100: the server wants the body.
    fn continued(&mut self) {}

    /// Another 1xx, such as 103 Early Hints.
    fn information(&mut self, _status: u16, _fields: Fields<'_>) {}

    /// The answer. Its body may still be on its way.
    fn response(&mut self, _response: ClientResponse) {}

    /// A 2xx to CONNECT: the tunnel.
    fn connect(&mut self, _response: ClientResponse, _tunnel: Upgraded) {}

    /// A 101: the other protocol.
    fn upgrade(&mut self, _response: ClientResponse, _stream: Upgraded) {}

    /// No answer.
    fn error(&mut self, _error: &Error) {}
}

/// Nobody listens.
pub(super) struct Silent;

impl ClientEvents for Silent {}

/// Whom to tell of what comes before the answer.
pub(super) struct Interim<'a>(pub(super) &'a mut dyn ClientEvents);

impl Interim<'_> {
    pub(super) fn tell(&mut self, status: u16, fields: Fields<'_>) {
        match status {
            100 => self.0.continued(),
            _ => self.0.information(status, fields),
        }
    }
}
