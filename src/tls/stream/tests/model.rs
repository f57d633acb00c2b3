//! The write queue in all interleavings, without threads.
//!
//! A thread of the model makes its calls one after another. One step is what `writing.rs` does under the
//! state lock, or one call of the stream below, which takes all, half or nothing, breaks or panics. All
//! orders of such steps are tried; a state that was seen before is not tried again.

mod session;

use super::super::write_queue::{Next, WriteCall, WriteQueue};
use super::*;
use crate::net::is_timeout;
use session::{CLOSE_NOTIFY, DATA, Model, OTHER_ALERT, records};
use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// One call of a thread.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Op {
    Write(&'static str),
    TryWrite(&'static str),
    /// A reader that has an alert to send.
    Alert,
    /// `shutdown(Write)`.
    End(Blocking),
    /// `shutdown(Both)`, or a drop.
    CloseNotify,
}

#[derive(Clone, Debug)]
struct Thread {
    ops: &'static [Op],
    call: Option<WriteCall>,
    doing: Doing,
}

#[derive(Clone, Debug)]
enum Doing {
    /// It takes the state lock next.
    Lock,
    Write(Vec<u8>, usize),
    Wrote(Vec<u8>, Took),
    Fin,
    Shut(Took),
    /// Until the turn has been released more often than this. The holder may block, or not.
    Waits(usize, Blocking),
}

/// The result of a call of the stream below.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Took {
    Bytes(usize),
    Nothing,
    Broke,
}

impl Took {
    fn result(self) -> io::Result<usize> {
        match self {
            Took::Bytes(n) => Ok(n),
            Took::Nothing => Err(ErrorKind::WouldBlock.into()),
            Took::Broke => Err(ErrorKind::ConnectionReset.into()),
        }
    }
}

/// How often something may happen.
#[derive(Clone, Copy, Debug)]
struct Budget {
    nothing: usize,
    half: usize,
    breaks: usize,
    panics: usize,
    /// A thread that waits for the turn times out.
    time_out: usize,
}

#[derive(Clone, Debug)]
struct World {
    queue: WriteQueue<Model>,
    threads: Vec<Thread>,
    budget: Budget,
    /// The bytes that the peer has.
    sent: Vec<u8>,
    fin: bool,
    broken: bool,
    /// The last call of the stream below took nothing.
    full: bool,
    releases: usize,
    /// Plaintext that writes have reported as taken.
    reported: usize,
    /// An end was asked for; an end has returned `Ok`.
    end_asked: bool,
    end_ok: bool,
    /// A call that may block, to which others leave what is pending, has found no room.
    holder_timed_out: bool,
}

/// What a thread does next.
#[derive(Clone, Copy, Debug)]
enum Choice {
    Go,
    Took(Took),
    Panic,
    TimeOut,
}

