//! Locks and channels: shuttle's, with waits that end by the time of the execution.

mod condvar;
pub(crate) mod mpsc;
mod mutex;

pub(crate) use condvar::{Condvar, WaitTimeoutResult};
pub(in crate::shim) use condvar::{Waiter, park_timeout};
pub(crate) use mutex::{Mutex, MutexGuard};
pub(crate) use shuttle::sync::{
    Arc, Barrier, LockResult, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError,
    TryLockResult, Weak, atomic,
};
// What they compute once must not wait for another thread.
pub(crate) use std::sync::{LazyLock, OnceLock};
