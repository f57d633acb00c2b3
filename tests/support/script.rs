//! A connection whose reads are given beforehand.

use barewire::net::{Addr, Stream, Tapped};
use std::any::Any;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// What follows the last byte of a [`Script`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The FIN.
    Close,
    /// The connection is reset.
    Reset,
    /// Nothing, ever.
    Stall,
}

/// A stream that gives one piece to each read, then its end, and keeps what is written. With it a test
/// decides where the bytes are cut, which no socket lets it do. It has no thread and no clock, so that
/// thousands of connections take a second.
#[derive(Debug)]
pub(crate) struct Script {
    pieces: Mutex<VecDeque<Vec<u8>>>,
    end: End,
    /// It gives nothing before something has been written.
    answers: bool,
    written: Mutex<Vec<u8>>,
}

impl Script {
    pub(crate) fn new<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Script {
        Script::ending(pieces, End::Close)
    }

    pub(crate) fn ending<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, end: End) -> Script {
        let pieces = pieces.into_iter().filter(|piece| !piece.is_empty());
        Script {
            pieces: Mutex::new(pieces.map(<[u8]>::to_vec).collect()),
            end,
            answers: false,
            written: Mutex::default(),
        }
    }

    /// The pieces are the answer to what is written first.
    pub(crate) fn answering<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, end: End) -> Script {
        Script {
            answers: true,
            ..Script::ending(pieces, end)
        }
    }

    /// What has been written so far.
    pub(crate) fn written(&self) -> Vec<u8> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream for Script {
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        match self.try_read(buf)? {
            Some(n) => Ok(n),
            None => {
                thread::sleep(Duration::from_micros(200)); // its timeout has passed
                Err(ErrorKind::WouldBlock.into())
            }
        }
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buf)])
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut written = self.lock();
        let before = written.len();
        bufs.iter().for_each(|buf| written.extend_from_slice(buf));
        Ok(written.len() - before)
    }

    fn try_read(&self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        if self.answers && self.lock().is_empty() {
            return Ok(None);
        }
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(piece) = pieces.front_mut() else {
            return match self.end {
                End::Close => Ok(Some(0)),
                End::Reset => Err(ErrorKind::ConnectionReset.into()),
                End::Stall => Ok(None),
            };
        };
        let n = piece.len().min(buf.len());
        buf[..n].copy_from_slice(&piece[..n]);
        piece.drain(..n);
        if piece.is_empty() {
            pieces.pop_front();
        }
        Ok(Some(n))
    }

    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>> {
        self.write(buf).map(Some)
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

    fn is_encrypted(&self) -> bool {
        false
    }

    fn tapped(&self) -> Option<&Tapped> {
        None
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
