//! Hostile TLS peers: none of them may block, slow down or outlive the others.
//!
//! | module | the peer |
//! |---|---|
//! | `handshake` | never finishes a handshake, or never begins one |
//! | `established` | misbehaves after the handshake: floods of KeyUpdate, reading nothing, a cut |
//! | `refused` | fails in the handshake, and is sent an alert |
//! | `stage` | is the server that is attacked, or the good client beside |
//!
//! What a thousand of them leak is counted in `tests/leftovers/tls.rs`, alone in its process.

mod established;
mod handshake;
mod refused;
mod stage;
