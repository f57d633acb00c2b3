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
//! [`wire`] draws them. Seen as threads, a connection is two halves that meet in the frame queue:
//!
//! ```text
//!   stream ──▶ read buffer ──▶ receiver ──▶ message              Reader: one thread, no lock
//!                                  │ ping, Close
//!                                  ▼
//!   stream ◀── in flight ◀──── frame queue ◀── send, send …     Writer: any thread, clones
//! ```
//!
//! # The rules
//!
//! 1. The reading thread never waits for the peer to read. A pong or a Close frame is queued; it leaves at
//!    once if the socket takes it, or the thread that is writing sends it next, or a short-lived flush
//!    thread does. (What the handler has given to [`Writer::send`] is waited for, as `send` promises.)
//! 2. [`Writer::send`] waits until its message has left. [`Writer::try_send`] and [`Room::send`] never
//!    wait; above the high-water mark they take nothing.
//! 3. Frames leave whole, one after another. A pong stands between two frames, never inside one.
//! 4. Nothing is withheld. Answers that the reading thread gives while whole frames wait to be read
//!    leave together; a millisecond or two later they leave anyhow.
//! 5. One read and one write for a small message and its answer. Messages are unmasked where they were
//!    read and borrowed from there; in the steady state nothing is allocated.
//! 6. A connection that is quiet gives its buffers back.
//! 7. After our Close frame nothing is sent. The peer has [`Config::close_timeout`] to answer it. Then
//!    the server ends TCP first, and both read until the other's FIN, so that no reset destroys what
//!    was sent last. A connection that is dropped without a Close ends in the same way, with 1001.
//! 8. A peer that breaks a rule gets a Close frame that names it, and is no longer listened to.
//! 9. A server that [stops](crate::net::Handle::shutdown) sends 1001 on every connection.
//!
//! | peer | what happens | setting |
//! |---|---|---|
//! | sends a message that is too long | 1009 beyond 16 MiB | `limits.message_bytes` |
//! | begins a message and sends no more of it, or less than 256 bytes a second | 1008 after 30 s | `stall_timeout`, `min_bytes_per_second` |
//! | sends pings and reads nothing | one pong for many | |
//! | reads nothing, or less than 256 bytes a second | connection is cut after 30 s | `stall_timeout`, `min_bytes_per_second` |
//! | is silent | a ping after 30 s, connection is cut 30 s later | `heartbeat_interval`, `heartbeat_timeout` |
//! | does not answer a Close frame | connection is cut after 10 s | `close_timeout` |
//! | does not answer the handshake | an error after 10 s | `ConnectOptions::handshake_timeout` |
//! | still sends at the end | 2 s or 8 MiB are read and dropped | `linger_timeout`, `linger_bytes` |
//!
//! # Which file to read first
//!
//! [`wire`] is the protocol without a socket. Then `queue.rs`: which thread writes which bytes, as a
//! machine without threads (`queue/model.rs` tries it in all interleavings), and `outgoing.rs`, the lock
//! and the writes around it. `receiving.rs` is the other half, with `frame_buffer.rs`, its buffer, and
//! `ending.rs`, the end, and `heartbeat.rs`. `accept.rs` and `connect.rs` are how it begins, `socket.rs`, `writer.rs` and
//! `events.rs` the face, `broadcast.rs` a room full of connections.
//!
//! # Two exercises
//!
//! 1. Let the reading thread wait for the write turn before it sends a pong. Which row of `tests/rows/websocket`
//!    fails, and which two threads wait for each other then?
//! 2. In `queue.rs`, give the write turn back without a look at the queue. Whose frame stays behind, and
//!    which test of the model finds it?

pub mod wire;

mod accept;
mod broadcast;
mod config;
mod connect;
mod connection;
mod ending;
mod error;
mod events;
mod frame_buffer;
mod heartbeat;
mod outcome;
mod outgoing;
mod queue;
mod reader;
mod receiving;
mod socket;
mod writer;

pub use accept::{Acceptor, accept, is_asked_for};
pub use broadcast::{Delivered, Room, Slow};
pub use config::Config;
pub use connect::{ConnectOptions, connect, connect_with};
pub use error::{Error, Refused};
pub use events::Events;
pub use outcome::Outcome;
pub use reader::{PartReader, Reader};
pub use receiving::Part;
pub use socket::WebSocket;
pub use wire::{CloseCode, Data, Kind, Limits, Misuse};
pub use writer::{Parts, Writer};
