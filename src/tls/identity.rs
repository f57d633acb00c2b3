//! Our own certificate, those that lead from it to its CA, and its private key.

use super::error::certificate::{Owner, check_strength};
use super::error::{Code, Error};
use super::options::{Pair, Pem};
use super::pem::{self, Place};
use super::provider::provider;
use super::wire::Certificate;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{InconsistentKeys, SignatureScheme};
use std::sync::Arc;

/// Shared by all connections that send this certificate.
#[derive(Clone, Debug)]
pub(super) struct Identity(Arc<CertifiedKey>);

impl Identity {
    /// Reads the certificate and the key of `option` (`"ServerOptions"`), and checks everything that
    /// would otherwise fail in every handshake. `None`: there is neither.
    pub(super) fn load(pair: &Pair, option: &str) -> Result<Option<Identity>, Error> {
        let (cert, key) = match (&pair.cert, &pair.key) {
            (None, None) => return Ok(None),
            (Some(cert), Some(key)) => (cert, key),
            (Some(_), None) => return Err(half_of_a_pair(option, "cert", "key")),
            (None, Some(_)) => return Err(half_of_a_pair(option, "key", "cert")),
        };
        let (in_cert, in_key) = (format!("{option}::cert"), format!("{option}::key"));
        let chain = pem::certificates(cert, &in_cert)?;
        check(&chain, &in_cert)?;
        let chain = chain.into_iter().map(|(_, der)| der).collect();
        let certified = CertifiedKey::new(chain, signing_key(key, &in_key)?);
        match certified.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {
                Ok(Some(Identity(Arc::new(certified))))
            }
            Err(_) => Err(mismatch(&certified.cert[0], &in_key)),
        }
    }

    pub(super) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0)
    }
}

/// A client sends it to every server that asks for a certificate.
impl ResolvesClientCert for Identity {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        _sigschemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        Some(self.certified())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Checks that every certificate can be read, and that the first one, our own, is strong enough.
fn check(chain: &[(Place, CertificateDer<'_>)], option: &str) -> Result<(), Error> {
    for (nth, (place, der)) in chain.iter().enumerate() {
        let certificate = Certificate::decode(der).map_err(|why| {
            let text = format!("the certificate that begins on {place} cannot be read: {why}");
            Error::new(Code::BadPem, text)
        })?;
        if nth == 0 {
            check_strength(&certificate, Owner::Option(option))?;
        }
    }
    Ok(())
}

fn signing_key(pem: &Pem, option: &str) -> Result<Arc<dyn SigningKey>, Error> {
    let key = pem::private_key(pem, option)?;
    let loaded = provider().key_provider.load_private_key(key);
    loaded.map_err(|why| {
        let text = format!(
            "the private key in {option} cannot be used ({why}): it must be P-256, P-384, Ed25519 \
             or RSA of 2048 bits at least, as `openssl genpkey -algorithm EC -pkeyopt \
             ec_paramgen_curve:P-256` makes one"
        );
        Error::new(Code::UnsupportedKey, text)
    })
}

fn mismatch(leaf: &CertificateDer<'_>, option: &str) -> Error {
    let subject = Certificate::decode(leaf).map(|leaf| leaf.subject().to_string());
    let subject = subject.unwrap_or_default();
    let text = format!(
        "the private key in {option} does not belong to the certificate ({subject}): `openssl x509 \
         -noout -pubkey` and `openssl pkey -pubout` must print the same; if there are several \
         certificates, your own comes first"
    );
    Error::new(Code::KeyValuesMismatch, text)
}

fn half_of_a_pair(option: &str, has: &str, lacks: &str) -> Error {
    let text = format!("{option} has {has} without {lacks}: they belong together");
    Error::new(Code::InvalidArgument, text)
}
