//! W01: how a connection is opened, and every way in which it is refused.

use super::stage::{
    HANDSHAKE, Peer, accepting, echo, fake_server, masked, open, plain, rest, serving, switch, url,
};
use crate::support::{Site, watched};
use barewire::http::{self, Failure};
use barewire::net::Tcp;
use barewire::websocket::{self, Acceptor, ConnectOptions, Error, wire::Rule};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[test]
fn row_w01_the_sample_key_is_answered() {
    watched(|| {
        let site = serving(echo);
        Peer::open(&site); // checks the whole answer
    });
}

#[test]
fn row_w01_the_subprotocol_is_the_clients_first_that_is_among_ours() {
    watched(|| {
        let acceptor = Acceptor::new().protocols(["superchat", "chat"]);
        let site = accepting(acceptor, |ws| {
            let protocol = ws.protocol().unwrap_or("none").to_owned();
            ws.send(&protocol).expect("open");
        });
        for (offer, chosen) in [
            (vec!["chat", "superchat"], "chat"),
            (vec!["other", "superchat"], "superchat"),
            (vec!["other"], "none"),
            (vec![], "none"),
        ] {
            let options = ConnectOptions::new().protocols(offer);
            let ws = websocket::connect_with(&url(&site, "/"), &options);
            let mut ws = ws.expect("open");
            assert_eq!(ws.protocol().unwrap_or("none"), chosen);
            let message = ws.receive().expect("open").and_then(|data| data.text());
            assert_eq!(message, Some(chosen));
        }
    });
}

/// Each broken rule has its status and its fields.
#[test]
fn row_w01_a_handshake_that_breaks_a_rule_is_refused_with_its_status() {
    watched(|| {
        let acceptor = Acceptor::new().origins(|origin| origin != Some("http://evil.example"));
        let site = accepting(acceptor, echo);
        let cases = [
            (
                HANDSHAKE.replace("Version: 13", "Version: 8"),
                "426 Upgrade Required",
                "Sec-WebSocket-Version: 13\r\n",
            ),
            (
                HANDSHAKE.replace("dGhlIHNhbXBsZSBub25jZQ==", "MTMtMDc6NTM="),
                "400 Bad Request",
                "",
            ),
            (
                format!("{HANDSHAKE}Origin: http://evil.example\r\n"),
                "403 Forbidden",
                "",
            ),
            (
                HANDSHAKE.replace("GET", "POST") + "Content-Length: 0\r\n",
                "405 Method Not Allowed",
                "Allow: GET\r\n",
            ),
            (
                "GET /chat HTTP/1.1\r\nHost: a\r\n".to_owned(),
                "426 Upgrade Required",
                "Upgrade: websocket\r\n",
            ),
        ];
        for (request, status, field) in cases {
            let mut peer = Peer::connect(&site);
            peer.send(request + "\r\n");
            let head = peer.head();
            assert!(
                head.starts_with(&format!("HTTP/1.1 {status}\r\n")),
                "{head}"
            );
            assert!(head.contains(field), "{head}");
            let body = String::from_utf8_lossy(&peer.exactly(20)).into_owned();
            assert!(
                body.starts_with(status.split(' ').next().unwrap()),
                "{body}"
            );
        }
    });
}

/// `close` is about the final response. There is one if the handshake is refused; a 101 is not final. Some
/// proxies send `close` together with `Upgrade`.
#[test]
fn row_w01_close_beside_upgrade_is_about_the_refusal_only() {
    watched(|| {
        let site = serving(echo);
        for connection in [
            "Connection: close, Upgrade",
            "Connection: Upgrade\r\nConnection: close",
        ] {
            let handshake = HANDSHAKE.replace("Connection: Upgrade", connection);
            let mut peer = Peer::connect(&site);
            peer.send(format!("{handshake}\r\n"));
            let head = peer.head();
            assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
            assert!(head.contains("\r\nConnection: Upgrade\r\n"), "{head}");
            peer.send(masked(0x81, "still here"));
            peer.expect(plain(0x81, "still here"));

            let mut peer = Peer::connect(&site);
            peer.send(handshake.replace("Version: 13", "Version: 8") + "\r\n");
            let head = peer.head();
            assert!(head.starts_with("HTTP/1.1 426 "), "{head}");
            assert!(head.contains("\r\nConnection: close\r\n"), "{head}");
            let ending = rest(&mut peer.stream).expect("a FIN");
            assert!(ending.starts_with(b"426 "));
        }
    });
}

#[test]
fn row_w01_before_the_101_a_handler_may_give_any_answer() {
    watched(|| {
        let site = Site::new(http::create_server(|req, res| {
            if req.path() != "/chat" {
                return res
                    .write_head(404, [("X-Why", "no")])?
                    .end("no such room\n");
            }
            websocket::accept(req, res)?;
            Ok::<(), Failure>(())
        }));
        match websocket::connect(&url(&site, "/other")) {
            Err(Error::Refused(refused)) => {
                assert_eq!(refused.status, 404);
                assert_eq!(refused.body, b"no such room\n");
            }
            other => panic!("{other:?}"),
        }
        assert!(websocket::connect(&url(&site, "/chat")).is_ok());
    });
}

