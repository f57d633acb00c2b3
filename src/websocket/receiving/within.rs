//! A receive with a deadline: what has come when it passes stays in the read buffer, for the next call.
//!
//! ```text
//!   receive_within(1 s)   wait ───────────────── 1 s: Nothing      "hel" has come, and is kept
//!   the caller            does something else
//!   receive_within(1 s)   "lo" comes: Came("hello")
//! ```
//!
//! Two such calls, which both found nothing, show that the peer was silent from the first to the second, also while
//! the caller did something else. So the heartbeat and the stall timeout count that time, too. If the second
//! call finds bytes, nobody knows when they came: only the time in the call counts.

use super::Receiving;
use crate::net::is_timeout;
use crate::websocket::error::Error;
use crate::websocket::incoming::{Limit, Silence};
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// How much one call reads at most after its time has passed, from a peer that sends without a pause.
const LATE_BYTES: usize = 1024 * 1024;

impl Receiving {
    /// Reads once. Before that, everything leaves that was coalesced, as far as the socket takes it at once. False:
    /// nothing has come in time.
    #[inline(never)]
    pub(super) fn fill_within(&mut self, limit: &mut Limit) -> Result<bool, Error> {
        let mid_message = self.before_read(false);
        loop {
            let began = Instant::now();
            let left = limit.left(began);
            let is_late = left == Some(Duration::ZERO);
            if is_late && limit.late >= LATE_BYTES {
                return Ok(false);
            }
            match self.read_within(mid_message, left) {
                Ok(Some(0)) => return Err(self.ended()),
                Ok(Some(n)) => {
                    self.silence = None;
                    if mid_message {
                        self.judge_pace(began.elapsed())?;
                    }
                    self.heard(n);
                    limit.late += if is_late { n } else { 0 };
                    return Ok(true);
                }
                Ok(None) => {
                    let now = Instant::now();
                    self.nothing_came(mid_message, began, now)?;
                    if limit.left(now) == Some(Duration::ZERO) {
                        return Ok(false);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.broken(error)),
            }
        }
    }

    /// One read, which waits until the next deadline at most. `None`: nothing has come.
    fn read_within(
        &mut self,
        mid_message: bool,
        left: Option<Duration>,
    ) -> io::Result<Option<usize>> {
        self.timeout_for = None; // a call without a limit finds the timeout anew
        let read = match left {
            Some(Duration::ZERO) => self.frames.try_read(self.shared.outgoing.stream.as_ref()),
            _ => {
                let timeout = self.find_timeout(mid_message);
                self.apply_timeout(timeout.into_iter().chain(left).min())?;
                let read = self.frames.read(self.shared.outgoing.stream.as_ref());
                read.map(Some)
            }
        };
        match read {
            Err(error) if is_timeout(&error) => Ok(None),
            read => read,
        }
    }

    /// Nothing has come since the last call found nothing, if that was the call before.
    fn nothing_came(
        &mut self,
        mid_message: bool,
        began: Instant,
        now: Instant,
    ) -> Result<(), Error> {
        let silence = self.silence.get_or_insert_with(|| Silence::new(began));
        let (waited, quiet) = silence.goes_on(now);
        if mid_message {
            self.judge_pace(waited)?;
        }
        self.has_waited(waited, quiet)
    }
}
