//! H03, second half: the head as a whole.

use crate::support::{Framing, Handler, Reader, reply, reply_and_reports, request};
use barewire::http::wire::{FieldList, Misuse};
use barewire::http::{self, Error, Status};
use std::collections::HashMap;

fn misuse<T: std::fmt::Debug>(result: Result<T, Error>) -> Misuse {
    match result {
        Err(Error::Misuse(misuse)) => misuse,
        other => panic!("no misuse but {other:?}"),
    }
}

/// A handler that fails before anything is sent: the client gets 500, and the reason is reported.
#[track_caller]
fn refused(misuse: Misuse, handler: impl Handler) {
    let (answer, reported) = reply_and_reports(request("GET", "/"), handler);
    assert_eq!((answer.status, reported), (500, vec![misuse.to_string()]));
}

/// Whatever goes through pairs is the fields of a head, and `()` is none.
#[test]
fn row_h03_fields_of_every_kind() {
    let server = http::create_server(|req, mut res| {
        let (pair, owned) = (("A", "1"), ("A".to_owned(), vec![b'1']));
        res.write_early_hints(())?;
        res.write_early_hints([pair])?;
        res.write_early_hints(&[pair])?;
        res.write_early_hints(vec![owned.clone()])?;
        res.write_early_hints(&vec![owned.clone()])?;
        res.write_early_hints(&[pair, pair][..1])?;
        res.write_early_hints([&pair].into_iter().filter(|(name, _)| *name == "A"))?;
        res.write_early_hints(std::iter::once(pair).chain(None))?;
        res.write_early_hints(HashMap::from([pair]))?;
        res.write_early_hints(&HashMap::from([owned]))?;
        let mut list = FieldList::new();
        list.append("A", "1")?;
        res.write_early_hints(&list)?;
        res.write_early_hints(list.view())?;
        res.write_early_hints(req.headers())?;
        res.write_head(204, ())?.end("")
    });
    let bytes = server.answer_to(b"GET / HTTP/1.1\r\nHost: a\r\nX-Foo: bar\r\n\r\n");
    let hints = |fields: &str| format!("HTTP/1.1 103 Early Hints\r\n{fields}\r\n");
    let theirs = hints("Host: a\r\nX-Foo: bar\r\n");
    let all = [&hints(""), &hints("A: 1\r\n").repeat(11)[..], &theirs].concat();
    let head = bytes.strip_prefix(all.as_bytes()).expect("these hints");
    assert!(head.starts_with(b"HTTP/1.1 204 No Content\r\nDate: "));
}

#[test]
fn row_h03_write_head_with_status_and_fields() {
    let answer = reply(|res| {
        let fields = [("Content-Type", "text/plain"), ("X-Foo", "bar")];
        res.write_head(200, fields)?.end("Hello World\n")
    });
    assert_eq!(answer.reason, "OK");
    assert_eq!(&answer.names()[..2], ["Content-Type", "X-Foo"]);
}

#[test]
fn row_h03_write_head_with_a_reason_of_ones_own() {
    let answer = reply(|res| {
        res.write_head((200, "success"), [("X-Foo", "bar")])?
            .end("Hello World\n")
    });
    assert_eq!(answer.reason, "success");
    let answer = reply(|res| res.write_head(Status::from(200), ())?.end(""));
    assert_eq!(answer.reason, "OK");
}

#[test]
fn row_h03_a_status_without_a_usual_reason_has_none() {
    let (answer, _) =
        reply_and_reports(request("GET", "/"), |res| res.write_head(299, ())?.end(""));
    assert_eq!((answer.status, answer.reason.as_str()), (299, ""));
}

#[test]
fn row_h03_write_head_merges_with_set_header_and_wins() {
    let answer = reply(|mut res| {
        res.set_header("Content-Type", "text/html")?;
        res.set_header("X-Foo", "bar")?;
        res.set_header("Set-Cookie", ["old=1", "older=2"])?;
        let fields = [
            ("content-type", "text/plain"),
            ("Set-Cookie", "a=1"),
            ("Set-Cookie", "b=2"),
        ];
        res.write_head(200, fields)?.end("ok")
    });
    assert_eq!(answer.field("Content-Type"), Some("text/plain"));
    assert_eq!(answer.field("X-Foo"), Some("bar"));
    assert_eq!(answer.all("Set-Cookie"), ["a=1", "b=2"], "a list stays one");
}

#[test]
fn row_h03_set_status_is_the_status_of_an_implicit_head() {
    let (answer, _) = reply_and_reports(request("GET", "/"), |mut res| {
        res.set_status(404)?;
        res.end("nothing here\n")
    });
    assert_eq!((answer.status, answer.reason.as_str()), (404, "Not Found"));
    assert_eq!(answer.framing, Framing::Length);
}

#[test]
fn row_h03_write_head_wins_over_set_status() {
    let (answer, _) = reply_and_reports(request("GET", "/"), |mut res| {
        res.set_status(404)?;
        res.write_head(201, ())?.end("")
    });
    assert_eq!((answer.status, answer.reason.as_str()), (201, "Created"));
}

