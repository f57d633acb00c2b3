//! The queue between the threads of the connections and the one that writes.
//!
//! ```text
//!   connections ──► entries, bytes ──swap──► the writing thread: one entry after another
//!                   at most 1 MiB            at most 1 MiB
//! ```
//!
//! A connection's thread waits while the queue is full, for as long as the writing thread gets on with its entries. If
//! none was written for [`PATIENCE`], nor a part of one, the queue is *stuck*, until the writing thread comes back for
//! more. What passes over a connection meanwhile would leave a gap, so the connection is recorded no further. Those that
//! begin meanwhile are counted.

use super::outputs::{Output, Outputs};
use super::signs::{Signs, Watched};
use crate::net::{lock, wait};
use crate::trace::wire::capture::invented;
use crate::trace::wire::{Direction, Event, Notice, What};
use std::collections::{HashMap, HashSet};
use std::io::{self, ErrorKind};
use std::mem;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// How many bytes wait for the writing thread.
const ROOM: usize = 1024 * 1024;
/// More than this is several entries.
pub(super) const LONGEST: usize = 256 * 1024;
/// How many entries wait for it.
const MOST_ENTRIES: usize = 8192;
/// How long the writing thread may need for one entry, or for one write of many.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Queue {
    /// There is an output. Without one nothing is queued.
    is_used: AtomicBool,
    state: Mutex<State>,
    /// Notified when there is something to write.
    filled: Condvar,
    /// Notified when there is room again, and at the end.
    emptied: Condvar,
    /// Of the writing thread: an entry was written, or a part of one.
    life: Signs,
}

#[derive(Default)]
struct State {
    /// Without their bytes, and how many those are.
    entries: Vec<(Event<'static>, usize)>,
    bytes: Vec<u8>,
    /// Outputs that the writing thread does not have yet.
    new_outputs: Vec<Output>,
    /// The open connections, by the number of their tap.
    open: HashMap<u64, Open>,
    /// Their addresses in captures, where those are the real ones.
    addresses: HashSet<Ends>,
    /// Connections that began while the queue was stuck: the first conversation, and how many followed it.
    unrecorded: Option<(u64, u64)>,
    /// The time of the last entry.
    last: Duration,
    is_stuck: bool,
    is_started: bool,
    is_finished: bool,
    /// The writing thread has ended.
    is_done: bool,
    result: Option<io::Error>,
}

/// Client and server.
pub(super) type Ends = (SocketAddr, SocketAddr);

struct Open {
    conversation: u64,
    ends: Option<Ends>,
    is_lost: bool,
}

impl State {
    fn has_room(&self) -> bool {
        self.bytes.len() < ROOM && self.entries.len() < MOST_ENTRIES
    }
}

impl Queue {
    pub(super) fn new(patience: Duration) -> Arc<Queue> {
        Arc::new(Queue {
            is_used: AtomicBool::new(false),
            state: Mutex::default(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            life: Signs::new(patience),
        })
    }

    pub(super) fn add(&self, output: Output) {
        let is_hook = matches!(output, Output::Hook(_));
        lock(&self.state).new_outputs.push(output);
        self.is_used.fetch_or(!is_hook, Ordering::Relaxed);
    }

    /// The output, whose writes are signs of life.
    pub(super) fn watched<W>(&self, out: W) -> Watched<W> {
        self.life.watched(out)
    }

    /// A connection stands, between these addresses if it has some.
    pub(super) fn begin(
        self: &Arc<Self>,
        tap: u64,
        conversation: u64,
        time: Duration,
        about: &str,
        ends: Option<Ends>,
    ) {
        if !self.is_used.load(Ordering::Relaxed) {
            return;
        }
        let mut state = self.with_room(lock(&self.state));
        if state.is_finished {
            return;
        }
        if state.is_stuck {
            match &mut state.unrecorded {
                Some((_, behind)) => *behind += 1,
                none => *none = Some((conversation, 0)),
            }
            return;
        }
        let ends = ends.filter(|ends| state.addresses.insert(*ends));
        let (client, server) = ends.unwrap_or_else(|| invented(conversation));
        let open = Open {
            conversation,
            ends,
            is_lost: false,
        };
        state.open.insert(tap, open);
        let what = What::Begins {
            client,
            server,
            about: about.to_owned(),
        };
        self.append(state, tap, time, Direction::FromClient, what, &[]);
    }

    /// Something has passed over a connection that has begun: `bytes` if it is some.
    pub(super) fn event(
        self: &Arc<Self>,
        tap: u64,
        time: Duration,
        from: Direction,
        what: What<'static>,
        bytes: &[u8],
    ) {
        if self.is_used.load(Ordering::Relaxed) {
            let state = self.with_room(lock(&self.state));
            self.append(state, tap, time, from, what, bytes);
        }
    }

    /// Appends an entry, if the connection of this tap is recorded.
    fn append(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State>,
        tap: u64,
        time: Duration,
        from: Direction,
        what: What<'static>,
        bytes: &[u8],
    ) {
        let state = &mut *state;
        let Some(open) = state.open.get_mut(&tap) else {
            return;
        };
        let (conversation, was_lost, ends) = (open.conversation, open.is_lost, open.ends);
        open.is_lost |= state.is_stuck;
        let is_lost = open.is_lost;
        if let What::Closed = what {
            state.open.remove(&tap);
            ends.map(|ends| state.addresses.remove(&ends));
        }
        if was_lost || state.is_finished {
            return;
        }
        let (what, bytes) = match is_lost {
            true => (What::Notice(Notice::TooSlow), &[][..]),
            false => (what, bytes),
        };
        state.last = state.last.max(time);
        state.bytes.extend_from_slice(bytes);
        let event = Event::new(conversation, from, state.last, what);
        state.entries.push((event, bytes.len()));
        self.start(state);
        self.filled.notify_one();
    }

    /// Waits for room, or until the queue is stuck or finished.
    fn with_room<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let mut signs = self.life.wait();
        while !(state.has_room() || state.is_stuck || state.is_finished) {
            match signs.left() {
                Some(left) => state = wait(&self.emptied, state, Some(left)),
                None => {
                    state.is_stuck = true;
                    self.emptied.notify_all();
                }
            }
        }
        state
    }

