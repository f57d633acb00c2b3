//! The sending side of a socket, under one lock: the send queue, and how long a write waits.
//!
//! The lock is held for memory work only. No call of the stream, no event and no `Drop` of a user's value
//! happens under it. The socket's other locks (`events`, `decoder`) hold one value each; no thread takes
//! a lock of the socket while it holds another:
//!
//! ```text
//!   lock ─► queue decides ─► unlock ─► Stream::write, try_write, shutdown, abort ─► lock ─► report it
//! ```
//!
//! A thread that waits for room writes in pieces of [`PIECE_BYTES`], and its stream's write timeout is
//! a *write slice*, a fraction of the shortest limit that applies. So the limits are judged by what has
//! left meanwhile, however large the write, and bytes that move are seen moving.

use super::queue::{Limits, Refused, SendQueue};
use crate::net::cause::Cause;
use crate::net::connect_options::ConnectOptions;
use crate::net::lock;
use crate::net::pace::{Pace, Sampling};
use std::io::{self, ErrorKind};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// What one call of the stream is offered at most.
pub(super) const PIECE_BYTES: usize = 64 * 1024;
/// How many write slices there are in the shortest limit.
const SLICES: u32 = 4;
const SHORTEST_SLICE: Duration = Duration::from_millis(1);
const LONGEST_SLICE: Duration = Duration::from_secs(5);

/// The lock around the state, and the threads that wait for a change of it.
pub(super) struct Writing {
    state: Mutex<WriteState>,
    /// Notified when bytes have left, the write turn is given back, the end is asked, `drain` returns or
    /// the connection breaks.
    changed: Condvar,
}

pub(super) struct WriteState {
    pub(super) queue: SendQueue<Cause>,
    /// How slowly the peer may take what we send. Only the thread with the turn waits for the peer.
    pub(super) pace: Pace,
    /// Which calls of the stream are timed.
    pub(super) sampling: Sampling,
    stall_timeout: Duration,
    pub(super) write_timeout: Option<Duration>,
    /// When the socket's `timeout` is due.
    idle_notice: Option<Duration>,
    /// How long a write of bytes waits for room, by these three.
    pub(super) slice: Duration,
    /// The stream's write timeout, once we have set it.
    stream_timeout: Option<Duration>,
    /// How many threads wait for `changed`.
    pub(super) waiting: usize,
}

pub(super) type Guard<'a> = MutexGuard<'a, WriteState>;

impl Writing {
    pub(super) fn new(settings: &ConnectOptions) -> Writing {
        let limits = Limits {
            // An empty queue is never full, or `drain` would never come.
            high_water_mark: settings.high_water_mark.max(1),
            max_buffered: settings.max_buffered,
        };
        let state = WriteState {
            queue: SendQueue::new(limits),
            pace: Pace::new(settings.stall_timeout, settings.min_bytes_per_second),
            sampling: Sampling::default(),
            stall_timeout: settings.stall_timeout,
            write_timeout: None,
            idle_notice: None,
            slice: write_slice([Some(settings.stall_timeout), None, None]),
            stream_timeout: None,
            waiting: 0,
        };
        Writing {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    #[inline]
    pub(super) fn lock(&self) -> Guard<'_> {
        lock::lock(&self.state)
    }

    #[inline]
    pub(super) fn notify(&self, state: &WriteState) {
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    /// Waits for a change, or until `at_most` has passed.
    pub(super) fn wait<'a>(&'a self, mut state: Guard<'a>, at_most: Option<Duration>) -> Guard<'a> {
        state.waiting += 1;
        let mut state = lock::wait(&self.changed, state, at_most);
        state.waiting -= 1;
        state
    }

    /// Waits for the write turn, as long as bytes move within the write timeout.
    #[inline]
    pub(super) fn wait_for_turn(&self) -> io::Result<Guard<'_>> {
        let mut state = self.lock();
        match state.queue.take_turn() {
            Ok(true) => Ok(state),
            _ => self.wait_for_turn_behind(state),
        }
    }

    /// Another thread has the turn, or nothing more may be written.
    #[cold]
    fn wait_for_turn_behind<'a>(&'a self, mut state: Guard<'a>) -> io::Result<Guard<'a>> {
        let (mut written, mut since) = (state.queue.written(), Instant::now());
        loop {
            match state.queue.take_turn() {
                Ok(true) => return Ok(state),
                Ok(false) => {}
                Err(refused) => return Err(state.refusal(refused)),
            }
            if state.queue.written() != written {
                (written, since) = (state.queue.written(), Instant::now());
            }
            let limit = state.write_timeout;
            let left = limit.map(|limit| limit.saturating_sub(since.elapsed()));
            if left.is_some_and(|left| left.is_zero()) {
                return Err(ErrorKind::TimedOut.into());
            }
            state = self.wait(state, left);
        }
    }
}

impl WriteState {
    pub(super) fn set_write_timeout(&mut self, limit: Option<Duration>) {
        self.write_timeout = limit;
        self.change_slice();
    }

    pub(super) fn set_idle_notice(&mut self, limit: Option<Duration>) {
        self.idle_notice = limit;
        self.change_slice();
    }

    fn change_slice(&mut self) {
        let stall = Some(self.stall_timeout);
        self.slice = write_slice([stall, self.write_timeout, self.idle_notice]);
    }

    /// How long the FIN waits for room. It is no byte: the idle notice does not depend on it.
    pub(super) fn end_slice(&self) -> Duration {
        write_slice([Some(self.stall_timeout), self.write_timeout, None])
    }

    /// What the stream's write timeout is to be; `None`: it is that already.
    #[inline]
    pub(super) fn change_stream_timeout(&mut self, slice: Duration) -> Option<Duration> {
        (self.stream_timeout.replace(slice) != Some(slice)).then_some(slice)
    }

    /// A call of the stream has failed. A later read reports that as a loss, too, except for a broken pipe:
    /// its peer has ended in good order, or the loss is known.
    pub(super) fn fail(&mut self, cause: Cause) {
        let loss = (cause.kind() != ErrorKind::BrokenPipe).then(|| cause.clone());
        self.queue.fail(Some(cause), loss);
    }

    /// The error of a refused write. A write after the end is reported by `run`, too.
    pub(super) fn refusal(&mut self, refused: Refused) -> io::Error {
        if refused == Refused::Ended {
            let cause = Cause::new(ErrorKind::BrokenPipe, "written after the end");
            self.queue.report(Some(cause));
        }
        ErrorKind::BrokenPipe.into()
    }
}

fn write_slice(limits: [Option<Duration>; 3]) -> Duration {
    let shortest = limits.into_iter().flatten().min().unwrap_or_default();
    (shortest / SLICES).clamp(SHORTEST_SLICE, LONGEST_SLICE)
}
