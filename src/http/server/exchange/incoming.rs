//! The body of the request at hand, as it comes.
//!
//! ```text
//!   the connection's buffer              the spool: only where more must be read
//!  ┌──────────┬───────────────────┐     ┌───────────────────────────────────┐
//!  │ head     │ rest: body bytes  │ ──▶ │ body bytes … │ next request …     │
//!  └──────────┴───────────────────┘     └───────────────────────────────────┘
//!    borrowed     rest_at ▲  window         spool_at ▲
//! ```
//!
//! The head stays where it was decoded while the handler borrows it, so the buffer
//! cannot grow under it: what comes later goes into the spool, or straight to its
//! destination where the decoder knows that it is content.

mod collect;

use super::budget::Charge;
use super::link::Link;
use crate::http::error::Error;
use crate::http::wire::{self, BodyDecoder, BodyLength, ChunkedDecoder, Fields, Limits, Rule};
use crate::net::{Pace, is_timeout};
use std::cell::RefCell;
use std::io;
use std::ops::Range;
use std::time::Instant;

const FIRST_SPOOL_BYTES: usize = 16 * 1024;
const MOST_SPOOL_BYTES: usize = 256 * 1024;
/// Memory that is kept from one request to the next.
const BETWEEN_BYTES: usize = 64 * 1024;
/// From here on it pays to read past the spool.
const DIRECT_BYTES: usize = 4 * 1024;

/// The receiving side of one exchange; the memory is kept from one to the next.
#[derive(Debug)]
pub(crate) struct Incoming {
    decoder: BodyDecoder,
    /// The decoder of an earlier chunked body: its memory serves the next.
    spare: Option<ChunkedDecoder>,
    length: BodyLength,
    ended: bool,
    failed: Option<wire::Error>,
    rest_at: usize,
    spool: Vec<u8>,
    spool_at: usize,
    spool_end: usize,
    /// Content that is decoded and not yet taken, in the source the decoder is at.
    window: Range<usize>,
    window_in_rest: bool,
    collected: Vec<u8>,
    /// What this body takes of the memory for all collected bodies.
    charge: Charge,
    pace: Pace,
}

impl Incoming {
    pub(crate) fn new(pace: Pace, charge: Charge) -> Incoming {
        Incoming {
            decoder: BodyDecoder::Known(0),
            spare: None,
            length: BodyLength::Known(0),
            ended: true,
            failed: None,
            rest_at: 0,
            spool: Vec::new(),
            spool_at: 0,
            spool_end: 0,
            window: 0..0,
            window_in_rest: true,
            collected: Vec::new(),
            charge,
            pace,
        }
    }

    /// The body of a next request.
    #[inline]
    pub(crate) fn restart(
        &mut self,
        length: BodyLength,
        limits: Limits,
        link: &mut Link,
    ) -> Result<(), wire::Error> {
        match (&mut self.decoder, length) {
            (BodyDecoder::Known(left), BodyLength::Known(bytes)) => *left = bytes,
            _ => self.exchange_decoder(length, limits),
        }
        self.length = length;
        self.ended = length == BodyLength::Known(0);
        self.failed = None;
        self.pace.restart();
        (self.rest_at, self.spool_at, self.spool_end) = (0, 0, 0);
        self.window = 0..0;
        if self.ended {
            link.machine.receive_end()
        } else {
            Ok(())
        }
    }

    /// Another kind of decoder; that of a chunked body is put by, or taken out again.
    #[inline(never)]
    fn exchange_decoder(&mut self, length: BodyLength, limits: Limits) {
        let before = std::mem::replace(&mut self.decoder, BodyDecoder::Known(0));
        if let BodyDecoder::Chunked(decoder) = before {
            self.spare = Some(decoder);
        }
        self.decoder = match self.spare.take_if(|_| length == BodyLength::Chunked) {
            Some(spare) => BodyDecoder::Chunked(spare.restarted()),
            None => BodyDecoder::new(length, limits),
        };
    }

    pub(crate) fn length(&self) -> BodyLength {
        self.length
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Everything taken: decoded to its end, and nothing left in the window.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.ended && self.window.is_empty()
    }

