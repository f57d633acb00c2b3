//! A ring buffer: new bytes are written after the last byte, messages are taken from the front, and no
//! byte is moved, unless a full ring grows.
//!
//! ```text
//!                 start                    end = start + len
//!                   ▼                       ▼
//!   ┌───────────────┬───────────────────────┬──────────────┐
//!   │     free      │ 00 05  H  E  L  L  O  │     free     │   in one piece
//!   └───────────────┴───────────────────────┴──────────────┘
//!                          end                    start
//!                           ▼                      ▼
//!   ┌───────────────────────┬──────────────────────┬───────┐
//!   │  H  E  L  L  O        │        free          │ 00 05 │   across the edge: `Halves`
//!   └───────────────────────┴──────────────────────┴───────┘
//!      tail                                          head
//! ```
//!
//! `start` and `len` describe it completely. With two positions instead, as in the notes' code, a full ring
//! and an empty one look the same.
//!
//! A full ring grows: both pieces are copied, one after the other, into a larger one. The notes' code
//! measures the first piece by the *new* size, so the second one is copied to the wrong place, with garbage
//! between them (E17).

use super::message::Message;

/// The capacity of a ring is a multiple of this.
const STEP: usize = 512;

/// A queue of bytes in one buffer, which grows up to a limit when it is full.
///
/// [`Prefix`](super::Prefix) has one inside. A program needs it for a format of its own whose bytes it does not want to
/// copy.
///
/// ```
/// use barewire::framing::{Message, Ring};
///
/// let mut ring = Ring::new(512, 64 * 1024); // 512 bytes at first, 64 KiB at most
/// assert_eq!(ring.put(b"HELLO WORLD"), 11);
/// assert_eq!(ring.front(5).to_vec(), b"HELLO"); // they stay
/// assert_eq!(ring.take(6).to_vec(), b"HELLO ");
/// assert_eq!(ring.len(), 5);
/// ```
#[derive(Clone, Debug)]
pub struct Ring {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
    limit: usize,
}

impl Ring {
    /// Room for `capacity` bytes, and later for `limit`, each rounded up to a multiple of 512.
    pub fn new(capacity: usize, limit: usize) -> Ring {
        let limit = rounded(limit);
        Ring {
            bytes: vec![0; rounded(capacity).min(limit)],
            start: 0,
            len: 0,
            limit,
        }
    }

    /// Bytes that it can hold before it grows.
    pub fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes that it holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Copies as many of the bytes as there is room for, and returns how many. A full ring first grows, so
    /// this is 0 only at the limit (or for no bytes).
    pub fn put(&mut self, bytes: &[u8]) -> usize {
        let mut put = 0;
        while put < bytes.len() && (put == 0 || self.len < self.capacity()) {
            let piece = self.space();
            let count = piece.len().min(bytes.len() - put);
            if count == 0 {
                break;
            }
            piece[..count].copy_from_slice(&bytes[put..put + count]);
            self.len += count;
            put += count;
        }
        put
    }

    /// Lets `read` write into free space, so that no byte is copied: `ring.fill(|space| socket.read(space))`.
    /// `read` gets the free piece directly behind the last byte, up to the edge or to `start`; there may be more on
    /// the other side. (It is empty only at the limit.) It returns
    /// how much of it it filled, which is returned here.
    ///
    /// # Errors
    /// Those of `read`; the ring is unchanged then.
    pub fn fill<E>(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        let space = self.space();
        let most = space.len();
        let count = read(space)?.min(most);
        self.len += count;
        Ok(count)
    }

    /// The first `count` bytes (at most all). They stay.
    pub fn front(&self, count: usize) -> Halves<'_> {
        self.halves(self.start, count.min(self.len))
    }

    /// Removes the first `count` bytes (at most all) and returns them, uncopied. Their room is free again at
    /// the next call.
    pub fn take(&mut self, count: usize) -> Halves<'_> {
        let (start, count) = (self.start, count.min(self.len));
        self.start = self.wrapped(start + count);
        self.len -= count;
        self.halves(start, count)
    }

    /// The `count` bytes that were taken last. They are there until the next byte is put here.
    pub(super) fn taken(&self, count: usize) -> Halves<'_> {
        let start = self.start + self.capacity() - count;
        self.halves(self.wrapped(start), count)
    }

    /// The free piece directly behind the last byte.
    fn space(&mut self) -> &mut [u8] {
        if self.len == 0 {
            self.start = 0;
        }
        if self.len == self.capacity() {
            self.grow();
        }
        let end = self.start + self.len;
        if end < self.capacity() {
            &mut self.bytes[end..]
        } else {
            let end = self.wrapped(end);
            &mut self.bytes[end..self.start]
        }
    }

    /// Twice the room, within the limit.
    fn grow(&mut self) {
        let capacity = rounded(self.capacity().saturating_mul(2)).min(self.limit);
        if capacity > self.capacity() {
            let mut bytes = Vec::with_capacity(capacity);
            self.front(self.len).copy_to(&mut bytes);
            bytes.resize(capacity, 0);
            (self.bytes, self.start) = (bytes, 0);
        }
    }

    /// `count` bytes from `start` on, the second half from the beginning of the memory.
    fn halves(&self, start: usize, count: usize) -> Halves<'_> {
        let (before, behind) = self.bytes.split_at(start);
        let head = &behind[..count.min(behind.len())];
        let tail = &before[..count - head.len()];
        Halves { head, tail }
    }

    /// A position that may be past the edge, once.
    fn wrapped(&self, position: usize) -> usize {
        position.checked_sub(self.capacity()).unwrap_or(position)
    }
}

