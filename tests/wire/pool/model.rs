//! A model of the pool that is too simple to be wrong: lists in the order of arrival, and two
//! rules. Whoever can be served is served, the oldest first; then what is too much is closed.

use barewire::http::pool::{Gauges, Limits, Refused};
use std::time::Instant;

pub(crate) const ORIGINS: usize = 3;

/// What a request is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Reuse(usize),
    Connect,
    Wait,
    Refused(Refused),
}

/// A connection that nobody uses.
#[derive(Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) id: usize,
    pub(crate) origin: usize,
    pub(crate) until: Instant,
}

/// A request that has a lease, or waits.
#[derive(Clone, Copy)]
struct Request {
    id: usize,
    origin: usize,
}

pub(crate) struct Model {
    limits: Limits,
    is_closed: bool,
    leased: Vec<Request>,
    /// With what they were granted, if it was a connection.
    granted: Vec<(Request, Option<Kept>)>,
    waiting: Vec<Request>,
    idle: Vec<Kept>,
    /// What the pool must have closed and woken since somebody looked.
    pub(crate) closed: Vec<usize>,
    pub(crate) woken: Vec<usize>,
}

impl Model {
    pub(crate) fn new(limits: Limits) -> Model {
        Model {
            limits,
            is_closed: false,
            leased: Vec::new(),
            granted: Vec::new(),
            waiting: Vec::new(),
            idle: Vec::new(),
            closed: Vec::new(),
            woken: Vec::new(),
        }
    }

    // ---- what happens ---------------------------------------------------------------------

    /// It stands in line like everybody else; who could not be served at once may be too many.
    pub(crate) fn request(&mut self, id: usize, origin: usize, now: Instant) -> Said {
        if self.is_closed {
            return Said::Refused(Refused::Closed);
        }
        self.expire(now);
        let before = self.gauges(origin).requests;
        self.waiting.push(Request { id, origin });
        self.serve();
        if self.is_granted(id) {
            let woken = std::mem::take(&mut self.woken);
            assert_eq!(woken, [id], "it alone came, it alone is served");
            return self.take(id, now);
        }
        if before < self.limits.max_queued {
            return Said::Wait;
        }
        self.waiting.pop();
        Said::Refused(Refused::QueueFull(before))
    }

    pub(crate) fn take(&mut self, id: usize, now: Instant) -> Said {
        match self.no_longer_granted(id) {
            Some((request, kept)) => {
                self.leased.push(request);
                let kept = self.unless_past(kept, now);
                kept.map_or(Said::Connect, |kept| Said::Reuse(kept.id))
            }
            None if self.is_closed => Said::Refused(Refused::Closed),
            None => Said::Wait,
        }
    }

    pub(crate) fn retry(&mut self, origin: usize, now: Instant) -> Said {
        self.expire(now);
        let newest = self.take_newest(origin);
        newest.map_or(Said::Connect, |kept| Said::Reuse(kept.id))
    }

    /// A lease ends, perhaps with a connection.
    pub(crate) fn end(&mut self, id: usize, kept: Option<Kept>, now: Instant) {
        self.leased.retain(|request| request.id != id);
        self.give_back(kept, now);
    }

    pub(crate) fn cancel(&mut self, id: usize, now: Instant) {
        self.waiting.retain(|request| request.id != id);
        if let Some((_, kept)) = self.no_longer_granted(id) {
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

    /// Whoever can be served is served, the oldest first.
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

    /// What is too much is closed, the oldest first.
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
        if let Some(kept) = self.unless_past(kept, now) {
            self.idle.push(kept);
        }
        if self.is_closed {
            self.close();
        }
        self.serve();
        self.trim();
    }

    fn no_longer_granted(&mut self, id: usize) -> Option<(Request, Option<Kept>)> {
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

    fn unless_past(&mut self, kept: Option<Kept>, now: Instant) -> Option<Kept> {
        let past = kept.filter(|kept| kept.until <= now);
        self.closed.extend(past.map(|kept| kept.id));
        kept.filter(|kept| kept.until > now)
    }

    fn in_use(&self) -> usize {
        self.leased.len() + self.granted.len()
    }

    fn open(&self) -> usize {
        self.in_use() + self.idle.len()
    }

    // ---- looking at it --------------------------------------------------------------------

    pub(crate) fn gauges(&self, origin: usize) -> Gauges {
        let all = |requests: &[Request]| requests.iter().filter(|it| it.origin == origin).count();
        let granted = self.granted.iter().filter(|(it, _)| it.origin == origin);
        let idle = self.idle.iter().filter(|it| it.origin == origin);
        Gauges {
            sockets: all(&self.leased) + granted.count(),
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

    /// Idle connections, and those that a waiter was granted and has not taken.
    pub(crate) fn owned(&self) -> usize {
        let granted = self.granted.iter().filter(|(_, kept)| kept.is_some());
        self.idle.len() + granted.count()
    }
}
