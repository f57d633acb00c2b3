//! H02: what a handler is given: the head as it came, the body as it comes.

use crate::support::{Log, Script, Site, answer, watched};
use barewire::http::wire::{BodyLength, Method, Target, Version};
use barewire::http::{self, Request, Response};
use std::io::{self, BufRead, Read};
use std::sync::Arc;

/// Lets a handler look at one request; the answer is what it found.
fn look(
    bytes: impl AsRef<[u8]>,
    found: impl Fn(&mut Request<'_>) -> String + Send + Sync + 'static,
) -> String {
    let server = http::create_server(move |mut req, res: Response<'_>| {
        let found = found(&mut req);
        res.end(found)
    });
    answer(server.answer_to(bytes.as_ref())).text().to_owned()
}

#[test]
fn row_h02_method_url_and_version() {
    let bytes = "GET /where?q=now&and?then HTTP/1.1\r\nHost: www.example.org:1337\r\n\r\n";
    let found = look(bytes, |req| {
        assert_eq!((req.method(), req.http_version()), ("GET", "1.1"));
        assert_eq!(req.url(), "/where?q=now&and?then");
        assert_eq!(
            (req.path(), req.query()),
            ("/where", Some("q=now&and?then"))
        );
        assert_eq!(req.host(), "www.example.org:1337");
        assert_eq!(req.body_length(), BodyLength::Known(0));
        format!("{req:?}")
    });
    let shown = r#"Request { method: "GET", url: "/where?q=now&and?then", headers: [("Host", "www.example.org:1337")] }"#;
    assert_eq!(found, shown);
}

#[test]
fn row_h02_methods_are_case_sensitive_and_may_be_new() {
    for method in ["get", "PURGE", "M-SEARCH"] {
        let bytes = format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(look(bytes, |req| req.method().to_owned()), method);
    }
}

#[test]
fn row_h02_version_1_0_needs_no_host() {
    let found = look("GET / HTTP/1.0\r\n\r\n", |req| {
        assert_eq!(req.head().version(), Version::Http10);
        format!("{} {:?}", req.http_version(), req.host())
    });
    assert_eq!(found, "1.0 \"\"");
}

/// RFC 9112 §3.2.2: the authority of an absolute target wins over Host.
#[test]
fn row_h02_the_four_forms_of_a_target() {
    let found = look(
        "GET http://a.example/p?q HTTP/1.1\r\nHost: b.example\r\n\r\n",
        |req| {
            assert_eq!((req.path(), req.query()), ("/p", Some("q")));
            req.host().to_owned()
        },
    );
    assert_eq!(found, "a.example");
    let found = look("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", |req| {
        assert_eq!(req.target(), Target::Asterisk);
        format!("{:?} {:?}", req.url(), req.path())
    });
    assert_eq!(found, r#""*" """#);
}

#[test]
fn row_h02_the_whole_head_in_the_words_of_the_rfc() {
    look(
        "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        |req| {
            let head = req.head();
            assert_eq!(Some(head.method()), Method::new("HEAD"));
            assert_eq!(head.target_str(), "/");
            assert!(!head.is_persistent() && !head.expects_continue() && !head.offers_upgrade());
            String::new()
        },
    );
}

#[test]
fn row_h02_field_names_are_case_insensitive() {
    let found = look("GET / HTTP/1.1\r\nhOsT: a\r\nX-Foo: bar\r\n\r\n", |req| {
        let fields = req.headers();
        assert!(fields.contains("x-foo") && fields.contains("X-FOO") && !fields.contains("X-Fo"));
        assert_eq!(fields.get("HOST"), Some(&b"a"[..]));
        assert_eq!(
            (req.header("X-fOO"), req.header("X-Fo")),
            (Some("bar"), None)
        );
        fields.get_str("x-FOO").unwrap_or_default().to_owned()
    });
    assert_eq!(found, "bar");
}

