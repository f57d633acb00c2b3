//! Reading a body as it comes: of a request on the server's side, of a response on the client's.
//!
//! ```text
//!                      ┌─────────────┬──────────────────────┐
//!   the source's input │ content     │ not decoded          │ ◀── the connection
//!                      └─────────────┴──────────────────────┘
//!                       0             content
//!
//!   is content here? ── yes ─▶ the caller takes some of it
//!      │ no
//!      ▼
//!   is input here? ──── yes ─▶ decode a step: content, framing alone, the end, a broken rule
//!      │ no
//!      ▼
//!   receive more: into the source's buffer, or straight into the caller's buffer where the decoder
//!   knows that the next bytes are content
//! ```
//!
//! [`BodyReader`] is the state of one body. A [`BodySource`] owns it, together with the connection and
//! the buffers; the methods that the trait provides are the mechanism.

use super::error::Error;
use super::wire::{self, BodyDecoder, BodyLength, ChunkedDecoder, Fields, Limits, Step};
use std::time::{Duration, Instant};

/// From this many bytes of content on, a read into the caller's buffer pays.
const DIRECT_BYTES: usize = 4 * 1024;

/// Where the body that is being received stands.
#[derive(Debug)]
pub(crate) struct BodyReader {
    /// Makes a decoder: of a request's body, or of a response's.
    new_decoder: fn(BodyLength, Limits) -> BodyDecoder,
    decoder: BodyDecoder,
    /// The decoder of an earlier chunked body: the next chunked body uses its memory.
    spare: Option<ChunkedDecoder>,
    length: BodyLength,
    /// How many bytes at the front of the source's input are content, decoded and not consumed.
    content: usize,
    ended: bool,
    failure: Option<wire::Error>,
}

/// How far [`BodyReader::ends_in`] has come: its decoder, and the offset of what it decodes next.
pub(crate) type DecodedAhead = Box<(BodyDecoder, usize)>;

impl BodyReader {
    /// A reader of requests' bodies; there is none yet.
    pub(crate) const fn of_requests() -> BodyReader {
        BodyReader::with(BodyDecoder::new)
    }

    /// A reader of responses' bodies; there is none yet.
    pub(crate) fn of_responses() -> BodyReader {
        BodyReader::with(BodyDecoder::of_response)
    }

    const fn with(new_decoder: fn(BodyLength, Limits) -> BodyDecoder) -> BodyReader {
        BodyReader {
            new_decoder,
            decoder: BodyDecoder::Known(0),
            spare: None,
            length: BodyLength::Known(0),
            content: 0,
            ended: true,
            failure: None,
        }
    }

    /// The body of the next message.
    #[inline]
    pub(crate) fn restart(&mut self, length: BodyLength, limits: Limits) {
        match (&mut self.decoder, length) {
            (BodyDecoder::Known(left), BodyLength::Known(bytes)) => *left = bytes,
            // Where there is no body, nothing is decoded: the decoder may stay for the next chunked body.
            (BodyDecoder::Chunked(decoder), BodyLength::Chunked | BodyLength::Known(0)) => {
                decoder.restart();
            }
            _ => self.exchange_decoder(length, limits),
        }
        self.length = length;
        self.content = 0;
        self.ended = length == BodyLength::Known(0);
        self.failure = None;
    }

    /// Another kind of decoder. The one of a chunked body is kept for the next chunked body.
    #[inline(never)]
    fn exchange_decoder(&mut self, length: BodyLength, limits: Limits) {
        let before = std::mem::replace(&mut self.decoder, BodyDecoder::Known(0));
        if let BodyDecoder::Chunked(decoder) = before {
            self.spare = Some(decoder);
        }
        self.decoder = match self.spare.take_if(|_| length == BodyLength::Chunked) {
            Some(spare) => BodyDecoder::Chunked(spare.restarted()),
            None => (self.new_decoder)(length, limits),
        };
    }

