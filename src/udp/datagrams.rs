//! What a question needs of its transport: send a datagram, and wait for one until a timeout.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::receive_buffer::{ReceiveBuffer, Received};
use super::receiving::reports_earlier_datagram;
use super::socket::Socket;

/// How often one datagram is sent again after such an error.
const MAX_PENDING_ERRORS: u32 = 3;

/// Sends one datagram despite pending errors. On a connected socket the kernel reports to the next
/// call that an *earlier* datagram did not arrive (ICMP), and does not send this one. It reports
/// each such error once, so this one is sent again at once.
///
/// # Errors
/// This datagram could not be sent. If [`reports_earlier_datagram`] holds for the error, each attempt
/// has failed with such an error, so it concerns this datagram: there is no route, for example.
pub(super) fn send_past_pending_errors(
    transport: &(impl Datagrams + ?Sized),
    message: &[u8],
    to: SocketAddr,
) -> io::Result<usize> {
    let mut errors = 0;
    loop {
        match transport.send_to(message, to) {
            Err(e) if reports_earlier_datagram(&e) && errors < MAX_PENDING_ERRORS => errors += 1,
            done => return done,
        }
    }
}

/// A transport of datagrams: a [`Socket`], a [`Faulty`](super::Faulty) one, the queue of a test.
///
/// A program needs it for a transport of its own under a [`Requester`](super::Requester), or to take any of them:
///
/// ```
/// use barewire::udp::{self, Datagrams, Family, ReceiveBuffer};
/// use std::io;
/// use std::net::SocketAddr;
/// use std::time::Duration;
///
/// fn echo_once(transport: &impl Datagrams) -> io::Result<SocketAddr> {
///     let mut buffer = ReceiveBuffer::new();
///     let received = transport.recv_within(&mut buffer, Some(Duration::from_secs(5)))?;
///     let from = received.rinfo.socket_addr();
///     transport.send_to(received.bytes, from)?;
///     Ok(from)
/// }
///
/// let server = udp::create_socket(Family::V4).bind("127.0.0.1:0")?;
/// let client = udp::create_socket(Family::V4).bind("127.0.0.1:0")?;
/// client.send_to(b"hello", server.local_addr())?;
/// assert_eq!(echo_once(&server)?, client.local_addr());
/// # Ok::<(), io::Error>(())
/// ```
pub trait Datagrams {
    /// Sends one datagram; returns its length.
    ///
    /// # Errors
    /// It could not be sent. (A loss is no error: the sender cannot know.)
    fn send_to(&self, message: &[u8], to: SocketAddr) -> io::Result<usize>;

    /// Waits for a datagram until the timeout; `None` waits without a limit. With a timeout of zero it
    /// takes a datagram that has arrived already.
    ///
    /// # Errors
    /// [`is_timeout`](crate::net::is_timeout) when no datagram arrived; and the errors that break the transport.
    fn recv_within<'a>(
        &self,
        buffer: &'a mut ReceiveBuffer,
        timeout: Option<Duration>,
    ) -> io::Result<Received<'a>>;
}

/// The timeout stays set: it belongs to the socket, not to the call.
impl Datagrams for Socket {
    fn send_to(&self, message: &[u8], to: SocketAddr) -> io::Result<usize> {
        Socket::send_to(self, message, to)
    }

    fn recv_within<'a>(
        &self,
        buffer: &'a mut ReceiveBuffer,
        timeout: Option<Duration>,
    ) -> io::Result<Received<'a>> {
        self.set_read_timeout(timeout)?;
        self.recv(buffer)
    }
}

impl<T: Datagrams + ?Sized> Datagrams for &T {
    fn send_to(&self, message: &[u8], to: SocketAddr) -> io::Result<usize> {
        (**self).send_to(message, to)
    }

    fn recv_within<'a>(
        &self,
        buffer: &'a mut ReceiveBuffer,
        timeout: Option<Duration>,
    ) -> io::Result<Received<'a>> {
        (**self).recv_within(buffer, timeout)
    }
}
