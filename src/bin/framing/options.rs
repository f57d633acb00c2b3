//! The command line.

use crate::framings::Framing;
use barewire::net::Splits;
use std::path::PathBuf;

pub(crate) const USAGE: &str = "\
usage: framing [FRAMING ...] [--split BYTES,BYTES,...]
       framing server FRAMING [--listen HOST:PORT]
       framing client FRAMING [HOST:PORT]
       framing fin | udp | file PATH

FRAMING is none, fixed, delimiter, header or ring.
Alone it is both ends in one process: 18 messages of 64 bytes leave in 18 writes, and what each
read really got is printed. Without FRAMING all five, one after the other.
--split  sends 100 and 200 bytes, and lets each read get exactly so many bytes: 50,250
server   the book's, for another terminal; listens on 127.0.0.1:8124 (none, header), :8125
         (fixed, delimiter) or :8080 (ring)
client   sends the 18 messages there
fin      one message for each connection: no framing needed; nor for a file; nor by udp";

pub(crate) enum Mode {
    Help,
    Show {
        framings: Vec<Framing>,
        split: Option<Split>,
    },
    Server {
        framing: Framing,
        listen: String,
    },
    Client {
        framing: Framing,
        to: String,
    },
    Fin,
    File(PathBuf),
    Udp,
}

/// Where to cut, as it was written too.
pub(crate) struct Split {
    pub(crate) text: String,
    pub(crate) at: Splits,
}

impl Mode {
    pub(crate) fn from_args(args: impl Iterator<Item = String>) -> Result<Mode, String> {
        let mut args = args.peekable();
        match args.peek().map(String::as_str) {
            Some("server") => server(args.skip(1)),
            Some("client") => client(args.skip(1)),
            Some("fin") => only(Mode::Fin, args.skip(1)),
            Some("udp") => only(Mode::Udp, args.skip(1)),
            Some("file") => file(args.skip(1)),
            _ => show(args),
        }
    }
}

fn show(mut args: impl Iterator<Item = String>) -> Result<Mode, String> {
    let (mut framings, mut split) = (Vec::new(), None);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--split" => split = Some(cut(args.next().ok_or("--split needs a value")?)?),
            "--help" | "-h" => return Ok(Mode::Help),
            flag if flag.starts_with('-') => return Err(format!("there is no {flag}")),
            name => framings.push(framing(name)?),
        }
    }
    if framings.is_empty() {
        framings = Framing::ALL.into();
    }
    Ok(Mode::Show { framings, split })
}

fn cut(text: String) -> Result<Split, String> {
    let at = text.parse::<Splits>().map_err(|e| e.to_string())?;
    Ok(Split { text, at })
}

fn server(mut args: impl Iterator<Item = String>) -> Result<Mode, String> {
    let (mut which, mut listen) = (None, None);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--listen" => listen = Some(args.next().ok_or("--listen needs a value")?),
            "--help" | "-h" => return Ok(Mode::Help),
            name if which.is_none() => which = Some(framing(name)?),
            more => return Err(format!("server has no {more:?}")),
        }
    }
    let framing = which.ok_or("server needs a FRAMING")?;
    let listen = listen.unwrap_or_else(|| address(framing));
    Ok(Mode::Server { framing, listen })
}

fn client(mut args: impl Iterator<Item = String>) -> Result<Mode, String> {
    let name = args.next().ok_or("client needs a FRAMING")?;
    if name == "--help" || name == "-h" {
        return Ok(Mode::Help);
    }
    let framing = framing(&name)?;
    let to = args.next().unwrap_or_else(|| address(framing));
    only(Mode::Client { framing, to }, args)
}

fn file(mut args: impl Iterator<Item = String>) -> Result<Mode, String> {
    let path = args.next().ok_or("file needs a PATH")?;
    only(Mode::File(path.into()), args)
}

fn only(mode: Mode, mut args: impl Iterator<Item = String>) -> Result<Mode, String> {
    match args.next() {
        None => Ok(mode),
        Some(help) if help == "--help" || help == "-h" => Ok(Mode::Help),
        Some(more) => Err(format!("what is {more:?}?")),
    }
}

fn framing(name: &str) -> Result<Framing, String> {
    let mut all = Framing::ALL.into_iter();
    all.find(|framing| framing.name() == name)
        .ok_or_else(|| format!("there is no framing {name:?}"))
}

/// The book's.
fn address(framing: Framing) -> String {
    let port = match framing {
        Framing::None | Framing::Header => 8124,
        Framing::Fixed | Framing::Delimiter => 8125,
        Framing::Ring => 8080,
    };
    format!("127.0.0.1:{port}")
}
