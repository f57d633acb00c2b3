//! The send queue of a socket, as a machine: events in, decisions out. It has no thread, lock, clock
//! or stream; `turn.rs` and `writing.rs` drive it.
//!
//! # The problem
//! Many threads write to one socket, and one of them at a time writes to the stream. That thread holds
//! the *write turn*. A thread takes the turn under the socket's lock and then releases the lock,
//! because a write may block.
//!
//! ```text
//!   write ──► turn is free ──► Stream::try_write ──► all taken ──► turn is given back
//!      │                             │ a rest
//!      │                             ▼
//!      └────► turn is taken ──► send queue ──► flush thread ──► empty ──► end asked: FIN
//!                                  │   ▲           │              └─────► was full: drain
//!                                  └── in flight ──┘ a write took a part
//! ```
//!
//! # The rules
//! 1. **Nothing stays behind.** While bytes are queued or in flight, or an end was asked that has not
//!    left, some thread has the turn. A thread that finds the turn taken leaves its bytes in the
//!    queue, or waits; the thread with the turn asks the machine again before it gives the turn back.
//! 2. **In order, in one piece.** Bytes leave in the order in which they were accepted, the bytes of
//!    one call together.
//! 3. **The end is last.** The FIN follows all that was accepted before [`SendQueue::end`]. It is marked as
//!    sent after it was sent, not before. Nothing is accepted behind it.
//! 4. **`drain` holds nothing.** It is called without the turn, by one thread at a time, when a queue
//!    that was full is empty; never once the end was asked or the connection broke.
//! 5. **An end comes once.** After [`SendQueue::break_off`] or [`SendQueue::fail`] nothing more is written.
//!    The first error is kept for `run`.
//!
//! `queue/tests.rs` tries them in all interleavings.

mod decisions;
#[cfg(test)]
mod tests;

pub(super) use decisions::{Accepted, EndSent, PeerEnded, Refused, Release, Room, Step};

/// Bytes on their way to one stream; `E` is what an error is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SendQueue<E> {
    limits: Limits,
    queued: Vec<u8>,
    /// Bytes that the flush thread has taken out of the queue and not written yet.
    in_flight: usize,
    written: u64,
    turn: Turn,
    /// The holder of the turn is in a call of the stream.
    calling: bool,
    end: End,
    life: Life,
    /// Why a write failed, for a later read: the system reports a loss once.
    lost: Option<E>,
    /// What `run` is to report.
    error: Option<E>,
    /// `write` has returned false, and `drain` has not been called since.
    full: bool,
    drain: Drain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Limits {
    /// With this many bytes the queue is full.
    pub(super) high_water_mark: usize,
    /// With more the connection is broken off.
    pub(super) max_buffered: usize,
}

