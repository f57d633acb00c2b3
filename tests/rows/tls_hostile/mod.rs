//! Peers of TLS that mean no good: none of them may hold up, slow down or outlive the others.
//!
//! | module | who comes |
//! |---|---|
//! | `handshake` | who never finishes one, or never meant to begin one |
//! | `established` | who is in, and then misbehaves: floods of KeyUpdate, reading nothing, a cut |
//! | `stage` | the server that they come to, and the good client beside them |
//!
//! What a thousand of them leave over is counted in `tests/leftovers/tls.rs`, alone in its process.

mod established;
mod handshake;
mod stage;
