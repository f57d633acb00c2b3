//! The HTTP server: what listens, and the life of its connections.
//!
//! # The problem
//!
//! A handler is a plain function from a request to a response. A connection is bytes from a stranger: more
//! requests than one, in pieces or many at once, as slowly as the stranger likes, while the server may stop at
//! any moment. Between them are one thread, one read buffer and one queue of responses.
//!
//! # The bytes
//!
//! ```text
//!   read buffer    │ GET /a … │ POST /b … Content-Length: 9 … │ 4 bytes │
//!                    request 1  request 2                       head_tail: the body begins
//!
//!   body buffer                                                 │ 5 bytes │ GET /c … │
//!                                                                 the rest  pipelined
//!
//!   response queue │ 200 … a │ 200 … b │ ──▶ one write
//! ```
//!
//! # The rules
//!
//! 1. A handler runs on the connection's thread, and borrows the head from the read buffer.
//! 2. What a response sends is checked before any of it is encoded (`exchange/connection/sending.rs`).
//! 3. Pending responses are sent before the thread waits for anything (`exchange/response_queue.rs`); the
//!    [chapter's page](crate::http) has the table.
//! 4. A wait for the peer has a deadline, always ([`Config`]).
//! 5. Code of the program runs under [`guarded`]: a panic costs what the table of [`ServerEvents`] says.
//! 6. A connection ends with a lingering close, unless the client knows that it ends. A response that fails
//!    after its head has left is cut instead.
//!
//! # Which file to read first
//!
//! | file | what it is |
//! |---|---|
//! | `request_loop.rs` | the life of a connection; read this first |
//! | `request_loop/waiting.rs` | where its thread waits for a head, and gives memory back |
//! | `request_loop/failing.rs` | what follows when a handler or the client fails |
//! | `request.rs`, `response.rs` | what a handler sees; `form.rs`: which body is a form; `cookie.rs`: a cookie |
//! | [`exchange`] | what these two are made of: body, draft, queue |
//! | `events.rs` | all that a program can be called for; `summary.rs`: what a line of a log is made of |
//! | `config.rs` | all limits and deadlines |
//! | `trusted_proxies.rs` | which proxies are believed, and who the client is |

mod config;
mod cookie;
mod events;
mod exchange;
mod form;
mod request;
mod request_loop;
mod response;
mod summary;
mod trusted_proxies;

pub use config::Config;
pub use events::{IntoHandled, ServerEvents};
pub use request::Request;
pub use response::{Response, Status};
pub use summary::Summary;
pub use trusted_proxies::TrustedProxies;

use crate::net::{
    Handle, Layer, Listener, Observer, Options, Pipe, Service, Slot, Stream, Tap, guarded,
    pipe_with_capacity,
};
use events::{OnRequest, report};
use request_loop::Shared;
use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::thread;
use summary::OnFinish;

/// A server that calls a function for each request, on a port or on `"unix:/path"` ([`Server::listen`]); see
/// [`ServerEvents`] for everything else that can happen, and [`Server`] for what can be set.
///
/// ```
/// use barewire::http;
///
/// fn handler(req: http::Request, res: http::Response) -> http::Handled {
///     let res = res.write_head(200, [("Content-Type", "text/plain")])?;
///     res.end(format!("you asked for {}\n", req.url()))
/// }
///
/// fn main() -> std::io::Result<()> {
///     let handle = http::create_server(handler).listen("127.0.0.1:0")?; // any free port
///     println!("Server running at http://{}/", handle.local_addr());
///     // handle.wait() would serve until the process ends
///     handle.shutdown(std::time::Duration::from_secs(1));
///     Ok(())
/// }
/// ```
///
/// A closure can carry what the handler shares with others. If it has a `?` in it, it says what it returns, because
/// `?` makes any error out of an error and the compiler asks which ("type annotations needed"):
/// `|req, res| -> http::Handled { … }`.
///
/// ```
/// use barewire::http;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// let visits = AtomicU64::new(0);
/// let server = http::create_server(move |_req, mut res| -> http::Handled {
///     let visit = visits.fetch_add(1, Ordering::Relaxed) + 1;
///     res.set_header("Cache-Control", "no-store")?;
///     res.end(format!("visit {visit}\n"))
/// });
/// # assert!(server.answer_to(b"GET / HTTP/1.0\r\n\r\n").ends_with(b"\r\n\r\nvisit 1\n"));
/// ```
pub fn create_server<F, R>(on_request: F) -> Server<impl ServerEvents>
where
    F: Fn(Request<'_>, Response<'_>) -> R + Send + Sync + 'static,
    R: IntoHandled,
{
    create_server_with(OnRequest(on_request))
}

