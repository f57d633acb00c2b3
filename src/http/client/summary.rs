//! What is known of a request when it is over: a line for a log.
//!
//! [`request.rs`](super::request) makes a [`Finishing`] for a request whose options have an `on_finish`. The exchange
//! has it from its connection on. Whoever finds the end of the request takes it, so it is called once.

use super::timings::Timings;
use crate::http::error::Error;
use crate::http::wire::ResponseHead;
use crate::net::{Addr, Stream, guarded};
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

/// What [`RequestOptions::on_finish`](super::RequestOptions::on_finish) is given.
pub(super) type OnFinish = dyn Fn(&ClientSummary<'_>) + Send + Sync;

/// What a response answers.
pub(super) trait Asked: Send + Sync {
    fn method(&self) -> &str;

    /// The URL that was asked for; `None` for a CONNECT.
    fn url(&self) -> Option<String>;

    fn on_finish(&self) -> Option<&OnFinish>;
}

/// A request whose end is to be reported.
pub(super) struct Finishing {
    pub(super) asked: Arc<dyn Asked>,
    /// When this request began, which may follow a redirect.
    pub(super) began: Instant,
    pub(super) stream: Option<Arc<dyn Stream>>,
    pub(super) is_retried: bool,
}

/// What an exchange has counted.
#[derive(Default)]
pub(super) struct Counted<'a> {
    pub(super) head: Option<ResponseHead<'a>>,
    pub(super) first_byte: Option<Instant>,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
}

/// How a request ended.
#[derive(Clone, Copy)]
pub(super) enum End<'a> {
    Complete,
    Upgraded,
    /// `None`: the caller has dropped it.
    Cut(Option<&'a Error>),
}

impl Finishing {
    /// Calls the program's code. No lock is held, and its panic ends here: the panic hook has shown it.
    #[cold]
    pub(super) fn report(self, counted: Counted<'_>, timings: &Timings, end: End<'_>) {
        let since_began = |at: Instant| at.saturating_duration_since(self.began);
        let summary = ClientSummary {
            finishing: &self,
            timings: Timings {
                began: self.began,
                ended: Some(Instant::now()),
                first_byte: counted.first_byte.map(since_began).unwrap_or_default(),
                ..*timings
            },
            counted,
            end,
        };
        if let Some(on_finish) = self.asked.on_finish() {
            let _ = guarded(|| on_finish(&summary));
        }
    }
}

impl fmt::Debug for Finishing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Finishing")
    }
}

/// A client's request that is over: see [`RequestOptions::on_finish`](crate::http::RequestOptions::on_finish).
///
/// Displayed, it is one line for a log: the method and URL, the status, the bytes that came, the time. A `-` stands for
/// what there is not, and `cut` with the reason behind a response that is not complete.
///
/// ```text
///   GET http://127.0.0.1:1337/count?by=2 200 128 bytes 0.214 ms
///   GET http://127.0.0.1:1337/big 200 65536 bytes 30004.120 ms cut: nothing moved while the body was received: 30s
///   GET http://127.0.0.1:1/ - 0 bytes 0.093 ms cut: Connection refused (os error 111)
/// ```
///
/// ```
/// use barewire::http;
/// use std::sync::mpsc::channel;
///
/// let server = http::create_server(|_req, res| res.end("hello\n")).listen("127.0.0.1:0")?;
/// let (sender, lines) = channel();
/// let options = http::RequestOptions::new()
///     .url(&format!("http://me:secret@{}/a?b=c", server.local_addr()))?
///     .on_finish(move |summary| drop(sender.send(summary.to_string())));
///
/// http::request(&options)?.end("")?.collect()?;
/// let line = lines.recv().unwrap();
/// assert!(line.starts_with(&format!("GET http://{}/a?b=c 200 ", server.local_addr())));
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), http::Error>(())
/// ```
///
/// How it ended:
///
/// | the request | `status` | `is_complete` | `error` | `is_upgraded` |
/// |---|---|---|---|---|
/// | was answered, and its body was received to the end | the response's | true | `None` | false |
/// | was upgraded | 101, or 2xx to CONNECT | true | `None` | true |
/// | failed: no connection, a deadline, a broken rule, cancelled | of the final head, or `None` | false | why | false |
/// | was dropped by its caller before the end of the body | of the final head, or `None` | false | `None` | false |
pub struct ClientSummary<'a> {
    finishing: &'a Finishing,
    counted: Counted<'a>,
    timings: Timings,
    end: End<'a>,
}

