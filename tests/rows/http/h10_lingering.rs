//! H10, third part: the answer arrives.
//!
//! A server that closes while the client still sends makes its kernel answer with a reset, and a
//! reset makes the client's kernel throw away what its program has not read: the very answer
//! that says what was wrong. So the server half-closes, and reads and drops for a while.

use crate::support::{Client, Site, over_pipe, request, watched};
use barewire::http::{self, Events, Request, Server};
use std::time::{Duration, Instant};

const MEGABYTE: usize = 1 << 20;
const HOUR: Duration = Duration::from_secs(3600);

fn collecting() -> Server<impl Events> {
    http::create_server(|mut req: Request<'_>, res| res.end(req.collect()?))
}

/// The head, then four megabytes, and only then does the client look for an answer.
#[track_caller]
fn answer_arrives(server: Server<impl Events>, head: &str, status: u16) {
    let head = head.to_owned();
    watched(move || {
        let site = Site::new(server);
        let mut client = site.client();
        client.send(head);
        for _ in 0..4 {
            client.send(vec![b'x'; MEGABYTE]);
        }
        let answer = client.answer();
        assert_eq!(answer.status, status);
        client.ended();
    });
}

/// A body that is refused by its length alone.
#[test]
fn row_h10_413_arrives_while_the_client_sends() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n";
    answer_arrives(collecting(), head, 413);
}

#[test]
fn row_h10_400_arrives_while_the_client_sends() {
    let head = "POST / HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n";
    answer_arrives(collecting(), head, 400);
}

#[test]
fn row_h10_a_bad_chunk_is_answered_while_the_client_sends() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    answer_arrives(collecting(), head, 400); // `xxx…` is no chunk size
}

/// The handler did not want the body, and more of it comes than is worth skipping.
#[test]
fn row_h10_an_answer_without_reading_arrives_while_the_client_sends() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n";
    let server = http::create_server(|_req, mut res| {
        res.set_status(403)?;
        res.end("not here")
    });
    answer_arrives(server, head, 403);
}

/// The lingering close ends after `linger_bytes`.
#[test]
fn row_h10_lingering_is_bounded_by_bytes() {
    watched(|| {
        let server = collecting().linger_bytes(100_000).linger_timeout(HOUR);
        let site = Site::new(server);
        let mut client = site.client();
        client.send("POST / HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n");
        // It would go on for ever. Only the server can end this loop, and by bytes alone.
        while client.try_send(vec![b'x'; MEGABYTE]).is_ok() {}
    });
}

/// It ends after `linger_timeout`, also if the client sends nothing more and does not close.
#[test]
fn row_h10_lingering_is_bounded_by_time() {
    watched(|| {
        let timeout = Duration::from_millis(100);
        let server = collecting().linger_bytes(u64::MAX).linger_timeout(timeout);
        let (here, there) = barewire::net::pipe();
        let mut client = Client::over(std::sync::Arc::new(here));
        client.send("bad\r\n\r\n");
        let began = Instant::now();
        server.serve(std::sync::Arc::new(there)); // returns, although the client is still there
        assert!(began.elapsed() >= timeout);
        assert_eq!(client.answer().status, 400);
        client.ended();
    });
}

/// A client that goes on sending all the time does not prolong it.
#[test]
fn row_h10_lingering_does_not_begin_anew_with_each_byte() {
    watched(|| {
        let timeout = Duration::from_millis(100);
        let server = collecting().linger_bytes(u64::MAX).linger_timeout(timeout);
        over_pipe(&server, 1024, |mut client| {
            client.send("bad\r\n\r\n");
            assert_eq!(client.answer().status, 400);
            while client.try_send("x").is_ok() {
                std::thread::yield_now();
            }
        });
    });
}

/// A client that leaves, as most do, ends it at once.
#[test]
fn row_h10_lingering_ends_when_the_client_leaves() {
    watched(|| {
        let site = Site::new(collecting().linger_timeout(HOUR));
        let mut client = site.client();
        client.send("bad\r\n\r\n");
        assert_eq!(client.answer().status, 400);
        client.ended();
        drop(client);
        assert_eq!(site.handle.shutdown(HOUR).cut, 0);
    });
}

/// Its answer has been sent, so a stop may end it; that is counted like any other cut.
#[test]
fn row_h10_lingering_is_cut_when_a_stop_has_no_more_time() {
    watched(|| {
        let site = Site::new(collecting().linger_timeout(HOUR));
        let mut client = site.client();
        client.send(request("GET", "/") + "bad\r\n\r\n");
        assert_eq!((client.answer().status, client.answer().status), (200, 400));
        client.ended();
        assert_eq!(site.handle.shutdown(Duration::from_millis(50)).cut, 1);
    });
}
