//! A slot of the agent is given back, whatever happens: each way for a request to end, at each point of its
//! life, on an agent with one socket.

use super::peer::Peer;
use super::test_server::{TestServer, get, one_socket};
use crate::support::{Gate, watched};
use barewire::http::wire::Fields;
use barewire::http::{
    self, ClientEvents, ClientResponse, Connected, Error, Origin, RequestOptions, Timeouts,
    Upgraded,
};
use barewire::net::{Stream, pipe};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// An agent with one socket, and pipes with a small capacity.
fn server(play: impl Fn(Peer) + Send + Sync + 'static) -> TestServer {
    TestServer::with_capacity(one_socket(), 1024, play)
}

/// Responds to every request; to some paths with half a response, or none.
fn any_path(mut peer: Peer) {
    while let Some(received) = peer.request() {
        match received.target() {
            "/cut" => return peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"),
            "/rude" => return peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n"),
            "/end" => return,
            "/hang" => drop(peer.until_closed()),
            "/hint" => peer.send("HTTP/1.1 103 Early Hints\r\n\r\n"),
            _ => {}
        }
        if !peer.try_send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") {
            return;
        }
    }
}

/// Fails if the slot is not free for another request.
#[track_caller]
fn check_free(server: &TestServer) {
    server.check_quiet();
    let mut response = get(&server.options());
    assert_eq!(response.collect().unwrap(), b"hello");
    server.check_quiet();
}

/// With a short stall timeout.
fn impatient(options: RequestOptions) -> RequestOptions {
    options.timeouts(Timeouts {
        stall: Duration::from_millis(20),
        ..Timeouts::default()
    })
}

#[test]
fn a_response_is_dropped_at_each_point() {
    watched(|| {
        let server = server(any_path);
        let ask = || http::request(server.options()).unwrap();
        drop(ask());
        check_free(&server);
        drop(ask().end("").unwrap());
        check_free(&server);
        for taken in 1..=5 {
            let mut response = ask().end("").unwrap();
            std::io::Read::read_exact(&mut response, &mut vec![0; taken]).unwrap();
            drop(response);
            check_free(&server);
        }
        server.end();
    });
}

#[test]
fn a_request_is_dropped_at_each_point() {
    watched(|| {
        let server = server(|mut peer| {
            let Some(received) = peer.head() else { return };
            if received.method() == "GET" && received.field("Content-Length").is_none() {
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
            }
            peer.until_closed();
        });
        let post = server.options().method("POST");
        let short = post.clone().header("Content-Length", "10");
        for options in [post, short] {
            let mut request = http::request(&options).unwrap();
            request.write("").unwrap();
            drop(request);
            check_free(&server);
            let mut request = http::request(&options).unwrap();
            request.write("a piece").unwrap();
            drop(request);
            check_free(&server);
        }
        let mut request = http::request(server.options().header("Content-Length", "10")).unwrap();
        request.write("short").unwrap();
        assert!(matches!(request.end(""), Err(Error::Misuse(_))));
        check_free(&server);
        server.end();
    });
}

#[test]
fn every_error_gives_the_slot_back() {
    watched(|| {
        let server = server(any_path);
        let ask = |path: &str| http::request(server.options().path(path)).unwrap();
        for path in ["/rude", "/end"] {
            assert!(matches!(ask(path).end(""), Err(Error::Peer(_))), "{path}");
            check_free(&server);
        }
        let mut cut = ask("/cut").end("").unwrap();
        assert!(cut.collect().is_err());
        check_free(&server); // although the response still exists
        drop(cut);
        check_free(&server);

        let hang = server.options().path("/hang");
        let error = http::request(hang.timeout(Duration::from_millis(20)))
            .unwrap()
            .end("");
        assert!(matches!(error, Err(Error::Io(_))));
        check_free(&server);

        let two = server
            .options()
            .append_header("Host", "a")
            .append_header("Host", "b");
        assert!(matches!(
            http::request(two).unwrap().end(""),
            Err(Error::Misuse(_))
        ));
        check_free(&server);
        server.end();
    });
}

#[test]
fn a_request_that_has_failed_sends_no_more() {
    watched(|| {
        let gate = Gate::default();
        let open = gate.clone();
        let server = server(move |mut peer| {
            open.pass();
            let sent = peer.until_closed();
            assert!(!sent.ends_with(b"more"), "{}", sent.escape_ascii());
        });
        let options = impatient(server.options()).method("POST");
        let mut request = http::request(options).unwrap();
        assert!(request.write([b'x'; 10_000]).is_err()); // the server does not read
        server.check_quiet(); // although the request still exists
        gate.open();
        assert!(matches!(request.write("more"), Err(Error::Io(_))));
        assert!(matches!(request.poll_early_response(), Err(Error::Io(_))));
        assert!(matches!(request.end("more"), Err(Error::Io(_))));
        server.end();
    });
}

