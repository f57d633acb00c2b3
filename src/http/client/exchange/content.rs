//! The content of a response without its content codings: what the caller reads, if it has asked for that.
//!
//! ```text
//!   the body ──▶ gunzip ──▶ out ──▶ gunzip ──▶ out ──▶ the caller
//!                Content-Encoding: gzip, gzip
//! ```
//!
//! A small body can stand for gigabytes. So each [`Layer`] makes a piece of bounded size, and the next one when the
//! caller has consumed it: limits count what comes out, before more is made.

use super::Exchange;
use crate::deflate::{self, Gunzip};
use crate::http::body_reader::BodySource;
use crate::http::client::summary::End;
use crate::http::error::Error;
use crate::http::wire::{self, BodyLength, ContentCoding, Rule, content_codings};
use std::time::{Duration, Instant};

/// How many bytes a layer makes at once.
const PIECE_BYTES: usize = 32 * 1024;
/// No server needs more codings on one another than this.
const MAX_CODINGS: usize = 4;

/// Undoes the content codings of one response.
#[derive(Debug)]
pub(super) struct Decompressor {
    /// The first one reads the body, the last one makes what the caller reads.
    layers: Vec<Layer>,
    failure: Option<Failure>,
}

/// One coding.
#[derive(Debug)]
struct Layer {
    gunzip: Gunzip,
    /// What it has made, consumed up to `at`.
    out: Vec<u8>,
    at: usize,
    /// It was full: the next call needs no input.
    is_full: bool,
    ended: bool,
}

/// Why there is no content, at each further call.
#[derive(Clone, Copy, Debug)]
enum Failure {
    Coding(wire::Error),
    Stream(deflate::Error),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        match failure {
            Failure::Coding(error) => error.into(),
            Failure::Stream(error) => Error::Content(error),
        }
    }
}

impl Exchange {
    /// If `on`, the content is read without its codings from now on. A part of a representation stays as it is: it
    /// has no beginning of a stream.
    pub(in crate::http::client) fn decompress(&mut self, on: bool) {
        if !on {
            return;
        }
        let head = self.buffer.head();
        let has_none = self.buffer.body.length() == BodyLength::Known(0);
        if let Some(value) = head.fields().joined("Content-Encoding")
            && head.status() != 206
            && !has_none
            && !self.is_switched()
        {
            self.decompressor = Decompressor::of(&value).map(Box::new);
        }
    }

    /// Whether the content is read without codings that it had.
    pub(in crate::http::client) fn is_decompressed(&self) -> bool {
        let mut decompressor = self.decompressor.iter();
        decompressor.any(|it| !it.layers.is_empty())
    }

    /// Content that can be taken without waiting for more, after waiting for some; empty at the end.
    pub(in crate::http::client) fn fill_content(&mut self) -> Result<&[u8], Error> {
        match self.decompressor {
            None => self.fill(),
            Some(_) => Ok(self.decompressed(None)?.unwrap_or_default()),
        }
    }

    /// As [`fill_content`](Self::fill_content), but waits no longer than `time`: `None` if nothing has come by then.
    pub(in crate::http::client) fn fill_content_within(
        &mut self,
        time: Duration,
    ) -> Result<Option<&[u8]>, Error> {
        match self.decompressor {
            None => self.fill_within(time),
            Some(_) => self.decompressed(Instant::now().checked_add(time)),
        }
    }

    /// Moves content to `out`; returns 0 at the end, and where `out` is empty.
    pub(in crate::http::client) fn read_content(&mut self, out: &mut [u8]) -> Result<usize, Error> {
        if self.decompressor.is_none() || out.is_empty() {
            return self.read(out);
        }
        let content = self.fill_content()?;
        let bytes = content.len().min(out.len());
        out[..bytes].copy_from_slice(&content[..bytes]);
        self.consume_content(bytes);
        Ok(bytes)
    }

