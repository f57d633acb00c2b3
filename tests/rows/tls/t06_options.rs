//! T06: options that cannot be used are refused when they are read, not in every handshake.

use super::stage::{client, meet, pem, says, server};
use crate::support::watched;
use barewire::tls::{
    ClientContext, ClientOptions, Code, Error, ServerContext, ServerOptions, Version,
};
use std::time::Duration;

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

/// Pooled connections are shared by the key of their context: an option that makes a difference on a
/// connection makes a difference there.
#[test]
fn fault_d10_row_t06_contexts_of_equal_options_have_equal_keys() {
    let key = |options: ClientOptions| ClientContext::new(&options).unwrap().key().to_owned();
    assert_eq!(key(client()), key(client()));
    let patient = client().handshake_timeout(Duration::from_secs(1));
    assert_eq!(key(patient), key(client()), "the handshake is over then");
    let others = [
        client().min_version(Version::Tls13),
        client().key_log(true),
        client().ca(pem("other.crt")),
        ClientOptions::new().ca(pem("other.crt")),
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

fn refused_client(options: &ClientOptions) -> Error {
    ClientContext::new(options).unwrap_err()
}

/// Every option that takes a text or a number is checked when it is set, and not in each handshake.
#[test]
fn fault_d17_a_fingerprint_is_digits_and_colons_between_all_pairs() {
    let pairs = vec!["AB"; 32];
    let uneven = format!("A:B{}", "AB".repeat(31));
    let some = format!("AB:{}", "AB".repeat(31));
    for wrong in [
        "+F".repeat(32),
        "-1".repeat(32),
        " F".repeat(32),
        "+F:".repeat(32),
        format!(":{}", pairs.join(":")),
        format!("{}:", pairs.join(":")),
        pairs.join("::"),
        pairs.join(" "),
        uneven,
        some,
        "A".repeat(63),
        "ａｂ".repeat(32),
        "x".repeat(100_000),
    ] {
        let error = refused_client(&client().fingerprint256(&wrong));
        assert_eq!(error.code(), Code::InvalidArgument, "{wrong}");
        assert!(error.to_string().len() < 1000, "{error}");
    }
    for right in [pairs.join(":"), pairs.join(""), "0f".repeat(32)] {
        ClientContext::new(&client().fingerprint256(right)).unwrap();
    }
}

#[test]
fn fault_d17_the_name_of_a_certificate_is_one_that_clients_ask_for() {
    let with = |name: &str| server("server").add_context(name, pem("other.crt"), pem("other.key"));
    for (wrong, why) in [
        ("*", "ServerOptions::cert"),
        ("*.", "ServerOptions::cert"),
        ("", "no host name"),
        (".", "no host name"),
        ("*.*.a.test", "no host name"),
        ("a.*.test", "no host name"),
        ("a*.test", "no host name"),
        (".a.test", "no host name"),
        ("a..test", "no host name"),
        ("a.test..", "no host name"),
        ("a test", "no host name"),
        ("https://a.test", "no host name"),
        ("a.test:443", "no host name"),
        ("127.0.0.1", "no host name"),
        ("[::1]", "no host name"),
        ("::1", "no host name"),
        ("bücher.test", "punycode"),
    ] {
        let error = refused(&with(wrong));
        assert_eq!(error.code(), Code::InvalidArgument, "{wrong}: {error}");
        says(&error, &[&format!("add_context({wrong:?})"), why]);
    }
    for twice in ["a.test", "A.TEST", "a.test."] {
        let twice = with("a.test").add_context(twice, pem("rsa.crt"), pem("rsa.key"));
        says(&refused(&twice), &["has a certificate already"]);
    }
    let both = with("a.test").add_context("*.a.test", pem("rsa.crt"), pem("rsa.key"));
    ServerContext::new(&both).unwrap();
}

/// A dot at the end means nothing, as in a URL.
#[test]
fn fault_d17_a_name_with_a_dot_at_its_end_matches() {
    watched(|| {
        for (name, asked) in [
            ("other.test.com.", "other.test.com"),
            ("*.Wild.test.com.", "a.wild.test.com"),
        ] {
            let options = server("server").add_context(name, pem("other.crt"), pem("other.key"));
            let trusting = client().servername(asked);
            assert!(meet(&options, &trusting).both().0.authorized(), "{name}");
        }
    });
}

#[test]
fn fault_d17_other_texts_and_numbers_are_checked_when_they_are_set() {
    use std::time::Duration;
    for wrong in [
        "",
        "*.test.com",
        "two words",
        "a..b",
        "bücher.test",
        "a.test:443",
    ] {
        let error = refused_client(&client().servername(wrong));
        assert_eq!(error.code(), Code::InvalidArgument, "{wrong}");
    }
    for right in ["a.test", "a.test.", "127.0.0.1", "::1", "[::1]"] {
        ClientContext::new(&client().servername(right)).unwrap();
    }
    let many = vec!["x".repeat(255); 300];
    says(
        &refused(&server("server").alpn(many.clone())),
        &["alpn", "76800"],
    );
    says(&refused_client(&client().alpn(many)), &["alpn", "8192"]);
    let never = Duration::ZERO;
    says(
        &refused(&server("server").handshake_timeout(never)),
        &["handshake_timeout"],
    );
    says(
        &refused_client(&client().handshake_timeout(never)),
        &["handshake_timeout"],
    );
    // A CA is read also where no client is asked for a certificate.
    says(&refused(&server("server").ca("x")), &["ServerOptions::ca"]);
}

/// What a peer writes into its certificate is in no error as a whole.
#[test]
fn fault_d17_an_error_has_the_beginning_of_long_names() {
    watched(|| {
        let met = meet(
            &super::stage::asking(),
            &super::stage::client_with("long-name"),
        );
        let error = met.server.unwrap_err();
        says(
            &error,
            &["signed by itself", "number 1", "…", "ServerOptions::ca"],
        );
        assert!(!error.to_string().contains("number 9"), "{error}");
        let met = meet(&server("many-names"), &client());
        let error = met.client.unwrap_err();
        says(
            &error,
            &[
                "DNS:0.many.test.com",
                "and 30 others",
                "ClientOptions::servername",
            ],
        );
        assert!(error.to_string().len() < 1000, "{error}");
    });
}
