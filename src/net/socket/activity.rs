//! When a byte last moved. Costs nothing until somebody wants to know.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(super) struct Activity {
    born: Instant,
    /// In microseconds; zero: nobody watches.
    limit: AtomicU64,
    /// Microseconds from `born`.
    last: AtomicU64,
}

impl Default for Activity {
    fn default() -> Activity {
        Activity {
            born: Instant::now(),
            limit: AtomicU64::new(0),
            last: AtomicU64::new(0),
        }
    }
}

impl Activity {
    /// From now on, so long without a byte is idle.
    pub(super) fn watch(&self, limit: Option<Duration>) {
        let limit = limit.map_or(0, |limit| micros(limit).max(1));
        self.last.store(self.now(), Ordering::Relaxed);
        self.limit.store(limit, Ordering::Relaxed);
    }

    pub(super) fn limit(&self) -> Option<Duration> {
        let limit = self.limit.load(Ordering::Relaxed);
        (limit != 0).then(|| Duration::from_micros(limit))
    }

    /// A byte moved.
    #[inline]
    pub(super) fn seen(&self) {
        if self.limit.load(Ordering::Relaxed) != 0 {
            self.last.store(self.now(), Ordering::Relaxed);
        }
    }

    /// When that was, on a scale of its own: equal values, nothing has moved between.
    pub(super) fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// How much of the limit is left; `None` without a limit.
    pub(super) fn left(&self) -> Option<Duration> {
        let still = Duration::from_micros(self.now().saturating_sub(self.last()));
        Some(self.limit()?.saturating_sub(still))
    }

    fn now(&self) -> u64 {
        micros(self.born.elapsed())
    }
}

pub(super) fn micros(d: Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(u64::MAX)
}
