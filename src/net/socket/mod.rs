//! The book's socket: a stream that can be read and written plainly, and that has events.
//!
//! Each part stands in a file of its own, and uses only those below it:
//!
//! ```text
//!   run.rs          reads on this thread and calls  data end timeout error close   (events.rs, idle.rs)
//!   stopping.rs     the stop of the server: which wait ends at once, and the cut
//!   closing.rs      waits for the end, and breaks off
//!   writing.rs      the calls that write
//!   turn.rs         the calls of the stream that one thread at a time makes; the flush thread
//!   write_state.rs  the send queue and its limits, under one lock
//!   queue.rs        what is written and cannot leave yet, as a machine
//!   reading.rs      reads, and how long it waits  (limit.rs)
//!   Stream          bytes in order
//! ```

mod closing;
mod events;
mod idle;
mod limit;
mod queue;
mod reading;
mod run;
mod stopping;
#[cfg(test)]
mod tests;
mod turn;
mod write_state;
mod writing;

pub use events::SocketEvents;

use super::addr::Addr;
use super::connect_options::ConnectOptions;
use super::drain_state::DrainState;
use super::lock::lock;
use super::slot::Slot;
use super::stream::Stream;
use crate::text::{Decoder, Encoding};
use idle::Activity;
use reading::Reading;
use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use write_state::Writing;

/// A connection: plain blocking reads and writes, and the book's events.
///
/// ```
/// use barewire::net;
/// use std::io::Read;
///
/// let server = net::create_server(|socket| {
///     socket.write_all("Echo server\r\n")?;
///     let mut buf = [0; 4096];
///     while let n @ 1.. = socket.read(&mut buf)? {
///         socket.write_all(&buf[..n])?;
///     }
///     Ok(())
/// })
/// .listen("127.0.0.1:0")?;
///
/// let mut client = net::connect(&server.local_addr().to_string())?;
/// client.write_all("hi")?;
/// client.end()?; // a FIN: that was all
/// let mut answer = String::new();
/// client.read_to_string(&mut answer)?;
/// assert_eq!(answer, "Echo server\r\nhi");
/// # server.shutdown(std::time::Duration::from_secs(5));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Clones are the same connection, and all methods take `&self`: one thread may read while others
/// write. It closes when the last clone is dropped; that of a server also when its handler returns.
///
/// # Two ways to write
///
/// | | waits | when the peer does not read |
/// |---|---|---|
/// | [`write_all`](Socket::write_all), [`Write`] | until the bytes are on their way | the caller waits |
/// | [`write`](Socket::write), the book's | never | the bytes queue here, and it returns false (if no flush thread can be started for them, the connection is cut) |
///
/// They share one queue. The bytes of one call leave together; a `write_all` that waits has no place in the
/// queue before it gets the write turn. [`Write`] takes at most 64 KiB a call, so `write!` and `io::copy` make
/// several.
///
/// # A peer that does not read
///
/// A peer must take what waits for it: some of it within
/// [`stall_timeout`](super::ConnectOptions::stall_timeout), and on average
/// [`min_bytes_per_second`](super::ConnectOptions::min_bytes_per_second) over each such stretch of
/// waiting. The connection to a slower peer is cut: the write that waits fails with
/// [`ConnectionAborted`](io::ErrorKind::ConnectionAborted), and [`run`](Socket::run) reports it.
///
/// A cut is not an orderly end, but TCP alone cannot always say so. Under TLS the peer sees that
/// close_notify is missing. Over plain TCP (and a Unix socket) the system still delivers what it
/// took from us and then a FIN; the peer sees a reset only where bytes of its own were left unread
/// (the standard library cannot set `SO_LINGER`). So a protocol on plain TCP needs an end of its own:
/// a length, or a last message.
///
/// # The events
///
/// [`run`](Socket::run) reads on the calling thread and turns what it sees into calls of a
/// [`SocketEvents`]; the table there says which thread calls what, and in which order.
///
/// # Messages
///
/// A socket has bytes, and no messages: a read returns what has come, wherever the peer's writes began and
/// ended. [`Framed`](super::Framed) puts a framer on top of it.
#[derive(Clone)]
pub struct Socket {
    inner: Arc<Inner>,
}

