//! Bodies, both ways: written in pieces or at once, read as they come or collected, as bytes or as text.

use super::peer::Peer;
use super::test_server::{TestServer, get, responding};
use crate::support::{End, Log, Script, Site, watched};
use barewire::http::wire::{Misuse, Rule};
use barewire::http::{self, Agent, ClientRequest, ClientResponse, Error, RequestOptions};
use barewire::text::Encoding;
use std::io::{BufRead, BufReader, Read, Write};

/// Notes the framing of each body, and sends it back.
fn echoing(log: &Log) -> impl Fn(Peer) + Send + Sync + 'static {
    let log = log.clone();
    move |mut peer| {
        while let Some(received) = peer.request() {
            let length = received.field("Content-Length").map(str::to_owned);
            log.note(match (length, received.field("Transfer-Encoding")) {
                (Some(length), None) => length,
                (None, Some(_)) => format!("{:?} {:?}", received.chunks, received.trailers),
                (None, None) => "no body".to_owned(),
                both => format!("{both:?}"),
            });
            let length = received.body.len();
            peer.send(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
            ));
            peer.send(&received.body);
        }
    }
}

fn post(server: &TestServer) -> ClientRequest {
    http::request(server.options().method("POST")).unwrap()
}

#[test]
fn row_a02_written_at_once_or_in_pieces() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::new(echoing(&log));
        let body = |response: Result<ClientResponse, Error>| {
            let bytes = response.unwrap().collect().unwrap();
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(body(post(&server).end("深入")), "深入");
        assert_eq!(body(post(&server).end("")), "");
        assert_eq!(body(http::request(server.options()).unwrap().end("")), "");

        let mut request = post(&server);
        request.write("深入").unwrap();
        request.write("").unwrap();
        request.write("浅出").unwrap();
        assert_eq!(body(request.end("Node.js")), "深入浅出Node.js");

        let mut request = post(&server);
        request.set_content_length(4).unwrap();
        request.write("ab").unwrap();
        assert_eq!(body(request.end("cd")), "abcd");

        let mut request = post(&server);
        request.write_all(b"1-2").unwrap();
        assert_eq!(body(request.end("")), "1-2");
        let expected = ["6", "0", "no body", "[6, 6, 7] []", "4", "[3] []"];
        assert_eq!(log.all(), expected);
        assert_eq!(server.connections(), 1);
        server.end();
    });
}

#[test]
fn a_declared_length_is_enforced() {
    watched(|| {
        let server = TestServer::new(|mut peer| {
            let sent = peer.until_closed();
            assert!(sent.is_empty() || sent.windows(6).any(|w| w == b"\r\n\r\nab"));
        });
        let declared = || {
            let mut request = post(&server);
            request.set_content_length(4).unwrap();
            request
        };
        let mut request = declared();
        request.write("ab").unwrap();
        let more = request.write("cde");
        assert!(matches!(more, Err(Error::Misuse(Misuse::BodyTooLong))));
        let short = request.end("");
        assert!(matches!(short, Err(Error::Misuse(Misuse::BodyTooShort))));
        let other = declared().end("abc");
        assert!(matches!(other, Err(Error::Misuse(Misuse::Framing))));
        let mut trailing = declared();
        trailing.add_trailer("Digest", "x").unwrap();
        let unchunked = trailing
            .write("abcd")
            .and_then(|()| trailing.end("").map(drop));
        assert!(matches!(
            unchunked,
            Err(Error::Misuse(Misuse::TrailerWithoutChunked))
        ));
        server.end();
    });
}

#[test]
fn a_declared_length_can_be_set_again_before_the_head_and_not_after_it() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::new(echoing(&log));
        let mut request = http::request(server.options().method("PUT").http_1_0()).unwrap();
        let set = request.set_content_length(u64::MAX).unwrap();
        set.set_content_length(2).unwrap();
        request.write("a").unwrap();
        let late = request.set_content_length(3).map(drop);
        assert!(matches!(late, Err(Error::Misuse(Misuse::HeadSent))));
        assert_eq!(request.end("b").unwrap().collect().unwrap(), b"ab");
        assert_eq!(log.all(), ["2"]);
        server.end();
    });
}

