//! `Expect: 100-continue` (RFC 9110 §10.1.1): who waits for whom, in every order.

use super::peer::Peer;
use super::stage::Stage;
use crate::support::{Log, PATIENCE, watched};
use barewire::http::wire::{Fields, Misuse};
use barewire::http::{self, ClientEvents, Error, RequestOptions, Timeouts};
use barewire::net::is_timeout;
use std::time::{Duration, Instant};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A request that waits so long for its 100.
fn expecting(stage: &Stage, expect: Duration) -> RequestOptions {
    let timeouts = Timeouts {
        expect,
        ..Timeouts::default()
    };
    let options = stage.options().method("PUT").timeouts(timeouts);
    options.header("Expect", "100-continue")
}

/// Nothing comes for as long as a moment.
fn silent(peer: &Peer) {
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
        let stage = Stage::new(|mut peer| {
            while let Some(asked) = peer.head() {
                peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
                silent(&peer);
                peer.send("HTTP/1.1 100 Continue\r\n\r\n");
                match asked.field("Content-Length") {
                    Some(length) => assert_eq!(length, "4"),
                    None => assert_eq!(peer.take(12).unwrap(), b"2\r\nbo\r\n2\r\ndy"),
                }
                match asked.field("Content-Length") {
                    Some(_) => assert_eq!(peer.take(4).unwrap(), b"body"),
                    None => assert_eq!(peer.take(7).unwrap(), b"\r\n0\r\n\r\n"),
                }
                peer.send(OK);
            }
        });
        let log = Log::default();
        let options = expecting(&stage, PATIENCE);
        let request = http::request(&options).unwrap().on(Reporting(log.clone()));
        assert_eq!(request.end("body").unwrap().collect().unwrap(), b"ok");
        assert_eq!(log.all(), ["103", "continue"]);

        let mut request = http::request(&options).unwrap();
        request.write("bo").unwrap();
        let mut answer = request.end("dy").unwrap();
        assert_eq!(answer.collect().unwrap(), b"ok");
        assert_eq!(stage.connections(), 1);
        stage.end();
    });
}

#[test]
fn a_final_answer_in_place_of_the_100_and_no_byte_of_the_body_is_sent() {
    watched(|| {
        for status in ["401 Unauthorized", "417 Expectation Failed", "200 OK"] {
            let stage = Stage::new(move |mut peer| {
                peer.head();
                peer.send(format!(
                    "HTTP/1.1 {status}\r\nContent-Length: 3\r\n\r\nno\n"
                ));
                assert_eq!(peer.until_left(), b"");
            });
            let options = expecting(&stage, PATIENCE);
            let mut answer = http::request(&options).unwrap().end("body").unwrap();
            assert!(status.starts_with(&answer.status().to_string()));
            assert_eq!(answer.collect().unwrap(), b"no\n");

            let mut request = http::request(&options).unwrap();
            request.write("bo").unwrap();
            assert!(request.is_answered());
            let mut answer = request.end("dy").unwrap();
            assert_eq!(answer.collect().unwrap(), b"no\n");
            // The server still waits for a body on both connections.
            assert_eq!(stage.agent.totals().free_sockets, 0);
            stage.end();
        }
    });
}

#[test]
fn nothing_comes_and_after_a_while_the_body_is_sent() {
    watched(|| {
        let stage = Stage::new(|mut peer| {
            while peer.request().is_some() {
                peer.send(OK);
            }
        });
        let wait = Duration::from_millis(60);
        for wait in [wait, Duration::ZERO] {
            let began = Instant::now();
            let request = http::request(expecting(&stage, wait)).unwrap();
            assert_eq!(request.end("body").unwrap().collect().unwrap(), b"ok");
            assert!(began.elapsed() >= wait);
        }
        assert_eq!(Timeouts::default().expect, Duration::from_secs(1));
        stage.end();
    });
}

#[test]
fn a_100_after_the_wait_is_told_and_nothing_is_sent_again() {
    watched(|| {
        let stage = Stage::new(|mut peer| {
            assert_eq!(peer.expect_request().body, b"body");
            peer.send("HTTP/1.1 100 Continue\r\n\r\n");
            peer.send(OK);
            assert!(peer.request().is_none());
        });
        let log = Log::default();
        let options = expecting(&stage, Duration::from_millis(1));
        let request = http::request(options).unwrap().on(Reporting(log.clone()));
        assert_eq!(request.end("body").unwrap().collect().unwrap(), b"ok");
        assert_eq!(log.all(), ["continue"]);
        stage.end();
    });
}

#[test]
fn the_wait_may_be_as_long_as_one_likes() {
    watched(|| {
        let stage = Stage::new(|mut peer| {
            peer.head();
            peer.send("HTTP/1.1 100 Continue\r\n\r\n");
            peer.take(4);
            peer.send(OK);
            peer.until_left();
        });
        let request = http::request(expecting(&stage, Duration::MAX)).unwrap();
        assert_eq!(request.end("body").unwrap().collect().unwrap(), b"ok");
        stage.end();
    });
}

#[test]
fn the_connection_ends_in_place_of_the_100() {
    watched(|| {
        let stage = Stage::new(|mut peer| drop(peer.head()));
        let error = http::request(expecting(&stage, PATIENCE))
            .unwrap()
            .end("body");
        assert!(matches!(error, Err(Error::Peer(_))), "{error:?}");
        stage.end();
    });
}

#[test]
fn an_expectation_without_a_body_is_refused() {
    watched(|| {
        let stage = Stage::new(|mut peer| assert_eq!(peer.until_left(), b""));
        let error = http::request(expecting(&stage, PATIENCE)).unwrap().end("");
        assert!(matches!(error, Err(Error::Misuse(Misuse::Expectation))));
        stage.end();
    });
}
