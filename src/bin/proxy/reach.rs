//! Connecting to the host that a client has named, if its addresses fit its name.

use crate::allow::may_lead_to;
use barewire::http::{Connected, Connector, Origin};
use barewire::net;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// The name is looked up once: the addresses that are checked are the ones that are connected to.
pub(crate) fn reach(host: &str, port: u16, deadline: Instant) -> io::Result<Connected> {
    let began = Instant::now();
    let addresses = net::resolve(host, port, None, deadline)?;
    let resolve = began.elapsed();
    if let Some(here) = addresses.iter().find(|at| !may_lead_to(host, at.ip())) {
        let error = LeadsHere(here.ip());
        return Err(io::Error::new(ErrorKind::PermissionDenied, error));
    }
    let tcp = net::race(&addresses, deadline)?;
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

/// A listed name has an address of this machine.
#[derive(Debug)]
pub(crate) struct LeadsHere(IpAddr);

impl fmt::Display for LeadsHere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "this name leads to {}, the proxy's own machine; \
             with --allow localhost, ask for localhost",
            self.0
        )
    }
}

impl std::error::Error for LeadsHere {}
