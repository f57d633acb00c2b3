//! Locks and waits. A lock that a panic has poisoned is taken all the same: what it protects is consistent
//! between any two statements, or the panic ends its connection.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[inline]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until woken, or until `at_most` has passed. It may return early.
pub(crate) fn wait<'a, T>(
    on: &Condvar,
    guard: MutexGuard<'a, T>,
    at_most: Option<Duration>,
) -> MutexGuard<'a, T> {
    let Some(at_most) = at_most else {
        return on.wait(guard).unwrap_or_else(PoisonError::into_inner);
    };
    let woken = on.wait_timeout(guard, at_most);
    woken.unwrap_or_else(PoisonError::into_inner).0
}

/// Waits until woken, or until `until`; `None`: that has passed before. It may return early.
pub(crate) fn wait_until<'a, T>(
    on: &Condvar,
    guard: MutexGuard<'a, T>,
    until: Option<Instant>,
) -> Option<MutexGuard<'a, T>> {
    let Some(until) = until else {
        return Some(wait(on, guard, None));
    };
    let left = until.saturating_duration_since(Instant::now());
    (!left.is_zero()).then(|| wait(on, guard, Some(left)))
}
