//! deflate
mod bits;
mod bits_out;
mod block;
mod decode_table;
mod deflate;
mod encode_table;
mod error;
mod history;
mod inflate;
mod matcher;
mod symbols;
pub use deflate::{Deflate, Flush, Level};
pub use error::{Error, Rule};
pub use inflate::{Inflate, Progress};
