//! Gzip: a file of one member, its content compressed.

use super::crc::Crc;
use super::deflate::{Deflate, Flush, Level};
use super::header::{Header, Misuse};
use super::inflate::Progress;

/// Compresses to a gzip file (RFC 1952).
///
/// ```
/// use barewire::deflate::{Flush, Gunzip, Gzip, Level};
///
/// let (mut gzip, mut file) = (Gzip::new(Level::Normal), Vec::new());
/// gzip.gzip(b"hello hello ", Flush::None, &mut file, 100);
/// gzip.gzip(b"hello hello", Flush::Finish, &mut file, 100);
/// assert!(gzip.is_done());
///
/// let mut content = Vec::new();
/// Gunzip::new().gunzip(&file, &mut content, 100)?;
/// assert_eq!(content, b"hello hello hello hello");
/// # Ok::<(), barewire::deflate::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Gzip {
    /// The header, and in the end the trailer; what is not in the output yet begins at `handed_over`.
    frame: Vec<u8>,
    header_bytes: usize,
    handed_over: usize,
    has_trailer: bool,
    deflate: Deflate,
    crc: Crc,
}

impl Gzip {
    /// A file whose header says how it is compressed, and nothing else.
    pub fn new(level: Level) -> Gzip {
        // RFC 1952 §2.3.1: "XFL = 4 - compressor used fastest algorithm"
        let extra_flags = if level == Level::Fast { 4 } else { 0 };
        let header = Header {
            extra_flags,
            ..Header::default()
        };
        Gzip::with_header(&header, level).expect("no text and no extra field")
    }

    /// A file with this header.
    ///
    /// # Errors
    /// The header cannot be written.
    pub fn with_header(header: &Header, level: Level) -> Result<Gzip, Misuse> {
        let frame = header.encode()?;
        Ok(Gzip {
            header_bytes: frame.len(),
            frame,
            handed_over: 0,
            has_trailer: false,
            deflate: Deflate::new(15, level),
            crc: Crc::default(),
        })
    }

    /// Whether the whole file is in the output.
    pub fn is_done(&self) -> bool {
        self.has_trailer && self.handed_over == self.frame.len()
    }

    /// Begins another file with the same header. The memory is kept.
    ///
    /// ```
    /// use barewire::deflate::{Flush, Gzip, Level};
    ///
    /// let (mut gzip, mut one, mut two) = (Gzip::new(Level::Fast), Vec::new(), Vec::new());
    /// gzip.gzip(b"hello", Flush::Finish, &mut one, 100);
    /// gzip.reset();
    /// gzip.gzip(b"hello", Flush::Finish, &mut two, 100);
    /// assert_eq!(one, two);
    /// ```
    pub fn reset(&mut self) {
        self.frame.truncate(self.header_bytes);
        self.deflate.reset();
        (self.handed_over, self.has_trailer) = (0, false);
        self.crc = Crc::default();
    }

    /// Compresses `input`, and appends at most `most` bytes to `out`, as [`Deflate::deflate`] does.
    pub fn gzip(&mut self, input: &[u8], flush: Flush, out: &mut Vec<u8>, most: usize) -> Progress {
        let begin = out.len();
        let mut consumed = 0;
        loop {
            let frame = &self.frame[self.handed_over..];
            let n = frame.len().min(most - (out.len() - begin));
            out.extend_from_slice(&frame[..n]);
            self.handed_over += n;
            if n < frame.len() || self.has_trailer {
                let more = !self.is_done();
                return Progress { consumed, more };
            }
            let room = most - (out.len() - begin);
            let progress = self.deflate.deflate(&input[consumed..], flush, out, room);
            let content = &input[consumed..consumed + progress.consumed];
            self.crc.update(content);
            consumed += content.len();
            if !self.deflate.is_done() {
                let more = progress.more;
                return Progress { consumed, more };
            }
            self.has_trailer = true;
            for number in [self.crc.value, self.crc.length] {
                self.frame.extend_from_slice(&number.to_le_bytes());
            }
        }
    }
}
