//! The listening socket: connections are accepted from it, and a shutdown ends every `accept`.
//!
//! A thread that waits in `accept` wakes when the listening socket is shut down. The standard library
//! shuts down streams only, so the descriptor is duplicated once, as a stream, when the server begins to
//! listen: stopping works also when no descriptors are left.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::sync::Arc;

use super::addr::Addr;
use super::kernel::KernelSocket;
use super::stream::Stream;
use super::unix::SocketFile;

/// A bound socket of either kind.
#[derive(Debug)]
pub(super) enum BoundSocket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl BoundSocket {
    pub(super) fn local_addr(&self) -> io::Result<Addr> {
        match self {
            BoundSocket::Tcp(listener) => listener.local_addr().map(Addr::from),
            BoundSocket::Unix(listener) => listener.local_addr().map(Addr::from),
        }
    }
}

/// A bound socket and the handle that shuts it down. Dropping it closes both.
#[derive(Debug)]
pub(super) struct ListenSocket {
    _file: Option<SocketFile>, // dropped before the socket: see `SocketFile`
    socket: BoundSocket,
    shutdown_handle: ShutdownHandle,
}

/// The same socket, as a stream. The kernel does not mind which kind of stream it is shut down as.
#[derive(Debug)]
struct ShutdownHandle(TcpStream);

impl ListenSocket {
    pub(super) fn new(
        socket: BoundSocket,
        file: Option<SocketFile>,
        no_delay: bool,
    ) -> io::Result<ListenSocket> {
        let shutdown_handle = match &socket {
            BoundSocket::Tcp(listener) => {
                listener.set_nonblocking(false)?;
                let handle = TcpStream::from(OwnedFd::from(listener.try_clone()?));
                // What is accepted inherits it: no call for each connection.
                handle.set_nodelay(no_delay)?;
                handle
            }
            BoundSocket::Unix(listener) => {
                listener.set_nonblocking(false)?;
                TcpStream::from(OwnedFd::from(listener.try_clone()?))
            }
        };
        Ok(ListenSocket {
            _file: file,
            socket,
            shutdown_handle: ShutdownHandle(shutdown_handle),
        })
    }

    /// Waits for a connection. Any number of threads may wait: each connection wakes one of them.
    pub(super) fn accept(&self) -> io::Result<Arc<dyn Stream>> {
        Ok(match &self.socket {
            BoundSocket::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                Arc::new(KernelSocket::new(stream, Some(Addr::from(peer))))
            }
            BoundSocket::Unix(listener) => {
                let (stream, peer) = listener.accept()?;
                Arc::new(KernelSocket::new(stream, Some(Addr::from(peer))))
            }
        })
    }

    /// Ends every `accept`, those that wait and those to come.
    pub(super) fn shut_down(&self) {
        // The system may say "not connected", which is true, and shuts the socket down all the same.
        let _ = self.shutdown_handle.0.shutdown(Shutdown::Both);
    }
}
