//! HTTP/1.1 as bytes and rules: no socket, no thread, no lock, no clock.
//!
//! # The problem
//!
//! Where does a message end? Everything else in HTTP/1.1 is readable text. But if two parties disagree
//! about where a message ends, one of them takes a part of a request for the next request. That is
//! request smuggling: an attacker hides a request from the proxy that should check it. So every question
//! of framing has one answer here, and where the RFC permits two, the message is refused.
//!
//! RFC 9110 defines what a message means, RFC 9112 how HTTP/1.1 writes it. The notes' RFC 2616 is
//! obsolete (erratum E19; the title page of the crate lists all of them).
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
//! - The caller gives a decoder the same growing bytes again and again. The decoder remembers its
//!   position, so it reads each byte once, however the bytes arrive: [`RequestDecoder`],
//!   [`ResponseDecoder`], [`BodyDecoder`].
//! - An [`Error`] blames the peer: it holds the broken [`Rule`], the offset and the bytes found there.
//! - A [`Misuse`] blames the caller. A [`FieldList`] holds only fields that may be sent, and a
//!   [`Connection`] knows what may follow what.
//! - A length that a peer declares allocates nothing. All [`Limits`] count the bytes as they arrive.
//!
//! # What is public, and what for
//!
//! All of this is public on purpose: whoever stands at a wire that barewire's server and client do not know (a test
//! that makes broken messages, a proxy over another transport, a tool that explains a capture, a fuzzer) builds on the
//! same decoders, and refuses what they refuse.
//!
//! | to build | take |
//! |---|---|
//! | a server or a client over any transport | [`Connection`], which says what may be received and sent, and the decoders |
//! | something that looks at bytes that were recorded | [`RequestDecoder`], [`ResponseDecoder`], [`BodyDecoder`] |
//! | a message | [`ResponseOut`], [`RequestOut`] with a [`FieldList`], sent by a [`Connection`] |
//! | something that understands a field | [`HttpDate`], [`EntityTag`], [`Ranges`], [`Preconditions`], [`KeepAlive`], [`decode_basic`], [`AcceptEncoding`], [`content_codings`], [`forwarded_elements`] |
//! | something that forwards | [`forwarded_request`], [`forwarded_response`], [`end_to_end`], [`came_through`] |
//! | a URL, its query, a form | [`Uri`], [`Query`], [`Params`], [`percent_decode`] |
//! | a decoder of one's own for a field | the classes of bytes in [`grammar`] |
//!
//! A server without a socket: it is given a request in two pieces, and appends its response to a `Vec`.
//!
//! ```
//! use barewire::http::wire::{
//!     BodyDecoder, Connection, FieldList, Limits, RequestDecoder, ResponseOut, Role,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pieces = ["POST /echo HTTP/1.1\r\nHost: a\r\nConte", "nt-Length: 5\r\n\r\nhello"];
//! let mut decoder = RequestDecoder::new(Limits::default());
//! assert_eq!(decoder.decode(pieces[0].as_bytes())?, None); // not yet: show it the same bytes again, and more
//! let bytes = pieces.concat();
//! let length = decoder.decode(bytes.as_bytes())?.expect("a whole head");
//! let (head, rest) = bytes.as_bytes().split_at(length);
//! let head = decoder.head(head);
//! assert_eq!((head.method().as_str(), head.path()), ("POST", "/echo"));
//!
//! let mut connection = Connection::new(Role::Server);
//! connection.receive_request(&head)?; // may a request come now?
//!
//! let mut body = BodyDecoder::new(head.body_length(), Limits::default());
//! let step = body.decode(rest)?;
//! assert!(step.ended);
//! let content = &rest[step.consumed - step.data..step.consumed];
//! connection.receive_end()?;
//!
//! let mut fields = FieldList::new();
//! fields.append("Content-Type", "text/plain")?;
//! let mut out = Vec::new();
//! connection.send_response(&ResponseOut::new(200, &fields).length(5), &mut out)?; // may a response go?
//! connection.begin_data(content.len(), &mut out)?;
//! out.extend_from_slice(content);
//! connection.end_data(&mut out);
//! connection.send_end(&FieldList::new(), &mut out)?;
//! assert!(out.starts_with(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"));
//! assert!(out.ends_with(b"Content-Length: 5\r\n\r\nhello"));
//! assert!(connection.next_exchange()); // the connection persists
//! # Ok(())
//! # }
//! ```
//!
//! # Which file to read first
//!
//! 1. [`messages`]: RFC 9112. `messages/message.rs` decodes a head from its first byte to the last rule; its page
//!    says in which order to read the others.
//! 2. [`connection`]: the machine for both roles, which decides what may be received and sent when.
//! 3. [`semantics`]: RFC 9110. Field values with rules of their own: dates, entity tags, ranges …
//! 4. [`uri`]: RFC 3986. What a client is asked to fetch.
//!
//! [`grammar`] is below all of them: which bytes may stand where.
//!
//! # To change X, touch Y
//!
//! | to change | touch |
//! |---|---|
//! | a rule, its status, its sentence | its row in `error.rs`, the decoder that finds it, a case in `fixtures/http/` (a test finds a rule without one) |
//! | what a caller must not do | its row in `misuse.rs`, and the place that checks it |
//! | a limit, or its default | [`Limits`] and the decoder that counts; `server/config.rs` and `client/options.rs`, where users set it; the tables in `limits.md` and `http/mod.rs`; `tests/wire/http/format.rs` and `tests/rows/client/vectors.rs` (its name in the vectors); `tests/wire/http/linear.rs`, `tests/rows/http/h10_client_error.rs`, `tests/rows/http/settings.rs`, `tests/fuzz/src/targets/request.rs` (all limits as literals) |
//! | a class of bytes | `classes` in `grammar/class.rs`, and its words in `grammar/runs.rs`; `tests/wire/http/oracle.rs`, the slow second implementation |
//! | a start line, a target, a field line, a body | the table in [`messages`] |
//! | a date, an entity tag, a range, a redirect, a reason phrase | the table in [`semantics`] |
//! | a URI | the table in [`uri`] |
//! | what may follow what | the table in [`connection`] |
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

pub(crate) use connection::{Asks, Plain};
pub use connection::{Connection, Event, Role, State, request_step, response_step};
pub use error::{Error, Rule};
pub use limits::Limits;
pub use messages::{
    BodyDecoder, BodyLength, ChunkedDecoder, FieldLines, FieldList, Fields, KeepAlive, Known,
    RequestDecoder, RequestHead, RequestOut, ResponseDecoder, ResponseHead, ResponseOut,
    ServerFields, Step, Target, Version, encode_chunk, encode_last, encode_size,
    is_forbidden_trailer,
};
pub(crate) use messages::{ChunkPlace, Places};
pub(in crate::http) use messages::{Judged, is_final_status};
pub use misuse::Misuse;
pub use semantics::{
    AcceptEncoding, ByteRange, ContentCoding, Current, DateError, EntityTag, EntityTags,
    ForwardedElement, HttpDate, Method, Node, Outcome, Preconditions, Ranges, Redirect, Selection,
    TagList, basic, came_through, content_codings, decode_basic, encode_unsatisfied, end_to_end,
    forwarded_elements, forwarded_request, forwarded_response, if_range, max_forwards,
    reason_phrase, status_class,
};
pub(crate) use uri::split_host_port;
pub use uri::{
    Origin, ParamPairs, Params, Query, Scheme, Uri, UriError, UriReason, percent_decode,
    percent_decode_text, percent_encode_component,
};
