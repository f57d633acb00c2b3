//! DER: the distinguished encoding of ASN.1 (X.690), the part that certificates need.
//!
//! ```text
//!   30 0d                            SEQUENCE, 13 bytes:
//!      06 09 2a 86 48 86 f7 0d 01 01 0b   OBJECT IDENTIFIER, 9 bytes
//!      05 00                              NULL, 0 bytes
//!
//!   tag     the type; bit 0x20: it contains elements, bit 0x80: the context gives the meaning
//!   length  00 … 7f        this number
//!           81 80 … 81 ff  in one more byte
//!           82 01 00 …     in two more bytes
//!   content
//! ```
//!
//! One value has one encoding, so that two parties who sign it sign the same bytes: every other encoding
//! is refused. A [`Der`] reads the elements of one level. Each deeper level takes a call of
//! [`Element::inside`] in our source, so an input cannot make us recurse.

use super::error::{Error, Rule};
use std::ops::Range;

/// The tags of a certificate (RFC 5280 §4.1).
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const TELETEX_STRING: u8 = 0x14;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const BMP_STRING: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
}

/// A tag with this number continues in further bytes.
const LONG_TAG: u8 = 0x1f;

/// Elements, one after the other: a part of a certificate.
#[derive(Clone, Copy)]
pub(crate) struct Der<'a> {
    whole: &'a [u8],
    at: usize,
    end: usize,
}

/// One element, and its place in the certificate.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    whole: &'a [u8],
    pub(crate) tag: u8,
    start: usize,
    content: usize,
    end: usize,
}

impl<'a> Der<'a> {
    pub(crate) fn new(whole: &'a [u8]) -> Der<'a> {
        let (at, end) = (0, whole.len());
        Der { whole, at, end }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at == self.end
    }

    /// The next element, with any tag.
    pub(crate) fn any(&mut self) -> Result<Element<'a>, Error> {
        let start = self.at;
        let tag = self.byte()?;
        if tag & LONG_TAG == LONG_TAG {
            return Err(Error::new(Rule::DerTagInvalid, self.whole, start));
        }
        let length = self.length()?;
        let content = self.at;
        if length > self.end - content {
            return Err(Error::new(Rule::DerTruncated, self.whole, start));
        }
        self.at = content + length;
        Ok(Element {
            whole: self.whole,
            tag,
            start,
            content,
            end: self.at,
        })
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<Element<'a>, Error> {
        let element = self.optional(tag)?;
        element.ok_or_else(|| self.refuse(Rule::CertificateShape))
    }

    /// The next element, if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Error> {
        match self.whole[self.at..self.end].first() {
            Some(&next) if next == tag => self.any().map(Some),
            _ => Ok(None),
        }
    }

    /// Refuses bytes that are left.
    pub(crate) fn finish(&self) -> Result<(), Error> {
        match self.is_empty() {
            true => Ok(()),
            false => Err(self.refuse(Rule::DerTrailing)),
        }
    }

    pub(super) fn refuse(&self, rule: Rule) -> Error {
        Error::new(rule, &self.whole[..self.end], self.at)
    }

    fn byte(&mut self) -> Result<u8, Error> {
        let byte = self.whole[self.at..self.end].first();
        let &byte = byte.ok_or_else(|| self.refuse(Rule::DerTruncated))?;
        self.at += 1;
        Ok(byte)
    }

    // X.690 §10.1: "The definite form of length encoding shall be used, encoded in the minimum
    // number of octets."
    fn length(&mut self) -> Result<usize, Error> {
        let at = self.at;
        let length = match self.byte()? {
            short @ 0..=0x7f => return Ok(short.into()),
            0x81 => usize::from(self.byte()?),
            0x82 => usize::from(self.byte()?) << 8 | usize::from(self.byte()?),
            _ => 0, // indefinite (80), or longer than a certificate may be
        };
        let bytes = self.at - at - 1;
        match (bytes, length) {
            (1, 0x80..) | (2, 0x100..) => Ok(length),
            _ => Err(Error::new(Rule::DerLengthInvalid, self.whole, at)),
        }
    }
}

