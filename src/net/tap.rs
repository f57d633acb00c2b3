//! A tap: what passes through a connection, shown to an observer.
//!
//! ```text
//!   caller ──► Tap ─────────────────► stream below
//!              │ read, write return
//!              ▼
//!            Observer::passed(Received "HTTP/1.1 200 …")
//! ```

use std::fmt;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::guarded::guarded;
use super::layer::Layer;
use super::stream::Stream;

/// What has passed through a [`Tap`].
///
/// ```
/// use barewire::net::{Stream, Tap, TapEvent, pipe};
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// let received = Arc::new(AtomicUsize::new(0));
/// let count = Arc::clone(&received);
/// let (here, there) = pipe();
/// let here = Tap::new(Arc::new(here), move |event: TapEvent<'_>| match event {
///     TapEvent::Received(bytes) => {
///         count.fetch_add(bytes.len(), Ordering::Relaxed);
///     }
///     TapEvent::ReceivedEnd => println!("the peer has ended"),
///     _ => {} // there may be others, later
/// });
/// there.write(b"hello")?;
/// here.read(&mut [0; 16])?;
/// assert_eq!(received.load(Ordering::Relaxed), 5);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TapEvent<'a> {
    /// A read brought these bytes: at least one.
    Received(&'a [u8]),
    /// A write took these bytes: at least one. They are on their way, not yet with the peer.
    Sent(&'a [u8]),
    /// A read found the peer's FIN. It comes once.
    ReceivedEnd,
    /// The stream below has ended our direction, or both directions. It comes once.
    SentEnd,
    /// The connection was cut on this side, see [`Stream::abort`].
    Aborted,
}

/// What is called with the bytes of a [`Tap`]. A closure is one.
///
/// It is called on the thread that has read or written, after the call of the stream below, with no
/// lock held. A connection that one thread reads while another writes calls it on both threads, at the
/// same time too: what it changes is behind a lock of its own. It is called for each direction in the
/// order in which the bytes passed, if one thread at a time reads and one at a time writes. Between the
/// directions the order is that in which the calls returned.
///
/// The caller of the stream waits for it. Its panic ends here: the caller does not notice, and the next
/// event is passed to it as usual.
///
/// ```
/// use barewire::net::{Observer, Stream, Tap, TapEvent, pipe};
/// use std::sync::{Arc, Mutex};
///
/// /// Keeps what was sent.
/// #[derive(Default)]
/// struct Sent(Mutex<Vec<u8>>);
///
/// impl Observer for Sent {
///     fn passed(&self, event: TapEvent<'_>) {
///         if let TapEvent::Sent(bytes) = event {
///             self.0.lock().unwrap().extend_from_slice(bytes);
///         }
///     }
/// }
///
/// let (here, _there) = pipe();
/// let here = Tap::new(Arc::new(here), Sent::default());
/// here.write(b"hello")?;
/// assert_eq!(*here.observer().0.lock().unwrap(), b"hello");
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Something has passed.
    fn passed(&self, event: TapEvent<'_>);
}

impl<F: Fn(TapEvent<'_>) + Send + Sync + 'static> Observer for F {
    fn passed(&self, event: TapEvent<'_>) {
        self(event);
    }
}

/// A stream whose bytes an [`Observer`] sees, as they were read and written. For all else it is the
/// stream below. Put on top of a TLS stream it sees the plaintext; put below TLS it sees the records.
///
/// A tap is put where a stream is handed over:
///
/// - on a server: in a [`Service`](super::Service) of your own in front of `into_service()` (see
///   `src/bin/ws_server/main.rs`);
/// - on a client of `net`: as the stream that [`connect_through`](super::connect_through) gets;
/// - on a request: in an [`http::Connector`](crate::http::Connector) (see `src/bin/http_get/connect.rs`).
///
/// It does not see what nobody reads, errors and timeouts, and what happened before it was put there, such as
/// a TLS handshake below it.
///
/// ```
/// use barewire::net::{Stream, Tap, TapEvent, pipe};
/// use std::sync::{Arc, Mutex};
///
/// let seen = Arc::new(Mutex::new(Vec::new()));
/// let log = Arc::clone(&seen);
/// let (here, there) = pipe();
/// let here = Tap::new(Arc::new(here), move |event: TapEvent<'_>| {
///     log.lock().unwrap().push(format!("{event:?}"));
/// });
///
/// there.write(b"hi")?;
/// here.read(&mut [0; 16])?;
/// here.shutdown(std::net::Shutdown::Write)?;
/// assert_eq!(*seen.lock().unwrap(), ["Received([104, 105])", "SentEnd"]);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// What a layer below keeps pending passes without an event: the end that TLS sends later (see
/// [`Stream::shutdown`]) is not seen here until `shutdown` returns `Ok`.
pub struct Tap<O> {
    below: Arc<dyn Stream>,
    observer: O,
    received_end: AtomicBool,
    sent_end: AtomicBool,
}

impl<O: Observer> Tap<O> {
    /// Puts a tap on `below`. What is read and written through the tap is observed.
    pub fn new(below: Arc<dyn Stream>, observer: O) -> Tap<O> {
        Tap {
            below,
            observer,
            received_end: AtomicBool::new(false),
            sent_end: AtomicBool::new(false),
        }
    }

    /// The stream below.
    pub fn below(&self) -> &Arc<dyn Stream> {
        &self.below
    }

    /// The observer.
    pub fn observer(&self) -> &O {
        &self.observer
    }

    fn received(&self, room: &[u8], n: usize) {
        match n {
            0 if room.is_empty() => {}
            0 => self.ended(&self.received_end, TapEvent::ReceivedEnd),
            n => self.passed(TapEvent::Received(&room[..n])),
        }
    }

    fn sent(&self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.passed(TapEvent::Sent(bytes));
        }
    }

    fn ended(&self, before: &AtomicBool, end: TapEvent<'_>) {
        if !before.swap(true, Ordering::Relaxed) {
            self.passed(end);
        }
    }

    fn passed(&self, event: TapEvent<'_>) {
        let _ = guarded(|| self.observer.passed(event)); // the panic hook has printed it
    }
}

impl<O: Observer> Layer for Tap<O> {
    fn below(&self) -> &dyn Stream {
        &*self.below
    }

    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.below.read(buf)?;
        self.received(buf, n);
        Ok(n)
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        let n = self.below.write(buf)?;
        self.sent(&buf[..n]);
        Ok(n)
    }

    /// One event, as it was one write.
    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let n = self.below.write_vectored(bufs)?;
        match bufs.iter().find(|buf| !buf.is_empty()) {
            Some(first) if n <= first.len() => self.sent(&first[..n]),
            _ => {
                let all: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
                self.sent(&all[..n]);
            }
        }
        Ok(n)
    }

    fn try_read(&self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        let read = self.below.try_read(buf)?;
        if let Some(n) = read {
            self.received(buf, n);
        }
        Ok(read)
    }

    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>> {
        let sent = self.below.try_write(buf)?;
        self.sent(&buf[..sent.unwrap_or(0)]);
        Ok(sent)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.below.shutdown(how)?;
        if how != Shutdown::Read {
            self.ended(&self.sent_end, TapEvent::SentEnd);
        }
        Ok(())
    }

    fn abort(&self) -> io::Result<()> {
        let done = self.below.abort();
        self.passed(TapEvent::Aborted);
        done
    }
}

