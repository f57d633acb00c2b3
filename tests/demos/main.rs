//! What the demos print, word for word.
//!
//! | rows | module | what a reader sees there |
//! |---|---|---|
//! | all | `chapter` | each door of `make run`, knocked at as it says |
//! | N01 N02 N03 N07 | `tcp_echo` | the book's server and client, over TCP and Unix sockets |
//! | S01 to S05, S07 | `framing` | sticky packets, the four framers, and what needs none |
//! | N08, E10 | `nagle` | the shape of what is seen; the figures are the machine's |
//! | T02 to T05 | `tls_echo` | the book's TLS server and client, and its HTTPS server |
//! | all | `mistakes` | what the shell may do to any of them |
//! | | `transcript`, `stage`, `place` | goldens in `fixtures/demos/`; programs that never outlive a test |
//!
//! `udp_echo` is with its rows, in `tests/udp_rows/demo.rs`.

#[allow(unused_imports)] // most of it is for servers of HTTP
#[path = "../support/mod.rs"]
mod support;

mod chapter;
mod framing;
mod mistakes;
mod nagle;
mod place;
mod stage;
mod tcp_echo;
mod tls_echo;
mod transcript;
