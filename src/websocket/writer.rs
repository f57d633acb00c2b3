//! The half that sends, as its users see it: any number of threads.

use super::as_data::AsData;
use super::connection::SharedConnection;
use super::error::Error;
use super::outcome::Outcome;
use crate::net::Stream;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The sending half of a [`WebSocket`](super::WebSocket). Clones send on the same connection, from any
/// thread; frames leave whole, and those of one thread in the order in which it sent them.
///
/// | | waits | when the peer does not read |
/// |---|---|---|
/// | [`send`](Self::send) | until the kernel has taken the message | blocks |
/// | [`try_send`](Self::try_send) | never | returns false above the high-water mark |
///
/// If the reading thread sends while whole frames are in the read buffer, its messages are coalesced: they
/// leave in one write after those frames were received, and `send` does not wait.
///
/// When the reader and the last writer have been dropped, the connection ends with 1001. What was sent
/// before still arrives.
///
/// ```
/// # use barewire::{http, websocket};
/// # fn handler(req: http::Request, res: http::Response) -> http::Handled {
/// #     if let Some(ws) = websocket::accept(req, res)? {
/// #         ws.on_message(|socket, data| drop(socket.send(data)));
/// #     }
/// #     Ok(())
/// # }
/// # let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// # let url = format!("ws://{}/", server.local_addr());
/// use std::thread;
///
/// let mut ws = websocket::connect(&url)?;
/// let writer = ws.writer();
/// let ticking = thread::spawn(move || {
///     for n in 0..3 {
///         writer.send(format!("tick {n}"))?;
///     }
///     writer.close(1000, "")
/// });
/// let mut ticks = 0;
/// while let Some(_tick) = ws.receive()? {
///     ticks += 1;
/// }
/// assert_eq!(ticks, 3);
/// ticking.join().unwrap()?;
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Writer {
    pub(super) shared: Arc<SharedConnection>,
}

impl Writer {
    pub(super) fn new(shared: Arc<SharedConnection>) -> Writer {
        Writer { shared }
    }

    /// Sends a message, a text or bytes, and waits until the kernel has taken it.
    ///
    /// # Errors
    /// [`Misuse::Closed`](super::wire::Misuse::Closed): a Close frame has been sent.
    /// [`Misuse::Unfinished`](super::wire::Misuse::Unfinished): this thread has an unfinished message in
    /// parts, or another thread has one and sent no part of it for
    /// [`stall_timeout`](super::Config::stall_timeout).
    /// [`Error::Io`]: the connection broke, or the peer took nothing for as long.
    #[inline]
    pub fn send(&self, data: impl AsData) -> Result<(), Error> {
        self.shared.outgoing.send(data.as_data())
    }

