//! One request and its answer on one connection.
//!
//! ```text
//!   send head ──► send body ──────────────────────► end ──┐
//!                  │  no room for a while: look           │
//!                  ▼                                      ▼
//!                an answer is here: send no more ──► receive head ──► 1xx: tell, go on
//!                                                         │
//!                                                         ▼ final
//!                                  receive body … ended ──► the connection goes back
//! ```
//!
//! A server may answer before it has read all of a request, and then stop reading: so whoever
//! cannot send looks whether there is something to read.

mod body;

use super::clock::{Clock, Phase, Timeouts, too_slow};
use super::events::Interim;
use super::link::{GLANCE, Link};
use super::memory::Memory;
use crate::http::client::agent::Loan;
use crate::http::error::Error;
use crate::http::wire::{self, FieldList, Misuse, RequestOut, Rule, State};
use crate::net::{Pace, Stream};
use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A body's piece of this size is sent from where it lies.
const LARGE_BYTES: usize = 4 * 1024;
/// Nobody needs more 1xx than this before an answer.
const MOST_INTERIM: u32 = 64;

#[derive(Debug)]
pub(in crate::http) struct Exchange {
    /// Before `loan`: the descriptor is closed before the place is another's.
    link: Option<Link>,
    loan: Option<Loan>,
    pub(super) memory: Memory,
    pub(super) clock: Clock,
    timeouts: Timeouts,
    pace: Pace,
    /// When it was looked last whether an answer has come already.
    looked: Instant,
    /// How many bytes of an answer have come.
    pub(super) received: u64,
    /// The final head is here.
    answered: bool,
    /// Of what the machine counts as sent, some has not left.
    unsent: bool,
    interim: u32,
    /// A 100 was among them.
    continued: bool,
    ended: bool,
    failed: Option<wire::Error>,
    /// When the first byte of the final head came.
    pub(super) first_byte: Option<Instant>,
}

impl Exchange {
    pub(super) fn new(
        link: Link,
        loan: Option<Loan>,
        memory: Memory,
        clock: Clock,
        timeouts: &Timeouts,
    ) -> Exchange {
        Exchange {
            link: Some(link),
            loan,
            memory,
            clock,
            pace: Pace::new(timeouts.stall, timeouts.min_bytes_per_second),
            timeouts: timeouts.clone(),
            looked: Instant::now(),
            received: 0,
            answered: false,
            unsent: false,
            interim: 0,
            continued: false,
            ended: false,
            failed: None,
            first_byte: None,
        }
    }

    fn link(&mut self) -> Result<&mut Link, Error> {
        alive(&mut self.link, self.failed)
    }

    pub(super) fn stream(&self) -> Option<&dyn Stream> {
        self.link.as_ref().map(|link| &*link.stream)
    }

    pub(super) fn is_answered(&self) -> bool {
        self.answered
    }
}

/// Sending.
impl Exchange {
    /// Puts the head into the memory; it leaves with what follows it.
    pub(super) fn begin(&mut self, head: &RequestOut<'_>) -> Result<(), Error> {
        let mut out = std::mem::take(&mut self.memory.out);
        out.clear();
        let sent = self.link()?.machine.send_request(head, &mut out);
        self.memory.out = out;
        Ok(sent?)
    }

    /// Sends what is in the memory.
    pub(super) fn flush(&mut self, interim: &mut Interim<'_>) -> Result<(), Error> {
        self.send(&[], b"", interim)
    }

    /// Sends a piece of the body. Where the answer is here already, nothing is.
    pub(super) fn write(&mut self, data: &[u8], interim: &mut Interim<'_>) -> Result<(), Error> {
        if self.answered || data.is_empty() {
            return Ok(());
        }
        let link = alive(&mut self.link, self.failed)?;
        link.machine.begin_data(data.len(), &mut self.memory.out)?;
        let end = link.machine.data_end();
        if data.len() >= LARGE_BYTES {
            return self.send(data, end, interim);
        }
        self.memory.out.extend_from_slice(data);
        self.memory.out.extend_from_slice(end);
        self.flush(interim)
    }

    /// Ends the body, with `data` as its last piece.
    pub(super) fn end(
        &mut self,
        data: &[u8],
        trailers: &FieldList,
        interim: &mut Interim<'_>,
    ) -> Result<(), Error> {
        if self.answered {
            return Ok(());
        }
        let link = alive(&mut self.link, self.failed)?;
        let out = &mut self.memory.out;
        if data.is_empty() {
            link.machine.send_end(trailers, out)?;
            return self.flush(interim);
        }
        link.machine.begin_data(data.len(), out)?;
        if data.len() < LARGE_BYTES {
            out.extend_from_slice(data);
            link.machine.end_data(out);
            link.machine.send_end(trailers, out)?;
            return self.flush(interim);
        }
        let mut ending = Vec::new();
        link.machine.end_data(&mut ending);
        link.machine.send_end(trailers, &mut ending)?;
        self.send(data, &ending, interim)
    }

