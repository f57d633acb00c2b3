//! UTF-8. The standard library decides what is valid; this file decides what is *not yet* complete, and
//! which rule invalid bytes break.

use super::error::{Error, OnInvalid, Rule};

/// How many bytes at the end are the start of a character: 0 to 3.
///
/// A first byte looks like no other byte, so the last first byte is found from the end.
pub(super) fn unfinished(bytes: &[u8]) -> usize {
    let last = &bytes[bytes.len().saturating_sub(3)..];
    let first = last.iter().rposition(|&byte| !is_continuation(byte));
    let character = first.map_or(&[][..], |first| &last[first..]);
    match str::from_utf8(character) {
        Err(error) if error.error_len().is_none() => character.len(),
        _ => 0,
    }
}

/// Appends the first `whole` of `bytes`. They do not end inside a character.
pub(super) fn decode(
    bytes: &[u8],
    whole: usize,
    on_invalid: OnInvalid,
    out: &mut String,
) -> Result<(), Error> {
    if let Ok(text) = str::from_utf8(&bytes[..whole]) {
        out.push_str(text);
        return Ok(());
    }
    let mut at = 0;
    for piece in bytes[..whole].utf8_chunks() {
        out.push_str(piece.valid());
        at += piece.valid().len();
        // "Maximal subpart": the bytes that could have become a character, up to the first wrong byte.
        let subpart = piece.invalid().len();
        if subpart > 0 {
            on_invalid.handle(|| error(bytes, at, subpart), out)?;
            at += subpart;
        }
    }
    Ok(())
}

/// The error at `at`, where `subpart` bytes are no character.
fn error(bytes: &[u8], at: usize, subpart: usize) -> Error {
    let next_byte_is_wrong = matches!(bytes[at], 0xC2..=0xF4);
    let end = at + subpart + usize::from(next_byte_is_wrong);
    let sequence = &bytes[at..end.min(bytes.len())];
    Error::of(rule(sequence), at, sequence)
}

/// Which rule a sequence breaks with its last byte.
fn rule(sequence: &[u8]) -> Rule {
    match sequence {
        [0x80..=0xBF, ..] => Rule::LoneContinuation,
        [0xC0..=0xC1, ..] | [0xE0, 0x80..=0x9F] | [0xF0, 0x80..=0x8F] => Rule::Overlong,
        [0xED, 0xA0..=0xBF] => Rule::Surrogate,
        [0xF4, 0x90..=0xBF] | [0xF5..=0xFF, ..] => Rule::TooLarge,
        _ => Rule::Interrupted,
    }
}

fn is_continuation(byte: u8) -> bool {
    matches!(byte, 0x80..=0xBF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_a_character_is_unfinished() {
        for (bytes, expected) in [
            (&b""[..], 0),
            (b"a", 0),
            (b"\xc3", 1),
            (b"\xc3\xa9", 0),
            (b"\xe6\x9c", 2),
            (b"\xe6\x9c\x88", 0),
            (b"\xff\xf0", 1),
            (b"\xf0\x9f\x98", 3),
            (b"\xf0\x9f\x98\x80", 0),
            // What cannot become valid is not held back.
            (b"\xc0", 0),
            (b"\xe0\x80", 0),
            (b"\xed\xa0", 0),
            (b"\xf4\x90", 0),
            (b"\x80\x80\x80", 0),
        ] {
            assert_eq!(unfinished(bytes), expected, "{bytes:02X?}");
        }
    }

    #[test]
    fn bad_bytes_are_refused_by_their_rule() {
        for (bytes, at, got, rule) in [
            (&b"ab\x80"[..], 2, &b"\x80"[..], Rule::LoneContinuation),
            (b"\xc3\xa9\xa9", 2, b"\xa9", Rule::LoneContinuation),
            (b"\xc0\xaf", 0, b"\xc0", Rule::Overlong),
            (b"\xe0\x9f\xbf", 0, b"\xe0\x9f", Rule::Overlong),
            (b"\xf0\x8f\xbf\xbf", 0, b"\xf0\x8f", Rule::Overlong),
            (b"\xed\xa0\x80", 0, b"\xed\xa0", Rule::Surrogate),
            (b"\xf4\x90\x80\x80", 0, b"\xf4\x90", Rule::TooLarge),
            (b"\xf8\x88\x80\x80\x80", 0, b"\xf8", Rule::TooLarge),
            (b"\xff", 0, b"\xff", Rule::TooLarge),
            (b"\xe6\x9ca", 0, b"\xe6\x9ca", Rule::Interrupted),
            (
                b"\xf0\x9f\x98\xf0",
                0,
                b"\xf0\x9f\x98\xf0",
                Rule::Interrupted,
            ),
            (b"\xe0\xc0", 0, b"\xe0\xc0", Rule::Interrupted),
        ] {
            let whole = bytes.len() - unfinished(bytes);
            let error = decode(bytes, whole, OnInvalid::Refuse, &mut String::new()).unwrap_err();
            assert_eq!(error, Error::of(rule, at, got), "{bytes:02X?}");
        }
    }

    #[test]
    fn the_text_before_bad_bytes_is_kept() {
        let mut out = String::from("> ");
        decode("月\u{1F600}\0".as_bytes(), 8, OnInvalid::Refuse, &mut out).unwrap();
        decode(b"caf\xc3\xa9\xff!", 7, OnInvalid::Refuse, &mut out).unwrap_err();
        assert_eq!(out, "> 月\u{1F600}\0café");
    }
}
