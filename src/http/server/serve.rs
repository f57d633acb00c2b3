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

use super::buffer::{Buffer, FIRST_BYTES, READ_BYTES};
use super::events::{Events, Handled, refuse};
use super::linger;
use super::watch::Watch;
use crate::http::config::Config;
use crate::http::error::Error;
use crate::http::exchange::{Incoming, Link, Outbox};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::wire::{self, BodyLength, RequestDecoder, Rule};
use crate::net::{Slot, Stream, is_timeout};
use std::cell::RefCell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// What the connections of a server have in common. Only the events differ from server to server, and
/// each connection sees them through their table: the code below is compiled once, not for each of them.
pub(super) struct Shared<E: ?Sized> {
    pub(super) config: Arc<Config>,
    pub(super) watch: Watch,
    pub(super) events: E,
}

/// Why a connection ends.
enum End {
    /// The peer has ended it, or it is broken: nobody reads any more.
    Gone,
    /// Everything was said, and the client knows it: close.
    Closed,
    /// What the client still sends must not destroy what it has not read yet.
    Linger,
    /// The stream belongs to somebody else now.
    HandedOver,
}

/// Whose fault it is that a handler failed.
enum Blame {
    Handler,
    Peer(wire::Error),
    Connection,
}

struct Served<'s> {
    shared: &'s Shared<dyn Events>,
    outbox: Arc<Outbox>,
    buffer: Buffer,
    decoder: RequestDecoder,
    incoming: Incoming,
    link: RefCell<Link>,
    requests: u64,
    head_since: Option<Instant>,
    /// The last answer may still wait in the outbox.
    answer_waits: bool,
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
        self.events.connection(stream.as_ref());
        let mut served = Served::new(self, stream, slot);
        if !ahead.is_empty() {
            served.buffer.replace(ahead);
        }
        let end = served.run();
        if matches!(end, End::Gone) && served.link.get_mut().is_unfinished() {
            // Only a cut connection tells the client now that the body is not all there.
            let _ = served.outbox.stream().abort();
        }
        served.incoming.shrink();
        if matches!(end, End::Linger) {
            linger::close(served.outbox.stream().as_ref(), &self.config);
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
        let outbox = Arc::new(Outbox::new(stream, config));
        if let Some(slot) = &slot {
            slot.on_stop(outbox.clone());
        }
        Box::new(Served {
            shared,
            outbox: outbox.clone(),
            buffer: Buffer::new(),
            decoder: RequestDecoder::new(config.limits),
            incoming: Incoming::new(config.pace()),
            link: RefCell::new(Link::new(config.clone(), outbox, slot)),
            requests: 0,
            head_since: None,
            answer_waits: false,
        })
    }

    fn run(&mut self) -> End {
        let tick = self.shared.config.tick();
        if self
            .link
            .get_mut()
            .stream()
            .set_read_timeout(Some(tick))
            .is_err()
        {
            return End::Gone;
        }
        loop {
            let next = match self.decoder.decode(self.buffer.unread()) {
                Ok(Some(length)) => self.exchange(length),
                Ok(None) => self.receive(tick),
                Err(error) => Err(self.refuse(error)),
            };
            if let Err(end) = next {
                return end;
            }
        }
    }

    /// Waits for more of a head, having sent what waits to be sent.
    #[inline(never)]
    fn receive(&mut self, tick: Duration) -> Result<(), End> {
        let link = self.link.get_mut();
        link.outbox.flush().map_err(|_| End::Gone)?;
        self.answer_waits = false;
        self.buffer.make_room();
        if self.requests > 0 {
            // Lets the other connections run first: the next request is often here by then, and
            // the sleep and the wake-up fall away.
            thread::yield_now();
        }
        if self.decoder.is_idle() {
            self.wait_idle(tick)
        } else {
            self.wait_head()
        }
    }

    fn wait_idle(&mut self, tick: Duration) -> Result<(), End> {
        let config = &self.shared.config;
        let link = self.link.get_mut();
        link.outbox.idle();
        let most = if self.requests == 0 {
            Some(config.head_timeout)
        } else {
            config.keep_alive_timeout
        };
        let mut waited = Duration::ZERO;
        loop {
            match link
                .stream()
                .read(&mut self.buffer.bytes[self.buffer.end..])
            {
                Ok(0) if link.outbox.is_ending() => return Err(End::Linger),
                Ok(0) => return Err(End::Gone),
                Ok(n) => {
                    link.outbox.busy();
                    self.buffer.took(n);
                    return Ok(());
                }
                Err(error) if is_timeout(&error) => waited += tick,
                Err(_) => return Err(End::Gone),
            }
            if most.is_some_and(|most| waited >= most) {
                return Err(End::Linger);
            }
            self.buffer.shrink_to(FIRST_BYTES);
            self.incoming.shrink();
        }
    }

    fn wait_head(&mut self) -> Result<(), End> {
        let since = *self.head_since.get_or_insert_with(Instant::now);
        loop {
            if since.elapsed() >= self.shared.config.head_timeout {
                return Err(self.refuse(wire::Error::whole(Rule::RequestTimeout)));
            }
            let read = self
                .link
                .get_mut()
                .stream()
                .read(&mut self.buffer.bytes[self.buffer.end..]);
            match read {
                Ok(0) if self.outbox.is_ending() => return Err(End::Linger),
                Ok(0) => return Err(self.refuse(wire::Error::whole(Rule::MessageTruncated))),
                Ok(n) => {
                    self.buffer.took(n);
                    return Ok(());
                }
                Err(error) if is_timeout(&error) => {}
                Err(_) => return Err(End::Gone),
            }
        }
    }

    /// One request, its head `length` bytes long, and its answer.
    #[inline(never)]
    fn exchange(&mut self, length: usize) -> Result<(), End> {
        let config = &self.shared.config;
        self.requests += 1;
        self.head_since = None;
        let (head, rest) = self.buffer.unread().split_at(length);
        let head = self.decoder.head(head);
        let client_closes = !head.is_persistent();
        let link = self.link.get_mut();
        let last = config
            .max_requests_per_connection
            .is_some_and(|most| self.requests >= most);
        let ready = link.request(&head, last);
        let ready = ready.and_then(|()| {
            Ok(self
                .incoming
                .restart(head.body_length(), config.limits, link)?)
        });
        if ready.is_err() {
            return Err(End::Gone); // the machine is never asked for a second request before the first is done
        }
        link.body_is_large =
            matches!(head.body_length(), BodyLength::Known(body) if body > config.discard_bytes);
        link.alone = match head.body_length() {
            BodyLength::Known(body) => rest.len() as u64 <= body,
            _ => false,
        };
        let holds = self.answer_waits || !link.alone;
        let held = holds.then(|| self.shared.watch.hold(&self.outbox));
        let handled = catch_unwind(AssertUnwindSafe(|| {
            let stream = self.outbox.stream().as_ref();
            let request = Request::new(head, rest, &mut self.incoming, &self.link, stream);
            handle(&self.shared.events, request, Response::new(&self.link))
        }));
        drop(held);
        self.answer_waits = true;
        let blamed = match handled {
            Ok(Ok(())) => None,
            failed => self.tell(failed),
        };
        let link = self.link.get_mut();
        if link.handed_over {
            return Err(End::HandedOver);
        }
        if !link.answered() {
            self.make_good(blamed)?;
        }
        self.finish(length, client_closes)
    }

    /// The handler has failed: the program is told, unless the peer or the connection is to blame.
    #[cold]
    fn tell(&mut self, failed: thread::Result<Handled>) -> Option<Blame> {
        let events = &self.shared.events;
        let Ok(failed) = failed else {
            events.error(&"a handler panicked");
            return Some(Blame::Handler);
        };
        match Error::of(failed.err()?) {
            Ok(Error::Io(_)) if self.link.get_mut().is_broken() => return Some(Blame::Connection),
            Ok(Error::Peer(error)) => return Some(Blame::Peer(error)),
            Ok(error) => events.error(&error),
            Err(failure) if failure.is::<io::Error>() && self.link.get_mut().is_broken() => {
                return Some(Blame::Connection);
            }
            Err(failure) => events.error(&failure),
        }
        Some(Blame::Handler)
    }

    /// The handler has not ended its answer.
    #[cold]
    fn make_good(&mut self, blamed: Option<Blame>) -> Result<(), End> {
        if blamed.is_none() {
            let events = &self.shared.events;
            events.error(&"a handler returned without ending its answer");
        }
        let link = self.link.get_mut();
        if link.head_sent() {
            let _ = link.outbox.flush();
            return Err(End::Gone);
        }
        link.answer.restart();
        match blamed {
            Some(Blame::Connection) => Err(End::Gone),
            Some(Blame::Peer(error)) => Err(self.answer_error(&error.into())),
            Some(Blame::Handler) | None => {
                let _ = link.answer.set_status(500, None);
                link.end(b"500 Internal Server Error\n")
                    .map_err(|_| End::Gone)
            }
        }
    }

    /// The end of an exchange: is there a next one?
    #[inline(never)]
    fn finish(&mut self, length: usize, client_closes: bool) -> Result<(), End> {
        let config = &self.shared.config;
        if !self.incoming.has_ended() {
            let awaited = self.link.get_mut().machine.continue_awaited();
            let persistent = self.link.get_mut().machine.is_persistent();
            let rest = &self.buffer.unread()[length..];
            if awaited
                || !persistent
                || !self
                    .incoming
                    .discard(config.discard_bytes, rest, &self.link)
            {
                return Err(self.leave(End::Linger));
            }
        }
        let link = self.link.get_mut();
        self.buffer.start += length + self.incoming.rest_used();
        if !self.incoming.behind().is_empty() {
            self.buffer.replace(self.incoming.behind());
        }
        if !link.early.is_empty() {
            let mut bytes = self.buffer.unread().to_vec();
            bytes.append(&mut link.early);
            self.buffer.replace(&bytes);
        }
        self.decoder.restart();
        if link.machine.next_exchange() {
            self.buffer.shrink_to(READ_BYTES);
            return Ok(());
        }
        let quiet = client_closes && self.buffer.start == self.buffer.end && !self.buffer.filled;
        let end = self.leave(End::Linger);
        let quiet = quiet && matches!(self.outbox.stream().try_read(&mut [0]), Ok(None | Some(0)));
        Err(if quiet { End::Closed } else { end })
    }

    fn leave(&mut self, end: End) -> End {
        match self.link.get_mut().outbox.flush() {
            Ok(()) => end,
            Err(_) => End::Gone,
        }
    }

    /// The head is not one, or not here in time.
    #[cold]
    fn refuse(&mut self, error: wire::Error) -> End {
        let link = self.link.get_mut();
        link.machine.fail();
        link.answer.restart();
        if self.decoder.is_head(self.buffer.unread()) {
            link.machine.answers_head();
        }
        self.answer_error(&error.into())
    }

    /// The peer is to blame: it is told so, and the connection ends.
    #[cold]
    fn answer_error(&mut self, error: &Error) -> End {
        let events = &self.shared.events;
        let told = catch_unwind(AssertUnwindSafe(|| {
            events.client_error(error, Response::new(&self.link))
        }));
        if !matches!(told, Ok(Ok(()))) {
            self.tell(told);
        }
        let link = self.link.get_mut();
        if !link.answered() {
            if link.head_sent() {
                return End::Gone;
            }
            link.answer.restart();
            if refuse(error, Response::new(&self.link)).is_err() {
                return End::Gone;
            }
        }
        self.leave(End::Linger)
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
