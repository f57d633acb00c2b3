//! How slow a peer may be: one rule for all protocols, without a clock.
//!
//! 1. While we wait for a peer, some byte moves within `stall_timeout`.
//! 2. Each `min_bytes_per_second` · `stall_timeout` bytes take no longer than `stall_timeout` of waiting.
//!
//! The first rule alone would let a peer hold a thread for ever with one byte every 29 seconds. The second
//! counts from the last byte of the quota before, so a fast start does not make up for a slow end:
//!
//! ```text
//!   bytes    2 MB at once │ 100 │ 100 │ 100 │ …           quota: 256 · 30 = 7,680 bytes
//!   stretch  ────────────▶│ begins here, and is judged 30 s later: 3,000 bytes are too few
//! ```
//!
//! A buffer of the kernel takes a write, not the peer's program. What the two kernels exchange after that buffer
//! is full does not show that the program reads. So for writes ([`Pace::of_writes`]) a stretch begins with a
//! [moment](MOMENT) in which neither time nor bytes count.

use std::time::Duration;

/// No byte moved for `stall_timeout`, or too few did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooSlow;

/// How long the kernels exchange bytes that the peer's program has not asked for, at most. With a short
/// `stall_timeout` it is that divided by [`MOMENTS`].
const MOMENT: Duration = Duration::from_secs(1);
const MOMENTS: u32 = 32;
/// How long a write waits before it is tried again, at most: a kernel with little room wakes no thread.
const LONGEST_SLICE: Duration = Duration::from_secs(5);
const SHORTEST_SLICE: Duration = Duration::from_millis(1);

/// Adds up the time spent waiting for a peer, and the bytes that moved meanwhile. Time in which no thread
/// waits for the peer (a handler computes) does not count.
///
/// A connection has one for each direction, so its times are nanoseconds in 64 bits: half of what a [`Duration`] takes.
#[derive(Clone, Debug)]
#[repr(C)] // a peer that keeps up costs a look at the first field
pub(crate) struct Pace {
    /// Waited in the present stretch, and what moved in it.
    waited: u64,
    bytes: u64,
    /// Waited since the last byte.
    still: u64,
    stall_timeout: u64,
    /// The bytes that end a stretch.
    quota: u64,
    /// The beginning of a stretch, which does not count: a second at most.
    moment: u32,
}

impl Pace {
    /// The pace of what the peer sends: no wait is longer than `stall_timeout` without a byte, and
    /// each such stretch of waiting reaches `min_bytes_per_second`.
    pub(crate) fn new(stall_timeout: Duration, min_bytes_per_second: u64) -> Pace {
        Pace::after(Duration::ZERO, stall_timeout, min_bytes_per_second)
    }

    /// The same for what we send.
    pub(crate) fn of_writes(stall_timeout: Duration, min_bytes_per_second: u64) -> Pace {
        let moment = MOMENT.min(stall_timeout / MOMENTS);
        Pace::after(moment, stall_timeout, min_bytes_per_second)
    }

    fn after(moment: Duration, stall_timeout: Duration, min_bytes_per_second: u64) -> Pace {
        let millis = u64::try_from(stall_timeout.as_millis()).unwrap_or(u64::MAX);
        Pace {
            stall_timeout: nanos(stall_timeout),
            moment: nanos(moment) as u32,
            quota: millis.saturating_mul(min_bytes_per_second) / 1000,
            still: 0,
            waited: 0,
            bytes: 0,
        }
    }

    /// A new body, or a new stretch: what was before does not count.
    pub(crate) fn restart(&mut self) {
        (self.still, self.waited, self.bytes) = (0, 0, 0);
    }

    /// `bytes` moved, and no thread had to wait.
    #[inline]
    pub(crate) fn went(&mut self, bytes: usize) {
        self.still = 0;
        if self.waited >= self.moment.into() {
            self.count(bytes);
        }
    }

    #[inline]
    fn count(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if self.bytes >= self.quota {
            (self.waited, self.bytes) = (0, 0);
        }
    }

    /// Whether we have waited for the peer in this stretch.
    #[inline]
    pub(crate) fn is_waiting(&self) -> bool {
        self.waited > 0
    }

    /// How long the peer may go on as it does.
    pub(crate) fn left(&self) -> Duration {
        let counted = self.waited.saturating_sub(self.moment.into());
        let left = self.stall_timeout.saturating_sub(self.still.max(counted));
        Duration::from_nanos(left)
    }

    /// How long a write may wait before it is tried again: first for half of a [moment](MOMENT), then for as
    /// long as was waited already; the last try is half of a moment before the end.
    pub(crate) fn slice(&self) -> Duration {
        let half = Duration::from_nanos(u64::from(self.moment) / 2);
        let (waited, left) = (Duration::from_nanos(self.waited), self.left());
        let slice = waited.max(half).min(LONGEST_SLICE);
        let most = if left > half { left - half } else { left };
        slice.min(most).max(SHORTEST_SLICE)
    }

