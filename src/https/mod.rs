//! HTTPS (the book's 7.5): HTTP and WebSocket over TLS. Only the certificate options differ.
//!
//! Whole programs: [`https_server`](crate::cookbook::https_server), [`chat`](crate::cookbook::chat).
//!
//! The client here is the one for all URLs: [`get`], [`request`] and [`Agent`] take `http:` URLs as well as
//! `https:` ones, follow redirects from the first to the second, and never back. ([`http::get`] has no TLS.)
//!
//! ```no_run
//! use barewire::https;
//!
//! let mut res = https::get("https://example.com/")?; // trusts the CAs that browsers trust
//! println!("{} {}", res.status(), String::from_utf8_lossy(&res.collect()?));
//! # Ok::<(), barewire::http::Error>(())
//! ```
//!
//! A server, and a client that trusts its CA:
//!
//! ```
//! use barewire::{http, https, tls};
//! use std::fs::read;
//!
//! fn handler(_req: http::Request, res: http::Response) -> http::Handled {
//!     res.write_head(200, [("Content-Type", "text/plain")])?.end("hello world\n")
//! }
//!
//! let options = tls::ServerOptions::new()
//!     .cert(read("fixtures/tls/server.crt")?)
//!     .key(read("fixtures/tls/server.key")?);
//! let server = https::create_server(&options, handler)?;
//! let handle = server.listen("127.0.0.1:0")?; // the book's port is 8000, ours 8443
//!
//! let trusted = tls::ClientOptions::new().ca(read("fixtures/tls/ca.crt")?);
//! let agent = https::Agent::new(&trusted)?;
//! let port = handle.local_addr().port().unwrap();
//! let mut res = agent.get(&format!("https://localhost:{port}/"))?;
//! assert_eq!(res.collect()?, b"hello world\n");
//!
//! // A client that does not trust that CA gets an error that says what to do.
//! let error = https::get(&format!("https://localhost:{port}/")).unwrap_err();
//! let code = https::tls_error(&error).unwrap().code();
//! assert_eq!(code.as_str(), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
//! # handle.shutdown(std::time::Duration::from_secs(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The problem
//! A machine between two programs can read what they say, change it, or answer in the other's name. TLS
//! prevents all three, and a program that speaks HTTP should not have to know: the same handler, agent and
//! WebSocket are to work over it, unchanged. What a program must add is *which CAs it trusts*: that is what
//! the certificate options are for.
//!
//! # The bytes on the wire
//! Through a proxy there are three protocols, each inside the one before it (`━` is sealed: the proxy
//! sees its length, and nothing else):
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
//! 1. A connection under TLS is a [`net::Stream`](crate::net::Stream), and the handshake is made before
//!    `http` or `websocket` gets it. So nothing of them is written twice.
//! 2. The certificate must be for the host of the URL, also behind a proxy.
//! 3. Only requests with the same TLS options share connections: a request without a client certificate
//!    must not go out on a connection that was made with one.
//! 4. No request leaves TLS by accident. What is called here takes `https:` and `http:` URLs and goes over TLS
//!    without one; it follows redirects from `http:` to `https:`, and refuses those that lead back. `https:`
//!    URLs are refused where there is no TLS.
//! 5. A response that ends with its connection is whole only if the peer has sent close_notify (RFC 9112
//!    §9.8). A FIN proves nothing: any machine on the way can send one.
//! 6. A client that comes without TLS gets a readable 400 with the URL that it meant; a client that speaks
//!    TLS to a plain port gets an error that says so.
//!
//! What the notes call the solution to a certificate that is refused, `rejectUnauthorized: false`,
//! switches off the second half of TLS and keeps the first: the connection is sealed, and the peer may be
//! anyone (E47). It is for a test; pass the CA with [`ca`](crate::tls::ClientOptions::ca).
//!
//! # Which file to read first
//! [`connector`](mod@connector) is the whole client: one step between connecting and asking.
//! [`server`] is the whole server: a handshake in front of an [`http::Server`]. [`agent`] is the book's
//! `https.Agent`: a pool and a TLS context. How the handshake works, and why reading and writing do not
//! wait for one another, is on the page of [`tls`].
//!
//! # To change X, touch Y
//!
//! | to change | touch |
//! |---|---|
//! | a setting of the HTTP server | nothing here: [`create_server_with`] takes an [`http::Server`] with its settings |
//! | a TLS option | nothing here: see the table of [`tls`] |
//! | the protocols that ALPN offers | [`alpn`]; `speaking` in `tls/client_context.rs` and `tls/server_context.rs` |
//! | which requests share a connection | `key` of the [`TlsConnector`]; `key` in `tls/client_context.rs` |
//! | the answer to a client without TLS | `plain` in [`server`] |
//!
//! A panic has the same effect as in [`http`] and [`tls`]: a handler's costs its request, a hook's its
//! connection.
//!
//! # Two exercises
//! 1. Write a program between client and server that passes everything on, and cuts the connection
//!    in the middle of a response without Content-Length. What does `http::get` return, and what
//!    `https::get`? Which line decides?
//! 2. Send two requests to a server through two agents that share a pool ([`Agent::of`]), of which one has a client certificate. How many
//!    connections are there, and what in their keys differs? What could go wrong if there were one?