#[test]
fn row_h02_order_spelling_and_repeats_are_kept() {
    let bytes = "GET / HTTP/1.1\r\nx-b: 1\r\nHost: a\r\nX-A:2\r\nX-B: \t3 \r\nx-b:\r\n\r\n";
    let found = look(bytes, |req| {
        let fields = req.headers();
        assert_eq!(fields.len(), 5);
        let all: Vec<_> = fields.get_all("X-B").collect();
        assert_eq!(all, [&b"1"[..], b"3", b""]);
        assert_eq!(req.header("x-b"), Some("1"), "the first of them");
        format!("{fields:?}")
    });
    let shown = r#"[("x-b", "1"), ("Host", "a"), ("X-A", "2"), ("X-B", "3"), ("x-b", "")]"#;
    assert_eq!(found, shown);
}

#[test]
fn row_h02_a_list_may_stand_in_several_lines() {
    let bytes =
        "GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html , */*\r\naccept: ,image/png\r\n\r\n";
    look(bytes, |req| {
        let types: Vec<_> = req.headers().list("accept").collect();
        assert_eq!(types, [&b"text/html"[..], b"*/*", b"image/png"]);
        String::new()
    });
}

/// RFC 9110 §5.5: obs-text is opaque. It belongs to no charset until the program chooses one.
#[test]
fn row_h02_obs_text_is_bytes() {
    let bytes = b"GET / HTTP/1.1\r\nHost: a\r\nX: caf\xe9\r\nY: \xe4\xbd\xa0\xe5\xa5\xbd\r\n\r\n";
    look(bytes, |req| {
        let fields = req.headers();
        assert_eq!(fields.get("X"), Some(&b"caf\xe9"[..]));
        assert_eq!(fields.get_str("X"), None);
        assert_eq!(fields.get_str("Y"), Some("你好"));
        assert_eq!((req.header("X"), req.header("Y")), (None, Some("你好")));
        String::new()
    });
}

const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                       3;note=\"x\"\r\nhel\r\n2\r\nlo\r\n0\r\nExpires: never\r\nX-Sum: 5\r\n\r\n";

#[test]
fn row_h02_the_body_is_a_reader() {
    for bytes in [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        CHUNKED,
    ] {
        let found = look(bytes, |req| {
            let mut text = String::new();
            assert_eq!(req.read(&mut []).expect("nothing asked"), 0);
            assert_eq!(req.read_to_string(&mut text).expect("a body"), 5);
            assert_eq!(req.read(&mut [0; 8]).expect("the end again"), 0);
            text
        });
        assert_eq!(found, "hello");
    }
}

#[test]
fn row_h02_the_body_can_be_read_where_it_lies() {
    let found = look(CHUNKED, |req| {
        assert_eq!(req.body_length(), BodyLength::Chunked);
        let mut pieces = Vec::new();
        while let piece @ [_, ..] = req.fill_buf().expect("a body") {
            pieces.push(String::from_utf8_lossy(piece).into_owned());
            let bytes = piece.len();
            req.consume(bytes);
        }
        pieces.join("|")
    });
    assert_eq!(found, "hel|lo");
}

#[test]
fn row_h02_the_body_can_be_collected() {
    let found = look(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        |req| {
            assert_eq!(req.body_length(), BodyLength::Known(5));
            assert_eq!(req.collect().expect("a body"), b"hello");
            assert_eq!(req.collect().expect("nothing is left"), b"");
            String::new()
        },
    );
    assert_eq!(found, "");
    look(CHUNKED, |req| {
        assert_eq!(req.collect().expect("a body"), b"hello");
        String::new()
    });
    look("GET / HTTP/1.1\r\nHost: a\r\n\r\n", |req| {
        assert_eq!(req.collect().expect("no body"), b"");
        String::new()
    });
}

#[test]
fn row_h02_collecting_takes_what_is_left() {
    look(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world",
        |req| {
            let mut first = [0; 6];
            req.read_exact(&mut first).expect("a beginning");
            assert_eq!(req.collect().expect("the rest"), b"world");
            String::new()
        },
    );
    look(CHUNKED, |req| {
        let mut first = [0; 1];
        req.read_exact(&mut first).expect("a beginning");
        assert_eq!(req.collect().expect("the rest"), b"ello");
        String::new()
    });
}

