//! TLS (the book's 7.5).
//!
//! `stream.rs` is the connection: one more [`net::Stream`](crate::net::Stream), both ways at once.

mod error;
#[allow(dead_code, unused_imports)] // until there is a configuration to begin a handshake with
mod stream;

pub use error::Error;
pub use stream::Tls;
pub mod wire;
