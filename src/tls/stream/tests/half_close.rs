//! `shutdown(Write)` where the socket has no room, and where another thread is in a write.

use super::through::Gate;
use super::*;
use crate::net::{Unix, is_timeout};
use std::os::unix::net::UnixStream;

/// A client and a server over a pipe with little room.
fn met_over_a_small_pipe(version: &'static SupportedProtocolVersion) -> (Arc<Tls>, Arc<Tls>) {
    let (here, there) = pipe_with_capacity(1000);
    let (here, there) = meet(Arc::new(here), Arc::new(there), version);
    take_tickets(&here);
    (here, there)
}

fn met_over_unix() -> (Arc<Tls>, Arc<Tls>) {
    let (here, there) = UnixStream::pair().unwrap();
    let (here, there) = (Unix::from(here), Unix::from(there));
    let (here, there) = meet(Arc::new(here), Arc::new(there), &version::TLS13);
    take_tickets(&here);
    (here, there)
}

fn take_tickets(client: &Tls) {
    while client.try_read(&mut [0; 8]).unwrap().is_some() {}
}

/// The bytes of a TLS 1.3 record beside its plaintext.
const OVERHEAD: usize = 22;

/// Fills a pipe of 1000 bytes exactly: nothing is in flight, and nothing has room.
fn fill_exactly(tls: &Tls) {
    assert_eq!(tls.write(&[7; 1000 - OVERHEAD]).unwrap(), 1000 - OVERHEAD);
}

/// Writes until there is no room for a record. Returns how many bytes were reported.
fn fill(tls: &Tls) -> usize {
    let mut reported = 0;
    while let Some(n) = tls.try_write(&[7; 400]).unwrap() {
        reported += n;
    }
    reported
}

/// Reads to the end of the TLS stream and of the stream below. Returns how many bytes of plaintext came.
fn read_to_both_ends(tls: &Tls) -> usize {
    let (mut all, mut buf) = (0, [0; 4096]);
    while let n @ 1.. = tls.read(&mut buf).unwrap() {
        all += n;
    }
    assert_eq!(tls.get_ref().read(&mut buf).unwrap(), 0, "and the FIN");
    all
}

#[test]
fn fault_a20_an_end_without_a_write_timeout_is_bounded() {
    within(|| {
        let (mut here, there) = met_over_a_small_pipe(&version::TLS13);
        let short = Duration::from_millis(50);
        Arc::get_mut(&mut here).unwrap().control_timeout = short;
        fill_exactly(&here);
        for _ in 0..2 {
            assert!(is_timeout(&here.shutdown(Shutdown::Write).unwrap_err()));
            let refused = here.write(b"x").unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::BrokenPipe);
        }
        assert_eq!(there.read(&mut [0; 2000]).unwrap(), 1000 - OVERHEAD);
        here.shutdown(Shutdown::Write).unwrap(); // there is room now
        assert_eq!(read_to_both_ends(&there), 0);
        here.shutdown(Shutdown::Write).unwrap();
    });
}

#[test]
fn fault_a20_with_a_write_timeout_of_zero_an_end_does_not_wait() {
    within(|| {
        for version in VERSIONS {
            let (here, there) = met_over_a_small_pipe(version);
            let reported = fill(&here);
            here.set_write_timeout(Some(Duration::ZERO)).unwrap();
            assert!(is_timeout(&here.shutdown(Shutdown::Write).unwrap_err()));
            let mut buf = [0; 4096];
            let mut read = there.read(&mut buf).unwrap();
            while here.shutdown(Shutdown::Write).is_err() {
                read += there.read(&mut buf).unwrap();
            }
            read += read_to_both_ends(&there);
            assert_eq!(read, reported + 400, "what was sealed leaves first");
        }
    });
}

#[test]
fn fault_a20_an_end_over_a_full_unix_socket_is_pending_until_it_has_left() {
    within(|| {
        let (here, there) = met_over_unix();
        let reported = fill(&here);
        here.set_write_timeout(Some(Duration::ZERO)).unwrap();
        assert!(is_timeout(&here.shutdown(Shutdown::Write).unwrap_err()));
        here.set_write_timeout(None).unwrap();
        thread::scope(|scope| {
            let peer = scope.spawn(|| read_to_both_ends(&there));
            here.shutdown(Shutdown::Write).unwrap();
            assert_eq!(peer.join().unwrap(), reported + 400);
        });
    });
}

