//! The write turn: the calls of the stream that only its holder makes, and what the holder does before
//! it gives the turn back.

use super::queue::{EndSent, Release};
use super::writing::{Guard, State, break_off, copy, gave_up, has_room, loss};
use super::{Inner, flusher};
use crate::net::pace::TooSlow;
use crate::net::stream::is_timeout;
use std::io::{self, ErrorKind, IoSlice};
use std::mem;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The write turn. It is given back by [`give_back`](Turn::give_back), or to a flush thread. It is dropped
/// only if a call of the stream panics.
pub(super) struct Turn<'a> {
    inner: &'a Arc<Inner>,
}

/// What one call of the stream has done.
pub(super) struct Wrote {
    /// 0: there was no room within the slice.
    pub(super) bytes: usize,
    waited: Duration,
}

impl Wrote {
    /// How many bytes were taken, or that none were for `limit`.
    #[inline]
    pub(super) fn within(self, limit: Option<Duration>, still: &mut Duration) -> io::Result<usize> {
        *still = match self.bytes {
            0 => still.saturating_add(self.waited),
            _ => Duration::ZERO,
        };
        match limit {
            Some(limit) if self.bytes == 0 && *still >= limit => Err(ErrorKind::TimedOut.into()),
            _ => Ok(self.bytes),
        }
    }
}

