//! Datagrams (the book's 7.2, its `dgram`): messages that may be lost.
//!
//! Whole programs: [`udp_request`](crate::cookbook::udp_request).
//!
//! # The problem
//! A stream keeps bytes in order and forgets where a message ends; for that it needs a connection,
//! and a lost segment delays every byte behind it. UDP is the opposite: one call sends one message
//! and one call receives it, whole; there is no connection, and one socket talks with any number of
//! peers. In return a message may be lost, arrive twice or arrive after the next one, and UDP does
//! not report it. A program to which that matters repeats and numbers its messages, as [`Requester`]
//! does.
//!
//! # The bytes on the wire
//! All of UDP (RFC 768), with the book's message in it. The IP header has the addresses; behind it
//! stand four numbers of 16 bits, then the data:
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
//! Each datagram has its length, so no message sticks to the next (the notes' 粘包), not even an empty
//! one. The length has 16 bits: no message is longer than 65,507 bytes (over IPv6 65,527).
//!
//! # The rules
//! 1. One `send` is one message, and one `recv` is one message. A message that was truncated is marked
//!    ([`RemoteInfo::truncated`]); with room for the longest ([`ReceiveBuffer::new`]) none is.
//! 2. `send` succeeds when the message has left. That does not say that it arrives.
//! 3. Any number of threads can share a socket (`clone`). [`Socket::close`] closes it for all of them
//!    at once, and its port is free when `close` returns.
//! 4. A closed socket stays closed. The notes say that it can be bound again (erratum E41); create
//!    another one.
//! 5. Only `close` ends the receiving loop; a peer cannot. A later call may report that an earlier
//!    datagram did not arrive ([`Socket::recv`], [`SocketEvents::error`]); the loop goes on.
//! 6. Any sender can write any source address on a datagram. So an answer should not be longer than
//!    its question: it may go to a victim.
//! 7. Two sockets of one machine cannot have the same port, not even for multicast: the standard library cannot set
//!    `SO_REUSEADDR`. The interface that a multicast leaves by is that of the address that the socket is bound to.
//! 8. A [`Requester`] asks one peer, because an answer must come from the address that was asked. To find servers, send
//!    the question to a group or a broadcast address, and receive until the time is over
//!    ([`Socket::set_read_timeout`], [`Socket::recv`]).
//!
//! | the book | here |
//! |---|---|
//! | `dgram.createSocket("udp4")` | [`create_socket(Family::V4)`](create_socket): [`net::Family`](crate::net::Family), for `"udp6"` `Family::V6` |
//! | `server.bind(41234)` | [`Unbound::bind`] |
//! | `server.address()` | [`Socket::local_addr`] |
//! | `server.on("message", …)` | [`Socket::on_message`], or [`SocketEvents`] and [`Socket::start`] |
//! | `client.send(buf, offset, length, port, address, callback)` | [`Socket::send`]; what it returns is the callback |
//! | `setBroadcast(true)` | [`Socket::set_broadcast`] |
//! | `addMembership(group, interface)` | [`Socket::join_v4`], [`Socket::join_v6`] |
//! | `client.close()` | [`Socket::close`]; of a socket that receives on a thread of its own, [`Handle::stop`] |
//!
//! # Where to begin
//! Read [`socket`], then `send` and [`descriptor`]: how [`Socket::close`] wakes a thread that sleeps in
//! the kernel. Then loss: [`fault`] and [`faulty`] make it, [`request`] and [`respond`] repair it. To
//! try it: `cargo run --release --bin udp_echo -- --help`.
//!
//! | To change … | touch |
//! |---|---|
//! | binding, closing, timeouts of a socket | [`socket`], [`descriptor`] |
//! | which addresses a socket can use; names | [`family`] |
//! | what can be sent, and the texts of its errors | `send.rs` |
//! | broadcast, multicast, TTL | `options.rs` |
//! | the length of a message; truncation | [`receive_buffer`], and the limits in `send.rs` |
//! | an event, or what an event may rely on | [`events`], and its caller in [`receiving`] |
//! | how a thread that receives is stopped and waited for | [`handle`] |
//! | which errors report an earlier datagram | `reports_earlier_datagram` in [`receiving`] |
//! | a fault (drop, duplicate, delay) | [`fault`]; `udp_echo`'s help names them, too |
//! | retries and timeouts of a question | [`Retry`] in [`request`] |
//! | how many answers are remembered | [`respond`] |
//! | the five bytes before a question | [`wire`], and its drawing |
//! | another transport under a [`Requester`] | [`Datagrams`] |
//!
//! # Two exercises
//! 1. Send messages of 60,000 bytes over a network whose packets have 1,500 and drop one packet in a
//!    hundred (`tc qdisc add … netem loss 1%`). How many messages arrive? What assembles the packets of
//!    one message, and what does one lost packet cost?
//! 2. A [`Requester`] has one question in flight. Let it have eight, from several threads: which
//!    thread receives, and how does an answer find the thread that waits for it?

mod datagrams;
mod descriptor;
mod events;
mod family;
mod fault;
mod faulty;
mod handle;
mod options;
mod receive_buffer;
mod receiving;
mod request;
mod respond;
mod send;
mod socket;
pub mod wire;

pub use crate::net::Family;
pub use datagrams::Datagrams;
pub use descriptor::is_closed;
pub use events::SocketEvents;
pub use family::Place;
pub use fault::{Fault, FaultPlan, FaultRates, UnknownFault};
pub use faulty::{Direction, Faulty};
pub use handle::Handle;
pub use receive_buffer::{ReceiveBuffer, Received, RemoteInfo};
pub use request::{Reply, Requester, Retry};
pub use respond::Responder;
pub use socket::{Socket, Unbound, create_socket};
