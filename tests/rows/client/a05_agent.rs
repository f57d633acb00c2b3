//! The agent: five sockets an origin, a queue for everyone else, and gauges that say so.

use super::peer::Peer;
use super::test_server::{OK, TestServer, get, ok, one_socket, responding};
use crate::support::{Gate, Log, PATIENCE, watched};
use barewire::http::pool::{Gauges, Limits};
use barewire::http::{self, Agent, Connected, Connector, Origin, RequestOptions, Timeouts};
use barewire::net::{Family, pipe};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

fn gauges(sockets: usize, requests: usize, free_sockets: usize) -> Gauges {
    Gauges {
        sockets,
        requests,
        free_sockets,
    }
}

/// Notes each request, and responds when the gate is open.
fn gated(log: &Log, gate: &Gate) -> impl Fn(Peer) + Send + Sync + 'static {
    let (log, gate) = (log.clone(), gate.clone());
    move |mut peer| {
        while let Some(received) = peer.request() {
            log.note(received.target());
            log.note("received");
            gate.pass();
            peer.send(OK);
        }
    }
}

/// Waits until `what` is true.
#[track_caller]
fn until(what: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !what() {
        assert!(Instant::now() < end, "it never became true");
        thread::yield_now();
    }
}

/// Sends requests at once, with these limits; returns how many are in flight and how many wait.
fn at_once(requests: usize, limits: Limits) -> Gauges {
    let (log, gate) = (Log::default(), Gate::default());
    let server = TestServer::with(limits, gated(&log, &gate));
    let options = server.options();
    let seen = thread::scope(|scope| {
        for _ in 0..requests {
            scope.spawn(|| ok(&options));
        }
        log.wait_for_several("received", requests.min(limits.max_sockets));
        until(|| {
            let now = server.agent.totals();
            now.sockets + now.requests == requests
        });
        let seen = server.gauges(&options);
        gate.open();
        seen
    });
    assert_eq!(log.count("received"), requests);
    assert_eq!(server.connections(), requests.min(limits.max_sockets));
    server.end();
    seen
}

#[test]
fn row_a05_of_ten_at_once_five_are_in_flight_and_five_wait() {
    watched(|| {
        assert_eq!(at_once(10, Limits::default()), gauges(5, 5, 0));
        let ten = Limits {
            max_sockets: 10,
            ..Limits::default()
        };
        assert_eq!(at_once(10, ten), gauges(10, 0, 0));
    });
}

/// An `unpark` may be meant for what the thread does later: the agent must not take its token.
#[test]
fn fault_a17_a_thread_in_the_queue_keeps_the_token_of_an_unpark() {
    watched(|| {
        let (log, gate) = (Log::default(), Gate::default());
        let server = TestServer::with(one_socket(), gated(&log, &gate));
        let options = server.options();
        thread::scope(|scope| {
            scope.spawn(|| ok(&options));
            log.wait_for_several("received", 1);
            let waits = scope.spawn(|| {
                ok(&options);
                thread::park(); // for ever, if the token was taken
            });
            until(|| server.agent.totals().requests == 1);
            waits.thread().unpark();
            gate.open();
        });
        server.end();
    });
}

/// A connector must not get a connection that plain TCP has opened: it may lead elsewhere.
#[test]
fn fault_a18_a_connector_with_an_empty_key_has_connections_of_its_own() {
    struct Own;
    impl Connector for Own {
        fn connect(&self, _to: &Origin, _deadline: Instant) -> io::Result<Connected> {
            Err(io::Error::other("connect was called"))
        }

        fn key(&self) -> Option<&str> {
            Some("")
        }
    }
    watched(|| {
        let server = TestServer::over_tcp(responding(OK));
        let plain = server.options();
        ok(&plain);
        assert_eq!(server.gauges(&plain), gauges(0, 0, 1));
        let own = plain.clone().create_connection(Own);
        assert_eq!(server.gauges(&own), gauges(0, 0, 0));
        let error = http::request(own).unwrap().end("").unwrap_err();
        assert!(error.to_string().contains("was called"), "{error}");
        ok(&plain);
        assert_eq!(server.connections(), 1);
        server.end();
    });
}

/// The notes call five the default. It was, until Node 0.12; here it is on purpose.
#[test]
fn erratum_e25_five_sockets_are_the_default_here_and_any_number_may_be_set() {
    watched(|| {
        assert_eq!(Limits::default().max_sockets, 5);
        let unlimited = Limits {
            max_sockets: usize::MAX,
            ..Limits::default()
        };
        assert_eq!(at_once(12, unlimited), gauges(12, 0, 0));
    });
}

