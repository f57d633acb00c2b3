//! Under TLS a request costs what rustls takes for its records, and nothing of ours.
//!
//! rustls makes a buffer of each record that it seals, and another of each that it opens. A small
//! request and its answer are one record each, sealed on one side and opened on the other: four.

use crate::{Demo, counting};
use barewire::{http, https, tls};
use std::io::Read;
use std::thread;
use std::time::Duration;

const WARM_UP: usize = 100;
const REQUESTS: usize = 1008;
/// Two records, each sealed and opened.
const OF_RUSTLS: usize = 4;

/// Counts what both sides allocate; whether it is what rustls does.
pub fn results() -> Vec<bool> {
    let options = tls::ServerOptions::new()
        .cert(include_str!("../../../fixtures/tls/server.crt"))
        .key(include_str!("../../../fixtures/tls/server.key"));
    let server = https::create_server_with(&options, http::create_server_with(Demo));
    let server = server.expect("good options").listen("127.0.0.1:0");
    let server = server.expect("a free port");
    let port = server.local_addr().port().expect("a port");
    let played = thread::spawn(move || {
        counting::this_thread_serves();
        ["/length", "/"].map(|path| costs_four(port, path)).to_vec()
    });
    let results = played.join().expect("every answer is whole");
    server.shutdown(Duration::from_secs(5));
    results
}

fn costs_four(port: u16, path: &str) -> bool {
    let options = tls::ClientOptions::new().ca(include_str!("../../../fixtures/tls/ca.crt"));
    let agent = https::Agent::new(&options).expect("good options");
    let options = agent.options().hostname("127.0.0.1").port(port).path(path);
    let mut body = Vec::new();
    let mut ask = || {
        body.clear();
        let answer = http::request(&options).expect("good options").end("");
        answer
            .expect("an answer")
            .read_to_end(&mut body)
            .expect("a body");
    };
    (0..WARM_UP).for_each(|_| ask());
    counting::start(false);
    (0..REQUESTS).for_each(|_| ask());
    let allocations = counting::stop().serving;
    let passed = allocations <= (OF_RUSTLS * REQUESTS) as u64;
    let (verdict, name) = (
        if passed { "ok" } else { "FAIL" },
        format!("TLS, both sides: GET {path}"),
    );
    println!(
        "{verdict:<4} {name:<46} {allocations:>4} allocations in {REQUESTS} requests: {OF_RUSTLS} each are rustls's"
    );
    passed
}
