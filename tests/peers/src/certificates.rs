//! TLS as all contestants speak it: rustls with ring, the certificate of the tests, one cipher suite.

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::error::Error;
use std::sync::Arc;

const CERT: &[u8] = include_bytes!("../../../fixtures/tls/server.crt");
const KEY: &[u8] = include_bytes!("../../../fixtures/tls/server.key");
const CA: &[u8] = include_bytes!("../../../fixtures/tls/ca.crt");

pub(crate) fn server() -> Result<Arc<ServerConfig>, Box<dyn Error + Send + Sync>> {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            CertificateDer::pem_slice_iter(CERT).collect::<Result<_, _>>()?,
            PrivateKeyDer::from_pem_slice(KEY)?,
        )?;
    Ok(Arc::new(config))
}

/// TLS 1.3 with AES-128: the client chooses, so that all servers encrypt with the same cipher. Sessions are not resumed
/// unless `resumes`.
pub(crate) fn client(resumes: bool) -> Result<Arc<ClientConfig>, Box<dyn Error + Send + Sync>> {
    let provider = CryptoProvider {
        cipher_suites: vec![ring::cipher_suite::TLS13_AES_128_GCM_SHA256],
        ..ring::default_provider()
    };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(CA)?)?;
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    if !resumes {
        config.resumption = rustls::client::Resumption::disabled();
    }
    Ok(Arc::new(config))
}
