//! Time as all simulated threads see it: it stands still while they run.
//!
//! ```text
//!   wait_timeout(10 ms) ──► alarms ──► the time thread, when the scheduler chooses it:
//!   sleep(1 s)          ──►   ▲          now = the earliest deadline, and its thread wakes
//!                             └── taken back by a thread that has woken before
//! ```
//!
//! The scheduler chooses the time thread when nothing else can run, and in some executions now and
//! then besides (see `explore.rs`), but then for short waits only: a stall timeout of 30 s must not
//! pass beside a peer that is about to read. So no deadline passes by luck, half a minute costs
//! nothing, and a test can assert that something took no time at all.

use super::sync::Waiter;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::{Add, AddAssign, Sub};
use std::sync::Arc;

pub(crate) use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The name by which the scheduler knows the time thread.
pub(crate) const THREAD: &str = "time";
/// Longer waits end only when nothing else can run.
const SHORT: Duration = Duration::from_millis(20);

#[derive(Default)]
struct Time {
    now: Duration,
    /// By deadline, and in the order of their coming.
    alarms: BTreeMap<(Duration, u64), Arc<Waiter>>,
    last: u64,
    /// There is a time thread.
    running: bool,
}

// All simulated threads of an execution run on one thread of the system.
std::thread_local! {
    static TIME: RefCell<Time> = RefCell::default();
}

fn with<T>(change: impl FnOnce(&mut Time) -> T) -> T {
    TIME.with_borrow_mut(change)
}

/// An execution begins.
pub(crate) fn reset() {
    with(|time| *time = Time::default());
}

/// How much time has passed since the execution began.
pub(crate) fn elapsed() -> Duration {
    with(|time| time.now)
}

/// The scheduler asks: may time pass although threads can run?
pub(crate) fn may_pass() -> bool {
    with(|time| {
        let next = time.alarms.keys().next();
        next.is_some_and(|(when, _)| *when - time.now <= SHORT)
    })
}

/// Wakes a waiter at its deadline, unless it is dropped before.
pub(super) struct Alarm {
    key: (Duration, u64),
}

impl Alarm {
    /// None: later than can be counted.
    pub(super) fn after(delay: Duration, waiter: Arc<Waiter>) -> Option<Alarm> {
        let (key, start) = with(|time| {
            time.last += 1;
            let key = (time.now.checked_add(delay)?, time.last);
            time.alarms.insert(key, waiter);
            Some((key, !std::mem::replace(&mut time.running, true)))
        })?;
        if start {
            let thread = shuttle::thread::Builder::new().name(THREAD.into());
            thread.spawn(pass).expect("shuttle always starts a thread");
        }
        Some(Alarm { key })
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let _gone = with(|time| time.alarms.remove(&self.key));
    }
}

/// The time thread. It ends when nobody waits for a deadline, so that a deadlock is seen as one.
fn pass() {
    loop {
        shuttle::thread::yield_now();
        let first = with(|time| {
            let first = time.alarms.pop_first();
            time.now = first.as_ref().map_or(time.now, |((when, _), _)| *when);
            time.running = first.is_some();
            first
        });
        match first {
            Some((_, waiter)) => waiter.time_out(),
            None => return,
        }
    }
}

/// A moment of the execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Instant(Duration);

impl Instant {
    pub(crate) fn now() -> Instant {
        Instant(elapsed())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        elapsed().saturating_sub(self.0)
    }

    pub(crate) fn duration_since(&self, earlier: Instant) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    pub(crate) fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    pub(crate) fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        self.0.checked_sub(earlier.0)
    }

    pub(crate) fn checked_add(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_add(duration).map(Instant)
    }

    pub(crate) fn checked_sub(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_sub(duration).map(Instant)
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, duration: Duration) -> Instant {
        Instant(self.0 + duration)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        self.0 += duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;

    fn sub(self, duration: Duration) -> Instant {
        Instant(self.0 - duration)
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }
}
