//! TCP and its relatives (the book's 7.1): streams, and a server that gives each one a thread.
//!
//! Whole programs: [`framed_echo`](crate::cookbook::framed_echo).
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
//! A socket has bytes and no messages. With messages, lines for example, the server is as short:
//!
//! ```
//! use barewire::framing::Delimiter;
//! use barewire::net::{self, Framed};
//!
//! let server = net::create_server(|socket| {
//!     Framed::new(socket, Delimiter::CRLF).on_message(|writer, line| writer.send(line))
//! });
//! # drop(server);
//! ```
//!
//! The same with the book's events is at [`SocketEvents`], beside the table that says which event
//! is called when, in which order and on which thread; [`ServerEvents`] has the server's.
//!
//! # The problem
//! Two programs want to talk. What they get is a *stream*: bytes in order, both ways at once, and nothing
//! else. It has no messages (see the chapter on framing), it may end in one direction only, and either end
//! may vanish. A server has many streams, each waiting for something else, and must be able to stop each
//! of them and all of them.
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
//!   ── kernel's backlog ──► accept ─ serve ─ accept ─ serve …   each thread does both:
//!                           accept ─ serve ──────────────────   no stream changes its thread
//!                           accept …                            one is always idle
//! ```
//!
//! # The rules
//! 1. One descriptor for each connection, shared as `Arc<dyn Stream>`; it closes with the last `Arc`.
//! 2. A read of 0 bytes is the peer's FIN, and only that. A timeout is an error that [`is_timeout`] knows,
//!    after which the connection is as it was.
//! 3. Dropping a stream that has unread bytes resets the connection and may destroy what was written last.
//!    To make sure that the peer reads it: shut down for writing, read to the end, then drop ([`linger`](mod@linger)).
//! 4. Each connection holds a [`Slot`] until it has ended, whichever thread serves it. The limit, the count
//!    and the stop go by slots, not by threads.
//! 5. Stopping has three steps: nothing is accepted any more, each connection is asked to finish
//!    ([`Stop::drain`]; all at once, or one after the other in a [restart](Shutdown::restart)), and those that are left
//!    at the deadline are cut ([`Stop::cut`]). A wait of [`Framed`]
//!    between two messages ends at once. Other reads go on: their handler asks [`Socket::is_stopping`].
//! 6. No peer holds a thread of ours for ever: one that sends nothing, reads nothing or reads too slowly is
//!    cut ([`create_server`] has the limits). A cut is not an end: see [`Socket`].
//!
//! # Where to begin
//! [`stream`] is the contract; then [`pipe`](mod@pipe), the smallest stream there is; [`kernel`], the
//! kernel's, with the one trick in it (probing without waiting); [`workers`], which thread does what,
//! beginning with its diagram; and [`engine`], the threads. On top of these are the book's types: [`server`],
//! [`connect`](mod@connect) and [`socket`], with the events and the send queue.
//!
//! | | files, each needing those below it |
//! |---|---|
//! | messages | [`mod@framed`]: `reader`, `writer`, a framer of [`framing`](crate::framing) on top of a socket · [`incoming`] |
//! | the book's types | [`server`] · [`connect`](mod@connect), [`connect_options`] · [`socket`]: `run`, `stopping`, `closing`, `writing`, `turn`, `write_state`, `queue`, `reading`, `idle` |
//! | a server | [`listener`] binds · [`handle`] is what the program stops it with · [`engine`], [`workers`] are the threads · [`service`] is what they serve · [`slot`] is what each connection holds · [`snapshot`] is the server in figures · [`registry`] · [`listen_socket`], [`sharing`] (one socket, several processes) |
//! | reaching a host | [`reach`]: its addresses, raced by one deadline |
//! | layers | [`layer`], a stream that stands on another: [`tap`] shows what passes to an [`observer`], [`faulty`] misbehaves on purpose · [`tunnel`](mod@tunnel) copies both ways between two streams |
//! | streams | [`tcp`], [`unix`], [`kernel`], [`interruptions`] · [`lock_file`], which protects a socket file while it is replaced · [`pipe`](mod@pipe) · [`stream`], [`addr`] |
//! | what the other doors share | [`read_buffer`], which grows while reads fill it · [`linger`](mod@linger), a close after which the peer can still read · [`pace`], the rule for slow peers · [`clock`], the deadlines that no waiting thread sees · [`delayed_flush`], when bytes have been pending for too long · [`drain_state`], whether a stop ends the wait of a connection · [`cause`], why a connection is broken · [`guarded`](mod@guarded), a user's code whose panic ends nothing else · [`lock`](mod@lock), locks and waits · [`yielding`], whether a thread yields before it reads |
//!
//! # To change X, touch Y
//!
//! | to change | touch | and the test that notices |
//! |---|---|---|
//! | what a stream can do | [`Stream`], [`Layer`] (both halves), then each leaf: `kernel`, `pipe`, `tls::stream` | `layer`'s own; the compiler |
//! | a limit of a connection | [`ConnectOptions`], the list in [`server`], the tables at [`create_server`] and in `limits.md` | `tests/rows/net/slow_peers.rs` |
//! | the idle timeout of a server | `IDLE_TIMEOUT` and `idle_timeout` in [`server`], the tables there and in `limits.md`; `GONE_AFTER` in `tests/soak/src/faults.rs` | `socket/tests.rs` |
//! | another limit of a server | [`Options`], the list in [`server`], `http::Config` and its list, the setters in `tls/server.rs`, the table in `limits.md` | `net/tests/accepting.rs` |
//! | how fast a peer must be | [`pace`] (the rule), [`socket`]'s `write_state` (how long one write waits) | `tests/rows/net/slow_peers.rs` |
//! | how messages are read and sent over a socket | `framed/reader.rs`, `framed/writer.rs`; the framers: [`framing`](crate::framing) | `tests/rows/net/s06_framed.rs`, `tests/alloc` |
//! | a wait with a limit | the method `…_within` beside the one without | `tests/rows/net/waits.rs` |
//! | an event of a socket | [`SocketEvents`] and its table, `socket/run.rs` | `tests/rows/net/n05_order.rs` |
//! | when `drain` or the FIN leaves | `socket/queue.rs` (the decision), `socket/turn.rs` (the call) | `socket/queue/tests.rs`, all interleavings; `tests/schedules` |
//! | an event of a server | [`ServerEvents`] and its table, [`Service`], [`server`] | `tests/rows/net/n04_server_events.rs` |
//! | which thread accepts | [`workers`] (the decision), [`engine`] (the waits) | `workers`' own, all interleavings; `tests/schedules` |
//! | how a server stops, or restarts | [`Handle::shutdown`], [`Shutdown`], [`engine`], [`Stop`] and its implementations (`socket/stopping.rs`, `http/server/exchange/response_queue.rs`, `websocket/outgoing/closing.rs`, `tls/service.rs`) | `net/tests/stopping.rs`, `tests/rows/net/stopping.rs` |
//! | how processes share a listening socket | [`sharing`] (ticks and turns), [`Listener::shared`]; who is accepted after the stop: [`drain_state`], `http/server/request_loop/waiting.rs`, `tls/service.rs` | `net/tests/sharing.rs`, `tests/schedules` |
//! | what a [`Snapshot`] says of a connection, or counts | its hook's [`Stop::gauge`], and the table of [`Gauge`]; a refusal: [`Slot::refused`], where it is made | `tests/rows/net/snapshot.rs`, `net/tests/stopping.rs` |
//! | where a server listens | [`listen_socket`] (and its double in `tests/schedules`), [`Listener::bind`], [`Addr`]; a socket file: [`unix`], [`lock_file`] | `net/tests/socket_files.rs`, `net/tests/lock_files.rs` |
//! | how an address, a port, a zone is written | `reach/literal.rs` | its own, and `tests/rows/net/n09_addresses.rs` |
//! | whether a thread yields before it waits for its peer | [`yielding`] (the rule), where a thread has sent and is about to read: `http/server/request_loop/waiting.rs`, `http/client/exchange/receiving.rs`, `websocket/outgoing/coalesce.rs` | its own |
//! | which address is tried when | `reach/connect_schedule.rs` (the table), `reach/race.rs` | `reach/race/tests.rs` |
//! | what an observer sees, and in which order | [`TapEvent`], [`tap`] | its own; `tests/rows/trace/taps.rs` |
//! | where a tap is put | `tap` of [`Options`] in [`engine`], of [`ConnectOptions`] in [`connect`](mod@connect), `tapped` in `http/client/origin.rs`; over TLS: `tap_plaintext` | `tests/rows/trace/taps.rs` |
//! | a fault of [`Faulty`] | `faulty/faults.rs`: the field, its method, its name in `from_str` | `every_fault_has_its_name` |
//!
//! # Two exercises
//! 1. Write a [`Layer`] that prints each call. Which methods may sleep, and what would happen if yours
//!    held a lock while they do?
//! 2. A connection beyond [`Options::max_connections_per_address`] is closed at once. Let it wait for a
//!    while instead. Which thread waits, and do the sentences of [`workers`] still hold?

