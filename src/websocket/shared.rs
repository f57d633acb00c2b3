//! What the two halves of a connection share, and what happens when the last of them is dropped.

use super::ending;
use super::outgoing::Outgoing;
use crate::net::Slot;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) outgoing: Arc<Outgoing>,
    pub(super) protocol: Option<String>,
    /// The place among the server's connections; last, so that the stream is let go before.
    pub(super) slot: Option<Slot>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        if self.outgoing.outcome().is_none() {
            ending::leave(Arc::clone(&self.outgoing), self.slot.take());
        }
    }
}
