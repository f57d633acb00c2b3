//! A queue whose senders never wait, and the thread that works it off.
//!
//! A server prints through it. If a terminal is stopped (Ctrl-S) or a pipe is full, only this thread waits
//! for the reader; the threads that serve clients lose lines.

use std::collections::VecDeque;
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
    items: VecDeque<(T, usize)>,
    /// Of the items and of the one that is being worked at.
    bytes: usize,
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
            }),
            changed: Condvar::new(),
        }
    }

    /// Whether [`send`](Background::send) has been called.
    pub(crate) fn is_started(&self) -> bool {
        self.started.get().is_some()
    }

    /// Appends an item of this size to the queue, or counts a loss if it is full. `work` gets each item,
    /// and how many were lost before it, on a thread that the first call starts. If none can be had, the
    /// caller works itself.
    pub(crate) fn send(&'static self, item: T, bytes: usize, work: fn(T, u64)) {
        let is_started = self.started.get_or_init(|| {
            let thread = Builder::new().spawn(move || self.work_off(work));
            thread.is_ok()
        });
        if !is_started {
            return work(item, 0);
        }
        let mut queue = self.lock();
        match queue.bytes + bytes <= MOST_BYTES {
            true => {
                queue.items.push_back((item, bytes));
                queue.bytes += bytes;
            }
            false => queue.lost += 1,
        }
        drop(queue);
        self.changed.notify_all();
    }

    /// Waits until all is done, at most for `time`.
    pub(crate) fn flush(&self, time: Duration) {
        let is_busy = |queue: &mut Queue<T>| queue.bytes > 0;
        drop(self.changed.wait_timeout_while(self.lock(), time, is_busy));
    }

    fn work_off(&self, work: fn(T, u64)) {
        loop {
            let mut queue = self.lock();
            while queue.items.is_empty() {
                queue = self
                    .changed
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            let lost = std::mem::take(&mut queue.lost);
            let next = queue.items.pop_front();
            drop(queue);
            if let Some((item, bytes)) = next {
                work(item, lost); // may wait for long
                self.lock().bytes -= bytes;
                self.changed.notify_all();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
