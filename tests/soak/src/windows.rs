//! When the test itself takes away what a server needs for a new connection.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How soon a server must accept again after descriptors or threads are back.
pub(crate) const BACK_WITHIN: Duration = Duration::from_secs(2);

/// Times in which a new connection may fail or wait. A connection that is open goes on, always.
#[derive(Default)]
pub(crate) struct Windows(Mutex<Vec<Window>>);

struct Window {
    from: Instant,
    to: Option<Instant>,
}

impl Windows {
    pub(crate) fn begin(&self) {
        let from = Instant::now();
        self.change(|windows| windows.push(Window { from, to: None }));
    }

    pub(crate) fn end(&self) {
        let to = Some(Instant::now() + BACK_WITHIN);
        self.change(|windows| {
            if let Some(last) = windows.last_mut() {
                last.to = to;
            }
        });
    }

    /// Whether something that began at `start` and ends now fell into one.
    pub(crate) fn meet(&self, start: Instant) -> bool {
        self.change(|windows| {
            let now = Instant::now();
            windows
                .iter()
                .any(|window| window.from <= now && window.to.is_none_or(|to| to >= start))
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<Window>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
