//! Messages in a stream (the book's 7.1: sticky packets, 粘包).
//!
//! # The problem
//! "TCP provides a reliable, in-order, byte-stream service to applications" (RFC 9293 §2.2). Bytes,
//! and in order; where one write ended and the next began is not part of it:
//!
//! ```text
//!   write(100)      write(200)                       A sends two messages
//!   ├───── 1 ─────┤├──────────── 2 ────────────┤
//!   ══════════════════════════════════════════════   300 bytes
//!   ├ 50 ─┤├────────────── 250 ────────────────┤     B reads: 1 is cut, its end sticks to 2
//!   read()  read()
//! ```
//!
//! B may as well read 100 and 200, or 300, or a byte at a time. Anything on the way may cut or
//! join: the sender's kernel, which waits for more (Nagle, RFC 9293 §3.7.4) or finds its buffer
//! full; segments of a maximum size; a retransmission; the receiver's kernel, where bytes wait
//! until somebody reads, as many as that read asks for. Not even a flag in the segments helps:
//! "The PSH bit is not a record marker and is independent of segment boundaries" (§3.9.1.2).
//!
//! `set_no_delay(true)` switches off the first of these causes only. It is a matter of speed and
//! cures nobody's sticking, not even the sender's side of it (E10): two writes can still arrive in
//! one read, and one write in two. What does cure it is to say in the bytes themselves where a
//! message ends. That is framing.
//!
//! It does not matter when there is one message for each connection and FIN ends it; when the
//! bytes have no messages in them, as those of a file; and over UDP, where 18 sends are 18
//! datagrams (though some may be lost).
//!
//! # The bytes on the wire
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
//! | framer | costs a message | its bytes | choose it when |
//! |---|---|---|---|
//! | [`Fixed`] | all that it is shorter than a cell | any, but their number is lost ([`Padding::Keep`]), or none that ends in zero ([`Padding::Strip`]) | all messages are of one size |
//! | [`Delimiter`] | the delimiter, and a look at each byte | none with the delimiter in it | people read and type it |
//! | [`Header16`], [`Header32`] | 4 or 6 bytes | any | replies must be told apart, or come in another order |
//! | [`Prefix`] | 2 bytes | any | nothing else is needed; with its [`Ring`], where no byte is to be copied |
//!
//! # The rules
//! 1. Each connection has a decoder of its own. One for all mixes their bytes, and no framer can
//!    help it (E18).
//! 2. A message is handed out when its last byte has come: not before (E14), and not only when
//!    the next one comes (E16).
//! 3. The messages are the same wherever the stream was cut. This is what `tests/wire/framing/cuts.rs`
//!    tries: every place, every two places, byte by byte, and at random.
//! 4. What lies whole in a chunk is borrowed from it. Of a message that the chunk cuts, and of
//!    nothing else, the bytes are copied; no byte is searched twice. (The ring copies what it is
//!    shown once, and nothing of what is read straight into it.)
//! 5. Every message has a limit, which is judged as soon as it can be: from the header, before any
//!    body. Memory grows with what has come, never with what was announced, and is kept for the
//!    next message that is cut: in the steady state nothing is allocated.
//! 6. FIN inside a message is an error. The decoder does not see the FIN: ask
//!    [`finish`](Decode::finish).
//! 7. What could not be read back as the same message is not sent: a [`Refusal`].
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
//! # Where to begin
//! `message.rs`: what the four have in common. Then `fixed.rs`, the smallest, and `carry.rs`,
//! where a cut message waits. `delimiter.rs` stands on `matcher.rs`, which finds a delimiter that is
//! cut in two; `header.rs` counts; `prefix.rs` stands on `ring.rs`, bytes in a circle.
//!
//! # Two exercises
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
pub use error::{Error, Refusal};
pub use fixed::{Fixed, FixedDecoder, Padding};
pub use header::{Header, Header16, Header32, HeaderDecoder, HeaderEncoder, Packet};
pub use message::{Decode, Encode, Framer, Message};
pub use prefix::{Prefix, PrefixDecoder};
pub use ring::{Halves, Ring};
