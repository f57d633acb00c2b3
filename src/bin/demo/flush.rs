//! What is still to be written when a demo ends.

use super::{access_log, print, recording};
use std::time::Duration;

/// Waits for what a demo has recorded, logged and printed: for a log and for what is printed, a second each at most.
pub(crate) fn flush() {
    recording::finish(); // first: its words are printed
    access_log::flush(Duration::from_secs(1)); // it may print that lines were lost
    print::flush();
}
