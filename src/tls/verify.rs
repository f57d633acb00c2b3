//! Is the peer's certificate acceptable? rustls asks that in the middle of a handshake, and
//! [`check_peer`] once more after it.
//!
//! | the peer's certificate is | in the handshake | after it |
//! |---|---|---|
//! | required (`reject_unauthorized`) | checked: a bad one ends the handshake with an alert | checked again if a session was resumed, since it may have expired meanwhile |
//! | requested only (`reject_unauthorized(false)`) | accepted | checked: a bad one makes the peer [unauthorized](Verdict::Unauthorized) |
//!
//! That the peer has the private key to its certificate is proved in the handshake in any case.
//!
//! A verifier belongs to a context and many connections use it at once, so it stores nothing. An alert has
//! room for one word; the sentence is left in a thread-local variable, since a handshake is one call on
//! one thread: see [`take_rejection`].

use super::error::certificate::{Chain, Owner, check_strength, explain, not_pinned, outdated_ca};
use super::error::{Code, Error};
use super::provider::{provider, sha256};
use super::trust::{TrustStore, Untrusted};
use super::wire::Certificate;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{
    CertificateError, Connection, DigitallySignedStruct, DistinguishedName, HandshakeKind,
    RootCertStore, SignatureScheme,
};
use std::borrow::Cow;
use std::cell::Cell;
use std::slice;
use std::sync::Arc;

/// Whether the peer is the one that it should be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    Authorized,
    /// It was not asked for a certificate.
    NotRequested,
    /// Its certificate was requested, is not acceptable, and was not required.
    Unauthorized(Error),
}

/// The verdict after a handshake. `required` says whether a bad certificate ends the connection.
pub(super) fn check_peer(
    connection: &Connection,
    required: bool,
    if_missing: &str,
    verify: impl FnOnce(&CertificateDer<'_>, &[CertificateDer<'_>]) -> Result<(), Rejection>,
) -> Result<Verdict, Error> {
    let resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
    if required && !resumed {
        return Ok(Verdict::Authorized); // or the handshake would have failed
    }
    let checked = match connection.peer_certificates() {
        Some([leaf, intermediates @ ..]) => verify(leaf, intermediates).map_err(|r| r.error),
        _ => Err(Error::new(Code::UnableToGetIssuerCert, if_missing)),
    };
    match checked {
        Ok(()) => Ok(Verdict::Authorized),
        Err(error) if required => Err(error),
        Err(error) => Ok(Verdict::Unauthorized(error)),
    }
}

/// Why a certificate is not acceptable: one word for the peer, a sentence for us.
#[derive(Debug)]
pub(super) struct Rejection {
    alert: CertificateError,
    error: Error,
}

fn alert(why: &rustls::Error, otherwise: CertificateError) -> CertificateError {
    match why {
        rustls::Error::InvalidCertificate(alert) => alert.clone(),
        _ => otherwise,
    }
}

impl Rejection {
    fn new(why: &rustls::Error, chain: Chain<'_>) -> Rejection {
        let alert = alert(why, CertificateError::BadEncoding);
        let error = explain(&alert, chain);
        Rejection { alert, error }
    }

    /// A chain that does not lead to a CA that is valid now.
    fn untrusted(why: &Untrusted, chain: Chain<'_>, now: UnixTime) -> Rejection {
        match why {
            Untrusted::Chain(why) => Rejection::new(why, chain),
            Untrusted::Outdated(ca) => Rejection {
                alert: CertificateError::Expired,
                error: outdated_ca(ca, chain, now),
            },
        }
    }

    /// The peer has not proved that it has the private key to this certificate.
    fn of_signature(why: &rustls::Error, leaf: &CertificateDer<'_>) -> Rejection {
        let weak = Certificate::decode(leaf).map(|leaf| check_strength(&leaf, Owner::Peer));
        let error = match weak {
            Ok(Err(weak)) => weak,
            _ => {
                let text = format!(
                    "the peer has not proved that it has the key to its certificate: {why}"
                );
                Error::new(Code::CertSignatureFailure, text)
            }
        };
        let alert = alert(why, CertificateError::BadSignature);
        Rejection { alert, error }
    }
}

thread_local! {
    static REJECTION: Cell<Option<Error>> = const { Cell::new(None) };
}

fn reject(rejection: Rejection) -> rustls::Error {
    REJECTION.set(Some(rejection.error));
    rejection.alert.into()
}

