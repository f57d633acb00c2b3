//! WebSocket: messages both ways over one connection, at any time (the book's 7.4).
//!
//! ```
//! use barewire::{http, websocket};
//!
//! // One port for pages and WebSockets; the book's is 12010.
//! let server = http::create_server(|req, res| {
//!     if !websocket::is_asked_for(&req) {
//!         return Ok::<(), http::Failure>(res.end("a page\n")?);
//!     }
//!     if let Some(ws) = websocket::accept(req, res)? {
//!         ws.on_message(|socket, data| {
//!             println!("{data:?}");
//!             let _ = socket.send("yakexi");
//!         });
//!     }
//!     Ok(())
//! });
//! let server = server.listen("127.0.0.1:0")?;
//!
//! let mut ws = websocket::connect(&format!("ws://{}/updates", server.local_addr()))?;
//! ws.send("hello world!")?;
//! assert_eq!(ws.receive()?.unwrap().text(), Some("yakexi"));
//! assert!(ws.close(1000, "")?.clean);
//! # server.shutdown(std::time::Duration::from_secs(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The problem
//!
//! Both sides send when they like, and read when they can. A program with one thread for each
//! connection must do both at once, and yet: a peer that reads nothing must not keep us from reading,
//! or two who are both sending wait for each other for ever. Pings want an answer at once, also in the
//! middle of a long message. And the end has to be agreed upon, or somebody misses the last word.
//!
//! # The bytes on the wire
//!
//! [`wire`] draws them. Seen as threads, a connection is two halves that meet in the outbox:
//!
//! ```text
//!   stream ──▶ read buffer ──▶ receiver ──▶ message         Reader: one thread, no lock
//!                                  │ ping, Close
//!                                  ▼
//!   stream ◀── pen ◀──────────── outbox ◀── send, send …    Writer: any thread, clones
//! ```
//!
//! # The rules
//!
//! 1. The reader never waits for the peer to read. What it owes is put into the outbox; it leaves at
//!    once, or by whoever holds the pen, or by a thread of its own.
//! 2. [`Writer::send`] waits until its message is on its way, [`Writer::try_send`] never: above the
//!    high-water mark it takes nothing.
//! 3. Nothing is withheld. Answers that the reader's thread gives while whole frames wait to be read
//!    leave together; a millisecond or two later they leave anyhow.
//! 4. One read and one write for a small message and its answer. Messages are unmasked where they were
//!    read and borrowed from there; in the steady state nothing is allocated.
//! 5. A connection that is quiet gives its buffers back.
//! 6. After our Close frame nothing is sent. The peer has [`Config::close_timeout`] to answer it. Then
//!    the server ends TCP first, and both read until the other's FIN, so that no reset destroys what
//!    was said last.
//! 7. A peer that breaks a rule is told which, and is no longer listened to.
//! 8. A server that [stops](crate::net::Handle::shutdown) says 1001 to everybody.
//!
//! | a peer that … | meets |
//! |---|---|
//! | sends a message that is too long | 1009 beyond 16 MiB |
//! | sends pings and reads nothing | one pong for many |
//! | takes nothing of what we send | the end after 30 s |
//! | does not answer a Close frame | the end after 10 s |
//! | does not answer the handshake | an error after 10 s |
//! | has vanished | the [heartbeat](Reader::heartbeat), where one was asked for |
//!
//! # Which file to read first
//!
//! [`wire`] is the protocol without a socket. Then `reader.rs`, with `intake.rs`, its buffer, and
//! `ending.rs`, the end; and `outbox.rs`, whose `outbox/pen.rs` decides who writes. `accept.rs` and
//! `connect.rs` are how it begins, `socket.rs`, `writer.rs` and `events.rs` the face, `broadcast.rs` a
//! room full of connections.
//!
//! # Two exercises
//!
//! 1. Let the reader wait for the pen before it sends a pong. Which row of `tests/ws_rows` fails, and
//!    which two threads wait for each other then?
//! 2. In `outbox/pen.rs`, lay the pen down without a look around. Whose frame is left behind, and when
//!    does it leave?

pub mod wire;

mod accept;
mod broadcast;
mod config;
mod connect;
mod ending;
mod error;
mod events;
mod frame_buffer;
mod outcome;
mod outgoing;
mod queue;
mod reader;
mod shared;
mod socket;
mod writer;

pub use accept::{Acceptor, accept, is_asked_for};
pub use broadcast::{Delivered, Room, Slow};
pub use config::Config;
pub use connect::{ConnectOptions, connect, connect_with};
pub use error::{Error, Refused};
pub use events::Events;
pub use outcome::Outcome;
pub use reader::{Part, PartReader, Reader};
pub use socket::WebSocket;
pub use wire::{CloseCode, Data, Kind, Limits, Misuse};
pub use writer::{Parts, Writer};
