//! The book's `tls.connect`.

use super::client_context::ClientContext;
use super::error::Error;
use super::options::ClientOptions;
use crate::net::{self, ConnectOptions, Socket, tap_plaintext};
use std::sync::Arc;
use std::time::Instant;

/// Connects to `"localhost:8000"`, `"[::1]:8000"` or `"unix:/tmp/echo.sock"` and makes the TLS handshake.
/// (Over a Unix socket the certificate must be for `localhost`, or for
/// [`servername`](ClientOptions::servername).) [`Tls::of`](super::Tls::of) of [`Socket::stream`] has what
/// was negotiated.
///
/// ```
/// # use barewire::tls::{self, ClientOptions, ServerOptions};
/// # let options = ServerOptions::new()
/// #     .cert(std::fs::read("fixtures/tls/server.crt")?)
/// #     .key(std::fs::read("fixtures/tls/server.key")?);
/// # let server = tls::create_server(&options, |socket| socket.pipe(&socket).map(drop))?;
/// # let server = server.listen("127.0.0.1:0")?;
/// # let address = format!("localhost:{}", server.local_addr().port().unwrap());
/// // `address` is "localhost:8000", for example: the certificate must be for that host.
/// let trusted = ClientOptions::new().ca(std::fs::read("fixtures/tls/ca.crt")?);
/// let socket = tls::connect(&address, &trusted)?;
/// socket.write_all("hello")?;
/// socket.end()?;
/// let mut echoed = String::new();
/// std::io::Read::read_to_string(&mut &socket, &mut echoed)?;
/// assert_eq!(echoed, "hello");
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Every call reads the options again and begins a new session. A program that connects often makes one
/// [`ClientContext`] and calls [`connect_with`].
///
/// # Errors
/// Why there is no connection: with the options, with the network
/// ([`Code::ConnectionRefused`](super::Code::ConnectionRefused), [`Code::Io`](super::Code::Io)) or with
/// the server.
pub fn connect(to: &str, options: &ClientOptions) -> Result<Socket, Error> {
    let context = ClientContext::new(options)?;
    connect_with(to, &context, &ConnectOptions::default())
}

/// [`connect`] with a context that is used again, and with options of the connection below.
///
/// ```
/// # use barewire::tls::{self, ClientOptions, ServerOptions};
/// # let options = ServerOptions::new()
/// #     .cert(std::fs::read("fixtures/tls/server.crt")?)
/// #     .key(std::fs::read("fixtures/tls/server.key")?);
/// # let server = tls::create_server(&options, |socket| socket.pipe(&socket).map(drop))?;
/// # let server = server.listen("127.0.0.1:0")?;
/// # let address = format!("localhost:{}", server.local_addr().port().unwrap());
/// use barewire::net::ConnectOptions;
/// use barewire::tls::ClientContext;
///
/// let trusted = ClientOptions::new().ca(std::fs::read("fixtures/tls/ca.crt")?);
/// let context = ClientContext::new(&trusted)?; // once
/// for _ in 0..2 {
///     let socket = tls::connect_with(&address, &context, &ConnectOptions::default())?;
///     socket.write_all("hello")?;
///     socket.end()?;
///     let mut echoed = String::new();
///     std::io::Read::read_to_string(&mut &socket, &mut echoed)?;
///     assert_eq!(echoed, "hello");
/// }
/// let handshakes = context.handshakes();
/// assert_eq!((handshakes.full, handshakes.resumed), (1, 1)); // the second one resumed the session
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As for [`connect`].
pub fn connect_with(
    to: &str,
    context: &ClientContext,
    options: &ConnectOptions,
) -> Result<Socket, Error> {
    let secure = |below, deadline: Instant| {
        let tls = context.connect(below, host(to), deadline)?;
        Ok(tap_plaintext(Arc::new(tls)))
    };
    Ok(net::connect_through(to, options, secure)?)
}

/// The host that the certificate must be for.
fn host(to: &str) -> &str {
    match to.strip_prefix("unix:") {
        Some(_) => "localhost",
        None => to.rsplit_once(':').map_or(to, |(host, _)| host),
    }
}
