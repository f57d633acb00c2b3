//! The steps of a job: waiting for the write turn, writing, starting the flush thread.
//!
//! The thread that has the write turn takes the bytes in flight out of the queue, releases the lock, calls
//! the stream, and puts them back under the lock with the number of bytes that have left. A blocking write
//! returns after a slice of two seconds at most, so that its thread can judge how fast the peer reads.

use super::Outgoing;
use super::state::{Guard, State};
use crate::net::{Cause, Timer};
use crate::websocket::config::Config;
use crate::websocket::error::Error;
use crate::websocket::outcome::Outcome;
use crate::websocket::queue::{Job, Step, offered};
use crate::websocket::wire::{Mask, Payload};
use std::io::{self, ErrorKind, IoSlice};
use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// The most that is passed to one blocking write: what has left is counted after each.
const WRITTEN_BYTES: usize = 1024 * 1024;
/// The most that is passed to one write that must not block.
const TRIED_BYTES: usize = 256 * 1024;
/// How much of a long message is masked at a time.
const MASKED_BYTES: usize = 32 * 1024;
const STACK_BYTES: usize = 128 * 1024;
/// The longest time that one write blocks.
const LONGEST_SLICE: Duration = Duration::from_secs(2);
/// When the clock pushes what is queued, if no flush thread could be started.
const RETRY: Duration = Duration::from_millis(100);

/// The stream's write timeout.
pub(in crate::websocket) fn write_slice(config: &Config) -> Duration {
    config
        .stall_timeout
        .min(LONGEST_SLICE)
        .max(Duration::from_millis(1))
}

impl Outgoing {
    /// Takes the steps of a job until it is done.
    #[inline]
    pub(super) fn run<'a>(self: &'a Arc<Self>, state: Guard<'a>, job: &mut Job) -> Guard<'a> {
        match self.run_to_flush(state, job) {
            (state, false) => state,
            (state, true) => self.start_flush(state),
        }
    }

