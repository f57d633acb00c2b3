//! Messages in a stream (the book's 7.1: sticky packets, 粘包).
//!
//! Whole programs: [`framed_echo`](crate::cookbook::framed_echo).
//!
//! # The problem
//!
//! "TCP provides a reliable, in-order, byte-stream service to applications" (RFC 9293 §2.2). Bytes,
//! in order. Where one write ended and the next began is not transmitted:
//!
//! ```text
//!   write(100)      write(200)                       A sends two messages
//!   ├───── 1 ─────┤├──────────── 2 ────────────┤
//!   ══════════════════════════════════════════════   300 bytes
//!   ├ 50 ─┤├────────────── 250 ────────────────┤     B reads: 1 is cut, its end sticks to 2
//!   read()  read()
//! ```
//!
//! B may also read 100 and 200, or 300, or a byte at a time. Everything on the path may cut or join: the
//! sender's kernel, which waits for more (Nagle, RFC 9293 §3.7.4) or has a full buffer; the maximum size of
//! a segment; a retransmission; the receiver's kernel, which keeps bytes until a program reads, and returns
//! as many as that read asks for. No flag in a segment helps: "The PSH bit is not a record marker and is
//! independent of segment boundaries" (§3.9.1.2).
//!
//! `set_no_delay(true)` turns off the first of these causes only. It changes the speed and prevents no
//! sticking, on neither side (E10): two writes can still arrive in one read, and one write in two. The cure
//! is to mark in the bytes themselves where a message ends. That is framing.
//!
//! Framing is not needed if a connection carries one message and FIN ends it; if the bytes have no messages
//! in them, as those of a file; and over UDP, where 18 sends are 18 datagrams (but some may be lost).
//!
//! # What the notes get wrong here
//!
//! The reading notes of the book have programs for four of these framers. Each number is an erratum, and a
//! test of its own in `tests/wire/framing/` shows the notes' code fail beside ours:
//!
//! | | the notes' code | here |
//! |---|---|---|
//! | E10 | `setNoDelay` cures sticky packets | it does not; only framing does |
//! | E13 | fixed cells: a short chunk counts as a whole cell, the end of a long one is lost | [`Fixed`] |
//! | E14 | the delimiter precedes a message, so the last message never ends | [`Delimiter`] follows it |
//! | E15 | lengths and serial numbers are signed: above 32,767 they fail | [`Header`] is unsigned |
//! | E16 | an empty message is delivered only when the next one arrives | [`Prefix`] delivers it at once |
//! | E17 | a growing ring copies its second piece to the wrong place | [`Ring`] |
//! | E18 | one parser for all connections mixes their bytes | [`Framer`] makes one for each |
//!
//! # The bytes
//!
//! `HELLO`, then an empty message, each time:
//!
//! ```text
//!   Fixed<8>          48 45 4c 4c 4f 00 00 00   00 00 00 00 00 00 00 00
//!                      H  E  L  L  O  padding   padding
//!
//!   Delimiter::CRLF   48 45 4c 4c 4f  0d 0a   0d 0a
//!                      H  E  L  L  O  \r \n   \r \n
//!
//!   Header16          00 00  00 05  48 45 4c 4c 4f   00 01  00 00
//!                     serial length  H  E  L  L  O   serial length
//!
//!   Header32          00 00  00 00 00 05  48 45 4c 4c 4f   00 01  00 00 00 00
//!                     serial length        H  E  L  L  O   serial length
//!
//!   Prefix            00 05  48 45 4c 4c 4f   00 00
//!                     length  H  E  L  L  O   length
//! ```
//!
//! # Which to choose
//!
//! | framer | costs a message | its bytes | choose it if |
//! |---|---|---|---|
//! | [`Fixed`] | the rest of its cell | any, but its length is lost ([`Padding::Keep`]), or none that ends in zero ([`Padding::Strip`]) | all messages are of one size |
//! | [`Delimiter`] | the delimiter, and a search through each byte | none with the delimiter in it | people read and type it |
//! | [`Header16`], [`Header32`] | 4 or 6 bytes | any | replies have numbers, or arrive in another order |
//! | [`Prefix`] | 2 bytes | any | nothing else is needed; with its [`Ring`] if no byte may be copied |
//!
//! # The rules
//!
//! 1. Each connection has its own decoder. One decoder for several connections mixes their bytes (E18).
//! 2. A decoder returns a message when its last byte has arrived: not before (E14), and not only when the
//!    next one arrives (E16).
//! 3. The messages are the same wherever the stream was cut. `tests/wire/framing/cuts.rs` tries every place,
//!    every two places, byte by byte, and random cuts.
//! 4. A message that is complete in a chunk is borrowed from it. Only the bytes of a message that the chunk
//!    cuts are copied, and no byte is searched twice. (The ring copies chunks once, and nothing of what is
//!    read directly into it.)
//! 5. Every message has a limit, checked as early as possible: from the header, before any body. Memory grows
//!    with what has arrived, never with what was announced. It is kept for the next message that is cut, so
//!    in the steady state nothing is allocated.
//! 6. FIN inside a message is an error. The decoder does not see the FIN: call [`finish`](Decode::finish).
//! 7. A message that could not be read back as the same message is not sent: a [`Misuse`].
//!
//! ```
//! use barewire::framing::{Decode, Encode, Error, Framer, Header16};
//!
//! let (mut wire, mut encoder) = (Vec::new(), Header16::new().encoder());
//! encoder.encode(&[b'1'; 96], &mut wire)?; // 100 bytes with its header
//! encoder.encode(&[b'2'; 196], &mut wire)?; // and 200
//!
//! let mut decoder = Header16::new().decoder();
//! let mut read = |mut chunk: &[u8]| -> Result<Vec<(u16, usize)>, Error> {
//!     let mut messages = Vec::new();
//!     while let Some(message) = decoder.decode(&mut chunk)? {
//!         messages.push((message.serial, message.body.len()));
//!     }
//!     Ok(messages)
//! };
//! assert_eq!(read(&wire[..50])?, []);
//! assert_eq!(read(&wire[50..])?, [(0, 96), (1, 196)]);
//! decoder.finish()?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Over a socket all of this is one type, [`net::Framed`](crate::net::Framed): its reader has the decoder, calls
//! [`finish`](Decode::finish) at the end, and its writer has the encoder.
//!
//! ```
//! use barewire::framing::Delimiter;
//! use barewire::net::{self, Framed, Socket};
//!
//! fn echo(socket: Socket) -> std::io::Result<()> {
//!     let (mut reader, writer) = Framed::new(socket, Delimiter::CRLF).split();
//!     while let Some(line) = reader.receive()? {
//!         writer.send(line)?;
//!     }
//!     Ok(())
//! }
//! let server = net::create_server(echo);
//! # drop(server);
//! ```
//!
//! # Which file to read first
//!
//! `message.rs`, the traits that all framers have in common. Then `fixed.rs`, the smallest, and `carry.rs`,
//! which keeps a message that a chunk cuts. `delimiter.rs` uses `matcher.rs`, which finds a delimiter that is
//! cut in two; `header.rs` counts; `prefix.rs` uses `ring.rs`, a ring buffer.
//!
//! # To change X, touch Y
//!
//! | to change | touch |
//! |---|---|
//! | the bytes of one framer | its file, the drawing above, `tests/wire/framing/drawn.rs` (which compares both) and its `row_s0…` file |
//! | when a message is too long | `Misuse::check_length` (sending), the decoder's own check (receiving); `tests/wire/framing/limits.rs` |
//! | an error's sentence | `error.rs`; `tests/wire/framing/limits.rs`, `tests/demos/framing.rs` |
//! | how messages are read from a socket | `net/framed/`; [`Decode::returned`] for what it needs; `tests/rows/net/s06_framed.rs` |
//! | how a cut message is kept | `carry.rs`, `ring.rs`; `tests/wire/framing/borrowed.rs`, `tests/alloc` |
//!
//! A new framer is a file with a [`Framer`], an [`Encode`] and a [`Decode`], and then:
//!
//! 1. here: `mod`, `pub use`, the drawing, the table "which to choose";
//! 2. the list `each_framer!` in `tests/wire/framing/cuts.rs`: one row runs every property test on it;
//!    a `row_…` file beside it and its `mod` line; a row each in `borrowed.rs`, `drawn.rs`, `limits.rs` and `linear.rs`;
//! 3. `tests/alloc/src/framing.rs` (it allocates nothing), `tests/fuzz/src/targets/framing.rs` and
//!    `tests/fuzz/src/seeds.rs` (both choose among numbered framers), the letters in `tests/wire/framing/random.rs`;
//! 4. for the demo: a variant of `Framing` in `src/bin/framing/framings.rs` and its list `ALL` there (the
//!    compiler names the matches), `help.txt` and the text in `main.rs`, which count the framings,
//!    `fixtures/demos/`, and the list in `tests/demos/framing.rs`;
//! 5. the map in `README.md`;
//! 6. [`Framer::parts`], by which `trace/wire/framing.rs` explains it, and a row in `tests/wire/trace/framing.rs`.
//!
//! # Exercises
//!
//! 1. Write a delimiter that any message may contain: put an escape byte before each one inside,
//!    and before each escape. What can no longer be borrowed? Add it to the list in
//!    `tests/wire/framing/cuts.rs` and see what that finds.
//! 2. A ring that is read into near its edge offers only the few bytes up to it, and the read
//!    returns no more. Count the reads of `row_s05_consumed_space_is_used_again`, then let
//!    [`Ring::fill`] offer both free pieces (a socket can read into several). What is the gain,
//!    and what would it be if the ring were larger?

mod carry;
mod delimiter;
mod error;
mod fixed;
mod header;
mod matcher;
mod message;
mod prefix;
mod ring;

pub use delimiter::{Delimiter, DelimiterDecoder, DelimiterEncoder};
pub use error::{Error, Misuse};
pub use fixed::{Fixed, FixedDecoder, Padding};
pub use header::{Header, Header16, Header32, HeaderDecoder, HeaderEncoder, Packet};
pub use message::{Decode, Encode, Framer, Message, Part};
pub use prefix::{Prefix, PrefixDecoder};
pub use ring::{Halves, Ring};
