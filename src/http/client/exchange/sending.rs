//! Sending the request, as far as the server reads it.

use super::{Caller, Exchange};
use crate::http::body_reader::BodySource;
use crate::http::client::connection::is_cut;
use crate::http::client::encoded_head::EncodedHead;
use crate::http::client::response_buffer::ResponseBuffer;
use crate::http::client::timings::Phase;
use crate::http::error::Error;
use crate::http::wire::{self, FieldList, RequestOut, Rule};
use std::io::{self, IoSlice};
use std::time::{Duration, Instant};

/// A piece of a body of this size is written from the caller's buffer, without a copy.
const LARGE_BYTES: usize = 4 * 1024;
/// How often the sender polls for an early response. A request that is sent at once takes less: it is never polled.
pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(5);

impl Exchange {
    /// Encodes the head; it is written together with what follows it.
    pub(in crate::http::client) fn begin(&mut self, head: &RequestOut<'_>) -> Result<(), Error> {
        self.refuse_unasked()?;
        let (connection, buffer) = self.open()?;
        buffer.out.clear();
        Ok(connection.machine.send_request(head, &mut buffer.out)?)
    }

    /// As [`begin`](Self::begin), for a head that is encoded.
    pub(in crate::http::client) fn begin_encoded(
        &mut self,
        head: &EncodedHead,
    ) -> Result<(), Error> {
        self.refuse_unasked()?;
        let (connection, buffer) = self.open()?;
        buffer.out.clear();
        Ok(head.send(&mut connection.machine, &mut buffer.out)?)
    }

