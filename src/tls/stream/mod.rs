//! The connection under TLS, read and written at the same time.
//!
//! One `rustls::Connection` has the keys of both directions, so one thread at a time can use it. If a lock
//! around it were held while a thread sleeps in `read`, no thread could write. So each direction has a
//! lock of its own, and the lock around the keys is never held across a call of the stream below:
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
//! There are four mutexes and the write turn, which is a word in the state: it is taken and released under
//! the state lock, and the state lock is released in between. A thread takes them from left to right, and
//! skips what it does not need; no thread waits for the write turn while it holds the state lock:
//!
//! ```text
//!   reading ──► write turn ──► state ──► read_timeout | write_timeout
//!   (mutex)     (in state)     (mutex)         (mutex each)
//! ```
//!
//! | lock | guards | held while |
//! |---|---|---|
//! | `reading`, the read lock | the ciphertext that was read | the stream below reads, which may sleep |
//! | the write turn: a word in the state; `turn_released` is its condition variable | the right to write to the stream below | the stream below writes, which may sleep |
//! | `state`, the state lock | the keys, the records in flight, the write turn | memory is worked on |
//! | `read_timeout`, `write_timeout` | a timeout that was set, and its bound | one value is read or written |
//!
//! Three sentences hold:
//! 1. The stream below, which may be a user's, is called without `state` and without the two timeouts'
//!    mutexes. (`the_stream_below_is_called_without_the_state_lock` tries every method.)
//! 2. A reader never waits for room. What it has to send (an alert, a refusal) is put into the state. If a
//!    thread in a blocking write has the write turn, that thread sends it before it releases the turn.
//! 3. Records that were sealed cannot be taken back, since they are numbered: they stay in flight until
//!    they have left, and a write reports only what has left (see [`in_flight`]).
//!
//! Pending records differ in urgency. The answer to a KeyUpdate goes before the *next* record (RFC 8446
//! §4.6.3), and rustls puts it there. Session tickets leave at once: a client with Nagle's algorithm sends
//! its second small write only after our ACK, our delayed ACK waits up to 40 ms, and data of ours carries
//! the ACK.
//!
//! [`handshake`] is how a connection begins, with the judgement of [`first_flight`]; [`reading`] is one
//! direction. The other is decided in
//! [`write_queue`], a machine without threads, and done in [`writing`]; [`in_flight`] is what lies between
//! rustls and the stream below; [`final_alert`] finds the reason of a write that fails. [`timeout`] is a direction's
//! timeout, [`info`] what can be asked of a connection.

mod final_alert;
mod first_flight;
mod handshake;
mod in_flight;
mod info;
mod reading;
mod timeout;
mod write_queue;
mod writing;

#[cfg(test)]
mod tests;

pub(super) use handshake::Handshake;

use super::error::handshake::explain;
use crate::net::{self, Stream, is_timeout, lock};
use info::Info;
use reading::Reading;
use rustls::Connection;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, TryLockError};
use std::time::Duration;
use timeout::Timeout;
use write_queue::Blocking;
use writing::{CONTROL_TIMEOUT, State};

