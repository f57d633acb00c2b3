//! A request that is being sent: its head, its body, and once more where that is safe.
//! `request/fields.rs` has the fields of its head, and its trailers; `request/head.rs` encodes the head.

mod failed;
mod fields;
mod head;
mod redirects;
mod retrying;

use super::agent::{PooledConnection, Reuse};
use super::deadlines::Deadlines;
use super::events::ClientEvents;
use super::exchange::{Caller, Exchange, KeptExchange};
use super::handle::{Ending, RequestHandle, Shared};
use super::opening;
use super::options::RequestOptions;
use super::response::ClientResponse;
use super::summary::Finishing;
use super::timings::Timings;
use super::wanted::Wanted;
use crate::http::error::Error;
use crate::http::wire::{FieldList, Fields, Misuse};
use failed::Failed;
use redirects::OnRedirect;
use std::io::{self, Write};
use std::sync::Arc;

/// A request without a response. No connection is opened, and nothing is sent, before
/// [`write`](ClientRequest::write) or [`end`](ClientRequest::end).
///
/// ```
/// use barewire::http;
/// use std::io::Read;
///
/// fn handler(mut req: http::Request, res: http::Response) -> http::Handled {
///     let mut body = Vec::new();
///     req.read_to_end(&mut body)?;
///     res.end(body)
/// }
/// let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// let port = server.local_addr().port().unwrap();
///
/// let options = http::RequestOptions::new().hostname("127.0.0.1").port(port).method("POST");
/// let mut req = http::request(&options)?;
/// req.set_header("Content-Type", "text/plain")?;
/// req.write("深入浅出")?; // in chunks, since the length of the body is not known yet
/// let mut res = req.end("Node.js")?;
/// assert_eq!(res.status(), 200);
/// assert_eq!(res.collect()?, "深入浅出Node.js".as_bytes());
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), http::Error>(())
/// ```
pub struct ClientRequest {
    options: RequestOptions,
    /// The fields, if they differ from those of the options.
    fields: Option<FieldList>,
    trailers: FieldList,
    events: Option<Box<dyn ClientEvents + Send>>,
    on_redirect: Option<OnRedirect>,
    deadlines: Deadlines,
    timings: Timings,
    /// There is one once the request has a handle.
    ending: Option<Ending>,
    /// If its end is to be reported; the exchange has it while there is one.
    finishing: Option<Finishing>,
    /// There is one once a part of the body has been written.
    exchange: Option<KeptExchange>,
    /// Why a piece of the body could not be written.
    failed: Option<Failed>,
}

impl ClientRequest {
    pub(super) fn new(options: RequestOptions) -> Result<ClientRequest, Error> {
        let settings = options.settings();
        let prepared = settings.prepared()?;
        settings.check_head(prepared)?;
        let timings = Timings::start();
        let deadlines = Deadlines::start(settings.timeouts.total, timings.began);
        let finishing = options.finishing(timings.began);
        Ok(ClientRequest {
            options,
            finishing,
            fields: None,
            trailers: FieldList::new(),
            events: None,
            on_redirect: None,
            deadlines,
            timings,
            ending: None,
            exchange: None,
            failed: None,
        })
    }

    /// A handle of the request, for another thread: it [cancels](RequestHandle::cancel) the request, and says how far
    /// it has come and how long its parts took, also after it has failed. With a handle, a connection is opened on a
    /// thread of its own, and a [`Connector`](super::Connector) is called there.
    pub fn handle(&mut self) -> RequestHandle {
        RequestHandle::of(&self.shared())
    }

    /// Sets what is called before the response: on its connection, on interim responses.
    pub fn on(mut self, events: impl ClientEvents + Send + 'static) -> ClientRequest {
        self.events = Some(Box::new(events));
        self
    }
}

