//! A door of the chapter: where it is, what is behind it, and how to knock.

use barewire::net::Addr;
use std::io::{self, ErrorKind};

pub(crate) struct Door {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    /// Begins to serve there, on threads of its own. Returns where that really is.
    pub(crate) open: fn(&str) -> io::Result<Addr>,
    /// Lines to try, with `{address}`, `{port}` and `{path}` to be filled in.
    pub(crate) tries: &'static [&'static str],
}

pub(crate) enum Place {
    /// The book's port.
    Port(u16),
    /// A socket file.
    Path,
}

impl Door {
    pub(crate) fn open_at(&self, listen: &str) -> Result<Addr, String> {
        (self.open)(listen).map_err(|e| {
            let way_out = match (e.kind(), &self.place) {
                (ErrorKind::AddrInUse, Place::Port(_)) => {
                    "\nAnother program has that port; --ports-from 20000 takes others."
                }
                (ErrorKind::AddrInUse, Place::Path) => {
                    "\nSomething is there already; --unix PATH takes another place."
                }
                _ => "",
            };
            format!("the door of {} stays shut: {e}{way_out}", self.name)
        })
    }

    /// The lines that are printed for it.
    pub(crate) fn invitation(&self, address: &Addr) -> String {
        let (mut name, mut place) = (self.name, address.to_string());
        let mut lines = String::new();
        for line in self.tries {
            let line = filled_in(line, address);
            lines += &format!("  {name:<10} {place:<22} {line}\n");
            (name, place) = ("", String::new());
        }
        lines
    }
}

fn filled_in(line: &str, address: &Addr) -> String {
    let text = address.to_string();
    let port = address.port().unwrap_or_default().to_string();
    let path = text.trim_start_matches("unix:");
    line.replace("{address}", &text)
        .replace("{port}", &port)
        .replace("{path}", path)
}
