//! What ends a wait of a request: a deadline for all of it, one for each phase, and being cancelled.

use super::handle::Shared;
use super::pool::Refused;
use super::timings::Phase;
use crate::http::error::Error;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a request may take, phase by phase. Each limit but `total` is on from the start.
///
/// ```text
///   ├ queue ┤├ connect ┤├ send ───────────┤├ expect ┤├ head ──────┤├ body ──────────┤
///   a socket  resolve,   stalls, and a     for a     from the last  stalls, and a
///   of the    try every  rate over longer  100       byte sent to   rate over longer
///   agent     address    stretches                   the head       stretches
///   ├ total ─────────────────────────────────────────────────────────────────────────┤
/// ```
///
/// ```
/// use barewire::http::{self, RequestOptions, Timeouts};
/// use std::{io::ErrorKind, net::TcpListener, time::Duration};
///
/// let silent = TcpListener::bind("127.0.0.1:0")?; // a server that never answers
/// let timeouts = Timeouts {
///     head: Duration::from_millis(50),
///     ..Timeouts::default()
/// };
/// let url = format!("http://{}/", silent.local_addr()?);
/// let options = RequestOptions::new().url(&url)?.timeouts(timeouts);
/// match http::request(options)?.end("").unwrap_err() {
///     http::Error::Io(error) if error.kind() == ErrorKind::TimedOut => {
///         assert_eq!(error.to_string(), "the head of the response did not come within 50ms");
///     }
///     other => panic!("{other}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`RequestOptions::timeout`](super::RequestOptions::timeout) sets `total` alone. A deadline is checked when the
/// socket's read or write timeout passes. That timeout may be an eighth
/// longer than the time left, so a deadline may be overshot by an eighth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From the call to the last byte of the body. No limit: a download may last. With a limit, no
    /// server can make the request last longer, however slowly it sends.
    pub total: Option<Duration>,
    /// Waiting for a socket of the agent. `None`: the agent's
    /// [`Limits::queue_timeout`](super::pool::Limits::queue_timeout).
    pub queue: Option<Duration>,
    /// Resolving the name, trying its addresses, and a TLS handshake or a proxy's response. 10 s.
    pub connect: Duration,
    /// How long the server may read nothing of the request, or send nothing of the body; and the
    /// stretch of waiting over which [`min_bytes_per_second`](Self::min_bytes_per_second) is
    /// measured. 30 s.
    pub stall: Duration,
    /// The rate of a body, in either direction, while the client waits for the server. 256 bytes a
    /// second; 0 for responses that last and say little, such as server-sent events.
    pub min_bytes_per_second: u64,
    /// How long to wait for a 100 before the body is sent without one. 1 s.
    pub expect: Duration,
    /// From the last byte of the request to the end of the final head. 30 s.
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

/// The error of a phase whose deadline has passed, or of a body that is too slow.
pub(super) fn phase_timed_out(phase: Phase, limit: Duration) -> Error {
    timed_out(
        match phase {
            Phase::Queue => {
                let why = Refused::TimedOut(limit);
                return io::Error::new(ErrorKind::TimedOut, why).into();
            }
            Phase::Resolve | Phase::Connect | Phase::Secure => {
                "the server could not be reached within"
            }
            Phase::Send => "the server read nothing of the request, or too little, for",
            Phase::Head => "the head of the response did not come within",
            Phase::Body => "the server sent nothing of the body, or too little, for",
        },
        limit,
    )
}

fn timed_out(what: &str, limit: Duration) -> Error {
    io::Error::new(ErrorKind::TimedOut, format!("{what} {limit:?}")).into()
}

/// The deadlines of one request, as points in time; and its handle, if it has one.
#[derive(Clone, Debug)]
pub(super) struct Deadlines {
    total: Option<Deadline>,
    phase: Phase,
    phase_ends: Option<Deadline>,
    handle: Option<Arc<Shared>>,
}

#[derive(Clone, Copy, Debug)]
struct Deadline {
    at: Instant,
    limit: Duration,
}

impl Deadline {
    /// `None` stands for "never".
    fn after(limit: Option<Duration>, now: Instant) -> Option<Deadline> {
        let limit = limit?;
        let at = now.checked_add(limit)?;
        Some(Deadline { at, limit })
    }
}

/// Stands for "never", where a call wants a duration.
const LONG: Duration = Duration::from_secs(24 * 3600);

impl Deadlines {
    pub(super) fn start(total: Option<Duration>, now: Instant) -> Deadlines {
        Deadlines {
            total: Deadline::after(total, now),
            phase: Phase::Queue,
            phase_ends: None,
            handle: None,
        }
    }

    /// From now on, this handle cancels the request and reports its phase.
    pub(super) fn set_handle(&mut self, handle: &Arc<Shared>) {
        self.handle = Some(Arc::clone(handle));
    }

    pub(super) fn remove_handle(&mut self) {
        self.handle = None;
    }

