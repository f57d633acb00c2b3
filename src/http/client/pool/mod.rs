//! The pool of an agent: connections that are used again, at most five to an origin, and the queue of requests that
//! wait for one. Rules only, as in [`wire`](crate::http::wire): no socket, no thread, no lock, no clock.
//!
//! # The problem
//!
//! A connection costs a round trip before it carries the first byte, with TLS two or three. So a client keeps
//! connections and uses them again. It can get three things wrong:
//!
//! - A request waits for a connection; one is given back, and nobody wakes the request. Or a later
//!   request takes the connection, again and again.
//! - A request takes a connection from the pool that the server has closed meanwhile.
//! - A connection is given back while half a response is still to come. The next request takes the rest
//!   of that response for its own.
//!
//! # The picture
//!
//! Ten requests at once to one origin:
//!
//! ```text
//!               ┌───────────────── origin ─────────────────┐
//!               │ sockets: in use, 5 at most               │
//!               │   #1  #2  #3  #4  #5 ═════════════════════════► server
//!               │   ▲       │                              │
//!               │   │       └ given back: to the request   │
//!               │   │         that waits longest, or idle  │
//!               │   └───────────┐                          │
//!  requests ──► │ #10 #9 #8 #7 #6     free: idle, the      │
//!               │ requests: waiting   newest is used first │
//!               └──────────────────────────────────────────┘
//! ```
//!
//! A request holds one of two values. Each must be given back, whatever happens:
//!
//! ```text
//!   request ──► Slot ───┬── free(connection) ──► to the next in line, or idle
//!      │         ▲ ▲ │  └── end() ─────────────► the next in line may open one
//!      │         │ └─┘ retry(): it was dead, another
//!      │         └─────────── take() ─┐
//!      └──────► QueuePosition ────► granted ── cancel() ──► to the next in line, or idle
//!                 │  ▲      │   a slot is given back
//!                 │  └──────┘ take(): not yet
//!                 └── cancel() ──► gone
//! ```
//!
//! # The rules
//!
//! 1. **Limits.** Open connections, in use and idle, are at most [`Limits::max_sockets`] to an origin and
//!    [`Limits::max_total_sockets`] in all. If only idle connections leave no room under the total, the oldest of
//!    them is closed.
//! 2. **The newest first.** Of the idle connections the newest is used: it is the likeliest to be alive. The others
//!    grow old together and expire, so a client with few requests ends up with few connections.
//! 3. **First come, first served.** A waiting request can be served while its origin has fewer than `max_sockets`
//!    slots in use. When a slot is given back, the oldest position *that can be served*, of all origins, is granted
//!    it: with the connection, if that leads to its origin; if not, the request may open one, and the connection
//!    that was given back is closed to make room. So within an origin the order is strict; an older position is
//!    passed over only while its own origin is full; no request starves. (Node serves the same origin first: "this
//!    logic will not be FIFO across origins", says its source.)
//! 4. **A grant belongs to its position.** What a waiting request is granted is set aside before its thread is
//!    woken: no later request can take it, however late the thread wakes. If the request gave up meanwhile, the
//!    grant goes to the next.
//! 5. **Only a connection between two responses comes back.** [`Pool::free`] takes a connection whose response was
//!    read to its end; every other way for a slot to come back is [`Pool::end`]. A body that is dropped half read
//!    costs its connection and nothing else.
//! 6. **Idle time is limited**, by the client and by the server's [`KeepAlive`], less a margin. An
//!    [`Agent`](super::Agent) counts it from the last byte that came. An idle connection with something to read is
//!    dead. If a connection fails in the moment of use, the request may be sent once more, where that is safe:
//!    [`Attempt::may_retry`].
//! 7. **Nothing blocks under the lock.** The pool returns which thread to wake and what to close; the caller does
//!    both after it has released the lock. A request that finds an idle connection and gives it back allocates
//!    nothing.
//!
//! A request without an agent does not come here: it opens a connection of its own, sends `Connection: close`, and
//! is counted nowhere.
//!
//! # What the notes get wrong
//!
//! The numbers are those of the errata on the [title page](crate#what-the-notes-get-wrong): the places where the
//! reading notes that this crate follows are wrong.
//!
//! - Five sockets an origin is the default, they say (E25). It was Node's until 0.12; now there is no
//!   limit (here: `usize::MAX`), and since Node 19 connections are kept alive by default. This crate keeps
//!   five on purpose: behind each stands a thread, and RFC 9112 §9.4 "encourages clients to be conservative
//!   when opening multiple connections".
//! - `agent.sockets` is the number of connections in use, they say (E26). It is an object with a list
//!   for each origin. [`Pool::gauges`] has numbers for one, [`Pool::totals`] for all, and [`Gauges`]
//!   says what is counted: a connection that is still being opened is a socket.
//!
//! # Ten requests on five sockets
//!
//! ```
//! use barewire::http::pool::{Decision, Gauges, KeepAlive, Limits, Pool};
//! use std::collections::VecDeque;
//! use std::time::{Duration, Instant};
//!
//! let origin = "localhost:1334";
//! let (now, mut closed) = (Instant::now(), Vec::new());
//! let mut pool = Pool::new(Limits::default())?;
//!
//! // Request 1 opens connection 1, and so on. What wakes a request is its number.
//! let (mut slots, mut positions) = (Vec::new(), VecDeque::new());
//! for request in 1..=10 {
//!     match pool.request(&origin, now, || request, &mut closed)? {
//!         Decision::Connect(slot) => slots.push((request, slot)),
//!         Decision::Wait(position) => positions.push_back(position),
//!         Decision::Reuse(..) => unreachable!("none is idle yet"),
//!     }
//! }
//! let gauges = |sockets, requests, free_sockets| Gauges { sockets, requests, free_sockets };
//! assert_eq!(pool.gauges(&origin), gauges(5, 5, 0));
//!
//! // Each of the first five, when it has its response, gives its connection to one of the others.
//! let mut second = Vec::new();
//! for (connection, slot) in slots {
//!     let woken = pool.free(slot, connection, KeepAlive::default(), now, &mut closed);
//!     assert_eq!(woken, Some(connection + 5));
//!     let position = positions.pop_front().unwrap();
//!     match pool.take(position, now, &mut closed)? {
//!         Decision::Reuse(same, slot) => second.push((same, slot)),
//!         _ => unreachable!("it was woken"),
//!     }
//! }
//! assert_eq!(pool.gauges(&origin), gauges(5, 0, 0));
//!
//! // Then no request waits, and the connections are idle until they expire.
//! for (connection, slot) in second {
//!     assert_eq!(pool.free(slot, connection, KeepAlive::default(), now, &mut closed), None);
//! }
//! assert_eq!(pool.gauges(&origin), gauges(0, 0, 5));
//! pool.expire(now + Duration::from_secs(4), &mut closed);
//! assert_eq!(closed, [1, 2, 3, 4, 5]);
//! assert_eq!(pool.origins().count(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which file to read first
//!
//! [`decision.rs`](decision) is what the pool returns to a request, with a driver as its example.
//! [`Pool`], below, decides it, in [`passing_on.rs`](passing_on) what becomes of a slot that is given back;
//! [`origins.rs`](origins) counts. [`retry.rs`](retry) is a rule that stands
//! alone, and [`limits.rs`](limits) are numbers. The thread that sleeps is in
//! [`client/agent.rs`](super::Agent).
//!
//! # Exercises
//!
//! 1. A request may connect and waits for the handshake; meanwhile a connection to the same origin
//!    becomes idle. Go's client then uses whichever is ready first. Which decision would you add, and
//!    which values does the request hold while both are under way?
//! 2. Let [`Pool::free`] wake the waiting request *without* setting the grant aside: it may ask again when
//!    it is awake. Which test in `tests/wire/pool/` fails, and what did the request find?

