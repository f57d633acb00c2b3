//! HTTPS (the book's 7.5): HTTP and WebSocket over TLS. Only the certificate options differ.
//!
//! ```
//! use barewire::{https, tls};
//! use std::fs::read;
//!
//! let options = tls::ServerOptions::new()
//!     .cert(read("fixtures/tls/server.crt")?)
//!     .key(read("fixtures/tls/server.key")?);
//! let server = https::create_server(&options, |_req, res| {
//!     res.write_head(200, [("Content-Type", "text/plain")])?.end("hello world\n")
//! })?;
//! let handle = server.listen("127.0.0.1:0")?; // the book's port is 8000, ours 8443
//!
//! let trusted = tls::ClientOptions::new().ca(read("fixtures/tls/ca.crt")?);
//! let agent = https::Agent::new(&trusted)?;
//! let port = handle.local_addr().port().unwrap();
//! let mut res = agent.get(&format!("https://localhost:{port}/"))?;
//! assert_eq!(res.collect()?, b"hello world\n");
//!
//! // Whoever does not trust that authority is told why, and what to do.
//! let error = https::get(&format!("https://localhost:{port}/")).unwrap_err();
//! let code = https::tls_error(&error).unwrap().code();
//! assert_eq!(code.as_str(), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
//! # handle.shutdown(std::time::Duration::from_secs(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The problem
//! Whatever lies between two programs can read what they say, change it, or answer in the other's
//! name. TLS ends all three, and a program that speaks HTTP should not have to know: the same handler,
//! agent and WebSocket are to serve over it, unchanged. What cannot stay the same is *whom* to believe,
//! which is what certificates are for.
//!
//! # The bytes on the wire
//! Through a proxy there are three protocols, each inside the one before it (`━` is sealed: the proxy
//! sees how much there is, and nothing else):
//!
//! ```text
//!   client                                    proxy                            server
//!   SYN ◄───────────────────────────────────► SYN
//!   CONNECT example.com:443 HTTP/1.1 ───────►
//!   Host: example.com:443                     SYN ◄──────────────────────────► SYN
//!   ◄─────────────────── HTTP/1.1 200 OK
//!   16 03 01 … ClientHello: "example.com", "http/1.1" ───────────────────────►
//!   ◄───────────────────────────── 16 03 03 … ServerHello ━ certificate ━ Finished
//!   17 03 03 … ━ Finished ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━►
//!   17 03 03 … ━ GET / HTTP/1.1 … ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━►
//!   ◄━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 17 03 03 … ━ HTTP/1.1 200 OK … hello world\n
//!   ◄━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 17 03 03 … ━ close_notify, then the FIN
//! ```
//!
//! # The rules
//! 1. A connection under TLS is a [`net::Stream`](crate::net::Stream), and a handshake is all that
//!    happens before it is handed on. So nothing of `http` or `websocket` is written twice.
//! 2. The name in the URL is the name that the certificate must have, also behind a proxy.
//! 3. Connections are shared only by requests whose TLS options are the same: who has shown a client
//!    certificate is not taken for who has not.
//! 4. Nobody leaves TLS by accident: `http:` URLs are refused here, redirects to them too, and `https:`
//!    is refused where there is no TLS.
//! 5. An answer that ends with its connection is whole only if the peer *said* that it is over
//!    (close_notify, RFC 9112 §9.8). A FIN is no such word: anyone can send one.
//! 6. Whoever comes without TLS gets a 400 that he can read, with the URL that he meant; and whoever
//!    brings TLS to a plain port is told so there.
//!
//! What the notes call the solution to a certificate that is not believed, `rejectUnauthorized: false`,
//! switches off the second half of TLS and keeps the first: sealed, for nobody knows whom (E47). It is
//! for a test; pass the authority with [`ca`](crate::tls::ClientOptions::ca).
//!
//! # Where to begin
//! `connector.rs` is the whole client: one step between connecting and asking. `server.rs` is the whole
//! server: a handshake in front of an [`http::Server`]. `agent.rs` keeps the two halves of the book's
//! `https.Agent` together. How the handshake works, and why reading and writing do not wait for one
//! another, is [`tls`]'s.
//!
//! # Two exercises
//! 1. Let a program stand between client and server that passes everything on, and cuts the connection
//!    after half of an answer without Content-Length. What does `http::get` say of it, and what
//!    `https::get`? Which line decides?
//! 2. Ask the same server twice by two agents of which one has a client certificate. How many
//!    connections are there, and what in their keys differs? What could go wrong if there were one?

