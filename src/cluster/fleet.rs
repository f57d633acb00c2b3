//! Which workers there are, and what each of them is about to do: the parent's decisions, without a process.
//!
//! ```text
//!                         listening                a restart, `disconnect`, a shutdown
//!   start ──► starting ─────────────► serving ─────────────────────────────► draining ──► gone
//!                │ `start_timeout`       │                                       │ deadline, grace
//!                ▼                       ▼                                       ▼
//!              killed ──► gone          gone, by itself                        killed ──► gone
//! ```
//!
//! A worker is *kept* if another follows when it ends. Four sentences hold:
//! 1. Until the cluster stops, as many workers are kept as were forked. One that drains has a follower already, and is
//!    not kept, unless it is asked to end before it has served for `STABLE_AFTER`: that is a failure, too.
//! 2. A worker *fails* if it ends by itself before it has served for `STABLE_AFTER`. The one that follows waits for a
//!    pause, which doubles with each failure in a row. After `max_failures` in a row the cluster gives up, unless a worker
//!    has served for `STABLE_AFTER`: as long as one serves, it goes on.
//! 3. A restart starts a *successor*, which is not kept. When it serves, it is kept in place of an old worker, which
//!    drains then and not before. If it fails, the old worker goes on.
//! 4. A worker that starts or drains has a deadline, and is killed then.
//!
//! Times are arguments, counted from any one moment.

use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

type Time = Duration;

