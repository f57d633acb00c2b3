//! A tap: what passes through a connection, shown to an observer.
//!
//! ```text
//!   caller ──► Tap ─────────────────► stream below
//!              │ read, write return
//!              ▼
//!            Observer::passed(Received "HTTP/1.1 200 …")
//! ```
//!
//! One thread may read while another writes. The peer may answer before the call that wrote has returned, and then
//! the reading thread is the first to report. So a tap counts the writes that are under way; while there is one, what
//! is read is kept, and the writing thread reports it behind its own bytes:
//!
//! ```text
//!   writer   ├── write "GET" ──────────────────┤ Sent "GET", Received "200"
//!   reader              ├── read "200" ┤ kept
//! ```
//!
//! A write may wait for as long as the peer does not read, so what is kept is bounded, and is then reported without
//! that write.

#[cfg(test)]
mod tests;

use std::any::Any;
use std::fmt;
use std::io::{self, IoSlice};
use std::mem;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::layer::Layer;
use super::lock::lock;
use super::observer::{Observer, TapEvent, Tapped};
use super::stream::{Stream, is_timeout};

/// The most bytes that are kept while a write waits.
const MOST_KEPT: usize = 64 * 1024;
/// In so many pieces, each of which costs memory of its own.
const MOST_PIECES: usize = 1024;

/// A stream whose bytes an [`Observer`] sees, as they were read and written. For all else it is the
/// stream below, also for [`Stream::as_any`].
///
/// A server or a client with the option `tap` puts one on each of its connections, as the table of [`Observer`] says,
/// and a second one on top of TLS. A stream that a program has made itself gets one by hand:
///
/// ```
/// use barewire::net::{Stream, Tap, TapEvent, Tapped, pipe};
/// use std::sync::{Arc, Mutex};
///
/// let seen = Arc::new(Mutex::new(Vec::new()));
/// let log = Arc::clone(&seen);
/// let (here, there) = pipe();
/// let here = Tap::opened(Arc::new(here), Arc::new(move |_: &Tapped, event: TapEvent<'_>| {
///     log.lock().unwrap().push(format!("{event:?}"));
/// }));
///
/// there.write(b"hi")?;
/// here.read(&mut [0; 16])?;
/// here.shutdown(std::net::Shutdown::Write)?;
/// drop(here);
/// assert_eq!(*seen.lock().unwrap(), ["Connected", "Received([104, 105])", "SentEnd", "Closed"]);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// What a layer below keeps pending passes without an event: the end that TLS sends later (see
/// [`Stream::shutdown`]) is not seen here until `shutdown` returns `Ok`.
pub struct Tap {
    below: Arc<dyn Stream>,
    tapped: Tapped,
    /// It was cut on this side: what fails from now on fails for this reason.
    is_cut: AtomicBool,
    state: Mutex<State>,
}

/// What was reported, and what is not yet. The observer is called with this locked.
#[derive(Default)]
struct State {
    /// How many writes are under way.
    writes: usize,
    /// What was read, and what has ended, while there was one.
    kept: Vec<Kept>,
    kept_bytes: usize,
    received_end: bool,
    sent_end: bool,
    broken: bool,
}

enum Kept {
    Received(Vec<u8>),
    Other(TapEvent<'static>),
}

impl Tap {
    /// A tap on a connection that this side has accepted.
    pub fn accepted(below: Arc<dyn Stream>, observer: Arc<dyn Observer>) -> Tap {
        Tap::new(below, observer, true).begun()
    }

    /// A tap on a connection that this side has opened.
    pub fn opened(below: Arc<dyn Stream>, observer: Arc<dyn Observer>) -> Tap {
        Tap::new(below, observer, false).begun()
    }

    /// It has not reported yet that the connection stands.
    pub(super) fn new(below: Arc<dyn Stream>, observer: Arc<dyn Observer>, accepted: bool) -> Tap {
        let tapped = Tapped::new(observer, accepted, below.local_addr(), below.peer_addr());
        Tap::on(below, tapped)
    }

