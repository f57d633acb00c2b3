//! Writing: plaintext is sealed in memory, then the records are written to the stream below.
//!
//! ```text
//!   bufs ──at most 128 KiB─► rustls: records of 16 KiB ──write_tls──► in flight ──write──► below
//!        └────────── under the state lock ──────────────────────────────┘          └ without it ┘
//! ```
//!
//! [`write_queue`](super::write_queue) decides, under the state lock, what a thread does next. This file
//! does it: it writes to the stream below, waits for the write turn, and measures how long that takes.

use super::super::error::handshake::explain;
use super::Tls;
use super::timeout::Bound;
use super::write_queue::{Blocking, Next, Session, WriteCall, WriteQueue};
use crate::net::wait;
use rustls::{CommonState, Connection};
use std::io::{self, ErrorKind, IoSlice, Write};
use std::net::Shutdown;
use std::sync::MutexGuard;
use std::time::{Duration, Instant};

/// How much plaintext is sealed at a time.
const BATCH_BYTES: usize = 128 * 1024;
/// How long records without plaintext, such as close_notify, wait for room if no write timeout is set.
pub(super) const CONTROL_TIMEOUT: Duration = Duration::from_secs(30);

impl Tls {
    /// Writes plaintext.
    #[inline]
    pub(super) fn write_plaintext(
        &self,
        bufs: &[IoSlice<'_>],
        blocking: Blocking,
    ) -> io::Result<usize> {
        let wrote = self.run(self.state(), WriteCall::write(blocking), bufs);
        wrote.map_err(|error| self.with_final_alert(error, blocking))
    }

    /// Sends pending records (alerts, tickets, close_notify) and the FIN, as far as there is room at once.
    #[cold]
    pub(super) fn flush<'a>(&'a self, state: MutexGuard<'a, State>) {
        let _ = self.run(state, WriteCall::flush(), &[]); // the rest leaves with a later call
    }

    /// Sends close_notify and the FIN. If there is no room, the error is a timeout, and they are pending.
    pub(super) fn end(&self) -> io::Result<()> {
        let blocking = match self.write_timeout.get() {
            Some(Duration::ZERO) => Blocking::No,
            _ => Blocking::Yes,
        };
        let mut state = self.state();
        let call = WriteCall::end(&mut state.queue, blocking);
        let ended = self.run(state, call, &[]).map(drop);
        ended.map_err(|error| self.with_final_alert(error, blocking))
    }

    /// Sends close_notify, if there is room at once.
    pub(super) fn send_close_notify(&self) {
        let mut state = self.state();
        let call = WriteCall::close_notify(&mut state.queue);
        let _ = self.run(state, call, &[]);
    }

