//! H05, with a content coding: who gets gzip, what becomes of the head, and when the pieces leave.

use crate::support::{
    Answer, Client, Framing, Gate, PATIENCE, Random, Site, answers, gunzip, over_pipe, reply,
    watched,
};
use barewire::http::{self, Error, Handled, Request, Response, Server, ServerEvents};
use barewire::net::pipe_with_capacity;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

const GZIP: &str = "Accept-Encoding: gzip, deflate, br\r\n";
const TEXT: &str = "深入浅出 Node.js ";

fn text() -> String {
    TEXT.repeat(2000)
}

fn server(
    handler: impl Fn(Response<'_>) -> Handled + Send + Sync + 'static,
) -> Server<impl ServerEvents> {
    http::create_server(move |req: Request<'_>, mut res: Response<'_>| {
        res.compress(&req)?;
        handler(res)
    })
}

/// The answer to a request with these lines of fields.
fn asked(server: &Server<impl ServerEvents>, line: &str, fields: &str) -> Answer {
    let method = line.split(' ').next().expect("a method");
    let request = format!("{line}\r\nHost: a\r\n{fields}\r\n");
    answers(server.answer_to(request.as_bytes()), &[method]).remove(0)
}

fn get(server: &Server<impl ServerEvents>, fields: &str) -> Answer {
    asked(server, "GET / HTTP/1.1", fields)
}

/// The content, of whichever form.
fn content(answer: &Answer) -> String {
    let content = match answer.field("Content-Encoding") {
        None => answer.body.clone(),
        Some(coding) => {
            assert_eq!(coding, "gzip");
            gunzip(&answer.body, true)
        }
    };
    String::from_utf8(content).expect("text")
}

#[test]
fn row_h05_compressed_for_whom_prefers_gzip() {
    let server = server(|res| res.end(text()));
    for (fields, is_gzip) in [
        (GZIP, true),
        ("Accept-Encoding: x-gzip;q=0.1\r\n", true),
        ("Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n", true),
        ("Accept-Encoding: identity;q=0, *\r\n", true),
        ("Accept-Encoding: gzip;q=0.5, identity\r\n", false),
        ("Accept-Encoding: gzip;q=0\r\n", false),
        ("Accept-Encoding: gzip;level=9\r\n", false),
        ("Accept-Encoding:\r\n", false),
        ("", false),
    ] {
        let answer = get(&server, fields);
        assert_eq!(
            answer.field("Content-Encoding").is_some(),
            is_gzip,
            "{fields}"
        );
        assert_eq!(answer.field("Vary"), Some("Accept-Encoding"), "{fields}");
        assert_eq!(content(&answer), text(), "{fields}");
    }
    for fields in ["*;q=0", "br, identity;q=0", "gzip;q=0, identity;q=0"] {
        let refused = get(&server, &format!("Accept-Encoding: {fields}\r\n"));
        assert_eq!(
            (refused.status, refused.field("Vary")),
            (406, Some("Accept-Encoding"))
        );
        assert!(
            refused.text().contains("RFC 9110 §15.5.7"),
            "{}",
            refused.text()
        );
    }
}

#[test]
fn row_h05_compressed_head() {
    let handler = |mut res: Response<'_>| {
        res.set_header("ETag", "\"7\"")?
            .set_header("Vary", "Cookie")?
            .set_header("Accept-Ranges", "bytes")?
            .set_header("Content-Length", text().len())?;
        res.end(text())
    };
    let server = server(handler);
    let plain = get(&server, "");
    assert_eq!(plain.field("ETag"), Some("\"7\""));
    assert_eq!(plain.field("Accept-Ranges"), Some("bytes"));
    let zipped = get(&server, GZIP);
    for (name, value) in [
        ("ETag", Some("W/\"7\"")),
        ("Vary", Some("Cookie, Accept-Encoding")),
        ("Accept-Ranges", None),
        ("Content-Length", Some(&*zipped.body.len().to_string())),
    ] {
        assert_eq!(zipped.field(name), value, "{name}");
    }
    assert_eq!(content(&zipped), text());

    // RFC 9110 §9.3.2: "The server SHOULD send the same header fields in response to a HEAD request as it would have
    // sent if the request method had been GET."
    let head = asked(&server, "HEAD / HTTP/1.1", GZIP);
    assert_eq!(head.field("Content-Encoding"), Some("gzip"));
    assert_eq!(head.field("ETag"), Some("W/\"7\""));
    assert_eq!(head.field("Content-Length"), None, "it is not known");
}

