//! A pool to test one rule with. A connection is a number, and so is a waker.

use barewire::http::pool::{
    Decision, Gauges, KeepAlive, Limits, Pool, QueuePosition, Refused, Slot,
};
use std::time::{Duration, Instant};

pub(crate) type Origin = &'static str;
pub(crate) type Decided = Result<Decision<Origin, u32>, Refused>;

pub(crate) const A: Origin = "a.example:80";
pub(crate) const B: Origin = "b.example:80";
pub(crate) const C: Origin = "c.example:80";

/// A pool, and what its driver has: the time, and connections to close.
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

    /// With limits for an origin and for all.
    pub(crate) fn with(max_sockets: usize, max_total_sockets: usize) -> Scene {
        Scene::new(Limits {
            max_sockets,
            max_total_sockets,
            ..Limits::default()
        })
    }

    pub(crate) fn request(&mut self, origin: Origin, who: u32) -> Decided {
        let now = self.now;
        self.pool.request(&origin, now, || who, &mut self.closed)
    }

    pub(crate) fn take(&mut self, position: QueuePosition<Origin>) -> Decided {
        self.pool.take(position, self.now, &mut self.closed)
    }

    pub(crate) fn retry(&mut self, slot: Slot<Origin>) -> Decided {
        Ok(self.pool.retry(slot, self.now, &mut self.closed))
    }

    pub(crate) fn cancel(&mut self, position: QueuePosition<Origin>) -> Option<u32> {
        self.pool.cancel(position, self.now, &mut self.closed)
    }

    pub(crate) fn free(&mut self, slot: Slot<Origin>, connection: u32) -> Option<u32> {
        self.free_with(slot, connection, KeepAlive::default())
    }

    pub(crate) fn end(&mut self, slot: Slot<Origin>) -> Option<u32> {
        self.pool.end(slot)
    }

    pub(crate) fn free_with(
        &mut self,
        slot: Slot<Origin>,
        id: u32,
        keep_alive: KeepAlive,
    ) -> Option<u32> {
        self.pool
            .free(slot, id, keep_alive, self.now, &mut self.closed)
    }

    /// Opens connections with these numbers, and gives them back idle: the last is the newest.
    pub(crate) fn idle(&mut self, origin: Origin, ids: &[u32]) {
        let slots: Vec<_> = ids
            .iter()
            .map(|id| connect(self.request(origin, *id)))
            .collect();
        for (slot, id) in slots.into_iter().zip(ids) {
            assert_eq!(self.free(slot, *id), None);
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
pub(crate) fn connect(decided: Decided) -> Slot<Origin> {
    match decided {
        Ok(Decision::Connect(slot)) => slot,
        other => panic!("not Connect but {other:?}"),
    }
}

#[track_caller]
pub(crate) fn reuse(decided: Decided, expected: u32) -> Slot<Origin> {
    match decided {
        Ok(Decision::Reuse(connection, slot)) if connection == expected => slot,
        other => panic!("not Reuse of {expected} but {other:?}"),
    }
}

#[track_caller]
pub(crate) fn wait(decided: Decided) -> QueuePosition<Origin> {
    match decided {
        Ok(Decision::Wait(position)) => position,
        other => panic!("not Wait but {other:?}"),
    }
}
