//! From chunks to text: what all encodings have in common.
//!
//! ```text
//!   held    chunk
//!   E6 9C │ 88  E5 85 89  EF BC 8C  E7 96 91  E6
//!   ├───── joined ─────┤                              月光, in a copy: six bytes at most
//!                         ├───── rest ─────┤          ，疑 in the chunk: one check, one append
//!                                             ├┤      held until the next chunk
//! ```

use super::encoding::Encoding;
use super::error::{Error, OnInvalid, Rule};
use super::{base, one_byte, utf8, utf16};

/// How many bytes are held back at most.
const HELD: usize = 3;
/// Room for the held bytes and as many of the chunk. So what is unfinished after them is in the chunk, and
/// the rest can begin with it.
const JOINED: usize = 2 * HELD;

/// Turns one stream of bytes into text, however it is cut into chunks.
///
/// ```
/// use barewire::text::{Decoder, Encoding, Rule};
///
/// let (mut decoder, mut text) = (Decoder::strict(Encoding::Utf8), String::new());
/// decoder.decode(b"caf\xc3", &mut text)?;
/// assert_eq!((text.as_str(), decoder.pending()), ("caf", 1));
/// decoder.decode(b"\xa9 \xc0\xaf", &mut text).unwrap_err();
///
/// // An error is final, and says where.
/// let error = decoder.finish(&mut text).unwrap_err();
/// assert_eq!((text.as_str(), error.rule(), error.at()), ("café ", Rule::Overlong, 6));
/// # Ok::<(), barewire::text::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    encoding: Encoding,
    on_invalid: OnInvalid,
    held: [u8; HELD],
    held_len: usize,
    /// The offset of the held bytes in the stream.
    at: u64,
    failed: Option<Error>,
}

impl Decoder {
    /// A decoder that replaces invalid bytes by U+FFFD: it never fails.
    pub fn new(encoding: Encoding) -> Decoder {
        Decoder::starting(encoding, OnInvalid::Replace)
    }

    /// A decoder that refuses invalid bytes.
    pub fn strict(encoding: Encoding) -> Decoder {
        Decoder::starting(encoding, OnInvalid::Refuse)
    }

    fn starting(encoding: Encoding, on_invalid: OnInvalid) -> Decoder {
        Decoder {
            encoding,
            on_invalid,
            held: [0; HELD],
            held_len: 0,
            at: 0,
            failed: None,
        }
    }

    /// The encoding of the bytes.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// How many bytes are held back until the rest of their character arrives: 3 at most.
    pub fn pending(&self) -> usize {
        self.held_len
    }

    /// Appends the characters that the next chunk of the stream completes.
    ///
    /// # Errors
    /// The first invalid bytes of the stream, if the decoder is [`strict`](Decoder::strict), as soon as no
    /// later byte can make them valid. The text before them was appended; every later call returns the same
    /// error.
    pub fn decode(&mut self, chunk: &[u8], out: &mut String) -> Result<(), Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let rest = self.decode_across_chunks(chunk, out)?;
        if !rest.is_empty() {
            let unfinished = self.decode_complete(rest, out)?;
            self.hold(unfinished);
        }
        Ok(())
    }

    /// Appends what is left at the end of the stream: the start of a character is invalid now, and base64
    /// gets its padding. The decoder is ready for another stream then.
    ///
    /// # Errors
    /// As [`decode`](Decoder::decode), or the stream ended inside a character.
    pub fn finish(&mut self, out: &mut String) -> Result<(), Error> {
        let next = Decoder::starting(self.encoding, self.on_invalid);
        let ended = std::mem::replace(self, next);
        if let Some(error) = ended.failed {
            return Err(error);
        }
        let held = &ended.held[..ended.held_len];
        match ended.encoding {
            _ if held.is_empty() => Ok(()),
            Encoding::Base64 => {
                base::to_base64(held, out);
                Ok(())
            }
            _ => {
                let error = || Error::of(Rule::CutAtEnd, 0, held).after(ended.at);
                ended.on_invalid.handle(error, out)
            }
        }
    }

    /// Decodes the held bytes together with the first bytes of `chunk`, and returns the rest of the chunk. If
    /// there is no rest, the unfinished bytes are held again.
    fn decode_across_chunks<'c>(
        &mut self,
        chunk: &'c [u8],
        out: &mut String,
    ) -> Result<&'c [u8], Error> {
        if self.held_len == 0 {
            return Ok(chunk);
        }
        let mut joined = [0; JOINED];
        let taken = chunk.len().min(JOINED - self.held_len);
        let joined = &mut joined[..self.held_len + taken];
        joined[..self.held_len].copy_from_slice(&self.held[..self.held_len]);
        joined[self.held_len..].copy_from_slice(&chunk[..taken]);

        let unfinished = self.decode_complete(joined, out)?;
        if taken == chunk.len() {
            self.hold(unfinished);
            return Ok(&[]);
        }
        self.held_len = 0;
        Ok(&chunk[taken - unfinished.len()..])
    }

    /// Appends the complete characters of `bytes`, and returns the unfinished bytes.
    fn decode_complete<'b>(
        &mut self,
        bytes: &'b [u8],
        out: &mut String,
    ) -> Result<&'b [u8], Error> {
        let whole = bytes.len() - self.unfinished(bytes);
        if let Err(error) = self.append(bytes, whole, out) {
            let error = error.after(self.at);
            (self.failed, self.held_len) = (Some(error), 0);
            return Err(error);
        }
        self.at += whole as u64;
        Ok(&bytes[whole..])
    }

    /// How many bytes at the end of `bytes` are unfinished.
    fn unfinished(&self, bytes: &[u8]) -> usize {
        match self.encoding {
            Encoding::Utf8 => utf8::unfinished(bytes),
            Encoding::Utf16Le => utf16::unfinished(bytes),
            Encoding::Base64 => base::unfinished(bytes),
            Encoding::Latin1 | Encoding::Ascii | Encoding::Hex => 0,
        }
    }

    /// Appends the first `whole` of `bytes`.
    fn append(&self, bytes: &[u8], whole: usize, out: &mut String) -> Result<(), Error> {
        let these = &bytes[..whole];
        match self.encoding {
            Encoding::Utf8 => return utf8::decode(bytes, whole, self.on_invalid, out),
            Encoding::Utf16Le => return utf16::decode(these, self.on_invalid, out),
            Encoding::Ascii => return one_byte::decode_ascii(these, self.on_invalid, out),
            Encoding::Latin1 => one_byte::decode_latin1(these, out),
            Encoding::Base64 => base::to_base64(these, out),
            Encoding::Hex => base::to_hex(these, out),
        }
        Ok(())
    }

    fn hold(&mut self, unfinished: &[u8]) {
        self.held_len = unfinished.len();
        self.held[..self.held_len].copy_from_slice(unfinished);
    }
}
