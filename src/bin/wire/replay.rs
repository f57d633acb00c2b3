//! The clients of a capture, played again.

use crate::demo::{named, out, shown};
use barewire::trace::wire::capture::Reader;
use barewire::trace::{Outcome, Replay};
use std::fs::File;
use std::io::{self, ErrorKind};

/// 0: all answers are as they were recorded; 1: one is not; 2: one could not be had.
pub(crate) fn play(path: &str, to: &str) -> io::Result<u8> {
    let file = File::open(path).map_err(|error| named(path, &error))?;
    let mut code = None;
    for replayed in Replay::new(to).play(Reader::new(file)) {
        let replayed = replayed.map_err(|error| named(path, &error.into()))?;
        out!("{}", shown(replayed.to_string().trim_end()));
        code = code.max(Some(match replayed.outcome {
            Outcome::Equal { .. } => 0,
            Outcome::Differs(_) => 1,
            _ => 2,
        }));
    }
    let nothing = || {
        io::Error::new(
            ErrorKind::NotFound,
            format!("{path}: no TCP connection in it"),
        )
    };
    code.ok_or_else(nothing)
}
