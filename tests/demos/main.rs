//! What the demos print, word for word.
//!
//! | rows | module | what a reader sees there |
//! |---|---|---|
//! | N01 N02 N03 N07 | `tcp_echo` | the book's server and client, over TCP and Unix sockets |
//! | | `stage` | programs that never outlive a test |
//!
//! `udp_echo` is with its rows, in `tests/udp_rows/demo.rs`.

#[allow(unused_imports)] // most of it is for servers of HTTP
#[path = "../support/mod.rs"]
mod support;

mod stage;
mod tcp_echo;
