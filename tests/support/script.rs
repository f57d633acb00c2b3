//! A connection whose every read is written down beforehand.

use barewire::net::{Addr, Stream};
use std::any::Any;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A stream that gives one piece to each read, then the end, and keeps what is written. With it
/// a test decides where the bytes are cut, which no socket lets it do.
#[derive(Debug)]
pub(crate) struct Script {
    pieces: Mutex<VecDeque<Vec<u8>>>,
    written: Mutex<Vec<u8>>,
}

impl Script {
    pub(crate) fn new<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Script {
        let pieces = pieces.into_iter().filter(|piece| !piece.is_empty());
        Script {
            pieces: Mutex::new(pieces.map(<[u8]>::to_vec).collect()),
            written: Mutex::default(),
        }
    }

    /// What has been written so far.
    pub(crate) fn written(&self) -> Vec<u8> {
        self.written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Stream for Script {
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(piece) = pieces.front_mut() else {
            return Ok(0);
        };
        let n = piece.len().min(buf.len());
        buf[..n].copy_from_slice(&piece[..n]);
        piece.drain(..n);
        if piece.is_empty() {
            pieces.pop_front();
        }
        Ok(n)
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buf)])
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let before = written.len();
        bufs.iter().for_each(|buf| written.extend_from_slice(buf));
        Ok(written.len() - before)
    }

    fn try_read(&self, _buf: &mut [u8]) -> io::Result<Option<usize>> {
        Ok(None)
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

    fn as_any(&self) -> &dyn Any {
        self
    }
}
