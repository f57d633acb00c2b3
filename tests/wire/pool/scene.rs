//! A pool to try one rule with. A connection is a number, and so is what wakes a waiter.

use barewire::http::pool::{Decision, Gauges, KeepAlive, Lease, Limits, Pool, Refused, Ticket};
use std::time::{Duration, Instant};

pub(crate) type Origin = &'static str;
pub(crate) type Given = Result<Decision<Origin, u32>, Refused>;

pub(crate) const A: Origin = "a.example:80";
pub(crate) const B: Origin = "b.example:80";
pub(crate) const C: Origin = "c.example:80";

/// A pool, and what a driver would know.
pub(crate) struct Scene {
    pub(crate) pool: Pool<Origin, u32, u32>,
    pub(crate) now: Instant,
    pub(crate) closed: Vec<u32>,
}

impl Scene {
    pub(crate) fn new(limits: Limits) -> Scene {
        Scene {
            pool: Pool::new(limits).unwrap(),
            now: Instant::now(),
            closed: Vec::new(),
        }
    }

    /// At most so many sockets to an origin, and so many in all.
    pub(crate) fn with(max_sockets: usize, max_total_sockets: usize) -> Scene {
        Scene::new(Limits {
            max_sockets,
            max_total_sockets,
            ..Limits::default()
        })
    }

    pub(crate) fn request(&mut self, origin: Origin, who: u32) -> Given {
        let now = self.now;
        self.pool.request(&origin, now, || who, &mut self.closed)
    }

    pub(crate) fn take(&mut self, ticket: Ticket<Origin>) -> Given {
        self.pool.take(ticket, self.now, &mut self.closed)
    }

    pub(crate) fn retry(&mut self, lease: Lease<Origin>) -> Given {
        Ok(self.pool.retry(lease, self.now, &mut self.closed))
    }

    pub(crate) fn cancel(&mut self, ticket: Ticket<Origin>) -> Option<u32> {
        self.pool.cancel(ticket, self.now, &mut self.closed)
    }

    pub(crate) fn free(&mut self, lease: Lease<Origin>, connection: u32) -> Option<u32> {
        self.free_told(lease, connection, KeepAlive::default())
    }

    pub(crate) fn end(&mut self, lease: Lease<Origin>) -> Option<u32> {
        self.pool.end(lease)
    }

    pub(crate) fn free_told(
        &mut self,
        lease: Lease<Origin>,
        id: u32,
        told: KeepAlive,
    ) -> Option<u32> {
        self.pool.free(lease, id, told, self.now, &mut self.closed)
    }

    /// Opens connections of these numbers, and leaves them idle: the last is the newest.
    pub(crate) fn idle(&mut self, origin: Origin, ids: &[u32]) {
        let leases: Vec<_> = ids
            .iter()
            .map(|id| connect(self.request(origin, *id)))
            .collect();
        for (lease, id) in leases.into_iter().zip(ids) {
            assert_eq!(self.free(lease, *id), None);
        }
    }

    pub(crate) fn expire_after(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.pool.expire(self.now, &mut self.closed);
    }

    /// Sockets, requests, free sockets.
    pub(crate) fn gauges(&self, origin: Origin) -> [usize; 3] {
        numbers(self.pool.gauges(&origin))
    }
}

pub(crate) fn numbers(gauges: Gauges) -> [usize; 3] {
    [gauges.sockets, gauges.requests, gauges.free_sockets]
}

#[track_caller]
pub(crate) fn connect(given: Given) -> Lease<Origin> {
    match given {
        Ok(Decision::Connect(lease)) => lease,
        other => panic!("no leave to connect but {other:?}"),
    }
}

#[track_caller]
pub(crate) fn reuse(given: Given, expected: u32) -> Lease<Origin> {
    match given {
        Ok(Decision::Reuse(connection, lease)) if connection == expected => lease,
        other => panic!("not connection {expected} but {other:?}"),
    }
}

#[track_caller]
pub(crate) fn wait(given: Given) -> Ticket<Origin> {
    match given {
        Ok(Decision::Wait(ticket)) => ticket,
        other => panic!("no ticket but {other:?}"),
    }
}
