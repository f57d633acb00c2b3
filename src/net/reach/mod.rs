//! Reaching a host by one deadline: which addresses it has, and which of them answers first.
//!
//! ```text
//!   "dev.test.com", 8124 ── resolve ──► [::1]:8124, 127.0.0.1:8124 ── race ──► a connection
//!   └───────────────────────────────── one deadline ──────────────────────────────────────┘
//! ```
//!
//! `local.rs` reaches a Unix socket the same way.
//!
//! `resolve.rs` says what a host may be and in which order its addresses are tried, `lookups.rs`
//! asks the system with a deadline, which the system does not know. `course.rs` is the race as a
//! table, and `race.rs` runs it, with a thread for each runner.

mod course;
pub(super) mod local;
mod lookups;
mod race;
mod resolve;

pub use race::race;
pub use resolve::{Family, resolve};
