//! The listening socket: where connections come in, and the lever that shuts it.
//!
//! A thread that sleeps in `accept` wakes when the listening socket is shut down. The standard
//! library shuts down streams only, so the descriptor is duplicated once, as a stream, while
//! there are descriptors to be had: stopping works also when they have run out.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;

use super::addr::Addr;
use super::kernel::KernelSocket;
use super::stream::Stream;
use super::unix::SocketFile;

/// A bound socket that listens.
#[derive(Debug)]
pub(super) enum Ear {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Ear {
    pub(super) fn local_addr(&self) -> io::Result<Addr> {
        match self {
            Ear::Tcp(listener) => listener.local_addr().map(Addr::from),
            Ear::Unix(listener) => listener.local_addr().map(Addr::from),
        }
    }
}

/// A listening socket with its lever. Dropping it closes both.
#[derive(Debug)]
pub(super) struct Door {
    _file: Option<SocketFile>, // goes first: see there
    ear: Ear,
    lever: Lever,
}

#[derive(Debug)]
enum Lever {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Door {
    pub(super) fn new(ear: Ear, file: Option<SocketFile>, no_delay: bool) -> io::Result<Door> {
        let lever = match &ear {
            Ear::Tcp(listener) => {
                listener.set_nonblocking(false)?;
                let lever = TcpStream::from(OwnedFd::from(listener.try_clone()?));
                // What is accepted inherits it: no call for each connection.
                lever.set_nodelay(no_delay)?;
                Lever::Tcp(lever)
            }
            Ear::Unix(listener) => {
                listener.set_nonblocking(false)?;
                Lever::Unix(UnixStream::from(OwnedFd::from(listener.try_clone()?)))
            }
        };
        Ok(Door {
            _file: file,
            ear,
            lever,
        })
    }

    /// Waits for a newcomer, on as many threads as like to: each newcomer wakes one of them.
    pub(super) fn accept(&self) -> io::Result<Arc<dyn Stream>> {
        Ok(match &self.ear {
            Ear::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                Arc::new(KernelSocket::new(stream, Some(Addr::from(peer))))
            }
            Ear::Unix(listener) => {
                let (stream, peer) = listener.accept()?;
                Arc::new(KernelSocket::new(stream, Some(Addr::from(peer))))
            }
        })
    }

    /// Ends every `accept`, those that wait and those to come.
    pub(super) fn shut(&self) {
        // It may say "not connected", which is true, and shuts all the same.
        let _ = match &self.lever {
            Lever::Tcp(lever) => lever.shutdown(Shutdown::Both),
            Lever::Unix(lever) => lever.shutdown(Shutdown::Both),
        };
    }
}
