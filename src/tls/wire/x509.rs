//! A certificate (RFC 5280 §4.1): subject and issuer, validity, public key, hosts.
//!
//! ```text
//!   Certificate  SEQUENCE
//!     tbsCertificate  SEQUENCE             "to be signed": the bytes that the signature covers
//!       version         [0] INTEGER        2 means v3; for v1 the field is left out
//!       serialNumber    INTEGER            unique for each issuer
//!       signature       AlgorithmIdentifier
//!       issuer          Name               the CA that signed it
//!       validity        two times
//!       subject         Name               the owner of the key
//!       subjectPublicKeyInfo               whose private key signs the handshake
//!       issuerUniqueID  [1], subjectUniqueID [2]    out of use
//!       extensions      [3] SEQUENCE OF    v3: basicConstraints, subjectAltName …
//!     signatureAlgorithm  AlgorithmIdentifier       the same again
//!     signatureValue      BIT STRING
//! ```
//!
//! No signature is checked here: rustls does that. This decoder is for people: it shows what a certificate
//! says, and why it was refused.

use super::alt_names::{AltName, AltNames};
use super::dates::Time;
use super::der::{Der, Element, magnitude, tag};
use super::error::{Error, Rule};
use super::names::Name;
use super::public_key::PublicKey;

const VERSION: u8 = 0xa0;
const ISSUER_UNIQUE_ID: u8 = 0x81;
const SUBJECT_UNIQUE_ID: u8 = 0x82;
const EXTENSIONS: u8 = 0xa3;

const SUBJECT_ALT_NAME: &[u8] = b"\x55\x1d\x11";
const BASIC_CONSTRAINTS: &[u8] = b"\x55\x1d\x13";

/// The most bytes of a serial number (RFC 5280 §4.1.2.2).
const SERIAL_MAX: usize = 20;

/// The most extensions that are read; certificates have about ten.
const MAX_EXTENSIONS: usize = 50;

/// What a certificate says; borrowed from its DER.
///
/// ```
/// use barewire::text::{Decoder, Encoding};
/// use barewire::tls::wire::Certificate;
///
/// // A PEM file is DER in base64 between two lines.
/// let pem = std::fs::read("fixtures/tls/server.crt")?;
/// let lines = pem.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"-----"));
/// let mut der = Vec::new();
/// let text = String::from_utf8(lines.collect::<Vec<_>>().concat())?;
/// Encoding::Base64.encode(&text, &mut der)?;
///
/// let certificate = Certificate::decode(&der)?;
/// assert_eq!(certificate.version(), 3);
/// assert_eq!(certificate.subject().to_string(), "C=CN, O=barewire test, CN=localhost");
/// assert_eq!(certificate.issuer().get("CN").as_deref(), Some("barewire test CA"));
/// assert_eq!(certificate.not_after().to_string(), "Jan  1 00:00:00 2120 GMT");
/// assert_eq!(certificate.public_key().to_string(), "EC P-256");
/// assert!(certificate.dns_names().eq(["localhost", "dev.test.com"]));
/// assert!(!certificate.is_ca());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Certificate<'a> {
    version: u8,
    serial: &'a [u8],
    issuer: Name<'a>,
    not_before: Time,
    not_after: Time,
    subject: Name<'a>,
    public_key: PublicKey,
    extensions: Extensions<'a>,
}

impl<'a> Certificate<'a> {
    /// The longest certificate that is read, in bytes.
    pub const MAX: usize = 0xffff;

    /// One whole certificate in DER, and nothing behind it.
    ///
    /// # Errors
    /// The [`Rule`] of DER or of RFC 5280 that it breaks. A certificate that is cut off is an error; there
    /// is no "not yet" here, because TLS sends the length of each certificate.
    pub fn decode(der: &'a [u8]) -> Result<Certificate<'a>, Error> {
        if der.len() > Self::MAX {
            return Err(Error::new(Rule::CertificateTooLong, der, Self::MAX));
        }
        let mut whole = Der::new(der);
        let mut parts = whole.expect(tag::SEQUENCE)?.inside();
        whole.finish()?;
        let signed = parts.expect(tag::SEQUENCE)?;
        let algorithm = parts.expect(tag::SEQUENCE)?;
        parts.expect(tag::BIT_STRING)?.bits()?;
        parts.finish()?;
        to_be_signed(signed.inside(), algorithm)
    }

    /// 1, 2 or 3. The book's commands made 1, which has no [`alt_names`](Certificate::alt_names) and
    /// is refused (E34).
    pub fn version(&self) -> u8 {
        self.version
    }

    /// The serial number, the most significant byte first, without leading zeros.
    pub fn serial(&self) -> &'a [u8] {
        self.serial
    }

