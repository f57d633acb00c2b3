//! Receiving the body of the response: the [`BodySource`] of a client.

use super::Exchange;
use crate::http::body_reader::{BodyReader, BodySource};
use crate::http::client::deadlines::Phase;
use crate::http::error::Error;
use crate::http::wire::Step;
use std::time::Instant;

impl BodySource for Exchange {
    fn parts(&mut self) -> (&mut BodyReader, &[u8]) {
        (&mut self.buffer.body, self.buffer.bytes.unread())
    }

    fn advance(&mut self, bytes: usize) {
        self.buffer.bytes.consume(bytes);
    }

    fn receive(&mut self, mut into: Option<&mut [u8]>) -> Result<usize, Error> {
        loop {
            let began = Instant::now();
            let left = self.deadlines.left().inspect_err(|_| self.close())?;
            let left = left.min(self.timeouts.stall);
            let (connection, buffer) = self.open()?;
            let read = match into.as_deref_mut() {
                Some(into) => connection.read(into, left),
                None => connection.read(buffer.bytes.room(), left),
            };
            let bytes = match read {
                Ok(Some(0)) => return Ok(0),
                Ok(bytes) => bytes.unwrap_or(0),
                Err(e) => {
                    self.truncated();
                    return Err(e.into());
                }
            };
            self.check_pace(Phase::Body, began, bytes)?;
            if bytes > 0 {
                self.received += bytes as u64;
                if into.is_none() {
                    self.buffer.bytes.filled(bytes);
                }
                return Ok(bytes);
            }
        }
    }

    fn decoded(&mut self, step: Step) -> Result<(), Error> {
        match step.ended {
            true => self.finish(),
            false => Ok(()),
        }
    }

    fn give_up(&mut self) {
        self.pooled = None;
    }
}