mod decision;
mod limits;
mod origins;
mod passing_on;
mod retry;

pub use crate::http::wire::KeepAlive;
pub use decision::{Decision, QueuePosition, Refused, Slot};
pub use limits::{Limits, ZeroSockets};
pub use origins::Gauges;
pub use retry::{Attempt, NotRetried};

use origins::{Idle, Origins};
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::time::Instant;

/// The rules of an [`Agent`](crate::http::Agent) without its sockets, threads and clock: for a driver of one's own,
/// as that of [`Decision`].
///
/// ```
/// use barewire::http::pool::{Decision, KeepAlive, Limits, Pool};
/// use std::time::Instant;
///
/// let (now, mut closed, mut pool) = (Instant::now(), Vec::new(), Pool::new(Limits::default())?);
/// if let Decision::Connect(slot) = pool.request(&"a:80", now, || (), &mut closed)? {
///     pool.free(slot, "connection 1", KeepAlive::default(), now, &mut closed);
/// }
/// assert!(matches!(pool.request(&"a:80", now, || (), &mut closed)?, Decision::Reuse("connection 1", _)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Connections `C` to origins `K`, and requests that wait, each with a `W` that wakes it.
///
/// The pool opens, closes, reads and wakes nothing: its caller says what happened, and the pool returns
/// what to do. Put it behind one lock. `K` is cloned for every slot, so let that be cheap, as with an
/// `Arc`. Where a method has `closed`, it appends the connections that have left the pool: drop them
/// after the lock is released, and before another is opened.
///
/// One sentence holds between any two calls, and the rest follows from it:
///
/// > **No request waits that could be served.** Where a request waits, its origin has `max_sockets`
/// > slots in use, or all origins together have `max_total_sockets`.
///
/// So a request that can be served at once overtakes none. And a slot that is given back, which is the
/// only thing that makes room, makes it for one request: each call wakes one at most.
pub struct Pool<K, C, W> {
    limits: Limits,
    origins: Origins<K, C, W>,
    /// What waits for its position to be taken: an idle connection, or the right to open one.
    granted: HashMap<u64, Option<Idle<C>>>,
    closed: bool,
}