/// Sending.
impl ClientRequest {
    /// Sends a piece of the body, and before the first piece the head. Without a Content-Length the
    /// body is sent in chunks; with one, the body must have that length. An empty piece sends the head alone.
    ///
    /// With `Expect: 100-continue` the first piece waits for the server's 100, at most a second.
    ///
    /// A server may respond before it has read the whole body. Between two pieces this is noticed after 5 ms. If the
    /// response refuses the request (status 300 or more) or is whole, `write` drops what it is given, and returns
    /// `Ok`: see [`is_answered`](Self::is_answered). Any other response may depend on the rest, as an echo does:
    /// `write` sends on, and keeps up to 64 KiB of the response. A server that reads no more until more of that is
    /// read makes it fail after [`Timeouts::stall`](super::Timeouts::stall): give such a server all in `end`.
    ///
    /// # Errors
    /// No connection, a deadline, a broken connection, or more bytes than the head declares. But for the last, the
    /// request has failed: each later call repeats the error.
    pub fn write(&mut self, data: impl AsRef<[u8]>) -> Result<(), Error> {
        self.write_piece(data.as_ref(), &mut Wanted::default())
    }

    /// As [`write`](Self::write), as long as the response is wanted: see [`end_while`](Self::end_while).
    ///
    /// # Errors
    /// As [`write`](Self::write) and [`end_while`](Self::end_while).
    pub fn write_while(
        &mut self,
        data: impl AsRef<[u8]>,
        mut wanted: impl FnMut() -> bool,
    ) -> Result<(), Error> {
        let handle = self.shared();
        self.write_piece(data.as_ref(), &mut Wanted::asking(&mut wanted, handle))
    }

    fn write_piece(&mut self, data: &[u8], wanted: &mut Wanted<'_>) -> Result<(), Error> {
        self.check_failed()?;
        let written = self.try_write_piece(data, wanted);
        if let Err(error) = &written {
            self.failed = Failed::of(error);
            if self.failed.is_some() {
                self.ended(error);
            }
        }
        written
    }

    fn try_write_piece(&mut self, data: &[u8], wanted: &mut Wanted<'_>) -> Result<(), Error> {
        if self.exchange.is_none() {
            self.open(Reuse::Allowed, wanted)?;
            let begun = self.begin(None, wanted);
            begun.map_err(|error| self.explained(error, false))?;
        }
        let written = self.with_exchange(wanted, |exchange, caller| exchange.write(data, caller));
        written.map_err(|error| self.explained(error, false))
    }

    /// Whether a response that refuses the request, or is whole, is here before all was sent: no more is sent then.
    ///
    /// ```
    /// use barewire::http;
    ///
    /// fn handler(_req: http::Request, _res: http::Response) -> http::Handled {
    ///     Err(http::refuse(413, "nobody needs that much")) // without reading the body
    /// }
    /// let server = http::create_server(handler).listen("127.0.0.1:0")?;
    /// let url = format!("http://{}/", server.local_addr());
    ///
    /// let mut req = http::request(http::RequestOptions::new().url(&url)?.method("PUT"))?;
    /// while !req.is_answered() { // or until there is nothing more to send
    ///     req.write([b'a'; 64 * 1024])?;
    /// }
    /// assert_eq!(req.end("")?.status(), 413);
    /// # server.shutdown(std::time::Duration::from_secs(1));
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn is_answered(&self) -> bool {
        self.exchange.as_ref().is_some_and(|it| it.is_answered())
    }

