//! When something fails: the program's code, or the client.
//!
//! ```text
//!   what failed                       the head is not sent                  the head is sent
//!   the handler                       reported; 500                         reported; cut
//!   the handler refuses               a 5xx: reported; ServerEvents::client_error   reported; cut
//!   the handler did not end           reported; 500                         reported; cut
//!   … after client_left() was true    cut                                   cut
//!   a server that the handler asked   reported; 502                         reported; cut
//!   the client broke a rule           ServerEvents::client_error                    cut
//!   … of framing, or it was too slow  ServerEvents::client_error, lingering close   cut
//!   the connection                    cut                                   cut
//! ```
//!
//! Requests that were pipelined behind a cut get no response. Responses that were complete before it leave
//! first.
//!
//! The program's code runs under [`guarded`], so that a panic costs what the table of
//! [`ServerEvents`](crate::http::ServerEvents) says and nothing else.

use super::losing::Loss;
use super::{End, RequestLoop, Since};
use crate::http::error::{Error, Handled};
use crate::http::server::events::{report, write_refusal, write_status};
use crate::http::server::response::Response;
use crate::http::wire::{self, State};
use crate::net::{Panicked, guarded};
use std::mem;
use std::time::Instant;

/// Why a handler has not ended its response.
enum FailureCause {
    /// The program, or another server, and the status that says so.
    Handler(u16),
    /// The client, or the handler that refuses its request: [`ServerEvents::client_error`] makes the response.
    ///
    /// [`ServerEvents::client_error`]: crate::http::ServerEvents::client_error
    Refused(Error),
    Connection,
}

impl RequestLoop<'_> {
    /// The handler has returned: it has ended its response, or given the stream away, or a response is sent in place
    /// of its own.
    #[inline]
    pub(super) fn end_response(&mut self, handled: Result<Handled, Panicked>) -> Result<(), End> {
        match handled {
            Ok(Ok(())) if self.connection.get_mut().is_complete() => Ok(()),
            handled => self.end_response_otherwise(handled),
        }
    }

    #[cold]
    fn end_response_otherwise(&mut self, handled: Result<Handled, Panicked>) -> Result<(), End> {
        let cause = self.report_failure(handled);
        let connection = self.connection.get_mut();
        if connection.handed_over.is_some() {
            return Err(End::HandedOver);
        }
        match connection.is_complete() {
            true => Ok(()),
            false => self.send_fallback_response(cause),
        }
    }

    /// The handler has failed: this is reported, unless the peer or the connection is the cause.
    #[cold]
    fn report_failure(&mut self, handled: Result<Handled, Panicked>) -> Option<FailureCause> {
        let events = &self.shared.events;
        let failure = match handled {
            Ok(Ok(())) => return None,
            Ok(Err(failure)) => failure,
            Err(Panicked) => {
                report(events, &"a handler panicked");
                return Some(FailureCause::Handler(500));
            }
        };
        let connection = self.connection.get_mut();
        let (loss, head_sent) = (Loss::of(connection), connection.head_sent());
        // A failure is the program's, too: it may panic when it is shown, or dropped.
        let cause = guarded(move || match Error::of(failure) {
            Ok(error @ Error::Io(_)) if loss.explains(&error) => FailureCause::Connection,
            Ok(Error::Peer(error)) if !error.is_in_response() => {
                FailureCause::Refused(error.into())
            }
            Ok(error @ Error::Handler(_)) => {
                let status = error.status();
                if head_sent {
                    events.error(&format_args!(
                        "{error} (a refusal with {status}, behind the head of a response)"
                    ));
                } else if status >= 500 {
                    events.error(&error);
                }
                FailureCause::Refused(error)
            }
            Ok(error) => {
                events.error(&error);
                FailureCause::Handler(error.status())
            }
            Err(failure) if loss.explains(failure.as_ref()) => FailureCause::Connection,
            Err(failure) => {
                events.error(&failure);
                FailureCause::Handler(500)
            }
        });
        Some(cause.unwrap_or(FailureCause::Handler(500)))
    }

    /// The handler has not ended its response.
    #[cold]
    fn send_fallback_response(&mut self, cause: Option<FailureCause>) -> Result<(), End> {
        // Many handlers stop without an error when they cannot write any more, or know that nobody reads.
        let connection = self.connection.get_mut();
        if cause.is_none() && (connection.is_lost() || connection.peer_closed) {
            return Err(End::Gone);
        }
        // A handler that has not passed on why it could not read the body.
        let unread = || self.body.reader().failure().map(Error::from);
        let cause = cause.or_else(|| unread().map(FailureCause::Refused));
        if cause.is_none() {
            let what = "a handler returned without ending its response";
            report(&self.shared.events, &what);
        }
        let restarted = self.restart_response();
        match cause {
            Some(FailureCause::Refused(error)) if restarted.is_err() => {
                self.note_refusal(error);
                restarted
            }
            Some(FailureCause::Refused(error)) => self.refuse(error),
            Some(FailureCause::Connection) => Err(End::Gone),
            Some(FailureCause::Handler(status)) => {
                restarted.and_then(|()| self.write_status(status))
            }
            None => restarted.and_then(|()| self.write_status(500)),
        }
    }

    /// A response that says no more than its status.
    fn write_status(&mut self, status: u16) -> Result<(), End> {
        write_status(status, Response::new(&self.connection)).map_err(|_| End::Gone)
    }

    /// The bytes are no head, or the head did not come in time.
    #[cold]
    pub(super) fn refuse_head(&mut self, error: wire::Error) -> End {
        let connection = self.connection.get_mut();
        connection.machine.fail();
        connection.restart_response();
        if self.decoder.is_head(self.buffer.unread()) {
            connection.machine.answers_head();
        }
        let since = match mem::replace(&mut self.since, Since::Untimed) {
            Since::Head(since) => since,
            _ => Instant::now(),
        };
        let end = match self.refuse(error.into()) {
            Err(end) => end,
            Ok(()) => self.flush_and(End::Linger),
        };
        self.numbers.request += 1;
        self.report_finish(None, since);
        end
    }

    /// The peer is to blame, or the handler refuses: the response says so. If the framing is lost, the connection ends; a handler may
    /// also have found a rule broken that is no rule of framing.
    fn refuse(&mut self, error: Error) -> Result<(), End> {
        let refused = self.send_refusal(&error);
        self.note_refusal(error);
        refused
    }

    /// For the summary of the exchange, and the figures of the server.
    fn note_refusal(&mut self, error: Error) {
        let rule = match &error {
            Error::Peer(error) => error.rule().name(),
            _ => "Handler",
        };
        if let Some(slot) = &self.connection.get_mut().slot {
            slot.refused(rule);
        }
        self.refusal = self.shared.on_finish.is_some().then(|| Box::new(error));
    }

    #[cold]
    fn send_refusal(&mut self, error: &Error) -> Result<(), End> {
        let events = &self.shared.events;
        self.connection.get_mut().draft.begin_refusal(error);
        let handled = guarded(|| events.client_error(error, Response::new(&self.connection)));
        self.report_failure(handled);
        if !self.connection.get_mut().is_complete() {
            self.restart_response()?;
            self.connection.get_mut().draft.begin_refusal(error);
            write_refusal(error, Response::new(&self.connection)).map_err(|_| End::Gone)?;
        }
        match self.connection.get_mut().machine.requests() {
            State::Failed => Err(self.flush_and(End::Linger)),
            _ => Ok(()),
        }
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
