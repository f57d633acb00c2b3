//! TCP (RFC 9293): what is not the same for every socket.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::addr::Addr;
use super::kernel::KernelSocket;
use super::stream::at_least_a_moment;

/// A TCP connection.
///
/// [`net::connect`](super::connect()) makes one and puts a [`Socket`](super::Socket) on it; a program needs it for a
/// stream of its own, below TLS for example.
///
/// ```
/// use barewire::net::{Stream, Tcp};
/// use std::net::TcpListener;
/// use std::time::Duration;
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let stream = Tcp::connect(listener.local_addr()?, Some(Duration::from_secs(5)))?;
/// stream.set_no_delay(true)?;
/// stream.write(b"hello")?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Tcp = KernelSocket<TcpStream>;

impl Tcp {
    /// Connects, waiting no longer than `timeout`; `None` as long as the system does (about two
    /// minutes).
    ///
    /// # Errors
    /// Nobody listens there, the timeout passed, or there is no way there.
    pub fn connect(address: SocketAddr, timeout: Option<Duration>) -> io::Result<Tcp> {
        let stream = match at_least_a_moment(timeout) {
            Some(timeout) => TcpStream::connect_timeout(&address, timeout)?,
            None => TcpStream::connect(address)?,
        };
        Ok(KernelSocket::new(stream, Some(Addr::Ip(address))))
    }

    /// `TCP_NODELAY`: whether small writes leave at once (`true`) or wait until what was sent
    /// before has been acknowledged, to travel together (`false`: Nagle's algorithm,
    /// RFC 9293 §3.7.4).
    ///
    /// # Errors
    /// The connection has ended.
    pub fn set_no_delay(&self, on: bool) -> io::Result<()> {
        self.inner().set_nodelay(on)
    }

    /// Whether small writes leave at once.
    ///
    /// # Errors
    /// The connection has ended.
    pub fn no_delay(&self) -> io::Result<bool> {
        self.inner().nodelay()
    }
}

/// The stream must be in blocking mode. A `try_clone` of it kept elsewhere shares its timeouts,
/// and its mode during a [`try_read`](super::Stream::try_read).
impl From<TcpStream> for Tcp {
    fn from(stream: TcpStream) -> Tcp {
        let peer = stream.peer_addr().ok().map(Addr::Ip);
        KernelSocket::new(stream, peer)
    }
}
