//! Handshakes that fail: each has its error, none hangs, none panics.

use super::super::super::error::handshake::Side;
use super::*;
use crate::net::{Faults, Faulty, Splits};
use std::sync::atomic::AtomicUsize;

/// The failure of a server that gets these bytes, and then the end.
fn failure_after(bytes: &[u8]) -> Failure {
    let (here, there) = pipe();
    here.write(bytes).unwrap();
    drop(here);
    handshake(Arc::new(there), server_of(&version::TLS13), soon()).unwrap_err()
}

#[test]
fn a_client_that_speaks_no_tls_is_recognized_by_its_first_bytes() {
    within(|| {
        let others: [&[u8]; 5] = [
            b"GET / HTTP/1.1\r\n",
            b"SSH-2",
            b"\x80\x2e\x01\x00\x02",
            b"\0\0\0",
            b"\x16\x01",
        ];
        for first in others {
            // No more bytes come, and no end: these are enough.
            let (here, there) = pipe();
            here.write(first).unwrap();
            let refused = thread::spawn(move || {
                handshake(Arc::new(there), server_of(&version::TLS13), soon())
            });
            let mut answer = [0; 8];
            let n = here.read(&mut answer).unwrap();
            let alert = answer[..n].starts_with(&[21, 3]);
            assert_eq!(
                alert,
                !first.starts_with(b"GET"),
                "HTTP is answered in HTTP"
            );
            drop(here);
            assert!(is_refused(refused.join().unwrap(), first, false));
            // The same byte by byte.
            let (here, there) = pipe();
            here.write(first).unwrap();
            here.shutdown(Shutdown::Write).unwrap();
            let bytewise = Faults::default().split_reads(Splits::from([1]).repeated());
            let there = Faulty::new(Arc::new(there), bytewise);
            let done = handshake(Arc::new(there), server_of(&version::TLS13), soon());
            assert!(is_refused(done, first, true));
        }
    });
}

/// The failure has the first bytes, or (`part`) as many of them as were enough.
fn is_refused<T>(done: Result<T, Failure>, sent: &[u8], part: bool) -> bool {
    match done {
        Err(Failure::Plain { first, .. }) => first == sent || part && sent.starts_with(&first),
        Err(Failure::OldVersion(None)) => sent[0] == 0x80,
        _ => false,
    }
}

#[test]
fn a_server_that_speaks_no_tls_is_quoted() {
    within(|| {
        let (here, there) = pipe();
        there.write(b"SSH-2.0-OpenSSH_9.6\r\n").unwrap();
        let done = handshake(Arc::new(here), client_of(&version::TLS13), soon());
        let error = done.unwrap_err().explain(Side::Client("a.example"));
        let why = error.to_string();
        assert!(
            why.contains("does not speak TLS, but says \"SSH-2.0-OpenSSH"),
            "{why}"
        );
    });
}

#[test]
fn garbage_in_a_record_is_answered_with_an_alert() {
    within(|| {
        let (here, there) = pipe();
        let hello_of_nothing = [22, 3, 1, 0, 4, 1, 0, 0, 0];
        here.write(&hello_of_nothing).unwrap();
        here.shutdown(Shutdown::Write).unwrap();
        let done = handshake(Arc::new(there), server_of(&version::TLS13), soon());
        assert!(matches!(done, Err(Failure::Tls(_))), "{done:?}");
        let mut buf = [0; 16];
        assert_eq!(here.read(&mut buf).unwrap(), 7);
        assert_eq!(buf[..2], [21, 3], "an alert");
        assert_eq!(here.read(&mut buf).unwrap(), 0);
    });
}

#[test]
fn the_deadline_ends_a_handshake_with_a_silent_peer() {
    within(|| {
        let soon = || Instant::now() + Duration::from_millis(20);
        let (here, there) = pipe();
        here.write(b"\x16").unwrap();
        let done = handshake(Arc::new(there), server_of(&version::TLS13), soon());
        assert!(matches!(done, Err(Failure::Timeout)), "{done:?}");
        let (_here, there) = pipe_with_capacity(10);
        let done = handshake(Arc::new(there), client_of(&version::TLS13), soon());
        let timed_out = matches!(done, Err(Failure::Timeout));
        assert!(timed_out, "the peer reads nothing: {done:?}");
    });
}

#[test]
fn a_handshake_longer_than_the_limit_is_refused() {
    within(|| {
        let (here, there) = pipe();
        here.write(&[22]).unwrap();
        let mut handshake = Handshake::new(Arc::new(there), server_of(&version::TLS13), soon());
        handshake.received = MAX_BYTES; // this byte is one too many
        let done = handshake.run();
        assert!(matches!(done, Err(Failure::TooLong(MAX_BYTES))), "{done:?}");
    });
}

