//! The book's UDP server and client, and a client that repeats what a bad network loses.
//!
//! ```text
//! $ udp_echo server
//! server listening 0.0.0.0:41234
//! server got: 深入浅出Node.js from 127.0.0.1:58682        $ udp_echo client
//! ```
#![forbid(unsafe_code)]

mod bucket;
#[path = "../demo/mod.rs"]
mod demo;
mod echo;
mod lines;
mod message;
mod request;

use barewire::udp::{self, Family, FaultPlan, RemoteInfo, Socket, SocketEvents};
use demo::{Args, Run, err, log, named, no_command, out, whole_number};
use echo::Echo;
use lines::Lines;
use request::Network;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The book's message.
const BOOK: &str = "深入浅出Node.js";

const HELP: &str = include_str!("help.txt");

fn main() -> ExitCode {
    demo::run_command(HELP, read)
}

fn read(words: &[&str], args: &mut Args<'_>) -> Result<Run, String> {
    match words {
        ["server"] => {
            let listen = args.value_or("--listen", "0.0.0.0:41234");
            let echo = args.has("--echo");
            let stop_at_eof = args.has("--stop-at-eof");
            Ok(Box::new(move || serve(&listen, echo, stop_at_eof)))
        }
        ["client"] => client("localhost:41234", BOOK),
        ["client", to] => client(to, BOOK),
        ["client", to, text] => client(to, text),
        ["request", questions @ ..] => {
            let timeout = args.number("--timeout")?.unwrap_or(300);
            let questions = if questions.is_empty() {
                &["one", "two", "three"]
            } else {
                questions
            };
            let network = Network {
                sent: args
                    .parsed("--sent", str::parse)?
                    .unwrap_or_else(|| plan("x")),
                received: args
                    .parsed("--received", str::parse)?
                    .unwrap_or_else(|| plan("2~")),
                timeout: Duration::from_millis(timeout),
                questions: questions.iter().map(|it| it.to_string()).collect(),
            };
            Ok(Box::new(move || request::run(network)))
        }
        _ => Err(no_command(words)),
    }
}

fn plan(script: &str) -> FaultPlan {
    script.parse().expect("a script")
}

fn client(to: &str, text: &str) -> Result<Run, String> {
    let parts = to.rsplit_once(':');
    let parts = parts.and_then(|(host, port)| Some((host, whole_number(port)?)));
    let (host, port) = parts.ok_or_else(|| format!("{to:?} is not HOST:PORT"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let (host, text) = (host.to_owned(), text.to_owned());
    Ok(Box::new(move || send(&host, port, &text)))
}

struct Server {
    echo: Option<Echo>,
    lines: Arc<Lines>,
}

impl Server {
    fn answer(&self, echo: &Echo, socket: &Socket, msg: &[u8], from: SocketAddr, now: Instant) {
        match echo.check(from, socket.local_addr().port(), now) {
            Ok(()) => {
                if let Err(e) = socket.send_to(msg, from) {
                    self.lines.print(now, || err!("{from}: {e}"));
                }
            }
            Err(why) => self.lines.print(now, || err!("{from} gets no echo: {why}")),
        }
    }
}

impl SocketEvents for Server {
    fn listening(&self, socket: &Socket) {
        log!("server listening {}", socket.local_addr());
    }

    fn message(&self, socket: &Socket, msg: &[u8], rinfo: &RemoteInfo) {
        let now = Instant::now();
        self.lines.print(now, || message::print(msg, rinfo));
        if let Some(echo) = &self.echo {
            self.answer(echo, socket, msg, rinfo.socket_addr(), now);
        }
    }

    fn error(&self, error: &io::Error) {
        err!("{error}");
    }
}

fn serve(listen: &str, echo: bool, stop_at_eof: bool) -> io::Result<()> {
    let family = match listen.starts_with('[') {
        true => Family::V6,
        false => Family::V4,
    };
    let bound = udp::create_socket(family).bind(listen);
    let server = bound.map_err(|e| match e.kind() {
        ErrorKind::InvalidInput => named(&format!("cannot listen on {listen:?}"), &e),
        _ => e, // it names the address
    })?;
    let lines = Arc::new(Lines::new(Instant::now()));
    let events = Server {
        echo: echo.then(Echo::default),
        lines: Arc::clone(&lines),
    };
    demo::spawn(move || lines.report())?;
    let handle = server.start(events)?;
    if stop_at_eof {
        demo::read_to_eof()?;
        handle.shutdown(demo::DEADLINE)?;
    }
    handle.wait()
}

fn send(host: &str, port: u16, text: &str) -> io::Result<()> {
    let family = host
        .parse()
        .map_or(Family::V4, |host: IpAddr| Family::of(host));
    let client = udp::create_socket(family).bind(0)?;
    let message = text.as_bytes();
    let bytes = client.send(message, 0, message.len(), port, host)?;
    out!("client sent: {bytes} bytes");
    client.close();
    Ok(())
}
