//! Datagrams (the book's 7.2, its `dgram`): messages that may be lost.
//!
//! # The problem
//! A stream keeps bytes in order and forgets where a message ends; for that it needs a connection,
//! and whoever waits for a lost piece waits for all that come after it. UDP is the opposite: one
//! call sends one message, one call receives it, whole; there is no connection, and one socket
//! talks with everyone. In return a message may be lost, come twice, or after the next one, and
//! nobody is told. Where that matters it has to be mended by who uses it: see [`Requester`].
//!
//! # The bytes on the wire
//! All of UDP (RFC 768), with the book's message in it. Behind the IP header, which has the
//! addresses, stand four numbers of 16 bits and then the data:
//!
//! ```text
//!    0      7 8     15 16    23 24    31
//!   +--------+--------+--------+--------+
//!   |   Source Port   |    Dest. Port   |    e5 3a  a1 12     58682, 41234
//!   +--------+--------+--------+--------+
//!   |     Length      |    Checksum     |    00 1b  14 90     27 = 8 + 19, over all of it and
//!   +--------+--------+--------+--------+                     the addresses
//!   |          data octets ...               e6 b7 b1 e5 85 a5 e6 b5 85 e5 87 ba   深入浅出
//!   +---------------- ...                    4e 6f 64 65 2e 6a 73                  Node.js
//! ```
//!
//! The length is there: no message sticks to the next (the notes' 粘包), whatever its size, an
//! empty one too. It has 16 bits: no message is longer than 65,507 bytes (over IPv6 65,527).
//!
//! # The rules
//! 1. One `send` is one message, and one `recv` is one message. A cut one says that it is cut
//!    ([`RemoteInfo::truncated`]); with room for all ([`Inbox::new`]) none is.
//! 2. Sending succeeds when the message has left. Nothing follows from that.
//! 3. A socket is cheap to clone, can be used by any number of threads, and is closed at once for
//!    all of them; its port is free when [`Socket::close`] returns.
//! 4. A closed socket stays closed. The notes say that it can be bound again (E41): make another.
//! 5. Receiving ends by closing, and by nothing that a peer does. That one is not there may be told
//!    to a later call ([`Socket::recv`], [`Events::error`]); the loop goes on.
//! 6. A sender's address is what the datagram says. Do nothing for it that you would not do for a
//!    stranger, and do not answer with more than you were asked.
//!
//! | the book | here |
//! |---|---|
//! | `dgram.createSocket("udp4")` | [`create_socket(Family::Udp4)`](create_socket) |
//! | `server.bind(41234)` | [`Unbound::bind`] |
//! | `server.address()` | [`Socket::address`] |
//! | `server.on("message", …)` | [`Socket::on_message`], or [`Events`] and [`Socket::start`] |
//! | `client.send(buf, offset, length, port, address, callback)` | [`Socket::send`]; what it returns is the callback |
//! | `client.close()` | [`Socket::close`] |
//!
//! # Where to begin
//! `socket.rs` is a socket's life and `send.rs` how it sends. `descriptor.rs` has the one trick: how
//! a thread that sleeps in the kernel is woken, and the port freed under it. `inbox.rs` notices what
//! was cut; `events.rs` has the book's events and what is promised of them, `receiving.rs` the loop
//! that calls them. `options.rs` is broadcast and multicast. Then loss: `fate.rs` and `faulty.rs`
//! make it, `request.rs` and `respond.rs` mend it, with the five bytes of `wire.rs`. To try it all:
//! `cargo run --bin udp_echo -- --help`.
//!
//! # Two exercises
//! 1. Send messages of 60,000 bytes over a network whose packets have 1,500 and drop one packet in a
//!    hundred (`tc qdisc add … netem loss 1%`). How many messages arrive? Who puts the packets of
//!    one together again, and what does a lost one cost?
//! 2. A [`Requester`] has one question on its way. Let it have eight, from several threads: who
//!    receives, and how does an answer find the thread that waits for it?

mod datagrams;
mod descriptor;
mod events;
mod family;
mod fate;
mod faulty;
mod inbox;
mod options;
mod receiving;
mod request;
mod respond;
mod send;
mod socket;
pub mod wire;

pub use datagrams::Datagrams;
pub use descriptor::is_closed;
pub use events::Events;
pub use family::{Family, Place};
pub use fate::{Fate, Fates, Odds, UnknownFate};
pub use faulty::{Direction, Faulty};
pub use inbox::{Inbox, Received, RemoteInfo};
pub use receiving::Handle;
pub use request::{Reply, Requester, Retry};
pub use respond::Responder;
pub use socket::{Socket, Unbound, create_socket};
