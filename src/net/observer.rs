//! What an observer gets: which connection it is, and what has passed.

use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::addr::Addr;
use super::guarded::guarded;

/// What has passed over a connection with a [`Tap`](super::Tap).
///
/// ```
/// use barewire::net::{self, ConnectOptions, TapEvent, Tapped};
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// let received = Arc::new(AtomicUsize::new(0));
/// let count = Arc::clone(&received);
/// let options = ConnectOptions::default().tap(move |_: &Tapped, event: TapEvent<'_>| match event {
///     TapEvent::Received(bytes) => {
///         count.fetch_add(bytes.len(), Ordering::Relaxed);
///     }
///     TapEvent::ReceivedEnd => println!("the peer has ended"),
///     _ => {} // there may be others, later
/// });
///
/// let handle = net::create_server(|socket| socket.write_all("hello")).listen("127.0.0.1:0")?;
/// let socket = net::connect_with(&handle.local_addr().to_string(), &options)?;
/// std::io::Read::read_to_end(&mut &socket, &mut Vec::new())?;
/// assert_eq!(received.load(Ordering::Relaxed), 5);
/// # drop(socket);
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TapEvent<'a> {
    /// The connection stands; inside TLS: the handshake is over. The first event.
    Connected,
    /// A read brought these bytes: at least one.
    Received(&'a [u8]),
    /// A write took these bytes: at least one. They are on their way, not yet with the peer.
    Sent(&'a [u8]),
    /// A read found the peer's FIN; inside TLS, its close_notify. It comes once.
    ReceivedEnd,
    /// Our direction has ended, or both directions. It comes once.
    SentEnd,
    /// The connection was cut on this side, see [`Stream::abort`](super::Stream::abort).
    Aborted,
    /// A read or a write found the connection broken: [`ErrorKind::ConnectionReset`], for example. It comes once.
    Broken(ErrorKind),
    /// Nobody holds the connection any more. The last event.
    Closed,
}

/// The number of the next connection that is tapped.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A connection that is observed: which one it is.
///
/// A connection under TLS is observed twice, as two of these with the same [`number`](Tapped::number): its records,
/// and, once the handshake is over, the [plaintext](Tapped::is_plaintext) inside them.
///
/// ```
/// use barewire::net::{TapEvent, Tapped};
///
/// fn show(connection: &Tapped, event: TapEvent<'_>) {
///     if event == TapEvent::Connected && !connection.is_plaintext() {
///         let way = if connection.is_accepted() { "from" } else { "to" };
///         println!("#{}: {way} {:?}", connection.number(), connection.peer_addr());
///     }
/// }
/// # let _ = barewire::net::ConnectOptions::default().tap(show);
/// ```
pub struct Tapped {
    number: u64,
    is_accepted: bool,
    is_plaintext: bool,
    local: Option<Addr>,
    peer: Option<Addr>,
    observer: Arc<dyn Observer>,
}

/// What is called with all that passes over the connections of a server or a client: the argument of their option
/// `tap`. A closure is one.
///
/// | observed | the option |
/// |---|---|
/// | all connections of a server | `tap` of [`net::Server`](super::Server::tap), [`http::Server`](crate::http::Server::tap), [`tls::Server`](crate::tls::Server::tap), [`https::Server`](crate::https::Server::tap) |
/// | those of a service of one's own | [`Options::tap`](super::Options::tap) |
/// | a connection of a client | [`ConnectOptions::tap`](super::ConnectOptions::tap), also under TLS |
/// | those of requests | [`RequestOptions::tap`](crate::http::RequestOptions::tap), also of an [`https::Agent`](crate::https::Agent::with_options) and through a proxy |
/// | a WebSocket of a client | [`websocket::ConnectOptions::tap`](crate::websocket::ConnectOptions::tap) |
/// | a stream that a program has made itself | [`Tap::accepted`](super::Tap::accepted), [`Tap::opened`](super::Tap::opened) |
///
/// [`trace::Recorder`](crate::trace::Recorder) is one that explains each byte, and writes captures.
///
/// # What it sees, and when
///
/// - Each byte once: received ones when the read has returned, sent ones when the write has returned, and of a write
///   that took a part of its bytes that part. What was read and never sent, or never read, it does not see.
/// - Each direction in the order of its bytes, if one thread at a time reads and one at a time writes, as all of
///   barewire does.
/// - A response never before its request: what a read brings while a write waits is passed on behind that write, at
///   the latest when 64 KiB, or 1,024 pieces, have come meanwhile. (A server may respond before the write of a
///   request has returned.)
/// - The events of one `Tapped` one after another, never two at the same time; those of different connections, and
///   of the two sides of TLS, at the same time. The plaintext is received behind its records, and sent before them,
///   or behind them: a record is written by the thread that is the first to find room.
///
/// It is called on the thread that has read, written, ended or cut the connection, and that thread waits for it. It must
/// not use this connection, which would wait for itself, nor cancel a request on it. Its panic ends here: the
/// connection does not notice, and the next event is passed to it as usual.
///
/// ```
/// use barewire::http;
/// use barewire::net::{Observer, TapEvent, Tapped};
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// /// How much a server sends.
/// #[derive(Default)]
/// struct Sent(AtomicU64);
///
/// impl Observer for Sent {
///     fn passed(&self, connection: &Tapped, event: TapEvent<'_>) {
///         if let (TapEvent::Sent(bytes), false) = (event, connection.is_plaintext()) {
///             self.0.fetch_add(bytes.len() as u64, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let sent = Arc::new(Sent::default());
/// let server = http::create_server(|_req, res| res.end("hello\n")).tap(Arc::clone(&sent));
/// let answer = server.answer_to(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
/// assert_eq!(sent.0.load(Ordering::Relaxed), answer.len() as u64);
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Something has passed over this connection.
    fn passed(&self, connection: &Tapped, event: TapEvent<'_>);
}

impl<F: Fn(&Tapped, TapEvent<'_>) + Send + Sync + 'static> Observer for F {
    fn passed(&self, connection: &Tapped, event: TapEvent<'_>) {
        self(connection, event);
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn passed(&self, connection: &Tapped, event: TapEvent<'_>) {
        (**self).passed(connection, event);
    }
}

impl fmt::Debug for dyn Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer").finish_non_exhaustive()
    }
}

impl Tapped {
    pub(super) fn new(
        observer: Arc<dyn Observer>,
        is_accepted: bool,
        local: io::Result<Addr>,
        peer: io::Result<Addr>,
    ) -> Tapped {
        Tapped {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            is_accepted,
            is_plaintext: false,
            local: local.ok(),
            peer: peer.ok(),
            observer,
        }
    }

    /// The same connection, inside TLS.
    pub(super) fn inside(&self) -> Tapped {
        Tapped {
            is_plaintext: true,
            local: self.local.clone(),
            peer: self.peer.clone(),
            observer: Arc::clone(&self.observer),
            ..*self
        }
    }

    /// The number of the connection in this process: 0, 1 …
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether this side has accepted the connection, and has not opened it.
    pub fn is_accepted(&self) -> bool {
        self.is_accepted
    }

    /// Whether the bytes are those inside TLS. Their records are another `Tapped`.
    pub fn is_plaintext(&self) -> bool {
        self.is_plaintext
    }

    /// This side's address, if the system knows it.
    pub fn local_addr(&self) -> Option<&Addr> {
        self.local.as_ref()
    }

    /// The other side's address, if the system knows it.
    pub fn peer_addr(&self) -> Option<&Addr> {
        self.peer.as_ref()
    }

    pub(crate) fn observer(&self) -> &Arc<dyn Observer> {
        &self.observer
    }

    pub(super) fn passed(&self, event: TapEvent<'_>) {
        let _ = guarded(|| self.observer.passed(self, event)); // the panic hook has printed it
    }
}

impl fmt::Debug for Tapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tapped")
            .field("number", &self.number)
            .field("is_accepted", &self.is_accepted)
            .field("is_plaintext", &self.is_plaintext)
            .finish_non_exhaustive()
    }
}
