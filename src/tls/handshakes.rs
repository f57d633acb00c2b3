//! How long handshakes may take, and how many there were.

use super::stream::Tls;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Longer than any handshake takes: an `Instant` cannot express every `Duration`.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// The deadline `timeout` from now, or a year from now if that is sooner.
pub(super) fn deadline_in(timeout: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(timeout.min(LONGEST)).unwrap_or(now)
}

/// The handshakes of a context, counted: [`ServerContext::handshakes`](super::ServerContext::handshakes) and
/// [`ClientContext::handshakes`](super::ClientContext::handshakes) return them.
///
/// ```
/// use barewire::tls::{ClientContext, ClientOptions, Handshakes};
///
/// let context = ClientContext::new(&ClientOptions::new())?;
/// let Handshakes { full, resumed, failed } = context.handshakes();
/// println!("{failed} of {} failed", full + resumed + failed);
/// # Ok::<(), barewire::tls::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handshakes {
    /// Handshakes with certificate and signature.
    pub full: u64,
    /// Handshakes that resumed an earlier session.
    pub resumed: u64,
    /// Handshakes that failed.
    pub failed: u64,
}

#[derive(Default)]
pub(super) struct Counter {
    full: AtomicU64,
    resumed: AtomicU64,
    failed: AtomicU64,
}

impl Counter {
    pub(super) fn add<E>(&self, handshake: &Result<Box<Tls>, E>) {
        let count = match handshake {
            Ok(tls) if tls.is_session_reused() => &self.resumed,
            Ok(_) => &self.full,
            Err(_) => &self.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> Handshakes {
        Handshakes {
            full: self.full.load(Ordering::Relaxed),
            resumed: self.resumed.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }
}
