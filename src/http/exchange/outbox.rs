//! Bytes on their way out, and what others may do to a connection meanwhile.
//!
//! The connection's thread appends answers here and sends them when it must: see
//! "Nothing is withheld" in the [chapter's page](crate::http). Two others reach in
//! through the lock: the watch, which sends what a waiting handler would hold back,
//! and the one who stops the server.

use crate::http::error::Error;
use crate::http::wire::Misuse;
use crate::net::{Pace, Stop, Stream, is_timeout};
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::http::config::Config;

/// Nothing was read of a next request.
const IDLE: u8 = 0;
/// A request is being read or answered.
const BUSY: u8 = 1;
/// It was idle when the server stopped: what comes now may be cut anywhere.
const ENDING: u8 = 2;

/// Data up to this size is copied behind what is pending; more is written from where it lies.
const COPIED_BYTES: usize = 16 * 1024;
/// A socket surely has room for a first write of no more than this: it needs no timeout yet.
const SURE_ROOM_BYTES: usize = 4096;
/// An emptied buffer above this size is given back.
const KEPT_BYTES: usize = 128 * 1024;

/// The sending side of one connection.
#[derive(Debug)]
pub(crate) struct Outbox {
    stream: Arc<dyn Stream>,
    pending: Mutex<Pending>,
    activity: AtomicU8,
    stopping: AtomicBool,
    /// Counts handler calls; odd while a handler runs with answers pending. Read by the watch.
    pub(crate) turn: AtomicU32,
    /// Whether the watch has this outbox on its list.
    pub(crate) watched: AtomicBool,
}

#[derive(Debug)]
struct Pending {
    bytes: Vec<u8>,
    sent: bool,
    timeout_set: bool,
    broken: Option<ErrorKind>,
    tick: Duration,
    pace: Pace,
}

impl Outbox {
    pub(crate) fn new(stream: Arc<dyn Stream>, config: &Config) -> Outbox {
        let pending = Pending {
            bytes: Vec::new(),
            sent: false,
            timeout_set: false,
            broken: None,
            tick: config.tick(),
            pace: config.pace(),
        };
        Outbox {
            stream,
            pending: Mutex::new(pending),
            activity: AtomicU8::new(BUSY),
            stopping: AtomicBool::new(false),
            turn: AtomicU32::new(0),
            watched: AtomicBool::new(false),
        }
    }

