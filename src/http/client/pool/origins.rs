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

struct Origin<K, C, W> {
    key: K,
    sockets: usize,
    /// The oldest first, and so by number.
    requests: VecDeque<Numbered<W>>,
    /// The oldest first, and so by number.
    free: VecDeque<Numbered<Idle<C>>>,
}

/// An origin keeps its place until it is forgotten. So a slot, which notes it, is given back without a look-up.
pub(super) struct Origins<K, C, W> {
    /// The place of each origin.
    known: HashMap<K, usize>,
    places: Vec<Option<Origin<K, C, W>>>,
    /// The places that are not in use.
    vacant: Vec<usize>,
    /// Where the last request found its origin: mostly the next one has the same.
    last: usize,
    totals: Gauges,
    last_serial: u64,
    /// Nothing expires before. It may be too early: connections are taken out meanwhile.
    quiet_until: Option<Instant>,
}

impl<K, C, W> Origin<K, C, W> {
    fn unused(key: K) -> Origin<K, C, W> {
        Origin {
            key,
            sockets: 0,
            requests: VecDeque::new(),
            free: VecDeque::new(),
        }
    }

    fn gauges(&self) -> Gauges {
        Gauges {
            sockets: self.sockets,
            requests: self.requests.len(),
            free_sockets: self.free.len(),
        }
    }

