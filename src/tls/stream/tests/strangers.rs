//! Handshakes that fail: each is told, none hangs, none panics.

use super::*;
use crate::net::{Faults, Faulty, Splits};
use std::sync::atomic::AtomicUsize;

fn judged(first: &[u8]) -> Failure {
    let (here, there) = pipe();
    here.write(first).unwrap();
    drop(here);
    handshake(Arc::new(there), server_of(&version::TLS13), b"", soon()).unwrap_err()
}

#[test]
fn who_speaks_no_tls_is_told_apart_by_the_first_bytes() {
    within(|| {
        let strangers: [&[u8]; 5] = [
            b"GET / HTTP/1.1\r\n",
            b"SSH-2",
            b"\x80\x2e\x01\x00\x02",
            b"\0\0\0",
            b"\x16\x01",
        ];
        for first in strangers {
            // Nothing more comes, but also no end: the bytes suffice.
            let (here, there) = pipe();
            here.write(first).unwrap();
            let met = handshake(Arc::new(there), server_of(&version::TLS13), b"", soon());
            assert!(matches!(met, Err(Failure::Plain(bytes)) if bytes == first));
            assert_eq!(
                here.try_read(&mut [0; 8]).unwrap(),
                Some(0),
                "nothing was sent"
            );
            let (here, there) = pipe();
            here.write(&first[1..]).unwrap();
            let met = handshake(
                Arc::new(there),
                server_of(&version::TLS13),
                &first[..1],
                soon(),
            );
            assert!(matches!(met, Err(Failure::Plain(bytes)) if first.starts_with(&bytes)));
        }
    });
}

#[test]
fn a_server_that_speaks_no_tls_is_quoted() {
    within(|| {
        let (here, there) = pipe();
        there.write(b"HTTP/1.1 400 Bad Request\r\n").unwrap();
        let met = handshake(Arc::new(here), client_of(&version::TLS13), b"", soon());
        let why = met.unwrap_err().to_string();
        assert!(why.contains("does not speak TLS: \"HTTP/1.1 400"), "{why}");
    });
}

#[test]
fn garbage_in_a_record_is_answered_with_an_alert() {
    within(|| {
        let (here, there) = pipe();
        let hello_of_nothing = [22, 3, 1, 0, 4, 1, 0, 0, 0];
        here.write(&hello_of_nothing).unwrap();
        here.shutdown(Shutdown::Write).unwrap();
        let met = handshake(Arc::new(there), server_of(&version::TLS13), b"", soon());
        assert!(matches!(met, Err(Failure::Tls(_))), "{met:?}");
        let mut buf = [0; 16];
        assert_eq!(here.read(&mut buf).unwrap(), 7);
        assert_eq!(buf[..2], [21, 3], "an alert");
        assert_eq!(here.read(&mut buf).unwrap(), 0);
    });
}

#[test]
fn silence_is_ended_by_the_deadline() {
    within(|| {
        let (_here, there) = pipe();
        let soon = Instant::now() + Duration::from_millis(20);
        let met = handshake(Arc::new(there), server_of(&version::TLS13), b"\x16", soon);
        assert!(matches!(met, Err(Failure::Timeout)), "{met:?}");
        let (_here, there) = pipe_with_capacity(10);
        let soon = Instant::now() + Duration::from_millis(20);
        let met = handshake(Arc::new(there), client_of(&version::TLS13), b"", soon);
        assert!(
            matches!(met, Err(Failure::Timeout)),
            "nobody takes it: {met:?}"
        );
    });
}

#[test]
fn there_is_an_end_to_what_is_listened_to() {
    within(|| {
        let mut endless = vec![0; MAX_BYTES + 1];
        endless[..2].copy_from_slice(&[22, 3]);
        let (_here, there) = pipe();
        let met = handshake(
            Arc::new(there),
            server_of(&version::TLS13),
            &endless,
            soon(),
        );
        assert!(matches!(met, Err(Failure::TooLong)), "{met:?}");
    });
}

