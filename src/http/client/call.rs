//! A request on its way: connecting, sending, asking again where that is safe.

use super::answer::ClientResponse;
use super::clock::{Clock, Phase, Timeouts};
use super::events::{ClientEvents, Interim, Silent};
use super::exchange::Exchange;
use super::link::Link;
use super::memory::Memory;
use super::options::{Ready, RequestOptions};
use super::origin::Origin;
use super::timings::Timings;
use crate::http::client::agent::Wanted;
use crate::http::client::pool::Attempt;
use crate::http::error::Error;
use crate::http::wire::{FieldList, Known, Method, Misuse, RequestOut, Rule};
use crate::net::is_timeout;
use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;

/// A request that has not been answered. Nothing is sent, and no connection taken, before
/// [`write`](ClientRequest::write) or [`end`](ClientRequest::end).
///
/// ```
/// use barewire::http;
/// use std::io::Read;
///
/// let server = http::create_server(|mut req, res| {
///     let mut body = Vec::new();
///     req.read_to_end(&mut body)?;
///     res.end(body)?;
///     Ok::<(), http::Failure>(())
/// })
/// .listen("127.0.0.1:0")?;
/// let port = server.local_addr().port().unwrap();
///
/// let options = http::RequestOptions::new().hostname("127.0.0.1").port(port).method("POST");
/// let mut req = http::request(&options)?;
/// req.set_header("Content-Type", "text/plain")?;
/// req.write("深入浅出")?; // in chunks, since nobody has said how long it will be
/// let mut res = req.end("Node.js")?;
/// assert_eq!(res.status(), 200);
/// assert_eq!(res.collect()?, "深入浅出Node.js".as_bytes());
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), http::Error>(())
/// ```
pub struct ClientRequest {
    pub(super) options: RequestOptions,
    ready: Arc<Ready>,
    /// The fields, where they differ from those of the options.
    fields: Option<FieldList>,
    trailers: FieldList,
    pub(super) events: Option<Box<dyn ClientEvents + Send>>,
    pub(super) clock: Clock,
    pub(super) timings: Timings,
    /// There is one as soon as something of the body has been written.
    exchange: Option<Exchange>,
}

impl ClientRequest {
    pub(super) fn new(options: RequestOptions) -> Result<ClientRequest, Error> {
        let ready = options.ready()?;
        options.head(&ready, &ready.fields)?;
        let timings = Timings::start();
        let clock = Clock::start(options.timeouts_ref().total, timings.began);
        Ok(ClientRequest {
            options,
            ready,
            fields: None,
            trailers: FieldList::new(),
            events: None,
            clock,
            timings,
            exchange: None,
        })
    }

