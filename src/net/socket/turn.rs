//! The write turn: the calls of the stream that only its holder makes, and what the holder does before
//! it gives the turn back.

use super::queue::{EndSent, Release};
use super::writing::{Guard, State, break_off, copy, gave_up, has_room, loss};
use super::{Inner, flusher};
use crate::net::pace::TooSlow;
use crate::net::stream::is_timeout;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The write turn. It is given back by [`give_back`](Turn::give_back), or to a flush thread.
pub(super) struct Turn<'a> {
    inner: &'a Arc<Inner>,
    is_held: bool,
}

/// What one call of the stream has done.
pub(super) struct Wrote {
    /// 0: there was no room within the slice.
    pub(super) bytes: usize,
    waited: Duration,
}

impl Wrote {
    /// How many bytes were taken, or that none were for `limit`.
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
        let is_held = true;
        Turn { inner, is_held }
    }

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
    pub(super) fn write(
        &self,
        mut state: Guard<'a>,
        bufs: &[IoSlice<'_>],
    ) -> (Guard<'a>, io::Result<Wrote>) {
        if state.queue.is_broken() {
            return (state, Err(ErrorKind::BrokenPipe.into()));
        }
        let slice = state.write_slice(self.inner.activity.limit());
        let change = state.change_slice(slice);
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
        let wrote = match wrote {
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            Err(e) if is_timeout(&e) => Ok(0),
            wrote => wrote,
        };
        let offered = bufs.iter().map(|buf| buf.len()).sum();
        self.record(wrote, offered, waited, slice)
    }

    fn record(
        &self,
        wrote: io::Result<usize>,
        offered: usize,
        waited: Option<Duration>,
        slice: Duration,
    ) -> (Guard<'a>, io::Result<Wrote>) {
        let failed = wrote.as_ref().err().map(|e| (copy(e), loss(e)));
        let bytes = *wrote.as_ref().unwrap_or(&0);
        let mut state = self.inner.writing.lock();
        self.call_ended(&mut state, bytes);
        state.sampling.called(waited, bytes == offered);
        // A call that was not timed has waited for the whole slice, or is taken for quick.
        let untimed = if bytes == 0 { slice } else { Duration::ZERO };
        let waited = waited.unwrap_or(untimed);
        let judged = state.pace.waited(waited, bytes);
        if let Some((error, loss)) = failed {
            state.queue.fail(Some(error), loss);
        }
        self.inner.writing.notify(&state);
        match (wrote, judged) {
            (Ok(_), Err(TooSlow)) => self.give_up(state),
            (wrote, _) => (state, wrote.map(|bytes| Wrote { bytes, waited })),
        }
    }

    fn call_ended(&self, state: &mut State, bytes: usize) {
        state.queue.call_ended(bytes);
        if bytes > 0 {
            let written = &self.inner.bytes_written;
            written.store(state.queue.written(), Ordering::Relaxed);
            self.inner.activity.seen();
        }
    }

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
            true => state.write_slice(None),
            false => Duration::ZERO,
        };
        let change = state.change_slice(slice);
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

    fn set_write_timeout(&self, change: Option<Duration>) {
        if change.is_some() {
            // A socket that refuses is broken, and its write will say so.
            let _ = self.inner.stream.set_write_timeout(change);
        }
    }

    /// Gives the turn back, after the FIN if that is due, or to a flush thread.
    pub(super) fn give_back(mut self, mut state: Guard<'a>) -> io::Result<()> {
        let mut ended = Ok(());
        loop {
            match state.queue.release() {
                Release::SendEnd => (state, ended) = self.send_end(state, false),
                Release::StartFlusher => {
                    self.is_held = false;
                    drop(state);
                    return flusher::start(self.inner).and(ended);
                }
                Release::Done => {
                    self.was_given_back(&state);
                    return ended;
                }
            }
        }
    }

    pub(super) fn was_given_back(&mut self, state: &State) {
        self.is_held = false;
        self.inner.writing.notify(state);
    }
}

/// A user's stream has panicked in a call. What it took is unknown, so the connection is broken off.
impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.is_held {
            break_off(self.inner, Some(io::Error::other("a write panicked")));
            let mut state = self.inner.writing.lock();
            state.queue.turn_lost();
            self.inner.writing.notify(&state);
        }
    }
}
