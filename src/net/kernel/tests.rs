use super::*;
use crate::net::tests::{PATIENCE, within};
use crate::net::{Tcp, Unix};
use std::net::TcpListener;
use std::sync::{Arc, mpsc};
use std::thread;

fn tcp() -> (Tcp, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (Tcp::from(listener.accept().unwrap().0), theirs)
}

/// Probes for as long as the work takes.
fn while_probed(work: impl FnOnce(&Tcp) + Send + 'static) {
    within(PATIENCE, || {
        let (ours, theirs) = tcp();
        let reader = thread::spawn(move || io::copy(&mut &theirs, &mut io::sink()));
        let ours = Arc::new(ours);
        let weak = Arc::downgrade(&ours);
        let prober = thread::spawn(move || {
            while let Some(ours) = weak.upgrade() {
                assert_eq!(ours.try_read(&mut [0; 16]).unwrap(), None);
            }
        });
        work(&ours);
        drop(ours);
        prober.join().unwrap();
        reader.join().unwrap().unwrap();
    });
}

#[test]
fn a_probe_disturbs_no_writer() {
    while_probed(|ours| {
        for _ in 0..2_000 {
            (ours as &dyn Stream).write_all(&[7; 64 * 1024]).unwrap();
        }
    });
}

#[test]
fn a_probe_neither_hastens_nor_hinders_a_timeout() {
    while_probed(|ours| {
        ours.set_read_timeout(Some(Duration::from_millis(60)))
            .unwrap();
        for _ in 0..5 {
            let began = Instant::now();
            assert!(is_timeout(&ours.read(&mut [0; 16]).unwrap_err()));
            assert!(began.elapsed() >= Duration::from_millis(30));
        }
    });
}

#[test]
fn the_clock_is_read_in_the_calls_after_a_probe_only() {
    let (ours, theirs) = tcp();
    let theirs = Tcp::from(theirs);
    assert!(!ours.is_timed());
    assert_eq!(ours.try_read(&mut [0; 1]).unwrap(), None);
    for _ in 0..TIMED_CALLS {
        assert_ne!(ours.timed_calls.load(Ordering::Relaxed), 0);
        theirs.write(b"x").unwrap();
        assert_eq!(ours.read(&mut [0; 1]).unwrap(), 1);
    }
    assert!(!ours.is_timed());
}

/// Neither for ever, nor at once.
#[test]
fn a_probe_after_many_calls_lets_a_wait_end() {
    within(PATIENCE, || {
        let (ours, _theirs) = tcp();
        let limit = Duration::from_millis(60);
        ours.set_read_timeout(Some(limit)).unwrap();
        thread::scope(|scope| {
            let waits = scope.spawn(|| {
                let began = Instant::now();
                assert!(is_timeout(&ours.read(&mut [0; 16]).unwrap_err()));
                assert!(began.elapsed() >= limit / 2);
            });
            while !waits.is_finished() {
                assert_eq!(ours.try_read(&mut [0; 16]).unwrap(), None);
                ours.timed_calls.store(0, Ordering::Relaxed); // as after many calls
            }
            waits.join().unwrap();
        });
    });
}

/// A signal interrupts a call that has a timeout, whatever the handler asks for (signal(7)).
#[test]
fn a_wait_ends_although_signals_interrupt_it() {
    within(PATIENCE, || {
        let (ours, _theirs) = tcp();
        let limit = Duration::from_millis(60);
        ours.set_read_timeout(Some(limit)).unwrap();
        let began = Instant::now();
        let waited = ours.wait(Raw::read_timeout, |_| {
            thread::sleep(limit / 10);
            Err(ErrorKind::Interrupted.into())
        });
        assert!(is_timeout(&waited.unwrap_err()));
        assert!(began.elapsed() >= limit);
    });
}

#[test]
fn a_timeout_of_zero_is_the_shortest_there_is() {
    let (ours, _theirs) = tcp();
    ours.set_read_timeout(Some(Duration::ZERO)).unwrap();
    ours.set_write_timeout(Some(Duration::ZERO)).unwrap();
    assert!(is_timeout(&ours.read(&mut [0; 16]).unwrap_err()));
}

#[test]
fn try_write_takes_what_there_is_room_for_and_never_waits() {
    let (here, there) = UnixStream::pair().unwrap();
    let (unix, tcp) = ((Unix::from(here), Unix::from(there)), tcp());
    writes_without_waiting(&unix.0, &unix.1);
    writes_without_waiting(&tcp.0, &Tcp::from(tcp.1));
}

/// Without a timeout: a write that waited would wait for ever.
fn writes_without_waiting(ours: &dyn Stream, theirs: &dyn Stream) {
    let mut sent = 0;
    while let Some(n) = ours.try_write(&[7; 64 * 1024]).unwrap() {
        sent += n;
    }
    let (mut read, mut buf) = (0, vec![0; 1 << 20]);
    while read < sent {
        read += theirs.read(&mut buf).unwrap();
    }
    assert_eq!(theirs.try_read(&mut buf).unwrap(), None);
    assert_eq!(ours.try_write(b"room again").unwrap(), Some(10));
}

