//! H11, second half: nothing is withheld.
//!
//! Responses to pipelined requests leave together while whole requests are in the read buffer. So the
//! response to the first could stay pending while the second handler blocks. Here this handler blocks on a
//! condition variable of the test, which the server cannot see.

use crate::support::{Client, Gate, Log, Site, over_pipe, post, request, watched};
use barewire::http::{self, Request, Response, Server, ServerEvents};
use std::time::Duration;

/// `/wait` waits for the gate, others answer at once with `bytes` of their path's first letter.
fn gated(gate: &Gate, bytes: usize) -> Server<impl ServerEvents> {
    let gate = gate.clone();
    http::create_server(move |req: Request<'_>, res: Response<'_>| {
        if req.path().starts_with("/wait") {
            gate.pass();
        }
        res.end(body(req.path(), bytes))
    })
}

fn body(path: &str, bytes: usize) -> String {
    format!("{path} {}", "x".repeat(bytes))
}

#[test]
fn row_h11_the_first_answer_does_not_wait_for_the_second() {
    watched(|| {
        for bytes in [0, 1000, 60_000] {
            let gate = Gate::default();
            let site = Site::new(gated(&gate, bytes));
            let mut client = site.client();
            client.send(request("GET", "/first") + &request("GET", "/wait"));
            assert_eq!(client.answer().text(), body("/first", bytes));
            gate.open();
            assert_eq!(client.answer().text(), body("/wait", bytes));
        }
    });
}

/// However many there are before it and behind it: each comes once, and in order.
#[test]
fn row_h11_no_answer_is_lost_or_doubled() {
    watched(|| {
        let paths: Vec<String> = (0..50)
            .map(|n| match n {
                25 => "/wait".to_owned(),
                n => format!("/{n}"),
            })
            .collect();
        let all: String = paths.iter().map(|path| request("GET", path)).collect();
        let gate = Gate::default();
        let site = Site::new(gated(&gate, 10));
        let mut client = site.client();
        client.send(all);
        for path in &paths[..25] {
            assert_eq!(client.answer().text(), body(path, 10));
        }
        gate.open();
        for path in &paths[25..] {
            assert_eq!(client.answer().text(), body(path, 10));
        }
        client.finish();
        client.ended();
    });
}

/// Handlers that take about as long as the watch: it looks just when they come back, again and
/// again, on several connections at once.
#[test]
fn row_h11_nothing_is_lost_when_the_handler_comes_back_just_then() {
    watched(|| {
        const REQUESTS: usize = 200;
        let server = http::create_server(|mut req: Request<'_>, res: Response<'_>| {
            let micros = req.collect()?.len() as u64 * 100;
            std::thread::sleep(Duration::from_micros(micros));
            res.end(req.path())
        });
        let site = Site::new(server);
        let mut clients: Vec<Client> = (0..4).map(|_| site.client()).collect();
        for client in &mut clients {
            let all = (0..REQUESTS).map(|n| post(&format!("/{n}"), &"x".repeat(n * 7 % 32)));
            client.send(all.collect::<String>());
        }
        for client in &mut clients {
            for n in 0..REQUESTS {
                assert_eq!(client.answer().text(), format!("/{n}"));
            }
            client.finish();
            client.ended();
        }
    });
}

/// A connection may be quiet for long and then wait again.
#[test]
fn row_h11_a_connection_is_watched_again_and_again() {
    watched(|| {
        let log = Log::default();
        let notes = log.clone();
        let gates = [(); 30].map(|()| Gate::default());
        let passing = gates.clone();
        let server = http::create_server(move |req: Request<'_>, res| {
            if let Some(n) = req.query().and_then(|n| n.parse::<usize>().ok()) {
                notes.note(n);
                passing[n].pass();
            }
            res.end(req.url())
        });
        let site = Site::new(server);
        let mut client = site.client();
        for (n, gate) in gates.iter().enumerate() {
            let wait = format!("/wait?{n}");
            client.send(request("GET", "/first") + &request("GET", &wait));
            assert_eq!(client.answer().text(), "/first");
            log.wait_for(&n.to_string());
            gate.open();
            assert_eq!(client.answer().text(), wait);
        }
    });
}

