//! What an input says: how to go about it, and the bytes.
//!
//! ```text
//!   00        4f 12 07        47 45 54 20 2f …
//!   choices   where to cut    the bytes
//! ```

/// How many bytes stand before those that a peer sends.
const BEFORE: usize = 4;

/// One input, taken apart.
pub(crate) struct Input<'a> {
    choices: u8,
    cuts: u64,
    pub(crate) bytes: &'a [u8],
}

/// The input that plays `bytes` with these choices.
pub(crate) fn written(choices: u8, bytes: &[u8]) -> Vec<u8> {
    [&[choices, 1, 2, 3], bytes].concat()
}

impl<'a> Input<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Input<'a> {
        let (&[choices, cuts @ ..], bytes) = match data.split_first_chunk::<BEFORE>() {
            Some(both) => both,
            None => (&[0; BEFORE], data),
        };
        let cuts = cuts.iter().fold(1, |n, &byte| n << 8 | u64::from(byte));
        Input {
            choices,
            cuts,
            bytes,
        }
    }

    /// One of `n` things to choose from, by the part of the choices that `turn` counts.
    pub(crate) fn choice(&self, turn: u32, n: usize) -> usize {
        usize::from(self.choices.rotate_right(2 * turn)) % n
    }

    /// The bytes in pieces, in three ways: one by one, in two, and by chance; some may be empty.
    pub(crate) fn ways(&self) -> [Vec<&'a [u8]>; 3] {
        let mut chance = self.cuts;
        let (one, other) = self
            .bytes
            .split_at(below(&mut chance, self.bytes.len() + 1));
        let most = [3, 20, 300][below(&mut chance, 3)];
        let (mut by_chance, mut rest) = (Vec::new(), self.bytes);
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(below(&mut chance, most).min(rest.len()));
            by_chance.push(piece);
            rest = behind;
        }
        [self.bytes.chunks(1).collect(), vec![one, other], by_chance]
    }
}

/// Marsaglia's xorshift64*.
fn below(state: &mut u64, n: usize) -> usize {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n
}
