//! Requests by way of a proxy: in absolute-form, or through a tunnel.
//!
//! ```text
//!   absolute-form    GET http://example.com/path HTTP/1.1 ──► proxy ──► GET /path HTTP/1.1 ──► server
//!                    Host: example.com
//!
//!   tunnel           CONNECT example.com:443 HTTP/1.1 ──────► proxy ──► connects
//!                    ◄────────────── HTTP/1.1 200 OK
//!                    bytes ◄────────────────────────────────────────────────────────────► server
//! ```
//!
//! A proxy that answers CONNECT with another status than 2xx has refused: the error is
//! [`Error::Refused`], with the response's status, fields and the beginning of its body.

mod no_proxy;

use super::agent::PooledConnection;
use super::connection::ClientConnection;
use super::deadlines::{Deadlines, Timeouts};
use super::exchange::{Caller, KeptExchange};
use super::origin::{Connected, Connector, Origin};
use super::response::ClientResponse;
use super::timings::Timings;
use super::wanted::Wanted;
use crate::http::error::Error;
use crate::http::wire::{
    FieldList, Limits, Method, Misuse, RequestOut, Scheme, Target, Uri, basic,
};
use no_proxy::NoProxy;
use std::env;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A proxy, for [`RequestOptions::proxy`](super::RequestOptions::proxy).
///
/// ```
/// use barewire::http::{self, Proxy, RequestOptions};
/// use std::time::Duration;
///
/// // A proxy, as far as this example needs one: it shows what it was asked for.
/// fn proxy(req: http::Request, res: http::Response) -> http::Handled {
///     let asked = format!("{} {}", req.method(), req.url());
///     res.end(asked)
/// }
/// let server = http::create_server(proxy).listen("127.0.0.1:0")?;
/// let port = server.local_addr().port().unwrap();
///
/// let proxy = Proxy::new(&format!("http://user:password@127.0.0.1:{port}"))?.no_proxy("localhost,.internal");
/// let options = RequestOptions::new().proxy(&proxy).timeout(Duration::from_secs(10));
/// let mut res = http::request(options.url("http://example.com/a")?)?.end("")?;
/// assert_eq!(res.collect()?, b"GET http://example.com/a");
/// # server.shutdown(Duration::from_secs(1));
/// # Ok::<(), http::Error>(())
/// ```
///
/// For `https:` URLs give it to the options of [`https`](crate::https): the request goes through a tunnel, and the
/// proxy cannot read it. The environment is read by [`from_env`](Proxy::from_env) only:
///
/// ```no_run
/// use barewire::{http::Proxy, https};
///
/// let mut options = https::options().url("https://example.com/")?;
/// if let Some(proxy) = Proxy::from_env()? {
///     options = options.proxy(&proxy);
/// }
/// println!("{}", https::request(options)?.end("")?.status());
/// # Ok::<(), barewire::http::Error>(())
/// ```
#[derive(Clone)]
pub struct Proxy {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    /// For requests to `http:` URLs; `None`: they need no proxy. A variable of the environment that names no
    /// proxy is an error of the requests that need it.
    http: Option<Named>,
    https: Option<Named>,
    no_proxy: NoProxy,
    tunnels: bool,
}

type Named = Result<Server, String>;

/// A proxy's address.
#[derive(Clone, PartialEq, Eq)]
struct Server {
    host: String,
    port: u16,
    credentials: Option<String>,
}

impl Proxy {
    /// The proxy at `http://[user:password@]host:port`.
    ///
    /// # Errors
    /// It is no such URL, or its scheme is not `http`.
    pub fn new(url: &str) -> Result<Proxy, Error> {
        let server = Server::parse(url)?;
        Ok(Proxy::of(Some(Ok(server.clone())), Some(Ok(server))))
    }

    fn of(http: Option<Named>, https: Option<Named>) -> Proxy {
        Proxy {
            inner: Arc::new(Inner {
                http,
                https,
                no_proxy: NoProxy::default(),
                tunnels: false,
            }),
        }
    }

    /// The proxies that the environment names; `None` if it names none.
    ///
    /// | requests to | variables; the first that is not empty counts |
    /// |---|---|
    /// | `http:` | `http_proxy`, `HTTP_PROXY`, `all_proxy`, `ALL_PROXY` |
    /// | `https:` | `https_proxy`, `HTTPS_PROXY`, `all_proxy`, `ALL_PROXY` |
    /// | none of the hosts of | `no_proxy`, `NO_PROXY`: see [`no_proxy`](Proxy::no_proxy) |
    ///
    /// A value is a URL as for [`new`](Proxy::new), or `host:port`. In a CGI program, a client can set
    /// `HTTP_PROXY` by a header field `Proxy`: if `REQUEST_METHOD` is set, `HTTP_PROXY` is not read.
    ///
    /// # Errors
    /// A variable that counts names no proxy that this client can speak to, such as `socks5://a`, and no other
    /// names one. If another names one, it is an error of the requests that need the first. The error names the
    /// variable.
    pub fn from_env() -> Result<Option<Proxy>, Error> {
        let is_cgi = env::var_os("REQUEST_METHOD").is_some();
        let http = Server::from_env(match is_cgi {
            true => ["http_proxy", "all_proxy", "ALL_PROXY"].as_slice(),
            false => &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
        });
        let https = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
        let https = Server::from_env(&https);
        match (&http, &https) {
            (None, None) => return Ok(None),
            (Some(Err(e)), None | Some(Err(_))) | (None, Some(Err(e))) => {
                return Err(Error::invalid_input(e.clone()));
            }
            _ => {}
        }
        let no_proxy = variable(&["no_proxy", "NO_PROXY"]);
        let no_proxy = no_proxy.map_or_else(String::new, |(_, list)| list);
        Ok(Some(Proxy::of(http, https).no_proxy(&no_proxy)))
    }

