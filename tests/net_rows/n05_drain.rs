//! N05 and E08: `drain`, and who may do what while it runs.

use crate::stage::{Told, Up, expect, order_at_close, rest, until};
use crate::support::{Gate, Log, watched};
use barewire::net::{self, Socket};
use std::io::Write;

/// More than the kernel takes from a writer whose reader sleeps.
const MUCH: usize = 8 * 1024 * 1024;

/// What a peer reads that was sent `MUCH` and then some.
fn much_and(more: &[u8]) -> Vec<u8> {
    let mut all = vec![b'.'; MUCH];
    all.extend_from_slice(more);
    all
}

/// A server that writes `MUCH` as soon as it runs, and does `act` in `drain`.
fn draining(log: &Log, act: fn(&Socket)) -> Up {
    let log = log.clone();
    Up::new(net::create_server(move |socket| {
        let events = Told::new(&log)
            .on("data", |socket| {
                assert!(!socket.write(vec![b'.'; MUCH]), "not all of it can leave");
            })
            .on("drain", act);
        socket.run(events)
    }))
}

/// Says `go`, reads everything, and returns what came and what happened.
fn talk(log: &Log, up: &Up) -> (Vec<u8>, Vec<String>) {
    let mut peer = up.peer();
    peer.write_all(b"go").unwrap();
    let all = rest(&peer);
    drop(peer);
    (all, order_at_close(log))
}

const ORDERLY: [&str; 4] = ["data", "drain", "end", "close"];

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
        let (all, order) = talk(&log, &up);
        assert!(all == much_and(b"more"));
        assert_eq!(order, ORDERLY);
    });
}

#[test]
fn row_n05_drain_may_write_all() {
    watched(|| {
        let log = Log::default();
        let up = draining(&log, |socket| {
            socket.write("queued, ");
            socket.write_all(vec![b'-'; MUCH]).unwrap();
            assert_eq!(socket.buffered(), 0, "write_all waits");
            socket.end().unwrap();
        });
        let (all, order) = talk(&log, &up);
        assert!(all == [much_and(b"queued, "), vec![b'-'; MUCH]].concat());
        assert_eq!(order, ORDERLY);
    });
}

#[test]
fn row_n05_drain_may_destroy() {
    watched(|| {
        let log = Log::default();
        let up = draining(&log, Socket::destroy);
        let (all, order) = talk(&log, &up);
        assert!(all == much_and(b""));
        assert_eq!(order, ["data", "drain", "close"]);
    });
}

#[test]
fn row_n05_a_panic_in_drain_is_an_error() {
    watched(|| {
        let log = Log::default();
        let up = draining(&log, |_| panic!("on purpose"));
        let (all, order) = talk(&log, &up);
        assert!(all == much_and(b""));
        assert_eq!(order, ["data", "drain", "error Other", "close!"]);
    });
}

/// `drain` says "go on", which nobody can after `end`: what waits in the queue is sent, then the
/// FIN, and that is all.
#[test]
fn row_n05_no_drain_after_end() {
    watched(|| {
        let log = Log::default();
        let told = log.clone();
        let up = Up::new(net::create_server(move |socket| {
            assert!(!socket.write(vec![b'.'; MUCH]));
            socket.end()?;
            socket.run(Told::new(&told).on("drain", |socket| {
                socket.write("and more");
            }))
        }));
        assert!(rest(up.peer()) == much_and(b""));
        assert_eq!(order_at_close(&log), ["end", "close"]);
    });
}

/// A queue that was filled before the events ran may be empty when they begin. Whoever stopped at
/// the `false` still waits to be told.
#[test]
fn row_n05_a_queue_that_emptied_before_the_events_ran() {
    watched(|| {
        let (log, gate) = (Log::default(), Gate::default());
        let (told, is_read) = (log.clone(), gate.clone());
        let up = Up::new(net::create_server(move |socket| {
            assert!(!socket.write(vec![b'.'; MUCH]));
            is_read.pass();
            until("the queue is empty", || socket.buffered() == 0);
            socket.run(Told::new(&told).on("drain", |socket| socket.end().unwrap()))
        }));
        let peer = up.peer();
        expect(&peer, much_and(b""));
        gate.open();
        assert!(rest(peer).is_empty());
        assert_eq!(order_at_close(&log), ["drain", "end", "close"]);
    });
}
