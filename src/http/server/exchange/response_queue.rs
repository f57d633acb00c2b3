//! The bytes of a connection's responses that are not sent yet, and what other threads do to the
//! connection meanwhile.
//!
//! ```text
//!   connection's thread   append … append … ──▶ flush ──▶ Pending::send: may block, within the pace
//!                              │ left pending, lock free
//!   clock thread               └── 1 ms ── 1 ms ──▶ Pending::try_send: never blocks
//!   stopping thread                                 ends a wait that no response depends on
//! ```
//!
//! The connection's thread appends responses and sends them when it must: the table "No response waits behind a wait" in
//! the [chapter's page](crate::http) says when. Two other threads use the queue:
//!
//! - The [clock](crate::net::call_after) sends coalesced responses if the connection's thread has added
//!   nothing to them for a millisecond, because a handler blocks or goes on after `end` (`delayed.rs`).
//! - The thread that stops the server ends the wait of a connection whose responses are complete
//!   ([`DrainState`]).
//!
//! `pending.rs` is the bytes, `paced_writer.rs` the write that may block.

mod delayed;
mod paced_writer;
mod pending;

use crate::http::error::Error;
use crate::http::server::config::Config;
use crate::http::wire::Misuse;
use crate::net::{DrainState, Gauge, Stop, StopReason, Stream};
use pending::Pending;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

/// Data up to this size is copied behind what is pending; more is written from where it lies.
const COPIED_BYTES: usize = 16 * 1024;
/// The first memory for responses, beside the content of the first of them: most heads have room in it. Growing up to
/// it would leave as much behind in the allocator.
const FIRST_BYTES: usize = 256;

/// Bytes may be pending, or the stream may be broken.
const UNFLUSHED: usize = usize::MAX;

/// What becomes of bytes that were appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// They are sent at once.
    Send,
    /// They are sent at once, and the connection's thread waits for a request next.
    SendLast,
    /// The caller sends them next, with more.
    SendNext,
    /// They stay pending, so that other responses may leave with them.
    Coalesce,
}

/// The sending side of one connection.
#[derive(Debug)]
#[repr(C)] // in the order of use
pub(crate) struct ResponseQueue {
    drain_state: DrainState,
    /// How often the interval of the clock's checks has doubled, because they found the lock taken or the socket full.
    doublings: AtomicU8,
    /// Of the response that has given the stream to another protocol.
    switched: AtomicU16,
    stream: Arc<dyn Stream>,
    /// How much memory `pending` keeps, if no bytes are pending and the stream is not broken; else [`UNFLUSHED`].
    /// The connection's thread alone writes and reads it: so that it takes no lock to see that all is sent.
    flushed: AtomicUsize,
    pending: Mutex<Pending>,
}

impl ResponseQueue {
    pub(crate) fn new(stream: Arc<dyn Stream>, config: &Config) -> ResponseQueue {
        ResponseQueue {
            stream,
            pending: Mutex::new(Pending::new(config)),
            flushed: AtomicUsize::new(UNFLUSHED),
            doublings: AtomicU8::new(0),
            drain_state: DrainState::new(),
            switched: AtomicU16::new(0),
        }
    }

    pub(crate) fn stream(&self) -> &Arc<dyn Stream> {
        &self.stream
    }

