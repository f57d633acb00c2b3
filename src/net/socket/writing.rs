//! Writing to the stream: the driver of the write [queue](super::queue).
//!
//! The lock around the queue is held for memory work only. No call of the stream, no event and no
//! `Drop` of a user's value happens under it. The socket's other locks (`events`, `decoder`) hold one
//! value each; no thread takes a lock of the socket while it holds another:
//!
//! ```text
//!   lock ─► queue decides ─► unlock ─► Stream::write, try_write, shutdown, abort ─► lock ─► report it
//! ```
//!
//! A thread that waits for room writes in pieces of [`PIECE_BYTES`], and its stream's write timeout is
//! a *write slice*, a fraction of the shortest limit that applies. So the limits are judged by what has
//! left meanwhile, however large the write, and bytes that move are seen moving.

use super::queue::{Accepted, Limits, Queue, Refused, Room};
use super::turn::Turn;
use super::{Inner, Settings};
use crate::net::pace::{Pace, Sampling};
use std::io::{self, ErrorKind, IoSlice};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What one call of the stream is offered at most.
pub(super) const PIECE_BYTES: usize = 64 * 1024;
/// A limit is looked at so often before it has passed.
const SLICES: u32 = 4;
const SHORTEST_SLICE: Duration = Duration::from_millis(1);
const LONGEST_SLICE: Duration = Duration::from_secs(5);

/// The sending side of a socket.
pub(super) struct Writing {
    state: Mutex<State>,
    /// Notified when bytes have left, the turn is given back, the end is asked, `drain` returns or the
    /// connection breaks.
    pub(super) changed: Condvar,
}

pub(super) struct State {
    pub(super) queue: Queue<io::Error>,
    /// How slowly the peer may take what we send. Only the thread with the turn waits for the peer.
    pub(super) pace: Pace,
    /// Which calls of the stream are timed.
    pub(super) sampling: Sampling,
    stall_timeout: Duration,
    write_timeout: Option<Duration>,
    /// When the socket's `timeout` is due.
    idle_notice: Option<Duration>,
    /// How long a call of the stream waits for room, by these three.
    slice: Duration,
    /// The stream's write timeout, once we have set it.
    stream_timeout: Option<Duration>,
    /// Threads that wait for `changed`.
    pub(super) waiting: usize,
}

pub(super) type Guard<'a> = MutexGuard<'a, State>;

