//! The memory of one response: its head, kept where it was decoded, and its body behind it.
//!
//! ```text
//!   bytes  ┌──────────┬──────────┬─────────┬─────────────┬──────┐
//!          │ head     │ consumed │ content │ not decoded │ room │ ◄── one read
//!          └──────────┴──────────┴─────────┴─────────────┴──────┘
//!           kept                  unread
//! ```
//!
//! The head stays as long as the caller has the response; the body comes and goes behind it.

use crate::http::body_reader::{BodyReader, DecodedAhead};
use crate::http::wire::{self, BodyLength, Limits, ResponseDecoder, ResponseHead};
use crate::net::ReadBuffer;

pub(super) const FIRST_BYTES: usize = 1024;
const MAX_BYTES: usize = 64 * 1024;
/// Memory of more than this is not kept.
pub(super) const MAX_KEPT_BYTES: usize = 2 * MAX_BYTES;

#[derive(Debug)]
pub(super) struct ResponseBuffer {
    decoder: ResponseDecoder,
    pub(super) body: BodyReader,
    pub(super) bytes: ReadBuffer,
    /// What is to be sent next.
    pub(super) out: Vec<u8>,
    /// Of a response that came early.
    ahead: Option<DecodedAhead>,
    limits: Limits,
}

impl ResponseBuffer {
    pub(super) fn new(limits: Limits) -> ResponseBuffer {
        ResponseBuffer {
            decoder: ResponseDecoder::new(limits),
            body: BodyReader::of_responses(),
            bytes: ReadBuffer::new(FIRST_BYTES, MAX_BYTES),
            out: Vec::new(),
            ahead: None,
            limits,
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether its memory is kept for the next response.
    pub(super) fn is_small(&self) -> bool {
        self.bytes.size().max(self.out.capacity()) <= MAX_KEPT_BYTES
    }

    /// The next response.
    pub(super) fn restart(&mut self) {
        self.decoder.restart();
        self.body.restart(BodyLength::Known(0), self.limits);
        self.bytes.clear();
        self.out.clear();
        self.ahead = None;
    }

    /// The length of the next head, once it is here whole.
    pub(super) fn decode_head(&mut self) -> Result<Option<usize>, wire::Error> {
        self.decoder.decode(self.bytes.unread())
    }

    /// Whether nothing but empty lines has come.
    pub(super) fn is_idle(&self) -> bool {
        self.decoder.is_idle()
    }

    /// The head that is these unread bytes.
    pub(super) fn decoded_head(&self, bytes: usize) -> ResponseHead<'_> {
        self.decoder.head(&self.bytes.unread()[..bytes])
    }

    /// An interim response is over: the next head begins behind it.
    pub(super) fn drop_head(&mut self, bytes: usize) {
        self.bytes.consume(bytes);
        self.decoder.restart();
    }

    /// The final head is these bytes, and a body of this length follows it.
    pub(super) fn keep_head(&mut self, bytes: usize, length: BodyLength) {
        self.bytes.keep(bytes);
        self.body.restart(length, self.limits);
    }

    /// Whether it holds as much of the response as it keeps for a caller that is still sending.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.unread().len() >= MAX_BYTES
    }

    /// Whether the whole body of the response is here. It is asked while nothing of the body is consumed.
    pub(super) fn is_whole(&mut self) -> bool {
        self.body.ends_in(self.bytes.unread(), &mut self.ahead)
    }

    /// The final head.
    pub(super) fn head(&self) -> ResponseHead<'_> {
        self.decoder.head(self.bytes.kept())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_that_comes_piece_by_piece_is_decoded_once() {
        let mut buffer = ResponseBuffer::new(Limits::default());
        for body in ["5\r\nhello\r\n0\r\n\r\n", "1\r\na\r\n0\r\nA: b\r\n\r\n"] {
            buffer.restart();
            buffer.keep_head(0, BodyLength::Chunked);
            for (place, byte) in body.bytes().enumerate() {
                buffer.bytes.room()[0] = byte;
                buffer.bytes.filled(1);
                assert_eq!(buffer.is_whole(), place + 1 == body.len(), "{place}");
                let (_, at) = **buffer.ahead.as_ref().expect("a decoder");
                assert!(at > place || body[..place].contains("A"), "{place}: {at}");
            }
        }
    }
}
