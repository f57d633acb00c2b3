//! The half that sends.

use crate::framing::{Encode, Framer, Header, Misuse};
use crate::net::lock::lock;
use crate::net::socket::Socket;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex};

/// What is kept of the buffer between two messages, in bytes.
const KEPT_BYTES: usize = 64 * 1024;

/// The sending half of a [`Framed`](super::Framed) socket. Clones send on the same connection, from any thread:
/// messages leave whole, each in one piece, and those of one thread in the order in which it sent them.
///
/// ```
/// use barewire::framing::Delimiter;
/// use barewire::net::{Framed, FramedWriter, Socket, pipe};
/// use std::sync::Arc;
/// use std::thread;
///
/// /// A type that holds the writers of a chat, say.
/// type Member = FramedWriter<Delimiter<2>>;
///
/// let (here, there) = pipe();
/// let mut framed = Framed::new(Socket::new(Arc::new(here)), Delimiter::CRLF);
/// let writer: Member = Framed::new(Socket::new(Arc::new(there)), Delimiter::CRLF).writer();
/// let other = writer.clone();
/// thread::spawn(move || other.send("hello")).join().unwrap()?;
/// writer.send("world")?;
/// assert_eq!(framed.receive()?, Some(&b"hello"[..]));
/// assert_eq!(framed.receive()?, Some(&b"world"[..]));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct FramedWriter<F: Framer> {
    socket: Socket,
    sending: Arc<Mutex<Sending<F::Encoder>>>,
}

struct Sending<E> {
    encoder: E,
    /// One framed message.
    frame: Vec<u8>,
    /// A frame has left in part, or may have.
    broken: bool,
}

impl<F: Framer> FramedWriter<F> {
    pub(super) fn new(socket: Socket, encoder: F::Encoder) -> FramedWriter<F> {
        let sending = Sending {
            encoder,
            frame: Vec::new(),
            broken: false,
        };
        FramedWriter {
            socket,
            sending: Arc::new(Mutex::new(sending)),
        }
    }

    /// Sends a message, and waits until it is on its way, as [`Socket::write_all`] does.
    ///
    /// # Errors
    /// [`InvalidInput`](ErrorKind::InvalidInput) with a [`Misuse`]: the message cannot be framed, and nothing was
    /// sent. Those of [`Socket::write_all`]; the peer may have got a part of the message then, so that every
    /// later call is refused ([`BrokenPipe`](ErrorKind::BrokenPipe)).
    pub fn send(&self, message: impl AsRef<[u8]>) -> io::Result<()> {
        let message = message.as_ref();
        self.send_frame(|encoder, frame| encoder.encode(message, frame))
    }

    fn send_frame(
        &self,
        encode: impl FnOnce(&mut F::Encoder, &mut Vec<u8>) -> Result<(), Misuse>,
    ) -> io::Result<()> {
        let sending = &mut *lock(&self.sending);
        if sending.broken {
            let text = "a message before this one was cut";
            return Err(io::Error::new(ErrorKind::BrokenPipe, text));
        }
        sending.frame.clear();
        encode(&mut sending.encoder, &mut sending.frame)?;
        sending.broken = true; // until all of it has left, and also if that panics
        self.socket.write_all(&sending.frame)?;
        sending.broken = false;
        sending.frame.clear();
        sending.frame.shrink_to(KEPT_BYTES);
        Ok(())
    }

    /// That was the last message: [`Socket::end`]. Receiving goes on.
    ///
    /// # Errors
    /// The connection was already gone.
    pub fn end(&self) -> io::Result<()> {
        self.socket.end()
    }

    /// The socket below.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }
}

impl<const LENGTH: usize> FramedWriter<Header<LENGTH>> {
    /// [`send`](FramedWriter::send) with this serial number, for a reply: it carries the number of the message
    /// that it replies to. The number that `send` uses next does not change.
    ///
    /// ```
    /// use barewire::framing::Header16;
    /// use barewire::net::{self, Framed};
    ///
    /// let server = net::create_server(|socket| {
    ///     Framed::new(socket, Header16::new())
    ///         .on_message(|writer, question| writer.send_as(question.serial, "42"))
    /// });
    /// # let handle = server.listen("127.0.0.1:0")?;
    /// # let mut client = Framed::new(net::connect(&handle.local_addr().to_string())?, Header16::new());
    /// # client.send("0")?;
    /// # client.send("1")?;
    /// # client.receive()?;
    /// # assert_eq!(client.receive()?.unwrap().serial, 1);
    /// # drop(client);
    /// # handle.shutdown(std::time::Duration::from_secs(1));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`send`](FramedWriter::send).
    pub fn send_as(&self, serial: u16, body: impl AsRef<[u8]>) -> io::Result<()> {
        let body = body.as_ref();
        self.send_frame(|encoder, frame| encoder.encode_as(serial, body, frame))
    }
}

impl<F: Framer> Clone for FramedWriter<F> {
    fn clone(&self) -> FramedWriter<F> {
        FramedWriter {
            socket: self.socket.clone(),
            sending: Arc::clone(&self.sending),
        }
    }
}

impl<F: Framer> fmt::Debug for FramedWriter<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FramedWriter")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}
