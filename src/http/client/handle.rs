//! A request seen from another thread: what cancels it, and how far it has come.
//!
//! ```text
//!   the request's thread                                    any thread
//!   check ──► wait in the queue       ◄── on_cancel: wake ──┐
//!   check ──► wait for an opening     ◄── on_cancel: wake ──┤
//!   opened ─► read and write          ◄── abort the stream ─┴── cancel
//!   release: the connection may serve another request, and is aborted no more
//! ```
//!
//! One lock guards all of it. `cancel` notes that the request is cancelled, and takes the stream, before it aborts
//! it; `release` fails if the request is cancelled. So a connection that is given back was not aborted, and is not
//! aborted afterwards. The stream is held weakly: the handle keeps no connection open.

use super::timings::{Phase, Timings};
use crate::http::error::Error;
use crate::net::{self, Stream};
use std::fmt;
use std::io::{self, ErrorKind};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Instant;

/// A request, seen from another thread: [`cancel`](Self::cancel) ends it at any point, and
/// [`timings`](Self::timings) and [`phase`](Self::phase) say how far it has come, also after it has failed. Clones are
/// handles of the same request. A request has one once [`ClientRequest::handle`](super::ClientRequest::handle) or
/// [`ClientResponse::handle`](super::ClientResponse::handle) is called; others pay nothing.
///
/// ```
/// use barewire::http::{self, Phase};
/// use std::{io::ErrorKind, net::TcpListener, thread};
///
/// let silent = TcpListener::bind("127.0.0.1:0")?; // a server that never answers
/// let url = format!("http://{}/", silent.local_addr()?);
/// let mut req = http::request(http::RequestOptions::new().url(&url)?)?;
///
/// let handle = req.handle();
/// let stop_button = handle.clone();
/// let presses = thread::spawn(move || {
///     let _asked = silent.accept(); // the request is on its way
///     stop_button.cancel();
/// });
/// match req.end("").unwrap_err() {
///     http::Error::Io(error) => assert_eq!(error.kind(), ErrorKind::ConnectionAborted),
///     other => panic!("{other}"),
/// }
/// assert!(handle.is_cancelled());
/// println!("cancelled in {:?}, after {:?}", handle.phase(), handle.timings().total());
/// # assert!(handle.phase() >= Some(Phase::Connect));
/// # presses.join().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A redirect that is followed and a request that is sent once more have the same handle. When the caller has the
/// whole body, or has dropped the request or its response, or has taken its stream
/// ([`ClientResponse::upgrade`](super::ClientResponse::upgrade)), the request has ended: then the handle cancels
/// nothing.
#[derive(Clone)]
pub struct RequestHandle {
    shared: Arc<Shared>,
}

impl RequestHandle {
    pub(super) fn of(shared: &Arc<Shared>) -> RequestHandle {
        RequestHandle {
            shared: Arc::clone(shared),
        }
    }

    /// Cancels the request. The call that waits for it (`write`, `end`, or reading the body) returns at once, with
    /// [`ErrorKind::ConnectionAborted`], and so does every later one. This call does not wait.
    ///
    /// | the request | happens |
    /// |---|---|
    /// | has not begun | its first `write` or its `end` fails; nothing is opened |
    /// | waits for a socket of the agent | its place in the queue is free |
    /// | opens a connection | a TLS handshake and a tunnel that a proxy is asked for are cut. A look-up and a TCP connection that is being made cannot be called off: they go on without the request until [`Timeouts::connect`](super::Timeouts::connect) at the latest, and what they open is closed. Its socket of the agent is free at once; if 64 openings of the program go on like this already, when it ends |
    /// | sends, or waits for the response or its body | the connection is closed, and its socket of the agent is free |
    /// | was cancelled already, or has ended | nothing |
    ///
    /// The connection of a cancelled request never serves another one, and a connection that serves another one is
    /// never closed by this. What has arrived before may still be returned: if that is the whole response, the
    /// caller gets it without an error.
    pub fn cancel(&self) {
        self.shared.cancel();
    }

