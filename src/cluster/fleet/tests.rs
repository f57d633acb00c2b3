//! All interleavings of a small cluster: what is decided, and what its workers, its threads and its user do meanwhile.

use super::*;
use std::collections::{HashMap, HashSet};

const SECOND: Duration = Duration::from_secs(1);
const MAX_FAILURES: u32 = 2;
/// Where a model's clock stands: a stable worker serves since 0. Time passes for one deadline at a time, so all
/// others are far away.
const NOW: Time = STABLE_AFTER;
const LATER: Time = Duration::from_secs(3600);

/// The decisions, and what is beside them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Model {
    fleet: Fleet,
    forked: usize,
    /// The old workers that a restart has not replaced yet, and the successor that it waits for.
    restart: Option<(Vec<u64>, Option<u64>)>,
    restarts: u32,
    /// The cluster gives up, and the thread that has found so has not stopped the others yet.
    gives_up: bool,
}

impl Model {
    fn new(forked: usize) -> Model {
        let mut fleet = Fleet::new(SECOND, MAX_FAILURES);
        for _ in 0..forked {
            fleet.start(true, NOW).expect("it does not stop");
        }
        Model {
            fleet,
            forked,
            restart: None,
            restarts: 0,
            gives_up: false,
        }
    }

    /// What may happen next, each with the state after it.
    fn successors(&self) -> Vec<Model> {
        let mut all = Vec::new();
        for id in self.fleet.all() {
            all.push(self.with(|model| model.fleet.listening(id, NOW)));
            all.push(self.with(|model| model.ends(id)));
            all.push(self.with(|model| {
                let member = model.fleet.workers.get_mut(&id);
                member.expect("it is there").at.pass();
                model.fleet.is_overdue(id, NOW);
            }));
            all.push(self.with(|model| model.disconnects(id)));
            all.push(self.with(|model| model.disconnects_without_another(id)));
        }
        all.extend(self.restarts());
        all.push(self.with(Model::stop));
        all
    }

    fn ends(&mut self, id: u64) {
        let was_kept = self.fleet.workers[&id].is_kept;
        let was_stopping = self.fleet.is_stopping;
        let follower = self.fleet.ended(id, NOW);
        assert_eq!(follower.is_some(), was_kept);
        let Some(follower) = follower else {
            return;
        };
        assert!(follower.from >= NOW && self.fleet.is_starting(follower.id));
        if let Some(failures) = follower.gives_up {
            assert!(!was_stopping && failures >= MAX_FAILURES);
            let mut workers = self.fleet.workers.values();
            assert!(!workers.any(|it| it.is_stable(NOW)), "one serves: {self:?}");
            self.gives_up = true;
        }
    }

    /// As `State::stop`.
    fn stop(&mut self) {
        self.gives_up = false;
        self.fleet.stop();
        for id in self.fleet.all() {
            self.fleet.drain(id, SECOND, NOW);
        }
    }

    /// As `Parent::disconnect`.
    fn disconnects(&mut self, id: u64) {
        let was_kept = self.fleet.workers[&id].is_kept;
        let follows_at_once = self.fleet.release(id, NOW);
        assert!(was_kept || !follows_at_once);
        self.fleet.drain(id, SECOND, NOW);
        assert!(!self.fleet.drain(id, SECOND, NOW), "it knows");
        if follows_at_once && self.fleet.start(true, NOW).is_none() {
            self.forked -= 1; // until all are stopped
        }
    }

    /// The same, while threads have run out.
    fn disconnects_without_another(&mut self, id: u64) {
        if self.fleet.release(id, NOW) {
            self.fleet.keep(id);
            self.forked -= usize::from(self.fleet.is_stopping);
        }
        self.fleet.drain(id, SECOND, NOW);
    }

    /// The next step of `Cluster::restart`.
    fn restarts(&self) -> Option<Model> {
        let mut model = self.clone();
        match &mut model.restart {
            None if self.restarts < 2 => {
                model.restarts += 1;
                model.restart = Some((self.fleet.kept(), None));
            }
            None => return None,
            Some((old, None)) if old.is_empty() => model.restart = None,
            Some((_, successor @ None)) => *successor = Some(model.fleet.start(false, NOW)?),
            Some((old, successor @ Some(_))) => {
                let (old, new) = (old.remove(0), successor.take()?);
                let can_take_over = self.serves(new) && self.fleet.kept().contains(&old);
                let (superfluous, has_failed) = model.fleet.replace(old, new);
                model.fleet.drain(superfluous, SECOND, NOW);
                // Its last wait is for the old workers: one that is kept would not end.
                let waits_for_ever = !has_failed && model.fleet.kept().contains(&old);
                assert!(!waits_for_ever, "{self:?}");
                if has_failed {
                    model.restart = None;
                }
                assert_eq!(superfluous == old, can_take_over, "{self:?}");
                let was_kept = |id| self.fleet.kept().contains(&id);
                assert!(superfluous == old || !was_kept(new), "{self:?}");
            }
        }
        Some(model.checked())
    }

