//! Messages over a socket: a framer on top of it.
//!
//! ```text
//!   socket ──► read buffer ──► decoder ──► message      reader.rs, one thread
//!   socket ◄── one write  ◄── encoder ◄── message      writer.rs, any number of threads
//! ```

mod reader;
mod writer;

pub use reader::FramedReader;
pub use writer::FramedWriter;

use super::incoming::Incoming;
use super::socket::Socket;
use crate::framing::{Decode, Framer};
use std::fmt;
use std::io;
use std::time::Duration;

/// Messages over a [`Socket`], whatever carries it (TCP, a Unix socket, TLS): what is sent on one side comes
/// on the other as the same messages, wherever the stream is cut. An echo server for lines:
///
/// ```
/// use barewire::framing::Delimiter;
/// use barewire::net::{self, Framed, Socket};
/// use std::io;
///
/// fn echo(socket: Socket) -> io::Result<()> {
///     let (mut reader, writer) = Framed::new(socket, Delimiter::CRLF).split();
///     while let Some(line) = reader.receive()? {
///         writer.send(line)?;
///     }
///     Ok(())
/// }
///
/// let handle = net::create_server(echo).listen("127.0.0.1:0")?;
///
/// let mut client = Framed::new(net::connect(&handle.local_addr().to_string())?, Delimiter::CRLF);
/// client.send("床前明月光")?;
/// client.send("")?; // an empty message is a message, too
/// client.end()?;
/// assert_eq!(client.receive()?, Some("床前明月光".as_bytes()));
/// assert_eq!(client.receive()?, Some(&b""[..]));
/// assert_eq!(client.receive()?, None); // the server has ended, between two messages
/// # drop(client);
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), io::Error>(())
/// ```
///
/// In the style of events, the same server is one line: see [`on_message`](Framed::on_message).
///
/// The framer is one of [`framing`](crate::framing#which-to-choose), or your own; it says how long a message
/// may be. The encoder, the decoder and the [`finish`](Decode::finish) at the end are taken care of.
///
/// # Errors
///
/// | what happened | `kind()` | the error inside |
/// |---|---|---|
/// | the peer's bytes are no message, or one that is too long | [`InvalidData`](io::ErrorKind::InvalidData) | [`framing::Error`](crate::framing::Error) |
/// | the peer ended inside a message | [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) | [`framing::Error`](crate::framing::Error) |
/// | the message that is to be sent cannot be framed: nothing was sent | [`InvalidInput`](io::ErrorKind::InvalidInput) | [`framing::Misuse`](crate::framing::Misuse) |
/// | all else | as of the [`Socket`] | |
///
/// # When the server stops
///
/// A server asks its connections to finish ([`Handle::stop`](super::Handle::stop)). A wait between two messages then
/// ends at once, as if the peer had ended: [`receive`](Framed::receive) returns `None`,
/// [`receive_within`](Framed::receive_within) [`Closed`](Incoming::Closed), and [`on_message`](Framed::on_message)
/// returns. Messages that have come are received before that, and a peer that is inside a message may finish it. What
/// it begins after the stop is not read. Sending goes on, so a handler may take leave:
///
/// ```
/// use barewire::framing::Delimiter;
/// use barewire::net::{self, Framed, Report, Socket};
/// use std::io;
/// use std::time::Duration;
///
/// fn echo(socket: Socket) -> io::Result<()> {
///     let mut framed = Framed::new(socket, Delimiter::CRLF);
///     let writer = framed.writer();
///     while let Some(line) = framed.receive()? {
///         writer.send(line)?;
///     }
///     if framed.socket().is_stopping() {
///         writer.send("the server stops")?;
///     }
///     Ok(())
/// }
///
/// let handle = net::create_server(echo).listen("127.0.0.1:0")?;
/// let mut client = Framed::new(net::connect(&handle.local_addr().to_string())?, Delimiter::CRLF);
/// client.send("hello")?;
/// assert_eq!(client.receive()?, Some(&b"hello"[..]));
///
/// let report = handle.shutdown(Duration::from_secs(10)); // at once: the client waits for nothing
/// assert_eq!(report, Report { drained: 1, cut: 0 });
/// assert_eq!(client.receive()?, Some(&b"the server stops"[..]));
/// assert_eq!(client.receive()?, None);
/// # Ok::<(), io::Error>(())
/// ```
///
/// # Limits
///
/// All limits and deadlines of the socket hold. They count bytes that move, so a peer that sends a message byte by
/// byte is not idle; a limit for a whole message is [`receive_within`](Framed::receive_within).
pub struct Framed<F: Framer> {
    reader: FramedReader<F>,
    writer: FramedWriter<F>,
}

