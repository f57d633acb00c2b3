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

use super::output::{Output, Reports};
use super::signs::Signs;
use crate::net::{Panicked, guarded, lock, wait};
use crate::trace::wire::capture::invented;
use crate::trace::wire::{Direction, Event, Notice, What};
use std::collections::{HashMap, HashSet};
use std::io::{self, ErrorKind};
use std::mem;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, ThreadId};
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
    /// The open connections, by the number of their tap.
    open: HashMap<u64, Open>,
    /// Their addresses in captures, where those are the real ones.
    addresses: HashSet<Ends>,
    /// Connections that began while the queue was stuck: the first conversation, and how many followed it.
    unrecorded: Option<(u64, u64)>,
    /// The time of the last entry.
    last: Duration,
    is_stuck: bool,
    /// It takes nothing more.
    is_finished: bool,
    writer: Option<ThreadId>,
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
    /// A queue to this output, with its thread. The output's writes are among the signs.
    pub(super) fn to(output: impl Output, life: Signs, reports: Reports) -> Arc<Queue> {
        let queue = Arc::new(Queue {
            state: Mutex::default(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            life,
        });
        let writing = Arc::clone(&queue);
        let builder = thread::Builder::new().name("barewire recorder".to_owned());
        if let Err(error) = builder.spawn(move || writing.run(output, &reports)) {
            queue.end(Err(error));
        }
        queue
    }

    /// A connection stands, between these addresses if it has some.
    pub(super) fn begin(
        &self,
        tap: u64,
        conversation: u64,
        time: Duration,
        about: &str,
        ends: Option<Ends>,
    ) {
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
        &self,
        tap: u64,
        time: Duration,
        from: Direction,
        what: What<'static>,
        bytes: &[u8],
    ) {
        let state = self.with_room(lock(&self.state));
        self.append(state, tap, time, from, what, bytes);
    }

    /// Appends an entry, if the connection of this tap is recorded.
    fn append(
        &self,
        mut state: MutexGuard<'_, State>,
        tap: u64,
        time: Duration,
        from: Direction,
        what: What<'static>,
        bytes: &[u8],
    ) {
        let state = &mut *state; // so that its fields are borrowed apart
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
        if was_lost {
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

    /// The writing thread.
    fn run(&self, mut output: impl Output, reports: &Reports) {
        lock(&self.state).writer = Some(thread::current().id());
        let written = guarded(|| self.write(&mut output, reports));
        let written = written.unwrap_or_else(|Panicked| Err(io::Error::other("it panicked")));
        if let Err(error) = &written {
            reports.report(&format_args!(
                "nothing more is recorded to an output: {error}"
            ));
        }
        self.end(written);
    }

    fn write(&self, output: &mut impl Output, reports: &Reports) -> io::Result<()> {
        let (mut entries, mut bytes) = (Vec::new(), Vec::new());
        loop {
            let mut state = lock(&self.state);
            while state.entries.is_empty() && !state.is_finished {
                state = wait(&self.filled, state, None);
            }
            if state.entries.is_empty() {
                drop(state);
                return output.finish();
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
                output.event(&event)?;
                if let (Some(number), What::Notice(lost)) = (event.conversation, &event.what) {
                    reports.report(&format_args!("connection {number}: {lost}"));
                }
                self.life.sign();
            }
            bytes.clear();
        }
    }

    /// The writing thread has ended, or could not begin.
    fn end(&self, written: io::Result<()>) {
        *lock(&self.state) = State {
            is_finished: true,
            is_done: true,
            result: written.err(),
            ..State::default()
        };
        self.emptied.notify_all();
    }

    /// Takes nothing more.
    pub(super) fn close(&self) {
        let mut state = lock(&self.state);
        state.is_finished = true;
        (state.open, state.addresses) = Default::default();
        self.filled.notify_one();
        self.emptied.notify_all();
    }

    /// Whether the caller is the writing thread: its hook.
    pub(super) fn is_here(&self) -> bool {
        lock(&self.state).writer == Some(thread::current().id())
    }

    /// Takes nothing more, and waits until all is written.
    pub(super) fn finish(&self) -> io::Result<()> {
        self.close();
        let mut state = lock(&self.state);
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

    /// A queue with this patience; what lets its capture go, the capture, and what its hook gets.
    fn stopped(patience: Duration) -> (Arc<Queue>, Sender<()>, Log<u8>, Log<String>) {
        let (let_go, lets_go) = channel();
        let (file, errors) = (Log::default(), Log::default());
        let (out, log) = (Arc::clone(&file), Arc::clone(&errors));
        let (life, reports) = (Signs::new(patience), Reports::default());
        reports.to(move |error| lock(&log).push(error.to_string()));
        let stopped = life.watched(Stopped { lets_go, file: out });
        let queue = Queue::to(Writer::new(stopped), life, reports);
        (queue, let_go, file, errors)
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

    fn begin(queue: &Queue, tap: u64, conversation: u64) {
        queue.begin(tap, conversation, Duration::ZERO, "", None);
    }

    fn send_one(queue: &Queue, tap: u64, bytes: &[u8]) {
        let what = What::Bytes(Layer::Tcp, Cow::default());
        queue.event(tap, Duration::ZERO, FROM, what, bytes);
    }

    fn send(queue: &Queue, tap: u64, pieces: usize) {
        for _ in 0..pieces {
            send_one(queue, tap, &[0; LONGEST]);
        }
    }

    /// [`Recorder`](super::super::Recorder) promises it: a stuck output does not stop a server for good, and what it
    /// has lost is said.
    #[test]
    fn a_stuck_output_costs_the_connections_that_go_on_and_no_others() {
        let (queue, let_go, file, errors) = stopped(Duration::from_millis(50));
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
        let (queue, let_go, file, errors) = stopped(Duration::from_millis(50));
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
        let queue = stopped(Duration::from_secs(20)).0;
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
        let (queue, let_go, file, _) = stopped(Duration::from_secs(20));
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