#[test]
fn a_late_body_gives_the_slot_back() {
    watched(|| {
        let server = server(|mut peer| {
            peer.head();
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            peer.until_closed();
        });
        let options = impatient(server.options());
        let mut response = get(&options);
        assert!(matches!(response.collect(), Err(Error::Io(_))));
        server.check_quiet();
        assert!(matches!(response.collect(), Err(Error::Peer(_))));
        server.end();
    });
}

#[test]
fn a_connector_that_fails_or_panics_keeps_no_slot() {
    watched(|| {
        let server = server(any_path);
        let options = server.options();
        let refusing = options.clone().create_connection(|_: &Origin, _| {
            Err::<Connected, _>(std::io::ErrorKind::ConnectionRefused.into())
        });
        for _ in 0..3 {
            assert!(http::request(&refusing).unwrap().end("").is_err());
            server.check_quiet();
        }
        let panicking = options.create_connection(|_: &Origin, _| panic!("on purpose"));
        for _ in 0..3 {
            let request = http::request(&panicking).unwrap();
            assert!(catch_unwind(AssertUnwindSafe(|| request.end(""))).is_err());
            server.check_quiet();
        }
        check_free(&server);
        server.end();
    });
}

/// Panics in one of its events.
struct Panicking(&'static str);

impl Panicking {
    fn at(&self, event: &str) {
        assert_ne!(self.0, event, "on purpose");
    }
}

impl ClientEvents for Panicking {
    fn socket(&mut self, _stream: &dyn Stream, _reused: bool) {
        self.at("socket");
    }

    fn information(&mut self, _status: u16, _fields: Fields<'_>) {
        self.at("information");
    }

    fn response(&mut self, _response: ClientResponse) {
        self.at("response");
    }

    fn upgrade(&mut self, _response: ClientResponse, _stream: Upgraded) {
        self.at("upgrade");
    }
}

#[test]
fn a_panic_in_an_event_keeps_no_slot() {
    watched(|| {
        let server = server(any_path);
        for event in ["socket", "information", "response"] {
            let request = http::request(server.options().path("/hint")).unwrap();
            let run = || request.run("", Panicking(event));
            assert!(catch_unwind(AssertUnwindSafe(run)).is_err(), "{event}");
            check_free(&server);
        }
        server.end();
    });
}

/// A user's stream that panics in `try_read`, but for the first calls.
#[derive(Debug)]
struct Brittle(barewire::net::Pipe, AtomicUsize);

impl barewire::net::Layer for Brittle {
    fn below(&self) -> &dyn Stream {
        &self.0
    }

    fn try_read(&self, buf: &mut [u8]) -> std::io::Result<Option<usize>> {
        if self.1.load(Ordering::Relaxed) == 0 {
            panic!("on purpose");
        }
        self.1.fetch_sub(1, Ordering::Relaxed);
        self.0.try_read(buf)
    }
}

#[test]
fn a_stream_that_panics_in_try_read_keeps_no_slot() {
    watched(|| {
        // A fresh connection is looked at before its first request, an idle one before it is reused.
        for good_calls in [0, 1] {
            let agent = http::Agent::new(one_socket()).unwrap();
            let options = http::RequestOptions::new().agent(&agent);
            let options = options.create_connection(move |_: &Origin, _| {
                let (here, there) = pipe();
                std::thread::spawn(|| any_path(Peer::new(std::sync::Arc::new(there), 1)));
                Ok(Connected::new(Brittle(here, AtomicUsize::new(good_calls))))
            });
            for _ in 0..3 {
                for _ in 0..good_calls {
                    let mut response = get(&options);
                    assert_eq!(response.collect().unwrap(), b"hello");
                    assert_eq!(agent.totals().free_sockets, 1);
                }
                let request = http::request(&options).unwrap();
                assert!(catch_unwind(AssertUnwindSafe(|| request.end(""))).is_err());
                let gauges = agent.totals();
                assert_eq!((gauges.sockets, gauges.free_sockets), (0, 0));
            }
        }
    });
}

#[test]
fn a_request_that_gives_up_waiting_leaves_the_queue() {
    watched(|| {
        let server = server(any_path);
        let held = get(&server.options());
        let timeouts = Timeouts {
            queue: Some(Duration::from_millis(20)),
            ..Timeouts::default()
        };
        for options in [
            server.options().timeouts(timeouts),
            server.options().timeout(Duration::from_millis(20)),
        ] {
            let error = http::request(options).unwrap().end("").unwrap_err();
            assert!(error.to_string().contains("20ms"), "{error}");
            let gauges = server.agent.totals();
            assert_eq!((gauges.sockets, gauges.requests), (1, 0));
        }
        drop(held);
        check_free(&server);
        server.end();
    });
}