struct Inner {
    stream: Arc<dyn Stream>,
    settings: ConnectOptions,
    /// We connected; the other side accepted.
    outgoing: bool,
    writing: Writing,
    reading: Reading,
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
    /// The peer's FIN has been read.
    ended: AtomicBool,
    /// We have ended both directions.
    destroyed: AtomicBool,
    activity: Activity,
    decoder: Mutex<Option<Decoder>>,
    events: Mutex<Option<Arc<dyn SocketEvents>>>,
    has_run: AtomicBool,
    drain_state: DrainState,
    /// Last: the place is free when the descriptor is closed.
    slot: Option<Slot>,
}

/// Making one.
impl Socket {
    /// A socket on any stream. [`create_server`](super::create_server) and
    /// [`connect`](super::connect) make them for you.
    pub fn new(stream: Arc<dyn Stream>) -> Socket {
        Socket::with(stream, ConnectOptions::default(), false, None)
    }

    pub(crate) fn with(
        stream: Arc<dyn Stream>,
        settings: ConnectOptions,
        outgoing: bool,
        slot: Option<Slot>,
    ) -> Socket {
        let inner = Inner {
            stream,
            writing: Writing::new(&settings),
            reading: Reading::new(settings.idle_timeout),
            settings,
            outgoing,
            bytes_read: AtomicU64::new(0),
            bytes_written: AtomicU64::new(0),
            destroyed: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            activity: Activity::default(),
            decoder: Mutex::default(),
            events: Mutex::default(),
            has_run: AtomicBool::new(false),
            drain_state: DrainState::new(),
            slot,
        };
        let inner = Arc::new(inner);
        inner.on_stop();
        Socket { inner }
    }
}

/// Reading and writing that wait.
impl Socket {
    /// Waits for bytes and moves them to the front of `buf`; returns how many. `Ok(0)` is the
    /// peer's FIN. The same as [`Read`], for a socket that is not `mut`.
    ///
    /// # Errors
    /// [`is_timeout`](super::is_timeout) once the read timeout has passed; else the connection is
    /// broken. [`ConnectionAborted`](io::ErrorKind::ConnectionAborted): we have ended it, by
    /// [`destroy`](Socket::destroy) or after
    /// [`idle_timeout`](super::Server::idle_timeout). A cut must not be taken for the peer's end.
    pub fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buf, self.inner.reading.limits())
    }

    /// [`read`](Socket::read), but waits no longer than `time`: `None` if nothing has come by then, and the
    /// connection is as it was. `Some(0)` is the peer's FIN. Between two calls the thread can do something
    /// else.
    ///
    /// ```
    /// use barewire::net::{self, Socket};
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// let (here, there) = net::pipe();
    /// let (here, there) = (Socket::new(Arc::new(here)), Socket::new(Arc::new(there)));
    /// let mut buf = [0; 16];
    /// assert_eq!(here.read_within(&mut buf, Duration::from_millis(1))?, None);
    /// there.write_all("hi")?;
    /// assert_eq!(here.read_within(&mut buf, Duration::from_secs(10))?, Some(2));
    /// there.end()?;
    /// assert_eq!(here.read_within(&mut buf, Duration::from_secs(10))?, Some(0));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`read`](Socket::read). A read timeout that is shorter than `time` holds, too, and is an error.
    pub fn read_within(&self, buf: &mut [u8], time: Duration) -> io::Result<Option<usize>> {
        self.inner.read_within(buf, time)
    }

    /// Waits until the queue is empty and all of `bytes` is on its way, too. They leave in one
    /// piece, although other threads write.
    ///
    /// # Errors
    /// [`BrokenPipe`](io::ErrorKind::BrokenPipe) after [`end`](Socket::end);
    /// [`is_timeout`](super::is_timeout) once the write timeout has passed without a byte taken;
    /// [`ConnectionAborted`](io::ErrorKind::ConnectionAborted) if the peer was too slow and was cut;
    /// else the connection is broken. How much of `bytes` has left is not returned.
    pub fn write_all(&self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.inner.write_all(bytes.as_ref())
    }

    /// Reads everything from this socket into `to` until the peer's FIN, which is passed on
    /// ([`end`](Socket::end)); returns how many bytes there were. `to` may be the same socket:
    /// that is the book's echo server.
    ///
    /// It reads no faster than it can write: what is on its way between the two is one buffer of
    /// 64 KiB at most. What [`write`](Socket::write) had queued in `to` goes first.
    ///
    /// ```
    /// use barewire::net;
    /// let server = net::create_server(|socket| {
    ///     socket.write("Echo server\r\n");
    ///     socket.pipe(&socket).map(drop)
    /// });
    /// # drop(server);
    /// ```
    ///
    /// # Errors
    /// Either connection broke or a timeout passed. `to` is left as it is.
    pub fn pipe(&self, to: &Socket) -> io::Result<u64> {
        let mut buf = reading::buffer();
        let mut moved = 0;
        loop {
            let limits = self.inner.reading.limits();
            let chunk = self.inner.read_some(&mut buf, limits)?;
            if chunk.is_empty() {
                to.end()?;
                return Ok(moved);
            }
            to.write_all(chunk)?;
            moved += chunk.len() as u64;
        }
    }
}

