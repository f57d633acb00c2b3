//! HTTP/1.1 as bytes and rules: no socket, no thread, no lock, no clock.
//!
//! # The problem
//!
//! Where does a message end? Everything else in HTTP/1.1 is text anybody can read; but two parties
//! who disagree about where a message ends will take a part of one request for another request, and
//! that is how requests are smuggled past those who should check them. So there is one answer here to
//! every question of framing, and where the RFC leaves two, the message is refused.
//!
//! The RFC is two now: 9110 says what a message means, 9112 how HTTP/1.1 writes it. The notes' RFC 2616
//! is obsolete (E19).
//!
//! # The bytes
//!
//! ```text
//!                    ┌ method ┐ ┌ request-target ┐ ┌ version ┐
//!   start line        POST     SP /echo?x=1       SP HTTP/1.1 CRLF
//!   field lines       Host: 127.0.0.1:1337                    CRLF
//!                     Transfer-Encoding: chunked              CRLF
//!   empty line                                                CRLF
//!   body              5;note="one"                            CRLF   chunk size, extension
//!                     hello                                   CRLF   chunk data
//!                     0                                       CRLF   last chunk
//!                     X-Checksum: 5d41                        CRLF   trailer fields
//!                                                             CRLF
//! ```
//!
//! # The rules
//!
//! - A decoder is shown the same growing bytes and keeps its place, so each byte is looked at once
//!   however it comes: [`RequestDecoder`], [`ResponseDecoder`], [`BodyDecoder`].
//! - What breaks a rule is an [`Error`]: the [`Rule`], where, what stood there, the section.
//! - What may be sent is decided by types and by the machine: a [`FieldList`] holds only fields
//!   that can be sent; a [`Connection`] knows what may follow what. Trying is a [`Misuse`].
//! - Nothing is allocated by a length that a peer declared; all [`Limits`] count bytes as they come.
//!
//! # Which file to read first
//!
//! `message.rs` shows a head from its first byte to the last rule. Then, from the bytes up: `grammar`
//! (which bytes may stand where), `start_line` and `target`, `section` and `fields`, `body` (the eight
//! rules) and `chunked`, and `connection` (the machine for both roles). `outgoing` encodes what
//! `connection` lets through. `date`, `etag`, `precondition` and `range` are field values with rules
//! of their own, for files. `uri`, `percent` and `query` are what a client is
//! asked to fetch; `auth`, `redirect` and `keep_alive` what it says of its user and is told to do next.
//!
//! # Exercises
//!
//! 1. `Content-Length: 5, 5` is refused here; RFC 9112 §6.3 would let a recipient read it as 5. Which
//!    two parties could disagree about it? Which case of `fixtures/http/content_length.txt` shows it?
//! 2. Add the transfer coding `gzip` for requests. Which file decides that it may be there, which one
//!    decodes it, and why must `chunked` still be last?

mod connection;
mod error;
pub mod grammar;
mod limits;
mod messages;
mod misuse;
mod semantics;
mod uri;

pub use connection::{Connection, Event, Role, State, request_step, response_step};
pub use error::{Error, Rule};
pub use limits::Limits;
pub use messages::{
    BodyDecoder, BodyLength, ChunkedDecoder, FieldList, Fields, KeepAlive, Known, RequestDecoder,
    RequestHead, RequestOut, ResponseDecoder, ResponseHead, ResponseOut, Step, Target, Version,
    encode_chunk, encode_last, encode_size, is_forbidden_trailer,
};
pub use misuse::Misuse;
pub use semantics::{
    ByteRange, Current, DateError, EntityTag, EntityTags, HttpDate, Method, Outcome, Preconditions,
    Ranges, Redirect, Selection, TagList, basic, came_through, decode_basic, encode_unsatisfied,
    end_to_end, if_range, max_forwards, reason_phrase,
};
pub use uri::{
    Origin, Query, Scheme, Uri, UriError, UriReason, percent_decode, percent_encode_component,
};
