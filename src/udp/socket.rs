//! The socket: bound once, shared by whoever likes, closed once.

use std::fmt;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use super::descriptor::Descriptor;
use super::family::{self, Family, Place};
use super::inbox::{Inbox, Received};

/// The book's `dgram.createSocket("udp4")`.
///
/// ```
/// use barewire::udp::{self, Family, Inbox};
///
/// let server = udp::create_socket(Family::Udp4).bind("127.0.0.1:0")?; // the book's port is 41234
/// let message = "深入浅出Node.js".as_bytes();
///
/// let client = udp::create_socket(Family::Udp4).bind(0)?;
/// let bytes = client.send(message, 0, message.len(), server.address().port(), "localhost")?;
/// assert_eq!(bytes, 19);
///
/// let mut inbox = Inbox::new();
/// let received = server.recv(&mut inbox)?;
/// assert_eq!(received.bytes, message);
/// assert_eq!(received.rinfo.port(), client.address().port());
///
/// client.close();
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn create_socket(family: Family) -> Unbound {
    Unbound { family }
}

/// A socket without a port. It can be bound, once.
#[derive(Debug)]
#[must_use = "a socket is of no use until it is bound"]
pub struct Unbound {
    family: Family,
}

impl Unbound {
    /// Takes a port: `bind(41234)`, `bind("127.0.0.1:41234")` …, see [`Place`]. From now on the
    /// kernel collects what arrives there, up to the size of its buffer; beyond that it drops.
    ///
    /// Node binds a socket that has no port when it first sends; here `bind(0)` says so. Two
    /// sockets cannot have the same port, not even for multicast: the standard library does not
    /// offer `SO_REUSEADDR` for UDP.
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
/// All calls may be made from several threads at once. Each datagram goes to one receiver; several
/// take turns, and one that waits for its turn has not begun to wait for a datagram.
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
    /// The book's `address()`: the port that was really bound where 0 was asked for, and the
    /// interface (which [`connect`](Socket::connect) may narrow). Still told after `close`.
    pub fn address(&self) -> SocketAddr {
        let now = self.using(UdpSocket::local_addr);
        now.unwrap_or(self.shared.bound)
    }

    /// As created.
    pub fn family(&self) -> Family {
        self.shared.family
    }

    /// Waits for a datagram, which may be an empty one. Of a connected socket only the peer's
    /// arrive, and those of others that were here before it was connected.
    ///
    /// # Errors
    /// - [`is_closed`](super::is_closed): the socket was closed, before or meanwhile. Nothing else
    ///   ends a socket.
    /// - [`is_timeout`](crate::net::is_timeout): the read timeout has passed.
    /// - [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) and the like: an *earlier*
    ///   datagram of ours came to nothing, and the network said so (ICMP "port unreachable" …).
    ///   Told to connected sockets only, to whichever call comes next; then it is forgotten.
    pub fn recv<'a>(&self, inbox: &'a mut Inbox) -> io::Result<Received<'a>> {
        inbox.fill(|buf| self.shared.descriptor.receive(buf))
    }

    /// How long the next [`recv`](Socket::recv), of any clone, may wait from its turn on; `None` for
    /// ever, zero the shortest time there is. The kernel counts in ticks of 1 to 10 ms.
    ///
    /// # Errors
    /// [`is_closed`](super::is_closed).
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = timeout.map(|timeout| timeout.max(Duration::from_micros(1)));
        self.using(|socket| socket.set_read_timeout(timeout))
    }

    /// Closes the socket for all clones. Whoever waits in [`recv`](Socket::recv) wakes (on Linux,
    /// where this is proved). When this returns nothing more will be received or sent, the
    /// descriptor is closed and the port is free, however many clones there still are. May be
    /// called from anywhere, also from an event, and again.
    ///
    /// A closed socket cannot be bound again, as the notes have it (E41): make another one.
    ///
    /// ```compile_fail,E0599
    /// # use barewire::udp::{self, Family};
    /// let socket = udp::create_socket(Family::Udp4).bind(41234).unwrap();
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
