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
use barewire::tls;
use client::Client;
use demo::Args;
use std::io;
use std::process::ExitCode;

const HELP: &str = "\
usage: tls_echo [--listen HOST:PORT]
       tls_echo --connect HOST:PORT [--ca FILE] [--cert FILE --key FILE] [--servername NAME] [-k]

Without --connect, a server: it prints whether the client is authorized, sends welcome!, and then
everything back. It asks for a certificate of fixtures/tls/ca.crt and serves clients without one.
  --listen HOST:PORT   listen there (127.0.0.1:8000)

With it, a client: it sends what it reads from stdin and prints what arrives.
  --connect HOST:PORT  the server
  --ca FILE            certificates to trust instead of the public authorities
  --cert FILE          our own certificate, for a server that asks
  --key FILE           its private key
  --servername NAME    the name that the server's certificate must have (HOST)
  -k                   accept any certificate, which is for a test
";

enum Command {
    Server { listen: String },
    Client(Client),
}

fn main() -> ExitCode {
    demo::run(HELP, read, |command| match command {
        Command::Server { listen } => serve(&listen),
        Command::Client(client) => client.talk(),
    })
}

fn read(args: &mut Args<'_>) -> Result<Command, String> {
    let Some(to) = args.value("--connect") else {
        let listen = args.value("--listen");
        let listen = listen.unwrap_or_else(|| "127.0.0.1:8000".into()); // the book's
        return Ok(Command::Server { listen });
    };
    Ok(Command::Client(Client {
        to,
        ca: args.value("--ca"),
        cert: args.value("--cert"),
        key: args.value("--key"),
        servername: args.value("--servername"),
        insecure: args.has("-k"),
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
