//! What frames the body that is being sent: lengths, chunks, trailers, the end of the connection.

use super::pair::{GET, HEAD, HOST, Pair, asked, content, head_of, list, receive_response};
use barewire::http::wire::{
    BodyLength, Connection, FieldList, HttpDate, Method, Misuse, RequestOut, ResponseOut, Role,
    ServerFields, Target, Version,
};

fn sized(request: &str, length: u64) -> Connection {
    let mut server = asked(request);
    let none = FieldList::new();
    let head = ResponseOut::new(200, &none).length(length);
    server
        .send_response(&head, &mut Vec::new())
        .expect("its turn");
    server
}

#[test]
fn more_than_was_declared() {
    let (mut server, mut out) = (sized(GET, 5), Vec::new());
    assert_eq!(server.begin_data(3, &mut out), Ok(true));
    assert_eq!(server.begin_data(3, &mut out), Err(Misuse::BodyTooLong));
    assert_eq!(
        server.begin_data(2, &mut out),
        Ok(true),
        "what fits is still taken"
    );
    assert_eq!(server.begin_data(1, &mut out), Err(Misuse::BodyTooLong));
    assert_eq!(server.send_end(&FieldList::new(), &mut out), Ok(()));
    assert!(out.is_empty() && server.next_exchange());

    // The length of a response to HEAD is checked, too.
    assert_eq!(
        sized(HEAD, 5).begin_data(6, &mut out),
        Err(Misuse::BodyTooLong)
    );
    assert_eq!(sized(HEAD, 5).begin_data(5, &mut out), Ok(false));
}

#[test]
fn less_than_was_declared() {
    let (mut server, mut out) = (sized(GET, 5), Vec::new());
    assert_eq!(server.begin_data(4, &mut out), Ok(true));
    assert_eq!(
        server.send_end(&FieldList::new(), &mut out),
        Err(Misuse::BodyTooShort)
    );
    assert!(!server.is_persistent() && !server.next_exchange());

    // A response to HEAD sends no byte of it.
    let mut server = sized(HEAD, 5);
    assert_eq!(server.send_end(&FieldList::new(), &mut out), Ok(()));
    assert!(server.next_exchange());
}

#[test]
fn a_request_must_have_its_declared_length() {
    let mut pair = Pair::new();
    pair.request_head("POST", &[HOST], Some(5));
    let (client, mut out) = (&mut pair.client, Vec::new());
    assert_eq!(client.begin_data(6, &mut out), Err(Misuse::BodyTooLong));
    assert_eq!(client.begin_data(2, &mut out), Ok(true));
    assert_eq!(
        client.send_end(&FieldList::new(), &mut out),
        Err(Misuse::BodyTooShort)
    );
    assert!(!client.is_persistent());

    let mut pair = Pair::new();
    pair.request_head("GET", &[HOST], None);
    assert_eq!(
        pair.client.begin_data(1, &mut out),
        Err(Misuse::BodyTooLong)
    );
}

#[test]
fn heads_whose_framing_contradicts_itself() {
    let refused = |status: u16, fields: &[(&str, &str)], length: Option<u64>| {
        let fields = list(fields);
        let head = ResponseOut::new(status, &fields);
        let head = length.map_or(head, |length| head.length(length));
        let (mut server, mut out) = (asked(GET), Vec::new());
        let sent = server.send_response(&head, &mut out);
        assert!(
            out.is_empty() || sent.is_ok(),
            "nothing leaves with a misuse"
        );
        sent.err()
    };
    let (five, chunked) = (("Content-Length", "5"), ("Transfer-Encoding", "chunked"));
    assert_eq!(refused(200, &[five], Some(5)), None);
    assert_eq!(refused(200, &[chunked], Some(5)), None);
    assert_eq!(refused(200, &[five], Some(6)), Some(Misuse::BodyTooLong));
    assert_eq!(refused(200, &[five], Some(4)), Some(Misuse::BodyTooShort));
    assert_eq!(refused(200, &[five, chunked], None), Some(Misuse::Framing));
    assert_eq!(refused(200, &[five, five], None), Some(Misuse::Framing));
    assert_eq!(
        refused(200, &[chunked, chunked], None),
        Some(Misuse::Framing)
    );
    assert_eq!(
        refused(200, &[("Content-Length", "+5")], None),
        Some(Misuse::Framing)
    );
    assert_eq!(
        refused(200, &[("Transfer-Encoding", "gzip, chunked")], None),
        Some(Misuse::Framing)
    );
    assert_eq!(refused(204, &[five], None), Some(Misuse::Framing));
    assert_eq!(refused(204, &[chunked], None), Some(Misuse::Framing));
    assert_eq!(
        refused(304, &[five], None),
        None,
        "the length that a 200 would have had"
    );
    assert_eq!(refused(205, &[], Some(1)), Some(Misuse::BodyNotAllowed));
    assert_eq!(refused(205, &[], None), None, "a 205 has no content");
    for status in [0, 99, 100, 101, 199, 600, 999] {
        assert_eq!(refused(status, &[], None), Some(Misuse::Status));
    }
}

