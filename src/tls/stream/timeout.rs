//! A timeout of the stream below: the one that a caller has set, and for a while a shorter one.

use crate::net::lock;
use std::io;
use std::sync::Mutex;
use std::time::Duration;

/// One direction's timeout. Any thread may set it; the last call wins. The stream below is called
/// without the lock.
#[derive(Default)]
pub(super) struct Timeout {
    limits: Mutex<Limits>,
}

#[derive(Clone, Copy, Default)]
struct Limits {
    set: Option<Duration>,
    bound: Bound,
}

/// A limit beside the timeout that was set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Bound {
    #[default]
    None,
    /// If no timeout is set, this is the timeout.
    IfUnset(Duration),
    /// No longer than this.
    AtMost(Duration),
}

impl Limits {
    fn in_force(self) -> Option<Duration> {
        match (self.set, self.bound) {
            (set, Bound::None) => set,
            (set, Bound::IfUnset(bound)) => set.or(Some(bound)),
            (set, Bound::AtMost(bound)) => Some(set.map_or(bound, |set| set.min(bound))),
        }
    }
}

impl Timeout {
    /// The timeout that was set.
    pub(super) fn get(&self) -> Option<Duration> {
        lock(&self.limits).set
    }

    #[cfg(test)]
    pub(super) fn is_locked(&self) -> bool {
        self.limits.try_lock().is_err()
    }

    /// `below` sets the timeout of the stream below.
    pub(super) fn set(
        &self,
        timeout: Option<Duration>,
        below: impl Fn(Option<Duration>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut limits = lock(&self.limits);
        limits.set = timeout;
        let in_force = limits.in_force();
        drop(limits);
        self.apply(in_force, &below)
    }

    /// Adds a bound until the result is dropped. `below` is called only if the timeout in force changes.
    pub(super) fn bound<F>(&self, bound: Bound, below: F) -> Bounded<'_, F>
    where
        F: Fn(Option<Duration>) -> io::Result<()>,
    {
        self.change_bound(bound, &below);
        Bounded {
            timeout: self,
            below,
        }
    }

    fn change_bound(&self, bound: Bound, below: &impl Fn(Option<Duration>) -> io::Result<()>) {
        let mut limits = lock(&self.limits);
        let before = limits.in_force();
        limits.bound = bound;
        let in_force = limits.in_force();
        drop(limits);
        if in_force != before {
            // A stream that refuses a timeout is broken, and its next read or write says so.
            let _ = self.apply(in_force, below);
        }
    }

    /// If two threads are here at once, the last one to call `below` may have the older value. So each
    /// thread compares afterwards, and calls again if the value has changed.
    fn apply(
        &self,
        mut in_force: Option<Duration>,
        below: &impl Fn(Option<Duration>) -> io::Result<()>,
    ) -> io::Result<()> {
        loop {
            below(in_force)?;
            let now = lock(&self.limits).in_force();
            if now == in_force {
                return Ok(());
            }
            in_force = now;
        }
    }
}

/// Removes the bound when it is dropped.
pub(super) struct Bounded<'a, F: Fn(Option<Duration>) -> io::Result<()>> {
    timeout: &'a Timeout,
    below: F,
}

impl<F: Fn(Option<Duration>) -> io::Result<()>> Drop for Bounded<'_, F> {
    fn drop(&mut self) {
        self.timeout.change_bound(Bound::None, &self.below);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    const LONG: Option<Duration> = Some(Duration::from_secs(9));
    const SHORT: Duration = Duration::from_secs(1);

    #[test]
    fn a_bound_holds_until_it_is_dropped() {
        let calls = RefCell::new(Vec::new());
        let below = |timeout| {
            calls.borrow_mut().push(timeout);
            Ok(())
        };
        let timeout = Timeout::default();
        drop(timeout.bound(Bound::IfUnset(SHORT), below));
        assert_eq!(calls.take(), [Some(SHORT), None]);
        timeout.set(LONG, below).unwrap();
        assert_eq!(calls.take(), [LONG]);
        drop(timeout.bound(Bound::IfUnset(SHORT), below));
        assert_eq!(calls.take(), [], "a timeout is set");
        let bounded = timeout.bound(Bound::AtMost(SHORT), below);
        timeout.set(None, below).unwrap();
        assert_eq!(calls.take(), [Some(SHORT), Some(SHORT)]);
        drop(bounded);
        assert_eq!(calls.take(), [None]);
    }

    #[test]
    fn a_thread_that_was_overtaken_applies_the_newer_value() {
        let calls = RefCell::new(Vec::new());
        let timeout = Timeout::default();
        let below = |value| {
            if calls.borrow().is_empty() {
                calls.borrow_mut().push(None); // as another thread does at the same time
                timeout.set(None, |_| Ok(())).unwrap();
            }
            calls.borrow_mut().push(value);
            Ok(())
        };
        timeout.set(LONG, below).unwrap();
        assert_eq!(calls.take(), [None, LONG, None]);
    }
}
