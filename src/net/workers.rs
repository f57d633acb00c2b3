//! Which thread accepts, which serves and which waits: the engine's decisions, without a thread.
//!
//! ```text
//!                  ┌──────────── a place is free ───────────┐
//!                  │                                        ▼
//!   spawned ──► parked                                  waiting, in accept()
//!                  ▲                                        │ a connection; if no other thread
//!                  │                                        ▼ is idle, one is spawned
//!                  └─── fewer than `spare_threads` ────  serving
//!                       are idle                            │ enough are idle
//!                                                           ▼
//!                                                          gone
//! ```
//!
//! *Idle* threads are those without a connection. Two sentences hold after every call:
//! 1. `connections + waiting <= max_connections`: each thread that waits in `accept` has a place for the
//!    connection it gets. So the limit is never passed, and at the limit no thread accepts: new
//!    connections stay in the kernel's backlog, and one thread is parked until a connection ends.
//!    If processes take turns, `waiting <= most_accepting` besides: the other idle threads are parked.
//! 2. A thread is idle, or a spawn is being retried, or the server stops. So a server whose spawns fail
//!    keeps the connections it has, and accepts again as soon as a thread can be started or one is idle.
//!
//! If the listening socket is shared, each wait in `accept` has a limit, the tick, and a thread that nobody needs must
//! not wake up for ever: a thread that has waited in vain is parked if `enough_accepting` others wait, and none is
//! woken while they do. A thread that has served accepts again at once: so on a busy server none is parked, and
//! no connection costs a wake-up.
//!
//! The engine calls this under its lock; the tests below try all interleavings.

/// The threads of one server and the places of its connections, counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Workers {
    max_connections: usize,
    spare_threads: usize,
    /// How many threads may wait in `accept`.
    most_accepting: usize,
    /// How many suffice, while nobody connects.
    enough_accepting: usize,
    connections: usize,
    /// Threads without a connection: starting, parked, waiting, or pausing after an error.
    idle: usize,
    /// Those of them that wait for a place.
    parked: usize,
    /// Those of them that have one and wait in `accept`.
    waiting: usize,
    serving: usize,
    /// No thread is idle and none could be spawned: the spawn is retried after a while.
    retrying: bool,
    stopping: bool,
}

/// How many threads wait in `accept`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accepting {
    pub(super) most: usize,
    /// How many suffice, while nobody connects. At least one.
    pub(super) enough: usize,
}

impl Accepting {
    pub(super) const UNLIMITED: Accepting = Accepting {
        most: usize::MAX,
        enough: usize::MAX,
    };
}

/// What an idle thread does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Wait in `accept`: there is a place.
    Accept,
    /// Wait until a place is free; then [`Workers::unparked`] and ask again.
    Park,
    /// End: the server stops.
    Leave,
}

impl Workers {
    /// The first thread is about to be spawned.
    pub(super) fn new(
        max_connections: usize,
        spare_threads: usize,
        accepting: Accepting,
    ) -> Workers {
        Workers {
            max_connections,
            spare_threads: spare_threads.max(1),
            most_accepting: accepting.most,
            enough_accepting: accepting.enough,
            connections: 0,
            idle: 1,
            parked: 0,
            waiting: 0,
            serving: 0,
            retrying: false,
            stopping: false,
        }
    }

    pub(super) fn connections(&self) -> usize {
        self.connections
    }

    pub(super) fn threads(&self) -> usize {
        self.idle + self.serving
    }

    #[cfg(test)]
    pub(super) fn parked(&self) -> usize {
        self.parked
    }

    pub(super) fn stopping(&self) -> bool {
        self.stopping
    }

    /// Everything has ended.
    pub(super) fn is_over(&self) -> bool {
        self.stopping && self.threads() == 0 && self.connections == 0
    }

    /// What an idle thread does next.
    pub(super) fn next(&mut self) -> Next {
        if self.stopping {
            self.idle -= 1;
            return Next::Leave;
        }
        if self.has_place() {
            self.waiting += 1;
            return Next::Accept;
        }
        self.parked += 1;
        Next::Park
    }

    /// What a thread does next that has waited in `accept` in vain, for a whole tick.
    pub(super) fn next_after_tick(&mut self) -> Next {
        if self.stopping || self.waiting < self.enough_accepting {
            return self.next();
        }
        self.parked += 1;
        Next::Park
    }

    /// One more thread may wait in `accept`.
    fn has_place(&self) -> bool {
        self.connections + self.waiting < self.max_connections && self.waiting < self.most_accepting
    }

    /// Whether the caller wakes a parked thread, to accept.
    pub(super) fn wakes(&self) -> bool {
        self.parked > 0
            && self.waiting < self.enough_accepting
            && self.has_place()
            && !self.stopping
    }

    /// A parked thread has been woken.
    pub(super) fn unparked(&mut self) {
        self.parked -= 1;
    }

    /// A thread returns from `accept`, with a connection or without; it is idle.
    pub(super) fn accept_returned(&mut self) {
        self.waiting -= 1;
    }

    /// That thread begins to serve the connection. True: it spawns another first, which is idle from now on. If
    /// others are parked, one of them may be able to accept now: see [`wakes`](Workers::wakes).
    pub(super) fn serve(&mut self) -> bool {
        self.connections += 1;
        self.idle -= 1;
        self.serving += 1;
        self.wants_thread()
    }

    fn wants_thread(&mut self) -> bool {
        let wants = self.idle == 0 && !self.stopping;
        if wants {
            self.idle = 1;
        }
        wants
    }

    /// The spawn has failed. True: the caller arranges for [`retry`](Workers::retry) to be called.
    pub(super) fn spawn_failed(&mut self) -> bool {
        self.idle -= 1;
        let begins = self.idle == 0 && !self.stopping && !self.retrying;
        self.retrying |= begins;
        begins
    }

    /// Time to try again. True: spawn, and then call [`retried`](Workers::retried).
    pub(super) fn retry(&mut self) -> bool {
        let wants = self.wants_thread();
        self.retrying = wants;
        wants
    }

    /// The retried spawn has succeeded or failed. True: retry once more.
    pub(super) fn retried(&mut self, spawned: bool) -> bool {
        self.retrying = false;
        !spawned && self.spawn_failed()
    }

    /// A thread has served. True: it is idle now; false: it ends.
    pub(super) fn served(&mut self) -> bool {
        self.serving -= 1;
        let stays = self.stopping || self.idle < self.spare_threads;
        if stays {
            self.idle += 1;
        }
        stays
    }

    /// A connection has ended, wherever it was served. True: the caller wakes a parked thread.
    pub(super) fn released(&mut self) -> bool {
        self.connections -= 1;
        self.wakes()
    }

    /// The caller wakes all parked threads.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
    }
}

#[cfg(test)]
mod tests;