#[test]
fn an_end_within_the_first_record_is_told() {
    within(|| {
        let (here, there) = pipe();
        drop(there);
        let met = handshake(Arc::new(here), client_of(&version::TLS13), b"", soon());
        assert!(matches!(met, Err(Failure::Io(_))), "{met:?}");
        for n in [0, 1, 2, 4, 5, 100] {
            let first = [&[22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3][..], &[0; 100]].concat();
            let failure = judged(&first[..n]);
            assert!(matches!(failure, Failure::Ended), "{n} bytes: {failure:?}");
        }
    });
}

/// Both sides of a handshake in which each hears the other through something.
fn disturbed(
    version: &'static SupportedProtocolVersion,
    patience: Duration,
    client_hears: impl FnOnce(Arc<dyn Stream>) -> Arc<dyn Stream>,
    server_hears: impl FnOnce(Arc<dyn Stream>) -> Arc<dyn Stream>,
) -> (Result<(), Failure>, Result<(), Failure>) {
    let (here, there) = pipe();
    let (here, there) = (client_hears(Arc::new(here)), server_hears(Arc::new(there)));
    let until = Instant::now() + patience;
    // Who is done leaves: whoever is not need not wait for him.
    let serve = move || handshake(there, server_of(version), b"", until).map(drop);
    let served = thread::spawn(serve);
    let met = handshake(here, client_of(version), b"", until).map(drop);
    (met, served.join().unwrap())
}

#[test]
fn a_handshake_that_comes_byte_by_byte_is_one() {
    within(|| {
        for version in VERSIONS {
            let bits = || Faults::default().split_reads(Splits::from([1]).repeated());
            let drip = |below| Arc::new(Faulty::new(below, bits())) as Arc<dyn Stream>;
            let (client, server) = disturbed(version, PATIENCE, drip, drip);
            client.unwrap();
            server.unwrap();
        }
    });
}

#[test]
fn a_cut_at_every_byte() {
    within(|| {
        for version in VERSIONS {
            let cut = |at| {
                move |below| {
                    let faults = Faults::default().end_after(at);
                    Arc::new(Faulty::new(below, faults)) as Arc<dyn Stream>
                }
            };
            let whole = |below| below;
            let first_whole = (0..).find(|at| {
                let (_, server) = disturbed(version, PATIENCE, whole, cut(*at));
                server
                    .map_err(|e| assert!(matches!(e, Failure::Ended), "{at}: {e:?}"))
                    .is_ok()
            });
            assert!(
                first_whole.is_some_and(|bytes| bytes > 200),
                "{first_whole:?}"
            );
            let first_whole = (0..).find(|at| {
                let (client, _) = disturbed(version, PATIENCE, cut(*at), whole);
                client
                    .map_err(|e| assert!(matches!(e, Failure::Ended), "{at}: {e:?}"))
                    .is_ok()
            });
            assert!(
                first_whole.is_some_and(|bytes| bytes > 500),
                "{first_whole:?}"
            );
        }
    });
}

/// One bit of each byte in turn. Where a length has grown both wait for more: the deadline is short,
/// and when it passes, that is a failure like the others.
fn flip_every_byte(version: &'static SupportedProtocolVersion, client_hears: bool) {
    let flipped = |at: usize, patience| {
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
        let (client, server) = match client_hears {
            true => disturbed(version, patience, flip, whole),
            false => disturbed(version, patience, whole, flip),
        };
        (
            client.is_ok() && server.is_ok(),
            seen.load(Ordering::Relaxed),
        )
    };
    let (met, bytes) = flipped(usize::MAX, PATIENCE);
    assert!(met && bytes > 200, "{bytes}");
    let unseen = (0..bytes).filter(|at| flipped(*at, Duration::from_millis(25)).0);
    // Only the minor version in a record's header means nothing, and only before it is sealed.
    let unseen = unseen.count();
    assert!(unseen <= 8, "{unseen} of {bytes} bytes are not missed");
}

#[test]
fn a_flip_of_every_byte_that_the_client_hears() {
    within(|| {
        VERSIONS
            .into_iter()
            .for_each(|version| flip_every_byte(version, true))
    });
}

#[test]
fn a_flip_of_every_byte_that_the_server_hears() {
    within(|| {
        VERSIONS
            .into_iter()
            .for_each(|version| flip_every_byte(version, false))
    });
}
