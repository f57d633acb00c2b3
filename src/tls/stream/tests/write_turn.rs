//! The write turn: which thread waits for which, and a stream below that breaks or panics.

use super::through::{Gate, Through};
use super::*;
use crate::net::{Pipe, is_timeout};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::channel;
use std::sync::{OnceLock, Weak};

/// A stream below with a gate before each write that does not block. If `open` is sent false, the stream
/// has no room.
fn gated(below: Arc<dyn Stream>) -> (Arc<dyn Stream>, Gate) {
    let (gate, passes) = Gate::new();
    let mut through = Through::new(below);
    through.try_write = Box::new(move |below, buf| match passes() {
        true => below.try_write(buf),
        false => Ok(None),
    });
    (Arc::new(through), gate)
}

/// A client whose reader will have an alert to send, and the gate at which that reader will wait.
fn met_at_a_gate(capacity: usize) -> (Arc<Tls>, Arc<Tls>, Gate) {
    let (here, there) = pipe_with_capacity(capacity);
    let (here, gate) = gated(Arc::new(here));
    let (here, there) = meet(here, Arc::new(there), &version::TLS13);
    there.get_ref().write(&[23, 3, 3, 0, 32]).unwrap();
    there.get_ref().write(&[0; 32]).unwrap();
    gate.arm();
    (here, there, gate)
}

