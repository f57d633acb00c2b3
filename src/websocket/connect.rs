//! The client's side of the opening handshake: a URL becomes a [`WebSocket`].

use super::config::Config;
use super::error::Error;
use super::socket::WebSocket;
use super::summary::{OnFinish, Summary};
use super::wire::{Opening, Role};
use crate::http::wire::Scheme;
use crate::http::{self, Connector, RequestOptions, Timeouts};
use crate::net::Observer;
use crate::random;
use crate::setters::setters;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

/// Opens a WebSocket to `ws://host:port/path`. For `wss:` URLs there is [`https::websocket`](fn@crate::https::websocket).
///
/// ```
/// # use barewire::{http, websocket};
/// # fn handler(req: http::Request, res: http::Response) -> http::Handled {
/// #     if let Some(ws) = websocket::accept(req, res)? {
/// #         ws.on_message(|socket, data| drop(socket.send(data)));
/// #     }
/// #     Ok(())
/// # }
/// # let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// # let url = format!("ws://{}/", server.local_addr());
/// let mut ws = websocket::connect(&url)?; // "ws://127.0.0.1:12010/updates", for example
/// ws.send("hello world!")?;
/// while let Some(message) = ws.receive()? {
///     println!("{message:?}");
/// #   break;
/// }
/// # drop(ws);
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The URL is not one of `ws:`, nobody answers, or the response does not open a WebSocket. [`Error`] has a table, and
/// [`is_worth_retrying`](Error::is_worth_retrying) says whether to try again.
pub fn connect(url: &str) -> Result<WebSocket, Error> {
    connect_with(url, &ConnectOptions::new())
}

/// [`connect`] with options: see [`ConnectOptions`].
///
/// ```
/// # use barewire::{http, websocket};
/// # fn handler(req: http::Request, res: http::Response) -> http::Handled {
/// #     if let Some(ws) = websocket::accept(req, res)? {
/// #         ws.on_message(|socket, data| drop(socket.send(data)));
/// #     }
/// #     Ok(())
/// # }
/// # let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// # let url = format!("ws://{}/", server.local_addr());
/// use barewire::websocket::ConnectOptions;
///
/// let options = ConnectOptions::new().header("Authorization", "Bearer 12345");
/// let ws = websocket::connect_with(&url, &options)?;
/// assert!(ws.close(1000, "")?.clean);
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`connect`]; or an option cannot be sent.
pub fn connect_with(url: &str, options: &ConnectOptions) -> Result<WebSocket, Error> {
    let opening = options.opening()?;
    let request = options.request(url, &opening)?;
    let answer = http::request(request).and_then(|request| request.end(""));
    let mut answer = answer.map_err(Error::of_handshake)?;
    if !answer.is_upgraded() {
        let refusal = answer.refusal("the server refused the WebSocket".to_owned());
        return Err(Error::Refused(Box::new(refusal)));
    }
    let agreed = opening.check(&answer.head())?;
    let (protocol, deflate) = (agreed.protocol.map(str::to_owned), agreed.deflate);
    let config = Arc::new(options.config.clone());
    let (upgraded, on_finish) = (answer.upgrade()?, options.on_finish.as_ref());
    WebSocket::open(upgraded, Role::Client, config, on_finish, protocol, deflate)
}

/// Options of [`connect_with`]: what the handshake says, how long it may take, and the limits of the connection.
/// (How the TCP connection below is made is decided by the
/// [request options](Self::request_options); [`net::ConnectOptions`](crate::net::ConnectOptions) are those of a plain
/// TCP socket.) Over TLS, with a CA of your own, they have an example at
/// [`https::websocket_with`](crate::https::websocket_with).
///
/// ```
/// use barewire::http::RequestOptions;
/// use barewire::websocket::{Config, ConnectOptions};
/// use std::time::Duration;
///
/// let options = ConnectOptions::new()
///     .protocols(["chat.v2", "chat.v1"])
///     .header("Cookie", "session=12345")
///     .handshake_timeout(Duration::from_secs(3))
///     .config(Config { heartbeat_interval: Some(Duration::from_secs(10)), ..Config::default() });
///
/// // Through a proxy, or to a Unix socket:
/// let options = options.request_options(&RequestOptions::new().socket_path("/run/chat.sock"));
/// # let _ = options;
/// ```
#[derive(Clone)]
pub struct ConnectOptions {
    protocols: Vec<String>,
    headers: Vec<(String, String)>,
    timeout: Duration,
    base: RequestOptions,
    config: Config,
    on_finish: Option<Arc<OnFinish>>,
}

impl Default for ConnectOptions {
    fn default() -> ConnectOptions {
        ConnectOptions::new()
    }
}

impl ConnectOptions {
    /// No subprotocol, 10 s for the handshake.
    pub fn new() -> ConnectOptions {
        ConnectOptions {
            protocols: Vec::new(),
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            base: RequestOptions::new(),
            config: Config::default(),
            on_finish: None,
        }
    }

    /// Offers subprotocols, the preferred one first.
    pub fn protocols<S: Into<String>>(
        mut self,
        ours: impl IntoIterator<Item = S>,
    ) -> ConnectOptions {
        self.protocols = ours.into_iter().map(Into::into).collect();
        self
    }