    /// Sends the memory, `data` and `end`, in as few calls as the system makes of it.
    fn send(&mut self, data: &[u8], end: &[u8], interim: &mut Interim<'_>) -> Result<(), Error> {
        let out = std::mem::take(&mut self.memory.out);
        let sent = self.send_all([&out, data, end], interim);
        self.memory.out = out;
        self.memory.out.clear();
        sent
    }

    fn send_all(&mut self, parts: [&[u8]; 3], interim: &mut Interim<'_>) -> Result<(), Error> {
        let mut gone = 0;
        let all: usize = parts.iter().map(|part| part.len()).sum();
        self.unsent = true;
        self.clock.begin(Phase::Send, None);
        while gone < all && !self.look_now_and_then(interim)? {
            self.clock.left()?;
            let bufs = behind(parts, gone);
            let first = bufs.iter().position(|buf| !buf.is_empty()).unwrap_or(0);
            let last = bufs.iter().rposition(|buf| !buf.is_empty()).unwrap_or(0);
            let began = Instant::now();
            let sent = match self.link()?.write(&bufs[first..=last]) {
                Ok(sent) => sent,
                Err(e) => return self.last_words(e, interim),
            };
            gone += sent.unwrap_or(0);
            self.waited(Phase::Send, began, sent.unwrap_or(0))?;
        }
        self.unsent = gone < all;
        Ok(())
    }

    // RFC 9112 §9.5: "A client sending a message body SHOULD monitor the network connection for an
    // error response while it is transmitting the request."
    fn look_now_and_then(&mut self, interim: &mut Interim<'_>) -> Result<bool, Error> {
        if self.looked.elapsed() >= GLANCE {
            self.looked = Instant::now();
            self.glance(interim)?;
        }
        Ok(self.answered)
    }

    /// The server had so long for so much of a body.
    fn waited(&mut self, phase: Phase, began: Instant, bytes: usize) -> Result<(), Error> {
        match self.pace.waited(began.elapsed(), bytes) {
            Ok(()) => Ok(()),
            Err(_) => {
                self.abandon();
                Err(too_slow(phase, self.timeouts.stall))
            }
        }
    }

    /// Sending has failed: the server may have said why before it closed.
    fn last_words(&mut self, error: io::Error, interim: &mut Interim<'_>) -> Result<(), Error> {
        match self.receive_head(interim) {
            Ok(()) => Ok(()),
            Err(Error::Peer(rule)) if rule.rule() != Rule::MessageTruncated => Err(rule.into()),
            Err(_) => Err(error.into()),
        }
    }

    /// Looks whether an answer has come; does not wait for one.
    pub(super) fn glance(&mut self, interim: &mut Interim<'_>) -> Result<(), Error> {
        while !self.answered {
            let link = alive(&mut self.link, self.failed)?;
            match link.stream.try_read(self.memory.room())? {
                None => return Ok(()),
                Some(0) => return Err(self.fail(Rule::MessageTruncated)),
                Some(n) => self.took(n),
            }
            self.decode_heads(interim)?;
        }
        Ok(())
    }
}

/// Receiving the head.
impl Exchange {
    /// Waits for the final head, and tells of those before it.
    pub(super) fn receive_head(&mut self, interim: &mut Interim<'_>) -> Result<(), Error> {
        if self.answered {
            return Ok(()); // its body's time runs already
        }
        self.clock.begin(Phase::Head, Some(self.timeouts.head));
        if self.loan.as_ref().is_some_and(Loan::is_in_company) {
            // The others have their turn first. The answer is often here by then, and there is no
            // sleep to be woken from.
            thread::yield_now();
        }
        while !self.answered {
            self.read_more()?;
            self.decode_heads(interim)?;
        }
        Ok(())
    }

    /// Waits for a 100, or a final answer in its place, but not for long. Another 1xx is no leave to
    /// send.
    pub(super) fn await_continue(&mut self, interim: &mut Interim<'_>) -> Result<(), Error> {
        self.clock.begin(Phase::Head, None);
        let until = Instant::now().checked_add(self.timeouts.expect);
        while !self.answered && !self.continued {
            let mut left = self.clock.left()?;
            if let Some(until) = until {
                left = left.min(until.saturating_duration_since(Instant::now()));
            }
            if left.is_zero() {
                break;
            }
            if self.read_once(left)? > 0 {
                self.decode_heads(interim)?;
            }
        }
        Ok(())
    }

