//! The outbox: bytes that were written and cannot leave yet.
//!
//! ```text
//!   write ──► pen is down ──► Stream::write, for a tick at most ──► all gone: pen down
//!        │                                │ some are left
//!        │                                ▼
//!        └──► pen is taken ──► queue ──► writer thread ──► empty, and it was full: drain
//!                                         ▲   │                     │
//!                                         └───┘ more                ▼
//!                                                       end was asked: FIN, then pen down
//! ```
//!
//! The *pen* is the right to write to the stream. It is taken under the lock and kept without it,
//! since a write may sleep. Two sentences hold:
//! 1. Who finds the pen taken leaves his bytes in the queue (or waits, if waiting was asked for);
//!    who lays it down looks at the queue again, under the same lock. So nothing is left behind.
//! 2. The queue is written by a thread of its own, which starts when bytes are left over and ends
//!    when there are none. A socket whose peer reads never has one.
//!
//! A peer that does not read is the writer's only trouble. While somebody holds the socket it is
//! his to judge (`timeout`, `destroy`); when nobody does, the writer gives up after
//! [`STALL`](waiting::STALL).

mod waiting;
mod writer;

pub(super) use waiting::{drained, end_asked, flush, last_words, peer_ended};

use super::{Inner, SocketEvents, lock};
use crate::net::stream::is_timeout;
use std::io::{self, ErrorKind, IoSlice};
use std::mem;
use std::net::Shutdown;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

