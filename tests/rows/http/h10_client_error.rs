//! H10, first part: what the client gets if its bytes are no request.

use crate::support::{Answer, Reader, Site, answers, request, watched};
use barewire::http::wire::{Limits, Rule};
use barewire::http::{self, Error, Handled, Request, Response, Server, ServerEvents};
use std::io::Read;
use std::time::Duration;

/// Reads every body to its end.
fn collecting() -> Server<impl ServerEvents> {
    http::create_server(|mut req: Request<'_>, res| res.end(req.collect()?))
}

/// The one answer to these bytes.
#[track_caller]
fn refusal(server: &Server<impl ServerEvents>, bytes: &[u8]) -> Answer {
    let answer = answers(server.answer_to(bytes), &["GET"]).remove(0);
    assert!(
        answer.says_close(),
        "nothing can be known about what follows"
    );
    answer
}

/// Status, rule and section: a person who reads it knows what to change.
#[test]
fn row_h10_the_answer_names_the_rule_and_its_section() {
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(20_000));
    let large = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "x".repeat(70_000)
    );
    let many = format!(
        "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
        "X: y\r\n".repeat(101)
    );
    let post = |fields: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n");
    let table = [
        (
            "GET / HTTP/1.1\r\n\r\n".into(),
            400,
            "Bad Request",
            "must have a Host field (RFC 9112 §3.2)",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n".into(),
            400,
            "Bad Request",
            "more than one Host field (RFC 9112 §3.2)",
        ),
        (
            "GET / HTTP/1.1\nHost: a\n\n".into(),
            400,
            "Bad Request",
            "not with LF alone (RFC 9112 §2.2)",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n".into(),
            400,
            "Bad Request",
            "(RFC 9112 §5.1)",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n".into(),
            400,
            "Bad Request",
            "must not be folded over several lines (RFC 9112 §5.2)",
        ),
        (
            "GET / HTTP/1.1\r\nHost".into(),
            400,
            "Bad Request",
            "the connection ended before the message did (RFC 9112 §8)",
        ),
        (
            "\x16\x03\x01\x02\x00".into(),
            400,
            "Bad Request",
            "this is a TLS ClientHello, and this port serves plain HTTP: ask with http:, or serve it with TLS (RFC 8446 §5.1)",
        ), // TLS, to the wrong port
        (
            post("Content-Length: +5"),
            400,
            "Bad Request",
            "a plain decimal number (RFC 9110 §8.6)",
        ),
        (
            post("Content-Length: 5\r\nContent-Length: 5"),
            400,
            "Bad Request",
            "(RFC 9112 §6.3)",
        ),
        (
            post("Content-Length: 5\r\nTransfer-Encoding: chunked"),
            400,
            "Bad Request",
            "(RFC 9112 §6.1)",
        ),
        (
            post("Transfer-Encoding: chunked") + "5 x\r\n",
            400,
            "Bad Request",
            "RFC 9112 §7.1",
        ),
        (
            post("Content-Length: 5") + "four",
            400,
            "Bad Request",
            "the connection ended before the message did (RFC 9112 §8)",
        ),
        (
            post("Content-Length: 999999999"),
            413,
            "Content Too Large",
            "(RFC 9110 §15.5.14)",
        ),
        (
            long,
            414,
            "URI Too Long",
            "longer than this server reads (RFC 9112 §3)",
        ),
        (
            post("Expect: 200-ok"),
            417,
            "Expectation Failed",
            "(RFC 9110 §10.1.1)",
        ),
        (
            large,
            431,
            "Request Header Fields Too Large",
            "larger than this server reads (RFC 6585 §5)",
        ),
        (
            many,
            431,
            "Request Header Fields Too Large",
            "more field lines than this server reads (RFC 6585 §5)",
        ),
        (
            post("Transfer-Encoding: gzip, chunked"),
            501,
            "Not Implemented",
            "(RFC 9112 §6.1)",
        ),
        (
            "GET / HTTP/2.0\r\nHost: a\r\n\r\n".into(),
            505,
            "HTTP Version Not Supported",
            "only HTTP/1.x is supported here (RFC 9110 §15.6.6)",
        ),
    ];
    let server = collecting();
    for (bytes, status, reason, says) in table {
        let answer = refusal(&server, bytes.as_bytes());
        let shown: String = bytes.chars().take(60).collect();
        assert_eq!(
            (answer.status, answer.reason.as_str()),
            (status, reason),
            "{shown}"
        );
        assert_eq!(
            answer.field("Content-Type"),
            Some("text/plain; charset=utf-8")
        );
        let text = answer.text();
        assert!(text.starts_with(&format!("{status} {reason}: ")), "{text}");
        assert!(
            text.contains(says) && text.ends_with('\n'),
            "{shown}: {text}"
        );
    }
}

