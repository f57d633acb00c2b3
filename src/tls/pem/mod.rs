//! PEM: certificates and keys as text, and the roots that browsers trust.
//!
//! ```text
//!   -----BEGIN CERTIFICATE-----           what follows, and where it ends (RFC 7468)
//!   MIIBszCCAVmgAwIBAgIUdzJ…              DER, in base64
//!   -----END CERTIFICATE-----
//! ```
//!
//! [`sections`] finds the sections of a text; this file decides what each of them is used for:
//!
//! | label | in `cert`, `ca` | in `key` |
//! |---|---|---|
//! | `CERTIFICATE` | read, all of them | skipped |
//! | `PRIVATE KEY`, `EC …`, `RSA …` | skipped | the first is read |
//! | the same, encrypted | skipped | an error, if it is the first |
//! | `EC PARAMETERS` and others, `PUBLIC KEY` | skipped | skipped |
//! | every other | an error that names its line | the same |

mod sections;

use super::error::{Code, Error};
use super::options::Pem;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, TrustAnchor};
use rustls_pemfile::Item;
use sections::{Section, sections};
use std::fmt;

/// The roots that browsers trust, as Mozilla lists them.
pub(super) fn browser_roots() -> &'static [TrustAnchor<'static>] {
    webpki_roots::TLS_SERVER_ROOTS
}

/// Where a section begins, for an error: `line 3 of ClientOptions::ca`.
#[derive(Clone, Debug)]
pub(super) struct Place {
    option: String,
    line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of {}", self.line, self.option)
    }
}

/// All certificates of a text, at least one. `option` is the option that was given the text.
pub(super) fn certificates(
    pem: &Pem,
    option: &str,
) -> Result<Vec<(Place, CertificateDer<'static>)>, Error> {
    let read = read(&pem.0, option)?;
    let mut found = Vec::new();
    for section in read.iter().filter(|section| section.is("CERTIFICATE")) {
        if let Item::X509Certificate(der) = section.decode()? {
            found.push((section.place.clone(), der));
        }
    }
    match found.is_empty() {
        false => Ok(found),
        true => {
            let other = read.iter().any(Labelled::is_private_key);
            Err(missing("CERTIFICATE", option, &pem.0, other))
        }
    }
}

/// The first private key of a text.
pub(super) fn private_key(pem: &Pem, option: &str) -> Result<PrivateKeyDer<'static>, Error> {
    let read = read(&pem.0, option)?;
    let Some(first) = read.iter().find(|section| section.is_private_key()) else {
        let other = read.iter().any(|section| section.is("CERTIFICATE"));
        return Err(missing("PRIVATE KEY", option, &pem.0, other));
    };
    if first.section.encrypted || first.is(ENCRYPTED_KEY) {
        let text = format!(
            "the private key in {option} needs a passphrase: remove it with `openssl pkey -in \
             encrypted.key -out plain.key`, and let nobody else read the file"
        );
        return Err(Error::new(Code::MissingPassphrase, text));
    }
    match first.decode()? {
        Item::Pkcs1Key(der) => Ok(der.into()),
        Item::Pkcs8Key(der) => Ok(der.into()),
        Item::Sec1Key(der) => Ok(der.into()),
        _ => Err(missing("PRIVATE KEY", option, &pem.0, false)),
    }
}

const ENCRYPTED_KEY: &str = "ENCRYPTED PRIVATE KEY";
const PRIVATE_KEYS: [&str; 4] = [
    "PRIVATE KEY",
    "EC PRIVATE KEY",
    "RSA PRIVATE KEY",
    ENCRYPTED_KEY,
];
/// What programs write beside a key or a certificate, and this crate does not use.
const COMPANIONS: [&str; 5] = [
    "PUBLIC KEY",
    "EC PARAMETERS",
    "DH PARAMETERS",
    "X9.42 DH PARAMETERS",
    "DSA PARAMETERS",
];

/// A section that may stand in an option.
struct Labelled<'a> {
    section: Section<'a>,
    place: Place,
}

