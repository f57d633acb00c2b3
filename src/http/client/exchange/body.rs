//! Receiving the body, and what becomes of the connection when it has ended.

use super::{Exchange, alive};
use crate::http::client::clock::Phase;
use crate::http::client::pool::KeepAlive;
use crate::http::error::Error;
use crate::http::wire::{self, Rule};
use std::time::Instant;

/// From here on it pays to read past the memory.
const DIRECT_BYTES: usize = 4 * 1024;

impl Exchange {
    pub(in crate::http::client) fn has_ended(&self) -> bool {
        self.ended && self.memory.window.is_empty()
    }

    /// Content that can be taken without waiting for more, after waiting for some: empty at the end.
    pub(in crate::http::client) fn fill(&mut self) -> Result<&[u8], Error> {
        while self.memory.window.is_empty() && !self.ended {
            if !self.decode_body()? {
                self.read_body()?;
            }
        }
        Ok(&self.memory.bytes[self.memory.window.clone()])
    }

    pub(in crate::http::client) fn consume(&mut self, bytes: usize) {
        let window = &mut self.memory.window;
        window.start = window.start.saturating_add(bytes).min(window.end);
    }

    /// Moves content to `out`; 0 at the end.
    pub(in crate::http::client) fn read(&mut self, out: &mut [u8]) -> Result<usize, Error> {
        while self.memory.window.is_empty() && !self.ended && !out.is_empty() {
            if self.decode_body()? {
                continue;
            }
            let ahead = usize::try_from(self.memory.body.content_ahead()).unwrap_or(usize::MAX);
            let ahead = ahead.min(out.len());
            if ahead < DIRECT_BYTES {
                self.read_body()?;
                continue;
            }
            let read = self.receive(Some(&mut out[..ahead]))?;
            if read > 0 && self.memory.body.took(read) {
                self.end_body()?;
            }
            return Ok(read);
        }
        let memory = &mut self.memory;
        let n = memory.window.len().min(out.len());
        out[..n].copy_from_slice(&memory.bytes[memory.window.start..][..n]);
        self.consume(n);
        Ok(n)
    }

    /// Decodes what is here already; `false`: nothing is.
    fn decode_body(&mut self) -> Result<bool, Error> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        let memory = &mut self.memory;
        if memory.at == memory.end {
            return Ok(false);
        }
        match memory.body.decode(&memory.bytes[memory.at..memory.end]) {
            Ok(step) => {
                memory.at += step.consumed;
                memory.window = memory.at - step.data..memory.at;
                if step.ended {
                    self.end_body()?;
                }
                Ok(step.consumed > 0 || step.ended)
            }
            Err(error) => Err(self.fail_with(error)),
        }
    }

    fn read_body(&mut self) -> Result<(), Error> {
        self.receive(None).map(drop)
    }

    /// Waits for bytes of the body, in `into` or behind what is in the memory. 0: the connection
    /// ended, and the body with it.
    fn receive(&mut self, mut into: Option<&mut [u8]>) -> Result<usize, Error> {
        loop {
            let began = Instant::now();
            let left = self.clock.left().inspect_err(|_| self.abandon())?;
            let left = left.min(self.timeouts.stall);
            let link = alive(&mut self.link, self.failed)?;
            let direct = into.is_some();
            let read = match into.as_deref_mut() {
                Some(into) => link.read(into, left),
                None => link.read(self.memory.room(), left),
            };
            let bytes = match read {
                Ok(Some(0)) => return self.end_with_connection(),
                Ok(Some(n)) => n,
                Ok(None) => 0,
                Err(e) => {
                    self.fail(Rule::MessageTruncated);
                    return Err(e.into());
                }
            };
            self.waited(Phase::Body, began, bytes)?;
            if bytes > 0 {
                self.received += bytes as u64;
                if !direct {
                    self.memory.took(bytes);
                }
                return Ok(bytes);
            }
        }
    }

    /// The connection has ended: the body too, or it was cut, which is an error and never a short
    /// success.
    fn end_with_connection(&mut self) -> Result<usize, Error> {
        match self.memory.body.finish() {
            Ok(()) => self.end_body().map(|()| 0),
            Err(error) => Err(self.fail_with(error)),
        }
    }

    fn end_body(&mut self) -> Result<(), Error> {
        self.ended = true;
        self.close_exchange()
    }

    /// Both messages are over: the connection goes back if it can serve another request.
    pub(super) fn close_exchange(&mut self) -> Result<(), Error> {
        let Some(mut link) = self.link.take() else {
            return Ok(());
        };
        link.machine.receive_end()?;
        // RFC 9112 §9.2: "If a client receives data on a connection that doesn't have outstanding
        // requests, the client MUST NOT consider that data to be a valid response"
        let more = self.memory.at < self.memory.end;
        let persists = link.machine.next_exchange() && !more && !self.unsent;
        match self.loan.take() {
            Some(loan) if persists => {
                let told = KeepAlive::of(self.memory.head().fields());
                loan.give_back(link, told);
            }
            loan => {
                drop(link); // before its place is another's
                drop(loan);
            }
        }
        Ok(())
    }

    /// The connection is of no further use: whatever was half sent or half read stays so.
    pub(in crate::http::client) fn abandon(&mut self) {
        if self.link.is_some() {
            self.fail(Rule::MessageTruncated);
        }
    }

    pub(super) fn fail(&mut self, rule: Rule) -> Error {
        self.fail_with(wire::Error::whole(rule))
    }

    /// The framing is lost: whatever follows on this connection means nothing.
    pub(super) fn fail_with(&mut self, error: wire::Error) -> Error {
        self.failed = Some(error);
        self.link = None;
        self.loan = None;
        error.into()
    }
}
