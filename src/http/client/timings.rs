//! How long the parts of a request took.

use std::time::{Duration, Instant};

/// How long the parts of a request took. A part that did not happen (connecting, on a connection that
/// was open already) is zero.
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
    /// Resolving the name.
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

    /// From the beginning until now. After the body has been read, this is the whole request.
    pub fn total(&self) -> Duration {
        self.began.elapsed()
    }
}
