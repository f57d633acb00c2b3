//! The CAs that are trusted.

use super::error::certificate::{Owner, check_strength};
use super::error::{Code, Error};
use super::options::Pem;
use super::pem::{browser_roots, certificates};
use super::wire::Certificate;
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, UnixTime};

/// Root certificates, from options or from the browsers' list.
#[derive(Debug)]
pub(super) struct TrustStore {
    pub(super) roots: RootCertStore,
    /// Those roots that came from options.
    from_options: Vec<CertificateDer<'static>>,
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
                self.from_options.push(der);
            }
        }
        Ok(())
    }

    /// Whether an option names this very certificate. `openssl req -x509` makes certificates that are a
    /// peer's and a CA's at once: chain validation refuses them, but a user who passes one as `ca` means
    /// it.
    pub(super) fn trusts_directly(&self, leaf: &CertificateDer<'_>, now: UnixTime) -> bool {
        if !self.from_options.contains(leaf) {
            return false;
        }
        let now = now.as_secs() as i64;
        Certificate::decode(leaf).is_ok_and(|leaf| {
            let validity = leaf.not_before().unix_seconds()..=leaf.not_after().unix_seconds();
            leaf.is_ca() && check_strength(&leaf, Owner::Peer).is_ok() && validity.contains(&now)
        })
    }
}