    fn read_more(&mut self) -> Result<(), Error> {
        loop {
            let left = self.clock.left()?;
            if self.read_once(left)? > 0 {
                return Ok(());
            }
        }
    }

    /// 0: the time was up.
    fn read_once(&mut self, left: Duration) -> Result<usize, Error> {
        let link = alive(&mut self.link, self.failed)?;
        match link.read(self.memory.room(), left) {
            Ok(Some(0)) => Err(self.fail(Rule::MessageTruncated)),
            Ok(Some(n)) => {
                self.took(n);
                Ok(n)
            }
            Ok(None) => Ok(0),
            Err(e) => Err(e.into()),
        }
    }

    fn took(&mut self, bytes: usize) {
        self.memory.took(bytes);
        self.received += bytes as u64;
        self.first_byte.get_or_insert_with(Instant::now);
    }

    fn decode_heads(&mut self, interim: &mut Interim<'_>) -> Result<(), Error> {
        while !self.answered {
            let memory = &mut self.memory;
            let decoded = memory.decoder.decode(&memory.bytes[..memory.end]);
            match decoded {
                Ok(None) => return Ok(()),
                Ok(Some(bytes)) => self.head(bytes, interim)?,
                Err(error) => return Err(self.fail_with(error)),
            }
        }
        Ok(())
    }

    /// A whole head is here: the final one, or one before it.
    fn head(&mut self, bytes: usize, interim: &mut Interim<'_>) -> Result<(), Error> {
        let link = alive(&mut self.link, self.failed)?;
        let memory = &mut self.memory;
        let head = memory.decoder.head(&memory.bytes[..bytes]);
        let length = match link.machine.receive_response(&head) {
            Ok(length) => length,
            Err(error) => return Err(self.fail_with(error)),
        };
        let Some(length) = length else {
            self.continued |= head.status() == 100;
            interim.tell(head.status(), head.fields());
            memory.drop_head(bytes);
            self.interim += 1;
            self.first_byte = (memory.end > 0).then(Instant::now);
            return match self.interim > MOST_INTERIM {
                true => Err(endless_interim()),
                false => Ok(()),
            };
        };
        memory.keep_head(bytes);
        memory.set_body(length);
        self.answered = true;
        self.ended = length == wire::BodyLength::Known(0);
        self.clock.begin(Phase::Body, None);
        self.pace.restart();
        match self.is_switched() {
            // RFC 9110 §7.8: "A client cannot begin using an upgraded protocol on the connection
            // until it has completely sent the request message"
            true if self.unsent => Err(self.fail(Rule::UnexpectedMessage)),
            true => Ok(()),
            false if self.ended => self.close_exchange(),
            false => Ok(()),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.memory.keep();
    }
}

/// Another protocol.
impl Exchange {
    pub(super) fn is_switched(&self) -> bool {
        let machine = self.link.as_ref().map(|link| link.machine.responses());
        machine == Some(State::Switched)
    }

    /// The stream, and what came behind the head.
    pub(super) fn switch(&mut self) -> Result<(Arc<dyn Stream>, Vec<u8>), Error> {
        if !self.is_switched() {
            return Err(Misuse::Switch.into());
        }
        let Some(link) = self.link.take() else {
            return Err(Misuse::Switch.into());
        };
        let ahead = self.memory.undecoded().to_vec();
        let stream = link.into_stream()?;
        self.loan = None;
        Ok((stream, ahead))
    }
}

fn alive(link: &mut Option<Link>, failed: Option<wire::Error>) -> Result<&mut Link, Error> {
    let why = || failed.map_or(Misuse::Ended.into(), Error::from);
    link.as_mut().ok_or_else(why)
}

fn endless_interim() -> Error {
    let text = format!(
        "the server sent more than {MOST_INTERIM} interim responses and no final one (RFC 9110 §15.2)"
    );
    io::Error::new(ErrorKind::InvalidData, text).into()
}

/// What is left of three buffers, `gone` bytes on.
fn behind(parts: [&[u8]; 3], mut gone: usize) -> [IoSlice<'_>; 3] {
    parts.map(|part| {
        let skip = gone.min(part.len());
        gone -= skip;
        IoSlice::new(&part[skip..])
    })
}
