//! What the two halves of a connection share, and what happens when the last of them is dropped.

use super::outbox::Outbox;
use crate::net::Slot;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Link {
    pub(super) outbox: Arc<Outbox>,
    pub(super) protocol: Option<String>,
    /// The place among the server's connections; last, so that the stream is let go before.
    pub(super) _slot: Option<Slot>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.outbox.leave();
    }
}
