//! An echo server over TLS, in this process, and its clients.

use crate::support::PATIENCE;
use barewire::net::{Handle, Socket};
use barewire::tls::{self, ClientOptions, ServerOptions};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const CA: &str = include_str!("../../../fixtures/tls/ca.crt");
const CERT: &str = include_str!("../../../fixtures/tls/server.crt");
const KEY: &str = include_str!("../../../fixtures/tls/server.key");

pub(crate) fn server_options() -> ServerOptions {
    ServerOptions::new().cert(CERT).key(KEY).ca(CA)
}

pub(crate) fn client_options() -> ClientOptions {
    ClientOptions::new().ca(CA)
}

/// The server, until the test is over.
pub(crate) struct Site(pub(crate) Handle);

impl Site {
    pub(crate) fn new() -> Site {
        Site::with(&server_options())
    }

    /// A handshake may take this long.
    pub(crate) fn hasty(time: Duration) -> Site {
        Site::with(&server_options().handshake_timeout(time))
    }

    fn with(options: &ServerOptions) -> Site {
        let server = tls::create_server(options, |socket: Socket| socket.pipe(&socket).map(drop));
        let server = server.expect("good certificates");
        Site(server.listen("127.0.0.1:0").expect("a port"))
    }

    pub(crate) fn address(&self) -> String {
        let port = self.0.local_addr().port().expect("a port");
        format!("localhost:{port}")
    }

    /// A peer that sends raw bytes.
    pub(crate) fn raw_peer(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).expect("a server");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }

    pub(crate) fn client(&self) -> Socket {
        tls::connect(&self.address(), &client_options()).expect("it is served")
    }

    /// A good client is served.
    #[track_caller]
    pub(crate) fn serves(&self) {
        echoes(&self.client(), b"hello");
    }

    /// Waits until no connection is left.
    #[track_caller]
    pub(crate) fn is_empty(&self) {
        self.has(0);
    }

    /// Waits until at most this many connections are left.
    #[track_caller]
    pub(crate) fn has(&self, most: usize) {
        let began = Instant::now();
        while self.0.connections() > most {
            let left = self.0.connections();
            assert!(began.elapsed() < PATIENCE, "{left} connections are left");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.0.shutdown(Duration::ZERO);
    }
}

#[track_caller]
pub(crate) fn echoes(client: &Socket, text: &[u8]) {
    client.write_all(text).expect("it is open");
    let mut got = vec![0; text.len()];
    (&mut &*client)
        .read_exact(&mut got)
        .expect("all comes back");
    assert_eq!(got, text);
}

/// The remaining bytes of a server, up to an end or a reset.
pub(crate) fn read_to_end(mut peer: &TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    match peer.read_to_end(&mut all) {
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
            ) =>
        {
            panic!("the connection is still open; so far came {all:x?}")
        }
        _ => all,
    }
}

/// The ClientHello of a good client.
pub(crate) fn hello() -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let client =
        thread::spawn(move || tls::connect(&format!("localhost:{port}"), &client_options()));
    let (mut peer, _) = listener.accept().expect("a client");
    let mut header = [0; 5];
    peer.read_exact(&mut header).expect("a record");
    let mut hello = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
    peer.read_exact(&mut hello).expect("all of it");
    drop(peer);
    assert!(client.join().expect("no panic").is_err());
    [&header[..], &hello].concat()
}

/// Sends the bytes. That the server has ended the connection is no error.
pub(crate) fn send(mut peer: &TcpStream, bytes: &[u8]) {
    let _ = peer.write_all(bytes);
}
