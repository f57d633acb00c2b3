//! The pool and its model side by side: each call is made to both, and then they must agree.

use super::model::{Expected, Kept, Model, ORIGINS};
use barewire::http::pool::{
    Decision, Gauges, KeepAlive, Limits, Pool, QueuePosition, Refused, Slot,
};
use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

/// It has no `Clone`: a connection that two requests got would be in two places.
struct Connection {
    id: usize,
    origin: usize,
}

pub(crate) struct World {
    pool: Pool<usize, Connection, usize>,
    model: Model,
    limits: Limits,
    now: Instant,
    requests: usize,
    connections: usize,
    positions: BTreeMap<usize, QueuePosition<usize>>,
    slots: BTreeMap<usize, (Slot<usize>, Connection)>,
    /// Connections that were opened and neither closed nor broken.
    alive: HashSet<usize>,
    closed: Vec<Connection>,
    /// The calls, printed if one fails.
    log: Vec<String>,
}

impl World {
    pub(crate) fn new(limits: Limits) -> World {
        World {
            pool: Pool::new(limits).expect("limits above zero"),
            model: Model::new(limits),
            limits,
            now: Instant::now(),
            requests: 0,
            connections: 0,
            positions: BTreeMap::new(),
            slots: BTreeMap::new(),
            alive: HashSet::new(),
            closed: Vec::new(),
            log: Vec::new(),
        }
    }

    pub(crate) fn log(&self) -> String {
        self.log.join("\n")
    }

    /// The requests that have a slot.
    pub(crate) fn with_slot(&self) -> Vec<usize> {
        self.slots.keys().copied().collect()
    }

    /// The requests that have a position, granted or not.
    pub(crate) fn queued(&self) -> Vec<usize> {
        self.positions.keys().copied().collect()
    }

    pub(crate) fn is_granted(&self, request: usize) -> bool {
        self.model.is_granted(request)
    }

    // ---- what happens ---------------------------------------------------------------------

    /// The number of the request.
    pub(crate) fn request(&mut self, origin: usize) -> usize {
        self.requests += 1;
        let (request, now) = (self.requests, self.now);
        self.log.push(format!("{request}: request to {origin}"));
        let waker = || request;
        let decision = self.pool.request(&origin, now, waker, &mut self.closed);
        let expected = self.model.request(request, origin, now);
        self.decided(request, decision, expected);
        self.check(None);
        request
    }

    pub(crate) fn take(&mut self, request: usize) {
        self.log.push(format!("{request}: take"));
        let position = self.positions.remove(&request).expect("a position");
        let decision = self.pool.take(position, self.now, &mut self.closed);
        let expected = self.model.take(request, self.now);
        self.decided(request, decision, expected);
        self.check(None);
    }

    pub(crate) fn cancel(&mut self, request: usize) {
        self.log.push(format!("{request}: cancel"));
        let position = self.positions.remove(&request).expect("a position");
        let woken = self.pool.cancel(position, self.now, &mut self.closed);
        self.model.cancel(request, self.now);
        self.check(woken);
    }

    pub(crate) fn retry(&mut self, request: usize) {
        self.log.push(format!("{request}: retry"));
        let (slot, dead) = self.slots.remove(&request).expect("a slot");
        self.remove(dead.id);
        let decision = self.pool.retry(slot, self.now, &mut self.closed);
        let expected = self.model.retry(dead.origin, self.now);
        self.decided(request, Ok(decision), expected);
        self.check(None);
    }

    pub(crate) fn free(&mut self, request: usize, keep_alive: KeepAlive) {
        self.log.push(format!("{request}: free, {keep_alive:?}"));
        let (slot, connection) = self.slots.remove(&request).expect("a slot");
        let limits = &self.limits;
        let kept = Kept {
            id: connection.id,
            origin: connection.origin,
            until: self.now + keep_alive.idle_limit(limits.idle_timeout, limits.keep_alive_margin),
        };
        let now = self.now;
        let woken = self
            .pool
            .free(slot, connection, keep_alive, now, &mut self.closed);
        self.model.end(request, Some(kept), now);
        self.check(woken);
    }

    pub(crate) fn end(&mut self, request: usize) {
        self.log.push(format!("{request}: end"));
        let (slot, broken) = self.slots.remove(&request).expect("a slot");
        self.remove(broken.id);
        let woken = self.pool.end(slot);
        self.model.end(request, None, self.now);
        self.check(woken);
    }

