//! Peers of TLS that mean no good: none of them may hold up, slow down or outlive the others.
//!
//! | module | who comes |
//! |---|---|
//! | `handshake` | who never finishes one, or never meant to begin one |
//! | `established` | who is in, and then misbehaves: floods of KeyUpdate, reading nothing, a cut |
//! | `leftovers` | a thousand failures of every kind, and what is left of them: nothing |
//! | `stage` | the server that they come to, and the good client beside them |

#[allow(unused_imports)] // most of it is for servers of HTTP
#[path = "../support/mod.rs"]
mod support;

mod established;
mod handshake;
mod leftovers;
mod stage;
