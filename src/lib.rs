//! # barewire: how does this protocol really work?
//!
//! The network chapter of 《深入浅出Node.js》 built again from the bytes up, in blocking Rust: `std`
//! threads, one for each connection, hand-written parsers, no `unsafe`. Every protocol can be
//! *read* in an evening, and the result can be *used*: a small, strict, fast server and client.
//!
//! ```
//! use barewire::http;
//! use std::io::{Read, Write};
//!
//! // The book's server …
//! fn handler(_req: http::Request, res: http::Response) -> http::Handled {
//!     let res = res.write_head(200, [("Content-Type", "text/plain")])?;
//!     res.end("Hello World\n")
//! }
//!
//! let server = http::create_server(handler);
//! let handle = server.listen("127.0.0.1:0")?; // the book's port is 1337
//!
//! // … and a client for it.
//! let port = handle.local_addr().port().unwrap();
//! let mut answer = http::get(&format!("http://127.0.0.1:{port}/"))?;
//! assert_eq!(answer.status(), 200);
//! assert_eq!(answer.header("Transfer-Encoding"), Some("chunked"));
//! assert_eq!(answer.collect()?, b"Hello World\n");
//!
//! // What that looks like on the wire.
//! let mut client = std::net::TcpStream::connect(("127.0.0.1", port))?;
//! client.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
//! let mut bytes = String::new();
//! client.read_to_string(&mut bytes)?;
//! assert!(bytes.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: "));
//! assert!(bytes.ends_with("Transfer-Encoding: chunked\r\n\r\nc\r\nHello World\n\r\n0\r\n\r\n"));
//!
//! let report = handle.shutdown(std::time::Duration::from_secs(1));
//! assert_eq!(report.cut, 0);
//! # Ok::<(), http::Error>(())
//! ```
//!
//! # Where to start using it
//!
//! The [`cookbook`] has whole programs that can be pasted. Door by door:
//!
//! | to do this | call this | and then |
//! |---|---|---|
//! | serve HTTP | [`http::create_server`]`(handler).listen("127.0.0.1:1337")` | a handler is a `fn(http::Request, http::Response) -> http::Handled`; [`http::Config`] has the limits |
//! | serve files | [`http::Files`]`::new(root)`, inside a handler | ranges, conditions and types are its work |
//! | send an HTTP request | [`http::get`]`(url)`; [`http::request`]`(options)` for all else | [`http::ClientResponse::collect`], or read it as it comes |
//! | many requests, connections kept | [`http::Agent`] in [`http::RequestOptions`] | five sockets an origin; the others queue |
//! | the same over TLS | [`https::create_server`], [`https::get`], [`https::Agent`] | only the options of the certificates differ |
//! | accept a WebSocket | [`websocket::accept`]`(req, res)`, inside a handler | [`websocket::WebSocket::split`] into a reader and a writer; [`websocket::Room`] for many |
//! | open a WebSocket | [`websocket::connect`]`("ws://…")`, [`https::websocket`]`("wss://…")` | `receive`, `send`, `close` |
//! | serve TCP or a Unix socket | [`net::create_server`]`(\|socket\| …)` | [`net::Socket`] reads and writes, or calls [`net::SocketEvents`] |
//! | connect to one | [`net::connect`](net::connect())`("localhost:8124")`, `"unix:/tmp/echo.sock"` | the same [`net::Socket`] |
//! | a protocol of lines, or of messages | [`net::Framed`]`::new(socket, Delimiter::CRLF)` | `receive`, `send`, `on_message`; other framers: [`framing`] |
//! | the same over TLS | [`tls::create_server`], [`tls::connect`] | the same [`net::Socket`] |
//! | send and receive datagrams | [`udp::create_socket`]`(Family::V4).bind(41234)` | [`udp::Socket::on_message`], `send`; [`udp::Requester`] asks again when one is lost |
//! | stop a server in good order | [`net::Handle::shutdown`]`(deadline)` | the report says how many connections were cut; a stream or a long poll looks at [`http::Response::is_stopping`] |
//! | serve with several processes, and replace them | [`cluster::setup_master`]`()` in the parent, [`cluster::worker`](cluster::worker())`()` in a worker | [`cluster::Cluster::restart`] loses no request |
//! | accept on a socket that other processes have, too | [`net::Listener::shared`], [`net::Listener::from_stdin`] | [`net::Shutdown::restart`] ends one of them without a loss |
//! | wait, but not for ever | the method `…_within(time)` beside the one without | `None`, `false` or [`net::Incoming::Nothing`]: not yet |
//! | test without a network | [`net::pipe`](net::pipe()), `answer_to` of a server | [`net::Faulty`] and [`udp::Faulty`] misbehave on purpose |
//! | see what passes | the option `tap` of a server or a client, with a [`trace::Recorder`] | it explains each byte, and writes captures for Wireshark; with a closure, see [`net::Observer`] |
//!
//! # The map
//!
//! `ls src` is the book's table of contents: one public module, a *door*, for each protocol.
//!
//! | door | section of the book | what is behind it |
//! |---|---|---|
//! | [`net`] | 7.1 TCP | server, client and the book's events; streams (TCP, Unix, in memory), the listener and its threads, stopping; streams that stand on a stream: one that shows what passes, one that misbehaves on purpose |
//! | [`framing`] | 7.1 TCP | sticky packets: how to find messages in a stream |
//! | [`text`] | 7.1 TCP | characters that a chunk cuts in two |
//! | [`deflate`] | 7.3 HTTP | compression both ways, from the bits up: DEFLATE, gzip |
//! | [`udp`] | 7.2 UDP | the book's `dgram`, and requests that survive loss |
//! | [`http`] | 7.3 HTTP | the server, static files, the client and its agent; [`http::wire`]: the protocol itself; [`http::pool`]: the agent's pool |
//! | [`websocket`] | 7.4 WebSocket | both roles on a port shared with HTTP, read and written at once; [`websocket::wire`]: the protocol itself |
//! | [`tls`] | 7.5 TLS | certificates, and what is wrong with bad ones; sessions, names; a stream that is read and written at once; [`tls::wire`]: what can be read without keys |
//! | [`https`] | 7.5 HTTPS | `http` and `websocket` over `tls`: only the certificate options differ |
//! | [`cluster`] | processes | several processes on one port: workers that are started again, messages between them, a restart that loses nothing |
//! | [`trace`] | all sections | every byte explained, with its rule ([`trace::wire`]); a recorder, captures, replay |
//!
//! Behind each door, `wire/` is **bytes and rules**: no socket, no thread, no lock, no clock, no
//! randomness (time and keys are arguments). The files beside it are the drivers, which wait on a
//! socket. A file is one idea, named by the RFC's word for it. Four files stand beside the doors and
//! serve all of them: `wire.rs` (how a refusal names its rule), `setters.rs` (methods that set an option), `random.rs`
//! (the one source of unpredictable bytes: masks of WebSockets, seeds of hashing) and `pool.rs` (compressors, kept for
//! the next message or response).
//!
//! # Where to start reading
//!
//! 1. [`framing`] is the smallest chapter: bytes in, messages out, and every way to be wrong.
//! 2. [`http::wire`] opens with an exchange, byte by byte, and says which file to read first.
//! 3. [`http`] shows the life of a connection: what is sent when, and which thread waits for what.
//! 4. [`net`] shows why a thread that waits in `accept` should serve what it accepts, and
//!    [`net::costs`] what a connection costs.
//! 5. [`deflate`] has no protocol under it and is read like a puzzle: five bytes, drawn bit by bit.
//!
//! [`limits`] has all limits and deadlines in one place, and [`operation`] what it takes to run a server for long. To change something, look at the table "To change X, touch Y" on the page of the door.
//!
//! # What is covered by semantic versioning
//!
//! Before 1.0.0 a minor version (0.2.0) may change what is listed here, and the changelog says how to follow; a
//! patch (0.1.1) does not. From 1.0.0 on, a major version is needed.
//!
//! 1. **The face**: the eleven doors, with all that rustdoc shows behind them, except `wire` modules, and [`cookbook`],
//!    which has text and no items.
//! 2. **What is public of `wire`** ([`http::wire`], [`websocket::wire`], [`tls::wire`], [`udp::wire`],
//!    [`trace::wire`]) is so on purpose: the decoders and encoders of each protocol, the tables of its connections, its
//!    rules. They are for readers, for fuzzers, and for a program that brings its own I/O. They follow the same rule;
//!    before 1.0.0 they are the part that is the most likely to change. `wire.rs`, `setters.rs`, `random.rs` and
//!    `pool.rs` are private.
//! 3. **Enums and structs that will grow are `#[non_exhaustive]`**: errors, rules, codes, addresses, encodings, events of a tap. A
//!    `match` on one needs a last arm `_`. Enums that are complete ([`net::Family`], [`net::Incoming`]) are not.
//! 4. **Settings** ([`http::Config`], [`http::Timeouts`], [`websocket::Config`], [`net::Options`], [`net::ConnectOptions`],
//!    `Limits`) have public fields, and a minor version may add one. They cannot be `#[non_exhaustive]`, because the
//!    language then forbids the way in which they are built. So always end with the default:
//!    `net::Options { max_connections: 100, ..Default::default() }`.
//! 5. **The oldest Rust** is the `rust-version` in `Cargo.toml`. A newer one is a minor version.
//! 6. **Features**: there are none. What is built is always the same.
//!
//! A minor version may change without further notice: the text of an error (its kind, rule, code or status is the
//! promise); the default of a limit or a deadline; what is refused, where an RFC asks for it and barewire was too lenient;
//! the number of threads, reads and writes; what [`Debug`](std::fmt::Debug) prints.
//!
//! # Verbs
//!
//! - A decoder is shown bytes and keeps its place: `decode(&mut self, &[u8]) ->
//!   Result<Option<usize>, Error>`. `None` is "not yet", `Some(n)` is "the first `n` bytes", and
//!   an error blames the peer: what was got, where, the rule, `"RFC 9112 §6.3"`.
//! - An encoder appends: `encode(&self, &mut Vec<u8>)`. It cannot fail, because what cannot be
//!   encoded cannot be built; trying is a [`Misuse`](http::wire::Misuse), which blames the caller.
//! - A connection is a table: one `match` arm for each arrow of the diagram above it.
//!
//! # Invariants
//!
//! Checked on every path that `src/` names, in `tests/layering/`:
//!
//! 1. A `wire/` file, as each of `framing`, `text` and `deflate`, names only others of them, and nothing that waits, ticks or shares. (The renderings and
//!    captures of `trace/wire` write to and read from what they are given: it may be a file.)
//! 2. `net` knows no protocol, only what is bytes and rules under all of them (`framing`, `text`); `http` knows
//!    neither `websocket` nor `tls`; only `trace/wire` knows all `wire/` folders, `cluster` knows only `net`, and no other door knows `trace` or `cluster`.
//! 3. The server never names the client, nor the client the server.
//! 4. A package from outside is named where it belongs and nowhere else.
//! 5. Whether we are client or server is asked in one file of a protocol: `http/wire/connection.rs` and
//!    `websocket/wire/connection/role.rs`.
//! 6. No two files name each other, and no longer circle of files leads back to its first one.
//!
//! # Glossary
//!
//! The protocols' own terms (*field line*, *chunk*, *frame*, *record*) are explained where their bytes are
//! drawn.
//!
//! | term | what it means here | where |
//! |---|---|---|
//! | agent (代理) | the client's pool of connections: five an origin, the other requests wait in its queue | [`http::Agent`] |
//! | back pressure | a writer waits, or hears `false`, because the peer reads too slowly | [`net::Socket::write`] |
//! | backlog | connections that the kernel has accepted and no thread has taken yet | [`net::Listener`] |
//! | coalesce | to send several small responses or frames in one `write` | [`http`], `websocket/outgoing/` |
//! | cut | of a connection: ended without an orderly end, so the peer may miss what was pending; of a message: divided between two reads | [`net::Stream::abort`] |
//! | deadline, timeout | how long something may take: a deadline is over all of it, a timeout begins anew with each step | [`http::Config`], [`http::Timeouts`] |
//! | event, hook | a method with the book's name that barewire calls: `data`, `drain`, `onmessage` | [`net::SocketEvents`], [`http::ServerEvents`], [`websocket::SocketEvents`] |
//! | flush | to send now what is pending | [`http::Response::flush`] |
//! | half-close | to end one's own direction (FIN) and still read | [`net::Stream::shutdown`] |
//! | high-water mark | the number of unsent bytes from which `write` returns false | [`net::Socket::write`], [`websocket::Config`] |
//! | idle timeout, stall timeout | the longest time without any traffic; the longest time in which a transfer that has begun makes no progress, or too little | [`http::Config`], [`websocket::Config`] |
//! | in flight | bytes that a thread is writing at this moment, outside the lock | `net/socket/`, `tls/stream/` |
//! | layer | a stream that stands on another and passes on what it does not change; the stream *below* is nearer to the network | [`net::Layer`] |
//! | lingering close | half-close, then read and drop for a while, so that the last answer is not destroyed by a reset | `net/linger.rs` |
//! | machine | a decision without sockets, threads and clocks: events in, steps out; tried in all interleavings | `http/wire/connection.rs`, `websocket/queue.rs`, `net/workers.rs`, `cluster/fleet.rs` |
//! | parent, worker | the process that holds the listening socket, and one of those that accept from it | [`cluster`] |
//! | pending | accepted from the caller, and not sent yet | `http/server/exchange/`, `websocket/queue.rs` |
//! | pipelining | the client sends a request before the previous response has come | [`http`] |
//! | pace | how slow a peer may be: the least number of bytes in a stretch of waiting | `net/pace.rs` |
//! | queue (send, frame, response) | what is to be sent, in order, under one lock | `net/socket/queue.rs`, `websocket/queue.rs`, `http/server/exchange/response_queue.rs` |
//! | refusal | of a request or a handshake: the response with the rule that was broken; of a tunnel or a WebSocket: the response that a client gets in its place | [`http::Refusal`], `http/server/events.rs` |
//! | row | one line of the chapter's list of what must work, such as N05 (TCP), S (framing), U (UDP), H (HTTP server), A (client), W (WebSocket), T (TLS), P (processes): tests are named `row_n05_…` | `tests/rows/` |
//! | slot, of an agent | the right of one request to one of the connections to its origin; others call it a lease | [`http::pool::Slot`] |
//! | slot, of a server | a connection's place among `max_connections`; it travels with the stream that is handed over | [`net::Slot`] |
//! | span, leaf, note | bytes and what they are; a span without parts; what is derived from a leaf | [`trace::wire::Span`] |
//! | stale | of a socket file: left behind by a server that ended without removing it | [`net::Listener::bind`] |
//! | sticky packets (粘包) | two messages arrive in one `read`, or one in two | [`framing`] |
//! | tap, observer | a layer that shows what passes; what it shows it to | [`net::Tap`], [`net::Observer`] |
//! | turn to accept | the right to accept from a socket that several processes share; one process has it, and it goes round | [`cluster`], [`net::Turn`] |
//! | unfold | to replace each fold of a field value that spans several lines by one space | `http/wire/messages/section.rs` |
//! | write turn | the right to write to the stream; one thread has it, and the state lock is not held meanwhile | `net/socket/`, `websocket/queue.rs`, `tls/stream/` |
//! | zone | the network interface of a link-local IPv6 address: `%eth0` in `fe80::1%eth0`; no URL has one | `net/reach/literal.rs` |
//!
//! # What the notes get wrong
//!
//! The reading notes of the book that this crate follows are old in places, and wrong in some. barewire
//! numbers these errata from E01 to E47; a number that is missing concerns Node.js alone. Each has a
//! sentence on the page it belongs to, and a test `erratum_e…` where it can be tested.
//!
//! | | the notes say | in fact | page |
//! |---|---|---|---|
//! | E01, E02 | a WebSocket's payload length counts bits | it counts bytes: 12 and 6 | [`websocket::wire`] |
//! | E03 | masking is encryption | the key is in the frame; masking protects the proxies between | [`websocket::wire`] |
//! | E04 | the key is made of the time | it is 16 random bytes | [`websocket::wire`] |
//! | E05 | the client computes the expected Accept; what follows the head is dropped | it compares it; the bytes behind the head are the first frames | [`websocket::wire`] |
//! | E06 | Accept is the hash of the key | of the key *and* the GUID | [`websocket::wire`] |
//! | E08 | `drain` follows every write | it follows the emptying of a *full* queue | [`net::SocketEvents`] |
//! | E09 | `end` is either side's FIN | it is the peer's FIN, read | [`net::SocketEvents`] |
//! | E10 | `set_no_delay` cures sticking on one side | on neither: TCP has no messages, only framing makes them | [`framing`] |
//! | E13 to E18 | code for four framers | it pads, splits, loses or corrupts messages, reads lengths signed, and shares one parser among all connections | [`framing`] |
//! | E19 | HTTP is RFC 2616 | it is RFC 9110 and RFC 9112 | [`http::wire`] |
//! | E20 | after a 100 the client sends again | it *continues* the same request | [`http::ServerEvents`] |
//! | E22 | a client that waits for a 100 is refused with 400 | any final status refuses it; an unknown expectation gets 417 | [`http::ServerEvents`] |
//! | E23 | an `Upgrade` that no hook takes closes the connection | it is served as a plain request | [`http::ServerEvents`] |
//! | E25 | five sockets an origin is Node's default | it was; here it is, on purpose | [`http::pool`] |
//! | E26 | `agent.sockets` is a number | it is a list; our gauges say what they count | [`http::pool`] |
//! | E29 | Content-Length is not checked | it is, both ways | [`http::Response`] |
//! | E32 | the public key encrypts the data | it authenticates; ephemeral keys agree, an AEAD seals | [`tls`] |
//! | E33 | RSA of 1024 bits | is refused | [`tls::Code`] |
//! | E34 | commands that make X.509 v1 | are refused, and the error says how to make a good certificate | [`tls::Code`] |
//! | E35 | the Common Name must match | subjectAltName must | [`tls`] |
//! | E36 | a certificate issued by a CA is self-signed | the CA's own is | [`tls`] |
//! | E37 | a server that asks for certificates prints `unauthorized` | only if it does not *require* them | [`tls`] |
//! | E41 | a closed UDP socket can be bound again | make a new one | [`udp`] |
//! | E43 | `set_header` and `write_head` lose their effect after the head | they are errors | [`http::Response`] |
//! | E44 | `connect` needs a 200 | any 2xx opens the tunnel | [`http::ClientEvents`] |
//! | E45 | a body can be used after its `end` | it streams | [`http::Request`] |
//! | E46 | the server names a subprotocol that the client did not offer | the client fails the connection | [`websocket::wire`] |
//! | E47 | switching verification off is a solution | passing the CA is | [`tls`], [`https`] |
#![forbid(unsafe_code)]

pub mod cluster;
pub mod cookbook;
pub mod deflate;
pub mod framing;
pub mod http;
pub mod https;
#[doc = include_str!("limits.md")]
pub mod limits {}
pub mod net;
#[doc = include_str!("operation.md")]
pub mod operation {}
mod pool;
mod random;
mod setters;
pub mod text;
pub mod tls;
pub mod trace;
pub mod udp;
pub mod websocket;
mod wire;

/// The examples of the README, compiled and run with the others.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
