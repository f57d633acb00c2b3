//! What the pool knows of each origin: slots in use, waiting requests, idle connections. The pool
//! decides; this file counts, so that a total is always the sum of its parts.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Instant;

/// How busy an origin is, or the whole pool: what [`Agent::gauges`](crate::http::Agent::gauges) and
/// [`Agent::totals`](crate::http::Agent::totals) return.
///
/// ```
/// use barewire::http::Agent;
///
/// for (origin, gauges) in Agent::global().origins() {
///     println!("{origin}: {} in use, {} wait, {} idle", gauges.sockets, gauges.requests, gauges.free_sockets);
/// }
/// assert_eq!(Agent::global().totals().requests, 0); // no request waits
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Slots: connections in use, being opened, or granted to a request whose thread is waking up.
    pub sockets: usize,
    /// Requests that wait.
    pub requests: usize,
    /// Idle connections.
    pub free_sockets: usize,
}

/// A connection that no request uses.
#[derive(Debug)]
pub(super) struct Idle<C> {
    pub(super) connection: C,
    /// When it expires; `None`: never.
    pub(super) until: Option<Instant>,
}

impl<C> Idle<C> {
    fn has_expired(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// If it has expired, the connection is appended to `closed`.
    pub(super) fn unless_expired(self, now: Instant, closed: &mut Vec<C>) -> Option<Idle<C>> {
        if self.has_expired(now) {
            closed.push(self.connection);
            return None;
        }
        Some(self)
    }
}

/// Serial numbers give the age, not a clock: no two of them are equal.
struct Numbered<T>(u64, T);

struct Origin<C, W> {
    sockets: usize,
    /// The oldest first, and so by number.
    requests: VecDeque<Numbered<W>>,
    /// The oldest first, and so by number.
    free: VecDeque<Numbered<Idle<C>>>,
}

pub(super) struct Origins<K, C, W> {
    known: HashMap<K, Origin<C, W>>,
    totals: Gauges,
    last_serial: u64,
    /// Nothing expires before. It may be too early: connections are taken out meanwhile.
    quiet_until: Option<Instant>,
}

impl<C, W> Origin<C, W> {
    const UNUSED: Origin<C, W> = Origin {
        sockets: 0,
        requests: VecDeque::new(),
        free: VecDeque::new(),
    };

    fn gauges(&self) -> Gauges {
        Gauges {
            sockets: self.sockets,
            requests: self.requests.len(),
            free_sockets: self.free.len(),
        }
    }

    /// Returns how many idle connections there are now.
    fn keep(&mut self, serial: u64, idle: Idle<C>) -> usize {
        self.free.push_back(Numbered(serial, idle));
        self.free.len()
    }

    fn expire(&mut self, now: Instant, closed: &mut Vec<C>) {
        for _ in 0..self.free.len() {
            match self.free.pop_front() {
                Some(Numbered(_, idle)) if idle.has_expired(now) => closed.push(idle.connection),
                other => self.free.extend(other),
            }
        }
    }

    fn next_expiry(&self) -> Option<Instant> {
        self.free.iter().filter_map(|idle| idle.1.until).min()
    }
}

impl<K: Clone + Eq + Hash, C, W> Origins<K, C, W> {
    pub(super) fn new() -> Origins<K, C, W> {
        Origins {
            known: HashMap::new(),
            totals: Gauges::default(),
            last_serial: 0,
            quiet_until: None,
        }
    }

    pub(super) fn gauges(&self, origin: &K) -> Gauges {
        let known = self.known.get(origin);
        known.map_or_else(Gauges::default, Origin::gauges)
    }

    pub(super) fn totals(&self) -> Gauges {
        self.totals
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, Gauges)> {
        self.known.iter().map(|(key, it)| (key, it.gauges()))
    }

    // ---- slots ----------------------------------------------------------------------------

    pub(super) fn take_slot(&mut self, origin: &K) {
        self.known(origin).sockets += 1;
        self.totals.sockets += 1;
    }

    /// One slot less in use; returns what is left of the origin. `None`: no slot was in use. The caller counts what
    /// became of it, and then calls [`forget_if_unused`](Self::forget_if_unused).
    pub(super) fn end_slot(&mut self, origin: &K) -> Option<Gauges> {
        let known = self.known.get_mut(origin).filter(|it| it.sockets > 0)?;
        known.sockets -= 1;
        self.totals.sockets -= 1;
        Some(known.gauges())
    }

    pub(super) fn forget_if_unused(&mut self, origin: &K) {
        let known = self.known.get(origin);
        if known.is_some_and(|it| it.gauges() == Gauges::default()) {
            self.known.remove(origin);
        }
    }

    // ---- waiting requests -----------------------------------------------------------------

    /// Appends a request to the queue of an origin; returns its number.
    pub(super) fn queue(&mut self, origin: &K, waker: W) -> u64 {
        let serial = self.next_serial();
        let requests = &mut self.known(origin).requests;
        requests.push_back(Numbered(serial, waker));
        self.totals.requests += 1;
        serial
    }

    /// The number of the first request in each queue that is not empty.
    pub(super) fn firsts(&self) -> impl Iterator<Item = (u64, &K, Gauges)> {
        let queues = self.known.iter();
        queues.filter_map(|(key, it)| Some((it.requests.front()?.0, key, it.gauges())))
    }

    pub(super) fn take_first(&mut self, origin: &K) -> Option<(u64, W)> {
        let Numbered(serial, waker) = self.known.get_mut(origin)?.requests.pop_front()?;
        self.totals.requests -= 1;
        Some((serial, waker))
    }

