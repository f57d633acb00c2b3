//! Captures: what passed over connections as a pcap file, and back.
//!
//! # The problem
//!
//! tcpdump and Wireshark keep packets. A protocol above TCP has no packets: it has two directions of bytes. Between the
//! two lies TCP, whose segments come twice, overlap, come in another order, or are missing in the file although they
//! were on the wire. And a file may say anything: it comes from somebody else.
//!
//! # The bytes
//!
//! A pcap file, as [`Writer`] writes it: little-endian, nanoseconds, and packets that begin with their IP header.
//!
//! ```text
//!  4d 3c b2 a1  02 00 04 00  00 00 00 00  00 00 00 00  00 00 04 00  65 00 00 00
//!  ├─ magic ─┤  ├─ 2.4 ───┤  ├────── reserved ──────┤  ├ longest ┤  ├ 101: RAW ┤
//!
//!  80 e1 4a 6b  00 00 00 00  2d 00 00 00  2d 00 00 00  45 00 00 2d …  c3 50 05 39 …  68 65 6c 6c 6f
//!  ├ seconds ┤  ├─ nanos ─┤  ├captured─┤  ├ on wire ┤  ├─ IPv4 ────┤  ├─ TCP ─────┤  ├─ "hello" ──┤
//! ```
//!
//! What it writes of a connection, with the sequence numbers beside it. A direction begins with 0, so its byte *n* has
//! the number *n* + 1. Addresses of both families in one connection are written as IPv6:
//!
//! ```text
//!   client                                server
//!     │ ── SYN 0 ─────────────────────────► │   begins
//!     │ ◄───────────── SYN 0, ACK 1 ─────── │
//!     │ ── 1, ACK 1 ──────────────────────► │
//!     │ ── 1, ACK 1, PSH, "hello" ────────► │   bytes: at most 65,495 in a segment (IPv6: 65,475);
//!     │ ◄──── 1, ACK 6, PSH, "yakexi" ───── │   the last one of a call has PSH
//!     │ ── 6, ACK 7, FIN ─────────────────► │   ends
//!     │ ◄───────────── 7, ACK 7 ─────────── │
//! ```
//!
//! pcapng is a list of blocks. Each has its type, its length, fields, and its length again, and those whose type is
//! not known are passed over:
//!
//! ```text
//!   section header 0a0d0d0a │ interface 1             │ packet 6               │ packet 6 …
//!   byte order              │ link type, unit of time │ interface, time, bytes │
//! ```
//!
//! The formats are drafts of the opsawg working group of the IETF: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng
//! and draft-ietf-opsawg-pcaplinktype. IPv4 is RFC 791, IPv6 RFC 8200, TCP RFC 9293, UDP RFC 768.
//!
//! # The rules
//!
//! What is read:
//!
//! 1. pcap and pcapng, in both byte orders; micro- and nanoseconds; of pcapng any unit, several interfaces and sections.
//! 2. Link types: NULL and LOOP (loopback of BSD and macOS), Ethernet, RAW, and Linux cooked v1 and v2; VLAN tags.
//!    A pcap file of another one is refused. The packets of such an interface of pcapng are passed over, with a
//!    [`Notice`](super::Notice).
//! 3. IPv4 and IPv6 with their options and extension headers. Fragments are not put together: each is a notice, and
//!    what it carries is missing. TCP and UDP; what is neither is passed over. Checksums are not compared: a packet
//!    that was captured where it was sent often has none yet.
//!
//! How a direction is put together:
//!
//! 4. The client is the sender of the first SYN. If the capture has none, the client is the side with the higher port,
//!    and if both are equal the side that is seen first. Such a conversation begins with the first byte that is seen
//!    ([`Notice::BeganBefore`](super::Notice::BeganBefore)). For UDP it is the sender of the first datagram.
//! 5. A byte comes once. Of copies the first one in the file counts.
//! 6. Bytes behind a missing one are held until it comes. It will not come if the peer acknowledges it and more is
//!    there behind it, or the peer has acknowledged it in a segment with bytes, or too much is held, or the
//!    connection or the file ends. Then it is a [`What::Gap`](super::What::Gap), as are the bytes that a packet had and
//!    the capture did not keep. So the bytes and gaps of a direction are its bytes from the first to the last one, in
//!    order.
//! 7. A direction ends with its FIN, both end with a RST. What comes behind is passed over. A SYN with another sequence
//!    number begins another conversation. Of a connection that goes on when the file ends, no end is reported.
//! 8. What a file can make large has a limit: [`Limits`]. The time for a file grows with its length, not faster than
//!    *n* log *n*.
//!
//! # Which file to read first
//!
//! `writer.rs` and `ip.rs` show all headers, byte by byte. Then the way back: `file.rs` finds packets in a file
//! (`interface.rs`: its numbers and times), `packet.rs` finds segments in packets, `connections.rs` finds the
//! conversation of a segment, and `assembly.rs` puts one direction together. `reader.rs` leads through them.
//! `limits.rs` and `error.rs` are their types, and one folder above `event.rs`; `checksum.rs` is the sum that IPv4, TCP
//! and UDP share.
//!
//! # To change X, touch Y
//!
//! | to change | touch |
//! |---|---|
//! | a link type | `network` and `is_known` in `packet.rs`; `fixtures/captures/link_types.txt` |
//! | a block of pcapng | `block` in `file.rs`; `fixtures/captures/files.txt` |
//! | what is refused | a row of `rules!` in `error.rs`; `fixtures/captures/files.txt` |
//! | when a byte is missing | `acknowledged` in `assembly.rs`; `tests/wire/trace/capture/segments.rs` |
//! | who is the client | `begin` in `connections.rs` |
//! | a limit | `limits.rs`; `tests/wire/trace/capture/limits.rs` |
//!
//! # Exercises
//!
//! 1. Two captures of one connection, taken on two machines, are joined with `mergecap`. Which events come twice?
//! 2. `Writer` acknowledges a direction each 256 KiB. What would go wrong after 4 GiB of one response without it, and
//!    in which program first?

mod assembly;
mod checksum;
mod connections;
mod error;
mod file;
mod interface;
mod ip;
mod limits;
mod packet;
mod reader;
mod writer;

pub use error::{Broken, Error, Rule};
pub use limits::Limits;
pub use reader::Reader;
pub use writer::{Writer, invented};
