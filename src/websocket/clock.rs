//! The one thread that keeps the deadlines nobody waits for.
//!
//! A reader sleeps in `read` and a handler wherever it likes; neither sees that a deadline has passed.
//! This thread does, for all connections of the process. There is none while nothing is due.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

const STACK_BYTES: usize = 128 * 1024;
/// How long the thread waits for something to do.
const IDLE: Duration = Duration::from_secs(1);

/// What is due at some time.
pub(super) trait Due: Send + Sync {
    /// The time has come; when again? It must not wait.
    fn due(self: Arc<Self>, what: What) -> Option<Instant>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The peer should have closed by now.
    Close,
    /// Frames that wait for others should have left by now.
    Gathered,
}

static CLOCK: Clock = Clock {
    list: Mutex::new(List {
        entries: BinaryHeap::new(),
        running: false,
    }),
    changed: Condvar::new(),
};

struct Clock {
    list: Mutex<List>,
    changed: Condvar,
}

struct List {
    /// The earliest on top.
    entries: BinaryHeap<Reverse<Entry>>,
    running: bool,
}

/// A connection is only looked at: it ends when its users have let it go.
struct Entry {
    when: Instant,
    what: What,
    whom: Weak<dyn Due>,
}

/// Calls [`Due::due`] then.
pub(super) fn at(when: Instant, what: What, whom: Weak<dyn Due>) {
    let mut list = CLOCK.list.lock().unwrap_or_else(PoisonError::into_inner);
    list.entries.push(Reverse(Entry { when, what, whom }));
    if !list.running {
        let thread = thread::Builder::new()
            .name("websocket clock".into())
            .stack_size(STACK_BYTES);
        // Where no thread can be had now, the next deadline tries again.
        list.running = thread.spawn(run).is_ok();
    }
    CLOCK.changed.notify_one();
}

fn run() {
    let mut list = CLOCK.list.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let first = list.entries.peek();
        let left = first.map(|Reverse(first)| first.when.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            list = call_first(list);
            continue;
        }
        let woken = CLOCK.changed.wait_timeout(list, left.unwrap_or(IDLE));
        let (woken, waited) = woken.unwrap_or_else(PoisonError::into_inner);
        list = woken;
        if waited.timed_out() && list.entries.is_empty() {
            list.running = false;
            return;
        }
    }
}

fn call_first(mut list: MutexGuard<'static, List>) -> MutexGuard<'static, List> {
    let first = list.entries.pop();
    drop(list);
    let again = first.and_then(|Reverse(entry)| {
        let when = entry.whom.upgrade()?.due(entry.what)?;
        Some(Entry { when, ..entry })
    });
    let mut list = CLOCK.list.lock().unwrap_or_else(PoisonError::into_inner);
    list.entries.extend(again.map(Reverse));
    list
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
