//! The engine: threads that wait in `accept` and serve what they accept.
//!
//! ```text
//!                  ┌──────────── a place is free ───────────┐
//!                  │                                        ▼
//!   spawned ──► parked                                  waiting, in accept()
//!                  ▲                                        │ a newcomer; if no other thread
//!                  │                                        ▼ is idle, one is spawned
//!                  └─── fewer than `spare_threads` ────  serving
//!                       are idle                            │ enough are idle
//!                                                           ▼
//!                                                          gone
//! ```
//!
//! *Idle* threads are those without a connection. Three sentences hold at all times:
//! 1. `live + waiting <= max_connections`: whoever waits in `accept` has a place for whom it
//!    gets. So the limit is never passed, and at the limit nobody accepts: newcomers stay in the
//!    kernel's queue, and one thread is parked until a [`Slot`] is dropped.
//! 2. A thread leaves only when another is idle (or the server stops). So there is always one
//!    that is idle or will be, and a server whose spawns fail is slow but never deaf for good.
//! 3. The listening descriptor belongs to those who wait in `accept`, and to the state until the
//!    server stops. So it is closed as soon as both are done with it, however long others serve.
//!
//! The user's code (service, hooks, drops) is never called with the lock held.

use std::fmt;
use std::io::{self, ErrorKind};
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::addr::Addr;
use super::door::Door;
use super::listener::{Options, Service};
use super::registry::Registry;
use super::slot::{Slot, Stop};
use super::stream::Stream;

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Engine {
    address: Addr,
    options: Options,
    service: Box<dyn Service>,
    stopping: AtomicBool,
    state: Mutex<State>,
    /// Rung for the parked when a place is free, and by stop.
    place: Condvar,
    /// Rung by stop, for whoever rests after an error.
    bell: Condvar,
    /// Rung when everything has ended.
    end: Condvar,
}

pub(super) struct State {
    /// None once the server stops.
    door: Option<Arc<Door>>,
    registry: Registry,
    /// Threads without a connection: starting, parked, waiting, or resting after an error.
    idle: usize,
    /// Those of them that wait for a place.
    pub(super) parked: usize,
    /// Those of them that have one and wait in `accept`.
    waiting: usize,
    /// Threads in [`Service::connection`].
    serving: usize,
    /// The deadline of a shutdown has passed.
    cutting: bool,
    closed: Closed,
}

/// Whether the service has been told that everything has ended.
#[derive(PartialEq, Eq)]
enum Closed {
    No,
    BeingTold,
    Yes,
}

impl State {
    pub(super) fn connections(&self) -> usize {
        self.registry.live()
    }

    pub(super) fn threads(&self) -> usize {
        self.idle + self.serving
    }

    fn stopping(&self) -> bool {
        self.door.is_none()
    }
}

/// The life of a thread.
impl Engine {
    pub(super) fn start(
        door: Door,
        address: Addr,
        options: Options,
        service: Box<dyn Service>,
    ) -> io::Result<Arc<Engine>> {
        let state = State {
            door: Some(Arc::new(door)),
            registry: Registry::default(),
            idle: 1,
            parked: 0,
            waiting: 0,
            serving: 0,
            cutting: false,
            closed: Closed::No,
        };
        let engine = Arc::new(Engine {
            address,
            options,
            service,
            stopping: AtomicBool::new(false),
            state: Mutex::new(state),
            place: Condvar::new(),
            bell: Condvar::new(),
            end: Condvar::new(),
        });
        engine.spawn()?;
        Ok(engine)
    }

    /// Starts a thread that the state counts as idle already.
    fn spawn(self: &Arc<Self>) -> io::Result<()> {
        let engine = Arc::clone(self);
        thread::Builder::new()
            .name("barewire".to_owned())
            .stack_size(self.options.stack_size)
            .spawn(move || engine.work())
            .map(drop)
    }

    fn work(self: &Arc<Self>) {
        let mut pause = FIRST_PAUSE;
        let mut door = self.take_place(self.lock());
        while let Some(open) = door {
            let accepted = open.accept();
            drop(open);
            door = match accepted {
                Ok(stream) => {
                    pause = FIRST_PAUSE;
                    self.serve(stream)
                }
                Err(e) => self.rest(&e, &mut pause),
            };
        }
    }

    /// Parks this idle thread until there is a place. With the place it gets the door, to wait
    /// there; None: it must leave.
    fn take_place(&self, mut state: MutexGuard<'_, State>) -> Option<Arc<Door>> {
        loop {
            let Some(door) = &state.door else {
                state.idle -= 1;
                self.close_if_over(state);
                return None;
            };
            if state.registry.live() + state.waiting < self.options.max_connections {
                let door = Arc::clone(door);
                state.waiting += 1;
                return Some(door);
            }
            state.parked += 1;
            state = self
                .place
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.parked -= 1;
        }
    }

    fn serve(self: &Arc<Self>, stream: Arc<dyn Stream>) -> Option<Arc<Door>> {
        let mut state = self.lock();
        state.waiting -= 1;
        if state.stopping() {
            drop(state);
            drop(stream); // came too late
            return self.take_place(self.lock());
        }
        let slot = Slot::new(self, state.registry.insert(&stream));
        state.idle -= 1;
        state.serving += 1;
        self.keep_one_idle(state);
        guarded(|| self.service.connection(stream, slot));

        let mut state = self.lock();
        state.serving -= 1;
        if !state.stopping() && state.idle >= self.options.spare_threads.max(1) {
            return None;
        }
        state.idle += 1;
        self.take_place(state)
    }

