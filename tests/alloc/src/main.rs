//! In the steady state a request costs no allocation, through the real server loop over TCP.
//!
//! ```text
//! cargo run --package barewire-alloc
//! ```
//!
//! A connection first plays a scenario until its buffers have grown to what they need, then a
//! thousand or so are counted. The server logs each request. It runs unoptimized: the optimizer only takes allocations away.
//!
//! The threads that serve must not allocate at all. The others must not either, but here luck
//! has a say: on a crowded machine a handler can be put to sleep for a while, and the clock may have to
//! remember more than before. So a round in which only they allocated is played again, a few times.
//!
//! [`idle`] measures what a connection keeps when it has nothing to do. [`client`] is our client against the same server, and [`websocket`] counts messages in place of
//! requests, at both ends. [`sealed`] is server and client under TLS. [`framing`] needs no server: it
//! counts the messages of a stream the same way, and [`deflate`] whole compressed streams.

mod client;
mod counting;
mod deflate;
mod framing;
mod idle;
mod scenario;
mod sealed;
mod websocket;

use barewire::http::{self, Handled, Request, Response, ServerEvents, Summary};
use barewire::net::Stream;
use counting::{Count, Counting};
use scenario::Scenario;
use std::io::BufRead;
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Counted in each round; a multiple of what any scenario sends at once.
const REQUESTS: usize = 1008;
const ROUNDS: usize = 5;
static LARGE: [u8; 64 * 1024] = [b'l'; 64 * 1024];

struct Demo;

impl ServerEvents for Demo {
    fn connection(&self, _stream: &dyn Stream) {
        counting::this_thread_serves();
    }

    fn request(&self, mut req: Request<'_>, res: Response<'_>) -> Handled {
        let plain = [("Content-Type", "text/plain")];
        match req.path() {
            "/length" => res.end("Hello World\n")?,
            "/echo" => res.end(req.collect()?)?,
            "/upload" => upload(req, res)?,
            path if path.starts_with("/websocket") => websocket::echo(req, res)?,
            "/control" => res.end(req.path().repeat(2))?,
            "/large" => res.write_head(200, plain)?.end(LARGE)?,
            "/gzip" => {
                let mut res = res;
                res.compress(&req)?;
                res.write_head(200, plain)?.end(LARGE)?;
            }
            "/stream" => {
                let mut res = res.write_head(200, plain)?;
                for _ in 0..5 {
                    res.write("a line of some text\n")?;
                }
                res.end("")?;
            }
            _ => res.write_head(200, plain)?.end("Hello World\n")?,
        }
        Ok(())
    }
}

fn upload(mut req: Request<'_>, res: Response<'_>) -> Handled {
    let mut bytes = 0;
    while let piece @ 1.. = req.fill_buf()?.len() {
        bytes += piece;
        req.consume(piece);
    }
    assert_eq!(req.trailers().get_str("x-trailer"), Some("t"));
    assert_eq!(bytes, 4096);
    res.end("4096\n")
}

/// A log that looks at all of a summary.
fn log(summary: &Summary<'_>) {
    assert!(summary.peer().is_some() && summary.head().is_some() && summary.refusal().is_none());
    assert!(summary.first_byte() <= Some(summary.time()) && summary.bytes_in() > 0);
    assert!(summary.bytes_out() >= summary.body_bytes() && summary.connection() > 0);
}

fn main() -> ExitCode {
    counting::this_thread_is_the_client();
    let server = http::create_server_with(Demo).on_finish(log);
    let handle = server.listen("127.0.0.1:0").expect("a free port");
    let address = handle.local_addr().ip().expect("an IP address");
    let connect = || TcpStream::connect(address).expect("a connection");

    let mut results = framing::results();
    results.extend(deflate::results());
    results.push(catches(&scenario::control(), connect()));
    results.extend(
        scenario::all()
            .iter()
            .map(|it| costs_nothing(it, connect())),
    );
    results.extend(idle::results(address));
    results.extend(client::results(address));
    results.extend(websocket::results(address));
    handle.shutdown(Duration::from_secs(5));
    results.extend(sealed::results());

    let failed = results.iter().filter(|passed| !**passed).count();
    println!("{} passed, {failed} failed", results.len() - failed);
    ExitCode::from(u8::from(failed > 0))
}

/// The counter itself works: a handler that allocates once is caught each time.
fn catches(scenario: &Scenario, client: TcpStream) -> bool {
    let count = Played::new(scenario, client).count(false);
    let passed = count.serving == REQUESTS as u64;
    report(passed, scenario, count)
}

fn costs_nothing(scenario: &Scenario, client: TcpStream) -> bool {
    let mut played = Played::new(scenario, client);
    let mut count = played.count(true);
    for _ in 1..ROUNDS {
        if count.serving == 0 && count.others > 0 {
            count = played.count(true);
        }
    }
    report(count.serving == 0 && count.others == 0, scenario, count)
}

fn report(passed: bool, scenario: &Scenario, count: Count) -> bool {
    let (verdict, name) = (if passed { "ok" } else { "FAIL" }, scenario.name);
    let Count { serving, others } = count;
    println!(
        "{verdict:<4} {name:<46} {serving:>4} allocations in {REQUESTS} requests, {others} elsewhere"
    );
    passed
}

/// A scenario on a connection that has played it before.
struct Played<'a> {
    scenario: &'a Scenario,
    client: TcpStream,
    buf: Vec<u8>,
}

impl Played<'_> {
    fn new(scenario: &Scenario, client: TcpStream) -> Played<'_> {
        let timeout = Some(Duration::from_secs(20));
        client.set_read_timeout(timeout).expect("a timeout");
        let buf = vec![0; 128 * 1024];
        let mut played = Played {
            scenario,
            client,
            buf,
        };
        played.play();
        played
    }

    fn play(&mut self) {
        for _ in 0..REQUESTS / self.scenario.requests {
            self.scenario.run(&mut self.client, &mut self.buf);
        }
    }

    fn count(&mut self, show: bool) -> Count {
        counting::start(show);
        self.play();
        counting::stop()
    }
}
