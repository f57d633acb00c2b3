//! The sending side of a connection: its frame queue behind a lock, and the stream it is written to.
//!
//! [`FrameQueue`] decides which thread writes what; here are the lock, the waiting and the writes.
//! Under the lock only memory is touched: no write, no `shutdown`, no code of the user's. Locks have
//! one order: a room's list of members, then the state of one connection, then the clock's schedule.
//!
//! | file | |
//! |---|---|
//! | `outgoing.rs` | what the face calls: whole messages, messages in parts |
//! | `outgoing/writing.rs` | the steps of a job done: waiting, writing, the flush thread |
//! | `outgoing/coalesce.rs` | frames of the reading thread that leave together |
//! | `outgoing/pings.rs` | pings of ours, and the heartbeat |
//! | `outgoing/closing.rs` | Close frames, their deadline, and the end |

mod closing;
mod coalesce;
mod pings;
mod writing;

use closing::Closing;
pub(super) use closing::GoAway;
pub(super) use writing::PendingFlush;

use super::config::Config;
use super::error::Error;
use super::outcome::Outcome;
use super::queue::{FrameQueue, Job, Sizes};
use super::wire::{Data, Misuse, Received, Sender, State as Sent};
use crate::net::{Cause, DelayedFlush, Pace, Sampling, Stream};
use crate::random;
use coalesce::Coalescer;
use pings::Pings;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// Payloads up to this size are copied behind their header; longer ones are written from where they
/// lie, unless they may leave together with others.
const COPIED_BYTES: usize = 4 * 1024;
const COALESCED_COPY_BYTES: usize = 16 * 1024;
const SIZES: Sizes = Sizes {
    pong_bytes: 64 * 1024,
    copied_bytes: COPIED_BYTES,
};

pub(super) struct Outgoing {
    stream: Arc<dyn Stream>,
    pub(super) config: Arc<Config>,
    /// Whether we are to end the TCP connection first: the server is.
    pub(super) ends_first: bool,
    state: Mutex<State>,
    /// Notified when bytes have left, the write turn is free, a message or the connection is at its
    /// end, or a pong has come.
    changed: Condvar,
    coalescer: Coalescer,
}

struct State {
    queue: FrameQueue<SharedFrame>,
    pace: Pace,
    /// Around which writes the clock is read.
    sampling: Sampling,
    /// It has let us wait since bytes have left.
    blocked: bool,
    /// How often bytes have left that had to wait: each time the peer's TCP has made room for them.
    signs_of_life: u64,
    /// How many threads wait for anything.
    waiting: usize,
    /// The thread that has sent the last part of the unfinished message, or has begun it.
    message_thread: Option<ThreadId>,
    /// How many parts were begun and ended: odd while one is being sent.
    parts: u64,
    /// The flush is tried again when no thread could be started for it.
    retry_scheduled: bool,
    closing: Closing,
    failure: Option<Cause>,
    /// The position of the last frame that `send` has left to be coalesced: the reading thread waits
    /// for it before it reads.
    await_before_read: u64,
    delayed: DelayedFlush,
    pings: Pings,
    outcome: Option<Outcome>,
}

/// A frame that was encoded once, for many connections.
#[derive(Clone, Debug)]
pub(super) struct SharedFrame(pub(super) Arc<Vec<u8>>);

impl AsRef<[u8]> for SharedFrame {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

type Guard<'a> = MutexGuard<'a, State>;

impl Outgoing {
    pub(super) fn open(
        stream: Arc<dyn Stream>,
        sender: Sender,
        config: Arc<Config>,
        ends_first: bool,
    ) -> Result<Arc<Outgoing>, Error> {
        stream.set_write_timeout(Some(writing::slice(&config)))?;
        let state = State {
            queue: FrameQueue::new(sender, random::mask_key, SIZES),
            pace: config.pace(),
            sampling: Sampling::default(),
            blocked: false,
            signs_of_life: 0,
            waiting: 0,
            message_thread: None,
            parts: 0,
            retry_scheduled: false,
            closing: Closing::default(),
            failure: None,
            await_before_read: 0,
            delayed: DelayedFlush::default(),
            pings: Pings::default(),
            outcome: None,
        };
        Ok(Arc::new(Outgoing {
            stream,
            config,
            ends_first,
            state: Mutex::new(state),
            changed: Condvar::new(),
            coalescer: Coalescer::default(),
        }))
    }

    pub(super) fn stream(&self) -> &Arc<dyn Stream> {
        &self.stream
    }

