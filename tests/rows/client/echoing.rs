//! A server may respond while it reads the request, and its response may depend on the rest of it: an echo.
//! Sending goes on, and neither side waits for the other for ever.

use super::peer::Peer;
use super::test_server::TestServer;
use crate::support::{Gate, watched};
use barewire::http::pool::Limits;
use barewire::http::wire::Rule;
use barewire::http::{self, Error, RequestOptions, Timeouts};
use std::io::ErrorKind;
use std::time::Duration;

/// The capacity of a pipe: each side blocks soon when the other does not read.
const ROOM: usize = 1024;
/// Less than the client keeps of a response while it sends.
const LITTLE: usize = 20 * ROOM;
const MUCH: usize = 500 * ROOM;

/// The response begins before any of the body is read, and reading stops while it is not read.
fn echo(mut peer: Peer) {
    while let Some(head) = peer.head() {
        let length: usize = head.field("Content-Length").unwrap().parse().unwrap();
        peer.send(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
        ));
        for _ in 0..length / 512 {
            let Some(piece) = peer.take(512) else { return };
            if !peer.try_send(piece) {
                return;
            }
        }
    }
}

fn serve(play: impl Fn(Peer) + Send + Sync + 'static) -> (TestServer, RequestOptions) {
    let server = TestServer::with_capacity(Limits::default(), ROOM, play);
    let options = server.options().method("POST");
    (server, options)
}

fn body(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

#[test]
fn an_echo_of_any_length_gets_the_whole_request() {
    watched(|| {
        let (server, options) = serve(echo);
        for length in [LITTLE, MUCH] {
            for expect in [false, true] {
                let options = match expect {
                    true => options.clone().header("Expect", "100-continue"),
                    false => options.clone(),
                };
                let sent = body(length);
                let mut response = http::request(options).unwrap().end(&sent).unwrap();
                assert!(response.collect().unwrap() == sent);
            }
        }
        assert_eq!((server.connections(), server.idle()), (1, 1), "it is kept");
        server.end();
    });
}

#[test]
fn pieces_are_sent_while_the_client_keeps_what_comes() {
    watched(|| {
        let (server, options) = serve(echo);
        let options = options.header("Content-Length", LITTLE.to_string());
        let (sent, mut request) = (body(LITTLE), http::request(options).unwrap());
        for piece in sent.chunks(ROOM) {
            request.write(piece).unwrap();
        }
        let mut response = request.end("").unwrap();
        assert!(response.collect().unwrap() == sent);
        assert_eq!(server.idle(), 1);
        server.end();
    });
}

/// The response can be read after `end` only: the piece fails, and does not wait for ever.
#[test]
fn a_piece_fails_if_the_server_waits_for_its_response_to_be_read() {
    watched(|| {
        let (server, options) = serve(echo);
        let timeouts = Timeouts {
            stall: Duration::from_millis(100),
            ..Timeouts::default()
        };
        let options = options.header("Content-Length", MUCH.to_string());
        let mut request = http::request(options.timeouts(timeouts)).unwrap();
        match request.write(body(MUCH)).unwrap_err() {
            Error::Io(error) => assert_eq!(error.kind(), ErrorKind::TimedOut),
            other => panic!("{other}"),
        }
        server.end();
    });
}

#[test]
fn after_a_whole_response_nothing_more_is_sent() {
    watched(|| {
        for response in [
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n2\r\nk\n\r\n0\r\n\r\n",
        ] {
            let gate = Gate::default();
            let open = gate.clone();
            let (server, options) = serve(move |mut peer| {
                peer.head();
                for byte in response.as_bytes() {
                    peer.send([*byte]); // the client sees the end of the response in no one read
                }
                open.pass();
            });
            let mut response = http::request(&options).unwrap().end(body(MUCH)).unwrap();
            assert_eq!(response.collect().unwrap(), b"ok\n");
            let mut request = http::request(&options).unwrap();
            while !request.is_answered() {
                request.write([b'x'; ROOM]).unwrap();
            }
            let mut response = request.end("").unwrap();
            assert_eq!(response.collect().unwrap(), b"ok\n");
            assert_eq!(server.idle(), 0);
            gate.open();
            server.end();
        }
    });
}

#[test]
fn a_long_response_is_received_though_the_server_reads_no_body() {
    watched(|| {
        let gate = Gate::default();
        let open = gate.clone();
        let (server, options) = serve(move |mut peer| {
            peer.head();
            peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {MUCH}\r\n\r\n"));
            peer.send(body(MUCH));
            open.pass();
        });
        let mut response = http::request(options).unwrap().end(body(MUCH)).unwrap();
        assert!(response.collect().unwrap() == body(MUCH));
        assert_eq!(server.idle(), 0, "half a request is on it");
        gate.open();
        server.end();
    });
}

#[test]
fn a_server_that_leaves_in_the_middle_truncates_the_response() {
    watched(|| {
        let (server, options) = serve(|mut peer| {
            peer.head();
            peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {MUCH}\r\n\r\n"));
            peer.send(body(MUCH / 2));
        });
        let mut response = http::request(options).unwrap().end(body(MUCH)).unwrap();
        match response.collect().unwrap_err() {
            Error::Peer(error) => assert_eq!(error.rule(), Rule::MessageTruncated),
            other => panic!("{other}"),
        }
        server.end();
    });
}

#[test]
fn a_response_that_is_dropped_ends_the_request() {
    watched(|| {
        let (server, options) = serve(echo);
        let request = http::request(options).unwrap();
        drop(request.end(body(MUCH)).unwrap());
        assert_eq!(server.idle(), 0);
        server.end();
    });
}