/// A server that does what `events` say: see [`ServerEvents`] for an example.
pub fn create_server_with<E: ServerEvents>(events: E) -> Server<E> {
    Server {
        shared: Shared {
            events,
            config: Arc::new(Config::default()),
            budget: Arc::default(),
            on_finish: None,
        },
        tap: None,
    }
}

/// A server that does not listen yet: it can be set up. Each setting of [`Config`] is a method, too.
///
/// ```
/// use barewire::http;
/// use std::time::Duration;
///
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     res.end("hello\n")
/// }
///
/// let handle = http::create_server(handler)
///     .max_connections(1000)
///     .keep_alive_timeout(Some(Duration::from_secs(30)))
///     .on_finish(|summary| println!("{summary}"))
///     .listen("127.0.0.1:0")?;
/// let report = handle.shutdown(Duration::from_secs(1));
/// assert_eq!(report.cut, 0);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Server<E> {
    shared: Shared<E>,
    tap: Option<Arc<dyn Observer>>,
}

impl<E> Server<E> {
    /// All settings at once.
    pub fn config(mut self, config: Config) -> Self {
        self.shared.config = Arc::new(config);
        self
    }

    /// The settings as they are.
    pub fn settings(&self) -> &Config {
        &self.shared.config
    }

    /// Calls `on_finish` once for each exchange, with its [`Summary`]: when the handler has returned and the last byte of
    /// the response has been sent or is pending, or when the connection has ended before. So a log has a line for
    /// each request, also for those that no handler sees: bytes that are no request, a redirect to the encoded target,
    /// a head that came too slowly, half a head whose client has left. Exchanges of one connection come in their order.
    /// After an upgrade it is called when the handler returns. A connection that ends
    /// before the first byte of a request is none. A server for [`https`](crate::https) calls it also for a request that
    /// came without TLS and gets a 400, and not for a handshake that failed.
    ///
    /// It runs on the connection's thread, which sends nothing meanwhile; a response that is complete may still be
    /// pending. So `on_finish` must not wait: a `println!` waits if the terminal or the pipe behind it does, and a
    /// write to a file if the disk does. The recipe [`request_log`](crate::cookbook::request_log) gives the lines to a
    /// thread of its own. If it panics, that is reported to [`ServerEvents::error`]. A second
    /// call replaces the first. It costs no allocation and one look at the clock, and another one where [`Summary::time`]
    /// is asked; a server without it counts the bytes of a response, and does nothing else for it. That is why it is a setting, and no method of [`ServerEvents`]: a
    /// server cannot see whether a method is the default one.
    ///
    /// ```
    /// use barewire::http;
    ///
    /// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
    ///     res.end("hello\n")
    /// }
    ///
    /// // For a program whose output somebody reads.
    /// let server = http::create_server(handler).on_finish(|summary| println!("{summary}"));
    /// // 127.0.0.1:41832 GET / 200 6 bytes 0.214 ms
    /// # assert!(server.answer_to(b"GET / HTTP/1.0\r\n\r\n").ends_with(b"hello\n"));
    /// ```
    pub fn on_finish(mut self, on_finish: impl Fn(&Summary<'_>) + Send + Sync + 'static) -> Self {
        self.shared.on_finish = Some(Arc::new(OnFinish::new(on_finish)));
        self
    }

    /// Calls `observer` with all that passes over the connections: see [`Observer`]. Over TLS that is what passes
    /// below it and inside it. [`trace::Recorder`](crate::trace::Recorder) makes a log of it:
    ///
    /// ```
    /// use barewire::http;
    /// use barewire::trace::{Recorder, wire::render::Text};
    ///
    /// let recorder = Recorder::new().explain(Text::new(), std::io::sink()); // or a file, or standard error
    /// let server = http::create_server(|_req, res| res.end("hello\n")).tap(recorder.clone());
    /// # assert!(server.answer_to(b"GET / HTTP/1.0\r\n\r\n").ends_with(b"hello\n"));
    /// ```
    pub fn tap(mut self, observer: impl Observer) -> Self {
        self.tap = Some(Arc::new(observer));
        self
    }

    fn tapped(&self, stream: Arc<dyn Stream>) -> Arc<dyn Stream> {
        match &self.tap {
            Some(observer) => Arc::new(Tap::accepted(stream, Arc::clone(observer))),
            None => stream,
        }
    }

    /// With the settings and the `on_finish` of another server, which serves the same port.
    pub(crate) fn beside<F>(mut self, other: &Server<F>) -> Self {
        self.shared.config = other.shared.config.clone();
        self.shared.on_finish = other.shared.on_finish.clone();
        self
    }

    fn config_mut(&mut self) -> &mut Config {
        Arc::make_mut(&mut self.shared.config)
    }
}

impl<E: ServerEvents> Server<E> {
    /// Binds `address`, `"127.0.0.1:1337"` or `"unix:/path"`, and starts to serve.
    ///
    /// It takes the server. To serve several addresses, make a server for each with the same handler (and one
    /// for TLS with [`https::create_server`](crate::https::create_server)); limits and the budget for collected
    /// bodies are those of one server. A client at a Unix socket has no address, so
    /// `max_connections_per_address` does not count it.
    ///
    /// # Errors
    /// The address cannot be bound, or the first thread cannot be started.
    pub fn listen(self, address: &str) -> io::Result<Handle> {
        self.listen_on(Listener::bind(address)?)
    }