/// A connection under TLS: a [`Stream`] like every other, read and written at the same time.
///
/// A program meets it as a [`Stream`] and asks with [`Tls::of`] who the peer is and what was negotiated:
///
/// ```
/// # use barewire::tls::{self, ClientOptions, ServerOptions};
/// # let options = ServerOptions::new()
/// #     .cert(std::fs::read("fixtures/tls/server.crt")?)
/// #     .key(std::fs::read("fixtures/tls/server.key")?);
/// # let server = tls::create_server(&options, |socket| socket.pipe(&socket).map(drop))?;
/// # let server = server.listen("127.0.0.1:0")?;
/// # let address = format!("localhost:{}", server.local_addr().port().unwrap());
/// use barewire::tls::Tls;
///
/// let trusted = ClientOptions::new().ca(std::fs::read("fixtures/tls/ca.crt")?);
/// let socket = tls::connect(&address, &trusted)?;
/// let tls = Tls::of(&**socket.stream()).unwrap(); // `None`: it is not under TLS
/// assert!(tls.authorized());
/// assert_eq!((tls.protocol(), tls.servername()), ("TLSv1.3", Some("localhost")));
/// let certificate = tls.peer_certificate().unwrap();
/// println!("{}, issued by {}", certificate.subject(), certificate.issuer());
/// println!("{} {:?}", tls.cipher(), tls.peer_fingerprint256());
/// # drop(socket);
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// | method and result | meaning |
/// |---|---|
/// | `read` returns 0 | the peer has sent close_notify: it sends no more |
/// | `read` fails with [`ErrorKind::UnexpectedEof`] | TCP ended without close_notify: something may be missing |
/// | `read` fails with [`ErrorKind::InvalidData`] | the bytes are not what the peer sealed; an [`Error`](crate::tls::Error) is inside |
/// | `write` timed out | nothing more was taken; *write the same bytes again*, or end the connection |
/// | `try_write` is `None` | there is no room, or another thread is in a `write`; *offer the same bytes again*, or end the connection |
/// | `write` fails with [`ErrorKind::InvalidData`] | the peer has sent an alert and ended the connection; an [`Error`](crate::tls::Error) with its name is inside |
/// | `shutdown(Write)` | sends close_notify, then the FIN, behind all sealed records |
/// | ⋯ if there is no room | waits as a `write` does: for the write timeout, not at all if that is zero, for 30 s if none is set |
/// | ⋯ if there is still no room | fails with a timeout: the end is *pending*. It leaves with the next call of `shutdown(Write)`, `write`, `try_write` or `read` that finds room; a `read` tries again while it waits |
/// | ⋯ while another thread is in a `write` | returns `Ok` at once: that thread sends the end behind its bytes. If that `write` times out, the end is pending, and the next `shutdown(Write)` says so |
/// | ⋯ after a `write` that timed out | the records that were sealed for it leave first, though the write has not reported them: the peer may get up to 128 KiB more than was reported, never less, and in order |
/// | `shutdown(Both)` | sends close_notify if there is room at once |
/// | dropped | the same |
/// | `abort` | sends no close_notify: the peer sees that its input was cut |
///
/// Errors are kept, one for reading and one for writing: the next call returns the same error. (An error
/// of the operating system keeps its code, so that its `ETIMEDOUT` is never taken for a timeout that was
/// set here.)
pub struct Tls {
    below: Arc<dyn Stream>,
    info: Info,
    reading: Mutex<Reading>,
    state: Mutex<State>,
    turn_released: Condvar,
    /// This side has ended reading, so a FIN means nothing.
    read_shut: AtomicBool,
    read_timeout: Timeout,
    write_timeout: Timeout,
    /// [`CONTROL_TIMEOUT`]; tests shorten it.
    control_timeout: Duration,
}

impl Tls {
    /// The stream as a connection under TLS; `None` if it is another kind of stream.
    pub fn of(stream: &dyn Stream) -> Option<&Tls> {
        stream.as_any().downcast_ref()
    }

    /// The stream below. To read from it or write to it directly breaks the TLS connection.
    pub fn get_ref(&self) -> &Arc<dyn Stream> {
        &self.below
    }

    /// Changes the keys of what this side sends, and asks the peer to change its keys (TLS 1.3). rustls
    /// does so by itself before a key has sealed too many records.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] under TLS 1.2; else as for [`Stream::write`].
    pub fn update_keys(&self) -> io::Result<()> {
        if self.protocol() != "TLSv1.3" {
            let why = "a TLS 1.2 connection keeps its keys";
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

    fn begin(
        below: Arc<dyn Stream>,
        connection: Connection,
        reading: Reading,
        info: Info,
    ) -> Box<Tls> {
        let tls = Box::new(Tls {
            below,
            info,
            reading: Mutex::new(reading),
            state: Mutex::new(State::new(connection)),
            turn_released: Condvar::new(),
            read_shut: AtomicBool::new(false),
            read_timeout: Timeout::default(),
            write_timeout: Timeout::default(),
            control_timeout: CONTROL_TIMEOUT,
        });
        tls.flush(tls.state()); // a server has tickets to send
        tls
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl net::Layer for Tls {
    fn below(&self) -> &dyn Stream {
        &*self.below
    }

    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.open_next(&mut lock(&self.reading), buf)
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        self.write_plaintext(&[IoSlice::new(buf)], Blocking::Yes)
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
            None => Ok(None), // another thread reads, and gets what comes
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
        self.read_timeout.set(d, |d| self.below.set_read_timeout(d))
    }

    fn set_write_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        self.write_timeout
            .set(d, |d| self.below.set_write_timeout(d))
    }

    fn is_encrypted(&self) -> bool {
        true
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
            .field("protocol", &self.protocol())
            .field("cipher", &self.cipher())
            .field("servername", &self.servername())
            .field("authorized", &self.authorized())
            .finish_non_exhaustive()
    }
}

fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
