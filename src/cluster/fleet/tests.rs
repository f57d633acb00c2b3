//! All interleavings of a small cluster: what the parent decides, and what its workers and its user do meanwhile.

use super::*;
use std::collections::{BTreeSet, HashSet};

const SECOND: Duration = Duration::from_secs(1);
const MAX_FAILURES: u32 = 2;
/// Where a model's clock stands: a stable worker serves since 0. Time passes for one deadline at a time, so all
/// others are far away.
const NOW: Time = STABLE_AFTER;
const LATER: Time = Duration::from_secs(3600);

/// The decisions, and the processes beside them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Model {
    fleet: Fleet,
    processes: BTreeSet<u64>,
    is_stopped: bool,
}

impl Model {
    fn new(places: usize) -> Model {
        let mut fleet = Fleet::new(SECOND, MAX_FAILURES, SECOND);
        (0..places).for_each(|_| fleet.fork());
        Model {
            fleet,
            processes: BTreeSet::new(),
            is_stopped: false,
        }
    }

    /// What may happen next, each with the state after it.
    fn successors(&self) -> Vec<Model> {
        let mut all = self.steps();
        if self.fleet.is_stopping() {
            return all; // `stops` goes on from here
        }
        for &id in &self.processes {
            all.push(self.with(|model| model.fleet.listening(id, NOW)));
            all.push(self.with(|model| model.end(id)));
            all.push(self.with(|model| {
                model
                    .fleet
                    .workers
                    .get_mut(&id)
                    .expect("it is alive")
                    .at
                    .pass()
            }));
        }
        for place in 0..self.fleet.places.len() {
            all.push(self.with(|model| model.fleet.places[place].pause_ends = NOW));
        }
        if self.fleet.generation < 2 {
            all.push(self.with(|model| model.fleet.restart(SECOND)));
        }
        if let Some(&id) = self.processes.first() {
            all.push(self.with(|model| {
                model.fleet.disconnect(id);
            }));
        }
        all.push(self.with(|model| {
            model.fleet.stop(SECOND, NOW);
            model.is_stopped = true;
        }));
        all
    }

    /// What the parent does next.
    fn steps(&self) -> Vec<Model> {
        let mut fleet = self.fleet.clone();
        match fleet.next(NOW) {
            Step::Start(id) => {
                assert!(!self.is_stopped, "a start after a stop: {self:?}");
                let started = |model: &mut Model| {
                    model.processes.insert(id);
                };
                let failed = |model: &mut Model| model.end(id);
                let after = |then: &dyn Fn(&mut Model)| {
                    self.with(|model| {
                        model.fleet = fleet.clone();
                        then(model);
                    })
                };
                vec![after(&started), after(&failed)]
            }
            Step::Drain { id, is_restart, .. } => {
                let old = &self.fleet.workers[&id];
                let serves = |new: &Member| {
                    let is_newer = new.place == old.place && new.generation > old.generation;
                    is_newer && matches!(new.at, At::Serving { .. })
                };
                let has_successor = self.fleet.workers.values().any(serves);
                let was_live = old.at != At::Leaving;
                assert_eq!(is_restart, was_live && !self.fleet.is_stopping());
                assert!(has_successor || !is_restart, "drained too early: {self:?}");
                vec![self.with(|model| model.fleet = fleet.clone())]
            }
            Step::Kill(_) => vec![self.with(|model| model.fleet = fleet.clone())],
            Step::Wait(None) => {
                let places = 0..self.fleet.places.len();
                let is_served = |place| {
                    let here =
                        |it: &Member| it.place == place && matches!(it.at, At::Serving { .. });
                    self.fleet.workers.values().any(here)
                };
                let killed = |it: &Member| matches!(it.at, At::Killed { .. });
                let waits = self.fleet.workers.values().any(killed);
                let is_calm = !self.fleet.is_stopping() && places.clone().all(is_served);
                assert!(waits || is_calm, "nothing will ever happen: {self:?}");
                assert!(
                    waits || fleet.restart.is_none(),
                    "a restart without end: {self:?}"
                );
                vec![self.with(|model| model.fleet = fleet.clone())]
            }
            Step::Wait(Some(until)) => {
                assert!(until > NOW, "a wait that is over: {self:?}");
                vec![self.with(|model| model.fleet = fleet.clone())]
            }
            Step::End => {
                assert!(self.processes.is_empty() && self.fleet.is_stopping());
                Vec::new()
            }
        }
    }

