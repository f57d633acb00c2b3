//! What an observer sees of one stream, and when.

use super::*;
use crate::net::{Pipe, pipe_with_capacity};
use std::io::ErrorKind;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

type Log = Arc<Mutex<Vec<String>>>;

fn observer(log: &Log) -> Arc<dyn Observer> {
    let log = Arc::clone(log);
    Arc::new(move |connection: &Tapped, event: TapEvent<'_>| {
        assert!(connection.is_accepted() && !connection.is_plaintext());
        let text = match event {
            TapEvent::Received(bytes) => format!("< {}", bytes.escape_ascii()),
            TapEvent::Sent(bytes) => format!("> {}", bytes.escape_ascii()),
            end => format!("{end:?}"),
        };
        lock(&log).push(text);
    })
}

/// A tap on a pipe with room for 4 bytes each way, what it has seen, and the peer.
fn tapped() -> (Arc<dyn Stream>, Log, Pipe) {
    let (here, there) = pipe_with_capacity(4);
    let log = Log::default();
    let tap = Tap::accepted(Arc::new(here), observer(&log));
    assert_eq!(seen(&log), ["Connected"]);
    (Arc::new(tap), log, there)
}

fn seen(log: &Log) -> Vec<String> {
    mem::take(&mut *lock(log))
}

#[test]
fn an_observer_sees_what_was_taken_and_no_more() {
    let (tap, log, there) = tapped();
    assert_eq!(tap.write(b"").unwrap(), 0);
    assert_eq!(tap.write(b"abc").unwrap(), 3);
    assert_eq!(tap.write(b"defg").unwrap(), 1);
    assert_eq!(tap.try_write(b"x").unwrap(), None);
    tap.set_write_timeout(Some(Duration::ZERO)).unwrap();
    assert!(is_timeout(&tap.write(b"x").unwrap_err()));
    assert_eq!(seen(&log), ["> abc", "> d"]);

    there.read(&mut [0; 3]).unwrap();
    assert_eq!(tap.try_write(b"efgh").unwrap(), Some(3));
    assert_eq!(seen(&log), ["> efg"]);
}

#[test]
fn one_vectored_write_is_one_event() {
    let (tap, log, there) = tapped();
    let drain = || there.read(&mut [0; 8]).unwrap();
    let write = |parts: &[&[u8]]| {
        let parts: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
        tap.write_vectored(&parts).unwrap()
    };
    for (parts, taken, event) in [
        (&[&b"a"[..], b"bc"][..], 3, "> abc"),
        (&[b"", b"ab", b"cdef"], 4, "> abcd"),
        (&[b"", b"abcdef", b"g"], 4, "> abcd"),
        (&[b"", b"abc"], 3, "> abc"),
    ] {
        assert_eq!(write(parts), taken);
        assert_eq!(seen(&log), [event]);
        drain();
    }
    assert_eq!(write(&[b"", b""]), 0);
    assert_eq!(write(&[]), 0);
    assert!(seen(&log).is_empty());
}

#[test]
fn reads_are_seen_and_the_end_once() {
    let (tap, log, there) = tapped();
    let mut buf = [0; 3];
    assert_eq!(tap.try_read(&mut buf).unwrap(), None);
    there.write(b"hell").unwrap();
    assert_eq!(tap.read(&mut buf).unwrap(), 3);
    assert_eq!(tap.try_read(&mut buf).unwrap(), Some(1));
    there.shutdown(Shutdown::Write).unwrap();
    assert_eq!(tap.read(&mut []).unwrap(), 0);
    assert_eq!(seen(&log), ["< hel", "< l"]);
    for _ in 0..2 {
        assert_eq!(tap.read(&mut buf).unwrap(), 0);
        assert_eq!(tap.try_read(&mut buf).unwrap(), Some(0));
    }
    assert_eq!(seen(&log), ["ReceivedEnd"]);
    drop(tap);
    assert_eq!(seen(&log), ["Closed"]);
}

#[test]
fn our_end_is_seen_once_and_a_cut_is_no_end_of_the_peer() {
    let (tap, log, _there) = tapped();
    for how in [Shutdown::Write, Shutdown::Write, Shutdown::Both] {
        tap.shutdown(how).unwrap();
    }
    assert_eq!(seen(&log), ["SentEnd"]);

    let (tap, log, _there) = tapped();
    tap.abort().unwrap();
    tap.abort().unwrap();
    assert_eq!(tap.read(&mut [0; 1]).unwrap(), 0);
    assert!(tap.write(b"x").is_err());
    assert_eq!(seen(&log), ["Aborted"]);
}

