//! Symbols without a look at the ends of the input and the output: nearly all of a large stream is decoded here.
//!
//! Each turn of the loop has 16 bytes of input, and room for two literals and the longest copy. So it takes eight bytes at a
//! time, and a copy writes 16 bytes at a time, some of them too many. At least 56 bits are here after each refill: two
//! literals and a length have at most 50, a distance 28.

use super::bits::BitReader;
use super::codes::Codes;
use super::decode_table::{
    END, LITERAL, SECOND_TABLE, SPECIAL, all_bits, broken_rule, value, with_extra,
};
use super::error::Rule;
use super::history::{History, repeat};
use super::symbols::LONGEST;

/// The most bytes of input that one turn looks at.
const INPUT: usize = 16;
/// The most bytes of output that one turn makes.
const OUTPUT: usize = 2 + LONGEST;

/// Whether one turn at least can be done.
pub(super) fn can_run(history: &History, input: &[u8]) -> bool {
    input.len() >= INPUT && history.limit - history.end >= OUTPUT
}

/// Decodes as long as it [can run](can_run). Returns whether the block has ended.
///
/// What breaks a rule stays in the reader.
pub(super) fn run(
    codes: &Codes,
    reader: &mut BitReader,
    history: &mut History,
    input: &mut &[u8],
) -> Result<bool, Rule> {
    #[rustfmt::skip]
    let Codes { literals, distances, .. } = codes;
    #[rustfmt::skip]
    let History { bytes: out, end: out_end, limit, window, .. } = history;
    let (mut bits, mut count) = reader.parts();
    let (mut at, mut end) = (0, *out_end);
    let (last_at, last_end) = (input.len() - INPUT, *limit - OUTPUT);
    let mut outcome = Ok(false);
    while at <= last_at && end <= last_end {
        refill(input, &mut at, &mut bits, &mut count);
        let mut entry = literals.first(bits);
        if entry & LITERAL != 0 {
            out[end] = value(entry) as u8;
            end += 1;
            skip(&mut bits, &mut count, all_bits(entry));
            entry = literals.first(bits);
            if entry & LITERAL != 0 {
                out[end] = value(entry) as u8;
                end += 1;
                skip(&mut bits, &mut count, all_bits(entry));
                entry = literals.first(bits);
            }
        }
        if entry & SECOND_TABLE != 0 {
            entry = literals.second(entry, bits);
        }
        let length = with_extra(entry, bits);
        if entry & (SPECIAL | END) == SPECIAL {
            outcome = Err(broken_rule(entry));
            break;
        }
        skip(&mut bits, &mut count, all_bits(entry));
        if entry & LITERAL != 0 {
            out[end] = length as u8;
            end += 1;
            continue;
        }
        if entry & END != 0 {
            outcome = Ok(true);
            break;
        }

        refill(input, &mut at, &mut bits, &mut count);
        let mut entry = distances.first(bits);
        if entry & SECOND_TABLE != 0 {
            entry = distances.second(entry, bits);
        }
        if entry & SPECIAL != 0 {
            outcome = Err(broken_rule(entry));
            break;
        }
        let distance = with_extra(entry, bits);
        if distance > end.min(*window) {
            outcome = Err(Rule::DistanceTooFar);
            break;
        }
        skip(&mut bits, &mut count, all_bits(entry));
        repeat(out, end, distance, length);
        end += length;
    }
    *out_end = end;
    // Whole bytes that are not used go back to the input.
    let back = at.min(count as usize / 8);
    *input = &input[at - back..];
    reader.set_parts(bits, count - 8 * back as u32);
    outcome
}

/// Fills up the bits from 8 bytes of the input: at least 56 are here then.
#[inline(always)]
fn refill(input: &[u8], at: &mut usize, bits: &mut u64, count: &mut u32) {
    let next: [u8; 8] = input[*at..*at + 8].try_into().expect("8 bytes");
    *bits |= u64::from_le_bytes(next) << *count;
    *at += (63 - *count as usize) >> 3;
    *count |= 56;
}

#[inline(always)]
fn skip(bits: &mut u64, count: &mut u32, n: u32) {
    *bits >>= n;
    *count -= n;
}
