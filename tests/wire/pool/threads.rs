//! The pool behind a real lock, with threads that sleep. After a lost wake-up a thread would sleep for
//! ever: threads park without a deadline, except those that test cancelling.

use crate::support::watched;
use barewire::http::pool::{Decision, Gauges, KeepAlive, Limits, Pool, Slot};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

const THREADS: usize = 16;
const ORIGINS: usize = 3;
const REQUESTS: usize = 100_000;

/// How many connections to each origin are open.
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
    /// How many slots of each origin are in use, as their threads count.
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

    /// `None`: `patience` has passed.
    fn acquire(
        &self,
        origin: usize,
        mut dies: bool,
        patience: Option<Duration>,
    ) -> Option<(Slot<usize>, Connection)> {
        let end = patience.map(|patience| Instant::now() + patience);
        let mut closed = Vec::new();
        let first = self
            .lock()
            .request(&origin, Instant::now(), thread::current, &mut closed);
        let mut decision = first.expect("no test closes it");
        let (slot, connection) = loop {
            closed.clear();
            let now = Instant::now();
            decision = match decision {
                Decision::Reuse(dead, slot) if std::mem::take(&mut dies) => {
                    drop(dead);
                    self.lock().retry(slot, now, &mut closed)
                }
                Decision::Reuse(connection, slot) => break (slot, connection),
                Decision::Connect(slot) => {
                    break (slot, Connection::open(origin, &self.open));
                }
                Decision::Wait(position) if end.is_some_and(|end| end <= now) => {
                    let next = self.lock().cancel(position, now, &mut closed);
                    wake(next);
                    return None;
                }
                Decision::Wait(position) => {
                    match end {
                        Some(end) => thread::park_timeout(end - now),
                        None => thread::park(),
                    }
                    let taken = self.lock().take(position, Instant::now(), &mut closed);
                    taken.expect("no test closes it")
                }
            };
        };
        let before = self.held[origin].fetch_add(1, SeqCst);
        assert!(before < self.limits.max_sockets, "{before} held already");
        assert_eq!(connection.origin, origin);
        Some((slot, connection))
    }

    fn release(&self, slot: Slot<usize>, connection: Connection, reusable: bool) {
        self.held[connection.origin].fetch_sub(1, SeqCst);
        let mut closed = Vec::new();
        if reusable {
            let (keep_alive, now) = (KeepAlive::default(), Instant::now());
            let next = self
                .lock()
                .free(slot, connection, keep_alive, now, &mut closed);
            wake(next);
        } else {
            drop(connection);
            let next = self.lock().end(slot);
            wake(next);
        }
    }
}

fn wake(waker: Option<Thread>) {
    waker.inspect(Thread::unpark);
}

/// Each thread takes its share of the slots; every other thread waits at most `impatient`.
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
        thread
            .join()
            .expect("a thread that panicked has printed why");
    }
    agent
}

fn requests(agent: &Agent, thread: usize, patience: Option<Duration>) {
    let mut left = REQUESTS / THREADS;
    let mut at = thread;
    while left > 0 {
        at += 1;
        let origin = at % ORIGINS;
        if let Some((slot, connection)) = agent.acquire(origin, at.is_multiple_of(13), patience) {
            left -= 1;
            if at.is_multiple_of(5) {
                thread::yield_now();
            }
            agent.release(slot, connection, !at.is_multiple_of(7));
        }
    }
}

fn check_all_is_given_back(agent: &Agent) {
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
fn no_wake_up_is_lost_in_100_000_requests() {
    watched(|| check_all_is_given_back(&hammer(2, 4, None)));
}

#[test]
fn no_wake_up_is_lost_if_every_other_thread_gives_up() {
    let impatient = Some(Duration::from_micros(50));
    watched(move || check_all_is_given_back(&hammer(1, 2, impatient)));
}
