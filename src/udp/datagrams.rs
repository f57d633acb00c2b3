//! What a request needs of its transport: to send a datagram, and to wait for one, but not for ever.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::inbox::{Inbox, Received};
use super::socket::Socket;

/// Whatever carries datagrams: a [`Socket`], a [`Faulty`](super::Faulty) one, a test's queue.
pub trait Datagrams {
    /// Sends one datagram; returns its length.
    ///
    /// # Errors
    /// It could not be sent. (That it was lost is no error: nobody knows.)
    fn send_to(&self, message: &[u8], to: SocketAddr) -> io::Result<usize>;

    /// Waits for a datagram, at most so long; `None` for ever.
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
