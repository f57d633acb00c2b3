//! A kernel socket that several threads share, and that can be probed without waiting.
//!
//! The standard library knows one way to ask a socket without waiting: non-blocking mode. But
//! the mode belongs to the *socket*, not to the call, so while one thread probes, a `read` or
//! `write` that another thread begins comes back at once with `WouldBlock`, as if its timeout had
//! passed. (A call that sleeps in the kernel already is not disturbed: the kernel checks the mode when a
//! call begins.)
//!
//! ```text
//!   probes      0 ──────────► 1 ───────────────────────────────► 2 ──────►
//!   prober          count up, mode on,  read,  mode off,  count up
//!   writer                        write ─► WouldBlock: mine, or the prober's?
//! ```
//!
//! So the probes are counted, once at their beginning and once at their end: odd while one is
//! under way. A waiting call notes the count before it begins. If its result is `WouldBlock`, then
//! - the count is even and the same: no probe met this call, so its timeout passed;
//! - otherwise a probe *may* have met it. A false alarm comes back at once, a timeout after its
//!   whole length, so half of that length separates the two. After a false alarm the call waits
//!   for the probe to end and begins again.
//!
//! A call pays two atomic loads for this. The clock is read only in the first calls after a probe, see
//! [`TIMED_CALLS`]: a stream that probes once in its life does not pay for it in every call. (The first
//! probe after more calls than those can make one wait last up to twice its timeout.)

use std::any::Any;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering, fence};
use std::time::{Duration, Instant};

use super::addr::Addr;
use super::interruptions::{Interruptions, uninterrupted};
use super::lock::lock;
use super::observer::Tapped;
use super::stream::{Stream, at_least_a_moment, is_timeout};

/// A connected kernel socket; use it as [`Tcp`](super::Tcp) or [`Unix`](super::Unix).
///
/// ```
/// use barewire::net::Tcp;
/// use std::net::{TcpListener, TcpStream};
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let stream = Tcp::from(TcpStream::connect(listener.local_addr()?)?);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct KernelSocket<S> {
    inner: S,
    peer: Option<Addr>,
    /// Held during a probe: one at a time.
    probing: Mutex<()>,
    /// How many probes have begun plus how many have ended.
    probes: AtomicU32,
    /// How many waiting calls still read the clock.
    timed_calls: AtomicU8,
    /// The read timeout may be that of the listening socket, which nobody asked for.
    inherits_timeout: AtomicBool,
}

/// How many waiting calls read the clock after a probe, because another may follow.
const TIMED_CALLS: u8 = 16;

/// What TCP and Unix sockets have in common beside `Read` and `Write`.
pub trait Raw: fmt::Debug + Send + Sync + 'static {
    fn set_nonblocking(&self, on: bool) -> io::Result<()>;
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
    fn read_timeout(&self) -> io::Result<Option<Duration>>;
    fn write_timeout(&self) -> io::Result<Option<Duration>>;
    fn set_read_timeout(&self, d: Option<Duration>) -> io::Result<()>;
    fn set_write_timeout(&self, d: Option<Duration>) -> io::Result<()>;
    fn set_no_delay(&self, on: bool) -> io::Result<()>;
    fn local_addr(&self) -> io::Result<Addr>;
}

impl<S> KernelSocket<S> {
    pub(super) fn new(inner: S, peer: Option<Addr>) -> KernelSocket<S> {
        KernelSocket {
            inner,
            peer,
            probing: Mutex::new(()),
            probes: AtomicU32::new(0),
            timed_calls: AtomicU8::new(0),
            inherits_timeout: AtomicBool::new(false),
        }
    }

    /// A connection of a listening socket, whose receive timeout some systems pass on: then it counts as none.
    pub(super) fn accepted(inner: S, peer: Addr, inherits_timeout: bool) -> KernelSocket<S> {
        let socket = KernelSocket::new(inner, Some(peer));
        socket
            .inherits_timeout
            .store(inherits_timeout, Ordering::Relaxed);
        socket
    }

    pub(super) fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S: Raw> Stream for KernelSocket<S>
where
    for<'a> &'a S: Read + Write,
{
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        let inherits = self.inherits_timeout.load(Ordering::Acquire);
        match self.wait(S::read_timeout, |mut inner: &S| inner.read(buf)) {
            Err(e) if inherits && is_timeout(&e) => {
                self.stop_inheriting()?;
                self.wait(S::read_timeout, |mut inner| inner.read(buf))
            }
            read => read,
        }
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        self.wait(S::write_timeout, |mut inner| inner.write(buf))
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.wait(S::write_timeout, |mut inner| inner.write_vectored(bufs))
    }

    fn try_read(&self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        self.probe(|mut inner| inner.read(buf))
    }

    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>> {
        self.probe(|mut inner| inner.write(buf))
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown(how)
    }

    fn abort(&self) -> io::Result<()> {
        self.inner.shutdown(Shutdown::Both)
    }

