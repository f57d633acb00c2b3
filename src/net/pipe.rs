//! A connection inside the process: for tests, for doctests, and for two threads that talk.
//!
//! ```text
//!            ┌───────── channel ─────────┐
//!   Pipe ──► │ queue, at most `capacity` │ ──► Pipe
//!    end     └───────────────────────────┘      end
//!        ◄── │            queue          │ ◄──
//!            └───────── channel ─────────┘
//! ```
//!
//! Each end writes into one channel and reads from the other. A channel has a writing side and a
//! reading side, and either may be shut: what was queued before is still read, what would be
//! queued after is refused.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice, Read};
use std::net::Shutdown;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::addr::Addr;
use super::lock::{lock, wait_until};
use super::observer::Tapped;
use super::stream::{Stream, at_least_a_moment};

const CAPACITY: usize = 64 * 1024;

/// The two ends of a connection in memory, with room for 64 KiB in each direction.
///
/// A test needs no port with it:
///
/// ```
/// use barewire::net::{Socket, pipe};
/// use std::io::Read;
/// use std::sync::Arc;
///
/// let (here, there) = pipe();
/// let mut client = Socket::new(Arc::new(here));
/// let server = Socket::new(Arc::new(there));
/// server.write_all("welcome")?;
/// server.end()?;
/// let mut heard = String::new();
/// client.read_to_string(&mut heard)?;
/// assert_eq!(heard, "welcome");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn pipe() -> (Pipe, Pipe) {
    pipe_with_capacity(CAPACITY)
}

/// The two ends of a connection in memory, with room for `bytes` (at least one) in each
/// direction: a writer that is further ahead of the reader waits.
///
/// ```
/// use barewire::net::{Stream, pipe_with_capacity};
///
/// let (here, there) = pipe_with_capacity(3); // a peer that soon reads too slowly
/// assert_eq!(here.try_write(b"hello")?, Some(3));
/// assert_eq!(here.try_write(b"lo")?, None);
/// there.read(&mut [0; 2])?;
/// assert_eq!(here.try_write(b"lo")?, Some(2));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn pipe_with_capacity(bytes: usize) -> (Pipe, Pipe) {
    let (one, other) = (Channel::new(bytes), Channel::new(bytes));
    let end = |incoming: &Arc<Channel>, outgoing: &Arc<Channel>| Pipe {
        incoming: Arc::clone(incoming),
        outgoing: Arc::clone(outgoing),
    };
    (end(&one, &other), end(&other, &one))
}

/// One end of a [`pipe()`]. Dropping it is a FIN for the other end's reads and
/// [`ErrorKind::BrokenPipe`] for its writes.
///
/// ```
/// use barewire::net::{Addr, Pipe, Stream, pipe};
///
/// let (here, there): (Pipe, Pipe) = pipe();
/// assert_eq!(here.peer_addr()?, Addr::Pipe);
/// drop(there);
/// assert_eq!(here.read(&mut [0; 16])?, 0); // the end
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Pipe {
    incoming: Arc<Channel>,
    outgoing: Arc<Channel>,
}