/// A worker that has served for this long has not failed.
const STABLE_AFTER: Duration = Duration::from_secs(1);
/// How long a worker waits that follows this number of failures, in milliseconds. More of them: 10 s.
const PAUSES: [u64; 8] = [0, 100, 200, 400, 800, 1600, 3200, 6400];
/// How long behind its deadline a draining worker is killed: before that it cuts its connections and writes its log.
const GRACE: Duration = Duration::from_secs(4);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Fleet {
    workers: BTreeMap<u64, Member>,
    last_id: u64,
    is_stopping: bool,
    pub(super) start_timeout: Duration,
    pub(super) max_failures: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Member {
    at: At,
    is_kept: bool,
    /// In a row, of those that it follows.
    failures: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum At {
    Starting { until: Time },
    Serving { since: Time },
    Draining { until: Time },
}

/// The worker that takes the place of one that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Follower {
    pub(super) id: u64,
    /// When it is to start.
    pub(super) from: Time,
    /// Not at all: the cluster gives up after this number of failures in a row.
    pub(super) gives_up: Option<u32>,
}

impl Fleet {
    pub(super) fn new(start_timeout: Duration, max_failures: u32) -> Fleet {
        Fleet {
            start_timeout,
            max_failures,
            ..Fleet::default()
        }
    }

    /// A new worker; `None`: the cluster stops.
    pub(super) fn start(&mut self, is_kept: bool, now: Time) -> Option<u64> {
        (!self.is_stopping).then(|| self.start_after(0, is_kept, now))
    }

    fn start_after(&mut self, failures: u32, is_kept: bool, from: Time) -> u64 {
        let until = from.saturating_add(self.start_timeout);
        let member = Member {
            at: At::Starting { until },
            is_kept,
            failures,
        };
        self.last_id += 1;
        self.workers.insert(self.last_id, member);
        self.last_id
    }

    /// It has no thread.
    pub(super) fn forget(&mut self, id: u64) {
        self.workers.remove(&id);
    }

    pub(super) fn all(&self) -> Vec<u64> {
        self.workers.keys().copied().collect()
    }

    pub(super) fn kept(&self) -> Vec<u64> {
        let kept = self.workers.iter().filter(|(_, it)| it.is_kept);
        kept.map(|(&id, _)| id).collect()
    }

    pub(super) fn is_starting(&self, id: u64) -> bool {
        let member = self.workers.get(&id);
        member.is_some_and(|it| matches!(it.at, At::Starting { .. }))
    }

    /// The worker starts or serves.
    pub(super) fn is_live(&self, id: u64) -> bool {
        self.workers.get(&id).is_some_and(Member::is_live)
    }

    /// Workers that accept connections.
    pub(super) fn serving(&self) -> usize {
        self.workers.values().filter(|it| it.serves()).count()
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping
    }

    /// All have ended, and none will be started.
    pub(super) fn is_over(&self) -> bool {
        self.is_stopping && self.workers.is_empty()
    }

    /// The worker accepts connections.
    pub(super) fn listening(&mut self, id: u64, now: Time) {
        if let Some(member) = self.workers.get_mut(&id)
            && let At::Starting { .. } = member.at
        {
            member.at = At::Serving { since: now };
        }
    }

    /// The worker is to end: no later than was decided before. True: it does not know that yet.
    pub(super) fn drain(&mut self, id: u64, deadline: Duration, now: Time) -> bool {
        let Some(member) = self.workers.get_mut(&id) else {
            return false;
        };
        let until = now.saturating_add(deadline).saturating_add(GRACE);
        let is_known = matches!(member.at, At::Draining { until: before } if before <= until);
        if !is_known {
            member.at = At::Draining { until };
        }
        !is_known
    }

    /// The worker is about to drain. True: another is to follow at once. If it has failed, one follows its end.
    pub(super) fn release(&mut self, id: u64, now: Time) -> bool {
        let has_failed = self.would_fail(id, now);
        let member = self.workers.get_mut(&id).filter(|_| !has_failed);
        member.is_some_and(|it| it.is_live() && mem::take(&mut it.is_kept))
    }

    /// No other could be started: one follows the end of this worker.
    pub(super) fn keep(&mut self, id: u64) {
        if let Some(member) = self.workers.get_mut(&id).filter(|_| !self.is_stopping) {
            member.is_kept = true;
        }
    }

    /// The new worker is kept in place of the old one, if it serves. Returns which of the two is superfluous, and whether
    /// the restart has failed: the old one is still needed.
    pub(super) fn replace(&mut self, old: u64, new: u64) -> (u64, bool) {
        let is_needed = self.kept().contains(&old);
        match self.workers.get_mut(&new) {
            Some(member) if member.serves() && is_needed => {
                member.is_kept = true;
                if let Some(member) = self.workers.get_mut(&old) {
                    member.is_kept = false;
                }
                (old, false)
            }
            _ => (new, is_needed),
        }
    }

    /// Nothing is started any more.
    pub(super) fn stop(&mut self) {
        self.is_stopping = true;
        self.workers.values_mut().for_each(|it| it.is_kept = false);
    }

    /// The time of the worker has passed: it is to be killed. True once.
    pub(super) fn is_overdue(&mut self, id: u64, now: Time) -> bool {
        match self.workers.get_mut(&id).map(|member| &mut member.at) {
            Some(At::Starting { until } | At::Draining { until }) if *until <= now => {
                *until = Time::MAX;
                true
            }
            _ => false,
        }
    }

    /// If the worker ends now, it has failed.
    pub(super) fn would_fail(&self, id: u64, now: Time) -> bool {
        let member = self.workers.get(&id);
        member.is_some_and(|it| it.is_live() && !it.is_stable(now))
    }

    /// The worker has ended, or could not be started. Returns the one that follows.
    pub(super) fn ended(&mut self, id: u64, now: Time) -> Option<Follower> {
        let has_failed = self.would_fail(id, now);
        let member = self.workers.remove(&id).filter(|it| it.is_kept)?;
        let failures = match has_failed || !member.is_live() {
            true => member.failures.saturating_add(1),
            false => 0,
        };
        let from = now.saturating_add(pause(failures));
        let serves_well = self.workers.values().any(|it| it.is_stable(now));
        let is_hopeless = failures >= self.max_failures && !serves_well && !self.is_stopping;
        self.is_stopping |= is_hopeless;
        Some(Follower {
            id: self.start_after(failures, true, from),
            from,
            gives_up: is_hopeless.then_some(failures),
        })
    }
}

impl Member {
    fn is_live(&self) -> bool {
        !matches!(self.at, At::Draining { .. })
    }

    fn serves(&self) -> bool {
        matches!(self.at, At::Serving { .. })
    }

    fn is_stable(&self, now: Time) -> bool {
        matches!(self.at, At::Serving { since } if now.saturating_sub(since) >= STABLE_AFTER)
    }
}

fn pause(failures: u32) -> Duration {
    let pause = PAUSES.get(failures as usize);
    Duration::from_millis(*pause.unwrap_or(&10_000))
}

#[cfg(test)]
mod tests;
