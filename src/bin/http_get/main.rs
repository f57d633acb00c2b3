//! A small curl: http_get prints what the library sends to a server, and what comes back.
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
//! `transfer.rs` uses the library; `heads.rs` finds the `>` and `<` lines in the bytes.
#![forbid(unsafe_code)]

mod body;
mod connect;
#[path = "../demo/mod.rs"]
mod demo;
mod failure;
mod heads;
mod lines;
mod notes;
mod options;
mod output;
mod progress;
mod report;
mod secure;
mod transcript;
mod transfer;

use std::process::ExitCode;
use transcript::Transcript;
use transfer::Client;

fn main() -> ExitCode {
    let options = match demo::read_options(options::HELP, options::read) {
        Ok(options) => options,
        Err(code) => return code,
    };
    match Client::new(options) {
        Ok(client) => ExitCode::from(client.run()),
        Err(failure) => {
            let (code, text) = failure.report(&Transcript::new(false));
            demo::err!("{text}");
            ExitCode::from(code)
        }
    }
}
