//! The sending side of a connection: its frame queue behind a lock, and the stream that it is written to.
//!
//! [`FrameQueue`](super::queue::FrameQueue) decides which thread writes what. The lock, the waits and the
//! writes are here. While the lock is held, only memory is touched: no write, no `shutdown`, no code of the
//! user. Locks are taken in one order: a room's list of members, then the state of one connection, then the
//! clock's schedule.
//!
//! ```text
//!   send ──▶ lock ─▶ append to queue ─▶ step ─▶ unlock ─▶ write ─▶ lock ─▶ step ─▶ … done ─▶ unlock
//!                                       │  Write, TryWrite ──▶┘              │
//!                                       └─ Wait: sleep until `changed` ──────┘
//! ```
//!
//! | file | |
//! |---|---|
//! | `outgoing.rs` | what [`Writer`](super::Writer) and [`Room`](super::Room) call: whole messages, messages in parts, broadcasts |
//! | [`state`] | what the lock guards |
//! | [`writing`] | the steps of a job: waiting, writing, the flush thread |
//! | [`peer_pace`] | how fast the peer takes what is written |
//! | [`coalesce`] | frames of the reading thread that leave together |
//! | [`pings`] | our pings, and the heartbeat |
//! | [`closing`] | Close frames, their deadline, and the end |
//! | [`compressed`] | messages that are compressed before they are queued |

mod closing;
mod coalesce;
mod compressed;
mod peer_pace;
mod pings;
mod state;
mod writing;

pub(super) use closing::GoAway;
pub(super) use state::SharedFrame;
pub(super) use writing::{PendingFlush, write_slice};

use super::compressor::Compressor;
use super::config::Config;
use super::error::Error;
use super::queue::Job;
use super::summary::{Finishing, OnFinish};
use super::wire::{Agreement, Data, Misuse, Payload, Received, Role, Sender, State as Sent};
use crate::net::Stream;
use coalesce::Coalescer;
use state::{COPIED_BYTES, Guard, State};
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// As [`COPIED_BYTES`], for payloads that may leave together with others.
const COALESCED_COPY_BYTES: usize = 16 * 1024;

pub(super) struct Outgoing {
    pub(super) stream: Arc<dyn Stream>,
    pub(super) config: Arc<Config>,
    /// Whether this side ends the TCP connection first: the server does.
    pub(super) ends_first: bool,
    /// If its end is to be reported.
    pub(super) finishing: Option<Box<Finishing>>,
    state: Mutex<State>,
    /// Notified when bytes have left, when the write turn is free, when a message or the connection has
    /// ended, and when a pong has come.
    changed: Condvar,
    coalescer: Coalescer,
    /// Where compression was agreed on.
    compressor: Option<Box<Compressor>>,
    /// Whether a thread has cut the connection: the reading thread asks before each frame, without the lock.
    cut: AtomicBool,
}

impl Outgoing {
    /// The writes of the stream return after a [`write_slice`].
    #[inline(never)] // as `Receiving::new`: both use the same room on the stack, one after the other
    pub(super) fn new(
        stream: Arc<dyn Stream>,
        role: Role,
        config: Arc<Config>,
        on_finish: Option<&Arc<OnFinish>>,
        agreement: Option<&Agreement>,
    ) -> Arc<Outgoing> {
        let (mut sender, mut compressor) = (Sender::new(role), None);
        if let (Some(options), Some(agreement)) = (config.deflate, agreement) {
            sender = sender.with_deflate();
            let options = options.agreed(role, agreement);
            compressor = Some(Box::new(Compressor::new(options)));
        }
        Arc::new(Outgoing {
            stream,
            state: Mutex::new(State::new(sender, config.pace())),
            compressor,
            config,
            ends_first: role.ends_first(),
            finishing: on_finish.map(|on_finish| Box::new(Finishing::new(on_finish, role))),
            changed: Condvar::new(),
            coalescer: Coalescer::default(),
            cut: AtomicBool::new(false),
        })
    }

    /// Bytes that were passed to `send` and have not left, frame headers included.
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
        if state.waiting > 0 && state.queue.take_changed() {
            self.changed.notify_all();
        }
    }

    fn wait<'a>(&self, state: Guard<'a>) -> Guard<'a> {
        self.wait_until(state, None).0
    }

    /// Waits for a change, until the deadline at most (`None`: there is none). False: it has passed.
    fn wait_until<'a>(&self, mut state: Guard<'a>, until: Option<Instant>) -> (Guard<'a>, bool) {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return (state, false);
        }
        state.waiting += 1;
        let changed = &self.changed;
        let mut state = match left {
            None => changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(left) => {
                let waited = changed.wait_timeout(state, left);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        state.waiting -= 1;
        (state, true)
    }
}

