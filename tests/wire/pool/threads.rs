//! The pool behind a real lock, with threads that really sleep. A wake-up that was lost would leave
//! one asleep for ever: they park without a limit, all but those who are to be impatient.

use crate::support::watched;
use barewire::http::pool::{Decision, Gauges, KeepAlive, Lease, Limits, Pool};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

const THREADS: usize = 16;
const ORIGINS: usize = 3;
const LEASES: usize = 100_000;

/// How many connections of each origin there are, dropped when they are.
type Open = Arc<[AtomicUsize; ORIGINS]>;

struct Connection {
    origin: usize,
    open: Open,
}

impl Connection {
    fn open(origin: usize, open: &Open) -> Connection {
        open[origin].fetch_add(1, SeqCst);
        let open = Arc::clone(open);
        Connection { origin, open }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open[self.origin].fetch_sub(1, SeqCst);
    }
}

struct Agent {
    limits: Limits,
    pool: Mutex<Pool<usize, Connection, Thread>>,
    open: Open,
    /// How many leases of each origin are held by somebody, counted by the holders themselves.
    held: [AtomicUsize; ORIGINS],
}

impl Agent {
    fn new(limits: Limits) -> Arc<Agent> {
        Arc::new(Agent {
            limits,
            pool: Mutex::new(Pool::new(limits).expect("limits above zero")),
            open: Open::default(),
            held: Default::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Pool<usize, Connection, Thread>> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None`: it waited for as long as it wanted.
    fn acquire(
        &self,
        origin: usize,
        mut dies: bool,
        patience: Option<Duration>,
    ) -> Option<(Lease<usize>, Connection)> {
        let end = patience.map(|patience| Instant::now() + patience);
        let mut closed = Vec::new();
        let first = self
            .lock()
            .request(&origin, Instant::now(), thread::current, &mut closed);
        let mut decision = first.expect("nobody closes it");
        let (lease, connection) = loop {
            closed.clear();
            let now = Instant::now();
            decision = match decision {
                Decision::Reuse(dead, lease) if std::mem::take(&mut dies) => {
                    drop(dead);
                    self.lock().retry(lease, now, &mut closed)
                }
                Decision::Reuse(connection, lease) => break (lease, connection),
                Decision::Connect(lease) => {
                    break (lease, Connection::open(origin, &self.open));
                }
                Decision::Wait(ticket) if end.is_some_and(|end| end <= now) => {
                    let next = self.lock().cancel(ticket, now, &mut closed);
                    wake(next);
                    return None;
                }
                Decision::Wait(ticket) => {
                    match end {
                        Some(end) => thread::park_timeout(end - now),
                        None => thread::park(),
                    }
                    let taken = self.lock().take(ticket, Instant::now(), &mut closed);
                    taken.expect("nobody closes it")
                }
            };
        };
        let before = self.held[origin].fetch_add(1, SeqCst);
        assert!(before < self.limits.max_sockets, "{before} held already");
        assert_eq!(connection.origin, origin);
        Some((lease, connection))
    }

    fn release(&self, lease: Lease<usize>, connection: Connection, whole: bool) {
        self.held[connection.origin].fetch_sub(1, SeqCst);
        let mut closed = Vec::new();
        if whole {
            let (told, now) = (KeepAlive::default(), Instant::now());
            let next = self.lock().free(lease, connection, told, now, &mut closed);
            wake(next);
        } else {
            drop(connection);
            let next = self.lock().end(lease);
            wake(next);
        }
    }
}

fn wake(waker: Option<Thread>) {
    waker.inspect(Thread::unpark);
}

/// Each thread takes its share of the leases; of two, one waits for no longer than `impatient`.
fn hammer(max_sockets: usize, max_total_sockets: usize, impatient: Option<Duration>) -> Arc<Agent> {
    let agent = Agent::new(Limits {
        max_sockets,
        max_total_sockets,
        ..Limits::default()
    });
    let threads: Vec<_> = (0..THREADS)
        .map(|at| {
            let agent = Arc::clone(&agent);
            let patience = impatient.filter(|_| at.is_multiple_of(2));
            thread::spawn(move || requests(&agent, at, patience))
        })
        .collect();
    for thread in threads {
        thread.join().expect("a thread that panicked has said why");
    }
    agent
}

fn requests(agent: &Agent, thread: usize, patience: Option<Duration>) {
    let mut left = LEASES / THREADS;
    let mut at = thread;
    while left > 0 {
        at += 1;
        let origin = at % ORIGINS;
        if let Some((lease, connection)) = agent.acquire(origin, at.is_multiple_of(13), patience) {
            left -= 1;
            if at.is_multiple_of(5) {
                thread::yield_now();
            }
            agent.release(lease, connection, !at.is_multiple_of(7));
        }
    }
}

fn all_is_given_back(agent: &Agent) {
    let totals = agent.lock().totals();
    assert_eq!((totals.sockets, totals.requests), (0, 0));
    let open: usize = agent.open.iter().map(|open| open.load(SeqCst)).sum();
    assert_eq!(open, totals.free_sockets);
    let mut closed = Vec::new();
    assert!(agent.lock().close(&mut closed).is_empty());
    assert_eq!(agent.lock().totals(), Gauges::default());
    assert_eq!(closed.len(), open);
}

#[test]
fn no_wake_up_is_lost_in_100_000_leases() {
    watched(|| all_is_given_back(&hammer(2, 4, None)));
}

#[test]
fn nor_where_every_other_one_gives_up_all_the_time() {
    let impatient = Some(Duration::from_micros(50));
    watched(move || all_is_given_back(&hammer(1, 2, impatient)));
}