/// Responses that a client must not accept.
#[test]
fn row_w01_a_client_judges_the_answer() {
    watched(|| {
        type Answer = fn(&str) -> String;
        let cases: [(Answer, Rule); 5] = [
            (|_| switch("another key", ""), Rule::AcceptWrong),
            (
                |key| switch(key, "Sec-WebSocket-Protocol: chat\r\n"),
                Rule::ProtocolNotAsked,
            ),
            (
                |key| switch(key, "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
                Rule::ExtensionNotAsked,
            ),
            (
                |key| switch(key, "Sec-WebSocket-Accept: twice\r\n"),
                Rule::AcceptRepeated,
            ),
            (
                |_| {
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                     Connection: Upgrade\r\n\r\n"
                        .to_owned()
                },
                Rule::AcceptMissing,
            ),
        ];
        for (answer, rule) in cases {
            let (url, server) = fake_server(answer, drop);
            match websocket::connect(&url) {
                Err(Error::Peer(error)) => assert_eq!(error.rule(), rule),
                other => panic!("{rule:?}: {other:?}"),
            }
            server.join().expect("the server");
        }
    });
}

#[test]
fn row_w01_the_handshake_has_a_deadline() {
    watched(|| {
        let (end, until_end) = std::sync::mpsc::channel::<()>();
        let (url, server) = fake_server(
            |_| String::new(),
            move |_peer| until_end.recv().unwrap_or_default(),
        );
        let options = ConnectOptions::new().handshake_timeout(Duration::from_millis(20));
        let error = websocket::connect_with(&url, &options).expect_err("no answer");
        assert!(error.to_string().contains("20ms"), "{error}");
        drop(end);
        server.join().expect("the server");
    });
}

/// The notes' key is the time of day.
#[test]
fn erratum_e04_keys_are_unpredictable() {
    watched(|| {
        let keys = Arc::new(Mutex::new(HashSet::new()));
        let kept = Arc::clone(&keys);
        let site = Site::new(http::create_server(move |req, res| {
            let key = req
                .headers()
                .get_str("Sec-WebSocket-Key")
                .map(str::to_owned);
            kept.lock().unwrap().insert(key);
            websocket::accept(req, res)?;
            Ok::<(), Failure>(())
        }));
        (0..20).for_each(|_| drop(open(&site)));
        assert_eq!(keys.lock().unwrap().len(), 20);
    });
}

/// The notes' client drops the bytes behind the response, which are the first frames.
#[test]
fn erratum_e05_frames_behind_the_answer_are_kept() {
    watched(|| {
        let answer = |key: &str| switch(key, "") + "\u{1}\u{2}he";
        let (url, server) = fake_server(answer, |mut peer| {
            peer.send(b"\x80\x03llo");
            assert_eq!(peer.exactly(2)[0], 0x88);
        });
        let mut ws = websocket::connect(&url).expect("open");
        let data = ws.receive().expect("open").expect("a message");
        assert_eq!(data.text(), Some("hello"));
        ws.writer().close(1000, "").expect("a code");
        server.join().expect("the server");
    });
}

#[test]
fn row_w01_frames_behind_the_request_are_kept() {
    watched(|| {
        let site = serving(echo);
        let mut peer = Peer::connect(&site);
        let frame = super::stage::masked(0x81, "early");
        peer.send([format!("{HANDSHAKE}\r\n").as_bytes(), &frame].concat());
        peer.head();
        peer.expect(b"\x81\x05early");
    });
}

#[test]
fn row_w01_no_delay_is_on_after_the_101() {
    watched(|| {
        let site = Site::new(http::create_server(|req, res| {
            let upgraded = req.upgrade(res, [("Upgrade", "websocket")])?;
            let tcp = upgraded.stream().as_any().downcast_ref::<Tcp>();
            assert!(tcp.expect("TCP").no_delay()?);
            upgraded.stream().write(b"on")?;
            Ok::<(), Failure>(())
        }));
        let mut peer = Peer::connect(&site);
        peer.send(format!("{HANDSHAKE}\r\n"));
        peer.head();
        peer.expect("on");
    });
}

#[test]
fn row_w01_a_url_of_another_scheme_is_refused() {
    for (url, says) in [
        ("wss://127.0.0.1/", "https::websocket"),
        ("http://127.0.0.1/", "not a ws: or wss: URL"),
        ("ws://127.0.0.1/#there", "fragment"),
    ] {
        let error = websocket::connect(url).expect_err("no URL for us");
        assert!(error.to_string().contains(says), "{error}");
    }
}
