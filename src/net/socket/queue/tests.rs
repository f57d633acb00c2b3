//! All interleavings of the threads that use one queue, over a stream that takes none, some or all of
//! what it is offered, fails, or is shut by another thread.
//!
//! A thread is a list of tasks. A task takes several steps, and between any two of them every other
//! thread may take one of its own: where the drivers release the lock, a step ends here.

mod steps;
mod stream;
mod thread;

use super::*;
use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use stream::{Stream, Why};
use thread::Task::{self, *};
use thread::{At, Thread};

/// Everything there is at one moment.
#[derive(Clone, PartialEq, Eq, Hash)]
struct World {
    queue: SendQueue<Why>,
    stream: Stream,
    threads: Vec<Thread>,
    /// What was accepted, in that order.
    accepted: Vec<Vec<u8>>,
    /// What `drain` does when it is called, each time one fewer; and whether it waits for that.
    in_drain: Vec<Task>,
    drain_waits: bool,
    closed: bool,
}

impl World {
    fn new(limits: Limits, threads: &[&[Task]]) -> World {
        let thread = |tasks: &&[Task]| Thread {
            next: tasks[1..].to_vec(),
            ..Thread::new(tasks[0])
        };
        World {
            queue: SendQueue::new(limits),
            stream: Stream::default(),
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

    fn with_stream(&self, stream: Stream) -> World {
        let mut after = self.clone();
        after.stream = stream;
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

    fn is_over(&self) -> bool {
        self.queue.is_broken() || self.queue.is_end_sent()
    }

    fn given_up(&self) -> World {
        let mut after = self.clone();
        after.queue.break_off(Some(Why::TooSlow));
        after.stream.aborted = true;
        after
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
            assert_eq!(self.stream.bytes, self.accepted.concat(), "in order");
        }
        assert_eq!(self.stream.fin, self.queue.is_end_asked(), "the FIN");
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
    world.stream.end_needs_room = true;
    explore(world);
}

/// A reader that sees the end of a reset connection, while one of two writers gets the error of the reset.
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
