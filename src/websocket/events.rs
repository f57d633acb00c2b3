//! The book's events of a WebSocket: one method each, with an empty body.

use super::error::Error;
use super::outcome::Outcome;
use super::reader::Reader;
use super::wire::Data;
use super::writer::Writer;
use crate::net::guarded;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What [`WebSocket::run`](super::WebSocket::run) calls, all on the thread that called it.
///
/// ```text
///   onopen  onmessage*  onerror?  onclose
/// ```
///
/// `onclose` is called exactly once, also after a panic in one of the others. Such a panic closes the
/// connection with 1011, unless it is closed already; `onclose` is called when the peer has answered or
/// [`close_timeout`](super::Config::close_timeout) has passed, and then the panic goes on in the caller of
/// `run`. A panic in `onclose` itself goes on at once.
///
/// While `onmessage` runs, nothing is received: a handler that blocks is back pressure for its peer.
///
/// ```
/// use barewire::websocket::{Data, SocketEvents, Outcome, Writer};
///
/// struct Talk;
///
/// // Run it with `ws.run(Talk)`: on either side, until the connection is over.
/// impl SocketEvents for Talk {
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
/// # use barewire::{http, websocket};
/// # fn handler(req: http::Request, res: http::Response) -> http::Handled {
/// #     if let Some(ws) = websocket::accept(req, res)? {
/// #         ws.close(1000, "")?;
/// #     }
/// #     Ok(())
/// # }
/// # let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// # let url = format!("ws://{}/", server.local_addr());
/// # assert!(websocket::connect(&url)?.run(Talk).clean);
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait SocketEvents {
    /// The connection is open.
    fn onopen(&self, _socket: &Writer) {}

    /// A message was received.
    fn onmessage(&self, _socket: &Writer, _data: Data<'_>) {}

    /// The peer broke a rule, the connection broke, or it was [terminated](Writer::terminate). `onclose` follows.
    fn onerror(&self, _socket: &Writer, _error: &Error) {}

    /// The connection is over.
    fn onclose(&self, _socket: &Writer, _outcome: &Outcome) {}
}

pub(super) struct OnMessage<F>(pub(super) F);

impl<F: Fn(&Writer, Data<'_>)> SocketEvents for OnMessage<F> {
    fn onmessage(&self, socket: &Writer, data: Data<'_>) {
        (self.0)(socket, data);
    }
}

#[inline(never)]
pub(super) fn run(mut reader: Reader, socket: &Writer, events: &impl SocketEvents) -> Outcome {
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
        // A user's stream may be what panicked, and may do so again.
        let _ = guarded(|| {
            let _ = socket.close(1011, "");
            reader.drain();
        });
    }
    let outcome = reader.outcome().unwrap_or_else(Outcome::abnormal);
    events.onclose(socket, &outcome);
    match ran {
        Ok(()) => outcome,
        Err(panic) => resume_unwind(panic),
    }
}
