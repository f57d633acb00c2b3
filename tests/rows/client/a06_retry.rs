//! The server may close a kept connection in the moment in which the client reuses it. Then, and only
//! then, a request is sent once more without an error (RFC 9112 §9.3.1, RFC 9110 §9.2.2).
//!
//! The agents have one socket: a request that does not give it back before it is retried waits for ever.

use super::peer::Peer;
use super::test_server::{OK, TestServer, get, head_within, one_socket};
use crate::support::{Log, watched};
use barewire::http::pool::Limits;
use barewire::http::{self, Error, RequestOptions};
use std::io::ErrorKind;

/// Responds to requests; but on the first `connections` connections it closes after it has received the
/// second.
fn dying(connections: usize, log: &Log) -> impl Fn(Peer) + Send + Sync + 'static {
    let log = log.clone();
    move |mut peer| {
        let mut answered = 0;
        while let Some(received) = peer.request() {
            let body = String::from_utf8_lossy(&received.body).into_owned();
            log.note(format!("{} {} {body}", peer.number, received.method()));
            if answered == 1 && peer.number <= connections {
                return;
            }
            answered += 1;
            peer.send(OK);
        }
    }
}

#[track_caller]
fn send(options: &RequestOptions, body: &str) {
    let mut response = http::request(options).unwrap().end(body).unwrap();
    assert_eq!(response.collect().unwrap(), b"ok");
}

#[track_caller]
fn is_lost(options: &RequestOptions, body: &str) {
    let lost = http::request(options).unwrap().end(body);
    assert!(matches!(lost, Err(Error::Peer(_))), "{lost:?}");
}

/// The error says that the connection was reused, and why the request was not sent again.
#[track_caller]
fn is_lost_on_reuse<T: std::fmt::Debug>(lost: Result<T, Error>, why: &str) {
    let Err(Error::Io(error)) = &lost else {
        panic!("{lost:?}");
    };
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let text = error.to_string();
    assert!(
        text.contains("reused connection") && text.contains("not sent again"),
        "{text}"
    );
    assert!(text.contains(why), "{text}");
    assert!(
        std::error::Error::source(error).is_some(),
        "{text}: its cause"
    );
}

#[test]
fn row_a06_an_idempotent_request_is_sent_once_more_with_its_body() {
    watched(|| {
        for method in ["GET", "PUT", "DELETE"] {
            let log = Log::default();
            let server = TestServer::with(one_socket(), dying(1, &log));
            let options = server.options().method(method);
            send(&options, "first");
            send(&options, "second");
            let expected = ["1 M first", "1 M second", "2 M second"];
            assert_eq!(log.all(), expected.map(|it| it.replace('M', method)));
            server.end();
        }
    });
}

#[test]
fn a_reset_connection_is_given_back_before_the_next_is_acquired() {
    watched(|| {
        let server = TestServer::over_tcp_with(one_socket(), |mut peer| {
            peer.expect_request();
            peer.send(OK);
            if peer.number > 1 {
                return drop(peer.until_closed());
            }
            // The kernel resets a connection that is closed with unread bytes.
            peer.stream().read(&mut [0; 1]).unwrap();
        });
        send(&server.options(), "");
        send(&server.options(), "");
        assert_eq!(server.connections(), 2);
        server.end();
    });
}

#[test]
fn the_second_attempt_opens_a_connection() {
    watched(|| {
        // Three idle connections, all closed in the moment of use: only the newest is tried.
        let log = Log::default();
        let server = TestServer::with(Limits::default(), dying(3, &log));
        let held = [(); 3].map(|()| get(&server.options()));
        for mut response in held {
            response.collect().unwrap();
        }
        assert_eq!(server.idle(), 3);
        send(&server.options(), "");
        assert_eq!(server.connections(), 4);
        assert_eq!(log.all()[3..], ["3 GET ", "4 GET "]); // the newest, then a new one
        server.end();
    });
}

#[test]
fn no_other_request_is_sent_twice() {
    watched(|| {
        // Not idempotent.
        let log = Log::default();
        let server = TestServer::with(one_socket(), dying(1, &log));
        let post = server.options().method("POST");
        send(&post, "first");
        is_lost_on_reuse(
            http::request(&post).unwrap().end("second"),
            "POST is not idempotent",
        );
        assert_eq!(log.all(), ["1 POST first", "1 POST second"]);
        server.end();

        // Its body was written in pieces, which are gone.
        let log = Log::default();
        let server = TestServer::with(one_socket(), dying(1, &log));
        let put = server.options().method("PUT");
        send(&put, "first");
        let mut request = http::request(&put).unwrap();
        request.write("sec").unwrap();
        is_lost_on_reuse(request.end("ond"), "written in pieces");
        assert_eq!(log.all(), ["1 PUT first", "1 PUT second"]);
        server.end();
    });
}

