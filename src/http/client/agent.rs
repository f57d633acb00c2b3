//! The book's agent: five sockets an origin, and a queue for the requests beyond them.
//!
//! The [`pool`](super::pool) decides. This file adds the lock around it, the threads that sleep, and the
//! clock.
//!
//! ```text
//!   request ──► lock, Pool::request ──► Reuse: check whether it is dead ──► use it
//!                                  ├──► Connect: open one
//!                                  └──► Wait: sleep until woken, or until the deadline
//!   response read to its end ──► lock, Pool::free ──► wake the thread that is next
//!   dropped before that      ──► close it, lock, Pool::end ──► wake the thread that is next
//! ```
//!
//! Each waiting thread sleeps on a condition variable of its own. (`thread::park` would take the token of
//! an `unpark` that the thread's owner meant for something else.)
//!
//! One thread closes idle connections when they expire. It sleeps until the next expiry, at most a
//! second. It exists only while there are connections, and does not keep the agent alive.

mod state;

use super::connection::BoxedConnection;
use super::deadlines::{Deadlines, Timeouts};
use super::opening;
use super::origin::Origin;
use super::pool::{Decision, Gauges, KeepAlive, Limits, Pool, QueuePosition, Refused, Slot};
use super::timings::{Phase, Timings};
use super::wanted::Wanted;
use crate::http::error::Error;
use crate::net;
use state::{State, Waiter};
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// A pool of connections that requests share: at most five to each origin, in use and idle together; further requests
/// wait in a queue. Clones are the same agent.
///
/// ```
/// use barewire::http::{self, Agent, RequestOptions, pool::Limits};
///
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     res.end("Hello World\n")
/// }
/// let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// let agent = Agent::new(Limits { max_sockets: 10, ..Limits::default() })?;
/// let options = RequestOptions::new()
///     .hostname("127.0.0.1")
///     .port(server.local_addr().port().unwrap())
///     .agent(&agent);
///
/// let origin = options.origin()?;
/// let mut response = http::request(&options)?.end("")?;
/// assert_eq!(agent.gauges(&origin).sockets, 1); // in use, until the body has been read
/// assert_eq!(response.collect()?, b"Hello World\n");
/// assert_eq!(agent.gauges(&origin).free_sockets, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Agent {
    state: Arc<Mutex<State>>,
}

impl Agent {
    /// An agent with a pool of its own.
    ///
    /// # Errors
    /// Limits under which no request could be served.
    pub fn new(limits: Limits) -> Result<Agent, Error> {
        let state = State {
            pool: Pool::new(limits).map_err(Error::invalid_input)?,
            is_reaping: false,
        };
        Ok(Agent {
            state: Arc::new(Mutex::new(state)),
        })
    }

    /// The book's `http.globalAgent`: the agent of requests that name none.
    pub fn global() -> &'static Agent {
        static GLOBAL: LazyLock<Agent> = LazyLock::new(|| {
            Agent::new(Limits::default()).expect("the defaults allow connections")
        });
        &GLOBAL
    }

    /// How busy an origin is: sockets in use, waiting requests, idle sockets.
    /// [`RequestOptions::origin`](super::RequestOptions::origin) gives the origin of a request.
    pub fn gauges(&self, origin: &Origin) -> Gauges {
        self.lock().pool.gauges(origin)
    }

    /// How busy all origins are together.
    pub fn totals(&self) -> Gauges {
        self.lock().pool.totals()
    }

    /// The origins that are in use, waited for or have idle sockets, with their gauges.
    pub fn origins(&self) -> Vec<(Origin, Gauges)> {
        let state = self.lock();
        let all = state.pool.origins();
        all.map(|(origin, gauges)| (origin.clone(), gauges))
            .collect()
    }

    /// Closes idle sockets, and refuses waiting and later requests. A socket in use is closed after its
    /// response.
    pub fn close(&self) {
        let mut closed = Vec::new();
        let mut state = self.lock();
        let woken = state.pool.close(&mut closed);
        drop(state);
        for waiter in woken {
            waiter.wakes.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        net::lock(&self.state)
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agent")
            .field("totals", &self.totals())
            .finish_non_exhaustive()
    }
}

/// Which connections serve a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reuse {
    /// An idle one, if there is one.
    Allowed,
    /// A new one only: an idle connection has just failed in the moment of use, and the others are older.
    Forbidden,
}

