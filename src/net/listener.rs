//! From an address to a running server: bind, choose the limits, serve.

use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;

use super::addr::Addr;
use super::door::{Door, Ear};
use super::engine::{Engine, start_thread};
use super::guarded::guarded;
use super::handle::Handle;
use super::slot::Slot;
use super::stream::Stream;
use super::unix::{self, SocketFile};

/// A bound address. Nobody is accepted yet, but newcomers already queue in the kernel.
///
/// ```
/// use barewire::net::{Listener, Options, Service, Slot, Stream};
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// struct Echo;
///
/// impl Service for Echo {
///     fn connection(&self, stream: Arc<dyn Stream>, _slot: Slot) {
///         let mut buf = [0; 4096];
///         while let Ok(n @ 1..) = stream.read(&mut buf) {
///             if stream.write_all(&buf[..n]).is_err() {
///                 return;
///             }
///         }
///     }
/// }
///
/// let server = Listener::bind("127.0.0.1:0")?.serve(Options::default(), Echo)?;
/// println!("listening on {}", server.local_addr());
/// server.shutdown(Duration::from_secs(5));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Listener {
    file: Option<SocketFile>, // goes first: see there
    ear: Ear,
}

/// The limits of a server. `Options::default()` and change what you must.
#[derive(Clone, Debug)]
pub struct Options {
    /// So many connections at most, those included whose stream was handed on. Further ones wait
    /// in the kernel's queue (the standard library asks for one of 128 on TCP) until one has
    /// ended. Default: 10,000.
    pub max_connections: usize,
    /// So many connections at most from one IP address; a newcomer beyond them is closed at once, and no
    /// thread is spent on it. An IPv6 address counts by its first 64 bits, since a host may choose the
    /// others, its interface identifier (RFC 4291); an IPv4 address that is mapped into IPv6 counts as
    /// itself. Unix sockets have no address and are not counted. Default: `None`, no limit, because
    /// behind a proxy all clients have the proxy's address.
    pub max_connections_per_address: Option<usize>,
    /// So many threads at most stay to wait for the next connection when theirs has ended; one
    /// always does. Default: 16.
    pub spare_threads: usize,
    /// The stack of each thread, in bytes; only the part that is used costs memory.
    /// Default: 512 KiB.
    pub stack_size: usize,
    /// `TCP_NODELAY` on every connection: see [`Tcp::set_no_delay`](super::Tcp::set_no_delay).
    /// Default: true.
    pub no_delay: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            max_connections: 10_000,
            max_connections_per_address: None,
            spare_threads: 16,
            stack_size: 512 * 1024,
            no_delay: true,
        }
    }
}

/// What to do with a connection. A panic in any of these ends nothing but that call.
pub trait Service: Send + Sync + 'static {
    /// Serves one connection, on the thread that accepted it. Return when the connection is done,
    /// or when `stream` and `slot` have been handed on together. Whatever it waits for, other
    /// connections do not.
    fn connection(&self, stream: Arc<dyn Stream>, slot: Slot);

    /// The address is bound, nobody is accepted yet.
    fn listening(&self, _address: &Addr) {}

    /// Nobody could be accepted (descriptors have run out) or no thread started to accept the
    /// next. The engine waits a little and goes on by itself; this is for the log.
    fn accept_error(&self, _error: &io::Error) {}

    /// Accepting has stopped and every connection has ended. Called once, last of all.
    fn closed(&self) {}
}

impl Listener {
    /// Binds `127.0.0.1:1337`, `[::1]:0` (the system chooses a port), `localhost:80` (the first
    /// of its addresses that can be bound) or `unix:/tmp/echo.sock`.
    ///
    /// A socket file that a dead server left behind is replaced; the file goes away when the
    /// listener is closed, unless another has taken its place by then.
    ///
    /// # Errors
    /// [`ErrorKind::AddrInUse`] where someone listens there already or the path is a file of
    /// another kind, [`ErrorKind::InvalidInput`] for an address in no such form, and whatever
    /// the system has against it. The text names the address.
    pub fn bind(address: &str) -> io::Result<Listener> {
        let bound = match address.strip_prefix("unix:") {
            Some(path) => unix::listen(Path::new(path)).map(|(ear, file)| Listener {
                file: Some(file),
                ear: Ear::Unix(ear),
            }),
            None => TcpListener::bind(address).map(Listener::from),
        };
        bound.map_err(|e| explain(address, &e))
    }

    /// Where it listens: the port that was really bound where 0 was asked for.
    ///
    /// # Errors
    /// The system does not know it.
    pub fn local_addr(&self) -> io::Result<Addr> {
        self.ear.local_addr()
    }

    /// Begins to accept, on threads of its own, and returns.
    ///
    /// # Errors
    /// There is no descriptor or thread left to begin with.
    pub fn serve(self, options: Options, service: impl Service) -> io::Result<Handle> {
        let address = self.local_addr()?;
        let door = Door::new(self.ear, self.file, options.no_delay)?;
        let _ = guarded(|| service.listening(&address));
        let service = Box::new(service);
        let engine = Engine::start(door, address, options, service, Box::new(start_thread))?;
        Ok(Handle::new(engine))
    }
}

/// A listener from elsewhere, such as one inherited from a parent process. Stopping the server
/// shuts the socket for everyone who shares it.
impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Listener {
        Listener {
            file: None,
            ear: Ear::Tcp(listener),
        }
    }
}

/// A listener from elsewhere, such as one inherited from a parent process. Its socket file stays
/// where it is. Stopping the server shuts the socket for everyone who shares it.
impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Listener {
        Listener {
            file: None,
            ear: Ear::Unix(listener),
        }
    }
}

fn explain(address: &str, e: &io::Error) -> io::Error {
    let hint = match e.kind() {
        ErrorKind::InvalidInput => "; an address is host:port or unix:/path",
        _ => "",
    };
    io::Error::new(e.kind(), format!("cannot listen on {address:?}: {e}{hint}"))
}
