//! The pool of an agent: connections that are used again, five to an origin at most, and the queue
//! of requests that wait for one. Bytes and rules, as in [`wire`](crate::http::wire): no socket, no
//! thread, no lock, no clock.
//!
//! # The problem
//!
//! A connection costs a round trip before it carries the first byte, with TLS two or three. So
//! connections are kept and used again, and a client that does so can get three things wrong:
//!
//! - a request waits for a connection, one is given back, and nobody wakes the request; or someone
//!   who came later takes it, again and again;
//! - a connection is taken from the pool that the server closed while it was there;
//! - a connection is given back with half an answer in it, and the next request takes the rest of
//!   that for its own.
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
//!               │   │       └ given back: to the oldest    │
//!               │   │         who waits, else to be idle   │
//!               │   └───────────┐                          │
//!  requests ──► │ #10 #9 #8 #7 #6     free: idle, the      │
//!               │ requests: waiting   newest is used first │
//!               └──────────────────────────────────────────┘
//! ```
//!
//! Two things are held by those who ask. Each must be given back, whatever happens:
//!
//! ```text
//!   request ──► Lease ──┬── free(connection) ──► to the next in line, or idle
//!      │         ▲ ▲ │  └── end() ─────────────► the next in line may open one
//!      │         │ └─┘ retry(): it was dead, another
//!      │         └─────────── take() ─┐
//!      └──────► Ticket: waiting ──► granted ── cancel() ──► to the next in line, or idle
//!                 │  ▲      │   a lease ended
//!                 │  └──────┘ take(): not yet
//!                 └── cancel() ──► gone
//! ```
//!
//! # The rules
//!
//! 1. **Limits.** Open connections, in use and idle, are [`Limits::max_sockets`] to an origin and
//!    [`Limits::max_total_sockets`] in all. Where only idle ones stand in the way of the total, the
//!    oldest of them is closed.
//! 2. **The newest first.** Of the idle ones the newest is used: it is the likeliest to be alive. The
//!    others grow old together and expire, so a quiet client ends up with few.
//! 3. **First come, first served.** A waiter can be served while its origin has fewer than
//!    `max_sockets` leases. When a lease ends, the oldest ticket *that can be served*, of all
//!    origins, gets the place: with the connection, if that leads to its origin; if not, it may open
//!    one, and what was given back is closed, for its place is needed. So within an origin the order
//!    is strict; an older ticket is passed only while its own origin is full; nobody starves. (Node
//!    serves its own origin first: "this logic will not be FIFO across origins", says its source.)
//! 4. **A grant belongs to its ticket.** What a waiter is given is put aside before it is woken: no
//!    newcomer can take it, however late it wakes. If it gave up meanwhile, the grant goes on.
//! 5. **Only what is whole comes back.** [`Pool::free`] is for a connection whose answer was read to
//!    its end; every other way for a lease to end is [`Pool::end`]. A body that is dropped half read
//!    costs its connection and nothing else.
//! 6. **Idle is limited**, by us and by the server's [`KeepAlive`], less a margin; and an idle
//!    connection with something to read is dead. What dies all the same in the moment of use may be
//!    asked for once more, where that is safe: [`Attempt::may_retry`].
//! 7. **Nothing is done under the lock.** The pool says who is to be woken and what is to be closed;
//!    both can wait until the lock is free. A request that finds an idle connection and gives it back
//!    allocates nothing.
//!
//! A request without an agent (`agent: none`) has no business here: it opens a connection of its own,
//! says `Connection: close`, and counts nowhere.
//!
//! # What the notes get wrong
//!
//! - Five sockets an origin is the default, they say (E25). It was Node's until 0.12; now there is no
//!   limit (here: `usize::MAX`), and since 19 connections are kept alive without asking. Ours are five
//!   on purpose: behind each stands a thread, and RFC 9112 §9.4 "encourages clients to be conservative
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
//! let (mut leases, mut tickets) = (Vec::new(), VecDeque::new());
//! for request in 1..=10 {
//!     match pool.request(&origin, now, || request, &mut closed)? {
//!         Decision::Connect(lease) => leases.push((request, lease)),
//!         Decision::Wait(ticket) => tickets.push_back(ticket),
//!         Decision::Reuse(..) => unreachable!("none is idle yet"),
//!     }
//! }
//! let gauges = |sockets, requests, free_sockets| Gauges { sockets, requests, free_sockets };
//! assert_eq!(pool.gauges(&origin), gauges(5, 5, 0));
//!
//! // Each of the first five, when it has its answer, hands its connection to one of the others.
//! let mut second = Vec::new();
//! for (connection, lease) in leases {
//!     let woken = pool.free(lease, connection, KeepAlive::default(), now, &mut closed);
//!     assert_eq!(woken, Some(connection + 5));
//!     let ticket = tickets.pop_front().unwrap();
//!     match pool.take(ticket, now, &mut closed)? {
//!         Decision::Reuse(same, lease) => second.push((same, lease)),
//!         _ => unreachable!("it was woken"),
//!     }
//! }
//! assert_eq!(pool.gauges(&origin), gauges(5, 0, 0));
//!
//! // Then nobody waits, and they become idle, but not for ever.
//! for (connection, lease) in second {
//!     assert_eq!(pool.free(lease, connection, KeepAlive::default(), now, &mut closed), None);
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
//! `pool/lease.rs` is what a request is told, with a driver as its example. [`Pool`], below, decides
//! it, and `pool/origins.rs` keeps the books. `pool/retry.rs` is a rule that stands alone.
//!
//! # Exercises
//!
//! 1. A request has leave to connect and waits for the handshake; meanwhile a connection to the same
//!    origin becomes idle. Go's client then uses whichever is ready first. Which decision would you
//!    add, and who holds what while both are under way?
//! 2. Let [`Pool::free`] wake the waiter *without* putting the grant aside: it may ask again when it
//!    is awake. Which test in `tests/wire/pool/` fails, and what did the waiter meet?

