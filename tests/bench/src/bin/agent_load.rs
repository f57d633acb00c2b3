//! `agent_load PORT IN_FLIGHT SECONDS`: threads that share one agent ask for `/` and read the
//! answer. Prints `{"rps":..,"cpu_us":..}`: requests a second, and this process's own CPU a request.

use barewire::http::{self, Agent, RequestOptions, pool::Limits};
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let [port, in_flight, seconds] = args.as_slice() else {
        eprintln!("usage: agent_load PORT IN_FLIGHT SECONDS");
        process::exit(2);
    };
    let agent = Agent::new(Limits::default()).expect("the defaults are good");
    let options = RequestOptions::new()
        .hostname("127.0.0.1")
        .port(port.parse().expect("a port"))
        .agent(&agent);
    let (began, done) = (Instant::now(), AtomicU64::new(0));
    let end = began + Duration::from_secs_f64(seconds.parse().expect("seconds"));
    thread::scope(|scope| {
        for _ in 0..in_flight.parse().expect("how many at once") {
            scope.spawn(|| ask_until(end, &options, &done));
        }
    });
    let (requests, took) = (done.into_inner() as f64, began.elapsed().as_secs_f64());
    println!(
        "{{\"rps\":{:.0},\"cpu_us\":{:.2}}}",
        requests / took,
        cpu_seconds() * 1e6 / requests
    );
}

fn ask_until(end: Instant, options: &RequestOptions, done: &AtomicU64) {
    let mut body = Vec::new();
    while Instant::now() < end {
        let request = http::request(options).expect("the options are good");
        let mut answer = request.end("").expect("an answer");
        body.clear();
        answer.read_to_end(&mut body).expect("a body");
        assert_eq!(answer.status(), 200);
        done.fetch_add(1, Ordering::Relaxed);
    }
}

/// User and system time so far, in ticks of a hundredth of a second.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse().ok());
    (ticks(12).unwrap_or(0.0) + ticks(13).unwrap_or(0.0)) / 100.0
}
