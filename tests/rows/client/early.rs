//! A server may refuse a request before it has read the whole of it (RFC 9112 §9.5), and then stop reading,
//! close, or read on. The response is received, no more is sent, and the connection is not reused.

use super::peer::Peer;
use super::test_server::{TestServer, get, head_within};
use crate::support::{Gate, Log, watched};
use barewire::http::pool::Limits;
use barewire::http::wire::Rule;
use barewire::http::{self, Error, RequestOptions};
use std::time::Duration;

/// The capacity of a pipe, smaller than the body, so that sending blocks when the server stops reading.
const ROOM: usize = 1024;

fn server(play: impl Fn(Peer) + Send + Sync + 'static) -> TestServer {
    TestServer::with_capacity(Limits::default(), ROOM, play)
}

fn upload(server: &TestServer) -> RequestOptions {
    server.options().method("POST").path("/upload")
}

/// Sends this response after the head, and then neither reads nor closes until the gate opens.
fn responds_and_stops_reading(response: &'static str) -> (TestServer, Gate) {
    let gate = Gate::default();
    let open = gate.clone();
    let server = server(move |mut peer| {
        let Some(received) = peer.head() else { return };
        match received.target() {
            "/upload" => peer.send(response),
            _ => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext"),
        }
        open.pass();
    });
    (server, gate)
}

#[test]
fn a_413_is_received_although_the_server_does_not_read_the_body() {
    watched(|| {
        let (server, gate) = responds_and_stops_reading(
            "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno\n",
        );
        let body = vec![b'x'; 100 * ROOM];
        let mut response = http::request(upload(&server)).unwrap().end(&body).unwrap();
        assert_eq!(response.status(), 413);
        assert_eq!(response.collect().unwrap(), b"no\n");

        // Half a request is on that connection: the next one would be read as its rest.
        assert_eq!(server.idle(), 0);
        let mut response = get(&server.options());
        assert_eq!(response.collect().unwrap(), b"next");
        assert_eq!(server.connections(), 2);
        gate.open();
        server.end();
    });
}

/// It polls between two pieces, not only when the send buffer is full: the server reads everything here.
#[test]
fn an_early_response_is_noticed_with_the_next_piece() {
    watched(|| {
        for over_tcp in [false, true] {
            let log = Log::default();
            let noting = log.clone();
            let play = move |mut peer: Peer| {
                if peer.head().is_none() {
                    return;
                }
                peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno\n");
                noting.note("answered");
                peer.until_closed();
            };
            let server = match over_tcp {
                true => TestServer::over_tcp(play),
                false => TestServer::new(play),
            };
            let mut request = http::request(upload(&server)).unwrap();
            request.write("one piece").unwrap();
            log.wait_for("answered");
            std::thread::sleep(Duration::from_millis(6)); // longer than the interval of the polls
            request.write("another").unwrap();
            assert!(request.is_answered());
            request.write(vec![b'x'; 64 << 20]).unwrap(); // is dropped
            let response = request.end("").unwrap();
            assert_eq!(response.status(), 413);
            assert!(response.timings().first_byte <= response.timings().total());
            drop(response);
            server.end();
        }
    });
}

#[test]
fn after_an_early_response_without_a_body_the_connection_is_not_reused() {
    watched(|| {
        for early in [
            "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n",
        ] {
            let (server, gate) = responds_and_stops_reading(early);
            let body = vec![b'x'; 100 * ROOM];
            let mut response = http::request(upload(&server)).unwrap().end(&body).unwrap();
            assert_eq!(response.collect().unwrap(), b"");
            assert_eq!(server.idle(), 0, "{early}");
            gate.open();
            server.end();
        }
    });
}

#[test]
fn no_piece_is_sent_after_the_response_has_come() {
    watched(|| {
        let (server, gate) = responds_and_stops_reading(
            "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nno\n\r\n0\r\n\r\n",
        );
        for options in [
            upload(&server),
            upload(&server).header("Content-Length", "1000000"),
        ] {
            let mut request = http::request(options).unwrap();
            while !request.is_answered() {
                request.write([b'x'; 100]).unwrap();
            }
            request.write("more").unwrap(); // not sent, and not an error
            let mut response = request.end("").unwrap();
            assert_eq!(
                (response.status(), response.collect().unwrap()),
                (403, b"no\n".to_vec())
            );
            assert_eq!(server.idle(), 0);
        }
        gate.open();
        server.end();
    });
}

