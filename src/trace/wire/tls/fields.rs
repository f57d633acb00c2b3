//! Reads the structures of TLS and paints what it has read.

use super::codes::{self, Codes};
use crate::tls::wire::{Error, Reader};
use crate::trace::wire::labels::Label;
use crate::trace::wire::span::{Brush, hex};

/// Of a longer list the rest is one leaf.
pub(super) const MOST_PARTS: usize = 128;

/// The chapter's reader of a message, and a brush over the same bytes.
#[derive(Debug)]
pub(super) struct Fields<'r, 'm> {
    pub(super) brush: &'r mut Brush<'m>,
    pub(super) reader: Reader<'m>,
}

/// Whether the structure has its form. What comes before the error is painted.
pub(super) type Read = Result<(), Error>;

impl<'m> Fields<'_, 'm> {
    /// A number of so many bytes, in decimal digits.
    pub(super) fn number(&mut self, bytes: usize, label: Label) -> Result<u32, Error> {
        let number = self.read(bytes)?;
        self.brush
            .valued(self.reader.at(), label, number.to_string());
        Ok(number)
    }

    /// A number with a name.
    pub(super) fn code(&mut self, bytes: usize, label: Label, codes: Codes) -> Result<u16, Error> {
        let number = self.read(bytes)? as u16; // two bytes at most
        self.brush
            .valued(self.reader.at(), label, codes.text(number));
        if bytes == 2 && codes::is_grease(number) {
            self.brush.note(Label::TlsGrease, "GREASE");
        }
        Ok(number)
    }

    fn read(&mut self, bytes: usize) -> Result<u32, Error> {
        let number = self.reader.bytes(bytes)?.iter();
        Ok(number.fold(0, |all, &byte| all << 8 | u32::from(byte)))
    }

    /// `opaque x[bytes]`
    pub(super) fn bytes(&mut self, bytes: usize, label: Label) -> Read {
        self.bytes_as(bytes, label, hex)
    }

    fn bytes_as(&mut self, bytes: usize, label: Label, show: fn(&[u8]) -> String) -> Read {
        let value = show(self.reader.bytes(bytes)?);
        self.brush.valued(self.reader.at(), label, value);
        Ok(())
    }

    /// What is left, in hexadecimal.
    pub(super) fn rest(&mut self, label: Label) -> Read {
        self.bytes(self.reader.rest().len(), label)
    }

    /// `opaque x<min..>` whose length has `size` bytes.
    pub(super) fn opaque(&mut self, size: usize, min: usize, label: Label) -> Read {
        self.opaque_as(size, min, label, hex)
    }

    /// The same, as `show` writes it.
    pub(super) fn opaque_as(
        &mut self,
        size: usize,
        min: usize,
        label: Label,
        show: fn(&[u8]) -> String,
    ) -> Read {
        self.vector(size, min, |fields| {
            fields.bytes_as(fields.reader.rest().len(), label, show)
        })
    }

    /// A vector: its length, and what `paint` reads inside, to its end.
    pub(super) fn vector(
        &mut self,
        size: usize,
        min: usize,
        paint: impl FnOnce(&mut Fields<'_, 'm>) -> Read,
    ) -> Read {
        let reader = match size {
            1 => self.reader.vector8(min, 0xff)?,
            2 => self.reader.vector16(min)?,
            _ => {
                let length = self.reader.u24()?;
                self.reader.part(length)?
            }
        };
        let length = reader.rest().len();
        self.brush
            .valued(reader.at(), Label::TlsLength, length.to_string());
        let brush = &mut *self.brush;
        let mut inside = Fields { brush, reader };
        paint(&mut inside)?;
        inside.reader.finish()
    }

    /// A vector of elements, each of which `paint` reads.
    pub(super) fn list(
        &mut self,
        size: usize,
        min: usize,
        mut paint: impl FnMut(&mut Fields<'_, 'm>) -> Read,
    ) -> Read {
        self.vector(size, min, |fields| {
            for _ in 0..MOST_PARTS {
                if fields.reader.is_empty() {
                    return Ok(());
                }
                paint(fields)?;
            }
            fields.rest(Label::TlsMore)
        })
    }

    /// A vector of numbers with names, at least one.
    pub(super) fn codes(&mut self, size: usize, each: usize, label: Label, codes: Codes) -> Read {
        self.list(size, each, |fields| {
            fields.code(each, label, codes).map(drop)
        })
    }

    /// A span of what `paint` reads.
    pub(super) fn group(
        &mut self,
        label: Label,
        paint: impl FnOnce(&mut Fields<'_, 'm>) -> Read,
    ) -> Read {
        let reader = &mut self.reader;
        self.brush.group(label, |brush| {
            let mut inside = Fields {
                brush,
                reader: *reader,
            };
            let read = paint(&mut inside);
            *reader = inside.reader;
            read
        })
    }

    /// The same, unless what is read has another form: then nothing is painted or read, and the answer is false.
    pub(super) fn try_group(
        &mut self,
        label: Label,
        paint: impl FnOnce(&mut Fields<'_, 'm>) -> Read,
    ) -> bool {
        let mut reader = self.reader;
        let painted = self.brush.try_group(label, |brush| {
            let mut inside = Fields { brush, reader };
            paint(&mut inside).ok()?;
            reader = inside.reader;
            Some(())
        });
        if painted.is_some() {
            self.reader = reader;
        }
        painted.is_some()
    }
}
