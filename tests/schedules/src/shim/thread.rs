//! Threads: shuttle's, whose sleep and waits end by the time of the execution.

use super::sync::{Condvar, Mutex};
use super::time::Duration;
use std::cell::{Cell, RefCell};
pub use std::thread::available_parallelism;

pub(crate) use shuttle::thread::{
    Builder, JoinHandle, Result, Scope, ScopedJoinHandle, Thread, ThreadId, current, panicking,
    scope, spawn, yield_now,
};

/// Returns after `duration`.
pub(crate) fn sleep(duration: Duration) {
    let (mutex, condvar) = (Mutex::new(()), Condvar::new());
    let guard = mutex.lock().expect("nobody else has it");
    drop(condvar.wait_timeout_while(guard, duration, |()| true));
}

/// Returns after `duration`, when this thread is unparked, or for no reason.
pub(crate) fn park_timeout(duration: Duration) {
    super::sync::park_timeout(duration);
}

/// One value for each simulated thread, with the methods that `std::thread::LocalKey` has.
pub(crate) struct LocalKey<T: 'static>(pub(crate) shuttle::thread::LocalKey<T>);

impl<T: 'static> LocalKey<T> {
    pub(crate) fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.0.with(f)
    }

    pub(crate) fn try_with<R>(
        &'static self,
        f: impl FnOnce(&T) -> R,
    ) -> std::result::Result<R, shuttle::thread::AccessError> {
        self.0.try_with(f)
    }
}

impl<T: 'static> LocalKey<Cell<T>> {
    pub(crate) fn set(&'static self, value: T) {
        self.with(|cell| cell.set(value));
    }

    pub(crate) fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }

    pub(crate) fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(Cell::take)
    }

    pub(crate) fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> LocalKey<RefCell<T>> {
    pub(crate) fn with_borrow<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.with(|cell| f(&cell.borrow()))
    }

    pub(crate) fn with_borrow_mut<R>(&'static self, f: impl FnOnce(&mut T) -> R) -> R {
        self.with(|cell| f(&mut cell.borrow_mut()))
    }
}

#[macro_export]
macro_rules! thread_local_of_a_simulated_thread {
    () => {};
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = const { $init:expr }; $($rest:tt)*) => {
        $crate::thread_local_of_a_simulated_thread!($(#[$attr])* $vis static $name: $t = $init; $($rest)*);
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = $init:expr; $($rest:tt)*) => {
        $(#[$attr])*
        $vis static $name: $crate::shim::thread::LocalKey<$t> =
            $crate::shim::thread::LocalKey(shuttle::thread::LocalKey {
                init: || $init,
                _p: std::marker::PhantomData,
            });
        $crate::thread_local_of_a_simulated_thread!($($rest)*);
    };
}
