//! Whether a connection waits for bytes that no response depends on, and whether its server stops. The
//! connection's thread and the stopping thread compete for the state: either the bytes count, or the end.
//!
//! ```text
//!   Busy ── the connection waits ──▶ Idle ── bytes have come ──▶ Busy
//!                                     │
//!                                     └── the server stops ──▶ Ending
//! ```
//!
//! An HTTP connection waits so for a next request, for the rest of its head, for the rest of a body that is
//! dropped, and for the client's end behind the last response. A [`Framed`](super::Framed) socket waits so
//! between two messages.
//!
//! The thread that brings the state to `Ending` ends reading (`shutdown(Read)`), which wakes the read that waits.
//! What has come already can still be read.
//!
//! A connection that was accepted after the stop, from a socket that other processes share, is `Late`: its peer cannot
//! know of the stop, and its first wait does not end.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// The connection waits for bytes that nothing depends on.
const IDLE: u8 = 0;
/// A request or a message is being read, or is being answered.
const BUSY: u8 = 1;
/// The connection was idle when its server stopped: what is read now may be cut anywhere.
const ENDING: u8 = 2;
/// The server was stopping when the connection began, and nothing has come yet.
const LATE: u8 = 3;

#[derive(Debug)]
pub(crate) struct DrainState {
    state: AtomicU8,
    stopping: AtomicBool,
    cut: AtomicBool,
}

impl DrainState {
    pub(crate) fn new() -> DrainState {
        DrainState {
            state: AtomicU8::new(BUSY),
            stopping: AtomicBool::new(false),
            cut: AtomicBool::new(false),
        }
    }

    /// The connection begins late: see [`Slot::is_late`](super::Slot::is_late).
    pub(crate) fn begin_late(&self) {
        self.state.store(LATE, Ordering::SeqCst);
    }

    /// The connection waits; returns whether the caller is to end reading, because the server stops. `is_first`: nothing
    /// has come on the connection yet.
    #[inline]
    pub(crate) fn idle(&self, is_first: impl FnOnce() -> bool) -> bool {
        let before = self.state.swap(IDLE, Ordering::SeqCst);
        if !self.stopping.load(Ordering::SeqCst) {
            return false;
        }
        if before == LATE && is_first() {
            self.leave_idle(LATE);
            return false;
        }
        self.leave_idle(ENDING)
    }

    /// The wait is over.
    #[inline]
    pub(crate) fn busy(&self) {
        self.leave_idle(BUSY);
    }

    /// The server stops; returns whether the caller is to end reading, because the connection is idle.
    pub(crate) fn stop(&self) -> bool {
        self.stopping.store(true, Ordering::SeqCst);
        self.leave_idle(ENDING)
    }

    /// The stop's deadline has passed: the caller ends the connection, whatever it does.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        self.stop();
    }

    /// Whether the stop has ended what the connection reads. Then the peer has broken no rule.
    pub(crate) fn is_ending(&self) -> bool {
        self.state.load(Ordering::Relaxed) == ENDING || self.cut.load(Ordering::Relaxed)
    }

    /// Whether the connection waits for bytes that nothing depends on, or has done so when its server stopped.
    pub(crate) fn is_idle(&self) -> bool {
        self.state.load(Ordering::Relaxed) != BUSY
    }

    #[inline]
    pub(crate) fn is_stopping(&self) -> bool {
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
        let state = DrainState::new();
        assert!(!state.idle(|| true));
        state.busy();
        assert!(
            !state.stop() && !state.is_ending(),
            "its response comes first"
        );
        assert!(state.idle(|| true) && state.is_ending(), "then it ends");
        state.busy();
        assert!(state.is_ending() && state.is_stopping());

        let state = DrainState::new();
        state.idle(|| true);
        assert!(state.stop() && state.is_ending());
        assert!(!state.stop(), "it ends once");

        let state = DrainState::new();
        state.stop();
        state.begin_late();
        for _ in 0..2 {
            assert!(!state.idle(|| true), "it is late: it may bring one request");
            assert!(!state.stop() && !state.is_ending());
            state.busy();
        }
        assert!(state.idle(|| false) && state.is_ending(), "and no other");

        let state = DrainState::new();
        state.stop();
        assert!(!state.is_ending(), "the response comes first");
        state.cut();
        assert!(state.is_ending(), "or the deadline");
    }
}
