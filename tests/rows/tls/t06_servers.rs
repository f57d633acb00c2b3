//! T06: certificates that a client refuses, its error, and the alert that the server gets.

use super::stage::{
    Met, client, client_context, client_with, meet, meet_again, pem, says, server, server_context,
};
use crate::support::{PATIENCE, watched};
use barewire::net::pipe;
use barewire::tls::{ClientOptions, Code, ServerOptions};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

/// The client refuses this server with the first code, and the server's error has the second.
#[track_caller]
fn refused(met: Met, here: Code, there: Code, words: &[&str]) {
    assert_eq!(met.codes(), (Some(here), Some(there)));
    says(&met.client.unwrap_err(), words);
}

#[test]
fn row_t06_a_leaf_without_its_ca() {
    watched(|| {
        let words = [
            "UNABLE_TO_VERIFY_LEAF_SIGNATURE: ",
            "\"localhost\"",
            "CN=a CA that nobody knows",
            "ClientOptions::ca",
        ];
        let met = meet(&server("unknownca"), &client());
        refused(
            met,
            Code::UnableToVerifyLeafSignature,
            Code::AlertUnknownCa,
            &words,
        );
    });
}

#[test]
fn row_t06_a_server_that_does_not_send_its_intermediate() {
    watched(|| {
        let chain = server("chained");
        assert!(meet(&chain, &client()).both().0.authorized());
        let alone = ServerOptions::new()
            .cert(pem("chained-leaf.crt"))
            .key(pem("chained.key"));
        let met = meet(&alone, &client());
        refused(
            met,
            Code::UnableToVerifyLeafSignature,
            Code::AlertUnknownCa,
            &["it came alone", "intermediate", "`cert`"],
        );
    });
}

#[test]
fn row_t06_a_chain_that_leads_to_an_unknown_ca() {
    watched(|| {
        let trusts_another_ca = ClientOptions::new().ca(pem("unknown-ca.crt"));
        let met = meet(&server("chained"), &trusts_another_ca);
        let code = Code::UnableToGetIssuerCertLocally;
        refused(
            met,
            code,
            Code::AlertUnknownCa,
            &["CN=barewire test CA", "ClientOptions::ca"],
        );
    });
}

#[test]
fn row_t06_a_chain_with_its_root() {
    watched(|| {
        let whole = [pem("server.crt"), pem("ca.crt")].concat();
        let whole = ServerOptions::new().cert(whole).key(pem("server.key"));
        assert!(meet(&whole, &client()).both().0.authorized());
        let trusts_another_ca = ClientOptions::new().ca(pem("unknown-ca.crt"));
        let code = Code::SelfSignedCertInChain;
        let words = ["the root C=CN, O=barewire test, CN=barewire test CA"];
        refused(
            meet(&whole, &trusts_another_ca),
            code,
            Code::AlertUnknownCa,
            &words,
        );
    });
}

/// A certificate that a CA issued is not self-signed; one that signed itself is.
#[test]
fn erratum_e36_only_a_certificate_that_signed_itself_is_called_self_signed() {
    watched(|| {
        let words = [
            "DEPTH_ZERO_SELF_SIGNED_CERT: ",
            "signed by itself",
            "fingerprint256(",
        ];
        let code = Code::DepthZeroSelfSignedCert;
        let met = meet(&server("selfsigned"), &client());
        refused(met, code, Code::AlertUnknownCa, &words);
        let (client, _) = meet(&server("server"), &client()).both();
        assert!(!client.peer_certificate().unwrap().is_self_issued());
    });
}

#[test]
fn row_t06_a_certificate_that_has_expired_or_is_not_valid_yet() {
    watched(|| {
        let words = ["expired on Jan  1 00:00:00 2022 GMT", "renewed", "clock"];
        let met = meet(&server("expired"), &client());
        let alert = Code::AlertCertificateExpired;
        refused(met, Code::CertHasExpired, alert, &words);
        let words = ["not valid before Jan  1 00:00:00 2090 GMT"];
        let met = meet(&server("notyet"), &client());
        refused(met, Code::CertNotYetValid, alert, &words);
    });
}

#[test]
fn row_t06_a_certificate_for_another_name() {
    watched(|| {
        let server = server_context(&server("server"));
        let client = client_context(&client());
        for good in [
            "localhost",
            "LOCALHOST",
            "dev.test.com.",
            "127.0.0.1",
            "::1",
            "[::1]",
        ] {
            assert!(meet_again(&server, &client, good).both().0.authorized());
        }
        for wrong in ["wrong.test.com", "127.0.0.2", "sub.localhost"] {
            let met = meet_again(&server, &client, wrong);
            let names =
                "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:dev.test.com";
            let words = ["ERR_TLS_CERT_ALTNAME_INVALID: ", wrong, names];
            refused(
                met,
                Code::CertAltnameInvalid,
                Code::AlertBadCertificate,
                &words,
            );
        }
        let met = meet_again(&server, &client, "no host");
        assert_eq!(met.client.unwrap_err().code(), Code::InvalidArgument);
    });
}

