//! One step of one thread: what it makes of the world, in every way that the stream allows.

use super::stream::Why;
use super::thread::{At, Task, Thread};
use super::{Accepted, EndSent, PeerEnded, Release, Room, Step, World};
use Task::*;

impl World {
    pub(super) fn step(&self, who: usize) -> Vec<World> {
        let mut after = self.clone();
        match self.threads[who].at.clone() {
            At::Begin(task) => self.begin(who, task),
            At::Try(bytes) => self.call(who, &bytes, At::Tried),
            At::Tried(bytes, wrote) => {
                after.record(wrote);
                if let Ok(n) = wrote {
                    after.queue.keep(&bytes[n..]);
                }
                after.break_if_too_much();
                vec![after.go(who, At::Release)]
            }
            At::Blocked(bytes) => self.call(who, &bytes, At::Wrote),
            At::Wrote(bytes, wrote) => self.wrote(who, &bytes, wrote),
            At::Release => match after.queue.release() {
                Release::Done => vec![after.done(who)],
                Release::SendEnd => vec![after.go(who, At::End)],
                Release::StartFlusher => {
                    after.threads.push(Thread::flusher());
                    vec![after.done(who)]
                }
            },
            At::End => self.end(who, At::Ended),
            At::Ended(sent) => {
                after.queue.end_sent(sent);
                vec![after.go(who, At::Release)]
            }
            At::ReadNothing | At::Judge => self.judge(who),
            At::Flusher => self.flusher(who),
            At::Flush(bytes) => self.call(who, &bytes, At::Flushed),
            At::Flushed(bytes, wrote) => {
                after.record(wrote);
                let left = wrote.map_or(0, |n| bytes.len() - n);
                after.queue.batch_left(left);
                let goes_on = left > 0 && !after.queue.is_broken();
                let at = match goes_on {
                    true => At::Flush(bytes[bytes.len() - left..].to_vec()),
                    false => At::Flusher,
                };
                if goes_on {
                    after.queue.call_begins();
                }
                let after = after.go(who, at);
                let too_slow = after.given_up();
                let no_room = wrote == Ok(0);
                [
                    vec![after],
                    if no_room { vec![too_slow] } else { Vec::new() },
                ]
                .concat()
            }
            At::FlusherEnd => self.end(who, At::FlusherEnded),
            At::FlusherEnded(sent) => {
                after.queue.end_sent(sent);
                let after = after.go(who, At::Flusher);
                let too_slow = after.given_up();
                let no_room = sent == EndSent::NoRoom;
                [
                    vec![after],
                    if no_room { vec![too_slow] } else { Vec::new() },
                ]
                .concat()
            }
            At::Drain(Some(other)) if self.threads[other].at != At::Done => Vec::new(),
            At::Drain(_) => match after.queue.drain_returned() {
                true => vec![after.drain(who)],
                false => vec![after.done(who)],
            },
            At::Done => Vec::new(),
        }
    }

    fn begin(&self, who: usize, task: Task) -> Vec<World> {
        let mut after = self.clone();
        match task {
            Write(text) => match after.queue.write(text.as_bytes()) {
                Err(_) => vec![after.done(who)],
                Ok(accepted) => {
                    after.accepted.push(text.into());
                    if accepted == Accepted::Turn {
                        after.queue.call_begins();
                        return vec![after.go(who, At::Try(text.into()))];
                    }
                    after.break_if_too_much();
                    vec![after.done(who)]
                }
            },
            WriteAll(text) => match after.queue.take_turn() {
                Err(_) => vec![after.done(who)],
                Ok(false) => Vec::new(),
                Ok(true) => {
                    after.accepted.push(text.into());
                    after.queue.call_begins();
                    vec![after.go(who, At::Blocked(text.into()))]
                }
            },
            End => match after.queue.end() {
                Ok(true) => vec![after.go(who, At::Release)],
                _ => vec![after.done(who)],
            },
            Destroy => {
                after.queue.break_off(None);
                after.stream.aborted = true;
                vec![after.done(who)]
            }
            Drained if self.queue.is_broken() || self.queue.buffered() == 0 => {
                vec![self.done(who)]
            }
            Close if self.queue.is_at_rest() && self.is_over() => {
                after.closed = true;
                vec![after.done(who)]
            }
            Listen => match after.queue.listen() {
                true => vec![after.drain(who)],
                false => vec![after.done(who)],
            },
            PeerFin => {
                after.stream.peer_fin = true;
                vec![after.done(who)]
            }
            PeerReset => {
                after.stream.peer_reset = true;
                vec![after.done(who)]
            }
            Read => self.read(who),
            Drained | Close => Vec::new(),
        }
    }

