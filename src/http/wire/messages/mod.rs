//! RFC 9112: how HTTP/1.1 writes a message.
//!
//! # The problem
//!
//! A head arrives in pieces, cut anywhere, from a peer that may be wrong or hostile. It must be decoded
//! once, in place, without a copy, and the end of the body must be beyond doubt.
//!
//! # The bytes, and which file decodes them
//!
//! ```text
//!   POST /echo HTTP/1.1\r\n           start_line, target ─┐
//!   Host: 127.0.0.1:1337\r\n          section, fields ────┼── message: the whole head
//!   Transfer-Encoding: chunked\r\n    section, fields ────┘
//!   \r\n                               body: how long is what follows?
//!   5\r\nhello\r\n0\r\n\r\n          chunked
//!
//!   HTTP/1.1 200 OK\r\n …             outgoing, from a field_list
//! ```
//!
//! # The rules
//!
//! - A decoder has `decode(&mut self, bytes)`. `Ok(None)` means "not yet": call it again with the same
//!   bytes and some more behind them.
//! - A head that decodes is one that may be served: every rule that needs the head alone was checked.
//! - A field value that is folded over several lines (obs-fold, RFC 9112 §5.2) is refused in a request. In a
//!   response it is one value with a space for each fold, in a copy of the head; no other head is copied.
//! - A blank between a name and its colon (RFC 9112 §5.1) is refused in a request. In a response it is dropped,
//!   but refused before the colon of Content-Length and Transfer-Encoding.
//! - An encoder cannot fail. What must not be sent cannot be built, or the
//!   [`Connection`](super::Connection) refuses it before a byte is appended.
//!
//! # Which file to read first
//!
//! `message.rs`, then from the bytes up: `start_line.rs` and `target.rs`, `section.rs` (decodes field
//! lines) and `fields.rs` (finds them again), `body.rs` (the eight rules of §6.3) and `chunked.rs`. For
//! what is sent: `field_list.rs` and `outgoing.rs`. `keep_alive.rs` reads one hint.
//!
//! # To change X, touch Y
//!
//! | to change | touch |
//! |---|---|
//! | a start line | both paths of `start_line.rs` (`whole_line` or `whole_status_line`, and `phases`); `fixtures/http/request_line.txt`, `status_line.txt`; `tests/wire/http/oracle.rs` |
//! | a rule for targets | which bytes and forms: `Scan` and `Judged` in `target.rs` (the client decodes its own targets there, too); which bytes lead to a 301, and where to: `is_left_unencoded` and `encoded_reference` there, `fixtures/http/encoded_reference.txt`; how long: `StartLine::request_line` in `start_line.rs`; the byte class `TARGET` in `grammar/class.rs`, and what is rare in it in `grammar/runs.rs`; for client URIs also `uri/reference.rs`; `fixtures/http/target.txt`, `uri.txt`; `tests/wire/http/oracle.rs` |
//! | a field line, obs-fold, whitespace | both paths of `section.rs` (`whole_lines` and `phases`); `fixtures/http/fields.txt`; `tests/wire/http/oracle.rs` |
//! | a field with a meaning for the protocol | a row of `known!` in `fields.rs`; then where it is read: `message.rs`, `head.rs`, `body.rs` or `connection.rs` |
//! | how the length of a received body is found | `body.rs`; what we send: `response_framing` in `connection/server.rs`, `send_request` in `connection/client.rs`; `fixtures/http/content_length.txt`, `transfer_encoding.txt`, `response_body.txt` |
//! | the chunked coding, trailers | `chunked.rs`; `fixtures/http/chunked.txt`, `trailers.txt` |
//! | what we add to a head | `outgoing.rs`; what is the same for a second: `server_fields.rs` |
//!
//! # Exercises
//!
//! 1. `whole_lines` in `section.rs` takes complete lines, `phases` takes the rest. Remove `whole_lines`:
//!    which tests fail, and what does `tests/bench` (`head_decode`) show?
//! 2. A folded response head is copied (`unfolded` in `message.rs`). Replace the folds in the caller's bytes:
//!    which signatures change, and what may a caller no longer do between `decode` and `head`?

pub(super) mod body;
pub(super) mod chunked;
mod field_list;
mod fields;
mod head;
mod keep_alive;
mod message;
pub(super) mod outgoing;
mod section;
mod server_fields;
mod start_line;
mod target;

pub use body::{BodyDecoder, BodyLength};
pub(crate) use chunked::ChunkPlace;
pub use chunked::{
    ChunkedDecoder, Step, encode_chunk, encode_last, encode_size, is_forbidden_trailer,
};
pub use field_list::FieldList;
pub use fields::{FieldLines, Fields, Known};
pub(crate) use head::Places;
pub use keep_alive::KeepAlive;
pub use message::{RequestDecoder, RequestHead, ResponseDecoder, ResponseHead};
pub(in crate::http) use outgoing::is_final_status;
pub use outgoing::{RequestOut, ResponseOut};
pub use server_fields::ServerFields;
pub use start_line::Version;
pub(in crate::http) use target::Judged;
pub use target::Target;
