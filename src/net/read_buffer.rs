//! The read buffer of a connection: small while the connection is quiet, larger while reads fill it.
//!
//! ```text
//!   bytes  ┌──────────┬──────────┬────────────┬──────┐
//!          │ kept     │ consumed │ unread     │ room │ ◄── one read
//!          └──────────┴──────────┴────────────┴──────┘
//!           0          kept       start        end    size
//! ```
//!
//! It has no socket. Its owner reads into [`room`](ReadBuffer::room), says how many bytes came
//! ([`filled`](ReadBuffer::filled)), decodes what is [`unread`](ReadBuffer::unread), and
//! [consumes](ReadBuffer::consume) it.
//!
//! 1. **It grows while reads fill it.** Nothing is allocated before the first read. The size is
//!    `first_bytes` then, and doubles before the next read if a read has filled the buffer, up to
//!    `max_bytes`. Beyond that it doubles only where unread bytes leave no room: the owner limits how many
//!    those may be.
//! 2. **It moves few bytes.** When all is consumed, the next read begins at the front again. Unread bytes
//!    are moved to the front only if that at least doubles the room, or if there is none.
//! 3. **It shrinks** when its owner says so ([`shrink_to`](ReadBuffer::shrink_to)): the owner knows when the
//!    connection is idle. Where a peer may become slow in the midst of what it sends, it shrinks behind reads that
//!    needed little of it ([`shrink_behind`](ReadBuffer::shrink_behind)).
//! 4. **Kept bytes stay** at the front while others come and go behind them: the head of a response whose
//!    body is being read.

/// A read of less than this part of the buffer is a small one.
const SMALL_PART: usize = 64;
/// So many small reads in turn are those of a slow peer. A few come between large ones: the ends of what was sent at once.
const SMALL_READS: u8 = 16;

#[derive(Debug)]
pub(crate) struct ReadBuffer {
    bytes: Vec<u8>,
    kept: usize,
    start: usize,
    end: usize,
    /// The last read took all the room there was: there may be more where it came from.
    was_filled: bool,
    /// In turn, as far as they are counted.
    small_reads: u8,
    first_bytes: u32,
    max_bytes: u32,
}

impl ReadBuffer {
    pub(crate) fn new(first_bytes: usize, max_bytes: usize) -> ReadBuffer {
        ReadBuffer::with(Vec::new(), first_bytes, max_bytes)
    }

    /// With bytes that came before, and `front` bytes that are left free in front of all that is read.
    pub(crate) fn behind(
        front: usize,
        ahead: &[u8],
        first_bytes: usize,
        max_bytes: usize,
    ) -> ReadBuffer {
        let mut bytes = Vec::with_capacity(first_bytes.max(front + ahead.len()));
        bytes.extend(std::iter::repeat_n(0, front));
        bytes.extend_from_slice(ahead);
        ReadBuffer {
            kept: front,
            start: front,
            ..ReadBuffer::with(bytes, first_bytes, max_bytes)
        }
    }

    /// With bytes that came before: behind a handshake, for another protocol.
    pub(crate) fn with(ahead: Vec<u8>, first_bytes: usize, max_bytes: usize) -> ReadBuffer {
        let (end, mut bytes) = (ahead.len(), ahead);
        if end > 0 {
            bytes.resize(end.max(first_bytes), 0); // room for a whole read, when these are consumed
        }
        ReadBuffer {
            kept: 0,
            start: 0,
            end,
            bytes,
            was_filled: false,
            small_reads: 0,
            first_bytes: first_bytes as u32,
            max_bytes: max_bytes as u32,
        }
    }

