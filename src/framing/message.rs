//! What the four framers have in common.

use super::error::{Error, Refusal};

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
}

/// Frames messages.
pub trait Encode {
    /// Appends a message and what marks it.
    ///
    /// # Errors
    /// The message could not be read back as it is. Nothing is appended then.
    fn encode(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal>;
}

/// Finds messages in a stream that comes in chunks, cut anywhere.
pub trait Decode {
    /// What is handed out. It borrows from the chunk or from the decoder.
    type Message<'a>: Message
    where
        Self: 'a;

    /// The next message, and moves `input` on past what was used. `None` is "not yet": all of
    /// `input` was used, show me the next chunk.
    ///
    /// The messages are the same wherever the stream was cut.
    ///
    /// # Errors
    /// The peer sent what cannot be a message, or one that is longer than the limit. The same
    /// error comes again if this is called again.
    fn decode<'a, 'b: 'a>(
        &'a mut self,
        input: &mut &'b [u8],
    ) -> Result<Option<Self::Message<'a>>, Error>;

    /// To be asked when the stream has ended: was that the end of a message?
    ///
    /// # Errors
    /// [`Error::Unfinished`]: no, and the bytes that came of one more are not a message.
    fn finish(&self) -> Result<(), Error>;
}

/// The bytes of a message, which may lie in two pieces.
pub trait Message {
    /// The bytes in order. If they lie in one piece, the second is empty.
    fn slices(&self) -> [&[u8]; 2];

    /// Bytes in all.
    fn len(&self) -> usize {
        let [head, tail] = self.slices();
        head.len() + tail.len()
    }

    /// Whether there are none: an empty message is a message.
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