/// The book's methods.
impl Socket {
    /// Sends `bytes` without waiting for the peer: what cannot leave at once is queued, and the socket's flush
    /// thread writes it. False: the queue has reached its high-water mark
    /// ([`ConnectOptions::high_water_mark`](super::ConnectOptions::high_water_mark), 64 KiB); stop until
    /// [`drain`](SocketEvents::drain) or [`drained`](Socket::drained).
    ///
    /// The bytes are taken in either case. If the caller does not stop: beyond
    /// [`max_buffered`](super::ConnectOptions::max_buffered) the connection is broken off, because
    /// otherwise a peer that does not read could fill our memory. (So whatever is larger than that
    /// is for [`write_all`](Socket::write_all), which keeps nothing.) After [`end`](Socket::end),
    /// and on a broken connection, nothing is taken: that is false too, and [`run`](Socket::run)
    /// reports it.
    pub fn write(&self, bytes: impl AsRef<[u8]>) -> bool {
        self.inner.push(bytes.as_ref())
    }

    /// That was all: the FIN leaves after whatever is queued. Reading goes on. Again does
    /// nothing.
    ///
    /// # Errors
    /// The connection was already gone.
    pub fn end(&self) -> io::Result<()> {
        self.inner.end()
    }

    /// Ends both directions now and drops what is queued. Nothing more is read: not even what has
    /// come already. [`close`](SocketEvents::close) follows. Under TLS the peer sees that something
    /// may be missing. Without TLS the peer may take this for an orderly end, see
    /// [above](Socket#a-peer-that-does-not-read).
    pub fn destroy(&self) {
        self.inner.break_off(None);
    }

    /// Waits until the queue is empty: the blocking world's `drain`. In
    /// [`data`](SocketEvents::data) it also keeps the loop from reading on.
    ///
    /// # Errors
    /// The connection broke before that.
    pub fn drained(&self) -> io::Result<()> {
        self.inner.drained(None).map(drop)
    }

    /// [`drained`](Socket::drained), but waits no longer than `time`. False: bytes are still queued.
    ///
    /// ```
    /// use barewire::net::{self, Socket};
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// let (here, _there) = net::pipe_with_capacity(4);
    /// let socket = Socket::new(Arc::new(here));
    /// socket.write("hello"); // the peer does not read
    /// assert!(!socket.drained_within(Duration::from_millis(1))?);
    /// assert_eq!(socket.buffered(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`drained`](Socket::drained).
    pub fn drained_within(&self, time: Duration) -> io::Result<bool> {
        self.inner.drained(Some(time))
    }

