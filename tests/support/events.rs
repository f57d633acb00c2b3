//! What happened, in order; and who may go on when.

use super::PATIENCE;
use barewire::http::{ClientEvents, Error, Handled, Request, Response, ServerEvents};
use barewire::net::Stream;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A diary that handlers write and tests read. Clones are the same diary.
#[derive(Clone, Default)]
pub(crate) struct Log {
    shared: Arc<(Mutex<Vec<String>>, Condvar)>,
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, what: impl fmt::Display) {
        self.lock().push(what.to_string());
        self.shared.1.notify_all();
    }

    /// Everything so far.
    pub(crate) fn all(&self) -> Vec<String> {
        self.lock().clone()
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.lock().iter().filter(|entry| *entry == what).count()
    }

    /// Waits until there is such an entry.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str) {
        self.wait_for_several(what, 1);
    }

    /// Waits until there are `times` of them.
    #[track_caller]
    pub(crate) fn wait_for_several(&self, what: &str, times: usize) {
        let missing =
            |log: &mut Vec<String>| log.iter().filter(|entry| *entry == what).count() < times;
        let waited = self
            .shared
            .1
            .wait_timeout_while(self.lock(), PATIENCE, missing);
        let (log, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        let log = log.clone(); // so that the lock is free when the assertion fails
        assert!(!waited.timed_out(), "no {what:?} ({times}) among {log:#?}");
    }
}

/// A handler that waits must not come back before its client has given up, or that client's test
/// would pass late instead of failing.
const LONGER: Duration = Duration::from_secs(PATIENCE.as_secs() * 3 / 2);

/// Closed until somebody opens it, and then open for ever. It is made of a lock and a condition
/// variable, so a handler that waits here waits for something the server cannot see.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    shared: Arc<(Mutex<bool>, Condvar)>,
}

impl Gate {
    pub(crate) fn open(&self) {
        *self.shared.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.1.notify_all();
    }

    /// Waits until it is open.
    #[track_caller]
    pub(crate) fn pass(&self) {
        let open = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .shared
            .1
            .wait_timeout_while(open, LONGER, |open| !*open);
        let timed_out = waited.unwrap_or_else(PoisonError::into_inner).1.timed_out();
        assert!(!timed_out, "nobody opened the gate");
    }
}

/// Events of which a test needs two: a request, and what went wrong with it.
pub(crate) struct Reporting {
    log: Log,
    handler: Box<HandlerFn>, // boxed: one server for all of them, not one for each handler
}

type HandlerFn = dyn Fn(Request<'_>, Response<'_>) -> Handled + Send + Sync;

impl Reporting {
    /// What is reported to [`ServerEvents::error`] is noted in `log`.
    pub(crate) fn new(
        log: &Log,
        handler: impl Fn(Request<'_>, Response<'_>) -> Handled + Send + Sync + 'static,
    ) -> Reporting {
        let log = log.clone();
        let handler = Box::new(handler);
        Reporting { log, handler }
    }
}

impl ServerEvents for Reporting {
    fn request(&self, request: Request<'_>, response: Response<'_>) -> Handled {
        (self.handler)(request, response)
    }

    fn error(&self, what: &dyn fmt::Display) {
        self.log.note(what);
    }
}

/// Lets the server speak once the connection is open and before the request is sent. Clones are of the same
/// connection: one is the events of the request, the server has another.
#[derive(Clone, Default)]
pub(crate) struct Early {
    may_speak: Gate,
    has_spoken: Gate,
}

impl Early {
    /// The server's part: `speak` sends what comes before the request.
    pub(crate) fn speak(&self, speak: impl FnOnce()) {
        self.may_speak.pass();
        speak();
        self.has_spoken.open();
    }
}

impl ClientEvents for Early {
    fn socket(&mut self, _stream: &dyn Stream, reused: bool) {
        assert!(!reused);
        self.may_speak.open();
        self.has_spoken.pass();
    }
}