mod agent;
mod alpn;
mod connector;
mod server;

pub use agent::Agent;
pub use connector::{TlsConnector, connector};
pub use server::{Server, create_server, create_server_with};

use crate::http::{self, ClientRequest, ClientResponse, RequestOptions};
use crate::tls;
use crate::websocket::{self, ConnectOptions, WebSocket};
use std::error::Error;
use std::io;

/// `GET https://localhost/` by the [global agent](Agent::global): the options to begin with.
///
/// ```no_run
/// use barewire::https;
///
/// let options = https::options().url("https://example.com/")?.max_redirects(5);
/// println!("{}", https::request(options)?.end("")?.status());
/// # Ok::<(), barewire::http::Error>(())
/// ```
pub fn options() -> RequestOptions {
    Agent::global().options()
}

/// A request over TLS, unless the options have an `http:` URL; nothing is sent yet. Options with a TLS
/// connector, as those of an agent, go to [`http::request`] unchanged. Others get the TLS of the
/// [global agent](Agent::global) and keep their pool.
///
/// That TLS connector is made in each call. So options that are used again should begin with [`options`].
/// A user's connector without a [key](http::Connector::key) should be put under TLS once, with
/// [`TlsConnector::over`]; otherwise no two requests share a connection.
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
/// Options of which no request can be made.
pub fn request(options: impl Into<RequestOptions>) -> Result<ClientRequest, http::Error> {
    http::request(Agent::global().over(options.into()))
}

/// `GET`s an `https:` URL, or an `http:` URL. A redirect is not followed, but returned: to follow some, use
/// [`request`] with [`max_redirects`](RequestOptions::max_redirects), or an agent
/// [`with_options`](Agent::with_options).
///
/// ```no_run
/// use barewire::https;
///
/// let mut res = https::get("https://example.com/")?;
/// println!("{}: {} bytes", res.status(), res.collect()?.len());
/// # Ok::<(), barewire::http::Error>(())
/// ```
///
/// # Errors
/// The URL is invalid, no server answers, or the handshake fails: see [`tls_error`].
pub fn get(url: &str) -> Result<ClientResponse, http::Error> {
    Agent::global().get(url)
}

/// Opens a WebSocket to `wss://host:port/path`, or without TLS to `ws://host:port/path`.
///
/// ```no_run
/// use barewire::https;
///
/// let mut ws = https::websocket("wss://example.com/chat")?;
/// ws.send("hello")?;
/// while let Some(message) = ws.receive()? {
///     println!("{:?}", message.text());
/// }
/// # Ok::<(), barewire::websocket::Error>(())
/// ```
///
/// # Errors
/// As [`websocket::connect`], and a handshake of TLS that fails: see [`tls_error`].
pub fn websocket(url: &str) -> Result<WebSocket, websocket::Error> {
    websocket_with(url, &ConnectOptions::new())
}

/// [`websocket`](fn@websocket) with options. To use other TLS options, pass the
/// [`options`](Agent::options) of an agent:
///
/// ```
/// use barewire::{http, https, tls, websocket};
/// use std::fs::read;
///
/// fn handler(req: http::Request, res: http::Response) -> http::Handled {
///     if let Some(mut ws) = websocket::accept(req, res)? {
///         ws.send("yakexi")?;
///         ws.receive()?;
///     }
///     Ok(())
/// }
/// let identity = tls::ServerOptions::new()
///     .cert(read("fixtures/tls/server.crt")?)
///     .key(read("fixtures/tls/server.key")?);
/// let server = https::create_server(&identity, handler)?;
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

/// The TLS error inside an error of `http`, `websocket` or `io`, if there is one.
///
/// ```
/// use barewire::{http, https, tls};
/// use std::fs::read;
///
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     res.end("hi")
/// }
/// let identity = tls::ServerOptions::new()
///     .cert(read("fixtures/tls/server.crt")?)
///     .key(read("fixtures/tls/server.key")?);
/// let server = https::create_server(&identity, handler)?.listen("127.0.0.1:0")?;
/// let url = format!("https://localhost:{}/", server.local_addr().port().unwrap());
///
/// let error = https::get(&url).unwrap_err(); // nobody has said that the CA of this server is trusted
/// let tls = https::tls_error(&error).expect("the handshake failed");
/// println!("{}: {tls}", tls.code());
/// assert_eq!(tls.code().as_str(), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn tls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e tls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // The source of an `io::Error` is the source of the error inside it, not that error.
        let inside = error.downcast_ref().and_then(io::Error::get_ref);
        next = match inside {
            Some(inside) => Some(inside),
            None => error.source(),
        };
    }
    None
}
