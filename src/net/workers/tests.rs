//! All interleavings of a few threads.

use super::*;
use std::collections::BTreeSet;

/// Where a thread of the model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    /// Idle, about to ask for its next step.
    Asking,
    Accepting,
    Parked {
        woken: bool,
    },
    /// It serves, and its spawn is under way.
    Spawning,
    /// It serves. The slot may have been passed on.
    Serving {
        slot: bool,
    },
}

/// All threads, the decisions, and what goes on beside them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Model {
    workers: Workers,
    threads: Vec<At>,
    /// Slots that were passed on.
    slots_elsewhere: usize,
    /// The clock will call `retry`.
    retry_scheduled: bool,
    /// The clock is spawning.
    clock_spawns: bool,
    /// The listening socket is shared: who is accepted after the stop is served.
    is_shared: bool,
}

const MOST_THREADS: usize = 4;

impl Model {
    fn new(max_connections: usize, spare_threads: usize, sharing: Option<Accepting>) -> Model {
        let accepting = sharing.unwrap_or(Accepting::UNLIMITED);
        Model {
            workers: Workers::new(max_connections, spare_threads, accepting),
            threads: vec![At::Asking],
            slots_elsewhere: 0,
            retry_scheduled: false,
            clock_spawns: false,
            is_shared: sharing.is_some(),
        }
    }

    /// What may happen next, each with the state after it.
    fn successors(&self) -> Vec<Model> {
        let mut all = Vec::new();
        for (n, at) in self.threads.iter().enumerate() {
            self.steps_of(n, *at, &mut all);
        }
        if self.slots_elsewhere > 0 {
            all.push(self.with(|model| {
                model.slots_elsewhere -= 1;
                model.release();
            }));
        }
        if self.retry_scheduled {
            all.push(self.with(|model| {
                model.retry_scheduled = false;
                model.clock_spawns = model.workers.retry();
            }));
        }
        if self.clock_spawns {
            for spawned in [true, false] {
                all.push(self.with(|model| {
                    model.clock_spawns = false;
                    model.retry_scheduled = model.workers.retried(spawned);
                    model.threads.extend(spawned.then_some(At::Asking));
                }));
            }
        }
        if !self.workers.stopping() {
            all.push(self.with(|model| {
                model.workers.stop();
                for at in &mut model.threads {
                    if let At::Parked { woken } = at {
                        *woken = true;
                    }
                }
            }));
        }
        all.retain(|model| model.threads.len() <= MOST_THREADS);
        all
    }

    fn steps_of(&self, n: usize, at: At, all: &mut Vec<Model>) {
        match at {
            At::Asking => all.push(self.with(|model| model.ask(n))),
            At::Parked { woken: false } => {}
            At::Parked { woken: true } => all.push(self.with(|model| {
                model.workers.unparked();
                model.ask(n);
            })),
            At::Accepting => {
                // An error, the end of the last tick, a connection that came too late or one beyond the limit of
                // its address.
                all.push(self.with(|model| {
                    model.workers.accept_returned();
                    model.threads[n] = At::Asking;
                }));
                if self.is_shared {
                    all.push(self.with(|model| {
                        model.workers.accept_returned();
                        let next = model.workers.next_after_tick();
                        model.follow(n, next);
                    }));
                }
                if self.is_shared || !self.workers.stopping() {
                    all.push(self.with(|model| {
                        model.workers.accept_returned();
                        model.threads[n] = match model.workers.serve() {
                            true => At::Spawning,
                            false => At::Serving { slot: true },
                        };
                        if model.workers.wakes() {
                            let needless = !model.threads.contains(&At::Parked { woken: false });
                            assert!(model.is_shared || needless, "a call more: {model:?}");
                            model.wake();
                        }
                    }));
                }
            }
            At::Spawning => {
                let serving = At::Serving { slot: true };
                all.push(self.with(|model| {
                    model.threads[n] = serving;
                    model.threads.push(At::Asking);
                }));
                all.push(self.with(|model| {
                    model.threads[n] = serving;
                    model.retry_scheduled |= model.workers.spawn_failed();
                }));
            }
            At::Serving { slot } => {
                all.push(self.with(|model| {
                    if model.workers.served() {
                        model.threads[n] = At::Asking;
                    } else {
                        model.threads.remove(n);
                    }
                    model.slots_elsewhere += usize::from(slot);
                }));
                if slot {
                    all.push(self.with(|model| {
                        model.threads[n] = At::Serving { slot: false };
                        model.release();
                    }));
                }
            }
        }
    }

    fn with(&self, step: impl FnOnce(&mut Model)) -> Model {
        let mut model = self.clone();
        step(&mut model);
        model.threads.sort(); // which thread is which does not matter
        model
    }

    fn ask(&mut self, n: usize) {
        let next = self.workers.next();
        self.follow(n, next);
    }

    fn follow(&mut self, n: usize, next: Next) {
        match next {
            Next::Accept => self.threads[n] = At::Accepting,
            Next::Park => self.threads[n] = At::Parked { woken: false },
            Next::Leave => drop(self.threads.remove(n)),
        }
    }

    fn release(&mut self) {
        if self.workers.released() {
            self.wake();
        }
    }

    fn wake(&mut self) {
        let parked = |at: &&mut At| **at == At::Parked { woken: false };
        if let Some(at) = self.threads.iter_mut().find(parked) {
            *at = At::Parked { woken: true };
        }
    }

