//! What the pool returns to a request: a slot, or a position in the queue.

use std::fmt;
use std::time::{Duration, Instant};

/// What a request is to do.
///
/// The pool's driver has a lock around the [`Pool`](super::Pool) and a way to sleep. This is nearly all
/// of it:
///
/// ```
/// use barewire::http::pool::{Decision, KeepAlive, Limits, Pool, Slot};
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
///     fn acquire(&self, origin: &Arc<str>) -> Result<(Connection, Slot<Arc<str>>), Error> {
///         let (mut closed, waker) = (Vec::new(), Waker::default());
///         let first = self.lock().request(origin, Instant::now(), || waker.clone(), &mut closed);
///         let mut decision = first.map_err(Error::other)?;
///         loop {
///             closed.clear(); // the lock is released, and nothing else was opened yet
///             let now = Instant::now();
///             decision = match decision {
///                 Decision::Reuse(dead, slot) if dead.is_dead() => {
///                     drop(dead);
///                     self.lock().retry(slot, now, &mut closed)
///                 }
///                 Decision::Reuse(connection, slot) => return Ok((connection, slot)),
///                 Decision::Connect(slot) => match Connection::open(slot.origin()) {
///                     Ok(connection) => return Ok((connection, slot)),
///                     Err(error) => {
///                         let next = self.lock().end(slot);
///                         wake(next); // in a statement of its own, or the lock would still be held
///                         return Err(error);
///                     }
///                 },
///                 Decision::Wait(position) if position.deadline().is_some_and(|end| end <= now) => {
///                     let next = self.lock().cancel(position, now, &mut closed);
///                     wake(next);
///                     return Err(ErrorKind::TimedOut.into());
///                 }
///                 Decision::Wait(position) => {
///                     let end = position.deadline().unwrap_or(now + Duration::from_secs(3600));
///                     let mut pool = self.lock();
///                     match pool.take(position, now, &mut closed).map_err(Error::other)? {
///                         Decision::Wait(position) => {
///                             drop(waker.wait_timeout(pool, end - now)); // asks and sleeps under one lock
///                             Decision::Wait(position)
///                         }
///                         granted => granted,
///                     }
///                 }
///             };
///         }
///     }
///
///     fn release(&self, slot: Slot<Arc<str>>, connection: Connection, keep_alive: KeepAlive) {
///         let mut closed = Vec::new();
///         let next = self.lock().free(slot, connection, keep_alive, Instant::now(), &mut closed);
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
/// # let (connection, slot) = agent.acquire(&"a:80".into()).unwrap();
/// # agent.release(slot, connection, KeepAlive::default());
/// # assert_eq!(agent.lock().totals().free_sockets, 1);
/// ```
#[derive(Debug)]
#[must_use = "what was decided has been counted: a slot that is dropped is lost for ever"]
pub enum Decision<K, C> {
    /// Use this connection, which was idle. First check whether it is dead
    /// ([`Pool::retry`](super::Pool::retry)). It is, if it has something to read: the server has closed
    /// it, or has sent bytes that belong to no request.
    // RFC 9112 §9.2: "If a client receives data on a connection that doesn't have outstanding
    // requests, the client MUST NOT consider that data to be a valid response"
    Reuse(C, Slot<K>),
    /// Open a connection.
    Connect(Slot<K>),
    /// Sleep until woken, or until the deadline of the position; then
    /// [`Pool::take`](super::Pool::take).
    Wait(QueuePosition<K>),
}

impl<K, C> Decision<K, C> {
    pub(super) fn granted(connection: Option<C>, slot: Slot<K>) -> Decision<K, C> {
        match connection {
            Some(connection) => Decision::Reuse(connection, slot),
            None => Decision::Connect(slot),
        }
    }
}

