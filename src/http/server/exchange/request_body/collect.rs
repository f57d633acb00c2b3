//! The body of a request, collected in one piece, within the limits of one body and of all together.
//!
//! ```text
//!   head and body came together     borrowed from the read buffer; chunks are put together
//!   more must be read               charge what the buffers may take ──▶ read ──▶ append
//!                                        │ all bodies together would exceed the total
//!                                        ▼
//!                                       503
//! ```

use super::{FIRST_BUFFER_BYTES, MAX_BUFFER_BYTES, RequestBody};
use crate::http::body_reader::BodySource;
use crate::http::error::Error;
use crate::http::wire::{self, BodyLength, Rule};

/// The first memory of a body that did not come in one read.
const FIRST_COLLECTED_BYTES: usize = 4 * 1024;

impl RequestBody<'_> {
    /// The whole of what is left of the body, in one piece: where it lies, if it lies in one.
    pub(crate) fn collect(&mut self) -> Result<&[u8], Error> {
        let most = self.connection.borrow().config.collected_body_bytes as u64;
        // Refused before a 100 asks for it (RFC 9110 §10.1.1).
        if matches!(self.reader().length(), BodyLength::Known(bytes) if bytes > most) {
            return Err(self.fail(wire::Error::whole(Rule::BodyTooLarge)));
        }
        self.memory().collected.clear();
        self.fill_charged()?;
        if self.reader().has_ended() {
            return Ok(self.take_content());
        }
        loop {
            let content = self.reader().content();
            let here = (self.memory().collected.len() + content) as u64;
            if here.saturating_add(self.reader().content_ahead()) > most {
                return Err(self.fail(wire::Error::whole(Rule::BodyTooLarge)));
            }
            self.reserve_charged(content)?;
            let mut collected = std::mem::take(&mut self.memory().collected);
            collected.extend_from_slice(self.take_content());
            self.memory().collected = collected;
            self.fill_charged()?;
            if self.reader().is_exhausted() {
                return Ok(&self.memory().collected);
            }
        }
    }

    /// Consumes the content that is here, and returns it.
    fn take_content(&mut self) -> &[u8] {
        let bytes = self.reader().content();
        let (is_in_head_tail, head_tail) = (self.is_in_head_tail(), self.head_tail);
        self.consume(bytes);
        let memory = self.memory();
        match is_in_head_tail {
            true => &head_tail[memory.head_tail_at - bytes..memory.head_tail_at],
            false => memory.buffer.last_consumed(bytes),
        }
    }

    /// As [`fill`](BodySource::fill), but what the body takes is charged before more is read. What came
    /// with the head is within the limits of the read buffer.
    fn fill_charged(&mut self) -> Result<(), Error> {
        while !self.reader().is_ready() {
            if !self.decode()? {
                let capacity = self.memory().collected.capacity();
                self.charge(capacity)?;
                self.receive_some(None)?;
            }
        }
        Ok(())
    }

    /// Makes room for `more` bytes in `collected`, and charges it where they were read behind the head.
    fn reserve_charged(&mut self, more: usize) -> Result<(), Error> {
        let collected = &self.memory().collected;
        let (length, capacity) = (collected.len(), collected.capacity());
        if length + more > capacity {
            let grown = (length + more).max(2 * capacity).max(FIRST_COLLECTED_BYTES);
            if !self.is_in_head_tail() {
                self.charge(grown)?;
            }
            self.memory().collected.reserve_exact(grown - length);
        }
        Ok(())
    }

    /// Charges a collected body of this capacity, and the body buffer as large as it may be after its
    /// next read.
    fn charge(&mut self, capacity: usize) -> Result<(), Error> {
        let total = self.connection.borrow().config.total_collected_bytes;
        let memory = self.memory();
        let buffer = (2 * memory.buffer.size()).clamp(FIRST_BUFFER_BYTES, MAX_BUFFER_BYTES);
        if memory.charge.raise_to(capacity + buffer, total) {
            return Ok(());
        }
        Err(self.fail(wire::Error::whole(Rule::CollectedTooMuch)))
    }
}
