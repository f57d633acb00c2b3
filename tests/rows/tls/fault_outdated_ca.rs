//! A CA that has expired issues nothing, though it is in `ca`: the error names it.

use super::stage::{asking, client, client_with, meet, pem, says, server};
use crate::support::watched;
use barewire::tls::{ClientOptions, Code, ServerOptions};

const WORDS: [&str; 3] = [
    "CERT_HAS_EXPIRED: ",
    "CN=a CA that has expired",
    "expired on Jan  1 00:00:00 2022 GMT",
];

/// Both CAs, in both orders, and the one that has expired alone.
fn cas() -> [Vec<u8>; 3] {
    let (good, expired) = (pem("ca.crt"), pem("expired-ca.crt"));
    [
        expired.clone(),
        [&good[..], &expired].concat(),
        [&expired[..], &good].concat(),
    ]
}

#[test]
fn fault_d15_a_server_of_a_ca_that_has_expired_is_refused() {
    watched(|| {
        for ca in cas() {
            let trusting = ClientOptions::new().ca(ca);
            let met = meet(&server("under-expired"), &trusting);
            let codes = (
                Some(Code::CertHasExpired),
                Some(Code::AlertCertificateExpired),
            );
            assert_eq!(met.codes(), codes);
            let error = met.client.unwrap_err();
            says(&error, &WORDS);
            says(&error, &["ClientOptions::ca trusts"]);
            // Where nothing is required, `authorization_error` has the same.
            let lax = trusting.reject_unauthorized(false);
            let (here, _) = meet(&server("under-expired"), &lax).both();
            assert_eq!(here.authorization_error(), Some(&error));
        }
        let extra = client().extra_ca(pem("expired-ca.crt"));
        let met = meet(&server("under-expired"), &extra);
        assert_eq!(met.client.unwrap_err().code(), Code::CertHasExpired);
    });
}

#[test]
fn fault_d15_a_client_of_a_ca_that_has_expired_is_refused() {
    watched(|| {
        for ca in cas() {
            let asking = server("server").request_cert(true).ca(ca);
            let met = meet(&asking, &client_with("client-under-expired"));
            let error = met.server.unwrap_err();
            says(&error, &WORDS);
            says(&error, &["ServerOptions::ca trusts"]);
            let lax = asking.reject_unauthorized(false);
            let (_, there) = meet(&lax, &client_with("client-under-expired")).both();
            assert_eq!(there.authorization_error(), Some(&error));
        }
    });
}

/// The other CAs of the same option are trusted as ever, and other errors stay what they were.
#[test]
fn fault_d15_the_other_cas_are_trusted() {
    watched(|| {
        let [alone, both @ ..] = cas();
        for ca in both {
            let trusting = ClientOptions::new().ca(ca.clone());
            assert!(meet(&server("server"), &trusting).both().0.authorized());
            assert!(meet(&server("chained"), &trusting).both().0.authorized());
            for (name, code) in [
                ("unknownca", Code::UnableToVerifyLeafSignature),
                ("expired", Code::CertHasExpired),
                ("wrongname", Code::CertAltnameInvalid),
                ("selfsigned", Code::DepthZeroSelfSignedCert),
            ] {
                let error = meet(&server(name), &trusting).client.unwrap_err();
                assert_eq!(error.code(), code, "{error}");
            }
            let asking = server("server").request_cert(true).ca(ca);
            let (_, there) = meet(&asking, &client_with("client")).both();
            assert!(there.authorized());
            let met = meet(&asking, &client_with("client-unknown"));
            let code = met.server.unwrap_err().code();
            assert_eq!(code, Code::UnableToVerifyLeafSignature);
        }
        let alone: ServerOptions = asking().ca(alone.clone());
        let (_, there) = meet(&alone, &client_with("client")).both();
        assert!(there.authorized());
    });
}
