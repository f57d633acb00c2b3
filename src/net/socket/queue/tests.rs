//! All interleavings of the threads that use one queue, over a stream that takes none, some or all of
//! what it is offered, fails, or is shut by another thread.
//!
//! A thread is a list of tasks. A task takes several steps, and between any two of them every other
//! thread may take one of its own: where the drivers release the lock, a step ends here.

use super::*;
use Task::*;
use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// Everything there is at one moment.
#[derive(Clone, PartialEq, Eq, Hash)]
struct World {
    queue: Queue<Why>,
    wire: Wire,
    threads: Vec<Thread>,
    /// What was accepted, in that order.
    accepted: Vec<Vec<u8>>,
    /// What `drain` does when it is called, each time one fewer; and whether it waits for that.
    in_drain: Vec<Task>,
    drain_waits: bool,
    closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Why {
    Reset,
    BrokenPipe,
    TooSlow,
}

#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Wire {
    bytes: Vec<u8>,
    fin: bool,
    /// We have shut both directions.
    aborted: bool,
    peer_fin: bool,
    peer_reset: bool,
    /// The system reports a reset to one call, and a broken pipe to all others.
    reset_reported: bool,
    /// It is TLS: the end needs room, too.
    end_needs_room: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Thread {
    at: At,
    next: Vec<Task>,
}

/// What a thread is to do, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Task {
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
enum At {
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

impl Wire {
    fn is_writable(&self) -> bool {
        !self.aborted && !self.peer_reset
    }

    /// All that a call with these bytes may return; `None`: no room, or not within the slice.
    fn take(&self, bytes: &[u8]) -> Vec<(Wire, Option<Result<usize, Why>>)> {
        assert!(!self.fin, "nothing is written after the FIN");
        if !self.is_writable() {
            let mut after = self.clone();
            let is_news = self.peer_reset && !self.reset_reported;
            after.reset_reported |= is_news;
            let why = if is_news { Why::Reset } else { Why::BrokenPipe };
            return vec![(after, Some(Err(why)))];
        }
        let some = |n: usize| {
            let mut after = self.clone();
            after.bytes.extend_from_slice(&bytes[..n]);
            (after, Some(Ok(n)))
        };
        let mut all = vec![(self.clone(), None), some(bytes.len())];
        if bytes.len() > 1 {
            all.push(some(1));
        }
        all
    }

    fn end(&self) -> Vec<(Wire, EndSent)> {
        if !self.is_writable() {
            return vec![(self.clone(), EndSent::Failed)];
        }
        let mut after = self.clone();
        assert!(!after.fin, "one FIN");
        after.fin = true;
        let mut all = vec![(after, EndSent::Sent)];
        if self.end_needs_room {
            all.push((self.clone(), EndSent::NoRoom));
        }
        all
    }
}

impl World {
    fn new(limits: Limits, threads: &[&[Task]]) -> World {
        let thread = |tasks: &&[Task]| Thread {
            next: tasks[1..].to_vec(),
            ..Thread::new(tasks[0])
        };
        World {
            queue: Queue::new(limits),
            wire: Wire::default(),
            threads: threads.iter().map(thread).collect(),
            accepted: Vec::new(),
            in_drain: Vec::new(),
            drain_waits: false,
            closed: false,
        }
    }

    /// Every world that one step of one thread can make of this one.
    fn next(&self) -> Vec<World> {
        let all = (0..self.threads.len()).flat_map(|who| self.step(who));
        all.filter(|after| after != self).collect()
    }

    fn go(&self, who: usize, at: At) -> World {
        let mut after = self.clone();
        after.threads[who].at = at;
        after
    }

    fn with_wire(&self, wire: Wire) -> World {
        let mut after = self.clone();
        after.wire = wire;
        after
    }

    /// The thread has done its task.
    fn done(&self, who: usize) -> World {
        let mut after = self.clone();
        let thread = &mut after.threads[who];
        thread.at = match thread.next.is_empty() {
            true => At::Done,
            false => At::Begin(thread.next.remove(0)),
        };
        after
    }