/// The one that takes time; `deadlines` has all the ways to come to it.
#[test]
fn row_h10_408_names_its_rule_too() {
    watched(|| {
        let site = Site::new(collecting().head_timeout(Duration::from_millis(20)));
        let mut client = site.client();
        client.send("GET / HTTP/1.1\r\n");
        let answer = client.answer();
        assert_eq!(
            (answer.status, answer.reason.as_str()),
            (408, "Request Timeout")
        );
        let says = "408 Request Timeout: the request did not arrive in time (RFC 9110 §15.5.9)\n";
        assert_eq!(answer.text(), says);
        assert!(answer.says_close());
        client.ended();
    });
}

/// RFC 2616 and its successors were replaced: a cited rule must be one that can be looked up today.
#[test]
fn erratum_e19_only_current_rfcs_are_cited() {
    for rule in Rule::ALL {
        let current = [
            "RFC 9110 §",
            "RFC 9112 §",
            "RFC 3986 §",
            "RFC 6585 §",
            "RFC 7239 §",
            "RFC 8446 §",
        ];
        let section = rule.section();
        assert!(
            current.iter().any(|rfc| section.starts_with(rfc)),
            "{section}"
        );
        let is_refusal = (400..=505).contains(&rule.status());
        let is_redirect = rule.status() == 301; // RFC 9112 §3.2 names it beside the 400
        assert!(is_refusal || is_redirect, "{}", rule.name());
        assert!(!rule.says().is_empty());
    }
}

/// Where it went wrong, and what stood there: without a byte that could do harm in a log.
#[test]
fn row_h10_the_answer_shows_where() {
    let server = collecting();
    let answer = refusal(
        &server,
        b"GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[2J\x00\r\n\r\n",
    );
    assert!(
        answer
            .text()
            .ends_with("; at byte 28: \"\\x1b[2J\\x00\\r\\n\\r\\n\"\n"),
        "{}",
        answer.text()
    );
}

/// What the peer did wrong stays the peer's fault on every way out of a handler.
#[test]
fn row_h10_a_bad_body_is_400_however_it_was_read() {
    let bad = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnot hex\r\n";
    let read = |req: &mut Request<'_>| req.read_to_end(&mut Vec::new());
    let ways: [Box<dyn Fn() -> Vec<u8>>; 4] = [
        Box::new(|| collecting().answer_to(bad)),
        Box::new(move || {
            let ours = http::create_server(move |mut req: Request<'_>, res| -> http::Handled {
                read(&mut req)?;
                res.end("")
            });
            ours.answer_to(bad)
        }),
        Box::new(move || {
            let theirs =
                http::create_server(move |mut req: Request<'_>, res| -> std::io::Result<()> {
                    read(&mut req)?;
                    Ok(res.end("").map_err(Error::from)?)
                });
            theirs.answer_to(bad)
        }),
        Box::new(move || {
            let any = http::create_server(move |mut req: Request<'_>, res| -> Handled {
                read(&mut req)?;
                res.end("")
            });
            any.answer_to(bad)
        }),
    ];
    for way in ways {
        let answer = answers(way(), &["GET"]).remove(0);
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert!(answer.text().contains("RFC 9112 §7.1"), "{}", answer.text());
    }
}

/// A handler may look at the error itself, and answer as it likes. The connection ends anyway.
#[test]
fn row_h10_a_handler_may_answer_a_bad_body_itself() {
    let server = http::create_server(|mut req: Request<'_>, mut res: Response<'_>| {
        let error = req.collect().expect_err("a bad body");
        assert_eq!(error.status(), 400);
        res.set_status(422)?;
        res.end("I do not like it")
    });
    let bytes = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n!";
    assert_eq!(refusal(&server, bytes).status, 422);
}