#[test]
fn a_broken_connection_is_seen_once() {
    let (tap, log, there) = tapped();
    drop(there);
    for _ in 0..2 {
        let error = tap.write(b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }
    assert_eq!(seen(&log), ["Broken(BrokenPipe)"]);
}

/// A stream whose writes wait until they are let go, after the peer has their bytes.
#[derive(Debug)]
struct SlowReturn(Pipe, Mutex<mpsc::Receiver<()>>);

impl Layer for SlowReturn {
    fn below(&self) -> &dyn Stream {
        &self.0
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        let n = self.0.write(buf)?;
        lock(&self.1).recv().unwrap();
        Ok(n)
    }
}

/// [`Observer`] promises it: a response is never seen before its request.
#[test]
fn what_is_read_while_a_write_waits_is_seen_behind_it() {
    const PIECE: usize = 16 * 1024;
    for pieces in [0, 1, 4, 5] {
        let ((here, there), log) = (pipe_with_capacity(PIECE), Log::default());
        let (let_go, wait) = mpsc::channel();
        let slow = SlowReturn(here, Mutex::new(wait));
        let tap: Arc<dyn Stream> = Arc::new(Tap::accepted(Arc::new(slow), observer(&log)));
        thread::scope(|scope| {
            scope.spawn(|| assert_eq!(tap.write(b"GET").unwrap(), 3));
            let mut buf = vec![0; PIECE];
            assert_eq!(there.read(&mut buf).unwrap(), 3); // the peer has it, and answers
            for _ in 0..pieces {
                there.write(&vec![b'a'; PIECE]).unwrap();
                assert_eq!(tap.read(&mut buf).unwrap(), PIECE);
            }
            tap.shutdown(Shutdown::Write).unwrap();
            there.shutdown(Shutdown::Write).unwrap();
            assert_eq!(tap.read(&mut buf).unwrap(), 0);
            // 64 KiB are kept, and with more of them the write is not waited for.
            assert_eq!(seen(&log).len(), if pieces > 4 { 1 + pieces } else { 1 });
            let_go.send(()).unwrap();
        });
        let mut names = seen(&log);
        let at = |names: &[String], what| names.iter().position(|name| name == what);
        assert_eq!(at(&names, "> GET"), Some(0));
        names.remove(0);
        let kept = if pieces > 4 { 0 } else { pieces };
        assert_eq!(at(&names, "SentEnd"), Some(kept));
        assert_eq!(at(&names, "ReceivedEnd"), Some(kept + 1));
    }
}

/// Whoever ends a server must not wait for an observer before the peers notice.
#[test]
fn a_connection_is_cut_while_its_observer_is_busy() {
    let (here, there) = pipe_with_capacity(8);
    let (let_go, waits) = mpsc::channel();
    let waits = Mutex::new(waits);
    let (is_busy, busy) = mpsc::channel();
    let observer = move |_: &Tapped, event: TapEvent<'_>| {
        if let TapEvent::Received(_) = event {
            is_busy.send(()).unwrap();
            lock(&waits).recv().unwrap();
        }
    };
    let tap: Arc<dyn Stream> = Arc::new(Tap::opened(Arc::new(here), Arc::new(observer)));
    there.write(b"x").unwrap();
    there
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    thread::scope(|scope| {
        scope.spawn(|| tap.read(&mut [0; 1]).unwrap());
        busy.recv().unwrap();
        scope.spawn(|| tap.abort().unwrap());
        let cut = there.read(&mut [0; 1]);
        let_go.send(()).unwrap();
        assert!(!matches!(&cut, Err(error) if is_timeout(error)), "{cut:?}");
    });
}

/// Memory is bounded, also if each read brings a byte.
#[test]
fn few_pieces_are_kept_while_a_write_waits() {
    let ((here, there), log) = (pipe_with_capacity(16), Log::default());
    let (let_go, wait) = mpsc::channel();
    let slow = SlowReturn(here, Mutex::new(wait));
    let tap: Arc<dyn Stream> = Arc::new(Tap::accepted(Arc::new(slow), observer(&log)));
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(tap.write(b"GET").unwrap(), 3));
        assert_eq!(there.read(&mut [0; 16]).unwrap(), 3);
        for _ in 0..=MOST_PIECES {
            there.write(b"a").unwrap();
            assert_eq!(tap.read(&mut [0; 16]).unwrap(), 1);
        }
        let reported = seen(&log).len();
        let_go.send(()).unwrap();
        assert_eq!(reported, 1 + MOST_PIECES + 1);
    });
}

#[test]
fn an_observer_that_panics_is_no_failure_of_the_stream() {
    let (here, there) = pipe_with_capacity(8);
    let panics = |_: &Tapped, event: TapEvent<'_>| panic!("on purpose: {event:?}");
    let tap: Arc<dyn Stream> = Arc::new(Tap::opened(Arc::new(here), Arc::new(panics)));
    let mut buf = [0; 8];
    assert_eq!(tap.write(b"hi").unwrap(), 2);
    assert_eq!(there.read(&mut buf).unwrap(), 2);
    there.write(b"yo!").unwrap();
    assert_eq!(tap.read(&mut buf).unwrap(), 3);
    tap.shutdown(Shutdown::Write).unwrap();
    assert_eq!(there.read(&mut buf).unwrap(), 0);
    tap.abort().unwrap();
}

#[test]
fn a_tap_is_found_and_hides_nothing() {
    let (tap, log, _there) = tapped();
    assert!(tap.as_any().is::<Pipe>());
    let number = tap.tapped().unwrap().number();
    let observer: Arc<dyn Observer> = Arc::clone(tap.tapped().unwrap().observer());
    let other: Arc<dyn Stream> = Arc::new(pipe_with_capacity(1).0);
    let other: Arc<dyn Stream> = Arc::new(Tap::accepted(other, observer));
    assert!(number < other.tapped().unwrap().number());
    assert_eq!(seen(&log), ["Connected"]);
    assert!(pipe_with_capacity(1).0.tapped().is_none());
    assert!(
        tap_plaintext(Arc::new(pipe_with_capacity(1).0))
            .tapped()
            .is_none()
    );
}
