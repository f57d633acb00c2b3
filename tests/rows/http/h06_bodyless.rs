//! H06, second half: answers that have no body, whatever their fields say.
//!
//! Each is followed by the answer to a pipelined request. A single byte too much would be read
//! as the beginning of that one, and the strict reader would say so.

use crate::support::{Answer, Framing, answers, request};
use barewire::http::wire::Misuse;
use barewire::http::{self, Request, Response};

/// The answer of a handler to this method, and of the same handler to a GET of `/next`.
#[track_caller]
fn followed(
    method: &str,
    handler: impl Fn(Response<'_>) -> http::Handled + Send + Sync + 'static,
) -> Answer {
    let server = http::create_server(
        move |req: Request<'_>, res: Response<'_>| match req.path() {
            "/next" => res.end("next"),
            _ => handler(res),
        },
    );
    let bytes = request(method, "/") + &request("GET", "/next");
    let mut answers = answers(server.answer_to(bytes.as_bytes()), &[method, "GET"]);
    assert_eq!(answers[1].text(), "next");
    answers.remove(0)
}

/// RFC 9110 §9.3.2: the fields of the answer that a GET would get.
#[test]
fn row_h06_head_of_a_counted_answer() {
    let answer = followed("HEAD", |res| res.end("Hello World\n"));
    assert_eq!(answer.framing, Framing::Nothing);
    assert_eq!(answer.field("Content-Length"), Some("12"));
    let answer = followed("HEAD", |res| {
        res.write_head(200, [("Content-Length", "1073741824")])?
            .end("")
    });
    assert_eq!(answer.field("Content-Length"), Some("1073741824"));
}

#[test]
fn row_h06_head_of_a_chunked_answer() {
    let answer = followed("HEAD", |res| res.write_head(200, ())?.end("Hello World\n"));
    assert_eq!(answer.field("Transfer-Encoding"), Some("chunked"));
    let answer = followed("HEAD", |mut res| {
        res.write("Hello ")?;
        res.write(vec![b'x'; 100_000])?;
        res.add_trailer("X-Sum", "5")?;
        res.end(vec![b'x'; 100_000])
    });
    assert_eq!(answer.field("Transfer-Encoding"), Some("chunked"));
}

/// The handler of a GET serves HEAD unchanged, its mistakes included.
#[test]
fn row_h06_head_counts_what_it_does_not_send() {
    let answer = followed("HEAD", |res| {
        let mut res = res.write_head(200, [("Content-Length", "4")])?;
        let refused = res.write("Hello").expect_err("five bytes");
        assert_eq!(refused.to_string(), Misuse::BodyTooLong.to_string());
        res.end("Hell")
    });
    assert_eq!(
        (answer.status, answer.field("Content-Length")),
        (200, Some("4"))
    );
}

#[test]
fn row_h06_204_has_neither_body_nor_length() {
    for method in ["GET", "HEAD", "POST"] {
        let answer = followed(method, |res| res.write_head(204, ())?.end(""));
        assert_eq!(
            answer.names(),
            ["Date", "Connection", "Keep-Alive"],
            "{method}"
        );
        let answer = followed(method, |mut res| {
            res.set_status(204)?;
            res.end("")
        });
        assert_eq!(
            answer.names(),
            ["Date", "Connection", "Keep-Alive"],
            "{method}"
        );
    }
}

/// RFC 9110 §15.4.5: a 304 may declare the length that the 200 would have had.
#[test]
fn row_h06_304_has_no_body_but_may_tell_its_length() {
    let answer = followed("GET", |res| {
        res.write_head(304, [("ETag", "\"1\"")])?.end("")
    });
    assert_eq!(answer.names(), ["ETag", "Date", "Connection", "Keep-Alive"]);
    let answer = followed("GET", |res| {
        res.write_head(304, [("Content-Length", "12")])?.end("")
    });
    assert_eq!(answer.field("Content-Length"), Some("12"));
}

/// Bytes that belong nowhere are refused, not sent and not swallowed.
#[test]
fn row_h06_a_body_where_there_is_none_is_refused() {
    for status in [204, 304] {
        let answer = followed("GET", move |res| res.write_head(status, ())?.end("Hello"));
        assert_eq!(answer.status, 500, "{status}");
        let answer = followed("GET", move |mut res| {
            res.set_status(status)?;
            res.end("Hello")
        });
        assert_eq!(answer.status, 500, "{status}");
        let answer = followed("GET", move |mut res| {
            res.set_status(status)?;
            assert!(res.write("Hello").is_err());
            res.end("")
        });
        assert_eq!(answer.status, status);
    }
}

#[test]
fn row_h06_204_refuses_a_length() {
    let answer = followed("GET", |res| {
        res.write_head(204, [("Content-Length", "0")])?.end("")
    });
    assert_eq!(answer.status, 500);
}

/// An interim answer ends with its head too; see H08 for the one that matters.
#[test]
fn row_h06_interim_answers_have_no_body() {
    use crate::support::Reader;
    let server = http::create_server(|_req, mut res| {
        res.write_information(102, ())?;
        res.write_early_hints([("Link", "</a>")])?;
        res.end("final")
    });
    let mut reader = Reader::of(server.answer_to(request("GET", "/").as_bytes()));
    for _ in 0..2 {
        assert_eq!(reader.expect_interim().framing, Framing::Nothing);
    }
    assert_eq!(reader.expect_answer("GET").text(), "final");
}
