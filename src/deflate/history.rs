//! The last bytes that were decoded: what a distance reaches back to, and what the caller has not taken yet.
//!
//! ```text
//!   0                       start              end                 limit            bytes.len()
//!   ├── handed over: history ─┼─── pending ─────┼── room of this call ─┼─── slack ────────┤
//! ```
//!
//! The buffer grows while it is small. At its full size, the last `window` bytes are moved to its begin.

use super::symbols::LONGEST;

/// The first size, and how much more than the window there is at the full one.
const SMALL: usize = 1024;
const BEYOND_WINDOW: usize = 32 * 1024;
/// Behind the limit: a fast copy may write a few bytes too many.
const CHUNK: usize = 16;
const SLACK: usize = LONGEST + CHUNK;

#[derive(Clone, Debug, Default)]
pub(super) struct History {
    pub(super) bytes: Vec<u8>,
    start: usize,
    /// Up to here it is decoded.
    pub(super) end: usize,
    /// Up to here it may be, in this call.
    pub(super) limit: usize,
    /// How far back a distance may reach.
    pub(super) window: usize,
}

impl History {
    pub(super) fn new(window: usize) -> History {
        History {
            window,
            ..History::default()
        }
    }

    pub(super) fn clear(&mut self) {
        (self.start, self.end, self.limit) = (0, 0, 0);
    }

    pub(super) fn has_pending(&self) -> bool {
        self.start < self.end
    }

    /// Appends at most `most` pending bytes to `out`, and returns how many.
    pub(super) fn hand_over(&mut self, out: &mut Vec<u8>, most: usize) -> usize {
        let n = most.min(self.end - self.start);
        out.extend_from_slice(&self.bytes[self.start..self.start + n]);
        self.start += n;
        n
    }

    /// Nothing is pending, and room is made for at most `most` bytes more.
    pub(super) fn make_room(&mut self, most: usize) {
        let full = self.window + BEYOND_WINDOW + SLACK;
        if self.bytes.len() < self.end + SLACK + most.min(SMALL) {
            if self.bytes.len() < full {
                let larger = (2 * self.bytes.len()).clamp(SMALL + SLACK, full);
                self.bytes.reserve_exact(larger - self.bytes.len());
                self.bytes.resize(larger, 0);
            } else {
                self.bytes.copy_within(self.end - self.window..self.end, 0);
                self.end = self.window;
                self.start = self.end;
            }
        }
        self.limit = self.end + most.min(self.bytes.len() - SLACK - self.end);
    }

    pub(super) fn is_full(&self) -> bool {
        self.end == self.limit
    }

    pub(super) fn push(&mut self, byte: u8) {
        self.bytes[self.end] = byte;
        self.end += 1;
    }

    /// Follows bytes that are in the output without having been here.
    pub(super) fn follow(&mut self, bytes: &[u8]) {
        let mut bytes = &bytes[bytes.len().saturating_sub(self.window)..];
        while !bytes.is_empty() {
            self.make_room(bytes.len());
            let (here, rest) = bytes.split_at(self.limit - self.end);
            self.bytes[self.end..self.limit].copy_from_slice(here);
            (self.start, self.end, bytes) = (self.limit, self.limit, rest);
        }
    }

    pub(super) fn reaches(&self, distance: usize) -> bool {
        distance <= self.end.min(self.window)
    }

    /// Repeats at most `length` bytes from `distance` back, as far as there is room, and returns them.
    pub(super) fn repeat(&mut self, distance: usize, length: usize) -> &[u8] {
        let (end, n) = (self.end, length.min(self.limit - self.end));
        repeat(&mut self.bytes, end, distance, n);
        self.end += n;
        &self.bytes[end..end + n]
    }
}

/// Repeats `length` bytes from `distance` back at `end`. Up to 15 bytes behind them are overwritten.
///
/// The distance may be smaller than the length: the bytes that were just written are repeated, too.
#[inline(always)]
pub(super) fn repeat(bytes: &mut [u8], end: usize, distance: usize, length: usize) {
    let (mut from, mut to, stop) = (end - distance, end, end + length);
    if distance >= CHUNK {
        while to < stop {
            let chunk: [u8; CHUNK] = bytes[from..from + CHUNK].try_into().expect("as long");
            bytes[to..to + CHUNK].copy_from_slice(&chunk);
            from += CHUNK;
            to += CHUNK;
        }
    } else if distance == 1 {
        let byte = bytes[from];
        bytes[to..stop].fill(byte);
    } else {
        // What is repeated is twice as long after each turn.
        while to < stop {
            let n = (to - from).min(stop - to);
            bytes.copy_within(from..from + n, to);
            to += n;
        }
    }
}
