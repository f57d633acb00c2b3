//! The agent: five sockets an origin, a queue for everyone else, and gauges that say so.

use super::peer::Peer;
use super::stage::Stage;
use crate::support::{Gate, Log, PATIENCE, watched};
use barewire::http::pool::{Gauges, Limits};
use barewire::http::{self, Agent, Connected, Connector, Origin, RequestOptions, Timeouts};
use barewire::net::{Family, pipe};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn gauges(sockets: usize, requests: usize, free_sockets: usize) -> Gauges {
    Gauges {
        sockets,
        requests,
        free_sockets,
    }
}

/// Notes each request, and answers it when the gate is open.
fn gated(log: &Log, gate: &Gate) -> impl Fn(Peer) + Send + Sync + 'static {
    let (log, gate) = (log.clone(), gate.clone());
    move |mut peer| {
        while let Some(asked) = peer.request() {
            log.note(asked.target());
            log.note("asked");
            gate.pass();
            peer.send(OK);
        }
    }
}

#[track_caller]
fn ok(options: &RequestOptions) {
    let mut response = http::request(options).unwrap().end("").unwrap();
    assert_eq!(response.collect().unwrap(), b"ok");
}

/// Waits until it is so.
#[track_caller]
fn until(what: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !what() {
        assert!(Instant::now() < end, "it never came to that");
        thread::yield_now();
    }
}

/// So many requests at once, with the agent's limits: how many are in flight, and how many wait.
fn at_once(requests: usize, limits: Limits) -> Gauges {
    let (log, gate) = (Log::default(), Gate::default());
    let stage = Stage::with(limits, 64 * 1024, gated(&log, &gate));
    let options = stage.options();
    let seen = thread::scope(|scope| {
        for _ in 0..requests {
            scope.spawn(|| ok(&options));
        }
        log.wait_for_several("asked", requests.min(limits.max_sockets));
        until(|| {
            let now = stage.agent.totals();
            now.sockets + now.requests == requests
        });
        let seen = stage.agent.gauges(&options).unwrap();
        gate.open();
        seen
    });
    assert_eq!(log.count("asked"), requests);
    assert_eq!(stage.connections(), requests.min(limits.max_sockets));
    stage.end();
    seen
}

#[test]
fn row_a05_ten_at_once_are_five_in_flight_and_five_in_line() {
    watched(|| {
        assert_eq!(at_once(10, Limits::default()), gauges(5, 5, 0));
        let ten = Limits {
            max_sockets: 10,
            ..Limits::default()
        };
        assert_eq!(at_once(10, ten), gauges(10, 0, 0));
    });
}

/// An unpark may be meant for what the thread does afterwards: the agent must not take it.
#[test]
fn fault_a17_a_thread_in_the_queue_keeps_the_token_of_an_unpark() {
    watched(|| {
        let (log, gate) = (Log::default(), Gate::default());
        let one = Limits {
            max_sockets: 1,
            ..Limits::default()
        };
        let stage = Stage::with(one, 64 * 1024, gated(&log, &gate));
        let options = stage.options();
        thread::scope(|scope| {
            scope.spawn(|| ok(&options));
            log.wait_for_several("asked", 1);
            let waits = scope.spawn(|| {
                ok(&options);
                thread::park(); // for ever, if the token were gone
            });
            until(|| stage.agent.totals().requests == 1);
            waits.thread().unpark();
            gate.open();
        });
        stage.end();
    });
}

/// A connection that a connector has not opened must not be given to it: it may lead elsewhere.
#[test]
fn fault_a18_a_connector_with_an_empty_key_has_connections_of_its_own() {
    struct Own;
    impl Connector for Own {
        fn connect(&self, _to: &Origin, _deadline: Instant) -> io::Result<Connected> {
            Err(io::Error::other("asked for a connection"))
        }

        fn key(&self) -> Option<&str> {
            Some("")
        }
    }
    watched(|| {
        let stage = Stage::over_tcp(|mut peer| {
            while peer.request().is_some() {
                peer.send(OK);
            }
        });
        let plain = stage.options();
        ok(&plain);
        assert_eq!(stage.agent.gauges(&plain).unwrap(), gauges(0, 0, 1));
        let own = plain.clone().create_connection(Own);
        assert_eq!(stage.agent.gauges(&own).unwrap(), gauges(0, 0, 0));
        let error = http::request(own).unwrap().end("").unwrap_err();
        assert!(error.to_string().contains("asked for"), "{error}");
        ok(&plain);
        assert_eq!(stage.connections(), 1);
        stage.end();
    });
}

