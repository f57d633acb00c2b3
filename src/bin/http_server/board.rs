//! A notice board: what one client publishes, the clients that wait for news get.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The last notices, and how many there ever were.
#[derive(Default)]
pub(crate) struct Board {
    notices: Mutex<(u64, String)>,
    news: Condvar,
}

impl Board {
    pub(crate) fn publish(&self, text: &str) {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        *notices = (notices.0 + 1, text.to_owned());
        self.news.notify_all();
    }

    /// The number of the newest notice.
    pub(crate) fn newest(&self) -> u64 {
        self.notices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// Waits for a notice after number `seen`, for `most` at the longest.
    pub(crate) fn wait(&self, seen: u64, most: Duration) -> Option<(u64, String)> {
        let until = Instant::now() + most;
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        while notices.0 <= seen {
            let left = until.checked_duration_since(Instant::now())?;
            (notices, _) = self
                .news
                .wait_timeout(notices, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
        Some(notices.clone())
    }
}
