//! A queue whose senders never wait, and the thread that works it off.
//!
//! A server prints through it. If a terminal is stopped (Ctrl-S) or a pipe is full, only this thread waits
//! for the reader; the threads that serve clients lose lines.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, OnceLock};
use std::thread::Builder;
use std::time::Duration;

/// A queue of this length has room for the burst of a busy moment.
const MOST: usize = 10_000;

pub(crate) struct Background<T> {
    queue: OnceLock<Option<SyncSender<Job<T>>>>,
    lost: OnceLock<Arc<AtomicU64>>,
}

enum Job<T> {
    Work(T),
    /// All that was sent before is done.
    Reached(SyncSender<()>),
}

impl<T: Send + 'static> Background<T> {
    pub(crate) const fn new() -> Background<T> {
        Background {
            queue: OnceLock::new(),
            lost: OnceLock::new(),
        }
    }

    /// Whether [`send`](Background::send) has started the thread.
    pub(crate) fn is_started(&self) -> bool {
        self.queue.get().is_some()
    }

    /// Appends to the queue, or counts a loss if it is full. `work` is given each item, and how many were lost
    /// before it; the first call starts its thread. Without a thread the caller works itself.
    pub(crate) fn send(&self, item: T, work: fn(T, u64)) {
        let lost = self.lost.get_or_init(Arc::default);
        let queue = self.queue.get_or_init(|| start(work, Arc::clone(lost)));
        match queue {
            None => work(item, 0),
            Some(queue) => {
                if let Err(TrySendError::Full(_)) = queue.try_send(Job::Work(item)) {
                    lost.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    /// Waits until the queue is empty, at most for `time`.
    pub(crate) fn flush(&self, time: Duration) {
        let (reached, is_reached) = mpsc::sync_channel(1);
        if let Some(Some(queue)) = self.queue.get()
            && queue.try_send(Job::Reached(reached)).is_ok()
        {
            let _ = is_reached.recv_timeout(time);
        }
    }
}

fn start<T: Send + 'static>(work: fn(T, u64), lost: Arc<AtomicU64>) -> Option<SyncSender<Job<T>>> {
    let (sender, queue) = mpsc::sync_channel(MOST);
    let thread = Builder::new().spawn(move || work_off(&queue, work, &lost));
    thread.is_ok().then_some(sender)
}

fn work_off<T>(queue: &Receiver<Job<T>>, work: fn(T, u64), lost: &AtomicU64) {
    for job in queue {
        match job {
            Job::Work(item) => work(item, lost.swap(0, Ordering::Relaxed)),
            Job::Reached(waiter) => drop(waiter.try_send(())),
        }
    }
}
