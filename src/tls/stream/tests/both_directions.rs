//! Both directions at the same time: neither waits for the other.

use super::*;
use crate::net::is_timeout;

const PIECE: usize = 10_000;

/// The byte at this offset: a byte that is lost, doubled or moved is noticed.
fn pattern(at: usize) -> u8 {
    (at ^ (at >> 8) ^ (at >> 16)) as u8
}

/// Writes this many bytes, with new keys after every seventh write, and then the end.
fn flood(tls: &Tls, bytes: usize) {
    let all: Vec<u8> = (0..bytes).map(pattern).collect();
    for (n, piece) in all.chunks(PIECE).enumerate() {
        (tls as &dyn Stream).write_all(piece).unwrap();
        if n % 7 == 0 && tls.protocol() == "TLSv1.3" {
            tls.update_keys().unwrap();
        }
    }
    tls.shutdown(Shutdown::Write).unwrap();
}

/// Reads to the end; how many bytes there were.
fn drain(tls: &Tls) -> usize {
    let (mut at, mut buf) = (0, [0; 5000]);
    loop {
        match tls.read(&mut buf).unwrap() {
            0 => return at,
            n => {
                assert!(
                    buf[..n]
                        .iter()
                        .enumerate()
                        .all(|(i, b)| *b == pattern(at + i))
                );
                at += n;
            }
        }
    }
}

fn flooded(ends: (Arc<Tls>, Arc<Tls>), bytes: usize) {
    let (here, there) = ends;
    thread::scope(|scope| {
        scope.spawn(|| flood(&here, bytes));
        scope.spawn(|| flood(&there, bytes));
        let there = scope.spawn(|| drain(&there));
        assert_eq!(drain(&here), bytes);
        assert_eq!(there.join().unwrap(), bytes);
    });
}

#[test]
fn both_directions_are_flooded_through_narrow_pipes() {
    within(|| {
        for (version, capacity) in [(0, 1000), (1, 1000), (1, 17), (1, 40_000)] {
            let (here, there) = pipe_with_capacity(capacity);
            let ends = meet(Arc::new(here), Arc::new(there), VERSIONS[version]);
            flooded(ends, 300_000);
        }
    });
}

#[test]
fn both_directions_are_flooded_over_tcp() {
    within(|| {
        for _ in 0..3 {
            flooded(met_over_tcp(), 8 << 20);
        }
    });
}

#[test]
fn a_write_does_not_wait_for_the_reader() {
    within(|| {
        let (here, there) = met();
        thread::scope(|scope| {
            let reader = scope.spawn(|| here.read(&mut [0; 8]).unwrap());
            while here.try_read(&mut [0; 8]).is_ok_and(|n| n.is_some()) {}
            let mut buf = [0; 8];
            for _ in 0..100 {
                assert_eq!(here.write(b"ping").unwrap(), 4);
                assert_eq!(there.read(&mut buf).unwrap(), 4);
            }
            there.write(b"at last").unwrap();
            assert_eq!(reader.join().unwrap(), 7);
        });
    });
}

/// Fills the pipe, and starts a thread whose write does not return.
fn blocked<'s>(scope: &'s thread::Scope<'s, '_>, tls: &'s Tls) -> thread::ScopedJoinHandle<'s, ()> {
    tls.set_write_timeout(Some(Duration::ZERO)).unwrap();
    while !tls.write(&[7; 10_000]).is_err_and(|e| is_timeout(&e)) {}
    tls.set_write_timeout(None).unwrap();
    let writer = scope.spawn(|| (tls as &dyn Stream).write_all(&[7; 10_000]).unwrap());
    while !is_writing(tls) {
        thread::yield_now();
    }
    writer
}

#[test]
fn the_reader_does_not_wait_for_a_blocked_writer() {
    within(|| {
        let (here, there) = met();
        thread::scope(|scope| {
            let writer = blocked(scope, &here);
            let mut buf = [0; 8];
            there.update_keys().unwrap();
            there.write(b"hello").unwrap();
            assert_eq!(here.read(&mut buf).unwrap(), 5);
            // Bytes that were not sealed: the reader has an alert to send.
            there.get_ref().write(&[23, 3, 3, 0, 32]).unwrap();
            there.get_ref().write(&[0; 32]).unwrap();
            let error = here.read(&mut buf).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
            assert!(!writer.is_finished());
            // The writer sends it behind its own records.
            let error = loop {
                if let Err(error) = there.read(&mut [0; 4096]) {
                    break error;
                }
            };
            assert!(error.to_string().contains("BadRecordMac"), "{error}");
            writer.join().unwrap();
        });
    });
}

#[test]
fn a_blocked_writer_sends_the_end_that_another_thread_asked_for() {
    within(|| {
        let (here, there) = met();
        thread::scope(|scope| {
            let writer = blocked(scope, &here);
            here.shutdown(Shutdown::Write).unwrap(); // returns at once
            let (mut all, mut buf) = (0, [0; 4096]);
            while let n @ 1.. = there.read(&mut buf).unwrap() {
                all += n;
            }
            assert_eq!(all % 10_000, 0, "all of each write");
            writer.join().unwrap();
            assert_eq!(here.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
            assert_eq!(there.get_ref().read(&mut buf).unwrap(), 0, "and the FIN");
        });
    });
}

#[test]
fn an_end_leaves_though_a_writer_takes_the_turn_meanwhile() {
    within(|| {
        for _ in 0..500 {
            let (here, there) = met();
            thread::scope(|scope| {
                scope.spawn(|| while here.write(b"x").is_ok() {});
                scope.spawn(|| here.shutdown(Shutdown::Write).unwrap());
                while there.read(&mut [0; 64]).unwrap() > 0 {}
            });
            assert_eq!(there.get_ref().read(&mut [0; 8]).unwrap(), 0, "and the FIN");
        }
    });
}