/// The notes call five the default. It was, until Node 0.12; here it is again, and on purpose.
#[test]
fn erratum_e25_five_sockets_are_the_default_here_and_any_number_may_be_asked_for() {
    watched(|| {
        assert_eq!(Limits::default().max_sockets, 5);
        let unlimited = Limits {
            max_sockets: usize::MAX,
            ..Limits::default()
        };
        assert_eq!(at_once(12, unlimited), gauges(12, 0, 0));
    });
}

/// The notes call `agent.sockets` a number. It is a list for each origin; here are numbers that say
/// what they count.
#[test]
fn erratum_e26_the_gauges_count_for_one_origin_and_for_all() {
    watched(|| {
        let stage = Stage::new(|mut peer| {
            while peer.request().is_some() {
                peer.send(OK);
            }
        });
        let (a, b) = (stage.options().hostname("a"), stage.options().hostname("b"));
        let of = |options: &RequestOptions| stage.agent.gauges(options).unwrap();
        let held = [&a, &a, &b].map(|it| http::request(it).unwrap().end("").unwrap());
        assert_eq!((of(&a), of(&b)), (gauges(2, 0, 0), gauges(1, 0, 0)));
        assert_eq!(stage.agent.totals(), gauges(3, 0, 0));
        for mut response in held {
            response.collect().unwrap();
        }
        assert_eq!((of(&a), of(&b)), (gauges(0, 0, 2), gauges(0, 0, 1)));
        assert_eq!(of(&stage.options().hostname("c")), gauges(0, 0, 0));
        let mut origins = stage.agent.origins();
        origins.sort_by_key(|(origin, _)| origin.host().to_owned());
        let told: Vec<_> = origins
            .iter()
            .map(|(to, it)| format!("{to} {}", it.free_sockets))
            .collect();
        assert_eq!(told, ["a:80 2", "b:80 1"]);
        stage.end();
    });
}

#[test]
fn row_a05_first_come_first_served() {
    watched(|| {
        let (log, gate) = (Log::default(), Gate::default());
        let one = Limits {
            max_sockets: 1,
            ..Limits::default()
        };
        let stage = Stage::with(one, 64 * 1024, gated(&log, &gate));
        let options = stage.options();
        let paths: Vec<String> = (0..10).map(|n| format!("/{n}")).collect();
        thread::scope(|scope| {
            for (waiting, path) in paths.iter().enumerate() {
                let options = options.clone().path(path);
                scope.spawn(move || ok(&options));
                until(|| stage.agent.totals().sockets == 1);
                until(|| stage.agent.totals().requests == waiting);
            }
            gate.open();
        });
        let mut served = log.all();
        served.retain(|it| it != "asked");
        assert_eq!(served, paths);
        stage.end();
    });
}

#[test]
fn row_a05_the_queue_has_a_deadline_and_an_end() {
    watched(|| {
        let limits = Limits {
            max_sockets: 1,
            max_queued: 1,
            queue_timeout: Some(Duration::from_millis(30)),
            ..Limits::default()
        };
        let gate = Gate::default();
        let stage = Stage::with(limits, 64 * 1024, gated(&Log::default(), &gate));
        let options = stage.options();
        gate.open();
        let held = http::request(&options).unwrap().end("").unwrap();

        let late = http::request(&options).unwrap().end("").unwrap_err();
        assert_eq!(
            late.to_string(),
            "no socket of the agent was free within 30ms"
        );

        // Whoever says how long waits so long, and the queue is as long as it may be.
        let patient = options.clone().timeouts(Timeouts {
            queue: Some(PATIENCE),
            ..Timeouts::default()
        });
        thread::scope(|scope| {
            let waiter = scope.spawn(|| ok(&patient));
            until(|| stage.agent.totals().requests == 1);
            let full = http::request(&options).unwrap().end("").unwrap_err();
            assert!(full.to_string().contains("max_queued"), "{full}");
            drop(held);
            waiter.join().unwrap();
        });
        stage.end();
    });
}

