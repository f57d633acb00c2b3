//! Compression (for the book's 7.3 and 7.4): the DEFLATE of RFC 1951.
//!
//! [`Inflate`] decompresses. Read `inflate.rs` first: it has the states of a stream; then `symbols.rs` and `decode_table.rs`.

mod bits;
mod bits_out;
mod block;
mod codes;
mod crc;
mod decode_table;
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
