//! Spans: which bytes are what, and by which rule. No socket, no thread, no lock, no clock.
//!
//! # The problem
//!
//! A connection has two directions, and what a byte means depends on both: a response to HEAD has no body, and the
//! bytes behind a 101 are no HTTP. The bytes come cut anywhere, and may be wrong or endless. They shall be explained
//! while they pass, down to the single token, without keeping them.
//!
//! # The bytes
//!
//! ```text
//!   GET /a?b=%41 HTTP/1.1 ␍␊ Host: a ␍␊ ␍␊           one direction, from byte 0
//!   ├──────────────── Request ─────────────┤           a span, as it is returned: the head is complete
//!   ├──── RequestLine ──────┤├─ Field ──┤├┤            its children
//!   ├─┤ ├ Target ┤ ├──────┤├┤├──┤│ │├┤                 …
//!   │   ├┤│││├─┤                                       leaves: they tile the direction
//!   │   │   │└ QueryValue %41 ── note: Decoded, A      what is derived lies nowhere: it is a note of a leaf
//!   │   │   └ QueryName b
//!   │   └ TargetPath /a
//!   └ Method GET                                       and so on
//! ```
//!
//! A chunked POST that waits for a 100:
//!
//! ```
//! use barewire::trace::wire::{Conversation, Direction::{FromClient, FromServer}};
//! use std::time::Duration;
//!
//! let mut conversation = Conversation::new();
//! let mut seen = String::new();
//! for (from, bytes) in [
//!     (FromClient, "POST /echo?x=1 HTTP/1.1\r\nHost: 127.0.0.1:1337\r\nTransfer-Encoding: chunked\r\n\
//!         Expect: 100-continue\r\n\r\n"),
//!     (FromServer, "HTTP/1.1 100 Continue\r\n\r\n"),
//!     (FromClient, "5;note=\"one\"\r\nhello\r\n0\r\nX-Checksum: 5d41\r\n\r\n"),
//!     (FromServer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
//! ] {
//!     for explained in conversation.receive(from, Duration::ZERO, bytes.as_bytes()) {
//!         seen += &explained.to_string();
//!     }
//! }
//! assert_eq!(seen, "\
//! > http.request.method            POST                     RFC 9110 §9.1
//! > http.target.path               /echo                    RFC 3986 §3.3
//! > http.query.name                x                        RFC 3986 §3.4
//! > http.query.value               1                        RFC 3986 §3.4
//! > http.version                   HTTP/1.1                 RFC 9112 §2.3
//! > http.field.name                Host                     RFC 9110 §7.2
//! > http.host.name                 127.0.0.1                RFC 3986 §3.2.2
//! > http.host.port                 1337                     RFC 3986 §3.2.3
//! > http.field.name                Transfer-Encoding        RFC 9112 §6.1
//! > http.value.element             chunked                  RFC 9112 §6.1
//! > http.field.name                Expect                   RFC 9110 §10.1.1
//! > http.value.element             100-continue             RFC 9110 §10.1.1
//! > http.head.end                  \\r\\n                     RFC 9112 §2.1
//! * http.length.4                  chunked                  RFC 9112 §6.3
//! < http.version                   HTTP/1.1                 RFC 9112 §2.3
//! < http.response.status           100                      RFC 9110 §15
//! * http.status.meaning            Continue                 RFC 9110 §15
//! < http.response.reason           Continue                 RFC 9112 §4
//! < http.head.end                  \\r\\n                     RFC 9112 §2.1
//! * http.length.1                  0 bytes                  RFC 9112 §6.3
//! > http.chunk.size                5                        RFC 9112 §7.1
//! * http.chunk.bytes               5                        RFC 9112 §7.1
//! > http.value.parameter           note                     RFC 9112 §7.1.1
//! > http.value.parameter.value     \"one\"                    RFC 9112 §7.1.1
//! > http.chunk.data                hello                    RFC 9112 §7.1
//! > http.chunk.size                0                        RFC 9112 §7.1
//! * http.chunk.bytes               0                        RFC 9112 §7.1
//! > http.field.name                X-Checksum               RFC 9110 §5.1
//! > http.field.value               5d41                     RFC 9110 §5.5
//! > http.chunked.end               \\r\\n                     RFC 9112 §7.1
//! < http.version                   HTTP/1.1                 RFC 9112 §2.3
//! < http.response.status           200                      RFC 9110 §15
//! * http.status.meaning            OK                       RFC 9110 §15
//! < http.response.reason           OK                       RFC 9112 §4
//! < http.field.name                Content-Length           RFC 9110 §8.6
//! < http.value.number              5                        RFC 9110 §8.6
//! < http.head.end                  \\r\\n                     RFC 9112 §2.1
//! * http.length.6                  5 bytes                  RFC 9112 §6.3
//! < http.body.data                 hello                    RFC 9112 §6
//! ");
//! ```
//!
//! The book's `hello world!` and `yakexi`, behind the handshake:
//!
//! ```
//! # use barewire::trace::wire::{Conversation, Direction::{FromClient, FromServer}};
//! # use std::time::Duration;
//! # let mut conversation = Conversation::new();
//! # let request = b"GET /hello HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
//! #     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
//! # let response = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
//! #     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
//! # assert_eq!(conversation.receive(FromClient, Duration::ZERO, request).count(), 1);
//! # assert_eq!(conversation.receive(FromServer, Duration::ZERO, response).count(), 1);
//! let asked = b"\x81\x8c\x37\xfa\x21\x3d\x5f\x9f\x4d\x51\x58\xda\x56\x52\x45\x96\x45\x1c";
//! let mut seen = String::new();
//! for explained in conversation.receive(FromClient, Duration::ZERO, asked) {
//!     seen += &explained.to_string();
//! }
//! for explained in conversation.receive(FromServer, Duration::ZERO, b"\x81\x06yakexi") {
//!     seen += &explained.to_string();
//! }
//! assert_eq!(seen, "\
//! > websocket.frame.first          FIN Text                 RFC 6455 §5.2
//! > websocket.frame.second         MASK 12                  RFC 6455 §5.2
//! > websocket.frame.key            37 fa 21 3d              RFC 6455 §5.3
//! > websocket.payload              5f 9f 4d 51 58 da 56 52 45 96 45 1c RFC 6455 §5.2
//! * websocket.unmasked             hello world!             RFC 6455 §5.3
//! < websocket.frame.first          FIN Text                 RFC 6455 §5.2
//! < websocket.frame.second         6                        RFC 6455 §5.2
//! < websocket.payload              yakexi                   RFC 6455 §5.2
//! ");
//! ```
//!
//! Framed messages (the book's 7.1) and datagrams have their spans, too: [`Framing`], [`datagram`].
//!
//! # The rules
//!
//! 1. The leaves of a direction tile it: each begins where the one before it ends, the first at 0. They do not depend on
//!    how the bytes were cut. Only a long run ([`Label::comes_in_pieces`]) has as many leaves as it came in pieces.
//! 2. What is derived is a [`Note`] below a leaf: a bit, the unmasked payload, the decoded text, which of the rules of
//!    RFC 9112 §6.3 chose the length of a body.
//! 3. Bytes that break a rule are one leaf with the sentence and the section of the rule ([`Label::Refused`]): from the
//!    line, the frame or the character that breaks it, to the end. A head that breaks a rule as a whole (it has no Host
//!    field) is refused at its empty line. The connection has no meaning behind it.
//!    Bytes that nobody has kept are a leaf, too ([`Conversation::gap`]).
//! 4. A field value that is not of its field's form breaks no rule of the connection. It is one leaf. So is an extension
//!    of TLS that is not of its form, and a certificate that breaks a rule; a note of the certificate names it.
//! 5. A span is returned when it is complete: a head, the line that begins a chunk, a control frame. Nothing is kept
//!    longer, and nothing is kept of a body or of a message but its first 1,024 bytes. A framed message is kept until
//!    it is complete; its framing has a limit. What a head may cost is bounded
//!    by [`Limits`](crate::http::wire::Limits); a value or a query of more than 64 parts is one leaf.
//!    A record of TLS waits until it is whole, and the handshake messages that it holds a part of: 64 KiB at most.
//! 6. Bytes behind a request for a tunnel or another protocol wait for its response, up to 256 KiB.
//! 7. The length of a WebSocket message has no limit here: a watcher does not know what the receiver accepts. Of the
//!    extensions, permessage-deflate is known.
//! 8. Secrets are hidden, in the values and in the bytes, unless [`Conversation::show_secrets`] asks for them:
//!    credentials, the values of cookies, the password in a URI, `access_token` in a query (RFC 6750 §2.3). They are
//!    hidden in refused bytes and behind the last message, too, where more may be hidden than is a secret: in a line
//!    that begins as `Cookie` does, all. Content is not hidden: bodies, WebSocket and framed messages, datagrams, what
//!    a tunnel carries.
//! 9. A WebSocket message of several frames is reported once more behind its last frame, as one span of
//!    [`Layer::Message`](Layer): of its own bytes, from 0 to its length. Control frames between its frames are no part of
//!    it. A message in one frame has none: its frame shows it.
//! 10. [`Explained::exchange`] is the number of the exchange: of the request, and of its responses.
//! 11. TLS is explained as far as it can be read without a key: what is sealed is one leaf a record. Where a record ends
//!     inside a leaf of a handshake message, that is two leaves; the second is `(continued)`.
//! 12. What is compressed is explained three times: the bytes on the wire, as always; the compressed bytes without what
//!     frames or masks them ([`Layer::Compressed`](Layer)), down to the single code; and what comes out, as one span of
//!     [`Layer::Message`](Layer), at the end. A code is bits: a byte belongs to the code that its first bit belongs to.
//!     The first 256 codes are listed one by one, and no more than 16 MiB are decompressed.
//!     A text message is judged as it comes out: the code that makes a wrong character is the last one.
//!
//! # Which file to read first
//!
//! `span.rs`: the types, and the brush that paints spans and cannot leave a gap. `conversation.rs`: both directions, and
//! what follows what. Then one dissector: `http/head.rs`, `http/values.rs` and `http/body.rs`, `websocket.rs` and `compressed.rs`, or
//! `tls/record.rs` and `tls/handshake.rs`.
//! `exchange.rs` says which response answers which request, `side.rs` keeps the bytes of one direction, `step.rs` is
//! what a dissector may find, `labels.rs` is the table of words, and `words/` says them in Chinese. `event.rs` is what
//! passes over any number of conversations, and `explainer.rs` gives what they carry to one of the renderings in
//! [`render`]. `secrets.rs` finds what to hide where no decoder has read.
//!
//! # To change X, touch Y
//!
//! | to change | touch |
//! |---|---|
//! | a key, a word, a section | a row of `labels!` in `labels.rs`; its Chinese in `words/`, and a sentence for a new section in `words/rules.rs` |
//! | a Chinese word; another language | the page of `words/mod.rs` |
//! | which section a field cites, and how its value is split | its row of `FIELDS` in `http/values.rs`, and the function of its form; `tests/wire/trace/values.rs` |
//! | what is hidden | `secrets.rs`; `tests/wire/trace/secrets.rs` |
//! | what a framed message consists of | [`Framer::parts`](crate::framing::Framer::parts), and `paint` in `framing.rs` |
//! | where a token of a head lies | `Places` in `http/wire/messages/head.rs`, `Fields::places`; `ChunkPlace` in `chunked.rs` |
//! | which response answers which request | `exchange.rs`; the machine is `http::wire::Connection` |
//! | what follows what | the drawing in `conversation.rs` and [`Conversation`]; `tests/wire/trace/exchanges.rs` |
//! | a message, an extension or a number of TLS | `body` in `tls/handshake.rs`, `content` in `tls/extensions.rs`, the tables in `tls/codes.rs`; `tests/wire/trace/tls.rs` |
//! | a field of a certificate | `label` in `tls/certificate.rs` |
//! | how compressed bytes are explained | `compressed.rs`, `compressed/items.rs`, and `deflate/watch.rs`; `tests/wire/trace/compressed.rs` |
//! | how spans are written down | the file of the rendering in `render/`; `tests/wire/trace/rendered.rs` and `tests/wire/trace/lessons/` |
//! | another rendering | a file in `render/` that implements [`Rendering`](render::Rendering) |
//! | what a value means to a reader | a row of `MEANINGS` in `meanings.rs`, and its Chinese in `words/` |
//! | which characters are written out | `is_unprintable` in `shown.rs` |
//! | how many conversations are followed at a time | `MOST_LIVE` in `explainer.rs` |
//! | what may pass, beside bytes | [`What`] in `event.rs`; `explainer.rs`, `capture/writer.rs`, [`Recorder`](super::Recorder) |
//! | how a capture is written or read | the table on the page of [`capture`] |
//! | another protocol | a file beside `websocket.rs` with a `step`, a `Stage` in `side.rs`, and where it begins in `conversation.rs` |
//!
//! # Exercises
//!
//! 1. `seen` in `websocket.rs` keeps up to three bytes of a text back. Paint them at once: which test fails, and with
//!    which two cuts of the same bytes?
//! 2. A client sends `Upgrade: websocket` and its first frame in one packet, and the server answers 200. What is the
//!    frame then, and which leaf names the rule?

pub mod capture;
mod compressed;
mod content;
mod conversation;
mod datagram;
mod event;
mod exchange;
mod explainer;
mod framing;
mod http;
mod labels;
mod layer;
mod meanings;
mod protocol;
pub mod render;
mod secrets;
mod shown;
mod side;
mod span;
mod step;
mod tls;
mod websocket;
mod words;

pub use conversation::{Conversation, Spans};
pub use datagram::datagram;
pub(super) use event::between;
pub use event::{Event, Notice, What};
pub use explainer::Explainer;
pub use framing::Framing;
pub use labels::Label;
pub use layer::{Direction, Layer};
pub use protocol::Protocol;
pub use span::{Explained, Note, Span};
pub use words::{Language, rule_sentence};
