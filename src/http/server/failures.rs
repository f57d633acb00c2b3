//! When something fails: the program's own code, or the client.
//!
//! The program's code runs through here, so that a panic in it costs what the table of
//! [`Events`](super::Events) says and nothing else. [`Events::error`](super::Events::error) is reported to,
//! and its own panics are reported to nobody.

use super::events::{Events, Handled, refuse};
use super::serve::{End, Served};
use crate::http::error::Error;
use crate::http::server::response::Response;
use crate::http::wire;
use crate::net::{Panicked, guarded};
use std::fmt;
use std::io;

/// Why there is no response although a handler was called.
pub(super) enum FailureCause {
    Handler,
    Peer(wire::Error),
    Connection,
}

/// Tells the program, whatever becomes of that.
pub(super) fn report(events: &dyn Events, what: &dyn fmt::Display) {
    let _ = guarded(|| events.error(what));
}

impl Served<'_> {
    /// The handler has failed: it is reported, unless the peer or the connection is the cause.
    #[cold]
    pub(super) fn report_failure(
        &mut self,
        handled: Result<Handled, Panicked>,
    ) -> Option<FailureCause> {
        let events = &self.shared.events;
        let failure = match handled {
            Ok(Ok(())) => return None,
            Ok(Err(failure)) => failure,
            Err(Panicked) => {
                report(events, &"a handler panicked");
                return Some(FailureCause::Handler);
            }
        };
        let broken = self.link.get_mut().is_broken();
        // A failure is the program's, too: it may panic when it is shown, or dropped.
        let cause = guarded(move || {
            match Error::of(failure) {
                Ok(Error::Io(_)) if broken => return FailureCause::Connection,
                Ok(Error::Peer(error)) => return FailureCause::Peer(error),
                Ok(error) => events.error(&error),
                Err(failure) if failure.is::<io::Error>() && broken => {
                    return FailureCause::Connection;
                }
                Err(failure) => events.error(&failure),
            }
            FailureCause::Handler
        });
        Some(cause.unwrap_or(FailureCause::Handler))
    }

    /// The handler has not ended its response.
    #[cold]
    pub(super) fn send_fallback_response(
        &mut self,
        cause: Option<FailureCause>,
    ) -> Result<(), End> {
        if cause.is_none() {
            report(
                &self.shared.events,
                &"a handler returned without ending its answer",
            );
        }
        let link = self.link.get_mut();
        if link.head_sent() {
            let _ = link.queue.flush();
            return Err(End::Gone);
        }
        link.answer.restart();
        match cause {
            Some(FailureCause::Connection) => Err(End::Gone),
            Some(FailureCause::Peer(error)) => Err(self.answer_error(&error.into())),
            Some(FailureCause::Handler) | None => {
                let _ = link.answer.set_status(500, None);
                link.end(b"500 Internal Server Error\n")
                    .map_err(|_| End::Gone)
            }
        }
    }

    /// The head is not one, or not here in time.
    #[cold]
    pub(super) fn refuse(&mut self, error: wire::Error) -> End {
        let link = self.link.get_mut();
        link.machine.fail();
        link.answer.restart();
        if self.decoder.is_head(self.buffer.unread()) {
            link.machine.answers_head();
        }
        self.answer_error(&error.into())
    }

    /// The peer is to blame: it is told so, and the connection ends.
    #[cold]
    fn answer_error(&mut self, error: &Error) -> End {
        let events = &self.shared.events;
        let handled = guarded(|| events.client_error(error, Response::new(&self.link)));
        self.report_failure(handled);
        let link = self.link.get_mut();
        if !link.answered() {
            if link.head_sent() {
                let _ = link.queue.flush();
                return End::Gone;
            }
            link.answer.restart();
            if refuse(error, Response::new(&self.link)).is_err() {
                return End::Gone;
            }
        }
        self.leave(End::Linger)
    }
}
