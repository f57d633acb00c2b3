//! The connection under TLS: both ways at once.
//!
//! One `rustls::Connection` knows the keys of both directions, so it can be used by one thread at a
//! time. If a lock around it were held while a thread sleeps in `read`, nobody could write. So each
//! direction has a turn of its own, and the lock around the keys is never held across a system call:
//!
//! ```text
//!            the read lock                                 the write turn
//!            one thread reads, may sleep                   one thread writes, may sleep
//!          ┌───────────────────────┐                     ┌──────────────────────┐
//!   below ─┼─► read ─► ciphertext ─┼─┐                 ┌─┼► in flight ─► write ─┼─► below
//!          └───────────────────────┘ │                 │ └──────────────────────┘
//!                        ┌───────────▼─ the state lock ─┴─────┐
//!                        │  open      rustls::Connection seal │
//!                        └───────────┬──────────▲─────────────┘
//!                         plaintext ◄┘          └─ plaintext
//! ```
//!
//! | lock | held while | taken inside |
//! |---|---|---|
//! | `reading` (a mutex): the read lock | the stream below reads, which may sleep | nothing |
//! | the write turn (a word in the state, with the condition variable `turn_released`) | the stream below writes, which may sleep | the read lock, by a reader that sends what is pending without waiting |
//! | `state` (a mutex): the state lock | memory is worked on | the read lock, the write turn |
//! | `read_timeout`, `write_timeout` (a mutex each) | one value is read or written | any of these but `state` |
//!
//! Three sentences hold:
//! 1. The state lock is taken for memory work only: to open what was read, to seal what is to be
//!    written, to decide who writes. The stream below, which may be a user's, is called without it.
//! 2. A reader never waits for room. What it has to send (an alert, a refusal) is put into the state. If
//!    a writer that may sleep has the write turn, that writer sends it before it gives the turn back.
//! 3. What was sealed cannot be taken back, since the records are numbered: it stays in flight until it
//!    has left, and a write reports only what has left (see `in_flight.rs`).
//!
//! Not everything that is pending is urgent: the answer to a KeyUpdate goes before the *next* record (RFC
//! 8446 §4.6.3), and rustls puts it there. Session tickets do not wait for an answer, though. A client that
//! gathers small writes (Nagle) holds its request back until it hears from us, and our side's delayed ACK
//! would let it wait 40 ms.
//!
//! `handshake.rs` is how a connection begins, `reading.rs` one direction. The other is decided in
//! `write_queue.rs`, a machine without threads, and done in `writing.rs`; `in_flight.rs` is what lies
//! between rustls and the stream below. `info.rs` is what can be asked of a connection.

mod handshake;
mod in_flight;
mod info;
mod io_failure;
mod reading;
mod timeout;
mod write_queue;
mod writing;

#[cfg(test)]
mod tests;

pub(super) use handshake::{Failure, Shaken, handshake};
pub(super) use info::Judgement;

use super::explain::explain;
use crate::net::{Addr, Stream, is_timeout};
use info::Info;
use reading::Reading;
use rustls::Connection;
use std::any::Any;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;
use timeout::Timeout;
use write_queue::Blocking;
use writing::{CONTROL_TIMEOUT, State};

/// A connection under TLS: what the stream below carries, sealed and checked. It is a
/// [`Stream`] as every other, both ways at once.
///
/// | the trait's word | here |
/// |---|---|
/// | `read` is 0 | the peer said that it is done (close_notify) |
/// | `read` fails with [`ErrorKind::UnexpectedEof`] | TCP ended without that: something may be missing |
/// | `read` fails with [`ErrorKind::InvalidData`] | what came is not what the peer sealed; an [`Error`](crate::tls::Error) is inside |
/// | `write` timed out | nothing more was taken; *write the same bytes again*, or end the connection |
/// | `try_write` is `None` | there is no room, or another thread's `write` is under way |
/// | `shutdown(Write)` | close_notify, then the FIN, behind all that was sealed |
/// | ⋯ if there is no room | it waits as a `write` does: for the write timeout, not at all if that is zero, for 30 s if none is set |
/// | ⋯ if there is still no room | a timeout: the end is *pending*. It leaves with the next call of `shutdown(Write)`, `write`, `try_write` or `read` that finds room; a `read` tries again while it waits |
/// | ⋯ while another thread is in a `write` | `Ok` at once: that thread sends the end behind its bytes. If its time is up, the end is pending, and the next `shutdown(Write)` says so |
/// | ⋯ after a `write` that timed out | the records that were sealed for it leave first, though the write has not reported them: the peer may get up to 128 KiB more than was reported, never less, and in order |
/// | `shutdown(Both)` | close_notify if that is possible at once |
/// | dropped | the same |
/// | `abort` | no close_notify: the peer finds its input cut |
///
/// Errors of reading and of writing stay: the next call returns the same. (Only what the operating system
/// says keeps its code, so that its `ETIMEDOUT` is never taken for a timeout that was set here.)
pub struct Tls {
    below: Arc<dyn Stream>,
    info: Info,
    reading: Mutex<Reading>,
    state: Mutex<State>,
    turn_released: Condvar,
    /// Reading was ended on this side, so that a FIN means nothing.
    read_shut: AtomicBool,
    read_timeout: Timeout,
    write_timeout: Timeout,
    /// [`CONTROL_TIMEOUT`], or a test's.
    control_timeout: Duration,
}