/// Good requests before the bad one are answered first; what is behind it means nothing.
#[test]
fn row_h10_pipelined_answers_come_before_it() {
    let bytes = request("GET", "/").repeat(3) + "bad\r\n\r\n" + &request("GET", "/");
    let answered = answers(collecting().answer_to(bytes.as_bytes()), &["GET"; 4]);
    let statuses: Vec<u16> = answered.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 200, 200, 400]);
}

/// The exchange before it was a HEAD, had no body and is over: this one has a body.
#[test]
fn row_h10_behind_a_head_the_refusal_is_whole() {
    let bytes = request("HEAD", "/") + "bad\r\n\r\n";
    let answered = answers(collecting().answer_to(bytes.as_bytes()), &["HEAD", "GET"]);
    assert!(answered[1].text().starts_with("400 Bad Request: "));
}

#[test]
fn row_h10_limits_are_settable() {
    let limits = Limits {
        start_line_bytes: 40,
        field_section_bytes: 60,
        fields: 2,
        chunk_extension_bytes: 5,
    };
    let server = collecting().limits(limits);
    let status = |bytes: &str| {
        let answers = server.answer_to(bytes.as_bytes());
        Reader::of(answers).expect_answer("GET").status
    };
    let line = |n: usize| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(n - 16));
    assert_eq!((status(&line(40)), status(&line(41))), (200, 414));
    let field = |n: usize| {
        format!(
            "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
            "x".repeat(n - 16)
        )
    };
    assert_eq!((status(&field(60)), status(&field(61))), (200, 431));
    let fields = |n: usize| {
        format!(
            "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
            "X: y\r\n".repeat(n - 1)
        )
    };
    assert_eq!((status(&fields(2)), status(&fields(3))), (200, 431));
    let chunk = |extension: &str| {
        format!(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1{extension}\r\nx\r\n0\r\n\r\n"
        )
    };
    assert_eq!(
        (status(&chunk(";abc")), status(&chunk(";abcdef"))),
        (200, 413)
    );
}

/// Every response that the library makes by itself has a body that names the rule, and the rules have a § in
/// them: a browser that had to guess the encoding would show something else.
#[test]
fn fault_b06_every_response_of_the_library_names_its_encoding() {
    let server = http::create_server(|mut req: Request<'_>, res| {
        match req.path() {
            "/fails" => return Err(http::Failure::from("on purpose")),
            "/panics" => panic!("on purpose"),
            "/says-nothing" => return Ok(()),
            "/websocket" => drop(barewire::websocket::accept(req, res)?),
            _ => drop(req.collect()?),
        }
        Ok(())
    })
    .collected_body_bytes(10)
    .total_collected_bytes(10);
    let bare = |line: &str| format!("{line}\r\nHost: a\r\n\r\n");
    let with = |line: &str, field: &str| format!("{line}\r\nHost: a\r\n{field}\r\n\r\n");
    let handshake = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13";
    for (status, request) in [
        (301, bare("GET /[ HTTP/1.1")),
        (400, bare("GET /\u{e4} HTTP/1.1")),
        (400, with("GET /websocket HTTP/1.1", handshake)),
        (405, bare("CONNECT a:80 HTTP/1.1")),
        (405, with("PUT /websocket HTTP/1.1", handshake)),
        (413, with("POST / HTTP/1.1", "Content-Length: 11")),
        (414, bare(&format!("GET /{} HTTP/1.1", "x".repeat(20_000)))),
        (417, with("GET / HTTP/1.1", "Expect: wonders")),
        (426, bare("GET /websocket HTTP/1.1")),
        (431, with("GET / HTTP/1.1", &"X: y\r\n".repeat(101))),
        (500, bare("GET /fails HTTP/1.1")),
        (500, bare("GET /panics HTTP/1.1")),
        (500, bare("GET /says-nothing HTTP/1.1")),
        (
            501,
            with("POST / HTTP/1.1", "Transfer-Encoding: gzip, chunked"),
        ),
        (503, with("POST / HTTP/1.1", "Content-Length: 9") + "12"),
        (505, bare("GET / HTTP/2.0")),
    ] {
        let answer = Reader::of(server.answer_to(request.as_bytes())).expect_answer("GET");
        assert_eq!(answer.status, status, "{request}");
        assert!(!answer.body.is_empty() && answer.text().ends_with('\n'));
        let of = answer.field("Content-Type");
        assert_eq!(of, Some("text/plain; charset=utf-8"), "{request}");
    }
}
