//! Gunzip: the content of a gzip file, which is one member or several.
//!
//! ```text
//!  Magic ─▶ Method ─▶ Flags ─▶ Plain ─▶ ExtraLength ─▶ Extra ─▶ Name ─▶ Comment ─▶ HeaderCrc ─▶ Content ─▶ Trailer ─┐
//!    ▲                                 └───────────── those whose flags are set ────────────┘                       │
//!    └──────────────────────────────────────────── another member ──────────────────────────────────────────────────┘
//! ```

use super::crc::Crc;
use super::error::{Error, Rule};
use super::header::{self, Header};
use super::inflate::{Inflate, Progress};
use super::watch::{Field, Item, Watch};

/// The most bytes of a header: it has an extra field of 64 KiB, and names and comments that nothing limits.
const HEADER_BYTES: usize = 128 * 1024;

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
    /// What has come of a part of the header or the trailer.
    got: Vec<u8>,
    /// Bytes of the file so far; and those before the content of this member.
    position: u64,
    content_at: u64,
    /// The flags whose parts are still to come.
    flags: u8,
    header_bytes: usize,
    header_crc: Crc,
    /// The header that is being read, and the last one that has come in whole.
    next_header: Header,
    header: Option<Header>,
    inflate: Inflate,
    crc: Crc,
    length: u32,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    Magic,
    Method,
    Flags,
    /// Time, extra flags, system.
    Plain,
    ExtraLength,
    Extra(usize),
    Name,
    Comment,
    HeaderCrc,
    Content,
    Trailer,
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
            part: Part::Magic,
            got: Vec::new(),
            position: 0,
            content_at: 0,
            flags: 0,
            header_bytes: 0,
            header_crc: Crc::default(),
            next_header: Header::default(),
            header: None,
            inflate: Inflate::new(15),
            crc: Crc::default(),
            length: 0,
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
                    self.length = self.length.wrapping_add((out.len() - begin) as u32);
                    room -= out.len() - begin;
                    match result {
                        Err(error) => self.part = Part::Broken(error.moved(self.content_at)),
                        Ok(progress) => {
                            rest = &rest[progress.consumed..];
                            self.position += progress.consumed as u64;
                            match self.inflate.is_done() {
                                true => self.part = Part::Trailer,
                                false => break progress.more,
                            }
                        }
                    }
                }
                _ => match self.collect(&mut rest, watch) {
                    Ok(false) => break false,
                    Ok(true) => {}
                    Err((rule, at)) => {
                        let at = self.position - self.got.len() as u64 + at;
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
            Part::Magic if self.got.is_empty() && self.header.is_some() => Ok(()),
            _ => {
                let at = self.position;
                Err(Error::behind(at, Rule::Unfinished, &[], at))
            }
        }
    }

    /// Takes what is missing of a part that is not the content. At its end, the next one begins.
    ///
    /// An error is a rule, and where in the part it is broken.
    fn collect<W: Watch>(&mut self, input: &mut &[u8], watch: &mut W) -> Result<bool, (Rule, u64)> {
        let wanted = match self.part {
            Part::Name | Part::Comment => {
                let zero = input.iter().position(|&byte| byte == 0);
                zero.map_or(usize::MAX, |at| at + 1)
            }
            Part::Extra(bytes) => bytes - self.got.len(),
            part => part.fields().iter().map(|field| field.1).sum::<usize>() - self.got.len(),
        };
        let n = wanted.min(input.len());
        self.header_bytes += n;
        if self.header_bytes > HEADER_BYTES {
            return Err((Rule::GzipHeaderTooLong, 0));
        }
        let (bytes, rest) = input.split_at(n);
        *input = rest;
        self.got.extend_from_slice(bytes);
        self.position += n as u64;
        if n == wanted {
            let next = self.judge()?;
            let mut bytes = &self.got[..];
            for &(field, length) in self.part.fields() {
                let length = if length == 0 { bytes.len() } else { length };
                let (here, rest) = bytes.split_at(length);
                watch.passed(8 * length as u64, 0, Item::Gzip(field, here));
                bytes = rest;
            }
            self.part = next;
            self.got.clear();
        }
        Ok(n == wanted)
    }

    /// The part is here in whole: returns the next one.
    fn judge(&mut self) -> Result<Part, (Rule, u64)> {
        let header = &mut self.next_header;
        let mut number = [0; 8];
        let n = self.got.len().min(8);
        number[..n].copy_from_slice(&self.got[..n]);
        let number = u64::from_le_bytes(number);
        let header_crc = self.header_crc.value() as u16;
        self.header_crc.update(&self.got);
        match self.part {
            Part::Magic if number == header::MAGIC => return Ok(Part::Method),
            Part::Magic => return Err((Rule::GzipMagicMissing, 0)),
            Part::Method if number == header::DEFLATE => return Ok(Part::Flags),
            Part::Method => return Err((Rule::GzipMethodUnknown, 0)),
            Part::Flags => {
                self.flags = number as u8;
                // RFC 1952 §2.3.1.2: "Reserved FLG bits must be zero."
                if self.flags & header::RESERVED != 0 {
                    return Err((Rule::GzipFlagsReserved, 0));
                }
                header.is_text = self.flags & header::TEXT != 0;
                header.has_crc = self.flags & header::CRC != 0;
                return Ok(Part::Plain);
            }
            Part::Plain => {
                header.time = number as u32;
                [header.extra_flags, header.system] = [(number >> 32) as u8, (number >> 40) as u8];
            }
            Part::ExtraLength => return Ok(Part::Extra(number as usize)),
            Part::Extra(_) => header.extra = Some(self.got.clone()),
            Part::Name => header.name = Some(text(&self.got)),
            Part::Comment => header.comment = Some(text(&self.got)),
            Part::HeaderCrc if number != header_crc.into() => {
                return Err((Rule::GzipHeaderCrcWrong, 0));
            }
            Part::HeaderCrc | Part::Content | Part::Broken(_) => {}
            Part::Trailer if number as u32 != self.crc.value() => {
                return Err((Rule::GzipCrcWrong, 0));
            }
            Part::Trailer if (number >> 32) as u32 != self.length => {
                return Err((Rule::GzipLengthWrong, 4));
            }
            Part::Trailer => {
                self.inflate.reset();
                (self.header_crc, self.crc) = (Crc::default(), Crc::default());
                (self.header_bytes, self.length) = (0, 0);
                return Ok(Part::Magic);
            }
        }
        let optional = [
            (header::EXTRA, Part::ExtraLength),
            (header::NAME, Part::Name),
            (header::COMMENT, Part::Comment),
            (header::CRC, Part::HeaderCrc),
        ];
        for (flag, part) in optional {
            if self.flags & flag != 0 {
                self.flags &= !flag;
                return Ok(part);
            }
        }
        self.header = Some(std::mem::take(header));
        (self.header_bytes, self.content_at) = (0, self.position);
        Ok(Part::Content)
    }
}

impl Part {
    /// The fields of it, and how many bytes each has; 0 is all of the part.
    fn fields(self) -> &'static [(Field, usize)] {
        match self {
            Part::Magic => &[(Field::Magic, 2)],
            Part::Method => &[(Field::Method, 1)],
            Part::Flags => &[(Field::Flags, 1)],
            Part::Plain => &[(Field::Time, 4), (Field::ExtraFlags, 1), (Field::System, 1)],
            Part::ExtraLength => &[(Field::ExtraLength, 2)],
            Part::Extra(_) => &[(Field::Extra, 0)],
            Part::Name => &[(Field::Name, 0)],
            Part::Comment => &[(Field::Comment, 0)],
            Part::HeaderCrc => &[(Field::HeaderCrc, 2)],
            Part::Trailer => &[(Field::Crc, 4), (Field::Length, 4)],
            Part::Content | Part::Broken(_) => &[],
        }
    }
}

/// ISO 8859-1, without the zero at its end.
fn text(bytes: &[u8]) -> String {
    let characters = bytes[..bytes.len() - 1].iter();
    characters.map(|&byte| char::from(byte)).collect()
}
