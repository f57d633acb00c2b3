//! The pool and its model, in step: whatever happens, happens to both, and afterwards they agree.

use super::model::{Kept, Model, ORIGINS, Said};
use barewire::http::pool::{Decision, Gauges, KeepAlive, Lease, Limits, Pool, Refused, Ticket};
use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

/// Not to be copied: handed out twice, it would be in two places.
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
    tickets: BTreeMap<usize, Ticket<usize>>,
    leases: BTreeMap<usize, (Lease<usize>, Connection)>,
    /// Connections that were opened and neither closed nor broken.
    alive: HashSet<usize>,
    closed: Vec<Connection>,
    /// What has happened, for whoever has to find out why.
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
            tickets: BTreeMap::new(),
            leases: BTreeMap::new(),
            alive: HashSet::new(),
            closed: Vec::new(),
            log: Vec::new(),
        }
    }

    pub(crate) fn log(&self) -> String {
        self.log.join("\n")
    }

    /// The requests that hold a lease.
    pub(crate) fn leased(&self) -> Vec<usize> {
        self.leases.keys().copied().collect()
    }

    /// The requests that hold a ticket, granted or not.
    pub(crate) fn ticketed(&self) -> Vec<usize> {
        self.tickets.keys().copied().collect()
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
        let said = self.model.request(request, origin, now);
        self.decided(request, decision, said);
        self.check(None);
        request
    }

    pub(crate) fn take(&mut self, request: usize) {
        self.log.push(format!("{request}: take"));
        let ticket = self.tickets.remove(&request).expect("a ticket");
        let decision = self.pool.take(ticket, self.now, &mut self.closed);
        let said = self.model.take(request, self.now);
        self.decided(request, decision, said);
        self.check(None);
    }

    pub(crate) fn cancel(&mut self, request: usize) {
        self.log.push(format!("{request}: cancel"));
        let ticket = self.tickets.remove(&request).expect("a ticket");
        let woken = self.pool.cancel(ticket, self.now, &mut self.closed);
        self.model.cancel(request, self.now);
        self.check(woken);
    }

    pub(crate) fn retry(&mut self, request: usize) {
        self.log.push(format!("{request}: retry"));
        let (lease, dead) = self.leases.remove(&request).expect("a lease");
        self.gone(dead.id);
        let decision = self.pool.retry(lease, self.now, &mut self.closed);
        let said = self.model.retry(dead.origin, self.now);
        self.decided(request, Ok(decision), said);
        self.check(None);
    }

    pub(crate) fn free(&mut self, request: usize, told: KeepAlive) {
        self.log.push(format!("{request}: free, {told:?}"));
        let (lease, connection) = self.leases.remove(&request).expect("a lease");
        let limits = &self.limits;
        let kept = Kept {
            id: connection.id,
            origin: connection.origin,
            until: self.now + told.idle_limit(limits.idle_timeout, limits.keep_alive_margin),
        };
        let now = self.now;
        let woken = self
            .pool
            .free(lease, connection, told, now, &mut self.closed);
        self.model.end(request, Some(kept), now);
        self.check(woken);
    }

    pub(crate) fn end(&mut self, request: usize) {
        self.log.push(format!("{request}: end"));
        let (lease, broken) = self.leases.remove(&request).expect("a lease");
        self.gone(broken.id);
        let woken = self.pool.end(lease);
        self.model.end(request, None, self.now);
        self.check(woken);
    }

    pub(crate) fn pass_time(&mut self, time: Duration) {
        self.log.push(format!("{time:?} pass"));
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

    /// After everything has ended nothing is left.
    pub(crate) fn check_end(&mut self) {
        assert!(self.leases.is_empty() && self.tickets.is_empty());
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
        said: Said,
    ) {
        let found = match decision {
            Ok(Decision::Reuse(connection, lease)) => {
                let id = connection.id;
                assert!(connection.origin == *lease.origin() && self.alive.contains(&id));
                self.leases.insert(request, (lease, connection));
                Said::Reuse(id)
            }
            Ok(Decision::Connect(lease)) => {
                let connection = self.connect(*lease.origin());
                self.leases.insert(request, (lease, connection));
                Said::Connect
            }
            Ok(Decision::Wait(ticket)) => {
                self.tickets.insert(request, ticket);
                Said::Wait
            }
            Err(refused) => Said::Refused(refused),
        };
        assert_eq!(found, said);
    }

    fn connect(&mut self, origin: usize) -> Connection {
        self.connections += 1;
        let id = self.connections;
        self.alive.insert(id);
        Connection { id, origin }
    }

    fn gone(&mut self, id: usize) {
        assert!(self.alive.remove(&id), "{id} was gone already");
    }

    fn check(&mut self, woken: impl IntoIterator<Item = usize>) {
        let closed = std::mem::take(&mut self.closed);
        let closed = sorted(closed.into_iter().map(|connection| connection.id));
        assert_eq!(closed, sorted(self.model.closed.drain(..)), "closed");
        assert_eq!(sorted(woken), sorted(self.model.woken.drain(..)), "woken");
        for id in closed {
            self.gone(id);
        }
        let somewhere = self.leases.len() + self.model.owned();
        assert_eq!(self.alive.len(), somewhere, "a connection was lost");
        assert_eq!(self.pool.next_expiry(), self.model.next_expiry());
        self.check_gauges();
    }

    /// The gauges are the model's; and no limit is exceeded, nobody waits who could be served.
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
