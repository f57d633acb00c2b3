//! The server: a handshake in front of the server of plain HTTP.

use super::alpn::HTTP_1_1;
use crate::http::{self, IntoHandled, Request, Response, ServerEvents};
use crate::net::{Handle, Listener, Observer, Options, Service, Stream};
use crate::tls::{self, OnError, Secured, ServerContext, ServerOptions};
use std::fmt;
use std::io;

/// A server that answers each request with a function, over TLS.
///
/// ```
/// use barewire::{http, https, tls};
/// use std::fs::read;
///
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     res.write_head(200, [("Content-Type", "text/plain")])?.end("hello world\n")
/// }
///
/// let options = tls::ServerOptions::new()
///     .cert(read("fixtures/tls/server.crt")?)
///     .key(read("fixtures/tls/server.key")?);
/// let server = https::create_server(&options, handler)?;
/// let handle = server.listen("127.0.0.1:0")?; // the book's port is 8000
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A certificate or a key that is invalid, or two that do not belong together.
pub fn create_server<F, R>(
    options: &ServerOptions,
    on_request: F,
) -> Result<Server<impl ServerEvents>, tls::Error>
where
    F: Fn(Request<'_>, Response<'_>) -> R + Send + Sync + 'static,
    R: IntoHandled,
{
    create_server_with(options, http::create_server(on_request))
}

/// An [`http::Server`], with its settings and its events, over TLS.
///
/// ```
/// use barewire::{http, https, tls};
/// use std::fs::read;
/// use std::time::Duration;
///
/// let options = tls::ServerOptions::new()
///     .cert(read("fixtures/tls/server.crt")?)
///     .key(read("fixtures/tls/server.key")?);
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     res.end("hello world\n")
/// }
/// let http = http::create_server(handler);
/// let server = https::create_server_with(&options, http.head_timeout(Duration::from_secs(3)))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`create_server`].
pub fn create_server_with<E: ServerEvents>(
    options: &ServerOptions,
    http: http::Server<E>,
) -> Result<Server<E>, tls::Error> {
    Ok(Server {
        context: ServerContext::speaking(Some(HTTP_1_1), options)?,
        http,
        on_error: None,
    })
}

/// A server that does not listen yet: what [`create_server`] and [`create_server_with`] return.
///
/// ```
/// use barewire::{http, https, net::Stream, tls};
/// use std::fs::read;
///
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     res.end("hello world\n")
/// }
/// let options = tls::ServerOptions::new()
///     .cert(read("fixtures/tls/server.crt")?)
///     .key(read("fixtures/tls/server.key")?);
/// let server = https::create_server(&options, handler)?
///     .on_tls_client_error(|error, stream| match stream.peer_addr() {
///         Ok(address) => eprintln!("{address}: {}: {error}", error.code()),
///         Err(_) => eprintln!("a client that has left: {error}"),
///     });
/// let certificate = server.context().clone(); // to replace it later, while the server runs
/// let handle = server.listen("127.0.0.1:0")?;
/// println!("listening on {}", handle.local_addr());
/// # drop(certificate);
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Server<E> {
    context: ServerContext,
    http: http::Server<E>,
    on_error: Option<Box<OnError>>,
}

impl<E: ServerEvents> Server<E> {
    /// The book's `tlsClientError`: calls `hook` for every handshake that failed, on the connection's thread.
    /// The stream is the one below, for its addresses; the alert has been sent. If the hook panics, only
    /// that connection ends.
    pub fn on_tls_client_error(
        mut self,
        hook: impl Fn(&tls::Error, &dyn Stream) + Send + Sync + 'static,
    ) -> Self {
        self.on_error = Some(Box::new(hook));
        self
    }

    /// Calls `observer` with all that passes, below TLS and inside it: see [`Observer`].
    pub fn tap(mut self, observer: impl Observer) -> Self {
        self.http = self.http.tap(observer);
        self
    }

    /// The context of its handshakes. Keep a clone to replace the certificate while the server runs.
    pub fn context(&self) -> &ServerContext {
        &self.context
    }

    /// Binds `address`, `"127.0.0.1:8000"` or `"unix:/path"`, and starts to serve.
    ///
    /// # Errors
    /// The address cannot be bound, or the first thread cannot be started.
    pub fn listen(self, address: &str) -> io::Result<Handle> {
        self.listen_on(Listener::bind(address)?)
    }

    /// Starts to serve on a listener that is bound already.
    ///
    /// # Errors
    /// The first thread cannot be started.
    pub fn listen_on(self, listener: Listener) -> io::Result<Handle> {
        let (options, service) = self.into_service();
        listener.serve(options, service)
    }

    /// The arguments of [`Listener::serve`].
    pub fn into_service(self) -> (Options, impl Service + use<E>) {
        let plain = plain(&self.http);
        let (options, service) = self.http.into_service();
        let mut secured = Secured::new(self.context, service)
            .on_plain(move |stream, slot, ahead| plain.serve_behind(ahead, stream, Some(slot)));
        secured.on_error = self.on_error;
        (options, secured)
    }
}

/// Answers a client without TLS in plain HTTP: a 400 with the `https:` URL.
fn plain<E: ServerEvents>(http: &http::Server<E>) -> http::Server<impl ServerEvents> {
    let server = http::create_server(|req: Request<'_>, mut res: Response<'_>| {
        res.set_status(400)?
            .set_header("Content-Type", "text/plain; charset=utf-8")?
            .set_header("Connection", "close")?;
        let (host, path) = (req.host(), req.path());
        let query = req.query().map(|query| format!("?{query}"));
        let query = query.unwrap_or_default();
        res.end(format!(
            "400 Bad Request: this port speaks HTTPS, and the request came without TLS: \
             ask for https://{host}{path}{query}\n"
        ))
    });
    server.beside(http)
}

impl<E> fmt::Debug for Server<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}
