//! What a server does with a connection, and the limits that it keeps.

use std::io;
use std::sync::Arc;

use super::addr::Addr;
use super::observer::Observer;
use super::slot::Slot;
use super::stream::Stream;

/// The limits of a server. `Options::default()` and change what you must.
///
/// ```
/// use barewire::net::{Listener, Options, Service, Slot, Stream};
/// use std::sync::Arc;
///
/// struct Greeting;
///
/// impl Service for Greeting {
///     fn connection(&self, stream: Arc<dyn Stream>, _slot: Slot) {
///         let _ = stream.write_all(b"welcome");
///     }
/// }
///
/// let options = Options {
///     max_connections: 100,
///     max_connections_per_address: Some(10),
///     ..Options::default()
/// };
/// let handle = Listener::bind("127.0.0.1:0")?.serve(options, Greeting)?;
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    /// The number of connections at a time, those included whose stream was passed on. Further ones wait in
    /// the kernel's backlog (the standard library asks for one of 128 on TCP) until one has ended.
    /// Default: 10,000.
    pub max_connections: usize,
    /// The number of connections at a time from one IP address. A connection beyond them is closed at once,
    /// and no thread is spent on it. An IPv6 address counts by its first 64 bits, since a host may choose the
    /// others, its interface identifier (RFC 4291); an IPv4 address that is mapped into IPv6 counts as
    /// itself. Unix sockets have no address and are not counted. Default: `None`, no limit, because
    /// behind a proxy all clients have the proxy's address.
    pub max_connections_per_address: Option<usize>,
    /// How many threads may wait for the next connection when theirs has ended; one always does.
    /// Default: 16.
    pub spare_threads: usize,
    /// The stack of each thread, in bytes; only the part that is used costs memory.
    /// Default: 512 KiB.
    pub stack_size: usize,
    /// `TCP_NODELAY` on every connection: see [`Tcp::set_no_delay`](super::Tcp::set_no_delay).
    /// Default: true.
    pub no_delay: bool,
    /// What is called with all that passes, below TLS and inside it: see [`Observer`]. Default: nothing.
    pub tap: Option<Arc<dyn Observer>>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            max_connections: 10_000,
            max_connections_per_address: None,
            spare_threads: 16,
            stack_size: 512 * 1024,
            no_delay: true,
            tap: None,
        }
    }
}

/// What to do with a connection. A panic in any of these ends nothing but that call.
///
/// [`create_server`](super::create_server) has one inside. A program needs its own to have the bare stream, or to put
/// something between a listener and a server:
///
/// ```
/// use barewire::net::{self, Faults, Faulty, Listener, Service, Slot, Stream};
/// use std::sync::Arc;
///
/// /// Another service, over connections that are not as good as the real ones.
/// struct OverFaulty<S>(S);
///
/// impl<S: Service> Service for OverFaulty<S> {
///     fn connection(&self, stream: Arc<dyn Stream>, slot: Slot) {
///         self.0.connection(Arc::new(Faulty::new(stream, Faults::default())), slot);
///     }
/// }
///
/// let server = net::create_server(|socket| socket.pipe(&socket).map(drop));
/// let (options, echo) = server.into_service();
/// let handle = Listener::bind("127.0.0.1:0")?.serve(options, OverFaulty(echo))?;
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Service: Send + Sync + 'static {
    /// Serves one connection, on the thread that accepted it. Return when the connection is done,
    /// or when `stream` and `slot` have been passed on together. Whatever this waits for, no other
    /// connection waits for it.
    fn connection(&self, stream: Arc<dyn Stream>, slot: Slot);

    /// The address is bound, nothing is accepted yet.
    fn listening(&self, _address: &Addr) {}

    /// Nobody could be accepted (descriptors have run out) or no thread started to accept the
    /// next. The engine waits a little and goes on by itself; this is for the log.
    fn accept_error(&self, _error: &io::Error) {}

    /// Accepting has stopped and every connection has ended. Called once, last of all.
    fn closed(&self) {}
}
