//! Bodies: by their length, until the connection ends, or in chunks.

use super::{head, values};
use crate::http::wire::{
    BodyDecoder, ChunkPlace, ChunkedDecoder, ContentCoding, Error, Fields, Rule, content_codings,
};
use crate::trace::wire::compressed::Compressed;
use crate::trace::wire::labels::Label;
use crate::trace::wire::span::{Brush, Derived, Painted};
use crate::trace::wire::step::{Refusal, Step};

/// A body that is coming.
#[derive(Debug)]
pub(in crate::trace::wire) struct Body {
    decoder: BodyDecoder,
    /// What has come of the line or the section that frames the content.
    framing: Framing,
    compressed: Option<Box<Compressed>>,
}

/// How many bytes of the framing the decoder has seen, which are not painted before all of it has come.
#[derive(Debug, Default)]
struct Framing {
    bytes: usize,
    size: usize,
    extension: usize,
}

impl Body {
    pub(in crate::trace::wire) fn new(decoder: BodyDecoder, coding: Coding) -> Body {
        Body {
            decoder,
            framing: Framing::default(),
            compressed: match coding {
                Coding::Gzip => Some(Box::new(Compressed::gzip())),
                Coding::Other => None,
            },
        }
    }

    /// The connection ended here.
    ///
    /// # Errors
    /// [`Rule::MessageTruncated`].
    pub(in crate::trace::wire) fn finish(&self) -> Result<(), Error> {
        self.decoder.finish()
    }

    /// Bytes have passed that nobody has kept. Whether they are all content, and not the end of it: then the body
    /// goes on behind them.
    pub(in crate::trace::wire) fn skip(&mut self, length: u64) -> bool {
        if let Some(compressed) = &mut self.compressed {
            compressed.miss();
        }
        let ahead = self.decoder.content_ahead();
        let is_content = self.framing.bytes == 0 && length < ahead;
        match usize::try_from(length) {
            Ok(length) if is_content => !self.decoder.took(length),
            _ => false,
        }
    }

    /// What the last step has completed beside its bytes; `ends`: no content follows.
    pub(in crate::trace::wire) fn take_derived(&mut self, ends: bool) -> Vec<Derived> {
        let Some(compressed) = &mut self.compressed else {
            return Vec::new();
        };
        let content = ends.then(|| compressed.end_body());
        let mut derived = compressed.take();
        derived.extend(content.map(|content| content.derived(Label::Content)));
        if ends {
            self.compressed = None;
        }
        derived
    }

    /// What the bytes begin with; there is at least one.
    pub(in crate::trace::wire) fn step(&mut self, mut brush: Brush<'_>, offset: u64) -> Step {
        let bytes = brush.bytes;
        let chunked = match &mut self.decoder {
            BodyDecoder::Chunked(chunked) if chunked.content_ahead() == 0 => chunked,
            BodyDecoder::Chunked(chunked) => {
                let data = chunked.decode(bytes).map_or(0, |step| step.consumed);
                brush.leaf(data, Label::ChunkData);
                let compressed = self.compressed.iter_mut();
                compressed.for_each(|it| it.receive(&bytes[..data]));
                return brush.finish().map_or(Step::Wait, Step::Painted);
            }
            decoder => {
                // Content itself is never wrong.
                let step = decoder.decode(bytes).unwrap_or_default();
                brush.leaf(step.consumed, Label::BodyData);
                let compressed = self.compressed.iter_mut();
                compressed.for_each(|it| it.receive(&bytes[..step.consumed]));
                return finished(brush.finish(), step.ended);
            }
        };
        match self.framing.take(chunked, bytes) {
            Ok(false) => Step::Wait,
            Ok(true) => {
                let framing = std::mem::take(&mut self.framing);
                framing.paint(&mut brush, chunked);
                finished(brush.finish(), chunked.place() == ChunkPlace::End)
            }
            Err(error) => {
                let at = match error.rule() {
                    Rule::TrailerForbidden => None,
                    _ => Some(offset + self.framing.bytes as u64),
                };
                Step::Refused(None, Refusal::http(&error, at))
            }
        }
    }
}

/// What stands in `Content-Encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::trace::wire) enum Coding {
    Gzip,
    /// None, or one that is not decoded here.
    Other,
}

impl Coding {
    pub(in crate::trace::wire) fn of(fields: Fields<'_>) -> Coding {
        let mut all = fields
            .get_all("Content-Encoding")
            .flat_map(|value| content_codings(value).into_iter().flatten());
        match (all.next(), all.next()) {
            (Some(ContentCoding::Gzip), None) => Coding::Gzip,
            _ => Coding::Other,
        }
    }
}

fn finished(painted: Option<Painted>, ended: bool) -> Step {
    match (painted, ended) {
        (None, _) => Step::Wait,
        (Some(painted), false) => Step::Painted(painted),
        (Some(painted), true) => Step::Last(painted),
    }
}

impl Framing {
    /// Gives the decoder the bytes that it has not seen, one by one; whether a line or a section is complete.
    fn take(&mut self, chunked: &mut ChunkedDecoder, bytes: &[u8]) -> Result<bool, Error> {
        while let Some(byte) = bytes.get(self.bytes..self.bytes + 1) {
            chunked.decode(byte)?;
            self.bytes += 1;
            match chunked.place() {
                ChunkPlace::Size => self.size += 1,
                ChunkPlace::Extension => self.extension += 1,
                ChunkPlace::SizeEnd
                | ChunkPlace::DataEnd
                | ChunkPlace::Trailer
                | ChunkPlace::LastEnd => {}
                ChunkPlace::Data | ChunkPlace::Start | ChunkPlace::Trailers | ChunkPlace::End => {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Paints what is complete: the start of a chunk, the end of its data, or the end of the body.
    fn paint(&self, brush: &mut Brush<'_>, chunked: &ChunkedDecoder) {
        match chunked.place() {
            ChunkPlace::Start => brush.leaf(self.bytes, Label::ChunkEnd),
            ChunkPlace::End if self.bytes == 2 => brush.leaf(2, Label::ChunkedEnd),
            ChunkPlace::End => {
                brush.bytes = &brush.bytes[..self.bytes];
                head::trailers(brush, chunked.trailers());
            }
            _ => brush.group(Label::Chunk, |brush| {
                brush.leaf(self.size, Label::ChunkSize);
                brush.note(Label::ChunkBytes, chunked.content_ahead().to_string());
                let extension_end = self.size + self.extension;
                let parts = brush.try_group(Label::ChunkExtension, |b| {
                    values::list(b, extension_end, [Label::Element; 2])
                });
                match parts {
                    Some(()) => {
                        let labels = [Label::Parameter, Label::ParameterValue];
                        brush.rule_of(&labels, Label::ChunkExtension.section());
                    }
                    None => brush.leaf(extension_end, Label::ChunkExtension),
                }
                brush.leaf(self.bytes, Label::LineEnd);
            }),
        }
    }
}
