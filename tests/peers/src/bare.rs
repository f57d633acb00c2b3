//! The bare loop: what the kernel leaves to a server that blocks in a thread for each connection.
//!
//! It finds the empty line behind a head and writes fixed bytes. It looks at no header field that it does not need, has no
//! limits and no deadlines, and refuses nothing: no server for the world. Threads wait in `accept` themselves, as barewire's
//! do; a chunked body is skipped, a WebSocket message is unmasked and sent back.

use crate::{Args, BIG_BYTES, BLOCK, Outcome, announce, certificates};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use tungstenite::handshake::derive_accept_key;

/// The first size of a connection's buffer.
const BUFFER_BYTES: usize = 16 * 1024;
/// The field that the load client sends last with its last request.
const LAST: &[u8] = b"\r\nConnection: close\r\n\r\n";
/// What `GET /` is answered with.
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello World\n";

struct Server {
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    /// Whether a thread lets the others run before it waits for the next request.
    yields: bool,
    /// Threads that wait in `accept`.
    waiting: AtomicUsize,
}

pub(crate) fn serve(args: &mut Args) -> Outcome {
    let tls = args.has("--tls").then(certificates::server).transpose()?;
    let yields = args.has("--yield");
    let listener = TcpListener::bind(args.word())?;
    announce(listener.local_addr()?);
    let server = Server {
        listener,
        tls,
        yields,
        waiting: AtomicUsize::new(1),
    };
    accept(&Arc::new(server));
    Ok(())
}

/// Accepts connections and serves them, one after the other. Whoever accepts the last thread's connection starts a
/// thread that waits for the next.
fn accept(server: &Arc<Server>) {
    loop {
        let Ok((stream, _)) = server.listener.accept() else {
            return;
        };
        if server.waiting.fetch_sub(1, Ordering::AcqRel) == 1 {
            server.waiting.fetch_add(1, Ordering::AcqRel);
            let server = Arc::clone(server);
            thread::spawn(move || accept(&server));
        }
        // A connection that fails has ended; the next one is served.
        let _ = server.converse(stream);
        server.waiting.fetch_add(1, Ordering::AcqRel);
    }
}

impl Server {
    fn converse(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        match &self.tls {
            None => Connection::new(stream, self.yields).converse(),
            Some(config) => {
                let session =
                    ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
                Connection::new(StreamOwned::new(session, stream), self.yields).converse()
            }
        }
    }
}

struct Connection<S> {
    stream: S,
    yields: bool,
    buffer: Vec<u8>,
    /// `buffer[start..end]` has come and is not answered yet.
    start: usize,
    end: usize,
    out: Vec<u8>,
}

impl<S: Read + Write> Connection<S> {
    fn new(stream: S, yields: bool) -> Connection<S> {
        Connection {
            stream,
            yields,
            buffer: vec![0; BUFFER_BYTES],
            start: 0,
            end: 0,
            out: Vec::new(),
        }
    }

    /// Answers all requests that are here in one write, and reads on.
    fn converse(mut self) -> io::Result<()> {
        loop {
            let Some(length) = head_length(self.received()) else {
                self.flush()?;
                self.read()?;
                continue;
            };
            let is_last = self.received()[..length].ends_with(LAST);
            match &self.received()[..length] {
                head if head.starts_with(b"GET / ") => {
                    self.start += length;
                    self.out.extend_from_slice(ANSWER);
                }
                head if head.starts_with(b"GET /big ") => {
                    self.start += length;
                    self.send_big()?;
                }
                head if head.starts_with(b"POST /upload ") => {
                    self.start += length;
                    self.skip_chunks()?;
                    self.out.extend_from_slice(ANSWER);
                }
                head if head.starts_with(b"POST /echo ") => {
                    let body_bytes = last_value(head).unwrap_or(0);
                    self.echo(length, body_bytes)?;
                }
                // `GET /echo` with the fields of an upgrade.
                _ => {
                    self.upgrade(length);
                    return self.echo_messages();
                }
            }
            if is_last {
                return self.flush();
            }
        }
    }

    fn received(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Waits for bytes. What is left over moves to the front; a full buffer doubles.
    fn read(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end == self.buffer.len() {
            self.buffer.resize(2 * self.end, 0);
        }
        match self.stream.read(&mut self.buffer[self.end..])? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            bytes => {
                self.end += bytes;
                Ok(())
            }
        }
    }

