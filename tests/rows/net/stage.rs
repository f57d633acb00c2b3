//! What the rows share: a server that ends with its test, peers that know nothing of the library,
//! and events that are written into a log.

use crate::support::{Log, PATIENCE};
use barewire::net::{Addr, Handle, Server, ServerEvents, Snapshot, Socket, SocketEvents, Turn};
use std::collections::HashMap;
use std::io::{self, Read};
use std::net::TcpStream;
use std::ops::Deref;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A running server, for as long as a test lasts.
pub(crate) struct Up(Handle);

impl Up {
    /// On a port of 127.0.0.1 that the system chooses.
    pub(crate) fn new(server: Server<impl ServerEvents>) -> Up {
        Up::at("127.0.0.1:0", server)
    }

    pub(crate) fn at(address: &str, server: Server<impl ServerEvents>) -> Up {
        Up(server.listen(address).expect("the address can be bound"))
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.0.snapshot()
    }

    pub(crate) fn address(&self) -> String {
        self.0.local_addr().to_string()
    }

    /// A new connection, of the standard library.
    pub(crate) fn peer(&self) -> TcpStream {
        let Addr::Ip(address) = self.0.local_addr() else {
            panic!("not a TCP server");
        };
        patient(TcpStream::connect(address).expect("a server"))
    }
}

impl Deref for Up {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.0
    }
}

impl Drop for Up {
    /// Whatever a failed test left open is cut.
    fn drop(&mut self) {
        self.0.shutdown(Duration::ZERO);
    }
}

/// Stops its server as soon as a connection was accepted: that one is late.
#[derive(Default)]
pub(crate) struct StopAtAccept(Mutex<Option<Handle>>);

impl StopAtAccept {
    /// From now on the server may accept.
    pub(crate) fn set(&self, server: &Handle) {
        *self.0.lock().unwrap() = Some(server.clone());
    }
}

impl Turn for StopAtAccept {
    fn acquire(&self) -> bool {
        thread::sleep(Duration::from_millis(1));
        self.0.lock().unwrap().is_some()
    }

    fn release(&self, accepted: bool) {
        if accepted && let Some(server) = self.0.lock().unwrap().take() {
            server.stop();
        }
    }
}

/// A test that waits for bytes in vain fails, and does not hang.
pub(crate) fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// The same for a Unix socket.
pub(crate) fn patient_unix(stream: UnixStream) -> UnixStream {
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// The next bytes are these.
#[track_caller]
pub(crate) fn expect(mut from: impl Read, bytes: impl AsRef<[u8]>) {
    let bytes = bytes.as_ref();
    let mut got = vec![0; bytes.len()];
    from.read_exact(&mut got).expect("bytes");
    assert_eq!(got.escape_ascii().to_string(), shown(bytes));
}

/// Everything up to the FIN.
#[track_caller]
pub(crate) fn rest(mut from: impl Read) -> Vec<u8> {
    let mut all = Vec::new();
    from.read_to_end(&mut all).expect("a FIN at the end");
    all
}

pub(crate) fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// Writes dots until the queue is full: it has to be at some time if the peer does not read.
pub(crate) fn fill(socket: &Socket) {
    while socket.write([b'.'; 64 * 1024]) {}
}

/// Drops a connection on which something unread has arrived: that is a reset for the other side.
pub(crate) fn reset(peer: TcpStream) {
    assert!(peer.peek(&mut [0; 1]).expect("bytes to leave unread") > 0);
}

/// Waits for what is bound to happen.
#[track_caller]
pub(crate) fn until(what: &str, happened: impl Fn() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < PATIENCE, "it never happened that {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// The log, with an entry that is repeated once: in how many pieces bytes come is not known.
pub(crate) fn order(log: &Log) -> Vec<String> {
    let mut all = log.all();
    all.dedup();
    all
}

/// Waits until a connection is over, and returns what happened on it.
#[track_caller]
pub(crate) fn order_at_close(log: &Log) -> Vec<String> {
    until("it closed", || {
        log.all().iter().any(|event| event.starts_with("close"))
    });
    order(log)
}

type Act = Box<dyn Fn(&Socket) + Send + Sync>;

/// Events that are written into a log by their names, `close!` after an error, and what a test
/// wants to be done about them.
pub(crate) struct Recorder {
    log: Log,
    acts: HashMap<&'static str, Act>,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Recorder {
    pub(crate) fn new(log: &Log) -> Recorder {
        Recorder {
            log: log.clone(),
            acts: HashMap::new(),
            bytes: Arc::default(),
        }
    }

    pub(crate) fn on(
        mut self,
        event: &'static str,
        act: impl Fn(&Socket) + Send + Sync + 'static,
    ) -> Recorder {
        self.acts.insert(event, Box::new(act));
        self
    }

    /// Where the bytes of `data` and `text` are kept.
    pub(crate) fn bytes(&self) -> Arc<Mutex<Vec<u8>>> {
        Arc::clone(&self.bytes)
    }

    fn happened(&self, event: &str, socket: &Socket) {
        self.log.note(event);
        if let Some(act) = self.acts.get(event) {
            act(socket);
        }
    }
}

impl SocketEvents for Recorder {
    fn connect(&self, socket: &Socket) {
        self.happened("connect", socket);
    }

    fn data(&self, socket: &Socket, chunk: &[u8]) {
        self.bytes.lock().unwrap().extend_from_slice(chunk);
        self.happened("data", socket);
    }

    fn text(&self, socket: &Socket, text: &str) {
        self.bytes
            .lock()
            .unwrap()
            .extend_from_slice(text.as_bytes());
        self.happened("text", socket);
    }

    fn end(&self, socket: &Socket) {
        self.happened("end", socket);
    }

    fn drain(&self, socket: &Socket) {
        self.happened("drain", socket);
    }

    fn timeout(&self, socket: &Socket) {
        self.happened("timeout", socket);
    }

    fn error(&self, socket: &Socket, error: &io::Error) {
        self.log.note(format!("error {:?}", error.kind()));
        if let Some(act) = self.acts.get("error") {
            act(socket);
        }
    }

    fn close(&self, socket: &Socket, had_error: bool) {
        self.happened(if had_error { "close!" } else { "close" }, socket);
    }
}
