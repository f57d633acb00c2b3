//! When coalesced bytes are sent although the thread that made them has not flushed them.
//!
//! While more requests (or frames) are already in the read buffer, the answers to them are coalesced:
//! sixteen of them leave in one write. If the next handler blocks (on data, on a lock, on another
//! server), the earlier answers must not wait for it. A handler does not say that it blocks, so the
//! [clock](super::clock) checks once a millisecond:
//!
//! ```text
//!   connection   answer 1 pending ──► handler 2 blocks …
//!   clock             │ 1 ms   │ 1 ms: pending at the last check, too, and nothing has moved: flush
//!   peer                       ▼ has answer 1
//! ```
//!
//! This is the decision alone, without clock or lock: its owner keeps it under the lock of its send
//! queue. Only connections with pending bytes are checked, and [`QUIET_CHECKS`] times more, so that a busy
//! connection is not scheduled anew for every batch.

use std::time::Duration;

/// How long between two checks.
pub(crate) const INTERVAL: Duration = Duration::from_millis(1);
/// After this many checks without pending bytes a connection is no longer checked.
const QUIET_CHECKS: u8 = 16;

/// The checks of one connection.
#[derive(Debug, Default)]
pub(crate) struct DelayedFlush {
    scheduled: bool,
    quiet: u8,
    /// Whether bytes were pending at the last check, and the `epoch` then.
    pending: bool,
    epoch: u64,
}

/// What a check decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    /// The pending bytes have waited for a whole interval: they are to be sent now.
    pub(crate) flush: bool,
    /// Another check follows after [`INTERVAL`].
    pub(crate) again: bool,
}

impl DelayedFlush {
    /// Bytes are left pending. True: the caller schedules the first check.
    #[inline]
    pub(crate) fn left_pending(&mut self) -> bool {
        !std::mem::replace(&mut self.scheduled, true)
    }

    /// `epoch` is the same while the connection makes no progress; `pending`: bytes wait that no thread is
    /// about to send.
    pub(crate) fn check(&mut self, epoch: u64, pending: bool) -> Check {
        let flush = pending && self.pending && self.epoch == epoch;
        (self.pending, self.epoch) = (pending, epoch);
        self.quiet = if pending { 0 } else { self.quiet + 1 };
        if self.quiet >= QUIET_CHECKS {
            *self = DelayedFlush::default();
        }
        Check {
            flush,
            again: self.scheduled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(flush: bool, again: bool) -> Check {
        Check { flush, again }
    }

    #[test]
    fn what_was_pending_at_the_last_look_is_flushed() {
        let mut delayed = DelayedFlush::default();
        assert!(delayed.left_pending());
        assert!(!delayed.left_pending(), "it is scheduled");
        assert_eq!(delayed.check(1, true), check(false, true));
        assert_eq!(delayed.check(1, true), check(true, true));
        assert_eq!(delayed.check(1, false), check(false, true));
        assert_eq!(delayed.check(1, true), check(false, true), "new bytes");
    }

    #[test]
    fn a_connection_that_goes_on_is_left_alone() {
        let mut delayed = DelayedFlush::default();
        delayed.left_pending();
        for epoch in 0..1000 {
            assert_eq!(delayed.check(epoch, true), check(false, true));
        }
    }

    #[test]
    fn fault_a04_a_quiet_connection_is_no_longer_looked_at() {
        let mut delayed = DelayedFlush::default();
        delayed.left_pending();
        let seen = (0..).take_while(|_| delayed.check(7, false).again).count();
        assert_eq!(seen, QUIET_CHECKS as usize - 1);
        assert!(delayed.left_pending(), "scheduled anew");
        assert_eq!(delayed.check(7, true), check(false, true));
    }
}