/// The notes call `agent.sockets` a number. In Node it is a list for each origin; here, gauges are numbers
/// for one origin and for all.
#[test]
fn erratum_e26_the_gauges_count_for_one_origin_and_for_all() {
    watched(|| {
        let server = TestServer::new(responding(OK));
        let (a, b) = (
            server.options().hostname("a"),
            server.options().hostname("b"),
        );
        let of = |options: &RequestOptions| server.gauges(options);
        let held = [&a, &a, &b].map(|it| get(it));
        assert_eq!((of(&a), of(&b)), (gauges(2, 0, 0), gauges(1, 0, 0)));
        assert_eq!(server.agent.totals(), gauges(3, 0, 0));
        for mut response in held {
            response.collect().unwrap();
        }
        assert_eq!((of(&a), of(&b)), (gauges(0, 0, 2), gauges(0, 0, 1)));
        assert_eq!(of(&server.options().hostname("c")), gauges(0, 0, 0));
        let mut origins = server.agent.origins();
        origins.sort_by_key(|(origin, _)| origin.host().to_owned());
        let listed: Vec<_> = origins
            .iter()
            .map(|(to, it)| format!("{to} {}", it.free_sockets))
            .collect();
        assert_eq!(listed, ["a:80 2", "b:80 1"]);
        server.end();
    });
}

#[test]
fn row_a05_first_come_first_served() {
    watched(|| {
        let (log, gate) = (Log::default(), Gate::default());
        let server = TestServer::with(one_socket(), gated(&log, &gate));
        let options = server.options();
        let paths: Vec<String> = (0..10).map(|n| format!("/{n}")).collect();
        thread::scope(|scope| {
            for (waiting, path) in paths.iter().enumerate() {
                let options = options.clone().path(path);
                scope.spawn(move || ok(&options));
                until(|| server.agent.totals().sockets == 1);
                until(|| server.agent.totals().requests == waiting);
            }
            gate.open();
        });
        let mut served = log.all();
        served.retain(|it| it != "received");
        assert_eq!(served, paths);
        server.end();
    });
}

#[test]
fn row_a05_the_queue_has_a_deadline_and_an_end() {
    watched(|| {
        let limits = Limits {
            max_queued: 1,
            queue_timeout: Some(Duration::from_millis(30)),
            ..one_socket()
        };
        let gate = Gate::default();
        let server = TestServer::with(limits, gated(&Log::default(), &gate));
        let options = server.options();
        gate.open();
        let held = get(&options);

        let late = http::request(&options).unwrap().end("").unwrap_err();
        assert_eq!(
            late.to_string(),
            "no socket of the agent was free within 30ms"
        );

        // The timeout of a request wins over the agent's; then the queue is full.
        let patient = options.clone().timeouts(Timeouts {
            queue: Some(PATIENCE),
            ..Timeouts::default()
        });
        thread::scope(|scope| {
            let waiter = scope.spawn(|| ok(&patient));
            until(|| server.agent.totals().requests == 1);
            let full = http::request(&options).unwrap().end("").unwrap_err();
            assert!(full.to_string().contains("max_queued"), "{full}");
            drop(held);
            waiter.join().unwrap();
        });
        server.end();
    });
}

#[test]
fn row_a05_a_request_without_an_agent_is_not_counted() {
    watched(|| {
        let server = TestServer::new(|mut peer| {
            let received = peer.expect_request();
            assert_eq!(received.field("Connection"), Some("close"));
            peer.send(OK); // the server would keep the connection
            assert_eq!(peer.until_closed(), b"");
        });
        let held: Vec<_> = (0..20)
            .map(|_| {
                let request = http::request(server.options().no_agent()).unwrap();
                request.end("").unwrap()
            })
            .collect();
        assert_eq!(server.agent.totals(), gauges(0, 0, 0));
        assert_eq!(server.connections(), 20);
        for mut response in held {
            assert_eq!(response.collect().unwrap(), b"ok");
        }
        server.end();
    });
}

