//! The unfinished message at the end of a chunk, kept until the next chunk.
//!
//! ```text
//!   chunk   ┌ A ┐┌── B ──┐┌─ C      A and B are borrowed from the chunk;
//!                            │      the beginning of C is copied here,
//!   carry                 └──▼─┐
//!   chunk                  ─ C ┐┌── D ──┐     then the rest of C, and nothing of D
//! ```

#[derive(Clone, Debug, Default)]
pub(super) struct Carry {
    bytes: Vec<u8>,
    /// The message was returned. It stays until the next call, because the caller borrows it.
    returned: bool,
}

impl Carry {
    /// Whether no byte is here, not even of a returned message.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What has arrived of the unfinished message.
    pub(super) fn bytes(&self) -> &[u8] {
        if self.returned { &[] } else { &self.bytes }
    }

    /// The bytes of the message that was returned: the complete ones here, or else `used` of the chunk.
    /// `None`: an unfinished message is here.
    pub(super) fn returned<'a>(&'a self, used: &'a [u8]) -> Option<&'a [u8]> {
        match self.bytes.is_empty() {
            true => Some(used),
            false => self.returned.then_some(&self.bytes),
        }
    }

    /// Removes the returned message; keeps the memory.
    #[inline]
    pub(super) fn clear_returned(&mut self) {
        if self.returned {
            self.bytes.clear();
            self.returned = false;
        }
    }

    /// Copies the first `count` bytes of `input` here, and moves `input` on.
    pub(super) fn append(&mut self, input: &mut &[u8], count: usize) {
        let (taken, rest) = input.split_at(count.min(input.len()));
        self.bytes.extend_from_slice(taken);
        *input = rest;
    }

    /// Copies from `input` until `length` bytes are here. Returns whether they are.
    pub(super) fn fill(&mut self, length: usize, input: &mut &[u8]) -> bool {
        self.append(input, length.saturating_sub(self.bytes.len()));
        self.bytes.len() >= length
    }

    /// The complete message, which is removed at the next call of `clear_returned`.
    pub(super) fn complete(&mut self) -> &[u8] {
        self.returned = true;
        &self.bytes
    }
}
