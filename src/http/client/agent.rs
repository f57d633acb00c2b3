//! The book's agent: five sockets an origin, and a queue for everyone else.
//!
//! The [`pool`](super::pool) decides; here are the lock around it, the threads that sleep, and the
//! clock.
//!
//! ```text
//!   request ──► lock, Pool::request ──► Reuse: look whether it is dead ──► use it
//!                                  ├──► Connect: open one
//!                                  └──► Wait: sleep until woken, or until the deadline
//!   answer read to its end ──► lock, Pool::free ──► wake the thread that is next
//!   dropped before that    ──► close it, lock, Pool::end ──► wake the thread that is next
//! ```
//!
//! Each thread that waits sleeps on a condition variable of its own. (A parked thread would take the
//! token of an `unpark` that its owner meant for something else.)
//!
//! Idle connections are closed when their time is over by a thread that sleeps until then, and
//! looks once a second. It exists only while there are connections, and does not keep the agent
//! alive.

use super::pool::{Decision, Gauges, KeepAlive, Lease, Limits, Pool, Refused, Ticket};
use super::{Clock, Link, Origin, Phase, RequestOptions, Timeouts, Timings, open};
use crate::http::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// A pool of connections that requests share: at most five in use for each origin, the rest wait
/// in line. Clones are the same agent.
///
/// ```
/// use barewire::http::{self, Agent, RequestOptions, pool::Limits};
///
/// let server = http::create_server(|_req, res| res.end("Hello World\n")).listen("127.0.0.1:0")?;
/// let agent = Agent::new(Limits { max_sockets: 10, ..Limits::default() })?;
/// let options = RequestOptions::new()
///     .hostname("127.0.0.1")
///     .port(server.local_addr().port().unwrap())
///     .agent(&agent);
///
/// let mut answer = http::request(&options)?.end("")?;
/// assert_eq!(agent.gauges(&options)?.sockets, 1); // in use, until the body has been read
/// assert_eq!(answer.collect()?, b"Hello World\n");
/// assert_eq!(agent.gauges(&options)?.free_sockets, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Agent {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
}

struct State {
    /// The waker of a thread is a condition variable of its own, used with the lock of this state.
    pool: Pool<Arc<Origin>, Link, Arc<Condvar>>,
    /// A thread waits to close what has been idle for too long.
    reaping: bool,
}

impl Agent {
    /// An agent of its own.
    ///
    /// # Errors
    /// Limits under which nobody could be served.
    pub fn new(limits: Limits) -> Result<Agent, Error> {
        let pool = Pool::new(limits).map_err(|e| io::Error::new(ErrorKind::InvalidInput, e))?;
        let state = State {
            pool,
            reaping: false,
        };
        let shared = Shared {
            state: Mutex::new(state),
        };
        Ok(Agent {
            shared: Arc::new(shared),
        })
    }

    /// The book's `http.globalAgent`, which requests use that name none.
    pub fn global() -> &'static Agent {
        static GLOBAL: LazyLock<Agent> =
            LazyLock::new(|| Agent::new(Limits::default()).expect("the defaults serve somebody"));
        &GLOBAL
    }

    /// How busy the origin of these options is: sockets in use, requests that wait, idle sockets.
    ///
    /// # Errors
    /// The options are wrong.
    pub fn gauges(&self, options: &RequestOptions) -> Result<Gauges, Error> {
        let origin = options.origin()?;
        Ok(self.lock().pool.gauges(&origin))
    }

    /// How busy all origins are together.
    pub fn totals(&self) -> Gauges {
        self.lock().pool.totals()
    }

    /// The origins that are in use, waited for or kept, with their gauges.
    pub fn origins(&self) -> Vec<(Origin, Gauges)> {
        let state = self.lock();
        let all = state.pool.origins();
        all.map(|(origin, gauges)| (Origin::clone(origin), gauges))
            .collect()
    }

    /// Closes idle sockets and refuses whoever waits and whoever comes; what is in use is closed
    /// after its answer.
    pub fn close(&self) {
        let mut closed = Vec::new();
        let mut state = self.lock();
        let woken = state.pool.close(&mut closed);
        drop(state);
        for waker in woken {
            waker.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agent")
            .field("totals", &self.totals())
            .finish_non_exhaustive()
    }
}

/// Which connections will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// An idle one, if there is one.
    Any,
    /// A new one: where one idle connection has failed in the moment of use, the others, which are
    /// older, are no better.
    Fresh,
}

/// Acquiring.
impl Agent {
    /// A connection to `origin`, and the right to use it.
    pub(super) fn acquire(
        &self,
        origin: &Arc<Origin>,
        wanted: Wanted,
        clock: &mut Clock,
        timeouts: &Timeouts,
        timings: &mut Timings,
    ) -> Result<(Link, Loan), Error> {
        let mut closed = Vec::new(); // never dropped under the lock, and before we wait for anything
        let began = Instant::now();
        let mut waker = None;
        let new_waker = || Arc::clone(waker.insert(Arc::new(Condvar::new())));
        let mut state = self.lock();
        let decision = state.pool.request(origin, began, new_waker, &mut closed);
        let in_company = state.pool.totals().sockets > 1;
        drop(state);
        let mut decision = decision.map_err(refused)?;
        if let Decision::Wait(ticket) = decision {
            let waker = waker.get_or_insert_default();
            decision = self.wait(ticket, waker, began, clock, timeouts, &mut closed)?;
            timings.queue += began.elapsed();
        }
        loop {
            decision = match decision {
                Decision::Reuse(link, lease) => {
                    let mut loan = self.loan(lease, in_company);
                    let link = link; // dropped before its place is another's
                    if wanted == Wanted::Any && !link.is_dead() {
                        timings.reused = true;
                        return Ok((link, loan));
                    }
                    drop(link);
                    loan.retry(&mut closed)?
                }
                Decision::Connect(lease) => {
                    let loan = self.loan(lease, in_company);
                    closed.clear();
                    timings.reused = false;
                    let link = open(origin, clock, timeouts, timings)?;
                    return Ok((link, loan));
                }
                Decision::Wait(ticket) => {
                    let waker = waker.get_or_insert_default();
                    self.wait(ticket, waker, began, clock, timeouts, &mut closed)?
                }
            };
        }
    }