#[test]
fn row_a05_agent_none_is_counted_nowhere() {
    watched(|| {
        let stage = Stage::new(|mut peer| {
            let asked = peer.expect_request();
            assert_eq!(asked.field("Connection"), Some("close"));
            peer.send(OK); // and it could go on
            assert_eq!(peer.until_left(), b"");
        });
        let held: Vec<_> = (0..20)
            .map(|_| {
                let request = http::request(stage.options().no_agent()).unwrap();
                request.end("").unwrap()
            })
            .collect();
        assert_eq!(stage.agent.totals(), gauges(0, 0, 0));
        assert_eq!(stage.connections(), 20);
        for mut response in held {
            assert_eq!(response.collect().unwrap(), b"ok");
        }
        stage.end();
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
        let agent = Agent::global();
        let held = http::request(&options).unwrap().end("").unwrap();
        assert_eq!(agent.gauges(&options).unwrap(), gauges(1, 0, 0));
        drop(held);
        ok(&options);
        assert_eq!(agent.gauges(&options).unwrap(), gauges(0, 0, 1));
        assert!(Agent::global().totals().free_sockets >= 1);
    });
}

#[test]
fn row_a05_what_makes_an_origin() {
    watched(|| {
        let stage = Stage::new(|mut peer| {
            while let Some(asked) = peer.request() {
                let tunnel = asked.method() == "CONNECT";
                peer.send(if tunnel {
                    "HTTP/1.1 200 OK\r\n\r\n"
                } else {
                    OK
                });
            }
        });
        let base = || stage.options();
        let proxy = |at: &str| http::Proxy::new(at).unwrap();
        let own = || {
            base().create_connection(|_: &Origin, _| {
                let (here, there) = pipe();
                thread::spawn(|| {
                    let mut peer = Peer::new(Arc::new(there), 1);
                    peer.expect_request();
                    peer.send(OK);
                    peer.until_left();
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
        let sockets = |options: &RequestOptions| stage.agent.gauges(options).unwrap().sockets;
        for (at, one) in all.iter().enumerate() {
            let held = http::request(one).unwrap().end("").unwrap();
            for (other_at, other) in all.iter().enumerate() {
                assert_eq!(
                    sockets(other),
                    usize::from(at == other_at),
                    "{at} {other_at}"
                );
            }
            drop(held);
        }
        let held = http::request(base()).unwrap().end("").unwrap();
        for same in [
            base().hostname("LOCALHOST"),
            base().host("localhost:80"),
            base().path("/other").method("POST").auth("a:b"),
            base().url("http://localhost:80/x").unwrap(),
        ] {
            assert_eq!(sockets(&same), 1);
        }
        drop(held);
        stage.end();
    });
}

#[test]
fn row_a05_limits_for_all_origins_together() {
    watched(|| {
        let limits = Limits {
            max_total_sockets: 2,
            ..Limits::default()
        };
        let stage = Stage::with(limits, 64 * 1024, |mut peer| {
            while peer.request().is_some() {
                peer.send(OK);
            }
        });
        let to = |host: &str| stage.options().hostname(host);
        ok(&to("a"));
        ok(&to("b"));
        assert_eq!(stage.agent.totals(), gauges(0, 0, 2));
        ok(&to("c")); // the oldest idle one has to go
        assert_eq!(stage.agent.totals(), gauges(0, 0, 2));
        assert_eq!(stage.agent.gauges(&to("a")).unwrap(), gauges(0, 0, 0));

        let held = ["a", "b"].map(|host| http::request(to(host)).unwrap().end("").unwrap());
        thread::scope(|scope| {
            let waiter = scope.spawn(|| ok(&to("c")));
            until(|| stage.agent.totals().requests == 1);
            drop(held);
            waiter.join().unwrap();
        });
        stage.end();
    });
}

#[test]
fn row_a05_a_closed_agent_refuses_and_lets_go() {
    watched(|| {
        let one = Limits {
            max_sockets: 1,
            ..Limits::default()
        };
        let stage = Stage::with(one, 64 * 1024, |mut peer| {
            while peer.request().is_some() {
                peer.send(OK);
            }
        });
        let options = stage.options();
        let mut held = http::request(&options).unwrap().end("").unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| http::request(&options).unwrap().end(""));
            until(|| stage.agent.totals().requests == 1);
            stage.agent.close();
            let refused = waiter.join().unwrap().unwrap_err().to_string();
            assert!(refused.contains("closed"), "{refused}");
        });
        assert!(http::request(&options).unwrap().end("").is_err());
        assert_eq!(held.collect().unwrap(), b"ok"); // what is under way ends well
        assert_eq!(stage.agent.totals(), gauges(0, 0, 0));
        stage.end();
    });
}

#[test]
fn limits_under_which_nobody_is_served_are_refused() {
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
