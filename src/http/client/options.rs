//! What a request is to be: the book's options.

use super::clock::Timeouts;
use super::connector::{Connector, direct};
use super::origin::Origin;
use super::proxy::Proxy;
use crate::http::agent::Agent;
use crate::http::error::Error;
use crate::http::wire::{
    FieldList, Known, Limits, Method, Misuse, RequestOut, Scheme, Target, Uri, Version, basic,
};
use crate::net::Family;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The options of [`request`](super::request), with the book's names.
///
/// | option of the book | here | default |
/// |---|---|---|
/// | `host`, `hostname` | [`host`](Self::host), [`hostname`](Self::hostname), which wins | `localhost` |
/// | `port` | [`port`](Self::port) | 80 |
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
/// Clones share everything until one is changed, so options that are used again cost nothing. What
/// is wrong with them is said by [`request`](super::request).
#[derive(Clone)]
pub struct RequestOptions {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    /// What the connector speaks, and so the default port.
    scheme: Scheme,
    host: String,
    hostname: Option<String>,
    port: u16,
    family: Option<Family>,
    local_address: Option<IpAddr>,
    socket_path: Option<PathBuf>,
    method: String,
    path: String,
    fields: FieldList,
    auth: Option<String>,
    set_host: bool,
    version: Version,
    limits: Limits,
    timeouts: Timeouts,
    redirects: u32,
    agent: Option<Agent>,
    connector: Arc<dyn Connector>,
    proxy: Option<Proxy>,
    /// The way through the proxy, made once: it is one way for all requests that share it.
    through: Option<Arc<dyn Connector>>,
    /// The first thing that was wrong.
    fault: Option<Misuse>,
    ready: OnceLock<Arc<Ready>>,
}

/// The options as they are used.
pub(super) struct Ready {
    pub(super) origin: Arc<Origin>,
    pub(super) fields: FieldList,
    /// The request-target, if it is not the path.
    absolute: Option<String>,
}

impl Default for RequestOptions {
    fn default() -> RequestOptions {
        RequestOptions::new()
    }
}

impl RequestOptions {
    /// `GET /` to `localhost`, port 80.
    pub fn new() -> RequestOptions {
        let inner = Inner {
            scheme: Scheme::Http,
            host: "localhost".to_owned(),
            hostname: None,
            port: 80,
            family: None,
            local_address: None,
            socket_path: None,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            fields: FieldList::new(),
            auth: None,
            set_host: true,
            version: Version::Http11,
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            redirects: 0,
            agent: Some(Agent::global().clone()),
            connector: direct(),
            proxy: None,
            through: None,
            fault: None,
            ready: OnceLock::new(),
        };
        RequestOptions {
            inner: Arc::new(inner),
        }
    }
}

/// Settings.
impl RequestOptions {
    fn change(mut self, change: impl FnOnce(&mut Inner)) -> RequestOptions {
        let inner = Arc::make_mut(&mut self.inner);
        inner.ready = OnceLock::new();
        change(inner);
        self
    }

    /// The server: a name, an address, or `name:port`.
    pub fn host(self, host: &str) -> RequestOptions {
        self.change(|it| it.host = host.to_owned())
    }

    /// The server, and nothing else; wins over [`host`](Self::host).
    pub fn hostname(self, name: &str) -> RequestOptions {
        self.change(|it| it.hostname = Some(name.to_owned()))
    }

    /// The port.
    pub fn port(self, port: u16) -> RequestOptions {
        self.change(|it| it.port = port)
    }

    /// Only addresses of this kind.
    pub fn family(self, family: Family) -> RequestOptions {
        self.change(|it| it.family = Some(family))
    }

    /// The address of ours that the connection is to come from. The standard library cannot do it:
    /// without [`create_connection`](Self::create_connection) the request fails and says so.
    pub fn local_address(self, address: IpAddr) -> RequestOptions {
        self.change(|it| it.local_address = Some(address))
    }

    /// A Unix domain socket to connect to; `host` and `port` are only named in the request then.
    pub fn socket_path(self, path: impl Into<PathBuf>) -> RequestOptions {
        self.change(|it| it.socket_path = Some(path.into()))
    }

    /// The method, case-sensitive.
    pub fn method(self, method: &str) -> RequestOptions {
        self.change(|it| it.method = method.to_owned())
    }

