//! Which thread writes to the stream below, and what is pending: a machine without threads.
//!
//! One thread at a time writes to the stream below. It holds the *write turn*. A thread takes the turn
//! under the state lock and then releases the lock, because a write may block:
//!
//! ```text
//!   write ──► turn is free ──► seal ──► in flight ──► write to the stream below ──► what is pending?
//!        │                                 ▲                    │                    │        │
//!        │                                 └── an alert, close_notify, then the FIN ◄┘        ▼ nothing,
//!        └──► turn is held ──► wait for it, or leave what is pending to its holder     or no room: release
//! ```
//!
//! Four sentences hold, and `tests/model.rs` tries them in all interleavings:
//! 1. The holder checks what is pending under the same lock under which it releases the turn. So nothing
//!    stays behind, unless the stream below has no room. Then it leaves with a later call.
//! 2. A thread that must not block takes the turn for a moment, and writes what has room at once. It
//!    waits only for a holder that does not block either.
//! 3. close_notify leaves once, behind everything that was sealed before it; nothing is sealed behind it.
//! 4. The FIN leaves once, behind close_notify.

use super::in_flight::InFlight;
use crate::net::{Cause, is_timeout};
use std::io::{self, ErrorKind, IoSlice};

/// What seals: a `rustls::Connection`, or a test's model of one.
pub(super) trait Session {
    /// Seals what fits into one batch. Returns how many bytes of `bufs` that is.
    fn seal(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Whether it has sealed records: from [`seal`](Session::seal), or an alert, a ticket, close_notify.
    fn has_records(&self) -> bool;

    fn take_records(&mut self, sealed: &mut Vec<u8>);

    /// Makes the alert close_notify, unless it has made it before.
    fn send_close_notify(&mut self);
}

/// Whether a call waits for room in the stream below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocking {
    Yes,
    No,
}

/// The state that all threads share.
#[derive(Clone, Debug)]
pub(super) struct WriteQueue<S> {
    pub(super) session: S,
    /// Whether the holder of the write turn may block; `None`: the turn is free.
    turn: Option<Blocking>,
    in_flight: InFlight,
    end: End,
    /// Why nothing more can be written.
    failure: Option<Cause>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Open,
    /// close_notify is made, so plaintext is refused. No FIN was asked for.
    CloseNotify,
    FinPending,
    FinSent,
}

/// What a thread does next. It asks with the state lock held, and does it without.
#[derive(Debug)]
pub(super) enum Next {
    /// Write the bytes from the offset on, then call [`WriteCall::wrote`].
    Write(Vec<u8>, usize),
    /// Shut the writing side of the stream below, then call [`WriteCall::shut`].
    Fin,
    /// Wait until the turn is released, and ask again. The holder may block, or not.
    WaitForTurn(Blocking),
    /// The call returns this; the turn is released.
    Return(io::Result<usize>),
}

impl<S: Session> WriteQueue<S> {
    pub(super) fn new(session: S) -> WriteQueue<S> {
        WriteQueue {
            session,
            turn: None,
            in_flight: InFlight::default(),
            end: End::Open,
            failure: None,
        }
    }

    /// Whether something is to be sent that is no caller's plaintext: no write will come again for it.
    #[inline]
    pub(super) fn is_pending(&self) -> bool {
        let pending = self.session.has_records()
            || self.end == End::FinPending
            || self.in_flight.has_control();
        pending && self.failure.is_none()
    }

    #[cfg(test)]
    pub(super) fn holder(&self) -> Option<Blocking> {
        self.turn
    }

    /// Whether plaintext is still taken.
    pub(super) fn is_open(&self) -> bool {
        self.end == End::Open
    }

    /// The thread that held the turn has panicked, and what was in flight is lost.
    pub(super) fn abandon(&mut self) {
        let why = "the stream below panicked in a write";
        self.fail(Cause::new(ErrorKind::Other, why));
        self.turn = None;
    }

    // RFC 8446 §6.1: "Each party MUST send a "close_notify" alert before closing its write side of
    // the connection, unless it has already sent some error alert."
    fn close(&mut self, end: End) {
        self.end = self.end.max(end);
        self.session.send_close_notify();
    }

