//! How long the parts of a request took, and in which of them it is.

use std::time::{Duration, Instant};

/// What a request is doing: what [`RequestHandle::phase`](super::RequestHandle::phase) returns. The order is that of
/// time; a redirect that is followed and a request that is sent once more begin again.
///
/// ```
/// use barewire::http::Phase;
///
/// fn shown(phase: Option<Phase>) -> &'static str {
///     match phase {
///         None => "not begun",
///         Some(Phase::Queue) => "waits for a socket",
///         Some(Phase::Resolve | Phase::Connect | Phase::Secure) => "connects",
///         Some(Phase::Send) => "uploads",
///         Some(Phase::Head) => "waits for the server",
///         Some(Phase::Body) => "downloads",
///     }
/// }
/// assert_eq!(shown(Some(Phase::Head)), "waits for the server");
/// assert!(Phase::Connect < Phase::Send);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It waits for a socket of the agent.
    Queue,
    /// It looks the name up: that of the server, or of the proxy.
    Resolve,
    /// It connects, through a proxy if there is one. A [`Connector`](super::Connector) of one's own is in this phase
    /// from its call to its return.
    Connect,
    /// It makes the TLS handshake.
    Secure,
    /// It sends its head, or its body.
    Send,
    /// It waits for the head of the response, or for a 100.
    Head,
    /// The head of the response is here; the body comes.
    Body,
}

/// How long the parts of a request took. A part that did not happen (connecting, on a connection that
/// was open already) is zero. [`ClientResponse::timings`](super::ClientResponse::timings) returns them, and
/// [`RequestHandle::timings`](super::RequestHandle::timings) also for a request that has failed or goes on.
///
/// If redirects were followed, `queue`, `resolve`, `connect`, `secure` and `reused` are those of the last request.
/// `first_byte` and [`total`](Self::total) count from the beginning of the first one.
///
/// ```text
///   ├ queue ┤├ resolve ┤├ connect ┤├ secure ┤├ send, and wait ──┤├ body …
///   ├ first_byte ───────────────────────────────────────────────┤
/// ```
///
/// ```
/// use barewire::http;
///
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     res.end("Hello World\n")
/// }
/// let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// let port = server.local_addr().port().unwrap();
/// let mut res = http::get(&format!("http://127.0.0.1:{port}/"))?;
/// res.collect()?;
/// let timings = res.timings();
/// println!("first byte after {:?}, all after {:?}", timings.first_byte, timings.total());
/// assert!(timings.connect <= timings.first_byte && timings.first_byte <= timings.total());
/// assert!(timings.secure.is_zero() && !timings.reused);
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    pub(super) began: Instant,
    /// When the request ended, if that is known.
    pub(super) ended: Option<Instant>,
    /// Waiting for a socket of the agent.
    pub queue: Duration,
    /// Resolving the name: of the server, or of the proxy.
    pub resolve: Duration,
    /// Connecting, and a tunnel through a proxy.
    pub connect: Duration,
    /// The TLS handshake.
    pub secure: Duration,
    /// From the beginning to the first byte of the final head.
    pub first_byte: Duration,
    /// The connection had served another request before.
    pub reused: bool,
}

impl Timings {
    pub(super) fn start() -> Timings {
        Timings {
            began: Instant::now(),
            ended: None,
            queue: Duration::ZERO,
            resolve: Duration::ZERO,
            connect: Duration::ZERO,
            secure: Duration::ZERO,
            first_byte: Duration::ZERO,
            reused: false,
        }
    }

    /// This phase took `time`.
    pub(super) fn add(&mut self, phase: Phase, time: Duration) {
        match phase {
            Phase::Queue => self.queue += time,
            Phase::Resolve => self.resolve += time,
            Phase::Connect => self.connect += time,
            Phase::Secure => self.secure += time,
            Phase::Send | Phase::Head | Phase::Body => {}
        }
    }

    /// From the beginning until now, or until the request ended, if these are those of a
    /// [`RequestHandle`](super::RequestHandle) or a [`ClientSummary`](super::ClientSummary). After the body has been read, this is the whole request.
    pub fn total(&self) -> Duration {
        let ended = self.ended.unwrap_or_else(Instant::now);
        ended.saturating_duration_since(self.began)
    }
}
