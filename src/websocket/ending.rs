//! The end of a connection, as its reader sees it.
//!
//! ```text
//!   client                                  server
//!   Close 1000            ───────────────▶
//!                         ◀───────────────  Close 1000
//!                         ◀───────────────  FIN: the server ends TCP first
//!   FIN                   ───────────────▶  until then it reads and drops
//! ```
//!
//! Closing with bytes unread would make the kernel send a reset, and a reset makes the peer's kernel
//! throw away a Close frame that its program has not read yet. So a connection that fails lingers,
//! too: for a while what comes is read and dropped.

use super::error::Error;
use super::outbox::Outbox;
use super::outcome::Outcome;
use super::wire;
use crate::net::Stream;
use std::io::ErrorKind;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Both Close frames are on their way.
// RFC 6455 §5.5.1: "The server MUST close the underlying TCP connection immediately; the client
// SHOULD wait for the server to close the connection but MAY close the connection at any time after
// sending and receiving a Close message"
pub(super) fn close(outbox: &Arc<Outbox>, mut outcome: Outcome) {
    let config = &outbox.config;
    outcome.clean = outbox.flush_within(config.close_timeout);
    if outbox.ends_first {
        linger(outbox);
    } else {
        discard(
            outbox.stream().as_ref(),
            config.close_timeout,
            config.linger_bytes,
        );
    }
    outbox.finish(outcome);
}

/// The peer broke a rule: it is told which, and has the time to read it.
#[cold]
pub(super) fn fail(outbox: &Arc<Outbox>, error: wire::Error) -> Error {
    outbox.fail(&error);
    outbox.flush_within(outbox.config.linger_timeout);
    linger(outbox);
    outbox.finish(Outcome::abnormal());
    error.into()
}

fn linger(outbox: &Arc<Outbox>) {
    let (stream, config) = (outbox.stream().as_ref(), &outbox.config);
    if stream.shutdown(Shutdown::Write).is_ok() {
        discard(stream, config.linger_timeout, config.linger_bytes);
    }
}

/// Reads and drops until the peer's FIN, for a while and up to so many bytes.
fn discard(stream: &dyn Stream, limit: Duration, most: u64) {
    let until = Instant::now() + limit;
    let (mut dropped, mut total) = (vec![0; 16 * 1024], 0);
    while total < most {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return;
        }
        match stream.read(&mut dropped) {
            Ok(0) => return,
            Ok(n) => total += n as u64,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
