//! The descriptor: many threads use it, any of them may close it, and then it is gone.
//!
//! ```text
//!   recv    read lock ── asleep in the kernel ───────── wakes ── unlock
//!   send    read lock ── unlock                           ▲         │
//!   close                    closing = true ── lever ─────┘         ▼
//!                                              write lock ── take it out, drop it ── the port is free
//! ```
//!
//! Whoever is inside a system call holds the lock for reading; there may be many of them. Closing
//! takes the descriptor out under the lock for writing, so that it happens when nobody is inside,
//! and the number cannot be given to another file under somebody's hands. What makes them come out
//! is the lever: Linux wakes every thread that sleeps in a socket when it is shut down, a UDP socket
//! too, though it says "not connected" if it is not. The standard library shuts down no UDP socket;
//! so the descriptor is duplicated once, as another kind of datagram socket, while there are
//! descriptors to be had.
//!
//! A call that is woken so returns no bytes and no address. The standard library's `recv_from` does
//! not expect that: it looks at the address all the same, which is then whatever was in memory
//! before, and may panic. So nobody sleeps in `recv_from`. The thread whose turn it is sleeps in
//! `peek`, which asks for no address, until there is a datagram; since it is the only one to take
//! any, the datagram is still there when it calls `recv_from`. That is a second system call for each
//! message, about half a microsecond, and the price of stopping at once.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

#[derive(Debug)]
pub(super) struct Descriptor {
    open: RwLock<Option<Open>>,
    closing: AtomicBool,
    /// Held while receiving: one at a time. Always taken before the other lock.
    turn: Mutex<()>,
}

#[derive(Debug)]
struct Open {
    socket: UdpSocket,
    lever: UnixDatagram,
}

impl Descriptor {
    pub(super) fn new(socket: UdpSocket) -> io::Result<Descriptor> {
        let lever = UnixDatagram::from(OwnedFd::from(socket.try_clone()?));
        Ok(Descriptor {
            open: RwLock::new(Some(Open { socket, lever })),
            closing: AtomicBool::new(false),
            turn: Mutex::new(()),
        })
    }

    /// A system call. It must not come back here: a thread that closes may wait in between.
    pub(super) fn using<T>(
        &self,
        mut call: impl FnMut(&UdpSocket) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
            let Some(open) = open.as_ref().filter(|_| !self.is_closing()) else {
                return Err(closed());
            };
            match call(&open.socket) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) if self.is_closing() => return Err(closed()), // the lever's doing
                done => return done,
            }
        }
    }

    pub(super) fn receive(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let received = self.using(|socket| {
            socket.peek(&mut [])?;
            if self.is_closing() {
                return Err(closed()); // there may be no datagram: it was the lever
            }
            socket.recv_from(buf)
        })?;
        match self.is_closing() {
            true => Err(closed()), // it came too late
            false => Ok(received),
        }
    }

    /// When it returns nobody is inside, and the descriptor is closed.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = open.as_ref() {
            // It may say "not connected", which is true, and shuts all the same.
            let _ = open.lever.shutdown(Shutdown::Both);
        }
        drop(open);
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        *open = None;
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }
}

/// What [`is_closed`] knows.
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
pub fn is_closed(e: &io::Error) -> bool {
    e.get_ref().is_some_and(|inner| inner.is::<Closed>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_by_itself_is_not_closed() {
        assert!(is_closed(&closed()));
        assert!(!is_closed(&ErrorKind::NotConnected.into()));
        assert!(!is_closed(&io::Error::from_raw_os_error(107)));
    }

    #[test]
    fn a_datagram_that_waits_when_it_closes_is_not_received() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        socket.send_to(b"too late", address).unwrap();
        let descriptor = Descriptor::new(socket).unwrap();
        descriptor.closing.store(true, Ordering::SeqCst);
        assert!(is_closed(&descriptor.receive(&mut [0; 16]).unwrap_err()));
        descriptor.close();
        assert!(is_closed(&descriptor.receive(&mut [0; 16]).unwrap_err()));
    }
}
