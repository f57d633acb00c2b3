//! Every byte explained: of a capture, of what passes between a client and a server, of the cases of `fixtures/`.
//!
//! ```text
//! $ wire --listen 127.0.0.1:8080 --to 127.0.0.1:1337        $ curl http://127.0.0.1:8080/
//! wire: listening on 127.0.0.1:8080                         Hello World
//! > http.request.method            GET                      RFC 9110 §9.1
//! …
//! ```
//!
//! `options.rs` is the command line; `output.rs` how it is shown and where, `only.rs` what is left out. Then one file
//! for each thing to explain.
#![forbid(unsafe_code)]

mod between;
mod capture;
#[path = "../demo/mod.rs"]
mod demo;
mod only;
mod options;
mod output;
mod replay;
mod script;
mod vectors;

use options::{Options, Shows};
use std::io;
use std::process::ExitCode;

/// What `cmp` and `diff` return, too: 0, or 1 for a difference.
const TROUBLE: u8 = 2;

fn main() -> ExitCode {
    let options = match demo::read_options(options::HELP, Options::read) {
        Ok(options) => options,
        Err(code) => return code,
    };
    let code = show(&options).unwrap_or_else(|error| {
        demo::err!("{error}");
        TROUBLE
    });
    demo::flush();
    ExitCode::from(code)
}

fn show(options: &Options) -> io::Result<u8> {
    match &options.shows {
        Shows::Between(listen) => between::serve(listen, options),
        Shows::Capture(path) => capture::explain(path, options),
        Shows::Replay { file, to } => replay::play(file, to),
        Shows::Vectors(filter) => vectors::explain(filter, options),
    }
}
