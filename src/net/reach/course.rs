//! Who runs when: the race as a table of runners. It knows no clock and no thread.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How many addresses are tried, at most.
const MOST_ADDRESSES: usize = 16;

/// Who has started, who has failed, and who starts when.
#[derive(Debug)]
pub(super) struct Course {
    runners: Vec<(SocketAddr, State)>,
    /// How many addresses there were before the rest was left out.
    given: usize,
    started: usize,
    delay: Duration,
    /// Not before then does the next one start; `None`: at once.
    next_start: Option<Instant>,
    deadline: Instant,
}

#[derive(Debug)]
enum State {
    Waits,
    Runs,
    Failed(io::Error),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This one starts now.
    Start(usize, SocketAddr),
    /// This one starts now, and nobody else runs or will.
    Alone(usize, SocketAddr),
    /// Nothing to do before then, unless one of those who run ends.
    Wait(Instant),
    /// Nobody runs, or the time is up.
    Over,
}

impl Course {
    pub(super) fn new(addresses: &[SocketAddr], delay: Duration, deadline: Instant) -> Course {
        let first = addresses.iter().take(MOST_ADDRESSES);
        Course {
            runners: first.map(|address| (*address, State::Waits)).collect(),
            given: addresses.len(),
            started: 0,
            delay,
            next_start: None,
            deadline,
        }
    }

    // RFC 8305 §5: "one connection attempt to a single address is started first, followed by the
    // others in the list, one at a time"
    pub(super) fn next(&mut self, now: Instant) -> Next {
        let someone_waits = self.started < self.runners.len();
        let not_before = self.next_start.unwrap_or(now);
        match someone_waits {
            _ if now >= self.deadline => Next::Over,
            true if now >= not_before => self.start(now),
            true => Next::Wait(not_before.min(self.deadline)),
            false if self.someone_runs() => Next::Wait(self.deadline),
            false => Next::Over,
        }
    }

    fn start(&mut self, now: Instant) -> Next {
        let runner = self.started;
        let is_last = runner + 1 == self.runners.len();
        let alone = is_last && !self.someone_runs();
        self.started += 1;
        self.next_start = Some(now + self.delay);
        let (address, state) = &mut self.runners[runner];
        *state = State::Runs;
        match alone {
            true => Next::Alone(runner, *address),
            false => Next::Start(runner, *address),
        }
    }

    fn someone_runs(&self) -> bool {
        let mut runners = self.runners.iter();
        runners.any(|(_, state)| matches!(state, State::Runs))
    }

    /// One has failed, so the next need not wait for its turn.
    pub(super) fn failed(&mut self, runner: usize, error: io::Error) {
        self.runners[runner].1 = State::Failed(error);
        self.next_start = None;
    }

    pub(super) fn into_error(self) -> io::Error {
        let kind = self.kind();
        let reasons: Vec<String> = self.runners.iter().map(reason).collect();
        let reasons = reasons.join("; ");
        let text = match self.runners.len() {
            0 => "no address to connect to".into(),
            1 => format!("cannot connect to {reasons}"),
            n if n < self.given => {
                let given = self.given;
                format!("cannot connect to any of the first {n} of {given} addresses: {reasons}")
            }
            n => format!("cannot connect to any of {n} addresses: {reasons}"),
        };
        io::Error::new(kind, text)
    }

    fn kind(&self) -> ErrorKind {
        let kind = |(_, state): &(SocketAddr, State)| match state {
            State::Waits | State::Runs => ErrorKind::TimedOut,
            State::Failed(error) => error.kind(),
        };
        let most_telling = self.runners.iter().map(kind).min_by_key(rank);
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
        State::Waits => format!("{address}: not tried, the time was up"),
        State::Runs => format!("{address}: no answer in time"),
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
        let mut course = Course::new(&hosts, DELAY, at(1000));
        assert_eq!(course.next(at(0)), Next::Start(0, hosts[0]));
        assert_eq!(course.next(at(0)), Next::Wait(at(250)));
        assert_eq!(course.next(at(249)), Next::Wait(at(250)));
        assert_eq!(course.next(at(251)), Next::Start(1, hosts[1]));
        assert_eq!(course.next(at(251)), Next::Wait(at(501)));
        course.failed(1, ErrorKind::ConnectionRefused.into());
        assert_eq!(course.next(at(260)), Next::Start(2, hosts[2]));
        assert_eq!(course.next(at(260)), Next::Wait(at(510)));
        assert_eq!(course.next(at(510)), Next::Start(3, hosts[3]));
        assert_eq!(course.next(at(510)), Next::Wait(at(1000)));
        course.failed(3, ErrorKind::ConnectionRefused.into());
        assert_eq!(course.next(at(999)), Next::Wait(at(1000)));
        assert_eq!(course.next(at(1000)), Next::Over);
        let error = course.into_error();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(
            error.to_string(),
            "cannot connect to any of 4 addresses: 10.0.0.1:80: no answer in time; \
             10.0.0.2:80: connection refused; 10.0.0.3:80: no answer in time; \
             10.0.0.4:80: connection refused"
        );
    }

    #[test]
    fn nobody_starts_when_the_time_is_up() {
        let zero = Instant::now();
        let mut course = Course::new(&some(2), DELAY, zero + DELAY);
        course.next(zero);
        assert_eq!(course.next(zero), Next::Wait(zero + DELAY));
        assert_eq!(course.next(zero + DELAY), Next::Over);
        let text = course.into_error().to_string();
        assert!(
            text.contains("10.0.0.2:80: not tried, the time was up"),
            "{text}"
        );
    }

    #[test]
    fn the_last_runs_alone_if_nobody_else_does() {
        let now = Instant::now();
        let hosts = some(2);
        let mut course = Course::new(&hosts, DELAY, now + DELAY);
        course.next(now);
        course.failed(0, ErrorKind::ConnectionRefused.into());
        assert_eq!(course.next(now), Next::Alone(1, hosts[1]));
        course.failed(1, ErrorKind::ConnectionRefused.into());
        assert_eq!(course.next(now), Next::Over);
    }
}
