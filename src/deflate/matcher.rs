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

/// A copy: `length` bytes from `distance` back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copy {
    pub(super) length: usize,
    pub(super) distance: usize,
}

/// How hard it is looked for a copy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// How many places are compared: with 1, there are no chains.
    pub(super) places: usize,
    /// A copy as long as this ends the search.
    pub(super) nice: usize,
    /// To better one that is as long as this, only a quarter of the places is compared.
    pub(super) good: usize,
    /// One that is as long as this is not bettered.
    pub(super) lazy: usize,
    /// Within a copy, each so-many-th place is put into its chain.
    pub(super) stride: usize,
    /// After each `2^patience` bytes in which nothing was found, one byte more is left out before the next search.
    pub(super) patience: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Matcher {
    pub(super) effort: Effort,
    bytes: Vec<u8>,
    start: usize,
    /// Up to here it is compressed.
    at: usize,
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
    /// For copies from less than `2^bits` back. The last `keep` bytes stay here at least.
    pub(super) fn new(bits: u8, keep: usize, effort: Effort) -> Matcher {
        let window = 1 << bits;
        // A step is a multiple of the window, so that places keep their entry in `prev`.
        let step = window.max(4096);
        let most = usize::from(u16::MAX) - step - AHEAD;
        let reach = (window - 1).min(most);
        Matcher {
            effort,
            bytes: vec![0; step + keep.clamp(reach, most) + AHEAD + SLACK],
            start: 1,
            at: 1,
            end: 1,
            next: 1,
            reach,
            step,
            hash_shift: u32::BITS - u32::from(bits),
            head: vec![0; window],
            prev: vec![0; if effort.places > 1 { window } else { 0 }],
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
        for table in [&mut self.head, &mut self.prev] {
            for place in table {
                *place = place.saturating_sub(step as u16);
            }
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

    /// The next byte that is not yet compressed.
    pub(super) fn byte(&self) -> u8 {
        self.bytes[self.at]
    }

    /// The next `count` bytes are compressed.
    pub(super) fn go_on(&mut self, count: usize) {
        self.at += count;
    }

    /// The next byte is compressed as it is, and never found.
    pub(super) fn leave_out(&mut self) {
        self.at += 1;
        self.next = self.next.max(self.at);
    }

    /// The last `count` bytes that were compressed, if they are kept.
    pub(super) fn last(&self, count: usize) -> Option<&[u8]> {
        let kept = self.bytes.len() - SLACK - AHEAD - self.step;
        (count <= kept).then(|| &self.bytes[self.at - count..self.at])
    }

    /// The longest copy for the bytes `skip` bytes ahead that is longer than `than`, and the nearest of those. The place itself
    /// and those before it are put into their chains.
    pub(super) fn find(&mut self, skip: usize, than: usize) -> Option<Copy> {
        let at = self.at + skip;
        let most = LONGEST.min(self.end - at);
        if most < LEAST {
            return None;
        }
        while self.next < at {
            self.insert(self.next);
            self.next += self.effort.stride;
        }
        let mut place = self.insert(at);
        self.next = at + 1;

        let mut longest = than.max(LEAST - 1);
        let mut found = None;
        if longest >= most {
            return None;
        }
        let nice = self.effort.nice.min(most);
        let oldest = self.start.max(at.saturating_sub(self.reach));
        let mut places = self.effort.places;
        if than >= self.effort.good {
            places /= 4;
        }
        let (bytes, first) = (&self.bytes[..], four(&self.bytes, at));
        while place >= oldest && places > 0 {
            // First the bytes that would make it longer.
            let last = longest + 1 - LEAST;
            if four(bytes, place + last) == four(bytes, at + last) && four(bytes, place) == first {
                let length = common(bytes, place, at, most);
                if length > longest {
                    longest = length;
                    let distance = at - place;
                    found = Some(Copy { length, distance });
                    if length >= nice {
                        break;
                    }
                }
            }
            place = self.before(place);
            places -= 1;
        }
        found
    }

    /// Puts a place into its chain, and returns the one before it there.
    #[inline(always)]
    fn insert(&mut self, at: usize) -> usize {
        // The upper bits of the product depend on all of the four bytes.
        let hash = four(&self.bytes, at).wrapping_mul(0x9e37_79b1) >> self.hash_shift;
        let before = std::mem::replace(&mut self.head[hash as usize], at as u16);
        let mask = self.prev.len().wrapping_sub(1);
        if let Some(place) = self.prev.get_mut(at & mask) {
            *place = before;
        }
        before.into()
    }

    /// The place before this one in its chain.
    #[inline(always)]
    fn before(&self, place: usize) -> usize {
        let mask = self.prev.len().wrapping_sub(1);
        self.prev
            .get(place & mask)
            .map_or(0, |&before| before.into())
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

#[cfg(test)]
mod tests {
    use super::*;

    const EFFORT: Effort = Effort {
        places: 100,
        nice: 258,
        good: 258,
        lazy: 0,
        stride: 1,
        patience: 8,
    };

    /// What is found at the end of `before` for `next`.
    fn find(bits: u8, before: &[u8], next: &[u8]) -> Option<Copy> {
        let mut matcher = Matcher::new(bits, 0, EFFORT);
        let all = [before, next].concat();
        let mut rest = &all[..];
        while matcher.at < before.len() + 1 || !rest.is_empty() {
            rest = &rest[matcher.fill(rest)..];
            let done = all.len() - rest.len() - matcher.ahead();
            let n = matcher.ahead().min(before.len() - done);
            for _ in 0..n {
                matcher.find(0, 258);
                matcher.go_on(1);
            }
            if done + n == before.len() {
                break;
            }
        }
        matcher.find(0, 0)
    }

    #[test]
    fn a_copy_has_4_to_258_bytes() {
        let found = |next: &[u8]| find(15, b"abcd", next);
        assert_eq!(found(b"abc"), None);
        assert_eq!(found(b"abc-"), None);
        assert_eq!(
            found(b"abcd"),
            Some(Copy {
                length: 4,
                distance: 4
            })
        );
        assert_eq!(
            found(b"abcdabcdabc-"),
            Some(Copy {
                length: 11,
                distance: 4
            })
        );
        let many = b"abcd".repeat(100);
        assert_eq!(
            found(&many),
            Some(Copy {
                length: 258,
                distance: 4
            })
        );
    }

    #[test]
    fn the_longest_is_found_and_the_nearest_of_those() {
        let before = b"abcdefg-abcdef-abcdefg-abcde-";
        let found = find(15, before, b"abcdefg!");
        assert_eq!(
            found,
            Some(Copy {
                length: 7,
                distance: 14
            })
        );
    }
}
