//! Certificates: each element of DER, its tag and its length apart.
//!
//! ```text
//!   30 0b                          X509Head        SEQUENCE, 11 bytes
//!      06 03                       X509Head
//!            55 04 03              X509NameType    2.5.4.3 CN
//!                     0c 04        X509Head
//!                           74 …   X509NameValue   test
//! ```
//!
//! [`Certificate`] judges a certificate and says what is in it; [`Der`], the reader below it, says where. A certificate
//! that it refuses breaks no rule of the connection: that is one leaf, with the rule as a note.

use super::codes::oid_text;
use super::fields::{Fields, MOST_PARTS, Read};
use crate::tls::wire::{Certificate, Der, Element, Error, alt_name, tag, text};
use crate::trace::wire::labels::Label::{self, *};
use crate::trace::wire::span::{Brush, hex, shown};
use crate::trace::wire::step::Refusal;

const SUBJECT_ALT_NAME: &[u8] = b"\x55\x1d\x11";
const BASIC_CONSTRAINTS: &[u8] = b"\x55\x1d\x13";
const KEY_USAGE: &[u8] = b"\x55\x1d\x0f";
const EXTENDED_KEY_USAGE: &[u8] = b"\x55\x1d\x25";

/// Bits of a tag: it contains elements; the context gives the meaning.
const CONSTRUCTED: u8 = 0x20;
const CONTEXT: u8 = 0x80;

/// What a key may be used for, the first bit first (RFC 5280 §4.2.1.3).
#[rustfmt::skip]
const USAGES: [&str; 9] = [
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign",
    "cRLSign", "encipherOnly", "decipherOnly",
];

#[rustfmt::skip]
const TAGS: [(u8, &str); 15] = [
    (tag::BOOLEAN, "BOOLEAN"), (tag::INTEGER, "INTEGER"), (tag::BIT_STRING, "BIT STRING"),
    (tag::OCTET_STRING, "OCTET STRING"), (0x05, "NULL"), (tag::OID, "OBJECT IDENTIFIER"),
    (tag::UTF8_STRING, "UTF8String"), (tag::PRINTABLE_STRING, "PrintableString"),
    (tag::TELETEX_STRING, "TeletexString"), (tag::IA5_STRING, "IA5String"), (tag::UTC_TIME, "UTCTime"),
    (tag::GENERALIZED_TIME, "GeneralizedTime"), (tag::BMP_STRING, "BMPString"), (tag::SEQUENCE, "SEQUENCE"),
    (tag::SET, "SET"),
];

/// What is signed of a certificate, without what is optional.
#[rustfmt::skip]
const SIGNED: [Label; 6] =
    [X509Serial, X509AlgorithmId, X509Issuer, X509Validity, X509Subject, X509Key];

/// What an element is: the label of the one that contains it, how many elements with a tag of their own stand before
/// it there, and its tag. `None`: the container is a leaf.
fn label(inside: Label, at: usize, tag: u8) -> Option<Label> {
    Some(match inside {
        X509 => [X509Signed, X509AlgorithmId, X509Signature][at.min(2)],
        X509Signed if tag & (CONTEXT | CONSTRUCTED) == CONTEXT | CONSTRUCTED => X509Explicit,
        X509Signed if tag & CONTEXT != 0 => X509UniqueId,
        X509Signed => SIGNED[at.min(5)],
        X509Explicit if tag == tag::INTEGER => X509Version,
        X509Explicit => X509Extensions,
        X509AlgorithmId => [X509Algorithm, X509Parameters][at.min(1)],
        X509Issuer | X509Subject | TlsAuthority => X509NamePart,
        X509NamePart => X509Name,
        X509Name => [X509NameType, X509NameValue][at.min(1)],
        X509Validity => [X509NotBefore, X509NotAfter][at.min(1)],
        X509Key => [X509AlgorithmId, X509KeyBits][at.min(1)],
        X509Extensions => X509Extension,
        X509Extension if tag == tag::OID => X509ExtensionType,
        X509Extension if tag == tag::BOOLEAN => X509Critical,
        X509Extension => X509ExtensionData,
        X509AltNames => X509AltName,
        X509Constraints if tag == tag::BOOLEAN => X509Ca,
        X509Constraints => X509PathLength,
        X509Purposes => X509Purpose,
        _ => return None,
    })
}

/// Paints a certificate, which is all that is left of the fields.
pub(super) fn certificate(fields: &mut Fields<'_, '_>) -> Read {
    let der = fields.reader.rest();
    let judged = Certificate::decode(der);
    match &judged {
        Ok(says) => element(fields, X509, Some(says)),
        Err(error) => {
            let read = fields.rest(X509);
            fields
                .brush
                .add(Refusal::tls(error, "certificate").note(X509Refused));
            read
        }
    }
}

/// Paints the name of a CA, which is all that is left of the fields.
pub(super) fn authority(fields: &mut Fields<'_, '_>) -> Read {
    element(fields, TlsAuthority, None)
}

/// One element, which is all that is left of the fields. If it is not of its form, it is a leaf.
fn element(fields: &mut Fields<'_, '_>, label: Label, says: Option<&Certificate<'_>>) -> Read {
    let (base, der) = (fields.reader.at(), fields.reader.rest());
    let whole = Der::new(der).any().ok();
    let whole = whole.filter(|element| element.place().end == der.len());
    let painted = whole.and_then(|element| {
        let paint =
            |brush: &mut Brush<'_>| Elements { brush, base, says }.inside(element, label).ok();
        fields.brush.try_group(label, paint)
    });
    match painted {
        Some(()) => fields.reader.bytes(der.len()).map(drop),
        None => fields.rest(label),
    }
}

