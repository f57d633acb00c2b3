//! A response in gzip: what becomes of its head, and the pieces of its body (RFC 9110 §8.4).
//!
//! ```text
//!   write ──▶ gzip ──▶ piece ── full, or flush ──▶ a chunk
//!   end   ──▶ gzip ──▶ piece ── nothing was sent before: a body with its Content-Length; else the last chunk
//! ```

use crate::deflate::{Flush, Gzip, Level};
use crate::http::field_values::vary_by_encoding;
use crate::http::wire::{EntityTag, FieldList, Known, Misuse, grammar};
use crate::pool::Pool;

/// How many bytes leave at once.
const PIECE_BYTES: usize = 16 * 1024;

/// Of responses that have ended.
static ENCODERS: Pool<Box<Encoder>> = Pool::new();

/// The compressor of a body, and the piece that has come out of it and is not sent yet.
#[derive(Debug)]
struct Encoder {
    gzip: Gzip,
    piece: Vec<u8>,
}

impl Encoder {
    fn lend() -> Box<Encoder> {
        let kept = ENCODERS.take(|_| true);
        kept.unwrap_or_else(|| {
            Box::new(Encoder {
                gzip: Gzip::new(Level::Normal),
                piece: Vec::with_capacity(PIECE_BYTES),
            })
        })
    }
}

/// What a handler has asked for with [`Response::compress`](crate::http::Response::compress).
#[derive(Debug)]
pub(crate) struct Compression {
    is_wanted: bool,
    /// Lent when the body begins. `None`: it is that of a HEAD, which is not sent.
    encoder: Option<Box<Encoder>>,
    /// How many bytes the declared Content-Length leaves.
    left: Option<u64>,
    has_begun: bool,
    has_content: bool,
}

impl Compression {
    /// `is_wanted`: the client prefers gzip. If it does not, the response says what it depends on, and no more.
    pub(crate) fn new(is_wanted: bool) -> Compression {
        Compression {
            is_wanted,
            encoder: None,
            left: None,
            has_begun: false,
            has_content: false,
        }
    }

    /// Changes the fields of a head with this status, once. Returns whether the body is compressed: what has no body,
    /// is a part of one, or has a coding already, is not.
    pub(super) fn begin(
        &mut self,
        status: u16,
        fields: &mut FieldList,
        is_empty: bool,
        is_head: bool,
    ) -> Result<bool, Misuse> {
        if self.has_begun {
            return Ok(true);
        }
        vary_by_encoding(fields)?;
        let is_coded =
            ["Content-Encoding", "Content-Range"].map(|name| fields.view().contains(name));
        if !self.is_wanted || is_coded != [false; 2] || matches!(status, 204..=206) {
            return Ok(false);
        }
        let declares = is_head && fields.view().has(Known::ContentLength);
        if is_empty && status != 304 && !declares {
            return Ok(false);
        }
        weaken(fields)?;
        // A range of them would be one of the compressed bytes, which differ from time to time.
        fields.remove("Accept-Ranges");
        let declared = fields.view().get("Content-Length").map(grammar::decimal);
        if let Some(declared) = declared {
            self.left = Some(declared.ok_or(Misuse::Framing)?);
            fields.remove("Content-Length");
        }
        if status == 304 {
            return Ok(false);
        }
        fields.set("Content-Encoding", "gzip")?;
        self.has_begun = true;
        self.encoder = (!is_head).then(Encoder::lend);
        Ok(true)
    }

    /// These many bytes come next, and then, where `ends`, the end.
    pub(super) fn count(&mut self, bytes: usize, ends: bool) -> Result<(), Misuse> {
        self.has_content |= bytes > 0;
        let Some(left) = self.left else {
            return Ok(());
        };
        let left = left.checked_sub(bytes as u64).ok_or(Misuse::BodyTooLong)?;
        if ends && left > 0 && self.encoder.is_some() {
            return Err(Misuse::BodyTooShort);
        }
        self.left = Some(left);
        Ok(())
    }

    /// Whether it has got any content.
    pub(super) fn has_content(&self) -> bool {
        self.has_content
    }

    /// Whether the body is counted and not sent.
    pub(super) fn is_of_head(&self) -> bool {
        self.encoder.is_none()
    }

    /// Appends to the piece what comes out of `input`, and removes that from it. Returns whether the piece is full: then
    /// it is to be sent, and there is more.
    pub(super) fn make(&mut self, input: &mut &[u8], flush: Flush) -> bool {
        let Some(Encoder { gzip, piece }) = self.encoder.as_deref_mut() else {
            return false;
        };
        let most = PIECE_BYTES.saturating_sub(piece.len());
        let progress = gzip.gzip(input, flush, piece, most);
        *input = &input[progress.consumed..];
        progress.more
    }

    pub(super) fn piece(&self) -> &[u8] {
        self.encoder.as_ref().map_or(&[], |encoder| &encoder.piece)
    }

    /// The piece is sent, and another begins.
    pub(super) fn clear_piece(&mut self) {
        if let Some(encoder) = &mut self.encoder {
            encoder.piece.clear();
        }
    }
}

impl Drop for Compression {
    fn drop(&mut self) {
        if let Some(mut encoder) = self.encoder.take() {
            encoder.gzip.reset();
            encoder.piece.clear();
            ENCODERS.give_back(encoder);
        }
    }
}

/// The tag of the plain response stands for the compressed one, too.
// RFC 9110 §8.8.1: "if the origin server sends the same validator for a representation with a gzip content coding
// applied as it does for a representation with no content coding, then that validator is weak."
fn weaken(fields: &mut FieldList) -> Result<(), Misuse> {
    let etag = fields.view().get("ETag");
    match etag.filter(|value| EntityTag::decode(value).is_some_and(|tag| !tag.is_weak())) {
        Some(strong) => fields.set("ETag", [b"W/", strong].concat()),
        None => Ok(()),
    }
}
