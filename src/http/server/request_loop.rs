//! The life of one connection: decode a head, call a handler, and again.
//!
//! ```text
//!        ┌─────────── a whole request is here: responses stay pending ◀──────────┐
//!        ▼                                                                       │
//!  decode a head ──▶ handler ──▶ the rest of the body is dropped ──▶ next exchange
//!        │ not all here
//!        ▼
//!  send what is pending ──▶ yield ──▶ read ──▶ decode again
//!        │ end, deadline, stop                 │ a rule is broken
//!        ▼                                     ▼
//!   lingering close ◀───────────────── a response that names the rule
//! ```
//!
//! [`waiting`] is where the thread waits for a head, [`failing`] what happens when a handler or the client
//! fails, [`losing`] whether a handler has failed because its client has left.

mod failing;
mod losing;
mod waiting;

use super::config::Config;
use super::events::{ServerEvents, dispatch, report, send_to_encoded_target};
use super::exchange::{BodyState, Budget, RequestBody, ResponseQueue, ServerConnection};
use super::request::Request;
use super::response::Response;
use super::summary::{Numbers, OnFinish, Summary};
use crate::http::body_reader::BodySource;
use crate::http::error::Error;
use crate::http::wire::{self, BodyLength, RequestDecoder, Rule};
use crate::net::{Linger, ReadBuffer, Slot, Stream, guarded, linger};
use std::cell::RefCell;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The read buffer of a new connection, and what it shrinks to.
const FIRST_READ_BYTES: usize = 512;
/// It doubles while reads fill it, up to this; a head that needs more gets more.
const MAX_READ_BYTES: usize = 64 * 1024;

/// What the connections of a server have in common. Only the events differ from server to server, and
/// each connection calls them through their table: the code below is compiled once.
pub(super) struct Shared<E: ?Sized> {
    pub(super) config: Arc<Config>,
    pub(super) budget: Arc<Budget>,
    pub(super) on_finish: Option<Arc<OnFinish>>,
    pub(super) events: E,
}

/// Why a connection ends.
enum End {
    /// The peer has ended it, or it is broken: nothing can be sent any more.
    Gone,
    /// The client has closed, too, or expects the close: it is closed at once.
    Closed,
    /// What the client still sends must not destroy the last response: the close lingers.
    Linger,
    /// The stream belongs to another protocol now.
    HandedOver,
}

/// The fields are in the order of use, for the processor's cache: with many connections, each line of 64 bytes that a
/// request touches is a wait for memory.
#[repr(C)]
struct RequestLoop<'s> {
    shared: &'s Shared<dyn ServerEvents>,
    queue: Arc<ResponseQueue>,
    buffer: ReadBuffer,
    since: Since,
    /// See [`Config::quiet_interval`].
    quiet_interval: Duration,
    /// Since the connection was last quiet, an exchange has left more memory than an idle connection keeps.
    was_large: bool,
    decoder: RequestDecoder,
    body: BodyState,
    connection: RefCell<ServerConnection>,
    numbers: Numbers,
    /// Why the request of this exchange was refused, if somebody wants a [`Summary`].
    refusal: Option<Box<Error>>,
}

/// What goes on, and since when.
#[derive(Clone, Copy)]
enum Since {
    /// A wait for a request that has just begun; or an exchange of which nobody wants a [`Summary`], or has had it.
    Untimed,
    /// The connection waits for a request, longer than for one read.
    Idle(Instant),
    /// It waits for the rest of a head.
    Head(Instant),
    /// An exchange that has had no [`Summary`] yet.
    Exchange(Instant),
}

impl<E: ServerEvents> Shared<E> {
    /// Without the type of its events.
    pub(super) fn any(&self) -> &Shared<dyn ServerEvents> {
        self
    }
}

impl Shared<dyn ServerEvents> {
    /// Serves a connection, of which `read_before` was read already, until it ends or is handed over.
    pub(super) fn serve(&self, stream: Arc<dyn Stream>, slot: Option<Slot>, read_before: &[u8]) {
        if guarded(|| self.events.connection(stream.as_ref())).is_err() {
            report(&self.events, &"ServerEvents::connection panicked");
        }
        let mut served = RequestLoop::new(self, stream, slot);
        if !read_before.is_empty() {
            served.buffer.replace(read_before);
        }
        let end = guarded(|| served.run()).unwrap_or_else(|_| {
            report(&self.events, &"the stream of a connection panicked");
            End::Gone
        });
        served.report_unfinished();
        let stream = served.queue.stream().as_ref();
        match end {
            End::Linger => {
                served.body.shrink();
                served.queue.idle(); // the response is complete: a stop ends the wait
                let time = Linger::while_bytes_come(self.config.linger_timeout);
                linger(stream, time, self.config.linger_bytes);
            }
            // A cut shows the client that the body is not complete: by the length, by the missing last chunk, or
            // under TLS by the missing close_notify. A body without TLS that ends with the connection (HTTP/1.0) has
            // none of these, and its client takes the FIN for the end. Only a reset would differ from a FIN: std
            // sends none on demand (`TcpStream::set_linger` is unstable), and the kernel sends one by itself only
            // if the client has sent bytes that were not read.
            End::Gone if served.connection.get_mut().is_unfinished() => _ = stream.abort(),
            End::Gone | End::Closed | End::HandedOver => {}
        }
        // The stream is dropped first: only then the place is free.
        let slot = served.connection.get_mut().slot.take();
        drop(served);
        drop(slot);
    }
}