    /// The path with its query; `host:port` for CONNECT, `*` for OPTIONS.
    pub fn path(self, path: &str) -> RequestOptions {
        self.change(|it| it.path = path.to_owned())
    }

    /// A field; replaces those of this name.
    pub fn header(self, name: &str, value: impl AsRef<[u8]>) -> RequestOptions {
        self.change(|it| {
            if let Err(misuse) = it.fields.set(name, value) {
                it.fault.get_or_insert(misuse);
            }
        })
    }

    /// A field beside those of this name.
    pub fn append_header(self, name: &str, value: impl AsRef<[u8]>) -> RequestOptions {
        self.change(|it| {
            if let Err(misuse) = it.fields.append(name, value) {
                it.fault.get_or_insert(misuse);
            }
        })
    }

    /// Basic authentication (RFC 7617), as `user:password`. It protects nothing on a plain
    /// connection.
    pub fn auth(self, user_and_password: &str) -> RequestOptions {
        self.change(|it| it.auth = Some(user_and_password.to_owned()))
    }

    /// Whether a Host field is made from `host` and `port`, where there is none.
    pub fn set_host(self, on: bool) -> RequestOptions {
        self.change(|it| it.set_host = on)
    }

    /// Speak HTTP/1.0: one request a connection, no chunks.
    pub fn http_1_0(self) -> RequestOptions {
        self.change(|it| it.version = Version::Http10)
    }

    /// One deadline for all of it, from here to the last byte of the body.
    pub fn timeout(self, total: Duration) -> RequestOptions {
        self.change(|it| it.timeouts.total = Some(total))
    }

    /// All deadlines.
    pub fn timeouts(self, timeouts: Timeouts) -> RequestOptions {
        self.change(|it| it.timeouts = timeouts)
    }

    /// How many bytes the fields of an answer may be.
    pub fn max_header_size(self, bytes: usize) -> RequestOptions {
        self.change(|it| it.limits.field_section_bytes = bytes)
    }

    /// All limits of an answer.
    pub fn limits(self, limits: Limits) -> RequestOptions {
        self.change(|it| it.limits = limits)
    }

    /// Follow so many redirects (RFC 9110 §15.4). None without this.
    pub fn max_redirects(self, most: u32) -> RequestOptions {
        self.change(|it| it.redirects = most)
    }

    /// The agent whose sockets are used.
    pub fn agent(self, agent: &Agent) -> RequestOptions {
        self.change(|it| it.agent = Some(agent.clone()))
    }

    /// The book's `agent: false`: a connection of its own, closed after the answer.
    pub fn no_agent(self) -> RequestOptions {
        self.change(|it| it.agent = None)
    }

    /// How to connect.
    pub fn create_connection(self, connector: impl Connector + 'static) -> RequestOptions {
        self.change(|it| {
            it.connector = Arc::new(connector);
            let proxy = it.proxy.as_ref();
            it.through = proxy.map(|proxy| proxy.connector(&it.connector));
        })
    }

    /// Ask a proxy. Plain requests are put to it whole (absolute-form).
    pub fn proxy(self, proxy: &Proxy) -> RequestOptions {
        self.change(|it| {
            it.through = Some(proxy.connector(&it.connector));
            it.proxy = Some(proxy.clone());
        })
    }

    /// A URL in place of host, port and path, and of auth where it has a user.
    ///
    /// # Errors
    /// It is none, or not `http:`; an `https:` URL needs the TLS of `https::request`.
    pub fn url(self, url: &str) -> Result<RequestOptions, Error> {
        let uri = Uri::parse(url).map_err(|e| invalid(e.to_string()))?;
        self.check_scheme(&uri)?;
        Ok(self.change(|it| it.set_uri(&uri)))
    }
}

impl Inner {
    fn set_uri(&mut self, uri: &Uri) {
        self.hostname = Some(uri.unbracketed_host().to_owned());
        self.port = uri.port();
        self.path = uri.path_and_query().into_owned();
        if let Some((user, password)) = uri.userinfo() {
            self.auth = Some(format!("{user}:{password}"));
            if user.contains(':') {
                self.fault.get_or_insert(Misuse::Credentials); // or it would be another user's
            }
        }
    }
}

