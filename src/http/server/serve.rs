//! The life of one connection: read a head, let a handler answer, and again.
//!
//! ```text
//!        ┌──────────────── whole requests are here: nothing is sent yet ◀──┐
//!        ▼                                                                 │
//!  decode a head ──▶ handler ──▶ the rest of the body is dropped ──▶ next exchange
//!        │ not all here
//!        ▼
//!  send what waits ──▶ yield ──▶ read ──▶ decode again
//!        │ end, deadline, stop                │ a rule is broken
//!        ▼                                    ▼
//!     lingering close ◀──────────────── an answer that says so
//! ```

use super::buffer::{Buffer, READ_BYTES};
use super::events::{Events, Handled};
use super::failures::report;
use super::linger;
use crate::http::body_reader::BodySource;
use crate::http::server::config::Config;
use crate::http::server::exchange::{BodyState, Budget, Charge, Link, RequestBody, ResponseQueue};
use crate::http::server::request::Request;
use crate::http::server::response::Response;
use crate::http::wire::{BodyLength, RequestDecoder};
use crate::net::{Slot, Stream, guarded};
use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the connections of a server have in common. Only the events differ from server to server, and
/// each connection sees them through their table: the code below is compiled once, not for each of them.
pub(super) struct Shared<E: ?Sized> {
    pub(super) config: Arc<Config>,
    pub(super) budget: Arc<Budget>,
    pub(super) events: E,
}

/// Why a connection ends.
pub(super) enum End {
    /// The peer has ended it, or it is broken: nobody reads any more.
    Gone,
    /// Everything was said, and the client knows it: close.
    Closed,
    /// What the client still sends must not destroy what it has not read yet.
    Linger,
    /// The stream belongs to somebody else now.
    HandedOver,
}

pub(super) struct Served<'s> {
    pub(super) shared: &'s Shared<dyn Events>,
    queue: Arc<ResponseQueue>,
    pub(super) buffer: Buffer,
    pub(super) decoder: RequestDecoder,
    pub(super) body: BodyState,
    pub(super) link: RefCell<Link>,
    pub(super) requests: u64,
    pub(super) head_since: Option<Instant>,
    /// See [`Config::quiet_interval`].
    pub(super) quiet_interval: Duration,
    /// An exchange has left more memory than an idle connection keeps, since it was last quiet.
    pub(super) large_before: bool,
}

impl<E: Events> Shared<E> {
    /// Whatever its events are.
    pub(super) fn any(&self) -> &Shared<dyn Events> {
        self
    }
}

impl Shared<dyn Events> {
    /// Serves a connection, of which `ahead` was read already, until it ends or is handed over.
    pub(super) fn serve(&self, stream: Arc<dyn Stream>, slot: Option<Slot>, ahead: &[u8]) {
        if guarded(|| self.events.connection(stream.as_ref())).is_err() {
            report(&self.events, &"Events::connection panicked");
        }
        let mut served = Served::new(self, stream, slot);
        if !ahead.is_empty() {
            served.buffer.replace(ahead);
        }
        let end = guarded(|| served.run()).unwrap_or_else(|_| {
            report(&self.events, &"the stream of a connection panicked");
            End::Gone
        });
        if matches!(end, End::Gone) && served.link.get_mut().is_unfinished() {
            // Only a cut connection tells the client now that the body is not all there.
            let _ = served.queue.stream().abort();
        }
        served.body.shrink();
        if matches!(end, End::Linger) {
            linger::close(served.queue.stream().as_ref(), &self.config);
        }
        // The place is free when the stream has been let go, not before.
        let slot = served.link.get_mut().slot.take();
        drop(served);
        drop(slot);
    }
}