impl Tls {
    /// The connection under TLS that a stream is; `None` if it is another kind of stream.
    pub fn of(stream: &dyn Stream) -> Option<&Tls> {
        stream.as_any().downcast_ref()
    }

    /// The stream below. What is read from it or written to it here is lost to TLS, and ends it.
    pub fn get_ref(&self) -> &Arc<dyn Stream> {
        &self.below
    }

    /// Takes new keys for what this side sends, and asks the peer to do the same (TLS 1.3). It is
    /// done without asking when a key has served long enough.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] under TLS 1.2; else as for [`Stream::write`].
    pub fn update_keys(&self) -> io::Result<()> {
        if self.protocol() != "TLSv1.3" {
            let why = "a key serves for the whole of a TLS 1.2 connection";
            return Err(io::Error::new(ErrorKind::Unsupported, why));
        }
        let mut state = self.state();
        if !state.queue.is_open() {
            return Err(ErrorKind::BrokenPipe.into()); // nothing follows close_notify
        }
        let updated = state.queue.session.refresh_traffic_keys();
        drop(state);
        updated.map_err(|e| explain(&e))?;
        self.write(&[]).map(drop)
    }

    fn begin(below: Arc<dyn Stream>, connection: Connection, reading: Reading, info: Info) -> Tls {
        let tls = Tls {
            below,
            info,
            reading: Mutex::new(reading),
            state: Mutex::new(State::new(connection)),
            turn_released: Condvar::new(),
            read_shut: AtomicBool::new(false),
            read_timeout: Timeout::default(),
            write_timeout: Timeout::default(),
            control_timeout: CONTROL_TIMEOUT,
        };
        tls.flush(tls.state()); // the tickets
        tls
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Stream for Tls {
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.open_next(&mut lock(&self.reading), buf)
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buf)])
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.write_plaintext(bufs, Blocking::Yes)
    }

    fn try_read(&self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        if buf.is_empty() {
            return Ok(Some(0));
        }
        match try_lock(&self.reading) {
            Some(mut reading) => self.try_open_next(&mut reading, buf),
            None => Ok(None), // another waits there, and will get what comes
        }
    }

    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>> {
        match self.write_plaintext(&[IoSlice::new(buf)], Blocking::No) {
            Ok(n) => Ok(Some(n)),
            Err(e) if is_timeout(&e) => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        if how != Shutdown::Write {
            self.read_shut.store(true, Ordering::SeqCst);
        }
        match how {
            Shutdown::Read => self.below.shutdown(Shutdown::Read),
            Shutdown::Write => self.end(),
            Shutdown::Both => {
                self.send_close_notify();
                self.below.shutdown(Shutdown::Both)
            }
        }
    }

    fn abort(&self) -> io::Result<()> {
        self.read_shut.store(true, Ordering::SeqCst);
        self.below.abort()
    }

    fn set_read_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        let below = |d| self.below.set_read_timeout(d);
        self.read_timeout.set(d, below)
    }

    fn set_write_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        let below = |d| self.below.set_write_timeout(d);
        self.write_timeout.set(d, below)
    }

    fn set_no_delay(&self, on: bool) -> io::Result<()> {
        self.below.set_no_delay(on)
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.below.local_addr()
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        self.below.peer_addr()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.send_close_notify();
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("below", &self.below)
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

/// A thread that panicked has left nothing half done here: the locks guard what rustls keeps whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
