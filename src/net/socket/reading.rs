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

use super::waiting::{destroyed, peer_ended};
use super::writing::{break_off, gave_up};
use super::{Inner, activity};
use crate::net::stream::{Stream, is_timeout};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long one read waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Then the read fails.
    pub(super) read: Option<Duration>,
    /// With nothing read or written for so long, the connection is cut.
    pub(super) idle: Option<Duration>,
}

/// All times in microseconds.
#[derive(Debug)]
pub(super) struct Reading {
    /// The read timeout; [`FOREVER`]: none.
    timeout: AtomicU64,
    /// The stream's, once we have set it: before that [`UNKNOWN`].
    stream_timeout: AtomicU64,
    /// How long reads have waited since a byte moved, by their timeouts.
    idle: AtomicU64,
    /// How much had been written when the last read began.
    written: AtomicU64,
}

const FOREVER: u64 = 0;
const UNKNOWN: u64 = u64::MAX;

impl Default for Reading {
    fn default() -> Reading {
        Reading {
            timeout: AtomicU64::new(FOREVER),
            stream_timeout: AtomicU64::new(UNKNOWN),
            idle: AtomicU64::new(0),
            written: AtomicU64::new(0),
        }
    }
}

/// Waits for bytes within the limits.
pub(super) fn read(inner: &Inner, buf: &mut [u8], limits: Limits) -> io::Result<usize> {
    let mut left = limits.read;
    loop {
        let idle_left = limits.idle.map(|idle| inner.reading.idle_left(idle));
        let wait = [left, idle_left].into_iter().flatten().min();
        inner.reading.set_stream_timeout(&*inner.stream, wait)?;
        inner.reading.wait_begins(written(inner));
        let read = match is_destroyed(inner) {
            true => return Err(destroyed()),
            false => inner.stream.read(buf),
        };
        match (read, wait) {
            _ if is_destroyed(inner) => return Err(destroyed()),
            (Ok(n), _) => return took(inner, n, buf.is_empty()),
            (Err(e), Some(wait)) if is_timeout(&e) => {
                cut_if_idle(inner, wait, limits.idle)?;
                left = left.map(|left| left.saturating_sub(wait));
                if left == Some(Duration::ZERO) {
                    return Err(e);
                }
            }
            (Err(e), _) => return Err(e),
        }
    }
}

pub(super) fn is_destroyed(inner: &Inner) -> bool {
    inner.destroyed.load(Ordering::SeqCst)
}

fn took(inner: &Inner, n: usize, nothing_asked: bool) -> io::Result<usize> {
    inner.bytes_read.fetch_add(n as u64, Ordering::Relaxed);
    inner.reading.idle.store(0, Ordering::Relaxed);
    if n == 0 && !nothing_asked {
        peer_ended(inner)?;
        inner.ended.store(true, Ordering::Relaxed);
    }
    inner.activity.seen();
    Ok(n)
}

fn written(inner: &Inner) -> u64 {
    inner.bytes_written.load(Ordering::Relaxed)
}

/// A read has waited in vain.
fn cut_if_idle(inner: &Inner, waited: Duration, limit: Option<Duration>) -> io::Result<()> {
    let Some(limit) = limit else { return Ok(()) };
    if inner.reading.waited(waited, written(inner)) < limit {
        return Ok(());
    }
    let error = || gave_up(format!("nothing was read or written for {limit:?}"));
    break_off(inner, Some(error()));
    Err(error())
}

impl Reading {
    pub(super) fn timeout(&self) -> Option<Duration> {
        let timeout = self.timeout.load(Ordering::Relaxed);
        (timeout != FOREVER).then(|| Duration::from_micros(timeout))
    }

    pub(super) fn set_timeout(&self, limit: Option<Duration>) {
        self.timeout.store(micros(limit), Ordering::Relaxed);
    }

    /// The stream's own timeout, set before it became a socket's, counts until a limit is set here.
    fn set_stream_timeout(&self, stream: &dyn Stream, wait: Option<Duration>) -> io::Result<()> {
        let (wanted, now) = (micros(wait), self.stream_timeout.load(Ordering::Relaxed));
        if wanted == now || (wait.is_none() && now == UNKNOWN) {
            return Ok(());
        }
        self.stream_timeout.store(wanted, Ordering::Relaxed);
        stream.set_read_timeout(wait)
    }

    fn idle_left(&self, limit: Duration) -> Duration {
        let idle = Duration::from_micros(self.idle.load(Ordering::Relaxed));
        limit.saturating_sub(idle)
    }

    fn wait_begins(&self, written: u64) {
        if self.written.load(Ordering::Relaxed) != written {
            self.written.store(written, Ordering::Relaxed);
            self.idle.store(0, Ordering::Relaxed);
        }
    }

    /// How long nothing has moved, now that a read has waited for `time`. Bytes that were written
    /// meanwhile count as written at its end.
    fn waited(&self, time: Duration, written: u64) -> Duration {
        if self.written.load(Ordering::Relaxed) != written {
            return Duration::ZERO;
        }
        let time = activity::micros(time);
        let before = self.idle.fetch_add(time, Ordering::Relaxed);
        Duration::from_micros(before.saturating_add(time))
    }
}

fn micros(limit: Option<Duration>) -> u64 {
    limit.map_or(FOREVER, |limit| {
        activity::micros(limit).clamp(1, UNKNOWN - 1)
    })
}