/// Some functions are not inlined, for the stacks of ten thousand threads that wait: a page of stack is
/// memory, and each frame above the waiting one is kept.
impl<'s> RequestLoop<'s> {
    /// On the heap.
    #[inline(never)]
    fn new(
        shared: &'s Shared<dyn ServerEvents>,
        stream: Arc<dyn Stream>,
        slot: Option<Slot>,
    ) -> Box<RequestLoop<'s>> {
        let config = &shared.config;
        let queue = Arc::new(ResponseQueue::new(stream, config));
        if let Some(slot) = &slot {
            slot.on_stop(queue.clone());
            if slot.is_late() {
                queue.begin_late();
            }
        }
        let mut connection = ServerConnection::new(config.clone(), queue.clone(), slot);
        connection.is_timed = shared.on_finish.is_some();
        Box::new(RequestLoop {
            shared,
            queue,
            buffer: ReadBuffer::new(FIRST_READ_BYTES, MAX_READ_BYTES),
            since: Since::Untimed,
            quiet_interval: config.quiet_interval(),
            was_large: false,
            decoder: RequestDecoder::new(config.limits),
            body: BodyState::new(shared.budget.clone()),
            connection: RefCell::new(connection),
            numbers: Numbers {
                connection: shared
                    .on_finish
                    .as_ref()
                    .map_or(0, |it| it.next_connection()),
                request: 0,
            },
            refusal: None,
        })
    }

    fn run(&mut self) -> End {
        let connection = self.connection.get_mut();
        if connection.set_read_timeout(self.quiet_interval).is_err() {
            return End::Gone;
        }
        loop {
            let next = match self.buffer.is_empty() {
                true => Ok(false),
                false => self.decode(),
            };
            let next = match next {
                Ok(true) => self.exchange(),
                Ok(false) => self.receive(),
                Err(end) => Err(end),
            };
            if let Err(end) = next {
                return end;
            }
        }
    }

    /// Whether the next head that can be served has come whole.
    #[inline(never)]
    fn decode(&mut self) -> Result<bool, End> {
        loop {
            match self.decoder.decode(self.buffer.unread()) {
                Ok(head) => return Ok(head.is_some()),
                Err(error) => self.refuse_or_redirect(error)?,
            }
        }
    }

    #[cold]
    fn refuse_or_redirect(&mut self, error: wire::Error) -> Result<(), End> {
        match error.rule() {
            Rule::TargetUnencoded => self.exchange(),
            _ => Err(self.refuse_head(error)),
        }
    }

    /// The request whose head was decoded, and its response. If the target is not encoded, that is the 301 to the
    /// encoded one.
    #[inline(never)]
    fn exchange(&mut self) -> Result<(), End> {
        let config = &self.shared.config;
        let length = self.decoder.head_length();
        self.since = match &self.shared.on_finish {
            Some(_) => Since::Exchange(Instant::now()),
            None => Since::Untimed,
        };
        self.numbers.request += 1;
        let (head, head_tail) = self.buffer.unread().split_at(length);
        let head = self.decoder.head(head);
        let connection = self.connection.get_mut();
        let body_length = head.body_length();
        let ready = connection
            .request(&head)
            .and_then(|()| self.body.restart(body_length, connection));
        if ready.is_err() {
            return Err(End::Gone); // the machine is never asked for a second request before the first is done
        }
        if let Some(most) = config.max_requests_per_connection
            && self.numbers.request >= most
        {
            connection.machine.close_after();
        }
        (connection.body_is_large, connection.pipelined) = match body_length {
            BodyLength::Known(body) => (body > config.discard_bytes, head_tail.len() as u64 > body),
            _ => (false, true),
        };
        let asks = connection.machine.asks();
        let handled = guarded(|| {
            let body = RequestBody::new(&mut self.body, head_tail, &self.connection);
            let request = || Request::new(head, body, &self.queue);
            let response = Response::new(&self.connection);
            match head.is_encoded() {
                true => dispatch(&self.shared.events, asks, request, response),
                false => send_to_encoded_target(&request(), response),
            }
        });
        let ended = self.end_response(handled);
        if let Since::Exchange(since) = self.since {
            self.since = Since::Untimed;
            self.report_finish(Some(length), since);
        }
        ended?;
        self.finish(length)
    }

    /// Calls [`Server::on_finish`](super::Server::on_finish). `length` is that of the request's head, if it is one.
    #[inline(never)]
    fn report_finish(&mut self, length: Option<usize>, since: Instant) {
        let Some(on_finish) = &self.shared.on_finish else {
            return;
        };
        let summary = Summary {
            decoder: &self.decoder,
            buffer: &self.buffer,
            head_length: length,
            body: &self.body,
            response: self.connection.get_mut(),
            refusal: &self.refusal,
            numbers: &self.numbers,
            since,
        };
        if guarded(|| (on_finish.call)(&summary)).is_err() {
            report(&self.shared.events, &"Server::on_finish panicked");
        }
        self.refusal = None;
    }

    /// The connection has ended. Half a head that had no response is an exchange that was cut, and so is one whose stream
    /// has panicked.
    fn report_unfinished(&mut self) {
        if self.shared.on_finish.is_none() {
            return;
        }
        match mem::replace(&mut self.since, Since::Untimed) {
            Since::Exchange(since) => self.report_finish(Some(self.decoder.head_length()), since),
            Since::Head(since) => {
                self.connection.get_mut().restart_response();
                self.numbers.request += 1;
                self.report_finish(None, since);
            }
            Since::Untimed | Since::Idle(_) => {}
        }
    }

    /// The end of an exchange: is there a next one?
    #[inline]
    fn finish(&mut self, length: usize) -> Result<(), End> {
        match self.body.is_unused() {
            true => _ = self.buffer.consume(length),
            false => self.finish_body(length)?,
        }
        let connection = self.connection.get_mut();
        if !connection.read_ahead().is_empty() {
            let mut bytes = self.buffer.unread().to_vec();
            bytes.append(connection.read_ahead_mut());
            self.buffer.replace(&bytes);
        }
        if !connection.machine.next_exchange() {
            return Err(self.last_end());
        }
        self.decoder.restart();
        if self.buffer.size() > MAX_READ_BYTES {
            self.buffer.shrink_to(FIRST_READ_BYTES);
        }
        Ok(())
    }

    /// Drops what is left of the body, behind a head of `length` bytes, and takes what came behind it.
    #[inline(never)]
    fn finish_body(&mut self, length: usize) -> Result<(), End> {
        if !self.body.reader().is_exhausted() && !self.skip_body(length) {
            return Err(self.flush_and(End::Linger));
        }
        self.buffer.consume(length + self.body.head_tail_used());
        if !self.body.pipelined().is_empty() {
            self.buffer.replace(self.body.pipelined());
        }
        self.body.end();
        Ok(())
    }

    /// No next exchange follows: how the connection ends.
    #[cold]
    fn last_end(&mut self) -> End {
        let client_closes = !self.decoder.is_persistent();
        let is_quiet = client_closes && self.buffer.is_empty() && !self.buffer.was_filled();
        let end = self.flush_and(End::Linger);
        let is_quiet =
            is_quiet && matches!(self.queue.stream().try_read(&mut [0]), Ok(None | Some(0)));
        if is_quiet { End::Closed } else { end }
    }

    /// Reads and drops what the handler has left of the body, behind a head of `length` bytes; returns
    /// whether another request may follow.
    #[inline(never)]
    fn skip_body(&mut self, length: usize) -> bool {
        let machine = &self.connection.get_mut().machine;
        let ends = machine.continue_awaited() || !machine.is_persistent();
        let head_tail = &self.buffer.unread()[length..];
        let mut body = RequestBody::new(&mut self.body, head_tail, &self.connection);
        if body.reader().has_ended() {
            body.consume(usize::MAX);
            return true;
        }
        if ends {
            return false;
        }
        self.queue.idle(); // the response is complete: a stop ends the wait
        let is_dropped = body.discard(self.shared.config.discard_bytes);
        self.queue.busy();
        is_dropped
    }

    /// Sends what is pending, before the connection ends.
    #[cold]
    fn flush_and(&mut self, end: End) -> End {
        match self.queue.flush() {
            Ok(()) => end,
            Err(_) => End::Gone,
        }
    }
}
