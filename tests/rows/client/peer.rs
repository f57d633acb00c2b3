//! The server's end of a connection, in the hands of a test: it reads requests by strict rules of its own
//! (RFC 9112), with no code of the library, and sends the bytes that the test gives it.

use crate::support::PATIENCE;
use barewire::net::{Stream, is_timeout};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

/// One connection, seen from the server.
pub(crate) struct Peer {
    stream: Arc<dyn Stream>,
    bytes: Vec<u8>,
    /// The number of this connection at its server, from 1.
    pub(crate) number: usize,
}

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received {
    /// Request line and fields, with every CRLF.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The sizes of the chunks, where the body came in chunks.
    pub(crate) chunks: Vec<usize>,
    pub(crate) trailers: Vec<String>,
}

impl Received {
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    pub(crate) fn method(&self) -> &str {
        self.line().split(' ').next().unwrap_or_default()
    }

    pub(crate) fn target(&self) -> &str {
        self.line().split(' ').nth(1).unwrap_or_default()
    }

    /// The value of a field that must not be there twice.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.head.lines().skip(1).filter_map(|line| {
            let (given, value) = line.split_once(": ")?;
            given.eq_ignore_ascii_case(name).then_some(value)
        });
        let first = values.next();
        assert_eq!(values.next(), None, "{name} came twice");
        first
    }
}

impl Peer {
    pub(crate) fn new(stream: Arc<dyn Stream>, number: usize) -> Peer {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        let bytes = Vec::new();
        Peer {
            stream,
            bytes,
            number,
        }
    }

    pub(crate) fn stream(&self) -> &Arc<dyn Stream> {
        &self.stream
    }

    #[track_caller]
    pub(crate) fn send(&self, bytes: impl AsRef<[u8]>) {
        let sent = self.stream.write_all(bytes.as_ref());
        sent.expect("the client still reads");
    }

    /// Sends to a client that may have closed; returns whether it had not.
    pub(crate) fn try_send(&self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Half-closes: nothing more is sent.
    pub(crate) fn finish(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// A whole request; `None` if the client has closed instead.
    #[track_caller]
    pub(crate) fn request(&mut self) -> Option<Received> {
        let mut received = self.head()?;
        let length = received.field("Content-Length").map(str::to_owned);
        match (length, received.field("Transfer-Encoding")) {
            (None, None) => {}
            (Some(length), None) => {
                let length = length.parse().expect("a length");
                received.body = self.take(length).expect("the body that was declared");
            }
            (None, Some("chunked")) => self.chunks(&mut received),
            both => panic!("no client may send {both:?}"),
        }
        Some(received)
    }

    /// A whole request, or panic.
    #[track_caller]
    pub(crate) fn expect_request(&mut self) -> Received {
        self.request().expect("a request")
    }

    /// The head of a request; `None` if the client has closed before its first byte.
    #[track_caller]
    pub(crate) fn head(&mut self) -> Option<Received> {
        let mut head = self.line()? + "\r\n";
        let words: Vec<&str> = head.trim_end().split(' ').collect();
        assert!(words.len() == 3, "no request line: {head:?}");
        loop {
            let line = self.line().expect("the rest of the head");
            head = head + &line + "\r\n";
            match line.split_once(": ") {
                None if line.is_empty() => break,
                Some((name, value)) if !name.contains(' ') && value.trim() == value => {}
                _ => panic!("no field: {line:?}"),
            }
        }
        Some(Received {
            head,
            ..Received::default()
        })
    }

    fn chunks(&mut self, received: &mut Received) {
        loop {
            let line = self.line().expect("a chunk");
            let size = usize::from_str_radix(&line, 16).expect("a chunk's size");
            if size == 0 {
                break;
            }
            received.chunks.push(size);
            received.body.extend(self.take(size).expect("a chunk"));
            assert_eq!(self.line().expect("its end"), "");
        }
        loop {
            match self.line().expect("a trailer").as_str() {
                "" => return,
                line => received.trailers.push(line.to_owned()),
            }
        }
    }

    /// The next `n` bytes; `None` if the client closes before.
    pub(crate) fn take(&mut self, n: usize) -> Option<Vec<u8>> {
        while self.bytes.len() < n {
            if !self.more() {
                return None;
            }
        }
        let rest = self.bytes.split_off(n);
        Some(std::mem::replace(&mut self.bytes, rest))
    }

    /// The next line without its CRLF.
    fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.bytes.windows(2).position(|two| two == b"\r\n") {
                let mut line = self.take(end + 2)?;
                line.truncate(end);
                let line = String::from_utf8(line).expect("a line of text");
                assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
                return Some(line);
            }
            if !self.more() {
                assert!(self.bytes.is_empty(), "cut: {}", self.bytes.escape_ascii());
                return None;
            }
        }
    }

    /// Whether some bytes come within this time.
    pub(crate) fn receives_within(&mut self, time: Duration) -> bool {
        let mut piece = [0; 1024];
        self.stream.set_read_timeout(Some(time)).expect("a timeout");
        let read = self.stream.read(&mut piece);
        let patience = self.stream.set_read_timeout(Some(PATIENCE));
        patience.expect("a timeout");
        self.bytes
            .extend_from_slice(&piece[..*read.as_ref().unwrap_or(&0)]);
        read.is_ok()
    }

    /// All bytes until the client closes or resets.
    pub(crate) fn until_closed(&mut self) -> Vec<u8> {
        while self.more() {}
        std::mem::take(&mut self.bytes)
    }

    /// Reads some more; `false` if the client has closed.
    fn more(&mut self) -> bool {
        let mut piece = [0; 16 * 1024];
        match self.stream.read(&mut piece) {
            Ok(n) => {
                self.bytes.extend_from_slice(&piece[..n]);
                n > 0
            }
            Err(error) if is_timeout(&error) => panic!("the client neither sends nor closes"),
            Err(_) => false,
        }
    }
}