    pub(crate) fn trailers(&self) -> Fields<'_> {
        if self.ended {
            self.decoder.trailers()
        } else {
            Fields::EMPTY
        }
    }

    /// How many bytes of `rest` were used.
    pub(crate) fn rest_used(&self) -> usize {
        self.rest_at
    }

    /// What was read behind the end of the body.
    pub(crate) fn behind(&self) -> &[u8] {
        &self.spool[self.spool_at..self.spool_end]
    }

    /// The request has ended, and what came behind its body has been taken.
    #[inline]
    pub(crate) fn end(&mut self) {
        self.shrink_to(BETWEEN_BYTES);
        self.charge.clear();
    }

    /// The memory that is kept for the next body, in bytes: the large part of it.
    #[inline]
    pub(crate) fn kept_bytes(&self) -> usize {
        self.spool.len() + self.collected.capacity()
    }

    /// Gives that memory back, when the connection has nothing to do.
    pub(crate) fn shrink(&mut self) {
        self.decoder = BodyDecoder::Known(0);
        self.spare = None;
        self.shrink_to(0);
        self.charge.clear();
    }

    fn shrink_to(&mut self, bytes: usize) {
        if self.spool.len() > bytes {
            self.spool = Vec::new();
            (self.spool_at, self.spool_end, self.window) = (0, 0, 0..0);
        }
        if self.collected.capacity() > bytes {
            self.collected = Vec::new();
        }
    }

    /// Content that can be taken without waiting for more, after waiting for some: empty at the end.
    pub(crate) fn fill<'a>(
        &'a mut self,
        rest: &'a [u8],
        link: &RefCell<Link>,
    ) -> Result<&'a [u8], Error> {
        while self.window.is_empty() && !self.ended {
            if !self.decode(rest, link)? {
                self.read_spool(link)?;
            }
        }
        Ok(self.window(rest))
    }

    fn window<'a>(&'a self, rest: &'a [u8]) -> &'a [u8] {
        let source = if self.window_in_rest {
            rest
        } else {
            &self.spool
        };
        &source[self.window.clone()]
    }

    pub(crate) fn consume(&mut self, bytes: usize) {
        self.window.start = self.window.start.saturating_add(bytes).min(self.window.end);
    }

    /// Decodes what is here already; `false`: nothing is.
    fn decode(&mut self, rest: &[u8], link: &RefCell<Link>) -> Result<bool, Error> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        let in_rest = self.rest_at < rest.len();
        let (input, at) = if in_rest {
            (&rest[self.rest_at..], &mut self.rest_at)
        } else {
            (
                &self.spool[self.spool_at..self.spool_end],
                &mut self.spool_at,
            )
        };
        if input.is_empty() {
            return Ok(false);
        }
        match self.decoder.decode(input) {
            Ok(step) => {
                *at += step.consumed;
                self.window = *at - step.data..*at;
                self.window_in_rest = in_rest;
                let mut link = link.borrow_mut();
                link.machine.settle_continue();
                self.ended = step.ended;
                if step.ended {
                    link.alone = step.consumed == input.len();
                    link.machine.receive_end()?;
                }
                Ok(true)
            }
            Err(error) => Err(self.fail(error, link)),
        }
    }

    /// The framing is lost: whatever follows on this connection means nothing.
    fn fail(&mut self, error: wire::Error, link: &RefCell<Link>) -> Error {
        self.failed = Some(error);
        link.borrow_mut().machine.fail();
        error.into()
    }

    fn read_spool(&mut self, link: &RefCell<Link>) -> Result<(), Error> {
        let filled = self.spool_end == self.spool.len();
        if filled && self.spool.len() < MOST_SPOOL_BYTES {
            let bytes = (self.spool.len() * 2).max(FIRST_SPOOL_BYTES);
            self.spool.resize(bytes, 0);
        }
        let mut spool = std::mem::take(&mut self.spool);
        let read = self.receive(&mut spool, link);
        self.spool = spool;
        (self.spool_at, self.spool_end) = (0, read?);
        Ok(())
    }

    /// Waits for some bytes of the body, within the pace the peer has to keep.
    fn receive(&mut self, into: &mut [u8], link: &RefCell<Link>) -> Result<usize, Error> {
        link.borrow_mut().before_body()?;
        link.borrow_mut().limit_read_timeout(self.pace.left())?;
        loop {
            let start = Instant::now();
            let read = link.borrow().stream().read(into);
            let bytes = match read {
                // The server stops: no fault of the client's, and nothing to tell it.
                Ok(0) if link.borrow().queue.is_ending() => {
                    link.borrow_mut().machine.fail();
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                }
                Ok(0) => return Err(self.fail(wire::Error::whole(Rule::MessageTruncated), link)),
                Ok(n) => n,
                Err(error) if is_timeout(&error) => 0,
                Err(error) => {
                    self.fail(wire::Error::whole(Rule::MessageTruncated), link);
                    return Err(error.into());
                }
            };
            if self.pace.waited(start.elapsed(), bytes).is_err() {
                return Err(self.fail(wire::Error::whole(Rule::RequestTimeout), link));
            }
            if bytes > 0 {
                return Ok(bytes);
            }
            // A body that stands still wakes its thread once more: when its time is over.
            link.borrow_mut().set_read_timeout(self.pace.left())?;
        }
    }

    /// Moves content to `out`; 0 at the end.
    pub(crate) fn read(
        &mut self,
        out: &mut [u8],
        rest: &[u8],
        link: &RefCell<Link>,
    ) -> Result<usize, Error> {
        if out.is_empty() {
            return Ok(0);
        }
        while self.window.is_empty() && !self.ended {
            if self.decode(rest, link)? {
                continue; // perhaps to framing without content: a 0 here would be the end
            }
            let ahead = usize::try_from(self.decoder.content_ahead())
                .unwrap_or(usize::MAX)
                .min(out.len());
            if ahead < DIRECT_BYTES {
                self.read_spool(link)?;
                continue;
            }
            let read = self.receive(&mut out[..ahead], link)?;
            if self.decoder.took(read) {
                self.ended = true;
                link.borrow_mut().machine.receive_end()?;
            }
            return Ok(read);
        }
        let window = self.window(rest);
        let n = window.len().min(out.len());
        out[..n].copy_from_slice(&window[..n]);
        self.consume(n);
        Ok(n)
    }

    /// Reads and drops what a handler left unread, up to `most` bytes; whether that was all.
    pub(crate) fn discard(&mut self, most: u64, rest: &[u8], link: &RefCell<Link>) -> bool {
        if self.failed.is_some() || matches!(self.decoder, BodyDecoder::Known(left) if left > most)
        {
            return false;
        }
        let mut dropped = 0;
        loop {
            match self.fill(rest, link) {
                Ok([]) => return true,
                Ok(data) if dropped + data.len() as u64 <= most => {
                    let bytes = data.len();
                    dropped += bytes as u64;
                    self.consume(bytes);
                }
                _ => return false,
            }
        }
    }
}
