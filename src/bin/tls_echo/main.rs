//! The book's TLS server and client.
//!
//! ```text
//! $ tls_echo                        $ tls_echo --connect localhost:8000 --ca fixtures/tls/ca.crt
//! server connected unauthorized     client connected authorized
//!                                   welcome!
//!                                   hello               ← typed
//!                                   hello               ← came back
//! ```
//!
//! What the book prints goes to stdout, word for word. The listening address and the errors go to
//! stderr.
#![forbid(unsafe_code)]

mod certificates;
mod client;
#[path = "../demo/mod.rs"]
mod demo;
mod echo;

use barewire::net::{Addr, ServerEvents, Socket};
use barewire::tls::{self, ClientOptions};
use client::Files;
use demo::{Args, Run};
use std::io;
use std::process::ExitCode;

const HELP: &str = include_str!("help.txt");

fn main() -> ExitCode {
    demo::run(HELP, read, |run| run())
}

fn read(args: &mut Args<'_>) -> Result<Run, String> {
    let Some(to) = args.value("--connect") else {
        let listen = args.value_or("--listen", "127.0.0.1:8000"); // the book's
        return Ok(Box::new(move || serve(&listen)));
    };
    let files = Files {
        ca: args.value("--ca"),
        cert: args.value("--cert"),
        key: args.value("--key"),
    };
    let mut options = ClientOptions::new().reject_unauthorized(!args.has("-k"));
    if let Some(name) = args.value("--servername") {
        options = options.servername(name);
    }
    Ok(Box::new(move || {
        client::talk(&to, &files.read_into(options)?)
    }))
}

fn serve(listen: &str) -> io::Result<()> {
    let server = tls::create_server_with(&echo::options(), Server)?
        .on_error(|e, _below| eprintln!("tls_echo: {e}"));
    server.listen(listen)?.wait();
    Ok(())
}

struct Server;

impl ServerEvents for Server {
    fn listening(&self, address: &Addr) {
        eprintln!("tls_echo: listening on {address}");
    }

    fn connection(&self, socket: Socket) -> io::Result<()> {
        echo::welcome(&socket)
    }
}
