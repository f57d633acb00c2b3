//! One request and its response on one connection.
//!
//! ```text
//!   send head ──► send body ──────────────────────► end ──┐
//!                  │  send buffer full for a while: poll  │
//!                  ▼                                      ▼
//!     a refusal is here: send no more ───────────► receive head ──► 1xx: report it, go on
//!                                                         │
//!                                                         ▼ final
//!                                  receive body … ended ──► the connection goes back
//! ```
//!
//! A server may respond before it has read the whole request. So the thread that sends polls for an early
//! response: every 5 ms, and every 50 ms while it waits for room to write.
//! - A response that refuses the request, switches protocols or is whole: nothing more of the request is sent.
//! - Any other 2xx may depend on the rest of the request, as an echo does: sending goes on. If the server stops
//!   reading until its response is read, `end` copies what is left and returns, and a read of the response
//!   sends it.
//!
//! | file | what |
//! |---|---|
//! | [`sending.rs`](sending) | the head and the body of the request; polling for an early response |
//! | [`receiving.rs`](receiving) | the heads of the response: interim ones, then the final one |
//! | [`body.rs`](body) | the body of the response, also one that nobody reads |
//! | [`content.rs`](content) | what the caller reads: the body, or what it is without its content codings |
//! | [`kept.rs`](kept) | the memory of an exchange, kept by its thread |
//! | this one | what becomes of the connection: back to the agent, closed, or another protocol |

mod body;
mod content;
mod kept;
mod receiving;
mod sending;

use super::agent::PooledConnection;
use super::connection::ClientConnection;
use super::deadlines::{Deadlines, Timeouts, phase_timed_out};
use super::handle::{Ending, RequestHandle, Shared};
use super::response_buffer::ResponseBuffer;
use super::summary::{Counted, End, Finishing};
use super::timings::{Phase, Timings};
use super::wanted::Wanted;
use crate::http::body_reader::BodySource;
use crate::http::error::Error;
use crate::http::wire::{self, Fields, Limits, Misuse, Rule, State};
use crate::net::{Pace, Stream};
use content::Decompressor;
pub(super) use kept::KeptExchange;
use std::sync::Arc;
use std::time::Instant;

/// What an exchange calls while it waits.
pub(super) struct Caller<'c, 'w> {
    /// With the status and the fields of each interim response.
    pub(super) on_interim: &'c mut dyn FnMut(u16, Fields<'_>),
    pub(super) wanted: &'c mut Wanted<'w>,
}

#[derive(Debug)]
pub(super) struct Exchange {
    /// `None` once it was given back, closed, or left HTTP.
    pooled: Option<PooledConnection>,
    /// Of a response that is the request's last one: with its body, the request ends for its handle.
    ending: Option<Ending>,
    /// If the end of the request is to be reported.
    pub(super) finishing: Option<Finishing>,
    pub(super) timings: Timings,
    pub(super) buffer: ResponseBuffer,
    decompressor: Option<Box<Decompressor>>,
    deadlines: Deadlines,
    timeouts: Timeouts,
    pace: Pace,
    /// The time, if it has just been read: no call has waited since, and no code of the program has run.
    clock: Option<Instant>,
    /// When the connection was last polled for an early response, or the first write began.
    polled: Option<Instant>,
    /// How many bytes of a response have come.
    pub(super) received: u64,
    /// How many bytes of the request were sent.
    sent: u64,
    /// The final head is here.
    answered: bool,
    /// Nothing more of the request is sent.
    stopped: bool,
    /// Of the bytes that the connection's machine counts as sent, some were not written.
    unsent: bool,
    /// Of the request, what is sent while the response is read; the bytes before the offset were sent.
    rest: (Vec<u8>, usize),
    interim: u32,
    /// A 100 was among the interim responses.
    continued: bool,
    /// When the first byte of the final head came.
    pub(super) first_byte: Option<Instant>,
    /// When bytes of the response came last.
    last_byte: Option<Instant>,
}

