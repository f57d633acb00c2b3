//! Pings of ours that have not been answered, and how long the last answer took.

use super::Outbox;
use crate::random;
use crate::websocket::error::Error;
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Of more than these the oldest are forgotten.
const MOST: usize = 16;

/// Each has a number, which is its payload.
#[derive(Debug, Default)]
pub(super) struct Pings {
    last: u64,
    waiting: VecDeque<(u64, Instant)>,
    answered: u64,
    round_trip: Option<Duration>,
}

impl Pings {
    fn next(&mut self) -> u64 {
        self.last += 1;
        if self.waiting.len() == MOST {
            self.waiting.pop_front();
        }
        self.waiting.push_back((self.last, Instant::now()));
        self.last
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

impl Outbox {
    /// Sends a ping; returns its number.
    pub(in crate::websocket) fn ping(self: &Arc<Self>) -> Result<u64, Error> {
        let mut state = self.lock();
        state.enter()?;
        let number = state.pings.next();
        let payload = number.to_be_bytes();
        state.encode(|sender, out| sender.ping(&payload, random::mask_key, out))?;
        self.push(state);
        Ok(number)
    }

    /// A pong has come; how long it took, if it answers one of our pings.
    pub(in crate::websocket) fn pong(&self, payload: &[u8]) -> Option<Duration> {
        let mut state = self.lock();
        let round_trip = state.pings.answer(payload);
        self.ring(&state);
        round_trip
    }

    /// How long the last answer took.
    pub(in crate::websocket) fn round_trip(&self) -> Option<Duration> {
        self.lock().pings.round_trip
    }

    /// Waits for the answer to this ping, while another thread receives.
    pub(in crate::websocket) fn await_pong(
        &self,
        number: u64,
        limit: Duration,
    ) -> Result<Duration, Error> {
        let until = Instant::now() + limit;
        let mut state = self.lock();
        loop {
            if let (true, Some(round_trip)) =
                (state.pings.answered >= number, state.pings.round_trip)
            {
                return Ok(round_trip);
            }
            state.check()?;
            let in_time;
            (state, in_time) = self.wait_until(state, until);
            if !in_time || state.outcome.is_some() {
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