    /// Bytes that were given to send and have not left, frame headers included.
    pub(super) fn buffered(&self) -> u64 {
        self.lock().queue.buffered()
    }

    /// Whether messages can still be sent.
    pub(super) fn is_open(&self) -> bool {
        let state = self.lock();
        state.queue.is_open() && state.outcome.is_none()
    }

    fn lock(&self) -> Guard<'_> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the waiting threads if something has changed.
    fn notify(&self, state: &mut State) {
        if state.queue.take_changed() && state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    fn wait<'a>(&self, mut state: Guard<'a>) -> Guard<'a> {
        state.waiting += 1;
        let waited = self.changed.wait(state);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }

    /// Waits until a deadline at most (`None`: for ever); false: it has passed.
    fn wait_until<'a>(&self, state: Guard<'a>, until: Option<Instant>) -> (Guard<'a>, bool) {
        let Some(until) = until else {
            return (self.wait(state), true);
        };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return (state, false);
        }
        let mut state = state;
        state.waiting += 1;
        let waited = self.changed.wait_timeout(state, left);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        (state, true)
    }
}

/// Whole messages.
impl Outgoing {
    /// Sends a message, and waits until it has left.
    pub(super) fn send(self: &Arc<Self>, data: Data<'_>) -> Result<(), Error> {
        let mut state = self.at_boundary()?;
        if self.leaves_uncopied(&data) {
            return self.write_message(state, data);
        }
        let position = state
            .queue
            .append(|sender, key, queue| sender.send(data, key, queue))?;
        if self.coalesces(&mut state) {
            state.await_before_read = position;
            return Ok(());
        }
        self.coalescer.sent();
        let state = self.run(state, &mut Job::sent(position));
        state.check_sent(position)
    }

    /// Sends a message without waiting; false: too much is buffered, or a message in parts is
    /// unfinished, and nothing was taken.
    pub(super) fn try_send(self: &Arc<Self>, data: Data<'_>) -> Result<bool, Error> {
        let mut state = self.lock();
        state.check_open()?;
        if state.queue.is_unfinished() || state.queue.buffered() >= self.high_water_mark() {
            return Ok(false);
        }
        state.queue.append_or_defer(data)?;
        if data.bytes().len() as u64 >= self.high_water_mark() {
            state.queue.mark_long();
        }
        if !self.coalesces(&mut state) {
            self.push(state);
        }
        Ok(true)
    }

    /// Something was received: the control frame that answers it leaves, unless it can leave with other
    /// frames. Never waits.
    pub(super) fn received(self: &Arc<Self>, received: &Received<'_>) {
        let mut state = self.lock();
        state.queue.received(received);
        let closes = matches!(received, Received::Close(_));
        state.closing.received |= closes;
        match self.coalescer.is_on() && !closes {
            true => self.flush_later(&mut state),
            false => self.push(state),
        }
    }

    fn high_water_mark(&self) -> u64 {
        self.config.high_water_mark.max(1) as u64
    }

    /// Whether a payload is too long to be worth a copy.
    fn leaves_uncopied(&self, data: &Data<'_>) -> bool {
        let most = match self.coalescer.is_on() {
            true => COALESCED_COPY_BYTES,
            false => COPIED_BYTES,
        };
        data.bytes().len() > most
    }

    /// Waits while another thread's message in parts is unfinished.
    #[inline]
    fn at_boundary(&self) -> Result<Guard<'_>, Error> {
        let state = self.lock();
        state.check_open()?;
        match state.queue.is_unfinished() {
            false => Ok(state),
            true => self.wait_for_boundary(state),
        }
    }

    /// No longer than [`stall_timeout`](Config::stall_timeout) for the next part, since the thread that
    /// has the `Parts` may be this one. While a part is being sent, the pace of the peer is judged.
    #[cold]
    fn wait_for_boundary<'a>(&'a self, mut state: Guard<'a>) -> Result<Guard<'a>, Error> {
        let mut seen = state.parts;
        let mut until = None;
        while state.queue.is_unfinished() {
            if state.message_thread == Some(thread::current().id()) {
                return Err(Misuse::Unfinished.into());
            }
            let is_sent = seen.is_multiple_of(2);
            let deadline = *until.get_or_insert_with(|| after(self.config.stall_timeout));
            let in_time;
            (state, in_time) = self.wait_until(state, deadline.filter(|_| is_sent));
            state.check_open()?;
            if state.parts != seen {
                (seen, until) = (state.parts, None);
            } else if !in_time {
                return Err(Misuse::Unfinished.into());
            }
        }
        Ok(state)
    }
}