    /// The same. True: the caller has to start the flush thread, for which the write turn is kept.
    #[inline(always)]
    fn run_to_flush<'a>(
        self: &'a Arc<Self>,
        mut state: Guard<'a>,
        job: &mut Job,
    ) -> (Guard<'a>, bool) {
        loop {
            state = match state.queue.step(job) {
                Step::Write => self.write(state, job, &[]),
                Step::TryWrite => self.try_write(state, job),
                Step::Wait => self.wait_to_write(state),
                step @ (Step::StartFlush | Step::Done) => {
                    self.notify(&mut state);
                    return (state, step == Step::StartFlush);
                }
            };
        }
    }

    /// Writes what the socket takes at once. Never waits.
    pub(super) fn push<'a>(self: &'a Arc<Self>, state: Guard<'a>) {
        drop(self.run(state, &mut Job::push()));
    }

    /// The same, but the caller decides when the flush thread is started.
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

    /// One blocking write: of the bytes in flight, and of a payload in its sender's memory behind them.
    #[inline]
    fn write<'a>(
        self: &'a Arc<Self>,
        mut state: Guard<'a>,
        job: &mut Job,
        payload: &[u8],
    ) -> Guard<'a> {
        let (bytes, offset) = state.queue.take_in_flight();
        let pings = state.pings.as_ref();
        let is_pinged = pings.is_some_and(|pings| pings.is_outstanding());
        let since = state.peer.starts_clock(is_pinged);
        drop(state);
        let (queued, payload) = offered(&bytes, offset, payload, WRITTEN_BYTES);
        let wrote = self.guarded(job, || match (queued, payload) {
            (_, []) => self.stream.write(queued),
            ([], _) => self.stream.write(payload),
            _ => {
                let both = [IoSlice::new(queued), IoSlice::new(payload)];
                self.stream.write_vectored(&both)
            }
        });
        let wrote = wrote.map_err(|error| self.cause(job, error));
        let all = queued.len() + payload.len();
        let mut state = self.lock();
        let n = self.judge(&mut state, wrote, all, since);
        state.queue.wrote(bytes, n);
        self.after_write(state)
    }

    /// The same without blocking, and of the bytes in flight alone.
    fn try_write<'a>(self: &'a Arc<Self>, mut state: Guard<'a>, job: &mut Job) -> Guard<'a> {
        let (bytes, offset) = state.queue.take_in_flight();
        drop(state);
        let (queued, _) = offered(&bytes, offset, &[], TRIED_BYTES);
        let wrote = self.guarded(job, || self.stream.try_write(queued));
        let wrote = wrote.map_err(|error| self.cause(job, error));
        let all = queued.len();
        let mut state = self.lock();
        let n = match wrote {
            Ok(Some(n)) if n > all => self.broke(&mut state, ErrorKind::InvalidData.into()),
            Ok(n) => n.unwrap_or(0),
            Err(cause) if cause.kind() == ErrorKind::Interrupted => 0,
            Err(cause) => self.broke(&mut state, *cause),
        };
        if n < all {
            job.note_full();
        }
        if n > 0 {
            state.peer.went(n);
        }
        state.queue.wrote(bytes, n);
        self.after_write(state)
    }

    /// The cause of a failed write. The error may be a user's, too, so this is called without the lock.
    #[cold]
    fn cause(&self, job: &mut Job, error: io::Error) -> Box<Cause> {
        self.guarded(job, move || Box::new(Cause::with_text(&error)))
    }

    /// How many bytes have left with a blocking write. A peer that is too slow is given up.
    #[inline(always)]
    fn judge(
        &self,
        state: &mut State,
        wrote: Result<usize, Box<Cause>>, // boxed, so that a write that succeeds moves less
        offered: usize,
        since: Option<Instant>,
    ) -> usize {
        let n = match wrote {
            Ok(0) => return self.broke(state, ErrorKind::WriteZero.into()),
            Ok(n) if n > offered => return self.broke(state, ErrorKind::InvalidData.into()),
            Ok(n) => n,
            Err(cause) if cause.kind() == ErrorKind::Interrupted => return 0,
            Err(cause) if cause.is_timeout() || cause.kind() == ErrorKind::WouldBlock => 0,
            Err(cause) => return self.broke(state, *cause),
        };
        if n == offered && since.is_none() {
            state.peer.went(n);
        } else {
            let slice = write_slice(&self.config);
            if !state.peer.has_waited(since, slice, n, n == offered) {
                let outcome = || Box::new(Outcome::abnormal());
                state.outcome.get_or_insert_with(outcome);
                self.fail(state, ErrorKind::TimedOut.into());
            }
        }
        n
    }

    /// Wakes the waiting threads. The stream of a peer that was given up is cut.
    #[inline(always)]
    fn after_write<'a>(self: &'a Arc<Self>, mut state: Guard<'a>) -> Guard<'a> {
        let sent = state.queue.sent();
        if let Some(pings) = &mut state.pings {
            pings.note_sent(sent);
        }
        self.note_capacity(&state);
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
        self.report();
        self.lock()
    }

    /// From now on nothing can be sent. What the peer has sent can still be read.
    #[cold]
    pub(super) fn fail(&self, state: &mut State, cause: Cause) {
        state.failure.get_or_insert_with(|| Box::new(cause));
        state.queue.fail();
        self.notify(state);
    }

    #[cold]
    fn broke(&self, state: &mut State, cause: Cause) -> usize {
        self.fail(state, cause);
        0
    }

    /// Calls the stream, which may be a user's. If it panics, the connection fails and the write turn is free:
    /// no thread waits for it for ever.
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

    /// Starts the flush thread, which has the write turn from now on.
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
            // Until one can be started, the clock pushes what is queued.
            state.queue.flush_not_started();
            if !mem::replace(&mut state.retry_scheduled, true) {
                self.call_after(RETRY, Timer::Retry);
            }
        }
        self.notify(&mut state);
        state
    }

    /// Waits until everything has left, as long as some bytes leave within each `limit`. False: something
    /// remains.
    pub(in crate::websocket) fn flush_within(self: &Arc<Self>, limit: Duration) -> bool {
        let mut until = Instant::now().checked_add(limit);
        self.push(self.lock());
        let mut state = self.lock();
        let mut sent = state.queue.sent();
        while !state.queue.is_empty() && state.failure.is_none() {
            let in_time;
            (state, in_time) = self.wait_until(state, until);
            if state.queue.sent() != sent {
                (sent, until) = (state.queue.sent(), Instant::now().checked_add(limit));
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

/// Long messages, written from their sender's memory.
impl Outgoing {
    pub(super) fn write_long<'a>(
        self: &'a Arc<Self>,
        mut state: Guard<'a>,
        payload: Payload<'_>,
    ) -> Result<(), Error> {
        loop {
            let mut job = Job::turn();
            state = self.run(state, &mut job);
            // Another thread may have begun a message in parts while this one waited for the turn.
            if !state.queue.is_unfinished() {
                return self.write_frame(state, job, payload, true);
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
        payload: Payload<'_>,
        last: bool,
    ) -> Result<(), Error> {
        state.check()?; // the job of a failed connection is done without the turn
        let begun = state.queue.begin_frame(payload, last);
        let position = state.queue.position();
        if let Ok(mask) = begun {
            self.count_message(last);
            state = self.write_payload(state, &mut job, payload.bytes, mask);
        }
        self.coalescer.sent();
        state.queue.end_turn(&mut job);
        let state = self.run(state, &mut job);
        begun.map_err(Error::from)?;
        state.check_sent(position)
    }

    /// Writes the header in flight and the payload behind it: together, in one call where the socket takes
    /// them. A masked payload is copied piece by piece, and leaves as bytes in flight.
    fn write_payload<'a>(
        self: &'a Arc<Self>,
        mut state: Guard<'a>,
        job: &mut Job,
        payload: &[u8],
        mut mask: Option<Mask>,
    ) -> Guard<'a> {
        while state.failure.is_none() && !state.queue.is_frame_written() {
            let rest = &payload[payload.len() - state.queue.payload_left()..];
            let Some(mask) = &mut mask else {
                state = self.write(state, job, rest);
                continue;
            };
            let piece = &rest[..rest.len().min(MASKED_BYTES)];
            state
                .queue
                .refill(|in_flight| mask.append(piece, in_flight));
            while !state.queue.is_in_flight_empty() && state.failure.is_none() {
                state = self.write(state, job, &[]);
            }
        }
        state
    }
}

/// The write turn of a flush thread that is not started yet: it is started when this is dropped.
pub(in crate::websocket) struct PendingFlush<'a>(&'a Arc<Outgoing>);

impl Drop for PendingFlush<'_> {
    fn drop(&mut self) {
        drop(self.0.start_flush(self.0.lock()));
    }
}

