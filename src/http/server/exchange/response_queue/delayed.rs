//! The clock's checks: coalesced responses leave although the connection's thread does not come back for
//! them.
//!
//! The connection's thread keeps the lock while it writes, and that write may block. So the clock only
//! tries the lock, and writes without waiting. Each time the lock is taken or the socket is full, the time
//! to the next check doubles, up to a second. So a peer that reads again after a pause of T waits for T at
//! most, and ten thousand peers that do not read cost ten thousand checks a second at most. A connection
//! with nothing pending is not checked. Under TLS the bytes of a record count when the last of them has
//! left.

use super::ResponseQueue;
use crate::net::{INTERVAL, Timed, Timer, call_after};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// The longest time between two checks is [`INTERVAL`], doubled this many times.
pub(super) const MAX_DOUBLINGS: u8 = 10;

impl ResponseQueue {
    #[cold]
    pub(super) fn schedule_check(self: &Arc<Self>) {
        let queue: Weak<ResponseQueue> = Arc::downgrade(self);
        call_after(INTERVAL, Timer::Flush, queue);
    }

    /// One check; returns whether another follows.
    pub(super) fn check(&self) -> bool {
        let Ok(mut pending) = self.pending.try_lock() else {
            self.count_blocked_check(); // the connection's thread sends, or its stream has panicked
            return !self.pending.is_poisoned();
        };
        let (is_full, again) = pending.check_delayed(self.stream.as_ref());
        match is_full {
            true => self.count_blocked_check(),
            false => self.doublings.store(0, Ordering::Relaxed),
        }
        again
    }

    fn count_blocked_check(&self) {
        let doublings = self.doublings.load(Ordering::Relaxed); // the clock's thread alone writes it
        let more = (doublings + 1).min(MAX_DOUBLINGS);
        self.doublings.store(more, Ordering::Relaxed);
    }

    /// How long until the next check.
    pub(super) fn check_interval(&self) -> Duration {
        INTERVAL * (1 << self.doublings.load(Ordering::Relaxed))
    }
}

impl Timed for ResponseQueue {
    fn due(self: Arc<Self>, _: Timer) -> Option<Instant> {
        let again = self.check();
        again.then(|| Instant::now().checked_add(self.check_interval()))?
    }
}
