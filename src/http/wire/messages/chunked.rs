//! The chunked transfer coding (RFC 9112 §7.1), both ways.
//!
//! ```text
//!   5;note="a;b"\r\n      size in hex, extensions (read and dropped)
//!   hello\r\n             that many bytes, CRLF
//!   0\r\n                 the last chunk
//!   Expires: never\r\n    trailer fields, or none
//!   \r\n                  the end of the body
//! ```
//!
//! ```text
//!  ┌────────────────────────────────────────────────────────────────────┐
//!  ▼    hex             CR             LF        n bytes        CR   LF │
//! Size ──────▶ Digits ──────▶ SizeLf ─────▶ Data ──────▶ DataCr ─▶ DataLf
//!                │ ; or blank  ▲   │ LF, size 0
//!                ▼         CR  │   ▼
//!              Extension ──────┘   Trailer ── CR ──▶ LastLf ── LF ──▶ End
//!                                     │ a field                        ▲
//!                                     └──▶ Fields ── the empty line ───┘
//! ```

use super::field_list::FieldList;
use super::fields::Fields;
use super::head::within_offsets;
use super::section::{Of, Section};
use crate::http::wire::{Error, Limits, Rule, grammar};

/// One step of a body decoder: how many bytes it consumed, and which of them are content.
///
/// The content, if any, is the last `data` of the `consumed` bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Bytes consumed from the front of the input.
    pub consumed: usize,
    /// How many bytes at the end of those are content.
    pub data: usize,
    /// Whether the body ended after them.
    pub ended: bool,
}

/// Hex digits of a chunk size, leading zeros included: 64 bits.
const SIZE_DIGITS: u8 = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size,
    Digits,
    Extension(Extension),
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailer,
    LastLf,
    Fields,
    End,
}

/// What a chunked body goes on with: for a program that explains the bytes. It gives the decoder one byte at a
/// time, except for content, and what the byte was follows from the places before and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChunkPlace {
    /// The first digit of a size.
    Start,
    /// More of a size, or what ends it.
    Size,
    /// More of an extension, or the CR that ends it.
    Extension,
    /// The LF behind size and extension.
    SizeEnd,
    /// Content.
    Data,
    /// The CRLF behind content.
    DataEnd,
    /// A trailer field or the empty line.
    Trailers,
    /// More of the trailer fields, and the empty line.
    Trailer,
    /// The LF of the empty line, if there are no trailer fields.
    LastEnd,
    /// Nothing: the body has ended.
    End,
}

/// Inside `BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extension {
    BeforeSemicolon,
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Token,
    Quoted,
    Escaped,
    AfterQuoted,
}

/// Decodes one chunked body.
#[derive(Clone, Debug)]
pub struct ChunkedDecoder {
    limits: Limits,
    state: State,
    digits: u8,
    left: u64,
    extension_bytes: usize,
    section: Section,
    trailer: Vec<u8>,
}

impl ChunkedDecoder {
    /// At the start of a request's body.
    #[inline]
    pub fn new(limits: Limits) -> ChunkedDecoder {
        ChunkedDecoder::of(Of::Request, limits)
    }

    /// At the start of a response's body: a folded trailer field (RFC 9112 §5.2) is one value.
    pub fn of_response(limits: Limits) -> ChunkedDecoder {
        ChunkedDecoder::of(Of::Response, limits)
    }

    fn of(message: Of, limits: Limits) -> ChunkedDecoder {
        ChunkedDecoder {
            limits: within_offsets(limits),
            state: State::Size,
            digits: 0,
            left: 0,
            extension_bytes: 0,
            section: Section::new(message),
            trailer: Vec::new(),
        }
    }

    /// At the start of the next body; keeps the memory.
    #[must_use]
    pub fn restarted(mut self) -> ChunkedDecoder {
        self.restart();
        self
    }

    /// As [`restarted`](Self::restarted), in place.
    pub(crate) fn restart(&mut self) {
        self.state = State::Size;
        self.extension_bytes = 0;
        self.section.restart();
        self.trailer.clear();
    }

    /// As [`BodyDecoder::decode`](super::BodyDecoder::decode).
    ///
    /// # Errors
    /// The rule that the framing breaks.
    pub fn decode(&mut self, input: &[u8]) -> Result<Step, Error> {
        let mut at = 0;
        while at < input.len() {
            match self.state {
                State::Data => {
                    let data = usize::try_from(self.left)
                        .map_or(input.len() - at, |n| n.min(input.len() - at));
                    self.took(data);
                    return Ok(Step {
                        consumed: at + data,
                        data,
                        ended: false,
                    });
                }
                State::Fields => {
                    at += self.trailer_fields(&input[at..])?;
                }
                State::End => break,
                _ => {
                    self.state = self.next(input, at)?;
                    at += 1;
                }
            }
        }
        Ok(Step {
            consumed: at,
            data: 0,
            ended: self.state == State::End,
        })
    }

