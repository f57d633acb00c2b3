//! A reader of the structures of TLS (RFC 8446 §3, "Presentation Language").
//!
//! ```text
//!   uint16 x;              ab cd                  the most significant byte first
//!   opaque x[32];          32 bytes
//!   opaque x<0..32>;       02  ab cd              a vector: its length in bytes, then that many.
//!   uint16 x<2..2^16-2>;   00 04  13 01 13 02     The length has as many bytes as the maximum needs
//! ```

use super::error::{Error, Rule};

/// A part of a message, which is read from its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    whole: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(whole: &'a [u8]) -> Reader<'a> {
        let (at, end) = (0, whole.len());
        Reader { whole, at, end }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at == self.end
    }

    /// Where the next byte lies in the whole.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The bytes that are left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.whole[self.at..self.end]
    }

    /// `opaque x[length]`, as a reader.
    pub(crate) fn part(&mut self, length: usize) -> Result<Reader<'a>, Error> {
        if length > self.end - self.at {
            return Err(self.refuse(Rule::MessageTruncated));
        }
        let at = self.at;
        self.at += length;
        Ok(Reader {
            at,
            end: self.at,
            ..*self
        })
    }

    /// `opaque x[length]`
    pub(crate) fn bytes(&mut self, length: usize) -> Result<&'a [u8], Error> {
        self.part(length).map(|part| part.rest())
    }

    /// `uint8 x`
    pub(super) fn u8(&mut self) -> Result<u8, Error> {
        Ok(self.array::<1>()?[0])
    }

    /// `uint16 x`
    pub(super) fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    /// `uint24 x`
    pub(crate) fn u24(&mut self) -> Result<usize, Error> {
        let [a, b, c] = self.array()?;
        Ok(usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c))
    }

    /// `opaque x[N]`, copied.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let bytes = self.bytes(N)?.first_chunk();
        bytes
            .copied()
            .ok_or_else(|| self.refuse(Rule::MessageTruncated))
    }

    /// `x<min..max>` with one byte of length.
    pub(crate) fn vector8(&mut self, min: usize, max: usize) -> Result<Reader<'a>, Error> {
        let at = self.at;
        let length = self.u8()?.into();
        self.vector(at, length, min..=max)
    }

    /// `x<min..2^16-1>`
    pub(crate) fn vector16(&mut self, min: usize) -> Result<Reader<'a>, Error> {
        let at = self.at;
        let length = self.u16()?.into();
        self.vector(at, length, min..=0xffff)
    }

    fn vector(
        &mut self,
        at: usize,
        length: usize,
        allowed: std::ops::RangeInclusive<usize>,
    ) -> Result<Reader<'a>, Error> {
        match allowed.contains(&length) {
            true => self.part(length),
            false => Err(Error::new(Rule::VectorLength, self.whole, at)),
        }
    }

    /// The bytes that are left as `uint16`s. Their number must be even.
    pub(super) fn numbers(self) -> Result<Numbers<'a>, Error> {
        let (pairs, odd) = self.rest().as_chunks();
        match odd.is_empty() {
            true => Ok(Numbers(pairs)),
            false => Err(self.refuse(Rule::VectorLength)),
        }
    }

    /// Refuses bytes that are left.
    pub(crate) fn finish(&self) -> Result<(), Error> {
        match self.is_empty() {
            true => Ok(()),
            false => Err(self.refuse(Rule::MessageTrailing)),
        }
    }

    pub(super) fn refuse(&self, rule: Rule) -> Error {
        Error::new(rule, &self.whole[..self.end], self.at)
    }
}

/// `uint16 x<..>`
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers<'a>(&'a [[u8; 2]]);

impl<'a> Numbers<'a> {
    pub(super) fn iter(self) -> impl Iterator<Item = u16> + use<'a> {
        self.0.iter().map(|pair| u16::from_be_bytes(*pair))
    }
}