#[test]
fn try_read_takes_what_is_there_and_keeps_nothing_back() {
    let (here, there) = UnixStream::pair().unwrap();
    let (unix, tcp) = ((Unix::from(here), Unix::from(there)), tcp());
    looks_without_waiting(&unix.0, &unix.1);
    looks_without_waiting(&tcp.0, &Tcp::from(tcp.1));
}

fn looks_without_waiting(ours: &dyn Stream, theirs: &dyn Stream) {
    let mut buf = [0; 4];
    assert_eq!(ours.try_read(&mut buf).unwrap(), None);
    theirs.write(b"abcdef").unwrap();
    assert_eq!(ours.read(&mut buf[..2]).unwrap(), 2); // waits until it has come
    assert_eq!(ours.try_read(&mut buf[..3]).unwrap(), Some(3));
    assert_eq!(&buf[..3], b"cde");
    assert_eq!(ours.read(&mut buf).unwrap(), 1);
    theirs.shutdown(Shutdown::Write).unwrap();
    assert_eq!(ours.read(&mut buf).unwrap(), 0);
    assert_eq!(ours.try_read(&mut buf).unwrap(), Some(0));
}

/// A connection whose read timeout is that of its listening socket.
fn inheriting(limit: Duration) -> (Arc<Tcp>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, peer) = listener.accept().unwrap();
    ours.set_read_timeout(Some(limit)).unwrap();
    (
        Arc::new(Tcp::accepted(ours, Addr::from(peer), true)),
        theirs,
    )
}

const MOMENT: Duration = Duration::from_millis(20);

/// Also while another thread probes.
#[test]
fn a_read_waits_although_the_listening_socket_has_a_timeout() {
    for probes in [false, true] {
        within(PATIENCE, move || {
            let (ours, theirs) = inheriting(MOMENT);
            let (done, read) = mpsc::channel();
            let reader = thread::spawn({
                let ours = Arc::clone(&ours);
                move || done.send(ours.read(&mut [0; 16])).unwrap()
            });
            let began = Instant::now();
            while began.elapsed() < 4 * MOMENT {
                match probes {
                    true => assert_eq!(ours.try_read(&mut [0; 16]).unwrap(), None),
                    false => thread::sleep(MOMENT),
                }
            }
            (&theirs).write_all(b"ab").unwrap();
            assert_eq!(read.recv().unwrap().unwrap(), 2);
            reader.join().unwrap();
        });
    }
}

#[test]
fn a_timeout_that_is_asked_for_replaces_the_listening_sockets() {
    within(PATIENCE, || {
        let (ours, _theirs) = inheriting(PATIENCE * 2);
        ours.set_read_timeout(Some(MOMENT)).unwrap();
        for _ in 0..2 {
            assert!(is_timeout(&ours.read(&mut [0; 16]).unwrap_err()));
        }
        assert!(!ours.inherits_timeout.load(Ordering::Relaxed));
    });
}

/// A read has ended with the inherited one and is about to begin again. Another thread asks before that, or behind it.
#[test]
fn a_timeout_that_another_thread_asks_for_is_not_lost() {
    within(PATIENCE, || {
        for asks_first in [true, false] {
            let (ours, _theirs) = inheriting(PATIENCE * 2);
            let ask = || ours.set_read_timeout(Some(MOMENT)).unwrap();
            if asks_first {
                ask();
            }
            ours.stop_inheriting().unwrap();
            if !asks_first {
                assert_eq!(TcpStream::read_timeout(ours.inner()).unwrap(), None);
                ask();
            }
            assert!(is_timeout(&ours.read(&mut [0; 16]).unwrap_err()));
        }
    });
}

/// The waiting read ends with the new one; or, if it has begun again meanwhile without any, with the bytes.
#[test]
fn a_timeout_may_be_asked_for_beside_the_end_of_the_inherited_one() {
    within(PATIENCE, || {
        for _ in 0..20 {
            let (ours, theirs) = inheriting(MOMENT);
            thread::scope(|scope| {
                scope.spawn(|| match ours.read(&mut [0; 16]) {
                    Ok(read) => assert_eq!(read, 2),
                    Err(e) => assert!(is_timeout(&e), "{e}"),
                });
                thread::sleep(MOMENT); // as near as it comes
                ours.set_read_timeout(Some(MOMENT / 2)).unwrap();
                (&theirs).write_all(b"ab").unwrap();
            });
            let kept = TcpStream::read_timeout(ours.inner()).unwrap();
            assert!(kept.is_some_and(|kept| kept < MOMENT), "{kept:?}");
        }
    });
}
