//! A limit of time as a number, so that an atomic holds it and two compare in one instruction.

use std::time::Duration;

/// In microseconds, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Limit(u64);

impl Limit {
    /// Later than every other limit.
    pub(super) const NONE: Limit = Limit(u64::MAX);

    #[inline]
    pub(super) fn from_micros(micros: u64) -> Limit {
        Limit(micros.max(1))
    }

    #[inline]
    pub(super) fn micros(self) -> u64 {
        self.0
    }

    pub(super) fn duration(self) -> Option<Duration> {
        (self != Limit::NONE).then(|| Duration::from_micros(self.0))
    }

    /// What is left of it when `micros` have passed.
    #[inline]
    pub(super) fn less(self, micros: u64) -> Limit {
        match self {
            Limit::NONE => Limit::NONE,
            Limit(limit) => Limit::from_micros(limit.saturating_sub(micros)),
        }
    }
}

impl From<Option<Duration>> for Limit {
    #[inline]
    fn from(limit: Option<Duration>) -> Limit {
        limit.map_or(Limit::NONE, |limit| {
            Limit(micros(limit).clamp(1, Limit::NONE.0 - 1))
        })
    }
}

pub(super) fn micros(d: Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(u64::MAX)
}