    /// The state after the byte at `at`: one arm for each arrow of the diagram.
    #[inline]
    fn next(&mut self, input: &[u8], at: usize) -> Result<State, Error> {
        let byte = input[at];
        match (self.state, byte) {
            (State::Size, _) if byte.is_ascii_hexdigit() => {
                (self.digits, self.left) = (1, grammar::hex_value(byte).into());
                Ok(State::Digits)
            }
            (State::Digits, b'\r') => Ok(State::SizeLf),
            (State::Digits, _) if byte.is_ascii_hexdigit() => {
                // RFC 9112 §7.1: "recipients MUST anticipate potentially large hexadecimal numerals
                // and prevent parsing errors due to integer conversion overflows"
                if self.digits == SIZE_DIGITS {
                    return Err(Error::new(Rule::ChunkSizeInvalid, input, at));
                }
                self.digits += 1;
                self.left = self.left << 4 | u64::from(grammar::hex_value(byte));
                Ok(State::Digits)
            }
            (State::Digits, b';' | b' ' | b'\t') => {
                self.extension(input, at, Extension::BeforeSemicolon)
            }
            (State::Size | State::Digits, _) => Err(Error::new(Rule::ChunkSizeInvalid, input, at)),
            (State::Extension(extension), _) => self.extension(input, at, extension),
            (State::SizeLf, b'\n') if self.left == 0 => Ok(State::Trailer),
            (State::SizeLf, b'\n') => Ok(State::Data),
            (State::SizeLf | State::LastLf, _) if byte != b'\n' => {
                Err(Error::new(Rule::BareCr, input, at))
            }
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => Ok(State::Size),
            (State::DataCr | State::DataLf, _) => {
                Err(Error::new(Rule::ChunkDataUnterminated, input, at))
            }
            (State::Trailer, b'\r') => Ok(State::LastLf),
            (State::LastLf, _) => Ok(State::End),
            // The first trailer field: its bytes are copied, see `trailer_fields`.
            _ => {
                self.section.restart();
                self.trailer_fields(&input[at..at + 1])?;
                Ok(State::Fields)
            }
        }
    }

    // RFC 9112 §7.1.1: "A server ought to limit the total length of chunk extensions received in a
    // request to an amount reasonable for the services provided"
    fn extension(&mut self, input: &[u8], at: usize, inside: Extension) -> Result<State, Error> {
        use Extension::*;
        let byte = input[at];
        if byte == b'\r' && matches!(inside, Name | Token | AfterQuoted) {
            return Ok(State::SizeLf);
        }
        self.extension_bytes += 1;
        if self.extension_bytes > self.limits.chunk_extension_bytes {
            return Err(Error::new(Rule::ChunkExtensionsTooLarge, input, at));
        }
        // RFC 9110 §5.6.3: "A recipient MUST parse for such bad whitespace and remove it before
        // interpreting the protocol element."
        let blank = matches!(byte, b' ' | b'\t');
        let next = match (inside, byte) {
            (BeforeSemicolon | Name | AfterName | Token | AfterQuoted, b';') => BeforeName,
            (Name | AfterName, b'=') => BeforeValue,
            (BeforeName | Name, _) if grammar::is_tchar(byte) => Name,
            (BeforeValue | Token, _) if grammar::is_tchar(byte) => Token,
            (BeforeValue, b'"') => Quoted,
            (Quoted, b'"') => AfterQuoted,
            (Quoted, b'\\') => Escaped,
            (Quoted, _) if grammar::is_qdtext(byte) => Quoted,
            (Escaped, _) if grammar::is_value(byte) => Quoted,
            (BeforeSemicolon | BeforeName | BeforeValue | AfterName, _) if blank => inside,
            (Name, _) if blank => AfterName,
            (Token | AfterQuoted, _) if blank => BeforeSemicolon,
            _ => return Err(Error::new(Rule::ChunkExtensionInvalid, input, at)),
        };
        Ok(State::Extension(next))
    }

    /// Copies trailer lines, which may arrive in pieces, up to their limit.
    fn trailer_fields(&mut self, input: &[u8]) -> Result<usize, Error> {
        let before = self.trailer.len();
        let room = self
            .limits
            .field_section_bytes
            .saturating_sub(before)
            .max(1);
        self.trailer
            .extend_from_slice(&input[..input.len().min(room)]);
        let complete = self.section.decode(&self.trailer, &self.limits)?;
        if complete {
            if self.section.has_folds() {
                self.section.unfold(&mut self.trailer);
            }
            check_trailers(self.section.fields(&self.trailer))?;
            self.state = State::End;
        }
        let end = if complete {
            self.section.at()
        } else {
            self.trailer.len()
        };
        self.trailer.truncate(end);
        Ok(end - before)
    }

    /// How many of the next bytes are content of the current chunk.
    pub fn content_ahead(&self) -> u64 {
        if self.state == State::Data {
            self.left
        } else {
            0
        }
    }

