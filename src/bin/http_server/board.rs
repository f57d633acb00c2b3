//! A notice board: each notice that one client publishes goes to all clients that wait.
//!
//! A notice has a number, and the board keeps the last ones. A client that was away for a while asks for all that
//! follow the last number it has seen. The board names the numbers that it no longer keeps.
//!
//! ```text
//!   seen: 4      lost: 5, 6       kept: 7 8 9
//!   ─────────────┴────────────────┴──────────▶ news: 7 8 9, and what was lost
//! ```

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many notices are kept.
const KEPT: usize = 100;
/// The longest notice.
const MAX_BYTES: usize = 8 * 1024;

#[derive(Default)]
pub(crate) struct Board {
    notices: Mutex<Notices>,
    published: Condvar,
}

#[derive(Default)]
struct Notices {
    /// The number of the last notice; they count from 1.
    newest: u64,
    kept: VecDeque<Arc<str>>,
}

/// The notices that a client has not seen yet.
pub(crate) struct News {
    pub(crate) notices: Vec<(u64, Arc<str>)>,
    /// The numbers of the notices that are no longer kept.
    pub(crate) lost: Option<RangeInclusive<u64>>,
}

pub(crate) struct TooLong;

impl Board {
    /// Returns the number of the notice.
    pub(crate) fn publish(&self, text: &str) -> Result<u64, TooLong> {
        if text.len() > MAX_BYTES {
            return Err(TooLong);
        }
        let mut notices = self.lock();
        if notices.kept.len() == KEPT {
            notices.kept.pop_front();
        }
        notices.kept.push_back(text.into());
        notices.newest += 1;
        self.published.notify_all();
        Ok(notices.newest)
    }

    /// The number of the last notice.
    pub(crate) fn newest(&self) -> u64 {
        self.lock().newest
    }

    /// The number after which a client that has seen `seen` continues. A number that was never given comes from a
    /// server that ran before: its client has seen none of these notices.
    pub(crate) fn resumed(&self, seen: u64) -> u64 {
        match seen > self.newest() {
            true => 0,
            false => seen,
        }
    }

    /// Waits for notices behind number `seen`, until the timeout.
    pub(crate) fn wait(&self, seen: u64, timeout: Duration) -> Option<News> {
        let is_old = |notices: &mut Notices| notices.newest <= seen;
        let waited = self
            .published
            .wait_timeout_while(self.lock(), timeout, is_old);
        let (notices, _) = waited.unwrap_or_else(PoisonError::into_inner);
        notices.behind(seen)
    }

    fn lock(&self) -> MutexGuard<'_, Notices> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notices {
    fn behind(&self, seen: u64) -> Option<News> {
        let oldest = self.newest + 1 - self.kept.len() as u64;
        let numbered = (oldest..).zip(self.kept.iter().cloned());
        let notices: Vec<_> = numbered.filter(|(number, _)| *number > seen).collect();
        (!notices.is_empty()).then(|| News {
            notices,
            lost: (seen + 1 < oldest).then(|| seen + 1..=oldest - 1),
        })
    }
}

impl News {
    /// The number of the last of them.
    pub(crate) fn last(&self) -> u64 {
        self.notices.last().map_or(0, |(number, _)| *number)
    }

    /// `5-6`, if notices are lost.
    pub(crate) fn lost(&self) -> Option<String> {
        let lost = self.lost.as_ref()?;
        Some(format!("{}-{}", lost.start(), lost.end()))
    }
}
