//! The book's UDP server and client, and a client that mends what a bad network breaks.
//!
//! ```text
//! $ udp_echo server
//! server listening 0.0.0.0:41234
//! server got: 深入浅出Node.js from 127.0.0.1:58682        $ udp_echo client
//! ```
#![forbid(unsafe_code)]

mod heard;
mod options;
mod request;

use barewire::udp::{self, Events, Family, RemoteInfo, Socket};
use heard::tell;
use options::{Mode, USAGE};
use std::io;
use std::net::IpAddr;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = std::env::args_os().skip(1);
    let mode = match Mode::from_args(args.map(|arg| arg.to_string_lossy().into_owned())) {
        Ok(mode) => mode,
        Err(why) => {
            eprintln!("udp_echo: {why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let done = match mode {
        Mode::Help => {
            println!("{USAGE}");
            Ok(())
        }
        Mode::Server { listen, echo } => serve(&listen, echo),
        Mode::Client { host, port, text } => say(&host, port, &text),
        Mode::Request(network) => request::ask(network),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("udp_echo: {e}");
            ExitCode::FAILURE
        }
    }
}

struct Server {
    echo: bool,
}

impl Events for Server {
    fn listening(&self, socket: &Socket) {
        println!("server listening {}", socket.address());
    }

    fn message(&self, socket: &Socket, msg: &[u8], rinfo: &RemoteInfo) {
        tell(msg, rinfo);
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

fn say(host: &str, port: u16, text: &str) -> io::Result<()> {
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
