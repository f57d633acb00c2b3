//! A WebSocket client for the terminal.
//!
//! ```text
//! $ ws_client ws://127.0.0.1:12010/hello
//! hello world!
//! yakexi
//! ```
//!
//! Messages go to stdout, a line each; how it went goes to stderr.
#![forbid(unsafe_code)]

mod autobahn;
mod dial;
mod options;
mod talk;

use barewire::websocket::Error;
use dial::Dial;
use options::{Mode, USAGE};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = std::env::args_os().skip(1);
    match Mode::from_args(args.map(|arg| arg.to_string_lossy().into_owned())) {
        Ok((Mode::Help, _)) => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Ok((mode, dial)) => match run(mode, &dial) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("ws_client: {why}");
                if why.to_string().contains("ClientOptions::ca") {
                    eprintln!(
                        "ws_client: here that is --cacert FILE; -k looks away, which is for a test"
                    );
                }
                ExitCode::FAILURE
            }
        },
        Err(why) => {
            eprintln!("ws_client: {why}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run(mode: Mode, dial: &Dial) -> Result<(), Error> {
    match mode {
        Mode::Help => Ok(()),
        Mode::Lines => talk::lines(dial),
        Mode::Echo => talk::echo(dial),
        Mode::Updates => talk::updates(dial),
        Mode::Autobahn { name } => autobahn::run(dial, &name),
    }
}
