//! A connection that was kept may be closed in the very moment in which it is used again. Then, and
//! only then, a request is sent once more without a word (RFC 9112 §9.3.1, RFC 9110 §9.2.2).

use super::peer::Peer;
use super::stage::Stage;
use crate::support::{Log, PATIENCE, watched};
use barewire::http::pool::Limits;
use barewire::http::{self, Error};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// An agent with one place: whoever does not give it back before asking again waits for ever.
fn one() -> Limits {
    Limits {
        max_sockets: 1,
        queue_timeout: Some(PATIENCE / 2),
        ..Limits::default()
    }
}

/// Answers the first request of a connection. With the first of `dying` connections, it ends when
/// the next one is here.
fn dying(connections: usize, log: &Log) -> impl Fn(Peer) + Send + Sync + 'static {
    let log = log.clone();
    move |mut peer| {
        let mut answered = 0;
        while let Some(asked) = peer.request() {
            let body = String::from_utf8_lossy(&asked.body).into_owned();
            log.note(format!("{} {} {body}", peer.number, asked.method()));
            if answered == 1 && peer.number <= connections {
                return;
            }
            answered += 1;
            peer.send(OK);
        }
    }
}

#[track_caller]
fn ok(response: Result<http::ClientResponse, Error>) {
    assert_eq!(response.unwrap().collect().unwrap(), b"ok");
}

#[test]
fn row_a06_an_idempotent_request_is_sent_once_more_with_its_body() {
    watched(|| {
        for method in ["GET", "PUT", "DELETE"] {
            let log = Log::default();
            let stage = Stage::with(one(), 64 * 1024, dying(1, &log));
            let options = stage.options().method(method);
            ok(http::request(&options).unwrap().end("first"));
            ok(http::request(&options).unwrap().end("second"));
            let expected = ["1 M first", "1 M second", "2 M second"];
            assert_eq!(log.all(), expected.map(|it| it.replace('M', method)));
            stage.end();
        }
    });
}

#[test]
fn a_connection_that_is_reset_is_given_back_before_the_next_is_asked_for() {
    watched(|| {
        let stage = Stage::over_tcp_with(one(), |mut peer| {
            peer.expect_request();
            peer.send(OK);
            if peer.number > 1 {
                return drop(peer.until_left());
            }
            // What is not read when the last holder leaves makes the kernel reset the connection.
            peer.stream().read(&mut [0; 1]).unwrap();
        });
        ok(http::request(stage.options()).unwrap().end(""));
        ok(http::request(stage.options()).unwrap().end(""));
        assert_eq!(stage.connections(), 2);
        stage.end();
    });
}

#[test]
fn the_second_attempt_takes_a_connection_of_its_own() {
    watched(|| {
        // Three idle connections, all closed in the moment of use: none of them is tried twice.
        let log = Log::default();
        let stage = Stage::with(Limits::default(), 64 * 1024, dying(3, &log));
        let held = [(); 3].map(|()| http::request(stage.options()).unwrap().end("").unwrap());
        held.into_iter().for_each(|answer| ok(Ok(answer)));
        assert_eq!(stage.agent.totals().free_sockets, 3);
        ok(http::request(stage.options()).unwrap().end(""));
        assert_eq!(stage.connections(), 4);
        assert_eq!(log.all()[3..], ["3 GET ", "4 GET "]); // the newest, then a new one
        stage.end();
    });
}

#[test]
fn no_other_request_is_sent_twice() {
    watched(|| {
        // Not idempotent.
        let log = Log::default();
        let stage = Stage::with(one(), 64 * 1024, dying(1, &log));
        let post = stage.options().method("POST");
        ok(http::request(&post).unwrap().end("first"));
        let lost = http::request(&post).unwrap().end("second");
        assert!(matches!(lost, Err(Error::Peer(_))), "{lost:?}");
        assert_eq!(log.all(), ["1 POST first", "1 POST second"]);
        stage.end();

        // In pieces, which are gone.
        let log = Log::default();
        let stage = Stage::with(one(), 64 * 1024, dying(1, &log));
        let put = stage.options().method("PUT");
        ok(http::request(&put).unwrap().end("first"));
        let mut request = http::request(&put).unwrap();
        request.write("sec").unwrap();
        assert!(request.end("ond").is_err());
        assert_eq!(log.all(), ["1 PUT first", "1 PUT second"]);
        stage.end();
    });
}

#[test]
fn no_other_failure_is_passed_over() {
    watched(|| {
        // A connection that had not been used: this says something about the server.
        let stage = Stage::with(one(), 64 * 1024, |mut peer| drop(peer.request()));
        let lost = http::request(stage.options()).unwrap().end("");
        assert!(matches!(lost, Err(Error::Peer(_))), "{lost:?}");
        assert_eq!(stage.connections(), 1);
        stage.end();

        // A byte of an answer has come, if only of a 1xx: it has seen the request.
        for begun in ["H", "HTTP/1.1 103 Early Hints\r\n\r\n"] {
            let stage = Stage::with(one(), 64 * 1024, move |mut peer| {
                peer.expect_request();
                peer.send(OK);
                peer.expect_request();
                peer.send(begun);
            });
            ok(http::request(stage.options()).unwrap().end(""));
            let lost = http::request(stage.options()).unwrap().end("");
            assert!(matches!(lost, Err(Error::Peer(_))), "{lost:?}");
            assert_eq!(stage.connections(), 1);
            stage.end();
        }

        // The second attempt fails too: that was one too many.
        let stage = Stage::with(one(), 64 * 1024, |mut peer| {
            peer.expect_request();
            if peer.number == 1 {
                peer.send(OK);
                peer.expect_request();
            }
        });
        ok(http::request(stage.options()).unwrap().end(""));
        let lost = http::request(stage.options()).unwrap().end("");
        assert!(matches!(lost, Err(Error::Peer(_))), "{lost:?}");
        assert_eq!(stage.connections(), 2);
        stage.end();

        // Time, which is up.
        let stage = Stage::with(one(), 64 * 1024, |mut peer| {
            peer.expect_request();
            peer.send(OK);
            peer.until_left();
        });
        ok(http::request(stage.options()).unwrap().end(""));
        let options = stage.options().timeouts(http::Timeouts {
            head: std::time::Duration::from_millis(20),
            ..http::Timeouts::default()
        });
        let late = http::request(options).unwrap().end("");
        assert!(matches!(late, Err(Error::Io(_))), "{late:?}");
        assert_eq!(stage.connections(), 1);
        stage.end();
    });
}

#[test]
fn an_expectation_is_asked_for_again_too() {
    watched(|| {
        let stage = Stage::with(one(), 64 * 1024, |mut peer| {
            peer.expect_request();
            peer.send(OK);
            if peer.number == 2 {
                peer.until_left();
            } else {
                peer.head();
            }
        });
        let put = stage.options().method("PUT");
        ok(http::request(&put).unwrap().end("first"));
        let timeouts = http::Timeouts {
            expect: std::time::Duration::from_millis(20),
            ..http::Timeouts::default()
        };
        let put = put.header("Expect", "100-continue").timeouts(timeouts);
        ok(http::request(&put).unwrap().end("second"));
        assert_eq!(stage.connections(), 2);
        stage.end();
    });
}
