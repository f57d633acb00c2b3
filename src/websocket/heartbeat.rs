//! The heartbeat: when a silent peer is sent a ping, and when its connection is cut. It has no clock and no
//! stream.
//!
//! ```text
//!   nothing has come for `every` ──▶ ping queued ──▶ ping has left ──▶ nothing for `deadline`: dead
//!          ▲                                              │
//!          └──── a byte has come, or a byte ◀─────────────┘
//!                has left that had to wait
//! ```

use std::time::Duration;

const SHORTEST: Duration = Duration::from_millis(1);

#[derive(Clone, Copy, Debug)]
pub(super) struct Heartbeat {
    every: Duration,
    deadline: Duration,
    /// Whether a ping is unanswered.
    pinged: bool,
    /// For how long nothing has come.
    silent: Duration,
    signs_of_life: u64,
}

/// What the sending side knows of the last ping and of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pulse {
    /// How long ago the ping has left; `None`: it is still queued.
    pub(super) ping_left: Option<Duration>,
    /// Grows when bytes leave that had to wait: the peer's TCP has just made room for them. (Bytes that leave
    /// at once show nothing: the kernel takes them for a peer that has vanished, too.)
    pub(super) signs_of_life: u64,
}

/// What to do when nothing has come within the read timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    Wait,
    Ping,
    /// The peer's TCP has taken bytes: the deadline of the ping begins anew.
    Restart,
    Dead,
}

impl Heartbeat {
    pub(super) fn new(every: Duration, deadline: Duration) -> Heartbeat {
        Heartbeat {
            every: every.max(SHORTEST),
            deadline: deadline.max(SHORTEST),
            pinged: false,
            silent: Duration::ZERO,
            signs_of_life: 0,
        }
    }

    pub(super) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The read timeout from now on.
    pub(super) fn timeout(&self, pulse: impl FnOnce() -> Pulse) -> Duration {
        let left = match self.pinged {
            false => self.every.saturating_sub(self.silent),
            true => self
                .deadline
                .saturating_sub(pulse().ping_left.unwrap_or_default()),
        };
        left.max(SHORTEST)
    }

    /// Whether the next read timeout is as long as the one before.
    pub(super) fn is_steady(&self) -> bool {
        self.silent.is_zero()
    }

    /// A byte has come.
    pub(super) fn heard(&mut self) {
        self.pinged = false;
        self.silent = Duration::ZERO;
    }

    /// Nothing has come for `time`.
    pub(super) fn waited(&mut self, time: Duration, pulse: Pulse) -> Beat {
        self.silent = self.silent.saturating_add(time);
        let is_due = pulse.ping_left.is_some_and(|left| left >= self.deadline);
        if pulse.signs_of_life != self.signs_of_life {
            self.signs_of_life = pulse.signs_of_life;
            self.silent = Duration::ZERO;
            Beat::Restart
        } else if self.pinged && is_due {
            Beat::Dead
        } else if !self.pinged && self.silent >= self.every {
            Beat::Ping
        } else {
            Beat::Wait
        }
    }

    /// The ping is queued; or it is not, because the connection is closing, which has a deadline of its own.
    pub(super) fn pinged(&mut self, queued: bool) {
        self.pinged = queued;
        if !queued {
            self.silent = Duration::ZERO;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pulse(ping_left: Option<u64>, signs_of_life: u64) -> Pulse {
        Pulse {
            ping_left: ping_left.map(Duration::from_secs),
            signs_of_life,
        }
    }

    #[test]
    fn fault_d01_a_silent_peer_gets_a_ping_and_is_given_up() {
        let mut heart = Heartbeat::new(SECOND * 30, SECOND * 10);
        assert_eq!(
            heart.timeout(|| unreachable!("no ping was sent")),
            SECOND * 30
        );
        assert_eq!(heart.waited(SECOND * 29, pulse(None, 0)), Beat::Wait);
        assert_eq!(heart.waited(SECOND, pulse(None, 0)), Beat::Ping);
        heart.pinged(true);
        assert_eq!(heart.timeout(|| pulse(Some(3), 0)), SECOND * 7);
        assert_eq!(heart.waited(SECOND * 7, pulse(Some(10), 0)), Beat::Dead);
        heart.heard();
        assert_eq!(heart.waited(SECOND * 7, pulse(Some(10), 0)), Beat::Wait);
    }

    #[test]
    fn fault_a06_the_deadline_runs_from_when_the_ping_has_left() {
        let mut heart = Heartbeat::new(SECOND, SECOND);
        assert_eq!(heart.waited(SECOND, pulse(None, 0)), Beat::Ping);
        heart.pinged(true);
        for _ in 0..1000 {
            assert_eq!(heart.waited(SECOND, pulse(None, 0)), Beat::Wait);
        }
        assert_eq!(heart.waited(SECOND, pulse(Some(5), 1)), Beat::Restart);
        assert_eq!(heart.waited(SECOND, pulse(Some(1), 1)), Beat::Dead);
    }

    #[test]
    fn after_our_close_no_ping_is_waited_for() {
        let mut heart = Heartbeat::new(SECOND, SECOND);
        for _ in 0..10 {
            assert_eq!(heart.waited(SECOND, pulse(Some(99), 0)), Beat::Ping);
            heart.pinged(false);
        }
    }
}
