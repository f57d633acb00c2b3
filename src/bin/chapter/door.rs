//! A door of the chapter: its address, the server behind it, and what to try there.

use barewire::net::Addr;
use std::io::{self, ErrorKind};
use std::sync::OnceLock;

/// The addresses of all doors, once all are open: a name in lower case, and its address.
static OPEN: OnceLock<Vec<(String, String)>> = OnceLock::new();

/// All doors are open.
pub(crate) fn all_open(addresses: Vec<(String, String)>) {
    OPEN.get_or_init(|| addresses);
}

/// The address of the door of this name.
pub(crate) fn address(name: &str) -> Option<&'static str> {
    let mut open = OPEN.get().into_iter().flatten();
    open.find(|(is, _)| is == name)
        .map(|(_, address)| address.as_str())
}

/// A command of an exchange: `{http}` is the address of that door, `{http.port}` its port, `{unix.path}` its path.
pub(crate) fn with_addresses(line: &str) -> String {
    let open = OPEN.get().into_iter().flatten();
    open.fold(line.to_owned(), |line, (name, address)| {
        let port = address.rsplit(':').next().unwrap_or_default();
        line.replace(&format!("{{{name}}}"), address)
            .replace(&format!("{{{name}.port}}"), port)
            .replace(&format!("{{{name}.path}}"), port)
    })
}

pub(crate) struct Door {
    pub(crate) name: &'static str,
    /// The book's; `None`: a Unix socket.
    pub(crate) port: Option<u16>,
    /// Starts to serve there, on threads of its own. Returns the bound address.
    pub(crate) open: fn(&str) -> io::Result<Addr>,
    /// Commands to try, in which `{address}`, `{port}` and `{path}` are replaced.
    pub(crate) tries: &'static [&'static str],
}

impl Door {
    pub(crate) fn open_at(&self, listen: &str) -> Result<Addr, String> {
        (self.open)(listen).map_err(|e| {
            let advice = match (e.kind(), self.port) {
                (ErrorKind::AddrInUse, Some(_)) => {
                    "\nAnother program has that port; --ports-from 20000 takes others."
                }
                (ErrorKind::AddrInUse, None) => {
                    "\nThat path exists already; --unix PATH takes another one."
                }
                _ => "",
            };
            format!("cannot open the door of {}: {e}{advice}", self.name)
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
