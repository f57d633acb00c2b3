//! A door of the chapter: its address, the server behind it, and what to try there.

use crate::demo::{self, DEADLINE};
use barewire::net::{self, Addr};
use barewire::udp;
use std::io::{self, ErrorKind};
use std::sync::OnceLock;
use std::time::Instant;

/// The addresses of all doors, once all are open: a name in lower case, and its address.
static OPEN: OnceLock<Vec<(String, String)>> = OnceLock::new();

/// All doors are open.
pub(crate) fn all_open(addresses: Vec<(String, String)>) {
    OPEN.get_or_init(|| addresses);
}

/// A door that is open: the server behind it runs.
pub(crate) enum Open {
    Server(net::Handle),
    Udp(udp::Handle),
}

impl Open {
    pub(crate) fn address(&self) -> Addr {
        match self {
            Open::Server(handle) => handle.local_addr(),
            Open::Udp(handle) => handle.local_addr().into(),
        }
    }
}

/// Closes doors, and waits for what runs behind them. All have the same deadline.
pub(crate) fn close_all(doors: &[Open]) -> io::Result<()> {
    let began = Instant::now();
    for door in doors {
        match door {
            Open::Server(handle) => handle.stop(),
            Open::Udp(handle) => handle.stop(),
        }
    }
    for door in doors {
        let left = DEADLINE.saturating_sub(began.elapsed());
        match door {
            Open::Server(handle) => demo::shut_down(handle, left),
            Open::Udp(handle) => drop(handle.shutdown(left)?),
        }
    }
    Ok(())
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
    /// Starts to serve there, on threads of its own.
    pub(crate) open: fn(&str) -> io::Result<Open>,
    /// Commands to try, [with addresses](with_addresses).
    pub(crate) tries: &'static [&'static str],
}

impl Door {
    pub(crate) fn open_at(&self, listen: &str) -> Result<Open, String> {
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
