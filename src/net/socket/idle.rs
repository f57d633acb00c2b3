//! The idle notice: when a byte last moved, and when `timeout` is due. Costs nothing unless there is a
//! limit.

use super::limit::micros;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// When a byte last moved.
#[derive(Debug)]
pub(super) struct Activity {
    born: Instant,
    /// In microseconds; zero: there is none.
    limit: AtomicU64,
    /// Microseconds from `born`.
    last: AtomicU64,
}

impl Default for Activity {
    fn default() -> Activity {
        Activity {
            born: Instant::now(),
            limit: AtomicU64::new(0),
            last: AtomicU64::new(0),
        }
    }
}

impl Activity {
    /// From now on the connection is idle after `limit` without a byte.
    pub(super) fn watch(&self, limit: Option<Duration>) {
        let limit = limit.map_or(0, |limit| micros(limit).max(1));
        self.last.store(self.now(), Ordering::Relaxed);
        // A thread that reads this limit reads no older `last`.
        self.limit.store(limit, Ordering::Release);
    }

    pub(super) fn limit(&self) -> Option<Duration> {
        let limit = self.limit.load(Ordering::Acquire);
        (limit != 0).then(|| Duration::from_micros(limit))
    }

    /// A byte moved.
    #[inline]
    pub(super) fn seen(&self) {
        if self.limit.load(Ordering::Relaxed) != 0 {
            self.last.store(self.now(), Ordering::Relaxed);
        }
    }

    /// When that was, in microseconds from `born`: between two equal values nothing has moved.
    pub(super) fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// How much is left of the limit, which was read before.
    pub(super) fn left(&self, limit: Duration) -> Duration {
        let still = Duration::from_micros(self.now().saturating_sub(self.last()));
        limit.saturating_sub(still)
    }

    fn now(&self) -> u64 {
        micros(self.born.elapsed())
    }
}

/// When the `timeout` event is due: once for each stretch without a byte.
#[derive(Default)]
pub(super) struct IdleNotice {
    /// How long to wait before the next check, if that is not the whole limit; and the limit it was made from.
    left: Option<(Duration, Duration)>,
    /// The stretch that `timeout` was called for, and how long we wait in it for another to begin.
    notified: Option<(u64, Duration)>,
}

/// A new stretch may begin unseen, by a write of another thread. Checks for it are no closer together.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

impl IdleNotice {
    /// How long to wait before the next check; `None`: there is no limit.
    pub(super) fn next_wait(&mut self, activity: &Activity) -> Option<Duration> {
        let limit = activity.limit()?;
        // `timeout`, or another thread, may have set another limit since.
        let left = self.left.take().filter(|(_, of)| *of == limit);
        Some(left.map_or(limit, |(left, _)| left))
    }

    pub(super) fn is_due(&mut self, activity: &Activity) -> bool {
        let Some(limit) = activity.limit() else {
            return false;
        };
        let left = activity.left(limit);
        if !left.is_zero() {
            self.left = Some((left, limit));
            return false;
        }
        let stretch = activity.last();
        let before = self.notified.filter(|(same, _)| *same == stretch);
        // Nothing has moved since, so the checks become rarer.
        let interval = before.map_or(limit, |(_, before)| before.saturating_mul(2));
        let interval = interval.min(limit.max(CHECK_INTERVAL));
        self.notified = Some((stretch, interval));
        self.left = Some((interval, limit));
        before.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Socket;
    use super::*;
    use crate::net::pipe;
    use std::sync::Arc;
    use std::thread;

    /// `timeout` is due once for a stretch, however short; then there is nothing to do but to check,
    /// less and less often, whether another thread has written.
    #[test]
    fn fault_a27_a_timeout_of_zero_keeps_nobody_busy() {
        let (here, _there) = pipe();
        let socket = Socket::new(Arc::new(here));
        let activity = &socket.inner.activity;
        let mut idle = IdleNotice::default();
        socket.set_timeout(Some(Duration::ZERO));
        let (mut waited, mut due) = (Duration::ZERO, 0);
        for _ in 0..100 {
            waited += idle.next_wait(activity).unwrap();
            thread::sleep(Duration::from_micros(2)); // so that the limit, of one, has passed
            due += u32::from(idle.is_due(activity));
        }
        assert_eq!(due, 1);
        assert!(waited > Duration::from_secs(60), "{waited:?}");
        socket.write("a new stretch");
        idle.next_wait(activity).unwrap();
        thread::sleep(Duration::from_micros(2));
        assert!(idle.is_due(activity));
    }

    /// `timeout` may set another limit: the wait that follows is its, and not what was planned before.
    #[test]
    fn fault_a27_a_limit_set_in_timeout_holds_at_once() {
        let (here, _there) = pipe();
        let socket = Socket::new(Arc::new(here));
        let activity = &socket.inner.activity;
        let mut idle = IdleNotice::default();
        let quiet = |idle: &mut IdleNotice| {
            socket.set_timeout(Some(Duration::ZERO));
            for _ in 0..30 {
                idle.next_wait(activity).unwrap();
                thread::sleep(Duration::from_micros(2));
                idle.is_due(activity);
            }
        };
        quiet(&mut idle);
        assert!(idle.next_wait(activity) >= Some(Duration::from_millis(500)));
        quiet(&mut idle);
        let short = Duration::from_millis(10);
        socket.set_timeout(Some(short));
        assert_eq!(idle.next_wait(activity), Some(short));
        quiet(&mut idle);
        socket.set_timeout(None);
        assert_eq!(idle.next_wait(activity), None);
    }
}