#[test]
fn requests_whose_framing_contradicts_itself() {
    let refused = |fields: &[(&str, &str)], length: Option<u64>| {
        let fields = list(fields);
        let post = Method::new("POST").expect("a token");
        let head = RequestOut::new(
            post,
            Target::Origin {
                path: "/",
                query: None,
            },
            &fields,
        );
        let head = length.map_or(head, |length| head.length(length));
        let mut out = Vec::new();
        let sent = Connection::new(Role::Client).send_request(&head, &mut out);
        assert!(
            out.is_empty() || sent.is_ok(),
            "nothing leaves with a misuse"
        );
        sent.err()
    };
    let (five, chunked) = (("Content-Length", "5"), ("Transfer-Encoding", "chunked"));
    assert_eq!(refused(&[HOST, five], Some(5)), None);
    assert_eq!(refused(&[HOST, five], Some(6)), Some(Misuse::Framing));
    assert_eq!(refused(&[HOST, five, chunked], None), Some(Misuse::Framing));
    assert_eq!(refused(&[HOST, five, five], None), Some(Misuse::Framing));
    assert_eq!(
        refused(&[HOST, ("Content-Length", "5, 5")], None),
        Some(Misuse::Framing)
    );
    assert_eq!(refused(&[HOST, HOST], None), Some(Misuse::Host));
    assert_eq!(refused(&[], None), Some(Misuse::Host));
}

/// RFC 9112 §3.2 asks for a Host "in all HTTP/1.1 request messages"; in HTTP/1.0 there may be one.
#[test]
fn fault_c02_a_request_of_http_1_0_may_be_without_a_host() {
    let (none, one, two) = (list(&[]), list(&[HOST]), list(&[HOST, HOST]));
    for (version, fields, refused) in [
        (Version::Http10, &none, None),
        (Version::Http10, &one, None),
        (Version::Http10, &two, Some(Misuse::Host)),
        (Version::Http11, &none, Some(Misuse::Host)),
        (Version::Http11, &one, None),
    ] {
        let (path, query) = ("/", None);
        let get = Method::new("GET").expect("a token");
        let head = RequestOut::new(get, Target::Origin { path, query }, fields).version(version);
        let mut out = Vec::new();
        let sent = Connection::new(Role::Client).send_request(&head, &mut out);
        assert_eq!(sent.err(), refused, "{version:?} {fields:?}");
    }
}

#[test]
fn chunks_and_trailers() {
    let (mut server, mut out) = (asked(GET), Vec::new());
    assert!(
        head_of(&mut server, 200)
            .expect("its turn")
            .ends_with("Transfer-Encoding: chunked\r\n\r\n")
    );
    for piece in [&b"hello"[..], b"", b", world"] {
        let goes = server.begin_data(piece.len(), &mut out);
        assert_eq!(goes, Ok(!piece.is_empty()));
        if goes == Ok(true) {
            out.extend_from_slice(piece);
            server.end_data(&mut out);
        }
    }
    assert_eq!(
        server.send_end(&list(&[("Host", "b")]), &mut out),
        Err(Misuse::Trailer)
    );
    server
        .send_end(&list(&[("ETag", "\"x\"")]), &mut out)
        .expect("trailers may follow chunks");
    assert_eq!(
        out,
        b"5\r\nhello\r\n7\r\n, world\r\n0\r\nETag: \"x\"\r\n\r\n"
    );
    assert!(server.next_exchange());

    let trailers = list(&[("ETag", "\"x\"")]);
    let mut server = sized(GET, 0);
    assert_eq!(
        server.send_end(&trailers, &mut out),
        Err(Misuse::TrailerWithoutChunked)
    );
    assert_eq!(
        sized(HEAD, 0).send_end(&trailers, &mut out),
        Ok(()),
        "as for GET, and left out"
    );
}

