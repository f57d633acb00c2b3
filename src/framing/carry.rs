//! The unfinished message at the end of a chunk, carried over to the next.
//!
//! ```text
//!   chunk   ┌ A ┐┌── B ──┐┌─ C      A and B are borrowed where they lie;
//!                            │      the beginning of C is copied here,
//!   carry                 └──▼─┐
//!   chunk                  ─ C ┐┌── D ──┐     and then C's rest, nothing of D
//! ```

#[derive(Clone, Debug, Default)]
pub(super) struct Carry {
    bytes: Vec<u8>,
    /// The message was handed out. It stays until the next call, because it is borrowed.
    spent: bool,
}

impl Carry {
    /// Nothing is here, not even a message that was handed out.
    #[inline]
    pub(super) fn is_vacant(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What has come of the unfinished message.
    pub(super) fn bytes(&self) -> &[u8] {
        if self.spent { &[] } else { &self.bytes }
    }

    /// Forgets the message that was handed out; keeps the memory.
    #[inline]
    pub(super) fn clear_spent(&mut self) {
        if self.spent {
            self.bytes.clear();
            self.spent = false;
        }
    }

    /// Moves the first `count` bytes of `input` here.
    pub(super) fn take(&mut self, input: &mut &[u8], count: usize) {
        let (taken, rest) = input.split_at(count.min(input.len()));
        self.bytes.extend_from_slice(taken);
        *input = rest;
    }

    /// Takes from `input` until `length` bytes are here, and says whether they are.
    pub(super) fn fill(&mut self, length: usize, input: &mut &[u8]) -> bool {
        self.take(input, length.saturating_sub(self.bytes.len()));
        self.bytes.len() >= length
    }

    /// The message is whole: hands it out.
    pub(super) fn hand_out(&mut self) -> &[u8] {
        self.spent = true;
        &self.bytes
    }
}