    /// Seals a part of `bufs` behind what is in flight.
    fn accept(&mut self, bufs: &[IoSlice<'_>]) -> Result<(), Cause> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if self.in_flight.has_unreported() {
            return Ok(self.in_flight.compare(bufs)?);
        }
        if self.end != End::Open && bufs.iter().any(|buf| !buf.is_empty()) {
            return Err(ErrorKind::BrokenPipe.into());
        }
        self.take_records();
        let plaintext = self.session.seal(bufs)?;
        self.session.take_records(self.in_flight.buffer());
        if plaintext > 0 && self.in_flight.ends_with_alert() {
            return Err(self.end_of_keys());
        }
        self.in_flight.note_plaintext(plaintext);
        Ok(())
    }

    /// Under TLS 1.2 a key seals 2^24 records and no more; then rustls makes close_notify instead.
    #[cold]
    fn end_of_keys(&mut self) -> Cause {
        self.close(End::CloseNotify);
        self.in_flight.note_control();
        let why =
            "the keys of this TLS 1.2 connection have sealed as much as they may: open another";
        Cause::new(ErrorKind::BrokenPipe, why)
    }

    #[inline]
    fn take_records(&mut self) {
        if self.session.has_records() {
            self.session.take_records(self.in_flight.buffer());
            self.in_flight.note_control();
        }
    }

    /// What the holder of the turn does; `None`: nothing is left to do.
    #[inline]
    fn next_step(&mut self) -> Option<Next> {
        self.take_records();
        if !self.in_flight.is_empty() {
            let (sealed, offset) = self.in_flight.take();
            return Some(Next::Write(sealed, offset));
        }
        (self.end == End::FinPending).then_some(Next::Fin)
    }

    #[cold]
    fn fail(&mut self, failure: Cause) {
        self.failure = Some(failure);
        self.in_flight = InFlight::default();
    }
}

/// One call of one thread, from its beginning to its return.
#[derive(Clone, Debug)]
pub(super) struct WriteCall {
    kind: Kind,
    blocking: Blocking,
    holds_turn: bool,
    /// What a write returns, once that is known. Control records may still be pending then.
    result: Option<Result<usize, Cause>>,
    /// The stream below had no room.
    no_room: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Write,
    Flush,
}

impl WriteCall {
    /// Writes plaintext. One that does not block returns a timeout where it would.
    #[inline]
    pub(super) fn write(blocking: Blocking) -> WriteCall {
        WriteCall::new(Kind::Write, blocking)
    }

    /// Sends what is pending. If the holder of the turn may block, the call leaves it to the holder.
    pub(super) fn flush() -> WriteCall {
        WriteCall::new(Kind::Flush, Blocking::No)
    }

    /// Makes close_notify, and sends it like [`flush`](WriteCall::flush).
    pub(super) fn close_notify<S: Session>(queue: &mut WriteQueue<S>) -> WriteCall {
        queue.close(End::CloseNotify);
        WriteCall::flush()
    }

    /// Makes close_notify, and sends it and the FIN. If the holder of the turn may block, the call leaves
    /// it to the holder.
    pub(super) fn end<S: Session>(queue: &mut WriteQueue<S>, blocking: Blocking) -> WriteCall {
        queue.close(End::FinPending);
        WriteCall::new(Kind::Flush, blocking)
    }

    #[inline]
    fn new(kind: Kind, blocking: Blocking) -> WriteCall {
        WriteCall {
            kind,
            blocking,
            holds_turn: false,
            result: None,
            no_room: false,
        }
    }

    /// Whether writes to the stream below wait for room.
    #[inline]
    pub(super) fn blocking(&self) -> Blocking {
        self.blocking
    }

    /// Whether no plaintext of this call is in flight. Then it does not wait without limit, even if no
    /// write timeout is set.
    #[inline]
    pub(super) fn is_bounded(&self) -> bool {
        self.kind == Kind::Flush || self.result.is_some()
    }

