//! What is known of a request and its response when both are over: a line for a log.

use crate::http::wire::RequestHead;
use crate::net::Stream;
use std::fmt;
use std::time::{Duration, Instant};

/// What [`Server::on_finish`](super::Server::on_finish) is called with.
pub(super) type OnFinish = dyn Fn(&Exchange<'_>) + Send + Sync;

/// A request and its response that are over: see [`Server::on_finish`](crate::http::Server::on_finish).
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
/// fn slow(exchange: &http::Exchange) {
///     if exchange.time() > std::time::Duration::from_secs(1) {
///         eprintln!("slow: {exchange}");
///     }
/// }
///
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     res.end("hello\n")
/// }
///
/// let server = http::create_server(handler).on_finish(slow);
/// ```
pub struct Exchange<'a> {
    /// Method and target.
    pub(super) line: Option<(&'a str, &'a str)>,
    pub(super) head: Option<RequestHead<'a>>,
    pub(super) stream: &'a dyn Stream,
    pub(super) status: Option<u16>,
    pub(super) body_bytes: u64,
    pub(super) is_complete: bool,
    pub(super) since: Instant,
}

impl<'a> Exchange<'a> {
    /// The method, as it is spelt; `None` for bytes that do not begin with a request line. A request that is refused
    /// for its fields has one, such as a GET without a Host.
    pub fn method(&self) -> Option<&'a str> {
        self.line.map(|(method, _)| method)
    }

    /// The request-target as it came, query included: printable ASCII without blanks. `None` as for
    /// [`method`](Self::method).
    pub fn url(&self) -> Option<&'a str> {
        self.line.map(|(_, target)| target)
    }

    /// The first value of a field of the request, such as its `User-Agent`, if it is text. `None` as for
    /// [`head`](Self::head), too.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.head?.fields().get_str(name)
    }

    /// The whole head of the request; `None` for bytes that were refused as no request.
    pub fn head(&self) -> Option<RequestHead<'a>> {
        self.head
    }

    /// The status of the response, 101 after an upgrade; `None` if no head was sent.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// How many bytes of the body were sent, without the framing of chunks. If the response is not complete, these are
    /// the bytes that the stream has taken: the kernel of this machine, or TLS, may have held some of them when the
    /// connection was cut, so the client has got no more than these.
    pub fn body_bytes(&self) -> u64 {
        self.body_bytes
    }

    /// Whether the whole response was sent, or stays pending for a moment to leave with the next one. If not, the
    /// connection is cut.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// The stream that the request came on: its [`peer_addr`](Stream::peer_addr).
    pub fn stream(&self) -> &'a dyn Stream {
        self.stream
    }

    /// How long it took: from the moment when the head of the request was complete. For bytes that were no request,
    /// from the moment when the server began to wait for more of them.
    pub fn time(&self) -> Duration {
        self.since.elapsed()
    }
}

impl fmt::Display for Exchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stream.peer_addr() {
            Ok(address) => write!(f, "{address}")?,
            Err(_) => f.write_str("-")?, // the client has left
        }
        let (method, url) = (self.method(), self.url());
        write!(f, " {} {}", method.unwrap_or("-"), url.unwrap_or("-"))?;
        match self.status {
            Some(status) => write!(f, " {status:03}")?,
            None => f.write_str(" -")?,
        }
        let ms = self.time().as_secs_f64() * 1000.0;
        write!(f, " {} bytes {ms:.3} ms", self.body_bytes)?;
        match self.is_complete {
            true => Ok(()),
            false => f.write_str(" cut"),
        }
    }
}

impl fmt::Debug for Exchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("method", &self.method())
            .field("url", &self.url())
            .field("status", &self.status)
            .field("body_bytes", &self.body_bytes)
            .field("is_complete", &self.is_complete)
            .finish_non_exhaustive()
    }
}