    fn start(self: &Arc<Self>, state: &mut State) {
        if mem::replace(&mut state.is_started, true) {
            return;
        }
        let queue = Arc::clone(self);
        let builder = thread::Builder::new().name("barewire recorder".to_owned());
        if let Err(error) = builder.spawn(move || queue.write()) {
            (state.is_finished, state.is_done) = (true, true);
            state.result = Some(error);
        }
    }

    /// The writing thread.
    fn write(&self) {
        let mut outputs = Outputs::default();
        let (mut entries, mut bytes) = (Vec::new(), Vec::new());
        loop {
            let mut state = lock(&self.state);
            while state.entries.is_empty() && !state.is_finished {
                state = wait(&self.filled, state, None);
            }
            outputs.add(&mut state.new_outputs);
            if state.entries.is_empty() {
                break;
            }
            mem::swap(&mut entries, &mut state.entries);
            mem::swap(&mut bytes, &mut state.bytes);
            state.is_stuck = false;
            if let Some((conversation, behind)) = state.unrecorded.take() {
                let what = What::Notice(Notice::Unrecorded(behind));
                let from = Direction::FromClient;
                entries.push((Event::new(conversation, from, state.last, what), 0));
            }
            drop(state);
            self.emptied.notify_all();
            let mut rest = &bytes[..];
            for (mut event, length) in entries.drain(..) {
                let (its, behind) = rest.split_at(length);
                rest = behind;
                if let What::Bytes(_, bytes) = &mut event.what {
                    *bytes = its.into();
                }
                outputs.write(&event);
                self.life.sign();
            }
            bytes.clear();
        }
        let result = outputs.finish();
        let mut state = lock(&self.state);
        (state.is_done, state.result) = (true, result.err());
        drop(state);
        self.emptied.notify_all();
    }