    fn call(
        &self,
        who: usize,
        bytes: &[u8],
        at: fn(Vec<u8>, Result<usize, Why>) -> At,
    ) -> Vec<World> {
        let all = self.stream.take(bytes).into_iter();
        all.map(|(stream, wrote)| {
            let after = self.with_stream(stream);
            after.go(who, at(bytes.to_vec(), wrote.unwrap_or(Ok(0))))
        })
        .collect()
    }

    fn end(&self, who: usize, at: fn(EndSent) -> At) -> Vec<World> {
        let all = self.stream.end().into_iter();
        all.map(|(stream, sent)| self.with_stream(stream).go(who, at(sent)))
            .collect()
    }

    fn record(&mut self, wrote: Result<usize, Why>) {
        self.queue.call_ended(wrote.unwrap_or(0));
        if let Err(why) = wrote {
            let loss = (why != Why::BrokenPipe).then_some(why);
            self.queue.fail(Some(why), loss);
        }
    }

    fn break_if_too_much(&mut self) {
        if matches!(self.queue.room(), Room::Exceeded(_)) {
            *self = self.given_up();
        }
    }

    /// A caller's piece has left, or a part of it; or its write timeout has passed.
    fn wrote(&self, who: usize, bytes: &[u8], wrote: Result<usize, Why>) -> Vec<World> {
        let mut after = self.clone();
        after.record(wrote);
        let left = match wrote {
            Ok(n) if n < bytes.len() => &bytes[n..],
            _ => return vec![after.go(who, At::Release)],
        };
        let mut timed_out = after.go(who, At::Release);
        timed_out.accepted.push(b"?".to_vec()); // an unknown part of it has left
        if after.queue.is_broken() {
            return vec![timed_out];
        }
        after.queue.call_begins();
        let goes_on = after.go(who, At::Blocked(left.to_vec()));
        match wrote {
            Ok(0) => vec![goes_on.clone(), timed_out, goes_on.given_up()],
            _ => vec![goes_on],
        }
    }

    fn flusher(&self, who: usize) -> Vec<World> {
        let (mut after, mut batch) = (self.clone(), Vec::new());
        match after.queue.next_step() {
            Step::Write => {
                after.queue.take_batch(&mut batch);
                after.queue.call_begins();
                vec![after.go(who, At::Flush(batch))]
            }
            Step::SendEnd => vec![after.go(who, At::FlusherEnd)],
            Step::Drain => vec![after.drain(who)],
            Step::Leave => vec![after.done(who)],
        }
    }

    /// Calls `drain`, which does what it likes, then returns.
    fn drain(&self, who: usize) -> World {
        assert!(!self.closed, "no drain after close");
        let mut in_drain = (0..self.threads.len()).filter(|n| self.threads[*n].is_in_drain());
        assert!(in_drain.all(|n| n == who), "one drain at a time");
        let mut after = self.clone();
        let task = after.in_drain.pop();
        let waits_for = task
            .filter(|_| self.drain_waits)
            .map(|_| self.threads.len());
        after.threads[who].at = At::Drain(waits_for);
        after.threads.extend(task.map(Thread::new));
        after
    }

    /// The peer's end, our own, or a loss.
    fn read(&self, who: usize) -> Vec<World> {
        let mut after = self.clone();
        if self.stream.peer_reset && !self.stream.reset_reported {
            after.stream.reset_reported = true;
            return vec![after.done(who)]; // the read itself gets the error
        }
        match self.stream.peer_fin || self.stream.peer_reset || self.stream.aborted {
            true => vec![after.go(who, At::ReadNothing)],
            false => Vec::new(),
        }
    }

    fn judge(&self, who: usize) -> Vec<World> {
        let mut after = self.clone();
        let is_failing = self.queue.is_calling() && !self.stream.is_writable();
        if self.threads[who].at == At::ReadNothing && is_failing {
            if self.stream.peer_reset && !self.stream.reset_reported {
                after.stream.reset_reported = true;
                after.queue.fail(Some(Why::Reset), Some(Why::Reset));
                return vec![after.go(who, At::Judge)];
            }
            return Vec::new(); // the call is about to report it
        }
        let ended = self.queue.peer_ended();
        if self.stream.peer_reset && self.stream.reset_reported {
            assert_ne!(ended, PeerEnded::Yes, "a reset is not the peer's FIN");
        }
        if ended == PeerEnded::Yes {
            assert!(
                self.stream.peer_fin || self.stream.peer_reset,
                "it is not ours"
            );
        }
        vec![self.done(who)]
    }
}
