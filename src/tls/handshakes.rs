//! How long handshakes may take, and how they ended.

use super::stream::Tls;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Longer than any handshake takes.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// The end of `timeout` from now on, or of a year if that is shorter.
pub(super) fn deadline_in(timeout: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(timeout.min(LONGEST)).unwrap_or(now)
}

/// How many handshakes of a context there have been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handshakes {
    /// With certificate and signature.
    pub full: u64,
    /// That went on with an earlier session.
    pub resumed: u64,
    /// That led to nothing.
    pub failed: u64,
}

#[derive(Default)]
pub(super) struct Count {
    full: AtomicU64,
    resumed: AtomicU64,
    failed: AtomicU64,
}

impl Count {
    pub(super) fn one(&self, made: Option<&Tls>) {
        let which = match made.map(Tls::is_session_reused) {
            Some(false) => &self.full,
            Some(true) => &self.resumed,
            None => &self.failed,
        };
        which.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn so_far(&self) -> Handshakes {
        Handshakes {
            full: self.full.load(Ordering::Relaxed),
            resumed: self.resumed.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }
}
