//! What a request and its response share while a handler runs: the machine, the
//! outbox and the answer so far.

use super::answer::Answer;
use super::outbox::Outbox;
use crate::http::config::Config;
use crate::http::error::Error;
use crate::http::wire::{Connection, FieldList, Misuse, RequestHead, Role, State};
use crate::net::{Slot, Stream};
use std::io;
use std::sync::Arc;

/// One connection's state beside its buffers.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) config: Arc<Config>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) machine: Connection,
    pub(crate) answer: Answer,
    /// The place among the server's connections; it leaves with an upgraded stream.
    pub(crate) slot: Option<Slot>,
    pub(crate) handed_over: bool,
    /// The body is larger than what is read and dropped for a handler that leaves it unread.
    pub(crate) body_is_large: bool,
    /// Nothing has come behind the request at hand: its answer has no other to wait for.
    pub(crate) alone: bool,
    /// Bytes of a next request that came while somebody looked whether the client had left.
    pub(crate) early: Vec<u8>,
    /// What follows the data of a large last piece; the memory is kept.
    ending: Vec<u8>,
}

impl Link {
    pub(crate) fn new(config: Arc<Config>, outbox: Arc<Outbox>, slot: Option<Slot>) -> Link {
        Link {
            config,
            outbox,
            machine: Connection::new(Role::Server),
            answer: Answer::default(),
            slot,
            handed_over: false,
            body_is_large: false,
            alone: false,
            early: Vec::new(),
            ending: Vec::new(),
        }
    }

    pub(crate) fn stream(&self) -> &dyn Stream {
        self.outbox.stream().as_ref()
    }

    /// Starts an exchange.
    #[inline]
    pub(crate) fn request(&mut self, head: &RequestHead<'_>, last: bool) -> Result<(), Error> {
        self.answer.restart();
        self.machine.receive_request(head)?;
        if last {
            self.machine.close_after();
        }
        Ok(())
    }

    /// Whether nothing more can be read or sent, and a failure is the connection's own.
    pub(crate) fn is_broken(&self) -> bool {
        self.machine.requests() == State::Failed || self.outbox.flush().is_err()
    }

    /// The values of a field of the answer's head.
    pub(crate) fn get_header(&self, name: &str) -> Vec<Vec<u8>> {
        self.answer.get_header(name, &self.machine, &self.config)
    }

    /// Whether the final head has been sent (or waits in the outbox).
    pub(crate) fn head_sent(&self) -> bool {
        !matches!(self.machine.responses(), State::Idle | State::Waiting)
    }

    /// Whether the answer is complete.
    pub(crate) fn answered(&self) -> bool {
        self.machine.responses() == State::Done
    }

