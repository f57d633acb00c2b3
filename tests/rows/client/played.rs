//! An answer that is written down beforehand: what each read gives, and what comes of it behind the
//! last. No thread, no socket and no clock, so that thousands of answers are read in a second.

use barewire::net::{Addr, Stream};
use std::any::Any;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What follows the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The FIN.
    Close,
    /// The connection is reset.
    Reset,
    /// Nothing, ever.
    Stall,
}

/// A stream that gives one piece to each read, and takes whatever it is sent.
#[derive(Debug)]
pub(crate) struct Played {
    pieces: Mutex<VecDeque<Vec<u8>>>,
    end: End,
}

impl Played {
    pub(crate) fn new<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, end: End) -> Played {
        let pieces = pieces.into_iter().filter(|piece| !piece.is_empty());
        Played {
            pieces: Mutex::new(pieces.map(<[u8]>::to_vec).collect()),
            end,
        }
    }

    /// `None`: no byte is left.
    fn take(&self, buf: &mut [u8]) -> Option<usize> {
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        let piece = pieces.front_mut()?;
        let n = piece.len().min(buf.len());
        buf[..n].copy_from_slice(&piece[..n]);
        piece.drain(..n);
        if piece.is_empty() {
            pieces.pop_front();
        }
        Some(n)
    }
}

impl Stream for Played {
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        match (self.take(buf), self.end) {
            (Some(n), _) => Ok(n),
            (None, End::Close) => Ok(0),
            (None, End::Reset) => Err(ErrorKind::ConnectionReset.into()),
            (None, End::Stall) => {
                thread::sleep(Duration::from_micros(200)); // its timeout has passed
                Err(ErrorKind::WouldBlock.into())
            }
        }
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(bufs.iter().map(|buf| buf.len()).sum())
    }

    fn try_read(&self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        match (self.take(buf), self.end) {
            (Some(n), _) => Ok(Some(n)),
            (None, End::Close) => Ok(Some(0)),
            (None, End::Reset) => Err(ErrorKind::ConnectionReset.into()),
            (None, End::Stall) => Ok(None),
        }
    }

    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>> {
        Ok(Some(buf.len()))
    }

    fn shutdown(&self, _how: Shutdown) -> io::Result<()> {
        Ok(())
    }

    fn abort(&self) -> io::Result<()> {
        Ok(())
    }

    fn set_read_timeout(&self, _d: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn set_write_timeout(&self, _d: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn set_no_delay(&self, _on: bool) -> io::Result<()> {
        Ok(())
    }

    fn local_addr(&self) -> io::Result<Addr> {
        Ok(Addr::Pipe)
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        Ok(Addr::Pipe)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