impl<O> fmt::Debug for Tap<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap")
            .field("below", &self.below)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Pipe, is_timeout, pipe_with_capacity};
    use super::*;
    use std::sync::Mutex;
    use std::time::Duration;

    type Log = Arc<Mutex<Vec<String>>>;

    /// A tap on a pipe with room for 4 bytes each way, what it has seen, and the peer.
    fn tapped() -> (Arc<dyn Stream>, Log, Pipe) {
        let (here, there) = pipe_with_capacity(4);
        let log = Log::default();
        let observer = {
            let log = Arc::clone(&log);
            move |event: TapEvent<'_>| {
                let text = match event {
                    TapEvent::Received(bytes) => format!("< {}", bytes.escape_ascii()),
                    TapEvent::Sent(bytes) => format!("> {}", bytes.escape_ascii()),
                    end => format!("{end:?}"),
                };
                log.lock().unwrap().push(text);
            }
        };
        (Arc::new(Tap::new(Arc::new(here), observer)), log, there)
    }

    fn seen(log: &Log) -> Vec<String> {
        std::mem::take(&mut *log.lock().unwrap())
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
    }

    #[test]
    fn our_end_is_seen_once_and_a_cut_is_none() {
        let (tap, log, _there) = tapped();
        tap.shutdown(Shutdown::Read).unwrap();
        assert!(seen(&log).is_empty());
        for how in [Shutdown::Write, Shutdown::Write, Shutdown::Both] {
            tap.shutdown(how).unwrap();
        }
        assert_eq!(seen(&log), ["SentEnd"]);
        tap.abort().unwrap();
        assert_eq!(seen(&log), ["Aborted"]);
    }

    #[test]
    fn an_observer_that_panics_is_no_failure_of_the_stream() {
        let (here, there) = pipe_with_capacity(8);
        let tap: Arc<dyn Stream> = Arc::new(Tap::new(Arc::new(here), |event: TapEvent<'_>| {
            panic!("on purpose: {event:?}")
        }));
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
    fn a_tap_is_found_with_its_observer() {
        struct Named(&'static str);
        impl Observer for Named {
            fn passed(&self, _event: TapEvent<'_>) {}
        }
        let (here, _there) = pipe_with_capacity(1);
        let tap: Arc<dyn Stream> = Arc::new(Tap::new(Arc::new(here), Named("a")));
        let found = tap.as_any().downcast_ref::<Tap<Named>>().unwrap();
        assert_eq!(found.observer().0, "a");
        assert!(found.below().as_any().is::<Pipe>());
    }
}
