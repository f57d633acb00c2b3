//! What a thread wants of the queue, and what the queue tells it to do.

/// What a thread wants of the queue, and what it has of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::websocket) struct Job {
    pub(super) goal: Goal,
    /// Whether this thread holds the write turn.
    pub(super) turn: bool,
    /// Where `sent` stood when the first write without waiting was made; none was made yet.
    pub(super) pushed_from: Option<u64>,
    /// The socket had no room for all that it was offered.
    pub(super) full: bool,
}

/// What has to be reached.
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
    /// It waits until something has changed, and asks again.
    Wait,
    /// It writes of what is in flight, and may wait for the peer.
    Write,
    /// The same without waiting.
    TryWrite,
    /// It starts the flush thread, which has the write turn from now on. Its own job is done.
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

    /// Everything up to this position has left.
    pub(in crate::websocket) fn sent(position: u64) -> Job {
        Job::new(Goal::Sent(position))
    }

    /// What the socket takes at once has left.
    pub(in crate::websocket) fn push() -> Job {
        Job::new(Goal::Push)
    }

    /// The socket took less than it was offered without waiting.
    pub(in crate::websocket) fn is_full(&mut self) {
        self.full = true;
    }

    /// This thread has the write turn, and nothing is in flight.
    pub(in crate::websocket) fn turn() -> Job {
        Job::new(Goal::Turn)
    }

    /// Everything has left. The flush thread is given the write turn when it is started.
    pub(in crate::websocket) fn flush() -> Job {
        let turn = true;
        Job {
            turn,
            ..Job::new(Goal::Flush)
        }
    }
}