    /// Takes `bytes` of the content, or all there is.
    pub(in crate::http::client) fn consume_content(&mut self, bytes: usize) {
        match self.decompressor.as_mut().map(|it| it.layers.last_mut()) {
            None => self.consume(bytes),
            Some(None) => {}
            Some(Some(layer)) => layer.consume(bytes),
        }
    }

    fn decompressed(&mut self, until: Option<Instant>) -> Result<Option<&[u8]>, Error> {
        let Some(mut decompressor) = self.decompressor.take() else {
            return Ok(None);
        };
        let filled = match decompressor.failure {
            None => fill(&mut decompressor.layers, self, until),
            Some(failure) => Err(failure.into()),
        };
        if let Err(Error::Content(error)) = filled {
            decompressor.failure = Some(Failure::Stream(error));
            self.give_up(); // what comes behind the damage is of no use
            self.report(End::Cut(Some(&Error::Content(error))));
        }
        let layers = &self.decompressor.insert(decompressor).layers;
        Ok(filled?.then(|| layers.last().map_or(&[][..], Layer::unread)))
    }
}

impl Decompressor {
    /// For a body with these codings, if there are any.
    fn of(content_encoding: &[u8]) -> Option<Decompressor> {
        let (mut layers, mut failure) = (Vec::new(), None);
        let broken = |rule| Some(Failure::Coding(wire::Error::whole(rule).in_response()));
        match content_codings(content_encoding) {
            None => failure = broken(Rule::ContentCodingInvalid),
            Some(codings) => {
                for coding in codings {
                    if coding != ContentCoding::Gzip || layers.len() == MAX_CODINGS {
                        failure = broken(Rule::ContentCodingUnknown);
                        break;
                    }
                    layers.push(Layer::new());
                }
            }
        }
        if failure.is_some() {
            layers.clear();
        }
        (failure.is_some() || !layers.is_empty()).then_some(Decompressor { layers, failure })
    }
}

/// Makes a piece in the last layer, out of what those before it have made; nothing at the end. `false`: no input has
/// come in time.
fn fill(
    layers: &mut [Layer],
    source: &mut Exchange,
    until: Option<Instant>,
) -> Result<bool, Error> {
    let Some((last, before)) = layers.split_last_mut() else {
        return Ok(true);
    };
    while last.unread().is_empty() && !last.ended {
        if last.is_full {
            last.make(&[])?;
            continue;
        }
        if !before.is_empty() && !fill(before, source, until)? {
            return Ok(false);
        }
        match before.last_mut() {
            Some(layer) => {
                let consumed = last.make(layer.unread())?;
                layer.consume(consumed);
            }
            None => {
                let Some(input) = received(source, until)? else {
                    return Ok(false);
                };
                let consumed = last.make(input)?;
                source.consume(consumed);
            }
        }
    }
    Ok(true)
}

/// The body as it came.
fn received(source: &mut Exchange, until: Option<Instant>) -> Result<Option<&[u8]>, Error> {
    match until {
        None => source.fill().map(Some),
        Some(until) => source.fill_within(until.saturating_duration_since(Instant::now())),
    }
}

impl Layer {
    fn new() -> Layer {
        Layer {
            gunzip: Gunzip::new(),
            out: Vec::new(),
            at: 0,
            is_full: false,
            ended: false,
        }
    }

    fn unread(&self) -> &[u8] {
        &self.out[self.at..]
    }

    fn consume(&mut self, bytes: usize) {
        self.at += bytes.min(self.unread().len());
    }

    /// Makes a piece of this input, in the place of the one before; an empty input is the end, unless the layer was
    /// full. Returns how many bytes of the input are consumed.
    fn make(&mut self, input: &[u8]) -> Result<usize, Error> {
        self.out.clear();
        self.at = 0;
        if input.is_empty() && !self.is_full {
            self.gunzip.end().map_err(Error::Content)?;
            self.ended = true;
            return Ok(0);
        }
        let progress = self.gunzip.gunzip(input, &mut self.out, PIECE_BYTES);
        let progress = progress.map_err(Error::Content)?;
        self.is_full = progress.more;
        Ok(progress.consumed)
    }
}
