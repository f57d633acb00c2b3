//! The steps of a job, done: waiting for the write turn, writing, starting the flush thread.

use super::{Guard, Outgoing, State, after};
use crate::net::{Cause, Timer, is_timeout};
use crate::websocket::config::Config;
use crate::websocket::error::Error;
use crate::websocket::outcome::Outcome;
use crate::websocket::queue::{Job, Step};
use crate::websocket::wire::{Data, Mask};
use std::io::{self, ErrorKind, IoSlice};
use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How much one write is offered: what has left is counted in between.
const WRITTEN_BYTES: usize = 1024 * 1024;
/// How much a write is offered that must not wait.
const TRIED_BYTES: usize = 256 * 1024;
/// How much of a long message is masked at a time.
const MASKED_BYTES: usize = 32 * 1024;
const STACK_BYTES: usize = 128 * 1024;
/// How long a write waits at a time. A thread that waits for a peer wakes this often to judge it.
const LONGEST_SLICE: Duration = Duration::from_secs(2);
/// A write that took longer has waited for the peer.
const PROMPT: Duration = Duration::from_millis(10);
/// When the flush is tried again, if no thread could be started.
const RETRY: Duration = Duration::from_millis(100);

/// The stream's write timeout.
pub(super) fn slice(config: &Config) -> Duration {
    config
        .stall_timeout
        .min(LONGEST_SLICE)
        .max(Duration::from_millis(1))
}

impl Outgoing {
    /// Does what the queue says until the job is done.
    #[inline]
    pub(super) fn run<'a>(self: &'a Arc<Self>, state: Guard<'a>, job: &mut Job) -> Guard<'a> {
        match self.run_to_flush(state, job) {
            (state, false) => state,
            (state, true) => self.start_flush(state),
        }
    }

