//! Opening a connection: on the caller's thread, or on another where the request can be cancelled.
//!
//! ```text
//!   caller   ──┬──────── wait ─────────► the connection,  or  cancelled, given up, late: an error at once
//!   opening    └─ connect ── secure ──┘                        … goes on for nobody, and drops the connection
//! ```
//!
//! What nobody wants any more is cut where its connection is known: a tunnel that a proxy is asked for, a handshake.
//! A look-up and a TCP connection that is being made cannot be called off: the opening thread goes on until its
//! deadline, without its caller. Its slot of the agent is free at once, as long as fewer than [`MAX_ABANDONED`]
//! openings go on for nobody; beyond that it stays with the opening. So requests that are begun and cancelled again
//! and again collect neither threads nor connections.

use super::connection::{BoxedConnection, ClientConnection};
use super::deadlines::{Deadlines, Timeouts};
use super::handle::Shared;
use super::origin::{Connected, Origin};
use super::progress::Progress;
use super::timings::{Phase, Timings};
use super::wanted::Wanted;
use crate::http::error::Error;
use crate::http::wire::Scheme;
use crate::net::worker::{self, Reporter};
use crate::net::{self, is_timeout};
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

/// How many openings of the process may go on for nobody without a slot of their agent.
const MAX_ABANDONED: usize = 64;

/// Connects to the origin, within the phase `connect` of the deadlines. `slot` is what the connection is counted
/// by; it comes back with the connection, or is dropped.
///
/// # Errors
/// No connection, a deadline, or the request is cancelled.
pub(super) fn open<S: Send + 'static>(
    origin: &Origin,
    slot: S,
    deadlines: &mut Deadlines,
    timeouts: &Timeouts,
    timings: &mut Timings,
    wanted: &mut Wanted<'_>,
) -> Result<(BoxedConnection, S), Error> {
    deadlines.begin(Phase::Connect, Some(timeouts.connect));
    let handle = deadlines.handle().map(Arc::clone);
    let progress = Progress::new(handle.clone());
    let origin = origin.reporting_to(&progress);
    let opened = match &handle {
        Some(handle) => open_elsewhere(&origin, slot, deadlines, wanted, handle, &progress),
        None => {
            let connected = connect(&origin, deadlines.next(), &progress);
            connected.map_err(Error::from).map(|it| (it, slot))
        }
    };
    let (connected, slot) = opened.map_err(|error| named(error, deadlines, &progress))?;
    timings.resolve = connected.resolve;
    timings.connect = connected.connect;
    timings.secure = connected.secure;
    Ok((ClientConnection::boxed(connected.stream), slot))
}

/// The error of a deadline says which step has not ended.
fn named(error: Error, deadlines: &Deadlines, progress: &Progress) -> Error {
    if !matches!(&error, Error::Io(e) if is_timeout(e)) {
        return error;
    }
    if let (Some(limit), Ok(())) = (deadlines.passed(), deadlines.check_cancelled()) {
        return progress.timed_out(limit);
    }
    deadlines.left().err().unwrap_or(error)
}

/// Both steps.
fn connect(origin: &Origin, deadline: Instant, progress: &Progress) -> io::Result<Connected> {
    let connector = origin.connector();
    let plain = origin.tapped(connector.connect(origin, deadline)?);
    progress.connected(&plain.stream)?;
    if origin.scheme() == Scheme::Https {
        progress.securing(origin);
    }
    connector.secure(plain, origin, deadline)
}

/// The connection stands before the slot, so that it is closed before the slot goes to another request.
struct Opened<S> {
    connected: io::Result<Connected>,
    slot: Option<S>,
}

enum Event<S> {
    /// `Err`: a connector has panicked.
    Opened(thread::Result<Opened<S>>),
    Cancelled,
}

