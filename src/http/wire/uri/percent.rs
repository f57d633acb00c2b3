//! Percent-encoding: how a URI can hold any byte (RFC 3986 §2.1).
//!
//! ```text
//!   深                  a character
//!   e6 b7 b1            its bytes in UTF-8
//!   %E6%B7%B1           a percent sign and two hex digits for each
//! ```
//!
//! Encode each part before joining them, and split before decoding, each once: an `&` that is decoded too
//! early ends its value in the middle.

use super::error::{UriError, UriReason};
use crate::http::wire::grammar;

/// Appends `bytes` so that they have no special meaning in any part of a URI: a segment, a name or a value
/// of a query, a user name.
///
/// ```
/// # use barewire::http::wire::percent_encode_component;
/// let mut path = String::from("/books/");
/// percent_encode_component("深入浅出 Node/js", &mut path);
/// assert_eq!(path, "/books/%E6%B7%B1%E5%85%A5%E6%B5%85%E5%87%BA%20Node%2Fjs");
/// ```
pub fn percent_encode_component(bytes: impl AsRef<[u8]>, out: &mut String) {
    percent_encode_where(bytes, |byte| !is_unreserved(byte), out);
}

/// Appends `bytes`, percent-encoded where `encoded` says so. The others must be ASCII.
// RFC 3986 §2.1: "For consistency, URI producers and normalizers should use uppercase hexadecimal
// digits for all percent-encodings."
pub(in crate::http::wire) fn percent_encode_where(
    bytes: impl AsRef<[u8]>,
    encoded: impl Fn(u8) -> bool,
    out: &mut String,
) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    for &byte in bytes.as_ref() {
        if !encoded(byte) {
            out.push(char::from(byte));
        } else {
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
            out.extend(['%', DIGITS[high], DIGITS[low]]);
        }
    }
}

/// The bytes that a part of a URI encodes.
///
/// # Errors
/// [`UriReason::Escape`] for a `%` that is not followed by two hex digits. A handler that fails with it blames its
/// client: see [`Failure`](crate::http::Failure).
///
/// ```
/// # use barewire::http::wire::percent_decode;
/// assert_eq!(percent_decode("a%20b%2fc+d")?, b"a b/c+d");
/// assert_eq!(percent_decode("100%").unwrap_err().at(), 3);
/// # Ok::<(), barewire::http::wire::UriError>(())
/// ```
// RFC 3986 §2.4: "Implementations must not percent-encode or decode the same string more than
// once"
pub fn percent_decode(text: &str) -> Result<Vec<u8>, UriError> {
    decode(text).map_err(UriError::in_part)
}

/// [`percent_decode`], if the bytes are text.
///
/// # Errors
/// [`UriReason::NotUtf8`] if they are not; else as there.
///
/// ```
/// # use barewire::http::wire::{UriReason, percent_decode_text};
/// assert_eq!(percent_decode_text("%E6%B7%B1")?, "深");
/// assert_eq!(percent_decode_text("%ff").unwrap_err().reason(), UriReason::NotUtf8);
/// # Ok::<(), barewire::http::wire::UriError>(())
/// ```
pub fn percent_decode_text(text: &str) -> Result<String, UriError> {
    decode_text(text).map_err(UriError::in_part)
}

fn decode(text: &str) -> Result<Vec<u8>, UriError> {
    let mut out = Vec::with_capacity(text.len());
    decode_where(text, |byte| byte, &mut out)?;
    Ok(out)
}

/// Appends the bytes that a part of a form encodes: `+` is a space there.
pub(super) fn decode_form(text: &str, out: &mut Vec<u8>) -> Result<(), UriError> {
    let meant = |byte| if byte == b'+' { b' ' } else { byte };
    decode_where(text, meant, out)
}

/// Appends the bytes of `text`, decoded; a byte that is not percent-encoded means what `meant` says.
#[inline]
fn decode_where(text: &str, meant: impl Fn(u8) -> u8, out: &mut Vec<u8>) -> Result<(), UriError> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte != b'%' {
            out.push(meant(byte));
            at += 1;
        } else if grammar::percent_encoded(bytes, at) == Some(true) {
            out.push(grammar::hex_value(bytes[at + 1]) << 4 | grammar::hex_value(bytes[at + 2]));
            at += 3;
        } else {
            return Err(UriError::new(UriReason::Escape, text, at));
        }
    }
    Ok(())
}

/// [`percent_decode_text`], of a part of a whole URI that is being parsed.
pub(super) fn decode_text(text: &str) -> Result<String, UriError> {
    String::from_utf8(decode(text)?)
        .map_err(|error| UriError::not_utf8(text, error.utf8_error().valid_up_to()))
}

// RFC 3986 §2.3: "unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~""
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_there_and_back() {
        for byte in 0..=255u8 {
            let mut text = String::new();
            percent_encode_component([byte], &mut text);
            assert_eq!(text.len(), if is_unreserved(byte) { 1 } else { 3 });
            assert_eq!(percent_decode(&text), Ok(vec![byte]));
            assert_eq!(percent_decode(&text.to_lowercase()).unwrap().len(), 1);
        }
    }

    #[test]
    fn the_characters_of_the_rfc() {
        // RFC 3986 §2.5: "the character A would be represented as "A", the character LATIN CAPITAL
        // LETTER A WITH GRAVE would be represented as "%C3%80", and the character KATAKANA LETTER A
        // would be represented as "%E3%82%A2"."
        for (character, encoded) in [("A", "A"), ("À", "%C3%80"), ("ア", "%E3%82%A2")] {
            let mut text = String::new();
            percent_encode_component(character, &mut text);
            assert_eq!(text, encoded);
            assert_eq!(percent_decode_text(encoded).unwrap(), character);
        }
    }

    #[test]
    fn escapes_that_are_none() {
        for (text, at) in [
            ("%", 0),
            ("a%4", 1),
            ("%zz", 0),
            ("%4g", 0),
            ("%%41", 0),
            ("%+1", 0),
            ("%41%4", 3),
            ("%u4e00", 0),
            ("%4é", 0),
        ] {
            let error = percent_decode(text).unwrap_err();
            assert_eq!(
                (error.reason(), error.at()),
                (UriReason::Escape, at),
                "{text}"
            );
        }
    }

    #[test]
    fn text_is_utf8() {
        for (text, at, shown) in [
            ("%ff", 0, "'%ff'"),
            ("a%41深%C3%A9b%e6%b7", 14, "'%e6'"),
            ("%41%C3é", 3, "'%C3'"),
            ("é%a9", 2, "'%a9'"),
        ] {
            let error = percent_decode_text(text).unwrap_err();
            assert_eq!((error.reason(), error.at()), (UriReason::NotUtf8, at));
            assert!(error.to_string().ends_with(shown), "{error}");
            let error = error.in_request().expect("a part");
            let shown = shown.replace('\'', "\"");
            assert!(error.to_string().ends_with(&shown), "{error}");
        }
    }
}