    /// The length that the head declares.
    pub(crate) fn length(&self) -> BodyLength {
        self.length
    }

    /// How many bytes at the front of the input are content.
    pub(crate) fn content(&self) -> usize {
        self.content
    }

    /// Whether the body is decoded to its end.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether the body is decoded to its end and all of its content consumed.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.ended && self.content == 0
    }

    /// Whether something can be returned without decoding: content, or the end.
    pub(crate) fn is_ready(&self) -> bool {
        self.ended || self.content > 0
    }

    /// Whether the body ends in this input, or breaks a rule there. Decodes nothing for the caller. It goes on where
    /// the call before has stopped, of whose input this one is a continuation; after `true` it is not called again.
    pub(crate) fn ends_in(&self, input: &[u8], ahead: &mut Option<DecodedAhead>) -> bool {
        if self.ended {
            return true;
        }
        let (decoder, at) =
            &mut **ahead.get_or_insert_with(|| Box::new((self.decoder.clone(), self.content)));
        loop {
            let Ok(step) = decoder.decode(&input[*at..]) else {
                return true;
            };
            *at += step.consumed;
            if step.ended || step.consumed == 0 {
                return step.ended;
            }
        }
    }

    /// Why the body has failed.
    pub(crate) fn failure(&self) -> Option<wire::Error> {
        self.failure
    }

    /// How many of the bytes that come after the input are content for certain.
    pub(crate) fn content_ahead(&self) -> u64 {
        self.decoder.content_ahead()
    }

    /// The trailer fields; none before the end.
    pub(crate) fn trailers(&self) -> Fields<'_> {
        match self.ended {
            true => self.decoder.trailers(),
            false => Fields::EMPTY,
        }
    }
}

/// What a body is read from: a connection with its buffers. An implementation writes the constant and the
/// first five methods; the rest is provided.
pub(crate) trait BodySource {
    /// Whether the body is that of a response: then a server is to blame for what is wrong with it.
    const IS_RESPONSE: bool;

    /// The reader, and the input: the bytes that have been received and neither consumed nor decoded
    /// as framing.
    fn parts(&mut self) -> (&mut BodyReader, &[u8]);

    /// Removes `bytes` from the front of the input.
    fn advance(&mut self, bytes: usize);

    /// Waits for more of the body: for input where `into` is `None`, else for content in `into`. Returns
    /// how many bytes came, 0 at the end of the connection; `None` if nothing came until `until`.
    ///
    /// # Errors
    /// The connection broke, or the peer is too slow; then the source has called [`fail`](Self::fail).
    fn receive(
        &mut self,
        into: Option<&mut [u8]>,
        until: Option<Instant>,
    ) -> Result<Option<usize>, Error>;

    /// `step` has been decoded, and its framing removed from the input. If it ended the body, the
    /// message is complete.
    ///
    /// # Errors
    /// The connection does not expect the end of a message.
    fn decoded(&mut self, step: Step) -> Result<(), Error>;

    /// The framing is lost: the bytes that follow on this connection mean nothing.
    fn give_up(&mut self);

    /// The body has failed, for good.
    fn fail(&mut self, error: wire::Error) -> Error {
        let error = match Self::IS_RESPONSE {
            true => error.in_response(),
            false => error,
        };
        self.parts().0.failure = Some(error);
        self.give_up();
        error.into()
    }

    /// Content that can be taken without waiting for more, after waiting for some; empty at the end.
    fn fill(&mut self) -> Result<&[u8], Error> {
        while !self.parts().0.is_ready() {
            if !self.decode()? {
                self.receive_some(None)?;
            }
        }
        let (reader, input) = self.parts();
        Ok(&input[..reader.content])
    }

    /// As [`fill`](Self::fill), but waits no longer than `time`: `None` if nothing has come by then.
    fn fill_within(&mut self, time: Duration) -> Result<Option<&[u8]>, Error> {
        let until = Instant::now().checked_add(time);
        while !self.parts().0.is_ready() {
            if !self.decode()? && self.receive_until(None, until)?.is_none() {
                return Ok(None);
            }
        }
        let (reader, input) = self.parts();
        Ok(Some(&input[..reader.content]))
    }

