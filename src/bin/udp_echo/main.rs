//! The book's UDP server and client, and a client that repeats what a bad network loses.
//!
//! ```text
//! $ udp_echo server
//! server listening 0.0.0.0:41234
//! server got: 深入浅出Node.js from 127.0.0.1:58682        $ udp_echo client
//! ```
#![forbid(unsafe_code)]

#[path = "../demo/mod.rs"]
mod demo;
mod message;
mod request;

use barewire::udp::{self, Events, Family, FaultPlan, RemoteInfo, Socket};
use demo::{Args, no_command};
use request::Network;
use std::io;
use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

/// The book's message.
const BOOK: &str = "深入浅出Node.js";

const HELP: &str = "\
usage: udp_echo server [--listen ADDRESS:PORT] [--echo]
       udp_echo client [HOST:PORT] [TEXT]
       udp_echo request [--sent FAULTS] [--received FAULTS] [--timeout MS] [TEXT ...]

server   prints each message
  --listen ADDRESS:PORT  listen there (0.0.0.0:41234, as in the book: other machines reach it)
  --echo                 send each message back
client   sends TEXT (深入浅出Node.js) to HOST:PORT (localhost:41234)
request  sends each TEXT (one two three) as a question to a server in this process. The client's
         socket drops, duplicates and delays datagrams on purpose; the client repeats its question.
  --sent FAULTS          what happens to each datagram that the client sends (x)
  --received FAULTS      what happens to each that it receives (2~)
  --timeout MS           milliseconds until the first repetition (300)

FAULTS has a character for each datagram: . passes  x dropped  2 duplicated  ~ delayed
";

enum Command {
    Server {
        listen: String,
        echo: bool,
    },
    Client {
        host: String,
        port: u16,
        text: String,
    },
    Request(Network),
}

fn main() -> ExitCode {
    demo::run(HELP, read, |command| match command {
        Command::Server { listen, echo } => serve(&listen, echo),
        Command::Client { host, port, text } => send(&host, port, &text),
        Command::Request(network) => request::run(network),
    })
}

fn read(args: &mut Args<'_>) -> Result<Command, String> {
    let words = args.words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["server"] => Ok(Command::Server {
            listen: args
                .value("--listen")
                .unwrap_or_else(|| "0.0.0.0:41234".into()),
            echo: args.has("--echo"),
        }),
        ["client"] => client("localhost:41234", BOOK),
        ["client", to] => client(to, BOOK),
        ["client", to, text] => client(to, text),
        ["request", ref questions @ ..] => Ok(Command::Request(Network {
            sent: args.parsed("--sent")?.unwrap_or_else(|| plan("x")),
            received: args.parsed("--received")?.unwrap_or_else(|| plan("2~")),
            timeout: Duration::from_millis(args.number("--timeout")?.unwrap_or(300)),
            questions: match questions {
                [] => ["one", "two", "three"].map(str::to_owned).into(),
                some => some.iter().map(|it| it.to_string()).collect(),
            },
        })),
        _ => Err(no_command(&words)),
    }
}

fn plan(script: &str) -> FaultPlan {
    script.parse().expect("a script")
}

fn client(to: &str, text: &str) -> Result<Command, String> {
    let parts = to.rsplit_once(':');
    let parts = parts.and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = parts.ok_or_else(|| format!("{to:?} is not HOST:PORT"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let (host, text) = (host.to_owned(), text.to_owned());
    Ok(Command::Client { host, port, text })
}

struct Server {
    echo: bool,
}

impl Events for Server {
    fn listening(&self, socket: &Socket) {
        println!("server listening {}", socket.address());
    }

    fn message(&self, socket: &Socket, msg: &[u8], rinfo: &RemoteInfo) {
        message::print(msg, rinfo);
        if self.echo
            && let Err(e) = socket.send_to(msg, rinfo.socket_addr())
        {
            self.error(&e);
        }
    }

    fn error(&self, error: &io::Error) {
        eprintln!("udp_echo: {error}");
    }
}

fn serve(listen: &str, echo: bool) -> io::Result<()> {
    let family = match listen.starts_with('[') {
        true => Family::Udp6,
        false => Family::Udp4,
    };
    let server = udp::create_socket(family).bind(listen)?;
    server.start(Server { echo })?.join()
}

fn send(host: &str, port: u16, text: &str) -> io::Result<()> {
    let family = host
        .parse()
        .map_or(Family::Udp4, |host: IpAddr| Family::of(host));
    let client = udp::create_socket(family).bind(0)?;
    let message = text.as_bytes();
    let bytes = client.send(message, 0, message.len(), port, host)?;
    println!("client sent: {bytes} bytes");
    client.close();
    Ok(())
}