#[test]
fn http10_gets_no_chunks() {
    for (request, persistent) in [
        ("GET / HTTP/1.0\r\n\r\n", false),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
    ] {
        let mut server = sized(request, 0);
        assert_eq!(server.send_end(&FieldList::new(), &mut Vec::new()), Ok(()));
        assert_eq!(server.next_exchange(), persistent, "with a length");

        let mut server = asked(request);
        let head = head_of(&mut server, 200).expect("its turn");
        assert!(
            !head.contains("Transfer-Encoding") && head.contains("Connection: close\r\n"),
            "{head}"
        );
        let mut out = Vec::new();
        assert_eq!(server.begin_data(5, &mut out), Ok(true));
        server.end_data(&mut out);
        assert_eq!(server.send_end(&FieldList::new(), &mut out), Ok(()));
        assert!(
            out.is_empty() && !server.next_exchange(),
            "without one the connection is the end"
        );

        let chunked = list(&[("Transfer-Encoding", "chunked")]);
        asked(request)
            .send_response(&ResponseOut::new(200, &chunked), &mut out)
            .expect("its turn");
        assert!(!String::from_utf8_lossy(&out).contains("chunked"));
    }
}

/// The head of a response with no content, to `request`, with these fields of the program and those that a server adds.
fn head_with_added(request: &str, theirs: &[(&str, &str)]) -> String {
    let date = HttpDate::from_unix_seconds(784_111_777).expect("a date");
    let (added, fields) = (ServerFields::new(date, Some(5)), list(theirs));
    let head = ResponseOut::new(200, &fields)
        .length(0)
        .server_fields(&added);
    let mut out = Vec::new();
    asked(request)
        .send_response(&head, &mut out)
        .expect("its turn");
    String::from_utf8(out).expect("ASCII")
}

#[test]
fn a_response_to_http10_says_when_the_connection_persists() {
    let text = head_with_added("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &[]);
    let both = "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n";
    assert!(text.contains(both), "{text}");
}

#[test]
fn what_a_server_adds_is_what_the_program_has_not() {
    const DATE: &str = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    const KEPT: &str = "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n";
    let own_date = ("Date", "Mon, 07 Nov 1994 08:49:37 GMT");
    let closed = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let kept = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (request, theirs, added) in [
        (kept, None, format!("{DATE}{KEPT}")),
        (kept, Some(("X", "1")), format!("{DATE}{KEPT}")),
        (kept, Some(own_date), KEPT.to_owned()),
        (kept, Some(("Connection", "X")), DATE.to_owned()),
        (
            kept,
            Some(("Keep-Alive", "timeout=3")),
            format!("{DATE}Connection: keep-alive\r\n"),
        ),
        (closed, None, format!("{DATE}Connection: close\r\n")),
        (closed, Some(own_date), "Connection: close\r\n".to_owned()),
    ] {
        let theirs: Vec<_> = theirs.into_iter().collect();
        let line = |(name, value): &(&str, &str)| format!("{name}: {value}\r\n");
        let own: String = theirs.iter().map(line).collect();
        let expected = format!("HTTP/1.1 200 OK\r\n{own}{added}Content-Length: 0\r\n\r\n");
        assert_eq!(head_with_added(request, &theirs), expected);
    }
}

#[test]
fn a_body_until_the_connection_ends() {
    let mut pair = Pair::new();
    pair.request("GET", &[HOST]);
    let wire = b"HTTP/1.1 200 OK\r\n\r\nhello";
    let (at, length) = receive_response(&mut pair.client, wire).expect("a request waits");
    assert_eq!(length, Some(BodyLength::UntilClose));
    assert_eq!(content(BodyLength::UntilClose, &wire[at..]).0, b"hello");
    assert!(!pair.client.is_persistent());
    pair.client.receive_end().expect("a body was on its way");
    pair.client
        .receive_close()
        .expect("it is the end of the body");
    assert!(!pair.client.next_exchange());
}