impl Labelled<'_> {
    fn is(&self, label: &str) -> bool {
        self.section.label == label
    }

    fn is_private_key(&self) -> bool {
        PRIVATE_KEYS.contains(&self.section.label)
    }

    fn decode(&self) -> Result<Item, Error> {
        let label = self.section.label;
        let (begin, end) = (
            format!("-----BEGIN {label}-----\n"),
            format!("\n-----END {label}-----\n"),
        );
        let text = [begin.as_bytes(), self.section.body, end.as_bytes()].concat();
        let decoded = rustls_pemfile::read_one_from_slice(&text);
        let why = match decoded {
            Ok(Some((item, _))) => return Ok(item),
            Ok(None) => String::new(),
            Err(rustls_pemfile::Error::Base64Decode(why)) => format!(" ({why})"),
            Err(why) => format!(" ({why:?})"),
        };
        let place = &self.place;
        let text = format!(
            "the {label} that begins on {place} cannot be read{why}: is the file cut off, or was it \
             changed?"
        );
        Err(Error::new(Code::BadPem, text))
    }
}

/// The sections of a text, unless one of them has no place in an option.
fn read<'a>(pem: &'a [u8], option: &str) -> Result<Vec<Labelled<'a>>, Error> {
    let place = |line| Place {
        option: option.to_owned(),
        line,
    };
    let all = sections(pem).map_err(|fault| {
        let text = format!("{}: {}", place(fault.line), fault.why);
        Error::new(Code::BadPem, text)
    })?;
    let labelled = all.into_iter().map(|section| {
        let place = place(section.line);
        match refusal(section.label) {
            None => Ok(Labelled { section, place }),
            Some((code, why)) => {
                let label = section.label;
                let text = format!("{place} begins a {label}, which is not read here: {why}");
                Err(Error::new(code, text))
            }
        }
    });
    labelled.collect()
}

/// Why a section with this label has no place in an option.
fn refusal(label: &str) -> Option<(Code, &'static str)> {
    if label == "CERTIFICATE" || PRIVATE_KEYS.contains(&label) || COMPANIONS.contains(&label) {
        return None;
    }
    let (code, why) = match label {
        // RFC 7468 §5.1: "Parsers SHOULD NOT treat "X509 CERTIFICATE" or "X.509 CERTIFICATE" as
        // equivalent to "CERTIFICATE""
        "X509 CERTIFICATE" | "X.509 CERTIFICATE" | "TRUSTED CERTIFICATE" => (
            Code::NoStartLine,
            "`openssl x509 -in old.pem -out new.pem` makes a CERTIFICATE of it",
        ),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => (
            Code::NoStartLine,
            "it asks a CA for a certificate; pass the certificate that the CA makes of it",
        ),
        "X509 CRL" => (
            Code::InvalidArgument,
            "revocation is not checked, and a list that is ignored would look as if it were",
        ),
        "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA" => (
            Code::NoStartLine,
            "`openssl pkcs7 -print_certs -in all.p7b -out all.pem` takes the certificates out of it",
        ),
        "OPENSSH PRIVATE KEY" => (
            Code::UnsupportedKey,
            "`ssh-keygen -p -m PKCS8 -f FILE` converts a key of ECDSA P-256 or RSA",
        ),
        _ if label.ends_with("PRIVATE KEY") => (
            Code::UnsupportedKey,
            "a key must be P-256, P-384, Ed25519 or RSA of 2048 bits at least",
        ),
        _ => (
            Code::NoStartLine,
            "remove it from the text if it is not needed",
        ),
    };
    Some((code, why))
}

/// `other`: whether the text has a section of the other kind.
fn missing(section: &str, option: &str, pem: &[u8], other: bool) -> Error {
    let instead = match (section, other) {
        (_, false) => what_it_is(pem),
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

    fn ders(read: Vec<(Place, CertificateDer<'static>)>) -> Vec<CertificateDer<'static>> {
        read.into_iter().map(|(_, der)| der).collect()
    }

    /// `rustls-pemfile` reads PEM here; rustls has a PEM reader of its own.
    #[test]
    fn another_reader_finds_the_same() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tls");
        let mut read = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let Ok(text) = std::fs::read(&path) else {
                continue; // a folder
            };
            let extension = path.extension().and_then(|it| it.to_str());
            let same = match extension {
                Some("crt") => {
                    let theirs: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
                    let ours = certificates(&Pem(text), "").ok();
                    ours.map(ders) == theirs.ok()
                }
                Some("key") => {
                    let theirs = PrivateKeyDer::from_pem_slice(&text).ok();
                    let ours = private_key(&Pem(text), "").ok();
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
        let one = include_str!("../../../fixtures/tls/server.crt");
        let text = format!("subject=CN=localhost\r\n{one}\nthe next:\n{one}");
        let read = certificates(&Pem(text.into()), "").unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].0.to_string(), "line 2 of ");
    }
}