#[test]
fn row_h05_compressed_in_chunks_or_counted_or_until_the_end() {
    let framing = |answer: &Answer| (answer.framing, content(answer) == text());
    let whole = server(|res| res.end(text()));
    assert_eq!(framing(&get(&whole, GZIP)), (Framing::Length, true));
    let headed = server(|res| res.write_head(200, ())?.end(text()));
    assert_eq!(framing(&get(&headed, GZIP)), (Framing::Chunked, true));
    let pieces = server(|mut res| {
        for piece in text().as_bytes().chunks(7) {
            res.write(piece)?;
        }
        res.end("")
    });
    let answer = get(&pieces, GZIP);
    assert_eq!(framing(&answer), (Framing::Chunked, true));
    assert!(
        answer
            .chunks
            .iter()
            .all(|&bytes| bytes > 0 && bytes <= 16 * 1024)
    );
    let old = asked(&pieces, "GET / HTTP/1.0", GZIP);
    assert_eq!(framing(&old), (Framing::Length, true));
    let old = asked(&whole, "GET / HTTP/1.0", GZIP);
    assert_eq!(framing(&old), (Framing::Length, true));
}

/// A body that does not get smaller leaves in pieces, however large it is.
#[test]
fn row_h05_compressed_large_bodies() {
    let mut noise = crate::support::Random::new(5);
    let large: Vec<u8> = (0..1_000_000).map(|_| noise.below(256) as u8).collect();
    let expected = large.clone();
    let server = server(move |mut res| {
        res.write(&large)?;
        res.end(&large)
    });
    let answer = get(&server, GZIP);
    assert!(answer.chunks.len() > 100);
    assert_eq!(
        gunzip(&answer.body, true),
        [&expected[..], &expected].concat()
    );
    let old = asked(&server, "GET / HTTP/1.0", GZIP);
    assert!((old.framing, old.body) == (Framing::UntilClose, answer.body));
}

#[test]
fn row_h05_compressed_trailers_follow() {
    let server = server(|mut res| {
        res.add_trailer("X-Sum", "1")?;
        res.write(text())?;
        res.end("")
    });
    let answer = get(&server, GZIP);
    assert_eq!(answer.trailers, [("X-Sum".to_owned(), "1".to_owned())]);
    assert_eq!(content(&answer), text());
}

/// What has no body, a part of one or a coding already stays as it is.
#[test]
fn row_h05_compressed_not_again_and_not_in_parts() {
    type Case = (u16, &'static [(&'static str, &'static str)], &'static str);
    let cases: [Case; 6] = [
        (204, &[], ""),
        (205, &[], ""),
        (304, &[("ETag", "\"7\"")], ""),
        (
            206,
            &[("Content-Range", "bytes 0-3/9"), ("ETag", "\"7\"")],
            "part",
        ),
        (
            200,
            &[("Content-Encoding", "br"), ("ETag", "\"7\"")],
            "coded",
        ),
        (302, &[("Location", "/")], ""),
    ];
    for (status, fields, body) in cases {
        let server = server(move |res| res.write_head(status, fields)?.end(body));
        let answer = get(&server, GZIP);
        assert_eq!((answer.status, answer.text()), (status, body));
        assert_eq!(answer.field("Vary"), Some("Accept-Encoding"), "{status}");
        let coding = fields.iter().find(|field| field.0 == "Content-Encoding");
        assert_eq!(
            answer.field("Content-Encoding"),
            coding.map(|field| field.1)
        );
        let tag = (fields.iter().any(|field| field.0 == "ETag")).then_some(match status {
            304 => "W/\"7\"",
            _ => "\"7\"",
        });
        assert_eq!(answer.field("ETag"), tag, "{status}");
    }
}

/// E29: a declared length holds, although it is not sent.
#[test]
fn erratum_e29_compressed_lengths_are_checked() {
    for (declared, fits) in [(5, true), (4, false), (6, false)] {
        for in_pieces in [false, true] {
            let server = server(move |mut res| {
                res.set_header("Content-Length", declared)?;
                if in_pieces {
                    res.write("hel")?;
                    return res.end("lo");
                }
                res.end("hello")
            });
            let answer = get(&server, GZIP);
            assert_eq!(answer.status, if fits { 200 } else { 500 }, "{declared}");
            if fits {
                assert_eq!(content(&answer), "hello");
            }
        }
    }
}

/// Each event is here while the handler waits.
#[test]
fn row_h05_flush_sends_what_was_compressed() {
    watched(|| {
        let seen = Gate::default();
        let until_seen = seen.clone();
        let site = Site::new(server(move |mut res| {
            res.flush()?;
            res.write("data: one\n\n")?;
            res.flush()?;
            res.flush()?;
            until_seen.pass();
            res.write("data: two\n\n")?;
            res.end("")
        }));
        let mut client = site.client();
        client.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{GZIP}\r\n"));
        assert_eq!(client.head().field("Content-Encoding"), Some("gzip"));
        let mut stream = chunk(&mut client);
        assert_eq!(gunzip(&stream, false), b"data: one\n\n");
        assert!(client.has_nothing(), "a flush without data sends nothing");
        seen.open();
        stream.extend(chunks(&mut client));
        assert_eq!(gunzip(&stream, true), b"data: one\n\ndata: two\n\n");
    });
}