#[test]
fn an_end_within_the_first_record_is_an_end() {
    within(|| {
        let (here, there) = pipe();
        drop(there);
        let done = handshake(Arc::new(here), client_of(&version::TLS13), soon());
        assert!(matches!(done, Err(Failure::Io(_))), "{done:?}");
        for n in [0, 1, 2, 4, 5, 100] {
            let first = [&[22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3][..], &[0; 100]].concat();
            let failure = failure_after(&first[..n]);
            assert!(matches!(failure, Failure::Ended), "{n} bytes: {failure:?}");
        }
    });
}

/// Both sides of a handshake, each of which reads through a layer.
fn disturbed(
    version: &'static SupportedProtocolVersion,
    timeout: Duration,
    client_reads: impl FnOnce(Arc<dyn Stream>) -> Arc<dyn Stream>,
    server_reads: impl FnOnce(Arc<dyn Stream>) -> Arc<dyn Stream>,
) -> (Result<(), Failure>, Result<(), Failure>) {
    let (here, there) = pipe();
    let (here, there) = (client_reads(Arc::new(here)), server_reads(Arc::new(there)));
    let deadline = Instant::now() + timeout;
    // A side that is done drops its stream, so the other side need not wait for the deadline.
    let serve = move || handshake(there, server_of(version), deadline).map(drop);
    let served = thread::spawn(serve);
    let client = handshake(here, client_of(version), deadline).map(drop);
    (client, served.join().unwrap())
}

#[test]
fn a_handshake_that_comes_byte_by_byte_succeeds() {
    within(|| {
        for version in VERSIONS {
            let bytewise = || Faults::default().split_reads(Splits::from([1]).repeated());
            let drip = |below| Arc::new(Faulty::new(below, bytewise())) as Arc<dyn Stream>;
            let (client, server) = disturbed(version, PATIENCE, drip, drip);
            client.unwrap();
            server.unwrap();
        }
    });
}

#[test]
fn a_cut_at_every_byte_is_an_end() {
    within(|| {
        let whole = |below| below;
        let cut = |at| {
            move |below| {
                let faults = Faults::default().end_after(at);
                Arc::new(Faulty::new(below, faults)) as Arc<dyn Stream>
            }
        };
        let is_whole = |at: u64, result: Result<(), Failure>| {
            let is_cut = matches!(result, Err(Failure::Ended));
            assert!(is_cut || result.is_ok(), "cut at {at}: {result:?}");
            !is_cut
        };
        for version in VERSIONS {
            let server = |at: &u64| {
                let (_, server) = disturbed(version, PATIENCE, whole, cut(*at));
                is_whole(*at, server)
            };
            let needed = (0..).find(server);
            assert!(needed.is_some_and(|bytes| bytes > 200), "{needed:?}");
            let client = |at: &u64| {
                let (client, _) = disturbed(version, PATIENCE, cut(*at), whole);
                is_whole(*at, client)
            };
            let needed = (0..).find(client);
            assert!(needed.is_some_and(|bytes| bytes > 500), "{needed:?}");
        }
    });
}

/// Flips one bit of each byte in turn. A length that has grown makes both sides wait for more; then the
/// short deadline passes, which is a failure like the others.
fn flip_every_byte(version: &'static SupportedProtocolVersion, of_client: bool) {
    let flipped = |at: usize, timeout| {
        let seen = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&seen);
        let flip = |below| {
            through(below, move |below, buf| {
                let n = below.read(buf)?;
                let before = count.fetch_add(n, Ordering::Relaxed);
                if let Some(byte) = at.checked_sub(before).and_then(|at| buf[..n].get_mut(at)) {
                    *byte ^= 1 << (at % 8);
                }
                Ok(n)
            })
        };
        let whole = |below| below;
        let (client, server) = match of_client {
            true => disturbed(version, timeout, flip, whole),
            false => disturbed(version, timeout, whole, flip),
        };
        let succeeded = client.is_ok() && server.is_ok();
        (succeeded, seen.load(Ordering::Relaxed))
    };
    let (succeeded, bytes) = flipped(usize::MAX, PATIENCE);
    assert!(succeeded && bytes > 200, "{bytes}");
    // Only the minor version in a record's header has no meaning, and only in records that are not sealed.
    let without_effect = (0..bytes).filter(|at| flipped(*at, Duration::from_millis(25)).0);
    let count = without_effect.count();
    assert!(count <= 8, "{count} of {bytes} flips had no effect");
}

#[test]
fn a_flip_of_every_byte_that_the_client_reads_is_noticed() {
    within(|| {
        for version in VERSIONS {
            flip_every_byte(version, true);
        }
    });
}

#[test]
fn a_flip_of_every_byte_that_the_server_reads_is_noticed() {
    within(|| {
        for version in VERSIONS {
            flip_every_byte(version, false);
        }
    });
}