impl<K: Clone + Eq + Hash, C, W> Pool<K, C, W> {
    /// An empty pool.
    ///
    /// # Errors
    /// [`ZeroSockets`] for limits under which no request could be served.
    pub fn new(limits: Limits) -> Result<Pool<K, C, W>, ZeroSockets> {
        limits.check()?;
        Ok(Pool {
            limits,
            origins: Origins::new(),
            granted: HashMap::new(),
            closed: false,
        })
    }

    // ---- a request begins -----------------------------------------------------------------

    /// A request needs a connection to `origin`. It gets the newest idle one, or the right to open one,
    /// or a position in the queue. Only in the last case `waker` is called, for what will wake it.
    ///
    /// # Errors
    /// [`Refused`] if it would have to wait and the queue is full, or if the pool was closed.
    pub fn request(
        &mut self,
        origin: &K,
        now: Instant,
        waker: impl FnOnce() -> W,
        closed: &mut Vec<C>,
    ) -> Result<Decision<K, C>, Refused> {
        if self.closed {
            return Err(Refused::Closed);
        }
        self.expire(now, closed);
        let slot = |place| Slot {
            origin: origin.clone(),
            place,
        };
        if let Some((connection, place)) = self.origins.take_newest_and_slot(origin) {
            return Ok(Decision::Reuse(connection, slot(place)));
        }
        if self.make_room(origin, closed) {
            return Ok(Decision::Connect(slot(self.origins.take_slot(origin))));
        }
        let waiting = self.gauges(origin).requests;
        if waiting >= self.limits.max_queued {
            return Err(Refused::QueueFull(waiting));
        }
        let (serial, place) = self.origins.queue(origin, waker());
        Ok(Decision::Wait(QueuePosition {
            origin: origin.clone(),
            place,
            serial,
            deadline: self.limits.queue_timeout.and_then(|d| now.checked_add(d)),
        }))
    }

    /// A waiting request asks whether it was granted something; if not, it goes on waiting. It may ask
    /// at any time, woken or not.
    ///
    /// # Errors
    /// [`Refused::Closed`] if the pool was closed while it waited.
    pub fn take(
        &mut self,
        position: QueuePosition<K>,
        now: Instant,
        closed: &mut Vec<C>,
    ) -> Result<Decision<K, C>, Refused> {
        match self.granted.remove(&position.serial) {
            Some(granted) => {
                let idle = granted.and_then(|idle| idle.unless_expired(now, closed));
                let connection = idle.map(|idle| idle.connection);
                Ok(Decision::granted(connection, position.into_slot()))
            }
            None if self.closed => Err(Refused::Closed),
            None => Ok(Decision::Wait(position)),
        }
    }