/// A broadcast, in two steps: so that the messages of a room have one order for all its members, the
/// frame is appended under the room's lock; it is written without it.
impl Outgoing {
    /// Appends a message, which is [pushed](Self::push_appended) later; false: the member is full. Only
    /// memory is touched.
    pub(super) fn append_broadcast(
        &self,
        data: Data<'_>,
        frame: &SharedFrame,
    ) -> Result<Appended, Error> {
        let mut state = self.lock();
        state.check_open()?;
        // Bytes that a thread writes from its own memory do not count here: they say that this thread is
        // busy, and not that the peer is slow.
        if state.queue.held() >= self.high_water_mark() {
            return Ok(match state.queue.is_busy() {
                true => Appended::Busy,
                false => Appended::Full,
            });
        }
        match self.ends_first {
            true => state.queue.share_or_defer(frame.clone())?,
            // A client masks each frame anew.
            false => state.queue.append_or_defer(data)?,
        }
        Ok(Appended::Yes)
    }

    /// Writes what was appended, as far as the socket takes it at once. Never waits. If the socket does
    /// not take all of it, what is returned starts the flush thread when it is dropped: behind the
    /// writes to all the other members.
    pub(super) fn push_appended(self: &Arc<Self>) -> Option<PendingFlush<'_>> {
        let mut state = self.lock();
        match self.coalesces(&mut state) {
            true => None,
            false => self.push_only(state),
        }
    }
}

/// What became of a message for many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appended {
    Yes,
    /// The high-water mark is reached, because the peer does not read.
    Full,
    /// The high-water mark is reached while another thread sends a long message.
    Busy,
}

/// A message in parts.
impl Outgoing {
    /// Nobody else sends a message before this one is at its end.
    pub(super) fn begin_message(&self) -> Result<(), Error> {
        let mut state = self.at_boundary()?;
        if !state.queue.is_open() {
            return Err(Misuse::Closed.into());
        }
        state.queue.begin_message();
        state.message_thread = Some(thread::current().id());
        Ok(())
    }

    pub(super) fn send_part(self: &Arc<Self>, data: Data<'_>, last: bool) -> Result<(), Error> {
        let mut state = self.lock();
        state.check_open()?;
        state.message_thread = Some(thread::current().id());
        state.parts += 1;
        let sent = self.write_part(state, data, last);
        let mut state = self.lock();
        state.parts += 1;
        if state.waiting > 0 {
            self.changed.notify_all();
        }
        sent
    }

    fn write_part<'a>(
        self: &'a Arc<Self>,
        mut state: Guard<'a>,
        data: Data<'_>,
        last: bool,
    ) -> Result<(), Error> {
        if self.leaves_uncopied(&data) {
            let mut job = Job::turn();
            let state = self.run(state, &mut job);
            return self.write_frame(state, job, data, last);
        }
        let position = state
            .queue
            .append(|sender, key, queue| sender.send_part(data, last, key, queue))?;
        self.coalescer.sent();
        let state = self.run(state, &mut Job::sent(position));
        state.check_sent(position)
    }

    /// Others may send messages again, and what was deferred follows.
    pub(super) fn end_message(self: &Arc<Self>) {
        let mut state = self.lock();
        if state.queue.state() == Sent::Message && state.failure.is_none() {
            // It cannot be completed.
            let _ = state.queue.close(closing::unfinished());
            self.limit_close(&mut state);
        }
        state.queue.end_message();
        self.notify(&mut state);
        self.push(state);
    }
}

impl State {
    /// Whether everything up to this position has left; if not, why not.
    fn check_sent(&self, position: u64) -> Result<(), Error> {
        match self.queue.sent() >= position {
            true => Ok(()),
            false => self.check(),
        }
    }

    fn check(&self) -> Result<(), Error> {
        self.failure
            .as_ref()
            .map_or(Ok(()), |cause| Err(cause.into()))
    }

    /// Whether something may still be sent.
    #[inline]
    fn check_open(&self) -> Result<(), Error> {
        match self.queue.state() {
            Sent::Closed => Err(Misuse::Closed.into()),
            _ => self.check(),
        }
    }
}

/// When a limit that begins now has passed; `None`: never, as far as the clock can count.
fn after(limit: Duration) -> Option<Instant> {
    Instant::now().checked_add(limit)
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}
