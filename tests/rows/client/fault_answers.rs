//! Answers as old, careless or hostile servers send them: folded fields, strange codes, too early, cut.

use super::peer::Peer;
use super::test_server::{OK, TestServer, get, responding};
use crate::support::{Early, PATIENCE, watched};
use barewire::http::wire::{Fields, Rule, status_class};
use barewire::http::{
    self, ClientEvents, ClientResponse, Connected, Error, Origin, Proxy, RequestOptions, Status,
};
use barewire::net::{Stream, pipe};
use barewire::websocket::{self, ConnectOptions};
use std::sync::{Arc, Mutex};
use std::thread;

fn texts(fields: Fields<'_>) -> Vec<String> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let lines = fields.iter();
    lines
        .map(|(name, value)| format!("{name}: {}", text(value)))
        .collect()
}

/// The fields of interim responses.
#[derive(Clone, Default)]
struct Interim(Arc<Mutex<Vec<String>>>);

impl ClientEvents for Interim {
    fn information(&mut self, _status: u16, fields: Fields<'_>) {
        self.0.lock().unwrap().extend(texts(fields));
    }
}

#[test]
fn fault_c01_a_folded_field_is_one_value() {
    watched(|| {
        const ANSWER: &str = "HTTP/1.1 103 Early Hints\r\nLink: </a>,\r\n\t</b>\r\n\r\n\
            HTTP/1.1 200 OK\r\nContent-Type: text/plain;\r\n charset=utf-8\r\n\
            X:\r\n \r\n a \r\n  b\r\n \r\nTransfer-Encoding:\r\n chunked\r\n\r\n\
            2\r\nok\r\n0\r\nSum: 1\r\n 2\r\n\r\n";
        for bytes in [1, 7, ANSWER.len()] {
            let server = TestServer::new(move |mut peer: Peer| {
                while peer.request().is_some() {
                    for piece in ANSWER.as_bytes().chunks(bytes) {
                        peer.send(piece);
                    }
                }
            });
            let interim = Interim::default();
            let request = http::request(server.options()).unwrap().on(interim.clone());
            let mut response = request.end("").unwrap();
            assert_eq!(response.collect().unwrap(), b"ok");
            assert_eq!(*interim.0.lock().unwrap(), ["Link: </a>, </b>"]);
            let fields = [
                "Content-Type: text/plain; charset=utf-8",
                "X: a b",
                "Transfer-Encoding: chunked",
            ];
            assert_eq!(texts(response.headers()), fields);
            assert_eq!(texts(response.trailers()), ["Sum: 1 2"]);
            drop(response);
            // The memory of this response serves the next, which has no folds.
            assert_eq!(get(&server.options()).collect().unwrap(), b"ok");
            assert_eq!((server.idle(), server.connections()), (1, 1));
            server.end();
        }
    });
}

#[test]
fn fault_c01_a_folded_location_is_followed_where_it_is_one() {
    watched(|| {
        let server = TestServer::new(|mut peer| {
            while let Some(received) = peer.request() {
                peer.send(match received.target() {
                    "/" => "HTTP/1.1 302 Found\r\nLocation:\r\n /b\r\nContent-Length: 0\r\n\r\n",
                    "/cut" => {
                        "HTTP/1.1 302 Found\r\nLocation: /a\r\n b\r\nContent-Length: 0\r\n\r\n"
                    }
                    _ => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                });
            }
        });
        let options = server.options().max_redirects(1);
        assert_eq!(get(&options).collect().unwrap(), b"ok");
        let error = http::request(options.path("/cut"))
            .unwrap()
            .end("")
            .unwrap_err();
        assert!(error.to_string().contains("Location"), "{error}");
        server.end();
    });
}

#[test]
fn fault_c01_a_tunnel_opens_behind_a_folded_field() {
    watched(|| {
        let server = TestServer::new(|mut peer| {
            peer.head();
            peer.send("HTTP/1.1 200 OK\r\nVia: 1.1\r\n proxy\r\n\r\nbytes");
            peer.until_closed();
        });
        let options = server.options().method("CONNECT").path("b:443");
        let mut response = http::request(options).unwrap().end("").unwrap();
        assert_eq!(response.header("Via"), Some("1.1 proxy"));
        let (_stream, behind, _) = response.upgrade().unwrap().into_parts();
        assert!(b"bytes".starts_with(&behind[..]));
        drop((response, _stream));
        server.end();
    });
}

