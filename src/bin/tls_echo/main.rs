//! The book's TLS server and client.
//!
//! ```text
//! $ tls_echo                        $ tls_echo --connect localhost:8000 --ca fixtures/tls/ca.crt
//! server bound                      client connected authorized
//! server connected unauthorized     welcome!
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
use barewire::tls::{self, ClientOptions, Code};
use barewire::trace::wire::Protocol;
use demo::{Args, ClientFiles, Recording, Run, Standard, err, log};
use std::io;
use std::process::ExitCode;

const HELP: &str = include_str!("help.txt");

fn main() -> ExitCode {
    demo::run(HELP, read, |run| run())
}

fn read(args: &mut Args<'_>) -> Result<Run, String> {
    let carries = Protocol::TlsWith(Box::new(Protocol::Bytes)); // an echo has no requests
    let recording = Recording::of(args)?.of_protocol(carries);
    let Some(to) = args.value("--connect") else {
        let stop_at_eof = demo::stop_at_eof(args)?;
        let listen = args.value_or("--listen", "127.0.0.1:8000"); // the book's
        return Ok(Box::new(move || serve(&listen, stop_at_eof, &recording)));
    };
    let files = ClientFiles::of(args, "--ca", true);
    let mut options = ClientOptions::new().reject_unauthorized(!args.has("-k"));
    if let Some(name) = args.value("--servername") {
        options = options.servername(name);
    }
    Ok(Box::new(move || {
        let recorder = recording.recorder(Standard::Err)?;
        client::talk(&to, &client::with_files(options, &files)?, recorder)
    }))
}

fn serve(listen: &str, stop_at_eof: bool, recording: &Recording) -> io::Result<()> {
    let server = tls::create_server_with(&echo::options(), Server)?;
    let mut server = server.on_error(|error, _below| {
        if error.code() != Code::ConnectionReset {
            err!("{error}"); // a client that leaves in the handshake is no failure
        }
    });
    if let Some(recorder) = recording.recorder(Standard::Out)? {
        server = server.tap(recorder);
    }
    let listener = demo::listener(listen)?;
    demo::wait(&server.listen_on(listener)?, stop_at_eof)
}

struct Server;

impl ServerEvents for Server {
    fn listening(&self, address: &Addr) {
        log!("server bound");
        err!("listening on {address}");
    }

    fn connection(&self, socket: Socket) -> io::Result<()> {
        echo::welcome(&socket)
    }
}
