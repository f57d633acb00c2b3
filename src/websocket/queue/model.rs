//! The queue in all interleavings. Threads are lists of acts; the socket takes none, one or all of the
//! bytes that it is offered, or fails (in one test); it is offered all of them, or in some tests a few at a time. A step is what a thread does while it holds the lock, or one call of the socket. All steps
//! are tried in all orders.
//!
//! In each order this must hold: whole frames have left, with control frames between them and
//! nothing after a Close frame (one test also asks for the order of each sender); no thread sleeps for ever; a thread that must not wait never
//! does; and when all threads have ended, nothing is left in the queue.
//!
//! `cargo test --lib websocket::queue::model` runs these tests alone.

mod orders;

use super::{FrameQueue, Job, SendBuffer, Sizes, Step, offered};
use crate::websocket::wire::{Close, Data, Mask, Received, Role, Sender, State as Sent};
use orders::frames;

/// What a thread does. Numbers are payloads.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// `send` of a short message.
    Send(u8),
    /// `send` of a message that is written from its sender's memory: this byte, three times.
    SendLong(u8),
    TrySend(u8),
    /// A broadcast: one step under the room's lock, another one without it.
    Broadcast(u8),
    /// A message in parts: the first one short, the last one long.
    Parts(u8),
    /// The reading thread has received a ping.
    Ping(u8),
    Close,
    /// The connection is cut: from now on each call of the socket fails, or has taken bytes just before.
    Terminate,
}

impl Act {
    fn may_wait(self) -> bool {
        matches!(self, Act::Send(_) | Act::SendLong(_) | Act::Parts(_))
    }
}

/// The state of a thread between two steps.
#[derive(Clone, Debug)]
enum At {
    /// Before its next act.
    Act,
    /// Between the two halves of a broadcast.
    Broadcast,
    /// Before the last part of a message.
    LastPart,
    /// Before it asks the queue for the next step.
    Step(Job, Then),
    /// In a call of the socket.
    Write(Job, Then, Writing),
    /// It waits to write; it is woken when something has changed.
    Waiting(Job, Then),
    /// It waits for the end of another thread's message in parts.
    Boundary,
    Ended,
}

/// What the thread does after a job.
#[derive(Clone, Copy, Debug)]
enum Then {
    Next,
    LastPart,
    EndMessage,
    /// It has the turn and begins a frame, which ends the message or not.
    Frame(u8, bool),
}

#[derive(Clone, Debug)]
struct Writing {
    bytes: SendBuffer<Vec<u8>>,
    offset: usize,
    may_wait: bool,
    /// A server's payload, which follows the buffer.
    payload: Vec<u8>,
    /// A client's, which is masked into it.
    mask: Option<Mask>,
    unmasked: Vec<u8>,
}

impl Writing {
    fn offered(&self, most: usize) -> Vec<u8> {
        let (queued, payload) = offered(&self.bytes, self.offset, &self.payload, most);
        [queued, payload].concat()
    }
}

#[derive(Clone, Debug)]
struct Thread {
    acts: Vec<Act>,
    at: At,
    woken: bool,
    may_wait: bool,
}

#[derive(Clone, Debug)]
struct World {
    queue: FrameQueue<Vec<u8>>,
    threads: Vec<Thread>,
    wire: Vec<u8>,
    masks: bool,
    /// The most that one write is offered, see [`offered`].
    most: usize,
    failed: bool,
    may_fail: bool,
    threads_available: bool,
    /// How many threads are not flush threads.
    first_threads: usize,
}

/// While one short frame waits, pongs are pending; no shared frame is copied.
const SIZES: Sizes = Sizes {
    pong_bytes: 1,
    copied_bytes: 0,
};
/// More than is ever queued here.
const ALL: usize = 1024;
const NO_KEY: fn() -> [u8; 4] = || [0; 4];

impl World {
    fn new((role, masks): (Role, bool), threads: &[&[Act]]) -> World {
        let thread = |acts: &&[Act]| Thread {
            acts: acts.to_vec(),
            at: At::Act,
            woken: false,
            may_wait: true,
        };
        World {
            queue: FrameQueue::new(Sender::new(role), NO_KEY, SIZES),
            threads: threads.iter().map(thread).collect(),
            wire: Vec::new(),
            masks,
            most: ALL,
            failed: false,
            may_fail: false,
            threads_available: true,
            first_threads: threads.len(),
        }
    }

    fn can_run(&self, thread: usize) -> bool {
        match self.threads[thread].at {
            At::Ended => false,
            At::Waiting(..) | At::Boundary => self.threads[thread].woken,
            _ => true,
        }
    }

