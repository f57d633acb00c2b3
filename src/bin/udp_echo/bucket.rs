//! A token bucket: [`MOST`] events at once, and [`PER_SECOND`] events a second.

use std::time::Instant;

/// Full, it allows this many events at once.
pub(crate) const MOST: f64 = 500.0;
/// How many events a second fill it again.
const PER_SECOND: f64 = 100.0;

pub(crate) struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    pub(crate) fn full(now: Instant) -> Bucket {
        Bucket {
            tokens: MOST,
            filled: now,
        }
    }

    /// Whether one more event is allowed now.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        self.fill(now);
        let is_allowed = self.tokens >= 1.0;
        self.tokens -= f64::from(u8::from(is_allowed));
        is_allowed
    }

    pub(crate) fn is_full(&mut self, now: Instant) -> bool {
        self.fill(now);
        self.tokens >= MOST
    }

    fn fill(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + seconds * PER_SECOND).min(MOST);
        self.filled = now;
    }
}
