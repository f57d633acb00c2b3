//! Reading, and how long it waits.
//!
//! Three limits may hold at once, and the stream has one read timeout, so it is the shortest of them:
//!
//! | limit | set by | what happens |
//! |---|---|---|
//! | read timeout | [`Socket::set_read_timeout`](super::Socket::set_read_timeout) | the read fails, the connection stays |
//! | idle notice | [`Socket::set_timeout`](super::Socket::set_timeout), in [`run`](super::Socket::run) only | `timeout` is called, the connection stays |
//! | idle timeout | [`Server::idle_timeout`](crate::net::Server::idle_timeout) | the connection is cut |
//!
//! The stream's timeout is set when the shortest limit changes, not while bytes come. No clock is
//! read here: a read that times out has waited as long as its timeout.

use super::Inner;
use super::closing::destroyed;
use super::limit::Limit;
use crate::net::read_buffer::ReadBuffer;
use crate::net::stream::{Stream, is_timeout};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long one read waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Then the read fails.
    pub(super) read: Limit,
    /// With nothing read or written for this long, the connection is cut.
    pub(super) idle: Limit,
}

/// All times in microseconds.
#[derive(Debug)]
pub(super) struct Reading {
    /// The read timeout.
    timeout: AtomicU64,
    /// The idle timeout of the socket's server. (It does not change.)
    idle_timeout: Limit,
    /// The stream's, once we have set it: before that [`UNKNOWN`].
    stream_timeout: AtomicU64,
    /// How long reads have waited since a byte moved, by their timeouts.
    idle: AtomicU64,
    /// How much had been written when the last read began.
    written: AtomicU64,
}

/// No [`Limit`] is zero.
const UNKNOWN: u64 = 0;

/// A buffer for [`Inner::read_some`].
pub(super) fn buffer() -> ReadBuffer {
    ReadBuffer::new(1024, 64 * 1024)
}

impl Inner {
    /// What one read brings; nothing at the end.
    #[inline]
    pub(super) fn read_some<'a>(
        &self,
        buf: &'a mut ReadBuffer,
        limits: Limits,
    ) -> io::Result<&'a [u8]> {
        let n = self.read(buf.room(), limits)?;
        buf.filled(n);
        Ok(buf.consume(n))
    }

    /// Waits for bytes within the limits.
    pub(super) fn read(&self, buf: &mut [u8], mut limits: Limits) -> io::Result<usize> {
        loop {
            let wait = limits.read.min(self.reading.idle_left(limits.idle));
            self.reading.set_stream_timeout(&*self.stream, wait)?;
            self.reading.wait_begins(self.written());
            if self.is_destroyed() {
                return Err(destroyed());
            }
            let read = self.stream.read(buf);
            if self.is_destroyed() {
                return Err(destroyed());
            }
            match read {
                Ok(n) => return self.took(n, buf.is_empty()),
                Err(e) => limits.read = self.left_after(e, wait, limits)?,
            }
        }
    }

    /// A read with a limit of its own; `None`: that has passed.
    pub(super) fn read_within(&self, buf: &mut [u8], time: Duration) -> io::Result<Option<usize>> {
        let (time, mut limits) = (Limit::from(Some(time)), self.reading.limits());
        let is_ours = time <= limits.read;
        limits.read = limits.read.min(time);
        match self.read(buf, limits) {
            Err(e) if is_ours && is_timeout(&e) => Ok(None),
            read => read.map(Some),
        }
    }

    pub(super) fn is_destroyed(&self) -> bool {
        self.destroyed.load(Ordering::SeqCst)
    }

    #[inline]
    fn took(&self, n: usize, nothing_asked: bool) -> io::Result<usize> {
        self.bytes_read.fetch_add(n as u64, Ordering::Relaxed);
        self.reading.idle.store(0, Ordering::Relaxed);
        if n == 0 && !nothing_asked {
            self.peer_ended()?;
            self.ended.store(true, Ordering::Relaxed);
        }
        self.activity.seen();
        Ok(n)
    }

    fn written(&self) -> u64 {
        self.bytes_written.load(Ordering::Relaxed)
    }

    /// What is left of the read timeout after a read that failed. If that was no timeout, or the last,
    /// the read has failed.
    #[cold]
    fn left_after(&self, e: io::Error, waited: Limit, limits: Limits) -> io::Result<Limit> {
        if waited == Limit::NONE || !is_timeout(&e) {
            return Err(e);
        }
        if let Some(limit) = limits.idle.duration()
            && self.reading.waited(waited, self.written()) >= limit
        {
            return Err(self.give_up(format!("nothing was read or written for {limit:?}")));
        }
        match waited == limits.read {
            true => Err(e),
            false => Ok(limits.read.less(waited.micros())),
        }
    }
}

impl Reading {
    pub(super) fn new(idle_timeout: Option<Duration>) -> Reading {
        Reading {
            timeout: AtomicU64::new(Limit::NONE.micros()),
            idle_timeout: idle_timeout.into(),
            stream_timeout: AtomicU64::new(UNKNOWN),
            idle: AtomicU64::new(0),
            written: AtomicU64::new(0),
        }
    }

    /// Of a read on a caller's thread.
    #[inline]
    pub(super) fn limits(&self) -> Limits {
        Limits {
            read: Limit::from_micros(self.timeout.load(Ordering::Relaxed)),
            idle: self.idle_timeout,
        }
    }

    pub(super) fn idle_timeout(&self) -> Limit {
        self.idle_timeout
    }

    pub(super) fn set_timeout(&self, limit: Option<Duration>) {
        let limit = Limit::from(limit);
        self.timeout.store(limit.micros(), Ordering::Relaxed);
    }

    /// The stream's own timeout, set before it became a socket's, counts until a limit is set here.
    #[inline]
    fn set_stream_timeout(&self, stream: &dyn Stream, wait: Limit) -> io::Result<()> {
        let now = self.stream_timeout.load(Ordering::Relaxed);
        if wait.micros() == now || (wait == Limit::NONE && now == UNKNOWN) {
            return Ok(());
        }
        self.change_stream_timeout(stream, wait)
    }

    #[cold]
    fn change_stream_timeout(&self, stream: &dyn Stream, wait: Limit) -> io::Result<()> {
        let wanted = wait.micros();
        self.stream_timeout.store(wanted, Ordering::Relaxed);
        stream.set_read_timeout(wait.duration())
    }

    #[inline]
    fn idle_left(&self, limit: Limit) -> Limit {
        limit.less(self.idle.load(Ordering::Relaxed))
    }

    #[inline]
    fn wait_begins(&self, written: u64) {
        if self.written.load(Ordering::Relaxed) != written {
            self.written.store(written, Ordering::Relaxed);
            self.idle.store(0, Ordering::Relaxed);
        }
    }

    /// How long nothing has moved, now that a read has waited for `time`. Bytes that were written
    /// meanwhile count as written at its end.
    fn waited(&self, time: Limit, written: u64) -> Duration {
        if self.written.load(Ordering::Relaxed) != written {
            return Duration::ZERO;
        }
        let time = time.micros();
        let before = self.idle.fetch_add(time, Ordering::Relaxed);
        Duration::from_micros(before.saturating_add(time))
    }
}
