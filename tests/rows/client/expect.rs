//! `Expect: 100-continue` (RFC 9110 §10.1.1), in every order of the messages.

use super::peer::Peer;
use super::test_server::{OK, TestServer, responding};
use crate::support::{Log, PATIENCE, watched};
use barewire::http::wire::{Fields, Misuse};
use barewire::http::{self, ClientEvents, Error, RequestOptions, Timeouts};
use barewire::net::is_timeout;
use std::time::{Duration, Instant};

/// A request that waits at most `expect` for its 100.
fn expecting(server: &TestServer, expect: Duration) -> RequestOptions {
    let timeouts = Timeouts {
        expect,
        ..Timeouts::default()
    };
    let options = server.options().method("PUT").timeouts(timeouts);
    options.header("Expect", "100-continue")
}

/// Fails if something comes within 50 ms.
fn check_silent(peer: &Peer) {
    let moment = Duration::from_millis(50);
    peer.stream().set_read_timeout(Some(moment)).unwrap();
    let read = peer.stream().read(&mut [0; 1]);
    assert!(read.is_err_and(|e| is_timeout(&e)), "it did not wait");
    peer.stream().set_read_timeout(Some(PATIENCE)).unwrap();
}

struct Reporting(Log);

impl ClientEvents for Reporting {
    fn continued(&mut self) {
        self.0.note("continue");
    }

    fn information(&mut self, status: u16, _fields: Fields<'_>) {
        self.0.note(status);
    }
}

#[test]
fn row_a04_the_body_waits_for_the_100_and_for_nothing_else() {
    watched(|| {
        let server = TestServer::new(|mut peer| {
            while let Some(received) = peer.head() {
                peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
                check_silent(&peer);
                peer.send("HTTP/1.1 100 Continue\r\n\r\n");
                match received.field("Content-Length") {
                    Some(length) => assert_eq!(length, "4"),
                    None => assert_eq!(peer.take(12).unwrap(), b"2\r\nbo\r\n2\r\ndy"),
                }
                match received.field("Content-Length") {
                    Some(_) => assert_eq!(peer.take(4).unwrap(), b"body"),
                    None => assert_eq!(peer.take(7).unwrap(), b"\r\n0\r\n\r\n"),
                }
                peer.send(OK);
            }
        });
        let log = Log::default();
        let options = expecting(&server, PATIENCE);
        let request = http::request(&options).unwrap().on(Reporting(log.clone()));
        assert_eq!(request.end("body").unwrap().collect().unwrap(), b"ok");
        assert_eq!(log.all(), ["103", "continue"]);

        let mut request = http::request(&options).unwrap();
        request.write("bo").unwrap();
        let mut response = request.end("dy").unwrap();
        assert_eq!(response.collect().unwrap(), b"ok");
        assert_eq!(server.connections(), 1);
        server.end();
    });
}

#[test]
fn after_a_final_response_in_place_of_the_100_no_byte_of_the_body_is_sent() {
    watched(|| {
        for status in ["401 Unauthorized", "417 Expectation Failed", "200 OK"] {
            let server = TestServer::new(move |mut peer| {
                peer.head();
                peer.send(format!(
                    "HTTP/1.1 {status}\r\nContent-Length: 3\r\n\r\nno\n"
                ));
                assert_eq!(peer.until_closed(), b"");
            });
            let options = expecting(&server, PATIENCE);
            let mut response = http::request(&options).unwrap().end("body").unwrap();
            assert!(status.starts_with(&response.status().to_string()));
            assert_eq!(response.collect().unwrap(), b"no\n");

            let mut request = http::request(&options).unwrap();
            request.write("bo").unwrap();
            assert!(request.is_answered());
            let mut response = request.end("dy").unwrap();
            assert_eq!(response.collect().unwrap(), b"no\n");
            // The server still waits for a body on both connections.
            assert_eq!(server.idle(), 0);
            server.end();
        }
    });
}

#[test]
fn without_a_100_the_body_is_sent_after_the_timeout() {
    watched(|| {
        let server = TestServer::new(responding(OK));
        let wait = Duration::from_millis(60);
        for wait in [wait, Duration::ZERO] {
            let began = Instant::now();
            let request = http::request(expecting(&server, wait)).unwrap();
            assert_eq!(request.end("body").unwrap().collect().unwrap(), b"ok");
            assert!(began.elapsed() >= wait);
        }
        assert_eq!(Timeouts::default().expect, Duration::from_secs(1));
        server.end();
    });
}

#[test]
fn a_100_after_the_timeout_is_reported_and_nothing_is_sent_again() {
    watched(|| {
        let server = TestServer::new(|mut peer| {
            assert_eq!(peer.expect_request().body, b"body");
            peer.send("HTTP/1.1 100 Continue\r\n\r\n");
            peer.send(OK);
            assert!(peer.request().is_none());
        });
        let log = Log::default();
        let options = expecting(&server, Duration::from_millis(1));
        let request = http::request(options).unwrap().on(Reporting(log.clone()));
        assert_eq!(request.end("body").unwrap().collect().unwrap(), b"ok");
        assert_eq!(log.all(), ["continue"]);
        server.end();
    });
}

#[test]
fn the_longest_timeout_is_allowed() {
    watched(|| {
        let server = TestServer::new(|mut peer| {
            peer.head();
            peer.send("HTTP/1.1 100 Continue\r\n\r\n");
            peer.take(4);
            peer.send(OK);
            peer.until_closed();
        });
        let request = http::request(expecting(&server, Duration::MAX)).unwrap();
        assert_eq!(request.end("body").unwrap().collect().unwrap(), b"ok");
        server.end();
    });
}

#[test]
fn a_connection_that_ends_in_place_of_the_100_is_an_error() {
    watched(|| {
        let server = TestServer::new(|mut peer| drop(peer.head()));
        let error = http::request(expecting(&server, PATIENCE))
            .unwrap()
            .end("body");
        assert!(matches!(error, Err(Error::Peer(_))), "{error:?}");
        server.end();
    });
}

#[test]
fn an_expectation_without_a_body_is_refused() {
    watched(|| {
        let server = TestServer::new(|mut peer| assert_eq!(peer.until_closed(), b""));
        let error = http::request(expecting(&server, PATIENCE)).unwrap().end("");
        assert!(matches!(error, Err(Error::Misuse(Misuse::Expectation))));
        server.end();
    });
}