    /// What the calling thread does next. `bufs` must be the same in each call.
    #[inline]
    pub(super) fn next<S: Session>(
        &mut self,
        queue: &mut WriteQueue<S>,
        bufs: &[IoSlice<'_>],
    ) -> Next {
        if !self.holds_turn {
            if let Some(holder) = queue.turn {
                return self.turn_is_held(holder);
            }
            self.begin(queue, bufs);
        }
        if !self.no_room
            && queue.failure.is_none()
            && let Some(step) = queue.next_step()
        {
            return step;
        }
        queue.turn = None;
        self.holds_turn = false;
        Next::Return(match &self.result {
            Some(Ok(n)) => Ok(*n),
            Some(Err(failure)) => Err(failure.into()),
            None => self.conclude(queue, bufs),
        })
    }

    #[cold]
    fn turn_is_held(&self, holder: Blocking) -> Next {
        match (holder, self.kind, self.blocking) {
            (Blocking::No, _, _) | (Blocking::Yes, Kind::Write, Blocking::Yes) => {
                Next::WaitForTurn(holder)
            }
            (Blocking::Yes, Kind::Write, Blocking::No) => {
                Next::Return(Err(ErrorKind::WouldBlock.into()))
            }
            (Blocking::Yes, Kind::Flush, _) => Next::Return(Ok(0)), // the holder sends it
        }
    }

    #[inline]
    fn begin<S: Session>(&mut self, queue: &mut WriteQueue<S>, bufs: &[IoSlice<'_>]) {
        self.holds_turn = true;
        if self.kind == Kind::Write {
            match queue.accept(bufs) {
                Ok(()) => self.note_written(queue, bufs),
                Err(refused) => {
                    self.result = Some(Err(refused));
                    self.blocking = Blocking::No; // what is pending leaves if there is room
                }
            }
        }
        queue.turn = Some(self.blocking);
    }

    /// The result of the write that [`Next::Write`] asked for.
    #[inline]
    pub(super) fn wrote<S: Session>(
        &mut self,
        queue: &mut WriteQueue<S>,
        bufs: &[IoSlice<'_>],
        sealed: Vec<u8>,
        wrote: io::Result<usize>,
    ) {
        let sent = *wrote.as_ref().unwrap_or(&0);
        queue.in_flight.put_back(sealed, sent);
        match wrote {
            Ok(0) => queue.fail(ErrorKind::WriteZero.into()),
            Ok(_) => self.note_written(queue, bufs),
            Err(e) => self.failed(queue, e),
        }
    }

    /// What a write returns is known once its plaintext has left.
    #[inline]
    fn note_written<S: Session>(&mut self, queue: &mut WriteQueue<S>, bufs: &[IoSlice<'_>]) {
        if !self.is_bounded() && queue.in_flight.plaintext_is_sent() {
            self.result = Some(Ok(queue.in_flight.report_all(bufs)));
        }
    }

    /// The result of the shutdown that [`Next::Fin`] asked for.
    pub(super) fn shut<S: Session>(&mut self, queue: &mut WriteQueue<S>, shut: io::Result<()>) {
        match shut {
            Ok(()) => queue.end = End::FinSent,
            Err(e) => self.failed(queue, e),
        }
    }

    #[cold]
    fn failed<S: Session>(&mut self, queue: &mut WriteQueue<S>, error: io::Error) {
        match error.kind() {
            ErrorKind::Interrupted => {}
            _ if is_timeout(&error) => self.no_room = true,
            _ => queue.fail(error.into()),
        }
    }

    /// What the call returns if that was not known before.
    #[cold]
    fn conclude<S: Session>(
        &mut self,
        queue: &mut WriteQueue<S>,
        bufs: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        if let Some(failure) = &queue.failure {
            return Err(failure.into());
        }
        let n = match (self.kind, self.no_room) {
            (Kind::Flush, _) => 0,
            (Kind::Write, false) => queue.in_flight.report_all(bufs),
            (Kind::Write, true) => queue.in_flight.report_part(bufs),
        };
        match self.no_room && n == 0 {
            true => Err(ErrorKind::TimedOut.into()),
            false => Ok(n),
        }
    }
}