#[test]
fn row_h02_trailers_come_after_the_body() {
    let found = look(CHUNKED, |req| {
        assert!(req.trailers().is_empty(), "before the body");
        io::copy(req, &mut io::sink()).expect("a body");
        format!("{:?}", req.trailers())
    });
    assert_eq!(found, r#"[("Expires", "never"), ("X-Sum", "5")]"#);
}

/// A body that comes in pieces of every size is the same body.
#[test]
fn row_h02_a_large_body_arrives_whole() {
    let body: Vec<u8> = (0..300_000u32).map(|n| n as u8).collect();
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>();
    let expected = format!("{} {}", body.len(), sum(&body));
    let counted = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for (at, piece) in body.chunks(7001).enumerate() {
        let end = if at % 2 == 0 { "" } else { ";odd" };
        chunked.extend(format!("{:X}{end}\r\n", piece.len()).bytes());
        chunked.extend([piece, b"\r\n"].concat());
    }
    chunked.extend(b"0\r\n\r\n");
    for bytes in [[counted.as_bytes(), &body].concat(), chunked] {
        let collected = look(&bytes, move |req| {
            let body = req.collect().expect("a body");
            format!("{} {}", body.len(), sum(body))
        });
        assert_eq!(collected, expected);
        let read = look(&bytes, move |req| {
            let mut body = Vec::new();
            req.read_to_end(&mut body).expect("a body");
            format!("{} {}", body.len(), sum(&body))
        });
        assert_eq!(read, expected);
    }
}

/// Bodies do not know where reads end: every cut of the same bytes must give the same body.
#[test]
fn row_h02_every_cut_gives_the_same_body() {
    type Way = fn(&mut Request<'_>) -> io::Result<Vec<u8>>;
    let collected: Way = |req| Ok(req.collect()?.to_vec());
    let read: Way = |req| {
        let mut body = Vec::new();
        req.read_to_end(&mut body).map(|_| body)
    };
    let filled: Way = |req| {
        let mut body = Vec::new();
        while let piece @ [_, ..] = req.fill_buf()? {
            body.extend_from_slice(piece);
            let bytes = piece.len();
            req.consume(bytes);
        }
        Ok(body)
    };
    for way in [collected, read, filled] {
        let server = http::create_server(move |mut req: Request<'_>, res: Response<'_>| {
            let body = way(&mut req)?;
            assert_eq!(req.trailers().len(), 2);
            res.end(body)
        });
        let body = |script: Script| {
            let script = Arc::new(script);
            server.serve(script.clone());
            answer(script.written()).body
        };
        let bytes = CHUNKED.as_bytes();
        for cut in 0..bytes.len() {
            let (before, after) = bytes.split_at(cut);
            assert_eq!(body(Script::new([before, after])), b"hello", "cut at {cut}");
        }
        assert_eq!(body(Script::new(bytes.chunks(1))), b"hello", "byte by byte");
    }
}

/// The notes' example: collect the body, and when it has ended answer.
#[test]
fn row_h02_the_demo_collects_and_answers_hello_world() {
    watched(|| {
        let log = Log::default();
        let notes = log.clone();
        let site = Site::new(http::create_server(move |mut req, res| {
            notes.note(String::from_utf8_lossy(req.collect()?));
            res.end("Hello world")
        }));
        let mut client = site.client();
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 23\r\n\r\n深入浅");
        client.send("出Node.js\n");
        client.send("\n\n\n");
        let answer = client.answer();
        assert_eq!(answer.text(), "Hello world");
        assert_eq!(log.all(), ["深入浅出Node.js\n\n\n\n"]);
    });
}

/// The notes say that the body can be used only after its `end`. Here each piece is answered
/// before the next one is sent: with the notes' server this test would wait for ever.
#[test]
fn erratum_e45_the_body_streams() {
    watched(|| {
        let site = Site::new(http::create_server(|mut req, mut res| {
            let mut piece = [0; 64];
            loop {
                match Read::read(&mut req, &mut piece)? {
                    0 => return res.end(""),
                    n => res.write(&piece[..n])?,
                }
            }
        }));
        let mut client = site.client();
        client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.send("3\r\none\r\n");
        assert_eq!(client.head().status, 200);
        client.exactly("3\r\none\r\n");
        client.send("5\r\nthree\r\n");
        client.exactly("5\r\nthree\r\n");
        client.send("0\r\n\r\n");
        client.exactly("0\r\n\r\n");
    });
}