    fn run<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        mut call: WriteCall,
        bufs: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        let mut wait = WriteWait::default();
        let mut turn_wait = WriteWait::default();
        loop {
            match call.next(&mut state.queue, bufs) {
                Next::Write(sealed, offset) => {
                    let wrote;
                    (state, wrote) = self.unlocked(state, || {
                        self.write_below(&call, &sealed[offset..], &mut wait)
                    });
                    call.wrote(&mut state.queue, bufs, sealed, wrote);
                }
                Next::Fin => {
                    let shut;
                    (state, shut) = self.unlocked(state, || self.shut_below(&call));
                    call.shut(&mut state.queue, shut);
                }
                Next::WaitForTurn(Blocking::No) => state = self.wait_for_turn(state, None),
                Next::WaitForTurn(Blocking::Yes) => {
                    turn_wait.begin(&call);
                    let left = turn_wait.left(&call, self);
                    if left == Some(Duration::ZERO) {
                        return Err(ErrorKind::TimedOut.into()); // nothing was taken
                    }
                    state = self.wait_for_turn(state, left);
                }
                Next::Return(result) => {
                    self.notify(&state);
                    return result;
                }
            }
        }
    }

    /// Calls the stream below without the lock: it may block, and it may be a user's. If it panics, the
    /// connection is broken, and the turn is released so that no other thread waits for ever.
    #[inline]
    fn unlocked<'a, T>(
        &'a self,
        state: MutexGuard<'a, State>,
        call_below: impl FnOnce() -> T,
    ) -> (MutexGuard<'a, State>, T) {
        drop(state);
        let turn = HeldTurn(self);
        let result = call_below();
        std::mem::forget(turn);
        (self.state(), result)
    }

    #[inline]
    fn write_below(
        &self,
        call: &WriteCall,
        sealed: &[u8],
        wait: &mut WriteWait,
    ) -> io::Result<usize> {
        if wait.is_over(call, self) {
            return Err(ErrorKind::TimedOut.into());
        }
        if call.blocking() == Blocking::No {
            let wrote = self.below.try_write(sealed)?;
            return wrote.ok_or_else(|| ErrorKind::WouldBlock.into());
        }
        let _bound = self.bound_writes(call);
        let wrote = self.below.write(sealed)?;
        if wrote < sealed.len() {
            wait.begin(call); // there was room for a part
        }
        Ok(wrote)
    }

    /// The stream below may itself have something to send before its FIN: it may be another TLS connection.
    fn shut_below(&self, call: &WriteCall) -> io::Result<()> {
        let _bound = self.bound_writes(call);
        self.below.shutdown(Shutdown::Write)
    }

    /// Bounds how long the stream below waits, until the result is dropped.
    #[inline]
    fn bound_writes(&self, call: &WriteCall) -> Option<impl Drop> {
        let bound = match call.blocking() {
            Blocking::No => Bound::AtMost(Duration::ZERO),
            Blocking::Yes if call.is_bounded() => Bound::IfUnset(self.control_timeout),
            Blocking::Yes => return None,
        };
        let below = |timeout| self.below.set_write_timeout(timeout);
        Some(self.write_timeout.bound(bound, below))
    }

    #[cold]
    fn wait_for_turn<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        at_most: Option<Duration>,
    ) -> MutexGuard<'a, State> {
        state.waiting += 1;
        state = wait(&self.turn_released, state, at_most);
        state.waiting -= 1;
        state
    }

    /// Wakes all waiting threads: which of them may take the turn depends on what they want.
    #[inline]
    fn notify(&self, state: &State) {
        if state.waiting > 0 {
            self.turn_released.notify_all();
        }
    }
}

/// The write turn during a call of the stream below. It is dropped only if that call panics.
struct HeldTurn<'a>(&'a Tls);

impl Drop for HeldTurn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.queue.abandon();
        self.0.notify(&state);
    }
}

/// When a call has begun to wait: with plaintext in flight, and after that, counted anew, with control
/// records and the FIN.
#[derive(Default)]
struct WriteWait {
    since: [Option<Instant>; 2],
}

impl WriteWait {
    fn begin(&mut self, call: &WriteCall) {
        self.since[usize::from(call.is_bounded())].get_or_insert_with(Instant::now);
    }

    #[inline]
    fn is_over(&self, call: &WriteCall, tls: &Tls) -> bool {
        let has_begun = self.since[usize::from(call.is_bounded())].is_some();
        has_begun && self.left(call, tls) == Some(Duration::ZERO)
    }

    #[cold]
    fn left(&self, call: &WriteCall, tls: &Tls) -> Option<Duration> {
        let default = call.is_bounded().then_some(tls.control_timeout);
        let limit = tls.write_timeout.get().or(default)?;
        let since = self.since[usize::from(call.is_bounded())];
        Some(limit.saturating_sub(since.map_or(Duration::ZERO, |since| since.elapsed())))
    }
}

impl Session for Connection {
    fn seal(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let sealed = match bufs {
            [buf] => self.writer().write(buf),
            bufs => self.writer().write_vectored(bufs),
        };
        sealed.map_err(explained)
    }

    #[inline]
    fn has_records(&self) -> bool {
        self.wants_write()
    }

    fn take_records(&mut self, sealed: &mut Vec<u8>) {
        while self.wants_write() {
            let _ = self.write_tls(sealed); // a Vec takes all
        }
    }

    fn send_close_notify(&mut self) {
        CommonState::send_close_notify(self);
    }
}

/// Puts the sentence in place of the error of rustls, for [`Error::of`](crate::tls::Error::of).
fn explained(error: io::Error) -> io::Error {
    match error.downcast::<rustls::Error>() {
        Ok(error) => explain(&error).into(),
        Err(error) => error,
    }
}

/// What the state lock guards.
pub(super) struct State {
    pub(super) queue: WriteQueue<Connection>,
    /// How many threads wait for the write turn.
    pub(super) waiting: usize,
}

impl State {
    pub(super) fn new(mut connection: Connection) -> State {
        connection.set_buffer_limit(Some(BATCH_BYTES));
        State {
            queue: WriteQueue::new(connection),
            waiting: 0,
        }
    }
}
