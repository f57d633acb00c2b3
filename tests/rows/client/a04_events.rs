//! The book's events of a request, in order: `socket`, `continue` and `information`, then one of
//! `response`, `connect`, `upgrade` and `error`.

use super::peer::Peer;
use super::test_server::{OK, TestServer, get, responding};
use crate::support::{Log, watched};
use barewire::http::wire::{Fields, Misuse};
use barewire::http::{self, ClientEvents, ClientResponse, Error, RequestOptions, Upgraded};
use barewire::net::{Addr, Stream};
use std::io::{Read, Write};

/// Notes every event; talks to a tunnel or another protocol.
struct Noting(Log);

impl ClientEvents for Noting {
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

/// The first five bytes, and five more after `ping`.
fn talk(mut stream: Upgraded) -> String {
    let mut received = [0; 10];
    stream.read_exact(&mut received[..5]).unwrap();
    stream.write_all(b"ping").unwrap();
    stream.read_exact(&mut received[5..]).unwrap();
    String::from_utf8_lossy(&received).into_owned()
}

/// The events of one request.
fn events(
    serve: impl Fn(Peer) + Send + Sync + 'static,
    change: impl FnOnce(RequestOptions) -> RequestOptions,
    body: &str,
) -> Vec<String> {
    let log = Log::default();
    let server = TestServer::new(serve);
    let request = http::request(change(server.options())).unwrap();
    request.run(body, Noting(log.clone()));
    server.end();
    log.all()
}

fn once(response: &'static str) -> impl Fn(Peer) + Send + Sync + 'static {
    move |mut peer| {
        peer.expect_request();
        peer.send(response);
        peer.until_closed();
    }
}

#[test]
fn row_a04_response_and_socket() {
    watched(|| {
        assert_eq!(
            events(once(OK), |it| it, ""),
            ["socket, reused: false", "response 200 Ok(\"ok\")"]
        );
        let log = Log::default();
        let server = TestServer::new(responding(OK));
        for _ in 0..2 {
            let request = http::request(server.options()).unwrap();
            request.run("", Noting(log.clone()));
        }
        assert_eq!(log.count("socket, reused: true"), 1);
        server.end();
    });
}

#[test]
fn row_a04_continue_and_information() {
    watched(|| {
        let noted = events(
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
        assert_eq!(noted, expected);
    });
}

#[test]
fn row_a04_upgrade_gets_the_stream_and_the_bytes_behind_the_head() {
    watched(|| {
        let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo";
        for (behind, later) in [("", "hello"), ("hel", "lo"), ("hello", ""), ("hellopo", "")] {
            let noted = events(
                move |mut peer| {
                    peer.expect_request();
                    peer.send(format!("{switch}\r\n\r\n{behind}"));
                    peer.send(later);
                    assert_eq!(peer.take(4).unwrap(), b"ping");
                    peer.send(&"pong!"[behind.len().saturating_sub(5)..]);
                    peer.until_closed();
                },
                |it| it.header("Connection", "Upgrade").header("Upgrade", "echo"),
                "",
            );
            assert_eq!(noted[1..], ["upgrade 101 echo hellopong!"], "{behind:?}");
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
            let noted = events(
                move |mut peer| {
                    let received = peer.expect_request();
                    assert_eq!(
                        received.head,
                        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"
                    );
                    peer.send(format!("HTTP/1.1 {head}\r\n\r\nhello"));
                    assert_eq!(peer.take(4).unwrap(), b"ping");
                    peer.send("pong!");
                    peer.until_closed();
                },
                |it| it.method("CONNECT").path("a:443"),
                "",
            );
            let status = &head[..3];
            assert_eq!(
                noted[1..],
                [format!("connect {status} hellopong!")],
                "{head}"
            );
        }
        let refused = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
        let noted = events(once(refused), |it| it.method("CONNECT").path("a:1"), "");
        assert_eq!(noted[1..], ["response 403 Ok(\"no\")"]);
    });
}

#[test]
fn row_a04_error() {
    watched(|| {
        let noted = events(once("HTTP/1.1 OK\r\n\r\n"), |it| it, "");
        assert!(noted[1].starts_with("error: a status line"), "{noted:?}");
        assert_eq!(noted.len(), 2);

        // A 101 to a request without Upgrade is an error.
        let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n";
        let noted = events(once(switch), |it| it, "");
        assert!(noted[1].contains("RFC 9112 §9.2"), "{noted:?}");

        let log = Log::default();
        let nowhere = |_: &http::Origin, _| Err(std::io::ErrorKind::ConnectionRefused.into());
        let options = RequestOptions::new().create_connection(nowhere);
        let request = http::request(options).unwrap();
        request.run("", Noting(log.clone()));
        assert_eq!(log.all(), ["error: connection refused"]);
    });
}

#[test]
fn an_upgrade_may_be_declined_and_a_response_cannot_be_upgraded() {
    watched(|| {
        let server = TestServer::new(responding(OK));
        let options = server.options().header("Connection", "upgrade");
        let options = options.header("Upgrade", "echo");
        let mut response = get(&options);
        assert!(!response.is_upgraded());
        assert!(matches!(
            response.upgrade(),
            Err(Error::Misuse(Misuse::Switch))
        ));
        assert_eq!(response.collect().unwrap(), b"ok"); // the response is unharmed
        assert!(matches!(
            response.upgrade(),
            Err(Error::Misuse(Misuse::Switch))
        ));
        assert_eq!(server.idle(), 1);
        server.end();
    });
}

#[test]
fn an_upgraded_stream_has_left_the_agent() {
    watched(|| {
        let server = TestServer::new(|mut peer| {
            peer.expect_request();
            peer.send("HTTP/1.1 200 OK\r\n\r\n");
            assert_eq!(peer.until_closed(), b"");
        });
        let tunnel = || {
            let options = server.options().method("CONNECT").path("a:1");
            get(&options)
        };
        let mut response = tunnel();
        assert_eq!(server.agent.totals().sockets, 1);
        let stream = response.upgrade().unwrap();
        server.check_quiet();
        assert!(matches!(
            response.upgrade(),
            Err(Error::Misuse(Misuse::Switch))
        ));
        assert_eq!(response.collect().unwrap(), b"");
        drop((response, stream));
        drop(tunnel()); // never upgraded: closed
        server.end();
    });
}