    /// Whether the answer has begun and is not complete.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.machine.responses() == State::Body
    }

    /// Before we wait for body bytes: what came before is sent, and the 100 that the client waits for.
    pub(crate) fn before_body(&mut self) -> Result<(), Error> {
        if self.machine.continue_awaited() && !self.head_sent() {
            self.send_informational(100, &FieldList::new())?;
        }
        Ok(self.outbox.flush()?)
    }

    /// Sends a 1xx now.
    pub(crate) fn send_informational(
        &mut self,
        status: u16,
        fields: &FieldList,
    ) -> Result<(), Error> {
        let machine = &mut self.machine;
        self.outbox.append_and_send(|out| {
            machine.send_informational(status, fields, out)?;
            Ok(((), true))
        })
    }

    /// Encodes the final head, if that has not been done, and what `more` puts behind it; sends it
    /// all if `now`, or if much of it waits. `whole`: all there will be of the body. A misuse leaves
    /// nothing of either, and everything as it was: there can be another answer.
    #[inline]
    fn encode<R>(
        &mut self,
        whole: Option<u64>,
        now: bool,
        more: impl FnOnce(&mut Connection, &FieldList, &mut Vec<u8>) -> Result<R, Misuse>,
    ) -> Result<R, Error> {
        self.not_ended()?;
        self.close_if_last();
        let first = !self.head_sent();
        let Link {
            machine,
            outbox,
            answer,
            config,
            ..
        } = self;
        let before = machine.before_sending();
        outbox.append_and_send(|out| {
            let start = out.len();
            let head = match first {
                true => answer.encode(machine, config, whole, out),
                false => Ok(()),
            };
            let encoded = head.and_then(|()| more(machine, &answer.trailers, out));
            if encoded.is_err() {
                out.truncate(start);
                machine.take_back(before);
                if first {
                    answer.take_back();
                }
            }
            Ok((encoded?, now || out.len() > config.pending_bytes))
        })
    }

    /// Sends a piece of the body now, with whatever waits before it.
    pub(crate) fn write(&mut self, data: &[u8]) -> Result<(), Error> {
        let send = self.encode(None, false, |machine, _, out| {
            machine.begin_data(data.len(), out)
        })?;
        if !send {
            return Ok(self.outbox.flush()?);
        }
        Ok(self.outbox.send(data, self.machine.data_end())?)
    }

    /// Sends the head now, with whatever waits before it.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        self.encode(None, true, |_, _, _| Ok(()))
    }

    /// Ends the answer; a small one waits in the outbox for the others that may leave with it.
    #[inline]
    pub(crate) fn end(&mut self, data: &[u8]) -> Result<(), Error> {
        if !Outbox::is_small(data.len()) {
            return self.end_large(data);
        }
        let whole = self.answer.whole_length(&self.machine, data.len() as u64);
        self.encode(whole, self.alone, |machine, trailers, out| {
            if !data.is_empty() && machine.begin_data(data.len(), out)? {
                out.extend_from_slice(data);
                machine.end_data(out);
            }
            machine.send_end(trailers, out)
        })
    }

    /// The data goes out from where it lies, between what waits before it and what ends it.
    fn end_large(&mut self, data: &[u8]) -> Result<(), Error> {
        let whole = self.answer.whole_length(&self.machine, data.len() as u64);
        let mut ending = std::mem::take(&mut self.ending);
        ending.clear();
        let send = self.encode(whole, false, |machine, trailers, out| {
            let send = machine.begin_data(data.len(), out)?;
            if send {
                machine.end_data(&mut ending);
            }
            machine.send_end(trailers, &mut ending)?;
            Ok(send)
        });
        self.ending = ending;
        Ok(self
            .outbox
            .send(if send? { data } else { &[] }, &self.ending)?)
    }

    /// This exchange is the connection's last while the server stops, or where more of the body
    /// is on its way than anybody may want to read.
    // RFC 9112 §9.6: "A sender SHOULD send a Connection header field (Section 7.6.1 of [HTTP])
    // containing the "close" connection option when it intends to close a connection."
    fn close_if_last(&mut self) {
        let unread = self.body_is_large && self.machine.requests() != State::Done;
        if unread || self.outbox.is_stopping() {
            self.machine.close_after();
        }
    }

    fn not_ended(&self) -> Result<(), Misuse> {
        match self.machine.responses() {
            State::Done => Err(Misuse::Ended),
            State::Switched | State::Closed | State::Failed => Err(Misuse::State),
            _ => Ok(()),
        }
    }

    /// The peer has closed its sending side, or the connection is gone. Bytes that come instead
    /// are kept for the next request.
    pub(crate) fn peer_left(&mut self) -> bool {
        const LOOK_AHEAD: usize = 512;
        const EARLY_BYTES: usize = 8 * 1024;
        if self.machine.requests() != State::Done || self.early.len() > EARLY_BYTES {
            return false;
        }
        let mut bytes = [0; LOOK_AHEAD];
        match self.stream().try_read(&mut bytes) {
            Ok(Some(0)) => true,
            Ok(Some(n)) => {
                self.early.extend_from_slice(&bytes[..n]);
                false
            }
            Ok(None) => false,
            Err(error) => error.kind() != io::ErrorKind::Interrupted,
        }
    }
}