    fn step(&self, who: usize) -> Vec<World> {
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
                after.wire.aborted = true;
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
                after.wire.peer_fin = true;
                vec![after.done(who)]
            }
            PeerReset => {
                after.wire.peer_reset = true;
                vec![after.done(who)]
            }
            Read => self.read(who),
            Drained | Close => Vec::new(),
        }
    }

    fn is_over(&self) -> bool {
        self.queue.is_broken() || self.queue.is_end_sent()
    }

    fn call(
        &self,
        who: usize,
        bytes: &[u8],
        at: fn(Vec<u8>, Result<usize, Why>) -> At,
    ) -> Vec<World> {
        let all = self.wire.take(bytes).into_iter();
        all.map(|(wire, wrote)| {
            let after = self.with_wire(wire);
            after.go(who, at(bytes.to_vec(), wrote.unwrap_or(Ok(0))))
        })
        .collect()
    }

    fn end(&self, who: usize, at: fn(EndSent) -> At) -> Vec<World> {
        let all = self.wire.end().into_iter();
        all.map(|(wire, sent)| self.with_wire(wire).go(who, at(sent)))
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

    fn given_up(&self) -> World {
        let mut after = self.clone();
        after.queue.break_off(Some(Why::TooSlow));
        after.wire.aborted = true;
        after
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
        if self.wire.peer_reset && !self.wire.reset_reported {
            after.wire.reset_reported = true;
            return vec![after.done(who)]; // the read itself is told
        }
        match self.wire.peer_fin || self.wire.peer_reset || self.wire.aborted {
            true => vec![after.go(who, At::ReadNothing)],
            false => Vec::new(),
        }
    }

    fn judge(&self, who: usize) -> Vec<World> {
        let mut after = self.clone();
        let is_failing = self.queue.is_calling() && !self.wire.is_writable();
        if self.threads[who].at == At::ReadNothing && is_failing {
            if self.wire.peer_reset && !self.wire.reset_reported {
                after.wire.reset_reported = true;
                after.queue.fail(Some(Why::Reset), Some(Why::Reset));
                return vec![after.go(who, At::Judge)];
            }
            return Vec::new(); // the call is about to report it
        }
        let ended = self.queue.peer_ended();
        if self.wire.peer_reset && self.wire.reset_reported {
            assert_ne!(ended, PeerEnded::Yes, "a reset is not the peer's FIN");
        }
        if ended == PeerEnded::Yes {
            assert!(self.wire.peer_fin || self.wire.peer_reset, "it is not ours");
        }
        vec![self.done(who)]
    }

    fn check(&self) {
        let in_calls = self.threads.iter().filter(|thread| thread.is_in_call());
        assert!(in_calls.count() <= 1, "one thread writes");
        for thread in &self.threads {
            let (At::Flush(bytes) | At::Flushed(bytes, _)) = &thread.at else {
                continue;
            };
            let is_counted = self.queue.is_broken() || self.queue.buffered() >= bytes.len();
            assert!(is_counted, "what is in flight is buffered");
        }
        let asked = self.queue.end_is_due();
        if !self.queue.is_broken() && (self.queue.buffered() > 0 || asked) {
            assert_ne!(self.queue.turn, Turn::Free, "nothing stays behind");
        }
    }

    /// No thread can take another step.
    fn check_last(&self) {
        let all_done = self.threads.iter().all(|thread| thread.at == At::Done);
        assert!(all_done, "a thread waits for ever: {:?}", self.threads);
        assert_eq!(self.queue.turn, Turn::Free);
        assert_eq!(self.queue.buffered(), 0);
        assert!(!self.queue.clone().claim_drain(), "drain was called");
        if self.queue.is_broken() {
            return;
        }
        if !self.accepted.contains(&b"?".to_vec()) {
            assert_eq!(self.wire.bytes, self.accepted.concat(), "in order");
        }
        assert_eq!(self.wire.fin, self.queue.is_end_asked(), "the FIN");
    }
}

impl Thread {
    fn new(task: Task) -> Thread {
        Thread {
            at: At::Begin(task),
            next: Vec::new(),
        }
    }

    fn flusher() -> Thread {
        Thread {
            at: At::Flusher,
            next: Vec::new(),
        }
    }

