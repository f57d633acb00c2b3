//! What every demo needs beside its subject: options, output, exit codes.
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
//! A demo with commands calls [`run_command`], whose `read` returns what to run.
//!
//! | the demo | exit code | standard error |
//! |---|---|---|
//! | succeeded, or printed its help | 0 | |
//! | failed, or cannot write to standard output | 1 | `NAME: the error` |
//! | does not understand its options | 2 | `NAME: the mistake`, and the help if it is short |
//! | writes to a standard output whose reader has left | 141 | |
//!
//! A transfer of `http_get` has curl's exit codes; its help ends as every help does. A server goes on without an
//! output (`print.rs`).
#![forbid(unsafe_code)]
#![allow(dead_code, unused_imports, unused_macros)] // each demo uses a part of this

mod access_log;
mod args;
mod background;
mod deflate;
mod files;
mod flush;
mod leaving;
mod options;
pub(crate) mod print;
mod printable;
mod recording;
mod serving;
mod url;
mod words;

pub(crate) use access_log::AccessLog;
pub(crate) use args::{Args, no_command, parse, whole_number};
pub(crate) use deflate::deflate;
pub(crate) use files::{ClientFiles, NamedFile, named, read_file};
pub(crate) use flush::flush;
pub(crate) use leaving::peer_left;
pub(crate) use options::options;
pub(crate) use print::{PeerOutput, Standard, can_draw, colours, columns, err, log, out, shown};
pub(crate) use print::{speak_as, stdout_is_terminal, write_err};
pub(crate) use printable::printable;
pub(crate) use recording::Recording;
pub(crate) use serving::{
    DEADLINE, listener, read_to_eof, report_cut, shut_down, stop_at_eof, wait,
};
pub(crate) use url::encoded;

use std::ffi::OsString;
use std::fmt::Display;
use std::io;
use std::process::ExitCode;
use std::thread::{Builder, JoinHandle};

/// What a demo with several commands does.
pub(crate) type Run = Box<dyn FnOnce() -> io::Result<()>>;

/// A longer help would hide the mistake that is printed above it.
const SHORT_HELP_LINES: usize = 30;

/// Reads the options, runs the demo with them, and reports a failure.
pub(crate) fn run<T, E: Display>(
    help: &str,
    read: impl FnOnce(&mut Args<'_>) -> Result<T, String>,
    demo: impl FnOnce(T) -> Result<(), E>,
) -> ExitCode {
    let options = match read_options(help, read) {
        Ok(options) => options,
        Err(code) => return code,
    };
    let code = match demo(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            err!("{error}");
            ExitCode::FAILURE
        }
    };
    flush();
    code
}

/// [`run`] for a demo with commands: `read` gets the words that were typed, and returns what to run.
pub(crate) fn run_command(
    help: &str,
    read: impl FnOnce(&[&str], &mut Args<'_>) -> Result<Run, String>,
) -> ExitCode {
    let read = |args: &mut Args<'_>| {
        let words = args.words();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        read(&words, args)
    };
    run(help, read, |run| run())
}

/// The options of this process; otherwise it ends with this code.
pub(crate) fn read_options<T>(
    help: &str,
    read: impl FnOnce(&mut Args<'_>) -> Result<T, String>,
) -> Result<T, ExitCode> {
    let options = arguments().and_then(|args| {
        parse(help, args.into_iter(), |args| {
            words::keep_names(|name| args.typed(name));
            read(args)
        })
    });
    match options {
        Ok(Some(options)) => Ok(options),
        Ok(None) => {
            out!("{}", help.trim_end());
            Err(ExitCode::SUCCESS)
        }
        Err(mistake) if help.lines().count() > SHORT_HELP_LINES => {
            err!("{mistake} (-h prints the options)");
            Err(ExitCode::from(2))
        }
        Err(mistake) => {
            err!("{mistake}\n{}", help.trim_end());
            Err(ExitCode::from(2))
        }
    }
}

/// What was typed. A name that is not UTF-8 would be another name as text, so it is refused.
fn arguments() -> Result<Vec<String>, String> {
    let text = |arg: OsString| {
        arg.into_string()
            .map_err(|arg| format!("the argument {arg:?} is not UTF-8"))
    };
    std::env::args_os().skip(1).map(text).collect()
}

/// A thread, or an error where [`std::thread::spawn`] panics.
pub(crate) fn spawn<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    Builder::new().spawn(work)
}
