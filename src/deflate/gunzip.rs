//! Gunzip: the content of a gzip file, which is one member or several.
//!
//! ```text
//!  Magic Method Flags Time ExtraFlags System  ExtraLength Extra Name Comment HeaderCrc ─▶ Content ─▶ Crc Length ─┐
//!    ▲                                        └─────── those whose flags are set ─────┘                          │
//!    └─────────────────────────────────────────── another member ────────────────────────────────────────────────┘
//! ```

use super::crc::Crc;
use super::error::{Error, Rule};
use super::header::{self, Header};
use super::inflate::{Inflate, Progress};
use super::watch::{Field, Item, Watch};

/// The most bytes of a header: it has an extra field of 64 KiB, and names and comments that nothing limits.
const HEADER_BYTES: usize = 128 * 1024;

/// The fields of a member in their order: the flag that each needs, and how many bytes it has, where that is fixed.
#[rustfmt::skip]
const FIELDS: [(Field, u8, usize); TRAILER + 2] = [
    (Field::Magic, 0, 2), (Field::Method, 0, 1), (Field::Flags, 0, 1),
    (Field::Time, 0, 4), (Field::ExtraFlags, 0, 1), (Field::System, 0, 1),
    (Field::ExtraLength, header::EXTRA, 2), (Field::Extra, header::EXTRA, 0),
    (Field::Name, header::NAME, 0), (Field::Comment, header::COMMENT, 0),
    (Field::HeaderCrc, header::CRC, 2),
    (Field::Crc, 0, 4), (Field::Length, 0, 4),
];
/// The first one behind the content.
const TRAILER: usize = 11;

/// Decompresses a gzip file (RFC 1952): each member's content in turn, its CRC and its length checked.
///
/// ```
/// use barewire::deflate::Gunzip;
///
/// let file = [
///     0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, // the header
///     0x4b, 0x4c, 0x4a, 0x06, 0x00, // "abc"
///     0xc2, 0x41, 0x24, 0x35, 3, 0, 0, 0, // its CRC, and its length
/// ];
/// let (mut gunzip, mut out) = (Gunzip::new(), Vec::new());
/// let progress = gunzip.gunzip(&file, &mut out, 100)?;
/// assert!(!progress.more);
/// gunzip.end()?; // no more input comes, and nothing is missing
/// assert_eq!(out, b"abc");
/// # Ok::<(), barewire::deflate::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Gunzip {
    part: Part,
    /// What has come of a field.
    got: Vec<u8>,
    /// Bytes of the file so far; and those before the content of this member.
    position: u64,
    content_at: u64,
    flags: u8,
    extra_bytes: usize,
    header_bytes: usize,
    header_crc: Crc,
    /// The header that is being read, and the last one that has come in whole.
    next_header: Header,
    header: Option<Header>,
    inflate: Inflate,
    crc: Crc,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    /// A place in [`FIELDS`].
    Field(usize),
    Content,
    Broken(Error),
}

impl Default for Gunzip {
    fn default() -> Gunzip {
        Gunzip::new()
    }
}

impl Gunzip {
    /// For a file that begins with the next input.
    pub fn new() -> Gunzip {
        Gunzip {
            part: Part::Field(0),
            got: Vec::new(),
            position: 0,
            content_at: 0,
            flags: 0,
            extra_bytes: 0,
            header_bytes: 0,
            header_crc: Crc::default(),
            next_header: Header::default(),
            header: None,
            inflate: Inflate::new(15),
            crc: Crc::default(),
        }
    }

    /// The header of this member, or of the one before as long as this one's has not come in whole.
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Decompresses `input`, and appends at most `most` bytes to `out`, as [`Inflate::inflate`] does.
    ///
    /// The content is checked behind its last byte: it is not to be trusted before the next member begins, or
    /// [`end`](Gunzip::end) returns.
    ///
    /// # Errors
    /// The file breaks a [`Rule`]. The same error comes at every call.
    pub fn gunzip(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        most: usize,
    ) -> Result<Progress, Error> {
        self.gunzip_watched(input, out, most, &mut ())
    }

    /// The same, for a watcher that sees each item of the file.
    pub(crate) fn gunzip_watched<W: Watch>(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        most: usize,
        watch: &mut W,
    ) -> Result<Progress, Error> {
        let (before, mut rest, mut room) = (self.position, input, most);
        let more = loop {
            match self.part {
                Part::Broken(error) => return Err(error),
                Part::Content => {
                    let begin = out.len();
                    let result = self.inflate.inflate_watched(rest, out, room, watch);
                    self.crc.update(&out[begin..]);
                    room -= out.len() - begin;
                    match result {
                        Err(error) => self.part = Part::Broken(error.moved(self.content_at)),
                        Ok(progress) => {
                            rest = &rest[progress.consumed..];
                            self.position += progress.consumed as u64;
                            match self.inflate.is_done() {
                                true => self.part = Part::Field(TRAILER),
                                false => break progress.more,
                            }
                        }
                    }
                }
                Part::Field(at) => match self.collect(at, &mut rest, watch) {
                    Ok(false) => break false,
                    Ok(true) => {}
                    Err(rule) => {
                        let at = self.position - self.got.len() as u64;
                        self.part = Part::Broken(Error::behind(before, rule, input, at));
                    }
                },
            }
        };
        let consumed = input.len() - rest.len();
        Ok(Progress { consumed, more })
    }

