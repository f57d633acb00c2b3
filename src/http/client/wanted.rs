//! Whether the response is still wanted: a request that waits asks its caller every 100 ms.

use crate::http::error::Error;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// How long a request waits between two questions.
const INTERVAL: Duration = Duration::from_millis(100);

/// Asks the caller of a request. Code that waits cuts its wait into slices of [`limit`](Wanted::limit), and
/// calls [`check`](Wanted::check) before each of them.
#[derive(Default)]
pub(super) struct Wanted<'a> {
    /// The question, and when it was asked the last time. `None`: the caller is not asked.
    ask: Option<(&'a mut (dyn FnMut() -> bool + 'a), Instant)>,
    given_up: bool,
}

impl<'a> Wanted<'a> {
    pub(super) fn asking(ask: &'a mut (dyn FnMut() -> bool + 'a)) -> Wanted<'a> {
        Wanted {
            ask: Some((ask, Instant::now())),
            given_up: false,
        }
    }

    /// How long a wait may last until the next question.
    pub(super) fn limit(&self, left: Duration) -> Duration {
        match self.ask {
            Some(_) => left.min(INTERVAL),
            None => left,
        }
    }

    /// Asks, unless the caller was asked less than an interval ago.
    ///
    /// # Errors
    /// The caller no longer wants the response: [`ErrorKind::ConnectionAborted`].
    pub(super) fn check(&mut self) -> Result<(), Error> {
        let Some((ask, asked)) = &mut self.ask else {
            return Ok(());
        };
        if asked.elapsed() < INTERVAL {
            return Ok(());
        }
        *asked = Instant::now();
        if ask() {
            return Ok(());
        }
        self.given_up = true;
        let text = "the request was given up, because its caller no longer wanted the response";
        Err(io::Error::new(ErrorKind::ConnectionAborted, text).into())
    }

    /// A check has failed.
    pub(super) fn was_given_up(&self) -> bool {
        self.given_up
    }
}
