//! The bytes of a connection's responses that are not sent yet, and what other threads may do to the
//! connection meanwhile.
//!
//! The connection's thread appends responses here and sends them when it must: see
//! "Nothing is withheld" in the [chapter's page](crate::http). Two other threads use the queue:
//!
//! - the [clock](crate::net::call_after) sends responses that were coalesced, when the connection's
//!   thread has added nothing to them for a millisecond: its handler blocks, or goes on after `end`
//!   ([`DelayedFlush`]). A connection that leaves nothing pending is not looked at;
//! - the thread that stops the server ends the wait of an idle connection ([`Stop`]).
//!
//! The connection's thread keeps the lock while it writes, and that write may block. So the clock only
//! tries the lock, and only tries to write. Each time that the lock is taken or the socket is full, the
//! time to the next look doubles, up to a second. So a peer that reads again after a pause of T waits
//! for T at most, and ten thousand peers that do not read cost ten thousand looks a second at most. Under
//! TLS the bytes of a record count when the last of them has left.

use crate::http::error::Error;
use crate::http::server::config::Config;
use crate::http::wire::Misuse;
use crate::net::{
    Cause, DelayedFlush, INTERVAL, Pace, Stop, Stream, Timed, Timer, call_after, is_timeout,
};
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{Duration, Instant};

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
/// The first memory for responses, beside what the first of them needs: growing up to it would leave as
/// much behind in the allocator.
const FIRST_BYTES: usize = 512;
/// An emptied buffer above this size is given back.
const KEPT_BYTES: usize = 128 * 1024;
/// The longest time between two looks is [`INTERVAL`] doubled so many times.
const MOST_DOUBLINGS: u32 = 10;

/// What becomes of bytes that were appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// They are sent at once.
    Send,
    /// The caller sends them next, with more.
    SendNext,
    /// They stay pending, so that other responses may leave with them.
    Coalesce,
}

/// The sending side of one connection.
#[derive(Debug)]
pub(crate) struct ResponseQueue {
    stream: Arc<dyn Stream>,
    pending: Mutex<Pending>,
    /// How many looks in a row found the lock taken or the socket full.
    blocked_looks: AtomicU32,
    activity: AtomicU8,
    stopping: AtomicBool,
}

#[derive(Debug)]
struct Pending {
    bytes: Vec<u8>,
    /// Counts the responses that were left pending: it stands still while no handler ends its response.
    epoch: u64,
    delayed_flush: DelayedFlush,
    sent: bool,
    timeout_set: bool,
    broken: Option<Cause>,
    /// The write timeout: how long one write may block before the deadlines are checked.
    write_slice: Duration,
    pace: Pace,
}

impl ResponseQueue {
    pub(crate) fn new(stream: Arc<dyn Stream>, config: &Config) -> ResponseQueue {
        let pending = Pending {
            bytes: Vec::new(),
            epoch: 0,
            delayed_flush: DelayedFlush::default(),
            sent: false,
            timeout_set: false,
            broken: None,
            write_slice: config.poll_interval(),
            pace: config.pace(),
        };
        ResponseQueue {
            stream,
            pending: Mutex::new(pending),
            blocked_looks: AtomicU32::new(0),
            activity: AtomicU8::new(BUSY),
            stopping: AtomicBool::new(false),
        }
    }

    pub(crate) fn stream(&self) -> &Arc<dyn Stream> {
        &self.stream
    }

