//! A stream whose writes do what the test wants. It counts its calls, and may ask its socket something in
//! each of them.

use super::Socket;
use crate::net::{Addr, Stream, Tapped};
use std::any::Any;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, Weak};
use std::thread::{self, ThreadId};
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(super) enum Wrote {
    All,
    One,
    /// In a write that may wait. A read finds the end after that, and waits for it.
    Fails(i32),
    Panics,
}

#[derive(Debug)]
pub(super) struct Double {
    wrote: Wrote,
    seen: Mutex<Seen>,
    changed: Condvar,
    asks: OnceLock<Weak<super::Inner>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) calls: usize,
    /// What each write that may wait was offered.
    pub(super) blocking_bytes: Vec<usize>,
    /// Which threads did that.
    pub(super) blocking_threads: Vec<ThreadId>,
    pub(super) write_timeout: Option<Duration>,
    /// The write timeout of each end.
    pub(super) end_timeouts: Vec<Option<Duration>>,
    pub(super) ends: usize,
    pub(super) ends_refused: usize,
    ends_to_refuse: usize,
    failed: bool,
}

impl Double {
    pub(super) fn new(wrote: Wrote) -> Double {
        Double {
            wrote,
            seen: Mutex::default(),
            changed: Condvar::new(),
            asks: OnceLock::new(),
        }
    }

    pub(super) fn seen(&self) -> Seen {
        self.lock().clone()
    }

    /// From now on every call asks this socket something.
    pub(super) fn asks(&self, socket: &Socket) {
        let weak = std::sync::Arc::downgrade(&socket.inner);
        self.asks.set(weak).expect("once");
    }

    /// The next `times` ends find no room.
    pub(super) fn end_needs_room(&self, times: usize) {
        self.lock().ends_to_refuse = times;
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    fn called(&self) -> MutexGuard<'_, Seen> {
        if let Some(inner) = self.asks.get().and_then(Weak::upgrade) {
            let socket = Socket { inner };
            socket.buffered();
            assert!(socket.inner.events.try_lock().is_ok());
            assert!(socket.inner.decoder.try_lock().is_ok());
        }
        let mut seen = self.lock();
        seen.calls += 1;
        seen
    }

    fn take(&self, len: usize) -> io::Result<usize> {
        match self.wrote {
            Wrote::All => Ok(len),
            Wrote::One => Ok(len.min(1)),
            Wrote::Fails(code) => {
                self.lock().failed = true;
                self.changed.notify_all();
                Err(io::Error::from_raw_os_error(code))
            }
            Wrote::Panics => panic!("on purpose"),
        }
    }
}

impl Stream for Double {
    fn read(&self, _buf: &mut [u8]) -> io::Result<usize> {
        let mut seen = self.called();
        while matches!(self.wrote, Wrote::Fails(_)) && !seen.failed {
            seen = self.changed.wait(seen).unwrap();
        }
        Ok(0)
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        let mut seen = self.called();
        seen.blocking_bytes.push(buf.len());
        seen.blocking_threads.push(thread::current().id());
        drop(seen);
        self.take(buf.len())
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        drop(self.called());
        self.take(bufs.iter().map(|buf| buf.len()).sum())
    }

    fn try_read(&self, _buf: &mut [u8]) -> io::Result<Option<usize>> {
        drop(self.called());
        Ok(None)
    }

    fn try_write(&self, _buf: &[u8]) -> io::Result<Option<usize>> {
        drop(self.called());
        Ok(None)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let mut seen = self.called();
        let timeout = seen.write_timeout;
        seen.end_timeouts.push(timeout);
        if how == Shutdown::Write && seen.ends_refused < seen.ends_to_refuse {
            seen.ends_refused += 1;
            let wait = seen.write_timeout.unwrap_or_default();
            drop(seen);
            thread::sleep(wait); // as a write without room does
            return Err(ErrorKind::WouldBlock.into());
        }
        seen.ends += 1;
        Ok(())
    }

    fn abort(&self) -> io::Result<()> {
        drop(self.called());
        Ok(())
    }

    fn set_read_timeout(&self, _d: Option<Duration>) -> io::Result<()> {
        drop(self.called());
        Ok(())
    }

    fn set_write_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        self.called().write_timeout = d;
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
