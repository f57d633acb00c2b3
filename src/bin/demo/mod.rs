//! What every demo needs beside its subject: options, exit codes and printable text.
//!
//! A demo names this folder with `#[path = "../demo/mod.rs"] mod demo;` and begins with [`run`]. Its
//! `help.txt` is printed for `--help`, and is the table by which its options are read (`args.rs`):
//!
//! ```text
//! demo::options! { |args|
//!     listen: String = args.value_or("--listen", "127.0.0.1:1337");   // a field, and how it is read
//! }
//!
//! fn main() -> ExitCode {
//!     demo::run(HELP, Options::read, serve)      // serve: the demo itself
//! }
//! ```
//!
//! A demo with commands has a function in place of [`options!`], which returns what to run.
//!
//! | the demo | exit code | standard error |
//! |---|---|---|
//! | succeeded, or printed its help | 0 | |
//! | failed | 1 | `NAME: the error` |
//! | does not understand its options | 2 | `NAME: the mistake`, and the help if it is short |
#![forbid(unsafe_code)]
#![allow(dead_code, unused_imports, unused_macros)] // each demo uses a part of this

mod args;
mod options;
mod printable;
mod url;

pub(crate) use args::{Args, no_command, parse};
pub(crate) use options::options;
pub(crate) use printable::printable;
pub(crate) use url::encoded;

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

/// What a demo with several commands does.
pub(crate) type Run = Box<dyn FnOnce() -> io::Result<()>>;

const NAME: &str = env!("CARGO_BIN_NAME");
/// A longer help would hide the mistake that is printed above it.
const SHORT_HELP_LINES: usize = 30;

/// Reads the options, runs the demo with them, and reports a failure.
pub(crate) fn run<T, E: Display>(
    help: &str,
    read: fn(&mut Args<'_>) -> Result<T, String>,
    demo: impl FnOnce(T) -> Result<(), E>,
) -> ExitCode {
    let options = match read_options(help, read) {
        Ok(options) => options,
        Err(code) => return code,
    };
    match demo(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let ca_option = ["--cacert", "--ca"]
                .into_iter()
                .find(|it| help.contains(it));
            let error = explained(&error.to_string(), ca_option.unwrap_or_default());
            eprintln!("{NAME}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The options of this process; otherwise it ends with this code.
pub(crate) fn read_options<T>(
    help: &str,
    read: fn(&mut Args<'_>) -> Result<T, String>,
) -> Result<T, ExitCode> {
    let args = std::env::args_os().skip(1);
    match parse(help, args.map(|arg| arg.to_string_lossy().into()), read) {
        Ok(Some(options)) => Ok(options),
        Ok(None) => {
            print!("{help}");
            Err(ExitCode::SUCCESS)
        }
        Err(mistake) if help.lines().count() > SHORT_HELP_LINES => {
            eprintln!("{NAME}: {mistake} (-h prints the options)");
            Err(ExitCode::from(2))
        }
        Err(mistake) => {
            eprint!("{NAME}: {mistake}\n{help}");
            Err(ExitCode::from(2))
        }
    }
}

/// The text of an error. The library's advice about certificates names its own call; here that is
/// an option of the demo.
pub(crate) fn explained(error: &str, ca_option: &str) -> String {
    match error.contains("ClientOptions::ca") {
        true => format!(
            "{error}\n{NAME}: here that is {ca_option} FILE; -k skips the check, which is for a test"
        ),
        false => error.to_owned(),
    }
}

/// A file whose name stands in the error, too.
pub(crate) fn read_file(path: &str) -> io::Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| io::Error::new(e.kind(), format!("{path}: {e}")))
}
