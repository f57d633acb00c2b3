//! The alphabet of HTTP: which bytes may stand where, and how far a run of them reaches.
//!
//! Every class is one bit in a 256-entry table, so "is this a `tchar`?" is a load and an AND. Long runs
//! (field values) are checked 32 and then 8 bytes at a time, in safe code that the compiler turns into
//! vector instructions.
//!
//! ```
//! use barewire::http::wire::grammar;
//!
//! assert!(grammar::is_token(b"X-Request-ID"));
//! assert!(!grammar::is_token(b"X Request"));
//! assert_eq!(grammar::trim_ows(b" \tchunked \t"), b"chunked");
//! ```

const TCHAR: u8 = 1;
const TARGET: u8 = 2;
pub(super) const REG_NAME: u8 = 4;
pub(super) const HEX: u8 = 8;
const VALUE: u8 = 16;
const QDTEXT: u8 = 32;

static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let c = i as u8;
        let alnum = c.is_ascii_alphanumeric();
        // unreserved and sub-delims: RFC 3986 §2.2, §2.3
        let unreserved = alnum || matches!(c, b'-' | b'.' | b'_' | b'~');
        let sub_delims = holds(b"!$&'()*+,;=", c);
        let mut bits = 0;
        // RFC 9110 §5.6.2: "any VCHAR, except delimiters"
        if alnum || holds(b"!#$%&'*+-.^_`|~", c) {
            bits |= TCHAR;
        }
        // "?" and "%" are checked one by one, see `target_end`.
        if unreserved || sub_delims || matches!(c, b':' | b'@' | b'/') {
            bits |= TARGET;
        }
        if unreserved || sub_delims {
            bits |= REG_NAME;
        }
        if c.is_ascii_hexdigit() {
            bits |= HEX;
        }
        // RFC 9110 §5.5: "1*( SP / HTAB / field-vchar )"
        // RFC 9110 §5.5: "field-vchar = VCHAR / obs-text"
        if c == b'\t' || (c >= b' ' && c != 0x7f) {
            bits |= VALUE;
            if !matches!(c, b'"' | b'\\') {
                bits |= QDTEXT;
            }
        }
        table[i] = bits;
        i += 1;
    }
    table
}

const fn holds(signs: &[u8], byte: u8) -> bool {
    let mut at = 0;
    while at < signs.len() && signs[at] != byte {
        at += 1;
    }
    at < signs.len()
}

#[inline(always)]
pub(super) fn is(byte: u8, class: u8) -> bool {
    CLASS[byte as usize] & class != 0
}

/// A `tchar` (RFC 9110 §5.6.2).
#[inline(always)]
pub fn is_tchar(byte: u8) -> bool {
    is(byte, TCHAR)
}

/// A byte that may stand in a field value: VCHAR, obs-text, SP or HTAB (RFC 9110 §5.5).
#[inline(always)]
pub fn is_value(byte: u8) -> bool {
    is(byte, VALUE)
}

/// A byte that may stand inside a quoted-string without a backslash (RFC 9110 §5.6.4).
#[inline(always)]
pub fn is_qdtext(byte: u8) -> bool {
    is(byte, QDTEXT)
}

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

/// Where the run of `tchar` that starts at `at` ends.
#[inline(always)]
pub fn token_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && is(bytes[at], TCHAR) {
        at += 1;
    }
    at
}

/// [`token_end`] for field names and methods, which are letters and hyphens up to a colon or a space: eight at a time.
#[inline(always)]
pub(super) fn name_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(block) = bytes.get(at..at + 8) {
        let mut word = [0; 8];
        word.copy_from_slice(block);
        let others = no_letters8(u64::from_le_bytes(word));
        if others == 0 {
            at += 8;
            continue;
        }
        at += (others.trailing_zeros() / 8) as usize;
        break;
    }
    match bytes.get(at) {
        Some(b':') => at,
        _ => token_end(bytes, at),
    }
}

/// Sets the high bit of each byte that is neither a letter nor a hyphen.
#[inline(always)]
fn no_letters8(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Seven bits a byte leave the eighth for the carry: nothing runs into the next byte.
    let lower = (word | (ONES * 0x20)) & !HIGH;
    let from_a = lower + ONES * (0x80 - b'a' as u64);
    let past_z = lower + ONES * (0x7f - b'z' as u64);
    let letter = from_a & !past_z;
    let hyphen = !(((word ^ (ONES * b'-' as u64)) & !HIGH) + !HIGH);
    (!(letter | hyphen) | word) & HIGH
}