    /// All results that a call of the socket may have; one, if the thread is in no call.
    fn outcomes(&self, thread: usize) -> Vec<Option<usize>> {
        let At::Write(_, _, writing) = &self.threads[thread].at else {
            return vec![Some(0)];
        };
        let mut outcomes = vec![Some(1), Some(writing.offered(self.most).len())];
        if !writing.may_wait {
            outcomes.push(Some(0));
        }
        if self.may_fail || self.failed {
            outcomes.push(None);
        }
        outcomes.dedup();
        outcomes
    }

    /// One step of one thread.
    fn run(&mut self, thread: usize, outcome: Option<usize>) {
        self.threads[thread].woken = false;
        let at = std::mem::replace(&mut self.threads[thread].at, At::Ended);
        self.threads[thread].at = match at {
            At::Act | At::Boundary => self.act(thread),
            At::Broadcast => self.ask(thread, Job::push(), Then::Next),
            At::LastPart => self.ask(thread, Job::turn(), Then::Frame(0, true)),
            At::Step(job, then) => self.ask(thread, job, then),
            At::Waiting(job, then) => {
                self.queue.wait_to_write(false);
                self.ask(thread, job, then)
            }
            At::Write(job, then, writing) => self.wrote(thread, job, then, writing, outcome),
            At::Ended => At::Ended,
        };
        // A flush thread that has ended is removed: the state is that of a world without it.
        let mut number = 0;
        self.threads.retain(|thread| {
            number += 1;
            number <= self.first_threads || !matches!(thread.at, At::Ended)
        });
        if self.queue.take_changed() {
            self.threads
                .iter_mut()
                .for_each(|thread| thread.woken = true);
        }
    }

    fn act(&mut self, thread: usize) -> At {
        let Some(&act) = self.threads[thread].acts.first() else {
            return At::Ended;
        };
        self.threads[thread].may_wait = act.may_wait();
        let waits_for_another = act.may_wait() && self.queue.is_unfinished();
        if matches!(act, Act::Terminate) {
            self.failed = true;
            self.queue.fail();
        }
        if !self.queue.is_open() {
            return self.next(thread);
        }
        if waits_for_another {
            return At::Boundary;
        }
        match act {
            Act::Send(n) => {
                let position = self
                    .queue
                    .append(|sender, key, queue| sender.send(Data::Binary(&[n]), key, queue));
                let job = Job::sent(position.expect("an open connection"));
                self.ask(thread, job, Then::Next)
            }
            Act::SendLong(n) => self.ask(thread, Job::turn(), Then::Frame(n, true)),
            Act::TrySend(n) => {
                if !self.queue.is_unfinished() {
                    let sent = self.queue.append_or_defer(Data::Binary(&[n]));
                    sent.expect("an open connection");
                }
                self.ask(thread, Job::push(), Then::Next)
            }
            Act::Broadcast(n) => {
                let sent = match self.masks {
                    false => self.queue.share_or_defer(vec![0x82, 1, n]),
                    true => self.queue.append_or_defer(Data::Binary(&[n])),
                };
                sent.expect("an open connection");
                At::Broadcast
            }
            Act::Parts(n) => {
                self.queue.begin_message();
                let position = self.queue.append(|sender, key, queue| {
                    sender.send_part(Data::Binary(&[n]), false, key, queue)
                });
                let job = Job::sent(position.expect("an open connection"));
                self.ask(thread, job, Then::LastPart)
            }
            Act::Ping(n) => {
                self.queue.received(&Received::Ping(&[n]));
                self.ask(thread, Job::push(), Then::Next)
            }
            Act::Close => {
                let _ = self.queue.close(Close::EMPTY);
                self.ask(thread, Job::push(), Then::Next)
            }
            Act::Terminate => unreachable!("it has been handled"),
        }
    }

    fn next(&mut self, thread: usize) -> At {
        let acts = &mut self.threads[thread].acts;
        if !acts.is_empty() {
            acts.remove(0);
        }
        match acts.is_empty() {
            true => At::Ended,
            false => At::Act,
        }
    }

    fn ask(&mut self, thread: usize, mut job: Job, then: Then) -> At {
        let step = self.queue.step(&mut job);
        let waits = matches!(step, Step::Wait | Step::Write);
        assert!(
            !waits || self.threads[thread].may_wait,
            "{:?}",
            self.threads[thread]
        );
        match step {
            Step::Wait => {
                self.queue.wait_to_write(true);
                At::Waiting(job, then)
            }
            Step::Write | Step::TryWrite => {
                let (bytes, offset) = self.queue.take_in_flight();
                assert!(offset < bytes.len(), "there is something to write");
                let writing = Writing {
                    bytes,
                    offset,
                    may_wait: step == Step::Write,
                    payload: Vec::new(),
                    mask: None,
                    unmasked: Vec::new(),
                };
                At::Write(job, then, writing)
            }
            Step::StartFlush => {
                self.start_flush();
                self.done(thread, job, then)
            }
            Step::Done => self.done(thread, job, then),
        }
    }