/// Opens on a thread of its own, and waits for it as long as the request goes on.
fn open_elsewhere<S: Send + 'static>(
    origin: &Origin,
    slot: S,
    deadlines: &Deadlines,
    wanted: &mut Wanted<'_>,
    handle: &Arc<Shared>,
    progress: &Arc<Progress>,
) -> Result<(Connected, S), Error> {
    let (reporter, events) = worker::results();
    let attempt = Abandoned(Arc::new(Attempt {
        progress: Arc::clone(progress),
        state: Mutex::new(AttemptState {
            slot: Some(slot),
            counted: None,
        }),
    }));
    let waker = reporter.clone();
    let _waking = handle.on_cancel(move || waker.report(Event::Cancelled))?;
    start(origin, deadlines.next(), &attempt, reporter);
    loop {
        let left = wanted.limit(deadlines.left()?);
        let until = Instant::now().checked_add(left);
        match events.take_until(until.unwrap_or_else(|| deadlines.next())) {
            Some(Event::Opened(Ok(opened))) => {
                progress.succeeded();
                let connected = opened.connected?;
                let slot = opened.slot.ok_or(io::ErrorKind::ConnectionAborted);
                return Ok((connected, slot.map_err(io::Error::from)?));
            }
            Some(Event::Opened(Err(panic))) => panic::resume_unwind(panic),
            Some(Event::Cancelled) | None => wanted.check()?,
        }
    }
}

/// Starts the opening thread. If the system has no thread, the caller's thread opens the connection: then the
/// request is cancelled when that has ended.
fn start<S: Send + 'static>(
    origin: &Origin,
    deadline: Instant,
    attempt: &Abandoned<S>,
    reporter: Reporter<Event<S>>,
) {
    let work = {
        let (origin, attempt) = (origin.clone(), Arc::clone(&attempt.0));
        move || {
            let call = AssertUnwindSafe(|| connect(&origin, deadline, &attempt.progress));
            let connected = panic::catch_unwind(call);
            let (slot, _counted) = attempt.ended(); // counted until the connection is dropped
            let opened = connected.map(|connected| Opened { connected, slot });
            reporter.report(Event::Opened(opened)); // if nobody waits, it is dropped here
        }
    };
    let work = Arc::new(work);
    let name = format!("connect {origin}");
    let on_thread = Arc::clone(&work);
    if worker::spawn(&name, Box::new(move || on_thread())).is_err() {
        work();
    }
}

/// What the opening thread and its caller share.
struct Attempt<S> {
    progress: Arc<Progress>,
    state: Mutex<AttemptState<S>>,
}

struct AttemptState<S> {
    /// Until the opening has ended, or has lost it.
    slot: Option<S>,
    /// The opening goes on without its slot.
    counted: Option<Counted>,
}

impl<S> Attempt<S> {
    fn ended(&self) -> (Option<S>, Option<Counted>) {
        let mut state = net::lock(&self.state);
        (state.slot.take(), state.counted.take())
    }
}

/// One of the openings that go on for nobody, and without a slot.
struct Counted(&'static AtomicUsize);

static ABANDONED: AtomicUsize = AtomicUsize::new(0);

impl Counted {
    /// `None`: there are [`MAX_ABANDONED`] already.
    fn among(all: &'static AtomicUsize) -> Option<Counted> {
        let one_more = |now: usize| (now < MAX_ABANDONED).then_some(now + 1);
        let counted = all.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        counted.ok().map(|_| Counted(all))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// If it is dropped, the caller waits no longer.
struct Abandoned<S>(Arc<Attempt<S>>);

impl<S> Drop for Abandoned<S> {
    fn drop(&mut self) {
        self.0.progress.abandon(); // before the slot goes to another request
        let mut state = net::lock(&self.0.state);
        let mut slot = None;
        if state.slot.is_some() {
            state.counted = Counted::among(&ABANDONED); // the opening has not ended
        }
        if state.counted.is_some() {
            slot = state.slot.take();
        }
        drop(state);
        drop(slot); // without the lock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openings_that_go_on_for_nobody_are_bounded() {
        let all: &AtomicUsize = Box::leak(Box::default());
        let mut counted: Vec<_> = (0..MAX_ABANDONED).map(|_| Counted::among(all)).collect();
        assert!(counted.iter().all(Option::is_some));
        assert!(
            Counted::among(all).is_none(),
            "beyond that, an opening keeps its slot"
        );
        counted.pop();
        assert!(Counted::among(all).is_some());
    }
}
