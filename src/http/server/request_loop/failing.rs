//! When something fails: the program's code, or the client.
//!
//! ```text
//!   what failed                       the head is not sent                  the head is sent
//!   the handler                       reported; 500                         reported; cut
//!   the handler did not end           reported; 500                         reported; cut
//!   the client broke a rule           Events::client_error, lingering close   cut
//!   the connection                    cut                                   cut
//! ```
//!
//! Requests that were pipelined behind a cut get no response. Responses that were complete before it leave
//! first.
//!
//! The program's code runs under [`guarded`], so that a panic costs what the table of
//! [`Events`](crate::http::Events) says and nothing else.

use super::{End, RequestLoop};
use crate::http::error::Error;
use crate::http::server::events::{Handled, report, write_refusal};
use crate::http::server::response::Response;
use crate::http::wire;
use crate::net::{Panicked, guarded};
use std::io;

/// Why a handler has not ended its response.
pub(super) enum FailureCause {
    Handler,
    Peer(wire::Error),
    Connection,
}

impl RequestLoop<'_> {
    /// The handler has failed: this is reported, unless the peer or the connection is the cause.
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
        let broken = self.connection.get_mut().is_broken();
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
            let what = "a handler returned without ending its response";
            report(&self.shared.events, &what);
        }
        self.restart_response()?;
        match cause {
            Some(FailureCause::Connection) => Err(End::Gone),
            Some(FailureCause::Peer(error)) => Err(self.refuse(&error.into())),
            Some(FailureCause::Handler) | None => {
                let connection = self.connection.get_mut();
                let _ = connection.draft.set_status(500, None);
                connection
                    .end(b"500 Internal Server Error\n")
                    .map_err(|_| End::Gone)
            }
        }
    }

    /// The bytes are no head, or the head did not come in time.
    #[cold]
    pub(super) fn refuse_head(&mut self, error: wire::Error) -> End {
        let connection = self.connection.get_mut();
        connection.machine.fail();
        connection.draft.restart();
        if self.decoder.is_head(self.buffer.unread()) {
            connection.machine.answers_head();
        }
        self.refuse(&error.into())
    }

    /// The peer is to blame: the response says so, and the connection ends.
    #[cold]
    fn refuse(&mut self, error: &Error) -> End {
        let events = &self.shared.events;
        let handled = guarded(|| events.client_error(error, Response::new(&self.connection)));
        self.report_failure(handled);
        if !self.connection.get_mut().is_complete() {
            if let Err(end) = self.restart_response() {
                return end;
            }
            if write_refusal(error, Response::new(&self.connection)).is_err() {
                return End::Gone;
            }
        }
        self.flush_and(End::Linger)
    }

    /// Begins another response in place of one that was not ended. Once its head is sent, only a cut
    /// shows the client that it is not complete.
    fn restart_response(&mut self) -> Result<(), End> {
        let connection = self.connection.get_mut();
        if connection.head_sent() {
            let _ = connection.queue.flush();
            return Err(End::Gone);
        }
        connection.draft.restart();
        Ok(())
    }
}
