//! H03, first half: fields, one at a time.

use crate::support::{Framing, reply, reply_and_reports, request};
use barewire::http::wire::Misuse;
use barewire::http::{self, Error, FieldValues, Response};

fn misuse<T: std::fmt::Debug>(result: Result<T, Error>) -> Misuse {
    match result {
        Err(Error::Misuse(misuse)) => misuse,
        other => panic!("no misuse but {other:?}"),
    }
}

#[test]
fn row_h03_set_header_replaces_whatever_the_case() {
    let answer = reply(|mut res| {
        res.set_header("Content-Type", "text/html")?;
        res.set_header("content-type", "text/plain")?;
        res.end("Hello World\n")
    });
    assert_eq!(answer.field("Content-Type"), Some("text/plain"));
    assert_eq!(answer.names()[0], "content-type", "spelt as said last");
}

#[test]
fn row_h03_set_header_takes_a_list() {
    let answer = reply(|mut res| {
        res.set_header("Set-Cookie", "old=1")?;
        res.set_header("X-Foo", "bar")?;
        res.set_header("Set-Cookie", ["foo=bar", "bar=baz"])?;
        res.end("")
    });
    assert_eq!(answer.all("Set-Cookie"), ["foo=bar", "bar=baz"]);
    assert_eq!(&answer.names()[..3], ["X-Foo", "Set-Cookie", "Set-Cookie"]);
}

#[test]
fn row_h03_an_empty_list_is_no_field() {
    let answer = reply(|mut res| {
        res.set_header("X-Foo", "bar")?;
        res.set_header("X-Foo", Vec::<String>::new())?;
        res.end("")
    });
    assert_eq!(answer.field("X-Foo"), None);
}

/// A value is text, bytes or a number, or several texts.
#[test]
fn row_h03_values_of_many_types() {
    fn set(res: &mut Response<'_>, value: impl FieldValues) -> Vec<Vec<u8>> {
        res.set_header("X", value).expect("a good value");
        res.get_header_all("X")
    }
    reply(|mut res| {
        let text = String::from("text");
        assert_eq!(set(&mut res, "text"), [b"text"]);
        assert_eq!(set(&mut res, &text), [b"text"]);
        assert_eq!(set(&mut res, text), [b"text"]);
        assert_eq!(set(&mut res, &b"caf\xe9"[..]), [b"caf\xe9"]);
        assert_eq!(set(&mut res, ""), [b""]);
        assert_eq!(set(&mut res, 65535u16), [b"65535"]);
        assert_eq!(set(&mut res, 7u32), [b"7"]);
        assert_eq!(set(&mut res, u64::MAX), [b"18446744073709551615"]);
        assert_eq!(set(&mut res, 0usize), [b"0"]);
        assert_eq!(set(&mut res, ["a", "b"]), [b"a", b"b"]);
        let several: &[&str; 2] = &["a", "b"];
        assert_eq!(set(&mut res, several), [b"a", b"b"]);
        assert_eq!(set(&mut res, vec!["a".to_owned()]), [b"a"]);
        let list = vec!["a"];
        assert_eq!(set(&mut res, &list), [b"a"]);
        assert_eq!(set(&mut res, &several[..1]), [b"a"]);
        let borrowed: &&str = &several[1];
        assert_eq!(set(&mut res, borrowed), [b"b"]);
        assert_eq!(set(&mut res, std::borrow::Cow::from("a")), [b"a"]);
        assert_eq!(
            set(&mut res, "a".parse::<String>().as_ref().unwrap()),
            [b"a"]
        );
        assert_eq!(set(&mut res, 5), [b"5"]);
        assert_eq!(set(&mut res, 5u8), [b"5"]);
        assert_eq!(set(&mut res, i64::MIN), [b"-9223372036854775808"]);
        assert_eq!(set(&mut res, -1isize), [b"-1"]);
        res.end("")
    });
}

#[test]
fn row_h03_set_header_chains() {
    let answer = reply(|mut res| {
        res.set_header("A", "1")?.set_header("B", "2")?;
        res.end("")
    });
    assert_eq!(&answer.names()[..2], ["A", "B"]);
}