    /// Starts to serve on a listener that is bound already: by this program earlier, or by the one that started it.
    ///
    /// ```
    /// use barewire::{http, net::Listener};
    ///
    /// let listener = Listener::bind("127.0.0.1:0")?; // here a program may still be root
    /// let handle = http::create_server(|_req, res| res.end("hello\n")).listen_on(listener)?;
    /// # handle.shutdown(std::time::Duration::ZERO);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The first thread cannot be started.
    pub fn listen_on(self, listener: Listener) -> io::Result<Handle> {
        let (options, service) = self.into_service();
        listener.serve(options, service)
    }

    /// The arguments of [`Listener::serve`], to put something between the listener and this server, as TLS
    /// does.
    ///
    /// ```
    /// use barewire::{http, net::Listener};
    ///
    /// let (mut options, service) = http::create_server(|_req, res| res.end("hello\n")).into_service();
    /// options.spare_threads = 4;
    /// let handle = Listener::bind("127.0.0.1:0")?.serve(options, service)?;
    /// # handle.shutdown(std::time::Duration::ZERO);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn into_service(self) -> (Options, impl Service + use<E>) {
        let config = &self.shared.config;
        let options = Options {
            max_connections: config.max_connections,
            max_connections_per_address: config.max_connections_per_address,
            spare_threads: config.spare_threads,
            stack_size: config.stack_bytes,
            tap: self.tap,
            ..Options::default()
        };
        (options, self.shared)
    }