    fn end(&mut self, id: u64) {
        self.processes.remove(&id);
        if let Ended::GaveUp { failures } = self.fleet.ended(id, NOW) {
            assert!(failures >= MAX_FAILURES);
            assert!(!self.fleet.workers.values().any(|it| it.is_stable(NOW)));
            self.is_stopped = true;
        }
    }

    fn with(&self, step: impl FnOnce(&mut Model)) -> Model {
        let mut model = self.clone();
        step(&mut model);
        let members = model.fleet.workers.keys();
        assert!(members.eq(&model.processes), "who lives? {model:?}");
        model.rebase();
        model
    }

    /// Deadlines become near or far, and names become small again: states that differ in nothing else are one.
    fn rebase(&mut self) {
        let fleet = &mut self.fleet;
        for place in &mut fleet.places {
            place.pause_ends = near_or_far(place.pause_ends);
            place.failures = place.failures.min(MAX_FAILURES);
        }
        let mut generations: BTreeSet<u64> =
            fleet.workers.values().map(|it| it.generation).collect();
        generations.insert(fleet.generation);
        let rank = |of: u64| generations.range(..of).count() as u64;
        fleet.generation = rank(fleet.generation);
        let mut workers: Vec<Member> = std::mem::take(&mut fleet.workers).into_values().collect();
        for member in &mut workers {
            member.generation = rank(member.generation);
            if let At::Starting { until } | At::Draining { until } = &mut member.at {
                *until = near_or_far(*until);
            }
        }
        workers.sort();
        fleet.last_id = workers.len() as u64;
        fleet.workers = (1..).zip(workers).collect();
        self.processes = (1..=fleet.last_id).collect();
    }

    fn check(&self) {
        for place in 0..self.fleet.places.len() {
            let here = self.fleet.workers.values().filter(|it| it.place == place);
            let live = here.clone().filter(|it| it.is_live()).count();
            let starting = here
                .filter(|it| matches!(it.at, At::Starting { .. }))
                .count();
            assert!(live <= 2 && starting <= 1, "{self:?}");
        }
    }

    /// A parent that stops comes to its end, if its workers end when they are asked to or killed.
    fn stops(mut self) {
        self.fleet.stop(SECOND, NOW);
        let mut steps = 0;
        loop {
            match self.fleet.next(NOW) {
                Step::End => return,
                Step::Wait(until) => match (self.processes.pop_first(), until) {
                    (Some(id), _) => assert_eq!(self.fleet.ended(id, NOW), Ended::Well),
                    (None, until) => panic!("waits until {until:?} for nothing: {self:?}"),
                },
                Step::Start(id) => panic!("starts {id}: {self:?}"),
                Step::Drain { .. } | Step::Kill(_) => {}
            }
            steps += 1;
            assert!(steps < 50, "no end: {self:?}");
        }
    }
}

impl At {
    /// Time passes: a deadline is over, a worker has become stable.
    fn pass(&mut self) {
        match self {
            At::Starting { until } | At::Draining { until } => *until = NOW,
            At::Serving { since } => *since = Time::ZERO,
            At::Leaving | At::Killed { .. } => {}
        }
    }
}

fn near_or_far(time: Time) -> Time {
    if time <= NOW { NOW } else { LATER }
}

/// Every state with this number of workers at most that can be reached, each once.
fn explore(places: usize, most: usize) -> HashSet<Model> {
    let first = Model::new(places);
    let mut seen = HashSet::from([first.clone()]);
    let mut ahead = vec![first];
    while let Some(model) = ahead.pop() {
        model.check();
        let new = model.successors().into_iter();
        let new = new.filter(|it| it.processes.len() <= most && seen.insert(it.clone()));
        ahead.extend(new);
    }
    seen
}

