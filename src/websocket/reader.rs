//! The half that receives, as its users see it.

use super::error::Error;
use super::outcome::Outcome;
use super::receiving::{Part, Receiving};
use super::shared::Shared;
use super::wire::{self, Data};
use super::writer::Writer;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The receiving half of a [`WebSocket`](super::WebSocket).
///
/// It belongs to one thread, and shares no lock with the writers while messages come. Pings are
/// answered as they are read, also while a writer waits for the peer.
pub struct Reader {
    /// In the heap: a thread that waits for messages keeps the stack that this was carried over.
    receiving: Box<Receiving>,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>, receiver: wire::Receiver, ahead: Vec<u8>) -> Reader {
        Reader {
            receiving: Receiving::new(shared, receiver, ahead),
        }
    }

    /// Waits for the next message. `None`: the connection is closed, see [`outcome`](Self::outcome).
    ///
    /// A message that came in one piece is borrowed from the read buffer, where its mask was taken off.
    ///
    /// # Errors
    /// The rule that the peer broke: it has been told, and the connection is over.
    /// [`ClosedAbnormally`](wire::Rule::ClosedAbnormally) where the bytes ended without a Close frame.
    /// Where the connection broke: why.
    #[inline]
    pub fn receive(&mut self) -> Result<Option<Data<'_>>, Error> {
        self.receiving.receive()
    }

    /// How it ended, once it has.
    pub fn outcome(&self) -> Option<Outcome> {
        self.receiving.shared.outgoing.outcome()
    }

    /// A writer for this connection.
    pub fn writer(&self) -> Writer {
        Writer::new(Arc::clone(&self.receiving.shared))
    }

    /// From now on a ping is sent when nothing has come for `every`, and the connection is cut if
    /// nothing comes within `deadline` after it has left. This thread must be receiving. It replaces
    /// [`Config::heartbeat_interval`](super::Config::heartbeat_interval).
    ///
    /// A ping that is queued behind a long message has not left yet, and bytes that leave after they
    /// had to wait are a sign of life: so a peer that reads a long message slowly is not cut.
    pub fn heartbeat(&mut self, every: Duration, deadline: Duration) {
        self.receiving.heartbeat(every, deadline);
    }

    /// From now on messages are given out in parts, as they come: none is kept, and none is too long.
    pub fn in_parts(self) -> PartReader {
        PartReader {
            receiving: self.receiving.in_parts(),
        }
    }

    /// Receives and drops until it is over.
    pub(super) fn drain(&mut self) {
        while let Ok(Some(_)) = self.receive() {}
    }
}

/// A [`Reader`] that gives messages out in parts: [`Reader::in_parts`].
pub struct PartReader {
    receiving: Box<Receiving>,
}

impl PartReader {
    /// Waits for the next part of a message. `None`: the connection is closed.
    ///
    /// # Errors
    /// As [`Reader::receive`].
    pub fn receive_part(&mut self) -> Result<Option<Part<'_>>, Error> {
        self.receiving.receive_part()
    }

    /// How it ended, once it has.
    pub fn outcome(&self) -> Option<Outcome> {
        self.receiving.shared.outgoing.outcome()
    }

    /// A writer for this connection.
    pub fn writer(&self) -> Writer {
        Writer::new(Arc::clone(&self.receiving.shared))
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("shared", &self.receiving.shared)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PartReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartReader")
            .field("shared", &self.receiving.shared)
            .finish_non_exhaustive()
    }
}
