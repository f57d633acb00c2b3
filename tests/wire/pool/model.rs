//! A model of the pool that is too simple to be wrong: lists in the order of arrival, and two rules. Each
//! request that can be served is served, the oldest first; then idle connections beyond a limit are closed.

use barewire::http::pool::{Gauges, Limits, Refused};
use std::time::Instant;

pub(crate) const ORIGINS: usize = 3;

/// What the pool must return to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Reuse(usize),
    Connect,
    Wait,
    Refused(Refused),
}

/// An idle connection.
#[derive(Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) id: usize,
    pub(crate) origin: usize,
    pub(crate) until: Instant,
}

/// A request that has a slot, or waits.
#[derive(Clone, Copy)]
struct Request {
    id: usize,
    origin: usize,
}

pub(crate) struct Model {
    limits: Limits,
    is_closed: bool,
    with_slot: Vec<Request>,
    /// With the connection, if one was granted.
    granted: Vec<(Request, Option<Kept>)>,
    waiting: Vec<Request>,
    idle: Vec<Kept>,
    /// What the pool must have closed and woken since the last comparison.
    pub(crate) closed: Vec<usize>,
    pub(crate) woken: Vec<usize>,
}

impl Model {
    pub(crate) fn new(limits: Limits) -> Model {
        Model {
            limits,
            is_closed: false,
            with_slot: Vec::new(),
            granted: Vec::new(),
            waiting: Vec::new(),
            idle: Vec::new(),
            closed: Vec::new(),
            woken: Vec::new(),
        }
    }

    // ---- what happens ---------------------------------------------------------------------

    /// It joins the queue. If it cannot be served at once, the queue may be full.
    pub(crate) fn request(&mut self, id: usize, origin: usize, now: Instant) -> Expected {
        if self.is_closed {
            return Expected::Refused(Refused::Closed);
        }
        self.expire(now);
        let before = self.gauges(origin).requests;
        self.waiting.push(Request { id, origin });
        self.serve();
        if self.is_granted(id) {
            let woken = std::mem::take(&mut self.woken);
            assert_eq!(
                woken,
                [id],
                "only this request was added, so only it is served"
            );
            return self.take(id, now);
        }
        if before < self.limits.max_queued {
            return Expected::Wait;
        }
        self.waiting.pop();
        Expected::Refused(Refused::QueueFull(before))
    }

    pub(crate) fn take(&mut self, id: usize, now: Instant) -> Expected {
        match self.take_grant(id) {
            Some((request, kept)) => {
                self.with_slot.push(request);
                let kept = self.unless_expired(kept, now);
                kept.map_or(Expected::Connect, |kept| Expected::Reuse(kept.id))
            }
            None if self.is_closed => Expected::Refused(Refused::Closed),
            None => Expected::Wait,
        }
    }

    pub(crate) fn retry(&mut self, origin: usize, now: Instant) -> Expected {
        self.expire(now);
        let newest = self.take_newest(origin);
        newest.map_or(Expected::Connect, |kept| Expected::Reuse(kept.id))
    }

    /// A slot is given back, perhaps with its connection.
    pub(crate) fn end(&mut self, id: usize, kept: Option<Kept>, now: Instant) {
        self.with_slot.retain(|request| request.id != id);
        self.give_back(kept, now);
    }

    pub(crate) fn cancel(&mut self, id: usize, now: Instant) {
        self.waiting.retain(|request| request.id != id);
        if let Some((_, kept)) = self.take_grant(id) {
            self.give_back(kept, now);
        }
    }

    pub(crate) fn expire(&mut self, now: Instant) {
        while let Some(at) = self.idle.iter().position(|kept| kept.until <= now) {
            self.close_idle(at);
        }
    }

    pub(crate) fn close(&mut self) {
        self.is_closed = true;
        self.woken.extend(self.waiting.drain(..).map(|it| it.id));
        self.closed.extend(self.idle.drain(..).map(|it| it.id));
    }

    // ---- the two rules --------------------------------------------------------------------

    /// Each request that can be served is served, the oldest first.
    fn serve(&mut self) {
        while let Some(at) = self
            .waiting
            .iter()
            .position(|it| self.can_be_served(it.origin))
        {
            let request = self.waiting.remove(at);
            let kept = self.take_newest(request.origin);
            if kept.is_none() && self.open() == self.limits.max_total_sockets {
                self.close_idle(0);
            }
            self.granted.push((request, kept));
            self.woken.push(request.id);
        }
    }

    pub(crate) fn can_be_served(&self, origin: usize) -> bool {
        self.gauges(origin).sockets < self.limits.max_sockets
            && self.in_use() < self.limits.max_total_sockets
    }

    /// Idle connections beyond a limit are closed, the oldest first.
    fn trim(&mut self) {
        for origin in 0..ORIGINS {
            while self.gauges(origin).free_sockets > self.limits.max_free_sockets {
                let oldest = self.idle.iter().position(|kept| kept.origin == origin);
                self.close_idle(oldest.expect("too many"));
            }
        }
        while self.idle.len() > self.limits.max_total_free_sockets {
            self.close_idle(0);
        }
    }

    // ---- lists ----------------------------------------------------------------------------

    fn give_back(&mut self, kept: Option<Kept>, now: Instant) {
        if let Some(kept) = self.unless_expired(kept, now) {
            self.idle.push(kept);
        }
        if self.is_closed {
            self.close();
        }
        self.serve();
        self.trim();
    }

    fn take_grant(&mut self, id: usize) -> Option<(Request, Option<Kept>)> {
        let at = self.granted.iter().position(|(it, _)| it.id == id)?;
        Some(self.granted.remove(at))
    }

    fn take_newest(&mut self, origin: usize) -> Option<Kept> {
        let at = self.idle.iter().rposition(|it| it.origin == origin)?;
        Some(self.idle.remove(at))
    }

    fn close_idle(&mut self, at: usize) {
        self.closed.push(self.idle.remove(at).id);
    }

    fn unless_expired(&mut self, kept: Option<Kept>, now: Instant) -> Option<Kept> {
        let past = kept.filter(|kept| kept.until <= now);
        self.closed.extend(past.map(|kept| kept.id));
        kept.filter(|kept| kept.until > now)
    }

    fn in_use(&self) -> usize {
        self.with_slot.len() + self.granted.len()
    }

    fn open(&self) -> usize {
        self.in_use() + self.idle.len()
    }

    // ---- what is compared -----------------------------------------------------------------

    pub(crate) fn gauges(&self, origin: usize) -> Gauges {
        let all = |requests: &[Request]| requests.iter().filter(|it| it.origin == origin).count();
        let granted = self.granted.iter().filter(|(it, _)| it.origin == origin);
        let idle = self.idle.iter().filter(|it| it.origin == origin);
        Gauges {
            sockets: all(&self.with_slot) + granted.count(),
            requests: all(&self.waiting),
            free_sockets: idle.count(),
        }
    }

    pub(crate) fn is_granted(&self, id: usize) -> bool {
        self.granted.iter().any(|(request, _)| request.id == id)
    }

    pub(crate) fn next_expiry(&self) -> Option<Instant> {
        self.idle.iter().map(|kept| kept.until).min()
    }

    /// Idle connections, and those that were granted and not taken yet.
    pub(crate) fn owned(&self) -> usize {
        let granted = self.granted.iter().filter(|(_, kept)| kept.is_some());
        self.idle.len() + granted.count()
    }
}
