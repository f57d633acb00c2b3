//! WebSocket: messages both ways over one connection, at any time (the book's 7.4).
//!
//! Whole programs: [`chat`](crate::cookbook::chat), [`reconnect`](crate::cookbook::reconnect).
//!
//! ```
//! use barewire::{http, websocket};
//!
//! // One port for pages and WebSockets.
//! fn handler(req: http::Request, res: http::Response) -> http::Handled {
//!     if !websocket::is_asked_for(&req) {
//!         res.end("a page\n")?;
//!         return Ok(());
//!     }
//!     if let Some(ws) = websocket::accept(req, res)? {
//!         ws.on_message(|socket, data| {
//!             println!("{data:?}");
//!             let _ = socket.send("yakexi"); // a peer that has left ends the conversation, too
//!         });
//!     }
//!     Ok(())
//! }
//!
//! let server = http::create_server(handler).listen("127.0.0.1:0")?; // the book's port is 12010
//!
//! let mut ws = websocket::connect(&format!("ws://{}/updates", server.local_addr()))?;
//! ws.send("hello world!")?;
//! assert_eq!(ws.receive()?.unwrap(), "yakexi");
//! assert!(ws.close(1000, "")?.clean);
//! # server.shutdown(std::time::Duration::from_secs(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which call for what
//!
//! | to | call |
//! |---|---|
//! | serve: a handler gets the connection | [`accept`]; with subprotocols, origins, limits: [`Acceptor`] |
//! | open one to `ws:` | [`connect`], [`connect_with`] |
//! | open one to `wss:`, or serve it | [`https::websocket`](fn@crate::https::websocket), [`https::create_server`](crate::https::create_server) with the same handler |
//! | receive and answer on one thread | [`WebSocket::receive`] in a loop, or [`WebSocket::on_message`] |
//! | receive for a while, then do something else | [`WebSocket::receive_within`] |
//! | send from other threads | [`WebSocket::writer`], which can be cloned; or [`WebSocket::split`] |
//! | send to many | [`Room`] |
//! | compress messages | [`Config::deflate`] |
//! | a line of a log for each connection | [`Acceptor::on_finish`], [`ConnectOptions::on_finish`] |
//! | end it: in order, at once | [`WebSocket::close`], [`Writer::close`]; [`Writer::terminate`] |
//!
//! **How a handler ends.** `receive` returns `None` when the peer has closed the connection in order, and an error when
//! the peer has broken a rule or has vanished. A handler may end with `?` on each of them: an [`Error::Peer`] and an
//! [`Error::Io`] concern this peer, and the server does not report them as failures of the handler; an
//! [`Error::Misuse`] is one. When both halves are dropped, the connection is closed with 1001.
//!
//! # The problem
//!
//! Both sides send at any time. A program with one thread for each connection must read and write at once,
//! and a peer that reads nothing must not keep us from reading: else two programs that are both sending wait
//! for each other for ever. A ping must be answered soon, also while a long message is being sent in parts. And both
//! sides have to agree on the end, or the last message is lost.
//!
//! # The bytes on the wire
//!
//! [`wire`] draws them. Seen as threads, a connection is two halves that meet in the frame queue:
//!
//! ```text
//!   stream ──▶ read buffer ──▶ receiver ──▶ message              Reader: one thread
//!                                  │ ping, Close
//!                                  ▼
//!   stream ◀── in flight ◀──── frame queue ◀── send, send …     Writer: any thread, clones
//! ```
//!
//! # The rules
//!
//! 1. The reading thread never waits for the peer to read. A pong or a Close frame is queued. It leaves at
//!    once if the socket takes it; else the thread that has the write turn sends it behind its current frame
//!    and what was queued before, or a short-lived flush thread does. A message of [`Writer::send`] is one
//!    frame, so a pong waits for its end; between the [`Parts`] of a message it does not. (What
//!    a handler on that thread passes to [`Writer::send`] is waited for, as on every other thread.)
//! 2. [`Writer::send`] waits until its message has left, unless it is coalesced (rule 4). [`Writer::try_send`] and [`Room::send`] never
//!    wait: from the high-water mark on, `try_send` sends nothing, and a room skips that member or, from `max_buffered` on,
//!    closes it ([`Slow`]).
//! 3. Frames leave whole, one after another. A pong stands between two frames, never inside one.
//! 4. Messages that the reading thread sends while whole frames are in the read buffer are coalesced: they
//!    leave together, a millisecond or two later at the latest.
//! 5. A small message and its answer need one read and one write. A message is unmasked in the read buffer
//!    and borrowed from there. In the steady state nothing is allocated.
//! 6. A connection that is quiet for a second gives its buffers back.
//! 7. After our Close frame nothing is sent. The peer has [`Config::close_timeout`] to answer it. Then
//!    the server ends TCP first, and both sides read until the other's FIN, so that no reset destroys what
//!    was sent last. A connection that is dropped without a Close frame ends in the same way, with 1001.
//!    [`Writer::terminate`] cuts the connection instead, from any thread and at any moment: no thread waits on.
//! 8. A peer that breaks a rule gets a Close frame that names the rule. What it sends after that is dropped.
//! 9. A message is compressed by the thread that sends it, before that thread takes the lock of the queue: nothing else
//!    waits for a compression. A [`Room`] compresses a message once for all members.
//! 10. A server that [stops](crate::net::Handle::shutdown) sends 1001 on every connection, with the reason "the server is stopping".
//!     One that [restarts](crate::net::Shutdown::restart) sends 1012, "the server is restarting", on one connection after the other.
//!
//! Each limit and deadline of [`Config`] is on from the start:
//!
//! | the peer | what happens | setting |
//! |---|---|---|
//! | sends a message that is too long (of a compressed one, what comes out of it counts) | 1009 beyond 16 MiB | `limits.message_bytes` |
//! | begins a message and sends no more of it, or less than 256 bytes a second | 1008 after 30 s | `stall_timeout`, `min_bytes_per_second` |
//! | sends pings and reads nothing | one pong for many pings | |
//! | reads nothing, or less than 256 bytes a second | the connection is cut after 30 s | `stall_timeout`, `min_bytes_per_second` |
//! | reads less than we send | from 64 KiB on `try_send` returns false, and a room of [`Slow::Skip`] skips it | `high_water_mark` |
//! | reads less than a room of [`Slow::Close`] sends | 1008 beyond 16 MiB | `max_buffered` |
//! | is silent | a ping after 30 s; the connection is cut 30 s after that | `heartbeat_interval`, `heartbeat_timeout` |
//! | does not answer a Close frame | the connection is cut after 10 s | `close_timeout` |
//! | does not answer the handshake | an error after 10 s | [`ConnectOptions::handshake_timeout`] |
//! | still sends at the end | 2 s or 8 MiB are read and dropped | `linger_timeout`, `linger_bytes` |
//!
//! # What compression costs
//!
//! permessage-deflate is off unless [`Config::deflate`] is set *and* the peer wants it, too. Memory of a connection beside what it has
//! without it:
//!
//! | | in a message | between two messages |
//! |---|---|---|
//! | it receives | a decompressor: 9 KiB, and as much as the message is long, up to 65 KiB (window of 15 bits) or 33 KiB (9 bits) | nothing: a pool for all connections keeps up to 8 |
//! | … with `receive_takeover` | the same | the same, always |
//! | it sends | a compressor: 264 KiB (window of 15 bits) or 24 KiB (9 bits) | nothing: that pool keeps up to 8 |
//! | … with `send_takeover` | the same | the same, always |
//!
//! Measured by `tests/bench/idle.py`, 2,000 WebSockets of the echo demo that have answered one message of 600 bytes, resident
//! memory of each in the server: 18.4 KiB without compression, 20.0 KiB with it, 89 KiB with both context takeovers.
//!
//! # What a panic does
//!
//! No panic leaves a thread waiting, and none reaches another connection.
//!
//! | where | what happens |
//! |---|---|
//! | the filter of [`Acceptor::origins`] | no 101 is sent; the HTTP server answers as after a panic in a handler |
//! | `onopen`, `onmessage`, `onerror` | Close frame with 1011 (if none was sent), then `onclose` (with the code of the peer's Close frame, or 1006 if none came), then the panic goes on in the caller of [`WebSocket::run`] |
//! | `onclose` | the connection is over; the panic goes on in the caller of `run` |
//! | a handler that calls [`Reader::receive`] itself | the halves are dropped: Close frame with 1001, and what was sent before still arrives |
//! | a thread that has an unfinished [`Parts`] | its drop closes the connection with 1011, if a part was sent |
//! | a stream (yours or a test's), in a write | the connection fails: every waiting sender gets an error. The panic goes on in the thread that called, ends a flush thread, and is caught in [`Room::send`] and in the clock thread |
//! | a stream, in a read | as in a handler at the same place |
//!
//! In a server, the HTTP server's thread catches the panic and serves the next connection: see the table in
//! [`http::ServerEvents`](crate::http::ServerEvents). There is no event for pings, so no code of yours runs for one.
//!
//! # Which file to read first
//!
//! [`wire`] is the protocol without a socket. Then [`queue`]: which thread writes which bytes, as a machine
//! without threads (`queue/model.rs` tries all interleavings; alone: `cargo test --lib websocket::queue::model`); and [`outgoing`], the lock and the writes
//! around it. [`receiving`] is the other half (`receiving/within.rs`: with a deadline), with [`frame_buffer`], its buffer, [`heartbeat`], and
//! [`ending`], the close. [`connection`] is what both halves share. A connection begins in [`mod@accept`] or
//! [`mod@connect`]. [`socket`], [`reader`], [`writer`] and [`events`] are the public types, in the book's words,
//! [`as_data`] is what can be sent, and [`broadcast`] is a room full of connections. [`compressor`] is how messages are
//! compressed, whoever sends them, and stay in order. [`summary`] is what a log gets of a connection.
//!
//! # To change X, touch Y
//!
//! | to change | touch |
//! |---|---|
//! | what is refused, its close code or status, its words | a line of `rules!` in `wire/error.rs`, the decoder that sees it, and a case in `fixtures/websocket/` (`tests/wire` finds a rule without one) |
//! | which close codes may be sent | [`CloseCode::new`] and the table above it in `wire/close.rs`, the row `CloseCode` in `wire/misuse.rs`; the test in `close.rs` tries all 65,536; `fixtures/websocket/close.txt` |
//! | what a caller is refused | a line of `rules!` in `wire/misuse.rs`, and the function in `wire/` that checks it |
//! | which types can be sent | `as_data.rs`, and its test |
//! | a limit of messages | [`Limits`] in `wire/message.rs`, `Frames::count` in `wire/connection/frames.rs`, where the limits are passed (`receive.rs`), `tests/fuzz/src/targets/message.rs`, `src/bin/ws_server/routes.rs`, the heads of the files in `fixtures/websocket/`, which a test wants equal |
//! | a deadline, or any default | `config.rs`; `tests/rows/docs/defaults.rs` names the tables that repeat it |
//! | what may follow what on a connection | the table in `wire/connection/state.rs`, and `fixtures/websocket/states.txt` |
//! | what a reserved bit means, an extension | `judge_bits` in `wire/connection/frames.rs`; [`wire::Offer::answer`] and [`wire::Opening::check`] |
//! | how messages are compressed | `wire/deflate/`: the parameters in `params.rs`, with the cases in `fixtures/websocket/{requests,responses,deflate}.txt`; which thread does it, `compressor.rs` and `outgoing/compressed.rs`; the options, `PerMessageDeflate` in `wire/deflate.rs` |
//! | a field of the handshake | `wire/handshake/offer.rs` (server), `wire/handshake/opening.rs` (client) |
//! | which web pages may connect (`Origin`) | [`Acceptor::same_origin`] and [`Acceptor::origins`] in `accept.rs`; without them, all may. What is the same: `wire/handshake/origin.rs`, and `fixtures/websocket/requests.txt` |
//! | an event | `events.rs`: the trait, and `run`, which calls it |
//! | which thread writes, and which one waits | `queue.rs` and the job in `queue/job.rs`; then the model, and `make schedules` |
//! | how frames are coalesced | `outgoing/coalesce.rs`; the millisecond: `net/delayed_flush.rs` |
//! | a receive with a deadline | `receiving/within.rs`; what it returns: `incoming.rs` |
//! | when a peer is too slow | `net/pace.rs`; for writes `outgoing/peer_pace.rs`, for reads `receiving.rs` |
//! | pings and the heartbeat | `heartbeat.rs` decides, `outgoing/pings.rs` sends, `receiving.rs` waits |
//! | how a connection ends, how it is cut | `ending.rs`, `outgoing/closing.rs`; each order of a cut and the other steps: `queue/model.rs` |
//! | what a log gets of a connection | `summary.rs`; the threads that find the end: `report` in `outgoing/closing.rs`; what is counted: `outgoing.rs`, `receiving.rs` |
//! | what `wss:` needs | `https/`: there TLS options reach [`connect_with`] as a connector, and nothing here changes |
//!
//! # Two exercises
//!
//! 1. Let the reading thread wait for the write turn before it sends a pong. Which row of
//!    `tests/rows/websocket` fails, and which two threads wait for each other then?
//! 2. In `queue.rs`, give the write turn back without checking the queue again. Whose frame stays behind,
//!    and which test of the model finds it?

pub mod wire;

mod accept;
mod as_data;
mod broadcast;
mod compressor;
mod config;
mod connect;
mod connection;
mod ending;
mod error;
mod events;
mod frame_buffer;
mod heartbeat;
mod incoming;
mod outcome;
mod outgoing;
mod queue;
mod reader;
mod receiving;
mod socket;
mod summary;
mod writer;

pub use accept::{Acceptor, accept, is_asked_for};
pub use as_data::AsData;
pub use broadcast::{Delivered, Room, Slow};
pub use config::Config;
pub use connect::{ConnectOptions, connect, connect_with};
pub use error::Error;
pub use events::SocketEvents;
pub use incoming::{Incoming, Part};
pub use outcome::Outcome;
pub use reader::{PartReader, Reader};
pub use socket::WebSocket;
pub use summary::Summary;
pub use wire::{CloseCode, Data, Kind, Limits, Misuse, OwnedData, PerMessageDeflate};
pub use writer::{Parts, Writer};