/// What comes out of them.
impl RequestOptions {
    /// The options as they are used: made once, and shared by the clones.
    pub(super) fn ready(&self) -> Result<Arc<Ready>, Error> {
        if let Some(ready) = self.inner.ready.get() {
            return Ok(Arc::clone(ready));
        }
        let ready = Arc::new(self.inner.make_ready()?);
        Ok(Arc::clone(self.inner.ready.get_or_init(|| ready)))
    }

    /// Where the request goes.
    pub(in crate::http) fn origin(&self) -> Result<Arc<Origin>, Error> {
        Ok(Arc::clone(&self.ready()?.origin))
    }

    pub(super) fn method_name(&self) -> &str {
        &self.inner.method
    }

    pub(super) fn timeouts_ref(&self) -> &Timeouts {
        &self.inner.timeouts
    }

    pub(super) fn limits_of(&self) -> Limits {
        self.inner.limits
    }

    pub(super) fn agent_of(&self) -> Option<&Agent> {
        self.inner.agent.as_ref()
    }

    pub(super) fn redirects(&self) -> u32 {
        self.inner.redirects
    }

    /// The head of the request, with these fields.
    pub(super) fn head<'a>(
        &'a self,
        ready: &'a Ready,
        fields: &'a FieldList,
    ) -> Result<RequestOut<'a>, Error> {
        let method = Method::new(&self.inner.method).ok_or(Misuse::Method)?;
        let target = ready.absolute.as_ref().unwrap_or(&self.inner.path);
        let target = Target::decode(method, target.as_bytes()).map_err(|_| Misuse::Target)?;
        Ok(RequestOut::new(method, target, fields).version(self.inner.version))
    }

    /// The URL that these options stand for, to resolve a redirect against; a tunnel has none.
    pub(super) fn uri(&self) -> Result<Option<Uri>, Error> {
        let (ready, scheme) = (self.ready()?, self.inner.scheme.as_str());
        let authority = ready.origin.authority();
        let text = match self.inner.path.as_str() {
            _ if self.inner.method == "CONNECT" => return Ok(None),
            "*" => format!("{scheme}://{authority}"),
            path if path.starts_with('/') => format!("{scheme}://{authority}{path}"),
            absolute => absolute.to_owned(),
        };
        let uri = Uri::parse(&text).map_err(|e| invalid(e.to_string()))?;
        Ok(Some(uri))
    }

    fn check_scheme(&self, uri: &Uri) -> Result<(), Error> {
        match (uri.scheme(), self.inner.scheme) {
            (theirs, ours) if theirs == ours => Ok(()),
            (Scheme::Https, _) => Err(invalid(format!(
                "{uri} needs TLS, and these options are for plain http: use https::request"
            ))),
            (Scheme::Http, _) => Err(invalid(format!(
                "{uri} has no TLS, and these options are for https: use http::request"
            ))),
        }
    }

    /// The same options for another URL, method and set of fields.
    pub(super) fn redirected(
        &self,
        uri: &Uri,
        method: &str,
        fields: FieldList,
    ) -> Result<RequestOptions, Error> {
        self.check_scheme(uri)?;
        Ok(self.clone().change(|it| {
            it.set_uri(uri);
            it.method = method.to_owned();
            it.fields = fields;
            it.auth = None; // it is among the fields, if it may go there
        }))
    }
}

impl Inner {
    fn make_ready(&self) -> Result<Ready, Error> {
        if let Some(misuse) = self.fault {
            return Err(misuse.into());
        }
        let origin = self.make_origin()?;
        let absolute = match self.path.as_str() {
            _ if !origin.connector().asks_a_proxy() => None,
            // RFC 9112 §3.2.4: "If a proxy receives an OPTIONS request with an absolute-form of
            // request-target in which the URI has an empty path and no query component, then the
            // last proxy on the request chain MUST send a request-target of "*""
            "*" => Some(format!("http://{}", self.host_field(&origin))),
            path if path.starts_with('/') => {
                Some(format!("http://{}{path}", self.host_field(&origin)))
            }
            _ => None,
        };
        Ok(Ready {
            fields: self.make_fields(&origin)?,
            origin: Arc::new(origin),
            absolute,
        })
    }

