//! The socket: bound once, shared by threads, closed once.

use std::fmt;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use super::descriptor::Descriptor;
use super::family::{self, Place};
use super::receive_buffer::{ReceiveBuffer, Received};
use crate::net::Family;

/// The book's `dgram.createSocket("udp4")`.
///
/// ```
/// use barewire::udp::{self, Family, ReceiveBuffer};
///
/// let server = udp::create_socket(Family::V4).bind("127.0.0.1:0")?; // the book's port is 41234
/// let message = "深入浅出Node.js".as_bytes();
///
/// let client = udp::create_socket(Family::V4).bind(0)?;
/// let bytes = client.send(message, 0, message.len(), server.local_addr().port(), "localhost")?;
/// assert_eq!(bytes, 19);
///
/// let mut buffer = ReceiveBuffer::new();
/// let received = server.recv(&mut buffer)?;
/// assert_eq!(received.bytes, message);
/// assert_eq!(received.rinfo.port(), client.local_addr().port());
///
/// client.close();
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn create_socket(family: Family) -> Unbound {
    Unbound { family }
}

/// A socket without a port. It can be bound, once.
///
/// ```
/// use barewire::udp::{self, Family};
///
/// let socket = udp::create_socket(Family::V6); // no port yet
/// if let Ok(socket) = socket.bind("[::1]:0") {
///     println!("port {}", socket.local_addr().port());
/// }
/// ```
#[derive(Debug)]
#[must_use = "a socket has no port until it is bound"]
pub struct Unbound {
    family: Family,
}

impl Unbound {
    /// Binds a port: `bind(41234)`, `bind("127.0.0.1:41234")` …, see [`Place`]. From now on the kernel
    /// buffers what arrives there; when its buffer is full, it drops datagrams.
    ///
    /// Node binds a socket without a port when it first sends; here that is `bind(0)`. Two sockets
    /// cannot have the same port, not even for multicast: the standard library has no `SO_REUSEADDR`
    /// for UDP.
    ///
    /// # Errors
    /// [`AddrInUse`](io::ErrorKind::AddrInUse), [`AddrNotAvailable`](io::ErrorKind::AddrNotAvailable)
    /// …; no address of this family; descriptors have run out (a socket takes two).
    pub fn bind(self, place: impl Place) -> io::Result<Socket> {
        let places = family::places(self.family, &place)?;
        let socket = UdpSocket::bind(&places[..]);
        let socket = socket.map_err(|e| {
            let what = format!("cannot bind UDP {}: {e}", places[0]);
            io::Error::new(e.kind(), what)
        })?;
        let shared = Shared {
            family: self.family,
            bound: socket.local_addr()?,
            descriptor: Descriptor::new(socket)?,
        };
        Ok(Socket {
            shared: Arc::new(shared),
        })
    }
}

/// A bound UDP socket. Clones are the same socket; it closes when [`close`](Socket::close) is called
/// or the last clone is dropped.
///
/// Several threads may make all calls at once. Each datagram goes to one receiver. One thread at a time
/// waits for a datagram; for the others, the read timeout begins when it is their turn.
///
/// ```
/// use barewire::udp::{self, Family, ReceiveBuffer, is_closed};
/// use std::thread;
///
/// let socket = udp::create_socket(Family::V4).bind("127.0.0.1:0")?;
/// let receiving = socket.clone();
/// let thread = thread::spawn(move || {
///     let mut buffer = ReceiveBuffer::new();
///     while let Ok(message) = receiving.recv(&mut buffer) {
///         println!("{:?} from {}", message.bytes, message.rinfo);
///     }
/// });
/// socket.send_to(b"hello", socket.local_addr())?; // to itself
/// socket.close(); // for all clones: the thread wakes
/// thread.join().unwrap();
/// assert!(is_closed(&socket.send_to(b"hello", socket.local_addr()).unwrap_err()));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Socket {
    shared: Arc<Shared>,
}

struct Shared {
    family: Family,
    bound: SocketAddr,
    descriptor: Descriptor,
}

impl Socket {
    /// The book's `address()`: the bound port, also if 0 was asked for, and the address of the interface
    /// ([`connect`](Socket::connect) may choose one). Returned after `close`, too.
    #[doc(alias = "address")]
    pub fn local_addr(&self) -> SocketAddr {
        let now = self.using(UdpSocket::local_addr);
        now.unwrap_or(self.shared.bound)
    }

    /// The family with which it was created.
    pub fn family(&self) -> Family {
        self.shared.family
    }

    /// Waits for a datagram, which may be empty. A connected socket receives only the peer's datagrams,
    /// and those of others that had arrived before it was connected.
    ///
    /// # Errors
    /// - [`is_closed`](super::is_closed): the socket was closed, before the call or during it. Nothing
    ///   else ends a socket.
    /// - [`is_timeout`](crate::net::is_timeout): the read timeout has passed.
    /// - [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) and similar: the network reports that
    ///   an *earlier* datagram of ours did not arrive (ICMP "port unreachable" …). Only a connected
    ///   socket gets such a report, once, as the error of its next call.
    pub fn recv<'a>(&self, buffer: &'a mut ReceiveBuffer) -> io::Result<Received<'a>> {
        buffer.fill(|buf| self.shared.descriptor.receive(buf))
    }

    /// How long the next [`recv`](Socket::recv) of any clone waits for a datagram; `None`: without a
    /// limit; zero: the shortest possible time. The kernel's resolution is 1 to 10 ms.
    ///
    /// # Errors
    /// [`is_closed`](super::is_closed).
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = timeout.map(|timeout| timeout.max(Duration::from_micros(1)));
        self.using(|socket| socket.set_read_timeout(timeout))
    }

    /// Closes the socket for all clones. Threads that wait in [`recv`](Socket::recv) wake (proved on
    /// Linux). When this returns, nothing more is received or sent, the descriptor is closed and the
    /// port is free, although clones exist. Any thread may call it, also from an event, and repeatedly.
    ///
    /// A closed socket cannot be bound again, as the notes claim (erratum E41); create another one.
    ///
    /// ```compile_fail,E0599
    /// # use barewire::udp::{self, Family};
    /// let socket = udp::create_socket(Family::V4).bind(41234).unwrap();
    /// socket.close();
    /// socket.bind(41234); // there is no such method
    /// ```
    pub fn close(&self) {
        self.shared.descriptor.close();
    }

    /// Whether [`close`](Socket::close) has been called.
    pub fn is_closed(&self) -> bool {
        self.shared.descriptor.is_closing()
    }

    pub(super) fn using<T>(&self, call: impl FnMut(&UdpSocket) -> io::Result<T>) -> io::Result<T> {
        self.shared.descriptor.using(call)
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("bound", &self.shared.bound)
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
