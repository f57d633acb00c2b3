//! H04: chunked or counted, and whichever it is, exactly that.

use crate::support::{
    Broken, Framing, Handler, Log, Reader, Reporting, reply, reply_and_reports, request,
};
use barewire::http::wire::Misuse;
use barewire::http::{self, Response};

/// Refused before a byte of it was sent: the client gets a whole 500.
#[track_caller]
fn refused(misuse: Misuse, handler: impl Handler) {
    let (answer, reported) = reply_and_reports(request("GET", "/"), handler);
    assert_eq!((answer.status, reported), (500, vec![misuse.to_string()]));
}

/// Found out when the head had been sent: the connection is cut, and what came is no whole answer.
#[track_caller]
fn cut(misuse: Misuse, handler: impl Handler) -> Vec<u8> {
    let log = Log::default();
    let events = Reporting::new(&log, move |_req, res: Response<'_>| handler(res));
    let bytes = http::create_server_with(events).answer_to(request("GET", "/").as_bytes());
    let answer = Reader::of(bytes.clone()).answer("GET");
    assert!(matches!(answer, Err(Broken::Cut)), "{answer:?}");
    assert_eq!(log.all(), [misuse.to_string()]);
    bytes
}

#[test]
fn row_h04_an_explicit_head_makes_it_chunked() {
    let answer = reply(|res| res.write_head(200, ())?.end("Hello World\n"));
    assert_eq!(
        (answer.framing, answer.chunks),
        (Framing::Chunked, vec![12])
    );
}

#[test]
fn row_h04_an_implicit_head_and_one_end_are_counted() {
    let answer = reply(|res| res.end("Hello World\n"));
    assert_eq!(answer.framing, Framing::Length);
    assert_eq!(answer.field("Content-Length"), Some("12"));
    let answer = reply(|res| res.end(""));
    assert_eq!(answer.field("Content-Length"), Some("0"));
}

/// A piece that is sent before the end is known cannot be counted.
#[test]
fn row_h04_an_implicit_head_and_a_write_are_chunked() {
    let answer = reply(|mut res| {
        res.write("Hello ")?;
        res.write("")?; // no chunk: a chunk of nothing would be the end
        res.end("World\n")
    });
    assert_eq!(
        (answer.framing, answer.chunks),
        (Framing::Chunked, vec![6, 6])
    );
}

#[test]
fn row_h04_an_empty_chunked_body() {
    let answer = reply(|res| res.write_head(200, ())?.end(""));
    assert_eq!((answer.framing, answer.text()), (Framing::Chunked, ""));
}

#[test]
fn row_h04_the_program_may_ask_for_chunks() {
    let answer = reply(|mut res| {
        res.set_header("Transfer-Encoding", "chunked")?;
        res.end("Hello")
    });
    assert_eq!((answer.framing, answer.text()), (Framing::Chunked, "Hello"));
}

#[test]
fn row_h04_the_program_may_count_for_itself() {
    let answer = reply(|res| {
        res.write_head(200, [("Content-Length", "11")])?
            .end("hello world")
    });
    assert_eq!(
        (answer.framing, answer.text()),
        (Framing::Length, "hello world")
    );
    let answer = reply(|res| {
        let mut res = res.write_head(200, [("Content-Length", "11")])?;
        res.write("hello")?;
        res.write(" ")?;
        res.end("world")
    });
    assert_eq!(
        (answer.framing, answer.text()),
        (Framing::Length, "hello world")
    );
}

/// `你好` is two characters and six bytes; the notes say so, and then Node does not check.
#[test]
fn erratum_e29_bytes_are_counted_not_characters() {
    let answer = reply(|res| res.end("你好"));
    assert_eq!(answer.field("Content-Length"), Some("6"));
    refused(Misuse::BodyTooLong, |res| {
        res.write_head(200, [("Content-Length", "2")])?.end("你好")
    });
}

#[test]
fn erratum_e29_a_body_that_is_too_long_is_refused_before_it_is_sent() {
    refused(Misuse::BodyTooLong, |res| {
        res.write_head(200, [("Content-Length", "4")])?.end("Hello")
    });
    refused(Misuse::BodyTooLong, |mut res| {
        res.set_header("Content-Length", 4u32)?;
        res.end("Hello")
    });
    refused(Misuse::BodyTooLong, |res| {
        let mut res = res.write_head(200, [("Content-Length", "4")])?;
        res.write("Hello")?;
        res.end("")
    });
}

/// Some of it has been sent: the piece that would be too much is not.
#[test]
fn erratum_e29_the_piece_that_is_too_much_is_not_sent() {
    let bytes = cut(Misuse::BodyTooLong, |res| {
        let mut res = res.write_head(200, [("Content-Length", "8")])?;
        res.write("Hello")?;
        res.write("World")?;
        res.end("")
    });
    assert!(bytes.ends_with(b"\r\n\r\nHello"));
}

/// What is left may still be said rightly.
#[test]
fn erratum_e29_after_a_refused_piece_the_body_goes_on() {
    let answer = reply(|res| {
        let mut res = res.write_head(200, [("Content-Length", "8")])?;
        res.write("Hello")?;
        let refused = res.write("World").expect_err("two bytes too many");
        assert_eq!(refused.to_string(), Misuse::BodyTooLong.to_string());
        res.end("Wor")
    });
    assert_eq!(answer.text(), "HelloWor");
}

#[test]
fn erratum_e29_a_body_that_is_too_short_cuts_the_connection() {
    cut(Misuse::BodyTooShort, |res| {
        let mut res = res.write_head(200, [("Content-Length", "6")])?;
        res.write("Hello")?;
        res.end("")
    });
    refused(Misuse::BodyTooShort, |res| {
        res.write_head(200, [("Content-Length", "6")])?.end("Hello")
    });
}

/// Large bodies are not copied behind the head; the same rules hold for them.
#[test]
fn row_h04_large_bodies_keep_the_same_rules() {
    const LARGE: usize = 300_000;
    let body = vec![b'x'; LARGE];
    let sent = body.clone();
    let answer = reply(move |res| res.end(&sent));
    assert_eq!(
        (answer.framing, answer.body.len()),
        (Framing::Length, LARGE)
    );
    let sent = body.clone();
    let answer = reply(move |res| res.write_head(200, ())?.end(&sent));
    assert_eq!(
        (answer.framing, answer.chunks),
        (Framing::Chunked, vec![LARGE])
    );
    let sent = body.clone();
    refused(Misuse::BodyTooLong, move |res| {
        let mut res = res.write_head(200, [("Content-Length", "5")])?;
        res.write(&sent)?;
        res.end("")
    });
    refused(Misuse::Trailer, move |res| {
        let mut res = res.write_head(200, ())?;
        res.add_trailer("Host", "a")?;
        res.end(&body)
    });
}

#[test]
fn row_h04_contradictions_are_refused() {
    let fields = |fields: &'static [(&str, &str)]| {
        refused(Misuse::Framing, move |res| {
            res.write_head(200, fields.iter().copied())?.end("Hello")
        });
    };
    fields(&[("Content-Length", "5"), ("Transfer-Encoding", "chunked")]);
    fields(&[("Content-Length", "5"), ("Content-Length", "5")]);
    fields(&[("Content-Length", "five")]);
    fields(&[("Content-Length", "+5")]);
    fields(&[("Transfer-Encoding", "gzip")]);
    fields(&[("Transfer-Encoding", "gzip, chunked")]);
}

/// RFC 9112 §6.1: only a client of HTTP/1.1 knows chunks.
#[test]
fn row_h04_http_1_0_is_never_sent_chunks() {
    let get = || "GET / HTTP/1.0\r\n\r\n".to_owned();
    let (answer, _) = reply_and_reports(get(), |res| res.write_head(200, ())?.end("Hello"));
    assert_eq!((answer.framing, answer.text()), (Framing::Length, "Hello"));
    let (answer, _) = reply_and_reports(get(), |mut res| {
        res.write("Hel")?;
        res.end("lo")
    });
    assert_eq!(
        (answer.framing, answer.text()),
        (Framing::UntilClose, "Hello")
    );
}
