//! A condition variable whose waits end by the time of the execution, which shuttle's do not.

use super::{LockResult, MutexGuard, PoisonError};
use crate::shim::time::{Alarm, Duration, Instant};
use shuttle::rand::{Rng, thread_rng};
use shuttle_engine::runtime::execution::ExecutionState;
use shuttle_engine::runtime::task::TaskId;
use shuttle_engine::runtime::thread::switch;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

/// Those that wait. All simulated threads run on one thread of the system: this lock is always free.
#[derive(Debug, Default)]
pub(crate) struct Condvar(Mutex<Vec<Arc<Waiter>>>);

/// A thread that waits at a condition variable.
#[derive(Debug)]
pub(in crate::shim) struct Waiter {
    thread: TaskId,
    state: AtomicU8,
}

const WAITING: u8 = 0;
const NOTIFIED: u8 = 1;
const TIMED_OUT: u8 = 2;

impl Waiter {
    fn new() -> Arc<Waiter> {
        Arc::new(Waiter {
            thread: ExecutionState::me(),
            state: AtomicU8::new(WAITING),
        })
    }

    fn state(&self) -> u8 {
        self.state.load(Ordering::Relaxed)
    }

    fn wake(&self, why: u8) {
        if self.state() == WAITING {
            self.state.store(why, Ordering::Relaxed);
            ExecutionState::with(|execution| execution.get_mut(self.thread).unblock());
        }
    }

    /// Its deadline has passed.
    pub(in crate::shim) fn time_out(&self) {
        self.wake(TIMED_OUT);
    }
}

/// As `std::thread::park_timeout`.
pub(in crate::shim) fn park_timeout(delay: Duration) {
    let waiter = Waiter::new();
    let _alarm = Alarm::after(delay, Arc::clone(&waiter));
    if waiter.state() == WAITING {
        shuttle::thread::park();
    }
}

/// Whether a wait ended by its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    pub(crate) fn timed_out(&self) -> bool {
        self.0
    }
}

type Timed<'a, T> = (MutexGuard<'a, T>, WaitTimeoutResult);

impl Condvar {
    pub(crate) const fn new() -> Condvar {
        Condvar(Mutex::new(Vec::new()))
    }

    fn with<R>(&self, change: impl FnOnce(&mut Vec<Arc<Waiter>>) -> R) -> R {
        change(&mut self.0.lock().expect("nothing panics under this lock"))
    }

    /// Wakes any one of those that wait: the system promises no order either.
    pub(crate) fn notify_one(&self) {
        switch();
        let woken = self.with(|waiters| {
            waiters.retain(|waiter| waiter.state() == WAITING);
            let count = waiters.len();
            (count > 0).then(|| waiters.swap_remove(thread_rng().gen_range(0..count)))
        });
        if let Some(waiter) = woken {
            waiter.wake(NOTIFIED);
        }
    }

    pub(crate) fn notify_all(&self) {
        switch();
        for waiter in self.with(std::mem::take) {
            waiter.wake(NOTIFIED);
        }
    }

    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.sleep(guard, &Waiter::new())
    }

    fn sleep<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        waiter: &Arc<Waiter>,
    ) -> LockResult<MutexGuard<'a, T>> {
        let mutex = guard.unlock();
        if waiter.state() == WAITING {
            self.with(|waiters| waiters.push(Arc::clone(waiter)));
            ExecutionState::with(|execution| execution.current_mut().block(false));
            switch();
        }
        mutex.lock()
    }

    pub(crate) fn wait_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    pub(crate) fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        delay: Duration,
    ) -> LockResult<Timed<'a, T>> {
        let waiter = Waiter::new();
        let alarm = Alarm::after(delay, Arc::clone(&waiter));
        let waited = self.sleep(guard, &waiter);
        drop(alarm);
        let timed_out = WaitTimeoutResult(waiter.state() == TIMED_OUT);
        match waited {
            Ok(guard) => Ok((guard, timed_out)),
            Err(poisoned) => Err(PoisonError::new((poisoned.into_inner(), timed_out))),
        }
    }

    pub(crate) fn wait_timeout_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        delay: Duration,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<Timed<'a, T>> {
        let began = Instant::now();
        while condition(&mut guard) {
            let left = delay.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Ok((guard, WaitTimeoutResult(true)));
            }
            guard = self.wait_timeout(guard, left)?.0;
        }
        Ok((guard, WaitTimeoutResult(false)))
    }
}
