//! The steps of a job: which thread takes the write turn, and what it checks before it gives it back.

use super::FrameQueue;
use super::job::{Goal, Job, Step};
use std::mem;

/// A thread that must not block writes no more than this; the flush thread writes the others. Without a
/// limit, a peer that reads as fast as we write would keep that thread busy for ever.
const PUSHED_BYTES: u64 = 256 * 1024;

impl<F: AsRef<[u8]>> FrameQueue<F> {
    /// What the thread with this job does next.
    #[inline(always)] // no call for each message
    pub(in crate::websocket) fn step(&mut self, job: &mut Job) -> Step {
        if self.failed {
            self.give_back(job);
            return Step::Done;
        }
        match job.goal {
            Goal::Sent(position) if self.sent >= position => self.leave(job),
            Goal::Sent(_) | Goal::Turn => self.write_in_turn(job),
            Goal::Push if job.turn => self.leave(job),
            Goal::Push => self.push(job),
            // A thread that waits to write takes over.
            Goal::Flush if self.is_empty() || self.writers > 0 => {
                self.give_back(job);
                Step::Done
            }
            Goal::Flush => Step::Write,
        }
    }

    #[inline]
    fn write_in_turn(&mut self, job: &mut Job) -> Step {
        if !job.turn && mem::replace(&mut self.turn, true) {
            return Step::Wait;
        }
        job.turn = true;
        match job.goal {
            Goal::Turn if self.is_next_frame_next() => Step::Done,
            _ => Step::Write,
        }
    }

    /// Takes the turn for a write that does not block, unless another thread has it: that one checks the queue
    /// before it gives the turn back.
    fn push(&mut self, job: &mut Job) -> Step {
        if self.turn || self.is_empty() {
            return Step::Done;
        }
        self.turn = true;
        job.turn = true;
        job.pushed_from = Some(self.sent);
        Step::TryWrite
    }

    /// The goal is reached. A thread that has the turn checks the queue before it gives it back.
    #[inline]
    fn leave(&mut self, job: &mut Job) -> Step {
        if !job.turn {
            // The thread that gave the turn back has left the queue to this one, which waited to write.
            return match self.writers {
                0 => self.push(job),
                _ => Step::Done,
            };
        }
        if self.is_empty() || self.writers > 0 {
            self.give_back(job);
            return Step::Done;
        }
        let from = *job.pushed_from.get_or_insert(self.sent);
        if job.full || self.sent - from >= PUSHED_BYTES {
            job.turn = false;
            return Step::StartFlush;
        }
        Step::TryWrite
    }

    #[inline]
    fn give_back(&mut self, job: &mut Job) {
        if mem::take(&mut job.turn) {
            self.turn = false;
            self.changed = true;
        }
    }

    /// The goal of a [`Job::turn`] is reached: the next step gives the turn back.
    pub(in crate::websocket) fn end_turn(&mut self, job: &mut Job) {
        job.goal = Goal::Push;
    }

    /// The flush thread could not be started.
    pub(in crate::websocket) fn flush_not_started(&mut self) {
        self.turn = false;
        self.changed = true;
    }

    /// A thread begins to wait to write, or has waited.
    pub(in crate::websocket) fn wait_to_write(&mut self, waits: bool) {
        match waits {
            true => self.writers += 1,
            false => self.writers -= 1,
        }
    }
}
