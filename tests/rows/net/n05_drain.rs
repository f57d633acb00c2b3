//! N05, E08: `drain`, and what may be done while it runs.

use super::stage::{Recorder, Up, expect, fill, order_at_close, rest, until};
use crate::support::{Log, watched};
use barewire::net::{self, Socket, pipe_with_capacity};
use std::io::Write;
use std::sync::Arc;
use std::thread;

/// The notes say that `drain` follows every write. It follows the emptying of a queue that was
/// full: not a write that left at once, nor a queue that never was full.
#[test]
fn erratum_e08_drain_only_after_a_full_queue() {
    watched(|| {
        let (here, there) = pipe_with_capacity(1);
        let (socket, log) = (Socket::new(Arc::new(here)), Log::default());
        let running = socket.clone();
        let events = Recorder::new(&log).on("drain", |socket| socket.end().unwrap());
        let running = thread::spawn(move || running.run(events));
        let peer = Socket::new(Arc::new(there));
        for said in ["a", "some characters", "a little more"] {
            assert!(socket.write(said), "there is room");
            expect(&peer, said);
            socket.drained().unwrap();
        }
        assert_eq!(log.all(), [""; 0]);
        assert!(
            !socket.write([b'.'; 64 * 1024 + 1]),
            "one byte left at once, the others fill it"
        );
        expect(&peer, [b'.'; 64 * 1024 + 1]);
        log.wait_for("drain");
        peer.end().unwrap();
        running.join().unwrap().unwrap();
        assert_eq!(log.all(), ["drain", "end", "close"]);
    });
}

/// A server that fills its queue when it is asked to, and does `act` in `drain`.
fn draining(log: &Log, act: fn(&Socket)) -> Up {
    let log = log.clone();
    Up::new(net::create_server(move |socket| {
        let full = log.clone();
        let events = Recorder::new(&log).on("data", move |socket| {
            fill(socket);
            full.note("full");
        });
        socket.run(events.on("drain", act))
    }))
}

/// Reads once the queue is full, to the end. Returns what came after the dots that filled it, and
/// what happened.
fn talk(log: &Log, up: &Up) -> (String, Vec<String>) {
    let mut peer = up.peer();
    peer.write_all(b"go").unwrap();
    log.wait_for("full");
    let all = String::from_utf8(rest(&peer)).unwrap();
    drop(peer);
    (all.trim_start_matches('.').to_owned(), order_at_close(log))
}

const ORDERLY: [&str; 5] = ["data", "full", "drain", "end", "close"];

#[test]
fn row_n05_drain_may_write_and_wait_for_it() {
    watched(|| {
        let log = Log::default();
        let up = draining(&log, |socket| {
            socket.write("more");
            socket.drained().expect("a peer that reads");
            assert_eq!(socket.buffered(), 0);
            socket.end().unwrap();
        });
        let (more, order) = talk(&log, &up);
        assert_eq!(
            (more.as_str(), &order[..]),
            ("more", &ORDERLY.map(String::from)[..])
        );
    });
}

/// `write_all` waits in `drain` as it does everywhere: what it is given is not queued.
#[test]
fn row_n05_drain_may_write_all() {
    watched(|| {
        const MUCH: usize = 8 * 1024 * 1024;
        let log = Log::default();
        let up = draining(&log, |socket| {
            socket.write("queued, ");
            socket.write_all(vec![b'-'; MUCH]).unwrap();
            assert_eq!(socket.buffered(), 0);
            socket.end().unwrap();
        });
        let (more, order) = talk(&log, &up);
        assert!(more == format!("queued, {}", "-".repeat(MUCH)));
        assert_eq!(order, ORDERLY);
    });
}

#[test]
fn row_n05_drain_may_destroy() {
    watched(|| {
        let log = Log::default();
        let up = draining(&log, Socket::destroy);
        let (more, order) = talk(&log, &up);
        assert_eq!(more, "");
        assert_eq!(order, ["data", "full", "drain", "close"]);
    });
}

#[test]
fn row_n05_a_panic_in_drain_is_an_error() {
    watched(|| {
        let log = Log::default();
        let up = draining(&log, |_| panic!("on purpose"));
        let (more, order) = talk(&log, &up);
        assert_eq!(more, "");
        assert_eq!(order, ["data", "full", "drain", "error Other", "close!"]);
    });
}

/// `drain` says "go on", which is impossible after `end`: what is queued is sent, then the
/// FIN, and that is all.
#[test]
fn row_n05_no_drain_after_end() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let up = Up::new(net::create_server(move |socket| {
            let full = server_log.clone();
            let events = Recorder::new(&server_log).on("data", move |socket| {
                fill(socket);
                socket.end().unwrap();
                full.note("full");
            });
            socket.run(events.on("drain", |socket| assert!(socket.write("and more"))))
        }));
        let (more, order) = talk(&log, &up);
        assert_eq!(more, "");
        assert_eq!(order, ["data", "full", "end", "close"]);
    });
}

/// A queue that was filled before the events ran may be empty when they begin. Whoever stopped at
/// the `drain` for that `false` is still due.
#[test]
fn row_n05_a_queue_that_emptied_before_the_events_ran() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let up = Up::new(net::create_server(move |socket| {
            fill(&socket);
            server_log.note("full");
            until("the queue is empty", || socket.buffered() == 0);
            socket.run(Recorder::new(&server_log).on("drain", |socket| socket.end().unwrap()))
        }));
        let (more, order) = talk(&log, &up);
        assert_eq!(more, "");
        assert_eq!(order, ["full", "drain", "data", "end", "close"]);
    });
}