#[test]
fn fault_a19_an_end_beside_a_write_that_times_out_leaves_later() {
    within(|| {
        let (here, there) = pipe_with_capacity(1000);
        let (here, gate) = Gate::before_writes(Arc::new(here));
        let (here, there) = meet(here, Arc::new(there), &version::TLS13);
        take_tickets(&here);
        here.set_write_timeout(Some(Duration::ZERO)).unwrap();
        gate.arm();
        thread::scope(|scope| {
            let writer = scope.spawn(|| here.write(&[7; 5000]).unwrap_err());
            gate.arrived.recv().unwrap();
            here.shutdown(Shutdown::Write).unwrap(); // left to the writer
            gate.open.send(false).unwrap();
            assert!(is_timeout(&writer.join().unwrap()));
        });
        assert!(is_timeout(&here.shutdown(Shutdown::Write).unwrap_err()));
        here.set_write_timeout(None).unwrap();
        thread::scope(|scope| {
            let peer = scope.spawn(|| read_to_both_ends(&there));
            assert_eq!(here.write(&[7; 5000]).unwrap(), 5000, "the same bytes");
            assert_eq!(peer.join().unwrap(), 5000);
        });
        here.shutdown(Shutdown::Write).unwrap();
    });
}

#[test]
fn fault_a19_an_alert_that_found_no_room_leaves_with_the_next_call() {
    within(|| {
        let (here, there) = met_over_a_small_pipe(&version::TLS13);
        fill_exactly(&here);
        there.get_ref().write(&[23, 3, 3, 0, 32]).unwrap();
        there.get_ref().write(&[0; 32]).unwrap();
        let mut buf = [0; 2000];
        let failed = here.read(&mut buf).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::InvalidData);
        assert_eq!(there.read(&mut buf).unwrap(), 1000 - OVERHEAD);
        here.read(&mut buf).unwrap_err(); // there is room now
        let alert = there.read(&mut buf).unwrap_err();
        assert!(alert.to_string().contains("BadRecordMac"), "{alert}");
    });
}

#[test]
fn fault_a19_a_key_update_does_not_follow_close_notify() {
    within(|| {
        let (here, there) = met();
        here.shutdown(Shutdown::Both).unwrap();
        let refused = here.update_keys().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::BrokenPipe);
        assert_eq!(there.read(&mut [0; 8]).unwrap(), 0);
        assert_eq!(there.get_ref().read(&mut [0; 8]).unwrap(), 0);
    });
}

/// Like a lingering close, which reads until the peer's end.
#[test]
fn fault_a18_a_reader_sends_a_pending_end_though_no_bytes_come() {
    within(|| {
        let (reads, is_read) = mpsc::channel();
        let (here, there) = pipe_with_capacity(1000);
        let here = through(Arc::new(here), move |below, buf| {
            let _ = reads.send(());
            below.read(buf)
        });
        let (here, there) = meet(here, Arc::new(there), &version::TLS13);
        take_tickets(&here);
        fill_exactly(&here);
        here.set_write_timeout(Some(Duration::ZERO)).unwrap();
        assert!(is_timeout(&here.shutdown(Shutdown::Write).unwrap_err()));
        while is_read.try_recv().is_ok() {} // of the handshake
        thread::scope(|scope| {
            let reader = scope.spawn(|| here.read(&mut [0; 8]).unwrap());
            is_read.recv().unwrap(); // it has found no room, and waits
            assert_eq!(read_to_both_ends(&there), 1000 - OVERHEAD);
            there.shutdown(Shutdown::Write).unwrap();
            assert_eq!(reader.join().unwrap(), 0);
        });
    });
}

#[test]
fn fault_a18_a_pending_end_does_not_lengthen_the_read_timeout() {
    within(|| {
        let (here, _there) = met_over_a_small_pipe(&version::TLS13);
        fill_exactly(&here);
        here.set_write_timeout(Some(Duration::ZERO)).unwrap();
        assert!(is_timeout(&here.shutdown(Shutdown::Write).unwrap_err()));
        here.set_read_timeout(Some(Duration::from_millis(30)))
            .unwrap();
        assert!(is_timeout(&here.read(&mut [0; 8]).unwrap_err()));
        assert_eq!(here.try_read(&mut [0; 8]).unwrap(), None);
    });
}

#[test]
fn a_pending_end_can_be_cut() {
    within(|| {
        for version in VERSIONS {
            let (here, there) = met_over_a_small_pipe(version);
            fill(&here);
            here.set_write_timeout(Some(Duration::ZERO)).unwrap();
            assert!(is_timeout(&here.shutdown(Shutdown::Write).unwrap_err()));
            here.abort().unwrap();
            let failed = here.shutdown(Shutdown::Write).unwrap_err();
            assert_eq!(failed.kind(), ErrorKind::BrokenPipe);
            let mut buf = [0; 4096];
            let cut = loop {
                if let Err(cut) = there.read(&mut buf) {
                    break cut;
                }
            };
            assert_eq!(cut.kind(), ErrorKind::UnexpectedEof);
        }
    });
}
