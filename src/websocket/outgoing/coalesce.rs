//! Frames of the reading thread that leave together.
//!
//! ```text
//!   one read     ping "a"  "b"  "c" …
//!   receive      "a"                     two more are in the read buffer
//!   send         "A" stays queued        receive "b", send "B" stays, receive "c": the last one
//!   send         "C": all three leave in one write
//! ```
//!
//! If the thread does something else meanwhile, the clock flushes them: see `net/delayed_flush.rs`.

use super::{Guard, Outgoing, State, after};
use crate::net::{INTERVAL, Timed, Timer, call_after};
use crate::websocket::queue::Job;
use std::cell::Cell;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// No more than this is kept queued for frames to come.
const COALESCED_BYTES: u64 = 64 * 1024;
/// Buffers up to this size are kept by a connection that is quiet.
const SMALL_BYTES: usize = 1024;
/// Connections have numbers, which are not used twice.
static NEXT: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// The connection that this thread has received from last.
    static READS: Cell<u64> = const { Cell::new(0) };
}

#[derive(Debug)]
pub(super) struct Coalescer {
    id: u64,
    on: AtomicBool,
    /// Something was sent since the last read: the answer may be here soon.
    sent: AtomicBool,
}

impl Default for Coalescer {
    fn default() -> Coalescer {
        Coalescer {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            on: AtomicBool::new(false),
            sent: AtomicBool::new(false),
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
}

/// The reading thread.
impl Outgoing {
    /// Whether whole frames are in the read buffer: this thread will be back for them.
    #[inline]
    pub(in crate::websocket) fn coalesce(&self, more: bool) {
        if more {
            READS.set(self.coalescer.id);
        }
        if more != self.coalescer.is_on() {
            self.coalescer.on.store(more, Ordering::SeqCst);
        }
    }

    /// Before a read, which may wait: everything leaves. What this thread has given to `send` is waited
    /// for, since `send` has not waited; all else is not. Returns whether there is memory to give back,
    /// should the connection be quiet now.
    #[inline]
    pub(in crate::websocket) fn before_read(self: &Arc<Self>) -> bool {
        self.coalesce(false);
        let mut state = self.lock();
        let is_large = state.queue.capacity() > SMALL_BYTES;
        let position = mem::take(&mut state.await_before_read);
        match state.queue.sent() < position {
            // A connection that cannot be written may still be read.
            true => {
                self.coalescer.sent();
                drop(self.run(state, &mut Job::sent(position)));
            }
            false if state.queue.is_empty() => drop(state),
            false => self.push(state),
        }
        if self.coalescer.sent.swap(false, Ordering::Relaxed) {
            // Lets the others run first: the next frame is often here by then, and the sleep and the
            // wake-up fall away.
            thread::yield_now();
        }
        is_large
    }

    /// Whether a frame that this thread has just queued may wait for others.
    #[inline]
    pub(super) fn coalesces(self: &Arc<Self>, state: &mut State) -> bool {
        let coalesces = self.coalescer.is_on()
            && READS.get() == self.coalescer.id
            && state.queue.held() < COALESCED_BYTES;
        if coalesces {
            self.flush_later(state);
        }
        coalesces
    }
}

/// The clock.
impl Outgoing {
    pub(super) fn call_after(self: &Arc<Self>, delay: Duration, timer: Timer) {
        let whom: Weak<Outgoing> = Arc::downgrade(self);
        call_after(delay, timer, whom);
    }

    pub(super) fn flush_later(self: &Arc<Self>, state: &mut State) {
        if state.delayed.left_pending() {
            self.call_after(INTERVAL, Timer::Flush);
        }
    }

    fn look(self: &Arc<Self>, mut state: Guard<'_>) -> Option<Instant> {
        // The thread that has the write turn looks at the queue when it gives the turn back.
        let pending = !state.queue.is_empty() && !state.queue.is_being_written();
        let pending = pending && state.failure.is_none();
        let epoch = state.queue.sent();
        let look = state.delayed.look(epoch, pending);
        if look.flush {
            self.push(state);
        }
        look.again.then(|| after(INTERVAL)).flatten()
    }
}

impl Timed for Outgoing {
    fn due(self: Arc<Self>, timer: Timer) -> Option<Instant> {
        match timer {
            Timer::End => self.close_due(),
            Timer::Flush => self.look(self.lock()),
            Timer::Retry => {
                let mut state = self.lock();
                state.retry_scheduled = false;
                self.push(state);
                None
            }
        }
    }
}
