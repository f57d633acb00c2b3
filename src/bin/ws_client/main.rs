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
mod options;
mod talk;

use barewire::websocket::Error;
use options::{Mode, USAGE};
use std::process::ExitCode;

fn main() -> ExitCode {
    match Mode::from_args(std::env::args().skip(1)) {
        Ok(Mode::Help) => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Ok(mode) => match run(mode) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("ws_client: {why}");
                ExitCode::FAILURE
            }
        },
        Err(why) => {
            eprintln!("ws_client: {why}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run(mode: Mode) -> Result<(), Error> {
    match mode {
        Mode::Help => Ok(()),
        Mode::Lines(url) => talk::lines(&url),
        Mode::Echo(url) => talk::echo(&url),
        Mode::Updates(url) => talk::updates(&url),
        Mode::Autobahn { url, name } => autobahn::run(&url, &name),
    }
}
