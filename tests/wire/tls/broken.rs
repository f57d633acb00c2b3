//! For each rule a certificate that breaks it.

use super::built::{Parts, der, extension, name, sequence, validity};
use barewire::tls::wire::{Certificate, PublicKey, Rule};

/// A good certificate with one change.
fn with(change: impl FnOnce(&mut Parts)) -> Vec<u8> {
    let mut parts = Parts::good();
    change(&mut parts);
    parts.build()
}

const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";

/// An RSA key with these two numbers.
fn rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let numbers = sequence(&[&der(2, &[modulus]), &der(2, &[exponent])]);
    let algorithm = sequence(&[&der(6, &[RSA]), &der(5, &[])]);
    sequence(&[&algorithm, &der(3, &[&[0], &numbers])])
}

/// Extensions of the types 2.5.29.0, 2.5.29.1 …
fn many(count: u8) -> Option<Vec<Vec<u8>>> {
    Some(
        (60..60 + count)
            .map(|last| extension(last, &[5, 0]))
            .collect(),
    )
}

fn alt_names(names: &[&[u8]]) -> Option<Vec<Vec<u8>>> {
    Some(vec![extension(17, &sequence(names))])
}

fn constraints(value: &[u8]) -> Option<Vec<Vec<u8>>> {
    Some(vec![extension(19, value)])
}

#[rustfmt::skip]
pub(crate) fn cases() -> Vec<(Rule, Vec<u8>)> {
    use Rule::*;
    let good = Parts::good().build();
    vec![
        (CertificateTooLong, vec![0x30; Certificate::MAX + 1]),
        (DerTruncated, good[..good.len() - 1].to_vec()),
        (DerTruncated, with(|it| it.subject = vec![0x30, 0x7f])),
        (DerLengthInvalid, [&[0x30, 0x80], &good[3..], &[0, 0]].concat()),
        (DerLengthInvalid, with(|it| it.serial = vec![2, 0x81, 1, 7])),
        (DerTagInvalid, with(|it| it.validity = sequence(&[&[0x1f, 0x81, 0, 0]]))),
        (DerTrailing, [&good[..], &[0]].concat()),
        (DerTrailing, with(|it| it.signature.extend(der(5, &[])))),
        (DerTrailing, with(|it| it.unique = der(0x83, &[&[0]]))),
        (DerTrailing, with(|it| it.validity = sequence(&[
            &der(0x17, &[b"200101000000Z"]), &der(0x17, &[b"200101000000Z"]), &der(5, &[])]))),
        (DerIntegerInvalid, with(|it| it.serial = der(2, &[]))),
        (DerIntegerInvalid, with(|it| it.serial = der(2, &[&[0, 7]]))),
        (DerIntegerInvalid, with(|it| it.version = der(0xa0, &[&der(2, &[&[0, 2]])]))),
        (DerBooleanInvalid, with(|it| it.extensions = constraints(&sequence(&[&[1, 1, 1]])))),
        (DerBitsInvalid, with(|it| it.signature = der(3, &[]))),
        (DerBitsInvalid, with(|it| it.signature = der(3, &[&[4, 0xf0]]))),
        (DerOidInvalid, with(|it| it.issuer = sequence(&[&der(0x31, &[&sequence(&[
            &der(6, &[&[0x55, 0x84]]), &der(0x0c, &[b"a"])])])]))),
        (DerOidInvalid, with(|it| it.extensions = Some(vec![sequence(&[&der(6, &[]), &der(4, &[])])]))),
        (CertificateShape, Vec::new()),
        (CertificateShape, vec![0x31, 0]),
        (CertificateShape, sequence(&[])),
        (CertificateShape, with(|it| it.serial = der(4, &[&[7]]))),
        (CertificateShape, with(|it| it.issuer = sequence(&[&der(0x31, &[])]))),
        (CertificateShape, with(|it| it.validity = sequence(&[&der(4, &[b"200101000000Z"]), &der(5, &[])]))),
        (CertificateShape, with(|it| it.extensions = constraints(&der(2, &[&[1]])))),
        (VersionInvalid, with(|it| it.version = der(0xa0, &[&der(2, &[&[0]])]))),
        (VersionInvalid, with(|it| it.version = der(0xa0, &[&der(2, &[&[3]])]))),
        (VersionInvalid, with(|it| it.version = der(0xa0, &[&der(2, &[&[0xff]])]))),
        (SerialInvalid, with(|it| it.serial = der(2, &[&[1; 21]]))),
        (SerialInvalid, with(|it| it.serial = der(2, &[&[0], &[0x80; 21]]))),
        (SignatureAlgorithms, with(|it| it.algorithm = sequence(&[&der(6, &[b"\x2b\x65\x71"])]))),
        (TimeInvalid, with(|it| it.validity = validity(b"200230000000Z", b"491231235959Z"))),
        (TimeInvalid, with(|it| it.validity = validity(b"200101000000Z", b"4912312359Z"))),
        (TimeInvalid, with(|it| it.validity = validity(b"", b""))),
        (NameInvalid, with(|it| it.subject = name(0x0c, b"\xff"))),
        (NameInvalid, with(|it| it.issuer = name(0x13, b"\xe9"))),
        (KeyInvalid, with(|it| it.key = rsa(&[0], &[3]))),
        (KeyInvalid, with(|it| it.key = rsa(&[0x80, 1], &[3]))),
        (ExtensionsNotAllowed, with(|it| it.version = Vec::new())),
        (ExtensionsNotAllowed, with(|it| it.version = der(0xa0, &[&der(2, &[&[1]])]))),
        (ExtensionsNotAllowed, with(|it| {
            (it.version, it.extensions) = (Vec::new(), None);
            it.unique = der(0x81, &[&[0, 1]]);
        })),
        (TooManyCertificateExtensions, with(|it| it.extensions = many(51))),
        (CertificateExtensionRepeated, with(|it| it.extensions = Some(vec![extension(15, &[]), extension(15, &[])]))),
        (AltNameInvalid, with(|it| it.extensions = alt_names(&[]))),
        (AltNameInvalid, with(|it| it.extensions = alt_names(&[&der(0x82, &[b"a\0b"])]))),
        (AltNameInvalid, with(|it| it.extensions = alt_names(&[&der(0x87, &[&[127, 0, 0]])]))),
    ]
}