mod agent;
mod connector;
mod server;

pub use agent::Agent;
pub use connector::{Connector, connector};
pub use server::{Server, create_server, create_server_with};

use crate::http::{self, ClientRequest, ClientResponse, RequestOptions};
use crate::tls;
use crate::websocket::{self, ConnectOptions, WebSocket};
use std::error::Error;
use std::io;

/// What ALPN calls the protocol that is spoken here (RFC 7301 §6).
const HTTP_1_1: &str = "http/1.1";
const HTTP_1_0: &str = "http/1.0";

/// `GET https://localhost/` by the [global agent](Agent::global): the options to begin with.
pub fn options() -> RequestOptions {
    Agent::global().options()
}

/// A request over TLS; nothing is sent yet. With options that speak TLS already, as those of an agent
/// do, it is [`http::request`]; others get the TLS of the [global agent](Agent::global) and keep their
/// pool.
///
/// That is made anew for each call. So options that are used again better begin with [`options`]; and
/// a connector of one's own that gives no [key](http::Connector::key) better goes under TLS once, by
/// [`Connector::over`], or no two requests share a connection.
///
/// ```no_run
/// use barewire::https;
///
/// let req = https::request(https::options().url("https://example.com/")?)?;
/// let mut res = req.end("")?;
/// println!("STATUS: {}", res.status());
/// println!("{}", String::from_utf8_lossy(&res.collect()?));
/// # Ok::<(), barewire::http::Error>(())
/// ```
///
/// # Errors
/// Options that cannot be sent.
pub fn request(options: impl Into<RequestOptions>) -> Result<ClientRequest, http::Error> {
    http::request(Agent::global().over(options.into()))
}

/// `GET`s an `https:` URL.
///
/// # Errors
/// It is none, nobody answers there, or the handshake fails: see [`tls_error`].
pub fn get(url: &str) -> Result<ClientResponse, http::Error> {
    Agent::global().get(url)
}

/// Opens a WebSocket to `wss://host:port/path`.
///
/// # Errors
/// As [`websocket::connect`], and a handshake of TLS that fails: see [`tls_error`].
pub fn websocket(url: &str) -> Result<WebSocket, websocket::Error> {
    websocket_with(url, &ConnectOptions::new())
}

/// [`websocket`](fn@websocket) with options. For TLS of one's own, give it the
/// [`options`](Agent::options) of an agent:
///
/// ```
/// use barewire::{http, https, tls, websocket};
/// use std::fs::read;
///
/// let identity = tls::ServerOptions::new()
///     .cert(read("fixtures/tls/server.crt")?)
///     .key(read("fixtures/tls/server.key")?);
/// let server = https::create_server(&identity, |req, res| {
///     if let Some(mut ws) = websocket::accept(req, res)? {
///         ws.send("yakexi")?;
///         ws.receive()?;
///     }
///     Ok::<(), http::Failure>(())
/// })?;
/// let handle = server.listen("127.0.0.1:0")?;
///
/// let trusted = tls::ClientOptions::new().ca(read("fixtures/tls/ca.crt")?);
/// let agent = https::Agent::new(&trusted)?;
/// let options = websocket::ConnectOptions::new().request_options(&agent.options());
/// let port = handle.local_addr().port().unwrap();
/// let mut ws = https::websocket_with(&format!("wss://localhost:{port}/"), &options)?;
/// assert_eq!(ws.receive()?.unwrap().text(), Some("yakexi"));
/// assert!(ws.close(1000, "bye")?.clean);
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`websocket`](fn@websocket).
pub fn websocket_with(url: &str, options: &ConnectOptions) -> Result<WebSocket, websocket::Error> {
    let over_tls = Agent::global().over(options.base().clone());
    websocket::connect_with(url, &options.clone().request_options(&over_tls))
}

/// What TLS had against a connection, if an error of `http`, `websocket` or `io` is about that.
///
/// ```
/// # let e: Box<dyn std::error::Error> = "other".into();
/// if let Some(error) = barewire::https::tls_error(&*e) {
///     println!("{}: {error}", error.code()); // UNABLE_TO_VERIFY_LEAF_SIGNATURE: …
/// }
/// ```
pub fn tls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e tls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An `io::Error` names as its source what stands behind the error inside it.
        let inside = error.downcast_ref().and_then(io::Error::get_ref);
        next = match inside {
            Some(inside) => Some(inside),
            None => error.source(),
        };
    }
    None
}
