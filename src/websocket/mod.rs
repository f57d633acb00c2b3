//! WebSocket: messages both ways over one connection, at any time (the book's 7.4).
//!
//! [`wire`] is the protocol: its bytes and rules, without a socket. The server and the client that
//! wait on one are still to come.

pub mod wire;
