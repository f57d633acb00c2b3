//! How far a run of bytes of one class reaches.
//!
//! Nearly every byte of a head passes through here. A word is eight bytes in a `u64`: a few additions say of all of them
//! whether they are plain, and the lowest bit that is set where the first other one is. The other bytes of a class, which
//! are rare, are looked up in the table.

use super::class::{CLASS, TARGET, TCHAR, VALUE, is};

/// Where the run of `tchar` that starts at `at` ends.
#[inline(always)]
pub fn token_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && is(bytes[at], TCHAR) {
        at += 1;
    }
    at
}

/// Where the letters and hyphens that start at `at` end, if eight bytes or more are left there; somewhere before that
/// otherwise. Nearly all names and methods consist of them.
#[inline(always)]
pub(in crate::http::wire) fn letters_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = word_at(bytes, at) {
        let others = no_letters8(word);
        if others != 0 {
            return at + first_of(others);
        }
        at += 8;
    }
    at
}

/// The high bit of the lowest byte that is neither a letter nor a hyphen is set, and none below it.
#[inline(always)]
pub(super) fn no_letters8(word: u64) -> u64 {
    let no_hyphen = (word ^ (ONES * b'-' as u64)).wrapping_add(!HIGH);
    ((!letters8(word) & no_hyphen) | word) & HIGH
}

/// The high bit of each letter is set, and of no other byte, up to the first one above 0x7f: that one's carry runs upward.
#[inline(always)]
fn letters8(word: u64) -> u64 {
    between8(word | (ONES * 0x20), b'a', b'z')
}

/// The high bit of each byte from `first` to `last` is set, and of no other byte, up to the first one above 0x7f.
#[inline(always)]
fn between8(word: u64, first: u8, last: u8) -> u64 {
    let from_first = word.wrapping_add(ONES * (0x80 - u64::from(first)));
    let past_last = word.wrapping_add(ONES * (0x7f - u64::from(last)));
    from_first & !past_last
}

/// Eight bytes as a number, the first one lowest.
#[inline(always)]
fn word_at(bytes: &[u8], at: usize) -> Option<u64> {
    let block = bytes.get(at..at + 8)?;
    let mut word = [0; 8];
    word.copy_from_slice(block);
    Some(u64::from_le_bytes(word))
}

/// The first byte of a word whose high bit is set.
#[inline(always)]
fn first_of(hits: u64) -> usize {
    (hits.trailing_zeros() / 8) as usize
}

/// Where the run of plain request-target bytes that starts at `at` ends. `%`, `?`, `[` and `]` end it,
/// too: a target may hold them, but not in every place.
#[inline(always)]
pub(in crate::http::wire) fn target_end(bytes: &[u8], at: usize) -> usize {
    let rare = word_at(bytes, at).map_or(0, rare_in_targets8);
    if rare != 0 {
        let end = at + first_of(rare);
        if !is(bytes[end], TARGET) {
            return end;
        }
    }
    long_target_end(bytes, at)
}

/// [`target_end`] where the run has eight bytes or more, or rare ones.
#[inline(never)]
fn long_target_end(bytes: &[u8], mut at: usize) -> usize {
    loop {
        at = blocks_end(bytes, at, is_rare_in_targets);
        while let Some(word) = word_at(bytes, at) {
            let rare = rare_in_targets8(word);
            if rare != 0 {
                at += first_of(rare);
                break;
            }
            at += 8;
        }
        match bytes.get(at) {
            Some(&byte) if is(byte, TARGET) => at += 1,
            _ => return at,
        }
    }
}

/// Whether a byte is none of those that nearly all of a target consists of. The others are looked up in the table.
#[inline(always)]
fn is_rare_in_targets(byte: u8) -> bool {
    let letter = (byte | 0x20).wrapping_sub(b'a') <= b'z' - b'a';
    let digit_or_sign = byte.wrapping_sub(b'&') <= b';' - b'&';
    !(letter | digit_or_sign | (byte == b'=') | (byte == b'_'))
}

/// The high bit of the lowest byte that [`is_rare_in_targets`] is set, and none below it.
#[inline(always)]
fn rare_in_targets8(word: u64) -> u64 {
    let no_equals = (word ^ (ONES * b'=' as u64)).wrapping_add(!HIGH);
    let no_underscore = (word ^ (ONES * b'_' as u64)).wrapping_add(!HIGH);
    let no_sign = no_equals & no_underscore & !between8(word, b'&', b';');
    ((no_sign & !letters8(word)) | word) & HIGH
}

