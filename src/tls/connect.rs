//! The book's `tls.connect`.

use super::client_context::ClientContext;
use super::error::Error;
use super::options::ClientOptions;
use crate::net::{self, ConnectOptions, Socket, Stream};
use std::sync::Arc;
use std::time::Instant;

/// Connects to `"localhost:8000"`, `"[::1]:8000"` or `"unix:/tmp/echo.sock"` and makes the TLS handshake.
/// (Over a Unix socket the certificate must be for `localhost`, or for
/// [`servername`](ClientOptions::servername).) [`Tls::of`](super::Tls::of) of [`Socket::stream`] has what
/// was negotiated.
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
/// # Errors
/// As for [`connect`].
pub fn connect_with(
    to: &str,
    context: &ClientContext,
    options: &ConnectOptions,
) -> Result<Socket, Error> {
    let secure = |below, deadline: Instant| {
        let tls = context.connect(below, host(to), deadline)?;
        Ok(Arc::new(tls) as Arc<dyn Stream>)
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
