//! A queue whose senders never wait, and the thread that works it off.
//!
//! A server prints through it. If a terminal is stopped (Ctrl-S) or a pipe is full, only this thread waits
//! for the reader; the threads that serve clients lose lines.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Builder;
use std::time::Duration;

/// Room for the lines of a busy moment.
const MOST_BYTES: usize = 4 * 1024 * 1024;

pub(crate) struct Background<T> {
    /// Whether the thread could be started.
    started: OnceLock<bool>,
    queue: Mutex<Queue<T>>,
    changed: Condvar,
}

struct Queue<T> {
    items: VecDeque<Item<T>>,
    /// Of the items and of the one that is being worked at.
    bytes: usize,
    /// How many were lost behind the last item.
    lost: u64,
    /// The thread is in a call of `work`.
    working: bool,
}

struct Item<T> {
    item: T,
    bytes: usize,
    /// How many were lost before it.
    lost: u64,
}

impl<T: Send + 'static> Background<T> {
    pub(crate) const fn new() -> Background<T> {
        Background {
            started: OnceLock::new(),
            queue: Mutex::new(Queue {
                items: VecDeque::new(),
                bytes: 0,
                lost: 0,
                working: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Whether [`send`](Background::send) has been called.
    pub(crate) fn is_started(&self) -> bool {
        self.started.get().is_some()
    }

    /// Appends an item of this size to the queue, or counts a loss if it is full. `work` gets each item,
    /// and how many were lost between the one before and this one, on a thread that the first call starts. If
    /// nothing follows a loss, `work` gets it without an item. If no thread can be had, the caller works itself.
    pub(crate) fn send(&'static self, item: T, bytes: usize, work: fn(Option<T>, u64)) {
        let is_started = self.started.get_or_init(|| {
            let thread = Builder::new().spawn(move || self.work_off(work));
            thread.is_ok()
        });
        if !is_started {
            return work(Some(item), 0);
        }
        let mut queue = self.lock();
        match queue.bytes + bytes <= MOST_BYTES {
            true => {
                let lost = mem::take(&mut queue.lost);
                queue.items.push_back(Item { item, bytes, lost });
                queue.bytes += bytes;
            }
            false => queue.lost += 1,
        }
        drop(queue);
        self.changed.notify_all();
    }

    /// Waits until all is done, at most for `time`.
    pub(crate) fn flush(&self, time: Duration) {
        let is_busy = |queue: &mut Queue<T>| queue.working || queue.has_work();
        drop(self.changed.wait_timeout_while(self.lock(), time, is_busy));
    }

    fn work_off(&self, work: fn(Option<T>, u64)) {
        let mut queue = self.lock();
        loop {
            while !queue.has_work() {
                let waited = self.changed.wait(queue);
                queue = waited.unwrap_or_else(PoisonError::into_inner);
            }
            let (item, bytes, lost) = match queue.items.pop_front() {
                Some(Item { item, bytes, lost }) => (Some(item), bytes, lost),
                None => (None, 0, mem::take(&mut queue.lost)),
            };
            queue.working = true;
            drop(queue);
            work(item, lost); // may wait for long
            queue = self.lock();
            queue.working = false;
            queue.bytes -= bytes;
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Queue<T> {
    fn has_work(&self) -> bool {
        !self.items.is_empty() || self.lost > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    const MOST: Duration = Duration::from_secs(30);

    type Call = (Option<&'static str>, u64);

    /// A line, and what its work waits for: a reader that has stopped.
    type Line = (&'static str, Option<Receiver<()>>);

    static CALLS: Mutex<Vec<Call>> = Mutex::new(Vec::new());

    fn write(line: Option<Line>, lost: u64) {
        let name = line.map(|(name, reader)| {
            reader.map(|reader| reader.recv_timeout(MOST));
            name
        });
        CALLS.lock().unwrap().push((name, lost));
    }

    /// A loss is reported between the lines where it happened, and although no line follows it.
    #[test]
    fn a_loss_is_reported_in_its_place_and_before_the_end() {
        static QUEUE: Background<Line> = Background::new();
        let calls = || mem::take(&mut *CALLS.lock().unwrap());
        let stop = || -> Sender<()> {
            let (go, reader) = channel();
            QUEUE.send(("first", Some(reader)), MOST_BYTES / 2, write);
            go
        };
        let go = stop();
        QUEUE.send(("second", None), MOST_BYTES / 2, write);
        QUEUE.send(("lost", None), 1, write);
        QUEUE.send(("lost", None), 2, write);
        QUEUE.send(("empty", None), 0, write);
        go.send(()).unwrap();
        QUEUE.flush(MOST);
        let in_order = [(Some("first"), 0), (Some("second"), 0), (Some("empty"), 2)];
        assert_eq!(calls(), in_order);

        let go = stop();
        QUEUE.send(("too long", None), MOST_BYTES, write);
        go.send(()).unwrap();
        QUEUE.flush(MOST);
        assert_eq!(calls(), [(Some("first"), 0), (None, 1)]);
    }
}
