//! The thread that keeps the deadlines no other thread waits for.
//!
//! A thread that sleeps in `read`, in `write` or in a handler does not see a deadline pass. This one
//! does, for all connections of the process:
//!
//! ```text
//!   call_after(1 ms, Flush, connection) ──► heap ──► the clock thread sleeps until the earliest
//!                                            ▲                    │
//!                                            └── "again at …" ◄── Timed::due(Flush)
//! ```
//!
//! It holds connections weakly: a deadline never keeps one alive. There is no such thread while
//! nothing is scheduled, unless a server relies on it ([`keep_running`]). A panic in [`Timed::due`] (a user's
//! [`Stream`](super::Stream) may panic) costs that one call.

use super::guarded::guarded;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

const STACK_BYTES: usize = 128 * 1024;
/// How long the thread stays when nothing is scheduled.
const IDLE: Duration = Duration::from_secs(1);
/// How long it sleeps when nothing is scheduled and it must stay.
const LONG: Duration = Duration::from_secs(3600);

/// A connection that has asked the clock for a call.
pub(crate) trait Timed: Send + Sync {
    /// The time has come; returns when to call again. All deadlines of the process wait meanwhile, so
    /// it must not block.
    fn due(self: Arc<Self>, timer: Timer) -> Option<Instant>;
}

/// What a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// The connection should have ended by now.
    End,
    /// Pending bytes should have been sent by now: see [`DelayedFlush`](super::DelayedFlush).
    Flush,
    /// What could not be done for want of a thread may be tried again.
    Retry,
}

static CLOCK: Clock = Clock {
    schedule: Mutex::new(Schedule {
        entries: BinaryHeap::new(),
        running: false,
        keepers: 0,
    }),
    changed: Condvar::new(),
};

struct Clock {
    schedule: Mutex<Schedule>,
    /// Notified when an entry is earlier than all others.
    changed: Condvar,
}

struct Schedule {
    /// The earliest on top.
    entries: BinaryHeap<Reverse<Entry>>,
    running: bool,
    /// How many [`KeepRunning`] there are.
    keepers: usize,
}

/// As long as this lives the clock has its thread.
#[derive(Debug)]
pub(crate) struct KeepRunning(());

/// Starts the clock's thread now, for a time when no thread can be had.
///
/// # Errors
/// None can be had now.
pub(crate) fn keep_running() -> io::Result<KeepRunning> {
    let mut schedule = lock();
    schedule.start()?;
    schedule.keepers += 1;
    Ok(KeepRunning(()))
}

impl Drop for KeepRunning {
    fn drop(&mut self) {
        lock().keepers -= 1;
        CLOCK.changed.notify_one();
    }
}

impl Schedule {
    fn start(&mut self) -> io::Result<()> {
        if !self.running {
            let thread = thread::Builder::new()
                .name("barewire clock".into())
                .stack_size(STACK_BYTES);
            thread.spawn(run)?;
            self.running = true;
        }
        Ok(())
    }
}

struct Entry {
    when: Instant,
    timer: Timer,
    target: Weak<dyn Timed>,
}

/// Calls [`Timed::due`] after `delay`; never, where the clock cannot count that far.
pub(crate) fn call_after(delay: Duration, timer: Timer, target: Weak<dyn Timed>) {
    let Some(when) = Instant::now().checked_add(delay) else {
        return;
    };
    let mut schedule = lock();
    let first = schedule.entries.peek();
    let is_earliest = first.is_none_or(|Reverse(first)| when < first.when);
    schedule.entries.push(Reverse(Entry {
        when,
        timer,
        target,
    }));
    // If no thread can be started now, the next call tries again.
    let _ = schedule.start();
    drop(schedule);
    if is_earliest {
        CLOCK.changed.notify_one();
    }
}

fn lock() -> MutexGuard<'static, Schedule> {
    super::lock::lock(&CLOCK.schedule)
}

fn run() {
    let mut schedule = lock();
    loop {
        let first = schedule.entries.peek();
        let left = first.map(|Reverse(first)| first.when.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            schedule = call_first(schedule);
            continue;
        }
        let idle = if schedule.keepers > 0 { LONG } else { IDLE };
        let woken = CLOCK.changed.wait_timeout(schedule, left.unwrap_or(idle));
        let (woken, waited) = woken.unwrap_or_else(PoisonError::into_inner);
        schedule = woken;
        if waited.timed_out() && schedule.entries.is_empty() && schedule.keepers == 0 {
            schedule.running = false;
            return;
        }
    }
}

/// Calls without the lock, and drops the connection without it.
fn call_first(mut schedule: MutexGuard<'static, Schedule>) -> MutexGuard<'static, Schedule> {
    let first = schedule.entries.pop();
    drop(schedule);
    let again = first.and_then(|Reverse(entry)| {
        let target = entry.target.upgrade()?;
        let due = guarded(|| target.due(entry.timer));
        let when = due.ok().flatten()?;
        Some(Entry { when, ..entry })
    });
    let mut schedule = lock();
    schedule.entries.extend(again.map(Reverse));
    schedule
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.when == other.when
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> Ordering {
        self.when.cmp(&other.when)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tests::{PATIENCE, within};
    use std::sync::mpsc::{Sender, channel};

    struct Called(Mutex<Sender<Timer>>);

    impl Timed for Called {
        fn due(self: Arc<Self>, timer: Timer) -> Option<Instant> {
            let _ = self.0.lock().map(|calls| calls.send(timer));
            assert_ne!(timer, Timer::End, "on purpose");
            None
        }
    }

    #[test]
    fn fault_a18_a_panic_costs_one_call_and_no_other_deadline() {
        within(PATIENCE, || {
            let (calls, called) = channel();
            let one: Arc<dyn Timed> = Arc::new(Called(Mutex::new(calls.clone())));
            let other: Arc<dyn Timed> = Arc::new(Called(Mutex::new(calls)));
            call_after(Duration::ZERO, Timer::End, Arc::downgrade(&one));
            assert_eq!(called.recv(), Ok(Timer::End));
            call_after(Duration::ZERO, Timer::Flush, Arc::downgrade(&other));
            assert_eq!(called.recv(), Ok(Timer::Flush));
        });
    }

    #[test]
    fn fault_a16_a_delay_beyond_the_clock_is_never() {
        let (calls, _called) = channel();
        let one: Arc<dyn Timed> = Arc::new(Called(Mutex::new(calls)));
        call_after(Duration::MAX, Timer::End, Arc::downgrade(&one));
    }
}
