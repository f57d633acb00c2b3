//! Connections are used again: the newest first, not for ever, and only when they are whole.

use super::peer::Peer;
use super::stage::Stage;
use crate::support::{Gate, Log, PATIENCE, watched};
use barewire::http::pool::Limits;
use barewire::http::{self, ClientResponse, RequestOptions};
use barewire::net::is_timeout;
use std::io::Read;
use std::thread;
use std::time::{Duration, Instant};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Gives every request this answer; notes the connection.
fn giving(answer: &str, log: &Log) -> impl Fn(Peer) + Send + Sync + 'static {
    let (answer, log) = (answer.to_owned(), log.clone());
    move |mut peer| {
        while peer.request().is_some() {
            log.note(peer.number);
            if !peer.try_send(&answer) {
                return;
            }
        }
    }
}

fn ask(options: &RequestOptions) -> ClientResponse {
    http::request(options).unwrap().end("").unwrap()
}

#[track_caller]
fn ok(options: &RequestOptions) {
    assert_eq!(ask(options).collect().unwrap(), b"ok");
}

#[test]
fn row_a06_the_newest_is_used_first() {
    watched(|| {
        let log = Log::default();
        let stage = Stage::new(giving(OK, &log));
        let held = [(); 3].map(|()| ask(&stage.options()));
        let [mut first, mut second, mut third] = held;
        for response in [&mut second, &mut third, &mut first] {
            response.collect().unwrap();
        }
        let again = [(); 3].map(|()| ask(&stage.options()));
        assert_eq!(log.all()[3..], ["1", "3", "2"]);
        assert_eq!(again.each_ref().map(|it| it.timings().reused), [true; 3]);
        drop(again);
        stage.end();
    });
}

#[test]
fn row_a06_what_is_idle_for_too_long_is_closed() {
    watched(|| {
        let closed = Gate::default();
        let open = closed.clone();
        let limits = Limits {
            idle_timeout: Duration::from_millis(30),
            ..Limits::default()
        };
        let began = Instant::now();
        let stage = Stage::with(limits, 64 * 1024, move |mut peer| {
            peer.expect_request();
            peer.send(OK);
            assert_eq!(peer.until_left(), b""); // by itself: nobody asks again
            open.open();
        });
        ok(&stage.options());
        closed.pass();
        assert!(began.elapsed() >= Duration::from_millis(30));
        assert_eq!(stage.agent.totals().free_sockets, 0);
        stage.end();
    });
}

#[test]
fn row_a06_the_server_says_for_how_long_less_a_margin() {
    watched(|| {
        // What remains of `timeout=1` less a second, or of nothing more to answer, is not kept.
        for (keep_alive, kept) in [
            ("timeout=1", 0),
            ("timeout=0", 0),
            ("timeout=5, max=0", 0),
            ("timeout=2", 1),
            ("timeout=5, max=100", 1),
            ("whatever", 1),
        ] {
            let answer = format!(
                "HTTP/1.1 200 OK\r\nKeep-Alive: {keep_alive}\r\nContent-Length: 2\r\n\r\nok"
            );
            let stage = Stage::new(giving(&answer, &Log::default()));
            ok(&stage.options());
            assert_eq!(stage.agent.totals().free_sockets, kept, "{keep_alive}");
            stage.end();
        }
    });
}

/// The last thing that the server says before a connection is idle.
fn idle_then(say: fn(&Peer)) -> (Stage, Gate, Log) {
    let (gate, log) = (Gate::default(), Log::default());
    let (open, note) = (gate.clone(), log.clone());
    let stage = Stage::new(move |mut peer| {
        while peer.request().is_some() {
            peer.send(OK);
            if peer.number == 1 {
                open.pass();
                say(&peer);
                note.note("said");
            }
        }
    });
    (stage, gate, log)
}

#[test]
fn row_a06_a_dead_connection_is_found_before_it_is_used() {
    watched(|| {
        let says: [fn(&Peer); 3] = [
            |peer| peer.finish(),
            |peer| peer.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"),
            |peer| peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"),
        ];
        for say in says {
            let (stage, gate, log) = idle_then(say);
            // A POST: it would not be sent again.
            let options = stage.options().method("POST");
            ok(&options);
            gate.open();
            log.wait_for("said");
            assert_eq!(stage.agent.totals().free_sockets, 1);
            ok(&options);
            assert_eq!(stage.connections(), 2);
            assert_eq!(stage.agent.totals().free_sockets, 1);
            stage.end();
        }
    });
}

