//! Bodies that the caller does not read: of a redirect, of a refused tunnel, of a response that is dropped. The
//! client does not wait for them.

use super::test_server::{TestServer, get, ok, one_socket};
use crate::support::{SOON, Tail, watched};
use barewire::http::{self, Error, Proxy, RequestOptions};
use std::time::Instant;

/// What follows the end of the head's other fields.
const ENDLESS: [(&str, Tail); 6] = [
    ("Transfer-Encoding: chunked\r\n\r\n", Tail::FloodChunks),
    (
        "Transfer-Encoding: chunked\r\n\r\n5\r\nwhy?\n\r\n",
        Tail::DripChunks,
    ),
    ("Content-Length: 1000000\r\n\r\nwhy?\n", Tail::Silence),
    ("Content-Length: 20\r\n\r\nwhy?\n", Tail::Silence),
    ("Connection: close\r\n\r\nwhy?\n", Tail::Flood),
    ("Connection: close\r\n\r\nwhy?\n", Tail::Silence),
];

/// Runs `ask` against a server whose first response of each kind never ends; later ones are short.
fn within_a_second(head: &'static str, ask: impl Fn(&TestServer)) {
    for (fields, tail) in ENDLESS {
        let server = TestServer::over_tcp_with(one_socket(), move |mut peer| {
            while let Some(received) = peer.request() {
                match received.target() {
                    "/end" => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
                    _ => {
                        peer.send(format!("HTTP/1.1 {head}{fields}"));
                        return tail.send(&**peer.stream());
                    }
                }
            }
        });
        let began = Instant::now();
        ask(&server);
        let took = began.elapsed();
        assert!(took < SOON, "{fields:?}: {took:?}");
        server.end();
    }
}

#[test]
fn fault_c10_a_redirect_is_followed_although_its_body_never_ends() {
    watched(|| {
        within_a_second("302 Found\r\nLocation: /end\r\n", |server| {
            ok(&server.options().max_redirects(3));
        });
    });
}

#[test]
fn fault_c10_a_dropped_response_gives_its_socket_back_at_once() {
    watched(|| {
        within_a_second("200 OK\r\n", |server| {
            drop(get(&server.options()));
            ok(&server.options().path("/end")); // the only socket is free
        });
    });
}

#[test]
fn fault_c10_a_body_that_is_here_keeps_its_connection() {
    watched(|| {
        for body in [
            "Content-Length: 5\r\n\r\nthere",
            "Content-Length: 0\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n5\r\nthere\r\n0\r\n\r\n",
        ] {
            let server = TestServer::with(one_socket(), move |mut peer| {
                while let Some(received) = peer.request() {
                    match received.target() {
                        "/end" => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
                        _ => peer.send(format!("HTTP/1.1 302 Found\r\nLocation: /end\r\n{body}")),
                    }
                }
            });
            ok(&server.options().max_redirects(3));
            assert_eq!(server.connections(), 1, "{body:?}");
            server.end();
        }
    });
}

fn refusal(server: &TestServer) -> http::Refusal {
    let proxy = Proxy::new(&format!("http://127.0.0.1:{}", server.port())).unwrap();
    let options = RequestOptions::new().hostname("a").agent(&server.agent);
    let request = http::request(options.proxy(&proxy.tunnel())).unwrap();
    match request.end("") {
        Err(Error::Refused(refusal)) => *refusal,
        other => panic!("no refusal: {other:?}"),
    }
}

#[test]
fn fault_c06_a_refused_tunnel_is_reported_at_once_with_its_reason() {
    watched(|| {
        let head = "407 Who Are You\r\nProxy-Authenticate: Basic realm=\"x\"\r\n";
        within_a_second(head, |server| {
            let refusal = refusal(server);
            assert_eq!(refusal.status, 407);
            let challenge = refusal.header("Proxy-Authenticate");
            assert_eq!(challenge, Some("Basic realm=\"x\""));
            let text = refusal.to_string();
            assert!(text.starts_with("the proxy opens no tunnel to a:80: 407 Who Are You: "));
            let reason = &refusal.body[..4];
            assert!(reason == b"why?" || reason == b"aaaa", "{text}");
            assert!(refusal.body.len() <= 4096);
        });
    });
}

#[test]
fn fault_c06_the_beginning_of_a_long_reason_is_kept() {
    watched(|| {
        for bytes in [1024, 1025, 4096, 4097, 100_000] {
            let server = TestServer::over_tcp(move |mut peer| {
                peer.expect_request();
                let reason = format!("no {}", "a".repeat(bytes - 3));
                let head = format!("HTTP/1.1 502 Bad\r\nContent-Length: {bytes}\r\n\r\n");
                peer.try_send(head + &reason);
                peer.until_closed();
            });
            let refusal = refusal(&server);
            assert_eq!(refusal.body.len(), bytes.min(4096));
            assert!(refusal.body.starts_with(b"no aaa"), "{refusal}");
            server.end();
        }
    });
}

/// A proxy that is not there is another error.
#[test]
fn fault_c06_a_dead_proxy_is_no_refusal() {
    watched(|| {
        let server = TestServer::over_tcp(|_| {});
        let port = server.port();
        server.end();
        let proxy = Proxy::new(&format!("http://127.0.0.1:{port}")).unwrap();
        let options = RequestOptions::new().hostname("a").no_agent();
        let error = http::request(options.proxy(&proxy.tunnel()));
        let error = error.unwrap().end("").unwrap_err();
        assert!(matches!(error, Error::Io(_)), "{error:?}");
    });
}
