//! Deadlines: one for the whole request, and one for each phase. A test checks that a wait ends, and by
//! which deadline; the watchdog ends a wait that does not.

use super::peer::Peer;
use super::test_server::TestServer;
use crate::support::watched;
use barewire::http::pool::Limits;
use barewire::http::{self, ClientResponse, Error, RequestOptions, Timeouts};
use std::io::ErrorKind;
use std::os::unix::net::UnixListener;
use std::thread;
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(80);
const LONG: Duration = Duration::from_secs(3600);

/// No deadline passes.
fn patient() -> Timeouts {
    Timeouts {
        total: None,
        queue: Some(LONG),
        connect: LONG,
        stall: LONG,
        min_bytes_per_second: 0,
        expect: LONG,
        head: LONG,
    }
}

fn all_in(total: Duration) -> Timeouts {
    Timeouts {
        total: Some(total),
        ..patient()
    }
}

/// How a slow response begins, and what is then sent again and again until the client closes.
const DRIPS: &[(&str, &str, &str)] = &[
    ("nothing", "", ""),
    ("a status line", "HTTP/1.1 200 ", "x"),
    ("a field's name", "HTTP/1.1 200 OK\r\n", "x"),
    ("a field's value", "HTTP/1.1 200 OK\r\nA: ", " "),
    ("fields", "HTTP/1.1 200 OK\r\n", "A: b\r\n"),
    ("half of a head", "HTTP/1.1 200 OK\r\n", ""),
    ("interim responses", "", "HTTP/1.1 103 Early Hints\r\n\r\n"),
    (
        "an interim response",
        "HTTP/1.1 103 Early Hints\r\n",
        "A: b\r\n",
    ),
];

const BODY_DRIPS: &[(&str, &str, &str)] = &[
    (
        "no body",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
        "",
    ),
    (
        "a known length",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        "x",
    ),
    ("until close", "HTTP/1.1 200 OK\r\n\r\n", "x"),
    (
        "a chunk",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n",
        "x",
    ),
    (
        "chunks",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "1\r\nx\r\n",
    ),
    (
        "a chunk's size",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0000",
        "",
    ),
    (
        "a chunk's extension",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
        "x",
    ),
    (
        "a trailer",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ",
        "x",
    ),
    (
        "trailers",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        "A: b\r\n",
    ),
];

/// Sends far less than 256 bytes a second, but never stalls.
fn dripping(begin: &'static str, drip: &'static str) -> TestServer {
    TestServer::new(move |mut peer| {
        if peer.head().is_none() || !peer.try_send(begin) {
            return;
        }
        if drip.is_empty() {
            return drop(peer.until_closed());
        }
        while peer.try_send(drip) {
            thread::sleep(Duration::from_millis(40));
        }
    })
}

fn ask(options: RequestOptions) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    let mut response: ClientResponse = http::request(options)?.end("")?;
    std::io::Read::read_to_end(&mut response, &mut body)?;
    Ok(body)
}

#[track_caller]
fn timed_out<T>(result: Result<T, Error>, says: &str, what: &str) {
    match result {
        Err(Error::Io(error)) if error.kind() == ErrorKind::TimedOut => {
            assert!(error.to_string().contains(says), "{what}: {error}");
        }
        Err(error) => panic!("{what}: {error:?}"),
        Ok(_) => panic!("{what}: no error"),
    }
}

#[test]
fn the_total_covers_every_phase() {
    watched(|| {
        for (what, begin, drip) in DRIPS.iter().chain(BODY_DRIPS) {
            let server = dripping(begin, drip);
            let began = Instant::now();
            let result = ask(server.options().timeouts(all_in(SHORT)));
            timed_out(result, "the request took longer than 80ms", what);
            assert!(began.elapsed() >= SHORT, "{what}");
            server.end();
        }
    });
}

