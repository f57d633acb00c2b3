//! What a request is to be: the book's options.

mod settings;

pub(super) use settings::Prepared;

use super::agent::Agent;
use super::deadlines::Timeouts;
use super::origin::{Connector, Origin};
use super::proxy::Proxy;
use super::summary::{Asked, ClientSummary, Finishing};
use crate::http::error::Error;
use crate::http::field_values::{self, FieldValues};
use crate::http::wire::{FieldList, Known, Limits, Scheme, Uri, Version};
use crate::net::{Family, Observer};
use crate::setters::setters;
use settings::{Credentials, Settings};
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// The options of [`request`](super::request), with the book's names.
///
/// | option of the book | here | default |
/// |---|---|---|
/// | `host`, `hostname` | [`host`](Self::host), [`hostname`](Self::hostname), which wins | `localhost` |
/// | `port` | [`port`](Self::port) | 80, or 443 over TLS |
/// | `localAddress` | [`local_address`](Self::local_address), needs `create_connection` | |
/// | `socketPath` | [`socket_path`](Self::socket_path) | |
/// | `method` | [`method`](Self::method) | `GET` |
/// | `path` | [`path`](Self::path), with the query | `/` |
/// | `headers` | [`header`](Self::header) | |
/// | `auth` | [`auth`](Self::auth) | |
/// | `timeout` | [`timeout`](Self::timeout), [`timeouts`](Self::timeouts) | see [`Timeouts`] |
/// | `maxHeaderSize` | [`max_header_size`](Self::max_header_size) | 64 KiB |
/// | `family` | [`family`](Self::family) | both |
/// | `setHost` | [`set_host`](Self::set_host) | true |
/// | `agent` | [`agent`](Self::agent), [`no_agent`](Self::no_agent) | the global one |
/// | `createConnection` | [`create_connection`](Self::create_connection) | TCP, or the socket path |
///
/// ```
/// use barewire::http::{self, RequestOptions};
/// use std::time::Duration;
///
/// fn handler(mut req: http::Request, res: http::Response) -> http::Handled {
///     let answer = format!("{} {} {}", req.method(), req.url(), req.collect_text()?);
///     res.end(answer)
/// }
/// let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// let site = format!("http://127.0.0.1:{}", server.local_addr().port().unwrap());
///
/// let api = RequestOptions::new()
///     .url(&site)?
///     .header("Content-Type", "application/json")
///     .timeout(Duration::from_secs(10))
///     .max_redirects(5);
/// let post = api.clone().method("POST").path("/items?dry=1");
/// let mut res = http::request(post)?.end(r#"{"name":"a"}"#)?;
/// assert_eq!(res.collect()?, br#"POST /items?dry=1 {"name":"a"}"#);
/// assert_eq!(http::request(&api)?.end("")?.collect()?, b"GET / "); // they can be used again
/// # server.shutdown(Duration::from_secs(1));
/// # Ok::<(), http::Error>(())
/// ```
///
/// Clones share everything until one is changed, so options that are used again cost nothing. A wrong
/// option is reported by [`request`](super::request).
#[derive(Clone, Default)]
pub struct RequestOptions {
    settings: Arc<Settings>,
}

impl RequestOptions {
    /// `GET /` to `localhost`, port 80.
    pub fn new() -> RequestOptions {
        RequestOptions::default()
    }

    /// The settings, to change one: what was prepared from them is dropped.
    fn change(&mut self) -> &mut Settings {
        let settings = Arc::make_mut(&mut self.settings);
        settings.prepared = OnceLock::new();
        settings
    }

    setters! {
        /// The server: a name, an address, or `name:port`.
        pub fn host(self, host: &str) => self.change().host = host.to_owned();

        /// The server, and nothing else; wins over [`host`](Self::host).
        pub fn hostname(self, name: &str) => self.change().hostname = Some(name.to_owned());

        /// The port, if it is not that of the scheme.
        pub fn port(self, port: u16) => self.change().port = Some(port);

        /// Only addresses of this kind.
        pub fn family(self, family: Family) => self.change().family = Some(family);

        /// The local address to connect from. The standard library cannot do it: without
        /// [`create_connection`](Self::create_connection) the request fails with an error that says so.
        pub fn local_address(self, address: IpAddr) => self.change().local_address = Some(address);

        /// A Unix domain socket to connect to, also where a [`proxy`](Self::proxy) is set: a proxy could connect to
        /// host and port only, and would get a request that is meant for this machine. `host` and `port` then stand
        /// in the Host field only.
        pub fn socket_path(self, path: impl Into<PathBuf>) =>
            self.change().socket_path = Some(path.into());

        /// The method, case-sensitive.
        pub fn method(self, method: &str) => self.change().method = method.to_owned();

        /// The path with its query; `host:port` for CONNECT, `*` for OPTIONS.
        pub fn path(self, path: &str) => self.change().set_path(path, None);
    }

