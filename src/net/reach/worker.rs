//! A thread that makes one blocking call, and the way its result comes back.
//!
//! The standard library's channels would do, but a thread that waits for one is parked, and a
//! parked thread takes the token of an `unpark` that its owner meant for something else. So the
//! receiver waits on a condition variable.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;

use crate::net::lock::{lock, wait_until};

/// What a worker thread does.
pub(crate) type Work = Box<dyn FnOnce() + Send>;

/// Starts a thread of this name; tests have one that fails.
pub(super) type Spawn<'a> = &'a dyn Fn(&str, Work) -> io::Result<()>;

/// A thread of the system.
pub(crate) fn spawn(name: &str, work: Work) -> io::Result<()> {
    let builder = thread::Builder::new().name(name.to_owned());
    builder.spawn(work).map(drop)
}

/// Why the caller's thread made a worker's call: the system's error for a new thread.
pub(super) struct NoThread<'a>(pub(super) &'a str);

impl fmt::Display for NoThread<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NoThread(missing) = self;
        let why = "on the caller's thread, since no other could be started";
        write!(f, "{why}: {missing}")
    }
}

/// The results of workers to the one thread that waits for them.
pub(crate) fn results<T>() -> (Reporter<T>, Results<T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            arrived: VecDeque::new(),
            receiver_gone: false,
        }),
        changed: Condvar::new(),
    });
    (Reporter(Arc::clone(&shared)), Results(shared))
}

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    arrived: VecDeque<T>,
    receiver_gone: bool,
}

/// The worker's end.
pub(crate) struct Reporter<T>(Arc<Shared<T>>);

impl<T> Clone for Reporter<T> {
    fn clone(&self) -> Reporter<T> {
        Reporter(Arc::clone(&self.0))
    }
}

impl<T> Reporter<T> {
    /// Wakes the receiver. If it has gone, the result is dropped here and now.
    pub(crate) fn report(&self, result: T) {
        let mut state = lock(&self.0.state);
        if state.receiver_gone {
            drop(state); // before the result: dropping a connection closes it
            return;
        }
        state.arrived.push_back(result);
        drop(state);
        self.0.changed.notify_one();
    }
}

/// The receiver's end. Dropping it drops what has arrived and whatever is reported later.
pub(crate) struct Results<T>(Arc<Shared<T>>);

impl<T> Results<T> {
    /// The next result, if one arrives by the deadline.
    pub(crate) fn take_until(&self, deadline: Instant) -> Option<T> {
        let mut state = lock(&self.0.state);
        loop {
            let arrived = state.arrived.pop_front();
            if arrived.is_some() {
                return arrived;
            }
            state = wait_until(&self.0.changed, state, Some(deadline))?;
        }
    }
}

impl<T> Drop for Results<T> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.receiver_gone = true;
        let unwanted = std::mem::take(&mut state.arrived);
        drop(state);
        drop(unwanted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::tests::{PATIENCE, within};

    #[test]
    fn a_result_that_comes_too_late_is_dropped_at_once() {
        let (reporter, results) = results();
        let (early, late) = (Arc::new(()), Arc::new(()));
        reporter.report(Arc::clone(&early));
        drop(results);
        assert_eq!(Arc::strong_count(&early), 1);
        reporter.clone().report(Arc::clone(&late));
        assert_eq!(Arc::strong_count(&late), 1);
    }

    #[test]
    fn results_come_in_order_and_none_after_the_deadline() {
        within(PATIENCE, || {
            let (reporter, results) = results();
            let deadline = Instant::now() + PATIENCE;
            assert_eq!(results.take_until(Instant::now()), None);
            spawn(
                "a worker",
                Box::new(move || (1..=3).for_each(|n| reporter.report(n))),
            )
            .unwrap();
            let taken: Vec<_> = (0..3).map(|_| results.take_until(deadline)).collect();
            assert_eq!(taken, [Some(1), Some(2), Some(3)]);
        });
    }

    #[test]
    fn fault_a17_a_thread_that_waits_for_a_result_keeps_the_token_of_an_unpark() {
        within(PATIENCE, || {
            let (reporter, results) = results();
            thread::current().unpark();
            spawn("a worker", Box::new(move || reporter.report(()))).unwrap();
            assert!(results.take_until(Instant::now() + PATIENCE).is_some());
            thread::park(); // for ever, if the token were gone
        });
    }
}