#[test]
fn row_a05_requests_that_name_no_agent_share_the_global_one() {
    watched(|| {
        let server = Arc::new(http::create_server(|_req, res| res.end("ok")));
        let options = RequestOptions::new().create_connection(move |_: &Origin, _| {
            let (here, there) = pipe();
            let server = Arc::clone(&server);
            thread::spawn(move || server.serve(Arc::new(there)));
            Ok(Connected::new(here))
        });
        let (agent, origin) = (Agent::global(), options.origin().unwrap());
        let held = get(&options);
        assert_eq!(agent.gauges(&origin), gauges(1, 0, 0));
        drop(held);
        ok(&options);
        assert_eq!(agent.gauges(&origin), gauges(0, 0, 1));
        assert!(Agent::global().totals().free_sockets >= 1);
    });
}

#[test]
fn row_a05_requests_share_connections_if_their_origins_are_equal() {
    watched(|| {
        let server = TestServer::new(|mut peer| {
            while let Some(received) = peer.request() {
                let tunnel = received.method() == "CONNECT";
                peer.send(if tunnel {
                    "HTTP/1.1 200 OK\r\n\r\n"
                } else {
                    OK
                });
            }
        });
        let base = || server.options();
        let proxy = |at: &str| http::Proxy::new(at).unwrap();
        let own = || {
            base().create_connection(|_: &Origin, _| {
                let (here, there) = pipe();
                thread::spawn(|| {
                    let mut peer = Peer::new(Arc::new(there), 1);
                    peer.expect_request();
                    peer.send(OK);
                    peer.until_closed();
                });
                Ok(Connected::new(here))
            })
        };
        let all = [
            base(),
            base().hostname("a"),
            base().hostname("127.0.0.1"),
            base().port(81),
            base().family(Family::V4),
            base().family(Family::V6),
            base().local_address([127, 0, 0, 1].into()),
            base().local_address([127, 0, 0, 2].into()),
            base().socket_path("/a"),
            base().socket_path("/b"),
            base().proxy(&proxy("http://a/")),
            base().proxy(&proxy("http://b/")),
            base().proxy(&proxy("http://a/").tunnel()),
            own(),
            own(),
        ];
        let sockets = |options: &RequestOptions| server.gauges(options).sockets;
        for (at, one) in all.iter().enumerate() {
            let held = get(one);
            for (other_at, other) in all.iter().enumerate() {
                assert_eq!(
                    sockets(other),
                    usize::from(at == other_at),
                    "{at} {other_at}"
                );
            }
            drop(held);
        }
        let held = get(&base());
        for same in [
            base().hostname("LOCALHOST"),
            base().host("localhost:80"),
            base().path("/other").method("POST").auth("a:b"),
            base().url("http://localhost:80/x").unwrap(),
        ] {
            assert_eq!(sockets(&same), 1);
        }
        drop(held);
        server.end();
    });
}

#[test]
fn row_a05_limits_for_all_origins_together() {
    watched(|| {
        let limits = Limits {
            max_total_sockets: 2,
            ..Limits::default()
        };
        let server = TestServer::with(limits, responding(OK));
        let to = |host: &str| server.options().hostname(host);
        ok(&to("a"));
        ok(&to("b"));
        assert_eq!(server.agent.totals(), gauges(0, 0, 2));
        ok(&to("c")); // the oldest idle connection is closed
        assert_eq!(server.agent.totals(), gauges(0, 0, 2));
        assert_eq!(server.gauges(&to("a")), gauges(0, 0, 0));

        let held = ["a", "b"].map(|host| get(&to(host)));
        thread::scope(|scope| {
            let waiter = scope.spawn(|| ok(&to("c")));
            until(|| server.agent.totals().requests == 1);
            drop(held);
            waiter.join().unwrap();
        });
        server.end();
    });
}

#[test]
fn row_a05_a_closed_agent_refuses_requests_and_keeps_no_connection() {
    watched(|| {
        let server = TestServer::with(one_socket(), responding(OK));
        let options = server.options();
        let mut held = get(&options);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| http::request(&options).unwrap().end(""));
            until(|| server.agent.totals().requests == 1);
            server.agent.close();
            let refused = waiter.join().unwrap().unwrap_err().to_string();
            assert!(refused.contains("closed"), "{refused}");
        });
        assert!(http::request(&options).unwrap().end("").is_err());
        assert_eq!(held.collect().unwrap(), b"ok"); // a request in flight is finished
        assert_eq!(server.agent.totals(), gauges(0, 0, 0));
        server.end();
    });
}

#[test]
fn limits_under_which_no_request_is_served_are_refused() {
    for limits in [
        Limits {
            max_sockets: 0,
            ..Limits::default()
        },
        Limits {
            max_total_sockets: 0,
            ..Limits::default()
        },
    ] {
        assert!(Agent::new(limits).is_err());
    }
}
