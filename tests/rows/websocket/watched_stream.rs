//! A stream that says how it is used, and asks back while it is.

use barewire::net::{Addr, Pipe, Stream};
use std::any::Any;
use std::fmt;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::Duration;

type Hook = Box<dyn Fn() + Send + Sync>;

/// A pipe, what was done with it, and a hook that is called inside each call.
pub(crate) struct WatchedStream {
    pipe: Pipe,
    /// Threads that were in a write that may wait, in order.
    waiting_writers: Mutex<Vec<ThreadId>>,
    /// How many are in one now, and how many were at most.
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

    /// From now on this is called in each write and each end of the stream.
    pub(crate) fn on_use(&self, hook: impl Fn() + Send + Sync + 'static) {
        *self.hook.lock().expect("a hook") = Some(Arc::new(Box::new(hook)));
    }

    /// How often this thread was in a write that may wait.
    pub(crate) fn waits_of_this_thread(&self) -> usize {
        let threads = self.waiting_writers.lock().expect("threads");
        let this = thread::current().id();
        threads.iter().filter(|thread| **thread == this).count()
    }

    /// How many threads were in such a write at once, at most.
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

impl Stream for WatchedStream {
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.pipe.read(buf)
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        self.waits(|| self.pipe.write(buf))
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.waits(|| self.pipe.write_vectored(bufs))
    }

    fn try_read(&self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        self.pipe.try_read(buf)
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

    fn set_read_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        self.pipe.set_read_timeout(d)
    }

    fn set_write_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        self.write_timeouts.lock().expect("timeouts").push(d);
        self.pipe.set_write_timeout(d)
    }

    fn set_no_delay(&self, on: bool) -> io::Result<()> {
        self.pipe.set_no_delay(on)
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.pipe.local_addr()
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        self.pipe.peer_addr()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl fmt::Debug for WatchedStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WatchedStream")
    }
}
