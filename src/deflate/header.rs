//! The header of a gzip member (RFC 1952 §2.3): what its file was.
//!
//! ```text
//!   1f 8b  08  FLG  MTIME(4)  XFL  OS   [length(2) extra]  [name 00]  [comment 00]  [CRC-16]
//!              │                              ▲                ▲           ▲            ▲
//!              └ bit 0: text                bit 2            bit 3       bit 4        bit 1       others are 0
//! ```

use super::crc::Crc;
use crate::wire::rules;

/// 1f 8b.
pub(super) const MAGIC: u32 = 0x8b1f;
/// The only method of compression.
pub(super) const DEFLATE: u32 = 8;

pub(super) const TEXT: u8 = 1;
pub(super) const CRC: u8 = 1 << 1;
pub(super) const EXTRA: u8 = 1 << 2;
pub(super) const NAME: u8 = 1 << 3;
pub(super) const COMMENT: u8 = 1 << 4;
pub(super) const RESERVED: u8 = 0xe0;

rules! {
    /// What the [`Header`] of a file cannot say.
    ///
    /// ```
    /// use barewire::deflate::{Gzip, Header, Level, Misuse};
    ///
    /// let header = Header { name: Some("月.txt".into()), ..Header::default() };
    /// let refused = Gzip::with_header(&header, Level::Normal).unwrap_err();
    /// assert_eq!(refused, Misuse::TextUnencodable);
    /// ```
    pub enum Misuse;

    TextUnencodable "RFC 1952 §2.3.1" "a name or a comment has characters of ISO 8859-1, and none of them is zero";
    ExtraTooLong "RFC 1952 §2.3" "the extra field has at most 65,535 bytes";
}

impl std::error::Error for Misuse {}

/// What a gzip file says of its content.
///
/// ```
/// use barewire::deflate::{Flush, Gunzip, Gzip, Header, Level};
///
/// let header = Header { name: Some("book.txt".into()), time: 1_072_915_200, ..Header::default() };
/// let mut file = Vec::new();
/// Gzip::with_header(&header, Level::Normal)?.gzip(b"Node.js", Flush::Finish, &mut file, 100);
///
/// let mut gunzip = Gunzip::new();
/// gunzip.gunzip(&file, &mut Vec::new(), 100)?;
/// assert_eq!(gunzip.header(), Some(&header));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// FTEXT: the content is probably text.
    pub is_text: bool,
    /// MTIME: when the file was modified, in seconds since 1970. 0: not known.
    pub time: u32,
    /// XFL: 2 for the best compression, 4 for the fastest.
    pub extra_flags: u8,
    /// OS: where the file was. 0: MS-DOS, 3: Unix, 255: not known.
    pub system: u8,
    /// FEXTRA: subfields for programs (RFC 1952 §2.3.1.1).
    pub extra: Option<Vec<u8>>,
    /// FNAME: the name of the file, without its folder.
    pub name: Option<String>,
    /// FCOMMENT: text for people.
    pub comment: Option<String>,
    /// FHCRC: whether the header has a CRC of its own.
    pub has_crc: bool,
}

impl Default for Header {
    /// Nothing is known.
    fn default() -> Header {
        Header {
            is_text: false,
            time: 0,
            extra_flags: 0,
            system: 255,
            extra: None,
            name: None,
            comment: None,
            has_crc: false,
        }
    }
}

impl Header {
    pub(super) fn encode(&self) -> Result<Vec<u8>, Misuse> {
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        let flags = flag(self.is_text, TEXT)
            | flag(self.has_crc, CRC)
            | flag(self.extra.is_some(), EXTRA)
            | flag(self.name.is_some(), NAME)
            | flag(self.comment.is_some(), COMMENT);
        let mut out = vec![0x1f, 0x8b, DEFLATE as u8, flags];
        out.extend_from_slice(&self.time.to_le_bytes());
        out.extend_from_slice(&[self.extra_flags, self.system]);
        if let Some(extra) = &self.extra {
            let length = u16::try_from(extra.len()).map_err(|_| Misuse::ExtraTooLong)?;
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(extra);
        }
        for text in [&self.name, &self.comment].into_iter().flatten() {
            for character in text.chars() {
                let byte = u8::try_from(character).ok().filter(|&byte| byte != 0);
                out.push(byte.ok_or(Misuse::TextUnencodable)?);
            }
            out.push(0);
        }
        if self.has_crc {
            let mut crc = Crc::default();
            crc.update(&out);
            out.extend_from_slice(&(crc.value as u16).to_le_bytes());
        }
        Ok(out)
    }
}