    /// Whether the body has been taken to its end. Decodes what is here, and never waits.
    fn at_end(&mut self) -> Result<bool, Error> {
        while !self.parts().0.is_ready() && self.decode()? {}
        Ok(self.parts().0.is_exhausted())
    }

    /// Moves content to `out`; returns 0 at the end, and where `out` is empty.
    fn read(&mut self, out: &mut [u8]) -> Result<usize, Error> {
        while !out.is_empty() && !self.parts().0.is_ready() {
            if self.decode()? {
                continue; // perhaps framing alone: to return 0 here would mean the end
            }
            let ahead = usize::try_from(self.parts().0.content_ahead()).unwrap_or(usize::MAX);
            let ahead = ahead.min(out.len());
            if ahead < DIRECT_BYTES {
                self.receive_some(None)?;
                continue;
            }
            let received = self.receive_some(Some(&mut out[..ahead]))?;
            if received > 0 && self.parts().0.decoder.took(received) {
                self.end()?;
            }
            return Ok(received);
        }
        let (reader, input) = self.parts();
        let bytes = reader.content.min(out.len());
        out[..bytes].copy_from_slice(&input[..bytes]);
        self.consume(bytes);
        Ok(bytes)
    }

    /// Takes `bytes` of the content, or all there is.
    fn consume(&mut self, bytes: usize) {
        let (reader, _) = self.parts();
        let bytes = bytes.min(reader.content);
        reader.content -= bytes;
        self.advance(bytes);
    }

    /// Reads and drops what is left, up to `most` bytes; returns whether that was all.
    fn discard(&mut self, most: u64) -> bool {
        let (reader, _) = self.parts();
        let is_longer = matches!(reader.decoder, BodyDecoder::Known(left) if left > most);
        if is_longer || reader.failure.is_some() {
            return false;
        }
        let mut left = most;
        loop {
            let bytes = match self.fill() {
                Ok([]) => return true,
                Ok(content) if content.len() as u64 <= left => content.len(),
                _ => return false,
            };
            left -= bytes as u64;
            self.consume(bytes);
        }
    }

