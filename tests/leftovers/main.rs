//! What is left in the process after many connections: descriptors, threads, memory. The process
//! is measured, so these tests have it for themselves and run one after the other.
//!
//! The figures are printed; `cargo test --test leftovers -- --nocapture` shows them.

mod files;
mod net;
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod websocket;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The right to run; every test of this program holds it while it runs.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
