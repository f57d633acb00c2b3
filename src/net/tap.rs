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

use std::any::Any;
use std::fmt;
use std::io::{self, IoSlice};
use std::mem;
use std::net::Shutdown;
use std::sync::{Arc, Mutex};

use super::layer::Layer;
use super::lock::lock;
use super::observer::{Observer, TapEvent, Tapped};
use super::stream::{Stream, is_timeout};

/// The most bytes that are kept while a write waits.
const MOST_KEPT: usize = 64 * 1024;

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
        if !room.is_empty() && !mem::replace(&mut state.received_end, true) {
            self.report(&mut state, TapEvent::ReceivedEnd);
        }
    }

    fn read_brought(&self, bytes: &[u8]) {
        let mut state = lock(&self.state);
        if state.writes > 0 && state.kept_bytes + bytes.len() <= MOST_KEPT {
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
        if !is_timeout(error) && !mem::replace(&mut state.broken, true) {
            self.report(state, TapEvent::Broken(error.kind()));
        }
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
        let mut state = lock(&self.state);
        state.received_end = true;
        let is_first = !mem::replace(&mut state.broken, true); // what fails from now on fails for this reason
        drop(state);
        let done = self.below.abort();
        if is_first {
            self.report(&mut lock(&self.state), TapEvent::Aborted);
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

#[cfg(test)]
mod tests {
    use super::super::{Pipe, pipe_with_capacity};
    use super::*;
    use std::io::ErrorKind;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    type Log = Arc<Mutex<Vec<String>>>;

    fn observer(log: &Log) -> Arc<dyn Observer> {
        let log = Arc::clone(log);
        Arc::new(move |connection: &Tapped, event: TapEvent<'_>| {
            assert!(connection.is_accepted() && !connection.is_plaintext());
            let text = match event {
                TapEvent::Received(bytes) => format!("< {}", bytes.escape_ascii()),
                TapEvent::Sent(bytes) => format!("> {}", bytes.escape_ascii()),
                end => format!("{end:?}"),
            };
            lock(&log).push(text);
        })
    }

    /// A tap on a pipe with room for 4 bytes each way, what it has seen, and the peer.
    fn tapped() -> (Arc<dyn Stream>, Log, Pipe) {
        let (here, there) = pipe_with_capacity(4);
        let log = Log::default();
        let tap = Tap::accepted(Arc::new(here), observer(&log));
        assert_eq!(seen(&log), ["Connected"]);
        (Arc::new(tap), log, there)
    }

    fn seen(log: &Log) -> Vec<String> {
        mem::take(&mut *lock(log))
    }

    #[test]
    fn an_observer_sees_what_was_taken_and_no_more() {
        let (tap, log, there) = tapped();
        assert_eq!(tap.write(b"").unwrap(), 0);
        assert_eq!(tap.write(b"abc").unwrap(), 3);
        assert_eq!(tap.write(b"defg").unwrap(), 1);
        assert_eq!(tap.try_write(b"x").unwrap(), None);
        tap.set_write_timeout(Some(Duration::ZERO)).unwrap();
        assert!(is_timeout(&tap.write(b"x").unwrap_err()));
        assert_eq!(seen(&log), ["> abc", "> d"]);

        there.read(&mut [0; 3]).unwrap();
        assert_eq!(tap.try_write(b"efgh").unwrap(), Some(3));
        assert_eq!(seen(&log), ["> efg"]);
    }

    #[test]
    fn one_vectored_write_is_one_event() {
        let (tap, log, there) = tapped();
        let drain = || there.read(&mut [0; 8]).unwrap();
        let write = |parts: &[&[u8]]| {
            let parts: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
            tap.write_vectored(&parts).unwrap()
        };
        for (parts, taken, event) in [
            (&[&b"a"[..], b"bc"][..], 3, "> abc"),
            (&[b"", b"ab", b"cdef"], 4, "> abcd"),
            (&[b"", b"abcdef", b"g"], 4, "> abcd"),
            (&[b"", b"abc"], 3, "> abc"),
        ] {
            assert_eq!(write(parts), taken);
            assert_eq!(seen(&log), [event]);
            drain();
        }
        assert_eq!(write(&[b"", b""]), 0);
        assert_eq!(write(&[]), 0);
        assert!(seen(&log).is_empty());
    }

    #[test]
    fn reads_are_seen_and_the_end_once() {
        let (tap, log, there) = tapped();
        let mut buf = [0; 3];
        assert_eq!(tap.try_read(&mut buf).unwrap(), None);
        there.write(b"hell").unwrap();
        assert_eq!(tap.read(&mut buf).unwrap(), 3);
        assert_eq!(tap.try_read(&mut buf).unwrap(), Some(1));
        there.shutdown(Shutdown::Write).unwrap();
        assert_eq!(tap.read(&mut []).unwrap(), 0);
        assert_eq!(seen(&log), ["< hel", "< l"]);
        for _ in 0..2 {
            assert_eq!(tap.read(&mut buf).unwrap(), 0);
            assert_eq!(tap.try_read(&mut buf).unwrap(), Some(0));
        }
        assert_eq!(seen(&log), ["ReceivedEnd"]);
        drop(tap);
        assert_eq!(seen(&log), ["Closed"]);
    }

    #[test]
    fn our_end_is_seen_once_and_a_cut_is_no_end_of_the_peer() {
        let (tap, log, _there) = tapped();
        for how in [Shutdown::Write, Shutdown::Write, Shutdown::Both] {
            tap.shutdown(how).unwrap();
        }
        assert_eq!(seen(&log), ["SentEnd"]);

        let (tap, log, _there) = tapped();
        tap.abort().unwrap();
        tap.abort().unwrap();
        assert_eq!(tap.read(&mut [0; 1]).unwrap(), 0);
        assert!(tap.write(b"x").is_err());
        assert_eq!(seen(&log), ["Aborted"]);
    }

    #[test]
    fn a_broken_connection_is_seen_once() {
        let (tap, log, there) = tapped();
        drop(there);
        for _ in 0..2 {
            let error = tap.write(b"x").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        }
        assert_eq!(seen(&log), ["Broken(BrokenPipe)"]);
    }

    /// A stream whose writes wait until they are let go, after the peer has their bytes.
    #[derive(Debug)]
    struct SlowReturn(Pipe, Mutex<mpsc::Receiver<()>>);

    impl Layer for SlowReturn {
        fn below(&self) -> &dyn Stream {
            &self.0
        }

        fn write(&self, buf: &[u8]) -> io::Result<usize> {
            let n = self.0.write(buf)?;
            lock(&self.1).recv().unwrap();
            Ok(n)
        }
    }

    /// [`Observer`] promises it: a response is never seen before its request.
    #[test]
    fn what_is_read_while_a_write_waits_is_seen_behind_it() {
        const PIECE: usize = 16 * 1024;
        for pieces in [0, 1, 4, 5] {
            let ((here, there), log) = (pipe_with_capacity(PIECE), Log::default());
            let (let_go, wait) = mpsc::channel();
            let slow = SlowReturn(here, Mutex::new(wait));
            let tap: Arc<dyn Stream> = Arc::new(Tap::accepted(Arc::new(slow), observer(&log)));
            thread::scope(|scope| {
                scope.spawn(|| assert_eq!(tap.write(b"GET").unwrap(), 3));
                let mut buf = vec![0; PIECE];
                assert_eq!(there.read(&mut buf).unwrap(), 3); // the peer has it, and answers
                for _ in 0..pieces {
                    there.write(&vec![b'a'; PIECE]).unwrap();
                    assert_eq!(tap.read(&mut buf).unwrap(), PIECE);
                }
                tap.shutdown(Shutdown::Write).unwrap();
                there.shutdown(Shutdown::Write).unwrap();
                assert_eq!(tap.read(&mut buf).unwrap(), 0);
                // 64 KiB are kept, and with more of them the write is not waited for.
                assert_eq!(seen(&log).len(), if pieces > 4 { 1 + pieces } else { 1 });
                let_go.send(()).unwrap();
            });
            let mut names = seen(&log);
            let at = |names: &[String], what| names.iter().position(|name| name == what);
            assert_eq!(at(&names, "> GET"), Some(0));
            names.remove(0);
            let kept = if pieces > 4 { 0 } else { pieces };
            assert_eq!(at(&names, "SentEnd"), Some(kept));
            assert_eq!(at(&names, "ReceivedEnd"), Some(kept + 1));
        }
    }

    #[test]
    fn an_observer_that_panics_is_no_failure_of_the_stream() {
        let (here, there) = pipe_with_capacity(8);
        let panics = |_: &Tapped, event: TapEvent<'_>| panic!("on purpose: {event:?}");
        let tap: Arc<dyn Stream> = Arc::new(Tap::opened(Arc::new(here), Arc::new(panics)));
        let mut buf = [0; 8];
        assert_eq!(tap.write(b"hi").unwrap(), 2);
        assert_eq!(there.read(&mut buf).unwrap(), 2);
        there.write(b"yo!").unwrap();
        assert_eq!(tap.read(&mut buf).unwrap(), 3);
        tap.shutdown(Shutdown::Write).unwrap();
        assert_eq!(there.read(&mut buf).unwrap(), 0);
        tap.abort().unwrap();
    }

    #[test]
    fn a_tap_is_found_and_hides_nothing() {
        let (tap, log, _there) = tapped();
        assert!(tap.as_any().is::<Pipe>());
        let number = tap.tapped().unwrap().number();
        let observer: Arc<dyn Observer> = Arc::clone(tap.tapped().unwrap().observer());
        let other: Arc<dyn Stream> = Arc::new(pipe_with_capacity(1).0);
        let other: Arc<dyn Stream> = Arc::new(Tap::accepted(other, observer));
        assert!(number < other.tapped().unwrap().number());
        assert_eq!(seen(&log), ["Connected"]);
        assert!(pipe_with_capacity(1).0.tapped().is_none());
        assert!(
            tap_plaintext(Arc::new(pipe_with_capacity(1).0))
                .tapped()
                .is_none()
        );
    }
}
