//! A place among an agent's sockets is given back, whatever happens: here each way for a request to
//! end, at each point of its life, on an agent with a single place.

use super::peer::Peer;
use super::stage::Stage;
use crate::support::{Gate, PATIENCE, watched};
use barewire::http::pool::Limits;
use barewire::http::wire::Fields;
use barewire::http::{
    self, ClientEvents, ClientResponse, Connected, Error, Origin, RequestOptions, Timeouts,
    Upgraded,
};
use barewire::net::{Stream, pipe};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// An agent with one place, and a pipe with little room.
fn stage(play: impl Fn(Peer) + Send + Sync + 'static) -> Stage {
    let one = Limits {
        max_sockets: 1,
        queue_timeout: Some(PATIENCE),
        ..Limits::default()
    };
    Stage::with(one, 1024, play)
}

/// Answers every request, and `/cut` with half an answer.
fn answering(mut peer: Peer) {
    while let Some(asked) = peer.request() {
        match asked.target() {
            "/cut" => return peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"),
            "/rude" => return peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n"),
            "/end" => return,
            "/hang" => drop(peer.until_left()),
            "/hint" => peer.send("HTTP/1.1 103 Early Hints\r\n\r\n"),
            _ => {}
        }
        if !peer.try_send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") {
            return;
        }
    }
}

/// The place is free: another request gets it at once.
#[track_caller]
fn is_free(stage: &Stage) {
    stage.is_quiet();
    let mut answer = http::request(stage.options()).unwrap().end("").unwrap();
    assert_eq!(answer.collect().unwrap(), b"hello");
    stage.is_quiet();
}

/// No longer without a byte of a body than a moment, either way.
fn impatient(options: RequestOptions) -> RequestOptions {
    options.timeouts(Timeouts {
        stall: Duration::from_millis(20),
        ..Timeouts::default()
    })
}

#[test]
fn an_answer_is_dropped_at_each_point() {
    watched(|| {
        let stage = stage(answering);
        let ask = || http::request(stage.options()).unwrap();
        drop(ask());
        is_free(&stage);
        drop(ask().end("").unwrap());
        is_free(&stage);
        for taken in 1..=5 {
            let mut answer = ask().end("").unwrap();
            std::io::Read::read_exact(&mut answer, &mut vec![0; taken]).unwrap();
            drop(answer);
            is_free(&stage);
        }
        stage.end();
    });
}

#[test]
fn a_request_is_dropped_at_each_point() {
    watched(|| {
        let stage = stage(|mut peer| {
            let Some(asked) = peer.head() else { return };
            if asked.method() == "GET" && asked.field("Content-Length").is_none() {
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
            }
            peer.until_left();
        });
        let post = stage.options().method("POST");
        let short = post.clone().header("Content-Length", "10");
        for options in [post, short] {
            let mut request = http::request(&options).unwrap();
            request.write("").unwrap();
            drop(request);
            is_free(&stage);
            let mut request = http::request(&options).unwrap();
            request.write("a piece").unwrap();
            drop(request);
            is_free(&stage);
        }
        let mut request = http::request(stage.options().header("Content-Length", "10")).unwrap();
        request.write("short").unwrap();
        assert!(matches!(request.end(""), Err(Error::Misuse(_))));
        is_free(&stage);
        stage.end();
    });
}

#[test]
fn every_error_gives_the_place_back() {
    watched(|| {
        let stage = stage(answering);
        let ask = |path: &str| http::request(stage.options().path(path)).unwrap();
        for path in ["/rude", "/end"] {
            assert!(matches!(ask(path).end(""), Err(Error::Peer(_))), "{path}");
            is_free(&stage);
        }
        let mut cut = ask("/cut").end("").unwrap();
        assert!(cut.collect().is_err());
        is_free(&stage); // though the answer is still here
        drop(cut);
        is_free(&stage);

        let hang = stage.options().path("/hang");
        let error = http::request(hang.timeout(Duration::from_millis(20)))
            .unwrap()
            .end("");
        assert!(matches!(error, Err(Error::Io(_))));
        is_free(&stage);

        let two = stage
            .options()
            .append_header("Host", "a")
            .append_header("Host", "b");
        assert!(matches!(
            http::request(two).unwrap().end(""),
            Err(Error::Misuse(_))
        ));
        is_free(&stage);
        stage.end();
    });
}

#[test]
fn a_request_that_failed_half_way_sends_no_more() {
    watched(|| {
        let gate = Gate::default();
        let open = gate.clone();
        let stage = stage(move |mut peer| {
            open.pass();
            let sent = peer.until_left();
            assert!(!sent.ends_with(b"more"), "{}", sent.escape_ascii());
        });
        let options = impatient(stage.options()).method("POST");
        let mut request = http::request(options).unwrap();
        assert!(request.write([b'x'; 10_000]).is_err()); // nobody reads
        stage.is_quiet(); // though the request is still here
        gate.open();
        assert!(matches!(request.write("more"), Err(Error::Peer(_))));
        assert!(matches!(request.look(), Err(Error::Peer(_))));
        assert!(matches!(request.end("more"), Err(Error::Peer(_))));
        stage.end();
    });
}

