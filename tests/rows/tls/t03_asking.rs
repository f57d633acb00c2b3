//! T03: which side is asked for a certificate, and the consequences.

use super::stage::{asking, client, client_with, meet, pem, says, server};
use crate::support::watched;
use barewire::net::Stream;
use barewire::tls::{ClientOptions, Code, Error, Tls};

/// Node's `authorized` and `authorizationError`.
fn verdict(tls: &Tls) -> (bool, Option<Code>) {
    (tls.authorized(), tls.authorization_error().map(Error::code))
}

#[test]
fn row_t03_a_client_that_is_not_asked_is_not_authorized_and_has_no_error() {
    watched(|| {
        let (client, server) = meet(&server("server"), &client_with("client")).both();
        assert_eq!(verdict(&server), (false, None));
        assert!(server.peer_certificates().is_empty());
        assert_eq!(verdict(&client), (true, None));
    });
}

#[test]
fn row_t03_a_client_with_a_good_certificate_is_authorized() {
    watched(|| {
        for asking in [asking(), asking().reject_unauthorized(false)] {
            let (_, server) = meet(&asking, &client_with("client")).both();
            assert_eq!(verdict(&server), (true, None));
            let certificate = server.peer_certificate().unwrap();
            assert_eq!(certificate.subject().get("CN").as_deref(), Some("client"));
        }
    });
}

/// `openssl req -x509` makes such certificates: a CA that is its own client, and is passed as `ca`.
#[test]
fn row_t03_a_certificate_that_is_itself_the_ca_option_is_good() {
    watched(|| {
        let (_, server) = meet(&asking(), &client_with("ca")).both();
        assert_eq!(verdict(&server), (true, None));
    });
}

#[test]
fn row_t03_requested_and_not_required_every_client_is_accepted() {
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
            assert_eq!(verdict(&server), (false, Some(code)));
        }
    });
}

/// The notes' demo prints `unauthorized`, which a server that requires certificates never can.
#[test]
fn erratum_e37_a_server_that_requires_certificates_never_sees_unauthorized() {
    watched(|| {
        let met = meet(&asking(), &client());
        let error = met.server.unwrap_err();
        assert_eq!(error.code(), Code::PeerDidNotReturnACertificate);
        says(&error, &["reject_unauthorized(false)"]);
        // In TLS 1.3 the client is done before the server has verified: it gets the alert when it reads.
        let error = met.client.unwrap().read(&mut [0; 16]).unwrap_err();
        let error = Error::of(&error).expect("a TLS error inside");
        assert_eq!(error.code(), Code::AlertCertificateRequired);
        says(error, &["pass cert and key"]);
    });
}

#[test]
fn row_t03_required_the_alert_names_what_is_wrong_with_the_certificate() {
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
fn row_t03_a_client_that_rejects_no_server_has_the_error() {
    watched(|| {
        let unverified = || client().reject_unauthorized(false);
        for (name, code) in [
            ("expired", Code::CertHasExpired),
            ("notyet", Code::CertNotYetValid),
            ("wrongname", Code::CertAltnameInvalid),
            ("unknownca", Code::UnableToVerifyLeafSignature),
            ("selfsigned", Code::DepthZeroSelfSignedCert),
        ] {
            let (client, _) = meet(&server(name), &unverified()).both();
            assert_eq!(verdict(&client), (false, Some(code)), "{name}");
        }
        let (client, _) = meet(&server("server"), &unverified()).both();
        assert_eq!(verdict(&client), (true, None));
    });
}

/// To switch verification off is no solution (E47): the CA is, or the fingerprint of the certificate.
#[test]
fn erratum_e47_a_self_signed_server_is_trusted_by_its_certificate_or_fingerprint() {
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
