//! One after another: number n waits until n numbers have been called.

use std::sync::{Condvar, Mutex, PoisonError};

#[derive(Default)]
pub(crate) struct Turns {
    called: Mutex<usize>,
    changed: Condvar,
}

impl Turns {
    pub(crate) fn next(&self) {
        *self.called.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }

    pub(crate) fn wait_for(&self, number: usize) {
        let called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = self.changed.wait_while(called, |called| *called < number);
        drop(turn);
    }
}
