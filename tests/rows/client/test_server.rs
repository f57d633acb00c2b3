//! Servers that do what a test says: a closure is called with each connection, on a thread of its own,
//! and its connection ends when it returns.

use super::peer::Peer;
use barewire::http::pool::{Gauges, Limits};
use barewire::http::{
    self, Agent, ClientResponse, Connected, Connector, Origin, RequestOptions, Timeouts,
};
use barewire::net::{Stream, Tcp, pipe_with_capacity};
use std::any::Any;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Sends this response to every request.
pub(crate) fn responding(
    response: impl AsRef<[u8]> + Send + Sync + 'static,
) -> impl Fn(Peer) + Send + Sync + 'static {
    move |mut peer| while peer.request().is_some() && peer.try_send(&response) {}
}

/// Sends a request without a body, and waits for the head of its response.
#[track_caller]
pub(crate) fn get(options: &RequestOptions) -> ClientResponse {
    http::request(options).unwrap().end("").unwrap()
}

/// Sends a request without a body; its response is [`OK`].
#[track_caller]
pub(crate) fn ok(options: &RequestOptions) {
    assert_eq!(get(options).collect().unwrap(), b"ok");
}

/// The default limits, but one socket an origin.
pub(crate) fn one_socket() -> Limits {
    Limits {
        max_sockets: 1,
        ..Limits::default()
    }
}

/// The default deadlines, but this one for the head.
pub(crate) fn head_within(head: Duration) -> Timeouts {
    Timeouts {
        head,
        ..Timeouts::default()
    }
}

/// A server, and an agent whose sockets lead to it.
pub(crate) struct TestServer {
    pub(crate) agent: Agent,
    options: RequestOptions,
    connections: Arc<Connections>,
    listener: Option<Listener>,
}

/// What a server does with a connection.
type Serve = Box<dyn Fn(Peer) + Send + Sync>;

/// The server's threads, one a connection.
struct Connections {
    serve: Serve,
    threads: Mutex<Threads>,
}

#[derive(Default)]
struct Threads {
    so_far: usize,
    running: Vec<JoinHandle<()>>,
    /// The first panic of one of them.
    panic: Option<Box<dyn Any + Send>>,
}

impl Threads {
    /// Joins the threads that have ended, or all.
    fn join(&mut self, all: bool) {
        let has_ended = |thread: &mut JoinHandle<()>| all || thread.is_finished();
        for thread in self.running.extract_if(.., has_ended) {
            if let Err(panic) = thread.join() {
                self.panic.get_or_insert(panic);
            }
        }
    }
}