#[test]
fn fault_c01_a_websocket_opens_behind_folded_fields() {
    watched(|| {
        let options = ConnectOptions::new().create_connection(|_: &Origin, _| {
            let (here, there) = pipe();
            thread::spawn(move || {
                let mut peer = Peer::new(Arc::new(there), 1);
                let received = peer.head().unwrap();
                let key = received.field("Sec-WebSocket-Key").unwrap();
                let accept = websocket::wire::accept(key.as_bytes());
                let accept = String::from_utf8_lossy(accept.as_ref()).into_owned();
                peer.send(format!(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade:\r\n websocket\r\n\
                     Connection: x,\r\n\tUpgrade\r\nSec-WebSocket-Accept:\r\n {accept}\r\n\r\n"
                ));
                peer.until_closed();
            });
            Ok(Connected::new(here))
        });
        drop(websocket::connect_with("ws://a/", &options).unwrap());
    });
}

#[test]
fn fault_c01_a_server_still_refuses_a_fold() {
    watched(|| {
        let server = http::create_server(|_req, res| res.end("ok"))
            .listen("127.0.0.1:0")
            .unwrap();
        let port = server.local_addr().port().unwrap();
        for request in [
            "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        ] {
            use std::io::{Read, Write};
            let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        }
        server.shutdown(crate::support::PATIENCE);
    });
}

/// Statuses that are three digits and no status of RFC 9110.
const ODD: [&str; 6] = ["000", "007", "099", "600", "777", "999"];

#[test]
fn fault_c02_an_invalid_status_is_handed_to_the_caller() {
    watched(|| {
        for code in ODD {
            let number: u16 = code.parse().unwrap();
            let answer =
                format!("HTTP/1.1 {code} Odd\r\nLocation: /b\r\nContent-Length: 2\r\n\r\nok");
            let server = TestServer::new(responding(answer));
            let options = server.options().max_redirects(5);
            for _ in 0..2 {
                let mut response = get(&options);
                let found = (response.status(), response.reason(), response.url());
                assert_eq!(found, (number, "Odd".to_owned(), Some("http://localhost/")));
                assert_eq!(status_class(response.status()), 5);
                assert_eq!(response.collect().unwrap(), b"ok");
            }
            assert_eq!((server.idle(), server.connections()), (1, 1));
            server.end();
        }
        let classes = [
            (100, 1),
            (199, 1),
            (200, 2),
            (399, 3),
            (499, 4),
            (500, 5),
            (599, 5),
        ];
        for (status, class) in classes {
            assert_eq!(status_class(status), class);
        }
    });
}

#[test]
fn fault_c02_it_has_no_body_where_no_answer_has_one() {
    watched(|| {
        let server = TestServer::new(responding("HTTP/1.1 600 Odd\r\nContent-Length: 9\r\n\r\n"));
        let mut response = get(&server.options().method("HEAD"));
        assert_eq!(
            (response.status(), response.collect().unwrap()),
            (600, vec![])
        );
        drop(response);
        server.end();
    });
}

#[test]
fn fault_c02_it_opens_neither_a_tunnel_nor_a_websocket() {
    watched(|| {
        let server = TestServer::new(responding(
            "HTTP/1.1 600 Odd\r\nContent-Length: 2\r\n\r\nno",
        ));
        let response = get(&server.options().method("CONNECT").path("b:443"));
        assert_eq!((response.status(), response.is_upgraded()), (600, false));
        drop(response);
        let options = ConnectOptions::new().request_options(&server.options());
        let error = websocket::connect_with("ws://a/", &options).unwrap_err();
        assert!(error.to_string().contains("600"), "{error}");
        server.end();
    });
}

#[test]
fn fault_c02_a_server_forwards_it_and_makes_none() {
    watched(|| {
        let server = http::create_server(|req: http::Request<'_>, res: http::Response<'_>| {
            let code: u16 = req.path().trim_start_matches('/').parse().unwrap();
            let made = res.write_head(code, [("X", "made")]);
            made.map(drop).map_err(http::Failure::from)
        });
        for code in ODD {
            let request = format!("GET /{code} HTTP/1.1\r\nHost: a\r\n\r\n");
            let answer = server.answer_to(request.as_bytes());
            assert!(
                answer.starts_with(b"HTTP/1.1 500 "),
                "{}",
                answer.escape_ascii()
            );
        }
        let proxy = http::create_server(|req: http::Request<'_>, res: http::Response<'_>| {
            let code: u16 = req.path().trim_start_matches('/').parse().unwrap();
            res.write_head(Status::forwarded(code), [("X", "as it came")])?
                .end("ok")
        });
        for code in ODD.into_iter().chain(["200", "404", "599"]) {
            let request = format!("GET /{code} HTTP/1.1\r\nHost: a\r\n\r\n");
            let answer = proxy.answer_to(request.as_bytes());
            let line = format!("HTTP/1.1 {code} ");
            assert!(
                answer.starts_with(line.as_bytes()),
                "{}",
                answer.escape_ascii()
            );
        }
        // What is no final status is none here either.
        for code in ["100", "101", "199", "1000"] {
            let request = format!("GET /{code} HTTP/1.1\r\nHost: a\r\n\r\n");
            let answer = proxy.answer_to(request.as_bytes());
            assert!(
                answer.starts_with(b"HTTP/1.1 500 "),
                "{}",
                answer.escape_ascii()
            );
        }
    });
}

