//! What a replay was asked for.

use std::time::Duration;

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) to: String,
    pub(super) with_times: bool,
    pub(super) answer_timeout: Duration,
    /// Names of fields, in lower case.
    pub(super) left_out: Vec<String>,
}
