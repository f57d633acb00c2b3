//! When coalesced bytes are sent although the thread that made them has not come back for them.
//!
//! While more requests (or frames) are already in the read buffer, the answers to them are coalesced:
//! sixteen of them leave in one write. If the next handler blocks (on data, on a lock, on another
//! server), the earlier answers must not wait for it. A handler does not say that it blocks, so the
//! [clock](super::clock) looks once a millisecond:
//!
//! ```text
//!   connection   answer 1 pending ──► handler 2 blocks …
//!   clock             │ 1 ms   │ 1 ms: pending at the last look, too, and nothing has moved: flush
//!   peer                       ▼ has answer 1
//! ```
//!
//! This is the decision alone, without clock or lock: its owner keeps it under the lock of its send
//! queue. Only connections with pending bytes are looked at, and for [`QUIET_LOOKS`] more, so that a
//! busy connection is not scheduled anew for every batch.

use std::time::Duration;

/// How long between two looks.
pub(crate) const INTERVAL: Duration = Duration::from_millis(1);
/// After as many looks without pending bytes a connection is no longer looked at.
const QUIET_LOOKS: u32 = 16;

/// The looks at one connection.
#[derive(Debug, Default)]
pub(crate) struct DelayedFlush {
    scheduled: bool,
    quiet: u32,
    /// Where the connection stood at the last look, if bytes were pending then.
    epoch: Option<u64>,
}

/// What a look decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// The pending bytes have waited for a whole interval: they are to be sent now.
    pub(crate) flush: bool,
    /// Another look follows after [`INTERVAL`].
    pub(crate) again: bool,
}

impl DelayedFlush {
    /// Bytes are left pending. True: the caller schedules the first look.
    #[inline]
    pub(crate) fn left_pending(&mut self) -> bool {
        !std::mem::replace(&mut self.scheduled, true)
    }

    /// `epoch` stands still while the connection makes no progress; `pending`: bytes wait that nobody
    /// is about to send.
    pub(crate) fn look(&mut self, epoch: u64, pending: bool) -> Look {
        let flush = pending && self.epoch == Some(epoch);
        self.epoch = pending.then_some(epoch);
        self.quiet = if pending { 0 } else { self.quiet + 1 };
        if self.quiet >= QUIET_LOOKS {
            *self = DelayedFlush::default();
        }
        Look {
            flush,
            again: self.scheduled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(flush: bool, again: bool) -> Look {
        Look { flush, again }
    }

    #[test]
    fn what_was_pending_at_the_last_look_is_flushed() {
        let mut looks = DelayedFlush::default();
        assert!(looks.left_pending());
        assert!(!looks.left_pending(), "it is scheduled");
        assert_eq!(looks.look(1, true), look(false, true));
        assert_eq!(looks.look(1, true), look(true, true));
        assert_eq!(looks.look(1, false), look(false, true));
        assert_eq!(looks.look(1, true), look(false, true), "new bytes");
    }

    #[test]
    fn a_connection_that_goes_on_is_left_alone() {
        let mut looks = DelayedFlush::default();
        looks.left_pending();
        for epoch in 0..1000 {
            assert_eq!(looks.look(epoch, true), look(false, true));
        }
    }

    #[test]
    fn fault_a04_a_quiet_connection_is_no_longer_looked_at() {
        let mut looks = DelayedFlush::default();
        looks.left_pending();
        let seen = (0..).take_while(|_| looks.look(7, false).again).count();
        assert_eq!(seen, QUIET_LOOKS as usize - 1);
        assert!(looks.left_pending(), "scheduled anew");
        assert_eq!(looks.look(7, true), look(false, true));
    }
}
