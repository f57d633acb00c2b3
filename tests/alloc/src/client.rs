//! Our client, through its agent: a request costs no allocation beyond what the caller keeps.

use crate::counting;
use barewire::http::{self, Agent, RequestOptions, pool::Limits};
use std::io::Read;
use std::net::SocketAddr;
use std::thread;

const WARM_UP: usize = 100;
const REQUESTS: usize = 1008;

/// A name, a method, a path, and the body of the request.
const SCENARIOS: [(&str, &str, &str, &str); 4] = [
    ("client: GET, Content-Length", "GET", "/length", ""),
    ("client: GET, chunked", "GET", "/stream", ""),
    ("client: HEAD", "HEAD", "/length", ""),
    ("client: POST and its echo", "POST", "/echo", "some text\n"),
];

/// Plays every scenario against the server at `address`; whether each cost nothing.
pub fn results(address: SocketAddr) -> Vec<bool> {
    // This thread's allocations count, unlike the program's own.
    let played = thread::spawn(move || {
        counting::this_thread_serves();
        let agent = Agent::new(Limits::default()).expect("the defaults are good");
        let all = SCENARIOS.iter();
        all.map(|scenario| costs_nothing(scenario, address, &agent))
            .collect()
    });
    played.join().expect("every answer is whole")
}

fn costs_nothing(
    (name, method, path, body): &(&str, &str, &str, &str),
    address: SocketAddr,
    agent: &Agent,
) -> bool {
    let options = RequestOptions::new()
        .hostname(&address.ip().to_string())
        .port(address.port())
        .method(method)
        .path(path)
        .agent(agent);
    let mut answer = Vec::new();
    for _ in 0..WARM_UP {
        ask(&options, body, &mut answer);
    }
    counting::start(true);
    for _ in 0..REQUESTS {
        ask(&options, body, &mut answer);
    }
    let allocations = counting::stop().serving;
    let verdict = if allocations == 0 { "ok" } else { "FAIL" };
    println!("{verdict:<4} {name:<46} {allocations:>4} allocations in {REQUESTS} requests");
    allocations == 0
}

fn ask(options: &RequestOptions, body: &str, into: &mut Vec<u8>) {
    let request = http::request(options).expect("the options are good");
    let mut answer = request.end(body).expect("an answer");
    into.clear();
    answer.read_to_end(into).expect("a body");
    assert_eq!(answer.status(), 200);
}
