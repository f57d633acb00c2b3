//! N01 and N02: the book's first server, on a port and on a path.

use super::stage::{Up, expect, patient_unix, rest, until};
use crate::support::{Log, Script, watched};
use barewire::net::{self, Listener, Server, ServerEvents, Socket, SocketEvents};
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const GREETING: &str = "欢迎光临《深入浅出Node.js》示例：\n";

/// `socket.on('data', …)` and `socket.on('end', …)`, as the book has them.
struct Hello(Log);

impl SocketEvents for Hello {
    fn data(&self, socket: &Socket, _chunk: &[u8]) {
        socket.write("你好");
    }

    fn end(&self, _socket: &Socket) {
        self.0.note("连接断开");
    }
}

fn greet(socket: &Socket, log: &Log) -> io::Result<()> {
    socket.write(GREETING);
    socket.run(Hello(log.clone()))
}

fn server(log: &Log) -> Server<impl ServerEvents> {
    let log = log.clone();
    net::create_server(move |socket| greet(&socket, &log))
}

/// What one sees with `telnet 127.0.0.1 8124` or `nc -U /tmp/echo.sock`.
fn talk(peer: impl Read + Write, finish: impl FnOnce(), log: &Log) {
    let mut peer = peer;
    expect(&mut peer, GREETING);
    for said in ["hi", "是吗", "\r\n"] {
        peer.write_all(said.as_bytes()).unwrap();
        expect(&mut peer, "你好");
    }
    assert_eq!(log.count("连接断开"), 0);
    finish();
    assert!(rest(peer).is_empty());
    log.wait_for("连接断开");
}

#[test]
fn row_n01_greeting_answers_and_the_end() {
    watched(|| {
        let log = Log::default();
        let up = Up::new(server(&log));
        let peer = up.peer();
        talk(&peer, || peer.shutdown(Shutdown::Write).unwrap(), &log);
        up.shutdown(Duration::from_secs(5));
        assert_eq!(log.all(), ["连接断开"]);
    });
}

/// However the bytes were cut on their way: each piece that is read is answered.
#[test]
fn row_n01_every_chunk_is_answered() {
    let log = Log::default();
    let script = Arc::new(Script::new([&b"one"[..], b"t", b"wo", b"three"]));
    greet(&Socket::new(script.clone()), &log).unwrap();
    let answers = format!("{GREETING}{}", "你好".repeat(4));
    assert_eq!(String::from_utf8(script.written()).unwrap(), answers);
    assert_eq!(log.all(), ["连接断开"]);
}

/// A path for a socket that no other test has.
fn socket_path(name: &str) -> (PathBuf, String) {
    let name = format!("barewire-net-{}-{name}.sock", std::process::id());
    let path = std::env::temp_dir().join(name);
    let address = format!("unix:{}", path.display());
    (path, address)
}

fn unix_peer(path: &PathBuf) -> UnixStream {
    patient_unix(UnixStream::connect(path).expect("a server"))
}

#[test]
fn row_n02_the_same_server_on_a_path() {
    watched(|| {
        let (path, address) = socket_path("hello");
        let log = Log::default();
        let up = Up::at(&address, server(&log));
        assert_eq!(up.address(), address);
        let peer = unix_peer(&path);
        talk(&peer, || peer.shutdown(Shutdown::Write).unwrap(), &log);
        drop(up);
        assert!(!path.exists(), "the file goes away with the server");
    });
}

/// A server that was killed leaves its file behind.
#[test]
fn row_n02_a_stale_file_is_replaced() {
    watched(|| {
        let (path, address) = socket_path("stale");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "it is not removed");
        let log = Log::default();
        let up = Up::at(&address, server(&log));
        let peer = unix_peer(&path);
        talk(&peer, || peer.shutdown(Shutdown::Write).unwrap(), &log);
        drop(up);
        assert!(!path.exists());
    });
}

/// Two servers at one path would share nothing but the name.
#[test]
fn row_n02_a_live_one_is_not() {
    watched(|| {
        let (path, address) = socket_path("live");
        let log = Log::default();
        let _up = Up::at(&address, server(&log));
        let refused = server(&log).listen(&address).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AddrInUse);
        assert!(
            refused.to_string().contains("another server listens there"),
            "{refused}"
        );
        let peer = unix_peer(&path);
        talk(&peer, || peer.shutdown(Shutdown::Write).unwrap(), &log);
    });
}

/// A file that is not a socket is left alone.
#[test]
fn row_n02_a_file_of_another_kind_is_left_alone() {
    let (path, address) = socket_path("file");
    std::fs::write(&path, "mine").unwrap();
    let refused = Listener::bind(&address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AddrInUse);
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    std::fs::remove_file(path).unwrap();
}

/// The file goes when accepting stops, not when the last connection has ended.
#[test]
fn row_n02_the_file_goes_with_the_listener() {
    watched(|| {
        let (path, address) = socket_path("gone");
        let log = Log::default();
        let up = Up::at(&address, server(&log));
        let peer = unix_peer(&path);
        expect(&peer, GREETING);
        up.stop();
        until("the file is gone", || !path.exists());
        assert_eq!(up.connections(), 1);
    });
}
