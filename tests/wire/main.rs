//! Bytes and rules without a socket: what `wire/`, `framing`, `text` and the pool promise.
//!
//! | module | what it tests |
//! |---|---|
//! | `cases` | none: how the cases of `fixtures/` are read, here and by `wire --vectors` |
//! | `text` | row B01: characters across chunk borders |
//! | `framing` | rows S02 to S06, errata E13 to E18: the framers |
//! | `http` | the vectors of HTTP/1.1, `fixtures/http/` |
//! | `machine` | the connection machine of HTTP/1.1, every state and event |
//! | `pool` | the client's pool: each rule, every order, real threads |
//! | `deflate` | compressed streams, `fixtures/deflate/` |
//! | `websocket` | frames, messages and handshakes, `fixtures/websocket/` |
//! | `tls` | what can be read without a key, `fixtures/tls/` |
//! | `trace` | every byte is explained once, in all of these |
//!
//! `cargo test --test wire pool` runs one of them.

mod cases;
mod deflate;
mod framing;
mod http;
mod machine;
mod pool;
#[path = "../support/mod.rs"]
mod support;
mod text;
mod tls;
mod trace;
mod websocket;
