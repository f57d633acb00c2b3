//! The body of a 200 or a 206: which bytes, and their way through one block.
//!
//! ```text
//!   file ──read──▶ block, at most high_water_mark_bytes ──write──▶ connection
//!                  └─ the next read waits until this has been sent
//! ```

use super::content::{Bytes, Content};
use super::parts::{self, Boundaries, Piece};
use super::refusal::Refusal;
use crate::http::error::{Error, Handled};
use crate::http::server::Response;
use crate::http::wire::Selection;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

/// The pieces of a body, before any of them is read.
#[derive(Debug)]
pub(super) struct Body {
    pieces: Vec<Piece>,
    status: u16,
    media_type: String,
    /// Of a single part.
    content_range: Option<Vec<u8>>,
}

impl Body {
    /// The selected part of a file of this size and type.
    pub(super) fn new(
        selection: Selection,
        size: u64,
        media_type: &str,
        boundaries: &Boundaries,
    ) -> Result<Body, Refusal> {
        let (status, media_type, content_range, pieces) = match selection {
            Selection::Whole => {
                let (first, length) = (0, size);
                let pieces = vec![Piece::Part { first, length }];
                (200, media_type.to_owned(), None, pieces)
            }
            Selection::One(part) => {
                // RFC 9110 §15.3.7.1: "the server generating the 206 response MUST generate a
                // Content-Range header field, describing what range of the selected representation is
                // enclosed"
                let mut content_range = Vec::new();
                part.encode(&mut content_range);
                let pieces = vec![Piece::of(part)];
                (206, media_type.to_owned(), Some(content_range), pieces)
            }
            // RFC 9110 §15.3.7.2: "a server MUST NOT generate a Content-Range header field in the
            // HTTP header section of a multiple part response"
            Selection::Many(parts) => {
                let boundary = boundaries.next();
                let pieces = parts::pieces(&parts, media_type, &boundary);
                (206, parts::media_type(&boundary), None, pieces)
            }
            Selection::Unsatisfiable => return Err(Refusal::Range(size)),
        };
        Ok(Body {
            pieces,
            status,
            media_type,
            content_range,
        })
    }

    /// Sends the head and, where there is content, its pieces.
    pub(super) fn send(
        &self,
        content: Option<Content>,
        block_bytes: usize,
        mut res: Response<'_>,
    ) -> Handled {
        self.set_fields(&mut res)?;
        let Some(mut content) = content else {
            return res.end("");
        };
        if let (Bytes::Kept(bytes), [Piece::Part { first, length }]) =
            (&content.bytes, &self.pieces[..])
        {
            return res.end(part(bytes, *first, *length));
        }
        let mut block = Block::new(res, block_bytes, self.length());
        for piece in &self.pieces {
            block.copy(piece, &mut content)?;
        }
        block.end()
    }

    /// Status and fields. After an `If-Range` a 206 might leave the type out (RFC 9110 §15.3.7);
    /// it stays, because browsers take each response by itself.
    fn set_fields(&self, res: &mut Response<'_>) -> Result<(), Error> {
        res.set_status(self.status)?
            .set_header("Content-Type", &self.media_type)?
            .set_header("X-Content-Type-Options", "nosniff")?
            .set_header("Content-Length", self.length())?
            // RFC 9110 §14.3: "to indicate that it supports byte range requests for that target
            // resource"
            .set_header("Accept-Ranges", "bytes")?;
        if let Some(value) = &self.content_range {
            res.set_header("Content-Range", &value[..])?;
        }
        Ok(())
    }

    fn length(&self) -> u64 {
        self.pieces.iter().map(Piece::length).sum()
    }
}

/// These bytes of a file that is in memory, and so has every byte that a range of it names.
fn part(bytes: &[u8], first: u64, length: u64) -> &[u8] {
    &bytes[first as usize..(first + length) as usize]
}

/// The block, and where it is sent when it is full.
struct Block<'r> {
    res: Response<'r>,
    bytes: Vec<u8>,
    filled: usize,
}

impl<'r> Block<'r> {
    fn new(res: Response<'r>, most: usize, length: u64) -> Block<'r> {
        let most = length.clamp(1, most as u64) as usize;
        Block {
            res,
            bytes: vec![0; most],
            filled: 0,
        }
    }

    /// Appends a piece of the body.
    fn copy(&mut self, piece: &Piece, content: &mut Content) -> Result<(), Error> {
        match (piece, &mut content.bytes) {
            (Piece::Text(text), _) => self.fill(&text[..], piece.length()),
            (Piece::Part { first, length }, Bytes::Kept(bytes)) => {
                self.fill(part(bytes, *first, *length), *length)
            }
            (Piece::Part { first, length }, Bytes::OnDisk(file)) => {
                file.seek(SeekFrom::Start(*first))?;
                self.fill(file, *length)
            }
        }
    }

    /// Appends the next `left` bytes of `from`; each time the block is full it is sent.
    fn fill(&mut self, mut from: impl Read, mut left: u64) -> Result<(), Error> {
        while left > 0 {
            if self.filled == self.bytes.len() {
                self.res.write(&self.bytes)?;
                self.filled = 0;
            }
            let most = left.min((self.bytes.len() - self.filled) as u64) as usize;
            match from.read(&mut self.bytes[self.filled..self.filled + most]) {
                Ok(0) => return Err(shrunk().into()),
                Ok(n) => {
                    self.filled += n;
                    left -= n as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Sends the last of it, with the head if that has not left yet.
    fn end(self) -> Handled {
        self.res.end(&self.bytes[..self.filled])
    }
}

fn shrunk() -> io::Error {
    let what = "the file became shorter than the Content-Length that was sent (RFC 9110 §8.6)";
    io::Error::new(ErrorKind::UnexpectedEof, what)
}
