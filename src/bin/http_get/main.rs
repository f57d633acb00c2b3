//! A small curl: http_get shows what the library says to a server, and what comes back.
//!
//! ```text
//! $ http_get -v http://127.0.0.1:1337/length
//! *   Trying 127.0.0.1:1337...
//! * TCP_NODELAY set
//! * Connected to 127.0.0.1 (127.0.0.1) port 1337 (#0)
//! > GET /length HTTP/1.1
//! > Host: 127.0.0.1:1337
//! > User-Agent: http_get/0.1.0
//! > Accept: */*
//! >
//! < HTTP/1.1 200 OK
//! < Content-Type: text/plain
//! < Date: Sat, 07 May 2022 01:26:03 GMT
//! < Connection: keep-alive
//! < Keep-Alive: timeout=5
//! < Content-Length: 12
//! <
//! Hello World
//! * Connection #0 to host 127.0.0.1 left intact
//! * Closing connection 0
//! ```
//!
//! `transfer.rs` is the use of the library; `tap.rs` finds the `>` and `<` lines in the bytes.
#![forbid(unsafe_code)]

mod body;
mod connect;
mod failure;
mod options;
mod output;
mod progress;
mod report;
mod secure;
mod tap;
mod transcript;
mod transfer;

use failure::Failure;
use options::{HELP, Options};
use std::io::{self, Write};
use std::process::ExitCode;
use transfer::Client;

fn main() -> ExitCode {
    match start() {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            let _ = writeln!(io::stderr(), "http_get: {}", failure.text);
            ExitCode::from(failure.code)
        }
    }
}

fn start() -> Result<u8, Failure> {
    let args = std::env::args_os().skip(1);
    let args = args.map(|arg| arg.to_string_lossy().into_owned());
    let options = Options::from_args(args);
    let options = options.map_err(|why| Failure::new(2, format!("{why} (-h tells more)")))?;
    if options.help {
        let _ = write!(io::stdout(), "{HELP}");
        return Ok(0);
    }
    Ok(Client::new(options)?.run())
}
