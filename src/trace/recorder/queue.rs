//! The queue between the threads of the connections and the one that writes.
//!
//! ```text
//!   connections ──► entries, bytes ──swap──► the writing thread: one entry after another
//!                   at most 1 MiB            at most 1 MiB
//! ```
//!
//! A connection's thread waits while the queue is full, for as long as the writing thread gets on with its entries. If
//! none was written for [`PATIENCE`], the queue is *stuck*, until the writing thread comes back for more. What passes
//! over a connection meanwhile would leave a gap, so the connection is recorded no further.

use super::entry::{Entry, What};
use super::outputs::{Output, Outputs};
use crate::net::{lock, wait};
use crate::trace::wire::{Direction, Layer};
use std::collections::{HashMap, HashSet};
use std::io::{self, ErrorKind};
use std::mem;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// How many bytes wait for the writing thread.
const ROOM: usize = 1024 * 1024;
/// More than this is several entries.
const LONGEST: usize = 256 * 1024;
/// How many entries wait for it.
const MOST_ENTRIES: usize = 8192;
/// How long the writing thread may need for one entry.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Queue {
    state: Mutex<State>,
    /// Notified when there is something to write.
    filled: Condvar,
    /// Notified when there is room again, and at the end.
    emptied: Condvar,
    /// How many entries were written: the sign of life of the writing thread.
    written: AtomicU64,
    /// [`PATIENCE`]; tests shorten it.
    patience: Duration,
}

#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    /// Outputs that the writing thread does not have yet.
    new_outputs: Vec<Output>,
    /// The open connections, by the number of their tap.
    open: HashMap<u64, Open>,
    /// Their addresses in captures, where those are the real ones.
    addresses: HashSet<Ends>,
    begun: u64,
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

    /// Appends an entry, if the connection of this tap is recorded.
    fn append(&mut self, tap: u64, from: Direction, what: What, bytes: &[u8]) -> Option<()> {
        let open = self.open.get_mut(&tap)?;
        let (was_lost, is_closed) = (open.is_lost, matches!(what, What::Closed));
        open.is_lost |= self.is_stuck;
        let (conversation, is_lost, ends) = (open.conversation, open.is_lost, open.ends);
        if is_closed {
            self.open.remove(&tap);
            ends.map(|ends| self.addresses.remove(&ends));
        }
        if was_lost {
            return None;
        }
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        self.last = self.last.max(since_1970.unwrap_or_default());
        let what = if is_lost { What::Lost } else { what };
        if let What::Bytes(..) = what {
            self.bytes.extend_from_slice(bytes);
        }
        self.entries.push(Entry {
            conversation,
            time: self.last,
            from,
            what,
        });
        Some(())
    }
}