    /// Refuses what came before the first request of the connection: its sender did not know the request. The
    /// 408 of a server is refused, too, if it came while this client was still in a slow handshake.
    // RFC 9112 §9.2: "If a client receives data on a connection that doesn't have outstanding requests, the
    // client MUST NOT consider that data to be a valid response"
    fn refuse_unasked(&mut self) -> Result<(), Error> {
        let (connection, buffer) = self.open()?;
        if !connection.take_fresh() {
            return Ok(());
        }
        match connection.stream.try_read(buffer.bytes.room()) {
            Ok(Some(bytes @ 1..)) => buffer.bytes.filled(bytes),
            _ => return Ok(()), // if it has ended, the request will find that out
        }
        match buffer.decode_head() {
            // RFC 9112 §9.2: "unless the data consists only of one or more CRLF (which can be discarded
            // per Section 2.2)"
            Ok(None) if buffer.is_idle() => Ok(()),
            Ok(_) => Err(self.fail(wire::Error::whole(Rule::UnexpectedMessage))),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Sends what is encoded.
    pub(in crate::http::client) fn flush(
        &mut self,
        caller: &mut Caller<'_, '_>,
    ) -> Result<(), Error> {
        self.send(&[], b"", Unsent::Waits, caller)
    }

    /// Sends a piece of the body; nothing if [`is_answered`](Exchange::is_answered). An empty piece sends the head,
    /// if it has not been sent yet.
    pub(in crate::http::client) fn write(
        &mut self,
        data: &[u8],
        caller: &mut Caller<'_, '_>,
    ) -> Result<(), Error> {
        if self.stopped || (data.is_empty() && self.buffer.out.is_empty()) {
            return Ok(());
        }
        if data.is_empty() {
            return self.flush(caller);
        }
        let (connection, ResponseBuffer { out, .. }) = self.open()?;
        connection.machine.begin_data(data.len(), out)?;
        let end = connection.machine.data_end();
        if data.len() >= LARGE_BYTES {
            return self.send(data, end, Unsent::Waits, caller);
        }
        out.extend_from_slice(data);
        out.extend_from_slice(end);
        self.flush(caller)
    }

    /// Ends the body, with `data` as its last piece. What the server does not read before its response is read is
    /// left to the reads of the response.
    pub(in crate::http::client) fn end(
        &mut self,
        data: &[u8],
        trailers: &FieldList,
        caller: &mut Caller<'_, '_>,
    ) -> Result<(), Error> {
        if self.stopped {
            return Ok(());
        }
        let (connection, ResponseBuffer { out, .. }) = self.open()?;
        let machine = &mut connection.machine;
        if data.is_empty() {
            machine.send_end(trailers, out)?;
            return self.send(&[], b"", Unsent::IsKept, caller);
        }
        machine.begin_data(data.len(), out)?;
        let (is_large, mut ending) = (data.len() >= LARGE_BYTES, Vec::new());
        let tail = if is_large { &mut ending } else { out };
        if !is_large {
            tail.extend_from_slice(data);
        }
        machine.end_data(tail);
        machine.send_end(trailers, tail)?;
        let data = if is_large { data } else { &[] };
        self.send(data, &ending, Unsent::IsKept, caller)
    }

    /// Sends what is encoded, `data` and `end`, in as few writes as the kernel makes possible.
    fn send(
        &mut self,
        data: &[u8],
        end: &[u8],
        unsent: Unsent,
        caller: &mut Caller<'_, '_>,
    ) -> Result<(), Error> {
        let out = std::mem::take(&mut self.buffer.out);
        let sent = self.send_parts([&out, data, end], unsent, caller);
        self.buffer.out = out;
        self.buffer.out.clear();
        sent
    }

    fn send_parts(
        &mut self,
        parts: [&[u8]; 3],
        unsent: Unsent,
        caller: &mut Caller<'_, '_>,
    ) -> Result<(), Error> {
        let mut written = 0;
        let all: usize = parts.iter().map(|part| part.len()).sum();
        self.unsent = true;
        self.deadlines.begin(Phase::Send, None);
        while written < all {
            // RFC 9112 §9.5: "A client sending a message body SHOULD monitor the network connection
            // for an error response while it is transmitting the request."
            let mut began = self.now();
            match self.polled {
                None => self.polled = Some(began),
                Some(polled) if began.saturating_duration_since(polled) < POLL_INTERVAL => {}
                Some(_) => {
                    self.polled = Some(began);
                    self.poll_early_response(caller)?;
                    began = Instant::now();
                }
            }
            if self.stopped {
                break;
            }
            self.deadlines.left_at(began)?;
            caller.wanted.check()?;
            let bufs = not_written(parts, written);
            let first = bufs.iter().position(|buf| !buf.is_empty()).unwrap_or(0);
            let last = bufs.iter().rposition(|buf| !buf.is_empty()).unwrap_or(0);
            let (is_answered, is_full) = (self.answered, self.buffer.is_full());
            let (connection, _) = self.open()?;
            let wrote = match is_answered && (!is_full || unsent == Unsent::IsKept) {
                true => connection.try_write(&bufs[first]),
                false => connection.write(&bufs[first..=last]),
            };
            let bytes = match wrote {
                Ok(None) if is_answered && !is_full => {
                    self.await_body(caller)?;
                    0
                }
                Ok(None) if is_answered && unsent == Unsent::IsKept => {
                    self.rest = (bufs.each_ref().map(|buf| &**buf).concat(), 0);
                    return Ok(());
                }
                Ok(bytes) => bytes.unwrap_or(0),
                Err(e) => return self.receive_final_error(e, caller),
            };
            written += bytes;
            self.sent += bytes as u64;
            self.clock = Some(self.check_pace(Phase::Send, began, bytes)?);
        }
        self.unsent = written < all;
        Ok(())
    }

    /// Sends some of what was left to the reads of the response; returns how many bytes the stream took. The
    /// server may close after a response for which it does not need them, so a failing write is no error: reading
    /// goes on.
    #[cold]
    pub(super) fn send_rest(&mut self) -> Result<usize, Error> {
        let (rest, mut sent) = std::mem::take(&mut self.rest);
        let (connection, _) = self.open()?;
        let bytes = match connection.try_write(&rest[sent..]) {
            Ok(bytes) => bytes.unwrap_or(0),
            Err(_) => return Ok(0), // `unsent` stays
        };
        sent += bytes;
        self.sent += bytes as u64;
        match sent < rest.len() {
            true => self.rest = (rest, sent),
            false => self.unsent = false,
        }
        Ok(bytes)
    }

    /// Sending has failed with `error`: the server may have sent a response before it closed.
    fn receive_final_error(
        &mut self,
        error: io::Error,
        caller: &mut Caller<'_, '_>,
    ) -> Result<(), Error> {
        match self.receive_head(caller) {
            Ok(()) => {
                self.stopped = true;
                Ok(())
            }
            Err(Error::Peer(rule)) if rule.rule() != Rule::MessageTruncated => Err(rule.into()),
            Err(_) => Err(error.into()),
        }
    }

    /// Once the whole response is here, the server needs no more of the request.
    pub(super) fn stop_if_whole(&mut self) {
        self.stopped = self.stopped || self.answered && self.buffer.is_whole();
    }

    /// Receives the response if it is here, and of its body as much as the buffer holds; does not wait.
    pub(in crate::http::client) fn poll_early_response(
        &mut self,
        caller: &mut Caller<'_, '_>,
    ) -> Result<(), Error> {
        while !(self.stopped || self.answered && self.buffer.is_full()) {
            let (connection, buffer) = self.open()?;
            let read = connection.stream.try_read(buffer.bytes.room());
            if !self.note_early(read, caller)? {
                break;
            }
        }
        Ok(())
    }

    /// There is no room to send. Waits a moment for some of the response's body: the server may wait until it is
    /// read.
    fn await_body(&mut self, caller: &mut Caller<'_, '_>) -> Result<(), Error> {
        let (connection, buffer) = self.open()?;
        let read = connection.read(buffer.bytes.room(), POLL_INTERVAL);
        self.note_early(read, caller).map(drop)
    }

    /// The result of a read while the request is sent. Returns whether there may be more to read.
    fn note_early(
        &mut self,
        read: io::Result<Option<usize>>,
        caller: &mut Caller<'_, '_>,
    ) -> Result<bool, Error> {
        match read {
            Ok(None) => return Ok(false),
            Ok(Some(0)) if self.answered => self.stopped = true, // a read of the body sees the end
            Ok(Some(bytes)) => {
                self.decode_received(bytes, caller)?;
                self.stop_if_whole();
            }
            Err(e) if is_cut(&e) => return Err(self.truncated()),
            Err(e) => return Err(e.into()),
        }
        Ok(true)
    }
}

/// What becomes of bytes for which the server has no room before its response is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unsent {
    /// The caller waits for room, within the pace.
    Waits,
    /// They are copied, and sent while the response is read.
    IsKept,
}

/// What is left of the parts after `written` bytes.
fn not_written(parts: [&[u8]; 3], mut written: usize) -> [IoSlice<'_>; 3] {
    parts.map(|part| {
        let skip = written.min(part.len());
        written -= skip;
        IoSlice::new(&part[skip..])
    })
}
