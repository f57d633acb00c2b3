//! TCP and its relatives (the book's 7.1): streams, and a server that gives each one a thread.
//!
//! ```
//! use barewire::net;
//!
//! // The book's first server: a greeting, then an answer to whatever comes.
//! let server = net::create_server(|socket| {
//!     socket.write_all("欢迎光临《深入浅出Node.js》示例：\n")?;
//!     let mut buf = [0; 4096];
//!     while socket.read(&mut buf)? > 0 {
//!         socket.write_all("你好")?;
//!     }
//!     println!("连接断开");
//!     Ok(())
//! });
//! let handle = server.listen("127.0.0.1:0")?; // the book's port is 8124
//!
//! let socket = net::connect(&handle.local_addr().to_string())?;
//! socket.write_all("world!\r\n")?;
//! socket.end()?;
//! let mut heard = Vec::new();
//! std::io::Read::read_to_end(&mut &socket, &mut heard)?;
//! assert_eq!(heard, "欢迎光临《深入浅出Node.js》示例：\n你好".as_bytes());
//! # handle.shutdown(std::time::Duration::from_secs(1));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The same with the book's events is at [`SocketEvents`], beside the table that says which event
//! is called when, in which order and on which thread; [`ServerEvents`] has the server's.
//!
//! # The problem
//! Two programs want to talk. What they get is a *stream*: bytes in order, both ways at once,
//! and nothing else. It has no messages (see the chapter on framing), it may end in one direction
//! only, and either end may vanish. A server has many of them, each waiting for something else,
//! and must be able to say "no more of you" and "that was all" to every one.
//!
//! # The bytes on the wire
//! One connection (RFC 9293 §3.5, §3.6). What a program sees of it stands on the left:
//!
//! ```text
//!   accept() ◄──  SYN ◄──────────────────────────────────  connect()
//!                 SYN, ACK ─────────────────────────────►
//!                 ACK ◄─────────────────────────────────
//!   read()   ◄──  "hello" ◄─────────────────────────────   write()    any cut: "he" "llo"
//!   write()  ──►  "hello" ──────────────────────────────►  read()
//!   read()=0 ◄──  FIN ◄─────────────────────────────────   shutdown(Write)
//!   write()  ──►  "bye" ────────────────────────────────►  read()     half open: still one way
//!   drop     ──►  FIN ──────────────────────────────────►  read()=0
//! ```
//!
//! And a server, as threads:
//!
//! ```text
//!   ── kernel's queue ──► accept ─ serve ─ accept ─ serve …    each thread does both:
//!                         accept ─ serve ───────────────────   nothing is handed over
//!                         accept …                             one is always idle
//! ```
//!
//! # The rules
//! 1. One descriptor for each connection, shared as `Arc<dyn Stream>`; it closes with the last.
//! 2. A read of 0 bytes is the peer's FIN, and only that. A timeout is an error that
//!    [`is_timeout`] knows, after which the connection is as it was.
//! 3. Dropping a stream that has unread bytes resets the connection and may destroy what was
//!    written last. Whoever wants to be heard shuts down for writing, reads to the end, then drops.
//! 4. Each connection holds a [`Slot`] until it has ended, wherever it went; the limit, the count
//!    and the stop go by slots, not by threads.
//! 5. Stopping has three steps: nobody is accepted, everyone is asked to finish ([`Stop::drain`]),
//!    who is left at the deadline is cut ([`Stop::cut`]).
//! 6. Nobody holds a thread of ours for ever: a peer that says nothing, takes nothing or takes it too
//!    slowly is cut ([`create_server`] has the limits). A cut is not an end: see [`Socket`].
//!
//! # Where to begin
//! [`Stream`] in `stream.rs` is the contract. Then `pipe.rs`, the smallest stream there is;
//! `kernel.rs`, the kernel's, with the one trick in it (looking without waiting); `workers.rs`, which
//! thread does what, beginning with its diagram; and `engine.rs`, the threads. `listener.rs`, `slot.rs`
//! and `handle.rs` are the three faces of the engine: before, inside and outside. `door.rs`,
//! `registry.rs` and `unix.rs` are what it stands on.
//!
//! On top of these is the book's face: `server.rs`, `connect.rs`, and `socket/` with the events and
//! the queue of what cannot leave yet. `reach/` finds a host and races its addresses by one deadline.
//! [`tunnel`] copies both ways between two streams.
//! A [`Layer`] is a stream that stands on another: `tap.rs` shows what passes, `faulty/` misbehaves on
//! purpose, so that what is built on streams can be tried.
//!
//! What `http` and `websocket` share with it: `pace.rs`, the rule for slow peers; `clock.rs`, the
//! deadlines that no waiting thread sees; `delayed_flush.rs`, when bytes have been pending for too long;
//! `read_buffer.rs`, a buffer that grows while reads fill it; `linger.rs`, a close that the peer survives;
//! `cause.rs`, why a connection is broken; `guarded.rs`, a user's code whose panic ends nothing else.
//!
//! # Two exercises
//! 1. Write a [`Layer`] that prints each call. Which methods may sleep, and what would happen if yours
//!    held a lock while they do?
//! 2. [`Options::max_connections_per_address`] closes a newcomer beyond it at once. Let it wait for a
//!    while instead. Which thread waits, and do the sentences of `workers.rs` still hold?

mod addr;
mod cause;
mod clock;
mod connect;
mod connect_options;
pub mod costs;
mod delayed_flush;
mod engine;
mod faulty;
mod guarded;
mod handle;
mod kernel;
mod layer;
mod linger;
mod listen_socket;
mod listener;
mod lock;
mod pace;
mod pipe;
mod reach;
mod read_buffer;
mod registry;
mod server;
mod service;
mod slot;
mod socket;
mod stream;
mod tap;
mod tcp;
mod tunnel;
mod unix;
mod workers;

#[cfg(test)]
mod tests;

pub use addr::Addr;
pub(crate) use cause::Cause;
pub(crate) use clock::{Timed, Timer, call_after};
pub use connect::{connect, connect_through, connect_with};
pub use connect_options::ConnectOptions;
pub(crate) use delayed_flush::{DelayedFlush, INTERVAL};
pub use faulty::{Faults, Faulty, Splits};
pub(crate) use guarded::{Panicked, guarded};
pub use handle::{Handle, Report};
pub use kernel::KernelSocket;
pub use layer::Layer;
#[allow(unused_imports, reason = "http and websocket take it next")]
pub(crate) use linger::{discard, linger};
pub use listener::Listener;
pub(crate) use pace::{Pace, Sampling};
pub use pipe::{Pipe, pipe, pipe_with_capacity};
pub use reach::{Family, race, resolve};
#[allow(unused_imports, reason = "http, websocket and tls take it next")]
pub(crate) use read_buffer::ReadBuffer;
pub use server::{Server, ServerEvents, create_server, create_server_with};
pub use service::{Options, Service};
pub use slot::{Slot, Stop};
pub use socket::{Socket, SocketEvents};
pub use stream::{Stream, is_timeout};
pub use tap::{Observer, Tap, TapEvent};
pub use tcp::Tcp;
pub use tunnel::tunnel;
pub use unix::Unix;
