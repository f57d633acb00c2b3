//! N03: the book's client, over TCP and over a Unix socket.

use super::stage::{expect, order, patient, patient_unix, rest};
use crate::support::{Log, watched};
use barewire::net::{self, ConnectOptions, Socket, SocketEvents};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::thread;
use std::time::{Duration, Instant};

/// The other side, which knows nothing of the library. It speaks on after the client's FIN.
fn serve(mut peer: impl Read + Write) {
    expect(&mut peer, "world!\r\n");
    peer.write_all("hello".as_bytes()).unwrap();
    assert!(rest(&mut peer).is_empty(), "the client says no more");
    peer.write_all(" and goodbye".as_bytes()).unwrap();
}

/// What the book prints.
struct Client(Log);

impl SocketEvents for Client {
    fn connect(&self, socket: &Socket) {
        self.0.note("client connected");
        socket.write("world!\r\n");
    }

    fn data(&self, socket: &Socket, chunk: &[u8]) {
        self.0.note(String::from_utf8_lossy(chunk));
        socket.end().unwrap();
    }

    fn end(&self, _socket: &Socket) {
        self.0.note("client disconnected");
    }

    fn close(&self, _socket: &Socket, had_error: bool) {
        assert!(!had_error);
        self.0.note("close");
    }
}

fn talk(address: &str) {
    let log = Log::default();
    let socket = net::connect(address).unwrap();
    assert_eq!(socket.remote_addr().unwrap().to_string(), address);
    socket.run(Client(log.clone())).unwrap();
    // `hello` is a piece by itself: what follows was sent only when it had been read.
    assert_eq!(order(&log)[..2], ["client connected", "hello"]);
    let rest = order(&log)[2..].join("");
    assert_eq!(rest, " and goodbyeclient disconnectedclose");
}

#[test]
fn row_n03_over_tcp() {
    watched(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = thread::spawn(move || serve(&patient(listener.accept().unwrap().0)));
        talk(&address);
        server.join().unwrap();
    });
}

#[test]
fn row_n03_over_a_unix_socket() {
    watched(|| {
        let name = format!("barewire-net-{}-client.sock", std::process::id());
        let path = std::env::temp_dir().join(name);
        let listener = UnixListener::bind(&path).unwrap();
        let server = thread::spawn(move || serve(&patient_unix(listener.accept().unwrap().0)));
        talk(&format!("unix:{}", path.display()));
        server.join().unwrap();
        std::fs::remove_file(path).unwrap();
    });
}

/// Where only `data` matters, a closure is a client.
#[test]
fn row_n03_a_closure_is_enough() {
    watched(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = thread::spawn(move || serve(&patient(listener.accept().unwrap().0)));
        let log = Log::default();
        let note = log.clone();
        let socket = net::connect(&address).unwrap();
        socket.write("world!\r\n");
        let ran = socket.on_data(move |socket, chunk| {
            note.note(String::from_utf8_lossy(chunk));
            socket.end().unwrap();
        });
        ran.unwrap();
        assert_eq!(log.all().concat(), "hello and goodbye");
        server.join().unwrap();
        // … and what the socket returns afterwards is still true.
        assert_eq!((socket.bytes_read(), socket.bytes_written()), (17, 8));
        assert!(!socket.write("more"));
    });
}

#[test]
fn row_n03_nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let refused = net::connect(&address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(
        net::connect("unix:/nowhere/at/all.sock")
            .unwrap_err()
            .kind(),
        ErrorKind::NotFound
    );
}

/// A listener that accepts nothing and whose backlog is full does not answer: the kernel drops what
/// knocks. The deadline ends the wait.
#[test]
fn row_n03_the_deadline() {
    watched(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let timeout = Duration::from_millis(200);
        let options = ConnectOptions {
            timeout,
            ..ConnectOptions::default()
        };
        let mut waiting = Vec::new();
        let (refused, took) = loop {
            let began = Instant::now();
            match net::connect_with(&address, &options) {
                Ok(socket) => waiting.push(socket),
                Err(e) => break (e, began.elapsed()),
            }
        };
        assert_eq!(refused.kind(), ErrorKind::TimedOut);
        assert!(took >= timeout, "it gave up after {took:?}");
    });
}