impl Connections {
    fn new(serve: Serve) -> Arc<Connections> {
        Arc::new(Connections {
            serve,
            threads: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(self: &Arc<Connections>, stream: Arc<dyn Stream>) {
        let connections = Arc::clone(self);
        let mut threads = self.lock();
        threads.so_far += 1;
        let number = threads.so_far;
        threads.join(false);
        threads.running.push(thread::spawn(move || {
            (connections.serve)(Peer::new(stream, number));
        }));
    }
}

/// Each connection is a pipe with this capacity each way: what one end does, the other sees at once.
struct Pipes {
    connections: Arc<Connections>,
    capacity: usize,
    key: String,
}

impl Connector for Pipes {
    fn connect(&self, _to: &Origin, _deadline: Instant) -> io::Result<Connected> {
        let (here, there) = pipe_with_capacity(self.capacity);
        self.connections.start(Arc::new(there));
        Ok(Connected::new(here))
    }

    fn key(&self) -> Option<&str> {
        Some(&self.key)
    }
}

impl TestServer {
    /// Over pipes with a capacity of 64 KiB.
    pub(crate) fn new(serve: impl Fn(Peer) + Send + Sync + 'static) -> TestServer {
        TestServer::with(Limits::default(), serve)
    }

    /// With these limits of the agent.
    pub(crate) fn with(limits: Limits, serve: impl Fn(Peer) + Send + Sync + 'static) -> TestServer {
        TestServer::with_capacity(limits, 64 * 1024, serve)
    }

    /// With these limits of the agent, and this capacity of a pipe.
    pub(crate) fn with_capacity(
        limits: Limits,
        capacity: usize,
        serve: impl Fn(Peer) + Send + Sync + 'static,
    ) -> TestServer {
        TestServer::over_pipes(limits, capacity, Box::new(serve)) // not one copy for each test
    }

    fn over_pipes(limits: Limits, capacity: usize, serve: Serve) -> TestServer {
        let connections = Connections::new(serve);
        let pipes = Pipes {
            key: format!("{:p}", Arc::as_ptr(&connections)),
            connections: Arc::clone(&connections),
            capacity,
        };
        let options = RequestOptions::new().create_connection(pipes);
        TestServer::over(limits, options, connections, None)
    }

    /// Over TCP, where connections can be reset.
    pub(crate) fn over_tcp(serve: impl Fn(Peer) + Send + Sync + 'static) -> TestServer {
        TestServer::over_tcp_with(Limits::default(), serve)
    }

    pub(crate) fn over_tcp_with(
        limits: Limits,
        serve: impl Fn(Peer) + Send + Sync + 'static,
    ) -> TestServer {
        TestServer::over_loopback(limits, Box::new(serve))
    }

    fn over_loopback(limits: Limits, serve: Serve) -> TestServer {
        let connections = Connections::new(serve);
        let listener = Listener::start(Arc::clone(&connections));
        let options = RequestOptions::new()
            .hostname("127.0.0.1")
            .port(listener.port);
        TestServer::over(limits, options, connections, Some(listener))
    }

    fn over(
        limits: Limits,
        options: RequestOptions,
        connections: Arc<Connections>,
        listener: Option<Listener>,
    ) -> TestServer {
        let agent = Agent::new(limits).expect("good limits");
        TestServer {
            options: options.agent(&agent),
            agent,
            connections,
            listener,
        }
    }

    /// `GET /` to this server, by this agent.
    pub(crate) fn options(&self) -> RequestOptions {
        self.options.clone()
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.as_ref().expect("over TCP").port
    }

    /// How busy the origin of these options is.
    pub(crate) fn gauges(&self, options: &RequestOptions) -> Gauges {
        self.agent.gauges(&options.origin().expect("good options"))
    }

    /// How many idle connections the agent has.
    pub(crate) fn idle(&self) -> usize {
        self.agent.totals().free_sockets
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.connections.lock().so_far
    }

    /// Fails if a socket is in use, or a request waits.
    #[track_caller]
    pub(crate) fn check_quiet(&self) {
        let gauges = self.agent.totals();
        assert_eq!((gauges.sockets, gauges.requests), (0, 0), "still busy");
    }

    /// Closes the agent and joins the server's threads. A panic of one of them fails the test.
    #[track_caller]
    pub(crate) fn end(self) {
        self.check_quiet();
        self.agent.close();
        drop(self.listener);
        let mut threads = std::mem::take(&mut *self.connections.lock());
        threads.join(true);
        if let Some(panic) = threads.panic {
            std::panic::resume_unwind(panic);
        }
    }
}

/// Accepts TCP connections.
struct Listener {
    port: u16,
    is_closed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    fn start(connections: Arc<Connections>) -> Listener {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("a port").port();
        let is_closed = Arc::new(AtomicBool::new(false));
        let closed = Arc::clone(&is_closed);
        let thread = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if closed.load(Ordering::SeqCst) {
                    return;
                }
                stream.set_nodelay(true).expect("an option");
                connections.start(Arc::new(Tcp::from(stream)));
            }
        });
        Listener {
            port,
            is_closed,
            thread: Some(thread),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.is_closed.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port)); // wakes `accept`
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
