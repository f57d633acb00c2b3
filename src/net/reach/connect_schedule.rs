//! When which address is tried: the table of connection attempts. It knows no clock and no thread.

use std::fmt::Write as _;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::worker::NoThread;

/// How many addresses are tried, at most.
const MOST_ADDRESSES: usize = 16;

/// Which attempts have started, which have failed, and when the next one starts.
#[derive(Debug)]
pub(super) struct ConnectSchedule {
    attempts: Vec<(SocketAddr, State)>,
    /// How many addresses there were before the rest was left out.
    given: usize,
    started: usize,
    delay: Duration,
    /// The next attempt starts no earlier; `None`: at once.
    next_start: Option<Instant>,
    deadline: Instant,
    /// Why an attempt had no thread of its own.
    missing: Option<String>,
}

#[derive(Debug)]
enum State {
    Waiting,
    Running,
    Failed(io::Error),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This attempt starts now, on a thread of its own.
    Start(usize, SocketAddr),
    /// This attempt starts now, on the caller's thread: no other runs or will run.
    StartHere(usize, SocketAddr),
    /// Nothing to do before then, unless a running attempt ends.
    Wait(Instant),
    /// No attempt runs, or the deadline has passed.
    Over,
}

impl ConnectSchedule {
    pub(super) fn new(
        addresses: &[SocketAddr],
        delay: Duration,
        deadline: Instant,
    ) -> ConnectSchedule {
        let first = addresses.iter().take(MOST_ADDRESSES);
        ConnectSchedule {
            attempts: first.map(|address| (*address, State::Waiting)).collect(),
            given: addresses.len(),
            started: 0,
            delay,
            next_start: None,
            deadline,
            missing: None,
        }
    }

    // RFC 8305 §5: "one connection attempt to a single address is started first, followed by the
    // others in the list, one at a time"
    pub(super) fn next(&mut self, now: Instant) -> Next {
        let one_waits = self.started < self.attempts.len();
        let not_before = self.next_start.unwrap_or(now);
        match one_waits {
            _ if now >= self.deadline => Next::Over,
            true if now >= not_before => self.start(now),
            true => Next::Wait(not_before.min(self.deadline)),
            false if self.running() > 0 => Next::Wait(self.deadline),
            false => Next::Over,
        }
    }

    fn start(&mut self, now: Instant) -> Next {
        let attempt = self.started;
        let is_last = attempt + 1 == self.attempts.len();
        let alone = is_last && self.running() == 0;
        self.started += 1;
        self.next_start = Some(now.checked_add(self.delay).unwrap_or(self.deadline));
        let (address, state) = &mut self.attempts[attempt];
        *state = State::Running;
        match alone {
            true => Next::StartHere(attempt, *address),
            false => Next::Start(attempt, *address),
        }
    }

    fn running(&self) -> usize {
        let attempts = self.attempts.iter();
        attempts
            .filter(|(_, state)| matches!(state, State::Running))
            .count()
    }

    /// The attempt that has just started has no thread of its own, for this reason, so the caller's
    /// thread makes it: until when. Meanwhile nothing else is started or noticed, so the attempts
    /// that wait and those that run get their share of the time that is left.
    pub(super) fn no_thread(&mut self, now: Instant, missing: &io::Error) -> Instant {
        self.missing = Some(missing.to_string());
        let others = self.attempts.len() - self.started + self.running().saturating_sub(1);
        let left = self.deadline.saturating_duration_since(now);
        now + left / u32::try_from(others + 1).unwrap_or(u32::MAX)
    }

    /// One has failed, so the next one need not wait any longer.
    pub(super) fn failed(&mut self, attempt: usize, error: io::Error) {
        self.attempts[attempt].1 = State::Failed(error);
        self.next_start = None;
    }

    pub(super) fn into_error(self) -> io::Error {
        let kind = self.kind();
        let reasons: Vec<String> = self.attempts.iter().map(reason).collect();
        let reasons = reasons.join("; ");
        let mut text = match self.attempts.len() {
            0 => "no address to connect to".into(),
            1 => format!("cannot connect to {reasons}"),
            n if n < self.given => {
                let given = self.given;
                format!("cannot connect to any of the first {n} of {given} addresses: {reasons}")
            }
            n => format!("cannot connect to any of {n} addresses: {reasons}"),
        };
        if let Some(missing) = self.missing {
            let _ = write!(text, " ({})", NoThread(&missing));
        }
        io::Error::new(kind, text)
    }

    fn kind(&self) -> ErrorKind {
        let kind = |(_, state): &(SocketAddr, State)| match state {
            State::Waiting | State::Running => ErrorKind::TimedOut,
            State::Failed(error) => error.kind(),
        };
        let most_telling = self.attempts.iter().map(kind).min_by_key(rank);
        most_telling.unwrap_or(ErrorKind::InvalidInput)
    }
}

