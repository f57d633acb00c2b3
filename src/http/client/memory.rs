//! The memory that one answer lives in: its head where it was decoded, its body behind it.
//!
//! ```text
//!   bytes  ┌──────────┬────────────┬─────────────┬───────┐
//!          │ head     │ given out  │ not decoded │ room  │
//!          └──────────┴────────────┴─────────────┴───────┘
//!           0          head_end     at            end
//! ```
//!
//! The head stays while the caller keeps the answer; the body comes and goes behind it. A thread
//! keeps the memory of its last answer for its next, so that a steady client allocates nothing.

use crate::http::wire::{
    BodyDecoder, BodyLength, ChunkedDecoder, Fields, Limits, ResponseDecoder, ResponseHead,
};
use std::cell::RefCell;
use std::ops::Range;

const FIRST_BYTES: usize = 1024;
const MOST_BYTES: usize = 64 * 1024;
/// Memory of more than this is not kept.
const KEPT_BYTES: usize = 2 * MOST_BYTES;

thread_local! {
    static KEPT: RefCell<Option<Memory>> = const { RefCell::new(None) };
}

#[derive(Debug)]
pub(super) struct Memory {
    pub(super) decoder: ResponseDecoder,
    pub(super) body: BodyDecoder,
    /// The decoder of an earlier chunked body: its memory serves the next.
    spare: Option<ChunkedDecoder>,
    pub(super) bytes: Vec<u8>,
    pub(super) head_end: usize,
    pub(super) at: usize,
    pub(super) end: usize,
    /// The last read took all the room there was: there may be more where it came from.
    filled: bool,
    /// Content that is decoded and not yet given out.
    pub(super) window: Range<usize>,
    /// What is to be sent next.
    pub(super) out: Vec<u8>,
    limits: Limits,
}

impl Memory {
    /// What this thread has kept, or new memory.
    pub(super) fn kept(limits: Limits) -> Memory {
        let kept = KEPT.try_with(|kept| kept.borrow_mut().take());
        let kept = kept.unwrap_or_default();
        kept.map_or_else(|| Memory::new(limits), |memory| memory.recycled(limits))
    }

    /// The answer is dropped: its memory stays with this thread.
    pub(super) fn keep(&mut self) {
        let memory = std::mem::replace(self, Memory::new(self.limits));
        if memory.bytes.capacity().max(memory.out.capacity()) > KEPT_BYTES {
            return;
        }
        let _ = KEPT.try_with(|kept| kept.borrow_mut().replace(memory)); // or the thread is ending
    }

    fn new(limits: Limits) -> Memory {
        Memory {
            decoder: ResponseDecoder::new(limits),
            body: BodyDecoder::Known(0),
            spare: None,
            bytes: Vec::new(),
            head_end: 0,
            at: 0,
            end: 0,
            filled: false,
            window: 0..0,
            out: Vec::new(),
            limits,
        }
    }

    /// For another request, under these limits.
    fn recycled(mut self, limits: Limits) -> Memory {
        if limits != self.limits {
            return Memory::new(limits);
        }
        self.decoder.restart();
        self.set_body(BodyLength::Known(0));
        self.out.clear();
        (self.head_end, self.at, self.end, self.window) = (0, 0, 0, 0..0);
        self
    }

    pub(super) fn head(&self) -> ResponseHead<'_> {
        self.decoder.head(&self.bytes[..self.head_end])
    }

    /// The bytes that a head is to be found in.
    pub(super) fn undecoded(&self) -> &[u8] {
        &self.bytes[self.at..self.end]
    }

    /// Room for a read, behind what is here: by moving, by growing, or by neither.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.at == self.end {
            (self.at, self.end) = (self.head_end, self.head_end);
        }
        let spent = self.at - self.head_end;
        if self.end == self.bytes.len() && spent > 0 {
            self.bytes.copy_within(self.at..self.end, self.head_end);
            (self.at, self.end) = (self.head_end, self.end - spent);
        }
        let more_comes = self.filled && self.bytes.len() < MOST_BYTES;
        if self.end == self.bytes.len() || more_comes {
            let more = self.bytes.len().clamp(FIRST_BYTES, MOST_BYTES);
            self.bytes.resize(self.bytes.len() + more, 0);
            self.filled = false;
        }
        &mut self.bytes[self.end..]
    }

    /// So many bytes were read into the room.
    pub(super) fn took(&mut self, bytes: usize) {
        self.end += bytes;
        self.filled = self.end == self.bytes.len();
    }

    /// An interim answer is over: the next head begins behind it.
    pub(super) fn drop_head(&mut self, bytes: usize) {
        self.bytes.copy_within(bytes..self.end, 0);
        self.end -= bytes;
        self.decoder.restart();
    }

    /// The final head is these bytes, and what follows is its body.
    pub(super) fn keep_head(&mut self, bytes: usize) {
        self.head_end = bytes;
        self.at = bytes;
    }

    /// Another kind of decoder; that of a chunked body is put by, or taken out again.
    pub(super) fn set_body(&mut self, length: BodyLength) {
        let before = std::mem::replace(&mut self.body, BodyDecoder::Known(0));
        if let BodyDecoder::Chunked(decoder) = before {
            self.spare = Some(decoder);
        }
        self.body = match self.spare.take_if(|_| length == BodyLength::Chunked) {
            Some(spare) => BodyDecoder::Chunked(spare.restarted()),
            None => BodyDecoder::new(length, self.limits),
        };
    }

    pub(super) fn trailers(&self) -> Fields<'_> {
        self.body.trailers()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_kept_for_the_next_answer_unless_it_is_large() {
        let mut memory = Memory::kept(Limits::default());
        memory.room();
        memory.keep();
        let mut kept = Memory::kept(Limits::default());
        assert!(kept.bytes.len() == FIRST_BYTES && kept.end == 0);

        kept.out.reserve(KEPT_BYTES + 1);
        kept.keep();
        assert!(KEPT.with(|kept| kept.borrow().is_none()));
    }
}
