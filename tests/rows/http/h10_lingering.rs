//! H10, third part: the answer arrives.
//!
//! A server that closes while the client still sends makes its kernel answer with a reset, and a
//! reset makes the client's kernel throw away what its program has not read: the very answer
//! that says what was wrong. So the server half-closes, and reads and drops for a while.

use crate::https::stage as tls;
use crate::support::{Client, Gate, Log, Site, over_pipe, post, watched};
use barewire::http::{self, Config, Error, Handled, Request, Response, Server, ServerEvents};
use barewire::net::Handle;
use std::time::{Duration, Instant};

const MEGABYTE: usize = 1 << 20;
const HOUR: Duration = Duration::from_secs(3600);

fn collecting() -> Server<impl ServerEvents> {
    http::create_server(|mut req: Request<'_>, res| res.end(req.collect()?))
}

/// The head, then four megabytes, and only then does the client look for an answer.
#[track_caller]
fn answer_arrives(server: Server<impl ServerEvents>, head: &str, status: u16) {
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

/// A client that reads only when all of its body has gone, which is hardly more than is collected: wget does so.
#[test]
fn row_h10_413_arrives_after_a_whole_body() {
    watched(|| {
        let site = Site::new(collecting());
        let mut client = site.client();
        let body = "x".repeat(Config::default().collected_body_bytes + MEGABYTE);
        client.send(post("/", &body));
        let answer = client.answer();
        assert_eq!(answer.status, 413);
        client.ended();
    });
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

/// A client that goes on sending all the time prolongs it, but not for ever: 15 times.
#[test]
fn row_h10_lingering_ends_although_bytes_come() {
    watched(|| {
        let timeout = Duration::from_millis(20);
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

/// What leaves a connection waiting behind its complete response: the rest of a body that is dropped, or the
/// client's end. A stop does not wait for either.
const ENDINGS: [(&str, &str, u16); 10] = [
    (
        "the rest of a body",
        "POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome",
        403,
    ),
    (
        "the rest of chunks",
        "POST /refused HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nso",
        403,
    ),
    (
        "a body that is too long",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\nsome",
        413,
    ),
    (
        "a body that is not dropped",
        "POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\nsome",
        403,
    ),
    (
        "a body behind no 100",
        "POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n",
        403,
    ),
    (
        "another expectation",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: x\r\n\r\nsome",
        417,
    ),
    (
        "the client's close",
        "GET /refused HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nmore",
        403,
    ),
    ("no request", "bad\r\n\r\nmore", 400),
    (
        "an upgrade that is refused",
        "POST /refused HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 9\r\n\r\nsome",
        403,
    ),
    (
        "a tunnel that is refused",
        "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nmore",
        405,
    ),
];

fn refusing() -> Server<impl ServerEvents> {
    let server = http::create_server(|mut req: Request<'_>, mut res: Response<'_>| {
        if req.path() == "/refused" {
            res.set_status(403)?;
            return res.end("not here");
        }
        res.end(req.collect()?)
    });
    let server = server.linger_timeout(HOUR).stall_timeout(HOUR);
    server.keep_alive_timeout(None).head_timeout(HOUR)
}

/// Waits for the gate before every response.
struct Held {
    log: Log,
    gate: Gate,
}

impl Held {
    fn respond(&self, mut res: Response<'_>, status: u16) -> Handled {
        self.log.note("asked");
        self.gate.pass();
        res.set_status(status)?;
        res.end("held")
    }
}

impl ServerEvents for Held {
    fn request(&self, mut req: Request<'_>, res: Response<'_>) -> Handled {
        if req.path() != "/refused" {
            req.collect()?;
        }
        self.respond(res, 403)
    }
    fn connect(&self, _req: Request<'_>, res: Response<'_>) -> Handled {
        self.respond(res, 405)
    }
    fn client_error(&self, error: &Error, res: Response<'_>) -> Handled {
        self.respond(res, error.status())
    }
}

#[test]
fn fault_b03_a_stop_waits_for_no_connection_whose_response_is_complete() {
    watched(|| {
        for (what, bytes, status) in ENDINGS {
            let stopped = |mut client: Client, handle: &Handle| {
                client.send(bytes);
                assert_eq!(client.answer().status, status, "{what}");
                assert_eq!(handle.shutdown(HOUR).cut, 0, "{what}");
                client.ended();
            };
            let site = Site::new(refusing());
            stopped(site.client(), &site.handle);
            let site = tls::Site::new(refusing());
            stopped(site.client(), &site.handle);
        }
    });
}

/// The same if the stop came first, while the response was being made.
#[test]
fn fault_b03_a_response_after_the_stop_ends_its_connection() {
    watched(|| {
        for (what, bytes, status) in ENDINGS {
            let (log, gate) = (Log::default(), Gate::default());
            let server = http::create_server_with(Held {
                log: log.clone(),
                gate: gate.clone(),
            });
            let site = Site::new(server.linger_timeout(HOUR).stall_timeout(HOUR));
            let mut client = site.client();
            client.send(bytes);
            log.wait_for("asked");
            site.handle.stop();
            gate.open();
            assert_eq!(client.answer().status, status, "{what}");
            assert_eq!(site.handle.shutdown(HOUR).cut, 0, "{what}");
            client.ended();
        }
    });
}

/// A stop that comes when the rest of the body is here disturbs nothing.
#[test]
fn fault_b03_a_body_that_was_dropped_leaves_the_connection() {
    watched(|| {
        let site = Site::new(refusing());
        let mut client = site.client();
        let (bytes, rest) = (ENDINGS[0].1, "x".repeat(96));
        for _ in 0..3 {
            client.send(bytes);
            assert_eq!(client.answer().status, 403);
            client.send(&rest);
        }
        client.send(post("/", "body"));
        assert_eq!(client.answer().text(), "body");
        assert_eq!(site.handle.shutdown(HOUR).cut, 0);
        client.ended();
    });
}
