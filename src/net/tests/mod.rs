//! The engine from end to end, over real sockets. Every test binds port 0 and has a watchdog.

mod accepting;
mod alone;
mod lock_files;
mod sharing;
mod socket_files;
mod starving;
mod stopping;

use super::engine::{Engine, System};
use super::listen_socket::{BoundSocket, ListenSocket};
use super::*;
use super::{listener, sharing as shared};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// Far more than any of these tests needs.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a test that could hang, and fails it in that case.
pub(super) fn within(patience: Duration, test: impl FnOnce() + Send + 'static) {
    run(patience, Box::new(test)); // one copy of what follows, not one for each test
}

fn run(patience: Duration, test: Box<dyn FnOnce() + Send>) {
    let (done, is_done) = mpsc::channel();
    let test = thread::spawn(move || {
        test();
        done.send(()).unwrap();
    });
    if is_done.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
        panic!("still not done after {patience:?}");
    }
    if let Err(panic) = test.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Waits for what is bound to happen; the watchdog ends it if it does not.
fn until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::sleep(Duration::from_millis(1));
    }
}

/// A service made of one closure. It sends its errors and its end through a channel.
struct Serve<F> {
    connection: F,
    events: Sender<Event>,
}

#[derive(Debug, PartialEq, Eq)]
enum Event {
    AcceptError,
    Closed,
}

impl<F> Service for Serve<F>
where
    F: Fn(Arc<dyn Stream>, Slot) + Send + Sync + 'static,
{
    fn connection(&self, stream: Arc<dyn Stream>, slot: Slot) {
        (self.connection)(stream, slot);
    }

    fn accept_error(&self, _error: &std::io::Error) {
        let _ = self.events.send(Event::AcceptError);
    }

    fn closed(&self) {
        let _ = self.events.send(Event::Closed);
    }
}

fn serve_at<F>(address: &str, options: Options, connection: F) -> (Handle, Receiver<Event>)
where
    F: Fn(Arc<dyn Stream>, Slot) + Send + Sync + 'static,
{
    let (events, received) = mpsc::channel();
    let listener = Listener::bind(address).unwrap();
    (
        listener
            .serve(options, Serve { connection, events })
            .unwrap(),
        received,
    )
}

fn serve<F>(options: Options, connection: F) -> (Handle, Receiver<Event>)
where
    F: Fn(Arc<dyn Stream>, Slot) + Send + Sync + 'static,
{
    serve_at("127.0.0.1:0", options, connection)
}

/// A server on a free port, which has this from the system.
fn serve_on<F>(system: System, options: Options, connection: F) -> (Handle, Receiver<Event>)
where
    F: Fn(Arc<dyn Stream>, Slot) + Send + Sync + 'static,
{
    let (events, received) = mpsc::channel();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Addr::from(listener.local_addr().unwrap());
    let socket = ListenSocket::new(BoundSocket::Tcp(listener), None, true, None).unwrap();
    let service = Box::new(Serve { connection, events });
    let engine = Engine::start(socket, address, options, service, system).unwrap();
    (Handle::new(engine), received)
}

type PassedOn = Receiver<(Arc<dyn Stream>, Slot)>;

/// A server that serves nothing itself: it passes each stream with its slot on.
fn serve_elsewhere(options: Options) -> (Handle, Receiver<Event>, PassedOn) {
    let (pass_on, taken) = mpsc::channel();
    let (server, events) = serve(options, move |stream, slot| {
        pass_on.send((stream, slot)).unwrap();
    });
    (server, events, taken)
}

fn echo(stream: Arc<dyn Stream>, _slot: Slot) {
    let mut buf = [0; 256];
    while let Ok(n @ 1..) = stream.read(&mut buf) {
        if stream.write_all(&buf[..n]).is_err() {
            return;
        }
    }
}

fn dial(server: &Handle) -> TcpStream {
    TcpStream::connect(server.local_addr().ip().unwrap()).unwrap()
}

/// One byte there and back: the client is being served.
fn is_echoed(client: &mut (impl Read + Write)) {
    client.write_all(b"x").unwrap();
    client.read_exact(&mut [0; 1]).unwrap();
}
