//! Certificates: names, dates, key and extensions, each element of DER with its tag and its length.
//!
//! ```text
//!   30 0b        head of a sequence        X509Head
//!     06 03      head of an identifier     X509Head
//!     55 04 03   2.5.4.3 CN                X509NameType
//!     0c 04      head of a text            X509Head
//!     74 65 …    test                      X509NameValue
//! ```
//!
//! [`Certificate`] judges a certificate and says what is in it; [`Der`], the reader below it, says where. A certificate
//! that it refuses breaks no rule of the connection: that is one leaf, with the rule as a note.

use super::codes::oid_text;
use super::fields::{Fields, Read};
use crate::tls::wire::{Certificate, Der, Element, alt_name, tag, text};
use crate::trace::wire::labels::Label::{self, *};
use crate::trace::wire::span::{Brush, Note, hex, shown};

const SUBJECT_ALT_NAME: &[u8] = b"\x55\x1d\x11";
const BASIC_CONSTRAINTS: &[u8] = b"\x55\x1d\x13";
const KEY_USAGE: &[u8] = b"\x55\x1d\x0f";
const EXTENDED_KEY_USAGE: &[u8] = b"\x55\x1d\x25";
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// Of a longer list the rest is one leaf.
const MOST_PARTS: usize = 128;

// RFC 5280 §4.2.1.3: "KeyUsage ::= BIT STRING"
#[rustfmt::skip]
const USAGES: [&str; 9] = [
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign",
    "cRLSign", "encipherOnly", "decipherOnly",
];

/// Paints a certificate, which is all that is left of the fields.
pub(super) fn certificate(fields: &mut Fields<'_, '_>) -> Read {
    let base = fields.reader.at();
    let der = fields.reader.bytes(fields.reader.rest().len())?;
    let judged = Certificate::decode(der);
    let painted = judged.as_ref().ok().and_then(|says| {
        let paint = |brush: &mut Brush<'_>| whole(&mut Elements { brush, base }, der, says).ok();
        fields.brush.try_group(X509, paint)
    });
    if painted.is_none() {
        fields.brush.valued(base + der.len(), X509, hex(der));
        if let Err(error) = judged {
            let rule = error.rule();
            let note = Note::new(X509Refused, rule.says());
            fields.brush.add(Note {
                rule: rule.section(),
                ..note
            });
        }
    }
    Ok(())
}

/// Paints the name of a CA, which is all that is left of the fields.
pub(super) fn authority(fields: &mut Fields<'_, '_>) -> Read {
    let base = fields.reader.at();
    let der = fields.reader.bytes(fields.reader.rest().len())?;
    let painted = fields.brush.try_group(TlsAuthority, |brush| {
        let mut elements = Der::new(der);
        let name = elements.expect(tag::SEQUENCE).ok()?;
        elements.finish().ok()?;
        Elements { brush, base }.inside(name, names).ok()
    });
    if painted.is_none() {
        fields
            .brush
            .valued(base + der.len(), TlsAuthority, hex(der));
    }
    Ok(())
}

/// A brush over the elements of a certificate, which begins at `base`.
struct Elements<'r, 'm> {
    brush: &'r mut Brush<'m>,
    base: usize,
}

impl<'m> Elements<'_, 'm> {
    /// Tag and length; of a bit string also the byte that says how many bits of its last byte are not used.
    fn head(&mut self, element: &Element<'_>) {
        let place = element.place();
        let is_bits = element.tag == tag::BIT_STRING && !place.is_empty();
        let says = format!("{} {}", tag_name(element.tag), place.len());
        self.brush.valued(
            self.base + place.start + usize::from(is_bits),
            X509Head,
            says,
        );
    }

    /// An element without others in it.
    fn value(&mut self, element: Element<'_>, label: Label, value: String) {
        self.head(&element);
        self.brush
            .valued(self.base + element.place().end, label, value);
    }

    fn raw(&mut self, element: Element<'_>, label: Label) {
        let unused = usize::from(element.tag == tag::BIT_STRING);
        self.value(
            element,
            label,
            hex(element.content().get(unused..).unwrap_or_default()),
        );
    }

    /// The head of an element, and what `paint` reads in it.
    fn inside<'e>(
        &mut self,
        element: Element<'e>,
        paint: impl FnOnce(&mut Elements<'_, 'm>, &mut Der<'e>) -> Read,
    ) -> Read {
        self.head(&element);
        let mut inside = element.inside();
        let (brush, base) = (&mut *self.brush, self.base);
        paint(&mut Elements { brush, base }, &mut inside)?;
        inside.finish()
    }

    /// The same, as a span.
    fn group<'e>(
        &mut self,
        element: Element<'e>,
        label: Label,
        paint: impl FnOnce(&mut Elements<'_, 'm>, &mut Der<'e>) -> Read,
    ) -> Read {
        let (base, mut read) = (self.base, Ok(()));
        self.brush.group(label, |brush| {
            read = Elements { brush, base }.inside(element, paint)
        });
        read
    }

    /// Each of some elements. Of a longer list the rest is one leaf.
    fn each<'e>(
        &mut self,
        elements: &mut Der<'e>,
        mut paint: impl FnMut(&mut Elements<'_, 'm>, Element<'e>) -> Read,
    ) -> Read {
        let (mut count, mut end) = (0, None);
        while !elements.is_empty() {
            let element = elements.any()?;
            count += 1;
            match count > MOST_PARTS {
                true => end = Some(element.place().end),
                false => paint(self, element)?,
            }
        }
        if let Some(end) = end {
            self.brush.valued(
                self.base + end,
                TlsMore,
                format!("{} more", count - MOST_PARTS),
            );
        }
        Ok(())
    }
}

