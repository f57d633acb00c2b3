//! What the rows share: a server; a client and a server that are made of bytes and share no code with the
//! library.

use crate::support::{PATIENCE, Site};
use barewire::http::{self, Failure};
use barewire::net::Addr;
use barewire::websocket::{self, Acceptor, WebSocket, Writer, wire};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The sample of RFC 6455 §1.3.
pub(crate) const HANDSHAKE: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\n\
    Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n";

pub(crate) const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A server that calls `serve` with each WebSocket.
pub(crate) fn serving(serve: impl Fn(WebSocket) + Send + Sync + 'static) -> Site {
    accepting(Acceptor::new(), serve)
}

pub(crate) fn accepting(
    acceptor: Acceptor,
    serve: impl Fn(WebSocket) + Send + Sync + 'static,
) -> Site {
    Site::new(server(acceptor, serve))
}

/// That server, before it listens: on a port of its own, or over TLS (the rows of HTTPS).
pub(crate) fn server(
    acceptor: Acceptor,
    serve: impl Fn(WebSocket) + Send + Sync + 'static,
) -> http::Server<impl http::ServerEvents> {
    http::create_server(move |req, res| {
        if let Some(ws) = acceptor.accept(req, res)? {
            serve(ws);
        }
        Ok::<(), Failure>(())
    })
}

/// A server, and what `serve` returns for each WebSocket.
pub(crate) fn reporting<T: Send + 'static>(
    acceptor: Acceptor,
    serve: impl Fn(WebSocket) -> T + Send + Sync + 'static,
) -> (Site, Receiver<T>) {
    let (sender, receiver) = channel();
    let site = accepting(acceptor, move |ws| {
        let _ = sender.send(serve(ws)); // a test that has failed receives no more
    });
    (site, receiver)
}

/// A server, and a writer of each WebSocket, whose messages it receives and drops.
pub(crate) fn writers(acceptor: Acceptor) -> (Site, Receiver<Writer>) {
    let (sender, receiver) = channel();
    let site = accepting(acceptor, move |ws| {
        let (mut reader, writer) = ws.split();
        let _ = sender.send(writer);
        while let Ok(Some(_)) = reader.receive() {}
    });
    (site, receiver)
}

/// Sends each message back, until the connection is over.
pub(crate) fn echo(ws: WebSocket) {
    let (mut reader, writer) = ws.split();
    while let Ok(Some(message)) = reader.receive() {
        if writer.send(message).is_err() {
            return;
        }
    }
}

pub(crate) fn url(site: &Site, path: &str) -> String {
    format!("ws://{}{path}", site.address())
}

pub(crate) fn open(site: &Site) -> WebSocket {
    websocket::connect(&url(site, "/")).expect("a WebSocket")
}

/// A client made of bytes.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
}

impl Peer {
    pub(crate) fn connect(site: &Site) -> Peer {
        let Addr::Ip(address) = site.address() else {
            panic!("not a TCP server");
        };
        Peer::over(TcpStream::connect(address).expect("a server"))
    }

    pub(crate) fn over(stream: TcpStream) -> Peer {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("an option");
        Peer { stream }
    }

    /// Connects and opens a WebSocket.
    pub(crate) fn open(site: &Site) -> Peer {
        let mut peer = Peer::connect(site);
        peer.send(format!("{HANDSHAKE}\r\n"));
        let head = peer.head();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        peer
    }

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("it reads");
    }

    /// Everything up to the blank line, and no byte of what follows.
    #[track_caller]
    pub(crate) fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend(self.exactly(1));
        }
        String::from_utf8(head).expect("a head in ASCII")
    }

    #[track_caller]
    pub(crate) fn exactly(&mut self, bytes: usize) -> Vec<u8> {
        let mut got = vec![0; bytes];
        self.stream.read_exact(&mut got).expect("bytes");
        got
    }

    /// The next bytes are these.
    #[track_caller]
    pub(crate) fn expect(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let got = self.exactly(bytes.len());
        let (is, should_be) = (got.escape_ascii(), bytes.escape_ascii()); // made into text only to be shown
        assert!(got == bytes, "{is} is not {should_be}");
    }

    /// The FIN comes, and no byte before it.
    #[track_caller]
    pub(crate) fn ended(&mut self) {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).expect("a FIN");
        assert_eq!(rest.escape_ascii().to_string(), "");
    }

    pub(crate) fn finish(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("a connection");
    }
}

/// A masked frame: the first byte, and a payload of any length.
pub(crate) fn masked(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mut frame = header(first, 0x80, payload.len());
    frame.extend(KEY);
    let cycle = KEY.iter().cycle();
    frame.extend(payload.iter().zip(cycle).map(|(byte, key)| byte ^ key));
    frame
}

/// An unmasked frame.
pub(crate) fn plain(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mut frame = header(first, 0, payload.len());
    frame.extend(payload);
    frame
}

fn header(first: u8, mask: u8, length: usize) -> Vec<u8> {
    let mut header = vec![first];
    match length {
        0..126 => header.push(mask | length as u8),
        126..65536 => {
            header.push(mask | 126);
            header.extend((length as u16).to_be_bytes());
        }
        _ => {
            header.push(mask | 127);
            header.extend((length as u64).to_be_bytes());
        }
    }
    header
}

/// The payload of a Close frame.
pub(crate) fn close(code: u16, reason: &str) -> Vec<u8> {
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(reason.as_bytes());
    payload
}

/// A server made of bytes: `answer` makes the response from the request's key, then `play` has the connection.
pub(crate) fn fake_server(
    answer: impl FnOnce(&str) -> String + Send + 'static,
    play: impl FnOnce(Peer) + Send + 'static,
) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ws://{}/", listener.local_addr().expect("an address"));
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        let mut peer = Peer::over(stream);
        let head = peer.head();
        let mut lines = head.lines();
        let key = lines.find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        peer.send(answer(key.unwrap_or_default())); // a CONNECT has none
        play(peer);
    });
    (url, server)
}

/// A good response, with these lines in it.
pub(crate) fn switch(key: &str, more: &str) -> String {
    let accept = String::from_utf8(wire::accept(key.as_bytes()).to_vec()).expect("base64");
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    )
}

/// Waits until something has happened that must happen.
#[track_caller]
pub(crate) fn until(what: &str, happened: impl Fn() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < PATIENCE, "it never happened that {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Reads to the end, which may be an error.
pub(crate) fn rest(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).map(|_| all)
}
