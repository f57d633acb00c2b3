//! Fuzz targets: bytes that nobody thought of, and what must hold whatever they are.
//!
//! A target is a function that takes an [`Input`](input::Input) and panics where a promise is
//! broken. `targets/` has them, a file each, and each file says what it promises. Two promises hold
//! for all: nothing panics, and nothing is allocated because a peer *said* how much would come
//! ([`counting`]).
//!
//! The program (`main.rs`) builds the engine (`bin/engine.rs`, libFuzzer), writes the first inputs
//! from `fixtures/` ([`seeds`]) and runs one target after the other. It can also play one input
//! alone, without the engine: that is how a finding is repeated.

mod counting;
mod input;
pub mod seeds;
mod targets;

// The vectors' own reader, sender and plain rules judge here what no vector says.
#[allow(dead_code)]
#[path = "../../wire/cases/mod.rs"]
mod cases;
#[allow(dead_code)]
#[path = "../../wire/http/check.rs"]
mod check;
#[path = "../../wire/http/encode.rs"]
mod encode;
#[path = "../../wire/http/oracle.rs"]
mod oracle;
#[allow(dead_code)]
#[path = "../../wire/trace/paper.rs"]
mod paper;
#[allow(dead_code)]
#[path = "../../wire/trace/play.rs"]
mod play;
#[path = "../../wire/http/reader.rs"]
mod reader;
#[allow(dead_code)]
#[path = "../../wire/deflate/format.rs"]
mod streams;

use cases::{http as format, websocket as written};
pub use targets::{TARGETS, Target};
