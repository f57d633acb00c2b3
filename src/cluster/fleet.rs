//! Which workers there should be, and which of them starts or ends now: the parent's decisions, without a process.
//!
//! ```text
//!                         listening                a restart, `disconnect`, a shutdown
//!   start ──► starting ─────────────► serving ─────────────────────────────► draining ──► gone
//!                │ `start_timeout`       │                                       │ deadline, grace
//!                ▼                       ▼                                       ▼
//!              killed ──► gone          gone, by itself                        killed ──► gone
//! ```
//!
//! A *place* is where one worker serves: the cluster has as many as it wants workers. Four sentences hold:
//! 1. A place without a worker that starts or serves gets one, at once or after its pause, unless the cluster stops.
//! 2. A worker *fails* if it ends by itself before it has served for `STABLE_AFTER`. With each failure in a row, the pause
//!    of its place doubles. If a place has `max_failures` in a row and no worker of the cluster has served for
//!    `STABLE_AFTER`, the cluster gives up: as long as one serves, it goes on.
//! 3. A restart starts a *successor* in one place after another. The old worker is drained when its successor
//!    serves, and not before. If a successor fails, the restart has failed, and the old workers go on.
//! 4. A worker that starts, drains or was killed has a deadline.
//!
//! Times are arguments, counted from any one moment.

use std::collections::BTreeMap;
use std::time::Duration;

type Time = Duration;

