//! The lingering close: the peer reads the last bytes although it is still sending.
//!
//! ```text
//!   we                                   the peer
//!   the last bytes          ───────────▶
//!   FIN                     ───────────▶  reads them in the end
//!   read and drop           ◀───────────  … goes on sending for a while
//!   close                   ◀─── FIN ───
//! ```
//!
//! If a stream is closed with bytes unread, the kernel sends a reset, and a reset makes the peer's kernel
//! throw away what its program has not read yet.

use std::io::ErrorKind;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use super::stream::{Stream, is_timeout};

/// What one read takes at most.
const CHUNK_BYTES: usize = 16 * 1024;

/// Ends our direction, then [discards](discard) what the peer still sends. The end is not waited for: where
/// TLS finds no room for its close_notify, that leaves while this reads (see [`Stream::shutdown`]).
// RFC 9112 §9.6: "First, the server performs a half-close by closing only the write side of the
// read/write connection. The server then continues to read from the connection until it receives
// a corresponding close by the client"
pub(crate) fn linger(stream: &dyn Stream, timeout: Duration, max_bytes: u64) {
    let _ = stream.set_write_timeout(Some(Duration::ZERO));
    match stream.shutdown(Shutdown::Write) {
        Err(e) if !is_timeout(&e) => {} // the connection is gone
        _ => _ = discard(stream, timeout, max_bytes),
    }
}

/// Reads and drops until the peer's FIN (then it is true), until `timeout` has passed, until `max_bytes`
/// have come, or until the connection breaks.
#[inline(never)]
pub(crate) fn discard(stream: &dyn Stream, timeout: Duration, max_bytes: u64) -> bool {
    let until = Instant::now().checked_add(timeout);
    let (mut dropped, mut total) = (vec![0; CHUNK_BYTES], 0);
    while total < max_bytes {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) || stream.set_read_timeout(left).is_err() {
            return false;
        }
        match stream.read(&mut dropped) {
            Ok(0) => return true,
            Ok(n) => total += n as u64,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::{Pipe, pipe_with_capacity};
    use super::*;
    use std::thread;

    const HOUR: Duration = Duration::from_secs(3600);
    const NO_LIMIT: u64 = u64::MAX;

    /// A peer that has sent `bytes`, and the stream to it.
    fn peer_with(bytes: usize) -> (Pipe, Pipe) {
        let (there, here) = pipe_with_capacity(1 << 20);
        there.write(&vec![b'x'; bytes]).unwrap();
        (there, here)
    }

    #[test]
    fn it_ends_our_direction_and_waits_for_the_peers_end() {
        let (there, here) = peer_with(100_000);
        thread::scope(|scope| {
            scope.spawn(|| linger(&here, HOUR, NO_LIMIT));
            assert_eq!(there.read(&mut [0; 1]).unwrap(), 0);
            there.write(b"more").unwrap();
            there.shutdown(Shutdown::Write).unwrap();
        });
        assert_eq!(here.try_read(&mut [0; 1]).unwrap(), Some(0));
    }

    #[test]
    fn it_ends_at_each_limit() {
        let (there, here) = peer_with(100_000);
        assert!(!discard(&here, HOUR, 20_000));
        let mut rest = vec![0; 100_000];
        assert_eq!(here.read(&mut rest).unwrap(), 100_000 - 2 * CHUNK_BYTES);

        assert!(!discard(&here, Duration::ZERO, NO_LIMIT));
        assert!(!discard(&here, Duration::from_millis(1), NO_LIMIT));
        assert!(!discard(&here, HOUR, 0));
        drop(there);
        assert!(discard(&here, Duration::MAX, NO_LIMIT));
    }

    /// TLS has a record to send before its FIN.
    #[test]
    fn an_end_without_room_leaves_while_it_reads() {
        #[derive(Debug)]
        struct Full(Pipe);
        impl super::super::Layer for Full {
            fn below(&self) -> &dyn Stream {
                &self.0
            }
            fn shutdown(&self, _how: Shutdown) -> std::io::Result<()> {
                Err(ErrorKind::WouldBlock.into())
            }
        }
        let (there, here) = peer_with(10);
        there.shutdown(Shutdown::Write).unwrap();
        let here = Full(here);
        linger(&here, HOUR, NO_LIMIT);
        assert_eq!(here.try_read(&mut [0; 1]).unwrap(), Some(0));
    }
}
