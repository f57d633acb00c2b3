//! The deadlines of a request: one for all of it, and one for each phase.

use crate::http::error::Error;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// How long a request may take, phase by phase. Each is on from the start but the total.
///
/// ```text
///   ├ queue ┤├ connect ┤├ send ───────────┤├ expect ┤├ head ──────┤├ body ──────────┤
///   a socket  resolve,   stalls, and a     for a     from the last  stalls, and a
///   of the    try every  rate over longer  100       byte sent to   rate over longer
///   agent     address    stretches                   the head       stretches
///   ├ total ─────────────────────────────────────────────────────────────────────────┤
/// ```
///
/// A deadline is checked in our own clock whenever the socket's timeout ticks, and the tick may
/// come an eighth late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// All of it, from the call to the last byte of the body. No limit: a download takes what it
    /// takes. With one, no server outlives it, however it drips.
    pub total: Option<Duration>,
    /// Waiting for a socket of the agent. `None`: as the agent says
    /// ([`Limits::queue_timeout`](crate::http::client::pool::Limits::queue_timeout)).
    pub queue: Option<Duration>,
    /// Looking the name up, trying every address, and a TLS handshake or a proxy's answer. 10 s.
    pub connect: Duration,
    /// How long the server may take nothing of what we send, or send nothing of a body, and the
    /// stretch of waiting over which [`min_bytes_per_second`](Self::min_bytes_per_second) is
    /// judged. 30 s.
    pub stall: Duration,
    /// The rate of a body, either way, while we wait for it. 256 bytes a second; 0 for answers that
    /// last and say little, such as server-sent events.
    pub min_bytes_per_second: u64,
    /// How long to wait for a 100 before the body is sent without one. 1 s.
    pub expect: Duration,
    /// From the last byte sent to the end of the final head. 30 s.
    pub head: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            total: None,
            queue: None,
            connect: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            min_bytes_per_second: 256,
            expect: Duration::from_secs(1),
            head: Duration::from_secs(30),
        }
    }
}

/// What is being waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Phase {
    Queue,
    Connect,
    Send,
    Head,
    Body,
}

/// The deadlines of one request, as points in time.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct Clock {
    total: Option<(Instant, Duration)>,
    phase: (Phase, Option<(Instant, Duration)>),
}

/// Far enough to stand for "never".
const LONG: Duration = Duration::from_secs(24 * 3600);

impl Clock {
    pub(in crate::http) fn start(total: Option<Duration>, now: Instant) -> Clock {
        Clock {
            total: deadline(total, now),
            phase: (Phase::Queue, None),
        }
    }

    /// A phase begins. Without a limit of its own only the total holds.
    pub(in crate::http) fn begin(&mut self, phase: Phase, limit: Option<Duration>) {
        let limit = limit.and_then(|limit| deadline(Some(limit), Instant::now()));
        self.phase = (phase, limit);
    }

    /// When to give up, as far as is known now.
    pub(in crate::http) fn deadline(&self) -> Instant {
        let ends = [self.total, self.phase.1].into_iter().flatten();
        let first = ends.map(|(end, _)| end).min();
        first.unwrap_or_else(|| Instant::now() + LONG)
    }

    /// How much time is left.
    ///
    /// # Errors
    /// None is: [`ErrorKind::TimedOut`], in words that say which deadline it was.
    pub(in crate::http) fn left(&self) -> Result<Duration, Error> {
        if self.total.is_none() && self.phase.1.is_none() {
            return Ok(LONG);
        }
        let now = Instant::now();
        for (end, limit, what) in [
            self.phase
                .1
                .map(|(end, limit)| (end, limit, self.phase.0.says())),
            self.total
                .map(|(end, limit)| (end, limit, "the request took longer than")),
        ]
        .into_iter()
        .flatten()
        {
            if end <= now {
                let text = format!("{what} {limit:?}");
                return Err(io::Error::new(ErrorKind::TimedOut, text).into());
            }
        }
        Ok(self.deadline().saturating_duration_since(now))
    }
}

fn deadline(limit: Option<Duration>, now: Instant) -> Option<(Instant, Duration)> {
    let limit = limit?;
    Some((now.checked_add(limit)?, limit))
}

impl Phase {
    fn says(self) -> &'static str {
        match self {
            Phase::Queue => "no socket of the agent was free within",
            Phase::Connect => "the server could not be reached within",
            Phase::Send => "the server took nothing of the request, or a trickle, for",
            Phase::Head => "the head of the answer did not come within",
            Phase::Body => "the body of the answer stood still, or trickled, for",
        }
    }
}

/// The error of a body that is too slow, one way or the other.
pub(super) fn too_slow(phase: Phase, limit: Duration) -> Error {
    let text = format!("{} {limit:?}", phase.says());
    io::Error::new(ErrorKind::TimedOut, text).into()
}

/// A socket's timeout that need not be set anew for every request: it fits while it is no shorter
/// than what is left and no more than an eighth longer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tick(Option<Duration>);

impl Tick {
    /// What to set the timeout to, if it must be.
    pub(super) fn fit(&mut self, left: Duration) -> Option<Duration> {
        let most = left + left / 8 + Duration::from_millis(2);
        if self.0.is_some_and(|now| (left..=most).contains(&now)) {
            return None;
        }
        self.0 = Some(left + left / 16 + Duration::from_millis(1));
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn the_first_deadline_that_has_passed_is_named() {
        let mut clock = Clock::start(Some(ms(0)), Instant::now());
        assert!(
            clock
                .left()
                .unwrap_err()
                .to_string()
                .contains("longer than 0ns")
        );
        clock.begin(Phase::Connect, Some(ms(0)));
        assert!(
            clock
                .left()
                .unwrap_err()
                .to_string()
                .contains("reached within")
        );
    }

    #[test]
    fn without_deadlines_there_is_time() {
        let mut clock = Clock::start(None, Instant::now());
        assert_eq!(clock.left().unwrap(), LONG);
        clock.begin(Phase::Head, Some(ms(5_000)));
        assert!(clock.left().unwrap() <= ms(5_000));
        assert!(clock.deadline() <= Instant::now() + ms(5_000));
    }

    #[test]
    fn a_tick_is_set_once_for_requests_that_are_alike() {
        let mut tick = Tick::default();
        assert_eq!(tick.fit(ms(1600)), Some(ms(1701)));
        assert_eq!(tick.fit(ms(1590)), None);
        assert_eq!(tick.fit(ms(1700)), None);
        assert_eq!(tick.fit(ms(400)), Some(ms(426)));
    }
}
