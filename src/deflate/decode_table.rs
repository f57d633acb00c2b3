//! Decoding a code with one look into a table, or two.
//!
//! # The problem
//!
//! The codes of a block are known by their lengths alone: they are numbered by length, and within a length by symbol
//! (RFC 1951 §3.2.2). A code has 1 to 15 bits, and nothing says where it ends but the code itself. Following a tree
//! bit by bit would take a dozen steps a symbol.
//!
//! ```text
//!   lengths   A:2 B:1 C:3 D:3              table for 3 bits, the next bit of the stream is the lowest
//!   codes     B 0   A 10   C 110  D 111       000 B 1   001 A 2   010 B 1   011 C 3
//!                                             100 B 1   101 A 2   110 B 1   111 D 3
//! ```
//!
//! # The rules
//!
//! - The next `BITS` bits of the stream are the index. An entry holds everything that is done with the symbol: the byte
//!   of a literal, or base and extra bits of a length or a distance, and how many bits it takes.
//! - A code that is longer leads to a second table behind the first.
//! - RFC 1951 §3.2.1: the bits of a code are sent from its first on, so an index is the code with its bits in reverse.
//!
//! ```text
//!   entry   31                16 15     12 11      8 7      0
//!           value               | kind   | code    | all     |  bits of the code, and with the extra bits
//! ```

use super::error::Rule;
use super::symbols::{CODE_BITS, DISTANCE, END_OF_BLOCK, LENGTH, count_lengths};

/// What to do with a symbol.
pub(super) type Entry = u32;

pub(super) const LITERAL: Entry = 1 << 15;
/// Neither a literal nor a base: one of the next three.
pub(super) const SPECIAL: Entry = 1 << 14;
pub(super) const SECOND_TABLE: Entry = 1 << 13;
pub(super) const END: Entry = 1 << 12;
/// What no code leads to has the value 0, and a reserved symbol 1. One bit shows that no code begins so, as the only
/// code of an incomplete table has one bit.
const UNUSED: Entry = SPECIAL | 1 << 8 | 1;
const RESERVED: Entry = SPECIAL | 1 << 16;

/// The bits of the code and its extra bits.
pub(super) fn all_bits(entry: Entry) -> u32 {
    entry & 0xff
}

/// The bits of the code.
pub(super) fn code_bits(entry: Entry) -> u32 {
    (entry >> 8) & 0xf
}

/// A byte, a base, or the place of the second table.
pub(super) fn value(entry: Entry) -> usize {
    (entry >> 16) as usize
}

/// The value, and the extra bits behind the code with it; the code is at the begin of `bits`.
#[inline(always)]
pub(super) fn with_extra(entry: Entry, bits: u64) -> usize {
    let extra = (bits & !(u64::MAX << all_bits(entry))) >> code_bits(entry);
    value(entry) + extra as usize
}

/// The rule that a special entry breaks which is neither the end nor a second table.
#[cold]
pub(super) fn broken_rule(entry: Entry) -> Rule {
    match value(entry) {
        0 => Rule::CodeUnused,
        _ => Rule::SymbolReserved,
    }
}

/// Which alphabet a table is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Alphabet {
    Literals,
    Distances,
    CodeLengths,
}

impl Alphabet {
    /// The entry of a symbol, without the bits of its code.
    fn entry(self, symbol: usize) -> Entry {
        let based = |table: &[(u16, u8)], at: usize| match table.get(at) {
            Some(&(base, extra)) => Entry::from(base) << 16 | Entry::from(extra),
            None => RESERVED,
        };
        match self {
            Alphabet::CodeLengths => (symbol as Entry) << 16,
            Alphabet::Distances => based(&DISTANCE, symbol),
            Alphabet::Literals if symbol < END_OF_BLOCK => (symbol as Entry) << 16 | LITERAL,
            Alphabet::Literals if symbol == END_OF_BLOCK => SPECIAL | END,
            Alphabet::Literals => based(&LENGTH, symbol - END_OF_BLOCK - 1),
        }
    }
}

/// A table of `2^BITS` entries, and those of the second tables behind it: `SIZE` in all.
#[derive(Clone, Debug)]
pub(super) struct DecodeTable<const BITS: u32, const SIZE: usize> {
    entries: [Entry; SIZE],
}

impl<const BITS: u32, const SIZE: usize> DecodeTable<BITS, SIZE> {
    pub(super) const EMPTY: Self = DecodeTable {
        entries: [UNUSED; SIZE],
    };

    /// The entry for the next bits of the stream. If they are fewer than its code has, the bits above them must be 0.
    #[inline(always)]
    pub(super) fn first(&self, bits: u64) -> Entry {
        self.entries[(bits & ((1 << BITS) - 1)) as usize]
    }