    /// The serial number as `4D835F6D`, the form of OpenSSL and Node.
    pub fn serial_text(&self) -> String {
        let digits = self.serial.iter().map(|byte| format!("{byte:02X}"));
        digits.collect()
    }

    /// The name of the CA that signed it.
    pub fn issuer(&self) -> Name<'a> {
        self.issuer
    }

    /// The name of its owner.
    pub fn subject(&self) -> Name<'a> {
        self.subject
    }

    /// The first second in which it is valid.
    pub fn not_before(&self) -> Time {
        self.not_before
    }

    /// The last second in which it is valid.
    pub fn not_after(&self) -> Time {
        self.not_after
    }

    /// The kind and the length of its key.
    pub fn public_key(&self) -> PublicKey {
        self.public_key
    }

    /// The hosts that it is for, in order. The Common Name is not one of them (RFC 9525, E35).
    pub fn alt_names(&self) -> impl Iterator<Item = AltName<'a>> + use<'a> {
        self.extensions.alt_names.iter()
    }

    /// The DNS names among the [`alt_names`](Certificate::alt_names), patterns too.
    pub fn dns_names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.alt_names().filter_map(|name| match name {
            AltName::Dns(name) => Some(name),
            AltName::Ip(_) => None,
        })
    }

    /// The addresses among the [`alt_names`](Certificate::alt_names): 4 or 16 bytes each.
    pub fn ip_addresses(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.alt_names().filter_map(|name| match name {
            AltName::Ip(bytes) => Some(bytes),
            AltName::Dns(_) => None,
        })
    }

    /// Whether it may sign others: `CA:TRUE` in basicConstraints.
    pub fn is_ca(&self) -> bool {
        self.extensions.is_ca
    }

    /// Whether issuer and subject are the same, as in a root and in a certificate that was made without a
    /// CA. A certificate that a CA signed is not self-signed, though the notes call it so (E36).
    pub fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// Whether `issuer` has the name that this certificate gives for its issuer. The signature is not
    /// checked.
    pub fn names_as_issuer(&self, issuer: &Certificate<'_>) -> bool {
        self.issuer.raw() == issuer.subject.raw()
    }
}

fn to_be_signed<'a>(mut fields: Der<'a>, algorithm: Element<'a>) -> Result<Certificate<'a>, Error> {
    let version = version(fields.optional(VERSION)?)?;
    let serial = serial(fields.expect(tag::INTEGER)?)?;
    // RFC 5280 §4.1.1.2: "This field MUST contain the same algorithm identifier as the signature
    // field in the sequence tbsCertificate (Section 4.1.2.3)."
    if fields.expect(tag::SEQUENCE)?.raw() != algorithm.raw() {
        return Err(algorithm.refuse(Rule::SignatureAlgorithms));
    }
    algorithm.inside().expect(tag::OID)?.oid()?;
    let issuer = Name::decode(fields.expect(tag::SEQUENCE)?)?;
    let mut validity = fields.expect(tag::SEQUENCE)?.inside();
    let (not_before, not_after) = (
        Time::decode(validity.any()?)?,
        Time::decode(validity.any()?)?,
    );
    validity.finish()?;
    let subject = Name::decode(fields.expect(tag::SEQUENCE)?)?;
    let public_key = PublicKey::decode(fields.expect(tag::SEQUENCE)?)?;
    Ok(Certificate {
        version,
        serial,
        issuer,
        not_before,
        not_after,
        subject,
        public_key,
        extensions: last_fields(fields, version)?,
    })
}

