//! What a request and its response share while a handler runs: the machine, the
//! response queue and the answer so far.

use super::answer::Answer;
use super::response_queue::{ResponseQueue, Then};
use crate::http::error::Error;
use crate::http::server::config::Config;
use crate::http::wire::{Connection, FieldList, Misuse, RequestHead, Role, State};
use crate::net::{Slot, Stream};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// What is read at once to find out whether the peer has closed.
const LOOK_BYTES: usize = 512;
/// A peer that sends more than this behind a request is taken for one that has left: the end that it
/// may have sent behind them cannot be seen without reading them all.
const AHEAD_BYTES: usize = 64 * 1024;

/// One connection's state beside its buffers.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) config: Arc<Config>,
    pub(crate) queue: Arc<ResponseQueue>,
    pub(crate) machine: Connection,
    pub(crate) answer: Answer,
    /// The place among the server's connections; it leaves with an upgraded stream.
    pub(crate) slot: Option<Slot>,
    pub(crate) handed_over: bool,
    /// The read timeout that the stream has.
    read_timeout: Duration,
    /// The body is larger than what is read and dropped for a handler that leaves it unread.
    pub(crate) body_is_large: bool,
    /// Nothing has come behind the request at hand: its answer has no other to wait for. Where the end of
    /// its body is not here yet, that is a guess.
    pub(crate) alone: bool,
    /// What was read behind this request while its handler asked whether the client had left.
    pub(crate) ahead: Vec<u8>,
    /// What follows the data of a large last piece; the memory is kept.
    ending: Vec<u8>,
}

impl Link {
    pub(crate) fn new(config: Arc<Config>, queue: Arc<ResponseQueue>, slot: Option<Slot>) -> Link {
        Link {
            config,
            queue,
            read_timeout: Duration::ZERO,
            machine: Connection::new(Role::Server),
            answer: Answer::default(),
            slot,
            handed_over: false,
            body_is_large: false,
            alone: false,
            ahead: Vec::new(),
            ending: Vec::new(),
        }
    }

    pub(crate) fn stream(&self) -> &dyn Stream {
        self.queue.stream().as_ref()
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
        self.machine.requests() == State::Failed || self.queue.flush().is_err()
    }

    /// The values of a field of the answer's head.
    pub(crate) fn get_header(&self, name: &str) -> Vec<Vec<u8>> {
        self.answer.get_header(name, &self.machine, &self.config)
    }

    /// Whether the final head has been sent (or is in the queue).
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
        Ok(self.queue.flush()?)
    }

    /// Sends a 1xx now.
    pub(crate) fn send_informational(
        &mut self,
        status: u16,
        fields: &FieldList,
    ) -> Result<(), Error> {
        let machine = &mut self.machine;
        self.queue.append(0, |out| {
            machine.send_informational(status, fields, out)?;
            Ok(((), Then::Send))
        })
    }

    /// Encodes the final head, if that has not been done, and what `more` puts behind it. `then` says
    /// what becomes of it; above `pending_bytes` it is sent in any case. `whole`: all there will be of
    /// the body; `content`: how much of it is encoded here. A misuse leaves nothing of either, and everything as it was: there can be another
    /// answer.
    #[inline]
    fn encode<R>(
        &mut self,
        whole: Option<u64>,
        then: Then,
        content: usize,
        more: impl FnOnce(&mut Connection, &FieldList, &mut Vec<u8>) -> Result<R, Misuse>,
    ) -> Result<R, Error> {
        self.not_ended()?;
        self.close_if_last();
        let first = !self.head_sent();
        let Link {
            machine,
            queue,
            answer,
            config,
            ..
        } = self;
        let before = machine.before_sending();
        queue.append(content, |out| {
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
            let is_much = out.len() > config.pending_bytes;
            Ok((encoded?, if is_much { Then::Send } else { then }))
        })
    }

    /// Sends a piece of the body now, with whatever waits before it.
    pub(crate) fn write(&mut self, data: &[u8]) -> Result<(), Error> {
        let send = self.encode(None, Then::SendNext, 0, |machine, _, out| {
            machine.begin_data(data.len(), out)
        })?;
        if !send {
            return Ok(self.queue.flush()?);
        }
        Ok(self.queue.send(data, self.machine.data_end())?)
    }

    /// Sends the head now, with whatever waits before it.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        self.encode(None, Then::Send, 0, |_, _, _| Ok(()))
    }

    /// Ends the answer; a small one stays in the queue for the others that may leave with it.
    #[inline]
    pub(crate) fn end(&mut self, data: &[u8]) -> Result<(), Error> {
        if !ResponseQueue::is_small(data.len()) {
            return self.end_large(data);
        }
        let whole = self.answer.whole_length(&self.machine, data.len() as u64);
        let then = match self.alone {
            true => Then::Send,
            false => Then::Coalesce,
        };
        self.encode(whole, then, data.len(), |machine, trailers, out| {
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
        let send = self.encode(whole, Then::SendNext, 0, |machine, trailers, out| {
            let send = machine.begin_data(data.len(), out)?;
            if send {
                machine.end_data(&mut ending);
            }
            machine.send_end(trailers, &mut ending)?;
            Ok(send)
        });
        self.ending = ending;
        Ok(self
            .queue
            .send(if send? { data } else { &[] }, &self.ending)?)
    }

    /// This exchange is the connection's last while the server stops, or where more of the body
    /// is on its way than anybody may want to read.
    // RFC 9112 §9.6: "A sender SHOULD send a Connection header field (Section 7.6.1 of [HTTP])
    // containing the "close" connection option when it intends to close a connection."
    fn close_if_last(&mut self) {
        let unread = self.body_is_large && self.machine.requests() != State::Done;
        if unread || self.queue.is_stopping() {
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

    /// Whether the peer has closed its sending side, or the connection is gone, or the peer has sent
    /// more than [`AHEAD_BYTES`] behind this request. What has come is kept for the next request.
    pub(crate) fn check_peer_closed(&mut self) -> bool {
        if self.machine.requests() != State::Done {
            return false;
        }
        let mut bytes = [0; LOOK_BYTES];
        while self.ahead.len() <= AHEAD_BYTES {
            match self.stream().try_read(&mut bytes) {
                Ok(Some(0)) => return true,
                Ok(Some(n)) => self.ahead.extend_from_slice(&bytes[..n]),
                Ok(None) => return false,
                Err(error) => return error.kind() != io::ErrorKind::Interrupted,
            }
        }
        true
    }

    /// Sets the stream's read timeout, where it is another.
    #[inline]
    pub(crate) fn set_read_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        if timeout != self.read_timeout {
            self.stream().set_read_timeout(Some(timeout))?;
            self.read_timeout = timeout;
        }
        Ok(())
    }

    /// Sets it, where it is longer than this.
    #[inline]
    pub(crate) fn limit_read_timeout(&mut self, most: Duration) -> io::Result<()> {
        self.set_read_timeout(most.min(self.read_timeout))
    }

    /// The memory that is kept for the next exchange beside the queue's, in bytes: the large part of it.
    #[inline]
    pub(crate) fn kept_bytes(&self) -> usize {
        self.ahead.capacity() + self.ending.capacity()
    }

    /// Gives that memory back, when the connection has nothing to do.
    pub(crate) fn shrink(&mut self) {
        self.queue.shrink();
        self.answer = Answer::default();
        self.ending = Vec::new();
        if self.ahead.is_empty() {
            self.ahead = Vec::new();
        }
    }
}
