//! Is a chain of certificates in order? Asked by the verifiers within a handshake, and after one
//! that was not to fail for it.

use super::code::Code;
use super::diagnosis::{Peer, diagnose, not_pinned, of_today};
use super::error::Error;
use super::pem::{browser_roots, certificates};
use super::provider::{provider, sha256};
use super::wire::Certificate;
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{CertificateError, DistinguishedName, RootCertStore};
use std::sync::Arc;

/// What speaks against a certificate: to the peer in one word, to us in a sentence.
#[derive(Debug)]
pub(super) struct Objection {
    pub(super) alert: CertificateError,
    pub(super) error: Error,
}

impl Objection {
    fn of(
        why: rustls::Error,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        peer: Peer<'_>,
    ) -> Objection {
        let alert = match why {
            rustls::Error::InvalidCertificate(alert) => alert,
            _ => CertificateError::BadEncoding,
        };
        let error = diagnose(&alert, leaf, intermediates, peer);
        Objection { alert, error }
    }
}

/// Judges servers.
#[derive(Debug)]
pub(super) struct Servers {
    trusted: Trusted,
    /// SHA-256 of the only certificate that will do.
    pin: Option<[u8; 32]>,
}

impl Servers {
    pub(super) fn new(trusted: Trusted, pin: Option<[u8; 32]>) -> Servers {
        Servers { trusted, pin }
    }

    /// `intermediates` are what the server sent behind its own certificate.
    pub(super) fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Objection> {
        let host = name.to_str();
        let peer = Peer::Server(&host);
        match &self.pin {
            Some(pin) if *pin == sha256(leaf) => Ok(()),
            Some(_) => Err(Objection {
                alert: CertificateError::ApplicationVerificationFailure,
                error: not_pinned(leaf, peer),
            }),
            None => self
                .chain(leaf, intermediates, name, now)
                .map_err(|e| Objection::of(e, leaf, intermediates, peer)),
        }
    }

    fn chain(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let parsed = ParsedCertificate::try_from(leaf)?;
        if !self.trusted.is_given(leaf, now) {
            let algorithms = provider().signature_verification_algorithms.all;
            let (roots, leaf) = (&self.trusted.roots, &parsed);
            verify_server_cert_signed_by_trust_anchor(leaf, roots, intermediates, now, algorithms)?;
        }
        verify_server_name(&parsed, name)
    }
}

/// Whom we trust.
#[derive(Debug)]
pub(super) struct Trusted {
    roots: RootCertStore,
    /// Those of them that are no browser's.
    given: Vec<CertificateDer<'static>>,
}

impl Trusted {
    pub(super) fn nobody() -> Trusted {
        let roots = RootCertStore::empty();
        Trusted {
            roots,
            given: Vec::new(),
        }
    }

    pub(super) fn browsers() -> Trusted {
        let roots = browser_roots().iter().cloned().collect();
        Trusted {
            roots,
            given: Vec::new(),
        }
    }

    /// Adds the certificates of a PEM text.
    pub(super) fn add(&mut self, pem: &[u8], option: &str) -> Result<(), Error> {
        for der in certificates(pem, option)? {
            self.roots.add(der.clone()).map_err(|why| {
                let text = format!("a certificate in {option} cannot be read: {why}");
                Error::new(Code::BadPem, text)
            })?;
            self.given.push(der);
        }
        Ok(())
    }

    /// `openssl req -x509` makes certificates that are a peer's and a CA's at once. The rules of chains
    /// know no such thing, but whoever gave this very one as `ca` meant it.
    fn is_given(&self, leaf: &CertificateDer<'_>, now: UnixTime) -> bool {
        let view = self.given.contains(leaf).then(|| Certificate::decode(leaf));
        let now = now.as_secs() as i64;
        matches!(view, Some(Ok(view)) if view.is_ca()
            && of_today(&view, Peer::Shown).is_ok()
            && (view.not_before().unix_seconds()..=view.not_after().unix_seconds()).contains(&now))
    }
}

/// Judges clients.
#[derive(Debug)]
pub(super) struct Clients {
    trusted: Trusted,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl Clients {
    /// The roots must not be empty.
    pub(super) fn new(trusted: Trusted) -> Result<Clients, Error> {
        let roots = Arc::new(trusted.roots.clone());
        let builder = WebPkiClientVerifier::builder_with_provider(roots, provider());
        let verifier = builder.build().map_err(|why| {
            let text = format!("nobody can be trusted by ServerOptions::ca: {why}");
            Error::new(Code::InvalidArgument, text)
        })?;
        Ok(Clients { trusted, verifier })
    }

    /// Whose certificates will do; clients are told, so that they can choose.
    pub(super) fn subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    pub(super) fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Objection> {
        if self.trusted.is_given(leaf, now) {
            return Ok(());
        }
        let verified = self.verifier.verify_client_cert(leaf, intermediates, now);
        verified
            .map(drop)
            .map_err(|e| Objection::of(e, leaf, intermediates, Peer::Client))
    }
}

/// The peer has not proved that it has the key to its certificate, or cannot with such a one.
pub(super) fn signature(leaf: &CertificateDer<'_>, why: rustls::Error) -> Objection {
    let view = Certificate::decode(leaf);
    let outdated = view.map(|view| of_today(&view, Peer::Shown));
    let error = match outdated {
        Ok(Err(outdated)) => outdated,
        _ => {
            let text = format!(
                "the peer has not proved that it has the key to the certificate it shows: {why}"
            );
            Error::new(Code::CertSignatureFailure, text)
        }
    };
    let alert = match why {
        rustls::Error::InvalidCertificate(alert) => alert,
        _ => CertificateError::BadSignature,
    };
    Objection { alert, error }
}
