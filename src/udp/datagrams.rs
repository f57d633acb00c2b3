//! What a request needs of its transport: to send a datagram, and to wait for one, but not for ever.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::inbox::{Inbox, Received};
use super::receiving::speaks_of_a_datagram;
use super::socket::Socket;

/// How often a datagram is sent anew when an error is reported in its place.
const MOST_PENDING_ERRORS: u32 = 3;

/// Sends one datagram, past the errors that are pending: on a connected socket the kernel reports
/// what became of an *earlier* datagram (ICMP) to the next call, and does not send this one. Each
/// such error is reported once, so it is sent again at once.
///
/// # Errors
/// This datagram could not be sent. An error that [`speaks_of_a_datagram`] has come back each time,
/// so it is this one that it speaks of: there is no route, for example.
pub(super) fn send_past_pending_errors(
    transport: &(impl Datagrams + ?Sized),
    message: &[u8],
    to: SocketAddr,
) -> io::Result<usize> {
    let mut errors = 0;
    loop {
        match transport.send_to(message, to) {
            Err(e) if speaks_of_a_datagram(&e) && errors < MOST_PENDING_ERRORS => errors += 1,
            done => return done,
        }
    }
}

/// Whatever carries datagrams: a [`Socket`], a [`Faulty`](super::Faulty) one, a test's queue.
pub trait Datagrams {
    /// Sends one datagram; returns its length.
    ///
    /// # Errors
    /// It could not be sent. (That it was lost is no error: nobody knows.)
    fn send_to(&self, message: &[u8], to: SocketAddr) -> io::Result<usize>;

    /// Waits for a datagram, at most so long; `None` for ever. With a timeout of zero it takes one
    /// that is there already.
    ///
    /// # Errors
    /// [`is_timeout`](crate::net::is_timeout) when nothing came; and whatever breaks the transport.
    fn recv_within<'a>(
        &self,
        inbox: &'a mut Inbox,
        timeout: Option<Duration>,
    ) -> io::Result<Received<'a>>;
}

/// Leaves the timeout set: it is the socket's, not the call's.
impl Datagrams for Socket {
    fn send_to(&self, message: &[u8], to: SocketAddr) -> io::Result<usize> {
        Socket::send_to(self, message, to)
    }

    fn recv_within<'a>(
        &self,
        inbox: &'a mut Inbox,
        timeout: Option<Duration>,
    ) -> io::Result<Received<'a>> {
        self.set_read_timeout(timeout)?;
        self.recv(inbox)
    }
}

impl<T: Datagrams + ?Sized> Datagrams for &T {
    fn send_to(&self, message: &[u8], to: SocketAddr) -> io::Result<usize> {
        (**self).send_to(message, to)
    }

    fn recv_within<'a>(
        &self,
        inbox: &'a mut Inbox,
        timeout: Option<Duration>,
    ) -> io::Result<Received<'a>> {
        (**self).recv_within(inbox, timeout)
    }
}