#[test]
fn a_head_has_a_deadline_of_its_own() {
    watched(|| {
        for (what, begin, drip) in DRIPS {
            let server = dripping(begin, drip);
            let timeouts = Timeouts {
                head: SHORT,
                ..patient()
            };
            let result = ask(server.options().timeouts(timeouts));
            timed_out(
                result,
                "the head of the response did not come within 80ms",
                what,
            );
            server.end();
        }
    });
}

#[test]
fn a_body_has_a_minimum_rate() {
    watched(|| {
        for (what, begin, drip) in BODY_DRIPS {
            let server = dripping(begin, drip);
            let timeouts = Timeouts {
                stall: SHORT,
                min_bytes_per_second: 1024,
                ..patient()
            };
            let result = ask(server.options().timeouts(timeouts));
            timed_out(
                result,
                "the server sent nothing of the body, or too little, for 80ms",
                what,
            );
            server.end();
        }
    });
}

#[test]
fn time_that_the_caller_takes_does_not_count() {
    watched(|| {
        let server = TestServer::new(|mut peer| {
            peer.head();
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo");
            peer.send("dy");
            peer.until_closed();
        });
        let timeouts = Timeouts {
            stall: Duration::from_millis(5),
            ..Timeouts::default()
        };
        let request = http::request(server.options().timeouts(timeouts)).unwrap();
        let mut response = request.end("").unwrap();
        thread::sleep(Duration::from_millis(20));
        assert_eq!(response.collect().unwrap(), b"body");
        server.end();
    });
}

/// Reads `bytes` at a time, slowly; with 0, nothing.
fn reading_slowly(bytes: usize) -> TestServer {
    TestServer::with_capacity(Limits::default(), 64, move |peer: Peer| {
        let mut piece = vec![0; bytes];
        while bytes > 0 && matches!(peer.stream().read(&mut piece), Ok(1..)) {
            thread::sleep(Duration::from_millis(10));
        }
        while bytes == 0 && peer.stream().write(b"").is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
    })
}

#[test]
fn sending_has_deadlines() {
    watched(|| {
        let body = vec![b'x'; 1 << 20];
        let whole = |server: &TestServer, timeouts: Timeouts| {
            let options = server.options().method("PUT").timeouts(timeouts);
            http::request(options).unwrap().end(&body)
        };
        let pieces = |server: &TestServer, timeouts: Timeouts| -> Result<(), Error> {
            let options = server.options().method("PUT").timeouts(timeouts);
            let mut request = http::request(options).unwrap();
            loop {
                request.write([b'x'; 16])?;
            }
        };
        let slow = Timeouts {
            stall: SHORT,
            min_bytes_per_second: 2048,
            ..patient()
        };
        for bytes in [0, 1, 300] {
            let total = "the request took longer than 80ms";
            let server = reading_slowly(bytes);
            timed_out(whole(&server, all_in(SHORT)), total, "whole");
            timed_out(pieces(&server, all_in(SHORT)), total, "pieces");
            server.end();
        }
        for bytes in [0, 1] {
            let nothing = "the server read nothing of the request, or too little, for 80ms";
            let server = reading_slowly(bytes);
            timed_out(whole(&server, slow.clone()), nothing, "whole");
            timed_out(pieces(&server, slow.clone()), nothing, "pieces");
            server.end();
        }
    });
}

/// Each later call says what the first one has said, and nothing else is sent.
#[test]
fn a_request_that_has_failed_stays_failed() {
    watched(|| {
        let server = reading_slowly(0);
        let timeouts = Timeouts {
            stall: SHORT,
            ..patient()
        };
        let mut request = http::request(server.options().method("PUT").timeouts(timeouts)).unwrap();
        let says = "the server read nothing of the request, or too little, for 80ms";
        timed_out(request.write([b'x'; 4096]), says, "the first");
        timed_out(request.write("more"), says, "the second");
        timed_out(request.poll_early_response(), says, "a poll");
        timed_out(request.end(""), says, "the end");
        server.end();

        // One that has no connection is not sent as if nothing had been written before.
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let options = RequestOptions::new().hostname("127.0.0.1").port(port);
        let mut request = http::request(options.method("PUT")).unwrap();
        let refused = |result: Result<(), Error>| match result.unwrap_err() {
            Error::Io(error) => assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}"),
            other => panic!("{other:?}"),
        };
        refused(request.write("a piece"));
        let _listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
        refused(request.end("").map(drop));
    });
}