#[test]
fn erratum_e35_the_common_name_is_ignored() {
    watched(|| {
        let (client_there, _) =
            meet(&server("wrongname"), &client().servername("wrong.test.com")).both();
        let view = client_there.peer_certificate().unwrap();
        assert_eq!(view.subject().get("CN").as_deref(), Some("localhost"));
        let met = meet(&server("wrongname"), &client());
        let words = ["is for other hosts: DNS:wrong.test.com"];
        refused(
            met,
            Code::CertAltnameInvalid,
            Code::AlertBadCertificate,
            &words,
        );
    });
}

#[test]
fn row_t06_a_server_with_a_clients_certificate() {
    watched(|| {
        let met = meet(&server("client"), &client());
        let alert = Code::AlertUnsupportedCertificate;
        refused(met, Code::InvalidPurpose, alert, &["serverAuth"]);
    });
}

/// A server that sends a certificate without checking it.
#[derive(Debug)]
struct Unchecked(Arc<CertifiedKey>);

impl ResolvesServerCert for Unchecked {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// The error of a client whose server sends this certificate, with a key of P-256.
fn error_of(certificate: &str, key: &str, client: &ClientOptions) -> barewire::tls::Error {
    let chain = vec![CertificateDer::from_pem_slice(&pem(certificate)).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(&pem(key)).unwrap();
    let key = ring::sign::any_supported_type(&key).unwrap();
    let resolver = Unchecked(Arc::new(CertifiedKey::new(chain, key)));
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    let (here, there) = pipe();
    let serving = thread::spawn(move || {
        let mut connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = super::stage::Io(there);
        while connection
            .complete_io(&mut stream)
            .is_ok_and(|(read, _)| read > 0)
        {}
    });
    let client = client_context(client);
    let error = client.connect(Arc::new(here), "localhost", Instant::now() + PATIENCE);
    let error = error.unwrap_err();
    serving.join().unwrap();
    error
}

#[test]
fn erratum_e34_x509_v1_is_refused_and_the_error_says_how_to_make_a_good_one() {
    watched(|| {
        let unverified = client().reject_unauthorized(false);
        for client in [client(), unverified] {
            let error = error_of("v1.crt", "v1.key", &client);
            assert_eq!(error.code(), Code::UnsupportedX509Version);
            says(&error, &["an X.509 v1 certificate", "-addext", "-extfile"]);
        }
    });
}

#[test]
fn erratum_e33_rsa_of_1024_bits_is_refused() {
    watched(|| {
        let error = error_of("weak.crt", "mismatch.key", &client());
        assert_eq!(error.code(), Code::KeyTooSmall);
        says(&error, &["RSA key of 1024 bits", "P-256", "2048"]);
        assert!(meet(&server("rsa"), &client()).both().0.authorized());
    });
}

#[test]
fn row_t06_a_server_without_the_key_to_its_certificate() {
    watched(|| {
        for client in [client(), client().reject_unauthorized(false)] {
            let error = error_of("server.crt", "mismatch.key", &client);
            assert_eq!(error.code(), Code::CertSignatureFailure);
            says(&error, &["not proved that it has the key"]);
        }
    });
}

#[test]
fn row_t06_a_ca_is_no_server_unless_it_is_itself_the_ca_option() {
    watched(|| {
        let ca = ServerOptions::new().cert(pem("ca.crt")).key(pem("ca.key"));
        let trusts_another_ca = ClientOptions::new().ca(pem("unknown-ca.crt"));
        let met = meet(&ca, &trusts_another_ca);
        assert_eq!(met.codes().0, Some(Code::DepthZeroSelfSignedCert));
        // `openssl req -x509` makes such certificates. This one names no host, or it would be accepted.
        let met = meet(&ca, &client());
        assert_eq!(met.codes().0, Some(Code::CertAltnameInvalid));
        says(
            &met.client.unwrap_err(),
            &["no subjectAltName", "Common Name"],
        );
    });
}

#[test]
fn row_t06_the_peers_certificate_can_be_read() {
    watched(|| {
        let asking = super::stage::asking();
        let (client, server) = meet(&asking, &client_with("client")).both();
        let names = client.peer_certificate().unwrap();
        assert!(names.dns_names().eq(["localhost", "dev.test.com"]));
        let subject = server.peer_certificate().unwrap().subject().to_string();
        assert_eq!(subject, "C=CN, O=深入浅出, CN=client");
        assert_eq!(client.peer_certificates().len(), 1);
    });
}
