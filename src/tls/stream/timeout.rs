//! A timeout of the stream below: what was set, and for a moment something shorter.

use super::lock;
use std::io;
use std::sync::Mutex;
use std::time::Duration;

/// One direction's timeout. Many threads may set it; the last call holds. The stream below is called
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

/// What holds beside the timeout that was set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Bound {
    #[default]
    None,
    /// Where no timeout is set, this is one.
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

    pub(super) fn set(
        &self,
        timeout: Option<Duration>,
        below: impl Fn(Option<Duration>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut limits = lock(&self.limits);
        limits.set = timeout;
        let in_force = limits.in_force();
        drop(limits);
        self.apply(in_force, below)
    }

    /// Bounds the waiting, or ends that. Nothing is called below where it makes no difference.
    pub(super) fn bound(
        &self,
        bound: Bound,
        below: impl Fn(Option<Duration>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut limits = lock(&self.limits);
        let before = limits.in_force();
        limits.bound = bound;
        let in_force = limits.in_force();
        drop(limits);
        match in_force == before {
            true => Ok(()),
            false => self.apply(in_force, below),
        }
    }

    /// Of two threads that come here at once, the later to call below may have the older value: it looks
    /// again.
    fn apply(
        &self,
        mut in_force: Option<Duration>,
        below: impl Fn(Option<Duration>) -> io::Result<()>,
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    const LONG: Option<Duration> = Some(Duration::from_secs(9));
    const SHORT: Duration = Duration::from_secs(1);

    #[test]
    fn a_bound_holds_for_a_while() {
        let calls = RefCell::new(Vec::new());
        let below = |timeout| {
            calls.borrow_mut().push(timeout);
            Ok(())
        };
        let timeout = Timeout::default();
        timeout.bound(Bound::IfUnset(SHORT), below).unwrap();
        timeout.bound(Bound::None, below).unwrap();
        assert_eq!(calls.take(), [Some(SHORT), None]);
        timeout.set(LONG, below).unwrap();
        assert_eq!(calls.take(), [LONG]);
        timeout.bound(Bound::IfUnset(SHORT), below).unwrap();
        timeout.bound(Bound::None, below).unwrap();
        assert_eq!(calls.take(), [], "one is set");
        timeout.bound(Bound::AtMost(SHORT), below).unwrap();
        timeout.set(None, below).unwrap();
        assert_eq!(calls.take(), [Some(SHORT), Some(SHORT)]);
        timeout.bound(Bound::None, below).unwrap();
        assert_eq!(calls.take(), [None]);
    }

    #[test]
    fn who_was_overtaken_looks_again() {
        let calls = RefCell::new(Vec::new());
        let timeout = Timeout::default();
        let below = |value| {
            if calls.borrow().is_empty() {
                calls.borrow_mut().push(None); // as another thread does meanwhile
                timeout.set(None, |_| Ok(())).unwrap();
            }
            calls.borrow_mut().push(value);
            Ok(())
        };
        timeout.set(LONG, below).unwrap();
        assert_eq!(calls.take(), [None, LONG, None]);
    }
}
