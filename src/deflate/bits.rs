//! Bits of a stream of bytes, the lowest bit of each byte first.
//!
//! ```text
//!   byte 0                  byte 1
//!   7  6  5  4  3  2  1  0   7  6  5  4  3  2  1  0
//!   ◄──────── second ─┤first├        ◄────────────        RFC 1951 §3.1.1
//! ```

use super::error::{Step, Stop};
use super::watch::{Item, Watch};

/// The next bits, taken from the input byte by byte, or eight bytes at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct BitReader {
    /// The next bit is the lowest one; above the `count` bits that are here, all are 0.
    bits: u64,
    count: u32,
}

impl BitReader {
    /// How many are here without more input.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Those that are here, the next one the lowest, and 0 above them.
    pub(super) fn peek(&self) -> u64 {
        self.bits
    }

    /// Takes bytes of the input until at least `count` bits are here, at most 32.
    pub(super) fn need(&mut self, count: u32, input: &mut &[u8]) -> Step {
        while self.count < count {
            let Some((&byte, rest)) = input.split_first() else {
                return Err(Stop::Input);
            };
            *input = rest;
            self.bits |= u64::from(byte) << self.count;
            self.count += 8;
        }
        Ok(())
    }

    /// Goes on by bits that are here.
    pub(super) fn skip(&mut self, count: u32) {
        self.bits >>= count;
        self.count -= count;
    }

    /// The same, behind an item that a watcher sees.
    pub(super) fn pass<W: Watch>(&mut self, count: u32, watch: &mut W, item: Item<'_>) {
        watch.passed(count.into(), self.bits, item);
        self.skip(count);
    }

    /// Leaves out what is left of the byte that was begun.
    pub(super) fn align(&mut self) {
        self.skip(self.count % 8);
    }

    /// What is here, for a loop that works on plain numbers.
    pub(super) fn parts(&self) -> (u64, u32) {
        (self.bits, self.count)
    }

    /// Takes over from such a loop. Bits above `count` may be set.
    pub(super) fn set_parts(&mut self, bits: u64, count: u32) {
        self.bits = bits & !(u64::MAX << count);
        self.count = count;
    }
}
