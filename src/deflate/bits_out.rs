//! Bits into bytes, the lowest bit of each byte first: what [`bits`](super::bits) takes apart again.
//!
//! ```text
//!   put(0b101, 3)  put(0b11, 2)  put(0b000_1111, 7)        byte 0: 111 11 101   byte 1: ····  0001
//!                                                                  ▲   ▲  first              ▲ the last bits of the third
//!   bytes   ├── handed over ──┼── not yet handed over ──┼── room ──┤
//!           0               start                      end
//! ```

/// Who writes stops at the next place where it can once this many bytes are here, and goes on when they are handed over.
const FULL: usize = 1024;
/// Behind them there is room for what is not interrupted: the head of a block with dynamic codes has at most 563 bytes.
const SIZE: usize = FULL + 1024;

#[derive(Clone, Debug)]
pub(super) struct BitWriter {
    /// Fewer than 8 that are no whole byte yet; above them, all are 0.
    bits: u64,
    count: u32,
    bytes: Box<[u8; SIZE]>,
    start: usize,
    end: usize,
}

impl BitWriter {
    pub(super) fn new() -> BitWriter {
        BitWriter {
            bits: 0,
            count: 0,
            bytes: Box::new([0; SIZE]),
            start: 0,
            end: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        (self.bits, self.count, self.start, self.end) = (0, 0, 0, 0);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// How many bits of the last byte are used.
    pub(super) fn bits_begun(&self) -> u32 {
        self.count
    }

    /// Appends the lowest `count` bits, at most 56; those above them are 0.
    pub(super) fn put(&mut self, value: u64, count: u32) {
        self.bits |= value << self.count;
        self.count += count;
        self.bytes[self.end..self.end + 8].copy_from_slice(&self.bits.to_le_bytes());
        self.end += self.count as usize / 8;
        self.bits >>= self.count & !7;
        self.count &= 7;
    }

    /// [Puts](BitWriter::put) the bits of each item until it is full, and returns how many items that were.
    pub(super) fn put_each<T>(&mut self, items: &[T], bits_of: impl Fn(&T) -> (u64, u32)) -> usize {
        // What is here is in registers meanwhile.
        let (mut bits, mut count, mut end) = (self.bits, self.count, self.end);
        let mut put = 0;
        for item in items {
            if end >= FULL {
                break;
            }
            let (value, more) = bits_of(item);
            bits |= value << count;
            count += more;
            self.bytes[end..end + 8].copy_from_slice(&bits.to_le_bytes());
            end += count as usize / 8;
            bits >>= count & !7;
            count &= 7;
            put += 1;
        }
        (self.bits, self.count, self.end) = (bits, count, end);
        put
    }

    /// Fills the last byte up with 0.
    pub(super) fn align(&mut self) {
        self.put(0, (8 - self.count) % 8);
    }

    /// Appends as many of the bytes as there is room for, and returns how many. The last byte is whole.
    pub(super) fn append(&mut self, bytes: &[u8]) -> usize {
        let n = bytes.len().min(FULL.saturating_sub(self.end));
        self.bytes[self.end..self.end + n].copy_from_slice(&bytes[..n]);
        self.end += n;
        n
    }

    /// Appends at most `most` bytes to `out`, and returns how many.
    pub(super) fn hand_over(&mut self, out: &mut Vec<u8>, most: usize) -> usize {
        let n = most.min(self.end - self.start);
        out.extend_from_slice(&self.bytes[self.start..self.start + n]);
        self.start += n;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        n
    }
}
