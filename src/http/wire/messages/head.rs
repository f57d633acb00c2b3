//! A head while it is being received: what requests and responses share.

use super::fields::{Fields, Known};
use super::section::{Of, Section};
use super::start_line::{StartLine, Version};
use crate::http::wire::{Error, Limits, Rule, grammar};

/// What a start line has at most, and what the fields have, whatever the limits are: offsets in a head, and in the
/// trailers of a chunked body, have 32 bits.
const MOST_BYTES: usize = 1 << 30;

/// The limits, where offsets can count as far; otherwise as far as they can.
pub(super) fn within_offsets(limits: Limits) -> Limits {
    Limits {
        start_line_bytes: limits.start_line_bytes.min(MOST_BYTES),
        field_section_bytes: limits.field_section_bytes.min(MOST_BYTES),
        ..limits
    }
}

/// Which part of a head is being decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    StartLine,
    Fields,
}

/// What the Connection field of a head says, or its absence (RFC 9110 §7.6.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// The sender wants the connection to persist after the message.
    pub(super) persists: bool,
    /// The field names Upgrade.
    pub(super) upgrade: bool,
}

impl Options {
    /// Those of a head with this version and these fields.
    // RFC 9112 §9.3: "If the "close" connection option is present (Section 9.6), the connection will not
    // persist after the current response; else, If the received protocol is HTTP/1.1 (or later), the
    // connection will persist after the current response; else, If the received protocol is HTTP/1.0, the
    // "keep-alive" connection option is present"
    #[inline(always)]
    pub(super) fn read(&mut self, version: Version, fields: Fields<'_>) -> Result<(), Error> {
        self.persists = version == Version::Http11;
        self.upgrade = false;
        match fields.has(Known::Connection) {
            true => self.read_listed(fields),
            false => Ok(()),
        }
    }

    // RFC 9110 §7.6.1: "Connection options are case-insensitive."
    #[inline(never)]
    fn read_listed(&mut self, fields: Fields<'_>) -> Result<(), Error> {
        let mut closes = false;
        let mut add = |option: &[u8]| {
            match option.len() {
                5 if grammar::is_word(option, b"close") => closes = true,
                10 if grammar::is_word(option, b"keep-alive") => self.persists = true,
                7 if grammar::is_word(option, b"upgrade") => self.upgrade = true,
                _ => return false,
            }
            true
        };
        for value in fields.known(Known::Connection) {
            // Nearly all have one option.
            if add(value) {
                continue;
            }
            for option in grammar::list(value) {
                if !add(option) && !grammar::is_token(option) {
                    return Err(Error::new(Rule::ConnectionInvalid, value, 0));
                }
            }
        }
        self.persists &= !closes;
        Ok(())
    }
}

/// Where the parts of a head lie, as far as they have come and are good: offsets in the bytes that were decoded.
/// It can be asked for after an error, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// Where the start line begins, behind empty lines.
    pub(crate) start: usize,
    /// Where the method ends; requests only.
    pub(crate) method_end: Option<usize>,
    /// Where the request-target ends; requests only.
    pub(crate) target_end: Option<usize>,
    /// Where the field section begins, behind the start line.
    pub(crate) fields: Option<usize>,
    /// Where the head ends, behind the empty line.
    pub(crate) end: Option<usize>,
}

/// A head while it is being received: the part that requests and responses share.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) limits: Limits,
    part: Part,
    pub(super) line: StartLine,
    pub(super) section: Section,
    pub(super) options: Options,
}

impl Head {
    pub(super) fn new(limits: Limits, of: Of) -> Head {
        let mut section = Section::new(of);
        section.index.reserve();
        Head {
            limits: within_offsets(limits),
            part: Part::StartLine,
            line: StartLine::default(),
            section,
            options: Options::default(),
        }
    }

    pub(super) fn restart(&mut self) {
        self.part = Part::StartLine;
        self.line.restart();
        self.section.clear();
    }

    /// Nothing of it has arrived yet.
    pub(super) fn is_empty(&self) -> bool {
        self.part == Part::StartLine && self.line.is_empty()
    }

    /// The start line has come, and breaks no rule.
    pub(super) fn has_start_line(&self) -> bool {
        self.part == Part::Fields
    }

    /// Where its parts lie in the bytes that were decoded.
    pub(super) fn places(&self, bytes: &[u8]) -> Places {
        let fields = (self.part == Part::Fields).then(|| self.section.start());
        Places {
            start: self.line.begins_at(),
            method_end: self.line.has_method().then_some(self.line.method().end),
            target_end: self.line.has_target().then_some(self.line.target().end),
            fields,
            end: fields.and_then(|_| self.section.end(bytes)),
        }
    }

    /// Continues with a request line or a status line, and then with the fields; whether the head is complete.
    ///
    /// A head is decoded in several places, and the compiler would not inline this, nor what decodes its line,
    /// in all of them: that costs a plain request 50 instructions.
    #[inline(always)]
    pub(super) fn decode<const REQUEST: bool>(&mut self, bytes: &[u8]) -> Result<bool, Error> {
        if self.part == Part::StartLine {
            let most = self.limits.start_line_bytes;
            let Some(end) = self.line.decode::<REQUEST>(bytes, most)? else {
                return Ok(false);
            };
            self.section.start_at(end);
            self.part = Part::Fields;
        }
        self.section.decode(bytes, &self.limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::wire::ChunkedDecoder;

    #[test]
    fn no_limit_is_above_what_offsets_count() {
        let unlimited = Limits {
            start_line_bytes: usize::MAX,
            field_section_bytes: usize::MAX,
            fields: usize::MAX,
            chunk_extension_bytes: usize::MAX,
        };
        let limits = Head::new(unlimited, Of::Request).limits;
        let line_end = b"\r\n\r\n\r\n\r\n".len() + limits.start_line_bytes;
        assert!(u32::try_from(line_end + limits.field_section_bytes).is_ok());
        let trailers = format!("{:?}", ChunkedDecoder::new(unlimited));
        let most = format!("field_section_bytes: {}", limits.field_section_bytes);
        assert!(trailers.contains(&most), "{trailers}");
    }
}
