//! How slow a peer may be: one rule for all protocols, without a clock.
//!
//! 1. While we wait for a peer, some byte moves within `stall_timeout`.
//! 2. Over each `stall_timeout` of waiting, `min_bytes_per_second` bytes a second move on average.
//!
//! The first rule alone would let a peer hold a thread for ever with one byte every 29 seconds.

use std::time::Duration;

/// No byte moved for `stall_timeout`, or too few did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooSlow;

/// Adds up the time spent waiting for a peer, and the bytes that moved meanwhile. Time in which no thread
/// waits for the peer (a handler computes) does not count.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    stall_timeout: Duration,
    min_bytes_per_second: u64,
    /// Waited since the last byte.
    still: Duration,
    /// Waited in the present stretch, and what moved in it.
    waited: Duration,
    bytes: u64,
}

impl Pace {
    /// Waits no longer than `stall_timeout` without a byte, and asks for `min_bytes_per_second`
    /// over each such stretch of waiting.
    pub(crate) fn new(stall_timeout: Duration, min_bytes_per_second: u64) -> Pace {
        Pace {
            stall_timeout,
            min_bytes_per_second,
            still: Duration::ZERO,
            waited: Duration::ZERO,
            bytes: 0,
        }
    }

    /// A new body, or a new stretch: what was before does not count.
    pub(crate) fn restart(&mut self) {
        (self.still, self.waited, self.bytes) = (Duration::ZERO, Duration::ZERO, 0);
    }

    /// `bytes` moved, and no thread had to wait.
    #[inline]
    pub(crate) fn went(&mut self, bytes: usize) {
        self.still = Duration::ZERO;
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }

    /// How long the peer may stand still from now on.
    pub(crate) fn left(&self) -> Duration {
        self.stall_timeout.saturating_sub(self.still)
    }

    /// We waited for `time`, and `bytes` moved.
    ///
    /// # Errors
    /// [`TooSlow`]: the peer is to be given up.
    pub(crate) fn waited(&mut self, time: Duration, bytes: usize) -> Result<(), TooSlow> {
        self.still = if bytes == 0 {
            self.still.saturating_add(time)
        } else {
            Duration::ZERO
        };
        self.waited = self.waited.saturating_add(time);
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if self.still >= self.stall_timeout {
            return Err(TooSlow);
        }
        if self.waited >= self.stall_timeout {
            let millis = u64::try_from(self.waited.as_millis()).unwrap_or(u64::MAX);
            let required = millis.saturating_mul(self.min_bytes_per_second) / 1000;
            if self.bytes < required {
                return Err(TooSlow);
            }
            (self.waited, self.bytes) = (Duration::ZERO, 0);
        }
        Ok(())
    }
}

/// Which calls are timed, so that no clock is read while the peer keeps up.
///
/// A call that finds no room, or not enough, is known by its result. One that waits and then takes
/// everything is not: to find those, one call in [`SAMPLE`] is timed, and every call after a slow one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sampling {
    /// Calls until the next that is timed.
    untimed: u32,
}

const SAMPLE: u32 = 16;
/// A call that takes longer has waited for the peer.
const QUICK: Duration = Duration::from_millis(1);

impl Sampling {
    /// Whether to read the clock before the next call, and after it.
    #[inline]
    pub(crate) fn is_timed(&mut self) -> bool {
        let is_timed = self.untimed == 0;
        self.untimed = self.untimed.saturating_sub(1);
        is_timed
    }

    /// How long the call waited, if it was timed; and whether it took all that it was offered.
    #[inline]
    pub(crate) fn called(&mut self, waited: Option<Duration>, took_all: bool) {
        match waited {
            _ if !took_all => self.untimed = 0,
            Some(waited) if waited >= QUICK => self.untimed = 0,
            Some(_) => self.untimed = SAMPLE - 1,
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_read_where_there_may_be_something_to_wait_for() {
        let (mut sampling, quick) = (Sampling::default(), Some(Duration::ZERO));
        let timed = |sampling: &mut Sampling| {
            let mut timed = 0;
            for _ in 0..160 {
                let is_timed = sampling.is_timed();
                timed += u32::from(is_timed);
                sampling.called(quick.filter(|_| is_timed), true);
            }
            timed
        };
        assert_eq!(timed(&mut sampling), 10, "one in sixteen");
        while sampling.is_timed() {
            sampling.called(quick, true);
        }
        sampling.called(None, false);
        assert!(sampling.is_timed(), "there was no room");
        for _ in 0..100 {
            sampling.called(Some(QUICK), true);
            assert!(sampling.is_timed(), "it waits and takes everything");
        }
    }

    fn pace() -> Pace {
        Pace::new(Duration::from_secs(30), 256)
    }

    #[test]
    fn standing_still_counts_only_from_the_last_byte() {
        let mut pace = pace();
        assert!(pace.waited(Duration::from_secs(29), 0).is_ok());
        assert!(pace.waited(Duration::from_millis(10), 100_000).is_ok());
        assert!(pace.waited(Duration::from_secs(29), 0).is_ok());
        assert!(pace.waited(Duration::from_secs(1), 0).is_err());
    }

    #[test]
    fn a_byte_a_second_is_too_slow_and_a_kilobyte_is_not() {
        let seconds = |bytes: usize| {
            let mut pace = pace();
            (0..600)
                .take_while(|_| pace.waited(Duration::from_secs(1), bytes).is_ok())
                .count()
        };
        assert_eq!(seconds(1), 29);
        assert_eq!(seconds(1024), 600);
    }

    #[test]
    fn what_needs_no_wait_counts_too() {
        let mut pace = pace();
        for _ in 0..100 {
            // 20 kB in two seconds, most of it while no thread waits
            assert!(pace.waited(Duration::from_secs(2), 100).is_ok());
            (0..200).for_each(|_| pace.went(100));
        }
    }

    #[test]
    fn a_fast_start_does_not_pay_for_a_slow_end() {
        let mut pace = pace();
        assert!(pace.waited(Duration::from_secs(31), 1 << 30).is_ok());
        let slow = (0..600)
            .take_while(|_| pace.waited(Duration::from_secs(1), 1).is_ok())
            .count();
        assert_eq!(slow, 29);
    }
}