/// Where the run of plain request-target bytes that starts at `at` ends. `%`, `?`, `[` and `]` end it,
/// too: a target may hold them, but not in every place.
#[inline(always)]
pub(super) fn target_end(bytes: &[u8], at: usize) -> usize {
    run_end(bytes, at, TARGET)
}

/// Where the run of bytes of a class ends: one branch for eight look-ups.
#[inline(always)]
pub(super) fn run_end(bytes: &[u8], mut at: usize, class: u8) -> usize {
    while let Some(block) = bytes.get(at..at + 8) {
        if block.iter().fold(class, |all, &c| all & CLASS[c as usize]) == 0 {
            break;
        }
        at += 8;
    }
    while at < bytes.len() && is(bytes[at], class) {
        at += 1;
    }
    at
}

/// Where the run of field-value bytes that starts at `at` ends. Most values are short: blocks of 32 bytes begin
/// behind the first 16. What follows a tab, which is rare, is checked one by one.
#[inline(always)]
pub fn value_end(bytes: &[u8], mut at: usize) -> usize {
    let long_at = at + 16;
    while let Some(block) = bytes.get(at..at + 8) {
        let mut word = [0; 8];
        word.copy_from_slice(block);
        let hits = controls8(u64::from_le_bytes(word));
        if hits != 0 {
            at += (hits.trailing_zeros() / 8) as usize;
            if bytes[at] != b'\t' {
                return at;
            }
            break;
        }
        at += 8;
        if at == long_at {
            at = plain_blocks_end(bytes, at);
        }
    }
    while at < bytes.len() && is(bytes[at], VALUE) {
        at += 1;
    }
    at
}

/// Where the blocks of 32 bytes end that start at `at` and have no control character, not even a tab.
#[inline(always)]
fn plain_blocks_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(block) = bytes.get(at..at + 32) {
        let controls = block
            .iter()
            .fold(0, |bad, &c| bad | u8::from((c < 0x20) | (c == 0x7f)));
        if controls != 0 {
            break;
        }
        at += 32;
    }
    at
}

/// The high bit of the lowest byte that is below 0x20 or is 0x7f is set, and none below it
/// (bits above the first hit may be wrong: borrows run upward).
#[inline(always)]
fn controls8(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let below_space = word.wrapping_sub(ONES * 0x20) & !word;
    let del = word ^ (ONES * 0x7f);
    let is_del = del.wrapping_sub(ONES) & !del;
    (below_space | is_del) & HIGH
}

/// Without the optional whitespace at both ends (RFC 9110 §5.6.3).
#[inline]
pub fn trim_ows(bytes: &[u8]) -> &[u8] {
    let blank = |c: &u8| matches!(c, b' ' | b'\t');
    let start = bytes.iter().take_while(|c| blank(c)).count();
    let end = bytes.len() - bytes[start..].iter().rev().take_while(|c| blank(c)).count();
    &bytes[start..end]
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
    fn value_end_agrees_with_the_table_at_every_length_and_place() {
        for bad in 0..=255u8 {
            for len in 0..80 {
                for at in 0..len {
                    let mut bytes = vec![b'v'; len];
                    bytes[at] = bad;
                    let expected = if is_value(bad) { len } else { at };
                    assert_eq!(value_end(&bytes, 0), expected, "{bad:#x} at {at} of {len}");
                    let is_outside = (at == 0 || at + 1 == len) && matches!(bad, b' ' | b'\t');
                    let is_field_value = super::is_field_value(&bytes);
                    assert_eq!(
                        is_field_value,
                        expected == len && !is_outside,
                        "{bad:#x} at {at} of {len}"
                    );
                }
            }
        }
    }

    #[test]
    fn name_end_agrees_with_token_end_at_every_length_and_place() {
        for strange in 0..=255u8 {
            for len in 0..20 {
                for at in 0..len {
                    let mut bytes = vec![b'N'; len];
                    bytes[at] = strange;
                    bytes[at / 2] = if at > 1 { b'-' } else { bytes[at / 2] };
                    let end = token_end(&bytes, 0);
                    assert_eq!(name_end(&bytes, 0), end, "{strange:#x} at {at}");
                    assert_eq!(is_field_name(&bytes), end == len, "{strange:#x} at {at}");
                }
            }
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
