//! T03: who is asked for a certificate, on both sides, and what becomes of it.

use super::stage::{asking, client, client_with, meet, pem, says, server};
use crate::support::watched;
use barewire::net::Stream;
use barewire::tls::{ClientOptions, Code, Error, Tls};

/// What Node calls `authorized` and `authorizationError`.
fn seen(tls: &Tls) -> (bool, Option<Code>) {
    (tls.authorized(), tls.authorization_error().map(Error::code))
}

#[test]
fn row_t03_who_is_not_asked_is_not_authorized_and_nothing_is_wrong() {
    watched(|| {
        let (client, server) = meet(&server("server"), &client_with("client")).both();
        assert_eq!(seen(&server), (false, None));
        assert!(server.peer_certificates().is_empty());
        assert_eq!(seen(&client), (true, None));
    });
}

#[test]
fn row_t03_who_is_asked_and_has_a_good_one_is_authorized() {
    watched(|| {
        for asking in [asking(), asking().reject_unauthorized(false)] {
            let (_, server) = meet(&asking, &client_with("client")).both();
            assert_eq!(seen(&server), (true, None));
            let certificate = server.peer_certificate().unwrap();
            assert_eq!(certificate.subject().get("CN").as_deref(), Some("client"));
        }
    });
}

/// `openssl req -x509` makes such ones: a CA that shows itself, and is given as `ca`.
#[test]
fn row_t03_the_very_certificate_that_was_given_is_good() {
    watched(|| {
        let (_, server) = meet(&asking(), &client_with("ca")).both();
        assert_eq!(seen(&server), (true, None));
    });
}

#[test]
fn row_t03_asked_for_and_not_required_everybody_comes_in() {
    watched(|| {
        let asking = asking().reject_unauthorized(false);
        for (client, code) in [
            (client(), Code::UnableToGetIssuerCert),
            (
                client_with("client-unknown"),
                Code::UnableToVerifyLeafSignature,
            ),
            (client_with("client-expired"), Code::CertHasExpired),
            (client_with("server"), Code::InvalidPurpose),
        ] {
            let (_, server) = meet(&asking, &client).both();
            assert_eq!(seen(&server), (false, Some(code)));
        }
    });
}

/// The demo prints `unauthorized`, which a server that requires certificates never can.
#[test]
fn erratum_e37_who_requires_a_certificate_never_sees_unauthorized() {
    watched(|| {
        let met = meet(&asking(), &client());
        let error = met.server.unwrap_err();
        assert_eq!(error.code(), Code::PeerDidNotReturnACertificate);
        says(&error, &["reject_unauthorized(false)"]);
        // In TLS 1.3 the client is done before the server has looked: it hears of it when it reads.
        let error = met.client.unwrap().read(&mut [0; 16]).unwrap_err();
        let error = Error::of(&error).expect("a TLS error inside");
        assert_eq!(error.code(), Code::AlertCertificateRequired);
        says(error, &["pass cert and key"]);
    });
}

#[test]
fn row_t03_required_the_client_is_told_what_is_wrong_with_its_certificate() {
    watched(|| {
        for (name, here, there) in [
            (
                "client-unknown",
                Code::UnableToVerifyLeafSignature,
                Code::AlertUnknownCa,
            ),
            (
                "client-expired",
                Code::CertHasExpired,
                Code::AlertCertificateExpired,
            ),
            (
                "server",
                Code::InvalidPurpose,
                Code::AlertUnsupportedCertificate,
            ),
        ] {
            let met = meet(&asking(), &client_with(name));
            let error = met.server.unwrap_err();
            assert_eq!(error.code(), here, "{name}");
            says(&error, &["the client's certificate"]);
            let error = met.client.unwrap().read(&mut [0; 16]).unwrap_err();
            assert_eq!(Error::of(&error).map(Error::code), Some(there), "{name}");
        }
    });
}

#[test]
fn row_t03_a_client_that_rejects_nobody_is_told_all_the_same() {
    watched(|| {
        let careless = || client().reject_unauthorized(false);
        for (name, code) in [
            ("expired", Code::CertHasExpired),
            ("notyet", Code::CertNotYetValid),
            ("wrongname", Code::CertAltnameInvalid),
            ("unknownca", Code::UnableToVerifyLeafSignature),
            ("selfsigned", Code::DepthZeroSelfSignedCert),
        ] {
            let (client, _) = meet(&server(name), &careless()).both();
            assert_eq!(seen(&client), (false, Some(code)), "{name}");
        }
        let (client, _) = meet(&server("server"), &careless()).both();
        assert_eq!(seen(&client), (true, None));
    });
}

/// Not to verify is no solution (E47): the CA is, or the fingerprint of the one certificate.
#[test]
fn erratum_e47_a_self_signed_server_is_trusted_by_name_not_by_looking_away() {
    watched(|| {
        let server = server("selfsigned");
        let by_ca = ClientOptions::new().ca(pem("selfsigned.crt"));
        let (client, _) = meet(&server, &by_ca).both();
        assert!(client.authorized());
        let fingerprint = client.peer_fingerprint256().unwrap();
        let pinned = ClientOptions::new().fingerprint256(&fingerprint);
        let (client, _) = meet(&server, &pinned).both();
        assert!(client.authorized());
        let bare = fingerprint.replace(':', "").to_lowercase();
        let pinned = ClientOptions::new().fingerprint256(bare);
        assert!(meet(&server, &pinned).client.is_ok());
    });
}

#[test]
fn row_t03_another_certificate_than_the_pinned_one_is_refused() {
    watched(|| {
        let (client, _) = meet(&server("server"), &client()).both();
        let pin = client.peer_fingerprint256().unwrap();
        let pinned = super::stage::client().fingerprint256(pin);
        // The CA vouches for it, and for the same names.
        let met = meet(&server("rsa"), &pinned);
        assert_eq!(
            met.codes(),
            (Some(Code::CertFingerprint), Some(Code::Alert))
        );
        says(&met.client.unwrap_err(), &["fingerprint", "renewed"]);
    });
}
