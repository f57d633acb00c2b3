//! One after another: the server's answer to request n waits for the end of request n - 1.

use std::sync::{Condvar, Mutex, PoisonError};

#[derive(Default)]
pub(crate) struct Order {
    reached: Mutex<usize>,
    changed: Condvar,
}

impl Order {
    pub(crate) fn advance(&self) {
        *self.reached.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }

    pub(crate) fn wait_for(&self, number: usize) {
        let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        let guard = self
            .changed
            .wait_while(reached, |reached| *reached < number);
        drop(guard);
    }
}