/// A worker that has served for this long has not failed.
const STABLE_AFTER: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long behind its deadline a draining worker is killed: it cuts its connections by itself first.
const GRACE: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Fleet {
    places: Vec<Place>,
    workers: BTreeMap<u64, Member>,
    last_id: u64,
    /// How many restarts were begun.
    generation: u64,
    /// A restart is in progress; the deadline of the workers that it drains.
    restart: Option<Duration>,
    /// A shutdown's deadline. Nothing is started any more.
    stopping: Option<Duration>,
    start_timeout: Duration,
    max_failures: u32,
    deadline: Duration,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Place {
    /// In a row.
    failures: u32,
    /// When the next worker may be started.
    pause_ends: Time,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Member {
    place: usize,
    generation: u64,
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum At {
    Starting { until: Time },
    Serving { since: Time },
    Leaving, // it is to be drained, and was not asked yet
    Draining { until: Time },
    Killed { had_started: bool },
}

/// What the parent does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Start(u64),
    Drain {
        id: u64,
        is_restart: bool,
        deadline: Duration,
    },
    Kill(u64),
    /// Wait until something happens, at most until this time.
    Wait(Option<Time>),
    /// The cluster has ended.
    End,
}

/// What the end of a worker means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The cluster goes on.
    Well,
    /// It was one of those that a restart has started, so the restart is over.
    RestartFailed,
    /// Nothing is started any more.
    GaveUp { failures: u32 },
}

impl Fleet {
    pub(super) fn new(start_timeout: Duration, max_failures: u32, deadline: Duration) -> Fleet {
        Fleet {
            start_timeout,
            max_failures: max_failures.max(1),
            deadline,
            ..Fleet::default()
        }
    }

    /// One worker more.
    pub(super) fn fork(&mut self) {
        self.places.push(Place::default());
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    pub(super) fn is_restarting(&self) -> bool {
        self.restart.is_some()
    }

    /// The worker starts or serves.
    pub(super) fn is_live(&self, id: u64) -> bool {
        self.workers.get(&id).is_some_and(Member::is_live)
    }

    /// Workers that accept connections.
    pub(super) fn serving(&self) -> usize {
        self.workers.values().filter(|it| it.serves()).count()
    }

    /// Every worker is replaced.
    pub(super) fn restart(&mut self, deadline: Duration) {
        if !self.is_stopping() {
            self.generation += 1;
            self.restart = Some(deadline);
        }
    }

    /// Every worker is to end. Those that drain already have no longer than the others.
    pub(super) fn stop(&mut self, deadline: Duration, now: Time) {
        self.restart = None;
        self.stopping = Some(deadline);
        let latest = end_of_drain(now, deadline);
        for member in self.workers.values_mut() {
            if let At::Draining { until } = &mut member.at {
                *until = latest.min(*until);
            }
        }
    }

    /// The worker accepts connections.
    pub(super) fn listening(&mut self, id: u64, now: Time) {
        if let Some(member) = self.workers.get_mut(&id)
            && let At::Starting { .. } = member.at
        {
            member.at = At::Serving { since: now };
        }
    }

    /// The worker is to end, and its place gets another.
    pub(super) fn disconnect(&mut self, id: u64) {
        if let Some(member) = self.workers.get_mut(&id).filter(|it| it.is_live()) {
            member.at = At::Leaving;
        }
    }

    /// The worker has ended, or could not be started.
    pub(super) fn ended(&mut self, id: u64, now: Time) -> Ended {
        let Some(member) = self.workers.remove(&id) else {
            return Ended::Well;
        };
        let failed = match member.at {
            At::Starting { .. } | At::Killed { had_started: false } => true,
            At::Serving { .. } => !member.is_stable(now),
            At::Leaving | At::Draining { .. } | At::Killed { .. } => false,
        };
        if !failed || self.is_stopping() {
            self.places[member.place].failures = 0;
            return Ended::Well;
        }
        let is_new = member.generation == self.generation;
        let ended = match is_new && self.restart.take().is_some() {
            true => Ended::RestartFailed,
            false => Ended::Well,
        };
        if self.has_live(member.place) {
            return ended;
        }
        let failures = self.count_failure(member.place, now);
        if failures < self.max_failures || self.workers.values().any(|it| it.is_stable(now)) {
            return ended;
        }
        self.stop(self.deadline, now);
        Ended::GaveUp { failures }
    }

    /// Returns how many there were in a row.
    fn count_failure(&mut self, place: usize, now: Time) -> u32 {
        let place = &mut self.places[place];
        place.failures = place.failures.saturating_add(1);
        let doubled = 1_u32.checked_shl(place.failures - 1).unwrap_or(u32::MAX);
        let pause = FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE);
        place.pause_ends = now.saturating_add(pause);
        place.failures
    }

    /// What to do next; asked again and again until it is to wait.
    pub(super) fn next(&mut self, now: Time) -> Step {
        self.overdue(now)
            .or_else(|| self.superfluous(now))
            .or_else(|| self.missing(now))
            .unwrap_or_else(|| self.wait())
    }

    /// A worker whose time has passed.
    fn overdue(&mut self, now: Time) -> Option<Step> {
        let mut late = self.workers.iter_mut().filter(|(_, it)| it.is_due(now));
        let (&id, member) = late.next()?;
        let had_started = !matches!(member.at, At::Starting { .. });
        member.at = At::Killed { had_started };
        Some(Step::Kill(id))
    }

    /// A worker that is to end: it was disconnected, its successor serves, or the cluster stops.
    fn superfluous(&mut self, now: Time) -> Option<Step> {
        let is_replaced = |old: &Member| {
            let is_newer = |new: &Member| new.place == old.place && new.generation > old.generation;
            self.workers
                .values()
                .any(|new| new.serves() && is_newer(new))
        };
        let ends = |it: &Member| {
            it.at == At::Leaving || it.is_live() && (self.is_stopping() || is_replaced(it))
        };
        let (&id, member) = self.workers.iter().find(|(_, it)| ends(it))?;
        let is_restart = member.at != At::Leaving && !self.is_stopping();
        let restart = self.restart.filter(|_| is_restart);
        let deadline = self.stopping.or(restart).unwrap_or(self.deadline);
        let until = end_of_drain(now, deadline);
        self.workers.get_mut(&id)?.at = At::Draining { until };
        Some(Step::Drain {
            id,
            is_restart,
            deadline,
        })
    }

    /// A place that has no worker, or, in a restart, an old one.
    fn missing(&mut self, now: Time) -> Option<Step> {
        if self.is_stopping() {
            return None;
        }
        let may_start = |&it: &usize| self.is_empty(it) && self.places[it].pause_ends <= now;
        let empty = (0..self.places.len()).find(may_start);
        let place = empty.or_else(|| self.next_to_replace())?;
        self.last_id += 1;
        let member = Member {
            place,
            generation: self.generation,
            at: At::Starting {
                until: now.saturating_add(self.start_timeout),
            },
        };
        self.workers.insert(self.last_id, member);
        Some(Step::Start(self.last_id))
    }

    /// One successor at a time. The restart is over when all places have one and the old workers are gone.
    fn next_to_replace(&mut self) -> Option<usize> {
        let starting = |member: &Member| matches!(member.at, At::Starting { .. });
        if !self.is_restarting() || self.workers.values().any(starting) {
            return None;
        }
        let mut old = self
            .workers
            .values()
            .filter(|member| member.generation < self.generation);
        let next = old.clone().find(|member| member.is_live());
        if old.next().is_none() {
            self.restart = None;
        }
        next.map(|member| member.place)
    }

    fn wait(&self) -> Step {
        if self.is_stopping() && self.workers.is_empty() {
            return Step::End;
        }
        let deadlines = self.workers.values().filter_map(|member| member.at.until());
        let empty = |&place: &usize| self.is_empty(place) && !self.is_stopping();
        let empty = (0..self.places.len()).filter(empty);
        let pauses = empty.map(|place| self.places[place].pause_ends);
        Step::Wait(deadlines.chain(pauses).min())
    }

    /// No worker of this place starts or serves, and none that was killed at its start is still there: its failure is
    /// counted first.
    fn is_empty(&self, place: usize) -> bool {
        let never_served = At::Killed { had_started: false };
        let mut here = self.workers.values().filter(|it| it.place == place);
        !here.any(|member| member.is_live() || member.at == never_served)
    }

    /// A worker of this place starts or serves.
    fn has_live(&self, place: usize) -> bool {
        let mut here = self.workers.values().filter(|it| it.place == place);
        here.any(Member::is_live)
    }
}

impl Member {
    fn is_live(&self) -> bool {
        matches!(self.at, At::Starting { .. } | At::Serving { .. })
    }

    fn serves(&self) -> bool {
        matches!(self.at, At::Serving { .. })
    }

    fn is_stable(&self, now: Time) -> bool {
        matches!(self.at, At::Serving { since } if now.saturating_sub(since) >= STABLE_AFTER)
    }

    fn is_due(&self, now: Time) -> bool {
        self.at.until().is_some_and(|until| until <= now)
    }
}

impl At {
    fn until(self) -> Option<Time> {
        match self {
            At::Starting { until } | At::Draining { until } => Some(until),
            At::Serving { .. } | At::Leaving | At::Killed { .. } => None,
        }
    }
}

/// When a worker is killed that drains from now on.
fn end_of_drain(now: Time, deadline: Duration) -> Time {
    now.saturating_add(deadline).saturating_add(GRACE)
}

#[cfg(test)]
mod tests;