pub(crate) fn rules() -> impl Iterator<Item = Rule> {
    cases().into_iter().map(|(rule, _)| rule)
}

#[test]
fn each_certificate_is_refused_by_its_rule() {
    for (rule, der) in cases() {
        let error = Certificate::decode(&der).expect_err(rule.name());
        assert_eq!(error.rule(), rule, "{error:?} in {der:02x?}");
    }
}

fn accepted(change: impl FnOnce(&mut Parts), ask: impl FnOnce(Certificate<'_>)) {
    let der = with(change);
    ask(Certificate::decode(&der).expect("a good one"));
}

/// Certificates that `openssl` does not make and the rules allow.
#[test]
fn unusual_certificates_are_accepted() {
    accepted(
        |_| {},
        |it| assert_eq!((it.version(), it.serial_text().as_str()), (3, "07")),
    );
    accepted(
        |it| (it.version, it.extensions) = (Vec::new(), None),
        |it| {
            assert_eq!(
                (it.version(), it.is_ca(), it.alt_names().count()),
                (1, false, 0)
            )
        },
    );
    accepted(
        |it| {
            (it.version, it.extensions) = (der(0xa0, &[&der(2, &[&[1]])]), None);
            it.unique = [der(0x81, &[&[0, 1]]), der(0x82, &[&[0, 2]])].concat();
        },
        |it| assert_eq!(it.version(), 2),
    );
    accepted(
        |it| it.serial = der(2, &[&[0]]),
        |it| assert_eq!(it.serial_text(), "00"),
    );
    accepted(
        |it| it.serial = der(2, &[&[0], &[0x80; 20]]),
        |it| assert_eq!(it.serial().len(), 20),
    );
    accepted(
        |it| it.subject = sequence(&[]),
        |it| assert_eq!(it.subject().to_string(), ""),
    );
    accepted(|it| it.extensions = many(50), |it| assert!(!it.is_ca()));
    accepted(
        |it| it.extensions = constraints(&sequence(&[&[1, 1, 0xff], &[2, 1, 0]])),
        |it| assert!(it.is_ca()),
    );
}

#[test]
fn erratum_e33_the_length_of_a_key_is_that_of_its_modulus() {
    for (modulus, bits) in [
        (&[1][..], 1),
        (&[0, 0x80, 0][..], 16),
        (&[0x7f; 128][..], 1023),
        (&[&[0][..], &[0x80; 128]].concat(), 1024),
        (&[&[0][..], &[0xff; 256]].concat(), 2048),
    ] {
        accepted(
            |it| it.key = rsa(modulus, &[1, 0, 1]),
            |it| assert_eq!(it.public_key(), PublicKey::Rsa { bits }),
        );
    }
}
