//! Characters across chunk borders, and text as bytes.
//!
//! # The problem
//!
//! A stream is cut anywhere, and most characters are more than one byte. A program that makes a string from
//! each chunk and joins the strings destroys the characters at the borders:
//!
//! ```
//! use barewire::text::{Decoder, Encoding};
//!
//! let poem = "床前明月光，疑是地上霜。举头望明月，低头思故乡。";
//! let reads = || poem.as_bytes().chunks(11);
//!
//! // The book's `data += chunk` …
//! let mut data = String::new();
//! for chunk in reads() {
//!     data += &String::from_utf8_lossy(chunk);
//! }
//! assert_eq!(data, "床前明��光，疑���地上霜。举头��明月，���头思故乡。");
//!
//! // … and its `set_encoding("utf8")`.
//! let mut decoder = Decoder::new(Encoding::named("utf8")?);
//! let mut data = String::new();
//! for chunk in reads() {
//!     decoder.decode(chunk, &mut data)?;
//! }
//! decoder.finish(&mut data)?;
//! assert_eq!(data, poem);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The bytes
//!
//! Each character of that poem is three bytes of UTF-8, and eleven is not a multiple of three:
//!
//! ```text
//!    first read, 11 bytes                 second read
//!   ┌───────────────────────────────────┐┌────────────────────────────── ─ ─
//!    E5 BA 8A  E5 89 8D  E6 98 8E  E6 9C  88  E5 85 89  EF BC 8C  E7 96 91
//!    └─ 床 ─┘  └─ 前 ─┘  └─ 明 ─┘  └─ 月 ──┘  └─ 光 ─┘  └─ ， ─┘  └─ 疑 ─┘
//!                                  ▲
//!                                  held back until the next read
//! ```
//!
//! The first byte of a character shows how many follow, and no other byte looks like a first byte:
//!
//! ```text
//!   U+0000  … U+007F     0xxxxxxx
//!   U+0080  … U+07FF     110xxxxx  10xxxxxx
//!   U+0800  … U+FFFF     1110xxxx  10xxxxxx  10xxxxxx
//!   U+10000 … U+10FFFF   11110xxx  10xxxxxx  10xxxxxx  10xxxxxx
//! ```
//!
//! # The rules
//!
//! 1. Complete characters are appended at once; the start of a character is held back, three bytes at most.
//!    The text is the same however the bytes were cut, and so is an error.
//!
//!    | [`Encoding`] | bytes to text | held back | invalid |
//!    |---|---|---|---|
//!    | `utf8` | 1 to 4 bytes are a character | up to 3 | five rules of [`Rule`] |
//!    | `utf16le` (`ucs2`) | 2 bytes, or 4 as a surrogate pair | up to 3 | half a pair |
//!    | `latin1` (`binary`) | a byte is the character of that number | | |
//!    | `ascii` | the same | | 80 to FF |
//!    | `base64` | 3 bytes become 4 digits | up to 2 | |
//!    | `hex` | a byte becomes 2 digits | | |
//!
//! 2. Invalid bytes become U+FFFD as in the [Encoding Standard] ([`Decoder::new`]: one for each unfinished
//!    start of a character, one for each byte that cannot start any), or they are an error
//!    ([`Decoder::strict`]) with the bytes, the offset and the rule.
//! 3. `base64` and `hex` name the *text*: their decoder writes any bytes as digits, as
//!    `buffer.toString('base64')` does. [`Encoding::encode`] turns digits into bytes.
//! 4. A byte order mark is a character like any other: U+FEFF stays in the text, as in Node.
//! 5. `latin1` is ISO 8859-1, as in Node; a browser takes that name for windows-1252. `ascii` refuses a byte
//!    above 7F; Node clears its top bit, which makes another character of it.
//! 6. A charset that is not in the table is an [`UnknownEncoding`], never a guess: GBK bytes that are read
//!    as UTF-8 become U+FFFD, and the original bytes cannot be recovered.
//!
//! [Encoding Standard]: https://encoding.spec.whatwg.org/#decoders
//!
//! # Which file to read first
//!
//! `decoder.rs`: what all encodings have in common. Each encoding has two functions: how many bytes at the
//! end are `unfinished`, and `decode` for the complete ones. `utf8.rs` is the most important one.
//!
//! # To change X, touch Y
//!
//! | to change | touch |
//! |---|---|
//! | an encoding, or a new one | `Encoding` in `encoding.rs` with `ALL`, `named` and `name` (the compiler names the other places, in `decoder.rs`), the table above, `tests/wire/text/` (`oracle.rs` is a slow second implementation) |
//! | a rule, or its sentence | its row in `error.rs` |
//! | what replaces invalid bytes | `OnInvalid` in `error.rs` |
//! | how bytes are held between chunks | `decode_across_chunks` in `decoder.rs`; `tests/wire/text/cuttings.rs` |
//!
//! # Exercises
//!
//! 1. Add `utf16be`. Which two functions does it need, and which test shows that you forgot none?
//! 2. In GBK a character is one byte up to 7F, or a byte 81 to FE and then one of 40 to FE. Lose
//!    one byte of a Chinese text in GBK, and one in UTF-8: how many characters are lost in each?

mod base;
mod decoder;
mod encoding;
mod error;
mod one_byte;
mod utf16;
mod utf8;

pub use decoder::Decoder;
pub use encoding::{Encoding, UnknownEncoding};
pub use error::{Error, Rule};
