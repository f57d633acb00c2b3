//! T06: which requests share a connection, and that no request is lost when servers close.

use super::stage::{Site, agent, identity, known, pem, trusting};
use crate::support::{Gate, Log, watched};
use barewire::http::{self, Agent, Request, RequestOptions, Response};
use barewire::https;
use barewire::net::Stream;
use barewire::tls::{ClientContext, ClientOptions, Tls};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Answers with the number of connections so far, and whether this client is authorized.
struct Counting(AtomicUsize);

impl http::ServerEvents for Counting {
    fn connection(&self, _stream: &dyn Stream) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn request(&self, req: Request<'_>, res: Response<'_>) -> http::Handled {
        let known = Tls::of(req.stream()).is_some_and(Tls::authorized);
        let so_far = self.0.load(Ordering::SeqCst);
        res.end(format!("{so_far} {known}"))
    }
}

fn counting() -> Site {
    let options = identity("server").ca(pem("ca.crt")).request_cert(true);
    let server = http::create_server_with(Counting(AtomicUsize::new(0)));
    Site::with(options.reject_unauthorized(false), server)
}

fn body(options: RequestOptions) -> String {
    let mut answer = https::request(options).unwrap().end("").expect("an answer");
    String::from_utf8(answer.collect().expect("a body")).unwrap()
}

/// One pool and four clients: a connection that was made with one certificate never carries a request of
/// another client.
#[test]
fn row_t06_other_options_are_another_origin() {
    watched(|| {
        let site = counting();
        let pool = Agent::global();
        let of = |options: ClientOptions| {
            let context = ClientContext::new(&options).expect("good options");
            site.options(&https::Agent::of(&context, pool))
        };
        assert_eq!(body(of(trusting())), "1 false");
        assert_eq!(body(of(known())), "2 true");
        assert_eq!(body(of(trusting().servername("dev.test.com"))), "3 false");
        assert_eq!(body(of(trusting().reject_unauthorized(false))), "4 false");
        // Equal options are one origin, also in two contexts.
        assert_eq!(body(of(trusting())), "4 false");
        assert_eq!(body(of(known())), "4 true");
        let gauges = pool.gauges(&of(known()).origin().expect("good options"));
        assert_eq!((gauges.sockets, gauges.free_sockets), (0, 1));
    });
}

/// The same host and port without TLS is another origin.
#[test]
fn row_t06_an_origin_without_tls_is_another_origin() {
    watched(|| {
        let site = counting();
        let agent = agent();
        assert_eq!(body(site.options(&agent)), "1 false");
        let plain = RequestOptions::new().agent(agent.pool());
        let plain = plain.hostname("127.0.0.1").port(site.port());
        let mut answer = http::request(plain).unwrap().end("").expect("an answer");
        assert_eq!(answer.status(), 400);
        assert!(
            answer
                .collect()
                .unwrap()
                .starts_with(b"400 Bad Request: this port speaks HTTPS")
        );
    });
}

#[test]
fn row_t06_five_are_in_flight_and_the_rest_queue() {
    watched(|| {
        let (log, gate) = (Log::default(), Gate::default());
        let (note, pass) = (log.clone(), gate.clone());
        let site = Site::new(http::create_server(
            move |_req: Request<'_>, res: Response<'_>| {
                note.note("entered");
                pass.pass();
                res.end("done")
            },
        ));
        let agent = agent();
        let options = site.options(&agent);
        thread::scope(|scope| {
            for _ in 0..10 {
                let options = options.clone();
                scope.spawn(move || assert_eq!(body(options), "done"));
            }
            log.wait_for_several("entered", 5);
            while agent.pool().totals().requests < 5 {
                thread::yield_now();
            }
            assert_eq!(agent.pool().totals().sockets, 5);
            gate.open();
        });
        assert_eq!(log.count("entered"), 10);
        assert_eq!(agent.pool().totals().free_sockets, 5);
    });
}

/// The server closes idle connections at any moment; a request on such a connection is sent again.
#[test]
fn row_t06_no_request_is_lost_when_the_server_closes() {
    const CLIENTS: usize = 4;
    const REQUESTS: usize = 600;
    watched(|| {
        let asked = AtomicUsize::new(0);
        let server = http::create_server(move |_req: Request<'_>, mut res: Response<'_>| {
            let n = asked.fetch_add(1, Ordering::SeqCst);
            if n.is_multiple_of(7) {
                res.set_header("Connection", "close")?;
            }
            res.end("whole")
        });
        // A connection that is idle for a millisecond is closed.
        let server = server.keep_alive_timeout(Some(Duration::from_millis(1)));
        let site = Arc::new(Site::new(server));
        let agent = agent();
        thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (site, agent) = (&site, &agent);
                scope.spawn(move || {
                    let options = site.options(agent);
                    for n in 0..REQUESTS {
                        assert_eq!(body(options.clone()), "whole", "{client}: {n}");
                        if n % 50 == client {
                            thread::sleep(Duration::from_millis(2)); // long enough for the server
                        }
                    }
                });
            }
        });
        let totals = agent.pool().totals();
        assert_eq!((totals.sockets, totals.requests), (0, 0));
        let handshakes = agent.context().handshakes();
        assert!(
            handshakes.full + handshakes.resumed > 300,
            "the server has closed connections: {handshakes:?}"
        );
    });
}

/// A connection whose server has sent close_notify, or is gone, is found dead before it is used: also for a
/// request that must not be sent twice.
#[test]
fn row_t06_a_dead_connection_is_found_before_use() {
    watched(|| {
        let log = Log::default();
        let calls = log.clone();
        let server = super::stage::playing_tls(move |tls| {
            let _ = tls.read(&mut [0; 1000]);
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            let _ = (&tls as &dyn Stream).write_all(answer);
            drop(tls);
            calls.note("closed");
        });
        let agent = agent();
        let options = agent.options().hostname("127.0.0.1").method("POST");
        let options = options.port(server.local_addr().port().unwrap());
        for n in 1..=3 {
            let mut answer = https::request(&options)
                .unwrap()
                .end("x")
                .expect("an answer");
            assert_eq!(answer.collect().expect("a body"), b"ok");
            log.wait_for_several("closed", n);
        }
        server.shutdown(crate::support::PATIENCE);
    });
}