/// What is out of line here is so for the stack of ten thousand threads that wait: it is memory
/// too, by the page, and holds each frame above the one that waits.
impl<'s> Served<'s> {
    /// In the heap.
    #[inline(never)]
    fn new(
        shared: &'s Shared<dyn Events>,
        stream: Arc<dyn Stream>,
        slot: Option<Slot>,
    ) -> Box<Served<'s>> {
        let config = &shared.config;
        let queue = Arc::new(ResponseQueue::new(stream, config));
        if let Some(slot) = &slot {
            slot.on_stop(queue.clone());
        }
        Box::new(Served {
            shared,
            queue: queue.clone(),
            buffer: Buffer::new(),
            decoder: RequestDecoder::new(config.limits),
            body: BodyState::new(config.pace(), Charge::new(shared.budget.clone())),
            link: RefCell::new(Link::new(config.clone(), queue, slot)),
            requests: 0,
            head_since: None,
            quiet_interval: config.quiet_interval(),
            large_before: false,
        })
    }

    fn run(&mut self) -> End {
        let link = self.link.get_mut();
        if link.set_read_timeout(self.quiet_interval).is_err() {
            return End::Gone;
        }
        loop {
            let next = match self.decoder.decode(self.buffer.unread()) {
                Ok(Some(length)) => self.exchange(length),
                Ok(None) => self.receive(),
                Err(error) => Err(self.refuse(error)),
            };
            if let Err(end) = next {
                return end;
            }
        }
    }

    /// One request, its head `length` bytes long, and its answer.
    #[inline(never)]
    fn exchange(&mut self, length: usize) -> Result<(), End> {
        let config = &self.shared.config;
        self.requests += 1;
        self.head_since = None;
        let (head, head_tail) = self.buffer.unread().split_at(length);
        let head = self.decoder.head(head);
        let client_closes = !head.is_persistent();
        let link = self.link.get_mut();
        let last = config
            .max_requests_per_connection
            .is_some_and(|most| self.requests >= most);
        let ready = link.request(&head, last);
        let ready =
            ready.and_then(|()| Ok(self.body.restart(head.body_length(), config.limits, link)?));
        if ready.is_err() {
            return Err(End::Gone); // the machine is never asked for a second request before the first is done
        }
        link.body_is_large =
            matches!(head.body_length(), BodyLength::Known(body) if body > config.discard_bytes);
        link.alone = match head.body_length() {
            BodyLength::Known(body) => head_tail.len() as u64 <= body,
            _ => false,
        };
        let handled = guarded(|| {
            let stream = self.queue.stream().as_ref();
            let body = RequestBody::new(&mut self.body, head_tail, &self.link);
            let request = Request::new(head, body, &self.link, stream);
            handle(&self.shared.events, request, Response::new(&self.link))
        });
        let cause = match handled {
            Ok(Ok(())) => None,
            failed => self.report_failure(failed),
        };
        let link = self.link.get_mut();
        if link.handed_over {
            return Err(End::HandedOver);
        }
        if !link.answered() {
            self.send_fallback_response(cause)?;
        }
        self.finish(length, client_closes)
    }

    /// The end of an exchange: is there a next one?
    #[inline(never)]
    fn finish(&mut self, length: usize, client_closes: bool) -> Result<(), End> {
        if !self.body.reader().is_exhausted() && !self.skip_body(length) {
            return Err(self.leave(End::Linger));
        }
        let link = self.link.get_mut();
        self.buffer.start += length + self.body.head_tail_used();
        if !self.body.pipelined().is_empty() {
            self.buffer.replace(self.body.pipelined());
        }
        self.body.end();
        if !link.ahead.is_empty() {
            let mut bytes = self.buffer.unread().to_vec();
            bytes.append(&mut link.ahead);
            self.buffer.replace(&bytes);
        }
        self.decoder.restart();
        if link.machine.next_exchange() {
            self.buffer.shrink_to(READ_BYTES);
            return Ok(());
        }
        let quiet = client_closes && self.buffer.start == self.buffer.end && !self.buffer.filled;
        let end = self.leave(End::Linger);
        let quiet = quiet && matches!(self.queue.stream().try_read(&mut [0]), Ok(None | Some(0)));
        Err(if quiet { End::Closed } else { end })
    }

    /// Reads and drops what the handler has left of the body, behind a head of `length` bytes; returns
    /// whether another request may follow.
    fn skip_body(&mut self, length: usize) -> bool {
        let machine = &self.link.get_mut().machine;
        let ends = machine.continue_awaited() || !machine.is_persistent();
        let head_tail = &self.buffer.unread()[length..];
        let mut body = RequestBody::new(&mut self.body, head_tail, &self.link);
        if body.reader().has_ended() {
            body.consume(usize::MAX);
            return true;
        }
        !ends && body.discard(self.shared.config.discard_bytes)
    }

    pub(super) fn leave(&mut self, end: End) -> End {
        match self.link.get_mut().queue.flush() {
            Ok(()) => end,
            Err(_) => End::Gone,
        }
    }
}

fn handle(events: &dyn Events, request: Request<'_>, response: Response<'_>) -> Handled {
    let head = request.head();
    if head.method().is_connect() {
        events.connect(request, response)
    } else if head.offers_upgrade() {
        events.upgrade(request, response)
    } else if head.expects_continue() {
        events.check_continue(request, response)
    } else {
        events.request(request, response)
    }
}