    /// The connection of a slot was found dead before anything was sent on it, and dropped. The request
    /// gets the next newest one, or the right to open one. It never waits: it keeps its slot.
    pub fn retry(&mut self, slot: Slot<K>, now: Instant, closed: &mut Vec<C>) -> Decision<K, C> {
        self.expire(now, closed);
        let connection = self.origins.take_newest(&slot.origin, slot.place);
        Decision::granted(connection, slot)
    }

    // ---- a request ends -------------------------------------------------------------------

    /// The response was read to its end and the connection persists. It goes to the next in line, or is
    /// kept for as long as `keep_alive` and the limits allow. The caller wakes what is returned.
    // RFC 9112 §9.3: "a client MUST read the entire response message body if it intends to reuse
    // the same connection for a subsequent request."
    #[must_use = "it was granted something and sleeps"]
    pub fn free(
        &mut self,
        slot: Slot<K>,
        connection: C,
        keep_alive: KeepAlive,
        now: Instant,
        closed: &mut Vec<C>,
    ) -> Option<W> {
        let limits = &self.limits;
        let limit = keep_alive.idle_limit(limits.idle_timeout, limits.keep_alive_margin);
        let until = now.checked_add(limit);
        let idle = Idle { connection, until }.unless_expired(now, closed);
        self.pass_on(&slot, idle, closed)
    }

    /// A slot is given back without its connection: that could not be opened, is broken or closed, has
    /// left HTTP (an upgrade, a tunnel), or stands in the middle of a response that nobody reads. The
    /// next in line gets the slot alone. The caller wakes what is returned.
    #[must_use = "it was granted something and sleeps"]
    pub fn end(&mut self, slot: Slot<K>) -> Option<W> {
        self.pass_on(&slot, None, &mut Vec::new())
    }

    /// A waiting request gives up. What it was granted meanwhile goes to the next in line, as if it had
    /// been given back. The caller wakes what is returned.
    #[must_use = "it was granted something and sleeps"]
    pub fn cancel(
        &mut self,
        position: QueuePosition<K>,
        now: Instant,
        closed: &mut Vec<C>,
    ) -> Option<W> {
        let Some(granted) = self.granted.remove(&position.serial) else {
            self.origins.leave(&position.origin, position.serial);
            return None;
        };
        let idle = granted.and_then(|idle| idle.unless_expired(now, closed));
        self.pass_on(&position.into_slot(), idle, closed)
    }

    /// Ends the pool. Idle connections are closed; waiting requests are to be woken, and are refused;
    /// a connection in use is closed when its slot is given back.
    #[must_use = "all of them sleep"]
    pub fn close(&mut self, closed: &mut Vec<C>) -> Vec<W> {
        self.closed = true;
        self.origins.clear(closed)
    }

    // ---- time, and the gauges -------------------------------------------------------------

    /// Appends the idle connections that have expired to `closed`. Each request does so too; if no
    /// request may come for long, call it at [`next_expiry`](Self::next_expiry).
    pub fn expire(&mut self, now: Instant, closed: &mut Vec<C>) {
        self.origins.expire(now, closed);
    }

    /// When the first of the idle connections expires.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.origins.next_expiry()
    }

    /// How busy an origin is; all zero for an unknown one.
    pub fn gauges(&self, origin: &K) -> Gauges {
        self.origins.gauges(origin)
    }

    /// How busy all origins are together.
    pub fn totals(&self) -> Gauges {
        self.origins.totals()
    }

    /// The origins that are in use, waited for, or have idle connections; the others are forgotten.
    pub fn origins(&self) -> impl Iterator<Item = (&K, Gauges)> {
        self.origins.iter()
    }

    // ---- which request gets what ----------------------------------------------------------

    /// Whether one more connection to `origin` may be opened. If only idle connections to other origins
    /// leave no room for it, the oldest of them is closed.
    fn make_room(&mut self, origin: &K, closed: &mut Vec<C>) -> bool {
        if self.gauges(origin).sockets >= self.limits.max_sockets {
            return false;
        }
        let all = self.totals();
        if all.sockets + all.free_sockets < self.limits.max_total_sockets {
            return true;
        }
        let oldest = self.origins.take_oldest_of_all();
        let room = oldest.is_some();
        closed.extend(oldest);
        room
    }
}

impl<K: Clone + Eq + Hash, C, W> fmt::Debug for Pool<K, C, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("limits", &self.limits)
            .field("totals", &self.totals())
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}