impl World {
    fn new(threads: &[&'static [Op]], budget: Budget) -> World {
        let threads = threads.iter().map(|ops| Thread {
            ops,
            call: None,
            doing: Doing::Lock,
        });
        World {
            queue: WriteQueue::new(Model::default()),
            threads: threads.collect(),
            budget,
            sent: Vec::new(),
            fin: false,
            broken: false,
            full: false,
            releases: 0,
            reported: 0,
            end_asked: false,
            end_ok: false,
            holder_timed_out: false,
        }
    }

    fn choices(&self, thread: &Thread) -> Vec<Choice> {
        let budget = self.budget;
        let below = |all: Took, half: Option<Took>| {
            let mut choices = vec![Choice::Took(all)];
            choices.extend(half.filter(|_| budget.half > 0).map(Choice::Took));
            choices.extend((budget.nothing > 0).then_some(Choice::Took(Took::Nothing)));
            choices.extend((budget.breaks > 0).then_some(Choice::Took(Took::Broke)));
            choices.extend((budget.panics > 0).then_some(Choice::Panic));
            choices
        };
        match &thread.doing {
            Doing::Lock if thread.ops.is_empty() => Vec::new(),
            Doing::Lock | Doing::Wrote(..) | Doing::Shut(_) => vec![Choice::Go],
            Doing::Write(sealed, offset) => {
                let all = sealed.len() - offset;
                let half = Some(all / 2).filter(|half| *half > 0).map(Took::Bytes);
                below(Took::Bytes(all), half)
            }
            Doing::Fin => below(Took::Bytes(0), None),
            Doing::Waits(seen, holder) => {
                let mut choices = Vec::new();
                choices.extend((self.releases > *seen).then_some(Choice::Go));
                let may_time_out = *holder == Blocking::Yes && budget.time_out > 0;
                choices.extend(may_time_out.then_some(Choice::TimeOut));
                choices
            }
        }
    }

    fn step(&mut self, at: usize, choice: Choice) {
        let mut thread = self.threads[at].clone();
        match choice {
            Choice::Go => self.under_lock(&mut thread),
            Choice::Took(took) => self.below(&mut thread, took),
            Choice::Panic => {
                self.budget.panics -= 1;
                self.broken = true;
                self.queue.abandon();
                self.releases += 1;
                thread.finish();
            }
            Choice::TimeOut => {
                self.budget.time_out -= 1;
                thread.finish();
            }
        }
        self.threads[at] = thread;
        self.check();
    }

    /// A call of the stream below.
    fn below(&mut self, thread: &mut Thread, took: Took) {
        match took {
            Took::Nothing => self.budget.nothing -= 1,
            Took::Broke => self.budget.breaks -= 1,
            Took::Bytes(_) => {}
        }
        self.full = took == Took::Nothing;
        self.broken |= took == Took::Broke;
        assert!(!self.fin, "nothing follows the FIN");
        thread.doing = match std::mem::replace(&mut thread.doing, Doing::Lock) {
            Doing::Write(sealed, offset) => {
                if let Took::Bytes(n) = took {
                    self.budget.half -= usize::from(offset + n < sealed.len());
                    self.sent.extend(&sealed[offset..offset + n]);
                }
                Doing::Wrote(sealed, took)
            }
            Doing::Fin => {
                self.fin = matches!(took, Took::Bytes(_));
                Doing::Shut(took)
            }
            other => panic!("{other:?} calls nothing"),
        };
    }

    fn under_lock(&mut self, thread: &mut Thread) {
        let op = thread.ops[0];
        let queue = &mut self.queue;
        let bufs = &[IoSlice::new(op.bytes())];
        self.end_asked |= matches!(op, Op::End(_));
        let held = queue.holder().is_some();
        let mut call = thread.call.take().unwrap_or_else(|| op.call(queue));
        match std::mem::replace(&mut thread.doing, Doing::Lock) {
            Doing::Wrote(sealed, took) => call.wrote(queue, bufs, sealed, took.result()),
            Doing::Shut(took) => call.shut(queue, took.result().map(drop)),
            _ => {}
        }
        match call.next(queue, bufs) {
            Next::Write(sealed, offset) => thread.doing = Doing::Write(sealed, offset),
            Next::Fin => thread.doing = Doing::Fin,
            Next::WaitForTurn(holder) => {
                assert_eq!(queue.holder(), Some(holder));
                let may_wait = holder == Blocking::No || matches!(op, Op::Write(_));
                assert!(may_wait, "{op:?} must not wait for a writer that may block");
                thread.doing = Doing::Waits(self.releases, holder);
            }
            Next::Return(result) => {
                self.releases += usize::from(held && queue.holder().is_none());
                self.returned(op, result);
                return thread.finish();
            }
        }
        thread.call = Some(call);
    }

    fn returned(&mut self, op: Op, result: io::Result<usize>) {
        match (op, &result) {
            (Op::Write(_) | Op::TryWrite(_), Ok(n)) => self.reported += n,
            (Op::End(_), Ok(_)) => self.end_ok = true,
            (Op::End(_), Err(e)) if is_timeout(e) => assert!(self.queue.is_pending()),
            _ => {}
        }
        let may_block = matches!(op, Op::Write(_) | Op::End(Blocking::Yes));
        self.holder_timed_out |= may_block && self.full;
    }

    /// What is true after each step.
    fn check(&self) {
        let made = &self.queue.session.made;
        assert!(made.starts_with(&self.sent), "in order, and once");
        let whole: usize = records(&self.sent)
            .filter(|record| record[0] == DATA)
            .map(|record| record.len() - 5)
            .sum();
        assert!(self.reported <= whole, "what is reported has left");
        if self.fin {
            assert_eq!(*made, self.sent, "the FIN is behind all");
            let last = records(&self.sent).last();
            assert_eq!(last.map(|record| record[0]), Some(CLOSE_NOTIFY));
        }
        let calls_below = |thread: &&Thread| {
            !matches!(thread.doing, Doing::Lock | Doing::Waits(..)) && thread.call.is_some()
        };
        let holders = self.threads.iter().filter(calls_below).count();
        assert_eq!(holders, usize::from(self.queue.holder().is_some()));
        let unsent = made.get(self.sent.len()..).unwrap_or_default();
        let is_control = |record: &[u8]| record[0] != DATA;
        if holders == 0 && !self.broken && self.sent_whole() && records(unsent).any(is_control) {
            assert!(
                self.queue.is_pending(),
                "a record that no write comes again for is pending"
            );
        }
        if holders == 0 && !self.broken && !self.full {
            assert!(!self.queue.is_pending(), "nothing is left behind");
            let in_time = *made == self.sent;
            assert!(in_time, "as there was room, all has left");
        }
    }

    fn sent_whole(&self) -> bool {
        records(&self.sent).map(<[u8]>::len).sum::<usize>() == self.sent.len()
    }

    /// All calls have returned. What had no room leaves with one call more.
    fn check_end(mut self) {
        let done = self.threads.iter().all(|thread| thread.ops.is_empty());
        assert!(done, "no thread waits for ever: {self:?}");
        if self.broken {
            return;
        }
        let excused = self.holder_timed_out || !self.end_ok;
        assert!(self.fin || excused, "an end that returned Ok has left");
        let last: &'static [Op] = match self.end_asked {
            true => &[Op::End(Blocking::Yes)],
            false => &[Op::CloseNotify],
        };
        self.threads = World::new(&[last], self.budget).threads;
        self.budget.nothing = 0;
        while let Some(choice) = self.choices(&self.threads[0]).first() {
            self.step(0, *choice);
        }
        assert_eq!(self.queue.session.made, self.sent);
        assert_eq!(self.fin, self.end_asked);
        assert!(!self.queue.is_pending());
    }
}

