//! The listening socket: connections are accepted from it, and the stop of the server ends every `accept`.
//!
//! The stop leaves a socket alone that other processes [share](super::sharing). Any other socket is shut down, which
//! wakes a thread that waits in `accept`. The standard library shuts down streams only, so the descriptor is duplicated
//! once, as a stream, when the server begins to listen: stopping works also when no descriptors are left.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::sync::Arc;

use super::addr::Addr;
use super::kernel::KernelSocket;
use super::sharing::{Sharing, TICK};
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

    /// Another descriptor of the same socket.
    pub(super) fn try_clone(&self) -> io::Result<OwnedFd> {
        match self {
            BoundSocket::Tcp(listener) => listener.try_clone().map(OwnedFd::from),
            BoundSocket::Unix(listener) => listener.try_clone().map(OwnedFd::from),
        }
    }

    fn set_nonblocking(&self, on: bool) -> io::Result<()> {
        match self {
            BoundSocket::Tcp(listener) => listener.set_nonblocking(on),
            BoundSocket::Unix(listener) => listener.set_nonblocking(on),
        }
    }
}

/// A bound socket and how its server stops accepting. Dropping it closes both descriptors.
#[derive(Debug)]
pub(super) struct ListenSocket {
    _file: Option<SocketFile>, // dropped before the socket: see `SocketFile`
    socket: BoundSocket,
    shutdown_handle: ShutdownHandle,
    /// None: no other process accepts from the socket.
    sharing: Option<Sharing>,
}

/// The same socket, as a stream. The kernel does not mind which kind of stream it is shut down as.
#[derive(Debug)]
struct ShutdownHandle(TcpStream);

impl ListenSocket {
    pub(super) fn new(
        socket: BoundSocket,
        file: Option<SocketFile>,
        no_delay: bool,
        sharing: Option<Sharing>,
    ) -> io::Result<ListenSocket> {
        socket.set_nonblocking(false)?;
        let handle = TcpStream::from(socket.try_clone()?);
        if matches!(socket, BoundSocket::Tcp(_)) {
            // What is accepted inherits it: no call for each connection.
            handle.set_nodelay(no_delay)?;
        }
        if sharing.is_some() {
            handle.set_read_timeout(Some(TICK))?;
        }
        Ok(ListenSocket {
            _file: file,
            socket,
            shutdown_handle: ShutdownHandle(handle),
            sharing,
        })
    }

    pub(super) fn sharing(&self) -> Option<&Sharing> {
        self.sharing.as_ref()
    }

    /// Waits for a connection. Any number of threads may wait: each connection wakes one of them.
    pub(super) fn accept(&self) -> io::Result<Arc<dyn Stream>> {
        match &self.sharing {
            None => self.accept_once(),
            Some(sharing) => sharing.accept(|| self.accept_once()),
        }
    }

    fn accept_once(&self) -> io::Result<Arc<dyn Stream>> {
        let has_tick = self.sharing.is_some();
        Ok(match &self.socket {
            BoundSocket::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                Arc::new(KernelSocket::accepted(stream, Addr::from(peer), has_tick))
            }
            BoundSocket::Unix(listener) => {
                let (stream, peer) = listener.accept()?;
                Arc::new(KernelSocket::accepted(stream, Addr::from(peer), has_tick))
            }
        })
    }

    /// Ends every `accept`, those that wait and those to come: at once, or soon if the socket is shared.
    pub(super) fn stop(&self) {
        match &self.sharing {
            Some(sharing) => sharing.stop(),
            // The system may say "not connected", which is true, and shuts the socket down all the same.
            None => drop(self.shutdown_handle.0.shutdown(Shutdown::Both)),
        }
    }
}