impl<'a> ClientSummary<'a> {
    /// The method.
    pub fn method(&self) -> &str {
        self.finishing.asked.method()
    }

    /// The URL without user and password, made at each call; `None` for a CONNECT. Its query may hold a secret.
    pub fn url(&self) -> Option<String> {
        self.finishing.asked.url()
    }

    /// The status of the response; `None` if no final head came.
    pub fn status(&self) -> Option<u16> {
        Some(self.counted.head.as_ref()?.status())
    }

    /// The final head of the response.
    pub fn head(&self) -> Option<&ResponseHead<'a>> {
        self.counted.head.as_ref()
    }

    /// How many bytes came: heads, interim ones too, body and framing, before TLS.
    pub fn bytes_in(&self) -> u64 {
        self.counted.bytes_in
    }

    /// How many bytes of the request the stream has taken: head, body and framing, before TLS.
    pub fn bytes_out(&self) -> u64 {
        self.counted.bytes_out
    }

    /// How long its parts took, and in all: see [`Timings`]. They are those of this request alone, also if it follows a
    /// redirect. `first_byte` is zero if nothing came.
    pub fn timings(&self) -> &Timings {
        &self.timings
    }

    /// Whether its connection had served another request.
    pub fn is_reused(&self) -> bool {
        self.timings.reused
    }

    /// Whether it was sent once more, because a connection that was used again had been closed. The bytes and the
    /// connection are those of the second time.
    pub fn is_retried(&self) -> bool {
        self.finishing.is_retried
    }

    /// Whether the whole response came, or the connection belongs to another protocol now.
    pub fn is_complete(&self) -> bool {
        matches!(self.end, End::Complete | End::Upgraded)
    }

    /// Whether the connection belongs to another protocol now.
    pub fn is_upgraded(&self) -> bool {
        matches!(self.end, End::Upgraded)
    }

    /// Why the request failed: what its caller gets.
    pub fn error(&self) -> Option<&'a Error> {
        match self.end {
            End::Cut(error) => error,
            End::Complete | End::Upgraded => None,
        }
    }

    /// The address of the server, or of its proxy; `None` if there was no connection.
    pub fn peer(&self) -> Option<Addr> {
        self.stream()?.peer_addr().ok()
    }

    /// The connection, which may serve another request already.
    pub fn stream(&self) -> Option<&dyn Stream> {
        self.finishing.stream.as_deref()
    }
}

impl fmt::Display for ClientSummary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url();
        write!(f, "{} {}", self.method(), url.as_deref().unwrap_or("-"))?;
        match self.status() {
            Some(status) => write!(f, " {status:03}")?,
            None => f.write_str(" -")?,
        }
        let ms = self.timings.total().as_secs_f64() * 1000.0;
        write!(f, " {} bytes {ms:.3} ms", self.bytes_in())?;
        match self.end {
            End::Complete | End::Upgraded => Ok(()),
            End::Cut(None) => f.write_str(" cut"),
            End::Cut(Some(error)) => write!(f, " cut: {error}"),
        }
    }
}

impl fmt::Debug for ClientSummary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSummary")
            .field("method", &self.method())
            .field("url", &self.url())
            .field("status", &self.status())
            .field("is_complete", &self.is_complete())
            .field("error", &self.error())
            .finish_non_exhaustive()
    }
}