/// Which of several kinds stands for all of them: the first of those with the smallest rank.
fn rank(kind: &ErrorKind) -> u8 {
    use ErrorKind::*;
    match kind {
        TimedOut => 0,
        NetworkUnreachable | HostUnreachable | AddrNotAvailable => 2,
        _ => 1,
    }
}

fn reason((address, state): &(SocketAddr, State)) -> String {
    match state {
        State::Waiting => format!("{address}: not tried before the deadline"),
        State::Running => format!("{address}: no answer in time"),
        State::Failed(error) => format!("{address}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Duration = Duration::from_millis(250);

    fn some(n: u8) -> Vec<SocketAddr> {
        (1..=n).map(|n| ([10, 0, 0, n], 80).into()).collect()
    }

    #[test]
    fn one_starts_each_250_ms_or_when_another_has_failed() {
        let zero = Instant::now();
        let at = |ms| zero + Duration::from_millis(ms);
        let hosts = some(4);
        let mut schedule = ConnectSchedule::new(&hosts, DELAY, at(1000));
        assert_eq!(schedule.next(at(0)), Next::Start(0, hosts[0]));
        assert_eq!(schedule.next(at(0)), Next::Wait(at(250)));
        assert_eq!(schedule.next(at(249)), Next::Wait(at(250)));
        assert_eq!(schedule.next(at(251)), Next::Start(1, hosts[1]));
        assert_eq!(schedule.next(at(251)), Next::Wait(at(501)));
        schedule.failed(1, ErrorKind::ConnectionRefused.into());
        assert_eq!(schedule.next(at(260)), Next::Start(2, hosts[2]));
        assert_eq!(schedule.next(at(260)), Next::Wait(at(510)));
        assert_eq!(schedule.next(at(510)), Next::Start(3, hosts[3]));
        assert_eq!(schedule.next(at(510)), Next::Wait(at(1000)));
        schedule.failed(3, ErrorKind::ConnectionRefused.into());
        assert_eq!(schedule.next(at(999)), Next::Wait(at(1000)));
        assert_eq!(schedule.next(at(1000)), Next::Over);
        let error = schedule.into_error();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(
            error.to_string(),
            "cannot connect to any of 4 addresses: 10.0.0.1:80: no answer in time; \
             10.0.0.2:80: connection refused; 10.0.0.3:80: no answer in time; \
             10.0.0.4:80: connection refused"
        );
    }

    #[test]
    fn nothing_starts_when_the_time_is_up() {
        let zero = Instant::now();
        let mut schedule = ConnectSchedule::new(&some(2), DELAY, zero + DELAY);
        schedule.next(zero);
        assert_eq!(schedule.next(zero), Next::Wait(zero + DELAY));
        assert_eq!(schedule.next(zero + DELAY), Next::Over);
        let text = schedule.into_error().to_string();
        assert!(
            text.contains("10.0.0.2:80: not tried before the deadline"),
            "{text}"
        );
    }

    #[test]
    fn the_last_runs_here_if_no_other_does() {
        let now = Instant::now();
        let hosts = some(2);
        let mut schedule = ConnectSchedule::new(&hosts, DELAY, now + DELAY);
        schedule.next(now);
        schedule.failed(0, ErrorKind::ConnectionRefused.into());
        assert_eq!(schedule.next(now), Next::StartHere(1, hosts[1]));
        schedule.failed(1, ErrorKind::ConnectionRefused.into());
        assert_eq!(schedule.next(now), Next::Over);
    }

    #[test]
    fn fault_a26_without_threads_each_address_gets_its_share_of_the_time() {
        let zero = Instant::now();
        let at = |ms| zero + Duration::from_millis(ms);
        let missing = io::Error::other("no thread to be had");
        let hosts = some(4);
        let mut schedule = ConnectSchedule::new(&hosts, DELAY, at(1000));
        assert_eq!(schedule.next(at(0)), Next::Start(0, hosts[0])); // this one has a thread
        assert_eq!(schedule.next(at(250)), Next::Start(1, hosts[1]));
        assert_eq!(
            schedule.no_thread(at(250), &missing),
            at(437) + Duration::from_micros(500)
        );
        schedule.failed(1, ErrorKind::TimedOut.into());
        assert_eq!(schedule.next(at(450)), Next::Start(2, hosts[2]));
        schedule.failed(0, ErrorKind::ConnectionRefused.into());
        assert_eq!(schedule.no_thread(at(450), &missing), at(725));
        schedule.failed(2, ErrorKind::TimedOut.into());
        assert_eq!(schedule.next(at(725)), Next::StartHere(3, hosts[3]));
        schedule.failed(3, ErrorKind::ConnectionRefused.into());
        let text = schedule.into_error().to_string();
        let end = "(on the caller's thread, since no other could be started: no thread to be had)";
        assert!(text.ends_with(end), "{text}");
    }
}
