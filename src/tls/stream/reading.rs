//! Reading: records are read from the stream below and opened; the caller gets the plaintext.
//!
//! ```text
//!   below ──read──► ciphertext ──read_tls──► rustls: whole records, opened ──reader──► buf
//!                   1 to 64 KiB              16 KiB at most
//! ```
//!
//! The ciphertext is a [`ReadBuffer`]: it doubles when a read fills it. Here it also halves when a read
//! takes less than a quarter of it. The stream below is not read while the buffer holds anything, so bytes
//! are never moved inside it.

use super::super::error::handshake::explain;
use super::Tls;
use super::timeout::{Bound, Timeout};
use crate::net::{Cause, ReadBuffer, is_timeout};
use rustls::{Connection, InvalidMessage, IoState};
use std::io::{self, ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The first bytes are a handshake.
const FIRST_BYTES: usize = 4 * 1024;
const MIN_BYTES: usize = 1024;
const MAX_BYTES: usize = 64 * 1024;

/// How long a reader waits before it tries again to send pending records: at first, and at most.
const FIRST_RETRY: Duration = Duration::from_millis(10);
const LAST_RETRY: Duration = Duration::from_secs(1);

/// What the read lock guards.
#[derive(Debug)]
pub(super) struct Reading {
    ciphertext: ReadBuffer,
    /// How many bytes the last read of the stream below brought.
    last_read: usize,
    ended: Option<Ended>,
}

/// Why nothing more can be read.
#[derive(Clone, Debug)]
enum Ended {
    /// The peer has sent close_notify, or this side has ended reading.
    Closed,
    /// The FIN has come without close_notify.
    Cut,
    Broken(rustls::Error),
    Io(Cause),
}

/// The result of opening what was read.
enum Opened {
    /// This many bytes of plaintext; 0 at the end.
    Plaintext(usize),
    /// No plaintext yet. `pending`: some records had no room to be sent.
    Nothing { pending: bool },
}

impl Tls {
    /// Waits until there is plaintext, or the end of it. If records are pending that had no room
    /// (close_notify, an alert), the reader wakes after [`FIRST_RETRY`], then after ever longer times, and
    /// tries to send them: there may be no other thread to do so.
    pub(super) fn open_next(&self, reading: &mut Reading, buf: &mut [u8]) -> io::Result<usize> {
        let mut wait = ReadWait::default();
        let mut retry = FIRST_RETRY;
        loop {
            let pending = match self.open(reading, buf)? {
                Opened::Plaintext(n) => return Ok(n),
                Opened::Nothing { pending } => pending,
            };
            if pending || wait.has_read {
                wait.check(&self.read_timeout)?;
            }
            wait.has_read = true;
            let bounded = pending.then(|| self.bound_reads(&mut retry));
            match reading.fill(|room| self.below.read(room)) {
                Err(e) if is_timeout(&e) && (bounded.is_none() || wait.is_over()) => {
                    return Err(e);
                }
                Err(e) if is_timeout(&e) => {}
                read => self.note_end(reading, read),
            }
        }
    }

    /// Returns the plaintext that is here; `None` if there is not one byte of it.
    pub(super) fn try_open_next(
        &self,
        reading: &mut Reading,
        buf: &mut [u8],
    ) -> io::Result<Option<usize>> {
        loop {
            if let Opened::Plaintext(n) = self.open(reading, buf)? {
                return Ok(Some(n));
            }
            let mut nothing = false;
            let read = reading.fill(|room| {
                let read = self.below.try_read(room)?;
                nothing = read.is_none();
                Ok(read.unwrap_or(0))
            });
            if nothing {
                return Ok(None);
            }
            self.note_end(reading, read);
        }
    }

    #[inline]
    pub(super) fn note_end(&self, reading: &mut Reading, read: io::Result<usize>) {
        if !matches!(read, Ok(1..)) {
            reading.ended = self.why_ended(read);
        }
    }

    #[cold]
    fn why_ended(&self, read: io::Result<usize>) -> Option<Ended> {
        match read {
            Ok(0) if self.read_shut.load(Ordering::SeqCst) => Some(Ended::Closed),
            Ok(0) => Some(Ended::Cut),
            Ok(_) => None,
            Err(e) if e.kind() == ErrorKind::Interrupted => None,
            Err(e) => Some(Ended::Io(e.into())),
        }
    }

    /// Opens what was read, as far as `buf` has room, and sends what is pending, as far as the stream below
    /// has room. It does not wait. (Inlined into its two callers, which are one loop each: that saves 32
    /// instructions in a read.)
    #[inline(always)]
    fn open(&self, reading: &mut Reading, buf: &mut [u8]) -> io::Result<Opened> {
        let mut state = self.state();
        let opened = reading.open(&mut state.queue.session, buf);
        let mut pending = state.queue.is_pending();
        if pending {
            self.flush(state);
            pending = self.state().queue.is_pending();
        } else {
            drop(state);
        }
        match (opened, &reading.ended) {
            (0, None) => Ok(Opened::Nothing { pending }),
            (0, Some(ended)) => ended.result().map(Opened::Plaintext),
            (n, _) => Ok(Opened::Plaintext(n)),
        }
    }

    /// Bounds the next read of the stream below until the result is dropped.
    #[cold]
    fn bound_reads(&self, retry: &mut Duration) -> impl Drop {
        let bound = Bound::AtMost(*retry);
        *retry = LAST_RETRY.min(*retry * 2);
        let below = |timeout| self.below.set_read_timeout(timeout);
        self.read_timeout.bound(bound, below)
    }
}

impl Reading {
    pub(super) fn new() -> Reading {
        Reading {
            ciphertext: ReadBuffer::new(FIRST_BYTES, MAX_BYTES),
            last_read: 0,
            ended: None,
        }
    }

    /// The bytes that were read and not opened.
    pub(super) fn unopened(&self) -> &[u8] {
        self.ciphertext.unread()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ciphertext.is_empty()
    }

    /// Lets `read` put bytes into the buffer, behind those that are there: none, or first bytes that were
    /// too few to be judged.
    pub(super) fn fill(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let size = self.ciphertext.size();
        if self.last_read < size / 4 && size > MIN_BYTES {
            self.ciphertext.shrink_to(size / 2);
        }
        let n = read(self.ciphertext.room())?;
        self.ciphertext.filled(n);
        self.last_read = n;
        Ok(n)
    }

    /// Opens records until `buf` is full or nothing is left. Returns how many bytes `buf` got.
    fn open(&mut self, connection: &mut Connection, buf: &mut [u8]) -> usize {
        let mut n = take(connection, buf);
        while n < buf.len() && !self.is_empty() && self.ended.is_none() {
            if let Err(error) = self.feed(connection) {
                self.ended = Some(Ended::Broken(error));
            }
            n += take(connection, &mut buf[n..]);
        }
        n
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Opens records that are no plaintext; false: there is plaintext, which a read takes first.
    pub(super) fn feed_control(&mut self, connection: &mut Connection) -> bool {
        let has_plaintext = |opened: IoState| opened.plaintext_bytes_to_read() > 0;
        if self.has_ended() || process(connection).is_ok_and(has_plaintext) {
            return false;
        }
        if let Err(error) = self.feed(connection) {
            self.ended = Some(Ended::Broken(error));
        }
        true
    }

    /// Gives rustls as many bytes as it takes at a time.
    pub(super) fn feed(&mut self, connection: &mut Connection) -> Result<(), rustls::Error> {
        if !self.is_empty() {
            let fed = connection.read_tls(&mut self.unopened()).ok();
            let fed = fed.filter(|n| *n > 0);
            // rustls joins the parts of a message up to 64 KiB, and then has no room.
            let fed = fed.ok_or(InvalidMessage::HandshakePayloadTooLarge)?;
            self.ciphertext.consume(fed);
        }
        if process(connection)?.peer_has_closed() {
            self.ended = Some(Ended::Closed);
        }
        Ok(())
    }
}

/// No alert can be sent after our close_notify. If one is due nevertheless, a rustls with debug assertions
/// panics, and a peer must not be able to make us panic.
pub(super) fn process(connection: &mut Connection) -> Result<IoState, rustls::Error> {
    let processed = catch_unwind(AssertUnwindSafe(|| connection.process_new_packets()));
    processed.unwrap_or_else(|_| Err(rustls::Error::General("after our close_notify".into())))
}

/// Moves opened plaintext to `buf`; 0 if there is none.
fn take(connection: &mut Connection, buf: &mut [u8]) -> usize {
    connection.reader().read(buf).unwrap_or(0)
}

impl Ended {
    /// The result of every read from now on.
    fn result(&self) -> io::Result<usize> {
        match self {
            Ended::Closed => Ok(0),
            Ended::Cut => Err(io::Error::new(
                ErrorKind::UnexpectedEof,
                "cut off: the peer ended TCP without close_notify, so bytes may be missing",
            )),
            Ended::Broken(error) => Err(explain(error).into()),
            Ended::Io(cause) => Err(cause.into()),
        }
    }
}

/// How long one read waits, though a record may come in many pieces. No clock is read if the first read of
/// the stream below brings the whole record.
#[derive(Default)]
struct ReadWait {
    /// The stream below has been read.
    has_read: bool,
    /// Set when the wait begins; `Some(None)` if there is no timeout.
    deadline: Option<Option<Instant>>,
}

impl ReadWait {
    /// Begins the wait, unless it has begun. It is not over before the stream below has been read.
    #[cold]
    fn check(&mut self, timeout: &Timeout) -> io::Result<()> {
        self.deadline.get_or_insert_with(|| {
            let timeout = timeout.get()?;
            Instant::now().checked_add(timeout)
        });
        match self.has_read && self.is_over() {
            true => Err(ErrorKind::TimedOut.into()),
            false => Ok(()),
        }
    }

    fn is_over(&self) -> bool {
        let deadline = self.deadline.flatten();
        deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}
