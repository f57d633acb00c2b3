//! Where a body ends: the eight rules of RFC 9112 §6.3, and the decoder they choose.
//!
//! ```text
//!                        request             response
//!   1  HEAD, 1xx,                            no body
//!      204, 304
//!   2  CONNECT + 2xx                         no body: a tunnel follows
//!   3  TE and CL         refused             refused
//!   4  TE                chunked, or         chunked, or
//!                        refused             refused
//!   5  CL invalid        refused             refused
//!   6  CL valid          that many bytes     that many bytes
//!   7  neither           no body
//!   8  neither                               until close
//! ```
//!
//! The fields decide, never the method of a request: a GET may have a body, and bytes that are not read
//! as its body would be read as the next request.

use super::chunked::{ChunkedDecoder, Step};
use super::fields::{Fields, Known, KnownSet};
use super::start_line::Version;
use crate::http::wire::{Error, Limits, Method, Rule, grammar};

/// How long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// This many bytes; 0 where there is no body.
    Known(u64),
    /// Each chunk declares its own length (RFC 9112 §7.1).
    Chunked,
    /// The body ends when the connection does: responses only.
    UntilClose,
}

/// The fields that frame a body.
pub(in crate::http::wire) const FRAMING: KnownSet =
    KnownSet::of(&[Known::ContentLength, Known::TransferEncoding]);

/// The rules of RFC 9112 §6.3 for a request.
#[inline(always)]
pub(super) fn request_length(version: Version, fields: Fields<'_>) -> Result<BodyLength, Error> {
    match fields.has_any(FRAMING) {
        true => framed_length(version, fields),
        false => Ok(BodyLength::Known(0)),
    }
}

fn framed_length(version: Version, fields: Fields<'_>) -> Result<BodyLength, Error> {
    match framing(version, fields)? {
        Some(Coding::Chunked) => Ok(BodyLength::Chunked),
        // RFC 9112 §6.1: "A server that receives a request message with a transfer coding it does
        // not understand SHOULD respond with 501 (Not Implemented)."
        Some(Coding::Unknown) => Err(coding_error(Rule::CodingUnknown, fields)),
        // RFC 9112 §6.3: "If a Transfer-Encoding header field is present in a request and the
        // chunked transfer coding is not the final encoding, the message body length cannot be
        // determined reliably; the server MUST respond with the 400 (Bad Request) status code"
        Some(Coding::NotFinal) => Err(coding_error(Rule::CodingNotFinal, fields)),
        None => Ok(BodyLength::Known(content_length(fields)?.unwrap_or(0))),
    }
}