// RFC 5280 §4.1.2.1: "When extensions are used, as expected in this profile, version MUST be 3
// (value is 2)."
fn version(explicit: Option<Element<'_>>) -> Result<u8, Error> {
    let Some(explicit) = explicit else {
        return Ok(1);
    };
    match *explicit.inner(tag::INTEGER)?.integer()? {
        [number @ 1..=2] => Ok(number + 1),
        _ => Err(explicit.refuse(Rule::VersionInvalid)), // X.690 §11.5: a default value is left out
    }
}

// RFC 5280 §4.1.2.2: "Certificate users MUST be able to handle serialNumber values up to 20 octets."
fn serial(element: Element<'_>) -> Result<&[u8], Error> {
    let serial = match element.integer()? {
        [0] => &[0],
        integer => magnitude(integer),
    };
    match serial.len() > SERIAL_MAX {
        true => Err(element.refuse(Rule::SerialInvalid)),
        false => Ok(serial),
    }
}

/// The fields that versions 2 and 3 added.
fn last_fields<'a>(mut fields: Der<'a>, version: u8) -> Result<Extensions<'a>, Error> {
    let issuer_id = fields.optional(ISSUER_UNIQUE_ID)?;
    let subject_id = fields.optional(SUBJECT_UNIQUE_ID)?;
    let extensions = fields.optional(EXTENSIONS)?;
    fields.finish()?;
    // RFC 5280 §4.1.2.9: "This field MUST only appear if the version is 3 (Section 4.1.2.1)."
    let too_new = match version {
        1 => issuer_id.or(subject_id).or(extensions),
        2 => extensions,
        _ => None,
    };
    match (too_new, extensions) {
        (Some(field), _) => Err(field.refuse(Rule::ExtensionsNotAllowed)),
        (None, None) => Ok(Extensions::NONE),
        (None, Some(field)) => Extensions::decode(field.inner(tag::SEQUENCE)?),
    }
}

/// The extensions that are read here.
#[derive(Clone, Copy, Debug)]
struct Extensions<'a> {
    alt_names: AltNames<'a>,
    is_ca: bool,
}

impl<'a> Extensions<'a> {
    const NONE: Extensions<'static> = Extensions {
        alt_names: AltNames::NONE,
        is_ca: false,
    };

    fn decode(list: Element<'a>) -> Result<Extensions<'a>, Error> {
        let (mut extensions, mut found) = (list.inside(), Extensions::NONE);
        let mut seen: Vec<&[u8]> = Vec::new();
        while !extensions.is_empty() {
            let extension = extensions.expect(tag::SEQUENCE)?;
            let (oid, value) = one_extension(extension)?;
            // RFC 5280 §4.2: "A certificate MUST NOT include more than one instance of a particular
            // extension."
            if seen.contains(&oid) {
                return Err(extension.refuse(Rule::CertificateExtensionRepeated));
            }
            if seen.len() == MAX_EXTENSIONS {
                return Err(extension.refuse(Rule::TooManyCertificateExtensions));
            }
            seen.push(oid);
            match oid {
                SUBJECT_ALT_NAME => {
                    found.alt_names = AltNames::decode(value.inner(tag::SEQUENCE)?)?;
                }
                BASIC_CONSTRAINTS => found.is_ca = is_ca(value.inner(tag::SEQUENCE)?)?,
                _ => {}
            }
        }
        Ok(found)
    }
}

/// The type and the value of an extension. `critical: false` should be left out, but there are roots that
/// write it.
fn one_extension(extension: Element<'_>) -> Result<(&[u8], Element<'_>), Error> {
    let mut inside = extension.inside();
    let oid = inside.expect(tag::OID)?.oid()?;
    if let Some(critical) = inside.optional(tag::BOOLEAN)? {
        critical.boolean()?;
    }
    let value = inside.expect(tag::OCTET_STRING)?;
    inside.finish()?;
    Ok((oid, value))
}

fn is_ca(constraints: Element<'_>) -> Result<bool, Error> {
    let mut inside = constraints.inside();
    let is_ca = inside.optional(tag::BOOLEAN)?;
    let is_ca = is_ca.map_or(Ok(false), |is_ca| is_ca.boolean())?;
    if let Some(path_length) = inside.optional(tag::INTEGER)? {
        path_length.integer()?;
    }
    inside.finish()?;
    Ok(is_ca)
}
