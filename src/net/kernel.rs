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
use std::sync::atomic::{AtomicUsize, Ordering, fence};
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
    probes: AtomicUsize,
    /// How many waiting calls still read the clock.
    timed_calls: AtomicUsize,
}

/// How many waiting calls read the clock after a probe, because another may follow.
const TIMED_CALLS: usize = 16;

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
            probes: AtomicUsize::new(0),
            timed_calls: AtomicUsize::new(0),
        }
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
        self.wait(S::read_timeout, |mut inner| inner.read(buf))
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
        self.inner.set_read_timeout(at_least_a_moment(d))
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
        (mut seen, mut began): (usize, Option<Instant>),
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
        let one_less = |calls: usize| calls.checked_sub(1);
        let counted = self
            .timed_calls
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        counted.is_ok()
    }

    fn probed_since(&self, seen: usize) -> bool {
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
mod tests {
    use super::*;
    use crate::net::tests::{PATIENCE, within};
    use crate::net::{Tcp, Unix};
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::thread;

    fn tcp() -> (Tcp, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (Tcp::from(listener.accept().unwrap().0), theirs)
    }

    /// Probes for as long as the work takes.
    fn while_probed(work: impl FnOnce(&Tcp) + Send + 'static) {
        within(PATIENCE, || {
            let (ours, theirs) = tcp();
            let reader = thread::spawn(move || io::copy(&mut &theirs, &mut io::sink()));
            let ours = Arc::new(ours);
            let weak = Arc::downgrade(&ours);
            let prober = thread::spawn(move || {
                while let Some(ours) = weak.upgrade() {
                    assert_eq!(ours.try_read(&mut [0; 16]).unwrap(), None);
                }
            });
            work(&ours);
            drop(ours);
            prober.join().unwrap();
            reader.join().unwrap().unwrap();
        });
    }

    #[test]
    fn a_probe_disturbs_no_writer() {
        while_probed(|ours| {
            for _ in 0..2_000 {
                (ours as &dyn Stream).write_all(&[7; 64 * 1024]).unwrap();
            }
        });
    }

    #[test]
    fn a_probe_neither_hastens_nor_hinders_a_timeout() {
        while_probed(|ours| {
            ours.set_read_timeout(Some(Duration::from_millis(60)))
                .unwrap();
            for _ in 0..5 {
                let began = Instant::now();
                assert!(is_timeout(&ours.read(&mut [0; 16]).unwrap_err()));
                assert!(began.elapsed() >= Duration::from_millis(30));
            }
        });
    }

    #[test]
    fn the_clock_is_read_in_the_calls_after_a_probe_only() {
        let (ours, theirs) = tcp();
        let theirs = Tcp::from(theirs);
        assert!(!ours.is_timed());
        assert_eq!(ours.try_read(&mut [0; 1]).unwrap(), None);
        for _ in 0..TIMED_CALLS {
            assert_ne!(ours.timed_calls.load(Ordering::Relaxed), 0);
            theirs.write(b"x").unwrap();
            assert_eq!(ours.read(&mut [0; 1]).unwrap(), 1);
        }
        assert!(!ours.is_timed());
    }

    /// Neither for ever, nor at once.
    #[test]
    fn a_probe_after_many_calls_lets_a_wait_end() {
        within(PATIENCE, || {
            let (ours, _theirs) = tcp();
            let limit = Duration::from_millis(60);
            ours.set_read_timeout(Some(limit)).unwrap();
            thread::scope(|scope| {
                let waits = scope.spawn(|| {
                    let began = Instant::now();
                    assert!(is_timeout(&ours.read(&mut [0; 16]).unwrap_err()));
                    assert!(began.elapsed() >= limit / 2);
                });
                while !waits.is_finished() {
                    assert_eq!(ours.try_read(&mut [0; 16]).unwrap(), None);
                    ours.timed_calls.store(0, Ordering::Relaxed); // as after many calls
                }
                waits.join().unwrap();
            });
        });
    }

    /// A signal interrupts a call that has a timeout, whatever the handler asks for (signal(7)).
    #[test]
    fn a_wait_ends_although_signals_interrupt_it() {
        within(PATIENCE, || {
            let (ours, _theirs) = tcp();
            let limit = Duration::from_millis(60);
            ours.set_read_timeout(Some(limit)).unwrap();
            let began = Instant::now();
            let waited = ours.wait(Raw::read_timeout, |_| {
                thread::sleep(limit / 10);
                Err(ErrorKind::Interrupted.into())
            });
            assert!(is_timeout(&waited.unwrap_err()));
            assert!(began.elapsed() >= limit);
        });
    }

    #[test]
    fn a_timeout_of_zero_is_the_shortest_there_is() {
        let (ours, _theirs) = tcp();
        ours.set_read_timeout(Some(Duration::ZERO)).unwrap();
        ours.set_write_timeout(Some(Duration::ZERO)).unwrap();
        assert!(is_timeout(&ours.read(&mut [0; 16]).unwrap_err()));
    }

    #[test]
    fn try_write_takes_what_there_is_room_for_and_never_waits() {
        let (here, there) = UnixStream::pair().unwrap();
        let (unix, tcp) = ((Unix::from(here), Unix::from(there)), tcp());
        writes_without_waiting(&unix.0, &unix.1);
        writes_without_waiting(&tcp.0, &Tcp::from(tcp.1));
    }

    /// Without a timeout: a write that waited would wait for ever.
    fn writes_without_waiting(ours: &dyn Stream, theirs: &dyn Stream) {
        let mut sent = 0;
        while let Some(n) = ours.try_write(&[7; 64 * 1024]).unwrap() {
            sent += n;
        }
        let (mut read, mut buf) = (0, vec![0; 1 << 20]);
        while read < sent {
            read += theirs.read(&mut buf).unwrap();
        }
        assert_eq!(theirs.try_read(&mut buf).unwrap(), None);
        assert_eq!(ours.try_write(b"room again").unwrap(), Some(10));
    }

    #[test]
    fn try_read_takes_what_is_there_and_keeps_nothing_back() {
        let (here, there) = UnixStream::pair().unwrap();
        let (unix, tcp) = ((Unix::from(here), Unix::from(there)), tcp());
        looks_without_waiting(&unix.0, &unix.1);
        looks_without_waiting(&tcp.0, &Tcp::from(tcp.1));
    }

    fn looks_without_waiting(ours: &dyn Stream, theirs: &dyn Stream) {
        let mut buf = [0; 4];
        assert_eq!(ours.try_read(&mut buf).unwrap(), None);
        theirs.write(b"abcdef").unwrap();
        assert_eq!(ours.read(&mut buf[..2]).unwrap(), 2); // waits until it has come
        assert_eq!(ours.try_read(&mut buf[..3]).unwrap(), Some(3));
        assert_eq!(&buf[..3], b"cde");
        assert_eq!(ours.read(&mut buf).unwrap(), 1);
        theirs.shutdown(Shutdown::Write).unwrap();
        assert_eq!(ours.read(&mut buf).unwrap(), 0);
        assert_eq!(ours.try_read(&mut buf).unwrap(), Some(0));
    }
}
