//! What a panic of the program costs, row by row of the table at `ServerEvents`.

use crate::support::{Client, Gate, Log, Reporting, Site, post, request, watched};
use barewire::http::{self, Error, Failure, Handled, Request, Response, ServerEvents};
use barewire::net::{self, Layer, Stream};
use std::fmt;
use std::io::{self, IoSlice};
use std::panic::panic_any;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Where it panics.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Nowhere,
    Connection,
    BeforeHead,
    AfterHead,
    AfterEnd,
    AfterUpgrade,
    ErrorBeforeHead,
    ErrorAfterHead,
    ErrorAfterEnd,
    Close,
}

/// Panics at one stage when the path is `/panic` (or there is none), and at each call of `error` if it
/// should.
struct Panicking {
    at: At,
    error_panics: bool,
    log: Log,
}

impl Panicking {
    fn site(at: At, error_panics: bool) -> (Log, Site) {
        let log = Log::default();
        let events = Panicking {
            at,
            error_panics,
            log: log.clone(),
        };
        (log, Site::new(http::create_server_with(events)))
    }

    fn panic_at(&self, at: At) {
        assert!(self.at != at, "on purpose");
    }
}

impl ServerEvents for Panicking {
    fn request(&self, req: Request<'_>, mut res: Response<'_>) -> Handled {
        match req.path() {
            "/panic" => {
                self.panic_at(At::BeforeHead);
                res.write("some")?;
                self.panic_at(At::AfterHead);
                res.end("well")?;
                self.panic_at(At::AfterEnd);
            }
            "/error" => return Err("a failure".into()),
            "/silent" => {}
            _ => res.end("well")?,
        }
        Ok(())
    }

    fn upgrade(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        let upgraded = req.upgrade(res, [("Connection", "upgrade"), ("Upgrade", "echo")])?;
        upgraded.stream().write_all(b"hello")?;
        self.panic_at(At::AfterUpgrade);
        Ok(())
    }

    fn connection(&self, _stream: &dyn Stream) {
        self.panic_at(At::Connection);
    }

    fn client_error(&self, error: &Error, mut res: Response<'_>) -> Handled {
        self.panic_at(At::ErrorBeforeHead);
        res.set_status(error.status())?;
        res.write("some")?;
        self.panic_at(At::ErrorAfterHead);
        res.end("well")?;
        self.panic_at(At::ErrorAfterEnd);
        Ok(())
    }

    fn error(&self, what: &dyn fmt::Display) {
        self.log.note(what);
        assert!(!self.error_panics, "on purpose");
    }

    fn close(&self) {
        self.log.note("close");
        self.panic_at(At::Close);
    }
}

pub(super) const UPGRADE: &str =
    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";

/// Each row with an `error` that works and with one that panics: the client sees no difference.
fn at(at: At, reported: &'static [&'static str], test: fn(Client)) {
    watched(move || {
        for error_panics in [false, true] {
            let (log, site) = Panicking::site(at, error_panics);
            test(site.client());
            for what in reported {
                log.wait_for(what);
            }
            let others = [site.get("/"), site.get("/")];
            assert!(others.iter().all(|answer| answer.text() == "well"));
            site.handle.shutdown(Duration::from_secs(10));
            let all = log.all();
            let count = |what: &str| all.iter().filter(|entry| *entry == what).count();
            for what in reported {
                let times = if at == At::Connection { 3 } else { 1 };
                assert_eq!(count(what), times, "{all:?}");
            }
            assert_eq!(count("close"), 1);
        }
    });
}

pub(super) fn is_served(client: &mut Client) {
    client.send(request("GET", "/"));
    assert_eq!(client.answer().text(), "well");
}

#[test]
fn fault_a14_connection() {
    at(
        At::Connection,
        &["ServerEvents::connection panicked"],
        |mut client| {
            is_served(&mut client);
        },
    );
}

