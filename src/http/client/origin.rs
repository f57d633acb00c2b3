//! Where a connection leads: what must be equal for two requests to share one.

use super::connector::{Connector, is_direct};
use crate::http::wire::Scheme;
use crate::net::Family;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// A server, and the way to it. Requests of one origin share the sockets of an agent: host, port,
/// address family, local address, socket path and connector (which knows of proxies and TLS) are
/// equal.
#[derive(Clone)]
pub struct Origin {
    host: String,
    port: u16,
    family: Option<Family>,
    local_address: Option<IpAddr>,
    socket_path: Option<PathBuf>,
    connector: Arc<dyn Connector>,
    /// Of all that, made once: a pool asks for it several times a request.
    hash: u64,
}

impl Origin {
    pub(super) fn new(
        host: &str,
        port: u16,
        family: Option<Family>,
        local_address: Option<IpAddr>,
        socket_path: Option<PathBuf>,
        connector: Arc<dyn Connector>,
    ) -> Origin {
        let host = host.to_ascii_lowercase();
        let mut hasher = DefaultHasher::new();
        (&host, port, &socket_path, connector.key()).hash(&mut hasher);
        Origin {
            hash: hasher.finish(),
            host,
            port,
            family,
            local_address,
            socket_path,
            connector,
        }
    }

    /// The host: a name or an address, in lower case, an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The kind of address that is asked for, if it is.
    pub fn family(&self) -> Option<Family> {
        self.family
    }

    /// The address of ours that the connection is to come from, if that is asked for. The standard
    /// library cannot bind before it connects, so only a connector of one's own can do it.
    pub fn local_address(&self) -> Option<IpAddr> {
        self.local_address
    }

    /// The Unix domain socket to connect to, in place of host and port.
    pub fn socket_path(&self) -> Option<&std::path::Path> {
        self.socket_path.as_deref()
    }

    /// What is spoken there.
    pub fn scheme(&self) -> Scheme {
        self.connector.scheme()
    }

    pub(super) fn connector(&self) -> &dyn Connector {
        &*self.connector
    }

    /// `host:port`, an IPv6 address in brackets.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.bracketed_host(), self.port)
    }

    /// For others to read: without the zone, which only we understand.
    pub(super) fn bracketed_host(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]", self.host.split('%').next().unwrap_or_default()),
            false => self.host.clone(),
        }
    }
}

/// The same way: because they are one, or by the key that both give and what both wrap. Plain TCP is
/// one, so a connector of a user is never taken for it, whatever its key.
fn same(one: &Arc<dyn Connector>, other: &Arc<dyn Connector>) -> bool {
    let same_key = || one.key().is_some_and(|key| other.key() == Some(key));
    let same_below = || match (one.below(), other.below()) {
        (Some(one), Some(other)) => same(one, other),
        (one, other) => one.is_none() && other.is_none(),
    };
    let by_key = || {
        let plain = is_direct(one) || is_direct(other);
        !plain && one.scheme() == other.scheme() && same_key() && same_below()
    };
    Arc::ptr_eq(one, other) || by_key()
}

impl PartialEq for Origin {
    fn eq(&self, other: &Origin) -> bool {
        self.hash == other.hash
            && self.port == other.port
            && self.host == other.host
            && self.family == other.family
            && self.local_address == other.local_address
            && self.socket_path == other.socket_path
            && same(&self.connector, &other.connector)
    }
}

impl Eq for Origin {}

impl Hash for Origin {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.hash);
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({self})")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.socket_path {
            Some(path) => write!(f, "unix:{}", path.display()),
            None => f.write_str(&self.authority()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::client::connector::{Connected, direct};
    use crate::http::client::proxy::Proxy;
    use std::io::{self, ErrorKind};
    use std::time::Instant;

    /// A connector of a user, which may give any key.
    struct Own(Option<&'static str>);

    impl Connector for Own {
        fn connect(&self, _to: &Origin, _deadline: Instant) -> io::Result<Connected> {
            Err(ErrorKind::Unsupported.into())
        }

        fn key(&self) -> Option<&str> {
            self.0
        }
    }

    fn own(key: Option<&'static str>) -> Arc<dyn Connector> {
        Arc::new(Own(key))
    }

    fn through(below: &Arc<dyn Connector>) -> Arc<dyn Connector> {
        Proxy::new("http://proxy").unwrap().connector(below)
    }

    #[test]
    fn a_key_makes_two_connectors_one() {
        assert!(same(&direct(), &direct()));
        assert!(same(&own(Some("a")), &own(Some("a"))));
        assert!(!same(&own(Some("a")), &own(Some("b"))));
        assert!(!same(&own(None), &own(None)));
        assert!(same(&through(&direct()), &through(&direct())));
        assert!(same(&through(&own(Some("a"))), &through(&own(Some("a")))));
        assert!(!same(&through(&own(Some("a"))), &through(&own(Some("b")))));
        let own = own(None);
        assert!(!same(&through(&own), &through(&own)));
    }

    #[test]
    fn fault_a18_no_key_is_that_of_plain_tcp_or_of_the_way_through_a_proxy() {
        let ways = [direct(), through(&direct()), through(&through(&direct()))];
        for way in &ways {
            for key in ["", way.key().unwrap_or_default()].map(str::to_owned) {
                let own = own(Some(key.leak()));
                assert!(!same(&own, way) && !same(way, &own));
                assert!(!same(&through(&own), way) && !same(way, &through(&own)));
            }
        }
        for (n, way) in ways.iter().enumerate() {
            assert!(ways[..n].iter().all(|other| !same(way, other)));
        }
    }
}
