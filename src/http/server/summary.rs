//! What is known of an exchange when it is over: a line for a log.
//!
//! [`request_loop`](super::request_loop) makes a [`Summary`] of what the connection has counted anyway, and calls
//! [`Server::on_finish`](super::Server::on_finish) with it. Only a server that has one reads the clock for it.

use super::exchange::{BodyState, ServerConnection};
use crate::http::error::Error;
use crate::http::wire::{RequestDecoder, RequestHead, Version};
use crate::net::{Addr, ReadBuffer, Stream};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// What [`Server::on_finish`](super::Server::on_finish) is given.
pub(super) struct OnFinish<F: ?Sized = dyn Fn(&Summary<'_>) + Send + Sync> {
    connections: AtomicU64,
    pub(super) call: F,
}

impl<F> OnFinish<F> {
    pub(super) fn new(call: F) -> OnFinish<F> {
        OnFinish {
            connections: AtomicU64::new(0),
            call,
        }
    }
}

impl OnFinish {
    /// The number of a new connection.
    pub(super) fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// An exchange that is over, a request and its response: see
/// [`Server::on_finish`](crate::http::Server::on_finish). It borrows what it shows from the connection.
///
/// Displayed, it is one line for a log: the client's address, method and URL, the status, the bytes of the body, the
/// time. A `-` stands for what there is not, and `cut` behind a response that is not complete.
///
/// ```text
///   127.0.0.1:41832 GET /count?by=2 200 3 bytes 0.214 ms
///   127.0.0.1:41840 GET /big 200 1310720 bytes 30004.120 ms cut
///   127.0.0.1:41844 GET / 400 88 bytes 0.030 ms
///   127.0.0.1:41846 - - 400 88 bytes 0.031 ms
/// ```
///
/// ```
/// use barewire::http;
///
/// fn slow(summary: &http::Summary) {
///     if summary.time() > std::time::Duration::from_secs(1) {
///         eprintln!("slow: {summary}");
///     }
/// }
///
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     res.end("hello\n")
/// }
///
/// let server = http::create_server(handler).on_finish(slow);
/// ```
///
/// How it ended:
///
/// | the exchange | `status` | `is_complete` | `refusal` | `is_upgraded` |
/// |---|---|---|---|---|
/// | was answered | the response's | true | `None` | false |
/// | was refused, by a rule or by its handler | the refusal's | true | the reason | false |
/// | was upgraded | 101, or 200 to CONNECT | true | `None` | true |
/// | was cut: its client left, broke a rule behind the head of the response, or was too slow; its handler failed there; or the server stopped | of the head that was sent, or `None` | false | the reason, if it is a refusal | false |
pub struct Summary<'a> {
    pub(super) decoder: &'a RequestDecoder,
    /// From the beginning of the request on.
    pub(super) buffer: &'a ReadBuffer,
    /// How many bytes there are the head, if it is one.
    pub(super) head_length: Option<usize>,
    pub(super) body: &'a BodyState,
    pub(super) response: &'a ServerConnection,
    pub(super) refusal: &'a Option<Box<Error>>,
    pub(super) numbers: &'a Numbers,
    pub(super) since: Instant,
}

/// The numbers of a connection on its server, if somebody wants a [`Summary`], and of a request on the connection.
pub(super) struct Numbers {
    pub(super) connection: u64,
    pub(super) request: u64,
}

