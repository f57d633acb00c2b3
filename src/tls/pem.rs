//! PEM: certificates and keys as text, and the roots that browsers trust.
//!
//! ```text
//!   -----BEGIN CERTIFICATE-----           what follows, and where it ends (RFC 7468)
//!   MIIBszCCAVmgAwIBAgIUdzJ…              DER, in base64
//!   -----END CERTIFICATE-----
//! ```
//!
//! Text between two such sections is a remark for people.

use super::error::{Code, Error};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, TrustAnchor};
use rustls_pemfile::Item;

/// The roots that browsers trust, as Mozilla lists them.
pub(super) fn browser_roots() -> &'static [TrustAnchor<'static>] {
    webpki_roots::TLS_SERVER_ROOTS
}

/// All certificates of a text, at least one. `option` is the option that was given the text.
pub(super) fn certificates(
    pem: &[u8],
    option: &str,
) -> Result<Vec<CertificateDer<'static>>, Error> {
    let items = read(pem, option)?;
    let certificates: Vec<_> = items.iter().filter_map(certificate).collect();
    match certificates.is_empty() {
        false => Ok(certificates),
        true => Err(missing(
            "CERTIFICATE",
            option,
            pem,
            items.iter().find_map(key),
        )),
    }
}

/// The first private key of a text.
pub(super) fn private_key(pem: &[u8], option: &str) -> Result<PrivateKeyDer<'static>, Error> {
    if is_encrypted(pem) {
        let text = format!(
            "the private key in {option} needs a passphrase: remove it with `openssl pkey -in \
             encrypted.key -out plain.key`, and let nobody else read the file"
        );
        return Err(Error::new(Code::MissingPassphrase, text));
    }
    let items = read(pem, option)?;
    let key = items.iter().find_map(key);
    key.ok_or_else(|| {
        missing(
            "PRIVATE KEY",
            option,
            pem,
            items.iter().find_map(certificate),
        )
    })
}

fn read(pem: &[u8], option: &str) -> Result<Vec<Item>, Error> {
    let items: Result<Vec<Item>, _> = rustls_pemfile::read_all(&mut &*pem).collect();
    items.map_err(|why| {
        let text = format!(
            "the PEM in {option} cannot be read: {why}; is the file cut off, or was it changed?"
        );
        Error::new(Code::BadPem, text)
    })
}

fn certificate(item: &Item) -> Option<CertificateDer<'static>> {
    match item {
        Item::X509Certificate(der) => Some(der.clone()),
        _ => None,
    }
}

fn key(item: &Item) -> Option<PrivateKeyDer<'static>> {
    match item {
        Item::Pkcs1Key(der) => Some(der.clone_key().into()),
        Item::Pkcs8Key(der) => Some(der.clone_key().into()),
        Item::Sec1Key(der) => Some(der.clone_key().into()),
        _ => None,
    }
}

/// PKCS#8 says so in its first line, the older forms in a line below it.
fn is_encrypted(pem: &[u8]) -> bool {
    let has = |words: &[u8]| pem.windows(words.len()).any(|window| window == words);
    has(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(b"Proc-Type: 4,ENCRYPTED")
}

/// `other` is a section of the other kind, if there is one.
fn missing<T>(section: &str, option: &str, pem: &[u8], other: Option<T>) -> Error {
    let instead = match (section, other) {
        (_, None) => what_it_is(pem),
        ("CERTIFICATE", _) => "but a private key: have cert and key changed places?",
        _ => "but a certificate: have cert and key changed places?",
    };
    let text = format!("no -----BEGIN {section}----- in {option}, {instead}");
    Error::new(Code::NoStartLine, text)
}

/// What people pass in place of a PEM text.
fn what_it_is(pem: &[u8]) -> &'static str {
    match pem.trim_ascii() {
        [] => "which is empty",
        [0x30, ..] => {
            "but probably DER: pass PEM, which `openssl x509 -inform der` or `openssl pkey \
             -inform der` makes of it"
        }
        text if !text.starts_with(b"-----") && text.len() < 512 && !text.contains(&b'\n') => {
            "but one line: is that the name of a file? Pass the contents of the file"
        }
        _ => "which is no PEM text of that kind",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::pem::PemObject;

    /// `rustls-pemfile` reads PEM here; rustls has a PEM reader of its own.
    #[test]
    fn another_reader_finds_the_same() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tls");
        let mut read = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read(&path).unwrap();
            let extension = path.extension().and_then(|it| it.to_str());
            let same = match extension {
                Some("crt") => {
                    let theirs: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
                    certificates(&text, "").ok() == theirs.ok()
                }
                Some("key") => {
                    let ours = private_key(&text, "").ok();
                    let theirs = PrivateKeyDer::from_pem_slice(&text).ok();
                    ours == theirs
                }
                _ => continue,
            };
            assert!(same, "{}", path.display());
            read += 1;
        }
        assert!(read > 30, "{read} files");
    }

    #[test]
    fn text_between_the_sections_is_ignored() {
        let one = include_str!("../../fixtures/tls/server.crt");
        let text = format!("subject=CN=localhost\r\n{one}\nthe next:\n{one}");
        assert_eq!(certificates(text.as_bytes(), "").unwrap().len(), 2);
    }
}