/// Whole messages.
impl Outgoing {
    /// Sends a message and waits until it has left.
    pub(super) fn send(self: &Arc<Self>, data: Data<'_>) -> Result<(), Error> {
        match self.compressor_for(&data) {
            None => self.send_payload(data.into()),
            Some(compressor) => self.send_compressed(compressor, data),
        }
    }

    #[inline(always)] // no call for a message that is sent as it is
    fn send_payload(self: &Arc<Self>, payload: Payload<'_>) -> Result<(), Error> {
        let mut state = self.at_boundary()?;
        if self.is_long(payload) {
            return self.write_long(state, payload);
        }
        let position = state
            .queue
            .append(|sender, key, queue| sender.send(payload, key, queue))?;
        self.count_message(true);
        self.await_sent(state, position)
    }

    /// Waits until a queued message has left, unless it is coalesced.
    #[inline(always)]
    fn await_sent<'a>(
        self: &'a Arc<Self>,
        mut state: Guard<'a>,
        position: u64,
    ) -> Result<(), Error> {
        if self.coalesces(&mut state) {
            state.await_before_read = position;
            return Ok(());
        }
        self.coalescer.sent();
        let state = self.run(state, &mut Job::sent(position));
        state.check_sent(position)
    }

    /// Queues a message and writes what the socket takes at once. Never waits. False: the high-water mark is
    /// reached, or a message in parts is unfinished, and nothing was queued.
    pub(super) fn try_send(self: &Arc<Self>, data: Data<'_>) -> Result<bool, Error> {
        match self.compressor_for(&data) {
            None => self.try_send_payload(data.into()),
            Some(compressor) => self.try_send_compressed(compressor, data),
        }
    }

    fn try_send_payload(self: &Arc<Self>, payload: Payload<'_>) -> Result<bool, Error> {
        let mut state = self.lock();
        if !self.takes_more(&state)? {
            return Ok(false);
        }
        state.queue.append_or_defer(payload)?;
        self.count_message(true);
        self.push_queued(state, payload.bytes.len());
        Ok(true)
    }

    /// Whether `try_send` may queue a message.
    fn takes_more(&self, state: &State) -> Result<bool, Error> {
        state.check_open()?;
        Ok(!state.queue.is_unfinished() && state.queue.buffered() < self.high_water_mark())
    }

    /// Writes a message that was queued, as much of it as the socket takes at once.
    fn push_queued<'a>(self: &'a Arc<Self>, mut state: Guard<'a>, bytes: usize) {
        if bytes as u64 >= self.high_water_mark() {
            state.queue.mark_long();
        }
        if !self.coalesces(&mut state) {
            self.push(state);
        }
    }

    /// Queues the control frame that answers what was received, and writes it unless it is coalesced with
    /// other frames. Never waits.
    pub(super) fn received(self: &Arc<Self>, received: &Received<'_>) {
        let mut state = self.lock();
        state.queue.received(received);
        let closes = matches!(received, Received::Close(_));
        if let Received::Close(close) = received {
            state.closing.received = true;
            let peer = self.role().other();
            state.closing.first.get_or_insert((peer, close.number()));
        }
        match self.coalescer.is_on() && !closes {
            true => self.flush_later(&mut state),
            false => self.push(state),
        }
    }

    fn high_water_mark(&self) -> u64 {
        self.config.high_water_mark.max(1) as u64
    }

    /// Whether a payload is written from its sender's memory, because it is too long to be copied.
    fn is_long(&self, payload: Payload<'_>) -> bool {
        let copied = match self.coalescer.is_on() {
            true => COALESCED_COPY_BYTES,
            false => COPIED_BYTES,
        };
        payload.bytes.len() > copied
    }

    /// Waits while another thread's message in parts is unfinished.
    #[inline(always)] // no call for each message
    fn at_boundary(&self) -> Result<Guard<'_>, Error> {
        let state = self.lock();
        state.check_open()?;
        match state.queue.is_unfinished() {
            false => Ok(state),
            true => self.wait_for_boundary(state),
        }
    }

    /// Waits for the next part [`stall_timeout`](Config::stall_timeout) at most, since this thread may be the
    /// one that has the `Parts`. While a part is being sent there is no such limit: the thread that writes
    /// it judges the pace of the peer.
    #[cold]
    fn wait_for_boundary<'a>(&'a self, mut state: Guard<'a>) -> Result<Guard<'a>, Error> {
        let (mut seen, mut until) = (state.parts, None);
        while state.queue.is_unfinished() {
            if state.message_thread == Some(thread::current().id()) {
                return Err(Misuse::Unfinished.into());
            }
            let between_parts = seen.is_multiple_of(2);
            let deadline =
                *until.get_or_insert_with(|| Instant::now().checked_add(self.config.stall_timeout));
            let in_time;
            (state, in_time) = self.wait_until(state, deadline.filter(|_| between_parts));
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

/// A broadcast, in two steps. The frame is appended under the room's lock, so that all members get the
/// messages of the room in one order. It is written without that lock.
impl Outgoing {
    /// Appends a message, which is [pushed](Self::push_appended) later. Only memory is touched.
    pub(super) fn append_broadcast(
        &self,
        payload: Payload<'_>,
        frame: &SharedFrame,
        limit: QueueLimit,
    ) -> Appended {
        let mut state = self.lock();
        if state.check_open().is_err() {
            return Appended::Closed;
        }
        // Bytes that a thread writes from its own memory do not count here: they show that this thread is
        // busy, and not that the peer is slow.
        let held = state.queue.held();
        let is_full = match limit {
            QueueLimit::HighWaterMark => held >= self.high_water_mark(),
            QueueLimit::MaxBuffered => {
                // One message, however long it is, does not show that the peer is slow: the next one may follow it
                // before the peer can have read it.
                let before_newest = held.saturating_sub(state.newest_broadcast);
                before_newest >= self.config.max_buffered.max(1) as u64
            }
        };
        if is_full {
            return match state.queue.is_busy() {
                true => Appended::Busy,
                false => Appended::Full,
            };
        }
        let appended = match state.queue.masks() {
            true => state.queue.append_or_defer(payload),
            false => state.queue.share_or_defer(frame.clone()),
        };
        state.note_broadcast(payload);
        state.newest_broadcast = frame.0.len() as u64;
        if appended.is_err() {
            return Appended::Closed;
        }
        self.count_message(true);
        Appended::Yes
    }

    /// Writes what the socket takes at once. Never waits. If something remains, the value that is returned
    /// starts the flush thread when it is dropped: after the writes to all the other members.
    pub(super) fn push_appended(self: &Arc<Self>) -> Option<PendingFlush<'_>> {
        let mut state = self.lock();
        match self.coalesces(&mut state) {
            true => None,
            false => self.push_only(state),
        }
    }
}

/// How much may be queued at a member before a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueueLimit {
    /// [`Config::high_water_mark`].
    HighWaterMark,
    /// [`Config::max_buffered`], without the newest broadcast.
    MaxBuffered,
}

