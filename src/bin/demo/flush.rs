//! What is still to be written when a demo ends.

use super::{access_log, print};
use std::time::Duration;

/// Waits for what a server has logged and printed, at most for a second each.
pub(crate) fn flush() {
    access_log::flush(Duration::from_secs(1)); // first: it may print that lines were lost
    print::flush();
}
