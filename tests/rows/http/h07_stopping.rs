//! H07, second half: how a server ends. Nobody is accepted, idle connections end, running
//! requests finish, and at the deadline the rest is cut and counted.

use crate::https::stage as tls;
use crate::support::{Client, Gate, Log, SOON, Site, request, watched};
use barewire::http::{self, Handled, Request, Response, Server, ServerEvents};
use barewire::net::{Handle, Report, Unix};
use std::io::Read;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

/// Longer than the test's watchdog.
const HOUR: Duration = Duration::from_secs(3600);
const AT_ONCE: Duration = Duration::from_millis(50);

/// `/wait` waits for the gate, anything else answers at once.
struct Waiting {
    log: Log,
    gate: Gate,
}

impl ServerEvents for Waiting {
    fn request(&self, mut req: Request<'_>, mut res: Response<'_>) -> Handled {
        self.log.note(req.path());
        match req.path() {
            "/wait" => self.gate.pass(),
            "/read" => {
                let read = req.read_to_end(&mut Vec::new());
                self.log.note(if read.is_ok() { "read" } else { "cut" });
            }
            "/endless" => {
                while !res.is_stopping() {
                    res.write("tick\n")?;
                    std::thread::yield_now();
                }
            }
            _ => {}
        }
        self.log.note("answers");
        res.end("well")
    }

    fn close(&self) {
        self.log.note("close");
    }
}

fn waiting() -> (Log, Gate, Site) {
    let (log, gate) = (Log::default(), Gate::default());
    let events = Waiting {
        log: log.clone(),
        gate: gate.clone(),
    };
    // Nothing but the stop ends a connection here.
    let server = http::create_server_with(events)
        .keep_alive_timeout(None)
        .head_timeout(HOUR);
    (log, gate, Site::new(server))
}

