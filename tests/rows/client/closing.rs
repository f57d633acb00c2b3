//! Many requests through one agent, to a server that closes idle connections at random moments: right after
//! a response, or a moment later, when the next request may be in flight. No request is lost, none is served
//! twice, and the gauges return to zero.
//!
//! 10,000 requests; 100,000 with `cargo test --test rows closing -- --ignored`.

use super::peer::Peer;
use super::test_server::TestServer;
use crate::support::watched;
use barewire::http::{self, RequestOptions};
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const SEED: u64 = 0x0bad_5eed;
const THREADS: usize = 8;

/// A tiny generator: xorshift64*.
struct Random(u64);

impl Random {
    fn new(stream: usize) -> Random {
        Random(SEED.wrapping_mul(2 * stream as u64 + 1) | 1)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) % end
    }

    fn micros(&mut self, end: u64) -> Duration {
        Duration::from_micros(self.below(end))
    }
}

/// How often each request was served.
type Served = Arc<Vec<AtomicU8>>;

/// Responds with the number in the path; closes at random, but never before the first response.
fn closing(mut peer: Peer, served: &Served) {
    let mut random = Random::new(peer.number);
    while let Some(received) = peer.request() {
        let number: usize = received.target()[1..].parse().expect("a number");
        served[number].fetch_add(1, Ordering::Relaxed);
        let body = number.to_string();
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        peer.send(head + &body);
        match random.below(32) {
            0 => return,
            1..4 if !peer.receives_within(random.micros(1500)) => return,
            _ => {}
        }
    }
}

fn ask(options: &RequestOptions, number: usize) -> Result<(), http::Error> {
    let options = options.clone().path(&format!("/{number}"));
    let mut response = http::request(options)?.end("")?;
    let mut body = String::new();
    response.read_to_string(&mut body)?;
    assert_eq!(body, number.to_string(), "the response to another request");
    Ok(())
}

#[test]
fn row_a06_none_is_lost_and_none_is_served_twice() {
    none_is_lost(10_000);
}

#[test]
#[ignore = "takes 10 s unoptimized; .ci/run runs it"]
fn row_a06_none_of_100_000_is_lost_and_none_is_served_twice() {
    none_is_lost(100_000);
}

fn none_is_lost(requests: usize) {
    watched(move || {
        let served: Served = Arc::new((0..requests).map(|_| AtomicU8::new(0)).collect());
        let counting = Arc::clone(&served);
        let server = TestServer::over_tcp(move |peer| closing(peer, &counting));
        let (options, next) = (server.options(), AtomicUsize::new(0));
        let client = |thread: usize| {
            let mut random = Random::new(thread);
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= requests {
                    return;
                }
                let result = ask(&options, number);
                result.unwrap_or_else(|error| panic!("{number} is lost: {error} ({SEED:#x})"));
                if random.below(16) == 0 {
                    thread::sleep(random.micros(1500)); // so that connections are idle
                }
            }
        };
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let client = &client;
                scope.spawn(move || client(thread));
            }
        });
        for (number, times) in served.iter().enumerate() {
            assert_eq!(
                times.load(Ordering::Relaxed),
                1,
                "request {number} ({SEED:#x})"
            );
        }
        assert!(server.connections() > 5, "the server closed none");
        server.check_quiet();
        server.agent.close();
        assert_eq!(server.idle(), 0);
        server.end();
    });
}
