//! W01: what a handler has set before the handshake is sent with it or refused; and who may open a connection.

use super::stage::{HANDSHAKE, Peer, echo, fake_server, masked, plain, switch, url};
use crate::support::{Log, Site, watched};
use barewire::http::{
    self, Failure, Handled, Proxy, Request, RequestOptions, Response, ServerEvents,
};
use barewire::websocket::{self, Acceptor, ConnectOptions, Error, Misuse};
use std::fmt;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

type Prepare = fn(&mut Response<'_>) -> Result<(), http::Error>;

/// A server that calls the function, accepts, and notes the errors.
struct Prepared(Prepare, Log);

impl ServerEvents for Prepared {
    fn request(&self, req: Request<'_>, mut res: Response<'_>) -> Handled {
        self.0(&mut res)?;
        drop(websocket::accept(req, res)?);
        Ok(())
    }

    fn error(&self, what: &dyn fmt::Display) {
        self.1.note(what);
    }
}

/// The answer to a handshake where `prepare` runs before `accept`, and the errors of the server.
fn prepared(prepare: Prepare, handshake: &str) -> (String, Vec<String>) {
    let log = Log::default();
    let server = http::create_server_with(Prepared(prepare, log.clone()));
    let answer = server.answer_to(handshake.as_bytes());
    (String::from_utf8_lossy(&answer).into_owned(), log.all())
}

#[test]
fn fault_d02_fields_set_before_accept_are_in_the_101() {
    watched(|| {
        let site = Site::new(http::create_server(|req, mut res| {
            res.set_header("Set-Cookie", ["a=b", "c=d"])?;
            res.set_header("X-Request-Id", "7")?;
            if let Some(ws) = websocket::accept(req, res)? {
                echo(ws);
            }
            Ok::<(), Failure>(())
        }));
        let mut peer = Peer::connect(&site);
        peer.send(format!("{HANDSHAKE}\r\n"));
        let head = peer.head();
        let kept = "\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nX-Request-Id: 7\r\n";
        assert!(
            head.starts_with("HTTP/1.1 101 ") && head.contains(kept),
            "{head}"
        );
        assert!(
            head.contains("Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
            "{head}"
        );
        peer.send(masked(0x81, "hi"));
        peer.expect(plain(0x81, "hi"));
    });
}

/// A refusal has them, too.
#[test]
fn fault_d02_fields_set_before_accept_are_in_the_refusal() {
    let version_8 = HANDSHAKE.replace("Version: 13", "Version: 8") + "\r\n";
    let cookie: Prepare = |res| res.set_header("Set-Cookie", "a=b").map(drop);
    let (head, errors) = prepared(cookie, &version_8);
    assert!(head.starts_with("HTTP/1.1 426 "), "{head}");
    assert!(head.contains("\r\nSet-Cookie: a=b\r\n"), "{head}");
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn fault_d02_what_contradicts_the_handshake_is_an_error() {
    use http::wire::Misuse as Http;
    let ours = Misuse::HandshakeField.to_string();
    let cases: [(Prepare, String); 11] = [
        (
            |res| res.set_header("Connection", "keep-alive").map(drop),
            ours.clone(),
        ),
        (
            |res| res.set_header("Connection", "Upgrade").map(drop),
            ours.clone(),
        ),
        (
            |res| res.set_header("upgrade", "websocket").map(drop),
            ours.clone(),
        ),
        (
            |res| res.set_header("Content-Length", "0").map(drop),
            ours.clone(),
        ),
        (
            |res| res.set_header("Transfer-Encoding", "chunked").map(drop),
            ours.clone(),
        ),
        (
            |res| res.set_header("Keep-Alive", "timeout=9").map(drop),
            ours.clone(),
        ),
        (
            |res| res.set_header("Sec-WebSocket-Protocol", "chat").map(drop),
            ours.clone(),
        ),
        (
            |res| res.set_header("sec-websocket-accept", "x").map(drop),
            ours,
        ),
        (
            |res| res.set_status(403).map(drop),
            Http::Status.to_string(),
        ),
        (
            |res| res.add_trailer("X", "y").map(drop),
            Http::TrailerWithoutChunked.to_string(),
        ),
        (
            |res| res.set_status(200).map(drop),
            Http::Status.to_string(),
        ),
    ];
    for (prepare, error) in cases {
        let (head, errors) = prepared(prepare, &format!("{HANDSHAKE}\r\n"));
        assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
        assert_eq!(errors, [error]);
    }
}

/// The other side: a client's own fields are sent, or are an error before anything is.
#[test]
fn fault_d02_the_clients_fields_are_sent_or_an_error() {
    watched(|| {
        let site = Site::new(http::create_server(|req, mut res| {
            let theirs = req
                .headers()
                .get_str("X-Theirs")
                .unwrap_or("none")
                .to_owned();
            res.set_header("X-Ours", &theirs)?;
            drop(websocket::accept(req, res)?);
            Ok::<(), Failure>(())
        }));
        let base = RequestOptions::new().header("X-Theirs", "sent");
        for options in [
            ConnectOptions::new().request_options(&base),
            ConnectOptions::new().header("X-Theirs", "sent"),
        ] {
            websocket::connect_with(&url(&site, "/"), &options).expect("open");
        }
        for (name, value) in [
            ("Connection", "close"),
            ("Upgrade", "h2c"),
            ("Content-Length", "0"),
            ("Transfer-Encoding", "chunked"),
            ("Keep-Alive", "timeout=9"),
            ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
            ("sec-websocket-extensions", "permessage-deflate"),
            ("Sec-WebSocket-Protocol", "chat"),
        ] {
            for options in [
                ConnectOptions::new().header(name, value),
                ConnectOptions::new().request_options(&RequestOptions::new().header(name, value)),
            ] {
                match websocket::connect_with(&url(&site, "/"), &options) {
                    Err(Error::Misuse(Misuse::HandshakeField)) => {}
                    other => panic!("{name}: {other:?}"),
                }
            }
        }
    });
}

/// The status of the answer to the sample handshake with this `Host` and this `Origin`.
fn status(acceptor: &Arc<Acceptor>, host: &str, origin: Option<&str>) -> String {
    let acceptor = Arc::clone(acceptor);
    let server = http::create_server(move |req, res| {
        drop(acceptor.accept(req, res)?);
        Ok::<(), Failure>(())
    });
    let origin = origin.map(|origin| format!("Origin: {origin}\r\n"));
    let head = HANDSHAKE.replace("server.example.com", host) + &origin.unwrap_or_default();
    let answer = server.answer_to(format!("{head}\r\n").as_bytes());
    String::from_utf8_lossy(&answer[9..12]).into_owned()
}

/// The cases of `is_same_origin` itself are in `fixtures/websocket/requests.txt`.
#[test]
fn fault_d09_only_pages_of_the_server_may_connect() {
    let same = Arc::new(Acceptor::new().same_origin());
    for (host, origin, expected) in [
        ("a.example", Some("http://a.example"), "101"),
        ("a.example:80", Some("http://A.example"), "101"),
        ("a.example:8080", Some("http://a.example:8080"), "101"),
        ("[::1]:8080", Some("http://[::1]:8080"), "101"),
        ("a.example", None, "101"),                      // no browser
        ("a.example", Some("https://a.example"), "403"), // the request came without TLS
        ("a.example", Some("http://a.example:8080"), "403"),
        ("a.example:8080", Some("http://a.example"), "403"),
        ("a.example", Some("http://b.example"), "403"),
        ("a.example", Some("null"), "403"),
        ("a.example", Some(""), "403"),
    ] {
        assert_eq!(status(&same, host, origin), expected, "{host} {origin:?}");
    }
}

#[test]
fn fault_d09_a_listed_origin_may_connect_too() {
    let other = |origin: Option<&str>| origin == Some("https://b.example");
    let both = Arc::new(Acceptor::new().same_origin().origins(other));
    let listed = Arc::new(Acceptor::new().origins(other));
    for (origin, with_both, with_list) in [
        (Some("http://a.example"), "101", "403"),
        (Some("https://b.example"), "101", "101"),
        (Some("http://b.example"), "403", "403"),
        (None, "101", "403"),
    ] {
        assert_eq!(status(&both, "a.example", origin), with_both, "{origin:?}");
        assert_eq!(
            status(&listed, "a.example", origin),
            with_list,
            "{origin:?}"
        );
    }
}

/// A 101 that does not switch, as a client meets it on the wire.
#[test]
fn fault_d12_a_101_that_is_none_is_refused() {
    watched(|| {
        type Answer = fn(&str) -> String;
        let cases: [(&str, Answer); 6] = [
            ("only HTTP/1.1", |key| {
                switch(key, "").replace("HTTP/1.1", "HTTP/1.0")
            }),
            ("no content", |key| switch(key, "Content-Length: 0\r\n")),
            ("no content", |key| {
                switch(key, "Content-Length: 2\r\n") + "ab"
            }),
            ("no content", |key| {
                switch(key, "Transfer-Encoding: chunked\r\n")
            }),
            ("Upgrade in Connection", |key| {
                switch(key, "").replace("Connection: Upgrade\r\n", "")
            }),
            ("has offered", |key| {
                switch(key, "").replace("websocket", "h2c")
            }),
        ];
        for (says, answer) in cases {
            let (url, server) = fake_server(answer, drop);
            let error = websocket::connect(&url).expect_err("no WebSocket");
            assert!(error.to_string().contains(says), "{says}: {error}");
            server.join().expect("the server");
        }
    });
}

/// A proxy that opens a tunnel to a server, which opens the WebSocket. Returns its URL, and the heads that it is
/// sent.
fn tunnelling() -> (String, JoinHandle<[String; 2]>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!(
        "http://user:pass@{}",
        listener.local_addr().expect("an address")
    );
    let proxy = thread::spawn(move || {
        let mut peer = Peer::over(listener.accept().expect("a client").0);
        let connect = peer.head();
        peer.send("HTTP/1.1 200 Connection Established\r\n\r\n");
        let get = peer.head();
        let key = get
            .lines()
            .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        peer.send(switch(key.unwrap_or_default(), ""));
        peer.send(plain(0x81, "through"));
        [connect, get]
    });
    (url, proxy)
}

#[test]
fn fault_c20_a_websocket_goes_through_a_tunnel() {
    watched(|| {
        for tunnels in [false, true] {
            let (url, proxy) = tunnelling();
            let through = Proxy::new(&url).expect("a URL").no_proxy("b.example");
            let through = if tunnels { through.tunnel() } else { through };
            let base = RequestOptions::new().proxy(&through);
            let options = ConnectOptions::new().request_options(&base);
            let opened = websocket::connect_with("ws://a.example/chat", &options);
            let mut ws = opened.expect("a WebSocket");
            let message = ws.receive().expect("open").expect("a message");
            assert_eq!(message.text(), Some("through"));
            let [connect, get] = proxy.join().expect("the proxy");
            assert!(connect.starts_with("CONNECT a.example:80 HTTP/1.1\r\nHost: a.example:80\r\n"));
            assert!(
                connect.contains("\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n"),
                "{connect}"
            );
            assert!(
                get.starts_with("GET /chat HTTP/1.1\r\nHost: a.example\r\n"),
                "{get}"
            );
            assert!(!get.contains("Proxy-"), "{get}");
        }
    });
}

/// What is reached without the proxy still is.
#[test]
fn fault_c20_a_host_without_a_proxy_has_no_tunnel() {
    watched(|| {
        let (url, server) = fake_server(|key| switch(key, ""), drop);
        let nowhere = Proxy::new("http://127.0.0.1:9")
            .expect("a URL")
            .no_proxy("127.0.0.1");
        let base = RequestOptions::new().proxy(&nowhere);
        let options = ConnectOptions::new().request_options(&base);
        websocket::connect_with(&url, &options).expect("a WebSocket");
        server.join().expect("the server");
    });
}
