//! Our pings that have not been answered, the last round-trip time, and the heartbeat's ping.

use super::Outgoing;
use crate::websocket::error::Error;
use crate::websocket::heartbeat::Pulse;
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// When more pings than these are unanswered, the oldest is forgotten.
const MOST: usize = 16;

/// Each ping has a number, which is its payload.
#[derive(Debug, Default)]
pub(super) struct Pings {
    last: u64,
    waiting: VecDeque<(u64, Instant)>,
    answered: u64,
    round_trip: Option<Duration>,
    heartbeat: HeartbeatPing,
}

/// The newest ping of the heartbeat.
#[derive(Clone, Copy, Debug, Default)]
enum HeartbeatPing {
    #[default]
    None,
    /// It is queued, up to this position.
    Queued(u64),
    /// It has left then.
    Left(Instant),
}

impl Pings {
    /// Whether a ping of the heartbeat has left and is not answered.
    pub(super) fn is_outstanding(&self) -> bool {
        matches!(self.heartbeat, HeartbeatPing::Left(_)) && !self.waiting.is_empty()
    }

    /// The number of the next ping.
    pub(super) fn next(&mut self) -> u64 {
        self.last += 1;
        if self.waiting.len() == MOST {
            self.waiting.pop_front();
        }
        self.waiting.push_back((self.last, Instant::now()));
        self.last
    }

    /// Everything up to the position `sent` has left: the heartbeat's ping may be among it.
    #[inline]
    pub(super) fn note_sent(&mut self, sent: u64) {
        if let HeartbeatPing::Queued(position) = self.heartbeat
            && sent >= position
        {
            self.heartbeat = HeartbeatPing::Left(Instant::now());
        }
    }

    /// A pong answers its ping, and all before it.
    // RFC 6455 §5.5.3: "A Pong frame sent in response to a Ping frame must have identical
    // "Application data" as found in the message body of the Ping frame being replied to."
    fn answer(&mut self, payload: &[u8]) -> Option<Duration> {
        let number = u64::from_be_bytes(payload.try_into().ok()?);
        let sent = self.waiting.iter().find(|(ping, _)| *ping == number)?.1;
        self.waiting.retain(|(ping, _)| *ping > number);
        self.answered = number;
        self.round_trip = Some(sent.elapsed());
        self.round_trip
    }
}

impl Outgoing {
    /// Sends a ping and returns its number. Never waits.
    pub(in crate::websocket) fn ping(self: &Arc<Self>) -> Result<u64, Error> {
        let mut state = self.lock();
        let (number, _) = state.append_ping()?;
        self.push(state);
        Ok(number)
    }

    /// Sends the heartbeat's ping. Never waits.
    pub(in crate::websocket) fn ping_heartbeat(self: &Arc<Self>) -> Result<(), Error> {
        let mut state = self.lock();
        let pings = state.pings.get_or_insert_default();
        if let HeartbeatPing::Left(_) = pings.heartbeat {
            pings.heartbeat = HeartbeatPing::None;
        }
        let (_, position) = state.append_ping()?;
        state.pings.get_or_insert_default().heartbeat = HeartbeatPing::Queued(position);
        self.push(state);
        Ok(())
    }

    /// What the heartbeat needs to know of its ping and of the peer.
    pub(in crate::websocket) fn pulse(&self) -> Pulse {
        let state = self.lock();
        Pulse {
            ping_left: match state.pings.as_ref().map(|pings| pings.heartbeat) {
                Some(HeartbeatPing::Left(left)) => Some(left.elapsed()),
                _ => None,
            },
            signs_of_life: state.peer.signs_of_life(),
        }
    }

    /// The deadline of the heartbeat's ping begins anew.
    pub(in crate::websocket) fn restart_heartbeat(&self) {
        let mut state = self.lock();
        if let Some(pings) = &mut state.pings
            && let HeartbeatPing::Left(left) = &mut pings.heartbeat
        {
            *left = Instant::now();
        }
    }

    /// A pong has come.
    pub(in crate::websocket) fn pong(&self, payload: &[u8]) {
        let mut state = self.lock();
        if let Some(pings) = &mut state.pings {
            pings.answer(payload);
        }
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    /// The round-trip time of the last ping that was answered.
    pub(in crate::websocket) fn round_trip(&self) -> Option<Duration> {
        let state = self.lock();
        state.pings.as_ref().and_then(|pings| pings.round_trip)
    }

    /// Waits for the pong to this ping, while another thread receives.
    pub(in crate::websocket) fn await_pong(
        &self,
        number: u64,
        limit: Duration,
    ) -> Result<Duration, Error> {
        let until = Instant::now().checked_add(limit);
        let mut state = self.lock();
        loop {
            if let Some(pings) = &state.pings
                && pings.answered >= number
                && let Some(round_trip) = pings.round_trip
            {
                return Ok(round_trip);
            }
            state.check()?;
            let in_time;
            (state, in_time) = self.wait_until(state, until);
            if !in_time {
                return Err(Error::broken(ErrorKind::TimedOut));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pong_answers_its_ping_and_those_before() {
        let mut pings = Pings::default();
        let numbers: Vec<u64> = (0..3).map(|_| pings.next()).collect();
        assert_eq!(pings.answer(b"unasked"), None);
        assert_eq!(pings.answer(&[0; 8]), None);
        assert!(pings.answer(&numbers[1].to_be_bytes()).is_some());
        assert_eq!(pings.answer(&numbers[0].to_be_bytes()), None);
        assert!(pings.answer(&numbers[2].to_be_bytes()).is_some());
        assert_eq!((pings.answered, pings.waiting.len()), (3, 0));
    }

    #[test]
    fn pings_that_are_never_answered_are_forgotten() {
        let mut pings = Pings::default();
        for _ in 0..1000 {
            pings.next();
        }
        assert_eq!(pings.waiting.len(), MOST);
    }
}
