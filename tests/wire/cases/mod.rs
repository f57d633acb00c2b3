//! The cases of `fixtures/`: how they are read, and the conversation that each of them is.
//!
//! The tests have them from here, and so has `wire --vectors` (`src/bin/wire/vectors.rs`): the texts are part of the
//! program.

#[path = "../http/format.rs"]
pub(crate) mod http;
#[path = "../websocket/sample.rs"]
pub(crate) mod sample;
pub(crate) mod scripts;
#[path = "../websocket/format.rs"]
pub(crate) mod websocket;