/// One of the connections that an origin may have. Who sends requests with an [`Agent`](crate::http::Agent) never
/// sees one: it is for a driver of one's own, such as the one of [`Decision`]. It is given back by [`Pool::free`](super::Pool::free)
/// or [`Pool::end`](super::Pool::end), whatever happened.
///
/// ```
/// use barewire::http::pool::{Decision, KeepAlive, Limits, Pool};
/// use std::time::Instant;
///
/// let (now, mut closed) = (Instant::now(), Vec::new());
/// let mut pool: Pool<&str, &str, ()> = Pool::new(Limits::default())?;
/// let Decision::Connect(slot) = pool.request(&"a:80", now, || (), &mut closed)? else {
///     unreachable!("nothing is open yet");
/// };
/// assert_eq!(slot.origin(), &"a:80");
/// pool.free(slot, "a connection", KeepAlive::default(), now, &mut closed); // the response was read to its end
/// assert_eq!(pool.totals().free_sockets, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a slot that is dropped is lost for ever"]
pub struct Slot<K> {
    pub(super) origin: K,
    /// Where the pool has its origin.
    pub(super) place: usize,
}

impl<K> Slot<K> {
    /// Where its connection leads.
    pub fn origin(&self) -> &K {
        &self.origin
    }
}

/// A place in the queue of an origin; for a driver of one's own, as a [`Slot`] is. It ends by
/// [`Pool::take`](super::Pool::take) or [`Pool::cancel`](super::Pool::cancel).
///
/// ```
/// use barewire::http::pool::{Decision, Limits, Pool};
/// use std::time::Instant;
///
/// let one = Limits { max_sockets: 1, ..Limits::default() };
/// let (now, mut closed) = (Instant::now(), Vec::new());
/// let mut pool: Pool<&str, (), &str> = Pool::new(one)?;
/// let Decision::Connect(slot) = pool.request(&"a:80", now, || "first", &mut closed)? else {
///     unreachable!("one is allowed");
/// };
/// let Decision::Wait(position) = pool.request(&"a:80", now, || "second", &mut closed)? else {
///     unreachable!("and no more");
/// };
/// assert_eq!(position.deadline(), Some(now + one.queue_timeout.unwrap()));
/// assert_eq!(pool.end(slot), Some("second")); // is to be woken
/// assert!(matches!(pool.take(position, now, &mut closed)?, Decision::Connect(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a position that is dropped loses its slot once it is granted"]
pub struct QueuePosition<K> {
    pub(super) origin: K,
    /// Where the pool has its origin.
    pub(super) place: usize,
    pub(super) serial: u64,
    pub(super) deadline: Option<Instant>,
}

impl<K> QueuePosition<K> {
    /// The slot that it was granted.
    pub(super) fn into_slot(self) -> Slot<K> {
        Slot {
            origin: self.origin,
            place: self.place,
        }
    }

    /// Where the connection that it waits for leads.
    pub fn origin(&self) -> &K {
        &self.origin
    }

    /// When to give up ([`Limits::queue_timeout`](super::Limits::queue_timeout)); `None`: never.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
}

/// Why a request gets neither a slot nor a position in the queue. A request finds it inside its error:
///
/// ```
/// use barewire::http::{self, Agent, RequestOptions, pool::Refused};
///
/// let agent = Agent::new(Default::default())?;
/// agent.close();
/// let error = http::request(RequestOptions::new().agent(&agent))?.end("").unwrap_err();
/// let http::Error::Io(error) = error else { panic!("{error}") };
/// let why = error.get_ref().and_then(|inner| inner.downcast_ref::<Refused>());
/// assert_eq!(why, Some(&Refused::Closed));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// This many requests wait for the origin already
    /// ([`Limits::max_queued`](super::Limits::max_queued)).
    QueueFull(usize),
    /// No connection became free within this time
    /// ([`Limits::queue_timeout`](super::Limits::queue_timeout)). The pool has no clock: its caller reports it.
    TimedOut(Duration),
    /// The pool was closed.
    Closed,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::QueueFull(waiting) => write!(
                f,
                "all connections to this origin are in use, and {waiting} requests wait for one: \
                 no more may wait (max_queued)"
            ),
            Refused::TimedOut(limit) => {
                write!(f, "no socket of the agent was free within {limit:?}")
            }
            Refused::Closed => f.write_str("the pool of connections was closed"),
        }
    }
}

impl std::error::Error for Refused {}
