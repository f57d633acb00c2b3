//! `proxy`: requests that are put to it whole.

use super::stage::{Running, Scripted, masked};
use super::{mirror, site};
use crate::support::{Client, Gate, watched};
use barewire::net::Addr;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// A running proxy, and a connection to it.
pub(crate) fn proxy(args: &[&str]) -> (Running, Client, u16) {
    let running = Running::start("proxy", &[&["--listen", "127.0.0.1:0"], args].concat());
    let (running, port) = with_port(running);
    (running, connect(port), port)
}

fn with_port(mut running: Running) -> (Running, u16) {
    let line = running.line();
    let port = line.trim_end_matches('/').rsplit_once(':');
    let port = port.and_then(|(_, port)| port.parse().ok());
    (running, port.unwrap_or_else(|| panic!("no port: {line:?}")))
}

pub(crate) fn connect(port: u16) -> Client {
    Client::connect(&Addr::Ip(([127, 0, 0, 1], port).into()))
}

#[test]
fn row_a07_a_request_is_forwarded_without_hop_by_hop_fields() {
    watched(|| {
        let (_site, port) = mirror();
        let (mut running, mut client, at) = proxy(&["--name", "me"]);
        let (target, other) = (
            format!("http://127.0.0.1:{port}/a?b"),
            "Host: elsewhere\r\n",
        );
        let of_one_hop = "Connection: keep-alive, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=1\r\n\
                          Proxy-Connection: keep-alive\r\nTE: trailers\r\nUpgrade: h2c\r\n";
        let end_to_end = "Accept: */*\r\nCookie: a\r\nCookie: b\r\nVia: 1.0 fred\r\n";
        client.send(format!(
            "GET {target} HTTP/1.1\r\n{other}{of_one_hop}{end_to_end}\r\n"
        ));
        let answer = client.answer();
        let saw = "GET /a?b HTTP/1.1
Host: 127.0.0.1:PORT
Accept: */*
Cookie: a
Cookie: b
Via: 1.0 fred
TE: trailers
Connection: TE
Via: 1.1 me


";
        assert_eq!(masked(answer.text(), port), saw);
        assert_eq!(answer.field("Via"), Some("1.1 me"));
        assert_eq!(answer.field("Keep-Alive"), Some("timeout=5")); // the proxy's own
        assert_eq!(running.line(), format!("GET {target} -> 200"));
        let _ = at;
    });
}

#[test]
fn row_a07_bodies_and_trailers_go_both_ways() {
    watched(|| {
        let (_site, port) = site(|mut req, mut res| {
            let body = req.collect()?.to_vec();
            let sum = req.trailers().get_str("X-Sum").unwrap_or("none").to_owned();
            res.add_trailer("X-Sum", &sum)?;
            let fields = [("Connection", "X-Hop"), ("X-Hop", "1"), ("X-Kept", "2")];
            let mut res = res.write_head(201, fields)?;
            res.write("you said ")?;
            res.end(body)
        });
        let (_running, mut client, _) = proxy(&["--name", "me"]);
        let chunks = "5\r\nhello\r\n7\r\n, world\r\n0\r\nX-Sum: 5d41\r\n\r\n";
        let head = format!("POST http://localhost:{port}/ HTTP/1.1\r\nHost: a\r\n");
        client.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunks}"));
        let answer = client.answer();
        assert_eq!(
            (answer.status, answer.text()),
            (201, "you said hello, world")
        );
        assert_eq!(answer.trailers, [("X-Sum".to_owned(), "5d41".to_owned())]);
        assert_eq!(
            (answer.field("X-Hop"), answer.field("X-Kept")),
            (None, Some("2"))
        );

        client.send(format!("{head}Content-Length: 2\r\n\r\nhi"));
        let answer = client.answer();
        assert_eq!(
            (answer.text(), answer.trailers[0].1.as_str()),
            ("you said hi", "none")
        );
    });
}

#[test]
fn row_a07_responses_without_a_body() {
    watched(|| {
        let sloppy = "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n";
        let unchanged = "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n";
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
        let server = Scripted::new(&[sloppy, unchanged, head]);
        let (_running, mut client, _) = proxy(&[]);
        let ask = |method| format!("{method} {} HTTP/1.1\r\nHost: a\r\n\r\n", server.url());
        client.send(ask("GET"));
        let answer = client.answer();
        assert_eq!((answer.status, answer.field("Content-Length")), (204, None));
        client.send(ask("GET"));
        let answer = client.answer();
        assert_eq!(
            (answer.status, answer.field("Content-Length")),
            (304, Some("9"))
        );
        client.send(ask("HEAD"));
        let answer = client.answer_to_head();
        assert_eq!(
            (answer.status, answer.field("Content-Length")),
            (200, Some("9"))
        );
    });
}

#[test]
fn row_a07_pieces_are_forwarded_as_they_arrive() {
    watched(|| {
        let gate = Gate::default();
        let hinted = Gate::default();
        let hints = hinted.clone();
        let (wait, no_fields) = (gate.clone(), || [("Content-Type", "text/plain")]);
        let (_site, port) = site(move |_req, mut res| {
            res.write_early_hints([("Link", "</a>")])?;
            hints.pass();
            let mut res = res.write_head(200, no_fields())?;
            res.flush()?;
            wait.pass();
            res.write("first")?;
            res.end("")
        });
        let (_running, mut client, _) = proxy(&[]);
        client.send(format!(
            "GET http://localhost:{port}/ HTTP/1.1\r\nHost: a\r\n\r\n"
        ));
        assert_eq!(client.interim().field("Link"), Some("</a>")); // the server has sent no head yet
        hinted.open();
        assert_eq!(client.head().status, 200); // and the server has sent no body yet
        gate.open();
        client.exactly("5\r\nfirst\r\n0\r\n\r\n");
    });
}

#[test]
fn row_a07_the_server_answers_an_expectation() {
    watched(|| {
        let (_site, port) = site(|mut req, res| match req.url() {
            "/taken" => {
                let body = req.collect()?.to_vec();
                res.end(body)
            }
            _ => res.write_head(413, [("X-Why", "no")])?.end("too much"),
        });
        let (_running, mut client, _) = proxy(&[]);
        let ask = |path| {
            let line = format!("PUT http://localhost:{port}{path} HTTP/1.1\r\nHost: a\r\n");
            format!("{line}Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        };
        client.send(ask("/taken"));
        assert_eq!(client.interim().status, 100);
        client.send("body");
        assert_eq!(client.answer().text(), "body");
        client.send(ask("/refused"));
        let answer = client.answer(); // the first response: no 100 was sent
        assert_eq!((answer.status, answer.text()), (413, "too much"));
        client.ended();
    });
}

#[test]
fn options_for_a_whole_server() {
    watched(|| {
        let answer = "HTTP/1.1 204 No Content\r\n\r\n";
        let server = Scripted::new(&[answer, answer]);
        let (_running, mut client, _) = proxy(&[]);
        let origin = format!("http://127.0.0.1:{}", server.port);
        client.send(format!(
            "OPTIONS {origin} HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1\r\n\r\n"
        ));
        assert_eq!(client.answer().status, 204);
        let head = server.head();
        assert!(head.starts_with("OPTIONS * HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("\r\nMax-Forwards: 0\r\n"), "{head}");
        client.send(format!(
            "OPTIONS {origin}/ HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n"
        ));
        let answer = client.answer();
        assert_eq!(answer.status, 405);
        assert!(answer.text().contains("Max-Forwards"), "{}", answer.text());
        client.send(format!("OPTIONS {origin}/ HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(client.answer().status, 204);
        assert!(server.head().starts_with("OPTIONS / HTTP/1.1\r\n"));
    });
}

#[test]
fn fault_c02_an_invalid_status_is_passed_on() {
    watched(|| {
        let odd = ["600", "999", "007"];
        let answers = odd.map(|code| format!("HTTP/1.1 {code} Odd\r\nContent-Length: 2\r\n\r\nok"));
        let server = Scripted::new(&answers.each_ref().map(String::as_str));
        let (mut running, _client, port) = proxy(&[]);
        for code in odd {
            // By hand: the client of the tests reads no such status.
            let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let url = server.url();
            write!(
                client,
                "GET {url} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            )
            .unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).unwrap();
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {code} \r\n")),
                "{answer}"
            );
            assert!(answer.ends_with("\r\n\r\nok"), "{answer}");
            let line = running.line();
            assert!(line.ends_with(&format!(" -> {code}")), "{line}");
        }
    });
}

/// However a server frames the content of a 205, nothing of it is forwarded, and the connection serves the
/// next request. The client's reader would take content that follows for the next response.
#[test]
fn fault_c07_a_205_is_forwarded_without_content() {
    watched(|| {
        let (counted, chunked) = ("Content-Length: 2", "Transfer-Encoding: chunked");
        let heads = [
            ("GET", "1.1", counted, "ok"),
            ("HEAD", "1.1", counted, ""),
            ("POST", "1.1", "Content-Length: 0", ""),
            ("GET", "1.1", chunked, "2\r\nok\r\n0\r\nX-T: u\r\n\r\n"),
            ("GET", "1.1", chunked, "0\r\nX-T: u\r\n\r\n"),
            ("HEAD", "1.1", chunked, ""),
            ("GET", "1.1", "X: until-close", "ok"),
            ("GET", "1.0", "X: until-close", "ok"),
        ];
        // The server closes: a POST on a connection that it has just closed would not be sent again.
        let answers = heads.map(|(_, version, field, content)| {
            let fields = format!("{field}\r\nX-Kept: 1\r\nConnection: close");
            format!("HTTP/{version} 205 Odd\r\n{fields}\r\n\r\n{content}")
        });
        let server = Scripted::new(&answers.each_ref().map(String::as_str));
        let (_running, mut client, _) = proxy(&[]);
        for (method, version, field, content) in heads {
            let line = format!("{method} {} HTTP/1.1\r\nHost: a\r\n\r\n", server.url());
            client.send(line);
            let answer = match method {
                "HEAD" => client.answer_to_head(),
                _ => client.answer(),
            };
            let case = format!("{method} {version} {field} {content:?}");
            assert_eq!(answer.status, 205, "{case}: {}", answer.text());
            assert_eq!(
                (answer.text(), answer.field("X-Kept")),
                ("", Some("1")),
                "{case}"
            );
            // RFC 9112 §6.3 does not count a 205 among the responses without a body: 0 ends it.
            assert_eq!(answer.field("Content-Length"), Some("0"), "{case}");
            assert_eq!(answer.field("Transfer-Encoding"), None, "{case}");
        }
    });
}

/// The length in a response to HEAD, and in a 304, is of content that does not follow; a 204 has none.
#[test]
fn fault_c07_a_response_to_head_keeps_the_length_that_may_stand_there() {
    watched(|| {
        let cases = [
            ("HEAD", 200, Some("9")),
            ("HEAD", 204, None),
            ("HEAD", 205, Some("0")),
            ("HEAD", 304, Some("9")),
            ("GET", 204, None),
            ("GET", 304, Some("9")),
        ];
        let answers = cases
            .map(|(_, status, _)| format!("HTTP/1.1 {status} Odd\r\nContent-Length: 9\r\n\r\n"));
        let server = Scripted::new(&answers.each_ref().map(String::as_str));
        let (_running, mut client, _) = proxy(&[]);
        for (method, status, length) in cases {
            client.send(format!(
                "{method} {} HTTP/1.1\r\nHost: a\r\n\r\n",
                server.url()
            ));
            let answer = match method {
                "HEAD" => client.answer_to_head(),
                _ => client.answer(),
            };
            let found = (answer.status, answer.field("Content-Length"));
            assert_eq!(found, (status, length), "{method} {status}");
        }
    });
}

/// RFC 9110 §5.5: "A recipient SHOULD treat other allowed octets in field content (i.e., obs-text) as opaque
/// data." So they are forwarded as they came, in every part of a response.
#[test]
fn fault_c07_obs_text_is_forwarded_as_it_came() {
    watched(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let origin = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            let hints = b"HTTP/1.1 103 Early Hints\r\nX-Hint: \xe9\xff\r\n\r\n";
            let answer =
                b"HTTP/1.1 200 OK\r\nX-Head: \xe9\x80\r\nTransfer-Encoding: chunked\r\n\r\n";
            let rest = b"2\r\nok\r\n0\r\nX-Sum: \x80\xe9\r\n\r\n";
            stream
                .write_all(&[&hints[..], answer, rest].concat())
                .unwrap();
        });
        let (_running, _client, at) = proxy(&[]);
        let mut client = TcpStream::connect(("127.0.0.1", at)).unwrap();
        write!(
            client,
            "GET http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        for line in [
            &b"\r\nX-Hint: \xe9\xff\r\n"[..],
            b"\r\nX-Head: \xe9\x80\r\n",
            b"\r\nX-Sum: \x80\xe9\r\n",
        ] {
            let has = answer.windows(line.len()).any(|window| window == line);
            assert!(has, "{}: {}", line.escape_ascii(), answer.escape_ascii());
        }
        origin.join().unwrap();
    });
}

/// An old server writes a blank before the colon. Nobody behind the proxy gets it, and no two of them can
/// disagree on where the response ends.
#[test]
fn fault_c07_a_blank_before_the_colon_is_removed() {
    watched(|| {
        let head = "HTTP/1.1 200 OK\r\nX-A : b\r\nX-C\t :d\r\nConnection : X-Hop\r\nX-Hop: 1\r\n";
        let counted = format!("{head}Content-Length: 2\r\n\r\nok");
        let chunked =
            format!("{head}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T : u\r\n\r\n");
        let hints = format!("HTTP/1.1 103 Early Hints\r\nLink : </a>\r\n\r\n{counted}");
        let server = Scripted::new(&[&counted, &chunked, &hints]);
        let (_running, mut client, _) = proxy(&[]);
        for kind in ["counted", "chunked", "hints"] {
            client.send(format!("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", server.url()));
            if kind == "hints" {
                assert_eq!(client.interim().field("Link"), Some("</a>"));
            }
            // The client's reader accepts no blank before a colon.
            let answer = client.answer();
            assert_eq!((answer.status, answer.text()), (200, "ok"));
            assert_eq!(
                (answer.field("X-A"), answer.field("X-C")),
                (Some("b"), Some("d"))
            );
            assert_eq!(answer.field("X-Hop"), None);
            if kind == "chunked" {
                assert_eq!(answer.trailers, [("X-T".to_owned(), "u".to_owned())]);
            }
        }

        let framing = [
            "Content-Length : 2",
            "Transfer-Encoding : chunked",
            "Content-Length\t: 2",
        ];
        let answers = framing.map(|field| format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\n0\r\n\r\n"));
        let server = Scripted::new(&answers.each_ref().map(String::as_str));
        for _ in framing {
            client.send(format!("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", server.url()));
            let answer = client.answer();
            assert_eq!(answer.status, 502);
            assert!(answer.text().contains("RFC 9112 §5.1"), "{}", answer.text());
        }
        // A request with one is refused.
        client.send(format!(
            "GET {} HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",
            server.url()
        ));
        assert_eq!(client.answer().status, 400);
    });
}
