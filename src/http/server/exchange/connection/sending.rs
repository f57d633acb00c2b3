//! Sending a response: its head, its body, its end.
//!
//! ```text
//!   check all of it ──▶ head ──▶ data ──▶ end ──▶ sent, or left pending
//!        │ misuse
//!        ▼
//!   an error; nothing has changed
//! ```
//!
//! Everything that a call sends is checked before any of it is encoded. So nothing must be taken back, and
//! after a misuse another response can be sent.

use super::{BlamesPeer, ServerConnection};
use crate::http::error::Error;
use crate::http::server::exchange::draft::ResponseDraft;
use crate::http::server::exchange::response_queue::{ResponseQueue, Then};
use crate::http::wire::{Connection, FieldList, Misuse, State};
use crate::net::Slot;
use std::time::Instant;

impl ServerConnection {
    /// The values of a field of the response's head.
    pub(crate) fn get_header(&self, name: &str) -> Vec<Vec<u8>> {
        match self.head_sent() {
            true => self.draft.get_sent_header(name, &self.machine),
            false => self.draft.get_header(name),
        }
    }

    /// Whether the final head has been sent, or is in the queue.
    pub(crate) fn head_sent(&self) -> bool {
        !matches!(self.machine.responses(), State::Idle | State::Waiting)
    }

    /// Whether the response is complete.
    pub(crate) fn is_complete(&self) -> bool {
        self.machine.responses() == State::Done
    }

