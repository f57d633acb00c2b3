//! Whether a connection waits for bytes that no response depends on, and whether its server stops. The
//! connection's thread and the stopping thread compete for the state: either the bytes count, or the end.
//!
//! ```text
//!   Busy ── the connection waits ──▶ Idle ── it has come ──▶ Busy
//!                                     │
//!                                     └── the server stops ──▶ Ending
//! ```
//!
//! It waits so for a next request, for the rest of its head, for the rest of a body that is dropped, and for the
//! client's end behind the last response.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// No response is missing: no whole head of a next request has come.
const IDLE: u8 = 0;
/// A request is being read, or its response made.
const BUSY: u8 = 1;
/// The connection was idle when the server stopped: what it reads may be cut anywhere.
const ENDING: u8 = 2;

#[derive(Debug)]
pub(super) struct Activity {
    state: AtomicU8,
    stopping: AtomicBool,
    cut: AtomicBool,
}

impl Activity {
    pub(super) fn new() -> Activity {
        Activity {
            state: AtomicU8::new(BUSY),
            stopping: AtomicBool::new(false),
            cut: AtomicBool::new(false),
        }
    }

    /// The connection waits; returns whether it must end instead, because the server stops.
    #[inline]
    pub(super) fn idle(&self) -> bool {
        self.state.store(IDLE, Ordering::SeqCst);
        self.stopping.load(Ordering::SeqCst) && self.leave_idle(ENDING)
    }

    #[inline]
    pub(super) fn busy(&self) {
        self.leave_idle(BUSY);
    }

    /// The server stops; returns whether the connection was idle and ends now.
    pub(super) fn stop(&self) -> bool {
        self.stopping.store(true, Ordering::SeqCst);
        self.leave_idle(ENDING)
    }

    /// The stop's deadline has passed: the caller ends the connection, whatever it does.
    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        self.stop();
    }

    /// Whether the stop has ended what the connection reads.
    pub(super) fn is_ending(&self) -> bool {
        self.state.load(Ordering::Relaxed) == ENDING || self.cut.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Either a request comes or the end: one of them is first.
    #[inline]
    fn leave_idle(&self, to: u8) -> bool {
        let (success, failure) = (Ordering::SeqCst, Ordering::Relaxed);
        self.state
            .compare_exchange(IDLE, to, success, failure)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_or_the_end_is_first_and_the_other_changes_nothing() {
        let activity = Activity::new();
        assert!(!activity.idle());
        activity.busy();
        assert!(
            !activity.stop() && !activity.is_ending(),
            "its response comes first"
        );
        assert!(activity.idle() && activity.is_ending(), "then it ends");
        activity.busy();
        assert!(activity.is_ending() && activity.is_stopping());

        let activity = Activity::new();
        activity.idle();
        assert!(activity.stop() && activity.is_ending());
        assert!(!activity.stop(), "it ends once");

        let activity = Activity::new();
        activity.stop();
        assert!(!activity.is_ending(), "the response comes first");
        activity.cut();
        assert!(activity.is_ending(), "or the deadline");
    }
}
