//! The command line.

use crate::DOORS;
use crate::door::Place;

pub(crate) const USAGE: &str = "\
usage: chapter [--ports-from N | --any-port] [--unix PATH]

Serves the chapter on 127.0.0.1, at the book's ports, and prints where and what to try.

--ports-from  the doors get the ports N, N + 1, N + 2 … instead
--any-port    the system chooses the ports
--unix        the socket file; echo.sock in the folder for temporary files";

pub(crate) struct Options {
    ports: Ports,
    unix: String,
}

enum Ports {
    Book,
    From(u16),
    Any,
}

impl Options {
    /// `None`: help was asked for.
    pub(crate) fn from_args(
        mut args: impl Iterator<Item = String>,
    ) -> Result<Option<Options>, String> {
        let echo = std::env::temp_dir().join("echo.sock");
        let mut options = Options {
            ports: Ports::Book,
            unix: echo.to_string_lossy().into_owned(),
        };
        while let Some(flag) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--ports-from" => options.ports = Ports::From(first(&value()?)?),
                "--any-port" => options.ports = Ports::Any,
                "--unix" => options.unix = value()?,
                "--help" | "-h" => return Ok(None),
                _ => return Err(format!("there is no {flag}")),
            }
        }
        Ok(Some(options))
    }

    /// Where the door with this number listens.
    pub(crate) fn listen(&self, number: u16, place: &Place) -> String {
        let port = match (place, &self.ports) {
            (Place::Path, _) => return format!("unix:{}", self.unix),
            (Place::Port(port), Ports::Book) => *port,
            (Place::Port(_), Ports::From(first)) => first + number,
            (Place::Port(_), Ports::Any) => 0,
        };
        format!("127.0.0.1:{port}")
    }
}

/// There must be room for all behind it.
fn first(text: &str) -> Result<u16, String> {
    let most = 65535 - DOORS.len() as u16;
    let port: Option<u16> = text.parse().ok();
    port.filter(|port| (1..=most).contains(port))
        .ok_or_else(|| format!("--ports-from takes a port from 1 to {most}, not {text:?}"))
}
