//! Connections are reused: the newest first, until they expire, and only between two responses.

use super::peer::Peer;
use super::test_server::{OK, TestServer, get, head_within, ok};
use crate::support::{Gate, Log, PATIENCE, watched};
use barewire::http;
use barewire::http::pool::Limits;
use barewire::net::is_timeout;
use std::io::Read;
use std::thread;
use std::time::{Duration, Instant};

/// Sends this response to every request; notes the number of the connection.
fn noting(response: &str, log: &Log) -> impl Fn(Peer) + Send + Sync + 'static {
    let (response, log) = (response.to_owned(), log.clone());
    move |mut peer| {
        while peer.request().is_some() {
            log.note(peer.number);
            if !peer.try_send(&response) {
                return;
            }
        }
    }
}

#[test]
fn row_a06_the_newest_is_used_first() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::new(noting(OK, &log));
        let held = [(); 3].map(|()| get(&server.options()));
        let [mut first, mut second, mut third] = held;
        for response in [&mut second, &mut third, &mut first] {
            response.collect().unwrap();
        }
        let again = [(); 3].map(|()| get(&server.options()));
        assert_eq!(log.all()[3..], ["1", "3", "2"]);
        assert_eq!(again.each_ref().map(|it| it.timings().reused), [true; 3]);
        drop(again);
        server.end();
    });
}

#[test]
fn row_a06_a_connection_that_is_idle_for_too_long_is_closed() {
    watched(|| {
        let closed = Gate::default();
        let open = closed.clone();
        let limits = Limits {
            idle_timeout: Duration::from_millis(30),
            ..Limits::default()
        };
        let began = Instant::now();
        let server = TestServer::with(limits, move |mut peer| {
            peer.expect_request();
            peer.send(OK);
            assert_eq!(peer.until_closed(), b""); // the agent closes it without another request
            open.open();
        });
        ok(&server.options());
        closed.pass();
        assert!(began.elapsed() >= Duration::from_millis(30));
        assert_eq!(server.idle(), 0);
        server.end();
    });
}

/// The server counts from there, too: it does not see when its response is read.
#[test]
fn row_a06_the_idle_time_counts_from_the_last_byte_that_came() {
    watched(|| {
        let log = Log::default();
        let limits = Limits {
            idle_timeout: Duration::from_millis(30),
            ..Limits::default()
        };
        let server = TestServer::with(limits, noting(OK, &log));
        let mut response = get(&server.options()); // its body came with its head
        thread::sleep(2 * limits.idle_timeout);
        response.collect().unwrap();
        ok(&server.options());
        assert_eq!(log.all(), ["1", "2"]);
        server.end();
    });
}

#[test]
fn row_a06_the_servers_keep_alive_less_a_margin_limits_the_idle_time() {
    watched(|| {
        // `timeout=1` less a second is zero; `max=0` allows no further request.
        for (keep_alive, kept) in [
            ("timeout=1", 0),
            ("timeout=0", 0),
            ("timeout=5, max=0", 0),
            ("timeout=2", 1),
            ("timeout=5, max=100", 1),
            ("whatever", 1),
        ] {
            let response = format!(
                "HTTP/1.1 200 OK\r\nKeep-Alive: {keep_alive}\r\nContent-Length: 2\r\n\r\nok"
            );
            let server = TestServer::new(noting(&response, &Log::default()));
            ok(&server.options());
            assert_eq!(server.idle(), kept, "{keep_alive}");
            server.end();
        }
    });
}

/// After the first response, and once the gate is open, the server does this.
fn idle_then(say: fn(&Peer)) -> (TestServer, Gate, Log) {
    let (gate, log) = (Gate::default(), Log::default());
    let (open, note) = (gate.clone(), log.clone());
    let server = TestServer::new(move |mut peer| {
        while peer.request().is_some() {
            peer.send(OK);
            if peer.number == 1 {
                open.pass();
                say(&peer);
                note.note("done");
            }
        }
    });
    (server, gate, log)
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
            let (server, gate, log) = idle_then(say);
            // A POST is not retried.
            let options = server.options().method("POST");
            ok(&options);
            gate.open();
            log.wait_for("done");
            assert_eq!(server.idle(), 1);
            ok(&options);
            assert_eq!(server.connections(), 2);
            assert_eq!(server.idle(), 1);
            server.end();
        }
    });
}

#[test]
fn row_a06_only_a_whole_response_on_a_persistent_connection_keeps_it() {
    watched(|| {
        for (response, kept) in [
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
            let server = TestServer::new(noting(response, &Log::default()));
            get(&server.options()).collect().unwrap();
            assert_eq!(server.idle(), usize::from(kept), "{response:?}");
            server.end();
        }
    });
}

#[test]
fn row_a06_a_request_with_connection_close_ends_its_connection() {
    watched(|| {
        let server = TestServer::new(noting(OK, &Log::default()));
        ok(&server.options().header("Connection", "close"));
        assert_eq!(server.idle(), 0);
        // A response to HEAD has no body, whatever its Content-Length.
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        server.end();
        let server = TestServer::new(noting(head, &Log::default()));
        let options = server.options().method("HEAD");
        assert_eq!(get(&options).collect().unwrap(), b"");
        assert_eq!(get(&options).header("Content-Length"), Some("2"));
        assert_eq!((server.connections(), server.idle()), (1, 1));
        server.end();
    });
}

#[test]
fn row_a06_a_body_that_is_dropped_half_read_closes_its_connection_and_nothing_else() {
    watched(|| {
        const BYTES: usize = 1_000_000; // far more than is read ahead
        let body = "x".repeat(BYTES);
        let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {BYTES}\r\n\r\n{body}");
        let server = TestServer::new(noting(&response, &Log::default()));
        for taken in [0, 1, 100_000] {
            let mut response = get(&server.options());
            response.read_exact(&mut vec![0; taken]).unwrap();
            drop(response);
            assert_eq!(server.idle(), 0);
            assert_eq!(get(&server.options()).collect().unwrap(), body.as_bytes());
            assert_eq!(server.idle(), 1);
        }
        // Read to the last byte, but not to `Ok(0)`: the body is whole.
        let mut response = get(&server.options());
        response.read_exact(&mut vec![0; BYTES]).unwrap();
        assert_eq!(server.idle(), 1);
        drop(response);
        server.end();
    });
}

#[test]
fn a_reused_connection_has_the_deadlines_of_its_own_request() {
    watched(|| {
        // The second response would be late by the deadline of the first.
        let server = TestServer::new(|mut peer| {
            while let Some(received) = peer.request() {
                if received.target() == "/late" {
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
        let short = head_within(Duration::from_millis(20));
        let _ = http::request(server.options().timeouts(short))
            .unwrap()
            .end(""); // leaves a short read timeout
        ok(&server.options().path("/late"));
        server.end();
    });
}

#[test]
fn an_agent_that_is_dropped_closes_its_idle_connections() {
    watched(|| {
        let left = Gate::default();
        let open = left.clone();
        let server = TestServer::new(move |mut peer| {
            peer.expect_request();
            peer.send(OK);
            peer.until_closed();
            open.open();
        });
        let other = http::Agent::new(Limits {
            idle_timeout: Duration::from_secs(3600),
            ..Limits::default()
        });
        let other = other.unwrap();
        let options = server.options().agent(&other);
        ok(&options);
        thread::scope(|scope| {
            scope.spawn(move || drop((other, options)));
        });
        left.pass();
        server.end();
    });
}
