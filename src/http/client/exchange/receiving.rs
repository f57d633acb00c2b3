//! Receiving the heads of the response: interim ones (1xx), then the final one.

use super::{Caller, Exchange};
use crate::http::body_reader::BodySource;
use crate::http::client::agent::PooledConnection;
use crate::http::client::connection::is_cut;
use crate::http::client::timings::Phase;
use crate::http::error::Error;
use crate::http::wire::{self, Rule};
use crate::net::yield_before_read;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// No server needs more interim responses than this before a final one.
const MAX_INTERIM: u32 = 64;

impl Exchange {
    /// Waits for the final head; reports interim responses before it.
    pub(in crate::http::client) fn receive_head(
        &mut self,
        caller: &mut Caller<'_, '_>,
    ) -> Result<(), Error> {
        if self.answered {
            return Ok(()); // the phase of the body has begun
        }
        let head = Some(self.timeouts.head);
        let mut now = self.now();
        self.deadlines.begin_at(Phase::Head, head, now);
        let pooled = self.pooled.as_ref();
        if pooled.is_some_and(PooledConnection::other_requests_active) {
            yield_before_read(); // the response is often here afterwards
        }
        loop {
            let left = self.deadlines.left_at(now)?;
            self.read_head(left, caller)?;
            if self.answered {
                return Ok(());
            }
            now = Instant::now();
        }
    }

    /// Waits for a 100, or a final response in its place, at most `timeouts.expect`. No other interim
    /// response asks for the body.
    pub(in crate::http::client) fn await_continue(
        &mut self,
        caller: &mut Caller<'_, '_>,
    ) -> Result<(), Error> {
        self.deadlines.begin(Phase::Head, None);
        let until = Instant::now().checked_add(self.timeouts.expect);
        while !self.answered && !self.continued {
            let mut left = self.deadlines.left()?;
            if let Some(until) = until {
                left = left.min(until.saturating_duration_since(Instant::now()));
            }
            if left.is_zero() {
                break;
            }
            self.read_head(left, caller)?;
        }
        self.stop_if_whole();
        Ok(())
    }

    /// Waits `left` for bytes, and decodes them.
    fn read_head(&mut self, left: Duration, caller: &mut Caller<'_, '_>) -> Result<(), Error> {
        caller.wanted.check()?;
        let left = caller.wanted.limit(left);
        let (connection, buffer) = self.open()?;
        match connection.read(buffer.bytes.room(), left) {
            Ok(Some(bytes)) => self.decode_received(bytes, caller),
            Ok(None) => Ok(()),
            Err(e) if is_cut(&e) => Err(self.truncated()),
            Err(e) => Err(e.into()),
        }
    }

    /// A read has brought these bytes; 0: the connection ended. Decodes the heads that are whole.
    pub(super) fn decode_received(
        &mut self,
        bytes: usize,
        caller: &mut Caller<'_, '_>,
    ) -> Result<(), Error> {
        if bytes == 0 {
            return Err(self.truncated());
        }
        self.buffer.bytes.filled(bytes);
        self.received += bytes as u64;
        let now = Instant::now();
        self.first_byte.get_or_insert(now);
        self.last_byte = Some(now);
        while !self.answered {
            match self.buffer.decode_head() {
                Ok(None) => break,
                Ok(Some(bytes)) => self.whole_head(bytes, caller)?,
                Err(error) => return Err(self.fail(error)),
            }
        }
        Ok(())
    }

    /// A whole head is here: the final one, or an interim one.
    fn whole_head(&mut self, bytes: usize, caller: &mut Caller<'_, '_>) -> Result<(), Error> {
        let (connection, buffer) = self.open()?;
        let head = buffer.decoded_head(bytes);
        let length = match connection.machine.receive_response(&head) {
            Ok(Some(length)) => length,
            Ok(None) => {
                let is_continue = head.status() == 100;
                (caller.on_interim)(head.status(), head.fields());
                self.continued |= is_continue;
                return self.after_interim(bytes);
            }
            Err(error) => return Err(self.fail(error)),
        };
        // RFC 9112 §9.5: "If the client sees a response that indicates the server does not wish to receive
        // the message body and is closing the connection, the client SHOULD immediately cease transmitting
        // the body"
        let is_successful = (200..300).contains(&head.status());
        self.buffer.keep_head(bytes, length);
        self.answered = true;
        self.stopped = !is_successful || self.is_switched();
        self.deadlines.begin(Phase::Body, None);
        self.pace.restart();
        match self.is_switched() {
            // RFC 9110 §7.8: "A client cannot begin using an upgraded protocol on the connection
            // until it has completely sent the request message"
            true if self.unsent => Err(self.fail(wire::Error::whole(Rule::UnexpectedMessage))),
            true => Ok(()),
            false if self.buffer.body.has_ended() => self.finish(),
            false => Ok(()),
        }
    }

    fn after_interim(&mut self, bytes: usize) -> Result<(), Error> {
        self.buffer.drop_head(bytes);
        self.interim += 1;
        self.first_byte = self.last_byte.filter(|_| !self.buffer.bytes.is_empty());
        if self.interim <= MAX_INTERIM {
            return Ok(());
        }
        let text = format!(
            "the server sent more than {MAX_INTERIM} interim responses and no final one \
             (RFC 9110 §15.2)"
        );
        Err(io::Error::new(ErrorKind::InvalidData, text).into())
    }
}