    /// Hosts that are reached without the proxy, separated by commas or blanks:
    /// `localhost,.example.com,10.0.0.0/8`.
    ///
    /// | entry | the hosts |
    /// |---|---|
    /// | `*` | all |
    /// | `example.com`, `.example.com` | this name, and all names below it |
    /// | `*.example.com` | all names below it |
    /// | `10.0.0.1`, `::1`, `[::1]` | this address; never a part of one |
    /// | `10.0.0.0/8`, `fd00::/8` | the addresses of this network |
    /// | `example.com:8080`, `10.0.0.1:80`, `[::1]:80`, `*.example.com:80` | the same, at this port only |
    ///
    /// The length of a network is a number without a sign and without zeros before it. An address of IPv6 has a
    /// port only if it stands in brackets: `::1:80` is an address, and `::1:43993` is none.
    ///
    /// Case and a trailing dot do not matter. Names are not looked up. An entry that is none of these stands
    /// for no host.
    pub fn no_proxy(self, hosts: &str) -> Proxy {
        let no_proxy = NoProxy::parse(hosts);
        self.change(|inner| inner.no_proxy = no_proxy)
    }

    /// Asks for a tunnel to the server (CONNECT) in place of requests in absolute-form. For `https` there
    /// is always a tunnel: the proxy cannot read what is encrypted for the server.
    pub fn tunnel(self) -> Proxy {
        self.change(|inner| inner.tunnels = true)
    }

    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Proxy {
        change(Arc::make_mut(&mut self.inner));
        self
    }

    /// Whether this host is reached without the proxy. `host`: without brackets.
    pub(super) fn excludes(&self, host: &str, port: u16) -> bool {
        self.inner.no_proxy.includes(host, port)
    }

    /// The value of `Proxy-Authorization` in requests that the proxy reads.
    pub(super) fn credentials(&self) -> Option<&str> {
        let server = self.inner.http.as_ref()?.as_ref();
        server.ok()?.credentials.as_deref()
    }

    fn server(&self, scheme: Scheme) -> Option<&Named> {
        match scheme {
            Scheme::Http => self.inner.http.as_ref(),
            Scheme::Https => self.inner.https.as_ref(),
        }
    }

    /// The way through the proxy; `below` connects to the proxy itself. A tunnel was opened with
    /// credentials, so requests with other credentials do not share it. `None`: requests of this scheme need
    /// no proxy.
    pub(super) fn connector(&self, below: &Arc<dyn Connector>) -> Option<Arc<dyn Connector>> {
        let server = self.server(below.scheme())?;
        let tunnels = self.inner.tunnels || below.scheme() == Scheme::Https;
        let key = server.as_ref().ok().zip(below.key()).map(|(server, key)| {
            let credentials = server.credentials.as_deref();
            let opened_by = credentials.filter(|_| tunnels).unwrap_or_default();
            format!("{key} proxy {server} {tunnels} {opened_by}")
        });
        Some(Arc::new(Through {
            server: server.clone(),
            tunnels,
            below: Arc::clone(below),
            key,
        }))
    }
}

impl Server {
    fn parse(url: &str) -> Result<Server, Error> {
        let uri = Uri::parse(url).map_err(|e| Error::invalid_input(e.to_string()))?;
        if uri.scheme() != Scheme::Http {
            // Without the URL, which may hold a password.
            let text = format!(
                "a proxy must speak plain http, not {}",
                uri.scheme().as_str()
            );
            return Err(Error::invalid_input(text));
        }
        let credentials = match uri.userinfo() {
            Some((user, password)) => Some(basic(user, password)?),
            None => None,
        };
        Ok(Server {
            host: uri.unbracketed_host().to_owned(),
            port: uri.port(),
            credentials,
        })
    }

    /// The server that the first of these variables names.
    fn from_env(names: &[&str]) -> Option<Named> {
        let (name, mut url) = variable(names)?;
        if !url.contains("://") {
            url.insert_str(0, "http://");
        }
        Some(Server::parse(&url).map_err(|e| format!("{name}: {e}")))
    }
}

/// The first of these environment variables that is not empty, and its value.
fn variable<'n>(names: &[&'n str]) -> Option<(&'n str, String)> {
    let values = names
        .iter()
        .filter_map(|name| Some((*name, env::var(name).ok()?)));
    values.into_iter().find(|(_, value)| !value.is_empty())
}

