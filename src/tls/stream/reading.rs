//! Reading: what comes is opened, and the plaintext moved to who asked for it.
//!
//! ```text
//!   below ──read──► ciphertext ──read_tls──► rustls: whole records, opened ──reader──► buf
//!                   1 to 64 KiB              16 KiB at most
//! ```
//!
//! The ciphertext has room for more as long as more comes at once, and for little while the
//! connection is quiet. Nothing is read while anything is left in it, so it never has to be moved.

use super::super::explain::explain;
use super::Tls;
use super::io_failure::IoFailure;
use super::timeout::{Bound, Timeout};
use crate::net::is_timeout;
use rustls::{Connection, IoState};
use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const LEAST_ROOM: usize = 1024;
/// There is a handshake to come.
const FIRST_ROOM: usize = 4 * 1024;
const MOST_ROOM: usize = 64 * 1024;

/// How long a reader waits before it tries again to send what is pending: at first, and at most.
const FIRST_RETRY: Duration = Duration::from_millis(10);
const LAST_RETRY: Duration = Duration::from_secs(1);

/// What belongs to the one who reads.
pub(super) struct Reading {
    /// What came and was not opened: `at..end`.
    ciphertext: Vec<u8>,
    at: usize,
    end: usize,
    /// How much room the next read is given.
    room: usize,
    ended: Option<Ended>,
}

/// Why nothing more comes.
#[derive(Clone, Debug)]
enum Ended {
    /// The peer's close_notify has come, or reading was ended on this side.
    Closed,
    /// The FIN has come without close_notify.
    Cut,
    Broken(rustls::Error),
    Io(IoFailure),
}

/// What is here.
enum Opened {
    /// So much plaintext, or the end of it.
    Plaintext(usize),
    /// Nothing yet. Something may be pending that had no room to be sent.
    Nothing { pending: bool },
}

impl Tls {
    /// Waits until there is plaintext, or the end of it. If something is pending that had no room
    /// (close_notify, an alert), the reader wakes now and then and tries to send it, less and less often:
    /// there may be no other thread that would.
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
            let retried = pending.then(|| self.bound_reads(&mut retry));
            match reading.fill(|room| self.below.read(room)) {
                Err(e) if is_timeout(&e) && (retried.is_none() || wait.is_over()) => {
                    return Err(e);
                }
                Err(e) if is_timeout(&e) => {}
                read => self.note(reading, read),
            }
        }
    }

    /// Takes what is there; `None` if that is not one byte of plaintext.
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
            self.note(reading, read);
        }
    }

    #[inline]
    fn note(&self, reading: &mut Reading, read: io::Result<usize>) {
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

    /// Opens what is here, as far as `buf` has room for it, and sends what is pending, as far as the
    /// stream below has room for it. It does not wait. (Inlined into its two callers, which are one loop
    /// each: that saves 32 instructions in a read.)
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

    /// Bounds how long the stream below waits in `read`, until the result is dropped.
    #[cold]
    fn bound_reads(&self, retry: &mut Duration) -> BoundedRead<'_> {
        self.set_read_bound(Bound::AtMost(*retry));
        *retry = LAST_RETRY.min(*retry * 2);
        BoundedRead(self)
    }

    fn set_read_bound(&self, bound: Bound) {
        let below = |timeout| self.below.set_read_timeout(timeout);
        // A stream that refuses is broken, and its read will say so.
        let _ = self.read_timeout.bound(bound, below);
    }
}

struct BoundedRead<'a>(&'a Tls);

impl Drop for BoundedRead<'_> {
    fn drop(&mut self) {
        self.0.set_read_bound(Bound::None);
    }
}

impl Reading {
    /// These bytes came already.
    pub(super) fn of(first: &[u8]) -> Reading {
        let mut ciphertext = first.to_vec();
        ciphertext.resize(FIRST_ROOM.max(first.len()), 0);
        Reading {
            ciphertext,
            at: 0,
            end: first.len(),
            room: FIRST_ROOM,
            ended: None,
        }
    }

    /// What came and was not opened.
    pub(super) fn waiting(&self) -> &[u8] {
        &self.ciphertext[self.at..self.end]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at == self.end
    }

    /// Lets `read` move bytes here, behind what is left: nothing, or first bytes too few to be judged.
    pub(super) fn fill(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if self.is_empty() {
            (self.at, self.end) = (0, 0);
            self.make_room();
        }
        let n = read(&mut self.ciphertext[self.end..])?;
        self.end += n;
        self.adapt_room(n);
        Ok(n)
    }

    fn make_room(&mut self) {
        if self.ciphertext.len() != self.room {
            self.ciphertext = vec![0; self.room];
        }
    }

    /// Makes room for as much as came at once this time.
    fn adapt_room(&mut self, n: usize) {
        if n == self.room {
            self.room = MOST_ROOM.min(self.room * 2);
        } else if n < self.room / 4 {
            self.room = LEAST_ROOM.max(self.room / 2);
        }
    }

    /// Opens records until `buf` is full or nothing is left; how many bytes are in `buf`.
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

    /// Lets rustls have as much as it takes at a time.
    pub(super) fn feed(&mut self, connection: &mut Connection) -> Result<(), rustls::Error> {
        if !self.is_empty() {
            let fed = connection.read_tls(&mut &self.ciphertext[self.at..self.end]);
            let fed = fed.ok().filter(|n| *n > 0);
            self.at += fed.ok_or_else(|| rustls::Error::General("no room".into()))?;
        }
        if process(connection)?.peer_has_closed() {
            self.ended = Some(Ended::Closed);
        }
        Ok(())
    }
}

/// After our close_notify no alert can be sent. Where one is due nevertheless, a rustls with debug
/// assertions panics, and the peer must not be able to do that to us.
fn process(connection: &mut Connection) -> Result<IoState, rustls::Error> {
    let processed = catch_unwind(AssertUnwindSafe(|| connection.process_new_packets()));
    processed.unwrap_or_else(|_| Err(rustls::Error::General("after our close_notify".into())))
}

/// Moves plaintext that is there; 0 if none is.
fn take(connection: &mut Connection, buf: &mut [u8]) -> usize {
    connection.reader().read(buf).unwrap_or(0)
}

impl Ended {
    /// What every read returns from now on.
    fn result(&self) -> io::Result<usize> {
        match self {
            Ended::Closed => Ok(0),
            Ended::Cut => Err(io::Error::new(
                ErrorKind::UnexpectedEof,
                "cut off: the peer ended TCP without close_notify, so what came may not be all",
            )),
            Ended::Broken(error) => Err(explain(error).into()),
            Ended::Io(failure) => Err(failure.error()),
        }
    }
}

/// A record that comes byte by byte is waited for no longer than one read may take, from its first bytes
/// on. So no clock is read where the first read of the stream below brings the whole record.
#[derive(Default)]
struct ReadWait {
    /// The stream below has been read.
    has_read: bool,
    has_begun: bool,
    /// `None`: there is no timeout, or the wait has not begun.
    until: Option<Instant>,
}

impl ReadWait {
    /// Begins the wait, unless that was done before. It is not over before the stream below was read.
    #[cold]
    fn check(&mut self, timeout: &Timeout) -> io::Result<()> {
        if !std::mem::replace(&mut self.has_begun, true) {
            let timeout = timeout.get();
            self.until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        }
        match self.is_over() && self.has_read {
            true => Err(ErrorKind::TimedOut.into()),
            false => Ok(()),
        }
    }

    fn is_over(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading")
            .field("waiting", &self.waiting().len())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
