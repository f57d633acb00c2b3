//! The book's `net.createServer`.

use super::addr::Addr;
use super::connect_options::ConnectOptions;
use super::handle::Handle;
use super::listener::Listener;
use super::observer::Observer;
use super::service::{Options, Service};
use super::slot::Slot;
use super::socket::Socket;
use super::stream::Stream;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// As long as Node's `server.timeout` was: enough for a person at a telnet, and not for ever.
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);

/// A server whose connections are each served by `connection`, on a thread of their own.
///
/// When it returns, the connection ends: what is queued is sent, then our FIN; the peer's is waited for,
/// two seconds at most. An error that it returns ends the connection in the same way and is not reported:
/// `connection` itself knows what was lost, and can act on it. After a panic the connection is cut, and
/// the server goes on; [`ServerEvents::error`] is not called.
///
/// # Limits
///
/// No peer holds a thread and a slot for ever. All of these are on from the start, except
/// `max_connections_per_address`. A connection that
/// exceeds one of them, except the first two, is cut: a read, and the write that waits for the peer, return
/// [`ConnectionAborted`](io::ErrorKind::ConnectionAborted), later writes
/// [`BrokenPipe`](io::ErrorKind::BrokenPipe).
///
/// | what | setting | default |
/// |---|---|---|
/// | connections at the same time; others wait in the kernel's backlog | [`max_connections`](Server::max_connections) | 10,000 |
/// | connections from one address; others are closed at once | [`max_connections_per_address`](Server::max_connections_per_address) | no limit |
/// | a read waits, and nothing is read or written | [`idle_timeout`](Server::idle_timeout) | 2 min |
/// | peer reads nothing of what we send | [`stall_timeout`](Server::stall_timeout) | 30 s |
/// | peer reads what we send too slowly, over each `stall_timeout` of waiting | [`min_bytes_per_second`](Server::min_bytes_per_second) | 256 |
/// | bytes queued by [`Socket::write`] | [`max_buffered`](Server::max_buffered) | 16 MiB |
/// | peer's FIN after ours, counted from the last byte that came | fixed | 2 s, 30 s in all |
///
/// When the last row ends a connection, the kernel still delivers what the peer has not read, unless the peer
/// sends more.
///
/// ```
/// use barewire::net;
///
/// let server = net::create_server(|socket| {
///     socket.write_all("Echo server\r\n")?;
///     socket.pipe(&socket)?;
///     Ok(())
/// });
/// let handle = server.listen("127.0.0.1:0")?; // the book's port is 1337
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn create_server<F>(connection: F) -> Server<impl ServerEvents>
where
    F: Fn(Socket) -> io::Result<()> + Send + Sync + 'static,
{
    create_server_with(OnConnection(connection))
}

/// A server that does what `events` say.
///
/// ```
/// use barewire::net::{self, Addr, ServerEvents, Socket};
/// use std::io;
///
/// struct Echo;
///
/// impl ServerEvents for Echo {
///     fn listening(&self, address: &Addr) {
///         println!("listening on {address}");
///     }
///
///     fn connection(&self, socket: Socket) -> io::Result<()> {
///         socket.pipe(&socket).map(drop)
///     }
/// }
///
/// let handle = net::create_server_with(Echo).listen("127.0.0.1:0")?;
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), io::Error>(())
/// ```
pub fn create_server_with<E: ServerEvents>(events: E) -> Server<E> {
    Server {
        events,
        options: Options::default(),
        sockets: ConnectOptions {
            idle_timeout: Some(IDLE_TIMEOUT),
            ..ConnectOptions::default()
        },
    }
}

/// The book's events of a server.
///
/// | event of the book | method | called when | on which thread |
/// |---|---|---|---|
/// | `listening` | [`listening`](ServerEvents::listening) | the address is bound, nothing is accepted yet | the one in [`listen`](Server::listen) |
/// | `connection` | [`connection`](ServerEvents::connection) | a connection was accepted | the connection's own |
/// | `error` | [`error`](ServerEvents::error) | the address could not be bound (`listen` returns it, too); accepting failed | the one in `listen`; one that accepts |
/// | `close` | [`close`](ServerEvents::close) | accepting has stopped **and** every connection has ended | the last one to end |
///
/// `listening` comes before every `connection`, `close` after everything else, and once.
/// Accepting stops with [`Handle::stop`], which leaves the connections alone, as the book's
/// `server.close()` does; [`Handle::shutdown`] cuts them at a deadline.
///
/// ```
/// use barewire::net::{self, ServerEvents, Socket};
/// use std::io;
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use std::time::Duration;
///
/// /// Numbers its visitors.
/// #[derive(Default)]
/// struct Counter {
///     visitors: AtomicUsize,
/// }
///
/// impl ServerEvents for Counter {
///     fn connection(&self, socket: Socket) -> io::Result<()> {
///         let number = self.visitors.fetch_add(1, Ordering::Relaxed) + 1;
///         socket.write_all(format!("you are number {number}\n"))
///     }
///
///     fn error(&self, error: &io::Error) {
///         eprintln!("{error}");
///     }
///
///     fn close(&self) {
///         println!("{} visitors", self.visitors.load(Ordering::Relaxed));
///     }
/// }
///
/// let handle = net::create_server_with(Counter::default()).listen("127.0.0.1:0")?;
/// # let client = net::connect(&handle.local_addr().to_string())?;
/// # assert_eq!(client.read(&mut [0; 64])?, 17);
/// # drop(client);
/// handle.shutdown(Duration::from_secs(1)); // `close` is called
/// # Ok::<(), io::Error>(())
/// ```
pub trait ServerEvents: Send + Sync + 'static {
    /// The address is bound. Port 0 has become a real one.
    fn listening(&self, _address: &Addr) {}

    /// Serves one connection, see [`create_server`].
    ///
    /// # Errors
    /// Whatever ended it early.
    fn connection(&self, socket: Socket) -> io::Result<()>;

    /// The address could not be bound, or nothing can be accepted for the moment; then the server goes on
    /// by itself. What [`connection`](ServerEvents::connection) returns, and its panics, are not reported
    /// here: see [`create_server`].
    fn error(&self, _error: &io::Error) {}

    /// It is over.
    fn close(&self) {}
}

