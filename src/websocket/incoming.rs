//! What a receive returns, and the time of one that has a deadline.

use super::wire::Data;
pub use crate::net::Incoming;
use std::time::{Duration, Instant};

/// A connection that is quiet for this long gives memory back.
pub(super) const QUIET: Duration = Duration::from_secs(1);

/// A part of a message; see [`PartReader`](super::PartReader), which returns them.
///
/// ```
/// use barewire::websocket::Part;
/// use std::io::{self, Write};
///
/// /// Appends a part to a file. True: the message is complete.
/// fn store(part: &Part<'_>, file: &mut impl Write) -> io::Result<bool> {
///     file.write_all(part.data.bytes())?;
///     Ok(part.last)
/// }
/// # let part = Part { data: barewire::websocket::Data::Text("hi"), last: true };
/// # assert!(store(&part, &mut Vec::new())?);
/// # Ok::<(), io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// What has come since the part before; it may be empty.
    pub data: Data<'a>,
    /// Whether the message ends with it.
    pub last: bool,
}

/// The time of one call.
#[derive(Debug)]
pub(super) struct Limit {
    time: Duration,
    /// Set before the first read; then `None`: the time has no end.
    until: Option<Option<Instant>>,
    /// How many bytes were read after it.
    pub(super) late: usize,
}

impl Limit {
    pub(super) fn new(time: Duration) -> Limit {
        Limit {
            time,
            until: None,
            late: 0,
        }
    }

    /// What is left of it; `None`: it has no end.
    pub(super) fn left(&mut self, now: Instant) -> Option<Duration> {
        let until = self.until.get_or_insert_with(|| now.checked_add(self.time));
        until.map(|until| until.saturating_duration_since(now))
    }
}

/// How long the calls with a limit have found nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Silence {
    since: Instant,
    /// Up to here it was counted.
    until: Instant,
}

impl Silence {
    pub(super) fn new(since: Instant) -> Silence {
        Silence {
            since,
            until: since,
        }
    }

    /// It goes on: how much longer it is now, and whether the connection is quiet.
    pub(super) fn goes_on(&mut self, now: Instant) -> (Duration, bool) {
        let more = now.saturating_duration_since(self.until);
        self.until = now;
        (more, now.saturating_duration_since(self.since) >= QUIET)
    }
}