    /// Decodes a step of the input; returns `false` where that takes more input.
    fn decode(&mut self) -> Result<bool, Error> {
        let (reader, input) = self.parts();
        if let Some(error) = reader.failure {
            return Err(error.into());
        }
        if input.is_empty() {
            return Ok(false);
        }
        match reader.decoder.decode(input) {
            Ok(step) => {
                reader.content = step.data;
                reader.ended = step.ended;
                self.advance(step.consumed - step.data);
                self.decoded(step)?;
                Ok(step.consumed > 0 || step.ended)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// As [`receive_until`](Self::receive_until), for as long as the peer's pace allows.
    fn receive_some(&mut self, into: Option<&mut [u8]>) -> Result<usize, Error> {
        Ok(self.receive_until(into, None)?.unwrap_or_default())
    }

    /// As [`receive`](Self::receive); where the connection ended, the body has ended with it or is
    /// truncated.
    fn receive_until(
        &mut self,
        into: Option<&mut [u8]>,
        until: Option<Instant>,
    ) -> Result<Option<usize>, Error> {
        let received = self.receive(into, until)?;
        if received == Some(0) {
            match self.parts().0.decoder.finish() {
                Ok(()) => self.end()?,
                Err(error) => return Err(self.fail(error)),
            }
        }
        Ok(received)
    }

    /// The body has ended, behind bytes that the decoder did not see.
    fn end(&mut self) -> Result<(), Error> {
        self.parts().0.ended = true;
        self.decoded(Step {
            ended: true,
            ..Step::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::wire::Rule;

    /// A connection that delivers `pieces`, one for each read, and then ends.
    struct Pieces {
        reader: BodyReader,
        buffer: Vec<u8>,
        pieces: std::vec::IntoIter<&'static [u8]>,
        message_ended: bool,
        direct: usize,
    }

    impl BodySource for Pieces {
        const IS_RESPONSE: bool = false;

        fn parts(&mut self) -> (&mut BodyReader, &[u8]) {
            (&mut self.reader, &self.buffer)
        }

        fn advance(&mut self, bytes: usize) {
            self.buffer.drain(..bytes);
        }

        fn receive(
            &mut self,
            into: Option<&mut [u8]>,
            _until: Option<Instant>,
        ) -> Result<Option<usize>, Error> {
            let piece = self.pieces.next().unwrap_or_default();
            match into {
                Some(into) => {
                    into[..piece.len()].copy_from_slice(piece);
                    self.direct += piece.len();
                }
                None => self.buffer.extend_from_slice(piece),
            }
            Ok(Some(piece.len()))
        }

        fn decoded(&mut self, step: Step) -> Result<(), Error> {
            self.message_ended |= step.ended;
            Ok(())
        }

        fn give_up(&mut self) {}
    }

    fn body(length: BodyLength, pieces: &[&'static [u8]]) -> Pieces {
        let mut reader = BodyReader::of_responses();
        reader.restart(length, Limits::default());
        Pieces {
            reader,
            buffer: Vec::new(),
            pieces: Vec::from(pieces).into_iter(),
            message_ended: false,
            direct: 0,
        }
    }

    #[test]
    fn framing_alone_is_no_end() {
        let pieces: [&[u8]; 4] = [b"5\r\n", b"hello", b"\r\n0\r\n\r", b"\nGET"];
        let mut source = body(BodyLength::Chunked, &pieces);
        let mut out = [0; 8];
        assert_eq!(source.read(&mut out).unwrap(), 5);
        assert!(!source.reader.has_ended());
        assert_eq!(source.read(&mut out).unwrap(), 0);
        assert!(source.reader.is_exhausted() && source.message_ended);
        assert_eq!(source.buffer, b"GET", "what comes behind the body stays");
    }

    #[test]
    fn known_content_is_read_straight_into_a_large_buffer() {
        static CONTENT: [u8; DIRECT_BYTES] = [b'a'; DIRECT_BYTES];
        let mut source = body(BodyLength::Known(DIRECT_BYTES as u64), &[&CONTENT]);
        let mut out = [0; 2 * DIRECT_BYTES];
        assert_eq!(source.read(&mut out).unwrap(), DIRECT_BYTES);
        assert_eq!(source.direct, DIRECT_BYTES);
        assert!(source.reader.is_exhausted() && source.message_ended);
        assert_eq!(out[..DIRECT_BYTES], CONTENT);
    }

    #[test]
    fn the_end_of_the_connection_ends_a_body_or_truncates_it() {
        let mut source = body(BodyLength::UntilClose, &[b"all"]);
        assert_eq!(source.fill().unwrap(), b"all");
        source.consume(usize::MAX);
        assert_eq!(source.fill().unwrap(), b"");

        let mut source = body(BodyLength::Known(4), &[b"all"]);
        source.fill().unwrap();
        source.consume(3);
        for _ in 0..2 {
            let error = source.fill().unwrap_err();
            assert!(matches!(error, Error::Peer(error) if error.rule() == Rule::MessageTruncated));
        }
    }

    #[test]
    fn no_more_is_dropped_than_asked_for() {
        assert!(!body(BodyLength::Known(4), &[b"1234"]).discard(3));
        assert!(body(BodyLength::Known(4), &[b"12", b"34"]).discard(4));
        let chunks: [&[u8]; 2] = [b"2\r\nab\r\n", b"2\r\ncd\r\n0\r\n\r\n"];
        assert!(!body(BodyLength::Chunked, &chunks).discard(3));
        assert!(body(BodyLength::Chunked, &chunks).discard(4));
    }
}
