//! The certificates of `fixtures/tls/`, compared with the output of openssl (`certificates.txt`).

use super::format::{self, Case};
use barewire::text::Encoding;
use barewire::tls::wire::{AltName, Certificate, PublicKey, Rule};
use std::net::IpAddr;

/// The certificates of a PEM file, in order.
pub(crate) fn pem(file: &str) -> Vec<Vec<u8>> {
    let text = std::fs::read_to_string(format::folder().join(file)).expect(file);
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    let der = |block: &str| {
        let (body, _) = block.split_once("-----END CERTIFICATE-----").expect(file);
        let mut der = Vec::new();
        let encoded = Encoding::Base64.encode(&body.replace('\n', ""), &mut der);
        encoded.expect(file);
        der
    };
    blocks.map(der).collect()
}

fn all() -> Vec<(Case, Vec<u8>)> {
    let cases = format::cases("certificates.txt").into_iter();
    let with_der = cases.map(|case| (pem(&case.name).remove(0), case));
    with_der.map(|(der, case)| (case, der)).collect()
}

#[test]
fn every_certificate_decodes_as_openssl_decodes_it() {
    let all = all();
    assert!(all.len() >= 18, "{} certificates", all.len());
    for (case, der) in &all {
        let certificate = Certificate::decode(der).expect(&case.place);
        let curve = match certificate.public_key() {
            PublicKey::Ec { curve, .. } => Some(curve),
            _ => None,
        };
        let names: Vec<String> = certificate
            .alt_names()
            .map(|name| name.to_string())
            .collect();
        let names = (!names.is_empty()).then(|| names.join(", "));
        let is_ca = case.find("ca") == Some("TRUE");
        let place = &case.place;
        assert_eq!(
            certificate.version().to_string(),
            case.get("version"),
            "{place}"
        );
        assert_eq!(certificate.serial_text(), case.get("serial"), "{place}");
        assert_eq!(
            certificate.issuer().to_string(),
            case.get("issuer"),
            "{place}"
        );
        assert_eq!(
            certificate.subject().to_string(),
            case.get("subject"),
            "{place}"
        );
        assert_eq!(
            certificate.not_before().to_string(),
            case.get("not_before"),
            "{place}"
        );
        assert_eq!(
            certificate.not_after().to_string(),
            case.get("not_after"),
            "{place}"
        );
        assert_eq!(
            certificate.public_key().bits().to_string(),
            case.get("bits"),
            "{place}"
        );
        assert_eq!(curve, case.find("curve"), "{place}");
        assert_eq!(names.as_deref(), case.find("names"), "{place}");
        assert_eq!(certificate.is_ca(), is_ca, "{place}");
    }
}

#[test]
fn a_chain_is_in_order_and_names_its_issuers() {
    let (chain, roots) = (pem("chained.crt"), pem("ca.crt"));
    let chain: Vec<_> = chain.iter().chain(&roots).collect();
    let decoded = chain
        .iter()
        .map(|der| Certificate::decode(der).expect("good"));
    let chain: Vec<Certificate<'_>> = decoded.collect();
    let [leaf, intermediate, root] = chain[..] else {
        panic!("{} certificates", chain.len())
    };
    assert!(leaf.names_as_issuer(&intermediate) && intermediate.names_as_issuer(&root));
    assert!(!leaf.names_as_issuer(&root) && !root.names_as_issuer(&leaf));
    assert!(root.is_self_issued() && !leaf.is_self_issued() && !intermediate.is_self_issued());
}

#[test]
fn dates_are_seconds() {
    let seconds = |file| {
        let der = pem(file).remove(0);
        let certificate = Certificate::decode(&der).expect(file);
        let (from, until) = (certificate.not_before(), certificate.not_after());
        (from.unix_seconds(), until.unix_seconds())
    };
    assert_eq!(seconds("server.crt"), (1_577_836_800, 4_733_510_400));
    assert_eq!(seconds("expired.crt"), (1_609_459_200, 1_640_995_200));
    assert_eq!(seconds("notyet.crt"), (3_786_912_000, 4_733_510_400));
}

/// E34: the notes' certificates are X.509 v1 and name no host.
#[test]
fn erratum_e34_without_extensions_a_certificate_is_for_no_host() {
    let der = pem("v1.crt").remove(0);
    let certificate = Certificate::decode(&der).expect("good");
    assert_eq!(
        (certificate.version(), certificate.alt_names().count()),
        (1, 0)
    );
}

/// E35: the Common Name is ignored.
#[test]
fn erratum_e35_the_common_name_is_no_host() {
    let der = pem("wrongname.crt").remove(0);
    let certificate = Certificate::decode(&der).expect("good");
    assert_eq!(
        certificate.subject().get("CN").as_deref(),
        Some("localhost")
    );
    assert!(certificate.dns_names().eq(["wrong.test.com"]));
}

/// E36: only a certificate without another issuer is self-signed.
#[test]
fn erratum_e36_a_certificate_of_a_ca_is_not_self_signed() {
    for (file, alone) in [
        ("ca.crt", true),
        ("selfsigned.crt", true),
        ("server.crt", false),
    ] {
        let der = pem(file).remove(0);
        let certificate = Certificate::decode(&der).expect(file);
        assert_eq!(certificate.is_self_issued(), alone, "{file}");
    }
}

#[test]
fn row_t01_the_server_is_for_these_hosts() {
    let der = pem("server.crt").remove(0);
    let certificate = Certificate::decode(&der).expect("good");
    assert!(certificate.dns_names().eq(["localhost", "dev.test.com"]));
    let address = |bytes: &[u8]| match *bytes {
        [a, b, c, d] => IpAddr::from([a, b, c, d]),
        _ => IpAddr::from(<[u8; 16]>::try_from(bytes).expect("16 bytes")),
    };
    let addresses: Vec<String> = certificate
        .ip_addresses()
        .map(|bytes| address(bytes).to_string())
        .collect();
    assert_eq!(addresses, ["127.0.0.1", "::1"]);
}

#[test]
fn a_certificate_that_is_cut_off_at_any_byte_is_refused() {
    for (case, der) in all() {
        for end in 0..der.len() {
            let cut = Certificate::decode(&der[..end]).map(|_| ());
            assert!(cut.is_err(), "{}: {end} of {} bytes", case.place, der.len());
        }
        let longer = [&der[..], &[0]].concat();
        let error = Certificate::decode(&longer).expect_err(&case.place);
        assert_eq!((error.rule(), error.at()), (Rule::DerTrailing, der.len()));
    }
}

/// No method of a decoded certificate panics.
#[test]
fn a_changed_byte_never_panics() {
    for (_, der) in all() {
        for at in 0..der.len() {
            for flip in [0x01, 0x80, 0xff, 0x20] {
                let mut changed = der.clone();
                changed[at] ^= flip;
                if let Ok(certificate) = Certificate::decode(&changed) {
                    call_every_method(&certificate);
                }
            }
        }
    }
}

fn call_every_method(certificate: &Certificate<'_>) {
    let (issuer, subject) = (certificate.issuer(), certificate.subject());
    let (from, until) = (certificate.not_before(), certificate.not_after());
    let key = certificate.public_key();
    let text = format!("{issuer} {subject} {from} {until} {key} {certificate:?}");
    assert!(text.len() > certificate.serial_text().len());
    for name in certificate.alt_names() {
        assert!(matches!(name, AltName::Ip(_)) || name.to_string().is_ascii());
    }
}