#[test]
fn the_response_of_a_server_that_then_closes_is_received() {
    watched(|| {
        let server = server(|mut peer| {
            peer.head();
            peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno\n");
        });
        for options in [
            upload(&server),
            upload(&server).header("Content-Length", "102400"),
        ] {
            let body = vec![b'x'; 100 * ROOM];
            let mut response = http::request(&options).unwrap().end(&body).unwrap();
            assert_eq!(
                (response.status(), response.collect().unwrap()),
                (413, b"no\n".to_vec())
            );

            let mut request = http::request(&options).unwrap();
            while !request.is_answered() {
                request.write([b'x'; 100]).unwrap();
            }
            assert_eq!(request.end("").unwrap().status(), 413);
        }
        server.end();
    });
}

#[test]
fn an_early_response_is_received_over_tcp_too() {
    watched(|| {
        let gate = Gate::default();
        let open = gate.clone();
        let server = TestServer::over_tcp(move |mut peer| {
            peer.head();
            peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno\n");
            open.pass();
        });
        let body = vec![b'x'; 64 * 1024 * 1024]; // more than any send buffer holds
        let mut response = http::request(upload(&server)).unwrap().end(&body).unwrap();
        assert_eq!(
            (response.status(), response.collect().unwrap()),
            (413, b"no\n".to_vec())
        );
        assert_eq!(server.idle(), 0);
        gate.open();
        server.end();
    });
}

#[test]
fn a_server_that_closes_without_a_response_is_an_error() {
    watched(|| {
        let server = server(|mut peer| drop(peer.head()));
        let body = vec![b'x'; 100 * ROOM];
        let error = http::request(upload(&server)).unwrap().end(&body);
        // A write fails, or the client has looked for an early response before that and has found the end.
        let is_lost = match &error {
            Err(Error::Io(_)) => true,
            Err(Error::Peer(broken)) => broken.rule() == Rule::MessageTruncated,
            _ => false,
        };
        assert!(is_lost, "{error:?}");
        server.end();
    });
}

#[test]
fn the_response_of_a_server_that_reads_on_is_received_while_sending_never_blocks() {
    watched(|| {
        let server = server(|mut peer| {
            peer.head();
            peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n");
            peer.until_closed();
        });
        let mut request = http::request(upload(&server)).unwrap();
        while !request.is_answered() {
            request.write([b'x'; 100]).unwrap();
        }
        assert_eq!(request.end("").unwrap().collect().unwrap(), b"no\n");
        let body = vec![0; 1 << 30]; // pages that are never sent are never touched
        let response = http::request(upload(&server)).unwrap().end(&body).unwrap();
        drop(response);
        server.end();
    });
}

#[test]
fn no_protocol_is_switched_in_the_middle_of_a_request() {
    watched(|| {
        let (server, gate) = responds_and_stops_reading(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n",
        );
        let options = upload(&server)
            .header("Connection", "upgrade")
            .header("Upgrade", "echo");
        let body = vec![b'x'; 100 * ROOM];
        match http::request(options).unwrap().end(&body) {
            Err(Error::Peer(error)) => assert_eq!(error.rule(), Rule::UnexpectedMessage),
            other => panic!("{other:?}"),
        }
        gate.open();
        server.end();
    });
}

#[test]
fn a_caller_that_has_nothing_to_send_may_poll() {
    watched(|| {
        let (server, gate) =
            responds_and_stops_reading("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        let mut request = http::request(upload(&server)).unwrap();
        request.write("a little").unwrap();
        while !request.poll_early_response().unwrap() {
            std::thread::yield_now();
        }
        assert_eq!(request.end("").unwrap().status(), 403);
        gate.open();
        server.end();
    });
}

#[test]
fn the_body_of_an_early_response_has_the_deadlines_of_a_body() {
    watched(|| {
        let server = server(|mut peer| {
            peer.head();
            peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nn");
            std::thread::sleep(Duration::from_millis(100)); // far beyond the deadline of the head
            peer.send("o\n");
        });
        let timeouts = head_within(Duration::from_millis(10));
        let mut request = http::request(upload(&server).timeouts(timeouts)).unwrap();
        request.write("a little").unwrap();
        while !request.poll_early_response().unwrap() {
            std::thread::yield_now();
        }
        assert_eq!(request.end("").unwrap().collect().unwrap(), b"no\n");
        server.end();
    });
}