/// Nothing but the stop ends a connection here.
fn collecting() -> Server<impl ServerEvents> {
    let server = http::create_server(|mut req: Request<'_>, res| res.end(req.collect()?));
    server.keep_alive_timeout(None).head_timeout(HOUR)
}

fn report(drained: usize, cut: usize) -> Report {
    Report { drained, cut }
}

/// The book's `close` waits for all connections, and Node's waited for idle ones too.
#[test]
fn row_h07_an_idle_connection_does_not_hold_up_close() {
    watched(|| {
        let (log, _, site) = waiting();
        let mut idle = site.client();
        idle.send(request("GET", "/"));
        assert_eq!(idle.answer().text(), "well");
        assert_eq!(site.handle.shutdown(HOUR), report(1, 0));
        assert_eq!(log.all(), ["/", "answers", "close"]);
        idle.ended();
    });
}

/// A connection that never said anything is as idle as one that has said all.
#[test]
fn row_h07_a_silent_connection_does_not_hold_up_close() {
    watched(|| {
        let (log, _, site) = waiting();
        let mut silent = site.client();
        // The next client is accepted after it.
        assert_eq!(site.get("/").text(), "well");
        site.handle.shutdown(HOUR);
        assert_eq!(log.all().last().map(String::as_str), Some("close"));
        silent.ended();
    });
}

#[test]
fn row_h07_a_running_request_finishes() {
    watched(|| {
        let (log, gate, site) = waiting();
        let mut client = site.client();
        client.send(request("GET", "/wait"));
        log.wait_for("/wait");
        site.handle.stop();
        assert_eq!(log.count("close"), 0, "not while a request runs");
        gate.open();
        let answer = client.answer();
        assert_eq!(answer.text(), "well");
        assert!(answer.says_close(), "there will be no next one");
        client.ended();
        drop(client); // or the server would linger, in case it still sends
        site.handle.wait();
        assert_eq!(log.all(), ["/wait", "answers", "close"]);
    });
}

/// The one that runs is finished; what was sent behind it is not begun.
#[test]
fn row_h07_a_pipelined_request_is_not_begun() {
    watched(|| {
        let (log, gate, site) = waiting();
        let mut client = site.client();
        client.send(request("GET", "/wait") + &request("GET", "/behind"));
        log.wait_for("/wait");
        site.handle.stop();
        gate.open();
        assert_eq!(client.answer().text(), "well");
        client.ended();
        drop(client); // or the server would linger, in case it still sends
        site.handle.wait();
        assert_eq!(log.count("/behind"), 0);
    });
}

#[test]
fn row_h07_an_endless_answer_sees_the_stop() {
    watched(|| {
        let (log, _, site) = waiting();
        let mut client = site.client();
        client.send(request("GET", "/endless"));
        assert_eq!(client.head().status, 200);
        client.exactly("5\r\ntick\n\r\n");
        site.handle.stop();
        assert!(client.rest().ends_with(b"4\r\nwell\r\n0\r\n\r\n"));
        drop(client);
        site.handle.wait();
        log.wait_for("close");
    });
}

#[test]
fn row_h07_the_report_counts_who_was_cut() {
    watched(|| {
        let (log, _, site) = waiting();
        let mut idle = site.client();
        idle.send(request("GET", "/"));
        idle.answer();
        let mut stuck = site.client();
        stuck.send("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome of it");
        log.wait_for("/read");
        assert_eq!(site.handle.shutdown(AT_ONCE), report(1, 1));
        log.wait_for("close");
        assert_eq!(log.count("cut"), 1, "its read came back at once");
        assert_eq!(stuck.rest(), b"");
        idle.ended();
    });
}

/// A handler that never returns cannot be ended: `shutdown` reports it and returns.
#[test]
fn row_h07_a_handler_that_hangs_does_not_hold_up_shutdown() {
    watched(|| {
        let (log, gate, site) = waiting();
        let mut client = site.client();
        client.send(request("GET", "/wait"));
        log.wait_for("/wait");
        assert_eq!(site.handle.shutdown(AT_ONCE), report(0, 1));
        assert_eq!(client.rest(), b"", "its connection is gone");
        assert_eq!(log.count("close"), 0);
        gate.open();
        log.wait_for("close"); // when it is over after all
    });
}

/// Where a head may end that has not come whole.
const HALVES: [&str; 6] = [
    "G",
    "GE",
    "HEAD / HT",
    "GET / HTTP/1.1\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-cont",
    "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r",
];

/// Half a head has reached no handler: a stop ends its connection at once, without a byte.
#[test]
fn fault_b03_half_a_head_does_not_hold_up_a_stop() {
    watched(|| {
        for half in HALVES {
            let ends = |mut client: Client, handle: &Handle| {
                assert_eq!(handle.shutdown(SOON).cut, 0, "{half:?}");
                client.ended();
            };
            let over_tls = || tls::Site::new(collecting());
            // Behind a response, both are read together: the server waits for the rest.
            let behind = |mut client: Client| {
                client.send(request("GET", "/") + half);
                assert_eq!(client.answer().status, 200);
                client
            };
            let site = Site::new(collecting());
            ends(behind(site.client()), &site.handle);
            let site = over_tls();
            ends(behind(site.client()), &site.handle);
            // As the first bytes of a connection. The next client is accepted after it.
            let first = |mut client: Client| {
                client.send(half);
                client
            };
            let site = Site::new(collecting());
            let client = first(site.client());
            assert_eq!(site.get("/").status, 200);
            ends(client, &site.handle);
            let site = over_tls();
            ends(first(site.client()), &site.handle);
        }
    });
}

/// The stop comes while a response is made, and half a head is behind its request.
#[test]
fn fault_b03_half_a_head_behind_a_request_that_runs() {
    watched(|| {
        let (log, gate, site) = waiting();
        let mut client = site.client();
        client.send(request("GET", "/wait") + "GE");
        log.wait_for("/wait");
        site.handle.stop();
        gate.open();
        assert!(client.answer().says_close());
        client.ended();
        drop(client); // or the server would linger, in case it still sends
        assert_eq!(site.handle.shutdown(SOON).cut, 0);
    });
}

/// The rest of a head comes at the moment of the stop: its request is served whole, or gets no byte.
#[test]
fn fault_b03_half_a_head_that_is_completed_is_served_whole_or_not_at_all() {
    watched(|| {
        let raced = |mut client: Client, handle: &Handle| {
            client.send(request("GET", "/") + "GET / HTTP/1.1\r\nHost: a\r\n");
            assert_eq!(client.answer().status, 200);
            let mut sender = Client::over(client.stream().clone());
            let start = Barrier::new(2);
            thread::scope(|scope| {
                scope.spawn(|| {
                    start.wait();
                    let _ = sender.try_send("\r\n"); // the connection may have ended
                });
                start.wait();
                handle.stop();
            });
            let rest = client.rest();
            let rest = String::from_utf8_lossy(&rest);
            assert!(
                rest.is_empty() || rest.starts_with("HTTP/1.1 200 ") && rest.ends_with("\r\n\r\n"),
                "{rest}"
            );
            drop(client);
            assert_eq!(handle.shutdown(SOON).cut, 0);
        };
        for _ in 0..20 {
            let site = Site::new(collecting());
            raced(site.client(), &site.handle);
            let site = tls::Site::new(collecting());
            raced(site.client(), &site.handle);
        }
    });
}

#[test]
fn row_h07_after_the_stop_no_connection_is_accepted() {
    watched(|| {
        let name = format!("barewire-{}-stopped.sock", std::process::id());
        let path = std::env::temp_dir().join(name);
        let site = Site::at(
            &format!("unix:{}", path.display()),
            http::create_server(|_req, res| res.end("well")),
        );
        assert_eq!(site.get("/").text(), "well");
        site.handle.stop();
        site.handle.stop(); // again does nothing
        site.handle.wait();
        assert!(Unix::connect(&path).is_err());
        assert_eq!(site.handle.shutdown(HOUR), report(0, 0));
    });
}

#[test]
fn row_h07_close_is_called_once() {
    watched(|| {
        let (log, _, site) = waiting();
        for _ in 0..3 {
            assert_eq!(site.get("/").text(), "well");
        }
        site.handle.stop();
        site.handle.shutdown(HOUR);
        site.handle.wait();
        assert_eq!(log.count("close"), 1);
        assert_eq!(log.all().last().map(String::as_str), Some("close"));
    });
}

#[test]
fn row_h07_the_handle_counts_connections() {
    watched(|| {
        let (log, gate, site) = waiting();
        assert_eq!(site.handle.connections(), 0);
        let mut clients = [(); 3].map(|()| site.client());
        for client in &mut clients {
            client.send(request("GET", "/wait"));
        }
        log.wait_for_several("/wait", 3);
        assert_eq!(site.handle.clone().connections(), 3);
        assert!(
            site.handle.threads() >= 4,
            "one for each, and one to accept"
        );
        gate.open();
        clients.iter_mut().for_each(|client| drop(client.answer()));
        drop(clients);
        assert_eq!(site.handle.shutdown(HOUR).cut, 0);
        assert_eq!(site.handle.connections(), 0);
    });
}
