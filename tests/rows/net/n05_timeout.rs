//! N05: `timeout` is a notice. It comes once for each idle stretch, and the connection stays.

use super::stage::{Recorder, Up, expect, order_at_close, rest};
use crate::support::{Log, watched};
use barewire::net;
use std::io::Write;
use std::thread;
use std::time::Duration;

const MOMENT: Duration = Duration::from_millis(10);

#[test]
fn row_n05_timeout_once_for_each_stretch_and_the_connection_stays() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let up = Up::new(net::create_server(move |socket| {
            socket.set_timeout(Some(MOMENT));
            socket.run(
                Recorder::new(&server_log).on("data", |socket| assert!(socket.write("still here"))),
            )
        }));
        let mut peer = up.peer();
        for stretch in 1..=3 {
            log.wait_for_several("timeout", stretch);
            thread::sleep(MOMENT * 4); // so that a second one could come, if it did
            assert_eq!(log.count("timeout"), stretch);
            peer.write_all(b"?").unwrap();
            expect(&peer, "still here");
        }
        drop(peer);
        let order = order_at_close(&log);
        assert_eq!(order[..6], ["timeout", "data"].repeat(3));
    });
}

/// Our own bytes count, too: while they move, the connection is not idle.
#[test]
fn row_n05_a_write_begins_a_new_stretch() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let up = Up::new(net::create_server(move |socket| {
            socket.set_timeout(Some(MOMENT));
            let again = server_log.clone();
            socket.run(Recorder::new(&server_log).on("timeout", move |socket| {
                match again.count("timeout") {
                    4 => socket.end().unwrap(),
                    _ => assert!(socket.write("hello?")),
                }
            }))
        }));
        let peer = up.peer();
        assert_eq!(rest(peer), b"hello?".repeat(3));
        assert_eq!(order_at_close(&log), ["timeout", "end", "close"]);
        assert_eq!(log.count("timeout"), 4);
    });
}

/// `set_timeout(None)` is the default again.
#[test]
fn row_n05_no_timeout_unless_asked_for() {
    watched(|| {
        let log = Log::default();
        let server_log = log.clone();
        let up = Up::new(net::create_server(move |socket| {
            socket.set_timeout(Some(MOMENT));
            socket.run(Recorder::new(&server_log).on("timeout", |socket| {
                socket.set_timeout(None);
                assert!(socket.write("never mind"));
            }))
        }));
        let peer = up.peer();
        expect(&peer, "never mind");
        thread::sleep(MOMENT * 4);
        drop(peer);
        assert_eq!(order_at_close(&log), ["timeout", "end", "close"]);
        assert_eq!(log.count("timeout"), 1);
    });
}
