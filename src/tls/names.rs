//! Which certificate is shown to whom: by the name that the client asks for.

use super::identity::Identity;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// The certificates of a server by name.
pub(super) struct Names {
    exact: HashMap<String, Identity>,
    /// By what stands behind `*.`
    wildcard: HashMap<String, Identity>,
    otherwise: Identity,
}

impl Names {
    pub(super) fn new(otherwise: Identity) -> Names {
        Names {
            exact: HashMap::new(),
            wildcard: HashMap::new(),
            otherwise,
        }
    }

    /// `dev.test.com` or `*.test.com`.
    pub(super) fn add(&mut self, name: &str, identity: Identity) {
        let name = name.to_ascii_lowercase();
        match name.strip_prefix("*.") {
            Some(behind) => self.wildcard.insert(behind.to_owned(), identity),
            None => self.exact.insert(name, identity),
        };
    }

    // RFC 6066 §3: "A server that receives a client hello containing the "server_name" extension
    // MAY use the information contained in the extension to guide its selection of an appropriate
    // certificate to return to the client"
    fn of(&self, asked: Option<&str>) -> &Identity {
        let Some(asked) = asked.map(str::to_ascii_lowercase) else {
            return &self.otherwise;
        };
        let behind = asked.split_once('.').map(|(_, behind)| behind);
        let wildcard = || self.wildcard.get(behind?);
        let found = self.exact.get(&asked).or_else(wildcard);
        found.unwrap_or(&self.otherwise)
    }
}

impl ResolvesServerCert for Names {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match self.exact.is_empty() && self.wildcard.is_empty() {
            true => Some(self.otherwise.certified()),
            false => Some(self.of(hello.server_name()).certified()),
        }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names")
            .field("exact", &self.exact.keys())
            .field("wildcard", &self.wildcard.keys())
            .finish_non_exhaustive()
    }
}
