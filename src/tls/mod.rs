//! TLS: the book's 7.5.

pub mod wire;
