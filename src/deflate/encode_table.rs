//! The codes of a block: short ones for what comes often.
//!
//! # The problem
//!
//! Huffman's algorithm joins the two rarest symbols to one that is as frequent as both, until one is left: the depth of a
//! symbol in that tree is the length of its code. But a tree may be as deep as there are symbols, and RFC 1951 §3.2.7 has
//! no code of more than 15 bits, and for the code lengths themselves of more than 7.
//!
//! ```text
//!   A×5  B×2  C×1  D×1            ┌─ A 0                     the lengths alone are sent: 1 2 3 3;
//!   C+D → 2   B+CD → 4           ─┤  ┌─ B 10                 codes are numbered by length, then by symbol
//!   A+BCD → 9                     └──┤  ┌─ C 110             (RFC 1951 §3.2.2)
//!                                    └──┴─ D 111
//! ```
//!
//! # The rules
//!
//! - What would be longer than the limit gets the limit. That is more than there is room for; so as often as needed, a
//!   code of the limit moves up: it becomes the neighbour of the longest code that is shorter, and both have a bit more.
//! - There are always two codes at least, since decoders differ about one that is alone.

use super::symbols::{ALL_LITERALS, CODE_BITS, count_lengths};

/// A code with its first bit the lowest, as it is sent, and its length above it.
pub(super) type Code = u32;

const LENGTH_AT: u32 = 16;

/// The bits of a code, and how many they are.
#[inline(always)]
pub(super) fn parts(code: Code) -> (u64, u32) {
    (u64::from(code & 0xffff), code >> LENGTH_AT)
}

/// Room for the tree: its leaves, rarest first, and behind them the joined nodes. A node is a symbol, and above it the
/// frequency; then, when it has been joined to another, the place of their parent; and in the end its depth.
///
/// It belongs to the compressor: on the stack, each thread that has compressed a message once would keep its pages.
pub(super) type Tree = [u32; 2 * ALL_LITERALS];
pub(super) const NO_TREE: Tree = [0; 2 * ALL_LITERALS];

const ABOVE: u32 = 9;
const SYMBOL: u32 = (1 << ABOVE) - 1;

/// Gives each symbol that occurs a code length of at most `limit` bits, and 0 to the others. All together occur less than
/// 2²² times.
pub(super) fn code_lengths(frequencies: &[u32], limit: u8, lengths: &mut [u8], tree: &mut Tree) {
    lengths.fill(0);
    let mut used = 0;
    for (symbol, &frequency) in (0..).zip(frequencies) {
        if frequency > 0 {
            tree[used] = frequency << ABOVE | symbol;
            used += 1;
        }
    }
    for symbol in (0..2).filter(|&symbol| frequencies[symbol] == 0) {
        if used < 2 {
            tree[used] = symbol as u32;
            used += 1;
        }
    }
    tree[..used].sort_unstable();

    let mut count = depths(tree, used, usize::from(limit));
    let mut rarest_first = tree.iter().map(|leaf| (leaf & SYMBOL) as usize);
    for length in (1..=limit).rev() {
        for symbol in rarest_first.by_ref().take(count[usize::from(length)]) {
            lengths[symbol] = length;
        }
        count[usize::from(length)] = 0;
    }
}

/// How many of the leaves, at least two, are at each depth of their tree, and at most at the limit.
fn depths(tree: &mut Tree, leaves: usize, limit: usize) -> [usize; CODE_BITS as usize + 1] {
    // The joined nodes are made in the order of their frequency, too: the root is the last.
    let root = 2 * leaves - 2;
    let (mut leaf, mut joined) = (0, leaves);
    for node in leaves..=root {
        tree[node] = 0;
        for _ in 0..2 {
            let is_leaf =
                leaf < leaves && (joined == node || tree[leaf] >> ABOVE <= tree[joined] >> ABOVE);
            let next = if is_leaf { &mut leaf } else { &mut joined };
            tree[node] += tree[*next] & !SYMBOL;
            tree[*next] = (node as u32) << ABOVE | tree[*next] & SYMBOL;
            *next += 1;
        }
    }
    // A parent stands behind its children, so its depth is known when theirs is asked for.
    tree[root] = 0;
    let mut count = [0; CODE_BITS as usize + 1];
    for node in (0..root).rev() {
        let depth = (tree[(tree[node] >> ABOVE) as usize] >> ABOVE) + 1;
        tree[node] = depth << ABOVE | tree[node] & SYMBOL;
        if node < leaves {
            count[limit.min(depth as usize)] += 1;
        }
    }
    // What the codes take of the room, counted in codes of the limit.
    let mut taken: usize = (1..=limit).map(|bits| count[bits] << (limit - bits)).sum();
    while taken > 1 << limit {
        let shorter = (1..limit).rev().find(|&bits| count[bits] > 0);
        let shorter = shorter.expect("so many codes of the limit do not occur");
        count[limit] -= 1;
        count[shorter] -= 1;
        count[shorter + 1] += 2;
        taken -= 1;
    }
    count
}

