//! The engine: threads that wait in `accept` and serve what they accept.
//!
//! Which of them does what is decided by [`Workers`]: see the diagram there. Here they wait, accept and
//! serve. Beside the two sentences there, a third one holds:
//! 3. The listening socket is held by the threads that wait in `accept`, and by the state until the
//!    server stops. So it is closed as soon as both have dropped it, however long other threads serve.
//!
//! When the last idle thread gets a connection and no other can be spawned, it serves. The
//! [clock](super::clock) then retries the spawn: after 10 ms, 20 ms … and once a second from then on. Its
//! thread is started together with the server: later, when threads have run out, it could not be.
//!
//! The user's code (service, hooks, drops) is never called with the lock held.

mod ending;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::addr::Addr;
use super::clock::{KeepRunning, Timed, Timer, call_after, keep_running};
use super::guarded::guarded;
use super::listen_socket::ListenSocket;
use super::lock::{lock, wait};
use super::observer::TapEvent;
use super::registry::{Registry, counted_address};
use super::service::{Options, Service};
use super::sharing::Sharing;
use super::slot::{Slot, Slots, Stop, StopReason};
use super::snapshot::Snapshot;
use super::stream::Stream;
use super::tap::Tap;
use super::workers::{Accepting, Next, Workers};

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Starts a thread that does the engine's work.
pub(super) type StartThread = dyn Fn(thread::Builder, Arc<Engine>) -> io::Result<()> + Send + Sync;

/// What the engine has from the system. Tests have threads that cannot be started, and longer pauses.
pub(super) struct System {
    pub(super) start_thread: Box<StartThread>,
    /// How long a thread pauses after a failed `accept`. It doubles with each further failure.
    pub(super) first_pause: Duration,
}

impl Default for System {
    fn default() -> System {
        System {
            start_thread: Box::new(Engine::start_thread),
            first_pause: FIRST_PAUSE,
        }
    }
}

pub(super) struct Engine {
    address: Addr,
    options: Options,
    service: Box<dyn Service>,
    system: System,
    /// Other processes accept from the socket: what is accepted after the stop is served.
    is_shared: bool,
    stopping: Arc<AtomicBool>,
    state: Mutex<State>,
    /// How often a connection was refused something, by rule.
    refusals: Mutex<BTreeMap<&'static str, u64>>,
    /// Notified when a parked thread can accept, and by `stop`.
    slot_free: Condvar,
    /// Notified by `stop`, for threads that pause after an error.
    stopped: Condvar,
    /// Notified when everything has ended.
    ended: Condvar,
}

pub(super) struct State {
    /// None once the server stops.
    socket: Option<Arc<ListenSocket>>,
    /// So that spawns can be retried. None once the server stops.
    clock: Option<KeepRunning>,
    registry: Registry,
    pub(super) workers: Workers,
    /// How long until the next retry of a spawn.
    retry_pause: Duration,
    /// Why the server stops, once it does.
    reason: Option<StopReason>,
    /// The deadline of a shutdown has passed.
    cutting: bool,
    closed: Closed,
}

/// Whether [`Service::closed`] has been called.
#[derive(PartialEq, Eq)]
enum Closed {
    No,
    InProgress,
    Yes,
}

/// The life of a thread.
impl Engine {
    pub(super) fn start(
        socket: ListenSocket,
        address: Addr,
        options: Options,
        service: Box<dyn Service>,
        system: System,
    ) -> io::Result<Arc<Engine>> {
        let sharing = socket.sharing();
        let is_shared = sharing.is_some();
        let accepting = sharing.map_or(Accepting::UNLIMITED, Sharing::accepting);
        let workers = Workers::new(options.max_connections, options.spare_threads, accepting);
        let state = State {
            socket: Some(Arc::new(socket)),
            clock: Some(keep_running()?),
            registry: Registry::default(),
            workers,
            retry_pause: FIRST_PAUSE,
            reason: None,
            cutting: false,
            closed: Closed::No,
        };
        let engine = Arc::new(Engine {
            address,
            options,
            service,
            system,
            is_shared,
            stopping: Arc::default(),
            state: Mutex::new(state),
            refusals: Mutex::default(),
            slot_free: Condvar::new(),
            stopped: Condvar::new(),
            ended: Condvar::new(),
        });
        engine.spawn()?;
        Ok(engine)
    }

