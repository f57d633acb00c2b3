//! Text is UTF-8, and each piece of it is judged when it comes (RFC 6455 §8.1).
//!
//! ```text
//!   81 05  F4 90 …          three bytes are still to come; none can make it right: fail now
//!   01 02  C3 A9            a frame may end
//!   80 02  83 …  wrong      or
//!   01 01  C3               anywhere, also inside a character,
//!   80 01  A9               as long as the next one goes on with it
//! ```
//!
//! The decoder of [`text`] knows what is wrong and what is only *not yet* complete. Its errors become
//! those of this protocol here.

use super::error::{Error, Rule};
use crate::text::{self, Decoder, Encoding};

/// A text that lies whole in one place: the fast path of the standard library, and no copy.
#[inline]
pub(super) fn whole(bytes: &[u8]) -> Result<&str, Error> {
    str::from_utf8(bytes).map_err(|_| first_error(bytes))
}

/// The error that the decoder returns for the same text in pieces.
#[cold]
fn first_error(bytes: &[u8]) -> Error {
    let (mut decoder, mut text) = (Decoder::strict(Encoding::Utf8), String::new());
    let decoded = decoder.decode(bytes, &mut text);
    let error = decoded.and_then(|()| decoder.finish(&mut text)).err();
    error.map_or(Error::whole(Rule::TextNotUtf8), refused)
}

/// The decoder's error as one of this protocol.
#[cold]
pub(super) fn refused(error: text::Error) -> Error {
    let rule = match error.rule() {
        text::Rule::CutAtEnd => Rule::TextCut,
        _ => Rule::TextNotUtf8,
    };
    Error::of(rule, error.at(), error.got())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes, how many of them have come when the decoder fails, and where the bad character begins.
    const BAD: &[(&[u8], usize, u64)] = &[
        (b"\x80", 1, 0),
        (b"\xc0\xaf", 1, 0),
        (b"\xc1\xbf", 1, 0),
        (b"a\xe0\x9f\xbf", 3, 1),
        (b"a\xed\xa0\x80", 3, 1),
        (b"\xf0\x8f\xbf\xbf", 2, 0),
        (b"\xf4\x90\x80\x80", 2, 0),
        (b"\xf5\x80\x80\x80", 1, 0),
        (b"\xf8\x88\x80\x80\x80", 1, 0),
        (b"\xff", 1, 0),
        (b"\xc3a", 2, 0),
        (b"ab\xe6\x9ca", 5, 2),
        (b"\xf0\x9f\x98a", 4, 0),
        (b"\xf0\x9f\x98\xf0", 4, 0),
    ];

    /// Byte by byte: the byte that cannot become good is the one that fails, not a later one.
    #[test]
    fn the_first_bad_byte_fails() {
        for &(bytes, failed_at, at) in BAD {
            let (mut decoder, mut text) = (Decoder::strict(Encoding::Utf8), String::new());
            let decode = |byte: &u8| decoder.decode(&[*byte], &mut text).err();
            let errors: Vec<_> = bytes.iter().map(decode).collect();
            let first = errors.iter().position(Option::is_some).map(|at| at + 1);
            assert_eq!(first, Some(failed_at), "{bytes:02x?}");
            let error = refused(errors[failed_at - 1].expect("an error"));
            assert_eq!((error.rule(), error.at()), (Rule::TextNotUtf8, at));
            assert_eq!(whole(bytes), Err(error), "{bytes:02x?}");
        }
    }

    #[test]
    fn a_text_that_ends_inside_a_character_is_cut() {
        for bytes in [&b"\xc3"[..], b"a\xe6\x9c", b"\xf0\x9f\x98"] {
            let (mut decoder, mut text) = (Decoder::strict(Encoding::Utf8), String::new());
            decoder.decode(bytes, &mut text).expect("good so far");
            let error = refused(decoder.finish(&mut text).expect_err("cut"));
            assert_eq!((error.rule(), whole(bytes)), (Rule::TextCut, Err(error)));
        }
    }
}