#[test]
fn fault_a14_a_handler_before_the_head() {
    at(At::BeforeHead, &["a handler panicked"], |mut client| {
        client.send(request("GET", "/panic"));
        assert_eq!(client.answer().status, 500);
        is_served(&mut client);
    });
}

#[test]
fn fault_a14_a_handler_after_the_head() {
    at(At::AfterHead, &["a handler panicked"], |mut client| {
        client.send(request("GET", "/panic"));
        assert_eq!(client.head().status, 200);
        client.exactly("4\r\nsome\r\n");
        client.ended();
    });
}

#[test]
fn fault_a14_a_handler_after_the_end() {
    at(At::AfterEnd, &["a handler panicked"], |mut client| {
        client.send(request("GET", "/panic"));
        assert_eq!(client.answer().text(), "somewell");
        is_served(&mut client);
    });
}

#[test]
fn fault_a14_a_handler_after_the_upgrade() {
    at(At::AfterUpgrade, &["a handler panicked"], |mut client| {
        client.send(UPGRADE);
        assert_eq!(client.switched().status, 101);
        client.exactly("hello");
        client.ended();
    });
}

#[test]
fn fault_a14_client_error_before_its_head() {
    at(
        At::ErrorBeforeHead,
        &["a handler panicked"],
        |mut client| {
            client.send("no request\r\n\r\n");
            let answer = client.answer();
            assert_eq!(answer.status, 400);
            assert!(answer.text().starts_with("400 Bad Request: "));
            client.ended();
        },
    );
}

#[test]
fn fault_a14_client_error_after_its_head() {
    at(At::ErrorAfterHead, &["a handler panicked"], |mut client| {
        client.send("no request\r\n\r\n");
        assert_eq!(client.head().status, 400);
        client.exactly("4\r\nsome\r\n");
        client.ended();
    });
}

#[test]
fn fault_a14_client_error_after_its_end() {
    at(At::ErrorAfterEnd, &["a handler panicked"], |mut client| {
        client.send("no request\r\n\r\n");
        assert_eq!(client.answer().text(), "somewell");
        client.ended();
    });
}

#[test]
fn fault_a14_close() {
    watched(|| {
        for error_panics in [false, true] {
            let (log, site) = Panicking::site(At::Close, error_panics);
            is_served(&mut site.client());
            site.handle.stop();
            site.handle.wait();
            assert_eq!(log.all(), ["close", "ServerEvents::close panicked"]);
        }
    });
}

/// A hook that prints to a closed stderr panics. Responses that were ended leave all the same, and
/// what has failed is answered.
#[test]
fn fault_a09_error_loses_nothing_but_its_message() {
    at(
        At::Nowhere,
        &[
            "a failure",
            "a handler returned without ending its response",
        ],
        |mut client| {
            let paths = ["/", "/error", "/", "/silent", "/"];
            client.send(paths.map(|path| request("GET", path)).concat());
            let statuses = paths.map(|_| client.answer().status);
            assert_eq!(statuses, [200, 500, 200, 500, 200]);
            is_served(&mut client);
        },
    );
}

/// A failure that panics when it is shown, and when it is dropped; a panic whose payload does.
#[test]
fn fault_a09_a_failure_or_a_payload_that_panics() {
    #[derive(Debug)]
    struct Bomb {
        shows: bool,
    }
    impl fmt::Display for Bomb {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            assert!(self.shows, "on purpose");
            f.write_str("a bomb")
        }
    }
    impl std::error::Error for Bomb {}
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(!self.shows || std::thread::panicking(), "on purpose");
        }
    }
    struct Bombs(Log);
    impl ServerEvents for Bombs {
        fn request(&self, req: Request<'_>, res: Response<'_>) -> Handled {
            match req.path() {
                "/shown" => return Err(Failure::from(Bomb { shows: false })),
                "/dropped" => return Err(Failure::from(Bomb { shows: true })),
                "/payload" => panic_any(Bomb { shows: true }),
                _ => res.end("well")?,
            }
            Ok(())
        }
        fn error(&self, what: &dyn fmt::Display) {
            self.0.note(what);
        }
    }
    watched(|| {
        let log = Log::default();
        let site = Site::new(http::create_server_with(Bombs(log.clone())));
        let mut client = site.client();
        for path in ["/shown", "/dropped", "/payload"] {
            client.send(request("GET", path));
            assert_eq!(client.answer().status, 500, "{path}");
            client.send(post("/", "goes on"));
            assert_eq!(client.answer().text(), "well");
        }
        assert_eq!(log.all(), ["a bomb", "a handler panicked"]);
    });
}

