//! The ways to cut bytes: whole, one by one, cut once at every place, cut at random.

use super::decoded;
use barewire::text::{Decoder, Encoding};

/// However `bytes` are cut, both decoders return the same as for the whole.
pub(crate) fn same_however_cut(encoding: Encoding, bytes: &[u8]) {
    for decoder in [Decoder::new(encoding), Decoder::strict(encoding)] {
        let whole = decoded(decoder.clone(), &[bytes]);
        for chunks in cuttings(bytes) {
            let cut = decoded(decoder.clone(), &chunks);
            assert_eq!(cut, whole, "{encoding}: {chunks:02X?}");
        }
    }
}

fn cuttings(bytes: &[u8]) -> Vec<Vec<&[u8]>> {
    let mut all = vec![bytes.chunks(1).collect()];
    for at in 0..=bytes.len() {
        let (one, other) = bytes.split_at(at);
        all.push(vec![one, other]);
        all.push(vec![
            one,
            b"",
            other.get(..1).unwrap_or_default(),
            other.get(1..).unwrap_or_default(),
        ]);
    }
    let mut random = Random(0x9e37_79b9 ^ bytes.len() as u64);
    all.extend((0..8).map(|_| random.pieces(bytes)));
    all
}

/// Marsaglia's xorshift64*, the same in every run: the seed is printed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        println!("seed {seed:#x}");
        Random(seed)
    }

    /// Below `n`.
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n
    }

    fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }

    fn pieces<'b>(&mut self, mut bytes: &'b [u8]) -> Vec<&'b [u8]> {
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(self.below(12).min(bytes.len()));
            pieces.push(piece);
            bytes = rest;
        }
        pieces
    }

    /// Characters of every length, some without their end, and some random bytes.
    pub(crate) fn nearly_utf8(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..self.below(40) {
            let character = ["a", "é", "月", "😀", "\u{FFFD}"][self.below(5)].as_bytes();
            match self.below(8) {
                0 => bytes.push(self.byte()),
                1 => bytes.push(0x80 | self.byte()),
                2 => bytes.extend(&character[..self.below(character.len())]),
                _ => bytes.extend(character),
            }
        }
        bytes
    }

    /// Letters, pairs, halves of pairs and odd bytes.
    pub(crate) fn nearly_utf16(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..self.below(40) {
            let units: &[u16] = match self.below(8) {
                0 => &[0xD800],
                1 => &[0xDFFF],
                2 => &[0xDBFF, 0xDC00],
                3 => &[0xFFFF],
                4 => &[0xD83D, 0xDE00],
                _ => &[0x6708],
            };
            bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
            if self.below(16) == 0 {
                bytes.push(self.byte());
            }
        }
        bytes
    }
}