/// RFC 1951 §3.2.2: the codes of these lengths.
pub(super) fn codes(lengths: &[u8], codes: &mut [Code]) {
    let mut count = count_lengths(lengths);
    count[0] = 0;
    let mut next = [0_u16; CODE_BITS as usize + 1];
    for bits in 1..next.len() {
        next[bits] = (next[bits - 1] + count[bits - 1]) << 1;
    }
    for (code, &length) in codes.iter_mut().zip(lengths) {
        let next = &mut next[usize::from(length)];
        // RFC 1951 §3.1.1: "Huffman codes are packed starting with the most-significant bit of the code."
        let reversed = next.reverse_bits().checked_shr(16 - u32::from(length));
        *code = u32::from(reversed.unwrap_or(0)) | u32::from(length) << LENGTH_AT;
        *next = next.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many codes of 15 bits all codes of these lengths take the place of.
    fn taken(lengths: &[u8]) -> usize {
        let used = lengths.iter().filter(|&&length| length > 0);
        used.map(|&length| 1 << (CODE_BITS - length)).sum()
    }

    #[test]
    fn frequencies_of_fibonacci_make_the_deepest_tree_and_keep_the_limit() {
        let mut frequencies = vec![1_u32, 1];
        while frequencies.len() < 19 {
            frequencies.push(frequencies[frequencies.len() - 2..].iter().sum());
        }
        for limit in [15, 7, 5] {
            let mut lengths = [0; 19];
            code_lengths(&frequencies, limit, &mut lengths, &mut { NO_TREE });
            assert_eq!(lengths.iter().max(), Some(&limit));
            assert_eq!(taken(&lengths), 1 << CODE_BITS, "{lengths:?}");
            assert!(
                lengths.is_sorted_by(|rarer, next| rarer >= next),
                "{lengths:?}"
            );
        }
        let mut free = [0; 15];
        code_lengths(&frequencies[..15], 15, &mut free, &mut { NO_TREE });
        assert_eq!(free, [14, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    }

    #[test]
    fn as_many_symbols_as_there_are_codes_get_one_each() {
        let mut lengths = [0; 128];
        code_lengths(
            &std::array::from_fn::<_, 128, _>(|at| 1 << (at / 8)),
            7,
            &mut lengths,
            &mut { NO_TREE },
        );
        assert_eq!(lengths, [7; 128]);
    }

    #[test]
    fn there_are_two_codes_at_least() {
        for (frequencies, expected) in [
            ([0, 0, 0], [1, 1, 0]),
            ([9, 0, 0], [1, 1, 0]),
            ([0, 9, 0], [1, 1, 0]),
            ([0, 0, 9], [1, 0, 1]),
            ([0, 9, 9], [0, 1, 1]),
        ] {
            let mut lengths = [7; 3];
            code_lengths(&frequencies, 15, &mut lengths, &mut { NO_TREE });
            assert_eq!(lengths, expected, "{frequencies:?}");
        }
    }

    #[test]
    fn codes_are_numbered_by_length_then_by_symbol() {
        // A to H, the example of RFC 1951 §3.2.2.
        let mut made = [0; 9];
        codes(&[3, 3, 3, 3, 3, 2, 4, 4, 0], &mut made);
        let shown = made.map(|code| {
            let (bits, count) = parts(code);
            let bits = (0..count).map(|at| if bits >> at & 1 == 1 { '1' } else { '0' });
            bits.collect::<String>()
        });
        assert_eq!(
            shown,
            ["010", "011", "100", "101", "110", "00", "1110", "1111", ""]
        );
    }
}
