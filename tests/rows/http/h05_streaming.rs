//! H05, first half: what is written leaves when it is written.

use crate::support::{Gate, Log, Site, post, reply, request, watched};
use barewire::http::{self, Error, Request};
use std::io::{self, Write};

/// The client has the first piece while the handler still waits for the client.
#[test]
fn row_h05_write_streams() {
    watched(|| {
        let seen = Gate::default();
        let until_seen = seen.clone();
        let site = Site::new(http::create_server(move |_req, mut res| {
            res.write("first")?;
            until_seen.pass();
            res.write("second")?;
            res.end("third")
        }));
        let mut client = site.client();
        client.send(request("GET", "/"));
        assert_eq!(client.head().status, 200);
        client.exactly("5\r\nfirst\r\n");
        seen.open();
        client.exactly("6\r\nsecond\r\n5\r\nthird\r\n0\r\n\r\n");
    });
}

#[test]
fn row_h05_flush_sends_the_head() {
    watched(|| {
        let seen = Gate::default();
        let until_seen = seen.clone();
        let site = Site::new(http::create_server(move |_req, res| {
            let mut res = res.write_head(200, [("Content-Length", "5")])?;
            res.flush()?;
            until_seen.pass();
            res.end("Hello")
        }));
        let mut client = site.client();
        client.send(request("GET", "/"));
        assert_eq!(client.head().field("Content-Length"), Some("5"));
        seen.open();
        client.exactly("Hello");
    });
}

/// Without `flush` the head waits for the first byte of the body: they leave together.
#[test]
fn row_h05_write_head_alone_sends_nothing() {
    watched(|| {
        let (log, looked) = (Log::default(), Gate::default());
        let (notes, until_looked) = (log.clone(), looked.clone());
        let site = Site::new(http::create_server(move |_req, res| {
            let res = res.write_head(200, ())?;
            notes.note("head");
            until_looked.pass();
            res.end("Hello")
        }));
        let mut client = site.client();
        client.send(request("GET", "/"));
        log.wait_for("head");
        assert!(client.has_nothing());
        looked.open();
        assert_eq!(client.answer().text(), "Hello");
    });
}

#[test]
fn row_h05_end_finishes_with_or_without_data() {
    let answer = reply(|mut res| {
        res.write("Hello")?;
        res.end("")
    });
    assert_eq!(answer.chunks, [5]);
    let answer = reply(|mut res| {
        res.write("Hello ")?;
        res.end("World")
    });
    assert_eq!(answer.chunks, [6, 5]);
}

/// The client has its answer; what the handler does then is its own business.
#[test]
fn row_h05_end_does_not_wait_for_the_handler_to_return() {
    watched(|| {
        let seen = Gate::default();
        let until_seen = seen.clone();
        let site = Site::new(http::create_server(move |mut req: Request<'_>, res| {
            let body = req.collect()?.to_vec();
            res.end(body)?;
            until_seen.pass();
            Ok::<(), Error>(())
        }));
        let mut client = site.client();
        client.send(post("/", "answered"));
        assert_eq!(client.answer().text(), "answered");
        client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        seen.open();
        client.send("4\r\nlast\r\n0\r\n\r\n");
        assert_eq!(client.answer().text(), "last");
    });
}

/// A response is a writer: `writeln!`, `io::copy` and what else there is for writers.
#[test]
fn row_h05_a_response_is_a_writer() {
    let answer = reply(|mut res| {
        writeln!(res, "Hello {}", "World".to_uppercase())?;
        io::copy(&mut &b"copied\n"[..], &mut res)?;
        Write::flush(&mut res)?;
        res.end("")
    });
    assert_eq!(answer.text(), "Hello WORLD\ncopied\n");
    assert_eq!(answer.chunks.iter().sum::<usize>(), 19);
}

/// A misuse that goes through the writer's face is still the same misuse.
#[test]
fn row_h05_a_writers_error_keeps_its_reason() {
    let answer = reply(|res| {
        let mut res = res.write_head(200, [("Content-Length", "2")])?;
        let error = Write::write_all(&mut res, b"Hello").expect_err("too long");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let back = Error::from(error);
        assert!(matches!(back, Error::Misuse(_)), "{back:?}");
        res.end("ok")
    });
    assert_eq!(answer.text(), "ok");
}

/// More than all buffers on the way hold: the handler waits for the client, and nothing is lost.
#[test]
fn row_h05_a_large_answer_waits_for_its_reader() {
    watched(|| {
        const PIECES: usize = 300;
        let site = Site::new(http::create_server(|_req, mut res| {
            let piece = vec![b'x'; 100_000];
            for _ in 0..PIECES {
                res.write(&piece)?;
            }
            res.end("")
        }));
        let answer = site.get("/");
        assert_eq!(answer.chunks, [100_000; PIECES]);
        assert!(answer.body.iter().all(|&byte| byte == b'x'));
    });
}
