//! Whether the response is still wanted: a request that waits asks its caller every 100 ms. A `false` cancels the
//! request, as its [handle](super::handle) does.

use super::handle::Shared;
use crate::http::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a request waits between two questions.
const INTERVAL: Duration = Duration::from_millis(100);

/// Asks the caller of a request, on its own thread. Code that waits cuts its wait into slices of
/// [`limit`](Wanted::limit), and calls [`check`](Wanted::check) before each of them.
#[derive(Default)]
pub(super) struct Wanted<'a> {
    /// `None`: the caller is not asked.
    asking: Option<Asking<'a>>,
}

struct Asking<'a> {
    is_wanted: &'a mut (dyn FnMut() -> bool + 'a),
    /// When it was asked the last time.
    asked: Instant,
    request: Arc<Shared>,
}

impl<'a> Wanted<'a> {
    /// Cancels `request` once `is_wanted` returns `false`.
    pub(super) fn asking(
        is_wanted: &'a mut (dyn FnMut() -> bool + 'a),
        request: Arc<Shared>,
    ) -> Wanted<'a> {
        let asked = Instant::now();
        Wanted {
            asking: Some(Asking {
                is_wanted,
                asked,
                request,
            }),
        }
    }

    /// How long a wait may last until the next question.
    pub(super) fn limit(&self, left: Duration) -> Duration {
        match self.asking {
            Some(_) => left.min(INTERVAL),
            None => left,
        }
    }

    /// Asks, unless the caller was asked less than an interval ago.
    ///
    /// # Errors
    /// The caller no longer wants the response: that of a cancelled request.
    pub(super) fn check(&mut self) -> Result<(), Error> {
        let Some(asking) = &mut self.asking else {
            return Ok(());
        };
        if asking.asked.elapsed() < INTERVAL {
            return Ok(());
        }
        asking.asked = Instant::now();
        if !(asking.is_wanted)() {
            asking.request.cancel();
        }
        asking.request.check()
    }
}