/// The rules of RFC 9112 §6.3 for a response to a request with this method.
pub(super) fn response_length(
    method: Method<'_>,
    status: u16,
    version: Version,
    fields: Fields<'_>,
) -> Result<BodyLength, Error> {
    // RFC 9112 §6.3: "is always terminated by the first empty line after the header fields"
    if method.is_head() || matches!(status, 100..=199 | 204 | 304) {
        return Ok(BodyLength::Known(0));
    }
    // RFC 9112 §6.3: "A client MUST ignore any Content-Length or Transfer-Encoding header fields
    // received in such a message."
    if method.is_connect() && matches!(status, 200..=299) {
        return Ok(BodyLength::Known(0));
    }
    match framing(version, fields)? {
        Some(Coding::Chunked) => Ok(BodyLength::Chunked),
        Some(Coding::Unknown | Coding::NotFinal) => Err(coding_error(Rule::CodingUnknown, fields)),
        None => Ok(content_length(fields)?.map_or(BodyLength::UntilClose, BodyLength::Known)),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Chunked,
    Unknown,
    NotFinal,
}

/// Rules 3 and 4: what Transfer-Encoding means, if there is one.
#[inline]
fn framing(version: Version, fields: Fields<'_>) -> Result<Option<Coding>, Error> {
    if !fields.has(Known::TransferEncoding) {
        return Ok(None);
    }
    // RFC 9112 §6.3: "Such a message might indicate an attempt to perform request smuggling (Section 11.2)
    // or response splitting (Section 11.1) and ought to be handled as an error."
    // RFC 9112 §6.1: "A server MAY reject a request that contains both Content-Length and
    // Transfer-Encoding or process such a request in accordance with the Transfer-Encoding alone."
    if fields.has(Known::ContentLength) {
        return Err(coding_error(Rule::LengthWithCoding, fields));
    }
    // RFC 9112 §6.1: "A server or client that receives an HTTP/1.0 message containing a
    // Transfer-Encoding header field MUST treat the message as if the framing is faulty"
    if version == Version::Http10 {
        return Err(coding_error(Rule::CodingVersion, fields));
    }
    transfer_coding(fields).map(Some)
}

fn transfer_coding(fields: Fields<'_>) -> Result<Coding, Error> {
    let (mut chunked, mut others, mut after_chunked) = (0, 0, false);
    for value in fields.known(Known::TransferEncoding) {
        for coding in grammar::list(value) {
            let name_end = grammar::token_end(coding, 0);
            let parameters = grammar::trim_ows(&coding[name_end..]);
            if name_end == 0 || !(parameters.is_empty() || parameters[0] == b';') {
                return Err(Error::new(Rule::CodingInvalid, value, 0));
            }
            after_chunked |= chunked > 0;
            if !coding[..name_end].eq_ignore_ascii_case(b"chunked") {
                others += 1;
            } else if parameters.is_empty() {
                chunked += 1;
            } else {
                // RFC 9112 §7.1: "The chunked coding does not define any parameters. Their presence
                // SHOULD be treated as an error."
                return Err(Error::new(Rule::CodingInvalid, value, 0));
            }
        }
    }
    match (chunked, others) {
        (1, 0) => Ok(Coding::Chunked),
        (0, 0) => Err(coding_error(Rule::CodingInvalid, fields)),
        // RFC 9112 §6.1: "A sender MUST NOT apply the chunked transfer coding more than once to a
        // message body"
        _ if chunked != 1 || after_chunked => Ok(Coding::NotFinal),
        _ => Ok(Coding::Unknown),
    }
}

#[cold]
fn coding_error(rule: Rule, fields: Fields<'_>) -> Error {
    Error::new(
        rule,
        fields
            .known(Known::TransferEncoding)
            .next()
            .unwrap_or_default(),
        0,
    )
}

/// Rules 5 and 6. A list of equal lengths is refused like one of different ones: two programs may read
/// it differently.
// RFC 9112 §6.3: "If a message is received without Transfer-Encoding and with an invalid
// Content-Length header field, then the message framing is invalid and the recipient MUST treat it
// as an unrecoverable error"
#[inline]
fn content_length(fields: Fields<'_>) -> Result<Option<u64>, Error> {
    let mut lengths = fields.known(Known::ContentLength);
    let Some(value) = lengths.next() else {
        return Ok(None);
    };
    if let Some(second) = lengths.next() {
        return Err(Error::new(Rule::LengthRepeated, second, 0));
    }
    match grammar::decimal(value) {
        Some(length) => Ok(Some(length)),
        // RFC 9110 §8.6: "MAY either reject the message as invalid or replace that invalid field
        // value with a single instance of the decimal value"
        None if value.contains(&b',') => Err(Error::new(Rule::LengthRepeated, value, 0)),
        // RFC 9110 §8.6: "a recipient MUST anticipate potentially large decimal numerals and prevent parsing
        // errors due to integer conversion overflows or precision loss due to integer conversion"
        None if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
            Err(Error::new(Rule::LengthTooLarge, value, 0))
        }
        None => Err(Error::new(Rule::LengthInvalid, value, 0)),
    }
}