#[test]
fn row_a06_only_what_is_whole_and_persistent_is_kept() {
    watched(|| {
        for (answer, kept) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\n",
                true,
            ),
            ("HTTP/1.1 204 No Content\r\n\r\n", true),
            (
                "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
                true,
            ),
            (
                "HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
                true,
            ),
            (
                "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok",
                true,
            ),
            ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false),
            (
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
                false,
            ),
            (
                "HTTP/1.1 200 OK\r\nConnection: a, CLOSE, b\r\nContent-Length: 2\r\n\r\nok",
                false,
            ),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\n", false), // a byte too many
            (
                "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok",
                false,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\r\n",
                false,
            ),
        ] {
            let stage = Stage::new(giving(answer, &Log::default()));
            ask(&stage.options()).collect().unwrap();
            assert_eq!(
                stage.agent.totals().free_sockets,
                usize::from(kept),
                "{answer:?}"
            );
            stage.end();
        }
    });
}

#[test]
fn row_a06_what_we_end_ourselves_is_not_kept() {
    watched(|| {
        let stage = Stage::new(giving(OK, &Log::default()));
        ok(&stage.options().header("Connection", "close"));
        assert_eq!(stage.agent.totals().free_sockets, 0);
        // An answer to HEAD has no body, whatever its length.
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        stage.end();
        let stage = Stage::new(giving(head, &Log::default()));
        let options = stage.options().method("HEAD");
        assert_eq!(ask(&options).collect().unwrap(), b"");
        assert_eq!(ask(&options).header("Content-Length"), Some("2"));
        assert_eq!(
            (stage.connections(), stage.agent.totals().free_sockets),
            (1, 1)
        );
        stage.end();
    });
}

#[test]
fn row_a06_a_body_that_is_dropped_half_read_costs_its_connection_and_nothing_else() {
    watched(|| {
        const BYTES: usize = 1_000_000; // far more than is read ahead
        let body = "x".repeat(BYTES);
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {BYTES}\r\n\r\n{body}");
        let stage = Stage::new(giving(&answer, &Log::default()));
        for taken in [0, 1, 100_000] {
            let mut response = ask(&stage.options());
            response.read_exact(&mut vec![0; taken]).unwrap();
            drop(response);
            assert_eq!(stage.agent.totals().free_sockets, 0);
            assert_eq!(ask(&stage.options()).collect().unwrap(), body.as_bytes());
            assert_eq!(stage.agent.totals().free_sockets, 1);
        }
        // Read to the last byte: whole, although nobody has seen the end.
        let mut response = ask(&stage.options());
        response.read_exact(&mut vec![0; BYTES]).unwrap();
        assert_eq!(stage.agent.totals().free_sockets, 1);
        drop(response);
        stage.end();
    });
}

#[test]
fn a_connection_that_is_used_again_waits_as_a_new_one_would() {
    watched(|| {
        // The first answer is late by the deadline of the second.
        let stage = Stage::new(|mut peer| {
            while let Some(asked) = peer.request() {
                if asked.target() == "/late" {
                    peer.stream()
                        .set_read_timeout(Some(Duration::from_millis(60)))
                        .unwrap();
                    let read = peer.stream().read(&mut [0; 1]);
                    assert!(read.is_err_and(|e| is_timeout(&e)));
                    peer.stream().set_read_timeout(Some(PATIENCE)).unwrap();
                }
                peer.send(OK);
            }
        });
        let short = http::Timeouts {
            head: Duration::from_millis(20),
            ..http::Timeouts::default()
        };
        let _ = http::request(stage.options().timeouts(short))
            .unwrap()
            .end(""); // leaves a short tick
        ok(&stage.options().path("/late"));
        stage.end();
    });
}

#[test]
fn an_agent_that_is_dropped_closes_what_is_idle() {
    watched(|| {
        let left = Gate::default();
        let open = left.clone();
        let stage = Stage::new(move |mut peer| {
            peer.expect_request();
            peer.send(OK);
            peer.until_left();
            open.open();
        });
        let other = http::Agent::new(Limits {
            idle_timeout: Duration::from_secs(3600),
            ..Limits::default()
        });
        let other = other.unwrap();
        let options = stage.options().agent(&other);
        ok(&options);
        thread::scope(|scope| {
            scope.spawn(move || drop((other, options)));
        });
        left.pass();
        stage.end();
    });
}