impl Exchange {
    /// The memory of an exchange, in which none has begun.
    fn unused(limits: Limits, timeouts: &Timeouts, timings: &Timings) -> Exchange {
        Exchange {
            pooled: None,
            ending: None,
            finishing: None,
            timings: *timings,
            buffer: ResponseBuffer::new(limits),
            decompressor: None,
            deadlines: Deadlines::start(None, timings.began),
            pace: Pace::new(timeouts.stall, timeouts.min_bytes_per_second),
            timeouts: timeouts.clone(),
            polled: None,
            received: 0,
            sent: 0,
            answered: false,
            stopped: false,
            unsent: false,
            rest: (Vec::new(), 0),
            interim: 0,
            continued: false,
            first_byte: None,
            last_byte: None,
            clock: None,
        }
    }

    /// A new exchange in the memory of one that is [over](Self::leave).
    fn start(
        &mut self,
        pooled: PooledConnection,
        deadlines: Deadlines,
        timeouts: &Timeouts,
        timings: &Timings,
    ) {
        if self.timeouts != *timeouts {
            self.pace = Pace::new(timeouts.stall, timeouts.min_bytes_per_second);
            self.timeouts = timeouts.clone();
        }
        self.pace.restart();
        self.buffer.restart();
        self.clock = pooled.taken_at;
        self.pooled = Some(pooled);
        self.deadlines = deadlines;
        self.timings = *timings;
        (self.received, self.sent, self.interim) = (0, 0, 0);
        (self.answered, self.stopped, self.continued) = (false, false, false);
        (self.polled, self.first_byte, self.last_byte) = (None, None, None);
        self.unsent = false;
    }

    /// Nobody has the exchange any more: reports its end, and leaves nothing behind but memory.
    fn leave(&mut self) {
        if self.finishing.is_some() {
            let is_switched = self.is_switched();
            self.pooled = None; // before the program's code runs, which may want its socket
            let cancelled = self.deadlines.check_cancelled().err();
            match is_switched {
                true => self.report(End::Upgraded),
                false => self.report(End::Cut(cancelled.as_ref())),
            }
        }
        self.pooled = None;
        self.ending = None;
        self.decompressor = None;
        self.deadlines.remove_handle();
        self.rest = (Vec::new(), 0);
    }

    pub(super) fn stream(&self) -> Option<&dyn Stream> {
        let pooled = self.pooled.as_ref();
        pooled.map(|pooled| &*pooled.connection.stream)
    }

    /// Whether a response is here after which nothing more of the request is sent.
    pub(super) fn is_answered(&self) -> bool {
        self.stopped
    }

    pub(super) fn is_switched(&self) -> bool {
        let pooled = self.pooled.as_ref();
        pooled.is_some_and(|pooled| pooled.connection.machine.responses() == State::Switched)
    }

    /// From now on, this handle cancels the request.
    ///
    /// # Errors
    /// It was cancelled already.
    pub(super) fn watch(&mut self, handle: &Arc<Shared>) -> Result<(), Error> {
        self.deadlines.set_handle(handle);
        match &self.pooled {
            Some(pooled) => handle.opened(&pooled.connection.stream, &self.timings),
            None => Ok(()),
        }
    }

    /// Nothing was sent, and nothing will be: the connection goes back as it was.
    pub(super) fn leave_unused(&mut self) {
        if let Some(pooled) = self.pooled.take() {
            pooled.give_back_unused();
        }
    }

    /// The request has no other response than this one.
    pub(super) fn is_last(&mut self, ending: Option<Ending>) {
        self.ending = ending.filter(|_| self.pooled.is_some());
    }

    /// The handle of the request; a new one if it has none.
    pub(super) fn handle(&mut self) -> RequestHandle {
        if let Some(handle) = self.deadlines.handle() {
            return RequestHandle::of(handle);
        }
        let handle = Shared::new(self.timings);
        let _ = self.watch(&handle); // it is new, and not cancelled
        handle.enter(self.deadlines.phase());
        self.is_last(Some(Ending(Arc::clone(&handle))));
        RequestHandle::of(&handle)
    }