    pub(super) fn handle(&self) -> Option<&Arc<Shared>> {
        self.handle.as_ref()
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// # Errors
    /// The request was cancelled: [`ErrorKind::ConnectionAborted`].
    pub(super) fn check_cancelled(&self) -> Result<(), Error> {
        match &self.handle {
            Some(handle) => handle.check(),
            None => Ok(()),
        }
    }

    /// A phase begins. If it has no limit of its own, only the total holds.
    pub(super) fn begin(&mut self, phase: Phase, limit: Option<Duration>) {
        self.enter(phase);
        self.phase_ends = limit.and_then(|limit| Deadline::after(Some(limit), Instant::now()));
    }

    /// As [`begin`](Self::begin); the limit counts from `now` on.
    pub(super) fn begin_at(&mut self, phase: Phase, limit: Option<Duration>, now: Instant) {
        self.enter(phase);
        self.phase_ends = Deadline::after(limit, now);
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        if let Some(handle) = &self.handle {
            handle.enter(phase);
        }
    }

    /// The first deadline of the total and the present phase.
    pub(super) fn next(&self) -> Instant {
        let ends = [self.total, self.phase_ends].into_iter().flatten();
        let first = ends.map(|end| end.at).min();
        first.unwrap_or_else(|| Instant::now() + LONG)
    }

    /// The limit of the present phase, if its deadline has passed.
    pub(super) fn passed(&self) -> Option<Duration> {
        let ends = self.phase_ends?;
        (ends.at <= Instant::now()).then_some(ends.limit)
    }

    /// How much time is left until the first deadline.
    ///
    /// # Errors
    /// It has passed: [`ErrorKind::TimedOut`], with a text that names it. Or as
    /// [`check_cancelled`](Self::check_cancelled).
    pub(super) fn left(&self) -> Result<Duration, Error> {
        self.check_cancelled()?;
        if self.total.is_none() && self.phase_ends.is_none() {
            return Ok(LONG);
        }
        self.left_until_first(Instant::now())
    }

    /// As [`left`](Self::left), at `now`.
    pub(super) fn left_at(&self, now: Instant) -> Result<Duration, Error> {
        self.check_cancelled()?;
        self.left_until_first(now)
    }

    fn left_until_first(&self, now: Instant) -> Result<Duration, Error> {
        let mut left = LONG;
        if let Some(end) = self.phase_ends {
            left = end.at.saturating_duration_since(now);
            if left.is_zero() {
                return Err(phase_timed_out(self.phase, end.limit));
            }
        }
        if let Some(end) = self.total {
            left = left.min(end.at.saturating_duration_since(now));
            if left.is_zero() {
                return Err(timed_out("the request took longer than", end.limit));
            }
        }
        Ok(left)
    }
}

/// The read timeout that is set on a socket. It is set anew only if it no longer fits: it fits while it
/// is no shorter than the time left, and no more than an eighth longer. So most requests set none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReadTimeout(Option<Fitting>);

#[derive(Clone, Copy, Debug)]
struct Fitting {
    timeout: Duration,
    /// The shortest time left that it fits.
    shortest: Duration,
}

impl ReadTimeout {
    /// The timeout to set, if the present one does not fit.
    #[inline]
    pub(super) fn fit(&mut self, left: Duration) -> Option<Duration> {
        match self.0 {
            Some(now) if now.shortest <= left && left <= now.timeout => None,
            _ => Some(self.set(left)),
        }
    }

    #[cold]
    fn set(&mut self, left: Duration) -> Duration {
        let timeout = left + left / 16 + Duration::from_millis(1);
        let shortest = timeout.saturating_sub(Duration::from_millis(2)) / 9 * 8;
        self.0 = Some(Fitting { timeout, shortest });
        timeout
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
        let mut deadlines = Deadlines::start(Some(ms(0)), Instant::now());
        let passed = |deadlines: &Deadlines| deadlines.left().unwrap_err().to_string();
        assert!(passed(&deadlines).contains("longer than 0ns"));
        deadlines.begin(Phase::Connect, Some(ms(0)));
        assert!(passed(&deadlines).contains("reached within"));
    }

    #[test]
    fn without_deadlines_much_time_is_left() {
        let mut deadlines = Deadlines::start(None, Instant::now());
        assert_eq!(deadlines.left().unwrap(), LONG);
        deadlines.begin(Phase::Head, Some(ms(5_000)));
        assert!(deadlines.left().unwrap() <= ms(5_000));
        assert!(deadlines.next() <= Instant::now() + ms(5_000));
    }

    #[test]
    fn a_read_timeout_is_set_once_for_requests_that_are_alike() {
        let mut timeout = ReadTimeout::default();
        assert_eq!(timeout.fit(ms(1600)), Some(ms(1701)));
        assert_eq!(timeout.fit(ms(1590)), None);
        assert_eq!(timeout.fit(ms(1700)), None);
        assert_eq!(timeout.fit(ms(400)), Some(ms(426)));
    }
}
