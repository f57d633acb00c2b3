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
//! What the book prints goes to stdout, word for word; where the server listens, and what went
//! wrong, to stderr.
#![forbid(unsafe_code)]

mod certificates;
mod client;
mod echo;
mod options;

use barewire::net::{Addr, ServerEvents, Socket};
use barewire::tls;
use options::{Mode, USAGE};
use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = std::env::args_os().skip(1);
    let mode = match Mode::from_args(args.map(|arg| arg.to_string_lossy().into_owned())) {
        Ok(mode) => mode,
        Err(why) => {
            eprintln!("tls_echo: {why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let done = match mode {
        Mode::Help => {
            println!("{USAGE}");
            Ok(())
        }
        Mode::Server { listen } => serve(&listen),
        Mode::Client { to, flags } => {
            options::client(&flags).and_then(|options| client::talk(&to, &options))
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("tls_echo: {e}");
            if e.to_string().contains("ClientOptions::ca") {
                eprintln!("tls_echo: here that is --ca FILE; -k looks away, which is for a test");
            }
            ExitCode::FAILURE
        }
    }
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