    /// A stream that panicked while it wrote has taken an unknown part of the bytes: it is broken.
    #[inline]
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(|poisoned| {
            let mut pending = poisoned.into_inner();
            pending.mark_broken(ErrorKind::Other.into());
            pending
        })
    }

    /// Lets `encode` append to what is pending and decide what becomes of it; a misuse sends nothing.
    /// `content`: how many bytes of content it will append.
    #[inline(always)]
    pub(crate) fn append<R>(
        self: &Arc<Self>,
        content: usize,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(R, Then), Misuse>,
    ) -> Result<R, Error> {
        self.flushed.store(UNFLUSHED, Ordering::Relaxed);
        let mut pending = self.lock();
        if pending.bytes.capacity() == 0 {
            pending.bytes.reserve_exact(FIRST_BYTES + content);
        }
        let (value, then) = encode(&mut pending.bytes)?;
        match then {
            Then::Send => pending.send(self.stream.as_ref())?,
            Then::SendLast => {
                pending.send(self.stream.as_ref())?;
                pending.writer.rest();
                self.note_flushed(&pending);
            }
            Then::SendNext => {}
            Then::Coalesce => {
                if pending.leave() {
                    drop(pending);
                    self.schedule_check();
                }
            }
        }
        Ok(value)
    }

    /// Sends what is pending.
    #[inline]
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.lock().flush(self.stream.as_ref())
    }

    /// After an error: how many bytes of that write the stream has not taken.
    #[cold]
    pub(crate) fn unsent_bytes(&self) -> usize {
        self.lock().unsent
    }

    /// What kind of error has broken the sending direction.
    pub(crate) fn broken_by(&self) -> Option<ErrorKind> {
        self.lock().check().err().map(|error| error.kind())
    }

    /// Sends what is pending, before the thread waits for a request; returns how much memory is kept for the
    /// next responses, in bytes.
    #[inline]
    pub(crate) fn flush_and_kept_bytes(&self) -> io::Result<usize> {
        match self.flushed.load(Ordering::Relaxed) {
            UNFLUSHED => self.flush_and_note(),
            kept => Ok(kept),
        }
    }

    #[inline(never)]
    fn flush_and_note(&self) -> io::Result<usize> {
        let mut pending = self.lock();
        pending.flush(self.stream.as_ref())?;
        pending.writer.rest();
        Ok(self.note_flushed(&pending))
    }

    /// Nothing is pending.
    #[inline]
    fn note_flushed(&self, pending: &Pending) -> usize {
        let kept = pending.bytes.capacity();
        self.flushed.store(kept, Ordering::Relaxed);
        kept
    }

    /// Sends what is pending and then these, uncopied if they are large.
    pub(crate) fn send(&self, data: &[u8], end: &[u8]) -> io::Result<()> {
        let mut pending = self.lock();
        if data.len() > COPIED_BYTES {
            return pending.send_with(self.stream.as_ref(), data, end);
        }
        pending.bytes.extend_from_slice(data);
        pending.bytes.extend_from_slice(end);
        pending.send(self.stream.as_ref())
    }

    /// Whether data of this size is worth a copy, to leave together with other responses.
    pub(crate) fn is_small(length: usize) -> bool {
        length <= COPIED_BYTES
    }

    /// Gives that memory back, where nothing is pending.
    pub(crate) fn shrink(&self) {
        let mut pending = self.lock();
        if pending.bytes.is_empty() {
            pending.bytes = Vec::new();
            self.flushed.store(UNFLUSHED, Ordering::Relaxed);
        }
    }

    /// The stream speaks another protocol from now on, after a response with this status.
    pub(crate) fn hand_over(&self, status: u16) {
        self.switched.store(status, Ordering::Relaxed);
        self.lock().bytes = Vec::new();
    }

    /// The server stops already, and the connection waits for one request all the same.
    pub(crate) fn begin_late(&self) {
        self.drain_state.begin_late();
    }

    /// The connection's thread has sent its responses, and waits for a next request, for the rest of its head, for
    /// the rest of a body that is dropped or for the client's end: the thread that stops the server ends the wait.
    #[inline]
    pub(crate) fn idle(&self) {
        if self.drain_state.idle(|| true) {
            self.end_reading();
        }
    }

    /// The wait is over.
    #[inline]
    pub(crate) fn busy(&self) {
        self.drain_state.busy();
    }

    /// Whether the stopping server ended such a wait, or cut the connection at its deadline. Then the server has cut
    /// what it reads, and the client has broken no rule.
    pub(crate) fn is_ending(&self) -> bool {
        self.drain_state.is_ending()
    }

    #[inline]
    pub(crate) fn is_stopping(&self) -> bool {
        self.drain_state.is_stopping()
    }

    fn end_reading(&self) {
        // What has come already can still be read.
        let _ = self.stream.shutdown(Shutdown::Read);
    }
}

impl Stop for ResponseQueue {
    /// A connection whose responses are complete ends now; another after the response to its current request.
    fn drain(&self, _: StopReason) {
        if self.drain_state.stop() {
            self.end_reading();
        }
    }

    fn cut(&self) {
        self.drain_state.cut(); // before the abort, which a thread that reads sees as an end
        let _ = self.stream.abort();
    }

    /// The lock is only tried: a thread holds it while it writes.
    fn gauge(&self) -> Gauge {
        let state = match self.switched.load(Ordering::Relaxed) {
            0 if self.drain_state.is_idle() => "idle",
            0 => "active",
            101 => return Gauge::new("http", "upgraded"),
            _ => return Gauge::new("tunnel", "open"), // a 2xx to CONNECT
        };
        match self.pending.try_lock() {
            Ok(pending) => Gauge::new("http", state).queued(pending.bytes.len() as u64),
            Err(TryLockError::WouldBlock) => Gauge::new("http", "sending"),
            Err(TryLockError::Poisoned(_)) => Gauge::new("http", state),
        }
    }
}

#[cfg(test)]
mod tests;
