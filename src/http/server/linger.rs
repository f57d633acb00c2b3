//! The lingering close: a last answer reaches the client even if it is still sending.
//!
//! ```text
//!   we                                   the client
//!   413, Connection: close  ───────────▶
//!   FIN                     ───────────▶  reads the 413 in the end
//!   read and drop           ◀───────────  … goes on sending for a while
//!   close                   ◀─── FIN ───
//! ```
//!
//! Closing with bytes unread would make the kernel send a reset, and a reset makes the
//! client's kernel throw away an answer that its program has not read yet.

use crate::http::server::config::Config;
use crate::net::Stream;
use std::net::Shutdown;
use std::time::Instant;

/// Ends the connection in stages, within the time and the bytes that the config allows.
// RFC 9112 §9.6: "First, the server performs a half-close by closing only the write side of the
// read/write connection. The server then continues to read from the connection until it receives
// a corresponding close by the client"
#[inline(never)]
pub(super) fn close(stream: &dyn Stream, config: &Config) {
    if stream.shutdown(Shutdown::Write).is_err() {
        return;
    }
    let start = Instant::now();
    let mut dropped = vec![0; 16 * 1024];
    let mut total = 0;
    while total < config.linger_bytes {
        let left = config.linger_timeout.saturating_sub(start.elapsed());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return;
        }
        match stream.read(&mut dropped) {
            Ok(0) | Err(_) => return,
            Ok(n) => total += n as u64,
        }
    }
}