/// One end of a pipe that panics when it is written to. The clock finds it full, so that the panic is always
/// on the connection's thread.
#[derive(Debug)]
struct Panics(net::Pipe);

impl Layer for Panics {
    fn below(&self) -> &dyn Stream {
        &self.0
    }
    fn write(&self, _: &[u8]) -> io::Result<usize> {
        panic!("on purpose")
    }
    fn write_vectored(&self, _: &[IoSlice<'_>]) -> io::Result<usize> {
        panic!("on purpose")
    }
    fn try_write(&self, _: &[u8]) -> io::Result<Option<usize>> {
        Ok(None)
    }
}

/// Inside a handler, and outside of every handler: while coalesced responses are sent.
#[test]
fn fault_a14_the_stream() {
    watched(|| {
        for requests in [1, 2] {
            let log = Log::default();
            let events = Panicking {
                at: At::Nowhere,
                error_panics: false,
                log: log.clone(),
            };
            let (here, there) = net::pipe();
            let mut client = Client::over(Arc::new(here));
            client.send(request("GET", "/").repeat(requests));
            http::create_server_with(events).serve(Arc::new(Panics(there)));
            client.ended();
            let reported = log.all();
            assert!(!reported.is_empty(), "{requests}");
        }
    });
}

/// One end of a pipe that panics when it is asked to take bytes without waiting, as the clock asks it.
struct PanicsForTheClock(net::Pipe, Log);

impl fmt::Debug for PanicsForTheClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Layer for PanicsForTheClock {
    fn below(&self) -> &dyn Stream {
        &self.0
    }
    fn try_write(&self, _: &[u8]) -> io::Result<Option<usize>> {
        self.1.note("the clock sends");
        panic!("on purpose")
    }
}

/// The clock sends what a handler that waits has left pending. If the stream panics there, this connection is
/// cut; the clock goes on, for all connections of the process.
#[test]
fn fault_a14_the_stream_while_the_clock_sends() {
    watched(|| {
        let (log, gate) = (Log::default(), Gate::default());
        let held = gate.clone();
        let server = http::create_server_with(Reporting::new(&log, move |req, res| {
            if req.path() == "/wait" {
                held.pass();
            }
            res.end("well")
        }));
        let both = request("GET", "/") + &request("GET", "/wait");
        let connect = || {
            let (here, there) = net::pipe();
            let mut client = Client::over(Arc::new(here));
            client.send(&both);
            (client, there)
        };
        thread::scope(|scope| {
            let clock = Log::default();
            let mut broken: Vec<Client> = Vec::new();
            for n in 1..=3 {
                let (client, there) = connect();
                let stream = Arc::new(PanicsForTheClock(there, clock.clone()));
                scope.spawn(|| server.serve(stream));
                clock.wait_for_several("the clock sends", n);
                broken.push(client);
            }
            let (mut client, there) = connect();
            scope.spawn(|| server.serve(Arc::new(there)));
            assert_eq!(client.answer().text(), "well", "sent by the clock");
            gate.open();
            assert_eq!(client.answer().text(), "well");
            client.finish();
            for client in &mut broken {
                assert_eq!(client.rest(), b"", "cut, not answered");
            }
        });
        assert_eq!(
            log.all(),
            [""; 0],
            "the connection's fault, not the handler's"
        );
    });
}
