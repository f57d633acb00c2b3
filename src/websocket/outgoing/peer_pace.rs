//! How fast the peer takes what is written, as far as the writes of this side show it.

use crate::net::{Pace, Sampling};
use std::mem;
use std::time::{Duration, Instant};

/// A write that took longer has waited for the peer.
const PROMPT: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) struct PeerPace {
    pace: Pace,
    /// Around which writes the clock is read.
    sampling: Sampling,
    /// Whether the peer has let us wait since bytes have left.
    blocked: bool,
    signs_of_life: u64,
}

impl PeerPace {
    pub(super) fn new(pace: Pace) -> PeerPace {
        PeerPace {
            pace,
            sampling: Sampling::default(),
            blocked: false,
            signs_of_life: 0,
        }
    }

    /// How often bytes have left that had to wait: each time the peer's TCP has made room for them.
    pub(super) fn signs_of_life(&self) -> u64 {
        self.signs_of_life
    }

    /// The time at which the next write begins, if the clock is read around it: around one write in a few, and
    /// around each while the peer lets us wait. `always`: around this one in any case.
    #[inline]
    pub(super) fn starts_clock(&mut self, always: bool) -> Option<Instant> {
        (self.sampling.is_timed() || always).then(Instant::now)
    }

    /// `bytes` have left at once.
    #[inline]
    pub(super) fn went(&mut self, bytes: usize) {
        self.pace.went(bytes);
    }

    /// The peer may have let a write wait, which began at `since` or took a whole `slice`; `bytes` have left,
    /// `all` that were offered or not. False: the peer takes nothing, or less than it must.
    #[cold]
    pub(super) fn has_waited(
        &mut self,
        since: Option<Instant>,
        slice: Duration,
        bytes: usize,
        all: bool,
    ) -> bool {
        let waited = match since {
            Some(since) => since.elapsed(),
            // The clock was not read: a write that took nothing has waited for its whole slice.
            None if bytes == 0 => slice,
            None => Duration::ZERO,
        };
        self.sampling.called(since.is_some().then_some(waited), all);
        self.blocked |= waited > PROMPT;
        if bytes > 0 && mem::take(&mut self.blocked) {
            self.signs_of_life += 1;
        }
        self.pace.waited(waited, bytes).is_ok()
    }
}
