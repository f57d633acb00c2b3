//! From an address to a running server: bind, then serve.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;

use super::addr::Addr;
use super::engine::{Engine, System};
use super::guarded::guarded;
use super::handle::Handle;
use super::listen_socket::{BoundSocket, ListenSocket};
use super::reach::local_pair;
use super::service::{Options, Service};
use super::sharing::{Sharing, TICK, Turn};
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
    sharing: Option<Sharing>,
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
                ..Listener::from(listener)
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

    /// The device and inode of the socket file that it has made.
    pub(crate) fn file_id(&self) -> Option<(u64, u64)> {
        self.file.as_ref().map(SocketFile::own_id)
    }

    /// The listening socket that is this process's standard input: that of a service manager (systemd's
    /// `StandardInput=socket`, inetd's `wait`), or of a parent that has
    /// [made it so](Listener::try_clone_fd). It is [`shared`](Listener::shared), and its socket file, if it has one, is
    /// its maker's. The process keeps it open as its standard input until the process ends.
    ///
    /// ```no_run
    /// use barewire::net::{self, Listener};
    ///
    /// let server = net::create_server(|socket| socket.pipe(&socket).map(drop));
    /// let handle = server.listen_on(Listener::from_stdin()?)?;
    /// handle.wait();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`]: standard input is no listening socket of TCP or of a Unix path.
    pub fn from_stdin() -> io::Result<Listener> {
        from_fd(io::stdin().as_fd().try_clone_to_owned()?).map(Listener::shared)
    }

    /// Other processes accept on this socket, too. So the server's stop leaves the socket alone, and the others go on:
    ///
    /// - Threads that accept wake up four times a second, to see whether the server stops: four of them while nobody
    ///   connects. So a stopped server goes on accepting for a quarter of a second at most. A connection that is accepted
    ///   meanwhile is served: it brings one request (HTTP, answered with `Connection: close`) or one message
    ///   ([`Framed`](super::Framed)).
    /// - The wake-ups come from the receive timeout of the listening socket, and the socket must stay in blocking mode.
    ///   Both are seen by every process that has the socket: an `accept` of theirs ends with
    ///   [`WouldBlock`](ErrorKind::WouldBlock) after that time.
    ///
    /// Two servers on one socket; one of them stops:
    ///
    /// ```
    /// use barewire::net::{self, Listener};
    /// use std::time::Duration;
    ///
    /// let first = Listener::bind("127.0.0.1:0")?.shared();
    /// let second = std::net::TcpListener::from(first.try_clone_fd()?); // in another process, mostly
    /// let greet = |words: &'static str| net::create_server(move |socket| socket.write_all(words));
    /// let first = greet("from the first").listen_on(first)?;
    /// let second = greet("from the second").listen_on(Listener::from(second).shared())?;
    ///
    /// first.shutdown(Duration::from_secs(5));
    /// let client = net::connect(&second.local_addr().to_string())?;
    /// assert_eq!(client.read(&mut [0; 64])?, "from the second".len());
    /// # drop(client);
    /// # second.shutdown(Duration::from_secs(5));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shared(mut self) -> Listener {
        self.sharing.get_or_insert_with(|| Sharing::new(None));
        self
    }

    /// [`shared`](Listener::shared), and each accept waits for its turn: see [`Turn`].
    pub fn take_turns(mut self, turn: Arc<dyn Turn>) -> Listener {
        self.sharing = Some(Sharing::new(Some(turn)));
        self
    }

    /// Another descriptor of the socket, for a child process that gets it as its standard input. This listener
    /// stays, and so does its socket file, until it is dropped or its server has stopped. If it serves, too, it must be
    /// [`shared`](Listener::shared).
    ///
    /// ```no_run
    /// use barewire::net::Listener;
    /// use std::process::{Command, Stdio};
    ///
    /// let listener = Listener::bind("127.0.0.1:8124")?;
    /// let socket = Stdio::from(listener.try_clone_fd()?);
    /// let child = Command::new("./worker").stdin(socket).spawn()?; // it calls `Listener::from_stdin`
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// There is no descriptor left.
    pub fn try_clone_fd(&self) -> io::Result<OwnedFd> {
        self.socket.try_clone()
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
        let socket = ListenSocket::new(self.socket, self.file, options.no_delay, self.sharing)?;
        let _ = guarded(|| service.listening(&address));
        let engine = Engine::start(socket, address, options, service, System::default())?;
        Ok(Handle::new(engine))
    }
}

/// A listener from elsewhere, such as one inherited from a parent process. Stopping the server
/// shuts the socket down for every process that has it, unless the listener is made
/// [`shared`](Listener::shared).
impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Listener {
        Listener {
            file: None,
            socket: BoundSocket::Tcp(listener),
            sharing: None,
        }
    }
}

/// A listener from elsewhere, such as one inherited from a parent process. Its socket file stays
/// where it is. Stopping the server shuts the socket down for every process that has it, unless the
/// listener is made [`shared`](Listener::shared).
impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Listener {
        Listener {
            file: None,
            socket: BoundSocket::Unix(listener),
            sharing: None,
        }
    }
}

/// The listener of a descriptor whose kind is not known.
pub(super) fn from_fd(fd: OwnedFd) -> io::Result<Listener> {
    let no_listener = |why: &dyn fmt::Display| {
        let text = format!("standard input is no listening socket of TCP or of a Unix path: {why}");
        io::Error::new(ErrorKind::InvalidInput, text)
    };
    let socket = TcpStream::from(fd);
    // A listening socket has nothing to read, and says so at once: it is not connected (TCP), or the call is
    // not valid (Unix). A connection or a datagram socket would wait for bytes.
    let before = socket.read_timeout().map_err(|e| no_listener(&e))?;
    let limited = socket.set_read_timeout(Some(TICK));
    let refused = match limited.and_then(|()| socket.peek(&mut [0])) {
        Err(e) if matches!(e.kind(), ErrorKind::NotConnected | ErrorKind::InvalidInput) => None,
        Err(e) if e.kind() == ErrorKind::WouldBlock => Some("it can be read".to_owned()),
        Err(e) => Some(e.to_string()),
        Ok(_) => Some("it can be read".to_owned()),
    };
    if let Some(why) = refused {
        let _ = socket.set_read_timeout(before); // others may have this socket
        return Err(no_listener(&why));
    }
    let is_tcp = socket.local_addr().is_ok();
    let fd = OwnedFd::from(socket);
    let listener = match is_tcp {
        true => Listener::from(TcpListener::from(fd)),
        false => Listener::from(UnixListener::from(fd)),
    };
    listener.local_addr().map_err(|e| no_listener(&e))?;
    Ok(listener)
}

fn explain(address: &str, e: &io::Error) -> io::Error {
    let hint = match e.kind() {
        ErrorKind::InvalidInput => "; an address is host:port or unix:/path",
        _ => "",
    };
    io::Error::new(e.kind(), format!("cannot listen on {address:?}: {e}{hint}"))
}