mod lease;
mod limits;
mod origins;
mod retry;

pub use crate::http::wire::KeepAlive;
pub use lease::{Decision, Lease, Refused, Ticket};
pub use limits::{Limits, ZeroSockets};
pub use origins::Gauges;
pub use retry::Attempt;

use origins::{Idle, Origins};
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::time::Instant;

/// Connections `C` to origins `K`, and requests that wait, each with a `W` that wakes it.
///
/// It opens, closes, reads and wakes nothing: it is told what happened and says what to do. Put it
/// behind one lock. `K` is cloned with every lease, so let it be cheap: an `Arc`. Where a method has
/// `closed`, the connections that have left the pool are appended to it: drop them when the lock is
/// free, and before another is opened.
///
/// One sentence holds between any two calls, and the rest follows from it:
///
/// > **Nobody waits who could be served.** Where a request waits, its origin has `max_sockets`
/// > leases, or all origins together have `max_total_sockets`.
///
/// So a request that can be served at once overtakes nobody. And a lease that ends, which is the only
/// thing that makes room, makes it for one: each call wakes one waiter at most.
pub struct Pool<K, C, W> {
    limits: Limits,
    origins: Origins<K, C, W>,
    /// What waits for its ticket to be taken: an idle connection, or leave to open one.
    granted: HashMap<u64, Option<Idle<C>>>,
    closed: bool,
}

impl<K: Clone + Eq + Hash, C, W> Pool<K, C, W> {
    /// An empty pool.
    ///
    /// # Errors
    /// [`ZeroSockets`] for limits under which nobody could be served.
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

