//! Bodies in gzip: asked for, decompressed while they are read, and never short.

use super::peer::Peer;
use super::test_server::{TestServer, get, responding};
use crate::support::{Gate, Log, Site, gzip, request, watched};
use barewire::deflate::{Flush, Gzip, Level};
use barewire::http::wire::{BodyLength, Rule};
use barewire::http::{self, ClientResponse, Error, Request, RequestOptions, Response};
use std::io::{BufRead, ErrorKind, Read};
use std::time::Duration;

const TEXT: &str = "深入浅出 Node.js ";

fn text() -> String {
    TEXT.repeat(3000)
}

fn options(server: &TestServer) -> RequestOptions {
    server.options().decompress(true)
}

/// A response with these lines of fields, whose length is known.
fn response(fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\n{fields}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn zipped(body: &[u8]) -> Vec<u8> {
    response("Content-Encoding: gzip\r\n", body)
}

/// The response to a request that asks for gzip.
fn received(bytes: Vec<u8>) -> (TestServer, ClientResponse) {
    let server = TestServer::new(responding(bytes));
    let response = get(&options(&server));
    (server, response)
}

#[test]
fn row_a02_gzip_is_asked_for_where_it_can_be_undone() {
    watched(|| {
        let log = Log::default();
        let notes = log.clone();
        let server = TestServer::new(move |mut peer: Peer| {
            while let Some(request) = peer.request() {
                notes.note(request.field("Accept-Encoding").unwrap_or("none"));
                peer.send(zipped(&gzip("a")));
            }
        });
        let ask = |options: RequestOptions| get(&options).collect().unwrap();
        assert_eq!(ask(server.options()), gzip("a"), "off by default");
        assert_eq!(ask(options(&server)), b"a");
        assert_eq!(ask(options(&server).decompress(false)), gzip("a"));
        let with = |name, value| ask(options(&server).header(name, value));
        assert_eq!(with("Range", "bytes=0-"), b"a", "the server ignores it");
        assert_eq!(with("accept-encoding", "gzip;q=0.5"), b"a");
        assert_eq!(log.all(), ["none", "gzip", "none", "none", "gzip;q=0.5"]);
    });
}

#[test]
fn row_a02_gzip_is_undone_however_it_comes() {
    watched(|| {
        let stream = gzip(text());
        let chunk =
            |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
        let chunks: Vec<u8> = stream.chunks(3).flat_map(chunk).collect();
        let two = [gzip("深入"), gzip("浅出")].concat();
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n";
        let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
        let chunked = [chunked.as_bytes(), &chunks, b"0\r\n\r\n"];
        for (bytes, expected) in [
            (zipped(&stream), &*text()),
            (response("content-encoding: X-GZip\r\n", &stream), &text()),
            (
                response("Content-Encoding: identity\r\n", b"plain"),
                "plain",
            ),
            (response("", b"plain"), "plain"),
            (chunked.concat(), &text()),
            (zipped(&two), "深入浅出"),
            (
                response("Content-Encoding: gzip, gzip\r\n", &gzip(&stream)),
                &text(),
            ),
            (
                response(
                    "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n",
                    &gzip(&stream),
                ),
                &text(),
            ),
        ] {
            let (server, mut response) = received(bytes.clone());
            assert_eq!(response.is_decompressed(), expected != "plain");
            assert_eq!(response.collect_text().unwrap(), expected);
            assert_eq!(server.idle(), 1, "the connection is used again");

            let (_server, mut response) = received(bytes.clone());
            let mut out = Vec::new();
            assert_eq!(response.read(&mut []).unwrap(), 0);
            response.read_to_end(&mut out).unwrap();
            assert_eq!(out, expected.as_bytes());

            let (_server, mut response) = received(bytes.clone());
            let mut out = String::new();
            while let Some(piece) = response.read_text().unwrap() {
                out += piece;
            }
            assert_eq!(out, expected);

            let (_server, mut response) = received(bytes);
            let (mut out, patience) = (Vec::new(), Duration::from_secs(20));
            while let Some(piece @ [_, ..]) = response.fill_buf_within(patience).unwrap() {
                out.push(piece[0]);
                response.consume(1);
            }
            assert_eq!(out, expected.as_bytes());
        }
        let ended = [head.as_bytes(), b"\r\n", &stream].concat();
        let server = TestServer::new(move |mut peer: Peer| {
            peer.request();
            peer.send(&ended);
        });
        assert_eq!(get(&options(&server)).collect_text().unwrap(), text());
    });
}

/// The fields say what came.
#[test]
fn row_a02_gzip_leaves_the_fields() {
    watched(|| {
        let stream = gzip(text());
        let (_server, response) = received(self::response(
            "ETag: \"a\"\r\nContent-Encoding: gzip\r\n",
            &stream,
        ));
        assert_eq!(response.header("Content-Encoding"), Some("gzip"));
        assert_eq!(response.header("ETag"), Some("\"a\""));
        assert_eq!(
            response.body_length(),
            BodyLength::Known(stream.len() as u64)
        );
    });
}

/// RFC 9112 §8 for what comes out: a stream that is cut anywhere is an error, and never a short success.
#[test]
fn row_a02_a_stream_that_ends_early_is_an_error() {
    watched(|| {
        let stream = [gzip("hello hello hello"), gzip("深入浅出")].concat();
        let whole = gzip("hello hello hello").len();
        for length in 1..stream.len() {
            let (server, mut response) = received(zipped(&stream[..length]));
            if length == whole {
                assert_eq!(response.collect().unwrap(), b"hello hello hello");
                continue;
            }
            let mut out = Vec::new();
            for _ in 0..2 {
                let error = response.read_to_end(&mut out).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{length}: {error}");
                let Error::Content(error) = Error::from(error) else {
                    panic!("{length}: the stream is to blame");
                };
                assert_eq!(error.rule().name(), "Unfinished");
            }
            drop((response, server));
        }
        let (_server, mut response) = received(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(),
        );
        assert!(
            matches!(response.collect(), Err(Error::Content(_))),
            "no stream at all"
        );
        let cut = zipped(&stream);
        let cut = cut[..cut.len() - 1].to_vec();
        let server = TestServer::new(move |mut peer: Peer| {
            peer.request();
            peer.send(&cut);
        });
        let error = get(&options(&server)).collect().unwrap_err();
        assert!(matches!(error, Error::Peer(error) if error.rule() == Rule::MessageTruncated));
    });
}

#[test]
fn row_a02_a_damaged_stream_never_gives_other_content() {
    watched(|| {
        let stream = gzip("hello hello hello");
        for at in 0..stream.len() {
            let mut damaged = stream.clone();
            damaged[at] ^= 0x10;
            let (server, mut response) = received(zipped(&damaged));
            match response.collect() {
                // Time, extra flags and system are of no consequence.
                Ok(content) => assert!((4..10).contains(&at) && content == b"hello hello hello"),
                Err(Error::Content(_)) => {
                    let again = response.read(&mut [0; 9]).unwrap_err();
                    let kinds = [ErrorKind::InvalidData, ErrorKind::UnexpectedEof];
                    assert!(kinds.contains(&again.kind()), "{at}: {again}");
                }
                Err(error) => panic!("{at}: {error}"),
            }
            drop((response, server));
        }
        let (_server, mut response) = received(zipped(&[&stream[..], b"more"].concat()));
        let error = response.collect().unwrap_err();
        assert!(
            matches!(error, Error::Content(error) if error.rule().name() == "GzipMagicMissing")
        );
    });
}

#[test]
fn row_a02_codings_that_were_not_asked_for_are_an_error_of_the_body() {
    watched(|| {
        let many = "gzip, gzip, gzip, gzip, gzip";
        for (value, rule) in [
            ("br", Rule::ContentCodingUnknown),
            ("gzip, br", Rule::ContentCodingUnknown),
            ("deflate, gzip", Rule::ContentCodingUnknown),
            (many, Rule::ContentCodingUnknown),
            ("gzip;q=1", Rule::ContentCodingInvalid),
        ] {
            let (_server, mut response) = received(self::response(
                &format!("Content-Encoding: {value}\r\n"),
                b"body",
            ));
            assert_eq!(
                (response.status(), response.header("Content-Encoding")),
                (200, Some(value))
            );
            assert!(!response.is_decompressed());
            for _ in 0..2 {
                let error = Error::from(response.read(&mut [0; 9]).unwrap_err());
                assert_eq!(error.status(), 502);
                assert!(
                    matches!(error, Error::Peer(error) if error.rule() == rule),
                    "{value}"
                );
            }
        }
    });
}

/// A part, or nothing at all, is no stream.
#[test]
fn row_a02_what_is_no_stream_stays_as_it_is() {
    watched(|| {
        let head = |status: &str, fields: &str| {
            format!("HTTP/1.1 {status}\r\nContent-Encoding: gzip\r\n{fields}\r\n").into_bytes()
        };
        let part = head(
            "206 Partial Content",
            "Content-Range: bytes 3-6/9\r\nContent-Length: 4\r\n",
        );
        for (bytes, method, body) in [
            ([&part[..], b"part"].concat(), "GET", "part"),
            (head("204 No Content", ""), "GET", ""),
            (head("304 Not Modified", "Content-Length: 9\r\n"), "GET", ""),
            (head("200 OK", "Content-Length: 9\r\n"), "HEAD", ""),
            (head("200 OK", "Transfer-Encoding: chunked\r\n"), "HEAD", ""),
            (head("200 OK", "Content-Length: 0\r\n"), "GET", ""),
        ] {
            let server = TestServer::new(responding(bytes));
            let mut response = get(&options(&server).method(method));
            assert!(!response.is_decompressed());
            assert_eq!(response.collect_text().unwrap(), body);
        }
    });
}

/// 10 GB out of 10 MB: a thousand members of ten million zeros each. It is refused where the limit is reached, and
/// no more than that is made.
#[test]
fn limit_of_what_comes_out_of_a_bomb() {
    watched(|| {
        let member = gzip(vec![0; 10_000_000]);
        let bomb = member.repeat(1000);
        let (server, mut bombed) = received(zipped(&bomb));
        let error = bombed.collect_up_to(100_000).unwrap_err();
        assert!(matches!(error, Error::Peer(error) if error.rule() == Rule::BodyTooLarge));
        drop((bombed, server));

        let twice = gzip(&bomb[..100 * member.len()]);
        let (_server, mut response) =
            received(self::response("Content-Encoding: gzip, gzip\r\n", &twice));
        let mut some = vec![1; 100_000];
        response.read_exact(&mut some).unwrap();
        assert!(some.iter().all(|&byte| byte == 0));
    });
}

/// What the server has flushed is here while it waits.
#[test]
fn row_a02_gzip_streams() {
    watched(|| {
        let seen = Gate::default();
        let until_seen = seen.clone();
        let server = TestServer::new(move |mut peer: Peer| {
            peer.request();
            let (mut gzip, mut out) = (Gzip::new(Level::Normal), Vec::new());
            gzip.gzip(b"data: one\n\n", Flush::Sync, &mut out, 1000);
            peer.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
            peer.send(&out);
            until_seen.pass();
            out.clear();
            gzip.gzip(b"data: two\n\n", Flush::Finish, &mut out, 1000);
            peer.send(&out);
        });
        let mut response = get(&options(&server));
        let mut event = String::new();
        response.read_line(&mut event).unwrap();
        assert_eq!(event, "data: one\n");
        assert_eq!(
            response.fill_buf_within(Duration::ZERO).unwrap(),
            Some(&b"\n"[..])
        );
        response.consume(1);
        assert_eq!(
            response.fill_buf_within(Duration::from_millis(5)).unwrap(),
            None
        );
        seen.open();
        assert_eq!(response.collect_text().unwrap(), "data: two\n\n");
    });
}

#[test]
fn row_a02_gzip_is_asked_for_again_by_a_redirect() {
    watched(|| {
        let log = Log::default();
        let notes = log.clone();
        let server = TestServer::new(move |mut peer: Peer| {
            while let Some(request) = peer.request() {
                let accept = request.field("Accept-Encoding").unwrap_or("none");
                notes.note(format_args!("{} {accept}", request.target()));
                let there = "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\ngone";
                match request.target() {
                    "/there" => peer.send(zipped(&gzip("here"))),
                    _ => peer.send(there),
                }
            }
        });
        let mut response = get(&options(&server).max_redirects(1));
        assert_eq!(response.collect().unwrap(), b"here");
        assert_eq!(log.all(), ["/ gzip", "/there gzip"]);
    });
}

/// A handler that passes on what another server has damaged answers 502.
#[test]
fn row_a02_damage_is_the_fault_of_the_other_server() {
    watched(|| {
        let behind = TestServer::new(responding(zipped(b"no stream")));
        let options = options(&behind);
        let site = Site::new(http::create_server(
            move |_: Request<'_>, res: Response<'_>| {
                let body = http::request(&options)?.end("")?.collect()?;
                res.end(body)
            },
        ));
        let mut client = site.client();
        client.send(request("GET", "/"));
        assert_eq!(client.answer().status, 502);
    });
}