    /// Takes a request out of the middle of its queue, if it is there.
    pub(super) fn leave(&mut self, origin: &K, serial: u64) -> Option<W> {
        let requests = &mut self.known.get_mut(origin)?.requests;
        let at = requests.binary_search_by_key(&serial, |request| request.0);
        let Numbered(_, waker) = requests.remove(at.ok()?)?;
        self.totals.requests -= 1;
        self.forget_if_unused(origin);
        Some(waker)
    }

    // ---- idle connections -----------------------------------------------------------------

    /// Returns how many idle connections the origin has now.
    pub(super) fn keep(&mut self, origin: &K, idle: Idle<C>) -> usize {
        self.expires(idle.until);
        let serial = self.next_serial();
        self.totals.free_sockets += 1;
        self.known(origin).keep(serial, idle)
    }

    /// As [`end_slot`](Self::end_slot) and then [`keep`](Self::keep), for the connection of the slot.
    ///
    /// # Errors
    /// No slot was in use: the connection is not kept.
    pub(super) fn end_slot_and_keep(
        &mut self,
        origin: &K,
        idle: Idle<C>,
    ) -> Result<usize, Idle<C>> {
        let (serial, until) = (self.last_serial + 1, idle.until);
        let known = self.known.get_mut(origin).filter(|it| it.sockets > 0);
        let Some(known) = known else {
            return Err(idle);
        };
        known.sockets -= 1;
        let free_sockets = known.keep(serial, idle);
        self.last_serial = serial;
        self.totals.sockets -= 1;
        self.totals.free_sockets += 1;
        self.expires(until);
        Ok(free_sockets)
    }

    /// A connection that expires at `until` is idle from now on.
    fn expires(&mut self, until: Option<Instant>) {
        if let Some(until) = until {
            self.quiet_until = Some(self.quiet_until.map_or(until, |first| first.min(until)));
        }
    }

    /// For a request that has a slot.
    pub(super) fn take_newest(&mut self, origin: &K) -> Option<C> {
        self.take_newest_and(0, origin)
    }

    /// The newest idle connection, and a slot for it.
    pub(super) fn take_newest_and_slot(&mut self, origin: &K) -> Option<C> {
        self.take_newest_and(1, origin)
    }

    fn take_newest_and(&mut self, slots: usize, origin: &K) -> Option<C> {
        let known = self.known.get_mut(origin)?;
        let Numbered(_, idle) = known.free.pop_back()?;
        known.sockets += slots;
        self.totals.sockets += slots;
        self.totals.free_sockets -= 1;
        Some(idle.connection)
    }

    pub(super) fn take_oldest(&mut self, origin: &K) -> Option<C> {
        let Numbered(_, idle) = self.known.get_mut(origin)?.free.pop_front()?;
        self.totals.free_sockets -= 1;
        self.forget_if_unused(origin);
        Some(idle.connection)
    }

    pub(super) fn take_oldest_of_all(&mut self) -> Option<C> {
        let idle = self.known.iter();
        let oldest = idle.filter_map(|(key, it)| Some((it.free.front()?.0, key)));
        let (_, origin) = oldest.min_by_key(|(serial, _)| *serial)?;
        self.take_oldest(&origin.clone())
    }

    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.known.values().filter_map(Origin::next_expiry).min()
    }

    pub(super) fn expire(&mut self, now: Instant, closed: &mut Vec<C>) {
        if self.quiet_until.is_none_or(|until| now < until) {
            return;
        }
        let before = closed.len();
        for origin in self.known.values_mut() {
            origin.expire(now, closed);
        }
        self.totals.free_sockets -= closed.len() - before;
        self.quiet_until = self.next_expiry();
        self.forget_unused();
    }

    // ---- all of it ------------------------------------------------------------------------

    /// Ends all but the slots in use: appends idle connections to `closed`, returns the wakers.
    pub(super) fn clear(&mut self, closed: &mut Vec<C>) -> Vec<W> {
        let mut wakers = Vec::new();
        for origin in self.known.values_mut() {
            closed.extend(origin.free.drain(..).map(|idle| idle.1.connection));
            wakers.extend(origin.requests.drain(..).map(|request| request.1));
        }
        (self.totals.requests, self.totals.free_sockets) = (0, 0);
        self.forget_unused();
        wakers
    }

    fn forget_unused(&mut self) {
        self.known.retain(|_, it| it.gauges() != Gauges::default());
    }

    fn known(&mut self, origin: &K) -> &mut Origin<C, W> {
        self.known.entry(origin.clone()).or_insert(Origin::UNUSED)
    }

    fn next_serial(&mut self) -> u64 {
        self.last_serial += 1;
        self.last_serial
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_that_come_and_go_leave_no_origin_and_take_no_new_memory() {
        let mut origins: Origins<&str, u32, ()> = Origins::new();
        let (mut closed, now) = (Vec::new(), Instant::now());
        let idle = || Idle {
            connection: 1,
            until: Some(now),
        };
        origins.keep(&"a", idle());
        let room = origins.known["a"].free.capacity();
        for _ in 0..10_000 {
            assert!(origins.take_newest_and_slot(&"a").is_some());
            assert_eq!(origins.end_slot(&"a"), Some(Gauges::default()));
            origins.keep(&"a", idle());
            origins.forget_if_unused(&"a");
        }
        assert_eq!(origins.known["a"].free.capacity(), room);
        origins.expire(now, &mut closed);
        assert_eq!((closed.len(), origins.known.len()), (1, 0));
        assert_eq!(
            (origins.totals, origins.quiet_until),
            (Gauges::default(), None)
        );
    }
}