impl Queue {
    pub(super) fn new(patience: Duration) -> Arc<Queue> {
        Arc::new(Queue {
            state: Mutex::default(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            written: AtomicU64::new(0),
            patience,
        })
    }

    pub(super) fn add(&self, output: Output) {
        lock(&self.state).new_outputs.push(output);
    }

    /// A connection stands, between these addresses if it has some.
    pub(super) fn begin(
        self: &Arc<Self>,
        tap: u64,
        about: String,
        ends: Option<Ends>,
        invented: impl FnOnce(u64) -> Ends,
    ) {
        let mut state = lock(&self.state);
        let conversation = state.begun;
        state.begun += 1;
        let ends = ends.filter(|ends| state.addresses.insert(*ends));
        let (client, server) = ends.unwrap_or_else(|| invented(conversation));
        let open = Open {
            conversation,
            ends,
            is_lost: false,
        };
        state.open.insert(tap, open);
        let what = What::Begins {
            about,
            client,
            server,
        };
        self.append(state, tap, Direction::FromClient, what, &[]);
    }

    /// Some bytes have passed over a connection that has begun.
    pub(super) fn bytes(self: &Arc<Self>, tap: u64, layer: Layer, from: Direction, bytes: &[u8]) {
        for piece in bytes.chunks(LONGEST) {
            let what = What::Bytes(layer, piece.len());
            self.append(lock(&self.state), tap, from, what, piece);
        }
    }

    /// Something else has happened to it.
    pub(super) fn event(self: &Arc<Self>, tap: u64, from: Direction, what: What) {
        self.append(lock(&self.state), tap, from, what, &[]);
    }

    fn append(
        self: &Arc<Self>,
        state: MutexGuard<'_, State>,
        tap: u64,
        from: Direction,
        what: What,
        bytes: &[u8],
    ) {
        let mut state = self.with_room(state);
        if !state.is_finished && state.append(tap, from, what, bytes).is_some() {
            self.start(&mut state);
            self.filled.notify_one();
        }
    }

    /// Waits for room, or until the queue is stuck or finished.
    fn with_room<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let mut signs = SignsOfLife::default();
        while !(state.has_room() || state.is_stuck || state.is_finished) {
            match signs.left(self) {
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
            drop(state);
            self.emptied.notify_all();
            let mut rest = &bytes[..];
            for entry in entries.drain(..) {
                let length = match entry.what {
                    What::Bytes(_, length) => length,
                    _ => 0,
                };
                let (its, behind) = rest.split_at(length);
                rest = behind;
                outputs.write(&entry, its);
                self.written.fetch_add(1, Ordering::Relaxed);
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
        self.start(&mut state);
        self.filled.notify_one();
        self.emptied.notify_all();
        let mut signs = SignsOfLife::default();
        while !state.is_done {
            let left = signs.left(self).ok_or(ErrorKind::TimedOut)?;
            state = wait(&self.emptied, state, Some(left));
        }
        state.result.take().map_or(Ok(()), Err)
    }
}

/// Of the writing thread, for a thread that waits for it.
#[derive(Default)]
struct SignsOfLife {
    /// How many entries were written, and when they were counted.
    last: Option<(u64, Instant)>,
}

impl SignsOfLife {
    /// How long to wait for the next one; `None`: there was none for too long.
    fn left(&mut self, queue: &Queue) -> Option<Duration> {
        let (now, written) = (Instant::now(), queue.written.load(Ordering::Relaxed));
        let since = match self.last {
            Some((last, since)) if last == written => since,
            _ => self.last.insert((written, now)).1,
        };
        let left = queue.patience.checked_sub(now - since)?;
        (!left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::recorder::outputs::Capture;
    use crate::trace::wire::capture::{Event, Reader, invented};
    use std::io::Write;
    use std::sync::mpsc::{Receiver, channel};

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

    /// How many bytes each conversation of the capture has.
    fn recorded(file: &[u8]) -> Vec<usize> {
        let mut all = Vec::new();
        for event in Reader::new(file) {
            match event.unwrap() {
                Event::Begins { .. } => all.push(0),
                Event::Bytes {
                    conversation,
                    bytes,
                    ..
                } => {
                    all[conversation as usize] += bytes.len();
                }
                _ => {}
            }
        }
        all
    }

    const FROM: Direction = Direction::FromServer;

    fn send(queue: &Arc<Queue>, tap: u64, pieces: usize) {
        for _ in 0..pieces {
            queue.bytes(tap, Layer::Tcp, FROM, &[0; LONGEST]);
        }
    }

    /// [`Recorder`](super::super::Recorder) promises it: a stuck output does not stop a server for good, and what it
    /// has lost is said.
    #[test]
    fn a_stuck_output_costs_the_connections_that_go_on_and_no_others() {
        let queue = Queue::new(Duration::from_millis(50));
        let (let_go, lets_go) = channel();
        let (file, errors) = (Arc::new(Mutex::default()), Arc::new(Mutex::new(Vec::new())));
        let (out, log) = (Arc::clone(&file), Arc::clone(&errors));
        let stopped = Stopped { lets_go, file: out };
        queue.add(Output::Saved(Box::new(Capture::New(Some(Box::new(
            stopped,
        ))))));
        queue.add(Output::Hook(Box::new(move |error| {
            lock(&log).push(error.to_string())
        })));
        for tap in [7, 8] {
            queue.begin(tap, String::new(), None, invented);
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

    /// It is slow, and moves: each thread waits, and nothing is lost.
    #[test]
    fn a_slow_output_loses_nothing() {
        let queue = Queue::new(Duration::from_secs(20));
        let (let_go, lets_go) = channel();
        let file = Arc::new(Mutex::default());
        let stopped = Stopped {
            lets_go,
            file: Arc::clone(&file),
        };
        queue.add(Output::Saved(Box::new(Capture::New(Some(Box::new(
            stopped,
        ))))));
        queue.begin(7, String::new(), None, invented);
        thread::scope(|scope| {
            scope.spawn(|| send(&queue, 7, 20));
            while lock(&queue.state).has_room() {
                thread::yield_now();
            }
            drop(let_go);
        });
        queue.event(7, FROM, What::Closed);
        queue.finish().unwrap();
        assert_eq!(recorded(&lock(&file)), [20 * LONGEST]);
        assert!(lock(&queue.state).open.is_empty());
    }
}