#[test]
fn no_other_failure_is_retried() {
    watched(|| {
        // The connection had not been used: its failure says something about the server.
        let server = TestServer::with(one_socket(), |mut peer| drop(peer.request()));
        is_lost(&server.options(), "");
        assert_eq!(server.connections(), 1);
        server.end();

        // A byte of a response has come, if only of a 1xx: the server has received the request.
        for begun in ["H", "HTTP/1.1 103 Early Hints\r\n\r\n"] {
            let server = TestServer::with(one_socket(), move |mut peer| {
                peer.expect_request();
                peer.send(OK);
                peer.expect_request();
                peer.send(begun);
            });
            send(&server.options(), "");
            is_lost(&server.options(), "");
            assert_eq!(server.connections(), 1);
            server.end();
        }

        // The second attempt fails, too: there is no third.
        let server = TestServer::with(one_socket(), |mut peer| {
            peer.expect_request();
            if peer.number == 1 {
                peer.send(OK);
                peer.expect_request();
            }
        });
        send(&server.options(), "");
        is_lost(&server.options(), "");
        assert_eq!(server.connections(), 2);
        server.end();

        // A deadline has passed.
        let server = TestServer::with(one_socket(), |mut peer| {
            peer.expect_request();
            peer.send(OK);
            peer.until_closed();
        });
        send(&server.options(), "");
        let options = server
            .options()
            .timeouts(head_within(std::time::Duration::from_millis(20)));
        let late = http::request(options).unwrap().end("");
        assert!(matches!(late, Err(Error::Io(_))), "{late:?}");
        assert_eq!(server.connections(), 1);
        server.end();
    });
}

#[test]
fn a_request_with_an_expectation_is_retried_too() {
    watched(|| {
        let server = TestServer::with(one_socket(), |mut peer| {
            peer.expect_request();
            peer.send(OK);
            if peer.number == 2 {
                peer.until_closed();
            } else {
                peer.head();
            }
        });
        let put = server.options().method("PUT");
        send(&put, "first");
        let timeouts = http::Timeouts {
            expect: std::time::Duration::from_millis(20),
            ..http::Timeouts::default()
        };
        let put = put.header("Expect", "100-continue").timeouts(timeouts);
        send(&put, "second");
        assert_eq!(server.connections(), 2);
        server.end();
    });
}

#[test]
fn fault_c17_a_lost_post_says_that_it_was_not_sent_again() {
    watched(|| {
        // The server ends the connection, or resets it, at once or while the body is sent.
        for (tcp, reads, bytes) in [
            (false, true, 6),
            (false, false, 6),
            (true, true, 6),
            (true, false, 6),
            (true, false, 8 << 20),
        ] {
            let log = Log::default();
            let noted = log.clone();
            let serve = move |mut peer: Peer| {
                peer.expect_request();
                noted.note("first");
                peer.send(OK);
                match reads {
                    true => drop(peer.request()),
                    false => drop(peer.stream().read(&mut [0; 1])),
                }
                noted.note("second");
            };
            let server = match tcp {
                true => TestServer::over_tcp_with(one_socket(), serve),
                false => TestServer::with(one_socket(), serve),
            };
            let body = "x".repeat(bytes);
            for (method, why) in [
                ("POST", "POST is not idempotent"),
                ("PATCH", "PATCH is not"),
            ] {
                let options = server.options().method(method);
                send(&options, "first");
                is_lost_on_reuse(http::request(&options).unwrap().end(&body), why);
            }
            // In pieces: the call that finds out says it.
            for (method, why) in [("POST", "not idempotent"), ("PUT", "written in pieces")] {
                let options = server.options().method(method);
                send(&options, "first");
                let mut request = http::request(&options).unwrap();
                let lost = match request.write(&body) {
                    Ok(()) => request.end("end").map(drop),
                    lost => lost,
                };
                is_lost_on_reuse(lost, why);
            }
            assert_eq!((log.count("first"), server.connections()), (4, 4));
            server.check_quiet();
            server.end();
        }
    });
}

#[test]
fn fault_c17_what_was_not_reused_or_has_an_answer_is_reported_as_before() {
    watched(|| {
        let server = TestServer::with(one_socket(), |mut peer| drop(peer.request()));
        is_lost(&server.options().method("POST"), "body");
        server.end();

        let server = TestServer::with(one_socket(), |mut peer| {
            peer.expect_request();
            peer.send(OK);
            peer.expect_request();
            peer.send("HTTP/1.1 103 Early Hints\r\n\r\n");
        });
        let post = server.options().method("POST");
        send(&post, "first");
        is_lost(&post, "second");
        server.end();

        // A request that was sent twice was not lost with a reused connection.
        let log = Log::default();
        let server = TestServer::with(one_socket(), dying(2, &log));
        send(&server.options().method("PUT"), "first");
        send(&server.options().method("PUT"), "second");
        assert_eq!(server.connections(), 2);
        server.end();
    });
}
