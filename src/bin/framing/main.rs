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

use barewire::net::Splits;
use demo::{Args, no_command};
use framings::Framing;
use std::io;
use std::process::ExitCode;

/// The book's message.
const MESSAGE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// How often it is sent.
const TIMES: usize = 18;

const HELP: &str = "\
usage: framing [FRAMING ...] [--split BYTES,BYTES,...]
       framing server FRAMING [--listen HOST:PORT]
       framing client FRAMING [HOST:PORT]
       framing fin | udp | file PATH

FRAMING is none, fixed, delimiter, header or ring.
Without a command, both ends are in this process: 18 messages of 64 bytes leave in 18 writes, and
what each read returned is printed; without FRAMING, for each of the five.
  --split BYTES,...   send 100 and 200 bytes, and let each read return so many bytes: 50,250
server  the book's, for a second terminal
  --listen HOST:PORT  listen there (127.0.0.1, at port 8124 for none and header, 8125 for fixed
                      and delimiter, 8080 for ring)
client  sends the 18 messages to that server
fin     one message in each connection needs no framing; nor does a file; nor does udp
";

enum Command {
    Show(Vec<Framing>, Option<Split>),
    Server(Framing, String),
    Client(Framing, String),
    Fin,
    File(String),
    Udp,
}

/// Where to cut, also as it was typed.
struct Split {
    text: String,
    at: Splits,
}

fn main() -> ExitCode {
    demo::run(HELP, read, run)
}

fn read(args: &mut Args<'_>) -> Result<Command, String> {
    let words = args.words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Ok(match words[..] {
        ["server", name] => {
            let framing = Framing::named(name)?;
            let listen = args.value("--listen");
            Command::Server(framing, listen.unwrap_or_else(|| framing.address()))
        }
        ["client", name] => {
            let framing = Framing::named(name)?;
            Command::Client(framing, framing.address())
        }
        ["client", name, to] => Command::Client(Framing::named(name)?, to.to_owned()),
        ["fin"] => Command::Fin,
        ["udp"] => Command::Udp,
        ["file", path] => Command::File(path.to_owned()),
        ["server" | "client" | "fin" | "udp" | "file", ..] => return Err(no_command(&words)),
        [] => Command::Show(Framing::ALL.into(), split(args)?),
        _ => {
            let named = words.iter().map(|name| Framing::named(name));
            Command::Show(named.collect::<Result<_, _>>()?, split(args)?)
        }
    })
}

fn split(args: &mut Args<'_>) -> Result<Option<Split>, String> {
    let split = |text: String| match text.parse() {
        Ok(at) => Ok(Split { text, at }),
        Err(e) => Err(format!("--split: {e}")),
    };
    args.value("--split").map(split).transpose()
}

fn run(command: Command) -> io::Result<()> {
    match command {
        Command::Show(framings, split) => {
            let mut framings = framings.into_iter();
            framings.try_for_each(|framing| show::show(framing, split.as_ref()))
        }
        Command::Server(framing, listen) => book::serve(framing, &listen),
        Command::Client(framing, to) => book::talk(framing, &to),
        Command::Fin => unframed::fin(),
        Command::File(path) => unframed::file(&path),
        Command::Udp => unframed::udp(),
    }
}
