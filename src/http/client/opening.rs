//! Opening a connection: on the caller's thread, or on another where the request can be cancelled.
//!
//! ```text
//!   caller   ──┬──────── wait ─────────► the connection,  or  cancelled, given up, late: an error at once
//!   opening    └─ connect ── secure ──┘                        … goes on with the slot, and drops both
//! ```
//!
//! A look-up and a TCP connection that is being made cannot be called off: then the opening thread goes on until
//! its deadline, without its caller, and the slot of the agent stays with it until then. So requests that are begun
//! and cancelled again and again open no more connections at once than others. A handshake is cut, because the
//! connection under it is known.

use super::connection::ClientConnection;
use super::deadlines::{Deadlines, Timeouts};
use super::handle::Shared;
use super::origin::{Connected, Origin};
use super::timings::{Phase, Timings};
use super::wanted::Wanted;
use crate::http::error::Error;
use crate::http::wire::Scheme;
use crate::net::worker::{self, Reporter};
use crate::net::{self, Stream, is_timeout};
use std::io::{self, ErrorKind};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Instant;

/// Connects to the origin, within the phase `connect` of the deadlines. `slot` is what the connection is counted
/// by; it comes back with the connection, or is dropped once nothing is opened any more.
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
) -> Result<(ClientConnection, S), Error> {
    deadlines.begin(Phase::Connect, Some(timeouts.connect));
    let opened = match deadlines.handle().map(Arc::clone) {
        Some(handle) => open_elsewhere(origin, slot, deadlines, wanted, &handle)?,
        None => Opened {
            connected: connect(origin, deadlines.next(), |_| Ok(())),
            slot,
        },
    };
    let connected = opened.connected.map_err(|e| match deadlines.left() {
        Err(late) if is_timeout(&e) => late,
        _ => e.into(),
    })?;
    timings.resolve = connected.resolve;
    timings.connect = connected.connect;
    timings.secure = connected.secure;
    Ok((ClientConnection::new(connected.stream), opened.slot))
}

/// Both steps. `on_plain` is called between them.
fn connect(
    origin: &Origin,
    deadline: Instant,
    on_plain: impl FnOnce(&Connected) -> io::Result<()>,
) -> io::Result<Connected> {
    let connector = origin.connector();
    let plain = connector.connect(origin, deadline)?;
    on_plain(&plain)?;
    connector.secure(plain, origin, deadline)
}

/// The connection stands before the slot, so that it is closed before the slot goes to another request.
struct Opened<S> {
    connected: io::Result<Connected>,
    slot: S,
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
) -> Result<Opened<S>, Error> {
    let (reporter, events) = worker::results();
    let attempt = Abandoned(Arc::default());
    let waker = reporter.clone();
    let _waking = handle.on_cancel(move || waker.report(Event::Cancelled))?;
    start(origin, slot, deadlines.next(), &attempt, handle, reporter);
    loop {
        let left = wanted.limit(deadlines.left()?);
        let until = Instant::now().checked_add(left);
        match events.take_until(until.unwrap_or_else(|| deadlines.next())) {
            Some(Event::Opened(Ok(opened))) => {
                attempt.succeeded();
                return Ok(opened);
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
    slot: S,
    deadline: Instant,
    attempt: &Abandoned,
    handle: &Arc<Shared>,
    reporter: Reporter<Event<S>>,
) {
    // What a thread that cannot be started does not take along.
    let slot = Arc::new(Mutex::new(Some(slot)));
    let work = {
        let (origin, attempt, handle) =
            (origin.clone(), Arc::clone(&attempt.0), Arc::clone(handle));
        move || {
            let Some(slot) = net::lock(&slot).take() else {
                return;
            };
            let on_plain = |plain: &Connected| attempt.on_plain(plain, &origin, &handle);
            let call = AssertUnwindSafe(|| connect(&origin, deadline, on_plain));
            let opened = panic::catch_unwind(call);
            let opened = opened.map(|connected| Opened { connected, slot });
            reporter.report(Event::Opened(opened));
        }
    };
    let work = Arc::new(work);
    let name = format!("connect {origin}");
    let on_thread = Arc::clone(&work);
    if worker::spawn(&name, Box::new(move || on_thread())).is_err() {
        work();
    }
}

/// The connection under a handshake, while there is one.
#[derive(Default)]
struct Attempt(Mutex<AttemptState>);

#[derive(Default)]
struct AttemptState {
    is_abandoned: bool,
    plain: Option<Weak<dyn Stream>>,
}

impl Attempt {
    /// The first step has succeeded.
    fn on_plain(&self, plain: &Connected, origin: &Origin, handle: &Shared) -> io::Result<()> {
        let mut state = net::lock(&self.0);
        if state.is_abandoned {
            return Err(ErrorKind::ConnectionAborted.into()); // nobody sees it
        }
        state.plain = Some(Arc::downgrade(&plain.stream));
        if origin.scheme() == Scheme::Https {
            handle.enter(Phase::Secure);
        }
        Ok(())
    }
}

/// If it is dropped, the caller waits no longer: a handshake that is under way is cut.
struct Abandoned(Arc<Attempt>);

impl Abandoned {
    /// There is nothing to cut: the caller has the connection.
    fn succeeded(&self) {
        net::lock(&self.0.0).plain = None;
    }
}

impl Drop for Abandoned {
    fn drop(&mut self) {
        let mut state = net::lock(&self.0.0);
        state.is_abandoned = true;
        let plain = state.plain.take();
        drop(state);
        if let Some(plain) = plain.and_then(|plain| plain.upgrade()) {
            let _ = plain.abort(); // it may be gone already
        }
    }
}
