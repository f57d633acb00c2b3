//! A server that refuses the handshake, and whose reason is long, slow or without an end.

use super::stage::{Peer, fake_server};
use crate::support::{SOON, Tail, watched};
use barewire::http::{self, Proxy, RequestOptions};
use barewire::net::Tcp;
use barewire::websocket::{self, ConnectOptions, Error};
use std::time::Instant;

const REFUSALS: [(&str, &str, Tail); 6] = [
    (
        "302 Found",
        "Location: /elsewhere\r\nContent-Length: 9\r\n\r\nwh",
        Tail::Silence,
    ),
    (
        "401 Who",
        "WWW-Authenticate: Basic realm=\"x\"\r\nConnection: close\r\n\r\nwhy?",
        Tail::Flood,
    ),
    (
        "503 Full",
        "Retry-After: 7\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwhy?\r\n",
        Tail::FloodChunks,
    ),
    ("403 No", "Content-Length: 1000000\r\n\r\nwhy?", Tail::Drip),
    ("404 Not Found", "Connection: close\r\n\r\nwhy?", Tail::Drip),
    ("200 OK", "\r\n", Tail::Silence),
];

/// The server that refuses in this way, and its URL.
fn refusing((status, fields, tail): (&'static str, &'static str, Tail)) -> (String, impl FnOnce()) {
    let answer = move |_: &str| format!("HTTP/1.1 {status}\r\n{fields}");
    let (url, server) = fake_server(answer, move |peer: Peer| tail.send(&Tcp::from(peer.stream)));
    (url, || server.join().expect("the server"))
}

fn check(refusal: &http::Refusal, (status, fields, _): (&str, &str, Tail), began: Instant) {
    let took = began.elapsed();
    assert!(took < SOON, "{status}: {took:?}");
    let (code, reason) = status.split_once(' ').unwrap();
    assert_eq!(refusal.status.to_string(), code);
    assert_eq!(refusal.reason, reason);
    for name in ["Location", "WWW-Authenticate", "Retry-After"] {
        let sent = fields.lines().find_map(|line| line.strip_prefix(name));
        let sent = sent.map(|value| value.trim_start_matches(": "));
        assert_eq!(refusal.header(name), sent, "{status}");
    }
    let sent_reason = fields.contains("wh");
    assert_eq!(refusal.body.starts_with(b"wh"), sent_reason, "{refusal}");
    assert!(refusal.body.len() <= 4096);
}

#[test]
fn fault_d04_a_refused_handshake_is_reported_at_once_with_its_fields() {
    watched(|| {
        for refusal in REFUSALS {
            let (url, ended) = refusing(refusal);
            let began = Instant::now();
            match websocket::connect(&url) {
                Err(Error::Refused(error)) => check(&error, refusal, began),
                other => panic!("{other:?}"),
            }
            ended();
        }
    });
}

/// A proxy that opens no tunnel for it is an error of HTTP, with the same parts.
#[test]
fn fault_d04_c06_a_proxy_that_refuses_the_tunnel_of_a_websocket() {
    watched(|| {
        for refusal in REFUSALS {
            if refusal.0.starts_with("200") {
                continue; // a tunnel
            }
            let (url, ended) = refusing(refusal);
            let proxy = Proxy::new(&url.replace("ws:", "http:")).unwrap().tunnel();
            let base = RequestOptions::new().proxy(&proxy);
            let options = ConnectOptions::new().request_options(&base);
            let began = Instant::now();
            match websocket::connect_with("ws://a.example/", &options) {
                Err(Error::Http(http::Error::Refused(error))) => check(&error, refusal, began),
                other => panic!("{other:?}"),
            }
            ended();
        }
    });
}