/// Who has the write turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Turn {
    Free,
    Caller,
    Flusher,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum End {
    Open,
    Asked,
    /// Asked; the stream had no room for it (TLS sends a record).
    Blocked,
    Sent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Life {
    Whole,
    /// Writing failed. Reading may still bring what the peer sent before.
    Broken,
    /// We ended it.
    Destroyed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Drain {
    /// No events run on this socket.
    NoListener,
    Idle,
    Running,
}

/// Writers.
impl<E> SendQueue<E> {
    pub(super) fn new(limits: Limits) -> SendQueue<E> {
        SendQueue {
            limits,
            queued: Vec::new(),
            in_flight: 0,
            written: 0,
            turn: Turn::Free,
            calling: false,
            end: End::Open,
            life: Life::Whole,
            lost: None,
            error: None,
            full: false,
            drain: Drain::NoListener,
        }
    }

    /// A write that does not wait.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<Accepted, Refused> {
        self.check()?;
        if self.turn == Turn::Free && !bytes.is_empty() {
            self.turn = Turn::Caller;
            return Ok(Accepted::Turn);
        }
        self.queued.extend_from_slice(bytes);
        Ok(Accepted::Queued)
    }

    /// A write that waits asks for the turn; false: not yet. With the turn the queue is empty.
    pub(super) fn take_turn(&mut self) -> Result<bool, Refused> {
        self.check()?;
        let is_free = self.turn == Turn::Free;
        if is_free {
            self.turn = Turn::Caller;
        }
        Ok(is_free)
    }

    /// What the caller with the turn offered and the stream had no room for: it leaves before what
    /// was queued meanwhile.
    pub(super) fn keep(&mut self, rest: &[u8]) {
        if self.life == Life::Whole {
            self.queued.splice(..0, rest.iter().copied());
        }
    }

    /// How full the queue is now.
    pub(super) fn room(&mut self) -> Room {
        let buffered = self.buffered();
        match () {
            () if self.life != Life::Whole => Room::Broken,
            () if buffered > self.limits.max_buffered => Room::Exceeded(buffered),
            () if buffered < self.limits.high_water_mark => Room::Free,
            () => {
                self.full = true;
                Room::Full
            }
        }
    }

    /// The caller with the turn has nothing more of its own to write. Asked again after each
    /// [`end_sent`](SendQueue::end_sent).
    pub(super) fn release(&mut self) -> Release {
        self.calling = false;
        let is_pending = !self.queued.is_empty() || self.end == End::Blocked;
        if self.life == Life::Whole && is_pending {
            self.turn = Turn::Flusher;
            return Release::StartFlusher;
        }
        if self.end_is_due() {
            return Release::SendEnd;
        }
        self.turn = Turn::Free;
        Release::Done
    }

    fn check(&self) -> Result<(), Refused> {
        match (self.life, self.end) {
            (Life::Whole, End::Open) => Ok(()),
            (Life::Whole, _) => Err(Refused::Ended),
            _ => Err(Refused::Broken),
        }
    }
}

/// The thread with the turn.
impl<E> SendQueue<E> {
    /// It begins a call of the stream, without the lock.
    pub(super) fn call_begins(&mut self) {
        self.calling = true;
    }

    /// The call has ended; the stream took `n` bytes.
    pub(super) fn call_ended(&mut self, n: usize) {
        self.calling = false;
        self.written += n as u64;
    }

    /// The flush thread takes all that is queued. It counts as buffered until it is written.
    pub(super) fn take_batch(&mut self, batch: &mut Vec<u8>) {
        std::mem::swap(batch, &mut self.queued);
        self.in_flight = batch.len();
    }

    /// `n` bytes of the batch are left.
    pub(super) fn batch_left(&mut self, n: usize) {
        self.in_flight = if self.life == Life::Whole { n } else { 0 };
    }

    /// What the flush thread does next. It has the turn, and nothing is in flight.
    pub(super) fn next_step(&mut self) -> Step {
        if self.life == Life::Whole && !self.queued.is_empty() {
            return Step::Write;
        }
        if self.end_is_due() {
            return Step::SendEnd;
        }
        self.queued = Vec::new();
        self.turn = Turn::Free;
        match self.claim_drain() {
            true => Step::Drain,
            false => Step::Leave,
        }
    }

    /// The thread that had the turn has panicked, or was never started. The connection is broken off.
    pub(super) fn turn_lost(&mut self) {
        self.calling = false;
        self.turn = Turn::Free;
    }

    fn end_is_due(&self) -> bool {
        let is_asked = matches!(self.end, End::Asked | End::Blocked);
        is_asked && self.life == Life::Whole
    }
}

/// How it ends.
impl<E> SendQueue<E> {
    /// Nothing more is written. True: the turn was free and is the caller's now; [`release`](SendQueue::release)
    /// says what to do.
    pub(super) fn end(&mut self) -> Result<bool, Refused> {
        if self.life != Life::Whole && self.end == End::Open {
            return Err(Refused::Broken);
        }
        if self.end == End::Open {
            self.end = End::Asked;
        }
        let is_ours = self.turn == Turn::Free && self.end_is_due();
        if is_ours {
            self.turn = Turn::Caller;
        }
        Ok(is_ours)
    }

    pub(super) fn end_sent(&mut self, sent: EndSent) {
        match sent {
            EndSent::Sent => self.end = End::Sent,
            EndSent::NoRoom => self.end = End::Blocked,
            EndSent::Failed => self.fail(None, None),
        }
    }

    /// Writing has failed: `error` is for `run`, `loss` for a later read.
    pub(super) fn fail(&mut self, error: Option<E>, loss: Option<E>) {
        self.report(error);
        self.lost = self.lost.take().or(loss);
        if self.life == Life::Whole {
            self.life = Life::Broken;
        }
        self.forget();
    }

    /// We end it now, whichever thread has the turn.
    pub(super) fn break_off(&mut self, error: Option<E>) {
        self.report(error);
        self.life = Life::Destroyed;
        self.forget();
    }

    /// The first error is the one that is reported. What follows from our own end is none.
    pub(super) fn report(&mut self, error: Option<E>) {
        if self.life != Life::Destroyed {
            self.error = self.error.take().or(error);
        }
    }

    pub(super) fn take_error(&mut self) -> Option<E> {
        self.error.take()
    }

    pub(super) fn peer_ended(&self) -> PeerEnded<'_, E> {
        match (&self.lost, self.life) {
            (_, Life::Destroyed) => PeerEnded::Destroyed,
            (Some(loss), _) => PeerEnded::Lost(loss),
            (None, _) => PeerEnded::Yes,
        }
    }

    fn forget(&mut self) {
        self.queued = Vec::new();
        self.in_flight = 0;
    }
}

/// `drain`.
impl<E> SendQueue<E> {
    /// Events run on this socket from now on. True: the queue has emptied before, so call `drain`.
    pub(super) fn listen(&mut self) -> bool {
        self.drain = Drain::Idle;
        self.claim_drain()
    }

    /// True: call it again, the queue was full and is empty again.
    pub(super) fn drain_returned(&mut self) -> bool {
        self.drain = Drain::Idle;
        self.claim_drain()
    }

    fn claim_drain(&mut self) -> bool {
        let may_write = self.check().is_ok();
        let is_due = self.full && self.buffered() == 0 && may_write && self.drain == Drain::Idle;
        if is_due {
            (self.full, self.drain) = (false, Drain::Running);
        }
        is_due
    }
}

/// What there is to know.
impl<E> SendQueue<E> {
    pub(super) fn buffered(&self) -> usize {
        self.queued.len() + self.in_flight
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }

    pub(super) fn is_calling(&self) -> bool {
        self.calling
    }

    /// Nothing can be written any more.
    pub(super) fn is_broken(&self) -> bool {
        self.life != Life::Whole
    }

    pub(super) fn is_end_asked(&self) -> bool {
        self.end != End::Open
    }

    /// The FIN has left, after all that was accepted.
    pub(super) fn is_end_sent(&self) -> bool {
        self.end == End::Sent && self.turn == Turn::Free
    }

    /// Nobody writes, and no `drain` runs.
    pub(super) fn is_at_rest(&self) -> bool {
        self.turn == Turn::Free && self.drain != Drain::Running
    }
}