    /// Cancels the request only if it has no connection yet and opens none: it waits for a socket of the agent, or
    /// has not begun. Returns whether it did. So a client that has no more use for what is queued lets the server
    /// finish what it has begun, and keeps its connections.
    ///
    /// ```
    /// use barewire::http::{self, Agent, RequestOptions, pool::Limits};
    /// use std::thread;
    ///
    /// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
    ///     res.end("Hello World\n")
    /// }
    /// let server = http::create_server(handler).listen("127.0.0.1:0")?;
    /// let agent = Agent::new(Limits { max_sockets: 1, ..Limits::default() })?;
    /// let port = server.local_addr().port().unwrap();
    /// let options = RequestOptions::new().hostname("127.0.0.1").port(port).agent(&agent);
    ///
    /// let mut sent = http::request(&options)?;
    /// let sent_handle = sent.handle();
    /// let mut response = sent.end("")?; // holds the only socket, until its body is read
    /// let mut second = http::request(&options)?;
    /// let handle = second.handle();
    /// let waits = thread::spawn(move || second.end("").is_err());
    ///
    /// assert!(!sent_handle.cancel_queued()); // it goes on
    /// assert!(handle.cancel_queued());
    /// assert!(waits.join().unwrap());
    /// assert_eq!(response.collect()?, b"Hello World\n");
    /// # server.shutdown(std::time::Duration::from_secs(1));
    /// # Ok::<(), http::Error>(())
    /// ```
    ///
    /// A request that has been granted a socket is no longer queued, although its thread may not run yet. One that
    /// follows a redirect, or is sent once more, may be queued a second time. An error is as that of
    /// [`cancel`](Self::cancel).
    pub fn cancel_queued(&self) -> bool {
        self.shared.cancel_queued()
    }

    /// Whether the request was cancelled before it had ended: by [`cancel`](Self::cancel), or by the closure of
    /// [`end_while`](super::ClientRequest::end_while).
    pub fn is_cancelled(&self) -> bool {
        self.shared.check().is_err()
    }

    /// What the request is doing, or was doing when it ended. `None`: it has not begun. To cancel what is queued, use
    /// [`cancel_queued`](Self::cancel_queued): between this call and the next one, the phase may change.
    pub fn phase(&self) -> Option<Phase> {
        self.shared.lock().phase.map(|(phase, _)| phase)
    }

    /// How long the parts of the request took, the one that goes on until now. They stop when the request ends,
    /// whether it has failed or not.
    ///
    /// ```
    /// use barewire::http;
    ///
    /// let closed = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?; // nobody listens there any more
    /// let mut req = http::request(http::RequestOptions::new().url(&format!("http://{closed}/"))?)?;
    /// let handle = req.handle();
    /// let error = req.end("").unwrap_err();
    /// println!("{error}, after {:?}", handle.timings().total());
    /// assert_eq!(handle.phase(), Some(http::Phase::Connect));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timings(&self) -> Timings {
        self.shared.lock().timings_until_now()
    }
}