    /// Starts a thread that the state counts as idle already.
    fn spawn(self: &Arc<Self>) -> io::Result<()> {
        let builder = thread::Builder::new()
            .name("barewire".to_owned())
            .stack_size(self.options.stack_size);
        (self.system.start_thread)(builder, Arc::clone(self))
    }

    pub(super) fn start_thread(builder: thread::Builder, engine: Arc<Engine>) -> io::Result<()> {
        builder.spawn(move || engine.work()).map(drop)
    }

    fn work(self: &Arc<Self>) {
        let mut pause = self.system.first_pause;
        let mut next = self.wait_for_slot(self.lock());
        while let Some(socket) = next {
            let accepted = socket.accept();
            drop(socket);
            next = match accepted {
                Ok(stream) => {
                    pause = self.system.first_pause;
                    self.serve(stream)
                }
                Err(e) => self.pause_after(&e, &mut pause),
            };
        }
    }

    /// Parks this idle thread until a slot is free. With the slot it gets the listening socket, to accept
    /// from; `None`: it must end.
    fn wait_for_slot(&self, mut state: MutexGuard<'_, State>) -> Option<Arc<ListenSocket>> {
        let next = state.workers.next();
        self.follow(next, state)
    }

    fn follow(
        &self,
        mut next: Next,
        mut state: MutexGuard<'_, State>,
    ) -> Option<Arc<ListenSocket>> {
        loop {
            match next {
                Next::Accept => return state.socket.clone(),
                Next::Leave => {
                    self.close_if_over(state);
                    return None;
                }
                Next::Park => {}
            }
            state = wait(&self.slot_free, state, None);
            state.workers.unparked();
            next = state.workers.next();
        }
    }

    fn serve(self: &Arc<Self>, stream: Arc<dyn Stream>) -> Option<Arc<ListenSocket>> {
        let stream = match &self.options.tap {
            Some(observer) => Arc::new(Tap::new(stream, Arc::clone(observer), true)),
            None => stream,
        };
        let limit = self.options.max_connections_per_address;
        let peer = limit.and_then(|_| stream.peer_addr().ok());
        let address = peer.and_then(|peer| counted_address(&peer));
        let mut state = self.lock();
        state.workers.accept_returned();
        let too_many = limit
            .zip(address)
            .is_some_and(|(limit, address)| state.registry.count_at(address) >= limit);
        if too_many || (state.workers.stopping() && !self.is_shared) {
            drop(state);
            if too_many {
                self.refused("MaxConnectionsPerAddress");
            }
            drop(stream);
            return self.wait_for_slot(self.lock());
        }
        let number = state.registry.insert(&stream, address);
        let server = Arc::clone(self) as Arc<dyn Slots>;
        let slot = Slot::new(server, Arc::clone(&self.stopping), number);
        let (wants_thread, wakes) = (state.workers.serve(), state.workers.wakes());
        drop(state);
        if wants_thread {
            self.spawn_or_retry();
        }
        if wakes {
            self.slot_free.notify_one();
        }
        if let Some(tapped) = stream.tapped() {
            tapped.passed(TapEvent::Connected);
        }
        let _ = guarded(|| self.service.connection(stream, slot));

        let mut state = self.lock();
        match state.workers.served() {
            true => self.wait_for_slot(state),
            false => None,
        }
    }

    /// No other thread is idle: spawns one, or has the clock try again.
    fn spawn_or_retry(self: &Arc<Self>) {
        let Err(error) = self.spawn() else { return };
        let mut state = self.lock();
        let retries = state.workers.spawn_failed();
        state.retry_pause = FIRST_PAUSE;
        drop(state);
        if retries {
            let engine: Weak<Engine> = Arc::downgrade(self);
            call_after(FIRST_PAUSE, Timer::Retry, engine);
        }
        let _ = guarded(|| self.service.accept_error(&error));
    }

