//! The alphabets of a compressed block: what a symbol stands for.
//!
//! ```text
//!   literal/length   0 … 255  a byte        256  the block ends        257 … 285  a length
//!   distance         0 … 29   how far back the bytes are that are copied
//!
//!   a length or a distance is a base and some extra bits behind the code: symbol 266, extra bit 1 = 13 + 1 = 14
//! ```

/// Codes for literals and lengths that may be declared, and all that exist: the last two do not occur.
pub(super) const LITERALS: usize = 286;
pub(super) const ALL_LITERALS: usize = 288;
/// The same for distances.
pub(super) const DISTANCES: usize = 30;
pub(super) const ALL_DISTANCES: usize = 32;
/// The codes that code lengths are written with.
pub(super) const CODE_LENGTHS: usize = 19;

pub(super) const END_OF_BLOCK: usize = 256;
/// The shortest copy, and the longest.
pub(super) const SHORTEST: usize = 3;
pub(super) const LONGEST: usize = 258;
/// The longest code of a literal, a length or a distance.
pub(super) const CODE_BITS: u8 = 15;

/// RFC 1951 §3.2.5: base and extra bits of the length symbols from 257 on.
#[rustfmt::skip]
pub(super) const LENGTH: [(u16, u8); 29] = [
    (SHORTEST as u16, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 1), (13, 1), (15, 1), (17, 1),
    (19, 2), (23, 2), (27, 2), (31, 2), (35, 3), (43, 3), (51, 3), (59, 3), (67, 4), (83, 4), (99, 4), (115, 4),
    (131, 5), (163, 5), (195, 5), (227, 5), (LONGEST as u16, 0),
];

/// RFC 1951 §3.2.5: base and extra bits of the distance symbols.
#[rustfmt::skip]
pub(super) const DISTANCE: [(u16, u8); DISTANCES] = [
    (1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (7, 1), (9, 2), (13, 2), (17, 3), (25, 3), (33, 4), (49, 4),
    (65, 5), (97, 5), (129, 6), (193, 6), (257, 7), (385, 7), (513, 8), (769, 8), (1025, 9), (1537, 9),
    (2049, 10), (3073, 10), (4097, 11), (6145, 11), (8193, 12), (12289, 12), (16385, 13), (24577, 13),
];

/// RFC 1951 §3.2.7: the order in which the lengths of the code length codes are sent: those that are often 0 come last.
#[rustfmt::skip]
pub(super) const CODE_LENGTH_ORDER: [u8; CODE_LENGTHS] =
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// RFC 1951 §3.2.6: the code lengths of a block with fixed codes.
pub(super) const FIXED_LITERALS: [u8; ALL_LITERALS] = {
    let (mut lengths, mut symbol) = ([8; ALL_LITERALS], 144);
    while symbol < 280 {
        lengths[symbol] = if symbol < 256 { 9 } else { 7 };
        symbol += 1;
    }
    lengths
};
pub(super) const FIXED_DISTANCES: [u8; ALL_DISTANCES] = [5; ALL_DISTANCES];

/// How many codes of each length there are; `[0]`: how many symbols have none.
pub(super) fn count_lengths(lengths: &[u8]) -> [u16; CODE_BITS as usize + 1] {
    let mut count = [0; CODE_BITS as usize + 1];
    for &length in lengths {
        count[usize::from(length)] += 1;
    }
    count
}