#[test]
fn erratum_e43_a_second_head_is_an_error() {
    refused(Misuse::HeadSent, |res| {
        let res = res.write_head(200, [("X-Foo", "first")])?;
        res.write_head(404, ())?.end("")
    });
}

#[test]
fn row_h03_bad_bytes_in_write_head_are_refused() {
    refused(Misuse::FieldName, |res| {
        res.write_head(200, [("a b", "c")])?.end("")
    });
    refused(Misuse::FieldValue, |res| {
        res.write_head(200, [("a", "b\r\nc: d")])?.end("")
    });
    refused(Misuse::FieldValue, |res| {
        res.write_head(200, [(&b"a"[..], &b"b\0"[..])])?.end("")
    });
    refused(Misuse::Reason, |res| {
        res.write_head((200, "a\r\nb: c"), ())?.end("")
    });
}

#[test]
fn row_h03_a_status_must_be_a_final_one() {
    for status in [0, 99, 100, 101, 199, 600, 1000, u16::MAX] {
        refused(Misuse::Status, move |res| {
            res.write_head(status, ())?.end("")
        });
        refused(Misuse::Status, move |mut res| {
            res.set_status(status)?;
            res.end("")
        });
    }
}

/// A refused status or field is no disaster: the handler can still answer something else.
#[test]
fn row_h03_after_a_refusal_the_answer_goes_on() {
    let answer = reply(|mut res| {
        assert_eq!(misuse(res.set_status(600).map(drop)), Misuse::Status);
        res.end("Hello")
    });
    assert_eq!(answer.text(), "Hello");
}

/// Before the head is sent, the fields that the program set; afterwards all fields that were sent.
#[test]
fn row_h03_get_header_after_write_head_returns_what_was_sent() {
    let answer = reply(|mut res| {
        res.set_header("X-Foo", "bar")?;
        assert!(!res.headers_sent() && !res.has_header("Date"));
        let mut res = res.write_head(200, [("Content-Type", "text/plain")])?;
        assert_eq!(res.get_header("X-Foo").as_deref(), Some("bar"));
        assert_eq!(
            res.get_header("content-type").as_deref(),
            Some("text/plain")
        );
        res.flush()?;
        assert!(res.headers_sent());
        assert_eq!(res.get_header("X-Foo").as_deref(), Some("bar"));
        assert_eq!(
            res.get_header("transfer-encoding").as_deref(),
            Some("chunked")
        );
        assert_eq!(res.get_header("Connection").as_deref(), Some("keep-alive"));
        let date = res.get_header("Date").unwrap_or_default();
        res.end(date)
    });
    assert_eq!(answer.field("Date"), Some(answer.text()));
}

#[test]
fn row_h03_debug_tells_whether_the_head_is_sent() {
    reply(|mut res| {
        assert_eq!(format!("{res:?}"), "Response { headers_sent: false, .. }");
        res.flush()?;
        assert_eq!(format!("{res:?}"), "Response { headers_sent: true, .. }");
        res.end("")
    });
}

/// RFC 8297: the browser may fetch the style sheet while the page is still being made.
#[test]
fn row_h03_early_hints_come_before_the_head() {
    let server = http::create_server(|_req, mut res| {
        res.write_early_hints([("Link", "</style.css>; rel=preload")])?;
        res.write_information(102, ())?;
        assert!(!res.headers_sent());
        res.end("page")
    });
    let mut answers = Reader::of(server.answer_to(request("GET", "/").as_bytes()));
    let hints = answers.expect_interim();
    assert_eq!((hints.status, hints.reason.as_str()), (103, "Early Hints"));
    assert_eq!(
        hints.fields,
        [("Link".into(), "</style.css>; rel=preload".into())]
    );
    assert_eq!(answers.expect_interim().status, 102);
    assert_eq!(answers.expect_answer("GET").text(), "page");
}

/// RFC 9110 §15.2: an HTTP/1.0 client would take a 1xx for its answer.
#[test]
fn row_h03_http_1_0_gets_no_interim_answer() {
    let (answer, reported) = reply_and_reports("GET / HTTP/1.0\r\n\r\n".into(), |mut res| {
        res.write_early_hints([("Link", "</style.css>")])?;
        res.write_continue()?;
        res.end("page")
    });
    assert_eq!((answer.text(), reported), ("page", vec![]));
}

#[test]
fn row_h03_interim_answers_have_their_place() {
    reply(|mut res| {
        for status in [0, 99, 101, 200, 404] {
            let refused = misuse(res.write_information(status, ()));
            assert_eq!(refused, Misuse::Status, "{status}");
        }
        let bad = misuse(res.write_early_hints([("a b", "c")]));
        assert_eq!(bad, Misuse::FieldName);
        res.flush()?;
        assert_eq!(misuse(res.write_early_hints(())), Misuse::HeadSent);
        assert_eq!(misuse(res.write_continue()), Misuse::HeadSent);
        res.end("")
    });
}