impl fmt::Debug for RequestHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHandle")
            .field("phase", &self.phase())
            .field("is_cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}

/// What a request and its handles share.
pub(super) struct Shared(Mutex<State>);

struct State {
    over: Option<(Over, Instant)>,
    /// The connection in use.
    stream: Option<Weak<dyn Stream>>,
    /// Wakes the request's thread where it waits for no stream.
    wake: Option<Box<dyn FnOnce() + Send>>,
    /// The present phase, and when it began.
    phase: Option<(Phase, Instant)>,
    /// Of the phases before.
    timings: Timings,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Cancelled,
    Ended,
}

impl State {
    fn timings_until_now(&self) -> Timings {
        let ended = self.over.map(|(_, at)| at);
        let mut timings = self.timings;
        if let Some((phase, since)) = self.phase {
            let until = ended.unwrap_or_else(Instant::now);
            timings.add(phase, until.saturating_duration_since(since));
        }
        timings.ended = ended;
        timings
    }

    fn enter(&mut self, phase: Phase) {
        if self.over.is_some() {
            return; // the phase is the one in which the request has ended
        }
        self.timings = self.timings_until_now();
        self.phase = Some((phase, Instant::now()));
    }

    fn is_queued(&self) -> bool {
        matches!(self.phase, Some((Phase::Queue, _)))
    }

    fn is_cancelled(&self) -> bool {
        matches!(self.over, Some((Over::Cancelled, _)))
    }

    fn check(&self) -> Result<(), Error> {
        if !self.is_cancelled() {
            return Ok(());
        }
        let text = "the request was cancelled: its caller no longer wants the response";
        Err(io::Error::new(ErrorKind::ConnectionAborted, text).into())
    }
}

impl Shared {
    pub(super) fn new(timings: Timings) -> Arc<Shared> {
        Arc::new(Shared(Mutex::new(State {
            over: None,
            stream: None,
            wake: None,
            phase: None,
            timings,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        net::lock(&self.0)
    }

    /// # Errors
    /// The request was cancelled: [`ErrorKind::ConnectionAborted`].
    pub(super) fn check(&self) -> Result<(), Error> {
        self.lock().check()
    }

    /// A phase begins.
    pub(super) fn enter(&self, phase: Phase) {
        self.lock().enter(phase);
    }

    /// How long the phases before have taken, more exactly.
    pub(super) fn note(&self, timings: &Timings) {
        let mut state = self.lock();
        if state.over.is_none() {
            state.timings = *timings;
        }
    }

    /// The request has a connection: from now on, `cancel` aborts it.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub(super) fn opened(&self, stream: &Arc<dyn Stream>, timings: &Timings) -> Result<(), Error> {
        let mut state = self.lock();
        state.check()?;
        state.enter(Phase::Send);
        state.timings = *timings;
        state.stream = Some(Arc::downgrade(stream));
        Ok(())
    }

    /// The connection is to serve another request, or another protocol: it is aborted no more.
    ///
    /// # Errors
    /// As [`check`](Self::check): then the connection is aborted, or will be, and must not be used.
    pub(super) fn release(&self) -> Result<(), Error> {
        let mut state = self.lock();
        state.check()?;
        state.stream = None;
        Ok(())
    }

    /// Until what is returned is dropped, `cancel` calls `wake`, without a lock.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub(super) fn on_cancel(
        &self,
        wake: impl FnOnce() + Send + 'static,
    ) -> Result<Waking<'_>, Error> {
        let mut state = self.lock();
        state.check()?;
        state.wake = Some(Box::new(wake));
        Ok(Waking(self))
    }

    /// The request has a socket of the agent: it waits no longer.
    pub(super) fn granted(&self) {
        let mut state = self.lock();
        if state.is_queued() {
            state.enter(Phase::Connect);
        }
    }

    /// Cancels the request if it has no connection and opens none.
    fn cancel_queued(&self) -> bool {
        let state = self.lock();
        let may_cancel = state.over.is_none() && (state.phase.is_none() || state.is_queued());
        if may_cancel {
            Shared::cancel_under(state);
        }
        may_cancel
    }

    pub(super) fn cancel(&self) {
        let state = self.lock();
        if state.over.is_none() {
            Shared::cancel_under(state);
        }
    }

    fn cancel_under(mut state: MutexGuard<'_, State>) {
        state.over = Some((Over::Cancelled, Instant::now()));
        let (stream, wake) = (state.stream.take(), state.wake.take());
        drop(state);
        if let Some(stream) = stream.and_then(|stream| stream.upgrade()) {
            let _ = stream.abort(); // it may be gone already
        }
        if let Some(wake) = wake {
            wake();
        }
    }
}

/// See [`Shared::on_cancel`].
pub(super) struct Waking<'s>(&'s Shared);

impl Drop for Waking<'_> {
    fn drop(&mut self) {
        let wake = mem::take(&mut self.0.lock().wake);
        drop(wake); // without the lock
    }
}

/// Owned by the request, then by its response. If it is dropped, the request has ended.
pub(super) struct Ending(pub(super) Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.stream = None;
        state.over.get_or_insert((Over::Ended, Instant::now()));
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ending")
    }
}
