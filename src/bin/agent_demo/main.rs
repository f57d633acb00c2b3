//! Ten requests at once and five sockets: which requests wait, and for which sockets.
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
//! The server is in this process, too. It answers in the order in which the requests were made, and
//! not sooner than `--ms` after each of them (`order.rs`), so that the runs look alike.
#![forbid(unsafe_code)]

#[path = "../demo/mod.rs"]
mod demo;
mod order;
mod timeline;

use barewire::http::pool::Limits;
use barewire::http::{self, Agent, ClientEvents, RequestOptions};
use barewire::net::{Handle, Stream};
use demo::{Args, out};
use order::Order;
use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use timeline::Row;

const HELP: &str = include_str!("help.txt");

demo::options! { |args|
    sockets: usize = up_to_1000(args, "--sockets", 5)?;
    requests: usize = up_to_1000(args, "--requests", 10)?;
    time: Duration = Duration::from_millis(up_to_1000(args, "--ms", 100)? as u64);
}

fn main() -> ExitCode {
    demo::run(HELP, Options::read, show)
}

fn up_to_1000(args: &mut Args<'_>, name: &str, default: usize) -> Result<usize, String> {
    match args.number(name)?.unwrap_or(default) {
        number @ 1..=1000 => Ok(number),
        _ => Err(format!("{name} takes a number from 1 to 1000")),
    }
}

fn show(options: Options) -> Result<(), Box<dyn Error>> {
    let order = Arc::new(Order::default());
    let server = serve(&order, options.time)?;
    let agent = Agent::new(Limits {
        max_sockets: options.sockets,
        ..Limits::default()
    })?;
    let request = RequestOptions::new()
        .hostname("127.0.0.1")
        .port(server.local_addr().port().unwrap_or_default())
        .agent(&agent);

    print_totals("before", &agent);
    let began = Instant::now();
    let threads = request_all(options.requests, &agent, &request, &order)?;
    print_totals("during", &agent);
    order.advance(); // now the server may answer the first
    let mut rows = Vec::new();
    for thread in threads {
        rows.push(thread.join().map_err(|_| "a request panicked")??);
    }
    print_totals("after", &agent);

    out!("\n{}", timeline::draw(&rows, began).trim_end());
    agent.close();
    server.shutdown(Duration::from_secs(1));
    Ok(())
}

/// A server that answers `/1`, `/2` … in this order, and not sooner than `time` after each request.
fn serve(order: &Arc<Order>, time: Duration) -> io::Result<Handle> {
    let order = Arc::clone(order);
    let server = http::create_server(move |req, res| {
        let arrived = Instant::now();
        let number = req.path()[1..].parse().unwrap_or_default();
        order.wait_for(number);
        thread::sleep(time.saturating_sub(arrived.elapsed()));
        res.end(format!("answer to request {number}\n"))
    });
    server.listen("127.0.0.1:0")
}

type RequestThread = JoinHandle<Result<Row, http::Error>>;

/// A thread for each request. When this returns, each has a socket or waits for one.
fn request_all(
    requests: usize,
    agent: &Agent,
    options: &RequestOptions,
    order: &Arc<Order>,
) -> io::Result<Vec<RequestThread>> {
    let mut threads: Vec<RequestThread> = Vec::new();
    for number in 1..=requests {
        let (options, order) = (options.clone(), Arc::clone(order));
        threads.push(demo::spawn(move || {
            let row = request(number, options.path(&format!("/{number}")));
            order.advance();
            row
        })?);
        // The next request comes behind this one in the agent's queue.
        let is_queued = || {
            let totals = agent.totals();
            totals.sockets + totals.requests >= number
        };
        while !is_queued() && !threads.iter().any(JoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(1));
        }
    }
    Ok(threads)
}

fn request(number: usize, options: RequestOptions) -> Result<Row, http::Error> {
    let (sender, port) = mpsc::channel();
    let asked = Instant::now();
    let mut response = http::request(options)?.on(SocketPort(sender)).end("")?;
    response.collect()?; // with its last byte the socket goes to the next request
    Ok(Row {
        number,
        asked,
        waited: response.timings().queue,
        ended: Instant::now(),
        port: port.recv().unwrap_or(0),
    })
}

/// Sends our port of the socket that a request gets.
struct SocketPort(Sender<u16>);

impl ClientEvents for SocketPort {
    fn socket(&mut self, stream: &dyn Stream, _reused: bool) {
        let port = stream.local_addr().ok().and_then(|addr| addr.port());
        let _ = self.0.send(port.unwrap_or(0));
    }
}

fn print_totals(when: &str, agent: &Agent) {
    let it = agent.totals();
    let (sockets, requests, free) = (it.sockets, it.requests, it.free_sockets);
    out!("{when:<8} sockets {sockets}   requests {requests}   free {free}");
}
