//! The half that receives.

use crate::framing::{Decode, Framer};
use crate::net::incoming::Incoming;
use crate::net::read_buffer::ReadBuffer;
use crate::net::socket::Socket;
use std::fmt;
use std::io;
use std::time::{Duration, Instant};

/// In bytes: of the first read, and of a read while reads fill the buffer.
const FIRST_READ: usize = 1024;
const LARGEST_READ: usize = 64 * 1024;

/// The receiving half of a [`Framed`](super::Framed) socket. It belongs to one thread.
///
/// ```
/// use barewire::framing::{Header16, Packet};
/// use barewire::net::{Framed, Socket, pipe};
/// use std::sync::Arc;
///
/// let (here, there) = pipe();
/// let (mut reader, _) = Framed::new(Socket::new(Arc::new(here)), Header16::new()).split();
/// let (_, writer) = Framed::new(Socket::new(Arc::new(there)), Header16::new()).split();
///
/// writer.send("first")?;
/// writer.send("second")?;
/// // A message is what the framer's decoder returns: here it has a number.
/// assert_eq!(reader.receive()?, Some(Packet { serial: 0, body: b"first" }));
/// assert_eq!(reader.receive()?.unwrap().body, b"second");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct FramedReader<F: Framer> {
    socket: Socket,
    decoder: F::Decoder,
    buffer: ReadBuffer,
    /// How many bytes the last call of the decoder took.
    used: usize,
}

impl<F: Framer> FramedReader<F> {
    pub(super) fn new(socket: Socket, decoder: F::Decoder) -> FramedReader<F> {
        FramedReader {
            socket,
            decoder,
            buffer: ReadBuffer::new(FIRST_READ, LARGEST_READ),
            used: 0,
        }
    }

    /// Waits for the next message. `None`: the peer has ended, between two messages, or the server of this socket
    /// [is stopping](super::Framed#when-the-server-stops).
    ///
    /// A message that came in one read is borrowed from the read buffer. (The ring of
    /// [`Prefix`](crate::framing::Prefix) copies each byte once, and a message in it may lie in two pieces:
    /// [`to_vec`](crate::framing::Message::to_vec) joins them.)
    ///
    /// # Errors
    /// As listed at [`Framed`](super::Framed#errors). After an error of the framing every later call returns it again.
    #[inline]
    pub fn receive(&mut self) -> io::Result<Option<<F::Decoder as Decode>::Message<'_>>> {
        while !self.find()? {
            let n = self.read(|socket, room| socket.read(room))?;
            if n == 0 {
                self.finish()?;
                return Ok(None);
            }
            self.buffer.filled(n);
        }
        Ok(self.found())
    }

    /// [`receive`](FramedReader::receive), but waits no longer than `time` for the *whole* message. What has come of it
    /// is kept. Each call reads at least once, so with a time of zero it takes what has come.
    ///
    /// A server gives a message a deadline so (see also [`Incoming`]):
    ///
    /// ```
    /// use barewire::framing::Delimiter;
    /// use barewire::net::{Framed, Incoming, Socket};
    /// use std::io;
    /// use std::time::Duration;
    ///
    /// fn greet(socket: Socket) -> io::Result<()> {
    ///     let mut framed = Framed::new(socket, Delimiter::CRLF);
    ///     match framed.receive_within(Duration::from_secs(10))? {
    ///         Incoming::Came(name) => println!("{} is here", name.escape_ascii()),
    ///         Incoming::Nothing => framed.send("too slow")?,
    ///         Incoming::Closed => println!("nobody"),
    ///     }
    ///     Ok(())
    /// }
    /// # let server = barewire::net::create_server(greet);
    /// ```
    ///
    /// # Errors
    /// As for [`receive`](FramedReader::receive).
    pub fn receive_within(
        &mut self,
        time: Duration,
    ) -> io::Result<Incoming<<F::Decoder as Decode>::Message<'_>>> {
        let mut left = time;
        let mut until = None;
        while !self.find()? {
            if let Some(until) = until {
                left = time_left(until);
                if left.is_zero() {
                    return Ok(Incoming::Nothing);
                }
            } else {
                until = Some(Instant::now().checked_add(time));
            }
            match self.read(|socket, room| socket.read_within(room, left))? {
                None => return Ok(Incoming::Nothing),
                Some(0) => {
                    self.finish()?;
                    return Ok(Incoming::Closed);
                }
                Some(n) => self.buffer.filled(n),
            }
        }
        Ok(self.found().map_or(Incoming::Nothing, Incoming::Came))
    }

    /// One read. If nothing of a message has come, the stop of the server ends it.
    #[inline]
    fn read<R>(&mut self, read: impl FnOnce(&Socket, &mut [u8]) -> R) -> R {
        let is_between_messages = self.buffer.is_empty() && self.decoder.finish().is_ok();
        let (socket, room) = (&self.socket, self.buffer.room());
        match is_between_messages {
            true => socket.until_stop(|| read(socket, room)),
            false => read(socket, room),
        }
    }

    /// Nothing more comes. What the stop of the server has cut is no fault of the peer.
    fn finish(&self) -> io::Result<()> {
        match self.socket.stop_ended_reading() {
            true => Ok(()),
            false => Ok(self.decoder.finish()?),
        }
    }

    /// Whether the next message is in what was read. Its bytes are consumed then.
    #[inline]
    fn find(&mut self) -> io::Result<bool> {
        let unread = self.buffer.unread();
        let mut rest = unread;
        let found = self
            .decoder
            .decode(&mut rest)
            .map(|message| message.is_some());
        self.used = unread.len() - rest.len();
        self.buffer.consume(self.used);
        Ok(found?)
    }

    /// The message that was found.
    #[inline]
    fn found(&self) -> Option<<F::Decoder as Decode>::Message<'_>> {
        self.decoder.returned(self.buffer.last_consumed(self.used))
    }

    /// The socket below.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }
}

/// `None`: later than any clock.
fn time_left(until: Option<Instant>) -> Duration {
    until.map_or(Duration::MAX, |until| {
        until.saturating_duration_since(Instant::now())
    })
}

impl<F: Framer> fmt::Debug for FramedReader<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FramedReader")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}