#[test]
fn a_body_that_is_late_gives_the_place_back() {
    watched(|| {
        let stage = stage(|mut peer| {
            peer.head();
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            peer.until_left();
        });
        let options = impatient(stage.options());
        let mut answer = http::request(options).unwrap().end("").unwrap();
        assert!(matches!(answer.collect(), Err(Error::Io(_))));
        stage.is_quiet();
        assert!(matches!(answer.collect(), Err(Error::Peer(_))));
        stage.end();
    });
}

#[test]
fn a_connector_that_fails_or_panics_keeps_no_place() {
    watched(|| {
        let stage = stage(answering);
        let options = stage.options();
        let refusing = options.clone().create_connection(|_: &Origin, _| {
            Err::<Connected, _>(std::io::ErrorKind::ConnectionRefused.into())
        });
        for _ in 0..3 {
            assert!(http::request(&refusing).unwrap().end("").is_err());
            stage.is_quiet();
        }
        let panicking = options.create_connection(|_: &Origin, _| panic!("on purpose"));
        for _ in 0..3 {
            let request = http::request(&panicking).unwrap();
            assert!(catch_unwind(AssertUnwindSafe(|| request.end(""))).is_err());
            stage.is_quiet();
        }
        is_free(&stage);
        stage.end();
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
fn a_panic_in_an_event_keeps_no_place() {
    watched(|| {
        let stage = stage(answering);
        for event in ["socket", "information", "response"] {
            let request = http::request(stage.options().path("/hint")).unwrap();
            let run = || request.run("", Panicking(event));
            assert!(catch_unwind(AssertUnwindSafe(run)).is_err(), "{event}");
            is_free(&stage);
        }
        stage.end();
    });
}

/// A stream of somebody else's, that panics when it is looked at.
#[derive(Debug)]
struct Brittle(barewire::net::Pipe);

impl Stream for Brittle {
    fn read(&self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buf)
    }

    fn write(&self, buf: &[u8]) -> std::io::Result<usize> {
        self.0.write(buf)
    }

    fn write_vectored(&self, bufs: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
        self.0.write_vectored(bufs)
    }

    fn try_read(&self, _buf: &mut [u8]) -> std::io::Result<Option<usize>> {
        panic!("on purpose")
    }

    fn try_write(&self, buf: &[u8]) -> std::io::Result<Option<usize>> {
        self.0.try_write(buf)
    }

    fn shutdown(&self, how: std::net::Shutdown) -> std::io::Result<()> {
        self.0.shutdown(how)
    }

    fn abort(&self) -> std::io::Result<()> {
        self.0.abort()
    }

    fn set_read_timeout(&self, d: Option<Duration>) -> std::io::Result<()> {
        self.0.set_read_timeout(d)
    }

    fn set_write_timeout(&self, d: Option<Duration>) -> std::io::Result<()> {
        self.0.set_write_timeout(d)
    }

    fn set_no_delay(&self, on: bool) -> std::io::Result<()> {
        self.0.set_no_delay(on)
    }

    fn local_addr(&self) -> std::io::Result<barewire::net::Addr> {
        self.0.local_addr()
    }

    fn peer_addr(&self) -> std::io::Result<barewire::net::Addr> {
        self.0.peer_addr()
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

#[test]
fn a_stream_that_panics_when_it_is_looked_at_keeps_no_place() {
    watched(|| {
        let agent = http::Agent::new(Limits {
            max_sockets: 1,
            queue_timeout: Some(PATIENCE),
            ..Limits::default()
        });
        let agent = agent.unwrap();
        let options = http::RequestOptions::new().agent(&agent);
        let options = options.create_connection(|_: &Origin, _| {
            let (here, there) = pipe();
            std::thread::spawn(|| answering(Peer::new(std::sync::Arc::new(there), 1)));
            Ok(Connected::new(Brittle(here)))
        });
        for _ in 0..3 {
            let mut answer = http::request(&options).unwrap().end("").unwrap();
            assert_eq!(answer.collect().unwrap(), b"hello");
            assert_eq!(agent.totals().free_sockets, 1);
            let request = http::request(&options).unwrap();
            assert!(catch_unwind(AssertUnwindSafe(|| request.end(""))).is_err());
            let gauges = agent.totals();
            assert_eq!((gauges.sockets, gauges.free_sockets), (0, 0));
        }
    });
}

#[test]
fn whoever_gives_up_waiting_leaves_the_queue() {
    watched(|| {
        let stage = stage(answering);
        let held = http::request(stage.options()).unwrap().end("").unwrap();
        let timeouts = Timeouts {
            queue: Some(Duration::from_millis(20)),
            ..Timeouts::default()
        };
        for options in [
            stage.options().timeouts(timeouts),
            stage.options().timeout(Duration::from_millis(20)),
        ] {
            let error = http::request(options).unwrap().end("").unwrap_err();
            assert!(error.to_string().contains("20ms"), "{error}");
            let gauges = stage.agent.totals();
            assert_eq!((gauges.sockets, gauges.requests), (1, 0));
        }
        drop(held);
        is_free(&stage);
        stage.end();
    });
}
