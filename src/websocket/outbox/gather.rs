//! Frames that may leave together: made by the reader's thread while whole frames wait to be read.
//!
//! ```text
//!   one read     ping "a"  "b"  "c" …
//!   receive      "a"                     two more are here
//!   send         "A" stays               receive "b", send "B" stays, receive "c": the last
//!   send         "C": all three leave in one write
//! ```

use super::{Guard, Outbox, State};
use crate::net::{INTERVAL, Timed, Timer, call_after};
use std::cell::Cell;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// No more than so much is kept for others to come.
const GATHERED_BYTES: usize = 64 * 1024;
/// Buffers up to this size are kept by a connection that is quiet.
const SMALL_BYTES: usize = 1024;
/// Connections have numbers, which are not used twice.
static NEXT: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// The connection that this thread has received from last.
    static READS: Cell<u64> = const { Cell::new(0) };
}

#[derive(Debug)]
pub(super) struct Gathering {
    id: u64,
    on: AtomicBool,
    /// Something was sent since the last read: the answer may be here soon.
    sent: AtomicBool,
}

impl Default for Gathering {
    fn default() -> Gathering {
        Gathering {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            on: AtomicBool::new(false),
            sent: AtomicBool::new(false),
        }
    }
}

impl Gathering {
    pub(super) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    pub(super) fn sent(&self) {
        self.sent.store(true, Ordering::Relaxed);
    }
}

/// The reader's side.
pub(in crate::websocket) trait Gatherer {
    /// Whether whole frames are still here: this thread will be back for them.
    fn gather(&self, more: bool);
    /// Before a read, which may wait: everything leaves. Frames of this thread are waited for. Returns
    /// whether there is memory to give back, should the connection be quiet now.
    fn before_read(&self) -> bool;
}

impl Gatherer for Arc<Outbox> {
    #[inline]
    fn gather(&self, more: bool) {
        if more {
            READS.set(self.gathering.id);
        }
        if more != self.gathering.is_on() {
            self.gathering.on.store(more, Ordering::SeqCst);
        }
    }

    #[inline]
    fn before_read(&self) -> bool {
        self.gather(false);
        let mut state = self.lock();
        let is_large = state.out.capacity() + state.hand.capacity() > SMALL_BYTES;
        let ticket = mem::take(&mut state.gathered);
        if state.gone < ticket {
            // A connection that cannot be written may still be read.
            let _ = self.wait_gone(state, ticket);
        } else {
            self.push(state);
        }
        if self.gathering.sent.swap(false, Ordering::Relaxed) {
            // Lets the others run first: the next frame is often here by then, and the sleep and the
            // wake-up fall away.
            thread::yield_now();
        }
        is_large
    }
}

impl Outbox {
    /// Whether a frame that this thread has just made may wait for others.
    #[inline]
    pub(super) fn gathers(self: &Arc<Self>, state: &mut State, ticket: u64) -> bool {
        let gathers = self.gathering.is_on()
            && READS.get() == self.gathering.id
            && state.out.len() < GATHERED_BYTES;
        if gathers {
            state.gathered = ticket;
            self.watch(state);
        }
        gathers
    }

    pub(super) fn call_after(self: &Arc<Self>, delay: Duration, timer: Timer) {
        let whom: Weak<Outbox> = Arc::downgrade(self);
        call_after(delay, timer, whom);
    }

    pub(super) fn watch(self: &Arc<Self>, state: &mut State) {
        if state.delayed.left_pending() {
            self.call_after(INTERVAL, Timer::Flush);
        }
    }

    /// Once a millisecond while frames are gathered: what was here the last time leaves.
    fn look(self: &Arc<Self>, mut state: Guard<'_>) -> Option<Instant> {
        let pending = !state.is_empty() && state.broken.is_none();
        let epoch = state.gone;
        let look = state.delayed.look(epoch, pending);
        if look.flush {
            self.push(state);
        }
        look.again.then(|| Instant::now() + INTERVAL)
    }
}

impl Timed for Outbox {
    fn due(self: Arc<Self>, timer: Timer) -> Option<Instant> {
        match timer {
            Timer::End => {
                self.give_up();
                None
            }
            Timer::Flush => self.look(self.lock()),
        }
    }
}