    /// After `idle` without a byte in either direction, [`timeout`](SocketEvents::timeout) is
    /// called, once for each such stretch. Bytes of ours count when the stream takes them, not when
    /// they are queued. The connection stays: with an idle notice of its own, [`run`](Socket::run)
    /// does not observe the server's [`idle_timeout`](super::Server::idle_timeout). `None`, the
    /// default: never. Takes effect when `run` next begins to wait.
    pub fn set_timeout(&self, idle: Option<Duration>) {
        self.inner.activity.watch(idle);
        let mut state = self.inner.writing.lock();
        state.set_idle_notice(self.inner.activity.limit());
    }

    /// From now on [`run`](Socket::run) calls [`text`](SocketEvents::text) in place of
    /// [`data`](SocketEvents::data), with whole characters only; bad bytes become U+FFFD.
    pub fn set_encoding(&self, encoding: Encoding) {
        let mut decoder = lock(&self.inner.decoder);
        *decoder = Some(Decoder::new(encoding));
    }

    /// `TCP_NODELAY`, see [`Tcp::set_no_delay`](super::Tcp::set_no_delay). On a stream that is not TCP nothing is delayed,
    /// and nothing happens.
    ///
    /// # Errors
    /// The connection has ended.
    pub fn set_no_delay(&self, on: bool) -> io::Result<()> {
        self.inner.stream.set_no_delay(on)
    }
}

/// What there is to know.
impl Socket {
    /// This side's address.
    ///
    /// # Errors
    /// The system does not know it.
    pub fn local_addr(&self) -> io::Result<Addr> {
        self.inner.stream.local_addr()
    }

    /// The other side's address.
    ///
    /// # Errors
    /// There never was one.
    pub fn remote_addr(&self) -> io::Result<Addr> {
        self.inner.stream.peer_addr()
    }

    /// How many bytes are queued here, not yet with the system.
    pub fn buffered(&self) -> usize {
        self.inner.writing.lock().queue.buffered()
    }

    /// How many bytes have been read.
    pub fn bytes_read(&self) -> u64 {
        self.inner.bytes_read.load(Ordering::Relaxed)
    }

    /// How many bytes have been written, without those that are queued.
    pub fn bytes_written(&self) -> u64 {
        self.inner.bytes_written.load(Ordering::Relaxed)
    }

    /// How long a [`read`](Socket::read) may wait, from the next one on; `None`, the default: for
    /// ever. The loop in [`run`](Socket::run) has a limit of its own, see
    /// [`set_timeout`](Socket::set_timeout); both hold.
    ///
    /// # Errors
    /// None today: the stream's own timeout is set when a read begins.
    pub fn set_read_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        self.inner.reading.set_timeout(d);
        Ok(())
    }

    /// How long a [`write_all`](Socket::write_all) may wait without a byte taken; `None`, the
    /// default: as long as the peer is not [too slow](Socket#a-peer-that-does-not-read).
    ///
    /// # Errors
    /// None today: the stream's own timeout is set when a write begins.
    pub fn set_write_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        self.inner.writing.lock().set_write_timeout(d);
        Ok(())
    }

    /// The stream below. What is written there bypasses the queue. Its timeouts are the socket's to
    /// set.
    pub fn stream(&self) -> &Arc<dyn Stream> {
        &self.inner.stream
    }
}

macro_rules! read_and_write {
    ($socket:ty) => {
        impl Read for $socket {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                Socket::read(self, buf)
            }
        }

        impl Write for $socket {
            fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
                self.inner.write(&[IoSlice::new(buf)])
            }

            fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
                self.inner.write(bufs)
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
    };
}

read_and_write!(Socket);
read_and_write!(&Socket);

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("stream", &self.inner.stream)
            .field("buffered", &self.buffered())
            .finish_non_exhaustive()
    }
}