#[derive(Default)]
pub(super) struct Outbox {
    state: Mutex<State>,
    /// Rung when bytes have left, the pen is laid down, the end is asked or the connection breaks.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: Vec<u8>,
    /// Bytes that the writer has taken out of the queue and not written yet.
    in_hand: usize,
    written: u64,
    pen: Pen,
    end: End,
    /// Nothing can be written any more.
    broken: bool,
    /// And nothing read: it was we who ended it.
    destroyed: bool,
    /// A write was told that the connection is gone. A read that comes later hears nothing of it:
    /// the system tells it once.
    lost: Option<ErrorKind>,
    /// What `run` has to tell.
    error: Option<io::Error>,
    /// `write` has said that the queue is full, and nobody has said yet that it is empty.
    was_full: bool,
    /// How long the stream's `write` waits now.
    waits: Waits,
    /// The stream's `write` is under way.
    writing: bool,
    write_timeout: Option<Duration>,
    waiting: usize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Pen {
    #[default]
    Down,
    Caller,
    Writer(ThreadId),
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum End {
    #[default]
    No,
    Asked,
    Sent,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Waits {
    #[default]
    AsAsked,
    ATick,
    Stall,
}

type Guard<'a> = MutexGuard<'a, State>;

/// Writing.
pub(super) fn push(inner: &Arc<Inner>, bytes: &[u8]) -> bool {
    let mut state = inner.outbox.lock();
    if state.refuse() {
        return false;
    }
    if state.pen != Pen::Down || bytes.is_empty() {
        state.queue.extend_from_slice(bytes);
        let has_room = state.has_room(inner);
        drop(state);
        return tell(inner, has_room);
    }
    state.pen = Pen::Caller;
    set_waits(inner, &mut state, Waits::ATick);
    let (mut state, sent) = send(inner, state, &[IoSlice::new(bytes)]);
    match sent {
        Ok(n) => state.put_back(&bytes[n..]),
        Err(e) if is_timeout(&e) => state.put_back(bytes),
        Err(_) => {}
    }
    let has_room = state.has_room(inner);
    let laid_down = lay_down(inner, state);
    tell(inner, has_room) && laid_down.is_ok()
}

/// What `write` returns. Who did not stop is stopped.
fn tell(inner: &Inner, has_room: io::Result<bool>) -> bool {
    has_room.unwrap_or_else(|e| {
        break_off(inner, Some(e));
        false
    })
}

/// Writes as a stream does: waits for room, returns how many bytes were taken.
pub(super) fn write(inner: &Arc<Inner>, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    let state = take_pen(inner)?;
    let (state, sent) = send(inner, state, bufs);
    put_pen(inner, state);
    sent
}

/// Writes until all is gone, in one piece: the pen is not laid down between.
pub(super) fn write_all(inner: &Arc<Inner>, mut bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let mut state = take_pen(inner)?;
    let done = loop {
        let sent;
        (state, sent) = send(inner, state, &[IoSlice::new(bytes)]);
        match sent {
            Ok(0) => break Err(ErrorKind::WriteZero.into()),
            Ok(n) if n == bytes.len() => break Ok(()),
            Ok(n) => bytes = &bytes[n..],
            Err(e) => break Err(e),
        }
    };
    put_pen(inner, state);
    done
}

/// One write of the stream, without the lock. Called with the pen.
fn send<'a>(
    inner: &'a Inner,
    mut state: Guard<'a>,
    bufs: &[IoSlice<'_>],
) -> (Guard<'a>, io::Result<usize>) {
    state.writing = true;
    drop(state);
    let sent = match bufs {
        [buf] => inner.stream.write(buf),
        bufs => inner.stream.write_vectored(bufs),
    };
    let mut state = inner.outbox.lock();
    state.writing = false;
    match &sent {
        Ok(n) => state.sent(inner, *n),
        Err(e) if is_timeout(e) => {}
        Err(e) => state.fail(copy(e)),
    }
    inner.outbox.ring(&state);
    (state, sent)
}

/// Waits for the pen, which is free when the queue is empty.
fn take_pen(inner: &Arc<Inner>) -> io::Result<Guard<'_>> {
    let mut state = inner.outbox.lock();
    if state.is_ours() {
        state = writer::empty_queue(inner, state);
    } else if state.pen != Pen::Down {
        let limit = state.write_timeout;
        let pen_is_down = |state: &State| state.pen == Pen::Down || state.broken;
        state = inner.outbox.wait(state, limit, pen_is_down)?;
    }
    if state.refuse() {
        return Err(ErrorKind::BrokenPipe.into());
    }
    if state.pen == Pen::Down {
        state.pen = Pen::Caller;
    }
    set_waits(inner, &mut state, Waits::AsAsked);
    Ok(state)
}

fn put_pen<'a>(inner: &'a Arc<Inner>, state: Guard<'a>) {
    if !state.is_ours() {
        let _ = lay_down(inner, state);
    }
}

pub(super) fn end(inner: &Arc<Inner>) -> io::Result<()> {
    let mut state = inner.outbox.lock();
    if state.broken && state.end == End::No {
        return Err(ErrorKind::NotConnected.into());
    }
    if state.end == End::No {
        state.end = End::Asked;
        inner.outbox.ring(&state);
    }
    match state.pen {
        Pen::Down => lay_down(inner, state),
        _ => Ok(()),
    }
}

/// Lays the pen down: after the queue, the FIN if it is due, and a look around.
fn lay_down<'a>(inner: &'a Arc<Inner>, mut state: Guard<'a>) -> io::Result<()> {
    let mut said = Ok(());
    if !state.queue.is_empty() && !state.broken {
        return writer::start(inner, state);
    }
    if state.end == End::Asked && !state.broken {
        state.end = End::Sent;
        state.pen = Pen::Caller;
        drop(state);
        said = inner.stream.shutdown(Shutdown::Write);
        state = inner.outbox.lock();
    }
    state.queue = Vec::new();
    state.pen = Pen::Down;
    inner.outbox.ring(&state);
    said
}

/// Ends everything now; the first error is the one that is told.
pub(super) fn break_off(inner: &Inner, error: Option<io::Error>) {
    break_with(inner, inner.outbox.lock(), error);
}

fn break_with(inner: &Inner, mut state: Guard<'_>, error: Option<io::Error>) {
    error.into_iter().for_each(|error| state.note(error));
    state.destroyed = true;
    state.broken = true;
    state.queue = Vec::new();
    inner.outbox.ring(&state);
    drop(state);
    let _ = inner.stream.abort(); // it may be gone already
}

/// Who must be told of a queue that emptied before anybody listened.
pub(super) fn take_drain(inner: &Inner) -> Option<Arc<dyn SocketEvents>> {
    inner.outbox.lock().take_drain(inner)
}

