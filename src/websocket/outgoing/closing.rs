//! The end of the sending side: our Close frame, its deadline, and the outcome.

use super::Outgoing;
use super::state::{Guard, State};
use crate::net::{Cause, Gauge, Stop, StopReason, Timer};
use crate::websocket::error::Error;
use crate::websocket::outcome::Outcome;
use crate::websocket::wire::{self, Close, CloseCode, Role};
use std::io::ErrorKind;
use std::net::Shutdown;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

impl Outgoing {
    /// Sends a Close frame, unless one has been sent, and does not wait. The code and the reason must be such
    /// as may be on the wire.
    pub(in crate::websocket) fn close(
        self: &Arc<Self>,
        code: u16,
        reason: &str,
    ) -> Result<(), Error> {
        let close = CloseCode::new(code).and_then(|code| Close::new(code, reason))?;
        let mut state = self.lock();
        if state.queue.close(close).is_ok() {
            self.note_close(&mut state, close.number());
            self.limit_close(&mut state);
            self.push(state);
        }
        Ok(())
    }

    pub(super) fn role(&self) -> Role {
        match self.ends_first {
            true => Role::Server,
            false => Role::Client,
        }
    }

    /// Our Close frame was queued.
    pub(super) fn note_close(&self, state: &mut State, code: u16) {
        state.closing.first.get_or_insert((self.role(), code));
    }

    /// A message was queued, or a part of one, if it is not the last.
    #[inline]
    pub(super) fn count_message(&self, last: bool) {
        if let Some(finishing) = &self.finishing
            && last
        {
            finishing.messages_out.add(1);
        }
    }

    /// The connection is over: reports it, once. No lock is held meanwhile.
    #[inline]
    pub(super) fn report(&self) {
        let Some(finishing) = &self.finishing else {
            return;
        };
        let state = self.lock();
        if let Some(outcome) = state.outcome.clone() {
            let (first, bytes_out) = (state.closing.first, state.queue.sent());
            drop(state);
            finishing.report(self.stream.as_ref(), &outcome, first, bytes_out);
        }
    }

    /// From now on the peer has [`close_timeout`](super::Config::close_timeout) to answer our Close.
    pub(super) fn limit_close(self: &Arc<Self>, state: &mut State) {
        state.closing.position = state.queue.position();
        state.closing.sent = state.queue.sent();
        self.call_after(self.config.close_timeout, Timer::End);
    }

    /// The deadline of the peer's Close frame has passed. It begins anew if our own Close frame had not left
    /// when the deadline began, and bytes have left since. Else the connection is cut.
    pub(super) fn close_due(&self) -> Option<Instant> {
        let mut state = self.lock();
        let (sent, closing) = (state.queue.sent(), state.closing);
        if state.outcome.is_some() || closing.received {
            return None; // the reading thread ends it, with deadlines of its own
        }
        if closing.sent < closing.position && closing.sent < sent {
            state.closing.sent = sent;
            return Instant::now().checked_add(self.config.close_timeout);
        }
        self.cut_with(state, ErrorKind::TimedOut.into());
        None
    }

    /// The peer broke a rule: a Close frame names it.
    pub(in crate::websocket) fn fail_peer(self: &Arc<Self>, error: &wire::Error) {
        let mut state = self.lock();
        state.queue.fail_peer(error);
        if let Some(code) = error.close_code() {
            self.note_close(&mut state, code);
        }
        self.push(state);
    }

    /// The connection is over, with this outcome unless it has one.
    pub(in crate::websocket) fn finish(&self, outcome: Outcome) {
        let mut state = self.lock();
        if state.outcome.is_some() {
            return; // the stream is cut, or will be: over TLS a `shutdown` would send the end that a cut must not send
        }
        state.outcome = Some(Box::new(outcome));
        self.fail(&mut state, ErrorKind::BrokenPipe.into());
        drop(state);
        let _ = self.stream.shutdown(Shutdown::Both); // it may be gone already
        self.report();
    }

    pub(in crate::websocket) fn outcome(&self) -> Option<Outcome> {
        self.lock().outcome.as_deref().cloned()
    }

    /// Waits until the connection is over.
    pub(in crate::websocket) fn wait_closed(&self) -> Outcome {
        let mut state = self.lock();
        loop {
            if let Some(outcome) = state.outcome.as_deref() {
                return outcome.clone();
            }
            state = self.wait(state);
        }
    }

    /// The same for `time` at most.
    pub(in crate::websocket) fn wait_closed_within(&self, time: Duration) -> Option<Outcome> {
        let until = Instant::now().checked_add(time);
        let (mut state, mut in_time) = (self.lock(), true);
        while state.outcome.is_none() && in_time {
            (state, in_time) = self.wait_until(state, until);
        }
        state.outcome.as_deref().cloned()
    }

    /// Cuts the connection: no Close frame, and nothing that is queued leaves. Every thread that waits here or in
    /// the stream returns. Never waits.
    ///
    /// The outcome and `cut` are set before the stream is called, which no thread does under the lock. So no thread
    /// ends the stream in between as if the connection had ended well.
    pub(in crate::websocket) fn terminate(&self) {
        self.cut_with(self.lock(), ErrorKind::ConnectionAborted.into());
    }

    /// Whether the connection was cut, by this side.
    #[inline]
    pub(in crate::websocket) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }

    fn cut_with(&self, mut state: Guard<'_>, cause: Cause) {
        if state.outcome.is_some() {
            return;
        }
        self.cut.store(true, Ordering::Relaxed);
        state.outcome = Some(Box::new(Outcome::abnormal()));
        self.fail(&mut state, cause);
        drop(state);
        let _ = self.stream.abort(); // it may be gone already
        self.report();
    }

    /// Why this side has ended the connection, if it has.
    pub(in crate::websocket) fn why_broken(&self) -> Option<Error> {
        let state = self.lock();
        let cause = state.failure.as_deref();
        let cause = cause.filter(|_| state.outcome.is_some());
        cause.map(Error::from)
    }
}

/// The Close frame of a connection whose message in parts cannot be completed.
pub(super) fn unfinished() -> Close<'static> {
    let reason = "a message was not sent to its end";
    Close::new(CloseCode::INTERNAL_ERROR, reason).unwrap_or(Close::EMPTY)
}

/// What a server does with a WebSocket when it stops.
// RFC 6455 §7.4.1: "1001 indicates that an endpoint is "going away", such as a server going down or
// a browser having navigated away from a page."
#[derive(Debug)]
pub(in crate::websocket) struct GoAway(pub(in crate::websocket) Weak<Outgoing>);

impl Stop for GoAway {
    fn drain(&self, reason: StopReason) {
        let (code, text) = match reason {
            StopReason::GoingAway => (CloseCode::GOING_AWAY, "the server is stopping"),
            StopReason::Restart => (CloseCode::SERVICE_RESTART, "the server is restarting"),
        };
        if let Some(outgoing) = self.0.upgrade() {
            let _ = outgoing.close(code.number(), text);
        }
    }

    fn cut(&self) {
        if let Some(outgoing) = self.0.upgrade() {
            outgoing.terminate();
        }
    }

    fn gauge(&self) -> Gauge {
        match self.0.upgrade() {
            Some(outgoing) if outgoing.is_open() => {
                Gauge::new("websocket", "open").queued(outgoing.buffered())
            }
            Some(outgoing) => Gauge::new("websocket", "closing").queued(outgoing.buffered()),
            None => Gauge::new("websocket", "closing"),
        }
    }
}