impl<'a> Summary<'a> {
    /// The method, as it is spelt; `None` for bytes that do not begin with a request line. A request that is refused
    /// for its fields has one, such as a GET without a Host.
    pub fn method(&self) -> Option<&'a str> {
        self.line().map(|(method, _)| method)
    }

    /// The request-target as it came, query included: printable ASCII without blanks. `None` as for
    /// [`method`](Self::method).
    pub fn url(&self) -> Option<&'a str> {
        self.line().map(|(_, target)| target)
    }

    fn line(&self) -> Option<(&'a str, &'a str)> {
        self.decoder.request_line(self.buffer.unread())
    }

    /// `"1.1"` or `"1.0"`; `None` as for [`head`](Self::head).
    pub fn http_version(&self) -> Option<&'static str> {
        Some(match self.head()?.version() {
            Version::Http11 => "1.1",
            Version::Http10 => "1.0",
        })
    }

    /// The first value of a field of the request, such as its `User-Agent`, if it is text. `None` as for
    /// [`head`](Self::head), too.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.head()?.fields().get_str(name)
    }

    /// The whole head of the request; `None` for bytes that were refused as no request.
    pub fn head(&self) -> Option<RequestHead<'a>> {
        let length = self.head_length?;
        Some(self.decoder.head(&self.buffer.unread()[..length]))
    }

    /// The status of the response, 101 after an upgrade; `None` if no head was sent.
    pub fn status(&self) -> Option<u16> {
        self.response.sent_status()
    }

    /// How many bytes of the body were sent, without the framing of chunks. If the response is not complete, these are
    /// the bytes that the stream has taken: the kernel of this machine, or TLS, may have held some of them when the
    /// connection was cut, so the client has got no more than these.
    pub fn body_bytes(&self) -> u64 {
        self.response.sent_body_bytes()
    }

    /// How many bytes the request had on the wire, as far as they were read: its head, its body and the framing of
    /// both, before TLS. What the handler has left of the body is not among them.
    pub fn bytes_in(&self) -> u64 {
        match self.head_length {
            Some(length) => length as u64 + self.body.bytes_in(),
            None => self.buffer.unread().len() as u64,
        }
    }

    /// How many bytes the response had on the wire: heads, interim ones too, body and framing, before TLS. If the
    /// response is not complete, as for [`body_bytes`](Self::body_bytes).
    pub fn bytes_out(&self) -> u64 {
        self.response.sent_bytes()
    }

    /// Whether the whole response was sent, or stays pending for a moment to leave with the next one. If not, the
    /// connection is cut.
    pub fn is_complete(&self) -> bool {
        self.response.has_sent_all()
    }

    /// Whether the connection belongs to another protocol now: a WebSocket, or the tunnel of a CONNECT.
    pub fn is_upgraded(&self) -> bool {
        self.response.handed_over.is_some()
    }

    /// Why the request was refused: [`Error::Peer`] has the rule that the client broke, [`Error::Handler`] what the
    /// handler refused with.
    ///
    /// ```
    /// use barewire::http;
    ///
    /// let server = http::create_server(|_req, res| res.end("hello\n")).on_finish(|summary| {
    ///     if let Some(http::Error::Peer(error)) = summary.refusal() {
    ///         assert_eq!(error.rule().name(), "HostMissing");
    ///         println!("{:?}: {error}", summary.url()); // Some("/"): an HTTP/1.1 request must have …
    ///     }
    /// });
    /// server.answer_to(b"GET / HTTP/1.1\r\n\r\n");
    /// ```
    pub fn refusal(&self) -> Option<&'a Error> {
        self.refusal.as_deref()
    }

    /// The client's address, also if it has left.
    pub fn peer(&self) -> Option<Addr> {
        self.stream().peer_addr().ok()
    }

    /// The stream that the request came on: over TLS, a [`Tls`](crate::tls::Tls) with the client's certificate.
    pub fn stream(&self) -> &'a dyn Stream {
        self.response.stream()
    }

    /// The number of the connection on its server, from 1 on.
    pub fn connection(&self) -> u64 {
        self.numbers.connection
    }

    /// The number of the request on its connection, from 1 on.
    pub fn request(&self) -> u64 {
        self.numbers.request
    }

    /// How long it took until the head of the response was sent; `None` if none was. The clock is read only for a
    /// response that is sent in pieces or is larger than 16 KiB. Another one leaves at once, so this is
    /// [`time`](Self::time).
    pub fn first_byte(&self) -> Option<Duration> {
        self.status()?;
        Some(match self.response.first_byte {
            Some(at) => at.saturating_duration_since(self.since),
            None => self.time(),
        })
    }

    /// How long it took in all: from the moment when the head of the request was complete. For bytes that were no
    /// request, from the moment when the server began to wait for more of them. Reads the clock.
    pub fn time(&self) -> Duration {
        self.since.elapsed()
    }

    /// The time of day: that of the response's `Date` field, which was made when its head was sent. Where no head was
    /// sent, the clock is read.
    pub fn date(&self) -> SystemTime {
        match self.status() {
            Some(_) => self.response.draft.date(),
            None => SystemTime::now(),
        }
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.peer() {
            Some(address) => write!(f, "{address}")?,
            None => f.write_str("-")?,
        }
        let (method, url) = (self.method(), self.url());
        write!(f, " {} {}", method.unwrap_or("-"), url.unwrap_or("-"))?;
        match self.status() {
            Some(status) => write!(f, " {status:03}")?,
            None => f.write_str(" -")?,
        }
        let ms = self.time().as_secs_f64() * 1000.0;
        write!(f, " {} bytes {ms:.3} ms", self.body_bytes())?;
        match self.is_complete() {
            true => Ok(()),
            false => f.write_str(" cut"),
        }
    }
}

impl fmt::Debug for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Summary")
            .field("method", &self.method())
            .field("url", &self.url())
            .field("status", &self.status())
            .field("body_bytes", &self.body_bytes())
            .field("is_complete", &self.is_complete())
            .finish_non_exhaustive()
    }
}