    fn serves(&self, id: u64) -> bool {
        self.fleet.workers.get(&id).is_some_and(Member::serves)
    }

    fn with(&self, step: impl FnOnce(&mut Model)) -> Model {
        let mut model = self.clone();
        step(&mut model);
        model.checked()
    }

    fn checked(mut self) -> Model {
        let kept = self.fleet.kept();
        let is_stopped = self.fleet.is_stopping && !self.gives_up;
        let expected = if is_stopped { 0 } else { self.forked };
        assert_eq!(kept.len(), expected, "one is forgotten: {self:?}");
        let strays = self.fleet.workers.iter().filter(|(id, it)| {
            let successor = self.restart.as_ref().and_then(|(_, successor)| *successor);
            it.is_live() && !it.is_kept && Some(**id) != successor
        });
        let is_free = strays.count() == 0;
        assert!(is_free, "nobody asks it to end: {self:?}");
        self.rebase();
        self
    }

    /// Deadlines become near or far, and names become small again: states that differ in nothing else are one.
    fn rebase(&mut self) {
        let (mut workers, mut names) = (Vec::new(), HashMap::new());
        let mut old: Vec<(u64, Member)> = std::mem::take(&mut self.fleet.workers)
            .into_iter()
            .collect();
        for (_, member) in &mut old {
            member.failures = member.failures.min(MAX_FAILURES);
            if let At::Starting { until } | At::Draining { until } = &mut member.at {
                *until = near_or_far(*until);
            }
        }
        let place = |id: &u64| match &self.restart {
            Some((old, new)) => old
                .iter()
                .position(|it| it == id)
                .map_or((Some(*id) == *new, 0), |at| (false, at + 1)),
            None => (false, 0),
        };
        old.sort_by_key(|(id, member)| (member.clone(), place(id)));
        for (name, (id, member)) in (1..).zip(old) {
            names.insert(id, name);
            workers.push((name, member));
        }
        // Workers that are gone are alike, but for the two that a restart exchanges.
        let (gone, gone_successor) = (workers.len() as u64 + 1, workers.len() as u64 + 2);
        self.fleet.workers = workers.into_iter().collect();
        self.fleet.last_id = gone_successor;
        let name = |id: u64| names.get(&id).copied();
        if let Some((old, successor)) = &mut self.restart {
            old.iter_mut()
                .for_each(|id| *id = name(*id).unwrap_or(gone));
            *successor = successor.map(|id| name(id).unwrap_or(gone_successor));
        }
    }

    /// A cluster that stops comes to its end, if its workers end when they are asked to or killed. Nothing is started.
    fn stops(mut self) {
        self.stop();
        assert_eq!(self.fleet.start(true, NOW), None);
        for id in self.fleet.all() {
            assert!(!self.fleet.is_live(id), "it was not asked to end: {self:?}");
            assert_eq!(self.fleet.ended(id, NOW), None);
        }
        assert!(self.fleet.is_over());
    }
}

impl At {
    /// Time passes: a deadline is over, a worker has become stable.
    fn pass(&mut self) {
        match self {
            At::Starting { until } | At::Draining { until } => *until = NOW,
            At::Serving { since } => *since = Time::ZERO,
        }
    }
}

fn near_or_far(time: Time) -> Time {
    if time <= NOW { NOW } else { LATER }
}

/// Every state with this number of workers at most that can be reached, each once.
fn explore(forked: usize, most: usize) -> HashSet<Model> {
    let first = Model::new(forked).checked();
    let mut seen = HashSet::from([first.clone()]);
    let mut ahead = vec![first];
    while let Some(model) = ahead.pop() {
        let new = model.successors().into_iter();
        let new = new.filter(|it| it.fleet.workers.len() <= most && seen.insert(it.clone()));
        ahead.extend(new);
    }
    seen
}

#[test]
fn in_no_order_is_a_worker_forgotten_or_drained_too_early() {
    for (forked, most) in [(0, 0), (1, 4), (2, 3)] {
        let seen = explore(forked, most);
        println!("{forked} workers: {} states", seen.len());
        assert!(seen.len() > 100 * forked, "{} states", seen.len());
        for model in seen {
            model.stops();
        }
    }
}