impl<'a> Element<'a> {
    /// The bytes of the element, tag and length included.
    pub(super) fn raw(&self) -> &'a [u8] {
        &self.whole[self.start..self.end]
    }

    pub(crate) fn content(&self) -> &'a [u8] {
        &self.whole[self.content..self.end]
    }

    /// Where its content lies in the certificate; its tag and its length stand before it.
    pub(crate) fn place(&self) -> Range<usize> {
        self.content..self.end
    }

    /// The elements inside.
    pub(crate) fn inside(&self) -> Der<'a> {
        Der {
            whole: self.whole,
            at: self.content,
            end: self.end,
        }
    }

    /// The one element inside.
    pub(crate) fn inner(&self, tag: u8) -> Result<Element<'a>, Error> {
        let mut inside = self.inside();
        let inner = inside.expect(tag)?;
        inside.finish()?;
        Ok(inner)
    }

    pub(super) fn refuse(&self, rule: Rule) -> Error {
        Error::new(rule, &self.whole[..self.end], self.start)
    }

    /// The bytes of an integer in two's complement, the most significant first.
    // X.690 §8.3.2: the first nine bits are neither all zeros nor all ones
    pub(super) fn integer(&self) -> Result<&'a [u8], Error> {
        match *self.content() {
            [] | [0x00, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => {
                Err(self.refuse(Rule::DerIntegerInvalid))
            }
            _ => Ok(self.content()),
        }
    }

    pub(crate) fn boolean(&self) -> Result<bool, Error> {
        match *self.content() {
            [0x00] => Ok(false),
            [0xff] => Ok(true),
            _ => Err(self.refuse(Rule::DerBooleanInvalid)),
        }
    }

    /// A bit string of whole bytes, as elements: the first byte of the content says how many bits of
    /// the last are not used.
    pub(super) fn bits(&self) -> Result<Der<'a>, Error> {
        match self.content().first() {
            Some(0) => Ok(Der {
                at: self.content + 1,
                ..self.inside()
            }),
            _ => Err(self.refuse(Rule::DerBitsInvalid)),
        }
    }

    /// The bytes of an object identifier: each number in groups of seven bits, the last group with
    /// its high bit 0.
    pub(super) fn oid(&self) -> Result<&'a [u8], Error> {
        let content = self.content();
        let mut starts = true;
        for byte in content {
            if starts && *byte == 0x80 {
                return Err(self.refuse(Rule::DerOidInvalid));
            }
            starts = byte & 0x80 == 0;
        }
        match content.is_empty() || !starts {
            true => Err(self.refuse(Rule::DerOidInvalid)),
            false => Ok(content),
        }
    }
}

/// A non-negative integer, without the leading zero of its sign.
pub(super) fn magnitude(integer: &[u8]) -> &[u8] {
    integer.strip_prefix(&[0]).unwrap_or(integer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(bytes: &[u8]) -> Result<(u8, usize), Rule> {
        let element = Der::new(bytes).any().map_err(|error| error.rule())?;
        Ok((element.tag, element.content().len()))
    }

    #[test]
    fn a_length_has_one_form() {
        let filled = |head: &[u8], length| [head, &vec![0; length]].concat();
        assert_eq!(any(&[4, 0]), Ok((4, 0)));
        assert_eq!(any(&filled(&[4, 0x7f], 0x7f)), Ok((4, 0x7f)));
        assert_eq!(any(&filled(&[4, 0x81, 0x80], 0x80)), Ok((4, 0x80)));
        assert_eq!(any(&filled(&[4, 0x82, 1, 0], 0x100)), Ok((4, 0x100)));
        assert_eq!(
            any(&filled(&[4, 0x82, 0xff, 0xff], 0xffff)),
            Ok((4, 0xffff))
        );
        for head in [
            &[4, 0x80][..],
            &[4, 0x81, 0x7f],
            &[4, 0x82, 0, 0xff],
            &[4, 0x83, 0, 1, 0],
            &[4, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[4, 0xff],
        ] {
            let bytes = filled(head, 0x200);
            assert_eq!(any(&bytes), Err(Rule::DerLengthInvalid), "{head:02x?}");
        }
        for cut in [&[][..], &[4], &[4, 1], &[4, 0x82, 1], &[4, 0x82, 1, 0]] {
            assert_eq!(any(cut), Err(Rule::DerTruncated), "{cut:02x?}");
        }
        assert_eq!(any(&[0x3f, 0x81, 0, 0]), Err(Rule::DerTagInvalid));
    }

    fn only(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, content.len() as u8], content].concat()
    }

    #[test]
    fn a_value_has_one_form() {
        for (content, good) in [
            (&[0][..], true),
            (&[0x7f], true),
            (&[0, 0x80], true),
            (&[0x80], true),
            (&[0xff, 0x7f], true),
            (&[], false),
            (&[0, 0x7f], false),
            (&[0xff, 0x80], false),
        ] {
            let bytes = only(tag::INTEGER, content);
            let element = Der::new(&bytes).any().unwrap();
            assert_eq!(element.integer().is_ok(), good, "integer {content:02x?}");
        }
        for (content, good) in [
            (&[0x55, 4, 3][..], true),
            (&[0x81, 0], true),
            (&[], false),
            (&[0x55, 0x84], false),
            (&[0x55, 0x80, 1], false),
            (&[0x80], false),
        ] {
            let bytes = only(tag::OID, content);
            let element = Der::new(&bytes).any().unwrap();
            assert_eq!(element.oid().is_ok(), good, "oid {content:02x?}");
        }
        for (content, value) in [
            (&[0][..], Some(false)),
            (&[0xff], Some(true)),
            (&[1], None),
            (&[], None),
        ] {
            let bytes = only(tag::BOOLEAN, content);
            let element = Der::new(&bytes).any().unwrap();
            assert_eq!(element.boolean().ok(), value, "boolean {content:02x?}");
        }
    }

    #[test]
    fn an_element_cannot_be_longer_than_the_one_that_contains_it() {
        let bytes = [0x30, 3, 4, 2, 1, 9, 9];
        let outer = Der::new(&bytes).any().unwrap();
        let error = outer.inside().any().err().unwrap();
        assert_eq!((error.rule(), error.at()), (Rule::DerTruncated, 2));
    }
}
