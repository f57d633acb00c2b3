//! Coalescing: frames of the reading thread that leave in one write.
//!
//! ```text
//!   read         "a" "b" "c"           three frames in one read
//!   receive "a", send "A"               queued: two frames are still in the read buffer
//!   receive "b", send "B"               queued: one frame is
//!   receive "c", send "C"               none is: all three leave in one write
//! ```
//!
//! If the reading thread does not come back for those frames within a millisecond or two, the clock thread
//! flushes the queue: see `net/delayed_flush.rs`.

use super::Outgoing;
use super::state::State;
use crate::net::{INTERVAL, Timed, Timer, call_after, yield_before_read};
use crate::websocket::queue::Job;
use std::cell::Cell;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// Beyond this, nothing is coalesced.
const COALESCED_BYTES: u64 = 64 * 1024;
/// A quiet connection keeps buffers up to this size.
const SMALL_BYTES: usize = 1024;
/// The number of the next connection.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// The number of the connection whose reading thread this is.
    static READ_BY_THIS_THREAD: Cell<u64> = const { Cell::new(0) };
}

#[derive(Debug)]
pub(super) struct Coalescer {
    id: u64,
    on: AtomicBool,
    /// Whether something was sent since the last read: the answer may come soon.
    sent: AtomicBool,
    /// Whether the reading thread has something to do here before its next read: frames were left to it, or a
    /// buffer has grown. It is set under the lock.
    before_read: AtomicBool,
}

impl Default for Coalescer {
    fn default() -> Coalescer {
        Coalescer {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            on: AtomicBool::new(false),
            sent: AtomicBool::new(false),
            before_read: AtomicBool::new(false),
        }
    }
}

impl Coalescer {
    pub(super) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    pub(super) fn sent(&self) {
        self.sent.store(true, Ordering::Relaxed);
    }

    /// The reading thread looks at the queue before its next read.
    fn note_before_read(&self) {
        self.before_read.store(true, Ordering::Relaxed);
    }
}

/// The reading thread.
impl Outgoing {
    /// The reading thread is about to return a message. `more`: a whole frame is in the read buffer behind it,
    /// and so that thread will come back without a read.
    #[inline]
    pub(in crate::websocket) fn coalesce(&self, more: bool) {
        if more {
            READ_BY_THIS_THREAD.set(self.coalescer.id);
        }
        if more != self.coalescer.is_on() {
            self.coalescer.on.store(more, Ordering::SeqCst);
        }
    }

    /// Before a read, which may block: everything is flushed that was left to this thread. `waits`: it waits for the
    /// frames that it has passed to `send`, since `send` did not wait for them; it waits for nothing else. Returns
    /// whether the queue has memory to give back, should the connection be quiet now.
    #[inline(always)] // it has two callers, and the one that waits runs for each frame
    pub(in crate::websocket) fn before_read(self: &Arc<Self>, waits: bool) -> bool {
        self.coalesce(false);
        let is_large = match self.coalescer.before_read.load(Ordering::Relaxed) {
            true => self.flush_before_read(waits),
            false => false,
        };
        if self.coalescer.sent.load(Ordering::Relaxed) {
            self.coalescer.sent.store(false, Ordering::Relaxed);
            yield_before_read(); // the peer's next frame is often here afterwards
        }
        is_large
    }

    #[inline(never)]
    fn flush_before_read(self: &Arc<Self>, waits: bool) -> bool {
        let mut state = self.lock();
        let waits_later = !waits && state.await_before_read > state.queue.sent();
        let before_read = &self.coalescer.before_read;
        before_read.store(waits_later, Ordering::Relaxed);
        let is_large = state.queue.capacity() > SMALL_BYTES;
        let position = match waits {
            true => mem::take(&mut state.await_before_read),
            false => 0,
        };
        match state.queue.sent() < position {
            // An error is not returned here: what the peer has sent can still be read.
            true => {
                self.coalescer.sent();
                drop(self.run(state, &mut Job::sent(position)));
            }
            false if state.queue.is_empty() => drop(state),
            false => self.push(state),
        }
        is_large
    }

    /// A buffer may have grown that the connection gives back when it is quiet.
    #[inline]
    pub(super) fn note_capacity(&self, state: &State) {
        if state.queue.capacity() > SMALL_BYTES {
            self.coalescer.note_before_read();
        }
    }

    /// Whether the frame that this thread has just queued is to be coalesced.
    #[inline]
    pub(super) fn coalesces(self: &Arc<Self>, state: &mut State) -> bool {
        let coalesces = self.coalescer.is_on()
            && READ_BY_THIS_THREAD.get() == self.coalescer.id
            && state.queue.held() < COALESCED_BYTES;
        if coalesces {
            self.flush_later(state);
        }
        coalesces
    }
}

/// Calls of the clock thread.
impl Outgoing {
    pub(super) fn call_after(self: &Arc<Self>, delay: Duration, timer: Timer) {
        let this: Weak<Outgoing> = Arc::downgrade(self);
        call_after(delay, timer, this);
    }

    pub(super) fn flush_later(self: &Arc<Self>, state: &mut State) {
        self.coalescer.note_before_read();
        if state.delayed.left_pending() {
            self.call_after(INTERVAL, Timer::Flush);
        }
    }

    /// Flushes frames that have been queued for a millisecond; returns when to check again.
    fn flush_if_delayed(self: &Arc<Self>) -> Option<Instant> {
        let mut state = self.lock();
        // A thread that has the write turn checks the queue itself before it gives the turn back.
        let pending = !state.queue.is_empty() && !state.queue.is_being_written();
        let pending = pending && state.failure.is_none();
        let epoch = state.queue.sent();
        let look = state.delayed.check(epoch, pending);
        if look.flush {
            self.push(state);
        }
        look.again
            .then(|| Instant::now().checked_add(INTERVAL))
            .flatten()
    }
}

impl Timed for Outgoing {
    fn due(self: Arc<Self>, timer: Timer) -> Option<Instant> {
        match timer {
            Timer::End => self.close_due(),
            Timer::Flush => self.flush_if_delayed(),
            Timer::Retry => {
                let mut state = self.lock();
                state.retry_scheduled = false;
                self.push(state);
                None
            }
        }
    }
}
