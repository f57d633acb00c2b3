//! The book's `https.Agent`: a pool, and the TLS context of its connections.

use super::alpn::HTTP_1_1;
use super::connector::{TlsConnector, connector};
use crate::http::pool::Limits;
use crate::http::wire::Scheme;
use crate::http::{self, ClientRequest, ClientResponse, Error, RequestOptions};
use crate::tls::{ClientContext, ClientOptions};
use crate::websocket::{self, ConnectOptions, WebSocket};
use std::io;
use std::sync::{Arc, LazyLock};

/// The client of a program: one for `https:`, `http:`, `wss:` and `ws:` URLs. Its requests share its connections,
/// five for each origin, as with an [`http::Agent`]. Clones are the same agent.
///
/// ```
/// use barewire::{http, https, tls};
/// use std::fs::read;
/// use std::time::Duration;
///
/// let identity = tls::ServerOptions::new()
///     .cert(read("fixtures/tls/server.crt")?)
///     .key(read("fixtures/tls/server.key")?);
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     res.end("safe\n")
/// }
/// let secure = https::create_server(&identity, handler)?.listen("127.0.0.1:0")?;
/// let there = format!("https://localhost:{}/", secure.local_addr().port().unwrap());
/// let to = there.clone();
/// let moved = move |_req: http::Request, mut res: http::Response| -> http::Handled {
///     res.set_status(301)?.set_header("Location", &to)?;
///     res.end("")
/// };
/// let plain = http::create_server(moved).listen("127.0.0.1:0")?;
/// let here = format!("http://127.0.0.1:{}/", plain.local_addr().port().unwrap());
///
/// let trusted = tls::ClientOptions::new().ca(read("fixtures/tls/ca.crt")?); // or new(): what browsers trust
/// let agent = https::Agent::new(&trusted)?
///     .with_options(|options| options.max_redirects(5).timeout(Duration::from_secs(10)));
///
/// let mut res = agent.get(&here)?; // follows the redirect to https:
/// assert_eq!(res.url(), Some(&*there));
/// assert_eq!(res.collect()?, b"safe\n");
/// let req = agent.request(agent.options().url(&there)?.method("POST"))?; // with more options
/// assert_eq!(req.end("a body")?.status(), 200);
/// # secure.shutdown(Duration::from_secs(1));
/// # plain.shutdown(Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// | the URL | goes |
/// |---|---|
/// | `https:`, or none | over TLS |
/// | `http:` | without TLS |
/// | `http:`, redirected to `https:` | there, if [`max_redirects`](RequestOptions::max_redirects) allows it |
/// | `https:`, redirected to `http:` | nowhere: an error that names the URL, as with `curl --proto-redir =https` |
/// | `wss:`, `ws:` ([`websocket`](Self::websocket)) | over TLS; without |
///
/// As for every redirect to another origin, credentials stay behind. Connections of the two schemes are never shared.
/// A server that asks for a certificate of the client gets the one of the options:
///
/// ```no_run
/// use barewire::{https, tls};
///
/// let options = tls::ClientOptions::new()
///     .ca(std::fs::read("ca.crt")?)
///     .cert(std::fs::read("client.crt")?)
///     .key(std::fs::read("client.key")?);
/// let agent = https::Agent::new(&options)?;
///
/// let req = agent.request(agent.options().hostname("localhost").port(8000).path("/"))?;
/// let mut res = req.end("")?;
/// println!("statusCode: {}", res.status());
/// println!("headers: {:?}", res.headers());
/// println!("{}", String::from_utf8_lossy(&res.collect()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Agent {
    pool: http::Agent,
    context: ClientContext,
    base: RequestOptions,
}

impl Agent {
    /// An agent with a pool of its own.
    ///
    /// # Errors
    /// A certificate or a key that is invalid, or two that do not belong together: see
    /// [`super::tls_error`].
    pub fn new(options: &ClientOptions) -> Result<Agent, Error> {
        Agent::with_limits(options, Limits::default())
    }

    /// An agent whose pool has these limits.
    ///
    /// # Errors
    /// As [`new`](Self::new), and limits under which no request could be sent.
    pub fn with_limits(options: &ClientOptions, limits: Limits) -> Result<Agent, Error> {
        let context = ClientContext::speaking(Some(HTTP_1_1), options).map_err(io::Error::from)?;
        Ok(Agent::of(&context, &http::Agent::new(limits)?))
    }