    /// Sends what is pending. The read that follows waits for the peer.
    fn flush(&mut self) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        self.stream.write_all(&self.out)?;
        self.stream.flush()?;
        self.out.clear();
        if self.yields {
            thread::yield_now();
        }
        Ok(())
    }

    fn echo(&mut self, head_bytes: usize, body_bytes: usize) -> io::Result<()> {
        while self.received().len() < head_bytes + body_bytes {
            self.read()?;
        }
        let body = self.start + head_bytes..self.start + head_bytes + body_bytes;
        push_head(&mut self.out, body_bytes);
        self.out.extend_from_slice(&self.buffer[body.clone()]);
        self.start = body.end;
        Ok(())
    }

    fn send_big(&mut self) -> io::Result<()> {
        push_head(&mut self.out, BIG_BYTES);
        self.flush()?;
        for _ in 0..BIG_BYTES / BLOCK.len() {
            self.stream.write_all(&BLOCK)?;
        }
        Ok(())
    }

    /// Chunks without extensions; no trailer.
    fn skip_chunks(&mut self) -> io::Result<()> {
        loop {
            let line_bytes = loop {
                match self.received().iter().position(|&byte| byte == b'\n') {
                    Some(at) => break at + 1,
                    None => self.read()?,
                }
            };
            let line = str::from_utf8(&self.received()[..line_bytes]).unwrap_or("");
            let size = usize::from_str_radix(line.trim_end(), 16).map_err(io::Error::other)?;
            self.start += line_bytes;
            let mut left = size + 2;
            loop {
                let skipped = left.min(self.end - self.start);
                self.start += skipped;
                left -= skipped;
                if left == 0 {
                    break;
                }
                self.read()?;
            }
            if size == 0 {
                return Ok(());
            }
        }
    }

    fn upgrade(&mut self, head_bytes: usize) {
        let head = str::from_utf8(&self.received()[..head_bytes]).unwrap_or("");
        let key = text(head, "Sec-WebSocket-Key: ").unwrap_or("");
        let accept = derive_accept_key(key.as_bytes());
        self.out.extend_from_slice(
            format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n\r\n"
            )
            .as_bytes(),
        );
        self.start += head_bytes;
    }

    /// Sends every frame back, unmasked; those that are here together leave in one write.
    fn echo_messages(&mut self) -> io::Result<()> {
        loop {
            let Some((head_bytes, payload_bytes)) = frame(self.received()) else {
                self.flush()?;
                self.read()?;
                continue;
            };
            let whole = head_bytes + payload_bytes;
            if self.received().len() < whole {
                self.flush()?;
                while self.received().len() < whole {
                    self.read()?;
                }
            }
            let (head, payload) = self.buffer[self.start..][..whole].split_at(head_bytes);
            let (lengths, mask) = head.split_at(head_bytes - 4);
            self.out.extend_from_slice(&[lengths[0], lengths[1] & 0x7F]);
            self.out.extend_from_slice(&lengths[2..]);
            let at = self.out.len();
            self.out.extend_from_slice(payload);
            unmask(&mut self.out[at..], [mask[0], mask[1], mask[2], mask[3]]);
            self.start += whole;
        }
    }
}

fn push_head(out: &mut Vec<u8>, body_bytes: usize) {
    out.extend_from_slice(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ");
    let _ = write!(out, "{body_bytes}");
    out.extend_from_slice(b"\r\n\r\n");
}

/// The head with its empty line, once it is whole. Where a byte can be no part of that line, the next three cannot end
/// it.
fn head_length(received: &[u8]) -> Option<usize> {
    let mut at = 3;
    loop {
        match received.get(at)? {
            b'\n' if received[at - 3..=at] == *b"\r\n\r\n" => return Some(at + 1),
            b'\n' => at += 2,
            b'\r' => at += 1,
            _ => at += 4,
        }
    }
}

fn text<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.split_once(name)?.1.split("\r\n").next()
}

/// The value of the last field, which is `Content-Length` where there is a body.
fn last_value(head: &[u8]) -> Option<usize> {
    let digits = head.trim_ascii_end().rsplit(|&byte| byte == b' ').next()?;
    str::from_utf8(digits).ok()?.parse().ok()
}

/// The lengths of a masked frame's header and of its payload.
fn frame(received: &[u8]) -> Option<(usize, usize)> {
    let short = usize::from(*received.get(1)? & 0x7F);
    let (head_bytes, payload_bytes) = match short {
        126 => {
            let length = received.get(2..4)?.try_into().ok()?;
            (8, usize::from(u16::from_be_bytes(length)))
        }
        127 => {
            let length = received.get(2..10)?.try_into().ok()?;
            (14, u64::from_be_bytes(length) as usize)
        }
        _ => (6, short),
    };
    (received.len() >= head_bytes).then_some((head_bytes, payload_bytes))
}

/// Eight bytes at a time.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let twice = u64::from_ne_bytes(std::array::from_fn(|at| mask[at % 4]));
    let (eights, rest) = payload.as_chunks_mut::<8>();
    for eight in eights {
        *eight = (u64::from_ne_bytes(*eight) ^ twice).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}