/// Fails the connection when a call of the stream panics.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Layer, Pipe, Stream, pipe_with_capacity};
    use crate::websocket::wire::{Data, Role};

    /// A pipe that takes all buffers of a write at once, as a socket does.
    #[derive(Debug)]
    struct Gathering(Pipe);

    impl Layer for Gathering {
        fn below(&self) -> &dyn Stream {
            &self.0
        }

        fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
            let all: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
            self.0.write(&all)
        }
    }

    fn until(happened: impl Fn() -> bool) {
        while !happened() {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// More bytes than one write takes are queued before the header of a long message: its payload follows the
    /// header, and not the bytes of the first write.
    #[test]
    fn fault_a00_a_payload_follows_its_header_behind_many_bytes() {
        const ROOM: usize = 4 << 20;
        let (here, there) = pipe_with_capacity(ROOM);
        here.write(&vec![9; ROOM]).unwrap(); // it is full
        let stream = Arc::new(Gathering(here));
        let outgoing = Outgoing::new(stream, Role::Server, Arc::default(), None, None);
        let (many, long) = (vec![1; 2 * WRITTEN_BYTES], vec![2; 8192]);
        thread::scope(|scope| {
            let first = scope.spawn(|| outgoing.send(Data::Binary(&[0; 100])));
            until(|| outgoing.lock().queue.is_being_written());
            assert!(outgoing.try_send(Data::Binary(&many)).unwrap());
            let last = scope.spawn(|| outgoing.send(Data::Binary(&long)));
            until(|| outgoing.lock().waiting == 1);
            assert_eq!(there.read(&mut vec![0; ROOM]).unwrap(), ROOM);

            let mut expected = vec![0x82, 100];
            expected.extend([0; 100]);
            expected.extend([0x82, 127]);
            expected.extend((many.len() as u64).to_be_bytes());
            expected.extend(&many);
            expected.extend([0x82, 126, 0x20, 0]);
            expected.extend(&long);
            let mut got = vec![0; expected.len()];
            let mut at = 0;
            while at < got.len() {
                at += there.read(&mut got[at..]).unwrap();
            }
            assert!(got == expected, "frames are whole");
            first.join().unwrap().unwrap();
            last.join().unwrap().unwrap();
        });
    }
}
