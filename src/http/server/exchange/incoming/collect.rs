//! The body of a request, collected in one piece, within the limits of one body and of all together.
//!
//! ```text
//!   head and body came together     borrowed from the read buffer; chunks are put together
//!   more must be read               charge what the buffers may take ──▶ read ──▶ append
//!                                        │ all bodies together would exceed the total
//!                                        ▼
//!                                       503
//! ```

use super::super::link::Link;
use super::{FIRST_SPOOL_BYTES, Incoming, MOST_SPOOL_BYTES};
use crate::http::error::Error;
use crate::http::wire::{self, BodyLength, Rule};
use std::cell::RefCell;

/// The first memory of a body that did not come in one read.
const FIRST_COLLECTED_BYTES: usize = 4 * 1024;

impl Incoming {
    /// The whole of what is left of the body, in one piece: where it lies, if it lies in one. `most` is
    /// the limit of this body, `total` that of all bodies which are being collected.
    pub(crate) fn collect<'a>(
        &'a mut self,
        most: usize,
        total: usize,
        rest: &'a [u8],
        link: &RefCell<Link>,
    ) -> Result<&'a [u8], Error> {
        let too_large = |bytes: u64| bytes > most as u64;
        // Refused before a 100 asks for it (RFC 9110 §10.1.1).
        if matches!(self.length, BodyLength::Known(bytes) if too_large(bytes)) {
            return Err(self.fail(wire::Error::whole(Rule::BodyTooLarge), link));
        }
        self.collected.clear();
        self.fill_charged(total, rest, link)?;
        if self.ended {
            let whole = std::mem::take(&mut self.window);
            self.window = whole.end..whole.end;
            let source = if self.window_in_rest {
                rest
            } else {
                &self.spool
            };
            return Ok(&source[whole]);
        }
        loop {
            let ahead = self.decoder.content_ahead();
            let window = self.window.clone();
            let here = (self.collected.len() + window.len()) as u64;
            if too_large(here.saturating_add(ahead)) {
                return Err(self.fail(wire::Error::whole(Rule::BodyTooLarge), link));
            }
            self.grow_collected(window.len(), total, link)?;
            let source = if self.window_in_rest {
                rest
            } else {
                &self.spool
            };
            self.collected.extend_from_slice(&source[window]);
            self.consume(usize::MAX - self.window.start);
            self.fill_charged(total, rest, link)?;
            if self.window.is_empty() {
                return Ok(&self.collected);
            }
        }
    }

    /// As [`fill`](Self::fill), but what the body takes is charged before more is read: what came with
    /// the head is within the read buffer's limits.
    fn fill_charged(
        &mut self,
        total: usize,
        rest: &[u8],
        link: &RefCell<Link>,
    ) -> Result<(), Error> {
        while self.window.is_empty() && !self.ended {
            if !self.decode(rest, link)? {
                self.charge(self.collected.capacity(), total, link)?;
                self.read_spool(link)?;
            }
        }
        Ok(())
    }

    /// Makes room for `more` bytes in `collected`, and charges it where they were read behind the head.
    fn grow_collected(
        &mut self,
        more: usize,
        total: usize,
        link: &RefCell<Link>,
    ) -> Result<(), Error> {
        let (length, capacity) = (self.collected.len(), self.collected.capacity());
        let needed = length + more;
        if needed > capacity {
            let grown = needed.max(2 * capacity).max(FIRST_COLLECTED_BYTES);
            if !self.window_in_rest {
                self.charge(grown, total, link)?;
            }
            self.collected.reserve_exact(grown - length);
        }
        Ok(())
    }

    /// Charges a collected body of this capacity, and the spool as large as it may be after its next
    /// read.
    fn charge(&mut self, capacity: usize, total: usize, link: &RefCell<Link>) -> Result<(), Error> {
        let spool = (2 * self.spool.len()).clamp(FIRST_SPOOL_BYTES, MOST_SPOOL_BYTES);
        if self.charge.raise_to(capacity + spool, total) {
            return Ok(());
        }
        Err(self.fail(wire::Error::whole(Rule::CollectedTooMuch), link))
    }
}
