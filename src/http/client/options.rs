//! What a request is to be: the book's options.

mod ready;

pub(super) use ready::invalid;

use super::clock::Timeouts;
use super::connector::{Connector, direct};
use super::origin::Origin;
use super::proxy::Proxy;
use crate::http::client::agent::Agent;
use crate::http::error::Error;
use crate::http::wire::{FieldList, Limits, Misuse, Scheme, Uri, Version};
use crate::net::Family;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

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
/// Clones share everything until one is changed, so options that are used again cost nothing. What
/// is wrong with them is said by [`request`](super::request).
#[derive(Clone)]
pub struct RequestOptions {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    /// What the URL asked for, if one was given.
    asked: Option<Scheme>,
    host: String,
    hostname: Option<String>,
    /// If it is not the scheme's.
    port: Option<u16>,
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
            asked: None,
            host: "localhost".to_owned(),
            hostname: None,
            port: None,
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

    /// The port, where it is not that of the scheme.
    pub fn port(self, port: u16) -> RequestOptions {
        self.change(|it| it.port = Some(port))
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
    /// It is none, or not of the scheme that the connector speaks: an `https:` URL needs the TLS of
    /// `https::request`, and an `http:` URL must not be asked for as if it had it.
    pub fn url(self, url: &str) -> Result<RequestOptions, Error> {
        let uri = Uri::parse(url).map_err(|e| invalid(e.to_string()))?;
        self.check_scheme(&uri)?;
        Ok(self.change(|it| it.set_uri(&uri)))
    }
}

impl Inner {
    fn set_uri(&mut self, uri: &Uri) {
        self.asked = Some(uri.scheme());
        self.hostname = Some(uri.unbracketed_host().to_owned());
        self.port = Some(uri.port());
        self.path = uri.path_and_query().into_owned();
        if let Some((user, password)) = uri.userinfo() {
            self.auth = Some(format!("{user}:{password}"));
            if user.contains(':') {
                self.fault.get_or_insert(Misuse::Credentials); // or it would be another user's
            }
        }
    }
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
