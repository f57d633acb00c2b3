//! A request whose caller no longer wants the response: a proxy whose client has left.

use super::test_server::{TestServer, ok, one_socket};
use crate::support::{Gate, Log, SOON, watched};
use barewire::http::pool::{Gauges, Refused};
use barewire::http::{self, Error, RequestOptions, Timeouts};
use std::io::{BufRead, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

#[track_caller]
fn given_up(error: &Error) {
    match error {
        Error::Io(error) if error.kind() == ErrorKind::ConnectionAborted => {}
        other => panic!("not given up: {other:?}"),
    }
}

/// Responds to `/now`, and is silent otherwise.
fn silent() -> (TestServer, Log) {
    let log = Log::default();
    let noting = log.clone();
    let server = TestServer::with(one_socket(), move |mut peer| {
        while let Some(received) = peer.head() {
            match received.target() {
                "/now" => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
                _ => {
                    noting.note("asked");
                    peer.until_closed();
                    noting.note("closed");
                }
            }
        }
    });
    (server, log)
}

#[test]
fn fault_c12_a_request_that_is_not_wanted_leaves_its_connection_at_once() {
    watched(|| {
        let (server, log) = silent();
        let began = Instant::now();
        for method in ["GET", "POST"] {
            let mut asked = 0;
            let request = http::request(server.options().method(method)).unwrap();
            let error = request.end_while("body", || {
                asked += 1;
                asked < 2
            });
            given_up(&error.unwrap_err());
            assert_eq!(asked, 2);
            log.wait_for("closed");
        }
        // Not sent again, although its connection was an idle one.
        ok(&server.options().path("/now"));
        let before = server.connections();
        let request = http::request(server.options()).unwrap();
        given_up(&request.end_while("", || false).unwrap_err());
        assert_eq!(server.connections(), before);
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        server.end();
    });
}

/// A body of more than the pipe holds: it is being sent when it is given up.
#[test]
fn fault_c12_a_body_that_the_server_does_not_read_is_given_up() {
    watched(|| {
        let gate = Gate::default();
        let open = gate.clone();
        let server = TestServer::with_capacity(one_socket(), 1024, move |mut peer| {
            peer.head();
            open.pass();
        });
        let began = Instant::now();
        let mut request = http::request(server.options().method("PUT")).unwrap();
        let error = request.write_while([b'a'; 64 * 1024], || false);
        given_up(&error.unwrap_err());
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        gate.open();
        drop(request);
        server.end();
    });
}

/// Runs `test` while a request without a response has the agent's only socket. That request is given up
/// afterwards.
fn while_the_socket_is_taken(test: impl FnOnce(&TestServer, &RequestOptions)) {
    let (server, log) = silent();
    let options = server.options();
    let is_wanted = AtomicBool::new(true);
    thread::scope(|scope| {
        let request = http::request(&options).unwrap();
        let is_wanted = &is_wanted;
        scope.spawn(move || {
            request
                .end_while("", || is_wanted.load(Ordering::SeqCst))
                .is_err()
        });
        log.wait_for("asked");
        test(&server, &options);
        is_wanted.store(false, Ordering::SeqCst);
    });
    ok(&options.path("/now"));
    server.end();
}

#[test]
fn fault_c12_a_request_that_is_not_wanted_leaves_the_queue() {
    watched(|| {
        let began = Instant::now();
        while_the_socket_is_taken(|server, options| {
            let request = http::request(options).unwrap();
            let waits = || Gauges {
                sockets: 1,
                requests: 1,
                free_sockets: 0,
            };
            let error = request.end_while("", || {
                assert_eq!(server.gauges(options), waits()); // the agent's lock is free
                false
            });
            given_up(&error.unwrap_err());
            assert_eq!(server.gauges(options).requests, 0);
        });
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    });
}

#[test]
fn fault_c12_a_full_queue_is_told_apart_from_a_slow_server() {
    watched(|| {
        while_the_socket_is_taken(|_server, options| {
            let limit = Duration::from_millis(20);
            let timeouts = Timeouts {
                queue: Some(limit),
                ..Timeouts::default()
            };
            let request = http::request(options.clone().timeouts(timeouts)).unwrap();
            match request.end("").unwrap_err() {
                Error::Io(error) => {
                    assert_eq!(error.kind(), ErrorKind::TimedOut);
                    let why = error.get_ref().and_then(|why| why.downcast_ref());
                    assert_eq!(why, Some(&Refused::TimedOut(limit)));
                }
                other => panic!("{other:?}"),
            }
        });
    });
}

#[test]
fn fault_c12_a_silent_body_leaves_time_for_something_else() {
    watched(|| {
        let gate = Gate::default();
        let open = gate.clone();
        let server = TestServer::new(move |mut peer| {
            peer.expect_request();
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n");
            open.pass();
            peer.send("3\r\nbye\r\n0\r\n\r\n");
        });
        let mut response = super::test_server::get(&server.options());
        let short = Duration::from_millis(10);
        assert_eq!(response.fill_buf_within(SOON).unwrap(), Some(&b"hi"[..]));
        response.consume(2);
        for _ in 0..3 {
            assert_eq!(response.fill_buf_within(short).unwrap(), None);
        }
        gate.open();
        assert_eq!(response.fill_buf_within(SOON).unwrap(), Some(&b"bye"[..]));
        response.consume(3);
        assert_eq!(response.fill_buf_within(SOON).unwrap(), Some(&b""[..]));
        assert_eq!(server.idle(), 1);
        server.end();
    });
}
