//! The codes that a block declares: how many, their lengths, and the codes that these lengths are written with.

use super::{Inflate, State};
use crate::deflate::codes::next;
use crate::deflate::error::{Rule, Step};
use crate::deflate::symbols::CODE_LENGTH_ORDER;
use crate::deflate::watch::{Item, Watch};

impl Inflate {
    pub(super) fn counts<W: Watch>(&mut self, input: &mut &[u8], watch: &mut W) -> Step {
        self.bits.need(14, input)?;
        let counts = self.bits.peek() & 0x3fff;
        self.codes.declare(counts as usize)?;
        self.bits.pass(14, watch, Item::Counts(self.codes.counts));
        self.state = State::CodeLengthCodes(0);
        Ok(())
    }

    pub(super) fn code_length_codes<W: Watch>(
        &mut self,
        mut have: usize,
        input: &mut &[u8],
        watch: &mut W,
    ) -> Step {
        let codes = &mut *self.codes;
        for &symbol in &CODE_LENGTH_ORDER[have..codes.counts[2]] {
            self.bits.need(3, input)?;
            codes.lengths[usize::from(symbol)] = self.bits.peek() as u8 & 7;
            self.bits.pass(3, watch, Item::CodeLength);
            have += 1;
            self.state = State::CodeLengthCodes(have);
        }
        codes.make_code_lengths()?;
        self.state = State::Codes(0);
        Ok(())
    }

    pub(super) fn codes<W: Watch>(
        &mut self,
        mut have: usize,
        input: &mut &[u8],
        watch: &mut W,
    ) -> Step {
        let codes = &mut *self.codes;
        let [literals, distances, _] = codes.counts;
        let all = literals + distances;
        while have < all {
            self.state = State::Codes(have);
            let symbol = next(&mut self.bits, &codes.code_lengths, input)?;
            // RFC 1951 §3.2.7: "16: Copy the previous code length 3 - 6 times. […] 17: Repeat a code length of 0 for 3 - 10
            // times. […] 18: Repeat a code length of 0 for 11 - 138 times"
            let (extra, least) = match symbol.value {
                16 => (2, 3),
                17 => (3, 3),
                18 => (7, 11),
                _ => (0, 1),
            };
            let bits = symbol.bits + extra;
            self.bits.need(bits, input)?;
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
            self.bits.pass(bits, watch, Item::CodeLength);
            codes.lengths[have..have + repeats].fill(length);
            have += repeats;
        }
        codes.make_declared()?;
        let (literals, distances) = codes.lengths[..all].split_at(literals);
        #[rustfmt::skip]
        watch.passed(0, 0, Item::Codes { literals, distances });
        self.state = State::Symbols;
        Ok(())
    }
}