    pub(crate) fn pass_time(&mut self, time: Duration) {
        self.log.push(format!("{time:?} passes"));
        self.now += time;
    }

    pub(crate) fn expire(&mut self) {
        self.log.push("expire".into());
        self.pool.expire(self.now, &mut self.closed);
        self.model.expire(self.now);
        self.check(None);
    }

    pub(crate) fn close(&mut self) {
        self.log.push("close".into());
        let woken = self.pool.close(&mut self.closed);
        self.model.close();
        self.check(woken);
    }

    /// After all requests have ended, nothing is left.
    pub(crate) fn check_end(&mut self) {
        assert!(self.slots.is_empty() && self.positions.is_empty());
        self.pass_time(self.limits.idle_timeout);
        self.expire();
        assert_eq!(self.pool.totals(), Gauges::default());
        assert_eq!(self.pool.origins().count(), 0);
        assert!(self.alive.is_empty(), "lost: {:?}", self.alive);
    }

    // ---- what is compared -----------------------------------------------------------------

    fn decided(
        &mut self,
        request: usize,
        decision: Result<Decision<usize, Connection>, Refused>,
        expected: Expected,
    ) {
        let found = match decision {
            Ok(Decision::Reuse(connection, slot)) => {
                let id = connection.id;
                assert!(connection.origin == *slot.origin() && self.alive.contains(&id));
                self.slots.insert(request, (slot, connection));
                Expected::Reuse(id)
            }
            Ok(Decision::Connect(slot)) => {
                let connection = self.connect(*slot.origin());
                self.slots.insert(request, (slot, connection));
                Expected::Connect
            }
            Ok(Decision::Wait(position)) => {
                self.positions.insert(request, position);
                Expected::Wait
            }
            Err(refused) => Expected::Refused(refused),
        };
        assert_eq!(found, expected);
    }

    fn connect(&mut self, origin: usize) -> Connection {
        self.connections += 1;
        let id = self.connections;
        self.alive.insert(id);
        Connection { id, origin }
    }

    fn remove(&mut self, id: usize) {
        assert!(self.alive.remove(&id), "{id} was closed already");
    }

    fn check(&mut self, woken: impl IntoIterator<Item = usize>) {
        let closed = std::mem::take(&mut self.closed);
        let closed = sorted(closed.into_iter().map(|connection| connection.id));
        assert_eq!(closed, sorted(self.model.closed.drain(..)), "closed");
        assert_eq!(sorted(woken), sorted(self.model.woken.drain(..)), "woken");
        for id in closed {
            self.remove(id);
        }
        let accounted_for = self.slots.len() + self.model.owned();
        assert_eq!(self.alive.len(), accounted_for, "a connection was lost");
        assert_eq!(self.pool.next_expiry(), self.model.next_expiry());
        self.check_gauges();
    }

    /// The gauges are the model's; no limit is exceeded; no request waits that could be served.
    fn check_gauges(&self) {
        let limits = &self.limits;
        let mut totals = Gauges::default();
        let mut used = 0;
        for origin in 0..ORIGINS {
            let gauges = self.pool.gauges(&origin);
            assert_eq!(gauges, self.model.gauges(origin), "of {origin}");
            assert!(gauges.sockets + gauges.free_sockets <= limits.max_sockets);
            assert!(gauges.free_sockets <= limits.max_free_sockets);
            assert!(gauges.requests <= limits.max_queued);
            assert!(gauges.requests == 0 || !self.model.can_be_served(origin));
            totals.sockets += gauges.sockets;
            totals.requests += gauges.requests;
            totals.free_sockets += gauges.free_sockets;
            used += usize::from(gauges != Gauges::default());
        }
        assert_eq!(self.pool.totals(), totals);
        assert!(totals.sockets + totals.free_sockets <= limits.max_total_sockets);
        assert!(totals.free_sockets <= limits.max_total_free_sockets);
        let mut origins = self.pool.origins();
        assert!(origins.all(|(origin, gauges)| gauges == self.pool.gauges(origin)));
        assert_eq!(self.pool.origins().count(), used, "origins to be forgotten");
    }
}

fn sorted(numbers: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let mut numbers = Vec::from_iter(numbers);
    numbers.sort_unstable();
    numbers
}
