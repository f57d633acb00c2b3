//! From an address to a running server: bind, then serve.

use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;

use super::addr::Addr;
use super::engine::{Engine, System};
use super::guarded::guarded;
use super::handle::Handle;
use super::listen_socket::{BoundSocket, ListenSocket};
use super::reach::local_pair;
use super::service::{Options, Service};
use super::unix::{self, SocketFile};

/// A bound address. Nothing is accepted yet, but connections already wait in the kernel's backlog.
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
    file: Option<SocketFile>, // dropped before the socket: see `SocketFile`
    socket: BoundSocket,
}

impl Listener {
    /// Binds `127.0.0.1:1337`, `[::1]:0` (the system chooses a port), `[fe80::1%eth0]:80`, `localhost:80`
    /// (the first of its addresses that can be bound) or `unix:/tmp/echo.sock`.
    ///
    /// A socket file that a dead server left behind is replaced; the file goes away when the
    /// listener is closed, unless another file has taken its place. Of several servers that start at once
    /// on such a file, one wins: while a server replaces it, that server has locked (`flock`) a file beside
    /// it, `PATH.lock`, which it makes and removes. The next server takes over a lock file that a crash
    /// left behind, if it may open it (mode 600). A path without a file needs no lock. The mode of the socket
    /// file is 777 without the bits of the process's umask; to connect, a client needs the permission to write.
    ///
    /// # Errors
    /// [`ErrorKind::AddrInUse`] where another socket listens there already, the path is a file of
    /// another kind, `PATH.lock` is no regular file, or another process holds its lock for a second;
    /// [`ErrorKind::InvalidInput`] for an address in no such form; and every error of the system. The text
    /// names the address, and the lock file if that is the cause.
    pub fn bind(address: &str) -> io::Result<Listener> {
        let bound = match address.strip_prefix("unix:") {
            Some(path) => unix::listen(Path::new(path)).map(|(listener, file)| Listener {
                file: Some(file),
                socket: BoundSocket::Unix(listener),
            }),
            None => local_pair(address)
                .and_then(|places| TcpListener::bind(&places[..]))
                .map(Listener::from),
        };
        bound.map_err(|e| explain(address, &e))
    }

    /// Where it listens: the port that was really bound where 0 was asked for.
    ///
    /// # Errors
    /// The system does not know it.
    pub fn local_addr(&self) -> io::Result<Addr> {
        self.socket.local_addr()
    }

    /// Begins to accept, on threads of its own, and returns.
    ///
    /// # Errors
    /// There is no descriptor or thread left to begin with.
    pub fn serve(self, options: Options, service: impl Service) -> io::Result<Handle> {
        self.start(options, Box::new(service)) // one copy of what follows, not one for each service
    }

    fn start(self, options: Options, service: Box<dyn Service>) -> io::Result<Handle> {
        let address = self.local_addr()?;
        let socket = ListenSocket::new(self.socket, self.file, options.no_delay)?;
        let _ = guarded(|| service.listening(&address));
        let engine = Engine::start(socket, address, options, service, System::default())?;
        Ok(Handle::new(engine))
    }
}

/// A listener from elsewhere, such as one inherited from a parent process. Stopping the server
/// shuts the socket down for every process that shares it.
impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Listener {
        Listener {
            file: None,
            socket: BoundSocket::Tcp(listener),
        }
    }
}

/// A listener from elsewhere, such as one inherited from a parent process. Its socket file stays
/// where it is. Stopping the server shuts the socket down for every process that shares it.
impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Listener {
        Listener {
            file: None,
            socket: BoundSocket::Unix(listener),
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
