//! What a thread is to do, and where it stands.

use super::EndSent;
use super::stream::Why;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Thread {
    pub(super) at: At,
    pub(super) next: Vec<Task>,
}

/// What a thread is to do, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Task {
    Write(&'static str),
    WriteAll(&'static str),
    End,
    Destroy,
    Drained,
    /// Reads the peer's end, and judges what it is.
    Read,
    /// What `run` does when both directions have ended: waits, then `close`.
    Close,
    Listen,
    PeerFin,
    PeerReset,
}

/// Where a thread stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum At {
    Begin(Task),
    Try(Vec<u8>),
    Tried(Vec<u8>, Result<usize, Why>),
    Blocked(Vec<u8>),
    Wrote(Vec<u8>, Result<usize, Why>),
    Release,
    End,
    Ended(EndSent),
    ReadNothing,
    Judge,
    Flusher,
    Flush(Vec<u8>),
    Flushed(Vec<u8>, Result<usize, Why>),
    FlusherEnd,
    FlusherEnded(EndSent),
    /// In `drain`, until the thread with this number is done.
    Drain(Option<usize>),
    Done,
}

impl Thread {
    pub(super) fn new(task: Task) -> Thread {
        Thread {
            at: At::Begin(task),
            next: Vec::new(),
        }
    }

    pub(super) fn flusher() -> Thread {
        Thread {
            at: At::Flusher,
            next: Vec::new(),
        }
    }

    pub(super) fn is_in_call(&self) -> bool {
        use At::*;
        matches!(
            self.at,
            Try(_) | Tried(..) | Blocked(_) | Wrote(..) | End | Flush(_) | Flushed(..) | FlusherEnd
        )
    }

    pub(super) fn is_in_drain(&self) -> bool {
        matches!(self.at, At::Drain(_))
    }
}