    /// An agent whose connections are made with `context` and kept in `pool`. Agents may share a pool:
    /// connections of contexts with different options belong to different origins.
    ///
    /// ```
    /// use barewire::{http, https, tls};
    ///
    /// let pool = http::Agent::new(http::pool::Limits::default())?;
    /// let trusting = tls::ClientOptions::new().ca(std::fs::read("fixtures/tls/ca.crt")?);
    /// let inside = https::Agent::of(&tls::ClientContext::new(&trusting)?, &pool);
    /// let outside = https::Agent::of(&tls::ClientContext::new(&tls::ClientOptions::new())?, &pool);
    /// inside.pool().close(); // … closes the idle connections of both
    /// # drop(outside);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(context: &ClientContext, pool: &http::Agent) -> Agent {
        let base = RequestOptions::new().agent(pool);
        let plain = Arc::clone(base.connector());
        Agent {
            pool: pool.clone(),
            context: context.clone(),
            base: base
                .create_connection(connector(context))
                .also_connect_by(plain),
        }
    }

    /// What all requests of this agent begin with, changed by `change`: what [`get`](Self::get) sends,
    /// [`websocket`](Self::websocket) opens, and [`options`](Self::options) returns. A request of other options has
    /// nothing of it.
    ///
    /// ```
    /// use barewire::{https, tls};
    /// use std::time::Duration;
    ///
    /// let agent = https::Agent::new(&tls::ClientOptions::new())?.with_options(|options| {
    ///     options.max_redirects(5).timeout(Duration::from_secs(10)).header("User-Agent", "mine/1.0")
    /// });
    /// # let _ = agent;
    /// # Ok::<(), barewire::http::Error>(())
    /// ```
    pub fn with_options(mut self, change: impl FnOnce(RequestOptions) -> RequestOptions) -> Agent {
        self.base = change(self.base);
        self
    }

    /// The book's `https.globalAgent`: it trusts the CAs that browsers trust, and shares the pool of
    /// [`http::Agent::global`].
    pub fn global() -> &'static Agent {
        static GLOBAL: LazyLock<Agent> = LazyLock::new(|| {
            let context = ClientContext::speaking(Some(HTTP_1_1), &ClientOptions::new());
            let context = context.expect("the defaults are options");
            Agent::of(&context, http::Agent::global())
        });
        &GLOBAL
    }

    /// `GET https://localhost/` by this agent: the options to begin with. Requests that begin with them
    /// share its connections.
    pub fn options(&self) -> RequestOptions {
        self.base.clone()
    }

    /// A request by this agent; nothing is sent yet. Options with a TLS connector are used unchanged.
    /// Others get this agent's TLS on top of their connector, unless they have an `http:` URL, and its pool
    /// unless they have none.
    ///
    /// # Errors
    /// Options of which no request can be made.
    pub fn request(&self, options: impl Into<RequestOptions>) -> Result<ClientRequest, Error> {
        let options = options.into();
        let has_tls = options.scheme() == Scheme::Https || options.speaks_both_schemes();
        let is_ours = !has_tls && options.has_agent();
        let options = self.over(options);
        http::request(match is_ours {
            true => options.agent(&self.pool),
            false => options,
        })
    }

    /// `GET`s an `https:` URL, or an `http:` URL.
    ///
    /// # Errors
    /// The URL is invalid, no server answers, or the handshake fails: see [`super::tls_error`].
    pub fn get(&self, url: &str) -> Result<ClientResponse, Error> {
        self.request(self.options().url(url)?)?.end("")
    }

    /// Opens a WebSocket to a `wss:` URL, or a `ws:` URL. It has a connection of its own, which the pool does not
    /// count. With options of a WebSocket, see [`websocket_with`](super::websocket_with).
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
    /// let server = https::create_server(&identity, handler)?.listen("127.0.0.1:0")?;
    ///
    /// let agent = https::Agent::new(&tls::ClientOptions::new().ca(read("fixtures/tls/ca.crt")?))?;
    /// let port = server.local_addr().port().unwrap();
    /// let mut ws = agent.websocket(&format!("wss://localhost:{port}/"))?;
    /// assert_eq!(ws.receive()?.unwrap().text(), Some("yakexi"));
    /// # server.shutdown(std::time::Duration::from_secs(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`websocket::connect`], and a handshake of TLS that fails: see [`super::tls_error`].
    pub fn websocket(&self, url: &str) -> Result<WebSocket, websocket::Error> {
        let options = ConnectOptions::new().request_options(&self.base);
        websocket::connect_with(url, &options)
    }

    /// The pool: it counts the connections and closes them.
    pub fn pool(&self) -> &http::Agent {
        &self.pool
    }

    /// The context of the handshakes.
    pub fn context(&self) -> &ClientContext {
        &self.context
    }

    /// The same request, by a way that has TLS: over it, unless the options have an `http:` URL.
    pub(super) fn over(&self, options: RequestOptions) -> RequestOptions {
        if options.scheme() == Scheme::Https || options.speaks_both_schemes() {
            return options;
        }
        let plain = Arc::clone(options.connector());
        let secure = TlsConnector::new(&self.context, Arc::clone(&plain));
        match options.url_scheme() {
            Some(_) => options.also_connect_by(Arc::new(secure)),
            None => options.create_connection(secure).also_connect_by(plain),
        }
    }
}
