//! What the two halves of a connection share, and what happens when the last of them is dropped.

use super::ending;
use super::outgoing::Outgoing;
use crate::net::Slot;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct SharedConnection {
    pub(super) outgoing: Arc<Outgoing>,
    pub(super) protocol: Option<String>,
    /// The connection's place in the server's count. It is the last field, so that the stream is dropped
    /// first.
    pub(super) slot: Option<Slot>,
}

impl Drop for SharedConnection {
    fn drop(&mut self) {
        if self.outgoing.outcome().is_none() {
            ending::leave(Arc::clone(&self.outgoing), self.slot.take());
        }
    }
}
