//! The end of a server: accepting ends, its connections are asked to finish, and those that are left are cut.

use std::sync::MutexGuard;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Closed, Engine, State};
use crate::net::guarded::guarded;
use crate::net::lock::wait_until;
use crate::net::slot::StopReason;

impl Engine {
    /// Ends accepting; returns how many connections there were. If the server goes away, all of them are asked to
    /// finish now. If it restarts, the caller asks them by [`drain_slowly`](Engine::drain_slowly).
    pub(in crate::net) fn stop(&self, reason: StopReason) -> usize {
        let mut state = self.lock();
        let before = state.workers.connections();
        let socket = state.socket.take();
        if socket.is_none()
            && (state.reason == Some(StopReason::GoingAway) || reason == StopReason::Restart)
        {
            return before; // nothing that has not been done
        }
        state.reason = Some(reason);
        state.workers.stop();
        let clock = state.clock.take();
        self.stopping.store(true, Ordering::Release);
        if let Some(socket) = socket {
            socket.stop(); // dropped under the lock: a thread that finds `waiting == 0` later finds it closed
        }
        self.slot_free.notify_all();
        self.stopped.notify_all();
        let entries = match reason {
            StopReason::GoingAway => state.registry.entries(),
            StopReason::Restart => Vec::new(),
        };
        drop(state);
        drop(clock);
        for entry in entries {
            let _ = guarded(|| entry.drain(reason));
        }
        before
    }

    /// Asks the connections to finish, the oldest first, evenly spread over `time`: their peers come back to
    /// another process, and not all at once. Returns early when everything has ended.
    pub(in crate::net) fn drain_slowly(&self, time: Duration) {
        let began = Instant::now();
        let all = self.lock().registry.by_age();
        let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
        for (connection, number) in all.into_iter().zip(1..) {
            let until = began.checked_add(time / count * number);
            if self.wait_closed(until) {
                return;
            }
            let state = self.lock();
            let (entry, reason) = (state.registry.entry(connection), state.reason);
            drop(state);
            if let (Some(entry), Some(reason)) = (entry, reason) {
                let _ = guarded(|| entry.drain(reason));
            }
        }
    }

    /// Ends every connection that is left; returns how many there were.
    pub(in crate::net) fn cut(&self) -> usize {
        let mut state = self.lock();
        state.cutting = true;
        let entries = state.registry.entries();
        drop(state);
        for entry in &entries {
            let _ = guarded(|| entry.cut());
        }
        entries.len()
    }

    /// Waits until everything has ended, or until then; true if it has.
    pub(in crate::net) fn wait_closed(&self, until: Option<Instant>) -> bool {
        let mut state = self.lock();
        while state.closed != Closed::Yes {
            state = match wait_until(&self.ended, state, until) {
                Some(state) => state,
                None => return false,
            };
        }
        true
    }

    /// If everything has ended, calls [`Service::closed`](crate::net::Service::closed), once.
    pub(super) fn close_if_over(&self, mut state: MutexGuard<'_, State>) {
        if !state.workers.is_over() || state.closed != Closed::No {
            return;
        }
        state.closed = Closed::InProgress;
        drop(state);
        let _ = guarded(|| self.service.closed());
        self.lock().closed = Closed::Yes;
        self.ended.notify_all();
    }
}
