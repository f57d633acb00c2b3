//! What rustls asks in the handshake: is this certificate in order?
//!
//! A verifier belongs to a context and is asked by many connections at once, so it keeps nothing.
//! To the peer goes the alert that fits; what we have to say about it is longer, and is left on
//! the thread: a handshake is one call on one thread, [`observed`].

use super::error::Error;
use super::judge::{Clients, Objection, Servers, signature};
use super::provider::provider;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};
use std::cell::Cell;
use std::sync::Arc;

thread_local! {
    static OBJECTION: Cell<Option<Error>> = const { Cell::new(None) };
}

/// Runs a handshake; of a failed one the second is what a verifier had against the certificate.
pub(super) fn observed<T, E>(
    handshake: impl FnOnce() -> Result<T, E>,
) -> Result<T, (E, Option<Error>)> {
    OBJECTION.set(None);
    handshake().map_err(|e| (e, OBJECTION.take()))
}

fn object(objection: Objection) -> rustls::Error {
    OBJECTION.set(Some(objection.error));
    objection.alert.into()
}

/// That the peer has the key to its certificate: checked whoever issued it, and of both roles alike.
macro_rules! signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            let algorithms = &provider().signature_verification_algorithms;
            let verified = verify_tls12_signature(message, cert, dss, algorithms);
            verified.map_err(|e| object(signature(cert, e)))
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            let algorithms = &provider().signature_verification_algorithms;
            let verified = verify_tls13_signature(message, cert, dss, algorithms);
            verified.map_err(|e| object(signature(cert, e)))
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            let algorithms = &provider().signature_verification_algorithms;
            algorithms.supported_schemes()
        }
    };
}

/// A client's: of the server.
#[derive(Debug)]
pub(super) struct OfServer {
    pub(super) judge: Arc<Servers>,
    /// If not, everybody passes, and is judged afterwards.
    pub(super) required: bool,
}

impl ServerCertVerifier for OfServer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.required {
            let judged = self
                .judge
                .judge(end_entity, intermediates, server_name, now);
            judged.map_err(object)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    signatures!();
}

/// A server's: of the client.
#[derive(Debug)]
pub(super) struct OfClient {
    pub(super) judge: Arc<Clients>,
    /// If not, everybody passes, with a certificate or without, and is judged afterwards.
    pub(super) required: bool,
}

impl ClientCertVerifier for OfClient {
    fn client_auth_mandatory(&self) -> bool {
        self.required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.judge.subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if self.required {
            let judged = self.judge.judge(end_entity, intermediates, now);
            judged.map_err(object)?;
        }
        Ok(ClientCertVerified::assertion())
    }

    signatures!();
}