#[test]
fn in_no_order_is_a_place_forgotten_or_a_worker_drained_too_early() {
    for (places, most) in [(0, 0), (1, 3), (2, 2)] {
        let seen = explore(places, most);
        println!("{places} places: {} states", seen.len());
        assert!(seen.len() > 100 * places, "{} states", seen.len());
        for model in seen {
            model.stops();
        }
    }
}

/// Starts all that is to be started, and returns it.
fn started(fleet: &mut Fleet, now: Time) -> Vec<u64> {
    let mut all = Vec::new();
    while let Step::Start(id) = fleet.next(now) {
        all.push(id);
    }
    all
}

#[test]
fn the_pause_grows_and_the_cluster_gives_up() {
    let mut fleet = Fleet::new(SECOND, 5, SECOND);
    fleet.fork();
    let mut now = Time::ZERO;
    let mut pauses = Vec::new();
    let failures = loop {
        let [id] = started(&mut fleet, now)[..] else {
            panic!("one is started");
        };
        match fleet.ended(id, now) {
            Ended::GaveUp { failures } => break failures,
            other => assert_eq!(other, Ended::Well),
        }
        let Step::Wait(Some(until)) = fleet.next(now) else {
            panic!("a pause");
        };
        pauses.push((until - now).as_millis());
        now = until;
    };
    assert_eq!((failures, pauses), (5, vec![100, 200, 400, 800]));
    assert_eq!(fleet.next(now), Step::End);
}

#[test]
fn a_worker_that_has_served_is_started_again_at_once() {
    let mut fleet = Fleet::new(SECOND, 5, SECOND);
    fleet.fork();
    assert_eq!(started(&mut fleet, Time::ZERO), [1]);
    fleet.listening(1, Time::ZERO);
    assert_eq!(fleet.ended(1, STABLE_AFTER), Ended::Well);
    assert_eq!(started(&mut fleet, STABLE_AFTER), [2]);
}

#[test]
fn a_cluster_that_serves_does_not_give_up() {
    let mut fleet = Fleet::new(SECOND, 1, SECOND);
    fleet.fork();
    fleet.fork();
    assert_eq!(started(&mut fleet, Time::ZERO), [1, 2]);
    fleet.listening(1, Time::ZERO);
    assert_eq!(fleet.ended(2, STABLE_AFTER), Ended::Well);
    assert_eq!(fleet.serving(), 1);
}

#[test]
fn a_worker_that_is_never_ready_is_killed_and_has_failed() {
    let mut fleet = Fleet::new(SECOND, 1, SECOND);
    fleet.fork();
    assert_eq!(started(&mut fleet, Time::ZERO), [1]);
    assert_eq!(fleet.next(SECOND), Step::Kill(1));
    assert_eq!(fleet.next(SECOND), Step::Wait(None), "no other is started");
    assert_eq!(fleet.ended(1, SECOND), Ended::GaveUp { failures: 1 });
}

#[test]
fn a_restart_goes_from_place_to_place_and_ends_at_a_failure() {
    let mut fleet = Fleet::new(SECOND, 5, SECOND);
    fleet.fork();
    fleet.fork();
    for id in started(&mut fleet, Time::ZERO) {
        fleet.listening(id, Time::ZERO);
    }
    fleet.restart(SECOND);
    assert_eq!(
        started(&mut fleet, STABLE_AFTER),
        [3],
        "one successor at a time"
    );
    fleet.listening(3, STABLE_AFTER);
    let (id, is_restart, deadline) = (1, true, SECOND);
    let drain = Step::Drain {
        id,
        is_restart,
        deadline,
    };
    assert_eq!(fleet.next(STABLE_AFTER), drain, "its successor serves");
    assert_eq!(started(&mut fleet, STABLE_AFTER), [4]);
    assert_eq!(fleet.ended(4, STABLE_AFTER), Ended::RestartFailed);
    assert!(!fleet.is_restarting());
    assert_eq!(started(&mut fleet, STABLE_AFTER), [], "the old one goes on");
    assert_eq!(fleet.serving(), 2);
}
