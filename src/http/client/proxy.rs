//! Asking a proxy: plain requests are put to it whole, others go through a tunnel.
//!
//! ```text
//!   absolute-form    GET http://example.com/path HTTP/1.1 ──► proxy ──► GET /path HTTP/1.1 ──► server
//!                    Host: example.com
//!
//!   tunnel           CONNECT example.com:443 HTTP/1.1 ──────► proxy ──► connects
//!                    ◄────────────── HTTP/1.1 200 OK
//!                    bytes ◄────────────────────────────────────────────────────────────► server
//! ```

use super::connector::{Connected, Connector};
use super::options::{RequestOptions, invalid};
use super::origin::Origin;
use super::{ClientResponse, request};
use crate::http::error::Error;
use crate::http::wire::{Scheme, Uri, basic};
use std::env;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A proxy, for [`RequestOptions::proxy`].
///
/// Nothing of it comes from the environment unless [`from_env`](Proxy::from_env) is called.
#[derive(Clone)]
pub struct Proxy {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    host: String,
    port: u16,
    credentials: Option<String>,
    /// Hosts that are asked directly.
    no_proxy: Vec<String>,
    tunnels: bool,
}

impl Proxy {
    /// The proxy at `http://[user:password@]host:port`.
    ///
    /// # Errors
    /// No such URL, or one that is not `http:`.
    pub fn new(url: &str) -> Result<Proxy, Error> {
        let uri = Uri::parse(url).map_err(|e| invalid(e.to_string()))?;
        if uri.scheme() != Scheme::Http {
            return Err(invalid(format!(
                "{url:?}: only proxies that speak plain http are asked"
            )));
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

    /// What `http_proxy` and `no_proxy` say, in lower or upper case; `None` where they say nothing.
    /// (`HTTP_PROXY` is what a client may set through its own header `Proxy` in a CGI program: where
    /// `REQUEST_METHOD` is set, it is not looked at.)
    ///
    /// # Errors
    /// They say what is no URL.
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

    /// Hosts that are asked directly, separated by commas: `localhost,.example.com,10.0.0.1`. A name
    /// stands for itself and all below it; `*` for all.
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

    /// Ask for a tunnel to the server (CONNECT) in place of putting whole requests to the proxy. For
    /// `https` it is always asked for: what is sealed for the server can be put to nobody else.
    pub fn tunnel(self) -> Proxy {
        self.change(|inner| inner.tunnels = true)
    }

    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Proxy {
        change(Arc::make_mut(&mut self.inner));
        self
    }

    /// Whether this host is asked directly.
    pub(super) fn leaves_out(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.inner.no_proxy.iter().any(|name| {
            let below = host.strip_suffix(name.as_str());
            name == "*" || below.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }

    /// `Proxy-Authorization`, for a request that is put to it whole.
    pub(super) fn credentials(&self) -> Option<&str> {
        self.inner.credentials.as_deref()
    }

    /// The way through it. What lies below reaches the proxy itself. A tunnel was opened for whoever
    /// asked, so it is no way for others.
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

/// Where the proxy is. What it is asked with is no part of it.
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

    fn asks_a_proxy(&self) -> bool {
        !self.tunnels
    }
}

/// Asks for the tunnel on a connection of its own, which the answer leaves behind.
fn open_tunnel(
    connected: Connected,
    to: &Origin,
    credentials: Option<&str>,
    deadline: Instant,
) -> io::Result<Connected> {
    let began = Instant::now();
    let times = (connected.resolve, connected.connect);
    let once = Mutex::new(Some(connected));
    let take = move |_: &Origin, _| lock(&once).take().ok_or(ErrorKind::NotConnected.into());
    let mut options = RequestOptions::new()
        .method("CONNECT")
        .path(&to.authority())
        .timeout(deadline.saturating_duration_since(began))
        .no_agent()
        .header("Connection", "keep-alive")
        .create_connection(take);
    if let Some(credentials) = credentials {
        options = options.header("Proxy-Authorization", credentials);
    }
    let mut answer = request(options)?.end("")?;
    if !answer.is_upgraded() {
        return Err(refused(to, &mut answer));
    }
    let (stream, ahead, _) = answer.upgrade()?.into_parts();
    // The server behind it speaks second, in TLS as in HTTP.
    if !ahead.is_empty() {
        let text = "the proxy sent bytes through the tunnel before anything was asked there";
        return Err(io::Error::new(ErrorKind::InvalidData, text));
    }
    Ok(Connected {
        stream,
        resolve: times.0,
        connect: times.1 + began.elapsed(),
        secure: Duration::ZERO,
    })
}

/// What the proxy says, in one line.
fn refused(to: &Origin, answer: &mut ClientResponse) -> io::Error {
    let why = answer.collect_up_to(1024).unwrap_or_default();
    let why = String::from_utf8_lossy(&why);
    let why = why.trim().lines().next().unwrap_or_default();
    let (status, reason) = (answer.status(), answer.reason());
    let mut text = format!("the proxy opens no tunnel to {to}: {status} {reason}: {why}");
    text.retain(|c| !c.is_control());
    io::Error::new(ErrorKind::ConnectionRefused, text)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