    /// After a failed `accept`: the next one, at once or after a pause that doubles each time.
    fn pause_after(&self, error: &io::Error, pause: &mut Duration) -> Option<Arc<ListenSocket>> {
        let mut state = self.lock();
        state.workers.accept_returned();
        if state.workers.stopping() || concerns_one_connection(error) {
            return self.wait_for_slot(state);
        }
        if self.is_shared && error.kind() == ErrorKind::WouldBlock {
            let next = state.workers.next_after_tick();
            return self.follow(next, state);
        }
        drop(state);
        let _ = guarded(|| self.service.accept_error(error));
        self.pause(*pause);
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        self.wait_for_slot(self.lock())
    }

    fn pause(&self, pause: Duration) {
        let until_stop = |state: &mut State| !state.workers.stopping();
        drop(
            self.stopped
                .wait_timeout_while(self.lock(), pause, until_stop),
        );
    }
}

/// The engine has one timer only: to retry a spawn. The failure is not reported once more, since all
/// deadlines of the process would wait for the user's code.
impl Timed for Engine {
    fn due(self: Arc<Self>, _: Timer) -> Option<Instant> {
        if !self.lock().workers.retry() {
            return None;
        }
        let spawned = self.spawn().is_ok();
        let mut state = self.lock();
        if !state.workers.retried(spawned) {
            if !spawned {
                self.close_if_over(state);
            }
            return None;
        }
        state.retry_pause = (state.retry_pause * 2).min(LONGEST_PAUSE);
        Instant::now().checked_add(state.retry_pause)
    }
}

/// Errors of a connection that ended before it was accepted (or of a signal): the next `accept` may
/// succeed at once. All others, as when descriptors or memory have run out, would come again and again.
fn concerns_one_connection(error: &io::Error) -> bool {
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

impl Slots for Engine {
    fn refused(&self, rule: &'static str) {
        *lock(&self.refusals).entry(rule).or_default() += 1;
    }

    fn is_late(&self) -> bool {
        self.is_shared && self.stopping.load(Ordering::Acquire)
    }

    fn set_hook(&self, slot: usize, hook: Arc<dyn Stop>) {
        let mut state = self.lock();
        let before = state.registry.set_hook(slot, Arc::clone(&hook));
        let (reason, cutting) = (state.reason, state.cutting);
        drop(state);
        drop(before);
        let _ = guarded(|| match (cutting, reason) {
            (true, _) => hook.cut(),
            (_, Some(reason)) => hook.drain(reason),
            _ => {}
        });
    }

    fn release(&self, slot: usize) {
        let entry = self.lock().registry.remove(slot);
        drop(entry); // it may hold the stream, which is dropped before the end is reported
        let mut state = self.lock();
        let wakes = state.workers.released();
        if state.workers.stopping() {
            self.close_if_over(state);
        } else if wakes {
            drop(state);
            self.slot_free.notify_one();
        }
    }
}

/// What [`Handle`](super::Handle) asks for.
impl Engine {
    pub(super) fn address(&self) -> &Addr {
        &self.address
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The hooks are asked without a lock.
    pub(super) fn snapshot(&self) -> Snapshot {
        let state = self.lock();
        let (threads, entries) = (state.workers.threads(), state.registry.entries());
        drop(state);
        let mut snapshot = Snapshot {
            threads,
            refusals: lock(&self.refusals).clone(),
            ..Snapshot::default()
        };
        for entry in entries {
            snapshot.count(guarded(|| entry.gauge()).unwrap_or_default());
        }
        snapshot
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lasting_lack_makes_us_pause() {
        for passing in [ErrorKind::ConnectionAborted, ErrorKind::Interrupted] {
            assert!(concerns_one_connection(&passing.into()));
        }
        // Linux: ENFILE, EMFILE, ENOBUFS, ENOMEM, EINVAL
        for lasting in [23, 24, 105, 12, 22] {
            assert!(!concerns_one_connection(&io::Error::from_raw_os_error(
                lasting
            )));
        }
    }
}
