//! The alphabet of HTTP: which bytes may stand where, and how far a run of them reaches.
//!
//! Every class is one bit in a 256-entry table, so "is this a `tchar`?" is a load and an AND ([`class`]). Runs are
//! checked 8 bytes at a time, as one number, and long ones 16 at a time, in safe code that the compiler turns into vector
//! instructions ([`runs`]).
//!
//! ```
//! use barewire::http::wire::grammar;
//!
//! assert!(grammar::is_token(b"X-Request-ID"));
//! assert!(!grammar::is_token(b"X Request"));
//! assert_eq!(grammar::trim_ows(b" \tchunked \t"), b"chunked");
//! ```

mod class;
mod runs;

pub(super) use class::{HEX, REG_NAME, is};
pub use class::{is_qdtext, is_tchar, is_value};
use runs::{controls8, no_letters8};
pub(super) use runs::{letters_end, plain_value_end, run_end, target_end};
pub use runs::{token_end, value_end};

/// A non-empty run of `tchar` (RFC 9110 §5.6.2).
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && token_end(bytes, 0) == bytes.len()
}

/// Whether `bytes` are this word of letters and hyphens, in any case. They must be bytes of a
/// field name or value: a CR would count as a hyphen.
#[inline(always)]
pub(super) fn is_word<const N: usize>(bytes: &[u8], word: &[u8; N]) -> bool {
    match <&[u8; N]>::try_from(bytes) {
        Ok(bytes) => {
            let mut words = bytes.chunks(8).zip(word.chunks(8));
            words.all(|(bytes, word)| lower_case8(bytes) == lower_case8(word))
        }
        Err(_) => false,
    }
}

/// Up to eight letters and hyphens in lower case, as a number.
#[inline(always)]
fn lower_case8(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word) | 0x2020_2020_2020_2020
}

/// A field name, which is a token (RFC 9110 §5.1). Nearly all are letters and hyphens.
#[inline]
pub(super) fn is_field_name(bytes: &[u8]) -> bool {
    all_words(bytes, |word| no_letters8(word) == 0) || is_token(bytes)
}

/// Only bytes that a field value may hold, and no whitespace at either end (RFC 9110 §5.5).
#[inline(always)]
pub fn is_field_value(bytes: &[u8]) -> bool {
    let is_blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let is_value =
        all_words(bytes, |word| controls8(word) == 0) || value_end(bytes, 0) == bytes.len();
    is_value && !is_blank(bytes.first()) && !is_blank(bytes.last())
}

/// Whether `is` holds for all words of eight bytes, the last of which overlaps the one before; `false` for fewer bytes.
#[inline(always)]
fn all_words(bytes: &[u8], is: impl Fn(u64) -> bool) -> bool {
    let Some(last) = bytes.last_chunk() else {
        return false;
    };
    let (words, _) = bytes.as_chunks();
    words.iter().all(|word| is(u64::from_le_bytes(*word))) && is(u64::from_le_bytes(*last))
}

/// Without the optional whitespace at both ends (RFC 9110 §5.6.3).
#[inline]
pub fn trim_ows(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Whether `%` at `at` starts a percent-encoded byte; `None` while its digits have not arrived.
#[inline]
pub(super) fn percent_encoded(bytes: &[u8], at: usize) -> Option<bool> {
    match (bytes.get(at + 1), bytes.get(at + 2)) {
        (Some(&a), _) if !is(a, HEX) => Some(false),
        (Some(_), Some(&b)) => Some(is(b, HEX)),
        _ => None,
    }
}

/// The value of a hex digit, in either case.
#[inline(always)]
pub(super) fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// The elements of a comma-separated list, trimmed, without the empty ones.
// RFC 9110 §5.6.1.2: "A recipient MUST parse and ignore a reasonable number of empty list
// elements"
pub fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|&c| c == b',')
        .map(trim_ows)
        .filter(|element| !element.is_empty())
}

/// A plain run of decimal digits that fits a `u64`.
pub fn decimal(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0u64, |n, &c| {
        let digit = c.is_ascii_digit().then(|| u64::from(c - b'0'))?;
        n.checked_mul(10)?.checked_add(digit)
    })
}

/// Appends `n` in decimal.
pub fn push_decimal(out: &mut Vec<u8>, mut n: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_names_and_values_at_every_length_and_place() {
        for plain in [b'v', b'-'] {
            runs::each_run(plain, 70, |bytes| {
                let is_name = !bytes.is_empty() && bytes.iter().all(|&byte| is_tchar(byte));
                assert_eq!(is_field_name(bytes), is_name, "{}", bytes.escape_ascii());
                let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
                let is_value = bytes.iter().all(|&byte| is_value(byte))
                    && !bytes.first().is_some_and(is_blank)
                    && !bytes.last().is_some_and(is_blank);
                assert_eq!(is_field_value(bytes), is_value, "{}", bytes.escape_ascii());
            });
        }
    }

    #[test]
    fn decimals_do_not_wrap() {
        assert_eq!(decimal(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(decimal(b"18446744073709551616"), None);
        for bad in [&b""[..], b"+5", b"-0", b"0x5", b"5 ", b"\xef\xbc\x95"] {
            assert_eq!(decimal(bad), None);
        }
        let mut out = Vec::new();
        push_decimal(&mut out, 0);
        push_decimal(&mut out, u64::MAX);
        assert_eq!(out, b"018446744073709551615");
    }
}