    fn make_origin(&self) -> Result<Origin, Error> {
        let (host, port) = match &self.hostname {
            Some(name) => (name.as_str(), self.port),
            None => split_port(&self.host, self.port)?,
        };
        let host = bare_host(host).ok_or_else(|| invalid(format!("{host:?} is no host")))?;
        let direct = self
            .proxy
            .as_ref()
            .is_none_or(|proxy| proxy.leaves_out(host));
        let through = self.through.as_ref().filter(|_| !direct);
        let connector = Arc::clone(through.unwrap_or(&self.connector));
        Ok(Origin::new(
            host,
            port,
            self.family,
            self.local_address,
            self.socket_path.clone(),
            connector,
        ))
    }

    // RFC 9112 §3.2: "A client MUST send a Host header field (Section 7.2 of [HTTP]) in all HTTP/1.1
    // request messages."
    fn make_fields(&self, origin: &Origin) -> Result<FieldList, Error> {
        let mut fields = FieldList::new();
        let theirs = self.fields.view();
        if self.set_host && !theirs.has(Known::Host) {
            fields.append("Host", self.host_field(origin))?;
        }
        for (name, value) in theirs.iter() {
            fields.append(name, value)?;
        }
        if let (Some(auth), false) = (&self.auth, theirs.contains("Authorization")) {
            let (user, password) = auth.split_once(':').unwrap_or((auth, ""));
            fields.append("Authorization", basic(user, password)?)?;
        }
        if let Some(proxy) = &self.proxy
            && origin.connector().asks_a_proxy()
            && let Some(credentials) = proxy.credentials()
        {
            fields.append("Proxy-Authorization", credentials)?;
        }
        // RFC 9112 §9.6: "A client that sends a "close" connection option MUST NOT send further
        // requests on that connection (after the one containing the "close")"
        if self.agent.is_none() && !theirs.has(Known::Connection) {
            fields.append("Connection", "close")?;
        }
        Ok(fields)
    }

    // RFC 9112 §3.2: "If the target URI includes an authority component, then a client MUST send a
    // field value for Host that is identical to that authority component"
    fn host_field(&self, origin: &Origin) -> String {
        let method = Method::new(&self.method);
        match method.map(|method| Target::decode(method, self.path.as_bytes())) {
            Some(Ok(Target::Authority { .. })) => self.path.clone(),
            Some(Ok(Target::Absolute { authority, .. })) => authority.to_owned(),
            _ if origin.port() == self.scheme.default_port() => origin.bracketed_host(),
            _ => origin.authority(), // the port is left out where it says nothing
        }
    }
}

/// A name, an IPv4 address, or an IPv6 address without its brackets (a zone such as `%eth0` may
/// follow it); `None` for anything else.
// RFC 3986 §3.2.2: "reg-name    = *( unreserved / pct-encoded / sub-delims )"
fn bare_host(host: &str) -> Option<&str> {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&b);
    let inside = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let bare = inside.unwrap_or(host);
    if inside.is_none() && !bare.contains(':') {
        return (!bare.is_empty() && bare.bytes().all(is_name)).then_some(bare);
    }
    let (address, zone) = bare.split_once('%').unwrap_or((bare, "any"));
    let is_address = address.parse::<Ipv6Addr>().is_ok();
    (is_address && !zone.is_empty() && zone.bytes().all(is_name)).then_some(bare)
}

/// `name:port`, `[::1]:port`, or without a port.
fn split_port(host: &str, port: u16) -> Result<(&str, u16), Error> {
    match host.rsplit_once(':') {
        Some((name, digits)) if !name.contains(':') || name.ends_with(']') => {
            let digits = Some(digits).filter(|it| it.bytes().all(|b| b.is_ascii_digit()));
            let port = digits.and_then(|digits| digits.parse().ok());
            port.map(|port| (name, port))
                .ok_or_else(|| invalid(format!("{host:?} has no such port")))
        }
        _ => Ok((host, port)),
    }
}

pub(super) fn invalid(text: String) -> Error {
    io::Error::new(io::ErrorKind::InvalidInput, text).into()
}

impl From<&RequestOptions> for RequestOptions {
    fn from(options: &RequestOptions) -> RequestOptions {
        options.clone()
    }
}

impl fmt::Debug for RequestOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let it = &self.inner;
        f.debug_struct("RequestOptions")
            .field("method", &it.method)
            .field("host", it.hostname.as_ref().unwrap_or(&it.host))
            .field("port", &it.port)
            .field("path", &it.path)
            .finish_non_exhaustive()
    }
}
