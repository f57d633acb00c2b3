//! What a request is given: a lease, or a ticket to wait with.

use std::fmt;
use std::time::Instant;

/// What a request is to do.
///
/// The driver has a lock around the [`Pool`](super::Pool) and a way to sleep; this is nearly all of
/// it:
///
/// ```
/// use barewire::http::pool::{Decision, KeepAlive, Lease, Limits, Pool};
/// use std::io::{Error, ErrorKind};
/// use std::sync::{Arc, Condvar, Mutex, MutexGuard};
/// use std::time::{Duration, Instant};
/// # #[derive(Debug)] struct Connection;
/// # impl Connection {
/// #     fn open(_: &str) -> Result<Connection, Error> { Ok(Connection) }
/// #     fn is_dead(&self) -> bool { false }
/// # }
///
/// type Waker = Arc<Condvar>; // one for each thread that waits
/// struct Agent(Mutex<Pool<Arc<str>, Connection, Waker>>);
///
/// impl Agent {
///     fn acquire(&self, origin: &Arc<str>) -> Result<(Connection, Lease<Arc<str>>), Error> {
///         let (mut closed, waker) = (Vec::new(), Waker::default());
///         let first = self.lock().request(origin, Instant::now(), || waker.clone(), &mut closed);
///         let mut decision = first.map_err(Error::other)?;
///         loop {
///             closed.clear(); // the lock is free, and nothing else was opened yet
///             let now = Instant::now();
///             decision = match decision {
///                 Decision::Reuse(dead, lease) if dead.is_dead() => {
///                     drop(dead);
///                     self.lock().retry(lease, now, &mut closed)
///                 }
///                 Decision::Reuse(connection, lease) => return Ok((connection, lease)),
///                 Decision::Connect(lease) => match Connection::open(lease.origin()) {
///                     Ok(connection) => return Ok((connection, lease)),
///                     Err(error) => {
///                         let next = self.lock().end(lease);
///                         wake(next); // in a line of its own, or the lock would still be held
///                         return Err(error);
///                     }
///                 },
///                 Decision::Wait(ticket) if ticket.deadline().is_some_and(|end| end <= now) => {
///                     let next = self.lock().cancel(ticket, now, &mut closed);
///                     wake(next);
///                     return Err(ErrorKind::TimedOut.into());
///                 }
///                 Decision::Wait(ticket) => {
///                     let end = ticket.deadline().unwrap_or(now + Duration::from_secs(3600));
///                     let mut pool = self.lock();
///                     match pool.take(ticket, now, &mut closed).map_err(Error::other)? {
///                         Decision::Wait(ticket) => {
///                             drop(waker.wait_timeout(pool, end - now)); // looked and sleeps: one lock
///                             Decision::Wait(ticket)
///                         }
///                         granted => granted,
///                     }
///                 }
///             };
///         }
///     }
///
///     fn release(&self, lease: Lease<Arc<str>>, connection: Connection, told: KeepAlive) {
///         let mut closed = Vec::new();
///         let next = self.lock().free(lease, connection, told, Instant::now(), &mut closed);
///         wake(next);
///     }
/// #
/// #   fn lock(&self) -> MutexGuard<'_, Pool<Arc<str>, Connection, Waker>> {
/// #       self.0.lock().unwrap()
/// #   }
/// }
///
/// fn wake(waker: Option<Waker>) {
///     waker.inspect(|waker| waker.notify_one());
/// }
/// #
/// # let agent = Agent(Mutex::new(Pool::new(Limits::default()).unwrap()));
/// # let (connection, lease) = agent.acquire(&"a:80".into()).unwrap();
/// # agent.release(lease, connection, KeepAlive::default());
/// # assert_eq!(agent.lock().totals().free_sockets, 1);
/// ```
#[derive(Debug)]
#[must_use = "what was decided has been counted: to drop it loses a place for ever"]
pub enum Decision<K, C> {
    /// Use this connection, which was idle: look first whether it is dead
    /// ([`Pool::retry`](super::Pool::retry)). A socket that has something to read is: either it was
    /// closed, or the server said what nobody asked for.
    // RFC 9112 §9.2: "If a client receives data on a connection that doesn't have outstanding
    // requests, the client MUST NOT consider that data to be a valid response"
    Reuse(C, Lease<K>),
    /// Open a connection.
    Connect(Lease<K>),
    /// Sleep until woken, or until the deadline of the ticket; then
    /// [`Pool::take`](super::Pool::take).
    Wait(Ticket<K>),
}

impl<K, C> Decision<K, C> {
    pub(super) fn granted(connection: Option<C>, origin: K) -> Decision<K, C> {
        let lease = Lease { origin };
        match connection {
            Some(connection) => Decision::Reuse(connection, lease),
            None => Decision::Connect(lease),
        }
    }
}

/// A place among the sockets of an origin. It is given back by one of
/// [`Pool::free`](super::Pool::free) and [`Pool::end`](super::Pool::end), whatever happened; a
/// lease that is dropped is a place that is lost.
#[derive(Debug)]
#[must_use = "a lease that is dropped is a place that is lost"]
pub struct Lease<K> {
    pub(super) origin: K,
}

impl<K> Lease<K> {
    /// Where its connection leads.
    pub fn origin(&self) -> &K {
        &self.origin
    }
}

/// A place in the queue of an origin. It ends by one of [`Pool::take`](super::Pool::take) and
/// [`Pool::cancel`](super::Pool::cancel).
#[derive(Debug)]
#[must_use = "a ticket that is dropped is a place that is lost, once it has been granted"]
pub struct Ticket<K> {
    pub(super) origin: K,
    pub(super) serial: u64,
    pub(super) deadline: Option<Instant>,
}

impl<K> Ticket<K> {
    /// Where the connection that it waits for leads.
    pub fn origin(&self) -> &K {
        &self.origin
    }

    /// When to give up ([`Limits::queue_timeout`](super::Limits::queue_timeout)); `None`: never.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
}

/// Why a request gets neither a connection nor a place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// This many requests wait for the origin already
    /// ([`Limits::max_queued`](super::Limits::max_queued)).
    QueueFull(usize),
    /// The pool was closed.
    Closed,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::QueueFull(waiting) => write!(
                f,
                "all connections to this origin are in use and {waiting} requests wait for one, \
                 which is the most (max_queued)"
            ),
            Refused::Closed => f.write_str("the pool of connections was closed"),
        }
    }
}

impl std::error::Error for Refused {}
