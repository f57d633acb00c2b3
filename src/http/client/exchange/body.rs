//! Receiving the body of the response: the [`BodySource`] of a client.

use super::Exchange;
use super::sending::POLL_INTERVAL;
use crate::http::body_reader::{BodyReader, BodySource};
use crate::http::client::connection::is_cut;
use crate::http::client::response_buffer::ResponseBuffer;
use crate::http::client::summary::End;
use crate::http::client::timings::Phase;
use crate::http::error::Error;
use crate::http::wire::{BodyLength, Step};
use std::time::{Duration, Instant};

/// An abandoned body is read to its end, up to this size, to keep its connection.
const DRAINED_BYTES: usize = 64 * 1024;
/// How long that may take. Opening a new connection mostly takes less.
const DRAIN_TIME: Duration = Duration::from_millis(100);

/// Bodies that the caller does not read to their end.
impl Exchange {
    /// The beginning of the body: at most `most` bytes, and only what is here or comes within `time`. If
    /// that is not all of it, the connection is closed.
    pub(in crate::http::client) fn excerpt(&mut self, most: usize, time: Duration) -> Vec<u8> {
        let mut body = Vec::new();
        self.deadlines.begin(Phase::Body, Some(time));
        while body.len() < most
            && let Ok(piece @ [_, ..]) = self.fill()
        {
            let bytes = piece.len().min(most - body.len());
            body.extend_from_slice(&piece[..bytes]);
            self.consume(bytes);
        }
        self.close();
        body
    }

    /// The response is of no further use. A connection that could serve another request is kept if the
    /// body ends soon; any other one is closed at once.
    pub(in crate::http::client) fn abandon(&mut self) {
        let pooled = self.pooled.as_ref();
        let persists = pooled.is_some_and(|pooled| pooled.connection.machine.is_persistent());
        let length = self.buffer.body.length();
        let is_long = matches!(length, BodyLength::Known(bytes) if bytes > DRAINED_BYTES as u64);
        if persists && !self.unsent && !is_long {
            self.excerpt(DRAINED_BYTES, DRAIN_TIME);
        }
        self.close();
    }
}

impl BodySource for Exchange {
    const IS_RESPONSE: bool = true;

    fn parts(&mut self) -> (&mut BodyReader, &[u8]) {
        let ResponseBuffer { body, bytes, .. } = &mut self.buffer;
        (body, bytes.unread())
    }

    fn advance(&mut self, bytes: usize) {
        self.buffer.bytes.consume(bytes);
    }

    fn receive(
        &mut self,
        into: Option<&mut [u8]>,
        until: Option<Instant>,
    ) -> Result<Option<usize>, Error> {
        let received = self.receive_body(into, until);
        if let Err(error) = &received {
            self.report(End::Cut(Some(error)));
        }
        received
    }

    fn decoded(&mut self, step: Step) -> Result<(), Error> {
        match step.ended {
            true => self.finish(),
            false => Ok(()),
        }
    }

    fn give_up(&mut self) {
        self.pooled = None;
        if let Some(failure) = self.buffer.body.failure() {
            self.report(End::Cut(Some(&failure.into())));
        }
    }
}

impl Exchange {
    fn receive_body(
        &mut self,
        mut into: Option<&mut [u8]>,
        until: Option<Instant>,
    ) -> Result<Option<usize>, Error> {
        loop {
            let began = Instant::now();
            let left = self.deadlines.left_at(began);
            let left = left.inspect_err(|_| self.close())?;
            let mut left = left.min(self.timeouts.stall);
            if let Some(until) = until {
                left = left.min(until.saturating_duration_since(began));
            }
            let mut sent = 0;
            if !self.rest.0.is_empty() {
                sent = self.send_rest()?;
                left = left.min(POLL_INTERVAL);
            }
            let (connection, buffer) = self.open()?;
            let read = match into.as_deref_mut() {
                Some(into) => connection.read(into, left),
                None => connection.read(buffer.bytes.room(), left),
            };
            if !matches!(read, Ok(None | Some(1..))) {
                // The end of the connection is that of the body only if nobody has cut it.
                self.deadlines
                    .check_cancelled()
                    .inspect_err(|_| self.close())?;
            }
            let bytes = match read {
                Ok(Some(0)) => return Ok(Some(0)),
                Ok(bytes) => bytes.unwrap_or(0),
                Err(e) if is_cut(&e) => return Err(self.truncated()),
                Err(e) => {
                    self.truncated();
                    return Err(e.into());
                }
            };
            let now = self.check_pace(Phase::Body, began, bytes + sent)?;
            if bytes > 0 {
                self.last_byte = Some(now);
                self.received += bytes as u64;
                if into.is_none() {
                    self.buffer.bytes.filled(bytes);
                }
                return Ok(Some(bytes));
            }
            if until.is_some_and(|until| until <= now) {
                return Ok(None);
            }
        }
    }
}
