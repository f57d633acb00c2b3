//! The book's events of a WebSocket: one method each, with an empty body.

use super::error::Error;
use super::outcome::Outcome;
use super::reader::Reader;
use super::wire::Data;
use super::writer::Writer;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What [`WebSocket::run`](super::WebSocket::run) calls, all on the thread that is in it.
///
/// ```text
///   onopen  onmessage*  onerror?  onclose
/// ```
///
/// `onclose` comes exactly once, also after a panic in one of the others: that closes the connection
/// with 1011, and goes on when `onclose` has returned. While `onmessage` runs nothing is received, so a
/// handler that waits slows its peer down.
///
/// ```
/// use barewire::websocket::{Data, Events, Outcome, Writer};
///
/// struct Talk;
///
/// impl Events for Talk {
///     fn onopen(&self, socket: &Writer) {
///         let _ = socket.send("hello world!");
///     }
///
///     fn onmessage(&self, _socket: &Writer, data: Data<'_>) {
///         println!("{data:?}");
///     }
///
///     fn onclose(&self, _socket: &Writer, outcome: &Outcome) {
///         println!("closed: {}", outcome.code);
///     }
/// }
/// ```
pub trait Events {
    /// The connection is open.
    fn onopen(&self, _socket: &Writer) {}

    /// A message has come.
    fn onmessage(&self, _socket: &Writer, _data: Data<'_>) {}

    /// The peer broke a rule, or the connection is broken. `onclose` follows.
    fn onerror(&self, _socket: &Writer, _error: &Error) {}

    /// It is over.
    fn onclose(&self, _socket: &Writer, _outcome: &Outcome) {}
}

pub(super) struct OnMessage<F>(pub(super) F);

impl<F: Fn(&Writer, Data<'_>)> Events for OnMessage<F> {
    fn onmessage(&self, socket: &Writer, data: Data<'_>) {
        (self.0)(socket, data);
    }
}

#[inline(never)]
pub(super) fn run(mut reader: Reader, socket: &Writer, events: &impl Events) -> Outcome {
    let ran = catch_unwind(AssertUnwindSafe(|| {
        events.onopen(socket);
        loop {
            match reader.receive() {
                Ok(Some(data)) => events.onmessage(socket, data),
                Ok(None) => break,
                Err(error) => {
                    events.onerror(socket, &error);
                    break;
                }
            }
        }
    }));
    if ran.is_err() {
        let _ = socket.close(1011, "");
        reader.drain();
    }
    let outcome = reader.outcome().unwrap_or_else(Outcome::abnormal);
    events.onclose(socket, &outcome);
    match ran {
        Ok(()) => outcome,
        Err(panic) => resume_unwind(panic),
    }
}
