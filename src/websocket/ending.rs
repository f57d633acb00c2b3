//! The end of a connection.
//!
//! ```text
//!   client                                  server
//!   Close 1000            ───────────────▶
//!                         ◀───────────────  Close 1000
//!                         ◀───────────────  FIN: the server ends TCP first
//!   FIN                   ───────────────▶  until then the server reads and drops
//! ```
//!
//! Every end is a lingering close ([`net::linger`]), so that no reset destroys a Close frame that the peer's
//! program has not read yet.

use super::error::Error;
use super::outcome::Outcome;
use super::outgoing::Outgoing;
use super::wire;
use crate::net::{self, Linger, Slot};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const STACK_BYTES: usize = 128 * 1024;

/// The peer's Close frame was received, and ours is sent or queued.
// RFC 6455 §5.5.1: "The server MUST close the underlying TCP connection immediately; the client
// SHOULD wait for the server to close the connection but MAY close the connection at any time after
// sending and receiving a Close message"
pub(super) fn close(outgoing: &Arc<Outgoing>, mut outcome: Outcome) {
    let config = &outgoing.config;
    outcome.clean = outgoing.flush_within(config.close_timeout);
    let stream = outgoing.stream.as_ref();
    match outgoing.ends_first {
        true => linger(outgoing),
        false => {
            let time = Linger::within(config.close_timeout);
            let _saw_fin = net::discard(stream, time, config.linger_bytes);
        }
    }
    outgoing.finish(outcome);
}

/// The peer broke a rule: a Close frame names it, and the peer has time to read that.
#[cold]
pub(super) fn fail(outgoing: &Arc<Outgoing>, error: wire::Error) -> Error {
    outgoing.fail_peer(&error);
    flush_and_linger(outgoing, outgoing.config.linger_timeout);
    error.into()
}

/// The rest of a message did not come, or came too slowly.
#[cold]
pub(super) fn too_slow(outgoing: &Arc<Outgoing>) -> Error {
    let config = &outgoing.config;
    let text = format!(
        "a message came slower than min_bytes_per_second ({}) for stall_timeout ({:?})",
        config.min_bytes_per_second, config.stall_timeout
    );
    let _ = outgoing.close(1008, "a message that has begun must go on");
    flush_and_linger(outgoing, config.linger_timeout);
    io::Error::new(ErrorKind::TimedOut, text).into()
}

/// Both halves were dropped, and neither side has closed the connection: it ends with 1001. What was sent
/// before still reaches the peer. The thread that drops the last half must not wait for that (it may be
/// sending to a room), so a short-lived thread does. The server counts the connection until then.
pub(super) fn leave(outgoing: Arc<Outgoing>, slot: Option<Slot>) {
    let _ = outgoing.close(1001, "");
    let leaving = Arc::clone(&outgoing);
    let slot = Arc::new(slot);
    let held = Arc::clone(&slot);
    let thread = thread::Builder::new()
        .name("websocket close".into())
        .stack_size(STACK_BYTES);
    let started = thread.spawn(move || {
        flush_and_linger(&leaving, leaving.config.close_timeout);
        drop(leaving);
        drop(held); // after the stream
    });
    if started.is_err() {
        outgoing.finish(Outcome::abnormal());
        drop(outgoing);
    }
    drop(slot);
}

/// The end of a connection without a closing handshake: what is queued leaves, as long as some of it does
/// within each `limit`.
fn flush_and_linger(outgoing: &Arc<Outgoing>, limit: Duration) {
    outgoing.flush_within(limit);
    linger(outgoing);
    outgoing.finish(Outcome::abnormal());
}

/// Ends our direction, and reads and drops what the peer still sends. A connection that was cut has no such end.
fn linger(outgoing: &Outgoing) {
    if outgoing.is_cut() {
        return;
    }
    let (stream, config) = (outgoing.stream.as_ref(), &outgoing.config);
    let time = Linger::while_bytes_come(config.linger_timeout);
    net::linger(stream, time, config.linger_bytes);
}
