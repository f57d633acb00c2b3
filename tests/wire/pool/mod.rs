//! The pool of an agent: each rule by itself, then all rules in every order of calls, and last behind a
//! real lock with threads.
//!
//! | module | what it shows |
//! |---|---|
//! | `how_many`, `who_is_next`, `idle` | one rule a test: read them first |
//! | `random` | a million random steps under random limits |
//! | `exhaustive` | all orders of a few clients, each with all its choices |
//! | `threads` | twice 100,000 requests by threads that sleep: no wake-up is lost |
//!
//! A rule is tested in a `scene`. `random` and `exhaustive` run in a `world`: the pool beside a `model` of
//! it that is too simple to be wrong.

mod exhaustive;
mod how_many;
mod idle;
mod model;
mod random;
mod scene;
mod threads;
mod who_is_next;
mod world;
