//! How a connection ends, and what each side's calls return.

use super::*;
use crate::net::{Faults, Faulty};

fn kind(result: io::Result<usize>) -> ErrorKind {
    result.unwrap_err().kind()
}

#[test]
fn close_notify_is_the_end_of_one_direction() {
    within(|| {
        for version in VERSIONS {
            let (here, there) = pipe();
            let (here, there) = meet(Arc::new(here), Arc::new(there), version);
            let mut buf = [0; 8];
            here.write(b"last").unwrap();
            here.shutdown(Shutdown::Write).unwrap();
            here.shutdown(Shutdown::Write).unwrap();
            assert_eq!(kind(here.write(b"x")), ErrorKind::BrokenPipe);
            assert_eq!(there.read(&mut buf).unwrap(), 4);
            assert_eq!(there.read(&mut buf).unwrap(), 0);
            assert_eq!(there.read(&mut buf).unwrap(), 0);
            assert_eq!(there.try_read(&mut buf).unwrap(), Some(0));
            there.write(b"still").unwrap();
            assert_eq!(here.read(&mut buf).unwrap(), 5);
        }
    });
}

#[test]
fn a_fin_without_close_notify_may_hide_something() {
    within(|| {
        let (here, there) = met_over_tcp();
        let mut buf = [0; 8];
        here.write(b"half").unwrap();
        here.get_ref().shutdown(Shutdown::Write).unwrap();
        assert_eq!(there.read(&mut buf).unwrap(), 4);
        for _ in 0..2 {
            let error = there.read(&mut buf).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
            assert!(
                error.to_string().contains("without close_notify"),
                "{error}"
            );
        }
        assert_eq!(
            kind(there.try_read(&mut buf).map(|_| 0)),
            ErrorKind::UnexpectedEof
        );
        assert_eq!(
            there.write(b"x").unwrap(),
            1,
            "the other direction still works"
        );
    });
}

#[test]
fn dropping_sends_close_notify() {
    within(|| {
        for ends in [met(), met_over_tcp()] {
            let (here, there) = ends;
            there.write(b"x").unwrap(); // with tickets; the client leaves nothing unread
            assert_eq!(here.read(&mut [0; 8]).unwrap(), 1);
            drop(here);
            assert_eq!(there.read(&mut [0; 8]).unwrap(), 0);
        }
    });
}

#[test]
fn a_third_thread_ends_it_for_reader_and_writer() {
    within(|| {
        for ends in [met(), met_over_tcp()] {
            let (here, there) = ends;
            thread::scope(|scope| {
                let reader = scope.spawn(|| here.read(&mut [0; 8]));
                let writer = scope.spawn(|| (&*here as &dyn Stream).write_all(&vec![0; 64 << 20]));
                while !is_writing(&here) || try_lock(&here.reading).is_some() {
                    thread::yield_now();
                }
                here.shutdown(Shutdown::Both).unwrap();
                assert_eq!(reader.join().unwrap().unwrap(), 0);
                writer.join().unwrap().unwrap_err();
            });
            drop(there);
        }
    });
}

#[test]
fn shutdown_of_both_sends_close_notify_if_no_thread_writes() {
    within(|| {
        let (here, there) = met();
        here.shutdown(Shutdown::Both).unwrap();
        assert_eq!(here.read(&mut [0; 8]).unwrap(), 0);
        assert_eq!(kind(here.write(b"x")), ErrorKind::BrokenPipe);
        assert_eq!(there.read(&mut [0; 8]).unwrap(), 0);
    });
}

#[test]
fn bytes_that_were_not_sealed_are_refused() {
    within(|| {
        for version in VERSIONS {
            let (here, there) = pipe();
            let (here, there) = meet(Arc::new(here), Arc::new(there), version);
            here.write(b"good").unwrap();
            here.get_ref().write(&[23, 3, 3, 0, 40]).unwrap();
            here.get_ref().write(&[9; 40]).unwrap();
            assert_eq!(there.read(&mut [0; 8]).unwrap(), 4);
            for _ in 0..2 {
                assert_eq!(kind(there.read(&mut [0; 8])), ErrorKind::InvalidData);
            }
            there.write(b"x").unwrap_err();
            let alert = here.read(&mut [0; 8]).unwrap_err();
            assert!(alert.to_string().contains("BadRecordMac"), "{alert}");
        }
    });
}

/// The RFC sets no limit. rustls does: 32 without application data between them.
#[test]
fn too_many_key_updates_are_refused() {
    within(|| {
        let (here, there) = met();
        let mut buf = [0; 8];
        for _ in 0..3 {
            (0..32).for_each(|_| here.update_keys().unwrap());
            here.write(b"data").unwrap();
            assert_eq!(there.read(&mut buf).unwrap(), 4);
        }
        (0..33).for_each(|_| here.update_keys().unwrap());
        let error = there.read(&mut buf).unwrap_err();
        assert!(error.to_string().contains("TooManyKeyUpdate"), "{error}");
    });
}

#[test]
fn tls12_has_no_key_update() {
    within(|| {
        let (here, there) = pipe();
        let (here, there) = meet(Arc::new(here), Arc::new(there), &version::TLS12);
        assert_eq!(
            here.update_keys().unwrap_err().kind(),
            ErrorKind::Unsupported
        );
        here.write(b"x").unwrap();
        assert_eq!(there.read(&mut [0; 8]).unwrap(), 1);
    });
}

/// A side that has sent close_notify still reads, and may read anything.
#[test]
fn nonsense_after_our_close_notify_is_refused_like_before_it() {
    within(|| {
        for version in VERSIONS {
            let (here, there) = pipe();
            let (here, there) = meet(Arc::new(here), Arc::new(there), version);
            there.shutdown(Shutdown::Write).unwrap();
            here.get_ref().write(&[23, 3, 3, 0, 40]).unwrap();
            here.get_ref().write(&[9; 40]).unwrap();
            for _ in 0..2 {
                assert_eq!(kind(there.read(&mut [0; 8])), ErrorKind::InvalidData);
            }
            assert_eq!(here.read(&mut [0; 8]).unwrap(), 0);
        }
    });
}

/// A layer that made a shutdown of an abort would send close_notify: a clean end.
#[test]
fn fault_a29_through_another_stream_an_abort_stays_a_cut() {
    type Ends = fn(&Faulty) -> io::Result<()>;
    let is_reset: Ends = |here| here.write(b"x").map(drop);
    let is_aborted: Ends = |here| here.abort();
    within(move || {
        for (faults, end) in [
            (Faults::default(), is_aborted),
            (Faults::default().reset_after_writing(1), is_reset),
        ] {
            for (here, there) in [met(), met_over_tcp()] {
                let mut buf = [0; 8];
                there.write(b"y").unwrap(); // with tickets; the client leaves nothing unread
                let here = Faulty::new(here, faults.clone());
                assert_eq!(here.read(&mut buf).unwrap(), 1);
                end(&here).unwrap();
                drop(here);
                let error = loop {
                    match there.read(&mut buf) {
                        Ok(0) => panic!("a clean end"),
                        Ok(_) => {}
                        Err(e) => break e,
                    }
                };
                assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{error}");
            }
        }
        // A shutdown is a clean end there as well.
        let (here, there) = met();
        let here = Faulty::new(here, Faults::default());
        here.shutdown(Shutdown::Write).unwrap();
        assert_eq!(there.read(&mut [0; 8]).unwrap(), 0);
    });
}