/// Decodes one body, however it is framed.
///
/// ```
/// use barewire::http::wire::{BodyDecoder, BodyLength, Limits};
///
/// let mut body = BodyDecoder::new(BodyLength::Chunked, Limits::default());
/// let step = body.decode(b"5\r\nhello\r\n0\r\n\r\nGET /next")?;
/// assert_eq!((step.consumed, step.data, step.ended), (8, 5, false));
/// let step = body.decode(b"\r\n0\r\n\r\nGET /next")?;
/// assert_eq!((step.consumed, step.data, step.ended), (7, 0, true));
/// # Ok::<(), barewire::http::wire::Error>(())
/// ```
#[derive(Clone, Debug)]
pub enum BodyDecoder {
    /// This many bytes are still to come.
    Known(u64),
    /// The chunked coding.
    Chunked(ChunkedDecoder),
    /// All bytes until the connection ends.
    UntilClose,
}

impl BodyDecoder {
    /// A decoder for a body of this length, of a request.
    #[inline(always)]
    pub fn new(length: BodyLength, limits: Limits) -> BodyDecoder {
        match length {
            BodyLength::Known(bytes) => BodyDecoder::Known(bytes),
            BodyLength::Chunked => BodyDecoder::Chunked(ChunkedDecoder::new(limits)),
            BodyLength::UntilClose => BodyDecoder::UntilClose,
        }
    }

    /// The same for a response: see [`ChunkedDecoder::of_response`].
    pub fn of_response(length: BodyLength, limits: Limits) -> BodyDecoder {
        match length {
            BodyLength::Chunked => BodyDecoder::Chunked(ChunkedDecoder::of_response(limits)),
            length => BodyDecoder::new(length, limits),
        }
    }

    /// Consumes bytes from the front of `input`: at most one run of content, and what frames it. A step
    /// that consumes nothing and has not ended waits for more input.
    ///
    /// # Errors
    /// The rule that the framing breaks. Content itself is never wrong here.
    #[inline]
    pub fn decode(&mut self, input: &[u8]) -> Result<Step, Error> {
        match self {
            BodyDecoder::Known(left) => {
                let data = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
                *left -= data as u64;
                Ok(Step {
                    consumed: data,
                    data,
                    ended: *left == 0,
                })
            }
            BodyDecoder::Chunked(chunked) => chunked.decode(input),
            BodyDecoder::UntilClose => Ok(Step {
                consumed: input.len(),
                data: input.len(),
                ended: false,
            }),
        }
    }

    /// How many of the next bytes are certainly content. The caller may read these from the connection
    /// into their destination directly, and then reports them with [`took`](Self::took).
    pub fn content_ahead(&self) -> u64 {
        match self {
            BodyDecoder::Known(left) => *left,
            BodyDecoder::Chunked(chunked) => chunked.content_ahead(),
            BodyDecoder::UntilClose => u64::MAX,
        }
    }

    /// The caller read `bytes` of content, at most [`content_ahead`](Self::content_ahead), without the
    /// decoder. Returns whether the body ended after them.
    pub fn took(&mut self, bytes: usize) -> bool {
        match self {
            BodyDecoder::Known(left) => {
                *left = left.saturating_sub(bytes as u64);
                *left == 0
            }
            BodyDecoder::Chunked(chunked) => {
                chunked.took(bytes);
                false
            }
            BodyDecoder::UntilClose => false,
        }
    }

    /// The connection ended here.
    ///
    /// # Errors
    /// [`Rule::MessageTruncated`] if the body had not ended before.
    // RFC 9112 §8: "A message body that uses the chunked transfer coding is incomplete if the
    // zero-sized chunk that terminates the encoding has not been received. A message that uses a
    // valid Content-Length is incomplete if the size of the message body received (in octets) is
    // less than the value given by Content-Length."
    pub fn finish(&self) -> Result<(), Error> {
        match self {
            BodyDecoder::UntilClose | BodyDecoder::Known(0) => Ok(()),
            BodyDecoder::Chunked(chunked) if chunked.has_ended() => Ok(()),
            _ => Err(Error::whole(Rule::MessageTruncated)),
        }
    }

    /// The trailer fields, once a chunked body has ended; none before that or for other bodies.
    pub fn trailers(&self) -> Fields<'_> {
        match self {
            BodyDecoder::Chunked(chunked) => chunked.trailers(),
            _ => Fields::EMPTY,
        }
    }
}
