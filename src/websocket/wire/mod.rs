//! WebSocket as bytes and rules (RFC 6455): no socket, no thread, no lock, no clock, no randomness.
//!
//! # The problem
//!
//! A stream of bytes has no messages in it. HTTP has messages, but only one after the other, a request and
//! its response. Here both sides send messages at any time, over a connection that began as HTTP, so that
//! one port serves both and every proxy lets it through. And one side may be a page that nobody trusts: it
//! must not be able to write bytes of its choice to a server of its choice.
//!
//! # The bytes on the wire
//!
//! A request and a response open the connection; [`Offer`] and [`Opening`] show them. Then come
//! frames:
//!
//! ```text
//!    byte 0                byte 1
//!    7 6 5 4   3 2 1 0     7   6 5 4 3 2 1 0
//!   ┌─┬─┬─┬─┬──────────┐  ┌─┬───────────────┐
//!   │F│R│R│R│ opcode   │  │M│ length        │  0 … 125   is the length
//!   │I│S│S│S│ 0 goes on│  │A│               │  126       the next 2 bytes are
//!   │N│V│V│V│ 1 text   │  │S│               │  127       the next 8 bytes are, their first bit 0
//!   │ │1│2│3│ 2 binary │  │K│               │
//!   │ │ │ │ │ 8 close  │  └─┴───────────────┘  then, if MASK is 1, the four bytes of the key;
//!   │ │ │ │ │ 9 ping   │                       then the payload, masked with them
//!   │ │ │ │ │ 10 pong  │
//!   └─┴─┴─┴─┴──────────┘
//! ```
//!
//! The book's worked example. The client says `hello world!`, the server answers `yakexi`:
//!
//! ```text
//!   81                   1 000 0001    FIN, no reserved bit, text
//!   8c                   1 0001100     MASK, 12 bytes
//!   37 fa 21 3d                        the key, random
//!   5f 9f 4d 51 58 da 56 52            "hello wo", masked
//!   45 96 45 1c                        "rld!"
//!
//!   81                   1 000 0001    FIN, no reserved bit, text
//!   06                   0 0000110     no MASK, 6 bytes
//!   79 61 6b 65 78 69                  "yakexi"
//! ```
//!
//! # The rules
//!
//! 1. Every frame of a client is masked with a key of its own; no frame of a server is.
//! 2. A length has its shortest form, and is judged before a byte of the payload has come. Memory
//!    grows with the bytes that have come, never with a length that was announced ([`Limits`]).
//! 3. A message may be cut into frames of any size. Control frames may come between them; another
//!    message may not.
//! 4. Text is UTF-8. Each piece is judged when it comes: a byte that cannot be right fails the
//!    connection in the middle of a frame.
//! 5. Each ping is answered; if several have come before an answer could leave, the newest is. A Close frame
//!    is answered, and no frame follows it.
//! 6. A peer that breaks a [`Rule`] gets a Close frame with its code and its sentence ([`Sender::fail`]).
//! 7. A message that lies whole in what was read is borrowed from there. Others are collected in one
//!    buffer, which is kept: in the steady state nothing is allocated.
//! 8. permessage-deflate is agreed on where both ends want it; other extensions are declined, and so are unknown
//!    subprotocols. They are negotiated in [`Offer::answer`] and [`Opening::check`] alone, and `connection/frames.rs`
//!    alone says what a reserved bit means.
//!
//! # What one builds with it
//!
//! All of it is public on purpose: a tool that reads captures, a proxy that looks into messages, a peer for a test that
//! breaks one rule, a WebSocket over a transport that is no [`Stream`](crate::net::Stream).
//!
//! | for | there is |
//! |---|---|
//! | the handshake | [`Offer`] and [`refuse`] in a server, [`Opening`] in a client; [`accept`] is the one computation in it, [`extensions`] decodes what is offered beside subprotocols |
//! | frames alone | [`Header`], [`Opcode`], [`Mask`], [`Close`], [`CloseCode`] |
//! | a whole connection | [`Connection`], or its halves [`Receiver`] and [`Sender`] on two threads; [`Received`], [`Data`], [`Limits`] |
//! | compressed messages | [`PerMessageDeflate`] is what one end wants, [`Agreed`] what a response says, [`Agreement`] what both do; [`Deflater`] makes the [`Payload`] that a frame then carries |
//! | where a connection stands | [`State`], [`Event`] and [`step`] for one direction; [`Phase`] and [`phase`] for both |
//! | what went wrong | [`Error`] with its [`Rule`] blames the peer, [`Misuse`] the caller |
//!
//! The names are covered by semantic versioning as those of the [door](super) are. A [`Rule`] may be added in any version,
//! and sentences may change: a program decides by the rule of an [`Error`], not by its text.
//!
//! A connection from its first message to its end, both sides and no socket:
//!
//! ```
//! use barewire::websocket::wire::{
//!     Close, CloseCode, Connection, Data, Header, Limits, Opcode, Phase, Received, Role,
//! };
//!
//! let mut client = Connection::new(Role::Client, Limits::default());
//! let mut server = Connection::new(Role::Server, Limits::default());
//! let key = || [0x37, 0xfa, 0x21, 0x3d]; // random in a real program, and another one each time
//!
//! // Bytes are appended by the sender, and taken by the receiver.
//! let mut up = Vec::new();
//! client.sender().send(Data::Text("hello world!"), key, &mut up)?;
//! let (header, n) = Header::decode(&up)?.unwrap(); // what a tool between them sees
//! assert_eq!((header.opcode, header.length, n), (Opcode::Text, 12, 6));
//! let received = server.receive(&mut &mut up[..])?;
//! assert_eq!(received, Some(Received::Message(Data::Text("hello world!"))));
//!
//! // A Close frame, and the answer that it makes pending.
//! let mut down = Vec::new();
//! server.sender().close(Close::new(CloseCode::NORMAL, "bye")?, key, &mut down)?;
//! let received = client.receive(&mut &mut down[..])?;
//! assert!(matches!(received, Some(Received::Close(close)) if close.reason() == "bye"));
//! up.clear();
//! client.sender().append_pending_control(key, &mut up);
//! server.receive(&mut &mut up[..])?;
//! assert_eq!((client.phase(), server.phase()), (Phase::Closed, Phase::Closed));
//!
//! // A peer that breaks a rule: the server's frames must not be masked.
//! let error = Connection::new(Role::Client, Limits::default())
//!     .receive(&mut &mut b"\x81\x80\0\0\0\0".to_vec()[..])
//!     .unwrap_err();
//! assert_eq!(error.close_code(), Some(1002));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which file to read first
//!
//! `frame.rs`, then `mask.rs`: after these two you can read a capture. `connection/state.rs` is the
//! table of the states, `connection.rs` the machine. `connection/frames.rs` decodes the header of each frame and unmasks the pieces of its
//! payload, `connection/receive.rs` makes messages of them with `message.rs` and `utf8.rs`,
//! `connection/send.rs` is the other direction, and `close.rs` is the last frame. `handshake.rs` is the
//! beginning, with `extensions.rs`. `deflate.rs` is about compressed messages. `error.rs` is the table of the rules, `misuse.rs` that of the caller's.
//!
//! # Two exercises
//!
//! 1. Send `hello world!` with a key of four zeros, then with the first four bytes of the text. Which bytes
//!    are on the wire? With which of the two could a page write bytes of its choice (RFC 6455 §10.3)?
//! 2. In `deflate/inflating.rs`, inflate a whole piece before the limit is asked. Which case of `fixtures/websocket/deflate.txt`
//!    fails then, and how much memory does a frame of 64 KiB take from you at most?

mod close;
mod connection;
mod deflate;
mod error;
mod extensions;
mod frame;
mod handshake;
mod mask;
mod message;
mod misuse;
mod utf8;

pub use close::{ABNORMAL, Close, CloseCode, NO_STATUS, REASON_MAX};
pub use connection::{
    Connection, Event, Phase, Received, Receiver, Role, Sender, State, phase, step,
};
pub(crate) use deflate::Decompressor;
pub use deflate::{Agreement, Deflater, PerMessageDeflate};
pub use error::{Error, Rule};
pub use extensions::{Extension, Param, extensions};
pub use frame::{CONTROL_MAX, Header, Opcode};
pub use handshake::{Agreed, Offer, Opening, accept, refuse};
pub(crate) use handshake::{GUID, hash, nonce};
pub use mask::Mask;
pub use message::{Data, Kind, Limits, OwnedData, Payload};
pub use misuse::Misuse;
