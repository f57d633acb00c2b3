//! The subject and the issuer of a certificate (RFC 5280 §4.1.2.4).
//!
//! ```text
//!   Name       SEQUENCE OF            in order, the country first by custom
//!     RDN        SET OF               one part of the name; almost always one attribute
//!       attribute  SEQUENCE
//!         type       OBJECT IDENTIFIER  55 04 03 is 2.5.4.3, the common name
//!         value      a text             UTF8String, PrintableString, …
//! ```
//!
//! No attribute says which *host* a certificate is for, though the notes think so (E35): the hosts are in
//! subjectAltName.

use std::fmt::{self, Write};

use super::der::{Der, Element, tag};
use super::error::{Error, Rule};

/// Short names of attribute types, as OpenSSL and Node write them.
const TYPES: [(&[u8], &str); 14] = [
    (b"\x55\x04\x03", "CN"),
    (b"\x55\x04\x04", "SN"),
    (b"\x55\x04\x05", "serialNumber"),
    (b"\x55\x04\x06", "C"),
    (b"\x55\x04\x07", "L"),
    (b"\x55\x04\x08", "ST"),
    (b"\x55\x04\x09", "street"),
    (b"\x55\x04\x0a", "O"),
    (b"\x55\x04\x0b", "OU"),
    (b"\x55\x04\x0c", "title"),
    (b"\x55\x04\x2a", "GN"),
    (b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", "UID"),
    (b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", "DC"),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", "emailAddress"),
];

/// A distinguished name. Displayed as `C=CN, O=barewire test, CN=localhost`. A character that could look
/// like the end of a value is escaped with a backslash, a control character is `\0A`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name<'a> {
    raw: &'a [u8],
}

impl<'a> Name<'a> {
    /// Its DER. Two names are the same if these bytes are.
    // RFC 5280 §7.1: "Two distinguished names DN1 and DN2 match if they have the same number of
    // RDNs, for each RDN in DN1 there is a matching RDN in DN2, and the matching RDNs appear in the
    // same order in both DNs."
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The first value of a type: `"CN"`, `"O"`, or digits and dots for a type without a short name.
    pub fn get(&self, key: &str) -> Option<String> {
        let mut attributes = self.attributes();
        let found = attributes.find(|attribute| attribute.key() == key);
        found.map(|attribute| attribute.value())
    }

    pub(super) fn decode(element: Element<'a>) -> Result<Name<'a>, Error> {
        let mut parts = element.inside();
        while !parts.is_empty() {
            let mut attributes = parts.expect(tag::SET)?.inside();
            Attribute::decode(&mut attributes, true)?;
            while !attributes.is_empty() {
                Attribute::decode(&mut attributes, false)?;
            }
        }
        let raw = element.raw();
        Ok(Name { raw })
    }

    /// All attributes, in order. [`decode`](Name::decode) has checked them, so there are no errors.
    fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        let whole = Der::new(self.raw).any();
        let mut parts = whole.map_or(Der::new(&[]), |name| name.inside());
        let parts = std::iter::from_fn(move || parts.any().ok());
        parts.flat_map(|part| {
            let (mut attributes, mut starts) = (part.inside(), true);
            std::iter::from_fn(move || {
                Attribute::decode(&mut attributes, std::mem::take(&mut starts)).ok()
            })
        })
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, attribute) in self.attributes().enumerate() {
            f.write_str(match (at, attribute.starts) {
                (0, _) => "",
                (_, true) => ", ",
                (_, false) => " + ",
            })?;
            write!(f, "{}={}", attribute.key(), Escaped(&attribute.value()))?;
        }
        Ok(())
    }
}

/// One attribute of a name.
struct Attribute<'a> {
    /// Whether it is the first of its RDN.
    starts: bool,
    oid: &'a [u8],
    value: Element<'a>,
}

impl<'a> Attribute<'a> {
    fn decode(attributes: &mut Der<'a>, starts: bool) -> Result<Attribute<'a>, Error> {
        let mut inside = attributes.expect(tag::SEQUENCE)?.inside();
        let oid = inside.expect(tag::OID)?.oid()?;
        let value = inside.any()?;
        inside.finish()?;
        if text(value).is_none() {
            return Err(value.refuse(Rule::NameInvalid));
        }
        Ok(Attribute { starts, oid, value })
    }

    fn key(&self) -> String {
        type_name(self.oid).map_or_else(|| dotted(self.oid), str::to_string)
    }

    fn value(&self) -> String {
        text(self.value).unwrap_or_default()
    }
}

/// The short name of an attribute type: `CN`.
pub(crate) fn type_name(oid: &[u8]) -> Option<&'static str> {
    let known = TYPES.iter().find(|(known, _)| *known == oid);
    known.map(|(_, name)| *name)
}