    fn is_in_call(&self) -> bool {
        use At::*;
        matches!(
            self.at,
            Try(_) | Tried(..) | Blocked(_) | Wrote(..) | End | Flush(_) | Flushed(..) | FlusherEnd
        )
    }

    fn is_in_drain(&self) -> bool {
        matches!(self.at, At::Drain(_))
    }
}

/// Tries every order of every step; returns how many worlds there were.
fn explore(first: World) -> usize {
    let mut seen = HashSet::new();
    let mut left = vec![first];
    while let Some(world) = left.pop() {
        let mut hasher = DefaultHasher::new();
        world.hash(&mut hasher);
        if !seen.insert(hasher.finish()) {
            continue;
        }
        world.check();
        let next = world.next();
        if next.is_empty() {
            world.check_last();
        }
        left.extend(next);
    }
    println!("{} worlds", seen.len());
    seen.len()
}

const LIMITS: Limits = Limits {
    high_water_mark: 2,
    max_buffered: 100,
};

/// Two writers of either kind, a closer, a destroyer, and a reader that sees the peer's FIN.
#[test]
fn all_at_once() {
    let threads: [&[Task]; 5] = [
        &[Write("ab"), Write("c")],
        &[WriteAll("xy")],
        &[PeerFin, End],
        &[Destroy],
        &[Read],
    ];
    let worlds = explore(World::new(LIMITS, &threads));
    assert!(worlds > 10_000, "{worlds}");
}

/// The end is asked while others write, and finds no room: nothing is lost, and the FIN is last.
#[test]
fn fault_a19_the_end_is_pending_until_it_has_left() {
    let threads: [&[Task]; 4] = [
        &[Write("ab"), Write("c")],
        &[WriteAll("xy"), End],
        &[End],
        &[Close],
    ];
    let mut world = World::new(LIMITS, &threads);
    world.wire.end_needs_room = true;
    explore(world);
}

/// A reader that sees the end of a reset connection, while one of two writers is told of the reset.
#[test]
fn a_reset_is_no_end() {
    let threads: [&[Task]; 4] = [
        &[Write("ab"), Write("c")],
        &[WriteAll("xy")],
        &[PeerReset],
        &[Read],
    ];
    explore(World::new(LIMITS, &threads));
}

/// `drain` comes when a queue that was full is empty, in one thread at a time, never after `close`;
/// and it may write and wait for that.
#[test]
fn fault_a23_drain_holds_nothing() {
    let threads: [&[Task]; 3] = [
        &[Write("ab"), Write("c")],
        &[Listen, End, Close],
        &[Drained],
    ];
    for in_drain in [Write("ef"), WriteAll("gh"), Drained] {
        for waits in [true, false] {
            let mut world = World::new(LIMITS, &threads);
            world.in_drain = vec![in_drain];
            world.drain_waits = waits;
            explore(world);
        }
    }
}

/// It is called again for a queue that it has filled itself, and that is empty before it returns.
#[test]
fn drain_is_called_again() {
    let threads: [&[Task]; 2] = [&[Write("ab"), Write("c")], &[Listen]];
    let mut world = World::new(LIMITS, &threads);
    world.in_drain = vec![Write("ef"), Write("gh")];
    explore(world);
}

/// The connection is destroyed while `drain` runs.
#[test]
fn fault_a23_destroyed_while_drain_runs() {
    let threads: [&[Task]; 3] = [
        &[Listen, Close],
        &[Write("ab"), Write("cd")],
        &[Drained, Destroy],
    ];
    let mut world = World::new(LIMITS, &threads);
    world.in_drain = vec![Write("ef")];
    world.drain_waits = true;
    explore(world);
}

/// Writers that do not stop are stopped.
#[test]
fn beyond_the_limit_the_connection_is_broken_off() {
    let limits = Limits {
        high_water_mark: 1,
        max_buffered: 3,
    };
    let threads: [&[Task]; 4] = [
        &[Write("ab"), Write("cd")],
        &[Write("ef"), End],
        &[Drained],
        &[Listen, Close],
    ];
    explore(World::new(limits, &threads));
}