    fn is_unused(&self) -> bool {
        self.gauges() == Gauges::default()
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
            places: Vec::new(),
            vacant: Vec::new(),
            last: 0,
            totals: Gauges::default(),
            last_serial: 0,
            quiet_until: None,
        }
    }

    pub(super) fn gauges(&self, origin: &K) -> Gauges {
        let known = self.place(origin, self.last).and_then(|it| self.at(it));
        known.map_or_else(Gauges::default, Origin::gauges)
    }

    pub(super) fn totals(&self) -> Gauges {
        self.totals
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, Gauges)> {
        let origins = self.places.iter().flatten();
        origins.map(|it| (&it.key, it.gauges()))
    }

    // ---- places ---------------------------------------------------------------------------

    /// The place of an origin that is known: `hint`, or another.
    #[inline]
    fn place(&self, origin: &K, hint: usize) -> Option<usize> {
        match self.at(hint) {
            Some(it) if it.key == *origin => Some(hint),
            _ => self.known.get(origin).copied(),
        }
    }

    #[inline]
    fn at(&self, place: usize) -> Option<&Origin<K, C, W>> {
        self.places.get(place)?.as_ref()
    }

    /// An origin that is known.
    #[inline]
    fn get_mut(&mut self, origin: &K, hint: usize) -> Option<&mut Origin<K, C, W>> {
        let place = self.place(origin, hint)?;
        self.places.get_mut(place)?.as_mut()
    }

    /// An origin, and its place; a new one if it is not known.
    fn known(&mut self, origin: &K) -> (&mut Origin<K, C, W>, usize) {
        let place = self.place(origin, self.last);
        let place = place.unwrap_or_else(|| self.add(origin));
        self.last = place;
        let known = self.places[place].get_or_insert_with(|| Origin::unused(origin.clone()));
        (known, place)
    }

    #[cold]
    fn add(&mut self, origin: &K) -> usize {
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.known.insert(origin.clone(), place);
        place
    }

    pub(super) fn forget_if_unused(&mut self, origin: &K, hint: usize) {
        if let Some(place) = self.place(origin, hint)
            && self.at(place).is_some_and(Origin::is_unused)
        {
            self.forget(place);
        }
    }

    #[cold]
    fn forget(&mut self, place: usize) {
        if let Some(known) = self.places[place].take() {
            self.known.remove(&known.key);
            self.vacant.push(place);
        }
    }

    fn forget_unused(&mut self) {
        for place in 0..self.places.len() {
            if self.at(place).is_some_and(Origin::is_unused) {
                self.forget(place);
            }
        }
    }

    // ---- slots ----------------------------------------------------------------------------

    /// Returns the place of the origin.
    pub(super) fn take_slot(&mut self, origin: &K) -> usize {
        let (known, place) = self.known(origin);
        known.sockets += 1;
        self.totals.sockets += 1;
        place
    }

    /// One slot less in use; returns what is left of the origin. `None`: no slot was in use. The caller counts what
    /// became of it, and then calls [`forget_if_unused`](Self::forget_if_unused).
    pub(super) fn end_slot(&mut self, origin: &K, hint: usize) -> Option<Gauges> {
        let known = self.get_mut(origin, hint).filter(|it| it.sockets > 0)?;
        known.sockets -= 1;
        let left = known.gauges();
        self.totals.sockets -= 1;
        Some(left)
    }

    // ---- waiting requests -----------------------------------------------------------------

    /// Appends a request to the queue of an origin; returns its number, and the place of the origin.
    pub(super) fn queue(&mut self, origin: &K, waker: W) -> (u64, usize) {
        let serial = self.next_serial();
        let (known, place) = self.known(origin);
        known.requests.push_back(Numbered(serial, waker));
        self.totals.requests += 1;
        (serial, place)
    }

    /// The number of the first request in each queue that is not empty.
    pub(super) fn firsts(&self) -> impl Iterator<Item = (u64, &K, Gauges)> {
        let queues = self.places.iter().flatten();
        queues.filter_map(|it| Some((it.requests.front()?.0, &it.key, it.gauges())))
    }

    pub(super) fn take_first(&mut self, origin: &K) -> Option<(u64, W)> {
        let known = self.get_mut(origin, self.last)?;
        let Numbered(serial, waker) = known.requests.pop_front()?;
        self.totals.requests -= 1;
        Some((serial, waker))
    }

    /// Takes a request out of the middle of its queue, if it is there.
    pub(super) fn leave(&mut self, origin: &K, serial: u64) -> Option<W> {
        let requests = &mut self.get_mut(origin, self.last)?.requests;
        let at = requests.binary_search_by_key(&serial, |request| request.0);
        let Numbered(_, waker) = requests.remove(at.ok()?)?;
        self.totals.requests -= 1;
        self.forget_if_unused(origin, self.last);
        Some(waker)
    }

    // ---- idle connections -----------------------------------------------------------------

    /// Returns how many idle connections the origin has now.
    pub(super) fn keep(&mut self, origin: &K, idle: Idle<C>) -> usize {
        self.expires(idle.until);
        let serial = self.next_serial();
        self.totals.free_sockets += 1;
        self.known(origin).0.keep(serial, idle)
    }

    /// As [`end_slot`](Self::end_slot) and then [`keep`](Self::keep), for the connection of the slot.
    ///
    /// # Errors
    /// No slot was in use: the connection is not kept.
    pub(super) fn end_slot_and_keep(
        &mut self,
        origin: &K,
        hint: usize,
        idle: Idle<C>,
    ) -> Result<usize, Idle<C>> {
        let (serial, until) = (self.last_serial + 1, idle.until);
        let known = self.get_mut(origin, hint).filter(|it| it.sockets > 0);
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
    pub(super) fn take_newest(&mut self, origin: &K, hint: usize) -> Option<C> {
        let place = self.place(origin, hint)?;
        self.take_newest_and(0, place)
    }

    /// The newest idle connection, and a slot for it, with the place of the origin.
    pub(super) fn take_newest_and_slot(&mut self, origin: &K) -> Option<(C, usize)> {
        let place = self.place(origin, self.last)?;
        self.last = place;
        Some((self.take_newest_and(1, place)?, place))
    }

    fn take_newest_and(&mut self, slots: usize, place: usize) -> Option<C> {
        let known = self.places.get_mut(place)?.as_mut()?;
        let Numbered(_, idle) = known.free.pop_back()?;
        known.sockets += slots;
        self.totals.sockets += slots;
        self.totals.free_sockets -= 1;
        Some(idle.connection)
    }

    pub(super) fn take_oldest(&mut self, origin: &K) -> Option<C> {
        let known = self.get_mut(origin, self.last)?;
        let Numbered(_, idle) = known.free.pop_front()?;
        self.totals.free_sockets -= 1;
        self.forget_if_unused(origin, self.last);
        Some(idle.connection)
    }

    pub(super) fn take_oldest_of_all(&mut self) -> Option<C> {
        let idle = self.places.iter().flatten();
        let oldest = idle.filter_map(|it| Some((it.free.front()?.0, &it.key)));
        let (_, origin) = oldest.min_by_key(|(serial, _)| *serial)?;
        self.take_oldest(&origin.clone())
    }

    pub(super) fn next_expiry(&self) -> Option<Instant> {
        let origins = self.places.iter().flatten();
        origins.filter_map(Origin::next_expiry).min()
    }

    pub(super) fn expire(&mut self, now: Instant, closed: &mut Vec<C>) {
        if self.quiet_until.is_none_or(|until| now < until) {
            return;
        }
        let before = closed.len();
        for origin in self.places.iter_mut().flatten() {
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
        for origin in self.places.iter_mut().flatten() {
            closed.extend(origin.free.drain(..).map(|idle| idle.1.connection));
            wakers.extend(origin.requests.drain(..).map(|request| request.1));
        }
        (self.totals.requests, self.totals.free_sockets) = (0, 0);
        self.forget_unused();
        wakers
    }

    fn next_serial(&mut self) -> u64 {
        self.last_serial += 1;
        self.last_serial
    }
}

#[cfg(test)]
mod tests;