    fn set_read_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        let limit = at_least_a_moment(d);
        if self.inherits_timeout.load(Ordering::Acquire) {
            return self.replace_inherited(limit);
        }
        self.inner.set_read_timeout(limit)
    }

    fn set_write_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        self.inner.set_write_timeout(at_least_a_moment(d))
    }

    fn set_no_delay(&self, on: bool) -> io::Result<()> {
        self.inner.set_no_delay(on)
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.inner.local_addr()
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        self.peer
            .clone()
            .ok_or_else(|| ErrorKind::NotConnected.into())
    }

    fn is_encrypted(&self) -> bool {
        false
    }

    fn tapped(&self) -> Option<&Tapped> {
        None
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl<S: Raw> KernelSocket<S> {
    /// The first read timeout that is asked for, in place of the listening socket's.
    #[cold]
    fn replace_inherited(&self, limit: Option<Duration>) -> io::Result<()> {
        let _no_other = lock(&self.probing);
        self.inner.set_read_timeout(limit)?;
        self.inherits_timeout.store(false, Ordering::Release);
        Ok(())
    }

    /// A read has ended with the timeout of the listening socket, or with one that another thread has set meanwhile:
    /// the next read has that one or none.
    #[cold]
    fn stop_inheriting(&self) -> io::Result<()> {
        let _no_other = lock(&self.probing);
        if self.inherits_timeout.load(Ordering::Acquire) {
            self.inner.set_read_timeout(None)?;
            self.inherits_timeout.store(false, Ordering::Release);
        }
        Ok(())
    }

    /// A call that may sleep in the kernel.
    fn wait(
        &self,
        timeout: fn(&S) -> io::Result<Option<Duration>>,
        mut call: impl FnMut(&S) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let is_timed = self.is_timed();
        let seen = self.probes.load(Ordering::Acquire);
        let began = is_timed.then(Instant::now);
        match call(&self.inner) {
            Ok(bytes) => Ok(bytes),
            Err(e) => self.wait_again(e, (seen, began), timeout, call),
        }
    }

    /// The same, after the first call of a wait has failed, which began so.
    #[cold]
    fn wait_again(
        &self,
        mut failed: io::Error,
        (mut seen, mut began): (u32, Option<Instant>),
        timeout: fn(&S) -> io::Result<Option<Duration>>,
        mut call: impl FnMut(&S) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut is_timed = began.is_some();
        let mut interrupted = Interruptions::default();
        loop {
            match failed {
                e if e.kind() == ErrorKind::Interrupted => {
                    interrupted.again(timeout(&self.inner)?)?;
                }
                e if is_timeout(&e) && self.probed_since(seen) => {
                    if timeout(&self.inner)?.is_some_and(|limit| has_passed(limit, began)) {
                        return Err(e);
                    }
                    is_timed = true;
                    drop(self.probing.lock()); // the probe's end, without spinning
                }
                e => return Err(e),
            }
            seen = self.probes.load(Ordering::Acquire);
            began = is_timed.then(Instant::now);
            match call(&self.inner) {
                Ok(bytes) => return Ok(bytes),
                Err(e) => failed = e,
            }
        }
    }

    #[inline]
    fn is_timed(&self) -> bool {
        self.timed_calls.load(Ordering::Relaxed) > 0 && self.count_timed_call()
    }

    #[cold]
    fn count_timed_call(&self) -> bool {
        let one_less = |calls: u8| calls.checked_sub(1);
        let counted = self
            .timed_calls
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        counted.is_ok()
    }

    fn probed_since(&self, seen: u32) -> bool {
        // The mode went through the kernel, the count did not: the mode that our call met must be read
        // before the count that we read now.
        fence(Ordering::SeqCst);
        seen % 2 == 1 || self.probes.load(Ordering::Relaxed) != seen
    }

    /// A call in non-blocking mode.
    fn probe(&self, mut call: impl FnMut(&S) -> io::Result<usize>) -> io::Result<Option<usize>> {
        let _probing = lock(&self.probing);
        self.timed_calls.store(TIMED_CALLS, Ordering::Relaxed);
        self.probes.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst); // the count is up before the mode is on
        let answer = self
            .inner
            .set_nonblocking(true)
            .and_then(|()| uninterrupted(|| call(&self.inner)));
        let restored = self.inner.set_nonblocking(false);
        self.probes.fetch_add(1, Ordering::SeqCst);
        restored?;
        match answer {
            Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(None),
            answer => answer.map(Some),
        }
    }
}

fn has_passed(limit: Duration, began: Option<Instant>) -> bool {
    began.is_some_and(|began| began.elapsed() >= limit / 2)
}

/// The standard library has these methods on both sockets, but no trait that says so.
macro_rules! raw {
    ($socket:ty, $set_no_delay:expr) => {
        impl Raw for $socket {
            fn set_nonblocking(&self, on: bool) -> io::Result<()> {
                <$socket>::set_nonblocking(self, on)
            }
            fn shutdown(&self, how: Shutdown) -> io::Result<()> {
                <$socket>::shutdown(self, how)
            }
            fn read_timeout(&self) -> io::Result<Option<Duration>> {
                <$socket>::read_timeout(self)
            }
            fn write_timeout(&self) -> io::Result<Option<Duration>> {
                <$socket>::write_timeout(self)
            }
            fn set_read_timeout(&self, d: Option<Duration>) -> io::Result<()> {
                <$socket>::set_read_timeout(self, d)
            }
            fn set_write_timeout(&self, d: Option<Duration>) -> io::Result<()> {
                <$socket>::set_write_timeout(self, d)
            }
            fn set_no_delay(&self, on: bool) -> io::Result<()> {
                $set_no_delay(self, on)
            }
            fn local_addr(&self) -> io::Result<Addr> {
                <$socket>::local_addr(self).map(Addr::from)
            }
        }
    };
}

raw!(TcpStream, TcpStream::set_nodelay);
raw!(UnixStream, |_: &UnixStream, _| Ok(()));

#[cfg(test)]
mod tests;