    /// Whether the response has begun and is not complete.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.machine.responses() == State::Body
    }

    /// The status of the response, if its head has been sent.
    pub(crate) fn sent_status(&self) -> Option<u16> {
        match self.handed_over {
            Some(_) => Some(self.machine.switch_status()),
            None => self.head_sent().then(|| self.draft.status()),
        }
    }

    /// How many bytes of its body the stream has taken.
    pub(crate) fn sent_body_bytes(&self) -> u64 {
        match self.machine.answers_head_only() {
            true => 0,
            false => self.draft.body_bytes,
        }
    }

    /// How many bytes were sent for this exchange: those that the stream has taken, if it is broken.
    pub(crate) fn sent_bytes(&self) -> u64 {
        match self.queue.broken_by() {
            Some(_) => self
                .bytes_out
                .saturating_sub(self.queue.unsent_bytes() as u64),
            None => self.bytes_out,
        }
    }

    /// Whether all of the response was sent, or is pending on a connection that is not broken.
    pub(crate) fn has_sent_all(&self) -> bool {
        let is_whole = self.is_complete() || self.handed_over.is_some();
        is_whole && self.queue.broken_by().is_none()
    }

    /// Before the thread waits for body bytes: sends what is pending, and the 100 that the client waits for.
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
        let ServerConnection {
            machine, bytes_out, ..
        } = self;
        self.queue.append(0, |out| {
            let before = out.len();
            machine.send_informational(status, fields, out)?;
            *bytes_out += (out.len() - before) as u64;
            Ok(((), Then::Send))
        })
    }

    /// Sends the 101, or the 200 to CONNECT, with the fields of the draft, now. The stream then belongs to
    /// the other protocol.
    pub(crate) fn send_switch(&mut self, blames_peer: BlamesPeer) -> Result<(), Error> {
        let ServerConnection {
            machine,
            draft,
            bytes_out,
            ..
        } = self;
        self.queue.append(0, |out| {
            let before = out.len();
            let fields = draft.check_switch(machine.switch_status())?;
            machine.send_switch(fields, out)?;
            *bytes_out += (out.len() - before) as u64;
            Ok(((), Then::Send))
        })?;
        self.first_byte = self.is_timed.then(Instant::now);
        self.queue.hand_over(self.machine.switch_status());
        self.draft.hand_over();
        self.handed_over = Some(blames_peer);
        self.stream().set_read_timeout(None)?;
        Ok(self.stream().set_write_timeout(None)?)
    }

    /// Sends a piece of the body now, after everything that is pending.
    pub(crate) fn write(&mut self, data: &[u8]) -> Result<(), Error> {
        match self.draft.is_compressed() {
            false => self.write_plain(data),
            true => self.write_compressed(data),
        }
    }

    pub(super) fn write_plain(&mut self, data: &[u8]) -> Result<(), Error> {
        let follows = self.encode(data.len(), false, Then::SendNext, |machine, _, out| {
            machine.begin_data(data.len(), out)
        });
        let end = self.machine.data_end();
        self.send_behind(follows, data, end)
    }

    /// Sends the head now, and what was written, after everything that is pending.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        match self.draft.is_compressed() {
            false => self.flush_plain(),
            true => self.flush_compressed(),
        }
    }

    pub(super) fn flush_plain(&mut self) -> Result<(), Error> {
        self.encode(0, false, Then::Send, |_, _, _| Ok(()))
    }

    /// Encodes the head of a body whose length is not known, to be sent with what follows.
    pub(super) fn begin_head(&mut self) -> Result<(), Error> {
        self.encode(0, false, Then::SendNext, |_, _, _| Ok(()))
    }

    /// Ends the response. A small one stays pending while other responses may leave with it.
    #[inline(always)]
    pub(crate) fn end(&mut self, data: &[u8]) -> Result<(), Error> {
        match self.draft.is_compressed() {
            false => self.end_plain(data),
            true => self.end_compressed(data),
        }
    }

    /// As [`end`](Self::end), with data that is not compressed, or was.
    #[inline(never)]
    pub(super) fn end_plain(&mut self, data: &[u8]) -> Result<(), Error> {
        if !ResponseQueue::is_small(data.len()) {
            return self.end_large(data);
        }
        let then = match self.pipelined {
            true => Then::Coalesce,
            false => Then::SendLast,
        };
        if self.head_sent() {
            return self.end_begun(data, then);
        }
        let mut after = 0;
        self.append(data.len(), true, then, |machine, draft, out| {
            let plain = draft.plain(data);
            after = match plain.and_then(|plain| machine.send_plain(plain, out)) {
                Some(after) => after,
                None => {
                    let head = draft.head(machine, Some(data.len() as u64));
                    machine.send_whole(&head, data, draft.trailers(), out)?
                }
            };
            draft.freeze_head();
            Ok(())
        })
        .map_err(|error| self.uncounted(error, data.len(), after))
    }

    /// Ends a response whose head has been sent.
    #[inline(never)]
    fn end_begun(&mut self, data: &[u8], then: Then) -> Result<(), Error> {
        let (mut data_end, mut end) = (0, 0);
        self.encode(data.len(), true, then, |machine, trailers, out| {
            if !data.is_empty() && machine.begin_data(data.len(), out)? {
                out.extend_from_slice(data);
                data_end = out.len();
                machine.end_data(out);
            }
            machine.send_end(trailers, out)?;
            end = out.len();
            Ok(())
        })
        .map_err(|error| self.uncounted(error, data.len(), end - data_end))
    }

    /// Sends `data` uncopied, between what is pending and what ends the response.
    #[inline(never)]
    fn end_large(&mut self, data: &[u8]) -> Result<(), Error> {
        let mut after = std::mem::take(&mut self.buffers.get_or_insert_default().after_data);
        after.clear();
        let follows = self.encode(
            data.len(),
            true,
            Then::SendNext,
            |machine, trailers, out| {
                let follows = machine.begin_data(data.len(), out)?;
                if follows {
                    machine.end_data(&mut after);
                }
                machine.send_end(trailers, &mut after)?;
                Ok(follows)
            },
        );
        let sent = self.send_behind(follows, data, &after);
        self.buffers.get_or_insert_default().after_data = after;
        sent
    }

    /// Sends `data`, if they follow, and `end` behind what was encoded before them.
    fn send_behind(
        &mut self,
        follows: Result<bool, Error>,
        data: &[u8],
        end: &[u8],
    ) -> Result<(), Error> {
        if let Ok(true) = follows {
            self.bytes_out += (data.len() + end.len()) as u64;
        }
        let sent = match follows {
            Ok(true) => self.queue.send(data, end).map_err(Error::from),
            Ok(false) => self.queue.flush().map_err(Error::from),
            Err(error @ Error::Io(_)) => {
                self.draft.body_bytes -= data.len() as u64; // they were never tried
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        if sent.is_err() {
            self.uncount(data.len(), end.len());
        }
        sent
    }

    /// The last write, of `data` bytes of the body and `end` bytes behind them, has failed: what the stream has not
    /// taken does not count.
    #[cold]
    fn uncount(&mut self, data: usize, end: usize) {
        let unsent = self.queue.unsent_bytes().saturating_sub(end).min(data);
        self.draft.body_bytes -= unsent as u64;
    }

    /// The error, if one of the stream [uncounted](Self::uncount).
    #[cold]
    fn uncounted(&mut self, error: Error, data: usize, end: usize) -> Error {
        if let Error::Io(_) = error {
            self.uncount(data, end);
        }
        error
    }

    /// Encodes the final head, unless it has been sent, and what `body` appends: `length` bytes of the
    /// body, and its end where `ends`. `then` says what becomes of it; above `pending_bytes` it is sent in
    /// any case.
    #[inline]
    fn encode<R>(
        &mut self,
        length: usize,
        ends: bool,
        then: Then,
        body: impl FnOnce(&mut Connection, &FieldList, &mut Vec<u8>) -> Result<R, Misuse>,
    ) -> Result<R, Error> {
        self.check_open()?;
        let is_first = !self.head_sent();
        let is_timed = is_first && self.is_timed && (!ends || then == Then::SendNext);
        let mut began = None;
        let sent = self.append(length, is_first, then, |machine, draft, out| {
            if is_first {
                encode_head(machine, draft, (length, ends), out)?;
                began = is_timed.then(Instant::now);
            } else {
                machine.check_response(None, length, ends.then_some(draft.trailers()))?;
            }
            body(machine, draft.trailers(), out)
        });
        if began.is_some() {
            self.first_byte = began;
        }
        sent
    }

    /// Appends what `body` encodes to what is pending: `length` bytes of the body, and the head where `is_first`.
    #[inline(always)]
    fn append<R>(
        &mut self,
        length: usize,
        is_first: bool,
        then: Then,
        body: impl FnOnce(&mut Connection, &mut ResponseDraft, &mut Vec<u8>) -> Result<R, Misuse>,
    ) -> Result<R, Error> {
        self.close_if_last();
        let ServerConnection {
            machine,
            queue,
            draft,
            config,
            bytes_out,
            ..
        } = self;
        let copied = if then == Then::SendNext { 0 } else { length };
        queue.append(copied, |out| {
            let before = out.len();
            if is_first && out.is_empty() {
                draft.refresh_date(config); // once for responses that leave together
            }
            let value = body(machine, draft, out)?;
            draft.body_bytes += length as u64;
            *bytes_out += (out.len() - before) as u64;
            let is_large = out.len() > config.pending_bytes;
            Ok((value, if is_large { Then::Send } else { then }))
        })
    }

    /// This exchange is the connection's last if the server stops, or if more of the body is still to come
    /// than is read and dropped.
    // RFC 9112 §9.6: "A sender SHOULD send a Connection header field (Section 7.6.1 of [HTTP])
    // containing the "close" connection option when it intends to close a connection."
    #[inline]
    fn close_if_last(&mut self) {
        let unread = self.body_is_large && self.machine.requests() != State::Done;
        if unread || self.slot.as_ref().is_some_and(Slot::is_stopping) {
            self.machine.close_after();
        }
    }

    pub(super) fn check_open(&self) -> Result<(), Misuse> {
        match self.machine.responses() {
            State::Done => Err(Misuse::Ended),
            State::Switched | State::Closed | State::Failed => Err(Misuse::State),
            _ => Ok(()),
        }
    }
}

/// Encodes the head, if `length` bytes of the body may follow it and, where `ends`, its end.
#[inline(never)]
fn encode_head(
    machine: &mut Connection,
    draft: &mut ResponseDraft,
    (length, ends): (usize, bool),
    out: &mut Vec<u8>,
) -> Result<(), Misuse> {
    let head = draft.head(machine, ends.then_some(length as u64));
    let trailers = ends.then_some(draft.trailers());
    let checked = machine.check_response(Some(&head), length, trailers)?;
    machine.send_checked(&head, checked, out)?;
    draft.freeze_head();
    Ok(())
}
