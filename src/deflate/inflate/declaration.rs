//! The codes that a block declares: how many, their lengths, and the codes that these lengths are written with.

use super::{Inflate, State, Stop};
use crate::deflate::codes::next;
use crate::deflate::error::Rule;
use crate::deflate::symbols::CODE_LENGTH_ORDER;
use crate::deflate::watch::{Item, Watch};

impl Inflate {
    pub(super) fn counts<W: Watch>(
        &mut self,
        input: &mut &[u8],
        watch: &mut W,
    ) -> Result<(), Stop> {
        if !self.bits.need(14, input) {
            return Err(Stop::Input);
        }
        let counts = self.bits.peek() & 0x3fff;
        self.codes.declare(counts as usize)?;
        self.bits.skip(14);
        watch.passed(14, counts, Item::Counts(self.codes.counts));
        self.state = State::CodeLengthCodes { have: 0 };
        Ok(())
    }

    pub(super) fn code_length_codes<W: Watch>(
        &mut self,
        mut have: usize,
        input: &mut &[u8],
        watch: &mut W,
    ) -> Result<(), Stop> {
        let codes = &mut *self.codes;
        for &symbol in &CODE_LENGTH_ORDER[have..codes.counts[2]] {
            let Some(length) = self.bits.take(3, input) else {
                return Err(Stop::Input);
            };
            watch.passed(3, length as u64, Item::CodeLength);
            codes.lengths[usize::from(symbol)] = length as u8;
            have += 1;
            self.state = State::CodeLengthCodes { have };
        }
        codes.make_code_lengths()?;
        self.state = State::Codes { have: 0 };
        Ok(())
    }

    pub(super) fn codes<W: Watch>(
        &mut self,
        mut have: usize,
        input: &mut &[u8],
        watch: &mut W,
    ) -> Result<(), Stop> {
        let codes = &mut *self.codes;
        let [literals, distances, _] = codes.counts;
        let all = literals + distances;
        while have < all {
            self.state = State::Codes { have };
            let Some(symbol) = next(&mut self.bits, &codes.code_lengths, input)? else {
                return Err(Stop::Input);
            };
            // RFC 1951 §3.2.7: "16: Copy the previous code length 3 - 6 times. […] 17: Repeat a code length of 0 for 3 - 10
            // times. […] 18: Repeat a code length of 0 for 11 - 138 times"
            let (extra, least) = match symbol.value {
                16 => (2, 3),
                17 => (3, 3),
                18 => (7, 11),
                _ => (0, 1),
            };
            let bits = symbol.bits + extra;
            if !self.bits.need(bits, input) {
                return Err(Stop::Input);
            }
            let extra = (self.bits.peek() & !(u64::MAX << bits)) >> symbol.bits;
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
            watch.passed(bits.into(), self.bits.peek(), Item::CodeLength);
            self.bits.skip(bits);
            codes.lengths[have..have + repeats].fill(length);
            have += repeats;
        }
        codes.make_declared()?;
        let (literals, distances) = codes.lengths[..all].split_at(literals);
        watch.passed(
            0,
            0,
            Item::Codes {
                literals,
                distances,
            },
        );
        self.state = State::Symbols;
        Ok(())
    }
}
