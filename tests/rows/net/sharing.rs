//! One socket and many threads: nothing is torn, lost or reported twice.

use super::stage::{Recorder, expect, until};
use crate::support::{Log, Script, watched};
use barewire::net::{Socket, Stream, pipe, pipe_with_capacity};
use std::io::ErrorKind;
use std::net::Shutdown;
use std::sync::Arc;
use std::thread;

/// What one call was given leaves in one piece, however long it takes: two threads that write
/// messages do not tear each other's.
#[test]
fn sharing_a_write_all_is_not_torn() {
    watched(|| {
        let (here, there) = pipe_with_capacity(1);
        let socket = Socket::new(Arc::new(here));
        let first = socket.clone();
        let writer = thread::spawn(move || first.write_all("a message in one piece, "));
        let peer = Socket::new(Arc::new(there));
        expect(&peer, "a mess"); // so it is under way
        socket.write("and another.");
        expect(&peer, "age in one piece, and another.");
        writer.join().unwrap().unwrap();
    });
}

/// `close` is the last event, and it comes once: a socket's events run once.
#[test]
fn sharing_events_run_once() {
    watched(|| {
        let log = Log::default();
        let socket = Socket::new(Arc::new(Script::new([&b"hello"[..]])));
        let server_log = log.clone();
        let events = Recorder::new(&log).on("data", move |socket| {
            let again = socket.run(Recorder::new(&server_log)).unwrap_err();
            assert_eq!(again.kind(), ErrorKind::AlreadyExists);
        });
        socket.run(events).unwrap();
        let again = socket.run(Recorder::new(&log)).unwrap_err();
        assert_eq!(again.kind(), ErrorKind::AlreadyExists);
        assert_eq!(log.all(), ["data", "end", "close"]);
    });
}

/// However many threads say that this was all: one FIN, and what was queued before it.
#[test]
fn sharing_end_from_several_threads() {
    watched(|| {
        let (here, there) = pipe_with_capacity(1);
        let socket = Socket::new(Arc::new(here));
        assert!(socket.write("all of it"));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| socket.end().unwrap());
            }
        });
        let mut buf = [0; 16];
        let mut all = Vec::new();
        while let n @ 1.. = there.read(&mut buf).unwrap() {
            all.extend_from_slice(&buf[..n]);
        }
        assert_eq!(all, b"all of it");
        assert_eq!(socket.drained().ok(), Some(()));
        assert!(!socket.write("more"));
        assert_eq!(
            socket.write_all("more").unwrap_err().kind(),
            ErrorKind::BrokenPipe
        );
    });
}

/// Whoever sleeps on a socket wakes up when another thread destroys it.
#[test]
fn sharing_destroy_wakes_everybody() {
    watched(|| {
        let (here, _there) = pipe_with_capacity(1);
        let socket = Socket::new(Arc::new(here));
        socket.write("never read");
        thread::scope(|scope| {
            let reader = scope.spawn(|| socket.read(&mut [0; 8]).map_err(|e| e.kind()));
            let writer = scope.spawn(|| socket.write_all("x").map_err(|e| e.kind()));
            let waiter = scope.spawn(|| socket.drained().map_err(|e| e.kind()));
            socket.destroy();
            assert_eq!(reader.join().unwrap(), Err(ErrorKind::ConnectionAborted));
            assert_eq!(writer.join().unwrap(), Err(ErrorKind::BrokenPipe));
            assert_eq!(waiter.join().unwrap(), Err(ErrorKind::BrokenPipe));
        });
        until("the queue is given back", || socket.buffered() == 0);
        assert_eq!(socket.end().unwrap_err().kind(), ErrorKind::NotConnected);
    });
}

/// What is queued is sent, also after the last clone of the socket was dropped; then it closes.
#[test]
fn sharing_the_queue_outlives_its_socket() {
    watched(|| {
        let (here, there) = pipe_with_capacity(1);
        let socket = Socket::new(Arc::new(here));
        socket.write("the last words");
        drop(socket);
        let peer = Socket::new(Arc::new(there));
        expect(&peer, "the last words");
        assert_eq!(peer.read(&mut [0; 1]).unwrap(), 0);
    });
}

/// Written after the end: nothing is sent, and `error` is called, once.
#[test]
fn sharing_a_write_after_the_end_is_reported() {
    let log = Log::default();
    let script = Arc::new(Script::new([&b"hello"[..]]));
    let socket = Socket::new(script.clone());
    let events = Recorder::new(&log).on("data", |socket| {
        assert!(socket.write("one"));
        socket.end().unwrap();
        socket.end().expect("again does nothing");
        assert!(!socket.write("two"));
        assert!(!socket.write("three"));
    });
    let server_log = socket.run(events).unwrap_err();
    assert_eq!(server_log.to_string(), "written after the end");
    assert_eq!(script.written(), b"one");
    assert_eq!(log.all(), ["data", "end", "error BrokenPipe", "close!"]);
}

/// A panic in an event costs the connection, and nothing waits for it.
#[test]
fn sharing_a_panic_destroys() {
    watched(|| {
        for event in ["data", "end", "close"] {
            let (log, (here, there)) = (Log::default(), pipe());
            let socket = Socket::new(Arc::new(here));
            there.write(b"hello").unwrap();
            there.shutdown(Shutdown::Write).unwrap();
            let events = Recorder::new(&log).on(event, |_| panic!("on purpose"));
            let running = socket.clone();
            thread::spawn(move || running.run(events))
                .join()
                .unwrap_err();
            assert_eq!(log.all().last().map(String::as_str), Some(event));
            assert!(!socket.write("more"), "destroyed");
            assert_eq!(there.read(&mut [0; 1]).unwrap(), 0);
        }
    });
}
