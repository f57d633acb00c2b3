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

/// How many times its idle time a linger lasts at most, while bytes come.
const LONGEST: u32 = 15;

/// How long the bytes of the peer are read and dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Linger {
    /// Between two bytes.
    idle: Duration,
    /// From the first to the last.
    total: Duration,
}

impl Linger {
    /// As long as bytes come, with at most `idle` between them; in all [`LONGEST`] times `idle` at most. The time
    /// counts from the last byte that moved: from the last write, then from each read. No call shows how much the
    /// *peer* has read. After this has ended, the kernel still delivers the rest, unless the peer sends more: then
    /// it answers with a reset.
    pub(crate) fn while_bytes_come(idle: Duration) -> Linger {
        Linger {
            idle,
            total: idle.saturating_mul(LONGEST),
        }
    }

    /// At most this long in all.
    pub(crate) fn within(total: Duration) -> Linger {
        Linger { idle: total, total }
    }
}

/// Ends our direction, then [discards](discard) what the peer still sends. The end is not waited for: where
/// TLS finds no room for its close_notify, that leaves while this reads (see [`Stream::shutdown`]).
// RFC 9112 §9.6: "First, the server performs a half-close by closing only the write side of the
// read/write connection. The server then continues to read from the connection until it receives
// a corresponding close by the client"
pub(crate) fn linger(stream: &dyn Stream, time: Linger, max_bytes: u64) {
    let _ = stream.set_write_timeout(Some(Duration::ZERO));
    match stream.shutdown(Shutdown::Write) {
        Err(e) if !is_timeout(&e) => {} // the connection is gone
        _ => _ = discard(stream, time, max_bytes),
    }
}

/// Reads and drops until the peer's FIN (then it is true), until the time is over, until `max_bytes`
/// have come, or until the connection breaks.
#[inline(never)]
pub(crate) fn discard(stream: &dyn Stream, time: Linger, max_bytes: u64) -> bool {
    let began = Instant::now();
    let (mut dropped, mut bytes, mut last) = (vec![0; CHUNK_BYTES], 0, began);
    while bytes < max_bytes {
        let idle = time.idle.saturating_sub(last.elapsed());
        let left = idle.min(time.total.saturating_sub(began.elapsed()));
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return false;
        }
        match stream.read(&mut dropped) {
            Ok(0) => return true,
            Ok(n) => {
                bytes += n as u64;
                last = Instant::now();
            }
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
            scope.spawn(|| linger(&here, Linger::within(HOUR), NO_LIMIT));
            assert_eq!(there.read(&mut [0; 1]).unwrap(), 0);
            there.write(b"more").unwrap();
            there.shutdown(Shutdown::Write).unwrap();
        });
        assert_eq!(here.try_read(&mut [0; 1]).unwrap(), Some(0));
    }

    #[test]
    fn it_ends_at_each_limit() {
        let (there, here) = peer_with(100_000);
        assert!(!discard(&here, Linger::within(HOUR), 20_000));
        let mut rest = vec![0; 100_000];
        assert_eq!(here.read(&mut rest).unwrap(), 100_000 - 2 * CHUNK_BYTES);

        assert!(!discard(&here, Linger::within(Duration::ZERO), NO_LIMIT));
        assert!(!discard(
            &here,
            Linger::within(Duration::from_millis(1)),
            NO_LIMIT
        ));
        assert!(!discard(&here, Linger::within(HOUR), 0));
        drop(there);
        assert!(discard(&here, Linger::within(Duration::MAX), NO_LIMIT));
    }

    /// Whether it has seen the end of a peer that sends for twice as long as a silent one has; `None`: that peer was
    /// late itself.
    fn sees_the_end_of_who_sends(idle: Duration) -> Option<bool> {
        let time = Linger::while_bytes_come(idle);
        let (there, here) = peer_with(10);
        thread::scope(|scope| {
            let ended = scope.spawn(|| discard(&here, time, NO_LIMIT));
            let (mut last, mut is_late) = (Instant::now(), false);
            for _ in 0..20 {
                thread::sleep(idle / 10);
                there.write(b"x").unwrap();
                is_late = last.elapsed() > idle / 2;
                if is_late {
                    break;
                }
                last = Instant::now();
            }
            there.shutdown(Shutdown::Write).unwrap();
            let seen = ended.join().unwrap();
            (!is_late).then_some(seen)
        })
    }

    /// A peer that still sends is waited for from its last byte on, and not without end.
    #[test]
    fn fault_e03_it_counts_from_the_last_byte_that_moved() {
        let idle = Duration::from_millis(400);
        let seen = (0..10).find_map(|_| sees_the_end_of_who_sends(idle));
        assert_eq!(seen, Some(true));

        let (there, here) = peer_with(10);
        let began = Instant::now();
        thread::scope(|scope| {
            let ended = scope.spawn(|| {
                let time = Linger::while_bytes_come(Duration::from_millis(20));
                (discard(&here, time, NO_LIMIT), began.elapsed())
            });
            while !ended.is_finished() {
                there.write(b"x").unwrap();
                thread::sleep(Duration::from_millis(1));
            }
            let (saw_the_end, lasted) = ended.join().unwrap();
            assert!(!saw_the_end && lasted >= Duration::from_millis(20));
        });
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
        linger(&here, Linger::within(HOUR), NO_LIMIT);
        assert_eq!(here.try_read(&mut [0; 1]).unwrap(), Some(0));
    }
}