    /// Spawns a thread if none is idle. If that fails it tries again a few times, since whoever
    /// is served for hours from now on would leave the server deaf for as long.
    fn keep_one_idle<'a>(self: &'a Arc<Self>, mut state: MutexGuard<'a, State>) {
        let mut pause = FIRST_PAUSE;
        while state.idle == 0 && !state.stopping() {
            state.idle = 1;
            drop(state);
            let Err(e) = self.spawn() else { return };
            self.lock().idle -= 1;
            guarded(|| self.service.accept_error(&e));
            if pause >= LONGEST_PAUSE {
                return;
            }
            self.pause(pause);
            pause *= 2;
            state = self.lock();
        }
    }

    /// After a failed `accept`: on to the next, at once or after a pause that doubles each time.
    fn rest(&self, error: &io::Error, pause: &mut Duration) -> Option<Arc<Door>> {
        let mut state = self.lock();
        state.waiting -= 1;
        if state.stopping() || concerns_one_newcomer(error) {
            return self.take_place(state);
        }
        drop(state);
        guarded(|| self.service.accept_error(error));
        self.pause(*pause);
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        self.take_place(self.lock())
    }

    fn pause(&self, pause: Duration) {
        let until_stop = |state: &mut State| !state.stopping();
        drop(self.bell.wait_timeout_while(self.lock(), pause, until_stop));
    }
}

/// Errors of a connection that ended before it was accepted (or of a signal): the next may do
/// better at once. All others, as when descriptors or memory have run out, would come again and
/// again.
fn concerns_one_newcomer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Interrupted
            | ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::NetworkDown
            | ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
    )
}

/// What [`Slot`] asks for.
impl Engine {
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(super) fn set_hook(&self, seat: usize, hook: Arc<dyn Stop>) {
        let mut state = self.lock();
        let before = state.registry.set_hook(seat, Arc::clone(&hook));
        let (stopping, cutting) = (state.stopping(), state.cutting);
        drop(state);
        drop(before);
        match (cutting, stopping) {
            (true, _) => guarded(|| hook.cut()),
            (_, true) => guarded(|| hook.drain()),
            _ => {}
        }
    }

    /// A connection has ended.
    pub(super) fn release(&self, seat: usize) {
        let entry = self.lock().registry.remove(seat);
        drop(entry); // it may hold the stream: that is gone before anybody hears of the end
        let state = self.lock();
        if state.stopping() {
            self.close_if_over(state);
        } else if state.parked > 0 {
            drop(state);
            self.place.notify_one();
        }
    }
}

/// What [`Handle`](super::Handle) asks for.
impl Engine {
    pub(super) fn address(&self) -> &Addr {
        &self.address
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how many connections there were.
    pub(super) fn stop(&self) -> usize {
        let mut state = self.lock();
        let before = state.connections();
        let Some(door) = state.door.take() else {
            return before;
        };
        self.stopping.store(true, Ordering::Release);
        door.shut();
        drop(door); // still under the lock: who sees `waiting == 0` afterwards sees it closed
        self.place.notify_all();
        self.bell.notify_all();
        let entries = state.registry.entries();
        drop(state);
        for entry in entries {
            guarded(|| entry.drain());
        }
        before
    }

    /// Ends every connection that is left; returns how many there were.
    pub(super) fn cut(&self) -> usize {
        let mut state = self.lock();
        state.cutting = true;
        let entries = state.registry.entries();
        drop(state);
        for entry in &entries {
            guarded(|| entry.cut());
        }
        entries.len()
    }

    /// Waits until everything has ended, or until then; true if it has.
    pub(super) fn wait_closed(&self, until: Option<Instant>) -> bool {
        let mut state = self.lock();
        while state.closed != Closed::Yes {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            state = match left {
                None => self.end.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return false,
                Some(left) => {
                    let woken = self.end.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        true
    }

    /// Whoever leaves last tells the service.
    fn close_if_over(&self, mut state: MutexGuard<'_, State>) {
        let over = state.stopping() && state.threads() == 0 && state.connections() == 0;
        if !over || state.closed != Closed::No {
            return;
        }
        state.closed = Closed::BeingTold;
        drop(state);
        guarded(|| self.service.closed());
        self.lock().closed = Closed::Yes;
        self.end.notify_all();
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Runs code that is not ours. The panic has been reported by the panic hook; it ends nothing.
pub(super) fn guarded(theirs: impl FnOnce()) {
    let _ = panic::catch_unwind(AssertUnwindSafe(theirs));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lasting_want_makes_us_pause() {
        for passing in [ErrorKind::ConnectionAborted, ErrorKind::Interrupted] {
            assert!(concerns_one_newcomer(&passing.into()));
        }
        // Linux: ENFILE, EMFILE, ENOBUFS, ENOMEM, EINVAL
        for lasting in [23, 24, 105, 12, 22] {
            assert!(!concerns_one_newcomer(&io::Error::from_raw_os_error(
                lasting
            )));
        }
    }
}
