//! The decisions of the queue, and the events that it takes.

/// What becomes of a write that does not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::net::socket) enum Accepted {
    /// Offer the bytes to the stream: you have the turn.
    Turn,
    /// They are queued.
    Queued,
}

/// Nothing is accepted any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::net::socket) enum Refused {
    Ended,
    Broken,
}

/// How full the queue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::net::socket) enum Room {
    /// More may come.
    Free,
    /// No more until `drain`.
    Full,
    /// This many bytes are queued, more than may be.
    Exceeded(usize),
    /// The connection has broken.
    Broken,
}

/// What a caller does before it gives the turn back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::net::socket) enum Release {
    /// The turn is given back.
    Done,
    /// Send the FIN without waiting, then report [`SendQueue::end_sent`](super::SendQueue::end_sent).
    SendEnd,
    /// Start a flush thread: the turn is its own.
    StartFlusher,
}

/// What the flush thread does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::net::socket) enum Step {
    /// Write what [`SendQueue::take_batch`](super::SendQueue::take_batch) gives.
    Write,
    /// Send the FIN, then report [`SendQueue::end_sent`](super::SendQueue::end_sent).
    SendEnd,
    /// The turn is given back. Call `drain`, then report [`SendQueue::drain_returned`](super::SendQueue::drain_returned).
    Drain,
    /// The turn is given back. The thread ends.
    Leave,
}

/// What the stream made of the FIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::net::socket) enum EndSent {
    Sent,
    NoRoom,
    Failed,
}

/// Whether a read of nothing is the peer's FIN.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::net::socket) enum PeerEnded<'a, E> {
    Yes,
    /// It is our own end.
    Destroyed,
    /// The connection was lost, and a write has reported that.
    Lost(&'a E),
}
