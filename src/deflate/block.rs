//! A block of literals and copies, and the shortest way to write it.
//!
//! # The problem
//!
//! A block says first how its codes are made. With dynamic codes it is 50 to 90 bytes until the first symbol, which a long
//! text earns back and a short message does not; the fixed codes cost nothing, and fit nothing; and random bytes get longer
//! with any code. So the symbols are counted while they are collected, all three lengths are computed, and the shortest
//! block is written.
//!
//! ```text
//!   stored    0/1 00 │ 0 up to a byte │ length, its complement │ the bytes themselves
//!   fixed     0/1 10 │ symbols … 0000000
//!   dynamic   0/1 01 │ counts │ lengths of the code length codes │ code lengths │ symbols … end of block
//! ```

use super::bits_out::BitWriter;
use super::encode_table::{Code, NO_TREE, Tree, code_lengths, codes, parts};
use super::symbols::{
    ALL_LITERALS, CODE_BITS, CODE_LENGTH_ORDER, CODE_LENGTHS, DISTANCE, DISTANCES, END_OF_BLOCK,
    FIXED_DISTANCES, FIXED_LITERALS, LENGTH, LITERALS, LONGEST, SHORTEST,
};

/// The types of a block, RFC 1951 §3.2.3.
const STORED: u64 = 0;
const FIXED: u64 = 1;
const DYNAMIC: u64 = 2;

/// The longest code of a code length.
const CODE_LENGTH_BITS: u8 = 7;

/// Which symbol a length has, from 257 on: by length, from the shortest copy on.
const LENGTH_SYMBOL: [u8; LONGEST - SHORTEST + 1] = {
    let mut symbols = [0; LONGEST - SHORTEST + 1];
    let (mut at, mut symbol) = (0, 0);
    while at < symbols.len() {
        if symbol + 1 < LENGTH.len() && LENGTH[symbol + 1].0 as usize == at + SHORTEST {
            symbol += 1;
        }
        symbols[at] = symbol as u8;
        at += 1;
    }
    symbols
};

fn length_symbol(length: usize) -> usize {
    usize::from(LENGTH_SYMBOL[length - SHORTEST])
}

