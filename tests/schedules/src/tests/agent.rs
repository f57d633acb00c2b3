//! The agent's queue: more requests than sockets, over a server in memory.
//!
//! ```text
//!   requests ──► Agent: one socket, the rest wait in line ──► pipe ──► http server
//! ```

use super::at_once;
use crate::explore::explore;
use crate::http::pool::{Gauges, Limits};
use crate::http::{self, Agent, Connected, Origin, RequestOptions, Timeouts};
use crate::net::pipe_with_capacity;
use crate::shim::sync::Arc;
use crate::shim::thread;
use crate::shim::time::{self, Instant};
use std::time::Duration;

/// An agent with so many sockets, and options that use it.
fn agent(sockets: usize) -> (Agent, RequestOptions) {
    let limits = Limits {
        max_sockets: sockets,
        ..Limits::default()
    };
    let agent = Agent::new(limits).expect("somebody is served");
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

#[test]
fn every_request_in_line_is_served() {
    explore(5000, || {
        let (agent, options) = agent(1);
        let requests = [0, 1, 2].map(|i| {
            let options = options.clone();
            thread::spawn(move || {
                let mut answer = http::request(&options)?.end("")?;
                // One of them leaves its answer unread: its socket is closed, its place goes on.
                if i > 0 {
                    assert_eq!(answer.collect()?, b"Hello World\n");
                }
                Ok::<(), http::Error>(())
            })
        });
        for request in requests {
            request.join().expect("a request").expect("an answer");
        }
        let Gauges {
            sockets, requests, ..
        } = agent.totals();
        assert_eq!(
            (sockets, requests),
            (0, 0),
            "nothing is in use, nobody waits"
        );
        at_once();
        agent.close();
    });
}

/// Whoever waits in line hears that the agent is closed, or was served before.
#[test]
fn a_closed_agent_leaves_nobody_in_line() {
    explore(5000, || {
        let (agent, options) = agent(1);
        let requests = [0, 1, 2].map(|_| {
            let options = options.clone();
            thread::spawn(move || {
                let mut answer = http::request(&options)?.end("")?;
                answer.collect()
            })
        });
        let closes = {
            let agent = agent.clone();
            thread::spawn(move || agent.close())
        };
        closes.join().expect("whoever closes");
        for request in requests {
            if let Ok(body) = request.join().expect("a request") {
                assert_eq!(body, b"Hello World\n");
            }
        }
        let Gauges {
            sockets, requests, ..
        } = agent.totals();
        assert_eq!(
            (sockets, requests),
            (0, 0),
            "nothing is in use, nobody waits"
        );
        at_once();
    });
}

/// A request gives up its place in line at the very moment at which it gets the socket: the next one in
/// line has it then.
#[test]
fn who_gives_up_in_line_leaves_the_place_to_others() {
    explore(5000, || {
        let (agent, options) = agent(1);
        let uses = http::request(&options)
            .expect("options")
            .end("")
            .expect("an answer");
        let hurried = options.clone().timeouts(Timeouts {
            queue: Some(Duration::from_millis(500)),
            ..Timeouts::default()
        });
        let waits = [hurried, options]
            .map(|options| thread::spawn(move || http::request(&options)?.end("")?.collect()));
        thread::sleep(Duration::from_millis(500));
        drop(uses); // unread: its socket is closed
        let [_answer_or_late, waits] = waits.map(|waits| waits.join().expect("a request"));
        assert_eq!(waits.expect("an answer"), b"Hello World\n");
        assert!(time::elapsed() < Duration::from_secs(1));
        let Gauges {
            sockets, requests, ..
        } = agent.totals();
        assert_eq!(
            (sockets, requests),
            (0, 0),
            "nothing is in use, nobody waits"
        );
        agent.close();
    });
}
