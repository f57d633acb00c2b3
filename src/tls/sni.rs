//! Which certificate a server sends: it depends on the name that the client asks for (SNI). If it asks
//! for none, or for an unknown one, it gets that of `ServerOptions::cert`.

use super::identity::Identity;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::collections::HashMap;
use std::sync::Arc;

/// The certificates of a server by name.
#[derive(Debug)]
pub(super) struct CertificatesByName {
    exact: HashMap<String, Identity>,
    /// `*.test.com` under `test.com`.
    wildcard: HashMap<String, Identity>,
    default: Identity,
}

impl CertificatesByName {
    pub(super) fn new(default: Identity) -> CertificatesByName {
        CertificatesByName {
            exact: HashMap::new(),
            wildcard: HashMap::new(),
            default,
        }
    }

    /// `dev.test.com` or `*.test.com`.
    pub(super) fn add(&mut self, name: &str, identity: Identity) {
        let name = name.to_ascii_lowercase();
        match name.strip_prefix("*.") {
            Some(domain) => self.wildcard.insert(domain.to_owned(), identity),
            None => self.exact.insert(name, identity),
        };
    }

    // RFC 6066 §3: "A server that receives a client hello containing the "server_name" extension
    // MAY use the information contained in the extension to guide its selection of an appropriate
    // certificate to return to the client"
    fn find(&self, name: &str) -> Option<&Identity> {
        let name = name.to_ascii_lowercase();
        let wildcard = || self.wildcard.get(name.split_once('.')?.1);
        self.exact.get(&name).or_else(wildcard)
    }
}

impl ResolvesServerCert for CertificatesByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let found = match self.exact.is_empty() && self.wildcard.is_empty() {
            true => None,
            false => hello.server_name().and_then(|name| self.find(name)),
        };
        Some(found.unwrap_or(&self.default).certified())
    }
}