    /// Takes nothing more, and waits until all is written.
    pub(super) fn finish(self: &Arc<Self>) -> io::Result<()> {
        let mut state = lock(&self.state);
        state.is_finished = true;
        (state.open, state.addresses) = Default::default();
        self.start(&mut state);
        self.filled.notify_one();
        self.emptied.notify_all();
        let mut signs = self.life.wait();
        while !state.is_done {
            let left = signs.left().ok_or(ErrorKind::TimedOut)?;
            state = wait(&self.emptied, state, Some(left));
        }
        state.result.take().map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::recorder::outputs::Out;
    use crate::trace::wire::Layer;
    use crate::trace::wire::capture::{Reader, Writer};
    use std::borrow::Cow;
    use std::io::Write;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// An output that takes nothing before the test lets it.
    struct Stopped {
        lets_go: Receiver<()>,
        file: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Stopped {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            let _ = self.lets_go.recv(); // an error: from now on it takes all
            lock(&self.file).extend_from_slice(buf);
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    type Log<T> = Arc<Mutex<Vec<T>>>;

    /// What lets its capture go, the capture, and what its hook gets.
    fn stopped(queue: &Queue) -> (Sender<()>, Log<u8>, Log<String>) {
        let (let_go, lets_go) = channel();
        let (file, errors) = (Log::default(), Log::default());
        let (out, log) = (Arc::clone(&file), Arc::clone(&errors));
        let stopped: Out = Box::new(Stopped { lets_go, file: out });
        queue.add(Output::Saved(Writer::new(stopped)));
        queue.add(Output::Hook(Box::new(move |error| {
            lock(&log).push(error.to_string())
        })));
        (let_go, file, errors)
    }

    /// How many bytes each conversation of the capture has.
    fn recorded(file: &[u8]) -> Vec<usize> {
        let mut all = Vec::new();
        for event in Reader::new(file).map(Result::unwrap) {
            match (event.conversation, event.what) {
                (_, What::Begins { .. }) => all.push(0),
                (Some(number), What::Bytes(_, bytes)) => all[number as usize] += bytes.len(),
                _ => {}
            }
        }
        all
    }

    const FROM: Direction = Direction::FromServer;

    fn begin(queue: &Arc<Queue>, tap: u64, conversation: u64) {
        queue.begin(tap, conversation, Duration::ZERO, "", None);
    }

    fn send_one(queue: &Arc<Queue>, tap: u64, bytes: &[u8]) {
        let what = What::Bytes(Layer::Tcp, Cow::default());
        queue.event(tap, Duration::ZERO, FROM, what, bytes);
    }

    fn send(queue: &Arc<Queue>, tap: u64, pieces: usize) {
        for _ in 0..pieces {
            send_one(queue, tap, &[0; LONGEST]);
        }
    }

    /// [`Recorder`](super::super::Recorder) promises it: a stuck output does not stop a server for good, and what it
    /// has lost is said.
    #[test]
    fn a_stuck_output_costs_the_connections_that_go_on_and_no_others() {
        let queue = Queue::new(Duration::from_millis(50));
        let (let_go, file, errors) = stopped(&queue);
        for tap in [7, 8] {
            begin(&queue, tap, tap - 7);
        }
        while !lock(&queue.state).entries.is_empty() {
            thread::yield_now(); // the writing thread has taken them, and is stopped
        }
        send(&queue, 7, ROOM / LONGEST);
        send(&queue, 8, 2); // the first one waits in vain
        assert_eq!(queue.finish().unwrap_err().kind(), ErrorKind::TimedOut);
        drop(let_go);
        while !lock(&queue.state).is_done {
            thread::yield_now();
        }
        assert_eq!(recorded(&lock(&file)), [4 * LONGEST, 0]);
        let lost = "connection 1: the output was too slow: not recorded from here on";
        assert_eq!(*lock(&errors), [lost]);
    }

    /// A stuck output costs no memory for each connection that begins meanwhile.
    #[test]
    fn connections_that_begin_while_the_output_is_stuck_are_counted() {
        let queue = Queue::new(Duration::from_millis(50));
        let (let_go, file, errors) = stopped(&queue);
        begin(&queue, 0, 0);
        while !lock(&queue.state).entries.is_empty() {
            thread::yield_now();
        }
        send(&queue, 0, ROOM / LONGEST);
        for tap in 1..=1000 {
            begin(&queue, tap, tap);
            send_one(&queue, tap, b"lost");
        }
        let state = lock(&queue.state);
        assert_eq!((state.entries.len(), state.open.len()), (4, 1));
        drop(state);
        drop(let_go);
        let _ = queue.finish(); // it may be in a hurry
        while !lock(&queue.state).is_done {
            thread::yield_now();
        }
        assert_eq!(recorded(&lock(&file)), [4 * LONGEST]);
        let all = "connection 1: the output was too slow: not recorded, nor the 999 behind it";
        assert_eq!(*lock(&errors), [all]);
    }

    #[test]
    fn after_the_end_no_connection_is_remembered() {
        let queue = Queue::new(Duration::from_secs(20));
        let _ = stopped(&queue);
        begin(&queue, 7, 0);
        queue.finish().unwrap();
        let some = invented(3);
        queue.begin(8, 1, Duration::ZERO, "", Some(some));
        let state = lock(&queue.state);
        assert!(state.open.is_empty() && state.addresses.is_empty());
    }

    /// It is slow, and moves: each thread waits, and nothing is lost.
    #[test]
    fn a_slow_output_loses_nothing() {
        let queue = Queue::new(Duration::from_secs(20));
        let (let_go, file, _) = stopped(&queue);
        begin(&queue, 7, 0);
        thread::scope(|scope| {
            scope.spawn(|| send(&queue, 7, 20));
            while lock(&queue.state).has_room() {
                thread::yield_now();
            }
            drop(let_go);
        });
        queue.event(7, Duration::ZERO, FROM, What::Closed, &[]);
        queue.finish().unwrap();
        assert_eq!(recorded(&lock(&file)), [20 * LONGEST]);
        assert!(lock(&queue.state).open.is_empty());
    }
}