    /// Sends a message without waiting for the peer. False: nothing was sent, because the
    /// [high-water mark](super::Config::high_water_mark) is reached or a message in parts is unfinished.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn try_send(&self, data: impl AsData) -> Result<bool, Error> {
        self.shared.outgoing.try_send(data.as_data())
    }

    /// Begins a message in parts, each of them a frame. Other messages wait until it has ended; pings and
    /// pongs do not.
    ///
    /// [`Parts`] has an example.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn message(&self) -> Result<Parts, Error> {
        self.shared.outgoing.begin_message()?;
        Ok(Parts {
            writer: self.clone(),
        })
    }

    /// The book's `bufferedAmount`: bytes that were passed to `send` and have not left, frame headers
    /// included.
    pub fn buffered_amount(&self) -> u64 {
        self.shared.outgoing.buffered()
    }

    /// Whether messages can still be sent.
    pub fn is_open(&self) -> bool {
        self.shared.outgoing.is_open()
    }

    /// Sends a ping, waits for its pong, and returns the round-trip time. Another thread must be receiving.
    ///
    /// # Errors
    /// No pong within `deadline`, or as [`send`](Self::send).
    pub fn ping(&self, deadline: Duration) -> Result<Duration, Error> {
        let number = self.shared.outgoing.ping()?;
        self.shared.outgoing.await_pong(number, deadline)
    }

    /// Sends a ping and does not wait: see [`round_trip`](Self::round_trip).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_ping(&self) -> Result<(), Error> {
        self.shared.outgoing.ping().map(drop)
    }

    /// The round-trip time of the last ping that was answered.
    pub fn round_trip(&self) -> Option<Duration> {
        self.shared.outgoing.round_trip()
    }

    /// Sends a Close frame, unless one has been sent, and does not wait. What the peer has sent before it
    /// saw that is still received. Without an answer the connection is cut after
    /// [`close_timeout`](super::Config::close_timeout).
    ///
    /// # Errors
    /// A code or a reason that must not be sent.
    pub fn close(&self, code: u16, reason: impl AsRef<str>) -> Result<(), Error> {
        self.shared.outgoing.close(code, reason.as_ref())
    }

    /// Cuts the connection at once: without a Close frame, and without what is queued. For a peer that does not
    /// deserve the closing handshake, or has no time for it; [`close`](Self::close) is the orderly end. Never waits.
    ///
    /// A thread in [`receive`](super::Reader::receive) returns with an error, and so does each thread that waits in
    /// `send`; every later call that sends or receives is an error, too. The [`Outcome`] is not clean, with 1006.
    /// The peer sees a FIN without a Close frame, over TLS without a close_notify. A connection that is over
    /// already stays as it is.
    ///
    /// ```
    /// use barewire::websocket::Writer;
    /// use std::time::Duration;
    ///
    /// /// Gives the peer a second for its Close frame.
    /// fn end(socket: &Writer) {
    ///     let _ = socket.close(1000, "");
    ///     if socket.closed_within(Duration::from_secs(1)).is_none() {
    ///         socket.terminate();
    ///     }
    /// }
    /// # use barewire::{http, websocket};
    /// # fn handler(req: http::Request, res: http::Response) -> http::Handled {
    /// #     if let Some(ws) = websocket::accept(req, res)? {
    /// #         ws.on_message(|socket, data| drop(socket.send(data)));
    /// #     }
    /// #     Ok(())
    /// # }
    /// # let server = http::create_server(handler).listen("127.0.0.1:0")?;
    /// # let mut ws = websocket::connect(&format!("ws://{}/", server.local_addr()))?;
    /// # let writer = ws.writer();
    /// # let reader = std::thread::spawn(move || while let Ok(Some(_)) = ws.receive() {});
    /// # end(&writer);
    /// # assert!(writer.closed().clean);
    /// # reader.join().unwrap();
    /// # server.shutdown(Duration::from_secs(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn terminate(&self) {
        self.shared.outgoing.terminate();
    }

    /// Waits until the connection is over. Another thread must be receiving, or
    /// [`terminate`](Self::terminate) be called.
    pub fn closed(&self) -> Outcome {
        self.shared.outgoing.wait_closed()
    }

    /// The same for `time` at most; `None`: the connection is not over yet. Zero asks and does not wait.
    pub fn closed_within(&self, time: Duration) -> Option<Outcome> {
        self.shared.outgoing.wait_closed_within(time)
    }

    /// The stream that carries the messages: it has the addresses, and over TLS the peer's certificate.
    pub fn stream(&self) -> &dyn Stream {
        self.shared.outgoing.stream.as_ref()
    }

    /// The subprotocol that both have agreed on.
    pub fn protocol(&self) -> Option<&str> {
        self.shared.protocol.as_deref()
    }

    /// Whether both send on the same connection.
    pub fn is_same(&self, other: &Writer) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Writer").field(&self.shared).finish()
    }
}

/// A message that is sent in parts, while its end is not known yet: [`Writer::message`] begins it.
///
/// ```
/// # use barewire::{http, websocket};
/// # fn handler(req: http::Request, res: http::Response) -> http::Handled {
/// #     if let Some(ws) = websocket::accept(req, res)? {
/// #         ws.on_message(|socket, data| drop(socket.send(data)));
/// #     }
/// #     Ok(())
/// # }
/// # let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// # let url = format!("ws://{}/", server.local_addr());
/// let mut ws = websocket::connect(&url)?;
/// let mut message = ws.writer().message()?;
/// for n in 1..=3 {
///     message.send(format!("{n}, "))?;
/// }
/// message.end("done")?;
/// assert_eq!(ws.receive()?.unwrap(), "1, 2, 3, done"); // the peer receives one message
/// # drop(ws);
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// If it is dropped after its first part and before its last one, it
/// cannot be completed: the connection is closed with 1011.
#[derive(Debug)]
pub struct Parts {
    writer: Writer,
}

impl Parts {
    /// Sends the next part: a text if the first one was, else bytes.
    ///
    /// # Errors
    /// [`Misuse::Kind`](super::wire::Misuse::Kind), or as [`Writer::send`].
    pub fn send(&mut self, part: impl AsData) -> Result<(), Error> {
        self.writer.shared.outgoing.send_part(part.as_data(), false)
    }

    /// Sends the last part.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn end(self, part: impl AsData) -> Result<(), Error> {
        self.writer.shared.outgoing.send_part(part.as_data(), true)
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.writer.shared.outgoing.end_message();
    }
}