    /// Room for one read. It has at least one byte.
    #[inline]
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (self.kept, self.kept);
        }
        let room = self.bytes.len() - self.end;
        if room == 0 || self.was_filled || room < self.start - self.kept {
            self.make_room();
        }
        &mut self.bytes[self.end..]
    }

    #[inline(never)]
    fn make_room(&mut self) {
        self.move_to(self.kept);
        let size = self.bytes.len();
        if self.end == size || (self.was_filled && size < self.max_bytes as usize) {
            let double = size.saturating_mul(2).max(self.first_bytes as usize);
            self.bytes.resize(double, 0);
        }
        self.was_filled = false;
    }

    fn move_to(&mut self, front: usize) {
        self.bytes.copy_within(self.start..self.end, front);
        (self.start, self.end) = (front, front + self.end - self.start);
    }

    /// A read has brought `bytes` bytes into the [`room`](ReadBuffer::room).
    #[inline]
    pub(crate) fn filled(&mut self, bytes: usize) {
        self.end += bytes;
        self.was_filled = self.end == self.bytes.len();
    }

    /// Whether the last read took all the room there was, and no other room has been made since.
    pub(crate) fn was_filled(&self) -> bool {
        self.was_filled
    }

    #[inline]
    pub(crate) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// The same, to be changed in place: a mask is taken off.
    #[inline]
    pub(crate) fn unread_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.end]
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The next `n` unread bytes are read now; here they are.
    #[inline]
    pub(crate) fn consume(&mut self, n: usize) -> &mut [u8] {
        let start = self.start;
        self.start += n;
        debug_assert!(self.start <= self.end, "more than was unread");
        &mut self.bytes[start..self.start]
    }

    /// The `n` bytes that were consumed last. They are there until the next [`room`](ReadBuffer::room).
    #[inline]
    pub(crate) fn last_consumed(&self, n: usize) -> &[u8] {
        &self.bytes[self.start - n..self.start]
    }

    /// Consumes the next `n` unread bytes and keeps them, until [`clear`](ReadBuffer::clear).
    pub(crate) fn keep(&mut self, n: usize) {
        if self.start > 0 {
            self.move_to(0);
        }
        self.consume(n);
        self.kept = n;
    }

    pub(crate) fn kept(&self) -> &[u8] {
        &self.bytes[..self.kept]
    }

    /// These bytes are unread, and nothing else is here.
    pub(crate) fn replace(&mut self, bytes: &[u8]) {
        self.clear();
        if self.bytes.len() < bytes.len() {
            self.bytes.resize(bytes.len(), 0);
        }
        self.bytes[..bytes.len()].copy_from_slice(bytes);
        self.end = bytes.len();
    }

    /// Drops all bytes and leaves the memory.
    pub(crate) fn clear(&mut self) {
        (self.kept, self.start, self.end) = (0, 0, 0);
        self.was_filled = false;
    }

    /// How many bytes of memory it has.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Gives memory back: `bytes` are left of it, if the unread and the kept bytes have room there.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let unread = self.end - self.start;
        if self.size() <= bytes || self.kept + unread > bytes {
            return;
        }
        self.move_to(self.kept);
        let here = self.bytes[..self.end].to_vec();
        self.bytes = Vec::new(); // freed before the next is allocated, so that this lies where that was
        self.bytes = vec![0; bytes];
        self.bytes[..here.len()].copy_from_slice(&here);
        self.was_filled = false;
    }

    /// The same behind a read of so many bytes, if it is one of many that needed little of the buffer: a peer that was
    /// fast has become slow, and is not to hold the memory meanwhile.
    #[inline]
    pub(crate) fn shrink_behind(&mut self, bytes: usize) {
        if bytes >= self.size() / SMALL_PART {
            self.small_reads = 0;
            return;
        }
        self.small_reads += 1;
        if self.small_reads == SMALL_READS {
            self.small_reads = 0;
            self.shrink_to(self.first_bytes as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: usize = 8;
    const MAX: usize = 32;

    /// As many bytes as there is room for, counted on from `next`.
    fn fill(buffer: &mut ReadBuffer, next: &mut u8, at_most: usize) -> usize {
        let room = buffer.room();
        let n = room.len().min(at_most);
        for byte in &mut room[..n] {
            *byte = *next;
            *next = next.wrapping_add(1);
        }
        buffer.filled(n);
        n
    }

    #[test]
    fn it_doubles_while_reads_fill_it_and_no_further_than_it_must() {
        let mut buffer = ReadBuffer::new(FIRST, MAX);
        assert_eq!(buffer.size(), 0);
        let mut sizes = Vec::new();
        for _ in 0..5 {
            let n = fill(&mut buffer, &mut 0, usize::MAX);
            assert!(buffer.was_filled());
            buffer.consume(n);
            sizes.push(buffer.size());
        }
        assert_eq!(sizes, [8, 16, 32, 32, 32]);
        fill(&mut buffer, &mut 0, 31);
        assert!(!buffer.was_filled());
        fill(&mut buffer, &mut 0, usize::MAX);
        assert_eq!((buffer.room().len(), buffer.size()), (32, 64)); // 32 bytes are unread
    }

    #[test]
    fn a_read_that_fills_no_buffer_leaves_its_size() {
        let mut buffer = ReadBuffer::new(FIRST, MAX);
        for _ in 0..100 {
            fill(&mut buffer, &mut 0, FIRST - 1);
            buffer.consume(FIRST - 1);
        }
        assert_eq!(buffer.size(), FIRST);
    }

    #[test]
    fn bytes_are_moved_only_if_that_doubles_the_room() {
        let mut buffer = ReadBuffer::new(FIRST, MAX);
        fill(&mut buffer, &mut 0, 5);
        buffer.consume(2);
        assert_eq!(buffer.room().len(), 3);
        buffer.consume(2);
        assert_eq!(buffer.room().len(), 7);
        assert_eq!(buffer.unread(), [4]);
    }

    /// All sequences of reads and decodes: the bytes come out in order, and there is always room.
    #[test]
    fn bytes_come_out_as_they_went_in() {
        for head in [0, 3] {
            for pattern in 0..4_u32.pow(6) {
                let mut buffer = ReadBuffer::new(FIRST, MAX);
                let (mut next, mut expected) = (0, 0);
                fill(&mut buffer, &mut next, FIRST - 1);
                buffer.keep(head);
                expected += head as u8;
                for step in 0..6 {
                    match pattern >> (2 * step) & 3 {
                        0 => assert!(fill(&mut buffer, &mut next, usize::MAX) > 0),
                        1 => assert!(fill(&mut buffer, &mut next, 3) > 0),
                        2 => buffer.shrink_to(FIRST),
                        _ => {}
                    }
                    let n = buffer.unread().len() * step / 5;
                    for byte in buffer.consume(n) {
                        assert_eq!(*byte, expected);
                        expected += 1;
                    }
                    let last = (n > 0).then(|| expected - 1);
                    assert_eq!(buffer.last_consumed(n).last().copied(), last);
                    assert!(buffer.kept().iter().copied().eq(0..head as u8));
                }
                assert!(buffer.unread().iter().copied().eq(expected..next));
            }
        }
    }

    #[test]
    fn memory_is_given_back_if_what_is_here_has_room_in_less() {
        let mut buffer = ReadBuffer::with(vec![7; 20], FIRST, MAX);
        assert_eq!((buffer.unread(), buffer.size()), (&[7; 20][..], 20));
        buffer.shrink_to(FIRST);
        assert_eq!(buffer.size(), 20);
        buffer.consume(13);
        buffer.shrink_to(FIRST);
        assert_eq!((buffer.unread(), buffer.size()), (&[7; 7][..], FIRST));
        buffer.shrink_to(FIRST);
        buffer.shrink_to(2 * FIRST);
        assert_eq!(buffer.size(), FIRST);
    }

    /// Fewer of them in turn come from a fast peer, too: the ends of what it sends at once.
    #[test]
    fn a_peer_that_becomes_slow_holds_no_large_buffer() {
        let (large, mut next) = (FIRST * SMALL_PART, 0);
        let mut buffer = ReadBuffer::new(FIRST, large);
        let mut read = |buffer: &mut ReadBuffer, at_most| {
            let n = fill(buffer, &mut next, at_most);
            buffer.shrink_behind(n);
            buffer.consume(n);
            buffer.size()
        };
        while read(&mut buffer, usize::MAX) < large {}
        for _ in 0..3 {
            for _ in 1..SMALL_READS {
                assert_eq!(read(&mut buffer, 1), large);
            }
            assert_eq!(read(&mut buffer, large / SMALL_PART), large);
        }
        for _ in 1..SMALL_READS {
            assert_eq!(read(&mut buffer, 1), large);
        }
        assert_eq!(read(&mut buffer, large / SMALL_PART - 1), FIRST);
        // What is unread stays, however many of them come.
        while read(&mut buffer, usize::MAX) < large {}
        fill(&mut buffer, &mut next, FIRST + 1);
        for _ in 0..2 * SMALL_READS {
            buffer.shrink_behind(0);
        }
        assert_eq!((buffer.size(), buffer.unread().len()), (large, FIRST + 1));
    }

    #[test]
    fn bytes_in_place_of_those_that_were_here() {
        let mut buffer = ReadBuffer::new(FIRST, MAX);
        fill(&mut buffer, &mut 0, usize::MAX);
        buffer.keep(2);
        buffer.replace(&[9; 20]);
        assert_eq!((buffer.unread(), buffer.kept()), (&[9; 20][..], &[][..]));
        buffer.clear();
        assert!(buffer.is_empty() && buffer.room().len() == 20);
    }

    /// An interim response comes before the final one, whose head is kept.
    #[test]
    fn what_is_kept_is_moved_to_the_front() {
        let mut buffer = ReadBuffer::with(b"100 200 body".to_vec(), FIRST, MAX);
        buffer.consume(4);
        buffer.keep(4);
        assert_eq!(
            (buffer.kept(), buffer.unread()),
            (&b"200 "[..], &b"body"[..])
        );
        buffer.consume(4);
        buffer.room().fill(b'!');
        assert_eq!(buffer.kept(), b"200 ");
    }
}
