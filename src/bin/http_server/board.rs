//! A notice board: each notice that one client publishes goes to all clients that wait.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The number and the text of the last notice.
#[derive(Default)]
pub(crate) struct Board {
    notices: Mutex<(u64, String)>,
    news: Condvar,
}

impl Board {
    pub(crate) fn publish(&self, text: &str) {
        let mut notices = self.lock();
        *notices = (notices.0 + 1, text.to_owned());
        self.news.notify_all();
    }

    /// The number of the newest notice.
    pub(crate) fn newest(&self) -> u64 {
        self.lock().0
    }

    /// Waits for a notice after number `seen`, until the timeout.
    pub(crate) fn wait(&self, seen: u64, timeout: Duration) -> Option<(u64, String)> {
        let is_old = |notices: &mut (u64, String)| notices.0 <= seen;
        let woken = self.news.wait_timeout_while(self.lock(), timeout, is_old);
        let (notices, waited) = woken.unwrap_or_else(PoisonError::into_inner);
        (!waited.timed_out()).then(|| notices.clone())
    }

    fn lock(&self) -> MutexGuard<'_, (u64, String)> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
