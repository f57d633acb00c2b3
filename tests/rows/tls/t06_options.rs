//! T06: options that cannot be used are refused when they are read, not in every handshake.

use super::stage::{client, meet, pem, says, server};
use crate::support::watched;
use barewire::tls::{ClientContext, ClientOptions, Code, Error, ServerContext, ServerOptions};

fn refused(options: &ServerOptions) -> Error {
    ServerContext::new(options).unwrap_err()
}

/// A server with these two files.
fn files(cert: &str, key: &str) -> ServerOptions {
    ServerOptions::new().cert(pem(cert)).key(pem(key))
}

#[test]
fn row_t06_every_form_of_a_key_is_read() {
    watched(|| {
        for options in [
            files("server.crt", "server.key"),
            files("server.crt", "server-sec1.key"),
            files("rsa.crt", "rsa.key"),
            files("rsa.crt", "rsa-pkcs1.key"),
        ] {
            assert!(meet(&options, &client()).both().0.authorized());
        }
    });
}

#[test]
fn row_t06_a_key_of_another_certificate() {
    let error = refused(&files("server.crt", "mismatch.key"));
    assert_eq!(error.code(), Code::KeyValuesMismatch);
    says(
        &error,
        &["ServerOptions::key", "CN=localhost", "openssl pkey -pubout"],
    );
}

#[test]
fn row_t06_certificate_and_key_that_changed_places() {
    let swapped = files("server.key", "server.crt");
    let error = refused(&swapped);
    assert_eq!(error.code(), Code::NoStartLine);
    let words = [
        "no -----BEGIN CERTIFICATE----- in ServerOptions::cert",
        "changed places",
    ];
    says(&error, &words);
    let error = refused(&files("server.crt", "server.crt"));
    says(
        &error,
        &[
            "no -----BEGIN PRIVATE KEY----- in ServerOptions::key",
            "changed places",
        ],
    );
}

#[test]
fn row_t06_a_certificate_that_is_cut_off_or_is_none() {
    let error = refused(&files("truncated.crt", "server.key"));
    assert_eq!(error.code(), Code::BadPem);
    says(&error, &["ServerOptions::cert", "cut off"]);
    for (cert, word) in [
        (&b""[..], "empty"),
        (b"fixtures/tls/server.crt", "the name of a file"),
        (b"\x30\x82\x01\x01", "DER"),
        (b"line\nline\n", "no PEM"),
    ] {
        let error = refused(&ServerOptions::new().cert(cert).key(pem("server.key")));
        assert_eq!(error.code(), Code::NoStartLine);
        says(&error, &[word]);
    }
    let rubbish = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    let error = refused(&ServerOptions::new().cert(rubbish).key(pem("server.key")));
    assert_eq!(error.code(), Code::BadPem);
    let error = ClientContext::new(&ClientOptions::new().ca(rubbish)).unwrap_err();
    assert_eq!(error.code(), Code::BadPem);
    says(&error, &["ClientOptions::ca"]);
}

#[test]
fn row_t06_a_key_behind_a_passphrase() {
    let error = refused(&files("server.crt", "encrypted.key"));
    assert_eq!(error.code(), Code::MissingPassphrase);
    says(&error, &["openssl pkey -in"]);
}

#[test]
fn row_t06_one_without_the_other() {
    let half = ServerOptions::new().cert(pem("server.crt"));
    assert_eq!(refused(&half).code(), Code::InvalidArgument);
    says(&refused(&half), &["cert without key"]);
    let none = ServerOptions::new();
    says(&refused(&none), &["a server needs a certificate"]);
    let half = client().key(pem("client.key"));
    let error = ClientContext::new(&half).unwrap_err();
    says(&error, &["ClientOptions has key without cert"]);
    let named = server("server").add_context("a.b", pem("other.crt"), pem("server.key"));
    says(&refused(&named), &["add_context(\"a.b\")::key"]);
}

#[test]
fn erratum_e34_a_v1_certificate_is_refused_when_it_is_read() {
    let error = refused(&files("v1.crt", "v1.key"));
    assert_eq!(error.code(), Code::UnsupportedX509Version);
    says(
        &error,
        &["ServerOptions::cert", "X.509 v1", "-extfile", "-addext"],
    );
}

#[test]
fn erratum_e33_a_weak_key_is_refused_when_it_is_read() {
    let error = refused(&files("weak.crt", "weak.key"));
    assert_eq!(error.code(), Code::KeyTooSmall);
    says(&error, &["1024 bits"]);
    let error = refused(&files("server.crt", "weak.key"));
    assert_eq!(error.code(), Code::UnsupportedKey);
    says(&error, &["ServerOptions::key", "2048"]);
}

#[test]
fn row_t06_request_cert_without_a_ca() {
    let error = refused(&server("server").request_cert(true));
    assert_eq!(error.code(), Code::InvalidArgument);
    says(&error, &["request_cert", "ServerOptions::ca"]);
}

#[test]
fn row_t06_an_invalid_fingerprint() {
    for wrong in ["", "AB:CD", "xyz", &"AB".repeat(33), &"Ä".repeat(32)] {
        let error = ClientContext::new(&client().fingerprint256(wrong)).unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{wrong}");
        says(&error, &["-fingerprint -sha256"]);
    }
}

#[test]
fn row_t06_a_protocol_without_a_name_or_with_a_long_one() {
    for wrong in [String::new(), "x".repeat(256)] {
        let error = refused(&server("server").alpn(["http/1.1", &wrong]));
        assert_eq!(error.code(), Code::InvalidArgument);
        let error = ClientContext::new(&client().alpn([wrong])).unwrap_err();
        says(&error, &["alpn", "1 to 255 bytes"]);
    }
}

#[test]
fn row_t06_the_longest_timeout_works() {
    watched(|| {
        let longest = std::time::Duration::MAX;
        let server = server("server").handshake_timeout(longest);
        let client = client().handshake_timeout(longest);
        assert!(meet(&server, &client).both().0.authorized());
    });
}

#[test]
fn row_t06_no_key_is_printed_by_debug() {
    let options = server("server").add_context("a", pem("other.crt"), pem("other.key"));
    let context = ServerContext::new(&options).unwrap();
    let client = client().cert(pem("client.crt")).key(pem("client.key"));
    let client_context = ClientContext::new(&client).unwrap();
    let printed = format!("{options:?} {context:?} {client:?} {client_context:?}");
    assert!(!printed.contains("PRIVATE"), "{printed}");
    assert!(!printed.contains("45, 45, 45"), "{printed}"); // "---" as numbers
}

#[test]
fn row_t06_contexts_of_equal_options_have_equal_keys() {
    let key = |options: ClientOptions| ClientContext::new(&options).unwrap().key().to_owned();
    assert_eq!(key(client()), key(client()));
    let others = [
        client().reject_unauthorized(false),
        client().servername("other.test.com"),
        client().alpn(["http/1.1"]),
        client().cert(pem("client.crt")).key(pem("client.key")),
        client().extra_ca(pem("ca.crt")),
        client().fingerprint256("AB".repeat(32)),
        ClientOptions::new(),
    ];
    let mut all: Vec<String> = others.into_iter().map(key).collect();
    all.push(key(client()));
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}
