//! From chunks to text: what all encodings have in common.
//!
//! ```text
//!   held    chunk
//!   E6 9C │ 88  E5 85 89  EF BC 8C  E7 96 91  E6
//!   ├───── joined ─────┤                              月光, apart: six bytes at most
//!                         ├───── rest ─────┤          ，疑 where it lies: one check, one append
//!                                             ├┤      held until the next chunk
//! ```

use super::encoding::Encoding;
use super::error::{Bad, Error, Rule};
use super::{base, one_byte, utf8, utf16};

/// The most that is held back, in bytes.
const HELD: usize = 3;
/// Room for what is held and as much again of a chunk, so that what is unfinished *then* lies in
/// the chunk, and the rest can begin with it.
const JOINED: usize = 2 * HELD;

/// Turns one stream of bytes into text, whatever its chunks are.
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
    bad: Bad,
    held: [u8; HELD],
    held_len: usize,
    /// Where in the stream the held bytes begin.
    at: u64,
    failed: Option<Error>,
}

impl Decoder {
    /// A decoder that puts U+FFFD in the place of bad bytes: it never fails.
    pub fn new(encoding: Encoding) -> Decoder {
        Decoder::starting(encoding, Bad::Replace)
    }

    /// A decoder that refuses bad bytes.
    pub fn strict(encoding: Encoding) -> Decoder {
        Decoder::starting(encoding, Bad::Refuse)
    }

    fn starting(encoding: Encoding, bad: Bad) -> Decoder {
        Decoder {
            encoding,
            bad,
            held: [0; HELD],
            held_len: 0,
            at: 0,
            failed: None,
        }
    }

    /// What the bytes are taken for.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// How many bytes wait for the rest of their character: 3 at most.
    pub fn pending(&self) -> usize {
        self.held_len
    }

    /// Appends what the next chunk of the stream makes whole.
    ///
    /// # Errors
    /// The first bad bytes of the stream, if the decoder is [`strict`](Decoder::strict), as soon
    /// as they cannot become good. The text before them has been appended; every later call says
    /// the same.
    pub fn decode(&mut self, chunk: &[u8], out: &mut String) -> Result<(), Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let rest = self.across_the_border(chunk, out)?;
        if !rest.is_empty() {
            let unfinished = self.whole(rest, out)?;
            self.hold(unfinished);
        }
        Ok(())
    }

    /// Appends what is left at the end of the stream: the start of a character is bad now, and
    /// base64 gets its padding. The decoder is ready for another stream then.
    ///
    /// # Errors
    /// As [`decode`](Decoder::decode), or the stream ended inside a character.
    pub fn finish(&mut self, out: &mut String) -> Result<(), Error> {
        let next = Decoder::starting(self.encoding, self.bad);
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
                ended.bad.found(error, out)
            }
        }
    }

    /// Decodes what is held together with the first bytes of `chunk`, and returns what follows
    /// them. With nothing to follow, what is unfinished is held again.
    fn across_the_border<'c>(
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

        let unfinished = self.whole(joined, out)?;
        if taken == chunk.len() {
            self.hold(unfinished);
            return Ok(&[]);
        }
        self.held_len = 0;
        Ok(&chunk[taken - unfinished.len()..])
    }

    /// Appends what is whole of `bytes`, and returns what is not.
    fn whole<'b>(&mut self, bytes: &'b [u8], out: &mut String) -> Result<&'b [u8], Error> {
        let whole = bytes.len() - self.unfinished(bytes);
        if let Err(error) = self.append(bytes, whole, out) {
            let error = error.after(self.at);
            (self.failed, self.held_len) = (Some(error), 0);
            return Err(error);
        }
        self.at += whole as u64;
        Ok(&bytes[whole..])
    }

    /// How many bytes at the end of `bytes` wait for more.
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
            Encoding::Utf8 => return utf8::decode(bytes, whole, self.bad, out),
            Encoding::Utf16Le => return utf16::decode(these, self.bad, out),
            Encoding::Ascii => return one_byte::decode_ascii(these, self.bad, out),
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