impl<F: Framer> Framed<F> {
    /// Messages over `socket`, from its next byte on.
    pub fn new(socket: Socket, framer: F) -> Framed<F> {
        Framed {
            reader: FramedReader::new(socket.clone(), framer.decoder()),
            writer: FramedWriter::new(socket, framer.encoder()),
        }
    }

    /// As [`FramedReader::receive`].
    ///
    /// # Errors
    /// As there.
    pub fn receive(&mut self) -> io::Result<Option<<F::Decoder as Decode>::Message<'_>>> {
        self.reader.receive()
    }

    /// As [`FramedReader::receive_within`].
    ///
    /// # Errors
    /// As there.
    pub fn receive_within(
        &mut self,
        time: Duration,
    ) -> io::Result<Incoming<<F::Decoder as Decode>::Message<'_>>> {
        self.reader.receive_within(time)
    }

    /// As [`FramedWriter::send`].
    ///
    /// # Errors
    /// As there.
    pub fn send(&self, message: impl AsRef<[u8]>) -> io::Result<()> {
        self.writer.send(message)
    }

    /// As [`FramedWriter::end`].
    ///
    /// # Errors
    /// As there.
    pub fn end(&self) -> io::Result<()> {
        self.writer.end()
    }

    /// A writer of this connection: for another thread, or to answer while a message is borrowed.
    pub fn writer(&self) -> FramedWriter<F> {
        self.writer.clone()
    }

    /// The two halves: one for each direction.
    pub fn split(self) -> (FramedReader<F>, FramedWriter<F>) {
        (self.reader, self.writer)
    }

    /// The socket below: it has the addresses and the timeouts. Bytes that are read or written there are
    /// missing in a message.
    pub fn socket(&self) -> &Socket {
        self.writer.socket()
    }

    /// Receives messages on this thread and calls `message` with each, until the peer has ended or the server of this
    /// socket [is stopping](Framed#when-the-server-stops). The decoder stays here, so nothing needs a lock; `message` may keep what it likes.
    ///
    /// ```
    /// use barewire::framing::Delimiter;
    /// use barewire::net::{self, Framed};
    ///
    /// let server = net::create_server(|socket| {
    ///     Framed::new(socket, Delimiter::CRLF).on_message(|writer, line| writer.send(line))
    /// });
    /// let handle = server.listen("127.0.0.1:0")?;
    ///
    /// let mut client = Framed::new(net::connect(&handle.local_addr().to_string())?, Delimiter::CRLF);
    /// client.send("hello")?;
    /// assert_eq!(client.receive()?, Some(&b"hello"[..]));
    /// # drop(client);
    /// # handle.shutdown(std::time::Duration::from_secs(1));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// While `message` runs, nothing is read: a handler that waits slows its peer down.
    ///
    /// # Errors
    /// Those of `message`, which end the loop, and those of [`receive`](Framed::receive).
    pub fn on_message(
        mut self,
        mut message: impl FnMut(&FramedWriter<F>, <F::Decoder as Decode>::Message<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        while let Some(received) = self.reader.receive()? {
            message(&self.writer, received)?;
        }
        Ok(())
    }
}

impl<F: Framer> fmt::Debug for Framed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framed")
            .field("socket", self.socket())
            .finish_non_exhaustive()
    }
}
