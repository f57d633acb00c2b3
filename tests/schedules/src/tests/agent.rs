//! The agent's queue: more requests than sockets, to a server in memory.
//!
//! ```text
//!   requests ──► Agent: one socket, the others wait     ──► pipe ──► http server
//! ```

use super::at_once;
use crate::explore::explore;
use crate::http::pool::Limits;
use crate::http::{self, Agent, Connected, Origin, RequestOptions, Timeouts};
use crate::net::pipe_with_capacity;
use crate::shim::sync::Arc;
use crate::shim::thread;
use crate::shim::time::{self, Instant};
use std::time::Duration;

/// An agent with one socket, and options that use it.
fn agent() -> (Agent, RequestOptions) {
    let limits = Limits {
        max_sockets: 1,
        ..Limits::default()
    };
    let agent = Agent::new(limits).expect("good limits");
    let server = Arc::new(http::create_server(|_req, res| res.end("Hello World\n")));
    let connect = move |_to: &Origin, _deadline: Instant| {
        let (here, there) = pipe_with_capacity(1000);
        let server = Arc::clone(&server);
        thread::spawn(move || server.serve(Arc::new(there)));
        Ok(Connected::new(here))
    };
    let options = RequestOptions::new()
        .create_connection(connect)
        .agent(&agent);
    (agent, options)
}

fn check_quiet(agent: &Agent) {
    let gauges = agent.totals();
    let busy = (gauges.sockets, gauges.requests);
    assert_eq!(busy, (0, 0), "sockets in use, requests that wait");
}

#[test]
fn every_request_in_the_queue_is_served() {
    explore(5000, || {
        let (agent, options) = agent();
        let requests = [0, 1, 2].map(|i| {
            let options = options.clone();
            thread::spawn(move || {
                let mut response = http::request(&options)?.end("")?;
                // One of them drops its response unread: its socket is closed, its slot goes to the next.
                if i > 0 {
                    assert_eq!(response.collect()?, b"Hello World\n");
                }
                Ok::<(), http::Error>(())
            })
        });
        for request in requests {
            request.join().expect("a request").expect("a response");
        }
        check_quiet(&agent);
        at_once();
        agent.close();
    });
}

/// A waiting request gets the error that the agent is closed, or was served before.
#[test]
fn a_closed_agent_leaves_no_request_in_the_queue() {
    explore(5000, || {
        let (agent, options) = agent();
        let requests = [0, 1, 2].map(|_| {
            let options = options.clone();
            thread::spawn(move || {
                let mut response = http::request(&options)?.end("")?;
                response.collect()
            })
        });
        let closes = {
            let agent = agent.clone();
            thread::spawn(move || agent.close())
        };
        closes.join().expect("the thread that closes");
        for request in requests {
            if let Ok(body) = request.join().expect("a request") {
                assert_eq!(body, b"Hello World\n");
            }
        }
        check_quiet(&agent);
        at_once();
    });
}

/// A request is cancelled at the very moment at which it is granted a connection: if it has sent nothing, the
/// connection is idle afterwards.
#[test]
fn a_connection_that_a_cancelled_request_has_not_used_is_kept() {
    explore(5000, || {
        let (agent, options) = agent();
        let mut uses = http::request(&options)
            .expect("options")
            .end("")
            .expect("a response");
        let mut waits = http::request(&options).expect("options");
        let handle = waits.handle();
        let waits = thread::spawn(move || waits.end("")?.collect());
        let cancels = thread::spawn(move || handle.cancel_queued());
        assert_eq!(uses.collect().expect("a body"), b"Hello World\n");
        let was_cancelled = cancels.join().expect("the thread that cancels");
        let waited = waits.join().expect("a request");
        assert_eq!(waited.is_err(), was_cancelled);
        check_quiet(&agent);
        assert_eq!(agent.totals().free_sockets, 1);
        at_once();
        agent.close();
    });
}

/// A request gives up at the very moment at which it is granted the socket: the next request gets it.
#[test]
fn a_request_that_gives_up_leaves_its_grant_to_the_next() {
    explore(5000, || {
        let (agent, options) = agent();
        let uses = http::request(&options)
            .expect("options")
            .end("")
            .expect("a response");
        let hurried = options.clone().timeouts(Timeouts {
            queue: Some(Duration::from_millis(500)),
            ..Timeouts::default()
        });
        let waits = [hurried, options]
            .map(|options| thread::spawn(move || http::request(&options)?.end("")?.collect()));
        thread::sleep(Duration::from_millis(500));
        drop(uses); // unread: its socket is closed
        let [_response_or_late, waits] = waits.map(|waits| waits.join().expect("a request"));
        assert_eq!(waits.expect("a response"), b"Hello World\n");
        assert!(time::elapsed() < Duration::from_secs(1));
        check_quiet(&agent);
        agent.close();
    });
}