/// The sentence, if a verifier has just made a handshake of this thread fail.
pub(super) fn take_rejection() -> Option<Error> {
    REJECTION.take()
}

/// The signatures of a handshake, which are checked in the same way for both roles and versions.
macro_rules! check_signatures {
    ($($verify:ident),+) => {
        $(
            fn $verify(
                &self,
                message: &[u8],
                leaf: &CertificateDer<'_>,
                signature: &DigitallySignedStruct,
            ) -> Result<HandshakeSignatureValid, rustls::Error> {
                let algorithms = &provider().signature_verification_algorithms;
                let verified = $verify(message, leaf, signature, algorithms);
                verified.map_err(|why| reject(Rejection::of_signature(&why, leaf)))
            }
        )+

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            let algorithms = &provider().signature_verification_algorithms;
            algorithms.supported_schemes()
        }
    };
}

/// A client's verifier of servers.
#[derive(Debug)]
pub(super) struct ServerVerifier {
    pub(super) trusted: TrustStore,
    /// SHA-256 of the only certificate that is accepted.
    pub(super) pin: Option<[u8; 32]>,
    pub(super) required: bool,
}

impl ServerVerifier {
    pub(super) fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Rejection> {
        let host = name.to_str();
        let owner = Owner::Server(&host);
        let chain = Chain {
            leaf,
            intermediates,
            owner,
        };
        match &self.pin {
            Some(pin) if *pin == sha256(leaf) => Ok(()),
            Some(_) => Err(Rejection {
                alert: CertificateError::ApplicationVerificationFailure,
                error: not_pinned(chain),
            }),
            None => self
                .verify_chain(leaf, intermediates, name, now)
                .map_err(|why| Rejection::untrusted(&why, chain, now)),
        }
    }

    fn verify_chain(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Untrusted> {
        let parsed = ParsedCertificate::try_from(leaf).map_err(Untrusted::Chain)?;
        if !self.trusted.trusts_directly(leaf, now) {
            let algorithms = provider().signature_verification_algorithms.all;
            let chain = [slice::from_ref(leaf), intermediates];
            self.trusted.check(chain, now, |roots| {
                let leaf = &parsed;
                verify_server_cert_signed_by_trust_anchor(
                    leaf,
                    &roots,
                    intermediates,
                    now,
                    algorithms,
                )
            })?;
        }
        verify_server_name(&parsed, name).map_err(Untrusted::Chain)
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.required {
            let verified = self.verify(leaf, intermediates, name, now);
            verified.map_err(reject)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    check_signatures!(verify_tls12_signature, verify_tls13_signature);
}

/// A server's verifier of clients.
#[derive(Debug)]
pub(super) struct ClientVerifier {
    trusted: TrustStore,
    chains: Arc<dyn ClientCertVerifier>,
    pub(super) required: bool,
}

impl ClientVerifier {
    /// `trusted` must not be empty.
    pub(super) fn new(trusted: TrustStore, required: bool) -> Result<ClientVerifier, Error> {
        let chains = chains(trusted.roots.clone()).ok_or_else(|| {
            let text = "no client can be trusted by ServerOptions::ca";
            Error::new(Code::InvalidArgument, text)
        })?;
        Ok(ClientVerifier {
            trusted,
            chains,
            required,
        })
    }

    pub(super) fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Rejection> {
        if self.trusted.trusts_directly(leaf, now) {
            return Ok(());
        }
        let chain = [slice::from_ref(leaf), intermediates];
        let verified = self.trusted.check(chain, now, |roots| {
            let chains = match roots {
                Cow::Borrowed(_) => Arc::clone(&self.chains),
                Cow::Owned(roots) => chains(roots).ok_or(CertificateError::UnknownIssuer)?,
            };
            chains
                .verify_client_cert(leaf, intermediates, now)
                .map(drop)
        });
        verified.map_err(|why| {
            let owner = Owner::Client;
            let chain = Chain {
                leaf,
                intermediates,
                owner,
            };
            Rejection::untrusted(&why, chain, now)
        })
    }
}

/// A verifier with these roots; `None` if there are none.
fn chains(roots: RootCertStore) -> Option<Arc<dyn ClientCertVerifier>> {
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
    builder.build().ok()
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.required
    }

    /// The names of the CAs, sent to clients so that they can choose a certificate.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chains.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if self.required {
            let verified = self.verify(leaf, intermediates, now);
            verified.map_err(reject)?;
        }
        Ok(ClientCertVerified::assertion())
    }

    check_signatures!(verify_tls12_signature, verify_tls13_signature);
}