    fn on(below: Arc<dyn Stream>, tapped: Tapped) -> Tap {
        Tap {
            below,
            tapped,
            is_cut: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    fn begun(self) -> Tap {
        self.tapped.passed(TapEvent::Connected);
        self
    }

    /// The stream below.
    pub fn below(&self) -> &Arc<dyn Stream> {
        &self.below
    }

    fn received(&self, room: &[u8], n: usize) {
        if n > 0 {
            return self.read_brought(&room[..n]);
        }
        let mut state = lock(&self.state);
        if room.is_empty() || self.is_cut() {
            return;
        }
        if !mem::replace(&mut state.received_end, true) {
            self.report(&mut state, TapEvent::ReceivedEnd);
        }
    }

    fn read_brought(&self, bytes: &[u8]) {
        let mut state = lock(&self.state);
        let has_room =
            state.kept_bytes + bytes.len() <= MOST_KEPT && state.kept.len() < MOST_PIECES;
        if state.writes > 0 && has_room {
            state.kept_bytes += bytes.len();
            state.kept.push(Kept::Received(bytes.to_vec()));
            return;
        }
        self.report_kept(&mut state);
        self.tapped.passed(TapEvent::Received(bytes));
    }

    /// A call that sends. `sent`: how much of it has left.
    fn sends<T>(
        &self,
        call: impl FnOnce(&dyn Stream) -> io::Result<T>,
        sent: impl FnOnce(&T, &mut dyn FnMut(TapEvent<'_>)),
    ) -> io::Result<T> {
        lock(&self.state).writes += 1;
        let result = call(&*self.below);
        let mut state = lock(&self.state);
        state.writes -= 1;
        match &result {
            Ok(done) => sent(done, &mut |event| match event {
                TapEvent::SentEnd if mem::replace(&mut state.sent_end, true) => {}
                TapEvent::SentEnd if state.writes > 0 => self.report(&mut state, TapEvent::SentEnd),
                event => self.tapped.passed(event),
            }),
            Err(error) => self.failed(&mut state, error),
        }
        if state.writes == 0 {
            self.report_kept(&mut state);
        }
        result
    }

    fn failed(&self, state: &mut State, error: &io::Error) {
        if !is_timeout(error) && !self.is_cut() && !mem::replace(&mut state.broken, true) {
            self.report(state, TapEvent::Broken(error.kind()));
        }
    }

    fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::SeqCst)
    }

    /// Behind the writes that are under way.
    fn report(&self, state: &mut State, event: TapEvent<'static>) {
        state.kept.push(Kept::Other(event));
        if state.writes == 0 {
            self.report_kept(state);
        }
    }

    fn report_kept(&self, state: &mut State) {
        state.kept_bytes = 0;
        for kept in state.kept.drain(..) {
            self.tapped.passed(match &kept {
                Kept::Received(bytes) => TapEvent::Received(bytes),
                Kept::Other(event) => *event,
            });
        }
    }
}

/// The stream, with a tap on the plaintext if there is a tap on the records.
pub(crate) fn tap_plaintext(tls: Arc<dyn Stream>) -> Arc<dyn Stream> {
    match tls.tapped().map(|records| records.inside()) {
        Some(inside) => Arc::new(Tap::on(tls, inside).begun()),
        None => tls,
    }
}

impl Layer for Tap {
    fn below(&self) -> &dyn Stream {
        &*self.below
    }

    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.below.read(buf);
        match &read {
            Ok(n) => self.received(buf, *n),
            Err(error) => self.failed(&mut lock(&self.state), error),
        }
        read
    }

    fn try_read(&self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        let read = self.below.try_read(buf);
        match &read {
            Ok(Some(n)) => self.received(buf, *n),
            Ok(None) => {}
            Err(error) => self.failed(&mut lock(&self.state), error),
        }
        read
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        self.sends(
            |below| below.write(buf),
            |n, report| sent(&buf[..*n], report),
        )
    }

    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>> {
        self.sends(
            |below| below.try_write(buf),
            |n, report| sent(&buf[..n.unwrap_or(0)], report),
        )
    }

    /// One event, as it was one write.
    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.sends(
            |below| below.write_vectored(bufs),
            |n, report| match bufs.iter().find(|buf| !buf.is_empty()) {
                Some(first) if *n <= first.len() => sent(&first[..*n], report),
                _ => {
                    let all: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
                    sent(&all[..*n], report);
                }
            },
        )
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        if how != Shutdown::Write {
            lock(&self.state).received_end = true; // from now on a read of 0 bytes is not the peer's FIN
        }
        self.sends(
            |below| below.shutdown(how),
            |(), report| match how {
                Shutdown::Read => {}
                _ => report(TapEvent::SentEnd),
            },
        )
    }

    fn abort(&self) -> io::Result<()> {
        // The observer may be busy with the state for a while: the connection does not wait for it.
        let is_first = !self.is_cut.swap(true, Ordering::SeqCst);
        let done = self.below.abort();
        let mut state = lock(&self.state);
        if is_first && !mem::replace(&mut state.broken, true) {
            self.report(&mut state, TapEvent::Aborted);
        }
        done
    }

    fn tapped(&self) -> Option<&Tapped> {
        Some(&self.tapped)
    }

    fn as_any(&self) -> &dyn Any {
        self.below.as_any()
    }
}

fn sent(bytes: &[u8], report: &mut dyn FnMut(TapEvent<'_>)) {
    if !bytes.is_empty() {
        report(TapEvent::Sent(bytes));
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        let state = self
            .state
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut state = mem::take(state);
        self.report_kept(&mut state);
        self.tapped.passed(TapEvent::Closed);
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap")
            .field("below", &self.below)
            .field("tapped", &self.tapped)
            .finish_non_exhaustive()
    }
}
