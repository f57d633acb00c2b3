//! A value that one thread at a time uses, and that another waits for no longer than it wants to.

use std::io::{self, ErrorKind};
use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Instant;

use crate::net::lock::{lock, wait_until};

/// A value that a thread takes out, may sleep with, and puts back. A mutex alone would not do: a thread
/// that waits for a mutex cannot give up.
#[derive(Debug)]
pub(crate) struct Exclusive<T> {
    /// `None`: a thread has it.
    value: Mutex<Option<T>>,
    put_back: Condvar,
}

/// The value. It is put back when this is dropped.
#[derive(Debug)]
pub(crate) struct Taken<'a, T> {
    owner: &'a Exclusive<T>,
    value: Option<T>,
}

impl<T> Exclusive<T> {
    pub(crate) fn new(value: T) -> Exclusive<T> {
        Exclusive {
            value: Mutex::new(Some(value)),
            put_back: Condvar::new(),
        }
    }

    /// Waits for the value, no longer than until `until`, or fails with a timeout.
    pub(crate) fn take(&self, until: Option<Instant>) -> io::Result<Taken<'_, T>> {
        let mut value = lock(&self.value);
        loop {
            match self.taken(&mut value) {
                Some(taken) => return Ok(taken),
                None => {
                    value = wait_until(&self.put_back, value, until).ok_or(ErrorKind::TimedOut)?
                }
            }
        }
    }

    /// The value, unless another thread has it.
    pub(crate) fn try_take(&self) -> Option<Taken<'_, T>> {
        self.taken(&mut lock(&self.value))
    }

    fn taken(&self, value: &mut MutexGuard<'_, Option<T>>) -> Option<Taken<'_, T>> {
        let value = Some(value.take()?);
        Some(Taken { owner: self, value })
    }
}

impl<T> Drop for Taken<'_, T> {
    fn drop(&mut self) {
        *lock(&self.owner.value) = self.value.take();
        self.owner.put_back.notify_one();
    }
}

impl<T> Deref for Taken<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("it is here until the drop")
    }
}

impl<T> DerefMut for Taken<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect("it is here until the drop")
    }
}