    /// The same; true: the flush thread is to be started, and the write turn is kept for it.
    #[inline(always)]
    fn run_to_flush<'a>(
        self: &'a Arc<Self>,
        mut state: Guard<'a>,
        job: &mut Job,
    ) -> (Guard<'a>, bool) {
        loop {
            state = match state.queue.step(job) {
                Step::Write => self.write(state, job),
                Step::TryWrite => self.try_write(state, job),
                Step::Wait => self.wait_to_write(state),
                step @ (Step::StartFlush | Step::Done) => {
                    self.notify(&mut state);
                    return (state, step == Step::StartFlush);
                }
            };
        }
    }

    /// Writes what the socket takes at once; the rest is left to whoever may wait.
    pub(super) fn push<'a>(self: &'a Arc<Self>, state: Guard<'a>) {
        drop(self.run(state, &mut Job::push()));
    }

    /// The same, but starting the flush thread is left to the caller.
    pub(super) fn push_only<'a>(self: &'a Arc<Self>, state: Guard<'a>) -> Option<PendingFlush<'a>> {
        let (state, flush) = self.run_to_flush(state, &mut Job::push());
        drop(state);
        flush.then(|| PendingFlush(self))
    }

    fn wait_to_write<'a>(&'a self, mut state: Guard<'a>) -> Guard<'a> {
        state.queue.wait_to_write(true);
        self.notify(&mut state);
        let mut state = self.wait(state);
        state.queue.wait_to_write(false);
        state
    }

    /// One write of what is in flight, which may wait.
    #[inline]
    fn write<'a>(self: &'a Arc<Self>, mut state: Guard<'a>, job: &mut Job) -> Guard<'a> {
        let (bytes, offset) = state.queue.take_in_flight();
        let since = state.starts_clock();
        drop(state);
        let piece = &bytes[offset..bytes.len().min(offset + WRITTEN_BYTES)];
        let wrote = self.guarded(job, || self.stream.write(piece));
        let whole = piece.len();
        let mut state = self.lock();
        let n = self.judge(&mut state, wrote, whole, since);
        state.queue.wrote(bytes, n);
        self.after_write(state)
    }

    fn try_write<'a>(self: &'a Arc<Self>, mut state: Guard<'a>, job: &mut Job) -> Guard<'a> {
        let (bytes, offset) = state.queue.take_in_flight();
        drop(state);
        let piece = &bytes[offset..bytes.len().min(offset + TRIED_BYTES)];
        let wrote = self.guarded(job, || self.stream.try_write(piece));
        let whole = piece.len();
        let mut state = self.lock();
        let n = match wrote {
            Ok(Some(n)) if n <= whole => n,
            Ok(Some(_)) => self.broke(&mut state, ErrorKind::InvalidData.into()),
            Ok(None) => 0,
            Err(error) => self.broke(&mut state, Cause::of(&error)),
        };
        if n < whole {
            job.is_full();
        }
        if n > 0 {
            state.pace.went(n);
        }
        state.queue.wrote(bytes, n);
        self.after_write(state)
    }

    /// What became of a write that may wait; how many bytes have left.
    #[inline(always)]
    fn judge(
        &self,
        state: &mut State,
        wrote: io::Result<usize>,
        whole: usize,
        since: Option<Instant>,
    ) -> usize {
        let n = match wrote {
            Ok(0) => return self.broke(state, ErrorKind::WriteZero.into()),
            Ok(n) if n > whole => return self.broke(state, ErrorKind::InvalidData.into()),
            Ok(n) => n,
            Err(error) if error.kind() == ErrorKind::Interrupted => return 0,
            Err(error) if is_timeout(&error) => 0,
            Err(error) => return self.broke(state, Cause::of(&error)),
        };
        if n == whole && since.is_none() {
            state.pace.went(n);
        } else {
            self.has_waited(state, n, n == whole, since);
        }
        n
    }

    /// The peer may have let us wait. One that stands still, or is slower than it may be, is given up.
    #[cold]
    fn has_waited(&self, state: &mut State, n: usize, whole: bool, since: Option<Instant>) {
        let waited = match since {
            Some(since) => since.elapsed(),
            // The clock was not read: a write that took nothing has waited for its whole slice.
            None if n == 0 => slice(&self.config),
            None => Duration::ZERO,
        };
        state
            .sampling
            .called(since.is_some().then_some(waited), whole);
        state.blocked |= waited > PROMPT;
        if n > 0 && mem::take(&mut state.blocked) {
            state.signs_of_life += 1;
        }
        if state.pace.waited(waited, n).is_err() {
            state.outcome.get_or_insert_with(Outcome::abnormal);
            self.fail(state, ErrorKind::TimedOut.into());
        }
    }

    /// Whoever waits is woken. A peer that was given up is cut off.
    #[inline(always)]
    fn after_write<'a>(self: &'a Arc<Self>, mut state: Guard<'a>) -> Guard<'a> {
        state.note_ping_sent();
        self.notify(&mut state);
        match &state.failure {
            Some(cause) if cause.is_timeout() => self.cut_off(state),
            _ => state,
        }
    }

    #[cold]
    fn cut_off<'a>(self: &'a Arc<Self>, state: Guard<'a>) -> Guard<'a> {
        drop(state);
        let _ = self.stream.abort(); // it may be gone already
        self.lock()
    }

    /// Nothing can be sent any more. What the peer has sent can still be read.
    #[cold]
    pub(super) fn fail(&self, state: &mut State, cause: Cause) {
        state.failure.get_or_insert(cause);
        state.queue.fail();
        self.notify(state);
    }

    #[cold]
    fn broke(&self, state: &mut State, cause: Cause) -> usize {
        self.fail(state, cause);
        0
    }

    /// Calls the stream. If it panics (it may be a user's), nobody waits for the write turn for ever.
    #[inline]
    fn guarded<T>(&self, job: &mut Job, call: impl FnOnce() -> T) -> T {
        let guard = OnPanic {
            outgoing: self,
            job,
        };
        let result = call();
        mem::forget(guard);
        result
    }

    /// Passes the write turn to a thread of its own.
    #[cold]
    fn start_flush<'a>(self: &'a Arc<Self>, state: Guard<'a>) -> Guard<'a> {
        drop(state);
        let outgoing = Arc::clone(self);
        let thread = thread::Builder::new()
            .name("websocket flush".into())
            .stack_size(STACK_BYTES);
        let started = thread.spawn(move || {
            let state = outgoing.lock();
            drop(outgoing.run(state, &mut Job::flush()));
        });
        let mut state = self.lock();
        if started.is_err() {
            // Until one can be started, the clock offers the socket what waits.
            state.queue.flush_not_started();
            if !mem::replace(&mut state.retry_scheduled, true) {
                self.call_after(RETRY, Timer::Retry);
            }
        }
        self.notify(&mut state);
        state
    }

    /// Waits until nothing is left to send, as long as something leaves within each `limit`; whether
    /// nothing is left.
    pub(in crate::websocket) fn flush_within(self: &Arc<Self>, limit: Duration) -> bool {
        let mut until = after(limit);
        self.push(self.lock());
        let mut state = self.lock();
        let mut sent = state.queue.sent();
        while !state.queue.is_empty() && state.failure.is_none() {
            let in_time;
            (state, in_time) = self.wait_until(state, until);
            if state.queue.sent() != sent {
                (sent, until) = (state.queue.sent(), after(limit));
            } else if !in_time {
                return false;
            }
        }
        state.queue.is_empty()
    }

    /// The connection has become quiet: memory is given back.
    pub(in crate::websocket) fn shrink(&self) {
        self.lock().queue.shrink();
    }
}