    /// We waited for `time`, and `bytes` moved meanwhile.
    ///
    /// # Errors
    /// [`TooSlow`]: the caller ends the connection.
    pub(crate) fn waited(&mut self, time: Duration, bytes: usize) -> Result<(), TooSlow> {
        let (before, time) = (self.waited, nanos(time));
        self.waited = self.waited.saturating_add(time);
        if bytes == 0 {
            self.still = self.still.saturating_add(time);
        } else {
            self.still = 0;
            if before >= self.moment.into() {
                self.count(bytes);
            }
        }
        match self.left().is_zero() {
            true => Err(TooSlow),
            false => Ok(()),
        }
    }
}

/// The same in nanoseconds; 584 years if it is longer.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Which calls are timed, so that no clock is read while the peer keeps up.
///
/// A call that finds no room, or not enough, is known by its result. One that waits and then takes
/// everything is not: to find those, one call in [`SAMPLE`] is timed, and every call after a slow one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sampling {
    /// Calls until the next that is timed; 0 after a slow one.
    untimed: u32,
}

const SAMPLE: u32 = 16;
/// A call that takes longer has waited for the peer.
const QUICK: Duration = Duration::from_millis(1);

impl Sampling {
    /// The first calls are taken for quick.
    pub(crate) fn quick() -> Sampling {
        Sampling {
            untimed: SAMPLE - 1,
        }
    }

    /// A new series of calls begins: the first of it are timed only if the last one before was slow.
    #[inline]
    pub(crate) fn restart(&mut self) {
        if self.untimed > 0 {
            self.untimed = SAMPLE - 1;
        }
    }

    /// Whether to read the clock before the next call, and after it.
    #[inline]
    pub(crate) fn is_timed(&mut self) -> bool {
        let is_timed = self.untimed == 0;
        self.untimed = self.untimed.saturating_sub(1);
        is_timed
    }

    /// How long the call waited, if it was timed; and whether it took all that it was offered. Returns
    /// whether it is known to have waited for the peer.
    #[inline]
    pub(crate) fn called(&mut self, waited: Option<Duration>, took_all: bool) -> bool {
        let is_slow = !took_all || waited.is_some_and(|waited| waited >= QUICK);
        if is_slow {
            self.untimed = 0;
        } else if waited.is_some() {
            self.untimed = SAMPLE - 1;
        }
        is_slow
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

    #[test]
    fn fault_b01_a_short_series_of_quick_calls_is_not_timed() {
        let (mut sampling, quick) = (Sampling::quick(), Some(Duration::ZERO));
        for _ in 0..100 {
            sampling.restart();
            for _ in 2..SAMPLE {
                assert!(!sampling.is_timed());
                sampling.called(None, true);
            }
        }
        assert!(!sampling.is_timed());
        assert!(sampling.is_timed(), "the sixteenth");
        sampling.called(Some(QUICK), true);
        sampling.restart();
        assert!(sampling.is_timed(), "the last one was slow");
        sampling.called(quick, true);
        assert!(!sampling.is_timed());
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
        assert_eq!(slow_seconds(&mut pace), 29);
        // Neither if it comes in the middle of what would be a stretch.
        pace.restart();
        assert!(pace.waited(Duration::from_secs(20), 1 << 30).is_ok());
        assert_eq!(slow_seconds(&mut pace), 29);
    }

    fn slow_seconds(pace: &mut Pace) -> usize {
        (0..600)
            .take_while(|_| pace.waited(Duration::from_secs(1), 1).is_ok())
            .count()
    }

    /// What a write finds of a peer with a receive buffer of 4 KiB that reads 250 and 300 bytes a second:
    /// the kernel takes megabytes at first, a little more half a second later, and then pieces.
    #[test]
    fn fault_b01_what_the_kernels_exchange_at_first_does_not_count() {
        let cut_after = |takes: &[(u64, usize)]| {
            let mut pace = Pace::of_writes(Duration::from_secs(30), 256);
            pace.went(2_700_000);
            let (mut now, mut takes) = (Duration::ZERO, takes.iter().peekable());
            while now < Duration::from_secs(60) {
                let slice = pace.slice();
                let here = takes.next_if(|take| Duration::from_millis(take.0) <= now);
                now += slice;
                if pace.waited(slice, here.map_or(0, |take| take.1)).is_err() {
                    return Some(now.as_secs());
                }
            }
            None
        };
        let nothing = [(280, 95_232)];
        let by_250 = [(280, 2048), (8480, 6144), (32_980, 4096), (57_500, 8192)];
        let by_300 = [(280, 2048), (7130, 6144), (28_250, 4096), (49_210, 8192)];
        assert_eq!(cut_after(&nothing), Some(30));
        assert_eq!(cut_after(&by_250), Some(30));
        assert_eq!(cut_after(&by_300), None);
    }

    #[test]
    fn a_write_is_tried_again_soon_then_rarely_and_shortly_before_the_end() {
        let mut pace = Pace::of_writes(Duration::from_secs(30), 256);
        let mut slices = Vec::new();
        loop {
            let slice = pace.slice();
            slices.push(slice.as_millis());
            if pace.waited(slice, 0).is_err() {
                break;
            }
        }
        assert_eq!(
            slices,
            [468, 468, 937, 1875, 3750, 5000, 5000, 5000, 5000, 2031, 468]
        );
        let forever = Pace::of_writes(Duration::MAX, u64::MAX);
        assert_eq!(forever.slice(), MOMENT / 2);
        let never = Pace::of_writes(Duration::ZERO, 256);
        assert_eq!(never.slice(), SHORTEST_SLICE);
    }
}