/// Where the run of bytes of a class ends: one branch for eight look-ups.
#[inline(always)]
pub(in crate::http::wire) fn run_end(bytes: &[u8], mut at: usize, class: u8) -> usize {
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

/// Where the run of field-value bytes that starts at `at` ends.
pub fn value_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && is(bytes[at], VALUE) {
        // This byte, which may be a tab, and all up to the next tab.
        at = plain_value_end(bytes, at + 1);
    }
    at
}

/// Where the run of field-value bytes that starts at `at` ends, or its first tab, which is rare. Most values are short:
/// blocks begin behind the first word.
#[inline(always)]
pub(in crate::http::wire) fn plain_value_end(bytes: &[u8], mut at: usize) -> usize {
    let long_at = at + 8;
    while let Some(word) = word_at(bytes, at) {
        let hits = controls8(word);
        if hits != 0 {
            return at + first_of(hits);
        }
        at += 8;
        if at == long_at {
            at = blocks_end(bytes, at, |byte| (byte < 0x20) | (byte == 0x7f));
        }
    }
    while at < bytes.len() && is(bytes[at], VALUE) {
        at += 1;
    }
    at
}

/// Where the blocks of 16 bytes end that start at `at` and have no byte that `ends` them. The compiler makes vector
/// instructions of it.
#[inline(always)]
fn blocks_end(bytes: &[u8], mut at: usize, ends: impl Fn(u8) -> bool) -> usize {
    while let Some(block) = bytes.get(at..at + 16) {
        if block
            .iter()
            .fold(0, |any, &byte| any | u8::from(ends(byte)))
            != 0
        {
            break;
        }
        at += 16;
    }
    at
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The high bit of the lowest byte that is below 0x20 or is 0x7f is set, and none below it
/// (bits above the first hit may be wrong: borrows run upward).
#[inline(always)]
pub(super) fn controls8(word: u64) -> u64 {
    let below_space = word.wrapping_sub(ONES * 0x20) & !word;
    let del = word ^ (ONES * 0x7f);
    let is_del = del.wrapping_sub(ONES) & !del;
    (below_space | is_del) & HIGH
}

/// Runs of `plain`, up to a length, with each byte at each place, and then with one above 0x7f behind it.
#[cfg(test)]
pub(super) fn each_run(plain: u8, most: usize, mut check: impl FnMut(&[u8])) {
    for strange in 0..=255u8 {
        for length in 0..most {
            let mut bytes = vec![plain; length];
            check(&bytes);
            for at in 0..length {
                bytes[at] = strange;
                check(&bytes);
                bytes[length - 1] = 0xff;
                check(&bytes);
                bytes.fill(plain);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::wire::grammar::class::is_value;

    /// Where the run of bytes that `is` starts with ends, one by one.
    fn end(bytes: &[u8], is: impl Fn(u8) -> bool) -> usize {
        let outside = bytes.iter().position(|&byte| !is(byte));
        outside.unwrap_or(bytes.len())
    }

    #[test]
    fn value_end_agrees_with_the_table_at_every_length_and_place() {
        each_run(b'v', 70, |bytes| {
            let expected = end(bytes, is_value);
            assert_eq!(value_end(bytes, 0), expected, "{}", bytes.escape_ascii());
            let plain = expected.min(end(bytes, |byte| byte != b'\t'));
            // The last bytes, which are checked one by one, may have tabs.
            let found = plain_value_end(bytes, 0);
            let is_right = found == plain || (found == expected && plain + 8 > bytes.len());
            assert!(is_right, "{found} in {}", bytes.escape_ascii());
        });
    }

    #[test]
    fn target_end_agrees_with_the_table_at_every_length_and_place() {
        for plain in [b'a', b'=', b'_', b'!'] {
            each_run(plain, 45, |bytes| {
                let expected = end(bytes, |byte| is(byte, TARGET));
                assert_eq!(target_end(bytes, 0), expected, "{}", bytes.escape_ascii());
            });
        }
    }

    #[test]
    fn letters_end_before_every_other_byte_at_every_length_and_place() {
        for plain in [b'N', b'-'] {
            each_run(plain, 45, |bytes| {
                let expected = end(bytes, |byte| byte.is_ascii_alphabetic() || byte == b'-');
                let word_at = expected / 8 * 8;
                let expected = match word_at + 8 <= bytes.len() {
                    true => expected,
                    false => word_at,
                };
                assert_eq!(letters_end(bytes, 0), expected, "{}", bytes.escape_ascii());
            });
        }
    }
}
