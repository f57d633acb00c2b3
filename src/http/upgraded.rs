//! A connection that speaks another protocol now.

use crate::net::{Slot, Stop, Stream};
use std::io::{self, Cursor, IoSlice, Read, Write};
use std::sync::Arc;

/// The stream of an upgraded (or CONNECTed) connection, and the bytes that came behind the head.
///
/// Reading gives those bytes first. The connection's place among the server's connections
/// travels with it: it counts as long as this lives.
///
/// ```
/// use barewire::http;
/// use std::io::{Read, Write};
///
/// /// A protocol of one's own behind HTTP: what comes goes back.
/// fn handler(req: http::Request, res: http::Response) -> http::Handled {
///     if req.header("Upgrade") != Some("echo") {
///         let fields = [("Upgrade", "echo"), ("Connection", "Upgrade")];
///         return Err(http::refuse_with(426, "ask for an upgrade to echo", fields));
///     }
///     let mut stream = req.upgrade(res, [("Upgrade", "echo")])?;
///     let mut piece = [0; 1024];
///     loop {
///         match stream.read(&mut piece)? {
///             0 => return Ok(()),
///             bytes => stream.write_all(&piece[..bytes])?,
///         }
///     }
/// }
///
/// let server = http::create_server(handler);
/// let answer = server.answer_to(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello");
/// assert!(answer.starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
/// assert!(answer.ends_with(b"\r\n\r\nhello"));
/// # assert!(server.answer_to(b"GET / HTTP/1.0\r\n\r\n").starts_with(b"HTTP/1.1 426 Upgrade Required\r\n"));
/// ```
#[derive(Debug)]
pub struct Upgraded {
    stream: Arc<dyn Stream>,
    head_tail: Cursor<Vec<u8>>,
    slot: Option<Slot>,
}

impl Upgraded {
    pub(crate) fn new(stream: Arc<dyn Stream>, head_tail: Vec<u8>, slot: Option<Slot>) -> Upgraded {
        Upgraded {
            stream,
            head_tail: Cursor::new(head_tail),
            slot,
        }
    }

    /// The stream itself, to share among threads. Bytes already read are not in it: see
    /// [`take_head`](Self::take_head).
    pub fn stream(&self) -> &Arc<dyn Stream> {
        &self.stream
    }

    /// The bytes that came behind the request's head and have not been read yet: the book's
    /// `upgradeHead`, the beginning of the new protocol.
    pub fn take_head(&mut self) -> Vec<u8> {
        let mut head_tail = Vec::new();
        let _ = self.head_tail.read_to_end(&mut head_tail); // memory: no error
        self.head_tail = Cursor::default();
        head_tail
    }

    /// What the stopping server calls in place of its own end: it ends the new protocol.
    pub fn on_stop(&self, hook: Arc<dyn Stop>) {
        if let Some(slot) = &self.slot {
            slot.on_stop(hook);
        }
    }

    /// The stream, the bytes that were read behind the head, and the place among the server's connections:
    /// dropping this slot gives the place back.
    pub fn into_parts(mut self) -> (Arc<dyn Stream>, Vec<u8>, Option<Slot>) {
        let head_tail = self.take_head();
        (self.stream, head_tail, self.slot)
    }
}

impl Read for Upgraded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.head_tail.read(buf) {
            Ok(0) if !buf.is_empty() => self.stream.read(buf),
            read => read,
        }
    }
}

impl Write for Upgraded {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.stream.write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.stream.write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
