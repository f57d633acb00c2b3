//! The half that sends, for as many threads as like.

use super::error::Error;
use super::outcome::Outcome;
use super::shared::Shared;
use super::wire::Data;
use crate::net::Stream;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The sending half of a [`WebSocket`](super::WebSocket). Clones send on the same connection, from any
/// thread; frames leave whole, in the order in which they were sent.
///
/// | | waits | when the peer does not read |
/// |---|---|---|
/// | [`send`](Self::send) | until the message is on its way | the caller stands still |
/// | [`try_send`](Self::try_send) | never | false above the high-water mark |
///
/// Messages that are sent by the thread that receives, while whole frames wait to be received, leave
/// together when those have been: `send` does not wait then.
///
/// When the reader and the last writer have been dropped, the connection ends with 1001; what was sent
/// before still arrives.
#[derive(Clone)]
pub struct Writer {
    pub(super) shared: Arc<Shared>,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>) -> Writer {
        Writer { shared }
    }

    /// Sends a message, a text or bytes, and waits until it is on its way.
    ///
    /// # Errors
    /// [`Misuse::Closed`](super::wire::Misuse::Closed) after a Close frame;
    /// [`Misuse::Unfinished`](super::wire::Misuse::Unfinished) where this thread has a message in parts
    /// that is not at its end, or another thread has one of which nothing was sent for
    /// [`stall_timeout`](super::Config::stall_timeout); the connection is broken, or the peer has taken
    /// nothing for as long.
    #[inline]
    pub fn send<'d>(&self, data: impl Into<Data<'d>>) -> Result<(), Error> {
        self.shared.outgoing.send(data.into())
    }

    /// Sends a message without waiting for the peer. False: the
    /// [high-water mark](super::Config::high_water_mark) is reached, or a message in parts is not at
    /// its end; nothing was taken then.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn try_send<'d>(&self, data: impl Into<Data<'d>>) -> Result<bool, Error> {
        self.shared.outgoing.try_send(data.into())
    }

    /// Begins a message in parts, each of them a frame. Other messages wait until it is at its end;
    /// pings and pongs do not.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), barewire::websocket::Error> {
    /// # let ws = barewire::websocket::connect("ws://127.0.0.1:12010/")?;
    /// let mut message = ws.writer().message()?;
    /// message.send("hello ")?;
    /// message.end("world!")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn message(&self) -> Result<Parts, Error> {
        self.shared.outgoing.begin_message()?;
        Ok(Parts {
            writer: self.clone(),
        })
    }

    /// The book's `bufferedAmount`: bytes that were given to send and have not left, with their frames.
    pub fn buffered_amount(&self) -> u64 {
        self.shared.outgoing.buffered()
    }

    /// Whether messages can still be sent.
    pub fn is_open(&self) -> bool {
        self.shared.outgoing.is_open()
    }

    /// Sends a ping and waits for its pong, which another thread must receive; how long it took.
    ///
    /// # Errors
    /// No pong within `deadline`, or as [`send`](Self::send).
    pub fn ping(&self, deadline: Duration) -> Result<Duration, Error> {
        let number = self.shared.outgoing.ping()?;
        self.shared.outgoing.await_pong(number, deadline)
    }

    /// Sends a ping, and does not wait: see [`round_trip`](Self::round_trip).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_ping(&self) -> Result<(), Error> {
        self.shared.outgoing.ping().map(drop)
    }

    /// How long the last ping that was answered took to come back.
    pub fn round_trip(&self) -> Option<Duration> {
        self.shared.outgoing.round_trip()
    }

    /// Sends a Close frame, if none has been sent, and does not wait: what the peer sent before it
    /// knew is still received. Without an answer the connection is cut after
    /// [`close_timeout`](super::Config::close_timeout).
    ///
    /// # Errors
    /// A code or a reason that must not be sent.
    pub fn close(&self, code: u16, reason: &str) -> Result<(), Error> {
        self.shared.outgoing.close_with(code, reason)
    }

    /// Waits until the connection is over; somebody must receive.
    pub fn closed(&self) -> Outcome {
        self.shared.outgoing.wait_closed()
    }

    /// What the messages travel on: its addresses, and over TLS who is at the other end.
    pub fn stream(&self) -> &dyn Stream {
        self.shared.outgoing.stream().as_ref()
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

/// A message that is sent in parts. Dropped before its end it cannot be mended: the connection is
/// closed with 1011.
#[derive(Debug)]
pub struct Parts {
    writer: Writer,
}

impl Parts {
    /// Sends the next part, of the same kind as the first.
    ///
    /// # Errors
    /// [`Misuse::Kind`](super::wire::Misuse::Kind), or as [`Writer::send`].
    pub fn send<'d>(&mut self, part: impl Into<Data<'d>>) -> Result<(), Error> {
        self.writer.shared.outgoing.send_part(part.into(), false)
    }

    /// Sends the last part.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn end<'d>(self, part: impl Into<Data<'d>>) -> Result<(), Error> {
        self.writer.shared.outgoing.send_part(part.into(), true)
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.writer.shared.outgoing.end_message();
    }
}

/// Data from what programs have at hand.
impl<'a> From<&'a str> for Data<'a> {
    fn from(text: &'a str) -> Data<'a> {
        Data::Text(text)
    }
}

impl<'a> From<&'a String> for Data<'a> {
    fn from(text: &'a String) -> Data<'a> {
        Data::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Data<'a> {
    fn from(bytes: &'a [u8]) -> Data<'a> {
        Data::Binary(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Data<'a> {
    fn from(bytes: &'a Vec<u8>) -> Data<'a> {
        Data::Binary(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Data<'a> {
    fn from(bytes: &'a [u8; N]) -> Data<'a> {
        Data::Binary(bytes)
    }
}
