//! The connection under TLS: both ways at once.
//!
//! One `rustls::Connection` knows the keys of both directions, so it can be used by one thread at a
//! time. If a lock around it were held while a thread sleeps in `read`, nobody could write; so there
//! are three, and the one around the keys is never held across a system call:
//!
//! ```text
//!            the reading right                             the pen
//!            one reads, may sleep                          one writes, may sleep
//!          ┌───────────────────────┐                     ┌──────────────────────┐
//!   below ─┼─► read ─► ciphertext ─┼─┐                 ┌─┼─► sealed ─► write ───┼─► below
//!          └───────────────────────┘ │                 │ └──────────────────────┘
//!                        ┌───────────▼─── the state ───┴──────┐
//!                        │  open      rustls::Connection seal │
//!                        └───────────┬──────────▲─────────────┘
//!                         plaintext ◄┘          └─ plaintext
//!
//!   order: reading right → state          pen → state          never both ways
//! ```
//!
//! Three sentences hold:
//! 1. The state is taken for memory work only: to open what was read, to seal what is to be written.
//! 2. The reader never waits for the pen. What it owes (an alert, a refusal) is put into the state; if
//!    the pen is taken, its holder looks there *after* laying it down. So nothing is left behind.
//! 3. What was sealed cannot be taken back, since the records are numbered: it stays in the pen until
//!    it is gone, and what is told of it is the truth (see `pen.rs`).
//!
//! Not everything that is owed is urgent: the answer to a KeyUpdate goes before the *next* record (RFC
//! 8446 §4.6.3), and rustls puts it there. Session tickets do not wait for an answer, though. A client that
//! gathers small writes (Nagle) holds its request back until it hears from us, and our side's delayed ACK
//! would let it wait 40 ms.
//!
//! `handshake.rs` is how a connection begins, `reading.rs` and `pen.rs` are the two directions,
//! `owed.rs` the hand-over and how it ends, `info.rs` what can be asked of it.

mod handshake;
mod info;
mod owed;
mod pen;
mod reading;

#[cfg(test)]
mod tests;

pub(super) use handshake::{Failure, Shaken, handshake};
pub(super) use info::Judgement;

use super::explain::explain;
use crate::net::{Addr, Stream, is_timeout};
use info::Info;
use owed::State;
use pen::{Pen, Room};
use reading::Reading;
use rustls::Connection;
use std::any::Any;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// A connection under TLS: what the stream below carries, sealed and checked. It is a
/// [`Stream`] as every other, both ways at once.
///
/// | the trait's word | here |
/// |---|---|
/// | `read` is 0 | the peer said that it is done (close_notify) |
/// | `read` fails with [`ErrorKind::UnexpectedEof`] | TCP ended without that: something may be missing |
/// | `read` fails with [`ErrorKind::InvalidData`] | what came is not what the peer sealed; an [`Error`](crate::tls::Error) is inside |
/// | `write` timed out | nothing more was taken; *write the same bytes again*, or end the connection |
/// | `shutdown(Write)` | close_notify, then the FIN; it waits as a write does |
/// | `shutdown(Both)` | close_notify if that is possible at once |
/// | dropped | the same |
/// | `abort` | no close_notify: the peer finds its input cut |
///
/// Errors of reading stay: the next read tells the same.
pub struct Tls {
    below: Arc<dyn Stream>,
    info: Info,
    reading: Mutex<Reading>,
    pen: Mutex<Pen>,
    state: Mutex<State>,
    /// Reading was ended on this side, so that a FIN means nothing.
    deaf: AtomicBool,
    read_timeout: Mutex<Option<Duration>>,
    write_timeout: Mutex<Option<Duration>>,
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
        let updated = self.state().connection.refresh_traffic_keys();
        updated.map_err(|e| explain(&e))?;
        self.write(&[]).map(drop)
    }

    fn begin(below: Arc<dyn Stream>, connection: Connection, reading: Reading, info: Info) -> Tls {
        let tls = Tls {
            below,
            info,
            reading: Mutex::new(reading),
            pen: Mutex::default(),
            state: Mutex::new(State::new(connection)),
            deaf: AtomicBool::new(false),
            read_timeout: Mutex::new(None),
            write_timeout: Mutex::new(None),
        };
        tls.settle_at_once(); // the tickets
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
        let wrote = self.seal_and_write(&mut lock(&self.pen), bufs, Room::IsWaitedFor);
        match &wrote {
            Err(e) if is_timeout(e) => self.settle_at_once(),
            _ => drop(self.settle()), // for others, who were told to rely on us
        }
        wrote
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
        let Some(mut pen) = try_lock(&self.pen) else {
            return Ok(None); // another writes: there is no room before that has gone
        };
        let wrote = self.seal_and_write(&mut pen, &[IoSlice::new(buf)], Room::IsThereOrNot);
        drop(pen);
        self.settle_at_once(); // for others, who were told to rely on us
        match wrote {
            Ok(n) => Ok(Some(n)),
            Err(e) if is_timeout(&e) => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        if how != Shutdown::Write {
            self.deaf.store(true, Ordering::SeqCst);
        }
        match how {
            Shutdown::Read => self.below.shutdown(Shutdown::Read),
            Shutdown::Write => self.end_writing(),
            Shutdown::Both => self.end(),
        }
    }

    fn abort(&self) -> io::Result<()> {
        self.deaf.store(true, Ordering::SeqCst);
        self.below.shutdown(Shutdown::Both)
    }

    fn set_read_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        let mut kept = lock(&self.read_timeout);
        *kept = d;
        self.below.set_read_timeout(d)
    }

    fn set_write_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        let mut kept = lock(&self.write_timeout);
        *kept = d;
        self.below.set_write_timeout(d)
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
        self.say_goodbye();
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