fn rounded(bytes: usize) -> usize {
    bytes.max(1).div_ceil(STEP).saturating_mul(STEP)
}

/// Bytes in a ring: in two pieces if they cross its edge.
///
/// ```
/// use barewire::framing::{Halves, Ring};
///
/// let mut ring = Ring::new(512, 512);
/// ring.put(&[b'.'; 510]);
/// ring.take(509);
/// ring.put(b"HELLO"); // two bytes have room before the edge
/// ring.take(1);
/// assert_eq!(ring.take(5), Halves { head: b"HE", tail: b"LLO" });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halves<'a> {
    /// Up to the edge, or all.
    pub head: &'a [u8],
    /// From the other edge on, or nothing.
    pub tail: &'a [u8],
}

impl Message for Halves<'_> {
    fn slices(&self) -> [&[u8]; 2] {
        [self.head, self.tail]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;
    use std::convert::Infallible;

    fn put_all(ring: &mut Ring, bytes: &[u8]) {
        assert_eq!(ring.put(bytes), bytes.len());
    }

    #[test]
    fn capacity_comes_in_steps() {
        let capacity = |bytes, limit| Ring::new(bytes, limit).capacity();
        assert_eq!(capacity(0, 4096), 512);
        assert_eq!(capacity(1, 4096), 512);
        assert_eq!(capacity(512, 4096), 512);
        assert_eq!(capacity(513, 4096), 1024);
        assert_eq!(capacity(1500, 600), 1024);
    }

    #[test]
    fn wraps_on_writing_and_on_reading() {
        let mut ring = Ring::new(512, 512);
        put_all(&mut ring, &[b'.'; 510]);
        ring.take(509); // and not the last one: an empty ring begins at the front again
        put_all(&mut ring, b"HELLO");
        ring.take(1);
        let wrapped = ring.take(5);
        assert_eq!(wrapped.slices(), [&b"HE"[..], b"LLO"]);
        put_all(&mut ring, b"WORLD");
        assert_eq!(ring.take(5).slices(), [&b"WORLD"[..], b""]);
    }

    #[test]
    fn grows_only_when_full_and_only_to_its_limit() {
        let mut ring = Ring::new(512, 1500);
        assert_eq!(ring.put(&[b'a'; 2000]), 512);
        assert_eq!(ring.capacity(), 512);
        assert_eq!(ring.put(&[b'b'; 2000]), 512);
        assert_eq!(ring.put(&[b'c'; 2000]), 512);
        assert_eq!(ring.capacity(), 1536);
        assert_eq!(ring.put(&[b'd'; 2000]), 0);
        let space = ring.fill(|space| Ok::<_, Infallible>(space.len()));
        assert_eq!(space, Ok(0));
        assert_eq!(ring.take(513).slices()[0][511..], *b"ab");
    }

    #[test]
    fn growing_while_wrapped_keeps_every_byte() {
        let bytes: Vec<u8> = (0..2000).map(|at| at as u8).collect();
        for start in 0..512 {
            let (full, end) = (start + 512, start + 700);
            let mut ring = Ring::new(512, 1024);
            put_all(&mut ring, &bytes[..512]);
            ring.take(start);
            put_all(&mut ring, &bytes[512..full]);
            assert_eq!((ring.len(), ring.capacity()), (512, 512));
            put_all(&mut ring, &bytes[full..end]);
            assert_eq!(ring.capacity(), 1024);
            assert_eq!(ring.take(1024).to_vec(), bytes[start..end]);
        }
    }

    #[test]
    fn a_failed_read_leaves_it_as_it_was() {
        let mut ring = Ring::new(512, 512);
        put_all(&mut ring, b"abc");
        assert_eq!(ring.fill(|_| Err("reset")), Err("reset"));
        assert_eq!(ring.front(9).to_vec(), b"abc");
    }

    #[test]
    fn an_empty_ring_offers_all_of_its_memory_in_one_piece() {
        let mut ring = Ring::new(512, 512);
        put_all(&mut ring, &[b'.'; 300]);
        ring.take(300);
        let offered = ring.fill(|space| Err::<usize, usize>(space.len()));
        assert_eq!(offered, Err(512));
    }

    #[test]
    fn a_read_that_claims_too_much_is_not_believed() {
        let mut ring = Ring::new(512, 512);
        assert_eq!(ring.fill(|_| Ok::<_, Infallible>(513)), Ok(512));
        assert_eq!(ring.len(), 512);
    }

    /// Whatever is done with it, it is a queue.
    #[test]
    fn is_a_queue() {
        let (mut ring, mut queue) = (Ring::new(512, 2048), VecDeque::new());
        let mut state = 1_u32;
        for _ in 0..20_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (byte, count) = ((state >> 8) as u8, (state >> 16) as usize % 700);
            if state >> 31 == 0 {
                let put = ring.put(&vec![byte; count]);
                queue.extend(std::iter::repeat_n(byte, put));
            } else {
                let count = count.min(queue.len());
                let expected: Vec<u8> = queue.drain(..count).collect();
                assert_eq!(ring.take(count).to_vec(), expected);
            }
            assert_eq!(ring.len(), queue.len());
        }
    }
}