    /// Sleeps in line until `waker`, which the pool has, is notified.
    fn wait(
        &self,
        ticket: Ticket<Arc<Origin>>,
        waker: &Condvar,
        began: Instant,
        clock: &mut Clock,
        timeouts: &Timeouts,
        closed: &mut Vec<Link>,
    ) -> Result<Decision<Arc<Origin>, Link>, Error> {
        let mut waiting = Waiting {
            agent: self,
            ticket: Some(ticket),
        };
        let allowed = waiting
            .deadline()
            .map(|end| end.saturating_duration_since(began));
        clock.begin(Phase::Queue, timeouts.queue.or(allowed));
        closed.clear();
        let mut state = self.lock(); // on every way out released before `waiting`, which takes it
        while let Some(ticket) = waiting.ticket.take() {
            let taken = state.pool.take(ticket, Instant::now(), closed);
            match taken.map_err(refused)? {
                Decision::Wait(ticket) => waiting.ticket = Some(ticket),
                granted => return Ok(granted),
            }
            let left = clock.left()?;
            let woken = waker.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        Err(refused(Refused::Closed))
    }

    fn loan(&self, lease: Lease<Arc<Origin>>, in_company: bool) -> Loan {
        Loan {
            shared: Arc::clone(&self.shared),
            lease: Some(lease),
            in_company,
        }
    }
}

/// A place in the queue, given up if nobody takes what it is for.
struct Waiting<'a> {
    agent: &'a Agent,
    ticket: Option<Ticket<Arc<Origin>>>,
}

impl Waiting<'_> {
    fn deadline(&self) -> Option<Instant> {
        self.ticket.as_ref()?.deadline()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            let mut closed = Vec::new();
            let next = self
                .agent
                .lock()
                .pool
                .cancel(ticket, Instant::now(), &mut closed);
            drop(closed); // before whoever is woken opens another
            wake(next);
        }
    }
}

/// A place among the sockets of an origin, in use. Dropped, it is the next one's; the connection
/// that it stood for must be closed before.
pub(super) struct Loan {
    shared: Arc<Shared>,
    lease: Option<Lease<Arc<Origin>>>,
    /// Other requests were under way when this one began.
    in_company: bool,
}

impl Loan {
    /// Whether other requests were under way, and so other threads have something to do.
    pub(super) fn is_in_company(&self) -> bool {
        self.in_company
    }

    /// Its connection was found dead, and dropped: another, in the same place.
    fn retry(&mut self, closed: &mut Vec<Link>) -> Result<Decision<Arc<Origin>, Link>, Error> {
        let Some(lease) = self.lease.take() else {
            return Err(refused(Refused::Closed));
        };
        Ok(self.shared.lock().pool.retry(lease, Instant::now(), closed))
    }

    /// The answer was read to its end and the connection persists.
    pub(super) fn give_back(mut self, link: Link, told: KeepAlive) {
        let Some(lease) = self.lease.take() else {
            return;
        };
        let mut closed = Vec::new();
        let mut state = self.shared.lock();
        let next = state
            .pool
            .free(lease, link, told, Instant::now(), &mut closed);
        let reap = !state.reaping && state.pool.totals().free_sockets > 0;
        state.reaping |= reap;
        drop(state);
        drop(closed); // before whoever is woken opens another
        wake(next);
        if reap {
            start_reaper(&self.shared);
        }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            let next = self.shared.lock().pool.end(lease);
            wake(next);
        }
    }
}

impl fmt::Debug for Loan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loan").finish_non_exhaustive()
    }
}

fn wake(waker: Option<Arc<Condvar>>) {
    if let Some(waker) = waker {
        waker.notify_one();
    }
}

fn refused(why: Refused) -> Error {
    io::Error::new(ErrorKind::ResourceBusy, why).into()
}

/// Without the thread, idle connections stay until the next request.
fn start_reaper(shared: &Arc<Shared>) {
    let agent = Arc::downgrade(shared);
    let builder = thread::Builder::new().name("barewire agent".to_owned());
    let started = builder.stack_size(512 * 1024).spawn(move || reap(&agent));
    if started.is_err() {
        shared.lock().reaping = false;
    }
}

fn reap(agent: &Weak<Shared>) {
    let mut sleep = RECHECK;
    loop {
        thread::sleep(sleep);
        let Some(shared) = agent.upgrade() else {
            return;
        };
        let mut closed = Vec::new();
        let mut state = shared.lock();
        let now = Instant::now();
        state.pool.expire(now, &mut closed);
        let totals = state.pool.totals();
        if totals.free_sockets + totals.sockets == 0 {
            state.reaping = false;
            return;
        }
        let next = state.pool.next_expiry();
        let next = next.map_or(RECHECK, |next| next.saturating_duration_since(now));
        sleep = next.clamp(Duration::from_millis(1), RECHECK);
    }
}

/// Connections that are in use now may be idle later.
const RECHECK: Duration = Duration::from_secs(1);