    /// A stream that panicked while it wrote has taken an unknown part of the bytes: it is broken.
    #[inline]
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(|poisoned| {
            let mut pending = poisoned.into_inner();
            pending.broken.get_or_insert(ErrorKind::Other.into());
            pending
        })
    }

    /// Lets `encode` append to what is pending and decide what becomes of it; a misuse sends nothing.
    /// `content`: how many bytes of content it will append.
    #[inline]
    pub(crate) fn append<R>(
        self: &Arc<Self>,
        content: usize,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(R, Then), Misuse>,
    ) -> Result<R, Error> {
        let mut pending = self.lock();
        if pending.bytes.capacity() == 0 {
            pending.bytes.reserve_exact(FIRST_BYTES + content);
        }
        let (value, then) = encode(&mut pending.bytes)?;
        match then {
            Then::Send => pending.send(&self.stream, &[])?,
            Then::SendNext => {}
            Then::Coalesce => {
                pending.epoch = pending.epoch.wrapping_add(1);
                if pending.delayed_flush.left_pending() {
                    drop(pending);
                    self.schedule();
                }
            }
        }
        Ok(value)
    }

    #[cold]
    fn schedule(self: &Arc<Self>) {
        let whom: Weak<ResponseQueue> = Arc::downgrade(self);
        call_after(INTERVAL, Timer::Flush, whom);
    }

    /// Sends what is pending.
    #[inline]
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.flush_and_kept_bytes().map(drop)
    }

    /// Sends what is pending; returns how much memory is kept for the next responses, in bytes.
    #[inline]
    pub(crate) fn flush_and_kept_bytes(&self) -> io::Result<usize> {
        let mut pending = self.lock();
        if pending.bytes.is_empty() {
            pending.check()?;
        } else {
            pending.send(&self.stream, &[])?;
        }
        Ok(pending.bytes.capacity())
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

    /// Whether data of this size is worth a copy, to leave together with other responses.
    pub(crate) fn is_small(length: usize) -> bool {
        length <= COPIED_BYTES
    }

    /// Gives that memory back, where nothing is pending.
    pub(crate) fn shrink(&self) {
        let mut pending = self.lock();
        if pending.bytes.is_empty() {
            pending.bytes = Vec::new();
        }
    }

    /// The connection's thread waits for a next request: the thread that stops the server ends the wait.
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
        let _ = self.change_from_idle(BUSY);
    }

    /// Whether the wait for a next request was ended: then the end of what comes is ours, not the
    /// client's, and no fault of it.
    pub(crate) fn is_ending(&self) -> bool {
        self.activity.load(Ordering::Relaxed) == ENDING
    }

    fn end_idle(&self) {
        if self.change_from_idle(ENDING) {
            // What has come already can still be read.
            let _ = self.stream.shutdown(Shutdown::Read);
        }
    }

    /// Either a request comes or the end: one of them is first.
    #[inline]
    fn change_from_idle(&self, to: u8) -> bool {
        let (success, failure) = (Ordering::SeqCst, Ordering::Relaxed);
        self.activity
            .compare_exchange(IDLE, to, success, failure)
            .is_ok()
    }

    /// The stream speaks another protocol from now on.
    pub(crate) fn hand_over(&self) {
        self.lock().bytes = Vec::new();
    }

    #[inline]
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// How long until the next look.
    fn look_interval(&self) -> Duration {
        let doublings = self.blocked_looks.load(Ordering::Relaxed);
        INTERVAL * (1 << doublings.min(MOST_DOUBLINGS))
    }

    /// The lock is taken or the socket is full.
    fn count_blocked_look(&self) {
        self.blocked_looks.fetch_add(1, Ordering::Relaxed);
    }

    /// One look of the clock; returns whether another follows.
    fn look(&self) -> bool {
        let Ok(mut pending) = self.pending.try_lock() else {
            self.count_blocked_look(); // its thread is sending, or its stream has panicked
            return !self.pending.is_poisoned();
        };
        let waits = !pending.bytes.is_empty() && pending.broken.is_none();
        let epoch = pending.epoch;
        let look = pending.delayed_flush.look(epoch, waits);
        if look.flush && !pending.try_send(self.stream.as_ref()) {
            self.count_blocked_look();
        } else {
            self.blocked_looks.store(0, Ordering::Relaxed);
        }
        look.again
    }
}

impl Timed for ResponseQueue {
    fn due(self: Arc<Self>, _: Timer) -> Option<Instant> {
        let again = self.look();
        again.then(|| Instant::now().checked_add(self.look_interval()))?
    }
}

impl Pending {
    fn check(&self) -> io::Result<()> {
        self.broken
            .as_ref()
            .map_or(Ok(()), |cause| Err(cause.into()))
    }

    /// Writes all of `bytes` and then all of `more`, in as few calls as the kernel allows.
    fn send(&mut self, stream: &Arc<dyn Stream>, more: &[&[u8]]) -> io::Result<()> {
        self.check()?;
        let total = self.bytes.len() + more.iter().map(|part| part.len()).sum::<usize>();
        if !self.timeout_set && (self.sent || total > SURE_ROOM_BYTES) {
            stream.set_write_timeout(Some(self.write_slice))?;
            self.timeout_set = true;
        }
        let result = write_all(
            stream.as_ref(),
            &self.bytes,
            more,
            self.write_slice,
            &mut self.pace,
        );
        if let Err(error) = &result {
            self.broken = Some(Cause::of(error));
        }
        self.sent = true;
        self.bytes.clear();
        if self.bytes.capacity() > KEPT_BYTES {
            self.bytes = Vec::new();
        }
        result
    }

    /// Sends what the socket takes without waiting; whether it took something, or never will again.
    fn try_send(&mut self, stream: &dyn Stream) -> bool {
        self.sent = true;
        match stream.try_write(&self.bytes) {
            Ok(None) => return false,
            Ok(Some(0)) => self.broken = Some(ErrorKind::WriteZero.into()),
            Ok(Some(bytes)) => {
                self.pace.went(bytes);
                self.bytes.drain(..bytes);
            }
            Err(error) => self.broken = Some(Cause::of(&error)),
        }
        true
    }
}

fn write_all(
    stream: &dyn Stream,
    first: &[u8],
    more: &[&[u8]],
    write_slice: Duration,
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
            Err(error) if is_timeout(&error) => (0, write_slice),
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

impl Stop for ResponseQueue {
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

#[cfg(test)]
mod tests;