/// Starts a worker.
fn start(fleet: &mut Fleet) -> u64 {
    fleet.start(true, Time::ZERO).expect("it does not stop")
}

/// One worker, which fails again and again.
#[test]
fn the_pause_grows_and_the_cluster_gives_up() {
    let mut fleet = Fleet::new(SECOND, 5);
    let (mut id, mut now) = (start(&mut fleet), Time::ZERO);
    let mut pauses = Vec::new();
    let failures = loop {
        let follower = fleet.ended(id, now).expect("it is kept");
        if let Some(failures) = follower.gives_up {
            break failures;
        }
        pauses.push((follower.from - now).as_millis());
        (id, now) = (follower.id, follower.from);
    };
    assert_eq!((failures, pauses), (5, vec![100, 200, 400, 800]));
    assert!(
        fleet.is_stopping() && !fleet.is_over(),
        "it is not reported yet"
    );
    let longest = [pause(8), pause(u32::MAX)];
    assert_eq!((pause(7), longest), (64 * pause(1), [10 * SECOND; 2]));
}

#[test]
fn a_worker_that_has_served_is_started_again_at_once() {
    let mut fleet = Fleet::new(SECOND, 5);
    let id = start(&mut fleet);
    fleet.listening(id, Time::ZERO);
    let follower = fleet.ended(id, STABLE_AFTER).expect("it is kept");
    assert_eq!((follower.id, follower.from), (2, STABLE_AFTER));
}

#[test]
fn a_cluster_that_serves_does_not_give_up() {
    let mut fleet = Fleet::new(SECOND, 1);
    let [one, other] = [(); 2].map(|()| start(&mut fleet));
    fleet.listening(one, Time::ZERO);
    let follower = fleet.ended(other, STABLE_AFTER).expect("it is kept");
    assert_eq!((follower.id, follower.gives_up), (3, None));
    assert_eq!(follower.from, STABLE_AFTER + pause(1));
    assert_eq!(fleet.serving(), 1);
}

#[test]
fn a_worker_that_is_never_ready_is_killed_once_and_has_failed() {
    let mut fleet = Fleet::new(SECOND, 1);
    let id = start(&mut fleet);
    assert!(!fleet.is_overdue(id, SECOND / 2));
    assert!(fleet.is_overdue(id, SECOND) && !fleet.is_overdue(id, 2 * SECOND));
    let follower = fleet.ended(id, SECOND).expect("it is kept");
    assert_eq!(follower.gives_up, Some(1));
}

#[test]
fn a_worker_that_drains_is_killed_behind_its_deadline() {
    let mut fleet = Fleet::new(SECOND, 5);
    let [one, other] = [(); 2].map(|()| start(&mut fleet));
    assert!(fleet.drain(one, 9 * SECOND, Time::ZERO));
    assert!(!fleet.drain(one, 10 * SECOND, Time::ZERO), "it ends before");
    for id in [one, other] {
        fleet.drain(id, SECOND, Time::ZERO);
        assert!(!fleet.is_overdue(id, SECOND));
        assert!(
            fleet.is_overdue(id, SECOND + GRACE),
            "no later than the others"
        );
    }
}

/// A worker that asks to be replaced as soon as it is there, again and again.
#[test]
fn who_disconnects_before_it_has_served_has_failed() {
    let mut fleet = Fleet::new(SECOND, 3);
    let (mut id, mut now) = (start(&mut fleet), Time::ZERO);
    let mut pauses = Vec::new();
    let failures = loop {
        fleet.listening(id, now);
        assert!(!fleet.release(id, now), "none follows at once");
        fleet.drain(id, SECOND, now);
        let follower = fleet.ended(id, now).expect("one follows its end");
        if let Some(failures) = follower.gives_up {
            break failures;
        }
        pauses.push((follower.from - now).as_millis());
        (id, now) = (follower.id, follower.from);
    };
    assert_eq!((failures, pauses), (3, vec![100, 200]));
}

#[test]
fn who_drains_is_asked_again_if_it_is_to_end_sooner() {
    let mut fleet = Fleet::new(SECOND, 5);
    let id = start(&mut fleet);
    let hour = 3600 * SECOND;
    let asked = [hour, hour, SECOND, hour].map(|deadline| fleet.drain(id, deadline, Time::ZERO));
    assert_eq!(asked, [true, false, true, false]);
    assert!(fleet.is_overdue(id, SECOND + GRACE));
}