    fn start_flush(&mut self) {
        let job = match self.threads_available {
            true => Job::flush(),
            false => {
                self.queue.flush_not_started();
                Job::push() // by the clock thread
            }
        };
        self.threads.push(Thread {
            acts: Vec::new(),
            at: At::Step(job, Then::Next),
            woken: false,
            may_wait: self.threads_available,
        });
    }

    fn done(&mut self, thread: usize, mut job: Job, then: Then) -> At {
        match then {
            Then::Next => self.next(thread),
            Then::LastPart => At::LastPart,
            Then::EndMessage => {
                self.queue.end_message();
                self.threads[thread].may_wait = false;
                self.ask(thread, Job::push(), Then::Next)
            }
            Then::Frame(..) if self.failed => self.next(thread),
            Then::Frame(n, last) => {
                let mine = n == 0; // the last part of a message in parts
                if !mine && self.queue.is_unfinished() {
                    self.queue.end_turn(&mut job);
                    let again = self.threads[thread].acts[0];
                    self.threads[thread].acts.insert(0, again);
                    return self.ask(thread, job, Then::Next);
                }
                self.frame(job, n, last, mine)
            }
        }
    }

    /// Begins a frame of three bytes, written from its sender's memory.
    fn frame(&mut self, mut job: Job, n: u8, last: bool, mine: bool) -> At {
        let then = match mine {
            true => Then::EndMessage,
            false => Then::Next,
        };
        let payload = vec![n; 3];
        let Ok(mask) = self.queue.begin_frame(Data::Binary(&payload), last) else {
            self.queue.end_turn(&mut job);
            return At::Step(job, then);
        };
        let (mut writing, unmasked) = match mask {
            None => (payload, Vec::new()),
            Some(_) => (Vec::new(), payload),
        };
        let mut mask = mask;
        let mut unmasked = unmasked;
        if let Some(mask) = &mut mask {
            let first = unmasked.remove(0);
            self.queue
                .refill(|in_flight| mask.append(&[first], in_flight));
        }
        let (bytes, offset) = self.queue.take_in_flight();
        let payload = std::mem::take(&mut writing);
        let writing = Writing {
            bytes,
            offset,
            may_wait: true,
            payload,
            mask,
            unmasked,
        };
        At::Write(job, then, writing)
    }

    fn wrote(
        &mut self,
        thread: usize,
        mut job: Job,
        then: Then,
        mut writing: Writing,
        outcome: Option<usize>,
    ) -> At {
        let all = writing.offered(self.most);
        let Some(n) = outcome else {
            self.failed = true;
            self.may_fail = false;
            self.queue.wrote(writing.bytes, 0);
            self.queue.fail();
            return self.ask(thread, job, then);
        };
        let n = n.min(all.len());
        self.wire.extend_from_slice(&all[..n]);
        if !writing.may_wait && n < all.len() {
            job.note_full();
        }
        let of_payload = n.saturating_sub(writing.bytes.len() - writing.offset);
        let is_frame = !writing.payload.is_empty() || writing.mask.is_some();
        writing.payload.drain(..of_payload);
        self.queue.wrote(writing.bytes, n);
        if self.failed || !is_frame {
            return self.ask(thread, job, then);
        }
        if let Some(mask) = &mut writing.mask
            && self.queue.is_in_flight_empty()
            && !writing.unmasked.is_empty()
        {
            let next = writing.unmasked.remove(0);
            self.queue
                .refill(|in_flight| mask.append(&[next], in_flight));
        }
        if writing.payload.is_empty() && self.queue.is_in_flight_empty() {
            self.queue.end_turn(&mut job);
            return self.ask(thread, job, then);
        }
        let (bytes, offset) = self.queue.take_in_flight();
        At::Write(
            job,
            then,
            Writing {
                bytes,
                offset,
                ..writing
            },
        )
    }

    /// No thread can take a step.
    fn check(&self) {
        for thread in &self.threads {
            assert!(matches!(thread.at, At::Ended), "sleeps for ever: {self:#?}");
        }
        assert!(!self.queue.turn, "nobody has the write turn");
        let frames = frames(&self.wire, self.masks);
        assert!(
            self.failed || self.queue.is_empty(),
            "left behind: {self:#?}"
        );
        assert!(self.failed || frames.1.is_empty(), "a cut frame: {self:#?}");
        assert!(
            self.queue.state() != Sent::Message || self.failed,
            "an open message"
        );
    }
}
