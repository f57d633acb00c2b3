//! T07: sessions are resumed, without certificates and signatures.

use super::stage::{
    Io, Met, asking, client, client_context, client_with, meet_again, pem, server, server_context,
};
use crate::support::watched;
use barewire::net::pipe;
use barewire::tls::{ClientContext, Code, Handshakes, ServerContext, Tls};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::sync::Arc;
use std::thread;

fn met(server: &ServerContext, client: &ClientContext) -> (Tls, Tls) {
    meet_again(server, client, "localhost").both()
}

fn counted(full: u64, resumed: u64, failed: u64) -> Handshakes {
    Handshakes {
        full,
        resumed,
        failed,
    }
}

#[test]
fn row_t07_a_session_is_resumed() {
    watched(|| {
        let (server, client) = (server_context(&server("server")), client_context(&client()));
        let (here, there) = met(&server, &client);
        assert!(!here.is_session_reused() && !there.is_session_reused());
        for _ in 0..3 {
            let (here, there) = met(&server, &client);
            assert!(here.is_session_reused() && there.is_session_reused());
            assert!(here.authorized());
            assert_eq!(here.peer_certificates().len(), 1);
        }
        assert_eq!(server.handshakes(), counted(1, 3, 0));
        assert_eq!(client.handshakes(), counted(1, 3, 0));
    });
}

#[test]
fn row_t07_a_session_is_for_one_name_and_one_context() {
    watched(|| {
        let server = server_context(&server("server"));
        let context = client_context(&client());
        met(&server, &context);
        let (other_name, _) = meet_again(&server, &context, "dev.test.com").both();
        assert!(!other_name.is_session_reused());
        let (other_context, _) = met(&server, &client_context(&client()));
        assert!(!other_context.is_session_reused());
    });
}

#[test]
fn row_t07_the_clients_certificate_belongs_to_the_session() {
    watched(|| {
        let required = server_context(&asking());
        let asked = server_context(&asking().reject_unauthorized(false));
        for (server, name, code) in [
            (&required, "client", None),
            (&asked, "client", None),
            (&asked, "client-expired", Some(Code::CertHasExpired)),
        ] {
            let client = client_context(&client_with(name));
            for reused in [false, true] {
                let (_, there) = met(server, &client);
                assert_eq!(there.is_session_reused(), reused);
                assert_eq!(there.authorized(), code.is_none());
                assert_eq!(there.authorization_error().map(|e| e.code()), code);
                assert_eq!(there.peer_certificates().len(), 1);
            }
        }
        let without = client_context(&client());
        met(&asked, &without);
        let (_, there) = met(&asked, &without);
        assert!(there.is_session_reused());
        let code = there.authorization_error().map(|error| error.code());
        assert_eq!(code, Some(Code::UnableToGetIssuerCert));
    });
}

#[test]
fn row_t07_a_resumed_session_is_verified_again() {
    watched(|| {
        let server = server_context(&server("expired"));
        let client = client_context(&client().reject_unauthorized(false));
        for reused in [false, true] {
            let (here, _) = met(&server, &client);
            assert_eq!(here.is_session_reused(), reused);
            let code = here.authorization_error().map(|error| error.code());
            assert_eq!(code, Some(Code::CertHasExpired));
        }
    });
}

#[test]
fn row_t07_failures_are_counted_too() {
    watched(|| {
        let server = server_context(&server("unknownca"));
        let client = client_context(&client());
        let Met { .. } = meet_again(&server, &client, "localhost");
        assert_eq!(server.handshakes(), counted(0, 0, 1));
        assert_eq!(client.handshakes(), counted(0, 0, 1));
    });
}

/// A client that speaks only TLS 1.2, and resumes sessions.
fn old_client() -> Arc<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(&pem("ca.crt")).unwrap())
        .unwrap();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![CertificateDer::from_pem_slice(&pem("client.crt")).unwrap()],
            PrivateKeyDer::from_pem_slice(&pem("client.key")).unwrap(),
        );
    Arc::new(config.unwrap())
}

#[test]
fn row_t07_a_session_of_tls_1_2_is_resumed() {
    watched(|| {
        let server = server_context(&asking());
        let config = old_client();
        for reused in [false, true] {
            let (here, there) = pipe();
            let mut here = Io(here);
            let accepting = server.clone();
            let accepted = thread::spawn(move || accepting.accept(Arc::new(there)));
            let name = "localhost".try_into().unwrap();
            let mut client = rustls::ClientConnection::new(Arc::clone(&config), name).unwrap();
            while client.is_handshaking() {
                client.complete_io(&mut here).unwrap();
            }
            let there = accepted.join().unwrap().unwrap();
            assert_eq!(there.protocol(), "TLSv1.2");
            assert_eq!(there.is_session_reused(), reused);
            assert!(there.authorized());
        }
        assert_eq!(server.handshakes(), counted(1, 1, 0));
    });
}