    /// As [`is_answered`](Self::is_answered), after a look, without waiting, for a response that has come since.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn poll_early_response(&mut self) -> Result<bool, Error> {
        self.check_failed()?;
        if self.exchange.is_some() {
            let wanted = &mut Wanted::default(); // never asked: this does not wait
            self.with_exchange(wanted, |exchange, caller| {
                exchange.poll_early_response(caller)
            })?;
        }
        Ok(self.is_answered())
    }

    /// Ends the request, with `data` as the last piece of its body, and waits for the head of the
    /// response. If nothing was written before, `data` is the whole body, and its length is sent.
    ///
    /// If the server reads no more until its response is read, and 64 KiB of that are here, `end` copies what is
    /// left of `data`, and returns. The reads of the response send it.
    ///
    /// # Errors
    /// No connection, a deadline, a broken connection, or a rule that the response breaks.
    pub fn end(mut self, data: impl AsRef<[u8]>) -> Result<ClientResponse, Error> {
        let exchange = self.finish(data.as_ref(), &mut Wanted::default())?;
        Ok(last_response(exchange, self.options, self.ending))
    }

    /// As [`end`](Self::end), as long as the response is wanted. While the request waits (for a socket of the
    /// agent, for its connection, for room to send, for the head of the response), `wanted` is called on this thread
    /// every 100 ms. Once it returns `false`, the request is cancelled, as by [`RequestHandle::cancel`]. To cancel it
    /// from another thread, or while its body is read, use [`handle`](Self::handle).
    ///
    /// So a proxy gives up a request whose client has left:
    ///
    /// ```no_run
    /// use barewire::http;
    ///
    /// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
    ///     let options = http::RequestOptions::new().url("http://127.0.0.1:1337/")?;
    ///     let request = http::request(options)?;
    ///     let mut answer = request.end_while("", || !res.client_left())?;
    ///     res.end(answer.collect()?)
    /// }
    /// let server = http::create_server(handler);
    /// # let _ = server.listen("127.0.0.1:0");
    /// ```
    ///
    /// # Errors
    /// As [`end`](Self::end); [`io::ErrorKind::ConnectionAborted`] if `wanted` has returned `false`.
    pub fn end_while(
        mut self,
        data: impl AsRef<[u8]>,
        mut wanted: impl FnMut() -> bool,
    ) -> Result<ClientResponse, Error> {
        let handle = self.shared();
        let wanted = &mut Wanted::asking(&mut wanted, handle);
        let exchange = self.finish(data.as_ref(), wanted)?;
        Ok(last_response(exchange, self.options, self.ending))
    }

    /// Like [`end`](Self::end), but the result is reported to `events`.
    pub fn run(mut self, data: impl AsRef<[u8]>, events: impl ClientEvents + Send + 'static) {
        self.events = Some(Box::new(events));
        let finished = self.finish(data.as_ref(), &mut Wanted::default());
        let Some(mut events) = self.events.take() else {
            return;
        };
        match finished.map(|it| last_response(it, self.options, self.ending)) {
            Err(error) => events.error(&error),
            Ok(response) if !response.is_upgraded() => events.response(response),
            Ok(mut response) => match response.upgrade() {
                Err(error) => events.error(&error),
                Ok(stream) if response.status() == 101 => events.upgrade(response, stream),
                Ok(stream) => events.connect(response, stream),
            },
        }
    }

    /// Receives the head of the last response.
    fn finish(&mut self, data: &[u8], wanted: &mut Wanted<'_>) -> Result<KeptExchange, Error> {
        if let Err(error) = self.receive_last_head(data, wanted) {
            self.ended(&error);
            self.ending = None; // without a response, the request has ended
            return Err(error);
        }
        self.answered()
    }

    /// Sends what is left of the request, and follows redirects. The exchange then has the head of the last response.
    fn receive_last_head(&mut self, data: &[u8], wanted: &mut Wanted<'_>) -> Result<(), Error> {
        self.check_failed()?;
        let body = self.exchange.is_none().then_some(data);
        if body.is_some() {
            self.send_whole(data, wanted)?;
        } else {
            let finished = self.finish_exchange(data, wanted);
            finished.map_err(|error| self.explained(error, false))?;
        }
        match self.options.settings().max_redirects {
            0 => Ok(()),
            most => self.follow(body, most, wanted),
        }
    }

    /// Sends the whole request at once. It is sent again if its connection had just been closed.
    fn send_whole(&mut self, data: &[u8], wanted: &mut Wanted<'_>) -> Result<(), Error> {
        let mut retries = 0;
        let mut reuse = Reuse::Allowed;
        loop {
            self.open(reuse, wanted)?;
            let begun = self.begin(Some(data.len()), wanted);
            match begun.and_then(|()| self.finish_exchange(data, wanted)) {
                Ok(()) => return Ok(()),
                Err(error) if self.may_retry(&error, retries) => {
                    retries += 1;
                    self.begin_again();
                    reuse = Reuse::Forbidden;
                }
                Err(error) => return Err(self.explained(error, true)),
            }
        }
    }
}