    fn check(&self) {
        let workers = &self.workers;
        let count = |wanted: fn(&At) -> bool| self.threads.iter().filter(|at| wanted(at)).count();
        let accepting = count(|at| *at == At::Accepting);
        let asking = count(|at| matches!(at, At::Asking | At::Parked { woken: true }));
        let starting = count(|at| *at == At::Spawning) + usize::from(self.clock_spawns);
        let idle = count(|at| matches!(at, At::Asking | At::Accepting | At::Parked { .. }));
        assert_eq!(workers.idle, idle + starting, "{self:?}");
        assert_eq!(workers.threads(), self.threads.len() + starting, "{self:?}");
        assert_eq!(workers.waiting, accepting, "{self:?}");
        let taken = workers.connections + workers.waiting;
        assert!(taken <= workers.max_connections, "{self:?}");
        assert!(accepting <= workers.most_accepting, "{self:?}");
        if workers.stopping() {
            return;
        }
        let retries = self.retry_scheduled || self.clock_spawns;
        assert!(
            workers.idle > 0 || retries,
            "no thread will ever accept: {self:?}"
        );
        let has_place = workers.has_place() && workers.waiting < workers.enough_accepting;
        let comes = accepting + asking + starting > 0 || retries;
        assert!(!has_place || comes, "no thread was woken: {self:?}");
    }
}

/// Every state that can be reached, each once.
fn explore(
    max_connections: usize,
    spare_threads: usize,
    sharing: Option<Accepting>,
) -> BTreeSet<Model> {
    let mut seen = BTreeSet::new();
    let mut ahead = vec![Model::new(max_connections, spare_threads, sharing)];
    while let Some(model) = ahead.pop() {
        model.check();
        let successors = model.successors();
        if seen.insert(model) {
            ahead.extend(successors);
        }
    }
    seen
}

/// A plain socket, one whose processes take turns, and two that all share.
const SHARING: [Option<Accepting>; 4] = [None, Some(TURN), Some(quiet(1)), Some(quiet(2))];
const TURN: Accepting = Accepting { most: 1, enough: 1 };

const fn quiet(enough: usize) -> Accepting {
    Accepting {
        most: usize::MAX,
        enough,
    }
}

#[test]
fn fault_a07_no_interleaving_leaves_the_server_deaf() {
    for max_connections in 1..=3 {
        for spare_threads in 0..=2 {
            for sharing in SHARING {
                let seen = explore(max_connections, spare_threads, sharing);
                assert!(seen.len() > 100, "{} states", seen.len());
            }
        }
    }
}

#[test]
fn every_stopped_server_comes_to_its_end() {
    let all = SHARING.map(|sharing| explore(2, 1, sharing));
    for model in all.into_iter().flatten() {
        let stuck = model.successors().is_empty();
        assert!(!stuck || model.workers.is_over(), "{model:?}");
        let over = model.threads.is_empty() && model.slots_elsewhere == 0;
        let starting = model.clock_spawns;
        let is_over = model.workers.stopping() && over && !starting;
        assert_eq!(model.workers.is_over(), is_over, "{model:?}");
    }
}

#[test]
fn fault_a07_a_retry_that_works_ends_the_deafness() {
    let mut workers = Workers::new(2, 1, Accepting::UNLIMITED);
    assert_eq!(workers.next(), Next::Accept);
    workers.accept_returned();
    assert!(workers.serve(), "a spawn");
    assert!(workers.spawn_failed(), "a retry");
    assert!(workers.retry());
    assert!(workers.retried(false), "and another");
    assert!(workers.retry());
    assert!(!workers.retried(true));
    assert_eq!(workers.next(), Next::Accept);
    assert!(!workers.retry(), "a thread is idle");
}

/// `threads` of them wait in `accept`, of a socket that is shared: two suffice while nobody connects.
fn all_accept(threads: usize) -> Workers {
    let mut workers = Workers::new(100, 16, quiet(2));
    assert_eq!(workers.next(), Next::Accept);
    for _ in 1..threads {
        workers.idle += 1; // the thread that has served a connection
        assert_eq!(workers.next(), Next::Accept, "{workers:?}");
    }
    workers
}

#[test]
fn of_many_threads_two_go_on_ticking_while_nobody_connects() {
    let mut workers = all_accept(8);
    let next = [(); 8].map(|()| {
        workers.accept_returned();
        workers.next_after_tick()
    });
    let parked = next.iter().filter(|next| **next == Next::Park).count();
    assert_eq!((parked, workers.waiting), (6, 2));
    workers.accept_returned();
    assert_eq!(
        workers.next_after_tick(),
        Next::Accept,
        "two suffice, one does not"
    );
}

#[test]
fn no_connection_of_a_busy_server_costs_a_wake_up() {
    let mut workers = all_accept(3);
    workers.accept_returned();
    assert_eq!(workers.next_after_tick(), Next::Park, "one too many");
    for _ in 0..3 {
        workers.accept_returned();
        assert!(!workers.serve());
        let woken = workers.wakes();
        if woken {
            workers.unparked();
            assert_eq!(workers.next(), Next::Accept);
        }
        workers.released();
        assert!(workers.served());
        assert_eq!(workers.next(), Next::Accept, "it accepts again");
        assert_eq!(workers.parked(), 0, "the first connection has woken it");
    }
}
