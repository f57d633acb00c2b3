//! The codes that a block declares: how many, their lengths, and the codes that these lengths are written with.

use super::bits::BitReader;
use super::codes::{Codes, next};
use super::error::{Rule, Step};
use super::symbols::CODE_LENGTH_ORDER;
use super::watch::{Item, Watch};

/// How far it has come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Declaration {
    Counts,
    /// This many of the code lengths are here.
    CodeLengthCodes(usize),
    Codes(usize),
}

impl Declaration {
    /// Goes on to the end of the declaration, where all codes are made.
    pub(super) fn read<W: Watch>(
        &mut self,
        codes: &mut Codes,
        bits: &mut BitReader,
        input: &mut &[u8],
        watch: &mut W,
    ) -> Step {
        if let Declaration::Counts = self {
            bits.need(14, input)?;
            let counts = bits.peek() & 0x3fff;
            codes.declare(counts as usize)?;
            bits.pass(14, watch, Item::Counts(codes.counts));
            *self = Declaration::CodeLengthCodes(0);
        }
        if let Declaration::CodeLengthCodes(have) = self {
            for &symbol in &CODE_LENGTH_ORDER[*have..codes.counts[2]] {
                bits.need(3, input)?;
                codes.lengths[usize::from(symbol)] = bits.peek() as u8 & 7;
                bits.pass(3, watch, Item::CodeLength);
                *have += 1;
            }
            codes.make_code_lengths()?;
            *self = Declaration::Codes(0);
        }
        let [literals, distances, _] = codes.counts;
        let all = literals + distances;
        while let Declaration::Codes(have) = self
            && *have < all
        {
            *have += repeated(*have, all, codes, bits, input, watch)?;
        }
        codes.make_declared()?;
        let (literals, distances) = codes.lengths[..all].split_at(literals);
        #[rustfmt::skip]
        watch.passed(0, 0, Item::Codes { literals, distances });
        Ok(())
    }
}

/// Takes a code length, or one that repeats, and returns how many lengths that makes.
fn repeated<W: Watch>(
    have: usize,
    all: usize,
    codes: &mut Codes,
    bits: &mut BitReader,
    input: &mut &[u8],
    watch: &mut W,
) -> Step<usize> {
    let symbol = next(bits, &codes.code_lengths, input)?;
    // RFC 1951 §3.2.7: "16: Copy the previous code length 3 - 6 times. […] 17: Repeat a code length of 0 for 3 - 10
    // times. […] 18: Repeat a code length of 0 for 11 - 138 times"
    let (extra, least) = match symbol.value {
        16 => (2, 3),
        17 => (3, 3),
        18 => (7, 11),
        _ => (0, 1),
    };
    let count = symbol.bits + extra;
    bits.need(count, input)?;
    let extra = (bits.peek() & !(u64::MAX << count)) >> symbol.bits;
    let repeats = least + extra as usize;
    let length = match symbol.value {
        16 if have == 0 => return Err(Rule::RepeatOfNothing.into()),
        16 => codes.lengths[have - 1],
        length @ 0..16 => length as u8,
        _ => 0,
    };
    if repeats > all - have {
        return Err(Rule::RepeatTooLong.into());
    }
    bits.pass(count, watch, Item::CodeLength);
    codes.lengths[have..have + repeats].fill(length);
    Ok(repeats)
}