#[test]
fn connecting_has_a_deadline() {
    watched(|| {
        let timeouts = Timeouts {
            connect: SHORT,
            ..patient()
        };
        let says = "the server could not be reached within 80ms";
        let late = |_: &http::Origin, deadline: Instant| {
            thread::sleep(deadline.saturating_duration_since(Instant::now()));
            Err(ErrorKind::TimedOut.into())
        };
        let options = RequestOptions::new().create_connection(late);
        timed_out(ask(options.timeouts(timeouts.clone())), says, "a connector");

        // A proxy that accepts the connection and never responds.
        let server = TestServer::over_tcp(|mut peer| drop(peer.until_closed()));
        let proxy = http::Proxy::new(&format!("http://127.0.0.1:{}", server.port())).unwrap();
        let options = server.options().hostname("a").proxy(&proxy.tunnel());
        let says = format!(
            "the proxy http://127.0.0.1:{0} opened no tunnel to a:{0} within 80ms",
            server.port()
        );
        timed_out(ask(options.timeouts(timeouts)), &says, "a tunnel");
        server.end();
    });
}

#[test]
fn connecting_to_a_unix_server_with_a_full_backlog_times_out() {
    watched(|| {
        let path = std::env::temp_dir().join(format!("barewire-full-{}.sock", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let _server = UnixListener::bind(&path).unwrap();
        let timeouts = Timeouts {
            connect: SHORT,
            head: Duration::ZERO,
            ..patient()
        };
        let options = RequestOptions::new().socket_path(&path).no_agent();
        let options = options.timeouts(timeouts);
        // The backlog has room for thousands, and keeps them after they have closed.
        let refused = (0..100_000).find_map(|_| {
            let error = http::request(&options).unwrap().end("").unwrap_err();
            let error = error.to_string();
            (!error.starts_with("the head of the response")).then_some(error)
        });
        let says = "the server could not be reached within 80ms";
        assert_eq!(refused.as_deref(), Some(says));
        std::fs::remove_file(&path).unwrap();
    });
}

#[test]
fn a_name_that_is_not_resolved_in_time_is_named() {
    watched(|| {
        let timeouts = Timeouts {
            connect: Duration::ZERO,
            ..patient()
        };
        let options = RequestOptions::new().hostname("localhost").port(1);
        let says = "the name \"localhost\" was not resolved within 0ns";
        timed_out(
            ask(options.clone().timeouts(timeouts.clone())),
            says,
            "a name",
        );

        let proxy = http::Proxy::new("http://ip6-localhost:1").unwrap();
        let options = options.proxy(&proxy).timeouts(timeouts);
        let says = "the name \"ip6-localhost\" was not resolved within 0ns";
        timed_out(ask(options), says, "the name of a proxy");
    });
}

#[test]
fn the_longest_timeouts_are_allowed() {
    watched(|| {
        let server = TestServer::new(|mut peer| {
            while peer.request().is_some() {
                peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
                peer.send("0\r\n\r\n");
            }
        });
        let for_ever = Timeouts {
            total: Some(Duration::MAX),
            queue: Some(Duration::MAX),
            connect: Duration::MAX,
            stall: Duration::MAX,
            min_bytes_per_second: u64::MAX,
            expect: Duration::MAX,
            head: Duration::MAX,
        };
        for _ in 0..2 {
            let result = ask(server.options().timeouts(for_ever.clone()));
            assert_eq!(result.unwrap(), b"ok");
        }
        server.end();
    });
}
