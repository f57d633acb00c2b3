//! The buffer that a connection's requests are decoded in, where they arrive.

/// The read buffer of a new connection, and what it shrinks to when there is nothing to do.
pub(super) const FIRST_BYTES: usize = 512;
/// It doubles while reads fill it, up to this; larger only for a head that needs it.
pub(super) const READ_BYTES: usize = 64 * 1024;

/// The buffer that requests are decoded in: `bytes[start..end]` is unread.
pub(super) struct Buffer {
    pub(super) bytes: Vec<u8>,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) filled: bool,
}

impl Buffer {
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Makes room behind the unread bytes: by moving them to the front, by growing, or by neither.
    pub(super) fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        let room = self.end < self.bytes.len();
        if room && !(self.filled && self.end == 0) {
            return;
        }
        self.bytes.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let full = self.end == self.bytes.len();
        if full || (self.filled && self.bytes.len() < READ_BYTES) {
            self.bytes.resize(self.bytes.len() * 2, 0);
        }
        self.filled = false;
    }

    pub(super) fn took(&mut self, bytes: usize) {
        self.end += bytes;
        self.filled = self.end == self.bytes.len();
    }

    /// Puts bytes in place of those that were used up.
    pub(super) fn replace(&mut self, bytes: &[u8]) {
        if self.bytes.len() < bytes.len() {
            self.bytes.resize(bytes.len(), 0);
        }
        self.bytes[..bytes.len()].copy_from_slice(bytes);
        (self.start, self.end, self.filled) = (0, bytes.len(), false);
    }

    /// Gives the memory back, where it is more than `bytes` and none of it is in use.
    pub(super) fn shrink_to(&mut self, bytes: usize) {
        if self.start == self.end && self.bytes.len() > bytes {
            self.bytes = Vec::new(); // before the new one is allocated
            *self = Buffer::new();
        }
    }

    pub(super) fn new() -> Buffer {
        Buffer {
            bytes: vec![0; FIRST_BYTES],
            start: 0,
            end: 0,
            filled: false,
        }
    }
}