    /// A field; replaces those of this name. The value is text, bytes, a number or several texts: see
    /// [`FieldValues`].
    pub fn header(mut self, name: &str, values: impl FieldValues) -> RequestOptions {
        let it = self.change();
        let set = field_values::set(&mut it.fields, name, &values);
        it.was_wrong(set);
        self
    }

    /// A field, after those of this name.
    pub fn append_header(mut self, name: &str, values: impl FieldValues) -> RequestOptions {
        let it = self.change();
        let appended = field_values::append(&mut it.fields, name, &values);
        it.was_wrong(appended);
        self
    }

    setters! {
        /// Basic authentication (RFC 7617), as `user:password`. It protects nothing on a plain
        /// connection.
        pub fn auth(self, user_and_password: &str) =>
            self.change().auth = Some(Credentials::given(user_and_password));

        /// Whether a Host field is made from `host` and `port`, if there is none. A request of HTTP/1.1 cannot be
        /// sent without one (RFC 9112 §3.2).
        pub fn set_host(self, on: bool) => self.change().set_host = on;

        /// Whether to ask for gzip and decompress the response. Off by default.
        ///
        /// The request gets `Accept-Encoding: gzip`, unless the options have a field of that name, or a `Range`. If the
        /// response has `Content-Encoding: gzip`, all ways of reading its body return what comes out, piece by piece,
        /// and so does the limit of [`collect`](super::ClientResponse::collect) count: a body of 10 MB that stands for
        /// 10 GB is refused at 10 MiB. Deadlines and the pace count what comes over the connection.
        ///
        /// | the response | its body |
        /// |---|---|
        /// | `Content-Encoding: gzip`, also several times (at most four) | decompressed: [`is_decompressed`](super::ClientResponse::is_decompressed) |
        /// | another coding, which was not asked for | an error of each read: [`Rule::ContentCodingUnknown`](crate::http::wire::Rule::ContentCodingUnknown) |
        /// | the stream is damaged, or ends before its last block and its checksum | an error of the read: [`Error::Content`] |
        /// | no `Content-Encoding`; a 206, which is a part of a stream; no content (HEAD, 204, 304) | as it came |
        ///
        /// The fields stay as they came: `Content-Encoding`, `Content-Length` and `ETag` are those of the response in
        /// gzip. A proxy that forwards them does not set this.
        ///
        /// ```
        /// use barewire::http::{self, RequestOptions};
        ///
        /// fn handler(req: http::Request, mut res: http::Response) -> http::Handled {
        ///     res.compress(&req)?;
        ///     res.end("hello ".repeat(1000))
        /// }
        /// let server = http::create_server(handler).listen("127.0.0.1:0")?;
        /// let url = format!("http://{}/", server.local_addr());
        ///
        /// let options = RequestOptions::new().url(&url)?.decompress(true);
        /// let mut res = http::request(options)?.end("")?;
        /// assert!(res.is_decompressed());
        /// assert_eq!(res.header("Content-Encoding"), Some("gzip"));
        /// assert_eq!(res.collect_text()?, "hello ".repeat(1000));
        /// # server.shutdown(std::time::Duration::from_secs(1));
        /// # Ok::<(), http::Error>(())
        /// ```
        pub fn decompress(self, on: bool) => self.change().decompress = on;

        /// Sends HTTP/1.0: one request a connection, no chunked coding.
        pub fn http_1_0(self) => self.change().version = Version::Http10;

        /// One deadline, from the call of [`request`](super::request) to the last byte of the body.
        pub fn timeout(self, total: Duration) => self.change().timeouts.total = Some(total);

        /// All deadlines.
        pub fn timeouts(self, timeouts: Timeouts) => self.change().timeouts = timeouts;

        /// How many bytes the fields of a response may be.
        pub fn max_header_size(self, bytes: usize) =>
            self.change().limits.field_section_bytes = bytes;

        /// All limits of a response.
        pub fn limits(self, limits: Limits) => self.change().limits = limits;

        /// Follows at most `most` redirects (RFC 9110 §15.4). Without this option, none. One from `http:` to
        /// `https:` needs TLS, as [`https::Agent`](crate::https::Agent) has it; one from `https:` to `http:`
        /// is an error. A redirect that cannot be followed is the response itself: one to another scheme, such as
        /// `ftp:`, and a 307 or 308, which asks for the same body once more, if that was written in pieces
        /// ([`ClientRequest::write`](super::ClientRequest::write)) and is gone.
        pub fn max_redirects(self, most: u32) => self.change().max_redirects = most;

        /// The agent whose sockets are used.
        pub fn agent(self, agent: &Agent) => self.change().agent = Some(agent.clone());

        /// Calls `observer` with all that passes over the connections, to a proxy, too: see [`Observer`]. A request uses
        /// a connection again only if it was made with the very same tap; so set it once, and clone the options.
        ///
        /// ```
        /// use barewire::http::{self, RequestOptions};
        /// use barewire::net::{TapEvent, Tapped};
        ///
        /// let server = http::create_server(|_req, res| res.end("hello\n")).listen("127.0.0.1:0")?;
        /// let options = RequestOptions::new()
        ///     .url(&format!("http://{}/", server.local_addr()))?
        ///     .tap(|_: &Tapped, event: TapEvent<'_>| eprintln!("{event:?}"));
        /// for _ in 0..2 {
        ///     http::request(&options)?.end("")?.collect()?; // over the same connection
        /// }
        /// # server.shutdown(std::time::Duration::from_secs(1));
        /// # Ok::<(), http::Error>(())
        /// ```
        pub fn tap(self, observer: impl Observer) => self.change().tap = Some(Arc::new(observer));

        /// Calls `on_finish` once for each request, with its [`ClientSummary`], when it is over: the last byte of the
        /// response has come, the connection belongs to another protocol, the request has failed, or its caller has
        /// dropped it. A redirect that is followed is a request of its own. A request that is sent once more after the
        /// loss of its connection is one. A wrong option and a request that never began are none, and what opens a
        /// tunnel through a proxy is none.
        ///
        /// It runs on the thread that finds the end: inside of `end` for a response that came whole with its head, inside of
        /// a read or the drop of the response for another one. The connection has gone back or is closed, and no lock is
        /// held, so it may send requests. If it panics, the request goes on. It costs one look at the clock and no
        /// allocation; a request without it does neither.
        ///
        /// ```
        /// use barewire::http::RequestOptions;
        ///
        /// let options = RequestOptions::new().on_finish(|summary| match summary.error() {
        ///     Some(error) => eprintln!("{} failed: {error}", summary.method()),
        ///     None => eprintln!("{summary}"),
        /// });
        /// # let _ = options;
        /// ```
        pub fn on_finish(self, on_finish: impl Fn(&ClientSummary<'_>) + Send + Sync + 'static) =>
            self.change().on_finish = Some(Arc::new(on_finish));

        /// The book's `agent: false`: a connection of its own, closed after the response.
        pub fn no_agent(self) => self.change().agent = None;
    }

    /// How to connect. It replaces what [`also_create_connection`](Self::also_create_connection) has set, too.
    pub fn create_connection(mut self, connector: impl Connector + 'static) -> RequestOptions {
        let it = self.change();
        it.connector = Arc::new(connector);
        let proxy = it.proxy.as_ref();
        it.through_proxy = proxy.and_then(|proxy| proxy.connector(&it.connector));
        it.other = None;
        self
    }

    /// How to connect for URLs of the other scheme. Options with connectors of both schemes take `http:` and
    /// `https:` URLs, and follow redirects from `http:` to `https:`.
    pub fn also_create_connection(self, connector: impl Connector + 'static) -> RequestOptions {
        self.also_connect_by(Arc::new(connector))
    }

    /// Sends requests to a proxy: in absolute-form, or through a tunnel. A request in absolute-form that has an
    /// Upgrade field offers the upgrade to the proxy itself: to offer it to the server, use
    /// [`Proxy::tunnel`].
    pub fn proxy(mut self, proxy: &Proxy) -> RequestOptions {
        let it = self.change();
        it.through_proxy = proxy.connector(&it.connector);
        if let Some((connector, through_proxy)) = &mut it.other {
            *through_proxy = proxy.connector(connector);
        }
        it.proxy = Some(proxy.clone());
        self
    }

    /// Sets host, port and path from a URL, and auth if the URL has a user. A second URL replaces every part of
    /// the first one, its user and password included. The method and the fields stay, and so does what
    /// [`auth`](Self::auth) has set.
    ///
    /// # Errors
    /// It is no URL, or its scheme is not that of a connector: an `https:` URL needs the TLS of
    /// `https::request`, and an `http:` URL must not be requested over TLS.
    pub fn url(mut self, url: &str) -> Result<RequestOptions, Error> {
        let uri = settings::parse(url)?;
        let it = self.change();
        it.speak_scheme_of(&uri)?;
        it.set_uri(&uri);
        Ok(self)
    }

    /// Where the request goes: what [`Agent::gauges`] counts by.
    ///
    /// # Errors
    /// A wrong option.
    pub fn origin(&self) -> Result<Origin, Error> {
        Ok(self.settings.prepared()?.origin.clone())
    }
}

/// What others of this crate read.
impl RequestOptions {
    /// What the response to a request of these options answers.
    pub(super) fn asked(&self) -> Arc<dyn Asked> {
        Arc::clone(&self.settings) as Arc<dyn Asked>
    }