/// Its address, without the credentials.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "http://[{}]:{}", self.host, self.port),
            false => write!(f, "http://{}:{}", self.host, self.port),
        }
    }
}

/// The address of the proxy, without the credentials; two, if there is another for `https:`.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let it = &self.inner;
        let kind = if it.tunnels { "tunnel " } else { "" };
        match (&it.http, &it.https) {
            (Some(Ok(http)), Some(Ok(https))) if http == https => write!(f, "{kind}{http}"),
            (http, https) => {
                let servers = [("http", http), ("https", https)];
                let named = servers.iter().filter_map(|(scheme, server)| {
                    let server = server.as_ref()?.as_ref().ok()?;
                    Some(format!("{kind}{server} for {scheme}:"))
                });
                f.write_str(&named.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

/// Connects to the proxy, and through it where it tunnels.
struct Through {
    server: Named,
    tunnels: bool,
    below: Arc<dyn Connector>,
    key: Option<String>,
}

impl Connector for Through {
    fn connect(&self, to: &Origin, deadline: Instant) -> io::Result<Connected> {
        let proxy = self.server.as_ref().map_err(|why| invalid(why))?;
        let (below, from) = (Arc::clone(&self.below), to.local_address());
        let tap = to.tap().cloned();
        let mut at = Origin::new(&proxy.host, proxy.port, None, from, None, below, tap);
        if let Some(progress) = to.progress() {
            progress.through(proxy);
            at = at.reporting_to(progress);
        }
        let unreached = |cause: io::Error| {
            let proxy = proxy.to_string();
            io::Error::new(cause.kind(), Unreached { proxy, cause })
        };
        let connected = self.below.connect(&at, deadline).map_err(unreached)?;
        let connected = at.tapped(connected);
        match self.tunnels {
            true => open_tunnel(connected, to, proxy.credentials.as_deref(), deadline),
            false => Ok(connected),
        }
    }

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn below(&self) -> Option<&Arc<dyn Connector>> {
        Some(&self.below)
    }

    fn secure(&self, plain: Connected, to: &Origin, deadline: Instant) -> io::Result<Connected> {
        self.below.secure(plain, to, deadline)
    }

    fn scheme(&self) -> Scheme {
        self.below.scheme()
    }

    fn uses_absolute_form(&self) -> bool {
        !self.tunnels
    }
}

/// There is no connection to the proxy.
#[derive(Debug)]
struct Unreached {
    proxy: String,
    cause: io::Error,
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy {}: {}", self.proxy, self.cause)
    }
}

impl std::error::Error for Unreached {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, why)
}

/// Sends CONNECT on a connection to the proxy. A 2xx turns it into the tunnel.
fn open_tunnel(
    connected: Connected,
    to: &Origin,
    credentials: Option<&str>,
    deadline: Instant,
) -> io::Result<Connected> {
    let began = Instant::now();
    if let Some(progress) = to.progress() {
        progress.tunnelling(&connected.stream, to)?;
    }
    let pooled = PooledConnection::without_agent(ClientConnection::boxed(connected.stream));
    let left = deadline.saturating_duration_since(began);
    let deadlines = Deadlines::start(Some(left), began);
    let exchange = KeptExchange::new(
        pooled,
        Limits::default(),
        deadlines,
        &Timeouts::default(),
        &Timings::start(),
    );
    let mut response = connect_response(exchange, to, credentials)?;
    if !response.is_upgraded() {
        let what = format!("the proxy opens no tunnel to {to}");
        return Err(Error::Refused(Box::new(response.refusal(what))).into());
    }
    let (stream, head_tail, _) = response.upgrade()?.into_parts();
    // The server behind the proxy sends nothing before the client does, in TLS as in HTTP.
    if !head_tail.is_empty() {
        let text = "the proxy sent bytes through the tunnel before the client did";
        return Err(io::Error::new(ErrorKind::InvalidData, text));
    }
    Ok(Connected {
        stream,
        resolve: connected.resolve,
        connect: connected.connect + began.elapsed(),
        secure: Duration::ZERO,
    })
}

fn connect_response(
    mut exchange: KeptExchange,
    to: &Origin,
    credentials: Option<&str>,
) -> Result<ClientResponse, Error> {
    let authority = to.authority();
    let mut fields = FieldList::new();
    fields.append("Host", &authority)?;
    fields.append("Connection", "keep-alive")?;
    if let Some(credentials) = credentials {
        fields.append("Proxy-Authorization", credentials)?;
    }
    let method = Method::new("CONNECT").ok_or(Misuse::Method)?;
    let target = Target::decode(method, authority.as_bytes()).map_err(|_| Misuse::Target)?;
    let caller = &mut Caller {
        on_interim: &mut |_, _| {},
        wanted: &mut Wanted::default(),
    };
    exchange.begin(&RequestOut::new(method, target, &fields))?;
    exchange.end(b"", &FieldList::new(), caller)?;
    exchange.receive_head(caller)?;
    Ok(ClientResponse::new(exchange, None))
}
