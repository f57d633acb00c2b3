//! Compression: DEFLATE and gzip (for the book's 7.3 HTTP and 7.4 WebSocket).
//!
//! # The problem
//!
//! Text says most things more than once. A byte takes eight bits, whether it is the most frequent one or the rarest, and
//! the tenth `<div class="row">` is sent as if nobody had ever seen one. DEFLATE (RFC 1951) saves both: what has been
//! there is not sent again but *copied*, from a distance back; and what is frequent gets a code of few bits. All browsers
//! ask for it (`Accept-Encoding: gzip`), and WebSocket has it as an extension (RFC 7692).
//!
//! # The bits
//!
//! `ababab`, as [`Deflate`] writes it. The lowest bit of each byte is the first one of the stream, so it stands on the left:
//!
//! ```text
//!   4b               4c               02               41               00
//!   1 1 0 1 0 0 1 0  0 0 1 1 0 0 1 0  0 1 0 0 0 0 0 0  1 0 0 0 0 0 1 0  0 0 0 0 0 0 0 0
//!   │ └─┘ └──────────────┘ └──────────────┘ └────────────┘ └───────┘ └────────────┘ └─┘
//!   │ type 1:  "a"              "b"          copy 4 bytes   from 2    the end of    not
//!   │ fixed    10010001         10010010     0000010        back      the block     used
//!   │ codes                                                 00001     0000000
//!   it is the last block
//! ```
//!
//! The copy is longer than its distance: of its four bytes, the last two are those that it has just made.
//!
//! ```
//! use barewire::deflate::{Deflate, Flush, Inflate, Level};
//!
//! let mut stream = Vec::new();
//! Deflate::new(15, Level::Normal).deflate(b"ababab", Flush::Finish, &mut stream, 100);
//! assert_eq!(stream, [0x4b, 0x4c, 0x02, 0x41, 0x00]);
//!
//! let (mut inflate, mut content) = (Inflate::new(15), Vec::new());
//! inflate.inflate(&stream, &mut content, 100)?;
//! assert_eq!(content, b"ababab");
//! assert!(inflate.is_done());
//! # Ok::<(), barewire::deflate::Error>(())
//! ```
//!
//! There are three types of block:
//!
//! | type | what it has | for |
//! |---|---|---|
//! | 0, stored | a length, its complement, the bytes themselves | what cannot be compressed; and empty, as the mark of a flush |
//! | 1, fixed codes | symbols in the codes that RFC 1951 §3.2.6 lists | short content |
//! | 2, dynamic codes | the lengths of its codes, then symbols | everything else |
//!
//! A gzip file (RFC 1952) is one such stream with a header before it and a CRC-32 and the length behind it, or several of
//! them: [`Gzip`], [`Gunzip`].
//!
//! # The rules
//!
//! 1. A number is sent from its lowest bit on, and a code from its first bit on (RFC 1951 §3.1.1).
//! 2. The codes of a block are known by their lengths alone: they are numbered by length, and within a length by symbol
//!    (§3.2.2). There is a code for each sequence of bits, unless there is one code alone.
//! 3. A distance reaches back over the ends of blocks, to a byte of the window that has been there: 32 KiB, or what was agreed.
//! 4. Input may be cut anywhere, and output is made in pieces as large as the caller allows ([`Progress`]): ten megabytes
//!    that stand for ten gigabytes make the caller's next piece, in bounded memory, and then wait.
//! 5. Each rule of a stream has a name ([`Rule`]). What breaks one is refused where its bits begin, and stays refused.
//!    zlib refuses the same streams.
//! 6. The same content makes the same stream, however it is cut. [`Flush::Sync`] brings all of it to the reader.
//! 7. In the steady state nothing is allocated: `reset` keeps the memory.
//!
//! Where a stream has secrets and what an attacker chose, its *length* tells how much of both is the same. Whoever
//! compresses decides what is compressed together.
//!
//! # Which file to read first
//!
//! `symbols.rs`, what a symbol stands for. Then `inflate.rs`, the states of a stream, `declaration.rs`, how a block says its
//! codes, and `decode_table.rs`, how a code is found with one look; `fast_loop.rs` is the same without a look at the ends,
//! `history.rs` what a distance reaches back to, and `watch.rs` what a decoder tells [`trace`](crate::trace). The other way,
//! `matcher.rs` finds copies, `block.rs` chooses the type of block, and `encode_table.rs` makes its codes. `gunzip.rs`
//! and `gzip.rs` are the frame around it, `header.rs` the header and `crc.rs` the sum.
//!
//! # To change X, touch Y
//!
//! | to change | touch |
//! |---|---|
//! | what a stream may have, or the sentence of a rule | `error.rs` and the check; a case in `fixtures/deflate/`, which `tests/wire/deflate/` runs; what `watch.rs` tells of it; `tests/interop/zlib_cases.py`, if zlib does otherwise |
//! | how fast a stream is decompressed | `fast_loop.rs`, `decode_table.rs`; the fuzz target `inflate` compares them with miniz_oxide |
//! | how much memory that takes | `history.rs`, and the sizes of the tables in `codes.rs` |
//! | how well, or how fast, is compressed | `Level` in `deflate.rs`; `matcher.rs` |
//! | the header of a gzip file | `header.rs` (writing), `gunzip.rs` (reading); `fixtures/deflate/gzip.txt` |
//! | compression of messages | `websocket/wire/deflate/` |
//! | compression of bodies | `http/server/exchange/compression.rs`, `http/client/exchange/content.rs` |
//!
//! # Exercises
//!
//! 1. Write `aaaaaaaa` by hand: a literal and a copy of seven bytes from one back. Add it to `fixtures/deflate/fixed.txt`, and
//!    let `cargo test --test wire deflate` tell whether it is right.
//! 2. A stream of RFC 1950 may begin with a dictionary: bytes that both sides know, and that distances reach back to. Let
//!    [`Inflate`] have one. What must [`Rule::DistanceTooFar`] count then, and what does `reset` keep?

mod bits;
mod bits_out;
mod block;
mod codes;
mod crc;
mod declaration;
mod decode_table;
#[allow(clippy::module_inception)] // the RFC's word for both
mod deflate;
mod encode_table;
mod error;
mod fast_loop;
mod gunzip;
mod gzip;
mod header;
mod history;
mod inflate;
mod matcher;
mod symbols;
mod watch;

pub use deflate::{Deflate, Flush, Level};
pub use error::{Error, Rule};
pub use gunzip::Gunzip;
pub use gzip::Gzip;
pub use header::{Header, Misuse};
pub use inflate::{Inflate, Progress};
pub(crate) use watch::{Field, Item, Watch};
