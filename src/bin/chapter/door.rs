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

/// A command to try: `{http}` is the address of that door, `{http.port}` its port, `{unix.path}` its path.
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
    /// Commands to try, [with addresses](with_addresses).
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

    /// The lines that are printed for it, once all are open.
    pub(crate) fn invitation(&self) -> String {
        let mut name = self.name;
        let mut place = address(&name.to_lowercase()).unwrap_or_default();
        let mut lines = String::new();
        for line in self.tries {
            lines += &format!("  {name:<10} {place:<22} {}\n", with_addresses(line));
            (name, place) = ("", "");
        }
        lines
    }
}