#[test]
fn no_field_can_be_changed_after_the_first_piece() {
    watched(|| {
        let server = TestServer::new(echoing(&Log::default()));
        let mut request = post(&server);
        request
            .set_header("A", "1")
            .unwrap()
            .set_header("B", "2")
            .unwrap();
        assert!(request.remove_header("a").unwrap());
        assert_eq!(
            (request.get_header("A"), request.get_header("b")),
            (None, Some("2"))
        );
        request.write("body").unwrap();
        let late = request.set_header("C", "3").map(drop);
        assert!(matches!(late, Err(Error::Misuse(Misuse::HeadSent))));
        assert!(matches!(
            request.remove_header("B"),
            Err(Error::Misuse(Misuse::HeadSent))
        ));
        assert_eq!(request.end("").unwrap().collect().unwrap(), b"body");
        server.end();
    });
}

#[test]
fn a_body_that_is_no_text_is_the_servers_fault() {
    watched(|| {
        let response = [b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na\xffb".as_slice()].concat();
        let server = TestServer::new(responding(response));
        let error = get(&server.options()).collect_text().unwrap_err();
        let Error::Peer(rule) = &error else {
            panic!("{error:?}")
        };
        assert_eq!((rule.rule(), rule.at()), (Rule::ContentNotUtf8, 1));
        assert_eq!(error.status(), 502);
        assert_eq!(server.idle(), 1, "the body was read to its end");
        server.end();
    });
}

#[test]
fn trailers_both_ways() {
    watched(|| {
        let log = Log::default();
        let echo = echoing(&log);
        let server = TestServer::new(echo);
        for body in ["body", ""] {
            let mut request = post(&server);
            request.add_trailer("Digest", "x").unwrap();
            request.end(body).unwrap().collect().unwrap();
        }
        let mut request = post(&server);
        request.add_trailer("Content-Length", "4").unwrap();
        assert!(matches!(
            request.end("body"),
            Err(Error::Misuse(Misuse::Trailer))
        ));
        let options = server
            .options()
            .method("POST")
            .header("Content-Length", "4");
        let mut request = http::request(options).unwrap();
        request.add_trailer("Digest", "x").unwrap();
        let refused = request.end("body");
        assert!(matches!(
            refused,
            Err(Error::Misuse(Misuse::TrailerWithoutChunked))
        ));
        let expected = [r#"[4] ["Digest: x"]"#, r#"[] ["Digest: x"]"#];
        assert_eq!(log.all(), expected);
        server.end();

        let server = TestServer::new(|mut peer| {
            peer.expect_request();
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            peer.send("3\r\nabc\r\n0\r\nDigest: x\r\nExpires: never\r\n\r\n");
        });
        let mut response = get(&server.options());
        assert!(response.trailers().is_empty());
        let mut byte = [0; 1];
        while response.read(&mut byte).unwrap() > 0 {
            let left = response.trailers().len();
            assert!(left == 0 || byte == *b"c", "trailers before the end");
        }
        assert_eq!(response.trailers().get_str("digest"), Some("x"));
        assert_eq!(response.trailers().len(), 2);
        server.end();
    });
}

/// A response that comes in these pieces, one for each read.
fn pieces(pieces: &[&[u8]]) -> ClientResponse {
    let stream = Script::answering(pieces.iter().copied(), End::Close);
    let stream = std::sync::Mutex::new(Some(stream));
    let options = RequestOptions::new().no_agent();
    let options = options.create_connection(move |_: &http::Origin, _| {
        let stream = stream.lock().unwrap().take();
        Ok(http::Connected::new(stream.expect("one connection")))
    });
    get(&options)
}

#[test]
fn row_a02_set_encoding_never_cuts_a_character() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n";
    let text = "窗前明月光，疑是地上霜。𝄞";
    for cut in 0..=text.len() {
        let (one, other) = text.as_bytes().split_at(cut);
        for explicit in [true, false] {
            let mut response = pieces(&[head, one, other]);
            if explicit {
                response.set_encoding(Encoding::Utf8);
            }
            let mut read = String::new();
            while let Some(piece) = response.read_text().unwrap() {
                assert!(!piece.is_empty());
                read += piece;
            }
            assert_eq!(read, text, "cut at {cut}");
        }
    }
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for piece in 1..6 {
        let mut all: Vec<&[u8]> = vec![head];
        all.extend(utf16.chunks(piece));
        let mut response = pieces(&all);
        response.set_encoding(Encoding::Utf16Le);
        let mut read = String::new();
        while let Some(piece) = response.read_text().unwrap() {
            read += piece;
        }
        assert_eq!(read, text);
    }
}

#[test]
fn a_truncated_character_is_replaced_once() {
    let mut response = pieces(&[b"HTTP/1.1 200 OK\r\n\r\n", b"a\xe7\xaa"]);
    let mut read = String::new();
    while let Some(piece) = response.read_text().unwrap() {
        read += piece;
    }
    assert_eq!(read, "a\u{fffd}");
    assert_eq!(response.read_text().unwrap(), None);
}

#[test]
fn read_and_buf_read() {
    watched(|| {
        let response = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\none\ntwo\nfour";
        let mut response = pieces(&[response.as_bytes()]);
        let mut line = String::new();
        response.read_line(&mut line).unwrap();
        assert_eq!(line, "one\n");
        let mut some = [0; 2];
        response.read_exact(&mut some).unwrap();
        assert_eq!(&some, b"tw");
        assert_eq!(response.read(&mut []).unwrap(), 0); // an empty buffer is not the end
        let rest: Vec<String> = BufReader::new(&mut response)
            .lines()
            .map(Result::unwrap)
            .collect();
        assert_eq!(rest, ["o", "four"]);
        assert_eq!(response.read(&mut some).unwrap(), 0);
        assert_eq!(response.collect().unwrap(), b"");
    });
}

#[test]
fn collecting_has_a_limit() {
    watched(|| {
        let body = "x".repeat(20);
        let counted = format!("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{body}");
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let chunked = format!("{chunked}14\r\n{body}\r\n0\r\n\r\n");
        for response in [counted, chunked] {
            let server = TestServer::new(responding(response));
            let ask = || get(&server.options());
            assert_eq!(ask().collect_up_to(20).unwrap().len(), 20);
            match ask().collect_up_to(19) {
                Err(Error::Peer(error)) => assert_eq!(error.rule(), Rule::BodyTooLarge),
                other => panic!("{other:?}"),
            }
            server.end();
        }
    });
}

#[test]
fn large_bodies_arrive_both_ways() {
    watched(|| {
        let server = http::create_server(|mut req, res| {
            let mut body = Vec::new();
            req.read_to_end(&mut body)?;
            res.end(body)?;
            Ok::<(), http::Failure>(())
        });
        let site = Site::new(server);
        let agent = Agent::new(http::pool::Limits::default()).unwrap();
        let body: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        let options = RequestOptions::new()
            .hostname("127.0.0.1")
            .port(site.address().port().unwrap())
            .method("POST")
            .agent(&agent);
        for piece in [1, 4095, 4096, 65_537, body.len()] {
            let body = &body[..body.len().min(piece * 500)];
            let mut request = http::request(&options).unwrap();
            for piece in body.chunks(piece) {
                request.write(piece).unwrap();
            }
            let mut echo = Vec::new();
            let mut response = request.end("").unwrap();
            response.read_to_end(&mut echo).unwrap();
            assert!(echo == body, "pieces of {piece}");
            let mut response = http::request(&options).unwrap().end(body).unwrap();
            assert!(response.collect().unwrap() == body, "whole");
        }
        assert_eq!(agent.totals().sockets, 0);
        assert_eq!(agent.totals().free_sockets, 1);
    });
}

#[test]
fn a_response_has_every_part_of_its_head() {
    let response =
        b"HTTP/1.0 203 Non-Authoritative\xff\r\nA: 1\r\nSet-Cookie: x\r\nset-cookie: y\r\n\r\n";
    let response = pieces(&[response]);
    assert_eq!((response.status(), response.http_version()), (203, "1.0"));
    assert_eq!(response.reason(), "Non-Authoritative\u{fffd}");
    assert_eq!(response.header("a"), Some("1"));
    assert_eq!(response.headers().get_all("Set-Cookie").count(), 2);
    assert!(!response.is_upgraded());
    assert!(response.url().is_some());
    let timings = response.timings();
    assert!(!timings.reused && timings.total() >= timings.first_byte);
}

/// They may go from thread to thread.
#[test]
fn requests_and_responses_are_send() {
    fn is_send<T: Send>() {}
    is_send::<ClientRequest>();
    is_send::<ClientResponse>();
    is_send::<RequestOptions>();
    is_send::<Agent>();
}
