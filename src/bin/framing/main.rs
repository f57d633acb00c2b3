//! Sticky packets (粘包), and the framers against them. Eighteen messages of 64 bytes go over one
//! connection, and the demo prints what each read returned.
//!
//! ```text
//! $ framing none
//! none: nothing says where a message ends
//! writes: 18, bytes: 1152; all have arrived before the first read
//! read 1: 1152 bytes
//! …
//! ```
//!
//! `show.rs` has both ends in one process and prints the same in each run; `book.rs` is the book's
//! server and client for two terminals, where every run may differ; `unframed.rs` shows what needs
//! no framing. `framings.rs` gives the five one interface.
#![forbid(unsafe_code)]

mod book;
#[path = "../demo/mod.rs"]
mod demo;
mod framings;
mod show;
mod unframed;

use demo::{Args, Run, no_command};
use framings::Framing;
use show::Split;
use std::process::ExitCode;

const HELP: &str = include_str!("help.txt");

fn main() -> ExitCode {
    demo::run_command(HELP, read)
}

fn read(words: &[&str], args: &mut Args<'_>) -> Result<Run, String> {
    Ok(match words {
        ["server", name] => {
            let framing = Framing::named(name)?;
            let stop_at_eof = demo::stop_at_eof(args)?;
            let listen = args.value_or("--listen", &framing.address());
            Box::new(move || book::serve(framing, &listen, stop_at_eof))
        }
        ["client", name] => {
            let framing = Framing::named(name)?;
            Box::new(move || book::talk(framing, &framing.address()))
        }
        ["client", name, to] => {
            let (framing, to) = (Framing::named(name)?, to.to_string());
            Box::new(move || book::talk(framing, &to))
        }
        ["fin"] => Box::new(unframed::fin),
        ["udp"] => Box::new(unframed::udp),
        ["file", path] => {
            let path = path.to_string();
            Box::new(move || unframed::file(&path))
        }
        ["server" | "client" | "fin" | "udp" | "file", ..] => return Err(no_command(words)),
        names => {
            let named: Result<Vec<_>, _> = names.iter().map(|name| Framing::named(name)).collect();
            let framings = named.map(|all| {
                if all.is_empty() {
                    Framing::ALL.into()
                } else {
                    all
                }
            })?;
            let split = args.parsed("--split", |text| {
                let text = text.to_owned();
                text.parse().map(|at| Split { text, at })
            })?;
            Box::new(move || {
                framings
                    .iter()
                    .try_for_each(|it| show::show(*it, split.as_ref()))
            })
        }
    })
}