    /// For a request that began at this time, if its end is to be reported.
    pub(super) fn finishing(&self, began: Instant) -> Option<Finishing> {
        self.settings.on_finish.as_ref().map(|_| Finishing {
            asked: self.asked(),
            began,
            stream: None,
            is_retried: false,
        })
    }

    pub(super) fn into_asked(self) -> Arc<dyn Asked> {
        self.settings
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What was made of the settings by [`Settings::prepared`].
    pub(super) fn prepared(&self) -> &Prepared {
        let prepared = self.settings.prepared.get();
        prepared.expect("the request was made with it")
    }

    /// Goes through the proxy, if there is one, by a tunnel.
    pub(crate) fn tunnel(self) -> RequestOptions {
        match self.settings.proxy.clone() {
            Some(proxy) => self.proxy(&proxy.tunnel()),
            None => self,
        }
    }

    /// The fields that are set.
    pub(crate) fn fields_mut(&mut self) -> &mut FieldList {
        &mut self.change().fields
    }

    pub(crate) fn has_agent(&self) -> bool {
        self.settings.agent.is_some()
    }

    /// The scheme that the connector speaks.
    pub(crate) fn scheme(&self) -> Scheme {
        self.settings.scheme()
    }

    /// The scheme of the URL, if one was given: that of the connector.
    pub(crate) fn url_scheme(&self) -> Option<Scheme> {
        self.settings.url_scheme
    }

    /// The connector for URLs of the other scheme.
    pub(crate) fn also_connect_by(mut self, connector: Arc<dyn Connector>) -> RequestOptions {
        let it = self.change();
        let proxy = it.proxy.as_ref();
        let through_proxy = proxy.and_then(|proxy| proxy.connector(&connector));
        it.other = Some((connector, through_proxy));
        self
    }

    /// Whether there is a connector for each scheme.
    pub(crate) fn speaks_both_schemes(&self) -> bool {
        let scheme = self.scheme();
        let other = self.settings.other.as_ref();
        other.is_some_and(|(connector, _)| connector.scheme() != scheme)
    }

    /// The way to the server, without the proxy.
    pub(crate) fn connector(&self) -> &Arc<dyn Connector> {
        &self.settings.connector
    }

    /// The same options for another URL, method and set of fields.
    pub(super) fn redirected(
        &self,
        uri: &Uri,
        method: &str,
        fields: FieldList,
    ) -> Result<RequestOptions, Error> {
        let not_followed = |why: &dyn fmt::Display| {
            Error::invalid_input(format!("the redirect was not followed: {why}"))
        };
        if (self.scheme(), uri.scheme()) == (Scheme::Https, Scheme::Http) {
            let why = format!("{uri} leaves TLS; to go there, request it in a call of its own");
            return Err(not_followed(&why));
        }
        let before = self.settings.prepared()?;
        let mut redirected = self.clone();
        let it = redirected.change();
        // RFC 9110 §4.2.2: "Resources made available via the "https" scheme have no shared identity
        // with the "http" scheme."
        it.speak_scheme_of(uri).map_err(|e| not_followed(&e))?;
        it.method = method.to_owned();
        it.fields = fields;
        it.auth = None; // it is among the fields, if it may be sent there
        if is_at(&before.origin, uri) {
            // The host stays as the caller has written it: the zone of an address is in no URL.
            it.set_path(&uri.path_and_query(), uri.fragment());
            return Ok(redirected);
        }
        it.set_uri(uri);
        // The caller's was for another origin. A request of HTTP/1.0 that had none goes on without.
        let had_host = before.fields.view().has(Known::Host);
        it.set_host |= had_host && !it.fields.view().has(Known::Host);
        // RFC 9110 §11.7.2: "the Proxy-Authorization header field applies only to the next inbound proxy
        // that demanded authentication using the Proxy-Authenticate header field."
        it.fields.remove("Proxy-Authorization");
        Ok(redirected)
    }
}

/// Whether this URI leads to this origin, where the request was sent.
fn is_at(origin: &Origin, uri: &Uri) -> bool {
    let same_place = (uri.host(), uri.port()) == (origin.bracketed_host().as_str(), origin.port());
    same_place && uri.scheme() == origin.scheme()
}

impl From<&RequestOptions> for RequestOptions {
    fn from(options: &RequestOptions) -> RequestOptions {
        options.clone()
    }
}

impl fmt::Debug for RequestOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let it = &self.settings;
        f.debug_struct("RequestOptions")
            .field("method", &it.method)
            .field("host", it.hostname.as_ref().unwrap_or(&it.host))
            .field("port", &it.port)
            .field("path", &it.path)
            .finish_non_exhaustive()
    }
}