impl Thread {
    fn finish(&mut self) {
        self.ops = &self.ops[1..];
        (self.call, self.doing) = (None, Doing::Lock);
    }
}

impl Op {
    fn bytes(self) -> &'static [u8] {
        match self {
            Op::Write(bytes) | Op::TryWrite(bytes) => bytes.as_bytes(),
            _ => &[],
        }
    }

    fn call(self, queue: &mut WriteQueue<Model>) -> WriteCall {
        match self {
            Op::Write(_) => WriteCall::write(Blocking::Yes),
            Op::TryWrite(_) => WriteCall::write(Blocking::No),
            Op::End(blocking) => WriteCall::end(queue, blocking),
            Op::CloseNotify => WriteCall::close_notify(queue),
            Op::Alert => {
                if !queue.session.closed {
                    queue.session.make(OTHER_ALERT, b"A");
                }
                WriteCall::flush()
            }
        }
    }
}

/// Tries everything that can happen. Returns how many states there are.
fn explore(threads: &[&'static [Op]], budget: Budget) -> usize {
    let mut seen = HashSet::new();
    let mut open = vec![World::new(threads, budget)];
    while let Some(world) = open.pop() {
        let mut ended = true;
        for at in 0..threads.len() {
            for choice in world.choices(&world.threads[at]) {
                ended = false;
                let mut next = world.clone();
                next.step(at, choice);
                let mut hash = DefaultHasher::new();
                format!("{next:?}").hash(&mut hash);
                if seen.insert(hash.finish()) {
                    open.push(next);
                }
            }
        }
        if ended {
            world.check_end();
        }
    }
    seen.len()
}

const FULL: Budget = Budget {
    nothing: 2,
    half: 1,
    breaks: 0,
    panics: 0,
    time_out: 1,
};
const BROKEN: Budget = Budget {
    nothing: 1,
    half: 1,
    breaks: 1,
    panics: 1,
    time_out: 0,
};

use Op::{Alert, CloseNotify, End, TryWrite, Write};
const END: Op = End(Blocking::Yes);
const TRY_END: Op = End(Blocking::No);

const SCENES: [&[&[Op]]; 13] = [
    &[&[Write("a")], &[END]],
    &[&[Write("a"), Write("a"), Write("b")], &[END, END]],
    &[&[Write("a")], &[Write("b")], &[END]],
    &[&[Write("a")], &[Alert], &[END]],
    &[&[TryWrite("a"), TryWrite("a")], &[Alert], &[END]],
    &[&[TryWrite("a")], &[Write("b")], &[TRY_END, END]],
    &[&[Write("a")], &[Alert], &[CloseNotify]],
    &[&[Write("a"), Write("")], &[END], &[END]],
    &[&[Alert], &[TRY_END], &[END]],
    &[&[Write("a")], &[CloseNotify], &[END]],
    &[&[Write("a"), Write("a"), Write("a")], &[Alert]],
    &[&[Write("a")], &[TryWrite("b")], &[Alert], &[END]],
    &[
        &[Write("ab"), TryWrite("a"), Write("b"), Write("c")],
        &[END],
    ],
];

#[test]
fn fault_a19_nothing_is_left_behind_in_any_interleaving() {
    within(|| {
        for scene in SCENES {
            let worlds = explore(scene, FULL);
            assert!(worlds > 50, "{scene:?}: {worlds}");
        }
    });
}

#[test]
fn fault_a19_a_stream_that_breaks_or_panics_leaves_no_thread_waiting() {
    within(|| {
        for scene in SCENES {
            explore(scene, BROKEN);
        }
    });
}