    /// The stream of the other protocol, and the bytes that came behind the head.
    pub(super) fn switch(&mut self) -> Result<(Arc<dyn Stream>, Vec<u8>), Error> {
        let is_switched = self.is_switched();
        let pooled = self.pooled.take_if(|_| is_switched).ok_or(Misuse::Switch)?;
        self.release()?;
        self.report(End::Upgraded);
        let head_tail = self.buffer.bytes.unread().to_vec();
        Ok((pooled.connection.into_stream()?, head_tail))
    }

    /// The time is read anew when it is needed: code of the program runs now.
    pub(super) fn forget_time(&mut self) {
        self.clock = None;
    }

    /// The time. What was read before is used once.
    #[inline]
    fn now(&mut self) -> Instant {
        self.clock.take().unwrap_or_else(Instant::now)
    }

    /// We waited for the server since `began`, and `bytes` moved. Returns the time.
    fn check_pace(&mut self, phase: Phase, began: Instant, bytes: usize) -> Result<Instant, Error> {
        let now = Instant::now();
        let waited = now.saturating_duration_since(began);
        if self.pace.waited(waited, bytes).is_err() {
            self.close();
            return Err(phase_timed_out(phase, self.timeouts.stall));
        }
        Ok(now)
    }

    /// Both messages are over: the connection goes back if it can serve another request.
    fn finish(&mut self) -> Result<(), Error> {
        let Some(mut pooled) = self.pooled.take() else {
            return Ok(());
        };
        let machine = &mut pooled.connection.machine;
        machine.receive_end().map_err(wire::Error::in_response)?;
        // RFC 9112 §9.2: "If a client receives data on a connection that doesn't have outstanding
        // requests, the client MUST NOT consider that data to be a valid response"
        let is_more_here = self.buffer.bytes.unread().len() > self.buffer.body.content();
        let is_free = machine.next_exchange() && !is_more_here && !self.unsent;
        // A request that is cancelled now is too late, but its connection may have been aborted.
        if self.release().is_ok() && is_free {
            let since = self.last_byte.unwrap_or_else(Instant::now);
            let keep_alive = pooled.connection.keep_alive(self.buffer.head().fields());
            pooled.give_back(keep_alive, since);
        }
        self.report(End::Complete);
        Ok(())
    }

    /// The connection does not belong to this request any longer: its handle does not abort it.
    ///
    /// # Errors
    /// The request was cancelled before.
    fn release(&mut self) -> Result<(), Error> {
        let released = match self.deadlines.handle() {
            Some(handle) => handle.release(),
            None => Ok(()),
        };
        self.ending = None;
        released
    }

    /// Closes the connection, which stands in the middle of a message.
    pub(super) fn close(&mut self) {
        if self.deadlines.check_cancelled().is_err() {
            self.pooled = None; // every later call finds that it was cancelled
        } else if self.pooled.is_some() {
            self.truncated();
        }
    }

    /// The connection ended, or was closed, in the middle of a message. What ends the request because of it reports
    /// that: a request may be sent once more.
    fn truncated(&mut self) -> Error {
        let finishing = self.finishing.take();
        let error = self.fail(wire::Error::whole(Rule::MessageTruncated));
        self.finishing = finishing;
        error
    }

    /// The request has a connection: from now on, its end is this one's.
    pub(super) fn finishing(&mut self, finishing: Option<Finishing>) {
        self.finishing = finishing.map(|it| Finishing {
            stream: (self.pooled.as_ref()).map(|pooled| Arc::clone(&pooled.connection.stream)),
            ..it
        });
    }

    /// The request is over: reports it, once.
    #[inline]
    pub(super) fn report(&mut self, end: End<'_>) {
        if let Some(finishing) = self.finishing.take() {
            let counted = Counted {
                head: self.answered.then(|| self.buffer.head()),
                first_byte: self.first_byte,
                bytes_in: self.received,
                bytes_out: self.sent,
            };
            finishing.report(counted, &self.timings, end);
        }
    }

    /// The connection while it is open, and the buffer.
    fn open(&mut self) -> Result<(&mut ClientConnection, &mut ResponseBuffer), Error> {
        match &mut self.pooled {
            Some(pooled) => Ok((&mut pooled.connection, &mut self.buffer)),
            None => Err(self
                .buffer
                .body
                .failure()
                .map_or(Misuse::Ended.into(), Error::from)),
        }
    }
}
