//! H02, third part: the query and a form as decoded pairs.

use crate::support::{Answer, Log, Reporting, answer, answers, request};
use barewire::http::{self, Handled, Request, Response};

fn pairs(mut req: Request<'_>, res: Response<'_>) -> Handled {
    let params = match req.path() {
        "/query" => req.query_params()?,
        _ => req.form()?,
    };
    res.end(format!("{params:?}"))
}

/// The response to these bytes, that to a request behind them, and what is reported.
#[track_caller]
fn both(bytes: impl AsRef<[u8]>) -> (Answer, Answer) {
    let log = Log::default();
    let events = Reporting::new(&log, pairs);
    let server = http::create_server_with(events).collected_body_bytes(1000);
    let bytes = [bytes.as_ref(), request("GET", "/query?next").as_bytes()].concat();
    let mut answers = answers(server.answer_to(&bytes), &["GET", "GET"]);
    assert_eq!(log.all(), [""; 0], "the client is to blame");
    (answers.remove(0), answers.remove(0))
}

fn form(content_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /form HTTP/1.1\r\nHost: a\r\n{content_type}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

#[test]
fn row_h02_a_query_is_pairs() {
    for (target, shown) in [
        ("/query", "[]"),
        ("/query?", "[]"),
        (
            "/query?a=%E6%B7%B1+b&a&%26=%2B",
            r#"[("a", "深 b"), ("a", ""), ("&", "+")]"#,
        ),
        ("http://a/query?a=1?b", r#"[("a", "1?b")]"#),
    ] {
        let (answer, next) = both(request("GET", target));
        assert_eq!((answer.text(), next.text()), (shown, r#"[("next", "")]"#));
    }
    for target in ["/query?a=1&b=%ff", "/query?%c3=1"] {
        let (answer, next) = both(request("GET", target));
        assert_eq!((answer.status, next.status), (400, 200), "{target}");
        assert!(answer.text().contains("RFC 3986 §2.5"), "{}", answer.text());
    }
}

#[test]
fn row_h02_a_form_is_pairs() {
    let (answer, next) = both(form(FORM, b"a=%E6%B7%B1+b&a&%26=%2B"));
    assert_eq!(answer.text(), r#"[("a", "深 b"), ("a", ""), ("&", "+")]"#);
    assert_eq!(next.status, 200);
    let (answer, _) = both(form(FORM, "a=深\n".as_bytes()));
    assert_eq!(answer.text(), r#"[("a", "深\n")]"#);
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n";
    let (answer, _) = both(format!(
        "{chunked}{FORM}\r\n3\r\na=%\r\n2\r\n41\r\n0\r\n\r\n"
    ));
    assert_eq!(answer.text(), r#"[("a", "A")]"#);
}

#[test]
fn row_h02_a_form_that_cannot_be_read() {
    for (bytes, status, says) in [
        (form(FORM, b"a=%4"), 400, "RFC 3986 §2.1"),
        (form(FORM, b"a=%ff"), 400, "RFC 3986 §2.5"),
        (form(FORM, b"a=\xff"), 400, "RFC 9110 §15.5.1"),
    ] {
        let (answer, next) = both(bytes);
        assert_eq!((answer.status, next.status), (status, 200));
        assert!(answer.text().contains(says), "{}", answer.text());
        assert_eq!(answer.field("Accept"), None);
    }
}

#[test]
fn limit_a_form_is_a_collected_body() {
    let server = http::create_server(pairs).collected_body_bytes(1000);
    for (length, status) in [(1000, 200), (1001, 413)] {
        let bytes = server.answer_to(&form(FORM, &vec![b'a'; length]));
        assert_eq!(answer(bytes).status, status);
    }
}

/// RFC 9110 §15.5.16: the response says what would have been read.
#[test]
fn row_h02_a_form_of_another_type_is_a_415() {
    for content_type in [
        "",
        "Content-Type: multipart/form-data; boundary=x\r\n",
        "Content-Type: application/x-www-form-urlencoded; charset=gbk\r\n",
        &FORM.repeat(2),
    ] {
        let (answer, next) = both(form(content_type, b"a=1"));
        assert_eq!((answer.status, next.status), (415, 200), "{content_type}");
        assert_eq!(
            answer.field("Accept"),
            Some("application/x-www-form-urlencoded")
        );
    }
    let asks = "Expect: 100-continue\r\nContent-Type: text/plain\r\n";
    let server = http::create_server(pairs);
    let bytes = server.answer_to(&form(asks, b"a=1"));
    assert!(
        bytes.starts_with(b"HTTP/1.1 415 Unsupported Media Type\r\n"),
        "no 100"
    );
}