    /// Sends the origin of the page that opens the connection, as a browser does.
    pub fn origin(self, origin: &str) -> ConnectOptions {
        self.header("Origin", origin)
    }

    setters! {
        /// Adds a field to the request: `Cookie`, `Authorization` … The handshake makes `Connection`, `Upgrade`
        /// and `Sec-WebSocket-*` itself, and has no content: a field of that kind is an error of
        /// [`connect_with`].
        pub fn header(self, name: &str, value: &str) =>
            self.headers.push((name.to_owned(), value.to_owned()));

        /// The longest time for connecting and the handshake together. 10 s.
        pub fn handshake_timeout(self, limit: Duration) => self.timeout = limit;

        /// How to connect: see [`Connector`]. If it speaks TLS, the URL must be one of `wss:`, else of `ws:`. (The
        /// [`request_options`](Self::request_options) of an [`https::Agent`](crate::https::Agent) take both.)
        pub fn create_connection(self, connector: impl Connector + 'static) =>
            self.base = self.base.create_connection(connector);

        /// Calls `observer` with all that passes, from the handshake on: see [`Observer`]. It belongs to the
        /// [`request_options`](Self::request_options), and is set behind them.
        pub fn tap(self, observer: impl Observer) => self.base = self.base.tap(observer);

        /// Options of the request that carries the handshake: a proxy, a socket path, limits of the response. A
        /// proxy is asked for a tunnel to the server ([`Proxy::tunnel`](http::Proxy::tunnel)).
        pub fn request_options(self, options: &RequestOptions) => self.base = options.clone();

        /// Limits and deadlines of the connection.
        pub fn config(self, config: Config) => self.config = config;

        /// As [`Acceptor::on_finish`](super::Acceptor::on_finish), for the connections of these options.
        ///
        /// ```
        /// use barewire::websocket::ConnectOptions;
        ///
        /// let options = ConnectOptions::new().on_finish(|summary| eprintln!("{summary}"));
        /// # let _ = options;
        /// ```
        pub fn on_finish(self, on_finish: impl Fn(&Summary<'_>) + Send + Sync + 'static) =>
            self.on_finish = Some(Arc::new(on_finish));
    }

    /// What [`request_options`](Self::request_options) set.
    pub(crate) fn base(&self) -> &RequestOptions {
        &self.base
    }

    fn opening(&self) -> Result<Opening, Error> {
        let mut nonce = [0; 16];
        random::fill(&mut nonce);
        let mut opening = Opening::new(nonce);
        for protocol in &self.protocols {
            opening = opening.protocol(protocol)?;
        }
        if let Some(deflate) = &self.config.deflate {
            opening = opening.deflate(deflate);
        }
        Ok(opening)
    }

    fn request(&self, url: &str, opening: &Opening) -> Result<RequestOptions, Error> {
        let timeouts = Timeouts {
            total: Some(self.timeout),
            connect: self.timeout,
            ..Timeouts::default()
        };
        // RFC 6455 §4.1: "If the client is configured to use a proxy when using the WebSocket Protocol to
        // connect to host /host/ and port /port/, then the client SHOULD connect to that proxy and ask it to
        // open a TCP connection to the host given by /host/ and the port given by /port/."
        let base = self.base.clone().tunnel();
        let base = base.method("GET").no_agent().max_redirects(0);
        let url = http_url(url, &base)?;
        let request = base.timeouts(timeouts).url(&url);
        let request = request.map_err(Error::of_handshake)?;
        let headers = self.headers.iter();
        let mut request = headers.fold(request, |request, (name, value)| {
            request.append_header(name, value)
        });
        opening.ask(request.fields_mut())?;
        Ok(request)
    }
}

/// The `http:` or `https:` URL of the same resource, if these options can go there.
// RFC 6455 §3: "The port component is OPTIONAL; the default for "ws" is port 80, while the default
// for "wss" is port 443."
fn http_url(url: &str, options: &RequestOptions) -> Result<String, Error> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    let scheme = match (is("ws"), is("wss")) {
        (true, _) => Scheme::Http,
        (_, true) => Scheme::Https,
        _ => {
            let text = format!("{url} is not a ws: or wss: URL (RFC 6455 §3)");
            return Err(invalid(text));
        }
    };
    if scheme != options.scheme() && !options.speaks_both_schemes() {
        return Err(invalid(match scheme {
            Scheme::Https => {
                format!("{url} needs TLS, and this call opens ws: URLs only: use https::websocket")
            }
            Scheme::Http => format!(
                "{url} has no TLS, and these options are for wss: URLs only: use websocket::connect"
            ),
        }));
    }
    // RFC 6455 §3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST
    // NOT be used on these URIs."
    if rest.contains('#') {
        return Err(invalid(format!("{url} has a fragment (RFC 6455 §3)")));
    }
    Ok(format!("{}://{rest}", scheme.as_str()))
}

fn invalid(text: String) -> Error {
    io::Error::new(ErrorKind::InvalidInput, text).into()
}

impl std::fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("protocols", &self.protocols)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}
