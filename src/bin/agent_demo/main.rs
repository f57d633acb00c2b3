//! Ten requests at once, five sockets: who waits, and who takes whose place.
//!
//! ```text
//! $ agent_demo
//! before   sockets 0   requests 0   free 0
//! during   sockets 5   requests 5   free 0
//! after    sockets 0   requests 0   free 5
//!
//! request  1  ████████████████████                      socket 1
//! request  2  █████████████████████                     socket 2
//! …
//! request  6  ····················████████████████████  socket 1, after request 1
//! ```
//!
//! The server is here, too. It takes its time for each request, and answers in the order in which
//! they were made (`turns.rs`), so that every run looks alike.
#![forbid(unsafe_code)]

mod timeline;
mod turns;

use barewire::http::pool::Limits;
use barewire::http::{self, Agent, ClientEvents, RequestOptions};
use barewire::net::{Handle, Stream};
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use timeline::Row;
use turns::Turns;

const USAGE: &str = "usage: agent_demo [--sockets N] [--requests N] [--ms TIME]

Makes N requests (10) at once through an agent with N sockets (5) to a server that needs TIME (100)
milliseconds for each, and draws what became of them.";

fn main() -> ExitCode {
    let args = std::env::args_os().skip(1);
    let args = args.map(|arg| arg.to_string_lossy().into_owned());
    let [sockets, requests, ms] = match numbers(args) {
        Ok(Some(numbers)) => numbers,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("agent_demo: {why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match show(sockets, requests, Duration::from_millis(ms as u64)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("agent_demo: {e}");
            ExitCode::FAILURE
        }
    }
}

/// What the flags say, in the order of the usage; `None`: help is wanted.
fn numbers(mut args: impl Iterator<Item = String>) -> Result<Option<[usize; 3]>, String> {
    const FLAGS: [&str; 3] = ["--sockets", "--requests", "--ms"];
    let mut numbers = [5, 10, 100];
    while let Some(arg) = args.next() {
        if arg == "--help" || arg == "-h" {
            return Ok(None);
        }
        let at = FLAGS.iter().position(|flag| *flag == arg);
        let at = at.ok_or_else(|| format!("there is no {arg}"))?;
        let number = args.next().and_then(|text| text.parse().ok());
        let number = number.filter(|number| (1..=1000).contains(number));
        numbers[at] = number.ok_or_else(|| format!("{arg} takes a number from 1 to 1000"))?;
    }
    Ok(Some(numbers))
}

fn show(sockets: usize, requests: usize, time: Duration) -> Result<(), Box<dyn Error>> {
    let turns = Arc::new(Turns::default());
    let server = serve(&turns, time)?;
    let agent = Agent::new(Limits {
        max_sockets: sockets,
        ..Limits::default()
    })?;
    let options = RequestOptions::new()
        .hostname("127.0.0.1")
        .port(server.local_addr().port().unwrap_or_default())
        .agent(&agent);

    gauges("before", &agent)?;
    let began = Instant::now();
    let threads = ask_at_once(requests, &agent, &options, &turns)?;
    gauges("during", &agent)?;
    turns.next(); // now the first may be answered
    let mut rows = Vec::new();
    for thread in threads {
        rows.push(thread.join().map_err(|_| "a request panicked")??);
    }
    gauges("after", &agent)?;

    write!(io::stdout(), "\n{}", timeline::draw(&rows, began))?;
    agent.close();
    server.shutdown(Duration::from_secs(1));
    Ok(())
}

/// A server that answers `/1`, `/2` … in this order, and not sooner than `time` after each came.
fn serve(turns: &Arc<Turns>, time: Duration) -> std::io::Result<Handle> {
    let turns = Arc::clone(turns);
    let server = http::create_server(move |req, res| {
        let came = Instant::now();
        let number = req.path()[1..].parse().unwrap_or_default();
        turns.wait_for(number);
        thread::sleep(time.saturating_sub(came.elapsed()));
        res.end(format!("answer to request {number}\n"))
    });
    server.listen("127.0.0.1:0")
}

type Asked = JoinHandle<Result<Row, http::Error>>;

/// Each on a thread of its own, and all of them under way when this returns.
fn ask_at_once(
    requests: usize,
    agent: &Agent,
    options: &RequestOptions,
    turns: &Arc<Turns>,
) -> Result<Vec<Asked>, http::Error> {
    let mut threads: Vec<Asked> = Vec::new();
    for number in 1..=requests {
        let (options, turns) = (options.clone(), Arc::clone(turns));
        threads.push(thread::spawn(move || {
            let row = ask(number, options.path(&format!("/{number}")));
            turns.next();
            row
        }));
        // The next one stands behind this one.
        let is_in_line = || {
            let gauges = agent.totals();
            gauges.sockets + gauges.requests >= number
        };
        while !is_in_line() && !threads.iter().any(JoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(1));
        }
    }
    Ok(threads)
}

fn ask(number: usize, options: RequestOptions) -> Result<Row, http::Error> {
    let (tell, told) = mpsc::channel();
    let asked = Instant::now();
    let mut answer = http::request(options)?.on(Watching(tell)).end("")?;
    answer.collect()?; // with its last byte the socket goes to whoever is next
    Ok(Row {
        number,
        asked,
        waited: answer.timings().queue,
        ended: Instant::now(),
        port: told.recv().unwrap_or(0),
    })
}

/// Tells which socket a request gets: its port on our side.
struct Watching(Sender<u16>);

impl ClientEvents for Watching {
    fn socket(&mut self, stream: &dyn Stream, _reused: bool) {
        let port = stream.local_addr().ok().and_then(|addr| addr.port());
        let _ = self.0.send(port.unwrap_or(0));
    }
}

fn gauges(when: &str, agent: &Agent) -> io::Result<()> {
    let it = agent.totals();
    writeln!(
        io::stdout(),
        "{when:<8} sockets {}   requests {}   free {}",
        it.sockets,
        it.requests,
        it.free_sockets
    )
}
