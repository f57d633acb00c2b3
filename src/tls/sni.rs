//! Which certificate a server sends: it depends on the name that the client asks for (SNI). If it asks
//! for none, or for an unknown one, it gets that of `ServerOptions::cert`.

use super::error::{Code, Error};
use super::identity::Identity;
use rustls::pki_types::ServerName;
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
    ///
    /// # Errors
    /// A name that no client asks for, or one that is here already.
    pub(super) fn add(&mut self, name: &str, identity: Identity) -> Result<(), Error> {
        let refuse = |why| {
            let text = format!("add_context({name:?}): {why}");
            Err(Error::new(Code::InvalidArgument, text))
        };
        // RFC 6066 §3: "The hostname is represented as a byte string using ASCII encoding without a
        // trailing dot."
        let asked = name.strip_suffix('.').unwrap_or(name);
        let (names, asked) = match asked.strip_prefix("*.") {
            Some(domain) => (&mut self.wildcard, domain),
            None => (&mut self.exact, asked),
        };
        if asked == "*" {
            return refuse("the certificate for every other name is ServerOptions::cert");
        }
        let Some(host) = host_name(asked) else {
            return refuse(
                "this is no host name, so no client asks for it: dev.test.com, or *.test.com for any one \
                 label; names beyond ASCII are written in punycode (xn--…), and for an address clients \
                 ask for no name at all",
            );
        };
        match names.insert(host, identity) {
            None => Ok(()),
            Some(_) => refuse("this name has a certificate already"),
        }
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

/// A name as clients send it, in lower case; `None` for an address, and for what is no host name.
fn host_name(name: &str) -> Option<String> {
    match ServerName::try_from(name) {
        Ok(ServerName::DnsName(_)) if !name.ends_with('.') => Some(name.to_ascii_lowercase()),
        _ => None,
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