    /// A request wants a connection to `origin`: it gets the newest idle one, or leave to open one,
    /// or a place in the queue. Only then `waker` is asked for what will wake it.
    ///
    /// # Errors
    /// [`Refused`] where it would have to wait and the queue is full, or the pool was closed.
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
        let connection = self.origins.take_newest(origin);
        if connection.is_some() || self.make_room(origin, closed) {
            self.origins.lend(origin);
            return Ok(Decision::granted(connection, origin.clone()));
        }
        let waiting = self.gauges(origin).requests;
        if waiting >= self.limits.max_queued {
            return Err(Refused::QueueFull(waiting));
        }
        Ok(Decision::Wait(Ticket {
            origin: origin.clone(),
            serial: self.origins.queue(origin, waker()),
            deadline: self.limits.queue_timeout.and_then(|d| now.checked_add(d)),
        }))
    }

    /// A waiter looks whether it was granted something; if not, it waits again. It may look at any
    /// time, woken or not.
    ///
    /// # Errors
    /// [`Refused::Closed`] where the pool was closed while it waited.
    pub fn take(
        &mut self,
        ticket: Ticket<K>,
        now: Instant,
        closed: &mut Vec<C>,
    ) -> Result<Decision<K, C>, Refused> {
        match self.granted.remove(&ticket.serial) {
            Some(granted) => {
                let idle = granted.and_then(|idle| idle.unless_past(now, closed));
                let connection = idle.map(|idle| idle.connection);
                Ok(Decision::granted(connection, ticket.origin))
            }
            None if self.closed => Err(Refused::Closed),
            None => Ok(Decision::Wait(ticket)),
        }
    }

    /// The connection of a lease was found dead before anything was sent on it, and dropped: here is
    /// the next newest, or leave to open one. It never waits, for the lease goes on.
    pub fn retry(&mut self, lease: Lease<K>, now: Instant, closed: &mut Vec<C>) -> Decision<K, C> {
        self.expire(now, closed);
        let connection = self.origins.take_newest(&lease.origin);
        Decision::granted(connection, lease.origin)
    }

    // ---- a request ends -------------------------------------------------------------------

    /// The answer was read to its end and the connection persists: it goes to the next in line, or
    /// is kept for as long as `told` and the limits allow. What is returned is to be woken.
    // RFC 9112 §9.3: "a client MUST read the entire response message body if it intends to reuse
    // the same connection for a subsequent request."
    #[must_use = "it was granted something and sleeps"]
    pub fn free(
        &mut self,
        lease: Lease<K>,
        connection: C,
        told: KeepAlive,
        now: Instant,
        closed: &mut Vec<C>,
    ) -> Option<W> {
        let limits = &self.limits;
        let limit = told.idle_limit(limits.idle_timeout, limits.keep_alive_margin);
        let until = now.checked_add(limit);
        let idle = Idle { connection, until }.unless_past(now, closed);
        self.pass_on(&lease.origin, idle, closed)
    }

    /// The lease ends without its connection, which could not be opened, is broken or closed, has
    /// left HTTP (an upgrade, a tunnel), or stands in the middle of an answer that nobody reads: the
    /// place alone goes to the next in line. What is returned is to be woken.
    #[must_use = "it was granted something and sleeps"]
    pub fn end(&mut self, lease: Lease<K>) -> Option<W> {
        self.pass_on(&lease.origin, None, &mut Vec::new())
    }

    /// A waiter gives up. What it was granted meanwhile goes to the next in line, as if it had been
    /// given back; what is returned is to be woken.
    #[must_use = "it was granted something and sleeps"]
    pub fn cancel(&mut self, ticket: Ticket<K>, now: Instant, closed: &mut Vec<C>) -> Option<W> {
        let Some(granted) = self.granted.remove(&ticket.serial) else {
            self.origins.leave(&ticket.origin, ticket.serial);
            return None;
        };
        let idle = granted.and_then(|idle| idle.unless_past(now, closed));
        self.pass_on(&ticket.origin, idle, closed)
    }

    /// No more: idle connections go, all who wait are to be woken and will be refused, and what is
    /// in use goes when its lease ends.
    #[must_use = "all of them sleep"]
    pub fn close(&mut self, closed: &mut Vec<C>) -> Vec<W> {
        self.closed = true;
        self.origins.clear(closed)
    }

    // ---- time, and the gauges -------------------------------------------------------------

    /// Appends the idle connections that are past their time to `closed`. Each request does so too;
    /// where none comes for long, call it at [`next_expiry`](Self::next_expiry).
    pub fn expire(&mut self, now: Instant, closed: &mut Vec<C>) {
        self.origins.expire(now, closed);
    }

    /// When the first of the idle connections is past its time.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.origins.next_expiry()
    }

    /// How busy an origin is; all zero for one that is unknown.
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

    // ---- who gets what --------------------------------------------------------------------

    /// Whether one more connection to `origin` may be opened. Where only idle ones elsewhere are in
    /// the way, the oldest of them goes.
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

    /// A lease has ended. Its place, and what it had, go to the first in line.
    fn pass_on(&mut self, from: &K, idle: Option<Idle<C>>, closed: &mut Vec<C>) -> Option<W> {
        if !self.origins.end_lease(from) {
            closed.extend(idle.map(|idle| idle.connection)); // a lease of another pool
            return None;
        }
        let woken = match (self.first_in_line(from), idle) {
            (Some(next), idle) if next == *from => self.grant(&next, idle),
            (Some(next), idle) => {
                closed.extend(idle.map(|idle| idle.connection)); // its place is needed
                self.grant(&next, None)
            }
            (None, Some(idle)) => {
                self.keep(from, idle, closed);
                None
            }
            (None, None) => None,
        };
        self.origins.forget_if_unused(from);
        woken
    }

    /// Who may have the place that a lease of `from` has left: of those who wait first in their own
    /// queue, at an origin that may have one more, the one who came first.
    fn first_in_line(&self, from: &K) -> Option<K> {
        if self.totals().sockets + 1 < self.limits.max_total_sockets {
            // There was room before, so whoever waits elsewhere waits for its own origin.
            return (self.gauges(from).requests > 0).then(|| from.clone());
        }
        let may_have_more = |gauges: Gauges| gauges.sockets < self.limits.max_sockets;
        let firsts = self.origins.firsts();
        let able = firsts.filter(|(_, _, gauges)| may_have_more(*gauges));
        let (_, origin, _) = able.min_by_key(|(serial, ..)| *serial)?;
        Some(origin.clone())
    }

    fn grant(&mut self, origin: &K, idle: Option<Idle<C>>) -> Option<W> {
        let (serial, waker) = self.origins.take_first(origin)?;
        self.origins.lend(origin);
        self.granted.insert(serial, idle);
        Some(waker)
    }

    fn keep(&mut self, from: &K, idle: Idle<C>, closed: &mut Vec<C>) {
        if self.closed {
            return closed.push(idle.connection);
        }
        self.origins.keep(from, idle);
        if self.gauges(from).free_sockets > self.limits.max_free_sockets {
            closed.extend(self.origins.take_oldest(from));
        } else if self.totals().free_sockets > self.limits.max_total_free_sockets {
            closed.extend(self.origins.take_oldest_of_all());
        }
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