/// A brush over the elements of a certificate, which begins at `base`.
struct Elements<'r, 'm, 'c> {
    brush: &'r mut Brush<'m>,
    base: usize,
    says: Option<&'c Certificate<'c>>,
}

impl Elements<'_, '_, '_> {
    /// An element: one that contains others is a span of them.
    fn element(&mut self, element: Element<'_>, is: Label) -> Read {
        if element.tag & CONSTRUCTED == 0 || label(is, 0, tag::SEQUENCE).is_none() {
            return self.leaf(element, is);
        }
        let (base, says) = (self.base, self.says);
        self.brush.group(is, |brush| {
            Elements { brush, base, says }.inside(element, is)
        })
    }

    /// The head of an element and what is in it. Of a long list the rest is one leaf.
    fn inside(&mut self, container: Element<'_>, is: Label) -> Read {
        self.head(&container);
        match (is, self.says) {
            (X509Issuer, Some(says)) => self.brush.note(X509IssuerName, says.issuer().to_string()),
            (X509Subject, Some(says)) => {
                self.brush.note(X509SubjectName, says.subject().to_string());
            }
            _ => {}
        }
        let (mut parts, mut at, mut oid) = (container.inside(), 0, &b""[..]);
        for count in 0.. {
            if parts.is_empty() {
                break;
            }
            if count == MOST_PARTS {
                let end = self.base + container.place().end;
                let rest = hex(self.brush.ahead(end));
                self.brush.valued(end, TlsMore, rest);
                break;
            }
            let part = parts.any()?;
            let label = label(is, at, part.tag).unwrap_or(is);
            match extension_label(oid) {
                Some(content) if label == X509ExtensionData => self.extension(part, content)?,
                _ => self.element(part, label)?,
            }
            at += usize::from(part.tag & CONTEXT == 0);
            if part.tag == tag::OID {
                oid = part.content();
            }
        }
        Ok(())
    }

    /// The content of a known extension. If it is not of its form, it is a leaf.
    fn extension(&mut self, value: Element<'_>, content: Label) -> Read {
        let (base, says) = (self.base, self.says);
        let painted = self.brush.try_group(X509ExtensionData, |brush| {
            let mut elements = Elements { brush, base, says };
            elements.head(&value);
            let mut inside = value.inside();
            elements.element(inside.any().ok()?, content).ok()?;
            inside.finish().ok()
        });
        painted.map_or_else(|| self.leaf(value, X509ExtensionData), Ok)
    }

    /// An element whose content is one leaf.
    fn leaf(&mut self, element: Element<'_>, label: Label) -> Read {
        let value = self.value(&element, label)?;
        self.head(&element);
        self.brush
            .valued(self.base + element.place().end, label, value);
        if let (X509KeyBits, Some(says)) = (label, self.says) {
            self.brush.note(X509KeyKind, says.public_key().to_string());
        }
        Ok(())
    }

    /// Tag and length; of a bit string also the byte that says how many bits of its last byte are not used.
    fn head(&mut self, element: &Element<'_>) {
        let place = element.place();
        let is_bits = element.tag == tag::BIT_STRING && !place.is_empty();
        let says = format!("{} {}", tag_name(element.tag), place.len());
        let end = self.base + place.start + usize::from(is_bits);
        self.brush.valued(end, X509Head, says);
    }

    fn value(&self, element: &Element<'_>, label: Label) -> Result<String, Error> {
        let content = element.content();
        Ok(match (label, element.tag, content, self.says) {
            (X509Serial, _, _, Some(says)) => says.serial_text(),
            (X509Version, _, _, Some(says)) => says.version().to_string(),
            (X509NotBefore, _, _, Some(says)) => says.not_before().to_string(),
            (X509NotAfter, _, _, Some(says)) => says.not_after().to_string(),
            (X509NameValue, ..) => shown(text(*element).unwrap_or_default().as_bytes()),
            (X509AltName, ..) => match alt_name(*element)? {
                Some(host) => host.to_string(),
                None => format!("{} {}", tag_name(element.tag), shown(content)),
            },
            (X509KeyUsage, tag::BIT_STRING, ..) => usages(content),
            (X509PathLength, _, &[length @ 0..=0x7f], _) => length.to_string(),
            (_, tag::OID, ..) => oid_text(content),
            (_, tag::BOOLEAN, ..) => element.boolean()?.to_string(),
            (_, tag::BIT_STRING, [_, bits @ ..], _) => hex(bits),
            _ => hex(content),
        })
    }
}

/// What is in an extension.
fn extension_label(oid: &[u8]) -> Option<Label> {
    match oid {
        SUBJECT_ALT_NAME => Some(X509AltNames),
        BASIC_CONSTRAINTS => Some(X509Constraints),
        KEY_USAGE => Some(X509KeyUsage),
        EXTENDED_KEY_USAGE => Some(X509Purposes),
        _ => None,
    }
}

/// The names of the bits that are set; the first byte says how many bits of the last are not used.
fn usages(bits: &[u8]) -> String {
    let byte = |at: usize| bits.get(1 + at / 8).copied().unwrap_or_default();
    let names = (0..USAGES.len()).filter(|at| byte(*at) & (0x80 >> (at % 8)) != 0);
    names.map(|at| USAGES[at]).collect::<Vec<_>>().join(", ")
}

fn tag_name(number: u8) -> String {
    match TAGS.iter().find(|(known, _)| *known == number) {
        Some((_, name)) => (*name).into(),
        None => format!("[{}]", number & 0x1f),
    }
}
