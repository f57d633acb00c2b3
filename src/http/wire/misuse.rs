//! What a caller must not do: the other half of the blame, beside [`Error`](super::Error).

use std::fmt;

/// A call that would have put a broken message on the wire, refused before a byte of it left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// A field name is not a token (RFC 9110 §5.1).
    FieldName,
    /// A field value holds a control character, or whitespace at an end (RFC 9110 §5.5).
    FieldValue,
    /// A method is not a token (RFC 9110 §9.1).
    Method,
    /// A request-target is none of the four forms (RFC 9112 §3.2).
    Target,
    /// A request has no Host field, or more than one (RFC 9112 §3.2).
    Host,
    /// A status code is not within 100 to 599, or not one for this call (RFC 9110 §15).
    Status,
    /// A reason phrase holds a control character (RFC 9112 §4).
    Reason,
    /// The head has been sent already: fields and status are settled.
    HeadSent,
    /// The message has ended already.
    Ended,
    /// This response has no body: an answer to HEAD, 1xx, 204 or 304 (RFC 9112 §6.3).
    BodyNotAllowed,
    /// More bytes than the declared Content-Length (RFC 9110 §8.6).
    BodyTooLong,
    /// Fewer bytes than the declared Content-Length (RFC 9110 §8.6).
    BodyTooShort,
    /// Content-Length or Transfer-Encoding fields that contradict each other, or this message (RFC 9112 §6).
    Framing,
    /// A trailer field that frames, routes or authenticates (RFC 9110 §6.5.1).
    Trailer,
    /// Trailer fields need the chunked coding, and this message has not got it (RFC 9112 §7.1.2).
    TrailerWithoutChunked,
    /// `Expect: 100-continue` before a body that does not come (RFC 9110 §10.1.1).
    Expectation,
    /// The other side did not ask to switch protocols, or its request is not read to the end (RFC 9110 §7.8).
    Switch,
    /// A user-id with a colon, or a control character in it or in the password (RFC 7617 §2).
    Credentials,
    /// The exchange is not at a point where this may be sent; see the diagram in [`connection`](super::connection).
    State,
}

impl Misuse {
    fn says(self) -> &'static str {
        match self {
            Misuse::FieldName => "a field name must be a token (RFC 9110 §5.1)",
            Misuse::FieldValue => {
                "a field value must hold no control character and no whitespace at its ends (RFC 9110 §5.5)"
            }
            Misuse::Method => "a method must be a token (RFC 9110 §9.1)",
            Misuse::Target => "a request-target must have one of the four forms (RFC 9112 §3.2)",
            Misuse::Host => "a request must have exactly one Host field (RFC 9112 §3.2)",
            Misuse::Status => "this status code cannot be sent here (RFC 9110 §15)",
            Misuse::Reason => "a reason phrase must hold no control character (RFC 9112 §4)",
            Misuse::HeadSent => "the head has been sent already: no field or status can change now",
            Misuse::Ended => "the message has ended already",
            Misuse::BodyNotAllowed => "this response has no body (RFC 9112 §6.3)",
            Misuse::BodyTooLong => "more bytes than the declared Content-Length (RFC 9110 §8.6)",
            Misuse::BodyTooShort => "fewer bytes than the declared Content-Length (RFC 9110 §8.6)",
            Misuse::Framing => {
                "Content-Length and Transfer-Encoding must agree with the message (RFC 9112 §6)"
            }
            Misuse::Trailer => "this field must not be a trailer (RFC 9110 §6.5.1)",
            Misuse::TrailerWithoutChunked => {
                "trailer fields need the chunked coding (RFC 9112 §7.1.2)"
            }
            Misuse::Expectation => {
                "an Expect: 100-continue needs a body to wait with (RFC 9110 §10.1.1)"
            }
            Misuse::Switch => {
                "no protocol switch was asked for, or the request is not read to its end (RFC 9110 §7.8)"
            }
            Misuse::Credentials => {
                "a user-id must hold no colon, and neither it nor the password a control character (RFC 7617 §2)"
            }
            Misuse::State => "the exchange is not at a point where this may be sent",
        }
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.says())
    }
}

impl std::error::Error for Misuse {}
