//! What a thread wants of the queue, and what it has to do next.

/// What a thread wants of the queue, and whether it has the write turn.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::websocket) struct Job {
    pub(super) goal: Goal,
    /// Whether this thread holds the write turn.
    pub(super) turn: bool,
    /// The queue's `sent` before the first write that did not block; `None`: there was none.
    pub(super) pushed_from: Option<u64>,
    /// Whether the socket has taken less than it was offered.
    pub(super) full: bool,
}

/// When the job is done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Goal {
    Sent(u64),
    Push,
    Turn,
    Flush,
}

/// What the thread does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::websocket) enum Step {
    /// Wait until something has changed, then ask again.
    Wait,
    /// Write bytes in flight; the write may block.
    Write,
    /// Write bytes in flight without blocking.
    TryWrite,
    /// Start the flush thread, which has the write turn from now on. The job is done.
    StartFlush,
    /// The job is done.
    Done,
}

impl Job {
    fn new(goal: Goal) -> Job {
        Job {
            goal,
            turn: false,
            pushed_from: None,
            full: false,
        }
    }

    /// Done when everything up to this position has left.
    pub(in crate::websocket) fn sent(position: u64) -> Job {
        Job::new(Goal::Sent(position))
    }

    /// Done when what the socket takes at once has left.
    pub(in crate::websocket) fn push() -> Job {
        Job::new(Goal::Push)
    }

    /// The socket took less than it was offered without waiting.
    pub(in crate::websocket) fn note_full(&mut self) {
        self.full = true;
    }

    /// Done when this thread has the write turn, and nothing is in flight.
    pub(in crate::websocket) fn turn() -> Job {
        Job::new(Goal::Turn)
    }

    /// Done when everything has left. The flush thread has the write turn from its start.
    pub(in crate::websocket) fn flush() -> Job {
        Job {
            turn: true,
            ..Job::new(Goal::Flush)
        }
    }
}
