//! What came before that begins like what comes next: the window of the compressor, and its hash chains.
//!
//! # The problem
//!
//! A copy costs two or three bytes, whatever its length. So at each byte of the input the question is: where in the window
//! stands the longest sequence that goes on like this? Comparing all of it would take 32,768 steps a byte.
//!
//! ```text
//!   0     start                          at                         end        bytes.len()
//!   ├──────┼── compressed: the window ────┼── not yet compressed ─────┼── room ──┤
//!            a b c d … a b c d …          a b c d e
//!            ▲         ▲ │
//!            └─ prev ──┘ └──────── head[hash of "abcd"]
//! ```
//!
//! # The rules
//!
//! - `head` has the last place of each hash of four bytes, and `prev` for each place the one before it with the same hash.
//!   A chain is followed from the nearest place to older ones, and not further than the level says.
//! - Places are numbers of 16 bits. When the buffer is full, its content and all places move down together; a place that
//!   would fall out becomes 0, where nothing ever stands. [`reset`](Matcher::reset) only moves `start`: what is before it
//!   is out of reach, and no table is cleared.
//! - What is found depends on the bytes alone, not on how they were cut: at a place without the longest copy ahead, it is
//!   not looked before all of the input is there.

use super::symbols::LONGEST;

/// The shortest copy that is looked for.
const LEAST: usize = 4;
/// The bytes that must be ahead: the longest copy at the next place, and a hash behind it.
const AHEAD: usize = LONGEST + LEAST;
/// A comparison loads eight bytes at once.
const SLACK: usize = 8;

/// A copy: `length` bytes from `distance` back. With a length of 0, nothing was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Copy {
    pub(super) length: usize,
    pub(super) distance: usize,
}

/// How hard it is looked for a copy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// How many places are compared.
    pub(super) places: usize,
    /// A copy as long as this ends the search.
    pub(super) nice: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Matcher {
    bytes: Vec<u8>,
    start: usize,
    /// Up to here it is compressed.
    pub(super) at: usize,
    end: usize,
    /// The next place that is to be put into its chain.
    next: usize,
    /// How far back a copy may reach.
    reach: usize,
    /// How far the content moves down.
    step: usize,
    hash_shift: u32,
    head: Vec<u16>,
    prev: Vec<u16>,
}

impl Matcher {
    /// For copies from at most `2^bits` back. The last `keep` bytes stay here at least.
    pub(super) fn new(bits: u8, keep: usize) -> Matcher {
        let window = 1 << bits;
        // A step is a multiple of the window, so that places keep their entry in `prev`.
        let step = window.max(4096);
        let most = usize::from(u16::MAX) - step - AHEAD;
        let reach = (window - 1).min(most);
        Matcher {
            bytes: vec![0; step + keep.clamp(reach, most) + AHEAD + SLACK],
            start: 1,
            at: 1,
            end: 1,
            next: 1,
            reach,
            step,
            hash_shift: 32 - u32::from(bits),
            head: vec![0; window],
            prev: vec![0; window],
        }
    }

    /// Forgets what came before.
    pub(super) fn reset(&mut self) {
        (self.start, self.at, self.next) = (self.end, self.end, self.end);
    }

    /// Takes as much of the input as there is room for, and returns how much.
    pub(super) fn fill(&mut self, input: &[u8]) -> usize {
        if self.end == self.bytes.len() - SLACK && self.end - self.at < AHEAD {
            self.move_down();
        }
        let n = input.len().min(self.bytes.len() - SLACK - self.end);
        self.bytes[self.end..self.end + n].copy_from_slice(&input[..n]);
        self.end += n;
        n
    }

    fn move_down(&mut self) {
        let step = self.step;
        self.bytes.copy_within(step..self.end, 0);
        for place in self.head.iter_mut().chain(&mut self.prev) {
            *place = place.saturating_sub(step as u16);
        }
        self.start = self.start.saturating_sub(step).max(1);
        (self.at, self.end, self.next) = (self.at - step, self.end - step, self.next - step);
    }

    /// How many bytes are not yet compressed.
    pub(super) fn ahead(&self) -> usize {
        self.end - self.at
    }

    /// Whether more input would change what is found.
    pub(super) fn wants_more(&self) -> bool {
        self.ahead() < AHEAD
    }

    pub(super) fn byte(&self) -> u8 {
        self.bytes[self.at]
    }

    /// The last `count` bytes that were compressed, if they are kept.
    pub(super) fn last(&self, count: usize) -> Option<&[u8]> {
        let kept = self.bytes.len() - SLACK - AHEAD - self.step;
        (count <= kept).then(|| &self.bytes[self.at - count..self.at])
    }

    /// The longest copy for the bytes at `self.at + skip` that is longer than `than`; the nearest of those. The place itself
    /// and all before it are put into their chains.
    pub(super) fn find(&mut self, skip: usize, than: usize, effort: Effort) -> Copy {
        let at = self.at + skip;
        let most = LONGEST.min(self.end - at);
        let mut found = Copy::default();
        if most < LEAST {
            return found;
        }
        while self.next < at {
            self.insert(self.next);
        }
        let mut place = usize::from(self.insert(at));
        let oldest = self.start.max(at.saturating_sub(self.reach));
        let mut best = than.max(LEAST - 1);
        if best >= most {
            return found;
        }
        let (bytes, mask) = (&self.bytes[..], self.prev.len() - 1);
        let first = four(bytes, at);
        for _ in 0..effort.places {
            if place < oldest {
                break;
            }
            // The first bytes and those that would make it longer.
            if four(bytes, place + best - 3) == four(bytes, at + best - 3)
                && four(bytes, place) == first
            {
                let length = common(bytes, place, at, most);
                if length > best {
                    best = length;
                    found = Copy {
                        length,
                        distance: at - place,
                    };
                    if length >= effort.nice.min(most) {
                        break;
                    }
                }
            }
            place = usize::from(self.prev[place & mask]);
        }
        found
    }

    /// Puts a place into its chain, and returns the one before it there.
    #[inline(always)]
    fn insert(&mut self, at: usize) -> u16 {
        // The upper bits of the product depend on all bits of the four bytes.
        let hash = four(&self.bytes, at).wrapping_mul(0x9e37_79b1) >> self.hash_shift;
        let before = std::mem::replace(&mut self.head[hash as usize], at as u16);
        let mask = self.prev.len() - 1;
        self.prev[at & mask] = before;
        self.next = at + 1;
        before
    }
}

#[inline(always)]
fn four(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"))
}

/// How many bytes are the same at both places, at most `most`.
#[inline(always)]
fn common(bytes: &[u8], one: usize, other: usize, most: usize) -> usize {
    let mut length = 0;
    while length < most {
        let eight = |at: usize| {
            let eight = bytes[at + length..at + length + 8].try_into();
            u64::from_le_bytes(eight.expect("8 bytes"))
        };
        let differ = eight(one) ^ eight(other);
        if differ != 0 {
            return most.min(length + differ.trailing_zeros() as usize / 8);
        }
        length += 8;
    }
    most
}
