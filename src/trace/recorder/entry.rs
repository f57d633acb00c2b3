//! What the queue holds.

use crate::trace::wire::{Direction, Layer};
use std::net::SocketAddr;
use std::time::Duration;

/// Something that has passed.
pub(super) struct Entry {
    pub(super) conversation: u64,
    /// Since 1970.
    pub(super) time: Duration,
    pub(super) from: Direction,
    pub(super) what: What,
}

#[derive(Clone)]
pub(super) enum What {
    Begins {
        about: String,
        client: SocketAddr,
        server: SocketAddr,
    },
    /// So many bytes.
    Bytes(Layer, usize),
    Ends,
    Resets,
    /// On this side; nothing more comes.
    Closed,
    /// It is recorded no further.
    Lost,
    /// It was not recorded, nor so many that began behind it.
    Unrecorded(u64),
}