fn whole(it: &mut Elements<'_, '_>, der: &[u8], says: &Certificate<'_>) -> Read {
    it.inside(Der::new(der).expect(tag::SEQUENCE)?, |it, parts| {
        it.group(parts.expect(tag::SEQUENCE)?, X509Signed, |it, parts| {
            signed(it, parts, says)
        })?;
        algorithm(it, parts.expect(tag::SEQUENCE)?)?;
        it.raw(parts.expect(tag::BIT_STRING)?, X509Signature);
        Ok(())
    })
}

fn signed(it: &mut Elements<'_, '_>, parts: &mut Der<'_>, says: &Certificate<'_>) -> Read {
    if let Some(version) = parts.optional(VERSION)? {
        it.head(&version);
        it.value(
            version.inner(tag::INTEGER)?,
            X509Version,
            says.version().to_string(),
        );
    }
    it.value(parts.expect(tag::INTEGER)?, X509Serial, says.serial_text());
    algorithm(it, parts.expect(tag::SEQUENCE)?)?;
    it.group(parts.expect(tag::SEQUENCE)?, X509Issuer, names)?;
    it.group(parts.expect(tag::SEQUENCE)?, X509Validity, |it, times| {
        it.value(times.any()?, X509NotBefore, says.not_before().to_string());
        it.value(times.any()?, X509NotAfter, says.not_after().to_string());
        Ok(())
    })?;
    it.group(parts.expect(tag::SEQUENCE)?, X509Subject, names)?;
    it.group(parts.expect(tag::SEQUENCE)?, X509Key, |it, parts| {
        algorithm(it, parts.expect(tag::SEQUENCE)?)?;
        it.raw(parts.expect(tag::BIT_STRING)?, X509KeyBits);
        it.brush.note(X509KeyKind, says.public_key().to_string());
        Ok(())
    })?;
    it.each(parts, |it, element| match element.tag {
        EXTENSIONS => {
            it.head(&element);
            let extensions = element.inner(tag::SEQUENCE)?;
            it.group(extensions, X509Extensions, |it, parts| {
                it.each(parts, extension)
            })
        }
        _ => {
            it.raw(element, X509UniqueId);
            Ok(())
        }
    })
}

fn algorithm(it: &mut Elements<'_, '_>, element: Element<'_>) -> Read {
    it.group(element, X509AlgorithmId, |it, parts| {
        let oid = parts.expect(tag::OID)?;
        it.value(oid, X509Algorithm, oid_text(oid.content()));
        it.each(parts, |it, parameters| {
            match parameters.tag {
                tag::OID => it.value(parameters, X509Parameters, oid_text(parameters.content())),
                _ => it.raw(parameters, X509Parameters),
            }
            Ok(())
        })
    })
}

/// The parts of a name: sets of attributes, almost always of one.
fn names(it: &mut Elements<'_, '_>, parts: &mut Der<'_>) -> Read {
    it.each(parts, |it, part| {
        it.group(part, X509Name, |it, attributes| {
            it.each(attributes, |it, attribute| {
                it.inside(attribute, |it, parts| {
                    let oid = parts.expect(tag::OID)?;
                    it.value(oid, X509NameType, oid_text(oid.content()));
                    let value = parts.any()?;
                    it.value(
                        value,
                        X509NameValue,
                        shown(text(value).unwrap_or_default().as_bytes()),
                    );
                    Ok(())
                })
            })
        })
    })
}

