//! What a caller must not do. [`Error`](super::Error) blames the peer, this the caller.

use crate::wire::rules;

rules! {
    /// A call that would have put a broken message on the wire, refused before a byte of it left.
    ///
    /// What may be sent when is the diagram in [`connection`](super::connection).
    pub enum Misuse;

    FieldName "RFC 9110 §5.1" "a field name must be a token";
    FieldValue "RFC 9110 §5.5" "a field value must hold no control character and no whitespace at its ends";
    Method "RFC 9110 §9.1" "a method must be a token";
    Target "RFC 9112 §3.2" "a request-target must have one of the four forms";
    Host "RFC 9112 §3.2" "an HTTP/1.1 request must have exactly one Host field, and an HTTP/1.0 request at most one";
    Status "RFC 9110 §15" "this status code cannot be sent here";
    Reason "RFC 9112 §4" "a reason phrase must hold no control character";
    HeadSent "RFC 9112 §2.1" "the head is fixed: it was written or has been sent, and no field or status can change now";
    Ended "RFC 9112 §2.1" "the message has ended already";
    BodyNotAllowed "RFC 9112 §6.3" "this response has no body: it answers a HEAD, or is a 1xx, 204, 205 or 304";
    BodyTooLong "RFC 9110 §8.6" "more bytes than the declared Content-Length";
    BodyTooShort "RFC 9110 §8.6" "fewer bytes than the declared Content-Length";
    Framing "RFC 9112 §6" "Content-Length and Transfer-Encoding must agree with each other and with the message";
    Trailer "RFC 9110 §6.5.1" "a field that frames, routes or authenticates must not be a trailer";
    TrailerWithoutChunked "RFC 9112 §7.1.2" "trailer fields need the chunked coding, and this message does not have it";
    Expectation "RFC 9110 §10.1.1" "an Expect: 100-continue needs a body to wait with";
    Switch "RFC 9110 §7.8" "no protocol switch was asked for, or the request is not read to its end";
    Credentials "RFC 7617 §2" "a user-id must hold no colon, and neither it nor the password a control character";
    State "RFC 9112 §9.2" "the exchange is not at a point where this may be sent";
}

impl std::error::Error for Misuse {}