/// The response, where the server has sent `early` before the first request, and answers the request, too.
fn spoken_to(
    early: &'static str,
    tcp: bool,
    change: impl FnOnce(RequestOptions) -> RequestOptions,
) -> Result<ClientResponse, Error> {
    let events = Early::default();
    let sender = events.clone();
    let serve = move |mut peer: Peer| {
        sender.speak(|| peer.send(early));
        if early.is_empty() {
            return; // it closes
        }
        if peer.receives_within(PATIENCE) {
            peer.try_send(OK);
            peer.until_closed();
        }
    };
    let server = match tcp {
        true => TestServer::over_tcp(serve),
        false => TestServer::new(serve),
    };
    let request = http::request(change(server.options())).unwrap();
    let response = request.on(events).end("");
    assert_eq!(server.connections(), 1);
    response
}

#[test]
fn fault_c18_an_answer_before_the_first_request_is_refused() {
    watched(|| {
        for early in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly",
            "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\n\r\n",
            "HTTP/1.1 200 OK\r\nConte",
            "\r\nHTTP/1.1 200 OK\r\n\r\n",
            "H",
        ] {
            for tcp in [false, true] {
                for agent in [false, true] {
                    let change = |options: RequestOptions| match agent {
                        true => options,
                        false => options.no_agent(),
                    };
                    match spoken_to(early, tcp, change) {
                        Err(Error::Peer(e)) => assert_eq!(e.rule(), Rule::UnexpectedMessage),
                        other => panic!("{early:?}: {other:?}"),
                    }
                }
            }
        }
    });
}

#[test]
fn fault_c18_a_tunnel_is_not_open_before_it_is_asked_for() {
    watched(|| {
        let early = "HTTP/1.1 200 Connection established\r\n\r\n";
        let change = |options: RequestOptions| options.method("CONNECT").path("b:443");
        assert!(matches!(
            spoken_to(early, false, change),
            Err(Error::Peer(_))
        ));
    });
}

#[test]
fn fault_c18_a_proxy_that_speaks_first_opens_no_tunnel() {
    watched(|| {
        // The bytes are there when the connection to the proxy is.
        let options = RequestOptions::new().create_connection(|_: &Origin, _| {
            let (here, there) = pipe();
            there.write(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
            thread::spawn(move || Peer::new(Arc::new(there), 1).until_closed());
            Ok(Connected::new(here))
        });
        let proxy = Proxy::new("http://proxy:1").unwrap().tunnel();
        match http::request(options.hostname("a").proxy(&proxy))
            .unwrap()
            .end("")
        {
            Err(Error::Peer(e)) => assert_eq!(e.rule(), Rule::UnexpectedMessage),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn fault_c18_through_a_tunnel_too() {
    watched(|| {
        let events = Early::default();
        let sender = events.clone();
        let server = TestServer::new(move |mut peer| {
            peer.head();
            peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
            sender.speak(|| peer.send(OK));
            peer.until_closed();
        });
        let proxy = Proxy::new("http://proxy:1").unwrap().tunnel();
        let request = http::request(server.options().hostname("a").proxy(&proxy)).unwrap();
        match request.on(events).end("") {
            Err(Error::Peer(e)) => assert_eq!(e.rule(), Rule::UnexpectedMessage),
            other => panic!("{other:?}"),
        }
        server.end();
    });
}

#[test]
fn fault_c18_what_is_no_answer_is_judged_as_before() {
    watched(|| {
        // RFC 9112 §9.2: "unless the data consists only of one or more CRLF (which can be discarded per
        // Section 2.2)"
        for early in ["\r\n", "\r\n\r\n"] {
            let mut response = spoken_to(early, true, |options| options).unwrap();
            assert_eq!(response.collect().unwrap(), b"ok");
        }
        // Another protocol.
        match spoken_to("SSH-2.0-OpenSSH_9.2\r\n", true, |options| options) {
            Err(Error::Peer(e)) => assert_eq!(e.rule(), Rule::VersionInvalid),
            other => panic!("{other:?}"),
        }
        // The end of the connection is no answer either, and no message that nobody asked for.
        match spoken_to("", false, |options| options) {
            Err(Error::Peer(e)) => assert_eq!(e.rule(), Rule::MessageTruncated),
            Err(Error::Io(_)) => {}
            other => panic!("{other:?}"),
        }
    });
}
