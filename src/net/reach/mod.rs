//! Reaching a host by one deadline: which addresses it has, and which of them answers first.
//!
//! ```text
//!   "dev.test.com", 8124 ── resolve ──► [::1]:8124, 127.0.0.1:8124 ── race ──► a connection
//!   └───────────────────────────────── one deadline ──────────────────────────────────────┘
//! ```
//!
//! `local.rs` reaches a Unix socket the same way.
//!
//! `literal.rs` reads what people write, `[fe80::1%eth0]:8124`. `resolve.rs` says what a name may be and in
//! which order the addresses of a host are tried.
//! `blocking_calls.rs` asks the system with a deadline, which the system does not know, and
//! `call_queue.rs` decides which call may start. `connect_schedule.rs` is the race as a table, and
//! `race.rs` runs it. `worker.rs` is the thread that makes one call for another.

mod blocking_calls;
mod call_queue;
mod connect_schedule;
mod family;
mod literal;
pub(super) mod local;
mod race;
mod resolve;
pub(crate) mod worker;

pub use family::Family;
pub(super) use literal::split;
pub(crate) use literal::{local, local_pair};
pub use race::race;
pub use resolve::resolve;
