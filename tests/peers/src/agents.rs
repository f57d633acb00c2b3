//! Clients of a server that runs already: threads that share one agent of five sockets ask for `/` and read the answer.
//!
//! `client NAME PORT IN_FLIGHT SECONDS` prints the requests, the seconds, and the processor time of this process.

use crate::{Args, HELLO, Outcome};
use barewire::http::{self, Agent, RequestOptions, pool::Limits};
use std::error::Error;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The agents' sockets: the default of barewire's agent.
const SOCKETS: usize = 5;

pub(crate) fn run(args: &mut Args) -> Outcome {
    let name = args.word();
    let port: u16 = args.value("the port");
    let in_flight: usize = args.value("how many at once");
    let seconds = Duration::from_secs_f64(args.value("the seconds"));
    let (agent, ureq) = (Agent::new(Limits::default())?, ureq_agent());
    let options = RequestOptions::new().hostname("127.0.0.1").port(port);
    let options = options.agent(&agent);
    let url = format!("http://127.0.0.1:{port}/");
    let (began, requests) = (Instant::now(), AtomicU64::new(0));
    let errors: Vec<_> = thread::scope(|scope| {
        let ask = || match name.as_str() {
            "bare" => {
                let mut bare = Bare::connect(port)?;
                repeat(began + seconds, &requests, || bare.ask())
            }
            "barewire" => {
                let mut body = Vec::new();
                repeat(began + seconds, &requests, || {
                    ask_barewire(&options, &mut body)
                })
            }
            "ureq" => repeat(began + seconds, &requests, || ask_ureq(&ureq, &url)),
            other => Err(format!("there is no client {other:?}").into()),
        };
        let threads: Vec<_> = (0..in_flight).map(|_| scope.spawn(ask)).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined
            .filter_map(|it| it.expect("no panic").err())
            .collect()
    });
    if let Some(error) = errors.into_iter().next() {
        return Err(error);
    }
    println!(
        "{} requests in {:.6} s, {:.2} s of the processor",
        requests.into_inner(),
        began.elapsed().as_secs_f64(),
        processor_seconds()
    );
    Ok(())
}

fn repeat(end: Instant, requests: &AtomicU64, mut ask: impl FnMut() -> Outcome) -> Outcome {
    while Instant::now() < end {
        ask()?;
        requests.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

fn check(body: &[u8]) -> Outcome {
    match body == HELLO.as_bytes() {
        true => Ok(()),
        false => Err("another body came".into()),
    }
}

fn ask_barewire(options: &RequestOptions, body: &mut Vec<u8>) -> Outcome {
    let mut answer = http::request(options)?.end("")?;
    body.clear();
    answer.read_to_end(body)?;
    check(body)
}

fn ureq_agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .max_idle_connections_per_host(SOCKETS)
        .build()
        .into()
}

fn ask_ureq(agent: &ureq::Agent, url: &str) -> Outcome {
    let mut answer = agent.get(url).call()?;
    check(answer.body_mut().read_to_vec()?.as_slice())
}

/// A socket of its own for each thread, and answers that look alike.
struct Bare {
    stream: TcpStream,
    answer: [u8; 1024],
}

impl Bare {
    fn connect(port: u16) -> Result<Bare, Box<dyn Error + Send + Sync>> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        let answer = [0; 1024];
        Ok(Bare { stream, answer })
    }

    fn ask(&mut self) -> Outcome {
        self.stream
            .write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")?;
        let bytes = self.stream.read(&mut self.answer)?;
        check(&self.answer[bytes.saturating_sub(HELLO.len())..bytes])
    }
}

/// User and system time of this process so far.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse().ok());
    (ticks(12).unwrap_or(0.0) + ticks(13).unwrap_or(0.0)) / 100.0
}