    /// The entry in the second table that `first` leads to. Its bits are counted from the begin of the code.
    #[inline(always)]
    pub(super) fn second(&self, first: Entry, bits: u64) -> Entry {
        let index = (bits >> BITS) & ((1 << all_bits(first)) - 1);
        self.entries[value(first) + index as usize]
    }

    /// Makes the table of these code lengths; 0 is a symbol without a code.
    pub(super) fn build(&mut self, lengths: &[u8], alphabet: Alphabet) -> Result<(), Rule> {
        let mut count = count_lengths(lengths);
        let used = lengths.len() as u16 - count[0];
        count[0] = 0;
        check(&count, used, alphabet)?;

        // The symbols in the order of their codes.
        let mut next_place = [0_u16; CODE_BITS as usize + 2];
        for bits in 1..=usize::from(CODE_BITS) {
            next_place[bits + 1] = next_place[bits] + count[bits];
        }
        let mut sorted = [0_u16; super::symbols::ALL_LITERALS + super::symbols::ALL_DISTANCES];
        for (symbol, &length) in lengths.iter().enumerate() {
            if length > 0 {
                let place = &mut next_place[usize::from(length)];
                sorted[usize::from(*place)] = symbol as u16;
                *place += 1;
            }
        }
        if used <= 1 {
            self.entries[..1 << BITS].fill(UNUSED);
        }
        self.fill(&sorted[..used.into()], &count, alphabet);
        Ok(())
    }

    /// Walks the codes in their order; `code` has its bits in reverse.
    fn fill(&mut self, sorted: &[u16], count: &[u16; 16], alphabet: Alphabet) {
        let (mut symbols, mut code) = (sorted.iter(), 0_usize);
        let (mut table, mut table_bits, mut table_of) = (1 << BITS, 0, usize::MAX);
        for bits in 1..=u32::from(CODE_BITS) {
            for left in (0..count[bits as usize]).rev() {
                let Some(&symbol) = symbols.next() else {
                    return;
                };
                let entry = alphabet.entry(symbol.into()) + (bits << 8 | bits);
                if bits <= BITS {
                    let places = self.entries[..1 << BITS].iter_mut();
                    places
                        .skip(code)
                        .step_by(1 << bits)
                        .for_each(|place| *place = entry);
                } else {
                    let low = code & ((1 << BITS) - 1);
                    if low != table_of {
                        table += (1 << table_bits) * usize::from(table_of != usize::MAX);
                        table_of = low;
                        table_bits = second_bits(bits - BITS, left, &count[bits as usize + 1..]);
                        self.entries[low] = (table as Entry) << 16
                            | SPECIAL
                            | SECOND_TABLE
                            | BITS << 8
                            | table_bits;
                    }
                    let places = self.entries[table..table + (1 << table_bits)].iter_mut();
                    places
                        .skip(code >> BITS)
                        .step_by(1 << (bits - BITS))
                        .for_each(|place| *place = entry);
                }
                code = next(code, bits);
            }
        }
    }
}

/// How many bits a second table needs that begins with a code of `bits` beyond the first one, if behind that code come
/// `left` of the same length and then `longer` ones.
fn second_bits(bits: u32, left: u16, longer: &[u16]) -> u32 {
    let (mut table_bits, mut room) = (bits, (1_i32 << bits) - 1 - i32::from(left));
    for &count in longer {
        if room <= 0 {
            break;
        }
        table_bits += 1;
        room = (room << 1) - i32::from(count);
    }
    table_bits
}

/// The next code, with its bits in reverse: one is added to the code from its first bit on.
fn next(code: usize, bits: u32) -> usize {
    let mut one = 1 << (bits - 1);
    while code & one != 0 {
        one >>= 1;
    }
    match one {
        0 => 0, // behind the last
        one => code & (one - 1) | one,
    }
}

/// Whether there is a code for each symbol, and what is no code.
fn check(count: &[u16; 16], used: u16, alphabet: Alphabet) -> Result<(), Rule> {
    let mut free = 1_i32;
    for &count in &count[1..] {
        free = (free << 1) - i32::from(count);
        if free < 0 {
            return Err(Rule::CodesOversubscribed);
        }
    }
    // RFC 1951 §3.2.7: "If only one distance code is used, it is encoded using one bit, not zero bits; in this case there is
    // a single code length of one, with one unused code. One distance code of zero bits means that there are no
    // distance codes used at all (the data is all literals)."
    // The same is accepted of literals: a block may have its end alone.
    let is_alone = count[1] == used && !matches!(alphabet, Alphabet::CodeLengths);
    match free > 0 && !is_alone {
        true => Err(Rule::CodesIncomplete),
        false => Ok(()),
    }
}