/// An extension. If its content is not of its form, that is one leaf.
fn extension(it: &mut Elements<'_, '_>, element: Element<'_>) -> Read {
    let base = it.base;
    let paint = |brush: &mut Brush<'_>, splits| {
        Elements { brush, base }.inside(element, |it, parts| extension_parts(it, parts, splits))
    };
    let mut read = Ok(());
    if it
        .brush
        .try_group(X509Extension, |brush| paint(brush, true).ok())
        .is_none()
    {
        it.brush
            .group(X509Extension, |brush| read = paint(brush, false));
    }
    read
}

fn extension_parts(it: &mut Elements<'_, '_>, parts: &mut Der<'_>, splits: bool) -> Read {
    let oid = parts.expect(tag::OID)?;
    it.value(oid, X509ExtensionType, oid_text(oid.content()));
    if let Some(critical) = parts.optional(tag::BOOLEAN)? {
        it.value(critical, X509Critical, critical.boolean()?.to_string());
    }
    let value = parts.expect(tag::OCTET_STRING)?;
    if !splits {
        it.raw(value, X509ExtensionData);
        return Ok(());
    }
    match oid.content() {
        SUBJECT_ALT_NAME => it.inside(value, |it, parts| {
            it.group(parts.expect(tag::SEQUENCE)?, X509AltNames, |it, names| {
                it.each(names, alternative)
            })
        }),
        BASIC_CONSTRAINTS => it.inside(value, |it, parts| {
            it.group(
                parts.expect(tag::SEQUENCE)?,
                X509Constraints,
                |it, parts| {
                    if let Some(is_ca) = parts.optional(tag::BOOLEAN)? {
                        it.value(is_ca, X509Ca, is_ca.boolean()?.to_string());
                    }
                    if let Some(length) = parts.optional(tag::INTEGER)? {
                        it.value(length, X509PathLength, integer(length.content()));
                    }
                    Ok(())
                },
            )
        }),
        KEY_USAGE => it.inside(value, |it, parts| {
            let bits = parts.expect(tag::BIT_STRING)?;
            it.value(bits, X509KeyUsage, usages(bits.content()));
            Ok(())
        }),
        EXTENDED_KEY_USAGE => it.inside(value, |it, parts| {
            it.group(
                parts.expect(tag::SEQUENCE)?,
                X509Purposes,
                |it, purposes| {
                    it.each(purposes, |it, oid| {
                        it.value(oid, X509Purpose, oid_text(oid.content()));
                        Ok(())
                    })
                },
            )
        }),
        _ => {
            it.raw(value, X509ExtensionData);
            Ok(())
        }
    }
}

fn alternative(it: &mut Elements<'_, '_>, name: Element<'_>) -> Read {
    let says = match alt_name(name)? {
        Some(host) => host.to_string(),
        None => format!("{} {}", tag_name(name.tag), shown(name.content())),
    };
    it.value(name, X509AltName, says);
    Ok(())
}

fn integer(bytes: &[u8]) -> String {
    match *bytes {
        [number @ 0..=0x7f] => number.to_string(),
        _ => hex(bytes),
    }
}

/// The names of the bits that are set; the first byte says how many bits of the last are not used.
fn usages(bits: &[u8]) -> String {
    let bytes = bits.get(1..).unwrap_or_default();
    let is_set = |at: usize| {
        bytes
            .get(at / 8)
            .is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0)
    };
    let names = USAGES.iter().enumerate().filter(|(at, _)| is_set(*at));
    names.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}

fn tag_name(number: u8) -> String {
    let name = match number {
        tag::BOOLEAN => "BOOLEAN",
        tag::INTEGER => "INTEGER",
        tag::BIT_STRING => "BIT STRING",
        tag::OCTET_STRING => "OCTET STRING",
        0x05 => "NULL",
        tag::OID => "OBJECT IDENTIFIER",
        tag::UTF8_STRING => "UTF8String",
        tag::PRINTABLE_STRING => "PrintableString",
        tag::TELETEX_STRING => "TeletexString",
        tag::IA5_STRING => "IA5String",
        tag::UTC_TIME => "UTCTime",
        tag::GENERALIZED_TIME => "GeneralizedTime",
        tag::BMP_STRING => "BMPString",
        tag::SEQUENCE => "SEQUENCE",
        tag::SET => "SET",
        _ if number & 0xc0 == 0x80 => return format!("[{}]", number & 0x1f),
        _ => return format!("tag {number:#04x}"),
    };
    name.into()
}
