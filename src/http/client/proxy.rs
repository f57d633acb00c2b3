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

use super::agent::PooledConnection;
use super::connection::ClientConnection;
use super::deadlines::{Deadlines, Timeouts};
use super::exchange::{Caller, Exchange};
use super::origin::{Connected, Connector, Origin};
use super::response::ClientResponse;
use super::timings::Timings;
use super::wanted::Wanted;
use crate::http::error::Error;
use crate::http::wire::{
    FieldList, Limits, Method, Misuse, RequestOut, Scheme, Target, Uri, basic,
};
use std::env;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A proxy, for [`RequestOptions::proxy`](super::RequestOptions::proxy).
///
/// The environment is read by [`from_env`](Proxy::from_env) only.
#[derive(Clone)]
pub struct Proxy {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    host: String,
    port: u16,
    credentials: Option<String>,
    /// Hosts that are reached without the proxy.
    no_proxy: Vec<String>,
    tunnels: bool,
}

impl Proxy {
    /// The proxy at `http://[user:password@]host:port`.
    ///
    /// # Errors
    /// It is no such URL, or its scheme is not `http`.
    pub fn new(url: &str) -> Result<Proxy, Error> {
        let uri = Uri::parse(url).map_err(|e| Error::invalid_input(e.to_string()))?;
        if uri.scheme() != Scheme::Http {
            let text = format!("{url:?}: a proxy must speak plain http");
            return Err(Error::invalid_input(text));
        }
        let credentials = match uri.userinfo() {
            Some((user, password)) => Some(basic(user, password)?),
            None => None,
        };
        let inner = Inner {
            host: uri.unbracketed_host().to_owned(),
            port: uri.port(),
            credentials,
            no_proxy: Vec::new(),
            tunnels: false,
        };
        Ok(Proxy {
            inner: Arc::new(inner),
        })
    }

    /// The proxy that the environment variables `http_proxy` and `no_proxy` name, in lower or upper case;
    /// `None` if they name none. (In a CGI program, a client can set `HTTP_PROXY` by a header field
    /// `Proxy`: if `REQUEST_METHOD` is set, `HTTP_PROXY` is not read.)
    ///
    /// # Errors
    /// `http_proxy` is no URL.
    pub fn from_env() -> Result<Option<Proxy>, Error> {
        let var = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let upper = || var("HTTP_PROXY").filter(|_| env::var_os("REQUEST_METHOD").is_none());
        let Some(mut url) = var("http_proxy").or_else(upper) else {
            return Ok(None);
        };
        if !url.contains("://") {
            url.insert_str(0, "http://");
        }
        let no_proxy = var("no_proxy")
            .or_else(|| var("NO_PROXY"))
            .unwrap_or_default();
        Proxy::new(&url).map(|proxy| Some(proxy.no_proxy(&no_proxy)))
    }

    /// Hosts that are reached without the proxy, separated by commas: `localhost,.example.com,10.0.0.1`.
    /// A name stands for itself and all names below it; `*` for all hosts.
    pub fn no_proxy(self, hosts: &str) -> Proxy {
        let names = hosts
            .split(',')
            .map(|name| name.trim().trim_start_matches('.'));
        let names = names
            .filter(|name| !name.is_empty())
            .map(str::to_ascii_lowercase);
        let no_proxy = names.collect();
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

    /// Whether this host is reached without the proxy.
    pub(super) fn excludes(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.inner.no_proxy.iter().any(|name| {
            let below = host.strip_suffix(name.as_str());
            name == "*" || below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }

    /// The value of `Proxy-Authorization`.
    pub(super) fn credentials(&self) -> Option<&str> {
        self.inner.credentials.as_deref()
    }

    /// The way through the proxy; `below` connects to the proxy itself. A tunnel was opened with
    /// credentials, so requests with other credentials do not share it.
    pub(super) fn connector(&self, below: &Arc<dyn Connector>) -> Arc<dyn Connector> {
        let tunnels = self.inner.tunnels || below.scheme() == Scheme::Https;
        let opened_by = self.credentials().filter(|_| tunnels).unwrap_or_default();
        let key = below.key();
        let key = key.map(|key| format!("{key} proxy {self} {tunnels} {opened_by}"));
        Arc::new(Through {
            proxy: self.clone(),
            tunnels,
            below: Arc::clone(below),
            key,
        })
    }
}

/// The address of the proxy, without the credentials.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let it = &self.inner;
        let kind = if it.tunnels { "tunnel " } else { "" };
        match it.host.contains(':') {
            true => write!(f, "{kind}http://[{}]:{}", it.host, it.port),
            false => write!(f, "{kind}http://{}:{}", it.host, it.port),
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
    proxy: Proxy,
    tunnels: bool,
    below: Arc<dyn Connector>,
    key: Option<String>,
}

impl Connector for Through {
    fn connect(&self, to: &Origin, deadline: Instant) -> io::Result<Connected> {
        let proxy = &self.proxy.inner;
        let (below, from) = (Arc::clone(&self.below), to.local_address());
        let at = Origin::new(&proxy.host, proxy.port, None, from, None, below);
        let connected = self.below.connect(&at, deadline)?;
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

/// Sends CONNECT on a connection to the proxy. A 2xx turns it into the tunnel.
fn open_tunnel(
    connected: Connected,
    to: &Origin,
    credentials: Option<&str>,
    deadline: Instant,
) -> io::Result<Connected> {
    let began = Instant::now();
    let pooled = PooledConnection::without_agent(ClientConnection::new(connected.stream));
    let left = deadline.saturating_duration_since(began);
    let deadlines = Deadlines::start(Some(left), began);
    let exchange = Exchange::new(pooled, Limits::default(), deadlines, &Timeouts::default());
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
    mut exchange: Exchange,
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
    Ok(ClientResponse::new(exchange, Timings::start()))
}
