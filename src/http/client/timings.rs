//! Where the time of a request went.

use std::time::{Duration, Instant};

/// How long the parts of a request took; a part that did not happen (a connection that was there
/// already) is zero.
///
/// ```text
///   ├ queue ┤├ resolve ┤├ connect ┤├ secure ┤├ send, and wait ──┤├ body …
///   ├ first_byte ───────────────────────────────────────────────┤
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    pub(super) began: Instant,
    /// Waiting for a socket of the agent.
    pub queue: Duration,
    /// Looking the name up.
    pub resolve: Duration,
    /// Connecting.
    pub connect: Duration,
    /// The TLS handshake.
    pub secure: Duration,
    /// From the beginning to the first byte of the final head.
    pub first_byte: Duration,
    /// The connection had served another request before.
    pub reused: bool,
}

impl Timings {
    pub(super) fn start() -> Timings {
        Timings {
            began: Instant::now(),
            queue: Duration::ZERO,
            resolve: Duration::ZERO,
            connect: Duration::ZERO,
            secure: Duration::ZERO,
            first_byte: Duration::ZERO,
            reused: false,
        }
    }

    /// From the beginning until now: ask when the body has been read.
    pub fn total(&self) -> Duration {
        self.began.elapsed()
    }
}
