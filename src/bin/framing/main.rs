//! Sticky packets (粘包), and four cures. Eighteen messages of 64 bytes go over one connection, and
//! what each read really got is printed.
//!
//! ```text
//! $ framing none
//! none: nothing tells where a message ends
//! writes: 18, bytes: 1152; all have arrived before the first read
//! read 1: 1152 bytes
//! …
//! ```
//!
//! `show.rs` is both ends in one process and does the same each time; `book.rs` is the book's
//! server and client for two terminals, where every run may differ; `anyway.rs` is what needs no
//! framing. `framings.rs` is what the five have in common.
#![forbid(unsafe_code)]

mod anyway;
mod book;
mod framings;
mod options;
mod show;

use options::{Mode, USAGE};
use std::io;
use std::process::ExitCode;

/// The book's message.
const MESSAGE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// How often it is sent.
const TIMES: usize = 18;

fn main() -> ExitCode {
    let args = std::env::args_os().skip(1);
    let mode = match Mode::from_args(args.map(|arg| arg.to_string_lossy().into_owned())) {
        Ok(mode) => mode,
        Err(why) => {
            eprintln!("framing: {why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(mode) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("framing: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(mode: Mode) -> io::Result<()> {
    match mode {
        Mode::Help => println!("{USAGE}"),
        Mode::Show { framings, split } => {
            for framing in framings {
                show::show(framing, split.as_ref())?;
            }
        }
        Mode::Server { framing, listen } => book::serve(framing, &listen)?,
        Mode::Client { framing, to } => book::talk(framing, &to)?,
        Mode::Fin => anyway::fin()?,
        Mode::File(path) => anyway::file(&path)?,
        Mode::Udp => anyway::udp()?,
    }
    Ok(())
}

/// Any bytes as one line: what is no UTF-8 as `�`, what would move the cursor escaped.
fn shown(bytes: &[u8]) -> String {
    let escaped = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    String::from_utf8_lossy(bytes)
        .chars()
        .map(escaped)
        .collect()
}