/// What became of a broadcast at one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appended {
    Yes,
    /// The limit is reached, because the peer does not read.
    Full,
    /// The limit is reached while another thread sends a long message.
    Busy,
    /// Nothing can be sent any more.
    Closed,
}

/// A message in parts.
impl Outgoing {
    /// From now on other messages wait, or are deferred, until [`end_message`](Self::end_message).
    pub(super) fn begin_message(&self) -> Result<(), Error> {
        let mut state = self.at_boundary()?;
        state.queue.begin_message();
        state.message_thread = Some(thread::current().id());
        Ok(())
    }

    pub(super) fn send_part(self: &Arc<Self>, data: Data<'_>, last: bool) -> Result<(), Error> {
        match &self.compressor {
            None => self.send_payload_part(data.into(), last),
            Some(compressor) => self.send_compressed_part(compressor, data, last),
        }
    }

    fn send_payload_part(self: &Arc<Self>, part: Payload<'_>, last: bool) -> Result<(), Error> {
        let mut state = self.lock();
        state.check_open()?;
        state.message_thread = Some(thread::current().id());
        state.parts += 1;
        let sent = self.write_part(state, part, last);
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
        part: Payload<'_>,
        last: bool,
    ) -> Result<(), Error> {
        if self.is_long(part) {
            let mut job = Job::turn();
            let state = self.run(state, &mut job);
            return self.write_frame(state, job, part, last);
        }
        let position = state
            .queue
            .append(|sender, key, queue| sender.send_part(part, last, key, queue))?;
        self.count_message(last);
        self.coalescer.sent();
        let state = self.run(state, &mut Job::sent(position));
        state.check_sent(position)
    }

    /// Others may send messages again, and the deferred ones are queued.
    pub(super) fn end_message(self: &Arc<Self>) {
        let mut state = self.lock();
        if state.queue.state() == Sent::Message && state.failure.is_none() {
            // The last part was not sent, and nobody can send it now.
            let close = closing::unfinished();
            if state.queue.close(close).is_ok() {
                self.note_close(&mut state, close.number());
            }
            self.limit_close(&mut state);
        }
        state.end_message();
        if let Some(compressor) = &self.compressor {
            compressor.message_ended();
        }
        self.notify(&mut state);
        self.push(state);
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}
