//! The book's `tls.createServer`.

use super::error::Error;
use super::options::ServerOptions;
use super::server_context::ServerContext;
use super::service::{OnError, Secured};
use crate::net::{self, Handle, Listener, Observer, ServerEvents, Service, Socket, Stream};
use crate::setters::setters;
use std::fmt;
use std::io;

/// [`net::create_server`] under TLS: the same handler, and only the certificate options differ.
///
/// ```
/// use barewire::tls::{self, ClientOptions, ServerOptions, Tls};
/// use std::io::Read;
///
/// let options = ServerOptions::new()
///     .key(std::fs::read("fixtures/tls/server.key")?)
///     .cert(std::fs::read("fixtures/tls/server.crt")?)
///     .ca(std::fs::read("fixtures/tls/ca.crt")?)
///     .request_cert(true)
///     .reject_unauthorized(false);
/// let server = tls::create_server(&options, |socket| {
///     let authorized = Tls::of(&**socket.stream()).is_some_and(Tls::authorized);
///     println!("server connected {}", if authorized { "authorized" } else { "unauthorized" });
///     socket.write_all("welcome!\n")?;
///     socket.pipe(&socket).map(drop)
/// })?;
/// let handle = server.listen("127.0.0.1:0")?; // the book's port is 8000
///
/// let port = handle.local_addr().port().unwrap();
/// let options = ClientOptions::new().ca(std::fs::read("fixtures/tls/ca.crt")?);
/// let mut client = tls::connect(&format!("localhost:{port}"), &options)?;
/// client.write_all("hi")?;
/// client.end()?;
/// let mut received = String::new();
/// client.read_to_string(&mut received)?;
/// assert_eq!(received, "welcome!\nhi");
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What is wrong with a certificate, a key or an option, and what to do about it.
pub fn create_server<F>(
    options: &ServerOptions,
    connection: F,
) -> Result<Server<impl ServerEvents>, Error>
where
    F: Fn(Socket) -> io::Result<()> + Send + Sync + 'static,
{
    let context = ServerContext::new(options)?;
    Ok(Server::new(context, net::create_server(connection)))
}

/// A server under TLS with all the [events](ServerEvents).
///
/// ```
/// use barewire::net::{Addr, ServerEvents, Socket};
/// use barewire::tls::{self, ServerOptions};
/// use std::io;
///
/// struct Greeter;
///
/// impl ServerEvents for Greeter {
///     fn connection(&self, socket: Socket) -> io::Result<()> {
///         socket.write_all("welcome!\n")
///     }
///
///     fn listening(&self, address: &Addr) {
///         println!("server bound to {address}");
///     }
/// }
///
/// let options = ServerOptions::new()
///     .cert(std::fs::read("fixtures/tls/server.crt")?)
///     .key(std::fs::read("fixtures/tls/server.key")?);
/// let server = tls::create_server_with(&options, Greeter)?.listen("127.0.0.1:0")?;
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What is wrong with a certificate, a key or an option, and what to do about it.
pub fn create_server_with<E: ServerEvents>(
    options: &ServerOptions,
    events: E,
) -> Result<Server<E>, Error> {
    let context = ServerContext::new(options)?;
    Ok(Server::new(context, net::create_server_with(events)))
}

/// A server under TLS that does not listen yet: [`create_server`] makes one.
///
/// ```
/// use barewire::tls::{self, ServerOptions};
///
/// let options = ServerOptions::new()
///     .cert(std::fs::read("fixtures/tls/server.crt")?)
///     .key(std::fs::read("fixtures/tls/server.key")?);
/// let server = tls::create_server(&options, |socket| socket.write_all("hello\n"))?
///     .max_connections(100)
///     .on_error(|error, stream| match stream.peer_addr() {
///         Ok(address) => eprintln!("{address}: {error}"),
///         Err(_) => eprintln!("a client that has left: {error}"),
///     })
///     .listen("127.0.0.1:0")?;
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Server<E> {
    context: ServerContext,
    below: net::Server<E>,
    on_error: Option<Box<OnError>>,
}

impl<E: ServerEvents> Server<E> {
    /// Puts TLS under a server, which keeps its settings.
    ///
    /// ```
    /// use barewire::{net, tls};
    /// # let options = tls::ServerOptions::new()
    /// #     .cert(std::fs::read("fixtures/tls/server.crt")?)
    /// #     .key(std::fs::read("fixtures/tls/server.key")?);
    /// let echo = net::create_server(|socket| socket.pipe(&socket).map(drop)).max_connections(100);
    /// let server = tls::Server::new(tls::ServerContext::new(&options)?, echo);
    /// # drop(server);
    /// # Ok::<(), tls::Error>(())
    /// ```
    pub fn new(context: ServerContext, server: net::Server<E>) -> Server<E> {
        Server {
            context,
            below: server,
            on_error: None,
        }
    }

    setters! {
        /// Sets [`net::Options::max_connections`]. A connection counts from before its handshake.
        pub fn max_connections(self, most: usize) => self.below = self.below.max_connections(most);

        /// Sets [`net::Options::max_connections_per_address`]. A connection counts from before its
        /// handshake.
        pub fn max_connections_per_address(self, most: Option<usize>) =>
            self.below = self.below.max_connections_per_address(most);

        /// Calls `observer` with all that passes, below TLS and inside it: see [`Observer`].
        pub fn tap(self, observer: impl Observer) => self.below = self.below.tap(observer);

        /// Calls `hook` for every handshake that failed, with the stream below, on the connection's
        /// thread: Node's `tlsClientError`. If the hook panics, only that connection ends.
        pub fn on_error(self, hook: impl Fn(&Error, &dyn Stream) + Send + Sync + 'static) =>
            self.on_error = Some(Box::new(hook));
    }

    /// The context of its handshakes: it counts them, and replaces certificates while the server runs.
    pub fn context(&self) -> &ServerContext {
        &self.context
    }

    /// As [`net::Server::listen`].
    ///
    /// # Errors
    /// The address cannot be bound, or the first thread cannot be started.
    pub fn listen(self, address: &str) -> io::Result<Handle> {
        match Listener::bind(address) {
            Ok(listener) => self.listen_on(listener),
            Err(e) => {
                let (_, service) = self.below.into_service();
                service.accept_error(&e);
                Err(e)
            }
        }
    }

    /// As [`net::Server::listen_on`].
    ///
    /// # Errors
    /// The first thread cannot be started.
    pub fn listen_on(self, listener: Listener) -> io::Result<Handle> {
        let (options, service) = self.below.into_service();
        let mut secured = Secured::new(self.context, service);
        secured.on_error = self.on_error;
        listener.serve(options, secured)
    }
}

impl<E> fmt::Debug for Server<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}