/// All chunks up to the last one.
fn chunks(client: &mut Client) -> Vec<u8> {
    let next = || Some(chunk(client)).filter(|chunk| !chunk.is_empty());
    std::iter::from_fn(next).flatten().collect()
}

fn chunk(client: &mut Client) -> Vec<u8> {
    let mut size = Vec::new();
    while !size.ends_with(b"\r\n") {
        size.extend(client.try_exactly(1).expect("a size"));
    }
    let size = std::str::from_utf8(&size).expect("digits");
    let size = usize::from_str_radix(size.trim_end(), 16).expect("hex digits");
    let mut data = client.try_exactly(size + 2).expect("a chunk");
    assert_eq!(data.split_off(size), b"\r\n");
    data
}

#[test]
fn row_h05_compress_comes_before_the_head() {
    let answer = reply(|res| {
        let res = res.write_head(200, ())?;
        res.end("")
    });
    assert_eq!(answer.field("Vary"), None);
    let server = http::create_server(|req: Request<'_>, res: Response<'_>| {
        let mut res = res.write_head(200, ())?;
        let late = res.compress(&req).map(|_| ());
        assert!(matches!(late, Err(Error::Misuse(_))));
        res.end("plain")
    });
    let answer = get(&server, GZIP);
    assert_eq!(
        (answer.text(), answer.field("Content-Encoding")),
        ("plain", None)
    );
}

/// The response in place of one that failed begins anew.
#[test]
fn row_h05_compressed_and_failed() {
    let server = server(|mut res| {
        res.write(text())?;
        Err("on purpose".into())
    });
    let answer = get(&server, GZIP);
    assert_eq!(answer.status, 500, "nothing had left yet");
    assert_eq!(
        (answer.field("Content-Encoding"), answer.field("Vary")),
        (None, None)
    );
}

/// Clients that read nothing have compressors, more than the pool keeps, and delay nobody. When one of them reads, a few
/// bytes at a time, it gets all; one that never does is cut.
#[test]
fn row_h05_compressed_for_clients_that_do_not_read() {
    const CLIENTS: usize = 10;
    fn noise() -> String {
        let mut random = Random::new(7);
        let letter = |_| char::from(b'0' + random.below(64) as u8);
        (0..100_000).map(letter).collect()
    }
    let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{GZIP}\r\n");
    watched(move || {
        let patient = server(|res| res.end(noise()));
        thread::scope(|scope| {
            let ask = |server| {
                let (here, there) = pipe_with_capacity(1000);
                scope.spawn(move || Server::serve(server, Arc::new(there)));
                let mut client = Client::over(Arc::new(here));
                client.send(&request);
                client
            };
            let mut clients: Vec<_> = (0..CLIENTS).map(|_| ask(&patient)).collect();
            for client in &mut clients {
                assert_eq!(client.head().field("Content-Encoding"), Some("gzip"));
            }
            for mut client in clients.into_iter().rev() {
                let mut other = ask(&patient);
                assert_eq!(content(&other.answer()), noise());
                other.finish();
                assert_eq!(gunzip(&chunks(&mut client), true), noise().into_bytes());
                client.finish();
            }
        });
        let (ended, how) = channel();
        let strict = server(move |res: Response<'_>| {
            let sent = res.end(noise());
            let _ = ended.send(format!("{sent:?}"));
            sent
        });
        let strict = strict.stall_timeout(Duration::from_millis(20));
        over_pipe(&strict, 1000, |mut client| {
            client.send(&request);
            let how = how
                .recv_timeout(PATIENCE)
                .expect("it does not wait for ever");
            assert!(how.contains("TimedOut"), "{how}");
        });
    });
}

/// The next request on the connection gets what it asks for.
#[test]
fn row_h05_compressed_one_after_another() {
    let server = server(|res| res.end(text()));
    let requests = ["gzip", "identity", "gzip"]
        .map(|coding| format!("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: {coding}\r\n\r\n"));
    let found = answers(server.answer_to(requests.concat().as_bytes()), &["GET"; 3]);
    let codings = found
        .iter()
        .map(|answer| answer.field("Content-Encoding").is_some());
    assert_eq!(codings.collect::<Vec<_>>(), [true, false, true]);
    assert!(found.iter().all(|answer| content(answer) == text()));
}