#[test]
fn row_h03_bad_bytes_are_refused() {
    let answer = reply(|mut res| {
        for name in ["", "a b", "a:", "(a)", "a\r\nb", "a\0", "é", " a"] {
            assert_eq!(
                misuse(res.set_header(name, "x")),
                Misuse::FieldName,
                "{name:?}"
            );
        }
        for value in [
            "a\r\nSet-Cookie: stolen",
            "\n",
            "a\rb",
            "a\0",
            "\x7f",
            " a",
            "a\t",
        ] {
            assert_eq!(
                misuse(res.set_header("X", value)),
                Misuse::FieldValue,
                "{value:?}"
            );
        }
        let text = misuse(res.set_header("X", "\n")).to_string();
        assert!(text.contains("RFC 9110 §5.5"), "{text}");
        res.end("")
    });
    assert_eq!(
        answer.names(),
        ["Date", "Connection", "Keep-Alive", "Content-Length"]
    );
}

/// What was set before a refusal is still set, all of it.
#[test]
fn row_h03_a_refused_value_changes_nothing() {
    let answer = reply(|mut res| {
        res.set_header("X-Foo", ["one", "two"])?;
        assert_eq!(misuse(res.set_header("X-Foo", "\n")), Misuse::FieldValue);
        assert_eq!(
            misuse(res.set_header("X-Foo", ["three", "\n"])),
            Misuse::FieldValue
        );
        assert_eq!(res.get_header_all("X-Foo"), [b"one", b"two"]);
        res.end("")
    });
    assert_eq!(answer.all("X-Foo"), ["one", "two"]);
}

#[test]
fn row_h03_get_has_and_remove() {
    let answer = reply(|mut res| {
        assert_eq!(res.get_header("Content-Type"), None);
        res.set_header("Content-Type", "text/html")?;
        res.set_header("Set-Cookie", ["a=1", "b=2"])?;
        assert_eq!(res.get_header("CONTENT-TYPE").as_deref(), Some("text/html"));
        assert_eq!(res.get_header("set-cookie").as_deref(), Some("a=1"));
        assert_eq!(res.get_header_all("set-cookie"), [b"a=1", b"b=2"]);
        assert!(res.has_header("content-type") && !res.has_header("content"));
        assert!(res.remove_header("SET-COOKIE")? && !res.remove_header("Set-Cookie")?);
        assert!(!res.has_header("Set-Cookie"));
        res.end("")
    });
    assert_eq!(answer.field("Set-Cookie"), None);
    assert_eq!(answer.field("Content-Type"), Some("text/html"));
}

/// What the program says of these wins over what the server would add.
#[test]
fn row_h03_the_servers_own_fields_can_be_said_otherwise() {
    let answer = reply(|mut res| {
        res.set_header("Date", "Sat, 06 Apr 2013 08:01:44 GMT")?;
        res.set_header("Keep-Alive", "timeout=1, max=2")?;
        res.set_header("Connection", "keep-alive")?;
        res.end("")
    });
    assert_eq!(answer.field("Date"), Some("Sat, 06 Apr 2013 08:01:44 GMT"));
    assert_eq!(answer.field("Keep-Alive"), Some("timeout=1, max=2"));
    assert_eq!(answer.field("Connection"), Some("keep-alive"));
}

/// No field and no status can be changed any more.
#[track_caller]
fn check_head_is_fixed(res: &mut Response<'_>) {
    assert_eq!(misuse(res.set_header("X-Foo", "after")), Misuse::HeadSent);
    assert_eq!(misuse(res.remove_header("X-Foo")), Misuse::HeadSent);
    assert_eq!(misuse(res.set_status(404)), Misuse::HeadSent);
}

/// The notes: once sending has begun these "no longer take effect". Silence would hide a mistake.
#[test]
fn erratum_e43_set_header_after_the_head_is_an_error() {
    let answer = reply(|mut res| {
        res.set_header("X-Foo", "before")?;
        res.flush()?;
        check_head_is_fixed(&mut res);
        res.end("")
    });
    assert_eq!(answer.field("X-Foo"), Some("before"));
}

#[test]
fn erratum_e43_set_header_after_the_first_byte_is_an_error() {
    let answer = reply(|mut res| {
        res.write("Hello")?;
        assert_eq!(misuse(res.set_header("X-Foo", "after")), Misuse::HeadSent);
        res.end(" World\n")
    });
    assert_eq!(answer.text(), "Hello World\n");
    assert_eq!(answer.field("X-Foo"), None);
}

