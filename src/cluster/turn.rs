//! A worker's turn to accept: between its parent, which gives the turn, and its threads, which wait for it.

use super::control::Control;
use super::lines::Verb;
use crate::net::{Turn, lock, wait_until};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// How long a thread waits before it looks whether its server stops.
const MOMENT: Duration = Duration::from_millis(500);

pub(super) struct WorkerTurn {
    control: Arc<Control>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The parent has been asked for the turn, and has not given it yet.
    asked: bool,
    /// It is this worker's turn.
    given: bool,
    /// A thread has it.
    taken: bool,
    waiting: usize,
    stopping: bool,
}

impl WorkerTurn {
    pub(super) fn new(control: Arc<Control>) -> WorkerTurn {
        WorkerTurn {
            control,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// The parent gives the turn.
    pub(super) fn give(&self) {
        let mut state = lock(&self.state);
        state.asked = false;
        state.given = true;
        self.changed.notify_one();
    }

    /// Nobody waits any more.
    pub(super) fn stop(&self) {
        lock(&self.state).stopping = true;
        self.changed.notify_all();
    }
}

impl Turn for WorkerTurn {
    fn acquire(&self) -> bool {
        let until = Instant::now().checked_add(MOMENT);
        let mut state = lock(&self.state);
        if !state.asked && !state.given {
            state.asked = true;
            let _ = self.control.report(Verb::WantTurn, ""); // the parent is gone: `serve` sees it
        }
        state.waiting += 1;
        while !state.stopping && (!state.given || state.taken) {
            state = match wait_until(&self.changed, state, until) {
                Some(state) => state,
                None => {
                    lock(&self.state).waiting -= 1;
                    return false;
                }
            };
        }
        state.waiting -= 1;
        let takes = !state.stopping;
        state.taken |= takes;
        takes
    }

    fn release(&self, _accepted: bool) {
        let mut state = lock(&self.state);
        state.given = false;
        state.taken = false;
        state.asked = state.waiting > 0;
        let _ = self.control.report(Verb::PassTurn, "");
        if state.asked {
            let _ = self.control.report(Verb::WantTurn, "");
        }
    }
}