    /// Serves one connection on this thread, until it ends.
    ///
    /// ```
    /// use barewire::{http, net};
    /// use std::sync::Arc;
    ///
    /// let server = http::create_server(|_req, res| res.end("hello\n"));
    /// let (client, stream) = net::pipe();
    /// let client: Arc<dyn net::Stream> = Arc::new(client);
    /// client.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    /// client.shutdown(std::net::Shutdown::Write)?;
    /// server.serve(Arc::new(stream));
    /// let mut answer = [0; 1024];
    /// let bytes = client.read(&mut answer)?;
    /// assert!(answer[..bytes].ends_with(b"hello\n"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn serve(&self, stream: Arc<dyn Stream>) {
        self.shared.any().serve(self.tapped(stream), None, &[]);
    }

    /// The same, for a connection that was read from already: `read_before` is what came, and `slot` its place.
    pub fn serve_behind(&self, read_before: &[u8], stream: Arc<dyn Stream>, slot: Option<Slot>) {
        self.shared
            .any()
            .serve(self.tapped(stream), slot, read_before);
    }

    /// All that this server sends for these bytes, over a connection in memory. For tests of handlers: no port,
    /// no waiting.
    ///
    /// It returns when the server has ended the connection. All that the server calls on a port is called here, too:
    /// [`on_finish`](Self::on_finish) sees a client whose address is [`Addr::Pipe`](crate::net::Addr::Pipe), shown as
    /// `pipe`.
    ///
    /// The client sends the bytes and then waits, so that [`Response::client_left`] returns `false` for as long as a
    /// handler runs. It ends the connection when the server waits for more of it: for the next request, or for
    /// the rest of a body. The server does not stop meanwhile, so a handler that goes on until its client has left or
    /// until the server stops never returns, and neither does this. To test one, listen on port 0, or call
    /// [`serve`](Self::serve) with one end of a [`pipe`](crate::net::pipe()), and drop the other end.
    ///
    /// ```
    /// use barewire::http;
    ///
    /// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
    ///     res.end("hi")
    /// }
    ///
    /// let server = http::create_server(handler);
    /// let answer = server.answer_to(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    /// assert!(answer.ends_with(b"\r\nContent-Length: 2\r\n\r\nhi"));
    /// ```
    pub fn answer_to(&self, bytes: &[u8]) -> Vec<u8> {
        answer_to(self.shared.any(), bytes, |stream| self.tapped(stream))
    }
}

/// The connection of a client that sends nothing more, and ends its sending direction only where it is waited
/// for.
#[derive(Debug)]
struct Patient(Pipe);

impl Layer for Patient {
    fn below(&self) -> &dyn Stream {
        &self.0
    }

    fn try_read(&self, buf: &mut [u8]) -> io::Result<Option<usize>> {
        let read = self.0.try_read(buf)?;
        Ok(read.filter(|&bytes| bytes > 0 || buf.is_empty()))
    }
}

/// [`Server::answer_to`], compiled once.
fn answer_to(
    shared: &Shared<dyn ServerEvents>,
    bytes: &[u8],
    tapped: impl FnOnce(Arc<dyn Stream>) -> Arc<dyn Stream> + Send,
) -> Vec<u8> {
    const CAPACITY: usize = 64 * 1024;
    let (client, server) = pipe_with_capacity(CAPACITY.max(bytes.len()));
    let mut answer = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| shared.serve(tapped(Arc::new(Patient(server))), None, &[]));
        let mut piece = [0; 4096];
        if client.write(bytes).is_ok() && client.shutdown(Shutdown::Write).is_ok() {
            while let Ok(n @ 1..) = client.read(&mut piece) {
                answer.extend_from_slice(&piece[..n]);
            }
        }
    });
    answer
}

impl<E> std::fmt::Debug for Server<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("config", &self.shared.config)
            .finish_non_exhaustive()
    }
}

impl<E: ServerEvents> Service for Shared<E> {
    fn connection(&self, stream: Arc<dyn Stream>, slot: Slot) {
        self.any().serve(stream, Some(slot), &[]);
    }

    fn accept_error(&self, error: &io::Error) {
        report(&self.events, error);
    }

    fn closed(&self) {
        if guarded(|| self.events.close()).is_err() {
            report(&self.events, &"ServerEvents::close panicked");
        }
    }
}
