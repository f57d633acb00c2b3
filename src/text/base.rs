//! Bytes written as digits (RFC 4648): base64, and base16, called hex.
//!
//! ```text
//!   bytes      66       6F       6F
//!   bits    01100110 01101111 01101111
//!   base64  ────── ────── ────── ──────      six bits a digit: three bytes are four digits
//!             Z      m      9      v
//!   hex     ──── ──── ──── ──── ──── ────    four bits a digit
//!            6    6    6    f    6    f
//! ```
//!
//! One byte or two at the end of base64 are filled up with zero bits and `=`: `f` is `Zg==`. So a stream is
//! encoded in groups of three bytes; otherwise there would be padding in the middle.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::{Error, Rule};

/// How many bytes at the end are no complete group of three.
pub(super) fn unfinished(bytes: &[u8]) -> usize {
    bytes.len() % 3
}

pub(super) fn to_base64(bytes: &[u8], out: &mut String) {
    STANDARD.encode_string(bytes, out);
}

/// Decodes base64 digits.
// RFC 4648 §3.3: "Implementations MUST reject the encoded data if it contains characters outside
// the base alphabet when interpreting base-encoded data, unless the specification referring to
// this document explicitly states otherwise."
// RFC 4648 §3.5: "decoders MAY chose to reject an encoding if the pad bits have not been set to
// zero"
pub(super) fn from_base64(text: &str, out: &mut Vec<u8>) -> Result<(), Error> {
    use base64::DecodeError::{InvalidByte, InvalidLastSymbol, InvalidLength, InvalidPadding};
    STANDARD.decode_vec(text, out).map_err(|error| {
        let (rule, at) = match error {
            InvalidByte(at, b'=') => (Rule::Base64Padding, at),
            InvalidByte(at, _) => (Rule::Base64Digit, at),
            InvalidLastSymbol { offset, .. } => (Rule::Base64PadBits, offset),
            InvalidLength(_) | InvalidPadding => (Rule::Base64Padding, text.len()),
        };
        Error::in_text(rule, text, at)
    })
}

pub(super) fn to_hex(bytes: &[u8], out: &mut String) {
    let digit = |bits: u8| char::from(b"0123456789abcdef"[usize::from(bits & 15)]);
    out.extend(
        bytes
            .iter()
            .flat_map(|byte| [digit(byte >> 4), digit(*byte)]),
    );
}

/// Decodes hex digits, in either case.
pub(super) fn from_hex(text: &str, out: &mut Vec<u8>) -> Result<(), Error> {
    let digit = |at: usize| {
        let value = char::from(text.as_bytes()[at]).to_digit(16);
        value.ok_or_else(|| Error::in_text(Rule::HexDigit, text, at))
    };
    for at in (0..text.len()).step_by(2) {
        let high = digit(at)?;
        if at + 1 == text.len() {
            return Err(Error::in_text(Rule::HexOdd, text, text.len()));
        }
        out.push((high << 4 | digit(at + 1)?) as u8);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vectors of RFC 4648 §10; our hex is in lower case, as Node's.
    const VECTORS: [(&str, &str, &str); 7] = [
        ("", "", ""),
        ("f", "Zg==", "66"),
        ("fo", "Zm8=", "666F"),
        ("foo", "Zm9v", "666F6F"),
        ("foob", "Zm9vYg==", "666F6F62"),
        ("fooba", "Zm9vYmE=", "666F6F6261"),
        ("foobar", "Zm9vYmFy", "666F6F626172"),
    ];

    #[test]
    fn the_vectors_of_the_rfc() {
        for (bytes, base64, hex) in VECTORS {
            let (mut text, mut back) = (String::new(), Vec::new());
            to_base64(bytes.as_bytes(), &mut text);
            assert_eq!(text, base64);
            from_base64(base64, &mut back).unwrap();
            assert_eq!(back, bytes.as_bytes());

            let (mut text, mut back) = (String::new(), Vec::new());
            to_hex(bytes.as_bytes(), &mut text);
            assert_eq!(text, hex.to_lowercase());
            from_hex(hex, &mut back).unwrap();
            from_hex(&text, &mut back).unwrap();
            assert_eq!(back, bytes.repeat(2).as_bytes());
        }
    }

    #[test]
    fn base64_is_strict() {
        use Rule::{Base64Digit, Base64PadBits, Base64Padding};
        for (text, rule, at) in [
            ("Z", Base64Padding, 1),
            ("Zg", Base64Padding, 2),
            ("Zg=", Base64Padding, 3),
            ("Zg===", Base64Padding, 2),
            ("Zg==Zg==", Base64Padding, 2),
            ("Zm9v====", Base64Padding, 4),
            ("====", Base64Padding, 0),
            ("Zm9v\r\n", Base64Digit, 4),
            ("Zg==\n", Base64Digit, 4),
            ("Zm 9", Base64Digit, 2),
            ("Zm9vYg-_", Base64Digit, 6),
            ("Zm9v月", Base64Digit, 4),
            ("Zh==", Base64PadBits, 1),
            ("Zm9=", Base64PadBits, 2),
        ] {
            let error = from_base64(text, &mut Vec::new()).unwrap_err();
            assert_eq!(error, Error::in_text(rule, text, at), "{text:?}");
        }
    }

    #[test]
    fn hex_is_strict() {
        use Rule::{HexDigit, HexOdd};
        for (text, rule, at) in [
            ("6", HexOdd, 1),
            ("666", HexOdd, 3),
            ("6g", HexDigit, 1),
            ("66 6f", HexDigit, 2),
            ("0x66", HexDigit, 1),
            ("66月", HexDigit, 2),
            ("6月", HexDigit, 1),
        ] {
            let error = from_hex(text, &mut Vec::new()).unwrap_err();
            assert_eq!(error, Error::in_text(rule, text, at), "{text:?}");
        }
    }
}
