//! System calls that a signal interrupts.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// A wait that signals interrupt. The kernel's timer begins anew with each call, so signals that come often would
/// hold it back. From the first signal on the wait is measured.
#[derive(Default)]
pub(crate) struct Interruptions {
    since: Option<Instant>,
}

impl Interruptions {
    /// Whether to call again after one more; the error is that of a timeout.
    #[cold]
    pub(crate) fn again(&mut self, limit: Option<Duration>) -> io::Result<()> {
        let since = *self.since.get_or_insert_with(Instant::now);
        match limit.is_some_and(|limit| since.elapsed() >= limit) {
            true => Err(ErrorKind::WouldBlock.into()),
            false => Ok(()),
        }
    }
}

/// Calls again if a signal has interrupted the call.
pub(super) fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
