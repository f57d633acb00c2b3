//! Timeouts, and what the calls after them do; `try_read`.

use super::*;
use crate::net::{Faults, Faulty, Splits, is_timeout};

fn noise(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|n| ((n * 31) ^ (n >> 7)) as u8).collect()
}

/// Writes all of it, again after each timeout.
fn write_despite_timeouts(tls: &Tls, mut rest: &[u8]) {
    while !rest.is_empty() {
        match tls.write(rest) {
            Ok(n) => rest = &rest[n..],
            Err(e) => assert!(is_timeout(&e), "{e}"),
        }
    }
}

fn read_exactly(tls: &Tls, bytes: usize) -> Vec<u8> {
    let (mut all, mut buf) = (Vec::new(), vec![0; 3000]);
    while all.len() < bytes {
        match tls.read(&mut buf) {
            Ok(0) => panic!("the end after {} bytes", all.len()),
            Ok(n) => all.extend_from_slice(&buf[..n]),
            Err(e) => assert!(is_timeout(&e), "{e}"),
        }
    }
    all
}

#[test]
fn a_write_that_timed_out_reports_whole_records() {
    within(|| {
        let (here, there) = pipe_with_capacity(40_000);
        let (here, there) = meet(Arc::new(here), Arc::new(there), &version::TLS13);
        let all = noise(65_536);
        here.set_write_timeout(Some(Duration::ZERO)).unwrap();
        assert_eq!(
            here.write(&all).unwrap(),
            32_768,
            "two records of four have left"
        );
        let rest = &all[32_768..];
        assert!(is_timeout(&here.write(rest).unwrap_err()));
        let other = here.write(b"something else").unwrap_err();
        assert_eq!(other.kind(), ErrorKind::InvalidInput);
        assert!(read_exactly(&there, 32_768) == all[..32_768]);
        assert_eq!(here.write(&rest[..5]).unwrap(), 5, "they are gone");
        assert_eq!(here.write(&rest[5..]).unwrap(), 32_763);
        assert!(read_exactly(&there, 32_768) == *rest);
        assert_eq!(here.write(b"new").unwrap(), 3);
        assert_eq!(read_exactly(&there, 3), b"new");
    });
}

#[test]
fn records_that_are_sealed_and_then_lost_are_not_reported() {
    within(|| {
        let (here, there) = pipe_with_capacity(1000);
        let (here, there) = meet(Arc::new(here), Arc::new(there), &version::TLS13);
        here.set_write_timeout(Some(Duration::ZERO)).unwrap();
        assert!(is_timeout(&here.write(&[5; 3000]).unwrap_err()));
        drop(there);
        for _ in 0..2 {
            let error = here.write(&[5; 3000]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        }
    });
}

#[test]
fn nothing_is_lost_or_doubled_by_timeouts() {
    within(|| {
        for (version, capacity) in [(0, 700), (1, 700), (1, 20_000), (1, 70_000)] {
            let (here, there) = pipe_with_capacity(capacity);
            let (here, there) = meet(Arc::new(here), Arc::new(there), VERSIONS[version]);
            here.set_write_timeout(Some(Duration::ZERO)).unwrap();
            there.set_read_timeout(Some(Duration::ZERO)).unwrap();
            let all = noise(400_000);
            thread::scope(|scope| {
                scope.spawn(|| write_despite_timeouts(&here, &all));
                assert!(read_exactly(&there, all.len()) == all);
            });
        }
    });
}

#[test]
fn a_read_after_a_timeout_continues_in_the_middle_of_a_record() {
    within(|| {
        let (here, there) = pipe();
        let bytewise = Faults::default().split_reads(Splits::from([1]).repeated());
        let there = Faulty::new(Arc::new(there), bytewise);
        let (here, there) = meet(Arc::new(here), Arc::new(there), &version::TLS13);
        there.set_read_timeout(Some(Duration::ZERO)).unwrap();
        assert!(is_timeout(&there.read(&mut [0; 8]).unwrap_err()));
        let all = noise(3000);
        here.write(&all).unwrap();
        assert!(read_exactly(&there, all.len()) == all);
    });
}

#[test]
fn a_read_timeout_is_for_the_whole_read_and_not_for_each_byte() {
    within(|| {
        let (here, there) = pipe();
        let there = through(Arc::new(there), |below, buf| {
            thread::sleep(Duration::from_millis(1));
            below.read(&mut buf[..1])
        });
        let (here, there) = meet(Arc::new(here), there, &version::TLS13);
        there
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        here.get_ref().write(&[23, 3, 3, 0x40, 0]).unwrap();
        here.get_ref().write(&[0; 0x4000]).unwrap();
        let error = there.read(&mut [0; 8]).unwrap_err();
        assert!(
            is_timeout(&error),
            "not all of the record was waited for: {error}"
        );
    });
}

#[test]
fn try_read_returns_what_is_there_and_never_waits() {
    within(|| {
        for ends in [met(), met_over_tcp()] {
            let (here, there) = ends;
            let mut buf = [0; 4];
            there.write(b"x").unwrap();
            assert_eq!(here.read(&mut buf).unwrap(), 1); // tickets, too
            assert_eq!(here.try_read(&mut buf).unwrap(), None);
            there.write(b"abcdef").unwrap();
            assert_eq!(here.read(&mut buf[..2]).unwrap(), 2);
            assert_eq!(here.try_read(&mut buf[..3]).unwrap(), Some(3));
            assert_eq!(&buf[..3], b"cde");
            assert_eq!(here.read(&mut buf).unwrap(), 1);
            assert_eq!(here.try_read(&mut buf).unwrap(), None);
            there.shutdown(Shutdown::Write).unwrap();
            assert_eq!(here.read(&mut buf).unwrap(), 0);
            assert_eq!(here.try_read(&mut buf).unwrap(), Some(0));
        }
    });
}

#[test]
fn try_read_leaves_half_a_record_for_the_next_read() {
    within(|| {
        let (here, there) = pipe_with_capacity(1000);
        let (here, there) = meet(Arc::new(here), Arc::new(there), &version::TLS13);
        here.set_write_timeout(Some(Duration::ZERO)).unwrap();
        assert!(is_timeout(&here.write(&[5; 1500]).unwrap_err()));
        let mut buf = [0; 2000];
        assert_eq!(there.try_read(&mut buf).unwrap(), None);
        assert_eq!(here.write(&[5; 1500]).unwrap(), 1500);
        assert_eq!(there.try_read(&mut buf).unwrap(), Some(1500));
    });
}
