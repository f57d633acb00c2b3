//! Where one end of a stream is.

use std::fmt;
use std::net::SocketAddr;
use std::os::unix;
use std::path::PathBuf;

/// The address of one end of a [`Stream`](super::Stream) or of a [`Listener`](super::Listener).
///
/// Its [`Display`](fmt::Display) form is what [`Listener::bind`](super::Listener::bind) takes.
///
/// ```
/// use barewire::net::{self, Addr};
///
/// let handle = net::create_server(|_socket| Ok(())).listen("127.0.0.1:0")?;
/// let address: Addr = handle.local_addr();
/// assert_ne!(address.port(), Some(0)); // the system has chosen one
/// net::connect(&address.to_string())?;
///
/// let path = Addr::Unix(Some("/tmp/echo.sock".into()));
/// assert_eq!((path.to_string().as_str(), path.port()), ("unix:/tmp/echo.sock", None));
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Addr {
    /// An IP address and port: `127.0.0.1:1337`, `[::1]:1337`.
    Ip(SocketAddr),
    /// A Unix domain socket: `unix:/tmp/echo.sock`. Clients have no path as a rule.
    Unix(Option<PathBuf>),
    /// One end of a [`pipe`](super::pipe()), in this process.
    Pipe,
}

impl Addr {
    /// The IP address and port, if this is one.
    pub fn ip(&self) -> Option<SocketAddr> {
        match self {
            Addr::Ip(address) => Some(*address),
            Addr::Unix(_) | Addr::Pipe => None,
        }
    }

    /// The port, if this is an IP address.
    pub fn port(&self) -> Option<u16> {
        self.ip().map(|address| address.port())
    }
}

impl From<SocketAddr> for Addr {
    fn from(address: SocketAddr) -> Addr {
        Addr::Ip(address)
    }
}

impl From<unix::net::SocketAddr> for Addr {
    fn from(address: unix::net::SocketAddr) -> Addr {
        Addr::Unix(address.as_pathname().map(PathBuf::from))
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Addr::Ip(address) => address.fmt(f),
            Addr::Unix(Some(path)) => write!(f, "unix:{}", path.display()),
            Addr::Unix(None) => f.write_str("unix:"),
            Addr::Pipe => f.write_str("pipe"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_spelling() {
        let ip = |text: &str| Addr::Ip(text.parse().unwrap());
        assert_eq!(ip("127.0.0.1:1337").to_string(), "127.0.0.1:1337");
        assert_eq!(ip("[::1]:80").to_string(), "[::1]:80");
        assert_eq!(
            Addr::Unix(Some("/tmp/echo.sock".into())).to_string(),
            "unix:/tmp/echo.sock"
        );
        assert_eq!(Addr::Unix(None).to_string(), "unix:");
        assert_eq!(Addr::Pipe.to_string(), "pipe");
    }

    #[test]
    fn only_ip_addresses_have_a_port() {
        assert_eq!(
            Addr::Ip("127.0.0.1:1337".parse().unwrap()).port(),
            Some(1337)
        );
        assert_eq!(Addr::Unix(None).port(), None);
        assert_eq!(Addr::Pipe.ip(), None);
    }
}
