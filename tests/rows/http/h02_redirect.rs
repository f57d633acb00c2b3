//! H02: a browser that asks for a target that it has not encoded is sent to the encoded one.

use crate::support::{Answer, Log, Reporting, answers, request};
use barewire::http;
use std::fmt::Write;

/// A server that notes the targets that its handler gets, and its answers to these bytes.
fn served(bytes: &str, methods: &[&str]) -> (Vec<Answer>, Vec<String>) {
    let log = Log::default();
    let noted = log.clone();
    let server = http::create_server_with(Reporting::new(&log, move |req, res| {
        noted.note(req.url());
        res.end("served")
    }));
    let answers = answers(server.answer_to(bytes.as_bytes()), methods);
    (answers, log.all())
}

fn location(answer: &Answer) -> &str {
    assert_eq!((answer.status, &*answer.reason), (301, "Moved Permanently"));
    answer.field("Location").expect("a Location")
}

#[test]
fn fault_b05_get_and_head_are_sent_to_the_encoded_target() {
    let bytes = request("GET", "/files/photo[1].txt")
        + &request("HEAD", "/?a[]=1")
        + &request("GET", "//evil.example/|")
        + &request("GET", "/plain");
    let (answers, handled) = served(&bytes, &["GET", "HEAD", "GET", "GET"]);
    let locations: Vec<&str> = answers[..3].iter().map(location).collect();
    let encoded = [
        "/files/photo%5B1%5D.txt",
        "/?a%5B%5D=1",
        "/.//evil.example/%7C",
    ];
    assert_eq!(locations, encoded);
    assert!(answers.iter().all(|answer| !answer.says_close()));
    assert_eq!(
        answers[0].field("Content-Type"),
        Some("text/plain; charset=utf-8")
    );
    assert!(answers[0].text().ends_with("(RFC 9112 §3.2)\n"));
    assert_eq!(answers[3].text(), "served");
    assert_eq!(handled, ["/plain"], "no handler gets an unencoded target");
}

#[test]
fn fault_b05_an_old_client_is_redirected_and_may_keep_its_connection() {
    let kept = "GET /[ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    let (answers, _) = served(&format!("{kept}GET /] HTTP/1.0\r\n\r\n"), &["GET", "GET"]);
    assert_eq!(location(&answers[0]), "/%5B");
    assert_eq!(answers[0].field("Connection"), Some("keep-alive"));
    assert_eq!(location(&answers[1]), "/%5D");
    assert!(answers[1].says_close());
}

/// What follows the head is its body, not the next request.
#[test]
fn fault_b05_a_body_behind_such_a_target_is_dropped() {
    let inside = request("GET", "/inside");
    let mut bytes = String::new();
    let _ = write!(
        bytes,
        "GET /[ HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{inside}",
        inside.len()
    );
    let _ = write!(
        bytes,
        "GET /] HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{inside}\r\n0\r\n\r\n",
        inside.len()
    );
    bytes += &request("GET", "/behind");
    let (answers, handled) = served(&bytes, &["GET", "GET", "GET"]);
    assert_eq!(location(&answers[0]), "/%5B");
    assert_eq!(location(&answers[1]), "/%5D");
    assert_eq!(handled, ["/behind"]);

    // A client that waits for a 100 may send the body or not: the next bytes are ambiguous.
    let waits = "GET /[ HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n";
    let (answers, _) = served(waits, &["GET"]);
    assert_eq!(location(&answers[0]), "/%5B");
    assert!(answers[0].says_close());

    let large = format!(
        "GET /[ HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n{}{}",
        "x".repeat(1_000_000),
        request("GET", "/behind")
    );
    let (answers, handled) = served(&large, &["GET"]);
    assert_eq!(location(&answers[0]), "/%5B");
    assert!(handled.is_empty(), "more than discard_bytes: closed");
}

#[test]
fn fault_b05_other_methods_and_other_bytes_are_refused() {
    for (method, target) in [
        ("POST", "/["),
        ("DELETE", "/?a[]=1"),
        ("OPTIONS", "/a|b"),
        ("GET", "/[#fragment"),
        ("GET", "/a\u{e4}["),
        ("GET", "/\u{7f}["),
        ("GET", "/\\evil.example/["),
        ("GET", "http://a|b/"),
    ] {
        let (answers, handled) = served(&request(method, target), &["GET"]);
        assert_eq!(answers[0].status, 400, "{method} {target}");
        assert_eq!(answers[0].field("Location"), None);
        assert!(answers[0].says_close() && handled.is_empty());
    }
    // Another rule of the same head is named first.
    let (answers, _) = served("GET /[ HTTP/1.1\r\n\r\n", &["GET"]);
    assert_eq!(answers[0].status, 400);
    // The location is never longer than what this server reads.
    let long = request("GET", &format!("/{}", "[".repeat(8_000)));
    assert_eq!(served(&long, &["GET"]).0[0].status, 414);
}

/// Browsers send a whole URI to a proxy only, and its handler decides whom it serves: no 301 comes before that.
#[test]
fn fault_b05_a_whole_uri_is_refused() {
    for method in ["GET", "HEAD"] {
        for target in [
            "http://other.example/[",
            "http://a/?q[0]=1",
            "https://a?|",
            "http://[::1]:1337/^",
            "http://a//b/]",
        ] {
            let (answers, handled) = served(&request(method, target), &[method]);
            assert_eq!(answers[0].status, 400, "{method} {target}");
            assert_eq!(answers[0].field("Location"), None);
            assert!(answers[0].says_close() && handled.is_empty());
        }
    }
}

#[test]
fn fault_b05_a_handshake_is_redirected_too() {
    let handshake = "GET /chat?a[]=1 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let (answers, handled) = served(handshake, &["GET"]);
    assert_eq!(location(&answers[0]), "/chat?a%5B%5D=1");
    assert!(handled.is_empty());
}