pub(super) fn is_destroyed(inner: &Inner) -> bool {
    inner.outbox.lock().destroyed
}

pub(super) fn set_timeout(inner: &Inner, d: Option<Duration>) -> io::Result<()> {
    let mut state = inner.outbox.lock();
    state.write_timeout = d;
    match state.waits {
        Waits::AsAsked => inner.stream.set_write_timeout(d),
        _ => Ok(()), // its turn comes
    }
}

/// How long the stream's next `write` waits. Called with the pen.
fn set_waits(inner: &Inner, state: &mut State, waits: Waits) {
    if mem::replace(&mut state.waits, waits) == waits {
        return;
    }
    // A socket that refuses is broken, and its write will say so.
    let _ = inner.stream.set_write_timeout(match waits {
        Waits::AsAsked => state.write_timeout,
        Waits::ATick => Some(Duration::ZERO),
        Waits::Stall => Some(waiting::STALL),
    });
}

impl Outbox {
    pub(super) fn buffered(&self) -> usize {
        self.lock().buffered()
    }

    pub(super) fn written(&self) -> u64 {
        self.lock().written
    }

    fn lock(&self) -> Guard<'_> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self, state: &State) {
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }
}

impl State {
    /// Whether the caller is the writer, who calls `drain`: he must not wait for himself.
    fn is_ours(&self) -> bool {
        matches!(self.pen, Pen::Writer(id) if id == thread::current().id())
    }

    fn buffered(&self) -> usize {
        self.queue.len() + self.in_hand
    }

    /// Who is told that the queue is empty, once it was full and if more may be written. Where
    /// nobody listens yet it stays to be told.
    fn take_drain(&mut self, inner: &Inner) -> Option<Arc<dyn SocketEvents>> {
        let may_write = self.end == End::No && !self.broken;
        if !self.was_full || self.buffered() > 0 || !may_write {
            return None;
        }
        let events = lock(&inner.events).clone()?;
        self.was_full = false;
        Some(events)
    }

    /// Whether nothing can be written; a write after the end is an error to be told.
    fn refuse(&mut self) -> bool {
        if self.end != End::No && !self.broken {
            self.note(io::Error::new(
                ErrorKind::BrokenPipe,
                "written after the end",
            ));
        }
        self.end != End::No || self.broken
    }

    fn sent(&mut self, inner: &Inner, n: usize) {
        self.written += n as u64;
        inner.activity.seen();
    }

    /// What could not leave goes before what came meanwhile.
    fn put_back(&mut self, rest: &[u8]) {
        if !self.broken {
            self.queue.splice(..0, rest.iter().copied());
        }
    }

    /// Writing has failed. Reading may still bring what the peer sent before it left.
    fn fail(&mut self, error: io::Error) {
        self.broken = true;
        self.queue = Vec::new();
        // A broken pipe is one whose peer has ended in good order, or a loss that is known.
        if error.kind() != ErrorKind::BrokenPipe {
            self.lost = Some(error.kind());
        }
        self.note(error);
    }

    /// The first error is the one that is told. What comes of our own `destroy` is none.
    fn note(&mut self, error: io::Error) {
        if !self.destroyed {
            self.error.get_or_insert(error);
        }
    }

    /// Whether more may come; an error if there is more already than there may be.
    fn has_room(&mut self, inner: &Inner) -> io::Result<bool> {
        let (queued, limit) = (self.buffered(), inner.settings.max_buffered);
        if self.broken {
            return Ok(false);
        }
        if queued > limit {
            let why = "the peer does not read, or too much was written at once";
            return Err(gave_up(format!(
                "{queued} bytes are queued, the limit is {limit}: {why}"
            )));
        }
        let is_full = queued >= inner.settings.high_water_mark;
        self.was_full |= is_full;
        Ok(!is_full)
    }
}

/// It was we who lost patience. No timeout, which a connection survives.
fn gave_up(why: String) -> io::Error {
    io::Error::new(ErrorKind::ConnectionAborted, why)
}

/// The same error, for a second reader.
fn copy(e: &io::Error) -> io::Error {
    match e.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(e.kind(), e.to_string()),
    }
}