mod addr;
mod cause;
mod clock;
mod connect;
mod connect_options;
pub mod costs;
mod delayed_flush;
mod drain_state;
mod engine;
mod faulty;
mod framed;
mod guarded;
mod handle;
mod incoming;
mod interruptions;
mod kernel;
mod layer;
mod linger;
mod listen_socket;
mod listener;
mod lock;
mod lock_file;
mod observer;
mod pace;
mod pipe;
mod reach;
mod read_buffer;
mod registry;
mod server;
mod service;
mod sharing;
mod slot;
mod snapshot;
mod socket;
mod stream;
mod tap;
mod tcp;
mod tunnel;
mod unix;
mod workers;
mod yielding;

#[cfg(test)]
mod tests;

pub use addr::Addr;
pub(crate) use cause::Cause;
pub(crate) use clock::{Timed, Timer, call_after};
pub use connect::{connect, connect_through, connect_with};
pub use connect_options::ConnectOptions;
pub(crate) use delayed_flush::{DelayedFlush, INTERVAL};
pub(crate) use drain_state::DrainState;
pub(crate) use faulty::Exclusive;
pub use faulty::{Faults, Faulty, Splits};
pub use framed::{Framed, FramedReader, FramedWriter};
pub(crate) use guarded::{Panicked, guarded};
pub use handle::{Handle, Report, Shutdown};
pub use incoming::Incoming;
pub(crate) use interruptions::Interruptions;
pub use kernel::KernelSocket;
pub use layer::Layer;
pub(crate) use linger::{Linger, discard, linger};
pub use listener::Listener;
pub(crate) use lock::{lock, wait, wait_until};
pub use observer::{Observer, TapEvent, Tapped};
pub(crate) use pace::{Pace, Sampling};
pub use pipe::{Pipe, pipe, pipe_with_capacity};
pub use reach::{Family, race, resolve};
pub(crate) use reach::{local, local_pair, worker};
pub(crate) use read_buffer::ReadBuffer;
pub use server::{Server, ServerEvents, create_server, create_server_with};
pub use service::{Options, Service};
pub use sharing::Turn;
pub use slot::{Slot, Stop, StopReason};
pub use snapshot::{Gauge, Snapshot};
pub use socket::{Socket, SocketEvents};
pub use stream::{Stream, is_timeout};
pub use tap::Tap;
pub(crate) use tap::tap_plaintext;
pub use tcp::Tcp;
pub use tunnel::tunnel;
pub(crate) use unix::SocketFile;
pub use unix::Unix;
pub(crate) use yielding::yield_before_read;
