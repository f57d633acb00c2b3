//! Connecting to the host that a client has named, if its addresses fit its name.

use crate::allow::may_lead_to;
use barewire::http::{Connected, Connector, Origin};
use barewire::net::{self, Stream, Tcp};
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// The name is looked up once: the addresses that are checked are the ones that are connected to. The one
/// that was connected to is checked, too.
pub(crate) fn reach(host: &str, port: u16, deadline: Instant) -> io::Result<Connected> {
    let began = Instant::now();
    let addresses = net::resolve(host, port, None, deadline)?;
    let resolve = began.elapsed();
    check(host, addresses.iter().map(SocketAddr::ip))?;
    let tcp: Tcp = net::race(&addresses, deadline)?;
    check(host, tcp.peer_addr()?.ip().map(|at| at.ip()))?;
    tcp.set_no_delay(true)?;
    Ok(Connected {
        resolve,
        connect: began.elapsed().saturating_sub(resolve),
        secure: Duration::ZERO,
        ..Connected::new(tcp)
    })
}

/// [`reach`] as the connector of the client's agent.
pub(crate) struct Guarded;

impl Connector for Guarded {
    fn connect(&self, to: &Origin, deadline: Instant) -> io::Result<Connected> {
        reach(to.host(), to.port(), deadline)
    }

    fn key(&self) -> Option<&str> {
        Some("guarded")
    }
}

fn check(host: &str, addresses: impl IntoIterator<Item = IpAddr>) -> io::Result<()> {
    let wrong = addresses.into_iter().find(|ip| !may_lead_to(host, *ip));
    wrong.map_or(Ok(()), |ip| {
        let error = Misleading(ip);
        Err(io::Error::new(ErrorKind::PermissionDenied, error))
    })
}

/// An allowed name has an address that does not fit it.
#[derive(Debug)]
pub(crate) struct Misleading(IpAddr);

impl fmt::Display for Misleading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ip = self.0;
        match may_lead_to("localhost", ip) || ip.is_unspecified() {
            true => write!(
                f,
                "this name leads to {ip}, the proxy's own machine; \
                 with --allow localhost, ask for localhost"
            ),
            false => write!(
                f,
                "this name leads to {ip}, but a localhost name means the proxy's own machine"
            ),
        }
    }
}

impl std::error::Error for Misleading {}

#[cfg(test)]
mod tests {
    use super::*;

    /// All addresses of a name must fit it, whichever is connected to.
    #[test]
    fn fault_c13_one_wrong_address_is_enough() {
        let check = |host: &str, ips: [&str; 2]| {
            let ips = ips.map(|ip| ip.parse().unwrap());
            check(host, ips).map_err(|e| e.to_string())
        };
        assert_eq!(check("a.localhost", ["127.0.0.1", "::1"]), Ok(()));
        assert_eq!(check("example.com", ["192.0.2.1", "2001:db8::1"]), Ok(()));
        for (host, ips, why) in [
            (
                "a.localhost",
                ["127.0.0.1", "192.0.2.1"],
                "a localhost name",
            ),
            (
                "a.localhost",
                ["::ffff:192.0.2.1", "::1"],
                "a localhost name",
            ),
            ("example.com", ["192.0.2.1", "127.0.0.1"], "own machine"),
            ("example.com", ["192.0.2.1", "0.0.0.0"], "own machine"),
        ] {
            let error = check(host, ips).unwrap_err();
            assert!(error.contains(why), "{host} {ips:?}: {error}");
        }
    }
}
