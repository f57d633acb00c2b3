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
//! let server = http::create_server(|_req, res| {
//!     res.write_head(200, [("Content-Type", "text/plain")])?.end("Hello World\n")
//! });
//! let handle = server.listen("127.0.0.1:0")?; // the book's port is 1337
//!
//! // … and who asks it.
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
//! # The map
//!
//! `ls src` is the book's table of contents: one door for each protocol.
//!
//! | door | section of the book | what is behind it |
//! |---|---|---|
//! | [`net`] | 7.1 TCP | server, client and the book's events; streams (TCP, Unix, in memory), the listener and its threads, stopping; a stream that misbehaves on purpose |
//! | [`framing`] | 7.1 TCP | sticky packets: four ways to find messages in a stream |
//! | [`text`] | 7.1 TCP | characters that a chunk cuts in two |
//! | [`udp`] | 7.2 UDP | the book's `dgram`, and requests that survive loss |
//! | [`http`] | 7.3 HTTP | the server, static files, the client and its agent; [`http::wire`]: the protocol itself; [`http::pool`]: the agent's |
//! | [`websocket`] | 7.4 WebSocket | both roles on a port shared with HTTP, read and written at once; [`websocket::wire`]: the protocol itself |
//! | [`tls`] | 7.5 TLS | certificates and what is said of bad ones, sessions, names; a stream that is read and written at once; [`tls::wire`]: what can be read without keys |
//! | [`https`] | 7.5 HTTPS | `http` and `websocket` over `tls`: only the certificate options differ |
//!
//! Behind each door, `wire/` is **bytes and rules**: no socket, no thread, no lock, no clock, no
//! randomness (time and keys are arguments). The files beside it are the drivers, which wait on a
//! socket. A file is one idea, named by the RFC's word for it.
//!
//! # Where to start reading
//!
//! 1. [`framing`] is the smallest chapter: bytes in, messages out, and four ways to be wrong.
//! 2. [`http::wire`] opens with an exchange, byte by byte, and says which file to read first.
//! 3. [`http`] shows the life of a connection: what is sent when, and who may wait for what.
//! 4. [`net`] shows why a thread that waits in `accept` should serve what it accepts.
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
//! 1. A `wire/` file names only other `wire/` files, and nothing that waits, ticks or shares.
//! 2. `net` knows no protocol; `http` knows neither `websocket` nor `tls`.
//! 3. The server never names the client, nor the client the server.
//! 4. A package from outside is named where it belongs and nowhere else.
//! 5. Whether we are client or server is asked in one file of a protocol: its `wire/connection.rs`.
//!
//! # What the notes get wrong
//!
//! The reading notes that this crate follows are old in places, and wrong in some. Each erratum is
//! a sentence where it belongs, and a test where it can be one:
//!
//! - `drain` follows the emptying of a *full* queue, not every write (E08); `end` is the peer's FIN,
//!   read, and not either side's (E09): [`net::SocketEvents`].
//! - `set_no_delay` cures no sticking, on neither side: TCP has no messages, only framing makes them
//!   (E10): [`framing`].
//! - The code for the four framers pads, splits, loses or corrupts messages, reads its lengths
//!   signed, and shares one parser among all connections (E13 to E18): [`framing`].
//! - A closed UDP socket cannot be bound again; make a new one (E41): [`udp`].
//! - HTTP is defined by RFC 9110 and RFC 9112 now, not by RFC 2616 (E19).
//! - After a 100 the client *continues* the same request; nothing is sent again (E20). Refusing one
//!   that waits takes any final status, not just 400; an unknown expectation gets 417 (E22).
//! - An `Upgrade` that nobody takes is served as a plain request; nothing is closed (E23).
//! - Content-Length is checked, both ways (E29).
//! - `set_header` and `write_head` after the head are errors; they do not "lose their effect" (E43).
//! - A body streams; nobody has to wait for its `end` (E45).
//! - Five sockets an origin *was* Node's default, and is ours on purpose (E25); `agent.sockets` is
//!   no number there, and our gauges say what they count (E26): [`http::pool`].
//! - A WebSocket's payload length counts bytes: 12 and 6, not bits (E01, E02). Masking hides nothing,
//!   it protects what lies between (E03); the key is 16 random bytes (E04), Accept is compared and the
//!   bytes behind the head are the first frame (E05), Accept is made of key *and* GUID (E06), and a
//!   subprotocol that nobody asked for fails the client (E46): [`websocket::wire`].
//! - Public keys do not encrypt the data: they authenticate; ephemeral keys agree, and an AEAD seals
//!   (E32). The Common Name is not looked at, subjectAltName is (E35). What a CA has issued is not
//!   self-signed (E36), and whoever requires certificates never sees `unauthorized` (E37). Switching
//!   verification off is no solution, passing the CA is (E47): [`tls`].
//! - RSA of 1024 bits (E33) and X.509 v1, which the notes' commands make (E34), are refused, and the
//!   error says how to make a good one: [`tls::Code`].
//! - Any 2xx opens the tunnel that a CONNECT asks for, not only a 200 (E44): [`http::ClientEvents`].
#![forbid(unsafe_code)]

pub mod framing;
pub mod http;
pub mod https;
pub mod net;
mod random;
pub mod text;
pub mod tls;
pub mod udp;
pub mod websocket;

/// The examples of the README, compiled and run with the others.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