impl Stream for Pipe {
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.incoming.read(buf)
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        self.outgoing.write(&[IoSlice::new(buf)])
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.outgoing.write(bufs)
    }

    fn try_read(&self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        Ok(self.incoming.try_read(buf))
    }

    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>> {
        self.outgoing.try_write(buf)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        if how != Shutdown::Write {
            self.incoming.change(|state| state.reader_done = true);
        }
        if how != Shutdown::Read {
            self.outgoing.change(|state| state.writer_done = true);
        }
        Ok(())
    }

    fn abort(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Both)
    }

    fn set_read_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        self.incoming.lock().read_timeout = at_least_a_moment(d);
        Ok(())
    }

    fn set_write_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        self.outgoing.lock().write_timeout = at_least_a_moment(d);
        Ok(())
    }

    fn set_no_delay(&self, _on: bool) -> io::Result<()> {
        Ok(())
    }

    fn local_addr(&self) -> io::Result<Addr> {
        Ok(Addr::Pipe)
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        Ok(Addr::Pipe)
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

impl Drop for Pipe {
    fn drop(&mut self) {
        let _ = self.shutdown(Shutdown::Both);
        self.incoming.lock().queue = VecDeque::new();
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe").finish_non_exhaustive()
    }
}

/// One direction.
struct Channel {
    state: Mutex<State>,
    /// Readers wait while the queue is empty, writers while it is full: never both.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<u8>,
    capacity: usize,
    reader_done: bool,
    writer_done: bool,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

impl Channel {
    fn new(bytes: usize) -> Arc<Channel> {
        let state = State {
            capacity: bytes.max(1),
            ..State::default()
        };
        Arc::new(Channel {
            state: Mutex::new(state),
            changed: Condvar::new(),
        })
    }

    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        let state = self.lock();
        let timeout = state.read_timeout;
        let taken = self.wait(state, timeout, |state| state.take(buf))?;
        self.changed.notify_all();
        Ok(taken)
    }

    fn try_read(&self, buf: &mut [u8]) -> Option<usize> {
        let taken = self.lock().take(buf)?;
        self.changed.notify_all();
        Some(taken)
    }

    fn write(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let state = self.lock();
        let timeout = state.write_timeout;
        let put = self.wait(state, timeout, |state| state.put(bufs))??;
        self.changed.notify_all();
        Ok(put)
    }

    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>> {
        let put = self.lock().put(&[IoSlice::new(buf)]).transpose()?;
        self.changed.notify_all();
        Ok(put)
    }

    /// Attempts until there is a result or the timeout has passed.
    fn wait<T>(
        &self,
        mut state: MutexGuard<'_, State>,
        timeout: Option<Duration>,
        mut attempt: impl FnMut(&mut State) -> Option<T>,
    ) -> io::Result<T> {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            if let Some(done) = attempt(&mut state) {
                return Ok(done);
            }
            state = wait_until(&self.changed, state, until).ok_or(ErrorKind::TimedOut)?;
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    /// What a read returns now; `None`: nothing yet.
    fn take(&mut self, buf: &mut [u8]) -> Option<usize> {
        let n = buf.len().min(self.queue.len());
        let ended = self.writer_done || self.reader_done;
        if n == 0 && !ended && !buf.is_empty() {
            return None;
        }
        self.queue.read_exact(&mut buf[..n]).ok()?;
        Some(n)
    }

    /// What a write returns now; `None`: no room yet.
    fn put(&mut self, bufs: &[IoSlice<'_>]) -> Option<io::Result<usize>> {
        if self.writer_done || self.reader_done {
            return Some(Err(ErrorKind::BrokenPipe.into()));
        }
        let before = self.queue.len();
        for buf in bufs {
            let n = buf.len().min(self.capacity - self.queue.len());
            self.queue.extend(&buf[..n]);
        }
        let put = self.queue.len() - before;
        let nothing_to_put = bufs.iter().all(|buf| buf.is_empty());
        (put > 0 || nothing_to_put).then_some(Ok(put))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::is_timeout;
    use std::thread;

    fn kind(result: io::Result<usize>) -> ErrorKind {
        result.unwrap_err().kind()
    }

    #[test]
    fn both_ends_write_and_read() {
        let (here, there) = pipe();
        let mut buf = [0; 8];
        assert_eq!(
            here.write_vectored(&[IoSlice::new(b"pi"), IoSlice::new(b"ng")])
                .unwrap(),
            4
        );
        assert_eq!(there.read(&mut buf).unwrap(), 4);
        assert_eq!(&buf[..4], b"ping");
        there.write(b"pong!").unwrap();
        assert_eq!(here.try_read(&mut buf[..4]).unwrap(), Some(4));
        assert_eq!(here.try_read(&mut buf).unwrap(), Some(1));
        assert_eq!(here.try_read(&mut buf).unwrap(), None);
    }

    #[test]
    fn a_writer_waits_for_room() {
        let (here, there) = pipe_with_capacity(4);
        assert_eq!(here.write(b"abcdef").unwrap(), 4);
        let writer = thread::spawn(move || here.write(b"gh").unwrap());
        let mut buf = [0; 4];
        assert_eq!(there.read(&mut buf).unwrap(), 4);
        assert_eq!(writer.join().unwrap(), 2);
        assert_eq!(there.read(&mut buf).unwrap(), 2);
        assert_eq!(there.read(&mut buf).unwrap(), 0); // dropped with its thread
    }

    #[test]
    fn try_write_never_waits() {
        let (here, there) = pipe_with_capacity(4);
        assert_eq!(here.try_write(b"abcdef").unwrap(), Some(4));
        assert_eq!(here.try_write(b"ef").unwrap(), None);
        assert_eq!(there.read(&mut [0; 4]).unwrap(), 4);
        assert_eq!(here.try_write(b"ef").unwrap(), Some(2));
        drop(there);
        assert_eq!(
            here.try_write(b"x").unwrap_err().kind(),
            ErrorKind::BrokenPipe
        );
    }

    #[test]
    fn waiting_ends_with_the_timeout() {
        let (here, there) = pipe_with_capacity(1);
        here.set_read_timeout(Some(Duration::from_millis(1)))
            .unwrap();
        here.set_write_timeout(Some(Duration::ZERO)).unwrap();
        assert!(is_timeout(&here.read(&mut [0; 1]).unwrap_err()));
        assert_eq!(here.write(b"x").unwrap(), 1);
        assert!(is_timeout(&here.write(b"y").unwrap_err()));
        assert_eq!(there.read(&mut [0; 2]).unwrap(), 1);
    }

    #[test]
    fn each_direction_is_shut_by_itself() {
        let (here, there) = pipe();
        let mut buf = [0; 8];
        here.write(b"last").unwrap();
        here.shutdown(Shutdown::Write).unwrap();
        assert_eq!(kind(here.write(b"x")), ErrorKind::BrokenPipe);
        there.write(b"still").unwrap();
        here.shutdown(Shutdown::Read).unwrap();
        assert_eq!(kind(there.write(b"x")), ErrorKind::BrokenPipe);
        assert_eq!(here.read(&mut buf).unwrap(), 5);
        assert_eq!(here.read(&mut buf).unwrap(), 0);
        assert_eq!(there.read(&mut buf).unwrap(), 4);
        assert_eq!(there.try_read(&mut buf).unwrap(), Some(0));
    }

    #[test]
    fn a_shutdown_wakes_the_threads_that_wait() {
        let (here, there) = pipe_with_capacity(1);
        here.write(b"x").unwrap();
        thread::scope(|scope| {
            let writer = scope.spawn(|| kind(here.write(b"y")));
            let reader = scope.spawn(|| here.read(&mut [0; 1]).unwrap());
            drop(there);
            assert_eq!(writer.join().unwrap(), ErrorKind::BrokenPipe);
            assert_eq!(reader.join().unwrap(), 0);
        });
    }
}
