//! A stream that records how it is used, and calls a hook inside each call.

use barewire::net::{Layer, Pipe, Stream};
use std::fmt;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::Duration;

type Hook = Box<dyn Fn() + Send + Sync>;

/// A pipe, a record of its use, and a hook.
pub(crate) struct WatchedStream {
    pipe: Pipe,
    /// The threads that were in a blocking write, in order.
    waiting_writers: Mutex<Vec<ThreadId>>,
    /// How many threads are in one now, and the most that ever were.
    writing: AtomicUsize,
    most: AtomicUsize,
    pub(crate) write_timeouts: Mutex<Vec<Option<Duration>>>,
    hook: Mutex<Option<Arc<Hook>>>,
}

impl WatchedStream {
    pub(crate) fn new(pipe: Pipe) -> Arc<WatchedStream> {
        Arc::new(WatchedStream {
            pipe,
            waiting_writers: Mutex::default(),
            writing: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            write_timeouts: Mutex::default(),
            hook: Mutex::default(),
        })
    }

    /// From now on this hook is called in each write and each shutdown.
    pub(crate) fn on_use(&self, hook: impl Fn() + Send + Sync + 'static) {
        *self.hook.lock().expect("a hook") = Some(Arc::new(Box::new(hook)));
    }

    /// How often this thread was in a blocking write.
    pub(crate) fn waits_of_this_thread(&self) -> usize {
        let threads = self.waiting_writers.lock().expect("threads");
        let this = thread::current().id();
        threads.iter().filter(|thread| **thread == this).count()
    }

    /// The most threads that were in such a write at once.
    pub(crate) fn most_at_once(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    fn used(&self) {
        let hook = self.hook.lock().expect("a hook").clone();
        if let Some(hook) = hook {
            hook();
        }
    }

    fn waits<T>(&self, write: impl FnOnce() -> T) -> T {
        self.used();
        let mut threads = self.waiting_writers.lock().expect("threads");
        threads.push(thread::current().id());
        drop(threads);
        let now = self.writing.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let wrote = write();
        self.writing.fetch_sub(1, Ordering::SeqCst);
        wrote
    }
}

impl Layer for WatchedStream {
    fn below(&self) -> &dyn Stream {
        &self.pipe
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        self.waits(|| self.pipe.write(buf))
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.waits(|| self.pipe.write_vectored(bufs))
    }

    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>> {
        self.used();
        self.pipe.try_write(buf)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.used();
        self.pipe.shutdown(how)
    }

    fn abort(&self) -> io::Result<()> {
        self.used();
        self.pipe.abort()
    }

    fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.write_timeouts.lock().expect("timeouts").push(timeout);
        self.pipe.set_write_timeout(timeout)
    }
}

impl fmt::Debug for WatchedStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WatchedStream")
    }
}
