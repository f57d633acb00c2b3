//! RFC 9110: what methods, status codes and fields mean, whichever version of HTTP carries them.
//!
//! # The problem
//!
//! A file server must answer "is the client's copy still good?", "which part does it want?"; a client
//! must answer "where does this redirect lead, and what may I send there?". The answers stand in field
//! values, each with a grammar of its own. A value that is almost right is either refused or ignored:
//! the RFC says which, field by field.
//!
//! # The bytes
//!
//! ```text
//!   Date: Sun, 06 Nov 1994 08:49:37 GMT          date
//!   ETag: W/"xyzzy"                              etag
//!   If-None-Match: "a", "b"                      precondition
//!   Range: bytes=0-499, -500                     range
//!   Location: //example.com/a?b                  redirect
//!   Authorization: Basic QWxhZGRpbjpvcGVu…       auth
//!   Accept-Encoding: gzip, *;q=0                 content_coding
//!   Forwarded: for=192.0.2.43;proto=https        forwarded
//! ```
//!
//! # The rules
//!
//! - `decode` takes a whole field value and returns `None` or an error; it never repairs.
//! - Nothing here reads a clock: "now" is an argument. The Date field of responses is cached by the
//!   server for each connection: `DateCache` in `server/exchange/draft.rs`.
//! - Nothing here writes a field line: [`FieldList`](super::FieldList) does.
//!
//! # Which file to read first
//!
//! `date.rs`, which depends on nothing, then `etag.rs`, `precondition.rs` (which uses both) and
//! `range.rs`. `redirect.rs`, `auth.rs`, `content_coding.rs`, `method.rs`, `status.rs`, `forwarding.rs` and
//! `forwarded.rs` can be read in any order.
//!
//! # To change X, touch Y
//!
//! | to change | touch |
//! |---|---|
//! | how a date is read or written | `date.rs`; the cached one: `server/exchange/draft.rs` |
//! | how tags compare | `etag.rs` |
//! | the order of the preconditions | `evaluate` in `precondition.rs` and the table in its test; `http/files/select.rs`, which asks |
//! | which fields a proxy drops, changes and adds | `forwarding.rs`; `src/bin/proxy/forward.rs` uses it |
//! | how Forwarded and X-Forwarded-For are read | `forwarded.rs`; who is believed: `server/trusted_proxies.rs` |
//! | which ranges are ignored | the two constants in `range.rs`, and `coalesce` |
//! | which status is followed, and with which method | the table of `redirect.rs`, `next_method`, and the table in its test |
//! | which fields a redirect drops | `OF_THE_ORIGIN` and `OF_THE_BODY` in `redirect.rs` |
//! | which content coding a client gets, or a 406 | the table and [`AcceptEncoding`] in `content_coding.rs`; who asks: `server/response.rs`, `http/files/mod.rs` |
//! | a reason phrase | `status.rs` |
//! | which method is safe or idempotent | `method.rs`; the client's retries follow from it |
//!
//! # Exercises
//!
//! 1. Two versions of a file are written within one second, and both get the same `Last-Modified`. Which
//!    line of `if_range` keeps a client from joining the halves of both?
//! 2. Add the scheme `Bearer`. Which function changes, and which test of `redirect.rs`
//!    already keeps the token from another origin?

mod auth;
mod content_coding;
mod date;
mod etag;
mod forwarded;
mod forwarding;
mod method;
mod precondition;
mod range;
mod redirect;
mod status;

pub use auth::{basic, decode_basic};
pub use content_coding::{AcceptEncoding, ContentCoding, content_codings};
pub use date::{DateError, HttpDate};
pub use etag::{EntityTag, EntityTags, TagList};
pub use forwarded::{ForwardedElement, Node, forwarded_elements};
pub use forwarding::{
    came_through, end_to_end, forwarded_request, forwarded_response, max_forwards,
};
pub use method::Method;
pub use precondition::{Current, Outcome, Preconditions, if_range};
pub use range::{ByteRange, Ranges, Selection, encode_unsatisfied};
pub use redirect::Redirect;
pub use status::{reason_phrase, status_class};
