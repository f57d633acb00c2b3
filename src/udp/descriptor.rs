//! The descriptor: many threads use it, and any of them may close it while others sleep in it.
//!
//! ```text
//!   recv    read lock ── asleep in the kernel ───────── wakes ── unlock
//!   send    read lock ── unlock                           ▲         │
//!   close                    closing = true ── shutdown ──┘         ▼
//!                                              write lock ── take it out, drop it ── the port is free
//! ```
//!
//! A thread in a system call holds the read lock; many threads can hold it at once. `close` takes the
//! descriptor out under the write lock, so no thread is in a system call then, and the kernel cannot
//! give the same number to another file while a thread still uses it. Before that, `close` wakes the
//! sleeping threads: Linux wakes every thread that sleeps in a socket when the socket is shut down. It
//! does so for a UDP socket, too, although the call returns "not connected" if it is not. The standard
//! library cannot shut down a UDP socket, so [`Descriptor::new`] duplicates the descriptor once, as a
//! Unix datagram socket that only [`Descriptor::close`] uses.
//!
//! A call that is woken in this way returns no bytes and no address. The standard library's `recv_from`
//! does not expect that: it reads the address all the same, which is then uninitialised, and may panic.
//! So no thread sleeps in `recv_from`. The thread with the receive lock sleeps in `peek`, which asks for
//! no address, until there is a datagram; as only this thread takes datagrams, that one is still there
//! when it calls `recv_from`. This costs a second system call for each message, about half a
//! microsecond, and lets `close` take effect at once.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use crate::net::{Interruptions, lock};

#[derive(Debug)]
pub(super) struct Descriptor {
    open: RwLock<Option<Open>>,
    closing: AtomicBool,
    /// Held while receiving: one thread at a time. It is always taken before the other lock.
    recv_lock: Mutex<()>,
}

#[derive(Debug)]
struct Open {
    socket: UdpSocket,
    shutdown_handle: UnixDatagram,
}

impl Descriptor {
    pub(super) fn new(socket: UdpSocket) -> io::Result<Descriptor> {
        let shutdown_handle = UnixDatagram::from(OwnedFd::from(socket.try_clone()?));
        let open = Open {
            socket,
            shutdown_handle,
        };
        Ok(Descriptor {
            open: RwLock::new(Some(open)),
            closing: AtomicBool::new(false),
            recv_lock: Mutex::new(()),
        })
    }

    /// Makes a system call. `call` must not call this again: a thread in `close` that waits for the write
    /// lock would make it wait, too.
    pub(super) fn using<T>(&self, call: impl FnMut(&UdpSocket) -> io::Result<T>) -> io::Result<T> {
        self.using_within(|_| Ok(None), call)
    }

    /// The same, for a call that waits no longer than the timeout of the socket.
    fn using_within<T>(
        &self,
        timeout: fn(&UdpSocket) -> io::Result<Option<Duration>>,
        mut call: impl FnMut(&UdpSocket) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut interrupted = Interruptions::default();
        loop {
            let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
            let Some(open) = open.as_ref().filter(|_| !self.is_closing()) else {
                return Err(closed());
            };
            match call(&open.socket) {
                Err(_) if self.is_closing() => return Err(closed()), // `close` has woken it
                Err(e) if e.kind() == ErrorKind::Interrupted => {
                    interrupted.again(timeout(&open.socket)?)?;
                }
                done => return done,
            }
        }
    }

    pub(super) fn receive(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let _lock = lock(&self.recv_lock);
        let received = self.using_within(UdpSocket::read_timeout, |socket| {
            socket.peek(&mut [])?;
            if self.is_closing() {
                return Err(closed()); // `close` has woken it: there may be no datagram
            }
            socket.recv_from(buf)
        })?;
        match self.is_closing() {
            true => Err(closed()), // a datagram after `close`
            false => Ok(received),
        }
    }

    /// When it returns, no thread is in a system call, and the descriptor is closed.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = open.as_ref() {
            // "Not connected" is no failure: the threads wake all the same.
            let _ = open.shutdown_handle.shutdown(Shutdown::Both);
        }
        drop(open);
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        *open = None;
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }
}

/// The error of a closed socket, for [`is_closed`].
#[derive(Debug)]
struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the socket is closed; it cannot be bound again: create another one")
    }
}

impl std::error::Error for Closed {}

fn closed() -> io::Error {
    io::Error::new(ErrorKind::NotConnected, Closed)
}

/// Whether a call failed because the socket has been [`close`](super::Socket::close)d, before it or
/// while it waited.
///
/// ```
/// use barewire::udp::{self, Family, ReceiveBuffer};
///
/// let socket = udp::create_socket(Family::V4).bind("127.0.0.1:0")?;
/// socket.close();
/// let error = socket.recv(&mut ReceiveBuffer::new()).unwrap_err();
/// assert!(udp::is_closed(&error));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn is_closed(e: &io::Error) -> bool {
    e.get_ref().is_some_and(|inner| inner.is::<Closed>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::is_timeout;

    #[test]
    fn another_error_is_not_closed() {
        assert!(is_closed(&closed()));
        assert!(!is_closed(&ErrorKind::NotConnected.into()));
        assert!(!is_closed(&io::Error::from_raw_os_error(107)));
    }

    #[test]
    fn a_datagram_in_the_kernel_is_not_received_after_close() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        socket.send_to(b"too late", address).unwrap();
        let descriptor = Descriptor::new(socket).unwrap();
        descriptor.closing.store(true, Ordering::SeqCst);
        assert!(is_closed(&descriptor.receive(&mut [0; 16]).unwrap_err()));
        descriptor.close();
        assert!(is_closed(&descriptor.receive(&mut [0; 16]).unwrap_err()));
    }

    #[test]
    fn a_receive_ends_although_signals_interrupt_it() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let limit = Duration::from_millis(20);
        socket.set_read_timeout(Some(limit)).unwrap();
        let descriptor = Descriptor::new(socket).unwrap();
        let mut left = 1000;
        let waited = descriptor.using_within(UdpSocket::read_timeout, |_| {
            left -= 1;
            std::thread::sleep(limit / 10);
            match left {
                0 => Ok(()),
                _ => Err(ErrorKind::Interrupted.into()),
            }
        });
        assert!(is_timeout(&waited.unwrap_err()));
    }
}
