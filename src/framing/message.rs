//! What all framers have in common: the traits.

use super::error::{Error, Misuse};

/// A way to mark messages in a stream: a small value that both ends agree on.
///
/// Each connection gets an encoder and a decoder of its own from it.
///
/// ```
/// use barewire::framing::{Decode, Delimiter, Encode, Fixed, Framer, Header16, Message, Padding};
///
/// fn there_and_back(framer: impl Framer) {
///     let mut wire = Vec::new();
///     let mut encoder = framer.encoder();
///     encoder.encode(b"HELLO", &mut wire).unwrap();
///     encoder.encode(b"WORLD", &mut wire).unwrap();
///
///     let mut decoder = framer.decoder();
///     let mut messages = Vec::new();
///     for mut chunk in wire.chunks(4) {
///         while let Some(message) = decoder.decode(&mut chunk).unwrap() {
///             messages.push(message.to_vec());
///         }
///     }
///     decoder.finish().unwrap();
///     assert_eq!(messages, [b"HELLO", b"WORLD"]);
/// }
///
/// there_and_back(Fixed::<128>::new(Padding::Strip));
/// there_and_back(Delimiter::CRLF);
/// there_and_back(Header16::new());
/// ```
pub trait Framer {
    /// Frames what one connection sends.
    type Encoder: Encode;
    /// Finds the messages in what one connection receives.
    type Decoder: Decode;

    /// For a new connection.
    fn encoder(&self) -> Self::Encoder;

    /// For a new connection. Two connections that share a decoder mix their bytes (E18).
    fn decoder(&self) -> Self::Decoder;

    /// What a message of `length` bytes is on the wire: its parts in order, and how many bytes each has. Nobody
    /// calls it to send or to receive; [`trace`](crate::trace) explains bytes with it.
    ///
    /// ```
    /// use barewire::framing::{Framer, Header16, Part};
    ///
    /// let parts = Header16::new().parts(5);
    /// assert_eq!(parts, [(Part::Serial, 2), (Part::Length, 2), (Part::Body, 5)]);
    /// ```
    fn parts(&self, length: usize) -> Vec<(Part, usize)>;
}

/// What some bytes of a framed message are: see [`Framer::parts`].
///
/// ```
/// use barewire::framing::{Delimiter, Framer, Part};
///
/// assert_eq!(Delimiter::CRLF.parts(0), [(Part::Body, 0), (Part::Delimiter, 2)]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Its number, in network byte order.
    Serial,
    /// How many bytes its body has, in network byte order.
    Length,
    /// The message.
    Body,
    /// Zeros up to the end of a cell.
    Padding,
    /// What ends it.
    Delimiter,
}

/// Frames messages.
///
/// ```
/// use barewire::framing::{Encode, Framer, Header16};
///
/// let (mut encoder, mut wire) = (Header16::new().encoder(), Vec::new());
/// encoder.encode(b"HELLO", &mut wire)?;
/// encoder.encode(b"", &mut wire)?;
/// assert_eq!(wire, b"\0\0\0\x05HELLO\0\x01\0\0"); // number 0, and number 1
/// # Ok::<(), barewire::framing::Misuse>(())
/// ```
pub trait Encode {
    /// Appends a message and what marks it.
    ///
    /// # Errors
    /// The decoder could not read the same message back. Nothing is appended then.
    fn encode(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<(), Misuse>;
}

/// Finds messages in a stream that comes in chunks, cut anywhere.
///
/// ```
/// use barewire::framing::{Decode, Framer, Header16};
///
/// let mut decoder = Header16::new().decoder(); // of one connection
/// let mut chunk = &b"\0\0\0\x02hi\0\x01\0"[..]; // what a read has brought
/// assert_eq!(decoder.decode(&mut chunk)?.unwrap().body, b"hi");
/// assert_eq!(decoder.decode(&mut chunk)?, None); // the second message is not whole yet
/// let mut chunk = &b"\x01!"[..]; // the next read
/// assert_eq!(decoder.decode(&mut chunk)?.unwrap().body, b"!");
/// decoder.finish()?; // the stream has ended, between two messages
/// # Ok::<(), barewire::framing::Error>(())
/// ```
pub trait Decode {
    /// A message, borrowed from the chunk or from the decoder.
    type Message<'a>: Message
    where
        Self: 'a;

    /// The next message; `input` moves on past what was used. `None` is "not yet": all of `input` was used,
    /// and the next chunk is needed.
    ///
    /// The messages are the same wherever the stream was cut.
    ///
    /// # Errors
    /// The peer sent what cannot be a message, or one that is longer than the limit. A later call returns the
    /// same error.
    fn decode<'a, 'b: 'a>(
        &'a mut self,
        input: &mut &'b [u8],
    ) -> Result<Option<Self::Message<'a>>, Error>;

    /// The message that the last call of [`decode`](Decode::decode) returned, once more; `used` is what that call
    /// took of its `input`. `None`: it returned none.
    ///
    /// So a reader that owns its buffer and its decoder can loop until a message is found, and borrow it
    /// afterwards: [`net::FramedReader`](crate::net::FramedReader) does.
    ///
    /// ```
    /// use barewire::framing::{Decode, Delimiter, Framer};
    ///
    /// let (mut decoder, chunk) = (Delimiter::CRLF.decoder(), b"HELLO\r\nWOR");
    /// let mut rest = &chunk[..];
    /// assert!(decoder.decode(&mut rest)?.is_some());
    /// let used = chunk.len() - rest.len();
    /// assert_eq!(decoder.returned(&chunk[..used]), Some(&b"HELLO"[..]));
    /// # Ok::<(), barewire::framing::Error>(())
    /// ```
    fn returned<'a>(&'a self, used: &'a [u8]) -> Option<Self::Message<'a>>;

    /// Call it when the stream has ended: did it end between two messages?
    ///
    /// # Errors
    /// [`Error::Unfinished`]: no, it ended inside one.
    fn finish(&self) -> Result<(), Error>;
}

/// The bytes of a message, in one piece or two.
///
/// What a decoder returns is one: `&[u8]` of [`Fixed`](super::Fixed) and [`Delimiter`](super::Delimiter),
/// [`Packet`](super::Packet) of [`Header`](super::Header), [`Halves`](super::Halves) of [`Prefix`](super::Prefix). Code
/// for any framer needs this trait to read it:
///
/// ```
/// use barewire::framing::{Decode, Delimiter, Framer, Message};
///
/// fn first(framer: impl Framer, mut stream: &[u8]) -> Option<Vec<u8>> {
///     let mut decoder = framer.decoder();
///     let message = decoder.decode(&mut stream).ok()??;
///     assert_eq!(message.len(), message.slices().concat().len());
///     Some(message.to_vec())
/// }
///
/// assert_eq!(first(Delimiter::CRLF, b"HELLO\r\nWOR"), Some(b"HELLO".to_vec()));
/// ```
pub trait Message {
    /// The bytes in order. If they are in one piece, the second is empty.
    fn slices(&self) -> [&[u8]; 2];

    /// How many bytes.
    fn len(&self) -> usize {
        let [head, tail] = self.slices();
        head.len() + tail.len()
    }

    /// Whether there are none. An empty message is a message, too.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the bytes to `out`.
    fn copy_to(&self, out: &mut Vec<u8>) {
        for slice in self.slices() {
            out.extend_from_slice(slice);
        }
    }

    /// A copy of the bytes.
    fn to_vec(&self) -> Vec<u8> {
        self.slices().concat()
    }
}

impl Message for &[u8] {
    fn slices(&self) -> [&[u8]; 2] {
        [self, &[]]
    }
}
