//! Several ranges in one body: `multipart/byteranges` (RFC 9110 §14.6).
//!
//! ```text
//!   Content-Type: multipart/byteranges; boundary=8f1c…
//!
//!   --8f1c…\r\n
//!   Content-Type: text/plain; charset=utf-8\r\n
//!   Content-Range: bytes 0-99/1234\r\n
//!   \r\n
//!   100 bytes of the file\r\n
//!   --8f1c…\r\n
//!   …
//!   --8f1c…--\r\n
//! ```
//!
//! # The boundary
//! It must not occur in the bytes of the file. To read the file before sending it would not exclude that,
//! since the file may change. So the boundary is a number of 128 bits that was not predictable when the file
//! was written: a keyed hash of a counter, so that no two responses have the same. The hash is the one that
//! protects the standard library's maps, and its key comes from the system's randomness. A given place of a
//! file holds the number by chance once in 2^128.

use crate::http::wire::ByteRange;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A piece of a body.
#[derive(Debug)]
pub(super) enum Piece {
    /// Bytes of ours, between the parts.
    Text(Vec<u8>),
    /// Bytes of the file.
    Part { first: u64, length: u64 },
}

impl Piece {
    pub(super) fn of(part: ByteRange) -> Piece {
        Piece::Part {
            first: part.first(),
            length: part.length(),
        }
    }

    pub(super) fn length(&self) -> u64 {
        match self {
            Piece::Text(text) => text.len() as u64,
            Piece::Part { length, .. } => *length,
        }
    }
}

/// Where boundaries come from.
#[derive(Debug, Default)]
pub(super) struct Boundaries {
    key: RandomState,
    drawn: AtomicU64,
}

impl Boundaries {
    /// A new one: 32 hexadecimal digits.
    pub(super) fn next(&self) -> String {
        let count = self.drawn.fetch_add(1, Ordering::Relaxed);
        let half = |which: u8| self.key.hash_one((count, which));
        format!("{:016x}{:016x}", half(0), half(1))
    }
}

/// The value of `Content-Type` for a body with this boundary.
// RFC 9110 §15.3.7.2: "a Content-Type header field containing the "multipart/byteranges" media
// type and its required boundary parameter"
pub(super) fn media_type(boundary: &str) -> String {
    format!("multipart/byteranges; boundary={boundary}")
}

/// The parts of a file of this type, and what stands around them.
pub(super) fn pieces(parts: &[ByteRange], media_type: &str, boundary: &str) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(2 * parts.len() + 1);
    let mut before = "";
    for part in parts {
        pieces.push(Piece::Text(head(before, *part, media_type, boundary)));
        pieces.push(Piece::of(*part));
        before = "\r\n";
    }
    pieces.push(Piece::Text(format!("\r\n--{boundary}--\r\n").into_bytes()));
    pieces
}

/// What stands before a part: the end of the one before it, the boundary, its fields.
fn head(before: &str, part: ByteRange, media_type: &str, boundary: &str) -> Vec<u8> {
    let fields = format!("{before}--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: ");
    let mut head = fields.into_bytes();
    // RFC 9110 §15.3.7.2: "the server MUST generate a Content-Range header field corresponding to
    // the range being enclosed in that body part"
    part.encode(&mut head);
    head.extend_from_slice(b"\r\n\r\n");
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_boundary_comes_twice() {
        let (one, other) = (Boundaries::default(), Boundaries::default());
        let drawn: HashSet<String> = (0..1_000)
            .flat_map(|_| [one.next(), other.next()])
            .collect();
        assert_eq!(drawn.len(), 2_000);
        let hex = |digit: char| digit.is_ascii_hexdigit();
        assert!(
            drawn
                .iter()
                .all(|text| text.len() == 32 && text.chars().all(hex))
        );
    }

    #[test]
    fn as_in_the_diagram() {
        let parts = [(0, 1), (5, 9)].map(|(first, last)| ByteRange::new(first, last, 10).unwrap());
        let mut text = String::new();
        for piece in pieces(&parts, "text/plain", "b") {
            match piece {
                Piece::Text(bytes) => text.push_str(std::str::from_utf8(&bytes).unwrap()),
                Piece::Part { length, .. } => text.push_str(&"x".repeat(length as usize)),
            }
        }
        let expected = "--b\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\nxx\r\n\
                        --b\r\nContent-Type: text/plain\r\nContent-Range: bytes 5-9/10\r\n\r\nxxxxx\r\n\
                        --b--\r\n";
        assert_eq!(text, expected);
    }
}
