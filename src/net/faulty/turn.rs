//! One thread at a time, and nobody waits for it longer than they want to.

use std::io::{self, ErrorKind};
use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Something that one thread at a time may use, and sleep with. A mutex alone would not do: who
/// waits for one cannot give up.
#[derive(Debug, Default)]
pub(super) struct Turn<T> {
    taken: Mutex<bool>,
    free: Condvar,
    /// Locked by whoever has the turn, so nobody ever waits for this.
    thing: Mutex<T>,
}

/// The turn, until this is dropped.
#[derive(Debug)]
pub(super) struct Taken<'a, T> {
    thing: MutexGuard<'a, T>,
    _ends: Ends<'a>, // after the lock, hence below it
}

#[derive(Debug)]
struct Ends<'a> {
    taken: &'a Mutex<bool>,
    free: &'a Condvar,
}

impl<T> Turn<T> {
    pub(super) fn new(thing: T) -> Turn<T> {
        Turn {
            taken: Mutex::new(false),
            free: Condvar::new(),
            thing: Mutex::new(thing),
        }
    }

    /// Waits for the turn until then (`None`: for ever), or fails with a timeout.
    pub(super) fn take(&self, until: Option<Instant>) -> io::Result<Taken<'_, T>> {
        let mut taken = lock(&self.taken);
        while *taken {
            taken = sleep(&self.free, taken, until).ok_or(ErrorKind::TimedOut)?;
        }
        Ok(self.begin(taken))
    }

    /// The turn, unless another thread has it.
    pub(super) fn try_take(&self) -> Option<Taken<'_, T>> {
        let taken = lock(&self.taken);
        (!*taken).then(|| self.begin(taken))
    }

    fn begin(&self, mut taken: MutexGuard<'_, bool>) -> Taken<'_, T> {
        *taken = true;
        Taken {
            thing: lock(&self.thing),
            _ends: Ends {
                taken: &self.taken,
                free: &self.free,
            },
        }
    }
}

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        *lock(self.taken) = false;
        self.free.notify_one();
    }
}

impl<T> Deref for Taken<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.thing
    }
}

impl<T> DerefMut for Taken<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.thing
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sleeps until woken; `None` if the time was up before.
pub(super) fn sleep<'a, T>(
    on: &Condvar,
    guard: MutexGuard<'a, T>,
    until: Option<Instant>,
) -> Option<MutexGuard<'a, T>> {
    let Some(until) = until else {
        return Some(on.wait(guard).unwrap_or_else(PoisonError::into_inner));
    };
    let left = until.checked_duration_since(Instant::now())?;
    let woken = on.wait_timeout(guard, left);
    Some(woken.unwrap_or_else(PoisonError::into_inner).0)
}
