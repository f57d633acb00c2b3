//! The CAs that are trusted.
//!
//! Chain validation does not check the dates of a root; this file does, as OpenSSL does. A CA that an option named
//! years ago may have expired since. Only while one of the CAs is outside its dates, a handshake makes a store of
//! the others.

use super::error::certificate::{Owner, check_strength};
use super::error::{Code, Error};
use super::options::Pem;
use super::pem::{browser_roots, certificates};
use super::wire::Certificate;
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, UnixTime};
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// Root certificates, from options or from the browsers' list.
#[derive(Debug)]
pub(super) struct TrustStore {
    pub(super) roots: RootCertStore,
    /// Those roots that came from options; they are the last ones of `roots`.
    from_options: Vec<Root>,
}

/// A CA of an option.
#[derive(Debug)]
struct Root {
    der: CertificateDer<'static>,
    /// In seconds since 1970. Dates that cannot be read are no limit.
    validity: RangeInclusive<i64>,
}

impl Root {
    fn new(der: CertificateDer<'static>) -> Root {
        let validity = match Certificate::decode(&der) {
            Ok(it) => it.not_before().unix_seconds()..=it.not_after().unix_seconds(),
            Err(_) => i64::MIN..=i64::MAX,
        };
        Root { der, validity }
    }
}

/// Why a chain is not acceptable.
pub(super) enum Untrusted {
    Chain(rustls::Error),
    /// It would be, but its CA, this certificate, is outside its dates.
    Outdated(CertificateDer<'static>),
}

impl TrustStore {
    pub(super) fn empty() -> TrustStore {
        TrustStore {
            roots: RootCertStore::empty(),
            from_options: Vec::new(),
        }
    }

    pub(super) fn browsers() -> TrustStore {
        TrustStore {
            roots: browser_roots().iter().cloned().collect(),
            ..TrustStore::empty()
        }
    }

    /// Adds the certificates of the PEM texts that `option` was given, one in each call.
    pub(super) fn add(&mut self, pems: &[Pem], option: &str) -> Result<(), Error> {
        for (call, pem) in (1..).zip(pems) {
            let option = match pems {
                [_] => option.to_owned(),
                _ => format!("{option} (call {call})"),
            };
            for (place, der) in certificates(pem, &option)? {
                self.roots.add(der.clone()).map_err(|why| {
                    let text =
                        format!("the certificate that begins on {place} cannot be read: {why}");
                    Error::new(Code::BadPem, text)
                })?;
                self.from_options.push(Root::new(der));
            }
        }
        Ok(())
    }

    /// Whether an option names this very certificate. `openssl req -x509` makes certificates that are a
    /// peer's and a CA's at once: chain validation refuses them, but a user who passes one as `ca` means
    /// it.
    pub(super) fn trusts_directly(&self, leaf: &CertificateDer<'_>, now: UnixTime) -> bool {
        if !self.from_options.iter().any(|root| root.der == *leaf) {
            return false;
        }
        let now = now.as_secs() as i64;
        Certificate::decode(leaf).is_ok_and(|leaf| {
            let validity = leaf.not_before().unix_seconds()..=leaf.not_after().unix_seconds();
            leaf.is_ca() && check_strength(&leaf, Owner::Peer).is_ok() && validity.contains(&now)
        })
    }

    /// Checks a chain (the peer's own certificate, then the others) with the roots that are valid now. `check` gets
    /// their store: `roots` itself, unless a CA is outside its dates.
    pub(super) fn check(
        &self,
        chain: [&[CertificateDer<'_>]; 2],
        now: UnixTime,
        check: impl Fn(Cow<'_, RootCertStore>) -> Result<(), rustls::Error>,
    ) -> Result<(), Untrusted> {
        let now = now.as_secs() as i64;
        if self
            .from_options
            .iter()
            .all(|root| root.validity.contains(&now))
        {
            return check(Cow::Borrowed(&self.roots)).map_err(Untrusted::Chain);
        }
        let store = |use_root: &dyn Fn(&Root) -> bool, use_browsers: bool| {
            let browsers = self.roots.len() - self.from_options.len();
            let roots = self.roots.roots.iter().enumerate();
            let used = roots.filter(|(at, _)| match at.checked_sub(browsers) {
                None => use_browsers,
                Some(at) => use_root(&self.from_options[at]),
            });
            Cow::Owned(used.map(|(_, root)| root.clone()).collect())
        };
        let valid = store(&|root| root.validity.contains(&now), true);
        let Err(why) = check(valid) else {
            return Ok(());
        };
        let outdated = self.from_options.iter().find(|root| {
            !root.validity.contains(&now)
                && (chain[0].contains(&root.der)
                    || names(&root.der, chain)
                        && check(store(&|it| it.der == root.der, false)).is_ok())
        });
        match outdated {
            Some(root) => Err(Untrusted::Outdated(root.der.clone())),
            None => Err(Untrusted::Chain(why)),
        }
    }
}

/// Whether a certificate of the chain says that this CA has issued it. So a peer cannot make us try every CA.
fn names(root: &CertificateDer<'_>, chain: [&[CertificateDer<'_>]; 2]) -> bool {
    let issued = |root: &Certificate<'_>, der: &CertificateDer<'_>| {
        Certificate::decode(der).is_ok_and(|it| it.issuer() == root.subject())
    };
    let mut chain = chain.into_iter().flatten();
    Certificate::decode(root).is_ok_and(|root| chain.any(|der| issued(&root, der)))
}
