//! The end, as far as it is sent: our Close frame, its deadline, and what others are told.

use super::{Guard, Outbox};
use crate::net::{Stop, Timer};
use crate::random;
use crate::websocket::error::Error;
use crate::websocket::outcome::Outcome;
use crate::websocket::wire::{self, Close, CloseCode};
use std::io::ErrorKind;
use std::net::Shutdown;
use std::sync::{Arc, Weak};

impl Outbox {
    /// Sends a Close frame, if none has been sent. The peer has until the deadline to answer.
    pub(in crate::websocket) fn close(self: &Arc<Self>, close: Close<'_>) {
        let mut state = self.lock();
        let sent = state.encode(|sender, out| sender.close(close, random::mask_key, out));
        if sent.is_ok() {
            self.call_after(self.config.close_timeout, Timer::End);
            self.push(state);
        }
    }

    /// The peer broke a rule: it is told which.
    pub(in crate::websocket) fn fail(self: &Arc<Self>, error: &wire::Error) {
        let mut state = self.lock();
        state.sender.fail(error);
        state.settle();
        self.push(state);
    }

    /// It is over, with this outcome unless there is one.
    pub(in crate::websocket) fn finish(&self, outcome: Outcome) {
        let mut state = self.lock();
        state.outcome.get_or_insert(outcome);
        self.broke(&mut state, ErrorKind::BrokenPipe);
        drop(state);
        let _ = self.stream.shutdown(Shutdown::Both); // it may be gone already
    }

    pub(in crate::websocket) fn outcome(&self) -> Option<Outcome> {
        self.lock().outcome.clone()
    }

    /// Waits until it is over.
    pub(in crate::websocket) fn wait_closed(&self) -> Outcome {
        let mut state = self.lock();
        loop {
            if let Some(outcome) = &state.outcome {
                return outcome.clone();
            }
            state = self.wait(state);
        }
    }

    /// The deadline for the peer's Close frame has passed.
    pub(super) fn give_up(&self) {
        self.cut_with(self.lock(), ErrorKind::TimedOut);
    }

    fn cut_with(&self, mut state: Guard<'_>, kind: ErrorKind) {
        if state.outcome.is_some() {
            return;
        }
        state.outcome = Some(Outcome::abnormal());
        self.broke(&mut state, kind);
        drop(state);
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// What is to be told where the bytes have ended: it may have been our own doing.
    pub(in crate::websocket) fn why_broken(&self) -> Option<ErrorKind> {
        let state = self.lock();
        state.broken.filter(|_| state.outcome.is_some())
    }

    /// Nobody uses the connection any more. One that was not closed ends here.
    pub(in crate::websocket) fn leave(self: &Arc<Self>) {
        if self.outcome().is_none() {
            let mut state = self.lock();
            if let Ok(close) = Close::new(CloseCode::GOING_AWAY, "") {
                let _ = state.encode(|sender, out| sender.close(close, random::mask_key, out));
            }
            self.push(state);
            self.finish(Outcome::abnormal());
        }
    }

    /// A code and a reason that may be on the wire.
    pub(in crate::websocket) fn close_with(
        self: &Arc<Self>,
        code: u16,
        reason: &str,
    ) -> Result<(), Error> {
        let close = CloseCode::new(code).and_then(|code| Close::new(code, reason));
        self.close(close?);
        Ok(())
    }
}

/// What a server does that stops.
// RFC 6455 §7.4.1: "1001 indicates that an endpoint is "going away", such as a server going down or
// a browser having navigated away from a page."
#[derive(Debug)]
pub(in crate::websocket) struct GoAway(pub(in crate::websocket) Weak<Outbox>);

impl Stop for GoAway {
    fn drain(&self) {
        if let (Some(outbox), Ok(close)) = (self.0.upgrade(), Close::new(CloseCode::GOING_AWAY, ""))
        {
            outbox.close(close);
        }
    }

    fn cut(&self) {
        if let Some(outbox) = self.0.upgrade() {
            outbox.cut_with(outbox.lock(), ErrorKind::ConnectionAborted);
        }
    }
}
