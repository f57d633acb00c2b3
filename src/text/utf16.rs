//! UTF-16, the low byte first: two bytes are a unit, and a unit is a character or half a pair.

use super::error::{Error, OnInvalid, Rule};

/// How many bytes at the end are unfinished: an odd byte, a high surrogate, or both.
pub(super) fn unfinished(bytes: &[u8]) -> usize {
    let (units, odd) = bytes.as_chunks::<2>();
    match units.last() {
        Some([_, 0xD8..=0xDB]) => 2 + odd.len(),
        _ => odd.len(),
    }
}

/// Appends complete units.
pub(super) fn decode(bytes: &[u8], on_invalid: OnInvalid, out: &mut String) -> Result<(), Error> {
    let (units, _) = bytes.as_chunks::<2>();
    let units = units.iter().map(|&unit| u16::from_le_bytes(unit));
    let mut at = 0;
    for character in char::decode_utf16(units) {
        match character {
            Ok(character) => {
                out.push(character);
                at += 2 * character.len_utf16();
            }
            Err(lone) => {
                let unit = lone.unpaired_surrogate().to_le_bytes();
                on_invalid.handle(|| Error::of(Rule::LoneSurrogate, at, &unit), out)?;
                at += 2;
            }
        }
    }
    Ok(())
}

pub(super) fn encode(text: &str, out: &mut Vec<u8>) {
    out.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_above_ffff_are_pairs() {
        let mut bytes = Vec::new();
        encode("月\u{1F600}", &mut bytes);
        assert_eq!(bytes, [0x08, 0x67, 0x3D, 0xD8, 0x00, 0xDE]);
        let mut out = String::new();
        decode(&bytes, OnInvalid::Refuse, &mut out).unwrap();
        assert_eq!(out, "月\u{1F600}");
    }

    #[test]
    fn half_a_pair_is_bad_where_it_stands() {
        // low; high before high; high before a letter
        for (at, bytes) in [
            (2, &b"a\0\x00\xdeb\0"[..]),
            (0, b"\x3d\xd8\x3d\xd8\x00\xde"),
            (4, b"a\0b\0\x3d\xd8c\0"),
        ] {
            let got = &bytes[at..at + 2];
            let error = decode(bytes, OnInvalid::Refuse, &mut String::new()).unwrap_err();
            assert_eq!(error, Error::of(Rule::LoneSurrogate, at, got));
            let mut out = String::new();
            decode(bytes, OnInvalid::Replace, &mut out).unwrap();
            assert_eq!(out.matches('\u{FFFD}').count(), 1);
        }
    }

    #[test]
    fn an_odd_byte_and_a_high_surrogate_are_unfinished() {
        for (bytes, expected) in [
            (&b""[..], 0),
            (b"a", 1),
            (b"a\0", 0),
            (b"\x3d\xd8", 2),
            (b"\x3d\xd8\x00", 3),
            (b"\x3d\xd8\x00\xde", 0),
            (b"\x3d\xd8\x3d\xd8\x00", 3),
        ] {
            assert_eq!(unfinished(bytes), expected, "{bytes:02X?}");
        }
    }
}