    /// Sets a field; replaces those of this name.
    ///
    /// # Errors
    /// Bytes that must not be sent, or the head has left already.
    pub fn set_header(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<&mut Self, Error> {
        self.fields_mut()?.set(name, value)?;
        Ok(self)
    }

    /// Removes the fields of this name; whether there was one.
    ///
    /// # Errors
    /// The head has left already.
    pub fn remove_header(&mut self, name: &str) -> Result<bool, Error> {
        Ok(self.fields_mut()?.remove(name))
    }

    /// The value of a field that will be sent, if it is text.
    pub fn get_header(&self, name: &str) -> Option<&str> {
        self.fields().view().get_str(name)
    }

    /// A field behind the body, which must be sent in chunks.
    ///
    /// # Errors
    /// Bytes that must not be sent.
    pub fn add_trailer(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<&mut Self, Error> {
        self.trailers.append(name, value)?;
        Ok(self)
    }

    /// Whom to tell of what happens before the answer.
    pub fn on(mut self, events: impl ClientEvents + Send + 'static) -> ClientRequest {
        self.events = Some(Box::new(events));
        self
    }

    fn fields_mut(&mut self) -> Result<&mut FieldList, Error> {
        if self.exchange.is_some() {
            return Err(Misuse::HeadSent.into());
        }
        Ok(self.fields.get_or_insert_with(|| self.ready.fields.clone()))
    }

    pub(super) fn fields(&self) -> &FieldList {
        self.fields.as_ref().unwrap_or(&self.ready.fields)
    }
}

/// Sending.
impl ClientRequest {
    /// Sends a piece of the body, and before the first one the head. Without a Content-Length the
    /// body goes in chunks; with one, it must be as long as that says.
    ///
    /// With `Expect: 100-continue` the first piece waits for the server's 100, a second at most.
    /// Where the answer is here already, nothing more is sent: see
    /// [`is_answered`](Self::is_answered).
    ///
    /// # Errors
    /// No connection, a deadline, a broken one, or more than was declared.
    pub fn write(&mut self, data: impl AsRef<[u8]>) -> Result<(), Error> {
        if self.exchange.is_none() {
            let exchange = self.open(Wanted::Any)?;
            self.exchange = Some(exchange);
            self.begin(None)?;
        }
        self.with_exchange(|exchange, interim| exchange.write(data.as_ref(), interim))
    }

    /// The server has answered before it had all of the request, and wants no more of it.
    pub fn is_answered(&self) -> bool {
        self.exchange.as_ref().is_some_and(Exchange::is_answered)
    }

    /// Looks, without waiting, whether the server has answered already.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn look(&mut self) -> Result<bool, Error> {
        if self.exchange.is_some() {
            self.with_exchange(|exchange, interim| exchange.glance(interim))?;
        }
        Ok(self.is_answered())
    }

    /// Ends the request, with `data` as the last piece of its body, and waits for the head of the
    /// answer. Where nothing was written before, `data` is the whole body and its length is told.
    ///
    /// # Errors
    /// No connection, a deadline, a broken one, or a rule that the answer breaks.
    pub fn end(mut self, data: impl AsRef<[u8]>) -> Result<ClientResponse, Error> {
        self.finish(data.as_ref())
    }

    /// [`end`](Self::end)s, and tells `events` what comes of it.
    pub fn run(mut self, data: impl AsRef<[u8]>, events: impl ClientEvents + Send + 'static) {
        self.events = Some(Box::new(events));
        let result = self.finish(data.as_ref());
        let Some(mut events) = self.events.take() else {
            return;
        };
        match result {
            Err(error) => events.error(&error),
            Ok(response) if !response.is_upgraded() => events.response(response),
            Ok(mut response) => match response.upgrade() {
                Err(error) => events.error(&error),
                Ok(stream) if response.status() == 101 => events.upgrade(response, stream),
                Ok(stream) => events.connect(response, stream),
            },
        }
    }

    fn finish(&mut self, data: &[u8]) -> Result<ClientResponse, Error> {
        if self.exchange.is_none() {
            let response = self.send_whole(data)?;
            return self.follow(response, Some(data));
        }
        let trailers = std::mem::take(&mut self.trailers);
        self.with_exchange(|exchange, interim| {
            exchange.end(data, &trailers, interim)?;
            exchange.receive_head(interim)
        })?;
        let response = self.answer()?;
        self.follow(response, None)
    }

    /// The whole request at once: it can be sent again, if its connection had just been closed.
    pub(super) fn send_whole(&mut self, data: &[u8]) -> Result<ClientResponse, Error> {
        let mut retries = 0;
        let mut wanted = Wanted::Any;
        loop {
            self.exchange = Some(self.open(wanted)?);
            let sent = self.exchange_whole(data);
            match sent {
                Ok(()) => return self.answer(),
                Err(error) if self.may_retry(&error, retries) => {
                    retries += 1;
                    wanted = Wanted::Fresh;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn exchange_whole(&mut self, data: &[u8]) -> Result<(), Error> {
        self.begin(Some(data.len()))?;
        let trailers = std::mem::take(&mut self.trailers);
        let sent = self.with_exchange(|exchange, interim| {
            exchange.end(data, &trailers, interim)?;
            exchange.receive_head(interim)
        });
        self.trailers = trailers;
        sent
    }

    fn may_retry(&self, error: &Error, retries: u32) -> bool {
        let broken = match error {
            Error::Io(error) => error.kind() != ErrorKind::TimedOut,
            Error::Peer(error) => error.rule() == Rule::MessageTruncated,
            Error::Misuse(_) => false,
        };
        let attempt = Method::new(self.options.method_name()).map(|method| Attempt {
            method,
            reused: self.timings.reused,
            bytes_answered: self
                .exchange
                .as_ref()
                .map_or(0, |exchange| exchange.received),
            body_replayable: true,
            retries,
        });
        broken && attempt.is_some_and(|attempt| attempt.may_retry())
    }
}

/// The steps.
impl ClientRequest {
    fn open(&mut self, wanted: Wanted) -> Result<Exchange, Error> {
        let (clock, timings) = (&mut self.clock, &mut self.timings);
        let timeouts = self.options.timeouts_ref();
        let origin = &self.ready.origin;
        let limits = self.options.limits_of();
        let (link, loan) = match self.options.agent_of() {
            Some(agent) => {
                let (link, loan) = agent.acquire(origin, wanted, clock, timeouts, timings)?;
                (link, Some(loan))
            }
            None => (open(origin, clock, timeouts, timings)?, None),
        };
        let exchange = Exchange::new(link, loan, Memory::kept(limits), *clock, timeouts);
        if let (Some(events), Some(stream)) = (&mut self.events, exchange.stream()) {
            events.socket(stream, timings.reused);
        }
        Ok(exchange)
    }

    /// Puts the head before the body: all `whole` bytes of it, or nobody knows how many.
    fn begin(&mut self, whole: Option<usize>) -> Result<(), Error> {
        let fields = self.fields.as_ref().unwrap_or(&self.ready.fields);
        let head = self.options.head(&self.ready, fields)?;
        let expects = fields.view().has(Known::Expect);
        let head = match whole {
            Some(_) if !self.trailers.view().is_empty() => head.streaming(),
            Some(0) => without_body(head, expects, &self.options)?,
            Some(bytes) => head.length(bytes as u64),
            None => head.streaming(),
        };
        let Some(exchange) = &mut self.exchange else {
            return Err(Misuse::State.into());
        };
        exchange.begin(&head)?;
        if !expects {
            return Ok(());
        }
        self.with_exchange(|exchange, interim| {
            exchange.flush(interim)?;
            exchange.await_continue(interim)
        })
    }

    fn with_exchange(
        &mut self,
        step: impl FnOnce(&mut Exchange, &mut Interim<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(exchange) = &mut self.exchange else {
            return Err(Misuse::State.into());
        };
        let done = match &mut self.events {
            Some(events) => step(exchange, &mut Interim(&mut **events)),
            None => step(exchange, &mut Interim(&mut Silent)),
        };
        if matches!(done, Err(Error::Io(_) | Error::Peer(_))) {
            exchange.abandon();
        }
        done
    }

    fn answer(&mut self) -> Result<ClientResponse, Error> {
        let exchange = self.exchange.take().ok_or(Misuse::State)?;
        let mut timings = self.timings;
        if let Some(first) = exchange.first_byte {
            timings.first_byte = first.saturating_duration_since(timings.began);
        }
        Ok(ClientResponse::new(exchange, timings))
    }
}

// RFC 9110 §10.1.1: "A client MUST NOT generate a 100-continue expectation in a request that does
// not include content."
fn without_body<'a>(
    head: RequestOut<'a>,
    expects: bool,
    options: &RequestOptions,
) -> Result<RequestOut<'a>, Error> {
    if expects {
        return Err(Misuse::Expectation.into());
    }
    // RFC 9110 §8.6: "A user agent SHOULD send Content-Length in a request when the method defines
    // a meaning for enclosed content and it is not sending Transfer-Encoding."
    match options.method_name() {
        "POST" | "PUT" | "PATCH" => Ok(head.length(0)),
        _ => Ok(head),
    }
}

/// Opens a connection, in the phase that is for it.
pub(in crate::http) fn open(
    origin: &Origin,
    clock: &mut Clock,
    timeouts: &Timeouts,
    timings: &mut Timings,
) -> Result<Link, Error> {
    clock.begin(Phase::Connect, Some(timeouts.connect));
    let (connector, deadline) = (origin.connector(), clock.deadline());
    let connected = connector.connect(origin, deadline);
    let connected = connected.and_then(|plain| connector.secure(plain, origin, deadline));
    let connected = connected.map_err(|e| match clock.left() {
        Err(late) if is_timeout(&e) => late,
        _ => Error::Io(e),
    })?;
    timings.resolve = connected.resolve;
    timings.connect = connected.connect;
    timings.secure = connected.secure;
    Ok(Link::new(connected.stream))
}

/// The body as it is written.
impl Write for ClientRequest {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        ClientRequest::write(self, buf)?;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for ClientRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientRequest")
            .field("options", &self.options)
            .field("headers", self.fields())
            .finish_non_exhaustive()
    }
}