fn read_bytes_that_were_not_sealed(tls: &Tls) {
    let error = tls.read(&mut [0; 8]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
}

#[test]
fn fault_a19_an_end_is_not_left_to_a_holder_that_does_not_wait() {
    within(|| {
        let (here, there, gate) = met_at_a_gate(1000);
        thread::scope(|scope| {
            let reader = scope.spawn(|| read_bytes_that_were_not_sealed(&here));
            gate.arrived.recv().unwrap();
            let ends = scope.spawn(|| here.shutdown(Shutdown::Write));
            while here.state().waiting == 0 {
                assert!(
                    !ends.is_finished(),
                    "the reader may find no room, so the end waits for its turn"
                );
                thread::yield_now();
            }
            gate.open.send(false).unwrap(); // the reader finds no room, and releases the turn
            reader.join().unwrap();
            ends.join().unwrap().unwrap();
        });
        let error = there.read(&mut [0; 8]).unwrap_err();
        assert!(error.to_string().contains("BadRecordMac"), "{error}");
        let mut rest = [0; 64];
        while there.get_ref().read(&mut rest).unwrap() > 0 {} // the FIN
    });
}

#[test]
fn a_write_that_does_not_block_waits_for_a_holder_that_does_not_block() {
    within(|| {
        let (here, there) = pipe();
        let (here, gate) = gated(Arc::new(here));
        let (here, there) = meet(here, Arc::new(there), &version::TLS13);
        gate.arm();
        thread::scope(|scope| {
            let first = scope.spawn(|| here.try_write(b"a").unwrap());
            gate.arrived.recv().unwrap();
            let second = scope.spawn(|| here.try_write(b"b").unwrap());
            while here.state().waiting == 0 {
                thread::yield_now();
            }
            gate.open.send(true).unwrap();
            assert_eq!(first.join().unwrap(), Some(1));
            assert_eq!(second.join().unwrap(), Some(1), "there is room");
        });
        let mut buf = [0; 8];
        assert_eq!(there.read(&mut buf).unwrap(), 2);
        assert_eq!(&buf[..2], b"ab");
    });
}

#[test]
fn a_write_waits_for_the_turn_no_longer_than_its_timeout() {
    within(|| {
        let (here, there) = pipe();
        let (here, gate) = Gate::before_writes(Arc::new(here));
        let (here, there) = meet(here, Arc::new(there), &version::TLS13);
        gate.arm();
        thread::scope(|scope| {
            let writer = scope.spawn(|| here.write(b"a").unwrap());
            gate.arrived.recv().unwrap();
            assert_eq!(here.try_write(b"x").unwrap(), None);
            here.set_write_timeout(Some(Duration::from_millis(20)))
                .unwrap();
            assert!(is_timeout(&here.write(b"x").unwrap_err()));
            gate.open.send(true).unwrap();
            assert_eq!(writer.join().unwrap(), 1);
        });
        let mut buf = [0; 8];
        assert_eq!(there.read(&mut buf).unwrap(), 1);
        assert_eq!(there.try_read(&mut buf).unwrap(), None, "no x");
    });
}

#[test]
fn fault_a18_a_panic_of_the_stream_below_leaves_no_thread_waiting() {
    within(|| {
        let (here, there) = pipe();
        let mut panics = Through::new(Arc::new(here));
        let (arrive, arrived) = channel();
        let (go, may_go) = channel::<()>();
        let (arrive, may_go) = (Mutex::new(arrive), Mutex::new(may_go));
        let first = AtomicBool::new(false);
        panics.write = Box::new(move |below, buf| {
            if buf[0] != 23 || first.swap(true, Ordering::SeqCst) {
                return below.write(buf); // of the handshake
            }
            lock(&arrive).send(()).unwrap();
            lock(&may_go).recv().unwrap();
            panic!("on purpose");
        });
        // Under TLS 1.2 the handshake has no record of application data.
        let (here, _there) = meet(Arc::new(panics), Arc::new(there), &version::TLS12);
        thread::scope(|scope| {
            let write = || catch_unwind(AssertUnwindSafe(|| here.write(b"x")));
            let writer = scope.spawn(write);
            arrived.recv().unwrap();
            let other = scope.spawn(|| here.write(b"y").unwrap_err());
            while here.state().waiting == 0 {
                thread::yield_now();
            }
            go.send(()).unwrap();
            assert!(writer.join().unwrap().is_err(), "it has panicked");
            let error = other.join().unwrap();
            assert!(error.to_string().contains("panicked"), "{error}");
        });
        here.shutdown(Shutdown::Write).unwrap_err();
    });
}

#[test]
fn fault_a22_a_dead_connection_is_no_timeout() {
    const ETIMEDOUT: i32 = 110; // on Linux
    fn is_dead(error: io::Error) {
        assert_eq!(error.raw_os_error(), Some(ETIMEDOUT), "{error}");
        assert!(!is_timeout(&error));
    }
    within(|| {
        for version in VERSIONS {
            let is_dead_now = Arc::new(AtomicBool::new(false));
            let dead = Arc::clone(&is_dead_now);
            let result = move || match dead.load(Ordering::SeqCst) {
                true => Err(io::Error::from_raw_os_error(ETIMEDOUT)),
                false => Ok(()),
            };
            let (here, there) = pipe();
            let mut below = Through::new(Arc::new(here));
            let (read, write) = (result.clone(), result);
            below.read = Box::new(move |below, buf| read().and_then(|()| below.read(buf)));
            below.write = Box::new(move |below, buf| write().and_then(|()| below.write(buf)));
            let (here, _there) = meet(Arc::new(below), Arc::new(there), version);
            here.try_read(&mut [0; 8]).unwrap(); // tickets
            is_dead_now.store(true, Ordering::SeqCst);
            for _ in 0..2 {
                is_dead(here.write(b"x").unwrap_err());
                is_dead(here.read(&mut [0; 8]).unwrap_err());
                is_dead(here.try_write(b"x").unwrap_err());
                is_dead(here.shutdown(Shutdown::Write).unwrap_err());
            }
        }
    });
}

#[test]
fn tls_over_tls_ends_layer_by_layer() {
    within(|| {
        let (below, there_below) = met();
        let (here, there) = meet(below, there_below, &version::TLS13);
        here.write(b"hello").unwrap();
        here.shutdown(Shutdown::Write).unwrap();
        let mut buf = [0; 16];
        assert_eq!(there.read(&mut buf).unwrap(), 5);
        assert_eq!(there.read(&mut buf).unwrap(), 0);
        assert_eq!(there.get_ref().read(&mut buf).unwrap(), 0, "below, too");
        there.abort().unwrap();
        let cut = here.read(&mut buf).unwrap_err();
        assert_eq!(cut.kind(), ErrorKind::UnexpectedEof, "a cut below is a cut");
    });
}

/// A layer that finds, in every call, no lock of the TLS connection above it held.
#[derive(Debug)]
struct LockProbe {
    below: Pipe,
    above: OnceLock<Weak<Tls>>,
    calls: AtomicUsize,
}

impl LockProbe {
    fn below(&self) -> &dyn Stream {
        if let Some(tls) = self.above.get().and_then(Weak::upgrade) {
            self.calls.fetch_add(1, Ordering::Relaxed);
            assert!(try_lock(&tls.state).is_some(), "the state lock is held");
            let timeouts = [&tls.read_timeout, &tls.write_timeout];
            assert!(!timeouts.iter().any(|timeout| timeout.is_locked()));
        }
        &self.below
    }
}

impl net::Layer for LockProbe {
    fn below(&self) -> &dyn Stream {
        LockProbe::below(self)
    }
}

#[test]
fn the_stream_below_is_called_without_the_state_lock() {
    within(|| {
        let (here, there) = pipe_with_capacity(1000);
        let probe = Arc::new(LockProbe {
            below: here,
            above: OnceLock::new(),
            calls: AtomicUsize::new(0),
        });
        let (here, there) = meet(Arc::clone(&probe) as _, Arc::new(there), &version::TLS13);
        probe.above.set(Arc::downgrade(&here)).unwrap();
        let mut buf = [0; 2000];
        there.write(b"hello").unwrap();
        assert_eq!(here.read(&mut buf).unwrap(), 5);
        assert_eq!(here.try_read(&mut buf).unwrap(), None);
        here.update_keys().unwrap();
        here.set_write_timeout(Some(Duration::ZERO)).unwrap();
        while here.try_write(&[7; 100]).unwrap().is_some() {}
        assert!(is_timeout(&here.write(&[7; 100]).unwrap_err()));
        assert!(is_timeout(&here.shutdown(Shutdown::Write).unwrap_err()));
        here.set_read_timeout(Some(Duration::ZERO)).unwrap();
        assert!(is_timeout(&here.read(&mut buf).unwrap_err())); // tries to send the end, too
        while there.try_read(&mut buf).unwrap().is_some() {}
        here.set_write_timeout(None).unwrap();
        here.shutdown(Shutdown::Write).unwrap();
        here.shutdown(Shutdown::Both).unwrap();
        here.abort().unwrap();
        assert!(probe.calls.load(Ordering::Relaxed) > 15);
    });
}
