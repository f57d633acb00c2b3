//! The write turn: the calls of the stream that only its holder makes, and what the holder does before
//! it gives the turn back.
//!
//! Two kinds of threads hold it: a caller of the socket, for one call, and the socket's *flush thread*,
//! which writes what is queued. That thread is started when bytes are left over, and ends when none are,
//! so a socket whose peer reads has none.

use super::Inner;
use super::queue::{EndSent, Release, Step};
use super::write_state::{Guard, PIECE_BYTES, WriteState};
use crate::net::cause::Cause;
use crate::net::pace::TooSlow;
use crate::net::stream::is_timeout;
use std::io::{self, ErrorKind, IoSlice};
use std::mem;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

/// In bytes. The flush thread calls [`drain`](crate::net::SocketEvents::drain), which is the user's.
const FLUSHER_STACK_BYTES: usize = 512 * 1024;

/// The write turn. It is given back by [`give_back`](Turn::give_back), or to a flush thread. It is dropped
/// only if a call of the stream panics.
pub(super) struct Turn<'a> {
    inner: &'a Arc<Inner>,
}

/// What one call of the stream has done.
struct Wrote {
    /// 0: there was no room within the slice.
    bytes: usize,
    waited: Duration,
}

/// The calls of the stream.
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

    /// Offers bytes to the stream, which takes what there is room for; queues the rest. False: no more
    /// until `drain`.
    pub(super) fn offer(self, bytes: &[u8]) -> bool {
        let inner = self.inner;
        let offered = inner.stream.try_write(bytes);
        let offered = offered.map_err(|e| Cause::with_text(&e));
        let n = offered.as_ref().map_or(0, |n| n.unwrap_or(0));
        let mut state = inner.writing.lock();
        self.call_ended(&mut state, n);
        match offered {
            Ok(_) => state.queue.keep(&bytes[n..]),
            Err(cause) => state.fail(cause),
        }
        let room = state.queue.room();
        let given_back = self.give_back(state);
        inner.has_room(room) && given_back.is_ok()
    }

    /// Waits until the stream takes some of the bytes, no longer than the write timeout.
    #[inline(always)]
    pub(super) fn write_some(
        &self,
        mut state: Guard<'a>,
        bufs: &[IoSlice<'_>],
    ) -> (Guard<'a>, io::Result<usize>) {
        let mut waited = Duration::ZERO;
        loop {
            let wrote;
            (state, wrote) = self.write(state, bufs);
            match wrote {
                Ok(Wrote {
                    bytes: 0,
                    waited: more,
                }) => waited = waited.saturating_add(more),
                done => return (state, done.map(|wrote| wrote.bytes)),
            }
            if state.write_timeout.is_some_and(|limit| waited >= limit) {
                return (state, Err(ErrorKind::TimedOut.into()));
            }
        }
    }

    /// One call of the stream, for a slice at most. A peer that has been too slow is given up.
    ///
    /// Every write is one such call, so the lock's guard and the result are passed in registers: inlined
    /// with what follows, `write_all` executes 80 instructions less.
    #[inline(always)]
    fn write(&self, mut state: Guard<'a>, bufs: &[IoSlice<'_>]) -> (Guard<'a>, io::Result<Wrote>) {
        if state.queue.is_broken() {
            return (state, Err(ErrorKind::BrokenPipe.into()));
        }
        let slice = state.slice;
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
        let cause = Cause::with_text(&error);
        let mut state = self.inner.writing.lock();
        self.call_ended(&mut state, 0);
        state.fail(cause);
        self.inner.writing.notify(&state);
        (state, Err(error))
    }

    #[inline]
    fn call_ended(&self, state: &mut WriteState, bytes: usize) {
        state.queue.call_ended(bytes);
        if bytes > 0 {
            let written = &self.inner.bytes_written;
            written.store(state.queue.written(), Ordering::Relaxed);
            self.inner.activity.seen();
        }
    }

    #[cold]
    fn give_up<T>(&self, state: Guard<'a>) -> (Guard<'a>, io::Result<T>) {
        drop(state);
        let settings = &self.inner.settings;
        let (rate, time) = (settings.min_bytes_per_second, settings.stall_timeout);
        let text = format!("the peer took less than {rate} bytes a second for {time:?}");
        let error = self.inner.give_up(text);
        (self.inner.writing.lock(), Err(error))
    }

    /// The FIN. It waits for room within a slice, or not at all.
    fn send_end(&self, mut state: Guard<'a>, waits: bool) -> (Guard<'a>, io::Result<()>) {
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
}

/// How the turn is given back.
impl<'a> Turn<'a> {
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
                    drop(state);
                    return self.start_flusher().and(ended);
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
    fn was_given_back(self, state: &WriteState) {
        self.inner.writing.notify(state);
        mem::forget(self);
    }

    /// The holder cannot go on, so the connection is broken off.
    fn lose(&self, cause: Cause) {
        self.inner.break_off(Some(cause));
        let mut state = self.inner.writing.lock();
        state.queue.turn_lost();
        self.inner.writing.notify(&state);
    }
}

/// The flush thread.
impl Turn<'_> {
    /// Starts it, with the turn.
    fn start_flusher(self) -> io::Result<()> {
        let own = Arc::clone(self.inner);
        let thread = thread::Builder::new()
            .name("barewire flusher".to_owned())
            .stack_size(FLUSHER_STACK_BYTES);
        let started = thread.spawn(move || Turn::new(&own).flush());
        let started = started.map(drop).map_err(|e| {
            // Not as it is: the system's error for "no thread" has the kind of a timeout.
            let text = format!("no thread could be started for the writer: {e}");
            let cause = Cause::new(ErrorKind::Other, text);
            self.lose(cause.clone());
            io::Error::from(&cause)
        });
        mem::forget(self);
        started
    }

    /// Writes what is queued and sends the end, until nothing is left; then calls `drain` if that is due.
    fn flush(self) {
        let inner = self.inner;
        let mut batch = Vec::new();
        loop {
            let mut state = inner.writing.lock();
            match state.queue.next_step() {
                Step::Write => {
                    batch.clear();
                    state.queue.take_batch(&mut batch);
                    self.write_batch(state, &batch);
                }
                Step::SendEnd => drop(self.send_end(state, true)),
                Step::Drain => {
                    self.was_given_back(&state);
                    drop(state);
                    return inner.call_drain();
                }
                Step::Leave => return self.was_given_back(&state),
            }
        }
    }

    /// Writes all of it, unless the connection breaks.
    fn write_batch<'a>(&'a self, mut state: Guard<'a>, mut batch: &[u8]) {
        while !batch.is_empty() && !state.queue.is_broken() {
            let piece = &batch[..batch.len().min(PIECE_BYTES)];
            let wrote;
            (state, wrote) = self.write(state, &[IoSlice::new(piece)]);
            match wrote {
                Ok(wrote) => batch = &batch[wrote.bytes..],
                Err(e) => {
                    drop(state);
                    return drop(e); // it may be the stream's own: not under the lock
                }
            }
            state.queue.batch_left(batch.len());
        }
    }
}

/// A user's stream has panicked in a call. What it took is unknown.
impl Drop for Turn<'_> {
    #[cold]
    fn drop(&mut self) {
        self.lose(Cause::new(ErrorKind::Other, "a write panicked"));
    }
}