    /// The caller read `bytes` of the current chunk without the decoder.
    #[inline]
    pub fn took(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes as u64);
        if self.left == 0 {
            self.state = State::DataCr;
        }
    }

    /// What the body goes on with.
    pub(crate) fn place(&self) -> ChunkPlace {
        match self.state {
            State::Size => ChunkPlace::Start,
            State::Digits => ChunkPlace::Size,
            State::Extension(_) => ChunkPlace::Extension,
            State::SizeLf => ChunkPlace::SizeEnd,
            State::Data => ChunkPlace::Data,
            State::DataCr | State::DataLf => ChunkPlace::DataEnd,
            State::Trailer => ChunkPlace::Trailers,
            State::Fields => ChunkPlace::Trailer,
            State::LastLf => ChunkPlace::LastEnd,
            State::End => ChunkPlace::End,
        }
    }

    /// Whether the body has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.state == State::End
    }

    /// The trailer fields, once the body has ended.
    pub fn trailers(&self) -> Fields<'_> {
        if self.state == State::End {
            self.section.fields(&self.trailer)
        } else {
            Fields::EMPTY
        }
    }
}

/// Whether this field must be known before the body is read, so that it must not be a trailer.
// RFC 9110 §6.5.1: "Many fields cannot be processed outside the header section because their
// evaluation is necessary prior to receiving the content, such as those that describe message
// framing, routing, authentication, request modifiers, response controls, or content format."
pub fn is_forbidden_trailer(name: &[u8]) -> bool {
    const FORBIDDEN: [&str; 20] = [
        "authorization",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "expect",
        "host",
        "if-match",
        "if-none-match",
        "keep-alive",
        "max-forwards",
        "proxy-authorization",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "range",
    ];
    let mut forbidden = FORBIDDEN.iter().map(|forbidden| forbidden.as_bytes());
    forbidden.any(|forbidden| name.eq_ignore_ascii_case(forbidden))
}

fn check_trailers(fields: Fields<'_>) -> Result<(), Error> {
    let mut names = fields.iter().map(|(name, _)| name.as_bytes());
    match names.find(|name| is_forbidden_trailer(name)) {
        Some(name) => Err(Error::new(Rule::TrailerForbidden, name, 0)),
        None => Ok(()),
    }
}

/// Appends the line that starts a chunk of `length` bytes; the bytes and a CRLF must follow. A length of
/// 0 would end the body: use [`encode_last`] for that.
#[inline]
pub fn encode_size(mut length: usize, out: &mut Vec<u8>) {
    debug_assert!(length > 0);
    if length >= 1 << 24 {
        return encode_large_size(length, out);
    }
    // Six digits and the CRLF are one word: the compiler knows its length, so the copy is one move.
    let (mut line, mut end) = (u64::from(u16::from_le_bytes(*b"\r\n")), out.len() + 2);
    while length > 0 {
        line = line << 8 | u64::from(b"0123456789abcdef"[length & 15]);
        (end, length) = (end + 1, length >> 4);
    }
    out.extend_from_slice(&line.to_le_bytes());
    out.truncate(end);
}

#[cold]
fn encode_large_size(length: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{length:x}\r\n").as_bytes());
}

/// Appends `data` as one chunk; nothing if it is empty.
pub fn encode_chunk(data: &[u8], out: &mut Vec<u8>) {
    if !data.is_empty() {
        encode_size(data.len(), out);
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
    }
}

/// Appends a whole body; returns how many bytes follow the `data`.
pub(in crate::http::wire) fn encode_whole(
    data: &[u8],
    trailers: &FieldList,
    out: &mut Vec<u8>,
) -> usize {
    if trailers.view().is_empty() {
        return encode_only(data, out);
    }
    encode_chunk(data, out);
    let chunk_end = out.len();
    encode_last(trailers, out);
    out.len() - chunk_end + data.len().min(1) * b"\r\n".len()
}

/// Appends a whole body without trailer fields; returns how many bytes follow the `data`.
#[inline(always)]
pub(in crate::http::wire) fn encode_only(data: &[u8], out: &mut Vec<u8>) -> usize {
    const CHUNK_END_AND_LAST: &[u8; 7] = b"\r\n0\r\n\r\n";
    const LAST: &[u8; 5] = b"0\r\n\r\n";
    if data.is_empty() {
        out.extend_from_slice(LAST);
        return LAST.len();
    }
    encode_size(data.len(), out);
    out.extend_from_slice(data);
    out.extend_from_slice(CHUNK_END_AND_LAST);
    CHUNK_END_AND_LAST.len()
}

/// Appends the last chunk, the trailer fields and the end of the body.
#[inline]
pub fn encode_last(trailers: &FieldList, out: &mut Vec<u8>) {
    if trailers.view().is_empty() {
        return out.extend_from_slice(b"0\r\n\r\n");
    }
    out.extend_from_slice(b"0\r\n");
    trailers.encode(out);
    out.extend_from_slice(b"\r\n");
}
