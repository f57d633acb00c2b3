//! Framed messages (the book's 7.1): cells, delimiters, headers and lengths.
//!
//! ```text
//!   00 07  00 05  48 45 4c 4c 4f
//!   │      │      └ body
//!   │      └ length, 2 bytes
//!   └ serial number, 2 bytes
//! ```
//!
//! The decoder of the framing says where a message ends and how long it is, and [`Framer::parts`] what its bytes are.
//! A message is one span, painted when it is complete; the limit of the framing bounds what is kept until then.

use super::labels::Label;
use super::span::Brush;
use super::step::{Refusal, Step};
use crate::framing::{Decode, Error, Framer, Message, Part};
use std::fmt;

/// How the messages of a connection are framed, in both directions.
///
/// Two messages that stick together in one packet, and the end of the second in another (粘包):
///
/// ```
/// use barewire::framing::Header16;
/// use barewire::trace::wire::{Conversation, Direction, Framing, Protocol};
/// use std::time::Duration;
///
/// let framing = Framing::of(Header16::new());
/// let mut conversation = Conversation::of(Protocol::Framed(framing));
/// let mut seen = String::new();
/// for (number, packet) in [&b"\0\0\0\x05HELLO\0\x01\0\x05WO"[..], b"RLD"].iter().enumerate() {
///     seen += &format!("packet {number}: {} bytes\n", packet.len());
///     for explained in conversation.receive(Direction::FromClient, Duration::ZERO, packet) {
///         seen += &format!("a message at byte {}\n{explained}", explained.span.range.start);
///     }
/// }
/// assert_eq!(seen, "\
/// packet 0: 15 bytes
/// a message at byte 0
/// > framing.serial                 0
/// > framing.length                 5
/// > framing.body                   HELLO
/// packet 1: 3 bytes
/// a message at byte 9
/// > framing.serial                 1
/// > framing.length                 5
/// > framing.body                   WORLD
/// ");
/// ```
pub struct Framing(Box<dyn Messages>);

impl Framing {
    /// As this framer frames them: [`Fixed`](crate::framing::Fixed), [`Delimiter`](crate::framing::Delimiter),
    /// [`Header`](crate::framing::Header), [`Prefix`](crate::framing::Prefix), or one of your own.
    pub fn of<F>(framer: F) -> Framing
    where
        F: Framer<Decoder: Send + Sync> + Clone + Send + Sync + 'static,
    {
        let decoder = framer.decoder();
        Framing(Box::new(Decoding { framer, decoder }))
    }
}

/// For another direction, whose first byte is still to come.
impl Clone for Framing {
    fn clone(&self) -> Framing {
        Framing(self.0.at_the_start())
    }
}

impl fmt::Debug for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framing").finish_non_exhaustive()
    }
}

/// The messages of one direction, of any framer.
trait Messages: Send + Sync {
    /// The parts of the message that is complete, if one is; the bytes move on.
    fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<Vec<(Part, usize)>>, Error>;

    /// The bytes have ended.
    fn finish(&self) -> Result<(), Error>;

    /// The same framer, before the first byte.
    fn at_the_start(&self) -> Box<dyn Messages>;
}

struct Decoding<F: Framer> {
    framer: F,
    decoder: F::Decoder,
}

impl<F> Messages for Decoding<F>
where
    F: Framer<Decoder: Send + Sync> + Clone + Send + Sync + 'static,
{
    fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<Vec<(Part, usize)>>, Error> {
        let length = self.decoder.decode(bytes)?.map(|message| message.len());
        Ok(length.map(|length| self.framer.parts(length)))
    }

    fn finish(&self) -> Result<(), Error> {
        self.decoder.finish()
    }

    fn at_the_start(&self) -> Box<dyn Messages> {
        Framing::of(self.framer.clone()).0
    }
}

/// One direction of a framed connection.
#[derive(Debug)]
pub(super) struct Framed {
    framing: Framing,
    /// Bytes at the front that the decoder has seen already.
    seen: usize,
}

impl Framed {
    pub(super) fn new(framing: Framing) -> Framed {
        Framed { framing, seen: 0 }
    }

    /// The bytes of this direction have ended.
    pub(super) fn finish(&self) -> Result<(), Refusal> {
        self.framing.0.finish().map_err(|error| refusal(&error))
    }

    /// What the bytes begin with; there is at least one.
    pub(super) fn step(&mut self, mut brush: Brush<'_>) -> Step {
        let mut new = brush.bytes.get(self.seen..).unwrap_or_default();
        match self.framing.0.next(&mut new) {
            Ok(Some(parts)) => {
                self.seen = brush.bytes.len() - new.len();
                brush.group(Label::FramedMessage, |brush| paint(brush, &parts));
                // A ring has taken the bytes behind the message, too.
                self.seen -= brush.at();
                brush.finish().map_or(Step::Wait, Step::Painted)
            }
            Ok(None) => {
                self.seen = brush.bytes.len();
                Step::Wait
            }
            Err(error) => Step::Refused(None, refusal(&error)),
        }
    }
}

fn paint(brush: &mut Brush<'_>, parts: &[(Part, usize)]) {
    for &(part, length) in parts {
        let end = brush.at() + length;
        let number = || {
            let bytes = brush.ahead(end).iter();
            bytes.fold(0_u64, |number, &byte| number << 8 | u64::from(byte))
        };
        match part {
            Part::Serial => brush.valued(end, Label::FramedSerial, number().to_string()),
            Part::Length => brush.valued(end, Label::FramedLength, number().to_string()),
            Part::Body => brush.leaf(end, Label::FramedBody),
            Part::Padding => brush.valued(end, Label::FramedPadding, format!("{length} zeros")),
            Part::Delimiter => brush.leaf(end, Label::FramedDelimiter),
        }
    }
}

fn refusal(error: &Error) -> Refusal {
    let says = match error {
        Error::Unfinished { .. } => "the stream must not end inside a message",
        Error::TooLong { .. } | Error::Endless { .. } => {
            "a message must not be longer than the limit of its framing"
        }
    };
    Refusal::new("", says, error.to_string())
}