/// Nor does an answer wait for its own handler, when that goes on after `end`: wherever it
/// stands among others, and however its request's body came.
#[test]
fn row_h11_an_ended_answer_does_not_wait_for_its_handler() {
    watched(|| {
        let chunked = "POST /wait HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                       4\r\nbody\r\n0\r\n\r\n";
        let waits = [
            request("GET", "/wait"),
            post("/wait", "body"),
            chunked.to_owned(),
        ];
        for wait in waits {
            for before in ["", &request("GET", "/before")] {
                for behind in ["", "GET /beh", &request("GET", "/behind")] {
                    let gate = Gate::default();
                    let until_seen = gate.clone();
                    let site = Site::new(http::create_server(
                        move |req: Request<'_>, res| -> http::Handled {
                            res.end(req.path())?;
                            if req.path() == "/wait" {
                                until_seen.pass();
                            }
                            Ok(())
                        },
                    ));
                    let mut client = site.client();
                    client.send(before.to_owned() + &wait + behind);
                    if !before.is_empty() {
                        assert_eq!(client.answer().text(), "/before");
                    }
                    assert_eq!(client.answer().text(), "/wait");
                    gate.open();
                    if behind.ends_with("\r\n\r\n") {
                        assert_eq!(client.answer().text(), "/behind");
                    }
                }
            }
        }
    });
}

/// The handler waits first, and again after it has answered: both times something is held.
#[test]
fn row_h11_a_handler_that_waits_twice_holds_nothing() {
    watched(|| {
        let gates = [Gate::default(), Gate::default()];
        let passing = gates.clone();
        let site = Site::new(http::create_server(
            move |req: Request<'_>, res| -> http::Handled {
                if req.path() != "/wait" {
                    return res.end(req.path());
                }
                passing[0].pass();
                res.end("/wait")?;
                passing[1].pass();
                Ok(())
            },
        ));
        let mut client = site.client();
        client.send(request("GET", "/first") + &request("GET", "/wait") + &request("GET", "/last"));
        assert_eq!(client.answer().text(), "/first");
        gates[0].open();
        assert_eq!(client.answer().text(), "/wait");
        gates[1].open();
        assert_eq!(client.answer().text(), "/last");
    });
}

/// A handler that writes sends what waits before it: there the order is kept by itself.
#[test]
fn row_h11_a_stream_behind_others_comes_in_order() {
    watched(|| {
        let gate = Gate::default();
        let until_seen = gate.clone();
        let server = http::create_server(move |req: Request<'_>, mut res| match req.path() {
            "/stream" => {
                res.write("one")?;
                until_seen.pass();
                res.end("two")
            }
            path => res.end(path),
        });
        let site = Site::new(server);
        let mut client = site.client();
        client
            .send(request("GET", "/first") + &request("GET", "/stream") + &request("GET", "/last"));
        assert_eq!(client.answer().text(), "/first");
        assert_eq!(client.head().status, 200);
        client.exactly("3\r\none\r\n");
        gate.open();
        client.exactly("3\r\ntwo\r\n0\r\n\r\n");
        assert_eq!(client.answer().text(), "/last");
    });
}

/// What the socket does not take at once leaves as the client reads, although the next handler still
/// waits; and what is left when that comes back leaves before its own answer.
#[test]
fn fault_a04_a_full_socket_takes_the_rest_as_the_client_reads() {
    watched(|| {
        for read_before in [0, 5_000, 15_000] {
            let gate = Gate::default();
            let server = gated(&gate, 15_000);
            over_pipe(&server, 100, |mut client| {
                client.send(request("GET", "/first") + &request("GET", "/wait"));
                let head = client.head();
                assert_eq!(head.field("Content-Length"), Some("15007"));
                let first = body("/first", 15_000);
                client.exactly(&first[..read_before]);
                gate.open();
                client.exactly(&first[read_before..]);
                assert_eq!(client.answer().text(), body("/wait", 15_000));
                client.finish();
                client.ended();
            });
        }
    });
}