/// A closure in place of all events, where only `connection` matters.
struct OnConnection<F>(F);

impl<F> ServerEvents for OnConnection<F>
where
    F: Fn(Socket) -> io::Result<()> + Send + Sync + 'static,
{
    fn connection(&self, socket: Socket) -> io::Result<()> {
        (self.0)(socket)
    }
}

/// A server that does not listen yet.
///
/// ```
/// use barewire::net;
/// use std::time::Duration;
///
/// let server = net::create_server(|socket| socket.pipe(&socket).map(drop))
///     .max_connections(100)
///     .idle_timeout(Some(Duration::from_secs(30)));
/// let handle = server.listen("127.0.0.1:0")?;
/// # handle.shutdown(Duration::from_secs(1));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Server<E> {
    events: E,
    options: Options,
    pub(super) sockets: ConnectOptions,
}

macro_rules! settings {
    ($($part:ident of $described:literal { $($name:ident: $type:ty;)+ })+) => {
        /// Settings. Those of [`ConnectOptions`] hold for every connection.
        impl<E: ServerEvents> Server<E> {
            $($(
                #[doc = concat!("Sets [`", $described, "::", stringify!($name), "`].")]
                pub fn $name(mut self, $name: $type) -> Self {
                    self.$part.$name = $name;
                    self
                }
            )+)+
        }
    };
}

settings! {
    options of "Options" {
        max_connections: usize;
        max_connections_per_address: Option<usize>;
        no_delay: bool;
        stack_size: usize;
    }
    sockets of "ConnectOptions" {
        allow_half_open: bool;
        high_water_mark: usize;
        max_buffered: usize;
        stall_timeout: Duration;
        min_bytes_per_second: u64;
    }
}

impl<E: ServerEvents> Server<E> {
    /// A connection is cut when a read, also that of [`Socket::run`], has waited for `limit` while
    /// nothing was read or written (up to twice as long if something was written meanwhile). A
    /// handler that waits for something else is left alone, and so is a `run` with
    /// [`Socket::set_timeout`]. Default: 2 minutes; `None`: never, so that a peer that has vanished
    /// keeps its slot for good.
    pub fn idle_timeout(mut self, limit: Option<Duration>) -> Self {
        self.sockets.idle_timeout = limit;
        self
    }

    /// Calls `observer` with all that passes over the connections: see [`Observer`].
    ///
    /// ```
    /// use barewire::net::{self, TapEvent, Tapped};
    ///
    /// let show = |connection: &Tapped, event: TapEvent<'_>| println!("{connection:?} {event:?}");
    /// let server = net::create_server(|socket| socket.write_all("welcome")).tap(show);
    /// # drop(server);
    /// ```
    pub fn tap(mut self, observer: impl Observer) -> Self {
        self.options.tap = Some(Arc::new(observer));
        self
    }

    /// Binds `address`, `"127.0.0.1:8124"` or `"unix:/tmp/echo.sock"`, and starts to serve; see
    /// [`Listener::bind`].
    ///
    /// # Errors
    /// The address cannot be bound, or the first thread cannot be started.
    pub fn listen(self, address: &str) -> io::Result<Handle> {
        match Listener::bind(address) {
            Ok(listener) => self.listen_on(listener),
            Err(e) => {
                self.events.error(&e);
                Err(e)
            }
        }
    }

    /// Starts to serve on a listener that is bound already.
    ///
    /// # Errors
    /// The first thread cannot be started.
    pub fn listen_on(self, listener: Listener) -> io::Result<Handle> {
        let (options, serving) = self.into_service();
        listener.serve(options, serving)
    }

    /// What [`Listener::serve`] takes, for code that puts something between the listener and this server,
    /// as TLS does.
    pub fn into_service(self) -> (Options, impl Service + use<E>) {
        let serving = Serving {
            events: self.events,
            sockets: self.sockets,
        };
        (self.options, serving)
    }
}

struct Serving<E> {
    events: E,
    sockets: ConnectOptions,
}

impl<E: ServerEvents> Service for Serving<E> {
    fn connection(&self, stream: Arc<dyn Stream>, slot: Slot) {
        let socket = Socket::with(stream, self.sockets.clone(), false, Some(slot));
        let ends = Ends(socket.clone());
        let _ = self.events.connection(socket); // see `create_server`
        drop(ends);
    }

    fn listening(&self, address: &Addr) {
        self.events.listening(address);
    }

    fn accept_error(&self, error: &io::Error) {
        self.events.error(error);
    }

    fn closed(&self) {
        self.events.close();
    }
}

/// A connection ends with its handler, however that ends.
struct Ends(Socket);

impl Drop for Ends {
    fn drop(&mut self) {
        match thread::panicking() {
            true => self.0.destroy(),
            false => self.0.close_gracefully(),
        }
    }
}