/// Acquiring a connection.
impl Agent {
    pub(super) fn acquire(
        &self,
        origin: &Origin,
        reuse: Reuse,
        deadlines: &mut Deadlines,
        timeouts: &Timeouts,
        timings: &mut Timings,
        wanted: &mut Wanted<'_>,
    ) -> Result<PooledConnection, Error> {
        let mut closed = Vec::new(); // dropped after the lock is released, and before a wait
        let began = Instant::now();
        let mut waiter = None;
        let new_waiter = || {
            Arc::new(Waiter {
                wakes: Condvar::new(),
                request: deadlines.handle().map(Arc::clone),
            })
        };
        let new_waker = || Arc::clone(waiter.insert(new_waiter()));
        let mut state = self.lock();
        let decision = state.pool.request(origin, began, new_waker, &mut closed);
        let other_requests_active = state.pool.totals().sockets > 1;
        drop(state);
        let mut decision = decision.map_err(refused)?;
        let mut taken_at = Some(began);
        loop {
            decision = match decision {
                Decision::Wait(position) => {
                    let Some(waiter) = &waiter else {
                        return Err(refused(Refused::Closed)); // the pool has taken one
                    };
                    let end = position.deadline();
                    let allowed = end.map(|end| end.saturating_duration_since(began));
                    deadlines.begin(Phase::Queue, timeouts.queue.or(allowed));
                    closed.clear();
                    let granted = self.wait(position, waiter, deadlines, wanted, &mut closed)?;
                    timings.queue += began.elapsed();
                    taken_at = None;
                    granted
                }
                Decision::Connect(slot) => {
                    let slot = self.held(slot, other_requests_active);
                    closed.clear();
                    timings.reused = false;
                    let (connection, slot) =
                        opening::open(origin, slot, deadlines, timeouts, timings, wanted)?;
                    return Ok(PooledConnection::new(connection, Some(slot)));
                }
                Decision::Reuse(connection, slot) => {
                    let slot = self.held(slot, other_requests_active);
                    let mut pooled = PooledConnection::new(connection, Some(slot));
                    if reuse == Reuse::Allowed && !pooled.connection.is_dead() {
                        timings.reused = true;
                        pooled.taken_at = taken_at;
                        return Ok(pooled);
                    }
                    pooled.retry(&mut closed)?
                }
            };
        }
    }

    /// Sleeps in the queue until `waiter` was notified, and the pool has granted the position a slot.
    fn wait(
        &self,
        position: QueuePosition<Origin>,
        waiter: &Arc<Waiter>,
        deadlines: &Deadlines,
        wanted: &mut Wanted<'_>,
        closed: &mut Vec<BoxedConnection>,
    ) -> Result<Decision<Origin, BoxedConnection>, Error> {
        let mut held = HeldPosition {
            agent: self,
            position: Some(position),
        };
        let handle = deadlines.handle().map(Arc::clone);
        let _waking = match &handle {
            Some(handle) => Some(handle.on_cancel(self.waking(waiter))?),
            None => None,
        };
        while let Some(position) = held.position.take() {
            let mut state = self.lock(); // released on every return before `held`, which locks it
            if let Err(cancelled) = deadlines.check_cancelled() {
                held.position = Some(position); // what it was granted is the next one's, or idle
                return Err(cancelled);
            }
            let taken = state.pool.take(position, Instant::now(), closed);
            match taken.map_err(refused)? {
                Decision::Wait(position) => held.position = Some(position),
                granted => return Ok(granted),
            }
            let left = wanted.limit(deadlines.left()?);
            drop(net::wait(&waiter.wakes, state, Some(left)));
            wanted.check()?; // without the lock: it is the caller's code
        }
        Err(refused(Refused::Closed))
    }

    /// Wakes a thread in the queue. It holds the lock between its last check and its sleep, so the lock is taken
    /// before it is woken.
    fn waking(&self, waiter: &Arc<Waiter>) -> impl FnOnce() + Send + 'static {
        let (agent, waiter) = (self.clone(), Arc::clone(waiter));
        move || {
            drop(agent.lock());
            waiter.wakes.notify_one();
        }
    }

    fn held(&self, slot: Slot<Origin>, other_requests_active: bool) -> HeldSlot {
        HeldSlot {
            agent: self.clone(),
            slot: Some(slot),
            other_requests_active,
        }
    }
}

/// A position in the queue. If it is dropped, the request gives up: what it was granted meanwhile goes
/// to the next.
struct HeldPosition<'a> {
    agent: &'a Agent,
    position: Option<QueuePosition<Origin>>,
}

impl Drop for HeldPosition<'_> {
    fn drop(&mut self) {
        if let Some(position) = self.position.take() {
            let mut closed = Vec::new();
            let mut state = self.agent.lock();
            let next = state.cancel(position, &mut closed);
            let reap = state.must_reap(); // it may have been granted a connection, which is idle now
            drop(state);
            drop(closed); // before the woken thread opens another
            wake(next);
            if reap {
                start_reaper(self.agent);
            }
        }
    }
}