/// The steps.
impl ClientRequest {
    /// What this request and its handles share.
    fn shared(&mut self) -> Arc<Shared> {
        if let Some(shared) = self.deadlines.handle() {
            return Arc::clone(shared);
        }
        let shared = Shared::new(self.timings);
        self.deadlines.set_handle(&shared);
        self.ending = Some(Ending(Arc::clone(&shared)));
        if let Some(exchange) = &mut self.exchange {
            let _ = exchange.watch(&shared); // it is new, and not cancelled
        }
        shared
    }

    /// From here on there is an exchange.
    fn open(&mut self, reuse: Reuse, wanted: &mut Wanted<'_>) -> Result<(), Error> {
        self.deadlines.check_cancelled()?;
        let (deadlines, timings) = (&mut self.deadlines, &mut self.timings);
        let (settings, origin) = (self.options.settings(), &self.options.prepared().origin);
        let timeouts = &settings.timeouts;
        let pooled = match &settings.agent {
            Some(agent) => agent.acquire(origin, reuse, deadlines, timeouts, timings, wanted)?,
            None => {
                let (opened, ()) = opening::open(origin, (), deadlines, timeouts, timings, wanted)?;
                PooledConnection::without_agent(opened)
            }
        };
        let limits = settings.limits;
        let exchange = KeptExchange::new(pooled, limits, deadlines.clone(), timeouts, timings);
        let exchange = self.exchange.insert(exchange);
        if let Some(handle) = deadlines.handle()
            && let Err(cancelled) = exchange.watch(handle)
        {
            exchange.leave_unused(); // it was never aborted
            self.exchange = None;
            return Err(cancelled);
        }
        exchange.finishing(self.finishing.take());
        if let (Some(events), Some(stream)) = (&mut self.events, exchange.stream()) {
            events.socket(stream, timings.reused);
            exchange.forget_time();
        }
        Ok(())
    }

    /// Sends the end of the body, and waits for the head of the response.
    fn finish_exchange(&mut self, data: &[u8], wanted: &mut Wanted<'_>) -> Result<(), Error> {
        let (exchange, events) = (&mut self.exchange, &mut self.events);
        with_exchange(exchange, events, wanted, |exchange, caller| {
            exchange.end(data, &self.trailers, caller)?;
            exchange.receive_head(caller)
        })
    }

    fn with_exchange(
        &mut self,
        wanted: &mut Wanted<'_>,
        step: impl FnOnce(&mut Exchange, &mut Caller<'_, '_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        with_exchange(&mut self.exchange, &mut self.events, wanted, step)
    }

    /// A response, after which there may be another request.
    fn response(&mut self) -> Result<ClientResponse, Error> {
        let exchange = self.answered()?;
        Ok(ClientResponse::new(exchange, Some(self.options.asked())))
    }

    /// The exchange, of which the head of the response is here.
    fn answered(&mut self) -> Result<KeptExchange, Error> {
        let mut exchange = self.exchange.take().ok_or(Misuse::State)?;
        exchange.decompress(self.options.settings().decompress);
        if let Some(first) = exchange.first_byte {
            let began = exchange.timings.began;
            exchange.timings.first_byte = first.saturating_duration_since(began);
        }
        if let Some(handle) = self.deadlines.handle() {
            handle.note(&exchange.timings);
        }
        Ok(exchange)
    }
}

/// A step of the exchange, which may wait, and report to `events`.
fn with_exchange(
    exchange: &mut Option<KeptExchange>,
    events: &mut Option<Box<dyn ClientEvents + Send>>,
    wanted: &mut Wanted<'_>,
    step: impl FnOnce(&mut Exchange, &mut Caller<'_, '_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let exchange = exchange.as_mut().ok_or(Misuse::State)?;
    let on_interim = &mut |status, fields: Fields<'_>| match events {
        None => {}
        Some(events) if status == 100 => events.continued(),
        Some(events) => events.information(status, fields),
    };
    let result = step(exchange, &mut Caller { on_interim, wanted });
    exchange.forget_time();
    if matches!(result, Err(Error::Io(_) | Error::Peer(_))) {
        exchange.close();
    }
    result
}

/// The response after which there is no other request.
fn last_response(
    exchange: KeptExchange,
    options: RequestOptions,
    ending: Option<Ending>,
) -> ClientResponse {
    let mut response = ClientResponse::new(exchange, Some(options.into_asked()));
    response.is_last(ending);
    response
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
