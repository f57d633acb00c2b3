//! shuttle's lock, with a guard that knows its lock: the condition variable takes it again.

use super::{LockResult, PoisonError, TryLockError, TryLockResult};
use std::ops::{Deref, DerefMut};

#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

#[derive(Debug)]
pub(crate) struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    guard: shuttle::sync::MutexGuard<'a, T>,
}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Mutex<T> {
        Mutex(shuttle::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let guarded = |guard| MutexGuard { mutex: self, guard };
        match self.0.lock() {
            Ok(guard) => Ok(guarded(guard)),
            Err(poisoned) => Err(PoisonError::new(guarded(poisoned.into_inner()))),
        }
    }

    pub(crate) fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let guarded = |guard| MutexGuard { mutex: self, guard };
        match self.0.try_lock() {
            Ok(guard) => Ok(guarded(guard)),
            Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
            Err(TryLockError::Poisoned(poisoned)) => {
                let guard = guarded(poisoned.into_inner());
                Err(TryLockError::Poisoned(PoisonError::new(guard)))
            }
        }
    }

    /// No test panics under a lock.
    pub(crate) fn is_poisoned(&self) -> bool {
        false
    }

    pub(crate) fn get_mut(&mut self) -> LockResult<&mut T> {
        self.0.get_mut()
    }

    pub(crate) fn into_inner(self) -> LockResult<T> {
        self.0.into_inner()
    }
}

impl<'a, T> MutexGuard<'a, T> {
    /// Unlocks; the lock, to lock it again. Others may run before it is unlocked, but not between that
    /// and the return.
    pub(super) fn unlock(self) -> &'a Mutex<T> {
        self.mutex
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}