/// A slot in use. If it is dropped, it goes to the next request; its connection must be closed before.
struct HeldSlot {
    agent: Agent,
    slot: Option<Slot<Origin>>,
    /// Other requests were active when this one began.
    other_requests_active: bool,
}

impl HeldSlot {
    fn give_back(mut self, connection: BoxedConnection, idle: (KeepAlive, Instant)) {
        let Some(slot) = self.slot.take() else {
            return;
        };
        let mut closed = Vec::new();
        let mut state = self.agent.lock();
        let next = state.free(slot, connection, idle, &mut closed);
        let reap = state.must_reap();
        drop(state);
        drop(closed); // before the woken thread opens another
        wake(next);
        if reap {
            start_reaper(&self.agent);
        }
    }
}

impl Drop for HeldSlot {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            let next = self.agent.lock().end(slot);
            wake(next);
        }
    }
}

/// A connection that one request uses, and its slot among the agent's sockets.
pub(super) struct PooledConnection {
    /// Stands before `slot`, so that it is closed before the slot goes to another request.
    pub(super) connection: BoxedConnection,
    /// `None` without an agent.
    slot: Option<HeldSlot>,
    /// When it was taken out of the pool, if it was there at once.
    pub(super) taken_at: Option<Instant>,
}

impl PooledConnection {
    fn new(connection: BoxedConnection, slot: Option<HeldSlot>) -> PooledConnection {
        PooledConnection {
            connection,
            slot,
            taken_at: None,
        }
    }

    /// A connection that no pool counts.
    pub(super) fn without_agent(connection: BoxedConnection) -> PooledConnection {
        PooledConnection::new(connection, None)
    }

    /// Whether other requests of the agent were active when this one began: then other threads have
    /// something to do.
    pub(super) fn other_requests_active(&self) -> bool {
        let slot = self.slot.as_ref();
        slot.is_some_and(|slot| slot.other_requests_active)
    }

    /// The connection was found dead, or may not be reused: another, in the same slot.
    fn retry(
        self,
        closed: &mut Vec<BoxedConnection>,
    ) -> Result<Decision<Origin, BoxedConnection>, Error> {
        drop(self.connection);
        let mut held = self.slot.ok_or_else(|| refused(Refused::Closed))?;
        let slot = held.slot.take().ok_or_else(|| refused(Refused::Closed))?;
        Ok(held.agent.lock().pool.retry(slot, Instant::now(), closed))
    }

    /// The response was read to its end, and the connection persists. Its last bytes came at `since`: the server counts
    /// the idle time from there, also if the caller has read them later.
    pub(super) fn give_back(mut self, keep_alive: KeepAlive, since: Instant) {
        let idle = (keep_alive, since);
        self.connection.idle = Some(idle);
        if let Some(slot) = self.slot {
            slot.give_back(self.connection, idle);
        }
    }

    /// Nothing was sent: the connection is what it was before.
    pub(super) fn give_back_unused(self) {
        let idle = self.connection.idle;
        if let Some(slot) = self.slot {
            let new = || (KeepAlive::default(), Instant::now());
            slot.give_back(self.connection, idle.unwrap_or_else(new));
        }
    }
}

impl fmt::Debug for PooledConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.connection.fmt(f)
    }
}

fn wake(waiter: Option<Arc<Waiter>>) {
    if let Some(waiter) = waiter {
        waiter.wakes.notify_one();
    }
}

fn refused(why: Refused) -> Error {
    io::Error::new(ErrorKind::ResourceBusy, why).into()
}

/// If the thread cannot be started, expired connections stay until the next request.
fn start_reaper(agent: &Agent) {
    let state = Arc::downgrade(&agent.state);
    let builder = thread::Builder::new().name("barewire agent".to_owned());
    let started = builder.stack_size(512 * 1024).spawn(move || reap(&state));
    if started.is_err() {
        agent.lock().is_reaping = false;
    }
}

fn reap(state: &Weak<Mutex<State>>) {
    let mut sleep = MAX_SLEEP;
    loop {
        thread::sleep(sleep);
        let Some(state) = state.upgrade() else {
            return;
        };
        let mut closed = Vec::new();
        let mut state = net::lock(&state);
        let now = Instant::now();
        state.pool.expire(now, &mut closed);
        let totals = state.pool.totals();
        if totals.free_sockets + totals.sockets == 0 {
            state.is_reaping = false;
            return;
        }
        let next = state.pool.next_expiry();
        let next = next.map_or(MAX_SLEEP, |next| next.saturating_duration_since(now));
        sleep = next.clamp(Duration::from_millis(1), MAX_SLEEP);
    }
}

/// A connection that is in use now may be idle when the thread wakes.
const MAX_SLEEP: Duration = Duration::from_secs(1);
