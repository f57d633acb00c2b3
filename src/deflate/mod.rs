//! deflate
mod bits;
mod decode_table;
mod error;
mod history;
mod inflate;
mod symbols;
pub use error::{Error, Rule};
pub use inflate::{Inflate, Progress};