    /// No more input comes: something of a member is missing, or nothing.
    ///
    /// # Errors
    /// [`Rule::Unfinished`], also if there was no input at all; or the error that there was before.
    pub fn end(&self) -> Result<(), Error> {
        match self.part {
            Part::Broken(error) => Err(error),
            Part::Field(0) if self.got.is_empty() && self.header.is_some() => Ok(()),
            _ => {
                let at = self.position;
                Err(Error::behind(at, Rule::Unfinished, &[], at))
            }
        }
    }

    /// Takes what is missing of a field. At its end, the next one begins.
    fn collect<W: Watch>(
        &mut self,
        at: usize,
        input: &mut &[u8],
        watch: &mut W,
    ) -> Result<bool, Rule> {
        let (field, _, bytes) = FIELDS[at];
        let wanted = match field {
            Field::Name | Field::Comment => {
                let zero = input.iter().position(|&byte| byte == 0);
                zero.map_or(usize::MAX, |at| at + 1)
            }
            Field::Extra => self.extra_bytes - self.got.len(),
            _ => bytes - self.got.len(),
        };
        let n = wanted.min(input.len());
        self.header_bytes += n;
        if self.header_bytes > HEADER_BYTES {
            return Err(Rule::GzipHeaderTooLong);
        }
        let (bytes, rest) = input.split_at(n);
        *input = rest;
        self.got.extend_from_slice(bytes);
        self.position += n as u64;
        if n == wanted {
            self.judge(field)?;
            let bits = 8 * self.got.len() as u64;
            watch.passed(bits, 0, Item::Gzip(field, &self.got));
            self.got.clear();
            self.begin_behind(at);
        }
        Ok(n == wanted)
    }

    /// The field is here in whole.
    fn judge(&mut self, field: Field) -> Result<(), Rule> {
        let header = &mut self.next_header;
        let mut number = [0; 4];
        let n = self.got.len().min(4);
        number[..n].copy_from_slice(&self.got[..n]);
        let number = u32::from_le_bytes(number);
        let header_crc = self.header_crc.value as u16;
        self.header_crc.update(&self.got);
        let flag = |flag: u8| number as u8 & flag != 0;
        match field {
            Field::Magic if number != header::MAGIC => return Err(Rule::GzipMagicMissing),
            Field::Method if number != header::DEFLATE => return Err(Rule::GzipMethodUnknown),
            // RFC 1952 §2.3.1.2: "Reserved FLG bits must be zero."
            Field::Flags if flag(header::RESERVED) => return Err(Rule::GzipFlagsReserved),
            Field::HeaderCrc if number != header_crc.into() => {
                return Err(Rule::GzipHeaderCrcWrong);
            }
            Field::Crc if number != self.crc.value => return Err(Rule::GzipCrcWrong),
            Field::Length if number != self.crc.length => return Err(Rule::GzipLengthWrong),
            Field::Magic | Field::Method | Field::HeaderCrc | Field::Crc | Field::Length => {}
            Field::Flags => {
                self.flags = number as u8;
                (header.is_text, header.has_crc) = (flag(header::TEXT), flag(header::CRC));
            }
            Field::Time => header.time = number,
            Field::ExtraFlags => header.extra_flags = number as u8,
            Field::System => header.system = number as u8,
            Field::ExtraLength => self.extra_bytes = number as usize,
            Field::Extra => header.extra = Some(self.got.clone()),
            Field::Name => header.name = Some(text(&self.got)),
            Field::Comment => header.comment = Some(text(&self.got)),
        }
        Ok(())
    }

    /// Begins what comes behind a field: the next one that is there, the content, or another member.
    fn begin_behind(&mut self, at: usize) {
        let is_there = |&at: &usize| FIELDS[at].1 & !self.flags == 0;
        self.part = match (at + 1..FIELDS.len()).find(is_there) {
            Some(TRAILER) if at < TRAILER => {
                self.header = Some(std::mem::take(&mut self.next_header));
                (self.header_bytes, self.content_at) = (0, self.position);
                Part::Content
            }
            Some(next) => Part::Field(next),
            None => {
                self.inflate.reset();
                (self.header_crc, self.crc) = (Crc::default(), Crc::default());
                self.header_bytes = 0;
                Part::Field(0)
            }
        };
    }
}

/// ISO 8859-1, without the zero at its end.
fn text(bytes: &[u8]) -> String {
    let characters = bytes[..bytes.len() - 1].iter();
    characters.map(|&byte| char::from(byte)).collect()
}