/// The text of a value; a value that is no text is `#` and hexadecimal digits. `None`: the text has
/// characters that its type does not have.
pub(crate) fn text(value: Element<'_>) -> Option<String> {
    let bytes = value.content();
    match value.tag {
        tag::UTF8_STRING => str::from_utf8(bytes).ok().map(str::to_string),
        tag::PRINTABLE_STRING | tag::IA5_STRING => {
            let ascii = str::from_utf8(bytes).ok().filter(|text| text.is_ascii());
            ascii.map(str::to_string)
        }
        tag::TELETEX_STRING => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        tag::BMP_STRING => {
            let (pairs, odd) = bytes.as_chunks();
            let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
            String::from_utf16(&units).ok().filter(|_| odd.is_empty())
        }
        _ => {
            let digits = |hex: String, byte: &u8| hex + &format!("{byte:02X}");
            Some(value.raw().iter().fold("#".to_string(), digits))
        }
    }
}

/// `2.5.4.3`; a number that is too large is shown as the largest `u64`.
pub(crate) fn dotted(oid: &[u8]) -> String {
    let (mut out, mut number) = (String::new(), 0u64);
    for byte in oid {
        number = number.saturating_mul(128) | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        // X.690 §8.19.4: the first number holds two, 40 times the first and the second
        let first = (number / 40).min(2);
        let _ = match out.is_empty() {
            true => write!(out, "{first}.{}", number - first * 40),
            false => write!(out, ".{number}"),
        };
        number = 0;
    }
    out
}

/// A value, escaped so that it cannot look like several.
struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, c) in self.0.char_indices() {
            let edge = at == 0 || at + 1 == self.0.len();
            match c {
                ',' | '+' | '"' | '\\' | '<' | '>' | ';' => write!(f, "\\{c}")?,
                ' ' if edge => f.write_str("\\ ")?,
                '#' if at == 0 => f.write_str("\\#")?,
                c if c.is_control() => {
                    let mut bytes = [0; 4];
                    let bytes = c.encode_utf8(&mut bytes).bytes();
                    bytes
                        .into_iter()
                        .try_for_each(|byte| write!(f, "\\{byte:02X}"))?;
                }
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name of one RDN with these attributes: the bytes of their types, tags and values.
    fn name(attributes: &[(&[u8], u8, &[u8])]) -> Vec<u8> {
        let wrap = |tag: u8, content: &[u8]| [&[tag, content.len() as u8], content].concat();
        let one = |(oid, tag, value): &(&[u8], u8, &[u8])| {
            wrap(0x30, &[wrap(6, oid), wrap(*tag, value)].concat())
        };
        wrap(
            0x30,
            &wrap(0x31, &attributes.iter().flat_map(one).collect::<Vec<_>>()),
        )
    }

    fn shown(attributes: &[(&[u8], u8, &[u8])]) -> Result<String, Rule> {
        let bytes = name(attributes);
        let name = Name::decode(Der::new(&bytes).any().unwrap());
        name.map(|name| name.to_string())
            .map_err(|error| error.rule())
    }

    const CN: &[u8] = b"\x55\x04\x03";

    #[test]
    fn one_value_cannot_look_like_two() {
        let two = [(CN, 0x0c, &b"a"[..]), (b"\x55\x04\x0a", 0x13, b"b")];
        assert_eq!(shown(&two).unwrap(), "CN=a + O=b");
        let forged = [(CN, 0x0c, &b" a, CN=b\n\xc2\x85 "[..])];
        assert_eq!(shown(&forged).unwrap(), "CN=\\ a\\, CN=b\\0A\\C2\\85\\ ");
    }

    #[test]
    fn each_type_of_text_has_its_characters() {
        assert_eq!(shown(&[(CN, 0x0c, "深入".as_bytes())]).unwrap(), "CN=深入");
        assert_eq!(shown(&[(CN, 0x1e, &[0x6d, 0xf1])]).unwrap(), "CN=深");
        assert_eq!(shown(&[(CN, 0x14, &[0xe9])]).unwrap(), "CN=é");
        assert_eq!(shown(&[(CN, 0x02, &[7])]).unwrap(), "CN=\\#020107");
        for (tag, value) in [
            (0x0c, &[0xff][..]),
            (0x13, &[0xe9]),
            (0x1e, &[1]),
            (0x1e, &[0xd8, 0]),
        ] {
            assert_eq!(
                shown(&[(CN, tag, value)]),
                Err(Rule::NameInvalid),
                "{tag:02x}"
            );
        }
        assert_eq!(shown(&[]), Err(Rule::CertificateShape));
    }

    #[test]
    fn a_type_without_a_name_is_its_number() {
        assert_eq!(dotted(b"\x55\x04\x03"), "2.5.4.3");
        assert_eq!(
            dotted(b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"),
            "1.2.840.113549.1.9.1"
        );
        assert_eq!(dotted(b"\x88\x37\x03"), "2.999.3");
        assert_eq!(
            dotted(&[&[0xff; 40][..], &[0x7f]].concat())
                .split('.')
                .count(),
            2
        );
    }
}