impl State {
    /// The clock is read around one write in a few, where the peer has let us wait, and where it may be
    /// about to be judged.
    #[inline]
    fn starts_clock(&mut self) -> Option<Instant> {
        (self.sampling.is_timed() || self.pings.is_outstanding()).then(Instant::now)
    }
}

/// Long messages, written from where they lie.
impl Outgoing {
    pub(super) fn write_message<'a>(
        self: &'a Arc<Self>,
        mut state: Guard<'a>,
        data: Data<'_>,
    ) -> Result<(), Error> {
        loop {
            let mut job = Job::turn();
            state = self.run(state, &mut job);
            // Another's message in parts may have begun while we waited for the turn.
            if !state.queue.is_unfinished() {
                return self.write_frame(state, job, data, true);
            }
            state.queue.end_turn(&mut job);
            drop(self.run(state, &mut job));
            state = self.at_boundary()?;
        }
    }

    /// Writes a frame with the turn that the job has, and gives it back.
    pub(super) fn write_frame<'a>(
        self: &'a Arc<Self>,
        mut state: Guard<'a>,
        mut job: Job,
        data: Data<'_>,
        last: bool,
    ) -> Result<(), Error> {
        state.check()?; // a queue that has failed gave no turn
        let begun = state.queue.begin_frame(data, last);
        let position = state.queue.position();
        if let Ok(mask) = begun {
            state = match mask {
                None => self.write_payload(state, &mut job, data.bytes(), position),
                Some(mask) => self.write_masked(state, &mut job, data.bytes(), mask),
            };
        }
        self.coalescer.sent();
        state.queue.end_turn(&mut job);
        let state = self.run(state, &mut job);
        begun.map_err(Error::from)?;
        state.check_sent(position)
    }

    /// Header and payload leave together, in one call where the socket takes them.
    fn write_payload<'a>(
        self: &'a Arc<Self>,
        mut state: Guard<'a>,
        job: &mut Job,
        payload: &[u8],
        position: u64,
    ) -> Guard<'a> {
        let mut left = payload;
        while state.queue.sent() < position && state.failure.is_none() {
            let (bytes, offset) = state.queue.take_in_flight();
            let since = state.starts_clock();
            drop(state);
            let header = &bytes[offset..];
            let piece = &left[..left.len().min(WRITTEN_BYTES)];
            let wrote = self.guarded(job, || match header {
                [] => self.stream.write(piece),
                _ => {
                    let both = [IoSlice::new(header), IoSlice::new(piece)];
                    self.stream.write_vectored(&both)
                }
            });
            let (header, whole) = (header.len(), header.len() + piece.len());
            state = self.lock();
            let n = self.judge(&mut state, wrote, whole, since);
            state.queue.wrote(bytes, n);
            state = self.after_write(state);
            left = &left[n.saturating_sub(header)..];
        }
        state
    }

    fn write_masked<'a>(
        self: &'a Arc<Self>,
        mut state: Guard<'a>,
        job: &mut Job,
        payload: &[u8],
        mut mask: Mask,
    ) -> Guard<'a> {
        for piece in payload.chunks(MASKED_BYTES) {
            if state.failure.is_some() {
                break;
            }
            state
                .queue
                .refill(|in_flight| mask.append(piece, in_flight));
            while !state.queue.is_in_flight_empty() && state.failure.is_none() {
                state = self.write(state, job);
            }
        }
        state
    }
}

/// The write turn, kept for a flush thread that is not started yet.
pub(in crate::websocket) struct PendingFlush<'a>(&'a Arc<Outgoing>);

impl Drop for PendingFlush<'_> {
    fn drop(&mut self) {
        drop(self.0.start_flush(self.0.lock()));
    }
}

/// Fails the queue if a call of the stream panics.
struct OnPanic<'a> {
    outgoing: &'a Outgoing,
    job: &'a mut Job,
}

impl Drop for OnPanic<'_> {
    #[cold]
    fn drop(&mut self) {
        let mut state = self.outgoing.lock();
        self.outgoing.fail(&mut state, ErrorKind::Other.into());
        let _ = state.queue.step(self.job); // gives the turn back
        self.outgoing.notify(&mut state);
    }
}