#[test]
fn erratum_e43_set_header_after_write_head_is_an_error() {
    let answer = reply(|res| {
        let mut res = res.write_head(200, [("X-Foo", "before")])?;
        check_head_is_fixed(&mut res);
        res.end("")
    });
    assert_eq!(answer.field("X-Foo"), Some("before"));
}

#[test]
fn row_h03_trailers_follow_a_chunked_body() {
    let answer = reply(|res| {
        let mut res = res.write_head(200, [("Trailer", "X-Sum, X-Time")])?;
        res.write("Hello")?;
        res.add_trailer("X-Sum", "5")?
            .add_trailer("X-Time", "now")?;
        assert_eq!(misuse(res.add_trailer("X Y", "z")), Misuse::FieldName);
        assert_eq!(misuse(res.add_trailer("X", "\n")), Misuse::FieldValue);
        res.end("")
    });
    let trailers = [("X-Sum", "5"), ("X-Time", "now")];
    assert_eq!(answer.trailers, trailers.map(|(n, v)| (n.into(), v.into())));
}

/// RFC 9110 §6.5.1: what frames, routes or authenticates has to be known before the body.
#[test]
fn row_h03_some_fields_must_not_be_trailers() {
    let (answer, reported) = reply_and_reports(request("GET", "/"), |res| {
        let mut res = res.write_head(200, ())?;
        res.add_trailer("Content-Length", "5")?;
        res.end("Hello")
    });
    assert_eq!(
        (answer.status, reported),
        (500, vec![Misuse::Trailer.to_string()])
    );
}

/// So a body with trailers is sent in chunks, also where it would be counted without them …
#[test]
fn row_h03_trailers_make_it_chunked() {
    let answer = reply(|mut res| {
        res.add_trailer("X-Sum", "5")?;
        res.end("Hello")
    });
    assert_eq!(answer.framing, Framing::Chunked);
    assert_eq!(answer.trailers, [("X-Sum".to_owned(), "5".to_owned())]);
}

/// … and where the program counts it there is no place for them.
#[test]
fn row_h03_trailers_need_the_chunked_coding() {
    let (answer, reported) = reply_and_reports(request("GET", "/"), |res| {
        let mut res = res.write_head(200, [("Content-Length", "5")])?;
        res.add_trailer("X-Sum", "5")?;
        res.end("Hello")
    });
    let misuse = Misuse::TrailerWithoutChunked.to_string();
    assert_eq!((answer.status, reported), (500, vec![misuse]));
}

/// RFC 9110 §6.5.1: a client that cannot get trailers gets the response without them.
#[test]
fn row_h03_http_1_0_gets_no_trailers() {
    let (answer, reported) = reply_and_reports("GET / HTTP/1.0\r\n\r\n".into(), |mut res| {
        res.add_trailer("X-Sum", "5")?;
        res.end("Hello")
    });
    assert_eq!(
        (answer.status, answer.text(), reported),
        (200, "Hello", vec![])
    );
    assert!(answer.trailers.is_empty());
}

/// RFC 9110 §5.5: "A recipient SHOULD treat other allowed octets in field content (i.e., obs-text) as opaque
/// data." What forwards a response forwards them as bytes, in every part of it.
#[test]
fn fault_c07_obs_text_is_sent_in_every_part_of_a_response() {
    let server = http::create_server(|_req, mut res| {
        res.write_early_hints([("X-Hint", b"\xe9\x80")])?;
        res.write_information(102, [("X-More", b"\xff")])?;
        res.set_header("X-Head", &b"\x80\xe9"[..])?;
        res.flush()?;
        res.add_trailer("X-Sum", b"\xe9\xff")?;
        assert_eq!(misuse(res.add_trailer("X", b"\xe9\n")), Misuse::FieldValue);
        res.end("")
    });
    let answer = server.answer_to(request("GET", "/").as_bytes());
    for line in [
        &b"\r\nX-Hint: \xe9\x80\r\n"[..],
        b"\r\nX-More: \xff\r\n",
        b"\r\nX-Head: \x80\xe9\r\n",
        b"\r\nX-Sum: \xe9\xff\r\n",
    ] {
        let has = answer.windows(line.len()).any(|window| window == line);
        assert!(has, "{}", answer.escape_ascii());
    }
}