impl<'a> Turn<'a> {
    /// The queue has given the turn to this thread.
    pub(super) fn new(inner: &'a Arc<Inner>) -> Turn<'a> {
        Turn { inner }
    }

    #[inline]
    pub(super) fn wait_for(inner: &'a Arc<Inner>) -> io::Result<(Turn<'a>, Guard<'a>)> {
        let state = inner.writing.wait_for_turn()?;
        Ok((Turn::new(inner), state))
    }

    /// Offers bytes to the stream, which takes what there is room for; queues the rest.
    pub(super) fn offer(self, bytes: &[u8]) -> bool {
        let wrote = self.inner.stream.try_write(bytes);
        let failed = wrote.as_ref().err().map(|e| (copy(e), loss(e)));
        let n = *wrote.as_ref().ok().and_then(Option::as_ref).unwrap_or(&0);
        let mut state = self.inner.writing.lock();
        self.call_ended(&mut state, n);
        match failed {
            None => state.queue.keep(&bytes[n..]),
            Some((error, loss)) => state.queue.fail(Some(error), loss),
        }
        let room = state.queue.room();
        let inner = self.inner;
        let given_back = self.give_back(state);
        has_room(inner, room) && given_back.is_ok()
    }

    /// One call of the stream, for a slice at most. A peer that has been too slow is given up.
    ///
    /// Every write is one such call, so the lock's guard and the result are passed in registers: inlined
    /// with what follows, `write_all` executes 80 instructions less.
    #[inline(always)]
    pub(super) fn write(
        &self,
        mut state: Guard<'a>,
        bufs: &[IoSlice<'_>],
    ) -> (Guard<'a>, io::Result<Wrote>) {
        if state.queue.is_broken() {
            return (state, Err(ErrorKind::BrokenPipe.into()));
        }
        let slice = state.slice();
        let change = state.change_stream_timeout(slice);
        let is_timed = state.sampling.is_timed();
        state.queue.call_begins();
        drop(state);
        self.set_write_timeout(change);
        let began = is_timed.then(Instant::now);
        let wrote = match bufs {
            [buf] => self.inner.stream.write(buf),
            bufs => self.inner.stream.write_vectored(bufs),
        };
        let waited = began.map(|began| began.elapsed());
        let (bytes, waited) = match wrote {
            Ok(0) => return self.record_failure(ErrorKind::WriteZero.into()),
            Ok(bytes) => (bytes, waited),
            // A call that was not timed has waited for the whole slice.
            Err(e) if is_timeout(&e) => (0, waited.or(Some(slice))),
            Err(e) => return self.record_failure(e),
        };
        let offered: usize = bufs.iter().map(|buf| buf.len()).sum();
        self.record(bytes, bytes == offered, waited)
    }

    #[inline(always)]
    fn record(
        &self,
        bytes: usize,
        took_all: bool,
        waited: Option<Duration>,
    ) -> (Guard<'a>, io::Result<Wrote>) {
        let mut state = self.inner.writing.lock();
        self.call_ended(&mut state, bytes);
        state.sampling.called(waited, took_all);
        self.inner.writing.notify(&state);
        let Some(waited) = waited else {
            state.pace.went(bytes); // a call that was not timed is taken for quick
            let waited = Duration::ZERO;
            return (state, Ok(Wrote { bytes, waited }));
        };
        match state.pace.waited(waited, bytes) {
            Ok(()) => (state, Ok(Wrote { bytes, waited })),
            Err(TooSlow) => self.give_up(state),
        }
    }

    #[cold]
    fn record_failure(&self, error: io::Error) -> (Guard<'a>, io::Result<Wrote>) {
        let (report, loss) = (copy(&error), loss(&error)); // they may call the stream's own: no lock
        let mut state = self.inner.writing.lock();
        self.call_ended(&mut state, 0);
        state.queue.fail(Some(report), loss);
        self.inner.writing.notify(&state);
        (state, Err(error))
    }

    #[inline]
    fn call_ended(&self, state: &mut State, bytes: usize) {
        state.queue.call_ended(bytes);
        if bytes > 0 {
            let written = &self.inner.bytes_written;
            written.store(state.queue.written(), Ordering::Relaxed);
            self.inner.activity.seen();
        }
    }

    #[cold]
    fn give_up<T>(&self, state: Guard<'a>) -> (Guard<'a>, io::Result<T>) {
        let settings = self.inner.settings;
        drop(state);
        let error = || {
            let (rate, time) = (settings.min_bytes_per_second, settings.stall_timeout);
            gave_up(format!(
                "the peer took less than {rate} bytes a second for {time:?}"
            ))
        };
        break_off(self.inner, Some(error()));
        (self.inner.writing.lock(), Err(error()))
    }

    /// The FIN. It waits for room within a slice, or not at all.
    pub(super) fn send_end(
        &self,
        mut state: Guard<'a>,
        waits: bool,
    ) -> (Guard<'a>, io::Result<()>) {
        let slice = match waits {
            true => state.end_slice(),
            false => Duration::ZERO,
        };
        let change = state.change_stream_timeout(slice);
        drop(state);
        self.set_write_timeout(change);
        let began = Instant::now();
        let ended = self.inner.stream.shutdown(Shutdown::Write);
        let waited = began.elapsed();
        let mut state = self.inner.writing.lock();
        let (sent, ended) = match ended {
            Ok(()) => (EndSent::Sent, Ok(())),
            Err(e) if is_timeout(&e) => (EndSent::NoRoom, Ok(())),
            Err(e) => (EndSent::Failed, Err(e)),
        };
        state.queue.end_sent(sent);
        self.inner.writing.notify(&state);
        if sent == EndSent::NoRoom && state.pace.waited(waited, 0).is_err() {
            return self.give_up(state);
        }
        (state, ended)
    }

    #[inline]
    fn set_write_timeout(&self, change: Option<Duration>) {
        if change.is_some() {
            // A socket that refuses is broken, and its write will say so.
            let _ = self.inner.stream.set_write_timeout(change);
        }
    }

    /// Gives the turn back, after the FIN if that is due, or to a flush thread.
    #[inline(always)]
    pub(super) fn give_back(self, mut state: Guard<'a>) -> io::Result<()> {
        match state.queue.release() {
            Release::Done => {
                self.was_given_back(&state);
                Ok(())
            }
            due => self.give_back_after(due, state),
        }
    }

    #[cold]
    fn give_back_after(self, mut due: Release, mut state: Guard<'a>) -> io::Result<()> {
        let mut ended = Ok(());
        loop {
            match due {
                Release::SendEnd => (state, ended) = self.send_end(state, false),
                Release::StartFlusher => {
                    let inner = self.inner;
                    mem::forget(self);
                    drop(state);
                    return flusher::start(inner).and(ended);
                }
                Release::Done => {
                    self.was_given_back(&state);
                    return ended;
                }
            }
            due = state.queue.release();
        }
    }

    #[inline]
    pub(super) fn was_given_back(self, state: &State) {
        self.inner.writing.notify(state);
        mem::forget(self);
    }
}

/// A user's stream has panicked in a call. What it took is unknown, so the connection is broken off.
impl Drop for Turn<'_> {
    #[cold]
    fn drop(&mut self) {
        break_off(self.inner, Some(io::Error::other("a write panicked")));
        let mut state = self.inner.writing.lock();
        state.queue.turn_lost();
        self.inner.writing.notify(&state);
    }
}
