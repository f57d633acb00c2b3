//! The book's events of a request, in order: `socket`, `continue` and `information`, then one of
//! `response`, `connect`, `upgrade` and `error`.

use super::peer::Peer;
use super::stage::Stage;
use crate::support::{Log, watched};
use barewire::http::wire::{Fields, Misuse};
use barewire::http::{self, ClientEvents, ClientResponse, Error, RequestOptions, Upgraded};
use barewire::net::{Addr, Stream};
use std::io::{Read, Write};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Writes everything down; a tunnel and another protocol are asked for their first five bytes.
struct Diary(Log);

impl ClientEvents for Diary {
    fn socket(&mut self, stream: &dyn Stream, reused: bool) {
        assert_eq!(stream.peer_addr().unwrap(), Addr::Pipe);
        self.0.note(format!("socket, reused: {reused}"));
    }

    fn continued(&mut self) {
        self.0.note("continue");
    }

    fn information(&mut self, status: u16, fields: Fields<'_>) {
        let link = fields.get_str("Link").unwrap_or_default();
        self.0.note(format!("information {status} {link}"));
    }

    fn response(&mut self, mut response: ClientResponse) {
        let body = response
            .collect()
            .map(|body| body.escape_ascii().to_string());
        self.0
            .note(format!("response {} {body:?}", response.status()));
    }

    fn connect(&mut self, response: ClientResponse, tunnel: Upgraded) {
        self.0
            .note(format!("connect {} {}", response.status(), talk(tunnel)));
    }

    fn upgrade(&mut self, response: ClientResponse, stream: Upgraded) {
        let to = response.header("Upgrade").unwrap_or_default();
        self.0.note(format!(
            "upgrade {} {to} {}",
            response.status(),
            talk(stream)
        ));
    }

    fn error(&mut self, error: &Error) {
        self.0.note(format!("error: {error}"));
    }
}

/// What comes first, and the answer to `ping`.
fn talk(mut stream: Upgraded) -> String {
    let mut heard = [0; 10];
    stream.read_exact(&mut heard[..5]).unwrap();
    stream.write_all(b"ping").unwrap();
    stream.read_exact(&mut heard[5..]).unwrap();
    String::from_utf8_lossy(&heard).into_owned()
}

/// What happens when this is asked for.
fn events(
    play: impl Fn(Peer) + Send + Sync + 'static,
    change: impl FnOnce(RequestOptions) -> RequestOptions,
    body: &str,
) -> Vec<String> {
    let log = Log::default();
    let stage = Stage::new(play);
    let request = http::request(change(stage.options())).unwrap();
    request.run(body, Diary(log.clone()));
    stage.end();
    log.all()
}