/// Two symbols for each power of two from 2 on.
#[inline(always)]
fn distance_symbol(distance: usize) -> usize {
    let from_0 = distance - 1;
    match from_0 {
        0 | 1 => from_0,
        _ => {
            let power = from_0.ilog2() as usize;
            2 * power + (from_0 >> (power - 1) & 1)
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Block {
    /// Each a literal, or the distance of a copy above its length.
    symbols: Vec<u32>,
    most: usize,
    /// How many bytes they stand for.
    pub(super) bytes: usize,
    /// How often each occurs.
    literals: [u32; LITERALS],
    distances: [u32; DISTANCES],
    literal_codes: [Code; ALL_LITERALS],
    distance_codes: [Code; DISTANCES],
    head: Head,
    tree: Tree,
    /// While it is written: whether as stored, and how many symbols or bytes of it are.
    is_stored: bool,
    written: usize,
}

impl Block {
    const EMPTY: Block = Block {
        symbols: Vec::new(),
        most: 0,
        bytes: 0,
        literals: [0; LITERALS],
        distances: [0; DISTANCES],
        literal_codes: [0; ALL_LITERALS],
        distance_codes: [0; DISTANCES],
        head: Head::EMPTY,
        tree: NO_TREE,
        is_stored: false,
        written: 0,
    };

    /// For so many symbols at most.
    pub(super) fn new(most: usize) -> Box<Block> {
        let mut block = Box::new(Block::EMPTY); // as `Codes::EMPTY`
        block.most = most;
        block.clear();
        block
    }

    pub(super) fn clear(&mut self) {
        self.symbols.clear();
        (self.bytes, self.written) = (0, 0);
        self.literals.fill(0);
        self.distances.fill(0);
        self.literals[END_OF_BLOCK] = 1;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// How many more symbols there is room for.
    pub(super) fn room(&self) -> usize {
        self.most - self.symbols.len()
    }

    #[inline(always)]
    pub(super) fn literal(&mut self, byte: u8) {
        self.symbols.push(byte.into());
        self.literals[usize::from(byte)] += 1;
        self.bytes += 1;
    }

    #[inline(always)]
    pub(super) fn copy(&mut self, length: usize, distance: usize) {
        self.symbols.push((distance << 16 | length) as u32);
        self.literals[END_OF_BLOCK + 1 + length_symbol(length)] += 1;
        self.distances[distance_symbol(distance)] += 1;
        self.bytes += length;
    }

    /// Writes the head of the shortest of the three, and makes its codes. If its bytes are no longer there, it is not stored.
    pub(super) fn begin(&mut self, is_last: bool, can_store: bool, out: &mut BitWriter) {
        self.head
            .make(&self.literals, &self.distances, &mut self.tree);
        let (literals, distances) = self.head.lengths();
        let dynamic = self.head.bits + self.bits(literals, distances);
        let fixed = self.bits(&FIXED_LITERALS, &FIXED_DISTANCES);
        let padding = (13 - out.bits_begun() as usize) % 8;
        let stored = match can_store {
            true => padding + 32 + 8 * self.bytes,
            false => usize::MAX,
        };

        self.is_stored = stored <= fixed.min(dynamic);
        let kind = match (self.is_stored, fixed <= dynamic) {
            (true, _) => STORED,
            (_, true) => FIXED,
            (_, false) => DYNAMIC,
        };
        out.put(kind << 1 | u64::from(is_last), 3);
        if self.is_stored {
            out.align();
            let length = self.bytes as u64;
            return out.put(length | (length ^ 0xffff) << 16, 32);
        }
        let (literals, distances) = match kind {
            FIXED => (&FIXED_LITERALS[..], &FIXED_DISTANCES[..]),
            _ => self.head.write(out),
        };
        codes(literals, &mut self.literal_codes);
        codes(distances, &mut self.distance_codes);
    }

    /// How many bits all symbols have with codes of these lengths.
    fn bits(&self, literals: &[u8], distances: &[u8]) -> usize {
        let sum = |counts: &[u32], lengths: &[u8]| -> usize {
            let each = counts.iter().zip(lengths);
            each.map(|(&n, &bits)| n as usize * usize::from(bits)).sum()
        };
        let extra = |counts: &[u32], table: &[(u16, u8)]| -> usize {
            let each = counts.iter().zip(table);
            each.map(|(&n, base)| n as usize * usize::from(base.1))
                .sum()
        };
        sum(&self.literals, literals)
            + sum(&self.distances, distances)
            + extra(&self.literals[END_OF_BLOCK + 1..], &LENGTH)
            + extra(&self.distances, &DISTANCE)
    }

    /// Goes on to write what comes behind the head, until the writer is full. `true`: the block has ended.
    ///
    /// `stored` has the bytes of the block, if it is stored.
    pub(super) fn go_on(&mut self, stored: &[u8], out: &mut BitWriter) -> bool {
        if self.is_stored {
            self.written += out.append(&stored[self.written..]);
            return self.written == self.bytes;
        }
        let symbols = &self.symbols[self.written..];
        let written = out.put_each(symbols, |&symbol| self.bits_of(symbol));
        self.written += written;
        if written < symbols.len() {
            return false;
        }
        let (code, count) = parts(self.literal_codes[END_OF_BLOCK]);
        out.put(code, count);
        true
    }

    /// The codes of a symbol and the extra bits behind them, and how many bits that are.
    #[inline(always)]
    fn bits_of(&self, symbol: u32) -> (u64, u32) {
        let (length, distance) = (symbol as usize & 0xffff, symbol as usize >> 16);
        if distance == 0 {
            return parts(self.literal_codes[length]);
        }
        let symbol = length_symbol(length);
        let (base, extra) = LENGTH[symbol];
        let (mut bits, mut count) = parts(self.literal_codes[END_OF_BLOCK + 1 + symbol]);
        bits |= (length as u64 - u64::from(base)) << count;
        count += u32::from(extra);
        let symbol = distance_symbol(distance);
        let (base, extra) = DISTANCE[symbol];
        let (code, code_count) = parts(self.distance_codes[symbol]);
        bits |= code << count;
        count += code_count;
        bits |= (distance as u64 - u64::from(base)) << count;
        (bits, count + u32::from(extra))
    }
}

/// RFC 1951 §3.2.7: the code lengths of a block with dynamic codes, written with codes of their own.
#[derive(Clone, Debug)]
struct Head {
    /// Those for literals, up to the last that is used, and behind them those for distances.
    all: [u8; LITERALS + DISTANCES],
    literals: usize,
    distances: usize,
    code_lengths: [u8; CODE_LENGTHS],
    /// How many of them are sent.
    sent: usize,
    bits: usize,
}

impl Head {
    const EMPTY: Head = Head {
        all: [0; LITERALS + DISTANCES],
        literals: 0,
        distances: 0,
        code_lengths: [0; CODE_LENGTHS],
        sent: 0,
        bits: 0,
    };

    /// The code lengths for literals and for distances.
    fn lengths(&self) -> (&[u8], &[u8]) {
        let (literals, rest) = self.all.split_at(self.literals);
        (literals, &rest[..self.distances])
    }

    /// For what occurs so often.
    fn make(&mut self, literals: &[u32], distances: &[u32], tree: &mut Tree) {
        let used = |lengths: &[u8]| {
            let last = lengths.iter().rposition(|&bits| bits > 0);
            last.map_or(0, |last| last + 1)
        };
        let first = &mut self.all[..LITERALS];
        code_lengths(literals, CODE_BITS, first, tree);
        self.literals = used(first);
        let behind = &mut self.all[self.literals..][..DISTANCES];
        code_lengths(distances, CODE_BITS, behind, tree);
        self.distances = used(behind);

        let (mut frequencies, mut extra_bits) = ([0; CODE_LENGTHS], 0);
        self.each(|symbol, _, extra| {
            frequencies[symbol] += 1;
            extra_bits += extra as usize;
        });
        let lengths = &mut self.code_lengths;
        code_lengths(&frequencies, CODE_LENGTH_BITS, lengths, tree);
        let is_used = |&at: &usize| lengths[usize::from(CODE_LENGTH_ORDER[at])] > 0;
        self.sent = (4..CODE_LENGTHS).rfind(is_used).map_or(4, |last| last + 1);
        let codes = frequencies.iter().zip(lengths);
        let codes: usize = codes
            .map(|(&n, bits)| n as usize * usize::from(*bits))
            .sum();
        self.bits = 5 + 5 + 4 + 3 * self.sent + codes + extra_bits;
    }

    /// Calls `write(symbol, extra, bits)` for each symbol: a code length, or one that repeats, with that many extra bits.
    fn each(&self, mut write: impl FnMut(usize, u64, u32)) {
        let (mut rest, mut before) = (&self.all[..self.literals + self.distances], 0);
        while let Some(&length) = rest.first() {
            let run = rest.iter().take_while(|&&next| next == length).count();
            // RFC 1951 §3.2.7: "16: Copy the previous code length 3 - 6 times. […] 17: Repeat a code length of 0 for 3 - 10
            // times. […] 18: Repeat a code length of 0 for 11 - 138 times"
            let (symbol, least, most, bits) = match (length, run) {
                (0, 11..) => (18, 11, 138, 7),
                (0, 3..) => (17, 3, 10, 3),
                (_, 3..) if length == before => (16, 3, 6, 2),
                _ => (length.into(), 1, 1, 0),
            };
            let n = run.min(most);
            write(symbol, (n - least) as u64, bits);
            (rest, before) = (&rest[n..], length);
        }
    }

    /// Writes it, and returns the [lengths](Head::lengths).
    fn write(&self, out: &mut BitWriter) -> (&[u8], &[u8]) {
        out.put((self.literals - 257) as u64, 5);
        out.put((self.distances - 1) as u64, 5);
        out.put((self.sent - 4) as u64, 4);
        for &symbol in &CODE_LENGTH_ORDER[..self.sent] {
            out.put(self.code_lengths[usize::from(symbol)].into(), 3);
        }
        let mut length_codes = [0; CODE_LENGTHS];
        codes(&self.code_lengths, &mut length_codes);
        self.each(|symbol, extra, bits| {
            let (code, count) = parts(length_codes[symbol]);
            out.put(code | extra << count, count + bits);
        });
        self.lengths()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_length_and_distance_has_the_symbol_whose_range_it_is_in() {
        for length in SHORTEST..=LONGEST {
            let (base, extra) = LENGTH[length_symbol(length)];
            let from_base = length.wrapping_sub(base.into());
            assert!(from_base < 1 << extra, "{length}");
        }
        assert_eq!(length_symbol(LONGEST), 28); // and not 27 with all extra bits
        for distance in 1..=1 << 15 {
            let (base, extra) = DISTANCE[distance_symbol(distance)];
            let from_base = distance.wrapping_sub(base.into());
            assert!(from_base < 1 << extra, "{distance}");
        }
    }

    #[test]
    fn code_lengths_are_written_in_runs() {
        let mut head = Head {
            literals: END_OF_BLOCK + 1,
            distances: 6,
            ..Head::EMPTY
        };
        head.all[0] = 5;
        head.all[140..148].fill(4); // behind 139 of 0; 1 + 6 + 1
        head.all[END_OF_BLOCK] = 4; // behind 108 of 0
        head.all[END_OF_BLOCK + 1..][..6].copy_from_slice(&[4, 4, 4, 0, 0, 1]);
        let mut written = Vec::new();
        head.each(|symbol, extra, bits| written.push((symbol, extra, bits)));
        let zeros = |n: u64| (18, n - 11, 7);
        let expected = [
            (5, 0, 0),
            zeros(138),
            (0, 0, 0),
            (4, 0, 0),
            (16, 3, 2),
            (4, 0, 0),
            zeros(108),
            (4, 0, 0),
            (16, 0, 2),
            (0, 0, 0),
            (0, 0, 0),
            (1, 0, 0), // on from literals to distances
        ];
        assert_eq!(written, expected);
    }
}
