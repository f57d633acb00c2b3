//! The codes of a block: declared by it, or fixed; and the next symbol that is written with one of them.

use super::bits::BitReader;
use super::decode_table::{
    Alphabet, DecodeTable, END, Entry, SECOND_TABLE, SPECIAL, all_bits, broken_rule, with_extra,
};
use super::error::{Rule, Step};
use super::symbols::{
    CODE_LENGTHS, DISTANCES, END_OF_BLOCK, FIXED_DISTANCES, FIXED_LITERALS, LITERALS,
};

/// The most code lengths that a block declares.
const ALL_LENGTHS: usize = LITERALS + DISTANCES;

#[derive(Clone, Debug)]
pub(super) struct Codes {
    pub(super) literals: DecodeTable<10, 1334>,
    pub(super) distances: DecodeTable<8, 402>,
    pub(super) code_lengths: DecodeTable<7, 128>,
    /// How many codes are declared: for literals and lengths, for distances, and for code lengths.
    pub(super) counts: [usize; 3],
    /// The lengths that have been read: those of the code length codes, then all others.
    pub(super) lengths: [u8; ALL_LENGTHS],
    /// Whether the tables are those of a block with fixed codes.
    are_fixed: bool,
}

impl Codes {
    /// It is large, so it is a constant: that is copied to the heap at once, and not made on the stack first.
    pub(super) const EMPTY: Codes = Codes {
        literals: DecodeTable::EMPTY,
        distances: DecodeTable::EMPTY,
        code_lengths: DecodeTable::EMPTY,
        counts: [0; 3],
        lengths: [0; ALL_LENGTHS],
        are_fixed: false,
    };

    pub(super) fn make_fixed(&mut self) -> Result<(), Rule> {
        if !self.are_fixed {
            self.literals.build(&FIXED_LITERALS, Alphabet::Literals)?;
            self.distances
                .build(&FIXED_DISTANCES, Alphabet::Distances)?;
            self.are_fixed = true;
        }
        Ok(())
    }

    /// From 5, 5 and 4 bits.
    pub(super) fn declare(&mut self, counts: usize) -> Result<(), Rule> {
        // RFC 1951 §3.2.7: "5 Bits: HLIT, # of Literal/Length codes - 257 (257 - 286)
        //                   5 Bits: HDIST, # of Distance codes - 1        (1 - 32)
        //                   4 Bits: HCLEN, # of Code Length codes - 4     (4 - 19)"
        let [literals, distances] = [(counts & 31) + 257, (counts >> 5 & 31) + 1];
        if literals > LITERALS || distances > DISTANCES {
            return Err(Rule::TooManyCodes);
        }
        self.counts = [literals, distances, (counts >> 10) + 4];
        self.lengths[..CODE_LENGTHS].fill(0);
        Ok(())
    }

    pub(super) fn make_code_lengths(&mut self) -> Result<(), Rule> {
        let lengths = &self.lengths[..CODE_LENGTHS];
        self.code_lengths.build(lengths, Alphabet::CodeLengths)
    }

    /// From all lengths.
    pub(super) fn make_declared(&mut self) -> Result<(), Rule> {
        self.are_fixed = false;
        if self.lengths[END_OF_BLOCK] == 0 {
            return Err(Rule::EndOfBlockMissing);
        }
        let [literals, distances, _] = self.counts;
        let (literals, rest) = self.lengths.split_at(literals);
        self.literals.build(literals, Alphabet::Literals)?;
        self.distances
            .build(&rest[..distances], Alphabet::Distances)
    }
}

/// A symbol that is here in whole, its extra bits included.
pub(super) struct Symbol {
    pub(super) entry: Entry,
    /// A byte, a length, a distance, a code length.
    pub(super) value: usize,
    /// How many bits it has.
    pub(super) bits: u32,
}

/// The next symbol, whose bits stay.
pub(super) fn next<const BITS: u32, const SIZE: usize>(
    bits: &mut BitReader,
    table: &DecodeTable<BITS, SIZE>,
    input: &mut &[u8],
) -> Step<Symbol> {
    loop {
        let here = bits.peek();
        let mut entry = table.first(here);
        if entry & SECOND_TABLE != 0 && bits.count() >= BITS {
            entry = table.second(entry, here);
        }
        let all = all_bits(entry);
        if entry & SECOND_TABLE == 0 && all <= bits.count() {
            if entry & (SPECIAL | END) == SPECIAL {
                return Err(broken_rule(entry).into());
            }
            let value = with_extra(entry, here);
            #[rustfmt::skip]
            return Ok(Symbol { entry, value, bits: all });
        }
        bits.need(bits.count() + 1, input)?;
    }
}