fn answering(answer: &'static str) -> impl Fn(Peer) + Send + Sync + 'static {
    move |mut peer| {
        peer.expect_request();
        peer.send(answer);
        peer.until_left();
    }
}

#[test]
fn row_a04_response_and_socket() {
    watched(|| {
        assert_eq!(
            events(answering(OK), |it| it, ""),
            ["socket, reused: false", "response 200 Ok(\"ok\")"]
        );
        let log = Log::default();
        let stage = Stage::new(|mut peer| {
            while peer.request().is_some() {
                peer.send(OK);
            }
        });
        for _ in 0..2 {
            let request = http::request(stage.options()).unwrap();
            request.run("", Diary(log.clone()));
        }
        assert_eq!(log.count("socket, reused: true"), 1);
        stage.end();
    });
}

#[test]
fn row_a04_continue_and_information() {
    watched(|| {
        let told = events(
            |mut peer| {
                peer.head();
                peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
                peer.send("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
                assert_eq!(peer.take(4).unwrap(), b"body");
                peer.send("HTTP/1.1 199 Whatever\r\n\r\n");
                peer.send(OK);
            },
            |it| it.method("PUT").header("Expect", "100-continue"),
            "body",
        );
        let expected = [
            "socket, reused: false",
            "information 103 </a>",
            "information 102 ",
            "continue",
            "information 199 ",
            "response 200 Ok(\"ok\")",
        ];
        assert_eq!(told, expected);
    });
}

#[test]
fn row_a04_upgrade_hands_over_the_stream_and_the_bytes_behind_the_head() {
    watched(|| {
        let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo";
        for (behind, later) in [("", "hello"), ("hel", "lo"), ("hello", ""), ("hellopo", "")] {
            let told = events(
                move |mut peer| {
                    peer.expect_request();
                    peer.send(format!("{switch}\r\n\r\n{behind}"));
                    peer.send(later);
                    assert_eq!(peer.take(4).unwrap(), b"ping");
                    peer.send(&"pong!"[behind.len().saturating_sub(5)..]);
                    peer.until_left();
                },
                |it| it.header("Connection", "Upgrade").header("Upgrade", "echo"),
                "",
            );
            assert_eq!(told[1..], ["upgrade 101 echo hellopong!"], "{behind:?}");
        }
    });
}

#[test]
fn erratum_e44_any_2xx_to_a_connect_opens_the_tunnel() {
    watched(|| {
        for head in [
            "200 Connection Established",
            "200 OK\r\nContent-Length: 5",
            "200 OK\r\nTransfer-Encoding: chunked",
            "201 Created",
            "204 No Content",
            "299 ",
        ] {
            let told = events(
                move |mut peer| {
                    let asked = peer.expect_request();
                    assert_eq!(asked.head, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n");
                    peer.send(format!("HTTP/1.1 {head}\r\n\r\nhello"));
                    assert_eq!(peer.take(4).unwrap(), b"ping");
                    peer.send("pong!");
                    peer.until_left();
                },
                |it| it.method("CONNECT").path("a:443"),
                "",
            );
            let status = &head[..3];
            assert_eq!(
                told[1..],
                [format!("connect {status} hellopong!")],
                "{head}"
            );
        }
        let refused = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
        let told = events(
            answering(refused),
            |it| it.method("CONNECT").path("a:1"),
            "",
        );
        assert_eq!(told[1..], ["response 403 Ok(\"no\")"]);
    });
}

#[test]
fn row_a04_error() {
    watched(|| {
        let told = events(answering("HTTP/1.1 OK\r\n\r\n"), |it| it, "");
        assert!(told[1].starts_with("error: a status line"), "{told:?}");
        assert_eq!(told.len(), 2);

        // A 101 that nobody asked for is no upgrade.
        let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n";
        let told = events(answering(switch), |it| it, "");
        assert!(told[1].contains("RFC 9112 §9.2"), "{told:?}");

        let log = Log::default();
        let nowhere = |_: &http::Origin, _| Err(std::io::ErrorKind::ConnectionRefused.into());
        let options = RequestOptions::new().create_connection(nowhere);
        let request = http::request(options).unwrap();
        request.run("", Diary(log.clone()));
        assert_eq!(log.all(), ["error: connection refused"]);
    });
}

#[test]
fn an_upgrade_may_be_declined_and_a_response_cannot_be_upgraded() {
    watched(|| {
        let stage = Stage::new(|mut peer| {
            while peer.request().is_some() {
                peer.send(OK);
            }
        });
        let options = stage.options().header("Connection", "upgrade");
        let options = options.header("Upgrade", "echo");
        let mut response = http::request(options).unwrap().end("").unwrap();
        assert!(!response.is_upgraded());
        assert!(matches!(
            response.upgrade(),
            Err(Error::Misuse(Misuse::Switch))
        ));
        assert_eq!(response.collect().unwrap(), b"ok"); // no harm was done
        assert!(matches!(
            response.upgrade(),
            Err(Error::Misuse(Misuse::Switch))
        ));
        assert_eq!(stage.agent.totals().free_sockets, 1);
        stage.end();
    });
}

#[test]
fn an_upgraded_stream_has_left_the_agent() {
    watched(|| {
        let stage = Stage::new(|mut peer| {
            peer.expect_request();
            peer.send("HTTP/1.1 200 OK\r\n\r\n");
            assert_eq!(peer.until_left(), b"");
        });
        let tunnel = || {
            let options = stage.options().method("CONNECT").path("a:1");
            http::request(options).unwrap().end("").unwrap()
        };
        let mut response = tunnel();
        assert_eq!(stage.agent.totals().sockets, 1);
        let stream = response.upgrade().unwrap();
        stage.is_quiet();
        assert!(matches!(
            response.upgrade(),
            Err(Error::Misuse(Misuse::Switch))
        ));
        assert_eq!(response.collect().unwrap(), b"");
        drop((response, stream));
        drop(tunnel()); // and never upgraded: closed
        stage.end();
    });
}
