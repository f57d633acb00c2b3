//! What the lock of an agent guards: the pool, with connections and threads in it.

use crate::http::client::connection::BoxedConnection;
use crate::http::client::handle::Shared;
use crate::http::client::origin::Origin;
use crate::http::client::pool::{KeepAlive, Pool, QueuePosition, Slot};
use std::sync::{Arc, Condvar};
use std::time::Instant;

pub(super) struct State {
    pub(super) pool: Pool<Origin, BoxedConnection, Arc<Waiter>>,
    /// The thread that closes expired connections is running.
    pub(super) is_reaping: bool,
}

/// A thread in the queue.
pub(super) struct Waiter {
    /// Used with the lock of the state.
    pub(super) wakes: Condvar,
    pub(super) request: Option<Arc<Shared>>,
}

impl State {
    /// As [`Pool::free`].
    pub(super) fn free(
        &mut self,
        slot: Slot<Origin>,
        connection: BoxedConnection,
        (keep_alive, since): (KeepAlive, Instant),
        closed: &mut Vec<BoxedConnection>,
    ) -> Option<Arc<Waiter>> {
        let next = self.pool.free(slot, connection, keep_alive, since, closed);
        granted(next)
    }

    /// As [`Pool::end`].
    pub(super) fn end(&mut self, slot: Slot<Origin>) -> Option<Arc<Waiter>> {
        granted(self.pool.end(slot))
    }

    /// As [`Pool::cancel`].
    pub(super) fn cancel(
        &mut self,
        position: QueuePosition<Origin>,
        closed: &mut Vec<BoxedConnection>,
    ) -> Option<Arc<Waiter>> {
        granted(self.pool.cancel(position, Instant::now(), closed))
    }

    /// Whether the thread that closes expired connections is to be started.
    pub(super) fn must_reap(&mut self) -> bool {
        let reap = !self.is_reaping && self.pool.totals().free_sockets > 0;
        self.is_reaping |= reap;
        reap
    }
}

/// This request waits no longer. It is noted under the lock of the state: so nothing happens between the grant and
/// the note that the request itself does.
fn granted(next: Option<Arc<Waiter>>) -> Option<Arc<Waiter>> {
    if let Some(request) = next.as_ref().and_then(|next| next.request.as_ref()) {
        request.granted();
    }
    next
}