impl Writing {
    pub(super) fn new(settings: &Settings) -> Writing {
        let limits = Limits {
            // An empty queue is never full, or `drain` would never come.
            high_water_mark: settings.high_water_mark.max(1),
            max_buffered: settings.max_buffered,
        };
        let state = State {
            queue: Queue::new(limits),
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
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    pub(super) fn notify(&self, state: &State) {
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }
}

impl State {
    #[inline]
    pub(super) fn write_timeout(&self) -> Option<Duration> {
        self.write_timeout
    }

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

    /// How long a write of bytes waits for room.
    #[inline]
    pub(super) fn slice(&self) -> Duration {
        self.slice
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

    /// The error of a refused write. That somebody wrote after the end is `run`'s to report.
    pub(super) fn refusal(&mut self, refused: Refused) -> io::Error {
        if refused == Refused::Ended {
            self.queue.report(Some(written_after_the_end()));
        }
        ErrorKind::BrokenPipe.into()
    }
}

fn write_slice(limits: [Option<Duration>; 3]) -> Duration {
    let shortest = limits.into_iter().flatten().min().unwrap_or_default();
    (shortest / SLICES).clamp(SHORTEST_SLICE, LONGEST_SLICE)
}

/// A write that does not wait; false: no more until `drain`.
pub(super) fn push(inner: &Arc<Inner>, bytes: &[u8]) -> bool {
    let mut state = inner.writing.lock();
    match state.queue.write(bytes) {
        Err(refused) => {
            state.refusal(refused);
            false
        }
        Ok(Accepted::Queued) => {
            let room = state.queue.room();
            drop(state);
            has_room(inner, room)
        }
        Ok(Accepted::Turn) => {
            state.queue.call_begins();
            drop(state);
            Turn::new(inner).offer(bytes)
        }
    }
}

/// Whether more may be written. A caller that goes on beyond `max_buffered` is stopped: the connection
/// is broken off.
pub(super) fn has_room(inner: &Inner, room: Room) -> bool {
    if let Room::Exceeded(queued) = room {
        let limit = inner.settings.max_buffered;
        let why = "the peer does not read, or too much was written at once";
        let error = gave_up(format!(
            "{queued} bytes are queued, the limit is {limit}: {why}"
        ));
        break_off(inner, Some(error));
    }
    room == Room::Free
}

/// Writes as a stream does: waits for room, returns how many bytes were taken.
pub(super) fn write(inner: &Arc<Inner>, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    let Some(first) = bufs.iter().find(|buf| !buf.is_empty()) else {
        return Ok(0);
    };
    let piece = [IoSlice::new(&first[..first.len().min(PIECE_BYTES)])];
    let all: usize = bufs.iter().map(|buf| buf.len()).sum();
    let bufs = if all > PIECE_BYTES { &piece } else { bufs };
    let (turn, mut state) = Turn::wait_for(inner)?;
    let mut still = Duration::ZERO;
    let wrote = loop {
        let wrote;
        (state, wrote) = turn.write(state, bufs);
        match wrote.and_then(|wrote| wrote.within(state.write_timeout(), &mut still)) {
            Ok(0) => {}
            done => break done,
        }
    };
    let _ = turn.give_back(state);
    wrote
}

/// Writes until all is gone, in one piece: the turn is kept between.
pub(super) fn write_all(inner: &Arc<Inner>, mut bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let (turn, mut state) = Turn::wait_for(inner)?;
    let mut still = Duration::ZERO;
    let done = loop {
        let piece = &bytes[..bytes.len().min(PIECE_BYTES)];
        let wrote;
        (state, wrote) = turn.write(state, &[IoSlice::new(piece)]);
        match wrote.and_then(|wrote| wrote.within(state.write_timeout(), &mut still)) {
            Ok(n) if n == bytes.len() => break Ok(()),
            Ok(n) => bytes = &bytes[n..],
            Err(e) => break Err(e),
        }
    };
    let _ = turn.give_back(state);
    done
}

/// The FIN leaves after what is queued.
pub(super) fn end(inner: &Arc<Inner>) -> io::Result<()> {
    let mut state = inner.writing.lock();
    let is_ours = state.queue.end();
    inner.writing.notify(&state);
    match is_ours {
        Err(_) => Err(ErrorKind::NotConnected.into()),
        Ok(false) => Ok(()), // the thread with the turn sends it
        Ok(true) => Turn::new(inner).give_back(state),
    }
}

/// Ends everything now; the first error is the one that is reported.
pub(super) fn break_off(inner: &Inner, error: Option<io::Error>) {
    let mut state = inner.writing.lock();
    state.queue.break_off(error);
    inner.destroyed.store(true, Ordering::SeqCst);
    inner.writing.notify(&state);
    drop(state);
    let _ = inner.stream.abort(); // it may be gone already
}

fn written_after_the_end() -> io::Error {
    io::Error::new(ErrorKind::BrokenPipe, "written after the end")
}

/// The error of a connection that we have given up. It is no timeout, which a connection survives.
pub(super) fn gave_up(why: String) -> io::Error {
    io::Error::new(ErrorKind::ConnectionAborted, why)
}

/// What a later read reports. A broken pipe is one whose peer has ended in good order, or a loss that
/// is known.
pub(super) fn loss(e: &io::Error) -> Option<io::Error> {
    (e.kind() != ErrorKind::BrokenPipe).then(|| copy(e))
}

/// The same error, for a second reader. The system's code stays with it: by that alone
/// [`is_timeout`](crate::net::is_timeout) tells a connection that is dead from one that was only slow.
pub(super) fn copy(e: &io::Error) -> io::Error {
    match e.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(e.kind(), e.to_string()),
    }
}