    pub(crate) fn stream(&self) -> &Arc<dyn Stream> {
        &self.stream
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `encode` append to what is pending, and sends it all at once if it says so; a misuse
    /// sends nothing.
    #[inline]
    pub(crate) fn append_and_send<R>(
        &self,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(R, bool), Misuse>,
    ) -> Result<R, Error> {
        let mut pending = self.lock();
        let (value, now) = encode(&mut pending.bytes)?;
        if now {
            pending.send(&self.stream, &[])?;
        }
        Ok(value)
    }

    /// Whether something is pending that nobody is sending.
    pub(crate) fn has_waiting(&self) -> bool {
        let pending = self.pending.try_lock();
        pending.is_ok_and(|pending| !pending.bytes.is_empty() && pending.broken.is_none())
    }

    /// Sends what is pending.
    #[inline]
    pub(crate) fn flush(&self) -> io::Result<()> {
        let mut pending = self.lock();
        if pending.bytes.is_empty() {
            pending.check()
        } else {
            pending.send(&self.stream, &[])
        }
    }

    /// Sends what is pending and then these, uncopied if they are large.
    pub(crate) fn send(&self, data: &[u8], end: &[u8]) -> io::Result<()> {
        let mut pending = self.lock();
        if data.len() > COPIED_BYTES {
            return pending.send(&self.stream, &[data, end]);
        }
        pending.bytes.extend_from_slice(data);
        pending.bytes.extend_from_slice(end);
        pending.send(&self.stream, &[])
    }

    /// Whether data of this size is worth a copy, to leave together with other answers.
    pub(crate) fn is_small(length: usize) -> bool {
        length <= COPIED_BYTES
    }

    /// The connection's thread waits for a next request: whoever stops the server ends the wait.
    #[inline]
    pub(crate) fn idle(&self) {
        self.activity.store(IDLE, Ordering::SeqCst);
        if self.stopping.load(Ordering::SeqCst) {
            self.end_idle();
        }
    }

    /// Something of a next request has come.
    #[inline]
    pub(crate) fn busy(&self) {
        let _ = self.turn_from_idle(BUSY);
    }

    /// Whether the wait for a next request was ended: then the end of what comes is ours, not the
    /// client's, and no fault of it.
    pub(crate) fn is_ending(&self) -> bool {
        self.activity.load(Ordering::Relaxed) == ENDING
    }

    fn end_idle(&self) {
        if self.turn_from_idle(ENDING) {
            // What has come already can still be read.
            let _ = self.stream.shutdown(Shutdown::Read);
        }
    }

    /// Either a request comes or the end: one of them is first.
    #[inline]
    fn turn_from_idle(&self, to: u8) -> bool {
        let (success, failure) = (Ordering::SeqCst, Ordering::Relaxed);
        self.activity
            .compare_exchange(IDLE, to, success, failure)
            .is_ok()
    }

    /// A handler starts, with answers waiting here. Only the connection's thread turns.
    #[inline]
    pub(crate) fn hold(&self) {
        let turn = self.turn.load(Ordering::Relaxed) | 1;
        self.turn.store(turn, Ordering::Release);
    }

    /// The handler ends, or nothing of it will wait here any more.
    #[inline]
    pub(crate) fn release(&self) {
        let turn = self.turn.load(Ordering::Relaxed);
        self.turn
            .store(turn.wrapping_add(turn & 1), Ordering::Release);
    }

    /// The stream speaks something else from now on.
    pub(crate) fn hand_over(&self) {
        self.release();
        self.lock().bytes = Vec::new();
    }

    #[inline]
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

impl Pending {
    fn check(&self) -> io::Result<()> {
        self.broken.map_or(Ok(()), |kind| Err(kind.into()))
    }

    /// Writes all of `bytes` and then all of `more`, in as few calls as the kernel allows.
    fn send(&mut self, stream: &Arc<dyn Stream>, more: &[&[u8]]) -> io::Result<()> {
        self.check()?;
        let total = self.bytes.len() + more.iter().map(|part| part.len()).sum::<usize>();
        if !self.timeout_set && (self.sent || total > SURE_ROOM_BYTES) {
            stream.set_write_timeout(Some(self.tick))?;
            self.timeout_set = true;
        }
        let result = write_all(
            stream.as_ref(),
            &self.bytes,
            more,
            self.tick,
            &mut self.pace,
        );
        if let Err(error) = &result {
            self.broken = Some(error.kind());
        }
        self.sent = true;
        self.bytes.clear();
        if self.bytes.capacity() > KEPT_BYTES {
            self.bytes = Vec::new();
        }
        result
    }
}

fn write_all(
    stream: &dyn Stream,
    first: &[u8],
    more: &[&[u8]],
    tick: Duration,
    pace: &mut Pace,
) -> io::Result<()> {
    let total = first.len() + more.iter().map(|part| part.len()).sum::<usize>();
    let mut done = 0;
    // The clock is read only where there may be something to wait for.
    let mut since = (total > SURE_ROOM_BYTES).then(Instant::now);
    let mut waits = false;
    while done < total {
        let wrote = match more {
            [] => stream.write(&first[done..]),
            _ => write_from(stream, done, first, more),
        };
        let (bytes, first_wait) = match wrote {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) if done + n == total && !waits => {
                pace.went(n);
                return Ok(());
            }
            Ok(n) => (n, Duration::ZERO),
            Err(error) if is_timeout(&error) => (0, tick),
            Err(error) => return Err(error),
        };
        done += bytes;
        waits = true;
        let now = Instant::now();
        let waited = since.replace(now).map_or(first_wait, |then| now - then);
        pace.waited(waited, bytes)
            .map_err(|_| ErrorKind::TimedOut)?;
    }
    Ok(())
}

/// One vectored write of what is left behind the first `done` bytes.
fn write_from(
    stream: &dyn Stream,
    mut done: usize,
    first: &[u8],
    more: &[&[u8]],
) -> io::Result<usize> {
    const EMPTY: &[u8] = &[];
    let mut slices = [IoSlice::new(EMPTY); 3];
    let mut count = 0;
    for part in std::iter::once(first).chain(more.iter().copied()) {
        let skipped = done.min(part.len());
        done -= skipped;
        if skipped < part.len() && count < slices.len() {
            slices[count] = IoSlice::new(&part[skipped..]);
            count += 1;
        }
    }
    match &slices[..count] {
        [one] => stream.write(one),
        several => stream.write_vectored(several),
    }
}

impl Stop for Outbox {
    /// An idle connection ends now; a busy one ends with the answer it is at.
    fn drain(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.end_idle();
    }

    fn cut(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        let _ = self.stream.abort();
    }
}
