//! Where a request goes, and how a connection to there is opened: the book's `createConnection`.
//!
//! An [`Origin`] holds its [`Connector`], and a connector is given the origin that it connects to: that
//! is why both stand in one file.

use super::progress::Progress;
use crate::http::wire::Scheme;
use crate::net::{self, Family, Observer, Stream, Tap, Tcp, Unix};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// A server, and the way to it. Two requests share an agent's connections if their origins are equal:
/// host, port, address family, local address, socket path, connector (which stands for proxies and
/// TLS), and tap. A clone is the same origin and costs nothing.
///
/// A [`Connector`] is given one, [`RequestOptions::origin`](super::RequestOptions::origin) makes one, and
/// [`Agent::gauges`](super::Agent::gauges) counts by it:
///
/// ```
/// use barewire::http::{self, Agent, RequestOptions};
///
/// let options = RequestOptions::new().url("http://Example.com:8080/a?b=1")?;
/// let origin = options.origin()?;
/// assert_eq!((origin.host(), origin.port()), ("example.com", 8080));
/// assert!(origin == options.clone().path("/another").origin()?);
/// assert!(origin != options.port(80).origin()?);
/// println!("{origin}: {} requests wait", Agent::global().gauges(&origin).requests);
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone)]
pub struct Origin {
    inner: Arc<Inner>,
    /// Where a connection is being opened: what its connector reports to. It is no part of what is compared.
    progress: Option<Arc<Progress>>,
}

struct Inner {
    host: String,
    port: u16,
    family: Option<Family>,
    local_address: Option<IpAddr>,
    socket_path: Option<PathBuf>,
    connector: Arc<dyn Connector>,
    /// The observer of its connections.
    tap: Option<Arc<dyn Observer>>,
    /// Computed once from the fields above: the pool asks for it several times a request.
    hash: u64,
}

impl Origin {
    pub(super) fn new(
        host: &str,
        port: u16,
        family: Option<Family>,
        local_address: Option<IpAddr>,
        socket_path: Option<PathBuf>,
        connector: Arc<dyn Connector>,
        tap: Option<Arc<dyn Observer>>,
    ) -> Origin {
        let host = in_lower_case(host);
        let mut hasher = DefaultHasher::new();
        (&host, port, &socket_path, connector.key()).hash(&mut hasher);
        let inner = Inner {
            hash: hasher.finish(),
            host,
            port,
            family,
            local_address,
            socket_path,
            connector,
            tap,
        };
        Origin {
            inner: Arc::new(inner),
            progress: None,
        }
    }

    pub(super) fn tap(&self) -> Option<&Arc<dyn Observer>> {
        self.inner.tap.as_ref()
    }

    /// A new connection, with a tap on it, unless it has that one already.
    pub(super) fn tapped(&self, connected: Connected) -> Connected {
        let Some(tap) = self.tap() else {
            return connected;
        };
        match connected.stream.tapped() {
            Some(tapped) if Arc::ptr_eq(tapped.observer(), tap) => connected,
            _ => Connected {
                stream: Arc::new(Tap::opened(connected.stream, Arc::clone(tap))),
                ..connected
            },
        }
    }

    /// The same origin, whose connector reports how far it has come.
    pub(super) fn reporting_to(&self, progress: &Arc<Progress>) -> Origin {
        Origin {
            inner: Arc::clone(&self.inner),
            progress: Some(Arc::clone(progress)),
        }
    }

    pub(super) fn progress(&self) -> Option<&Arc<Progress>> {
        self.progress.as_ref()
    }

    /// The host: a name or an address, in lower case, an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        &self.inner.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.inner.port
    }

    /// The only kind of address to connect to, if the options ask for one.
    pub fn family(&self) -> Option<Family> {
        self.inner.family
    }

    /// The local address to connect from, if the options ask for one. The standard library cannot
    /// bind before it connects, so only a user's own connector can do it.
    pub fn local_address(&self) -> Option<IpAddr> {
        self.inner.local_address
    }

    /// The Unix domain socket to connect to, in place of host and port.
    pub fn socket_path(&self) -> Option<&Path> {
        self.inner.socket_path.as_deref()
    }

    /// The scheme of its URLs.
    pub fn scheme(&self) -> Scheme {
        self.connector().scheme()
    }

    pub(super) fn connector(&self) -> &dyn Connector {
        &*self.inner.connector
    }

    /// `host:port`, an IPv6 address in brackets.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.bracketed_host(), self.port())
    }

    /// The host as it stands in a URL: without the zone, which means something on this machine only.
    pub(super) fn bracketed_host(&self) -> String {
        let host = self.host();
        match host.contains(':') {
            true => format!("[{}]", host.split('%').next().unwrap_or_default()),
            false => host.to_owned(),
        }
    }
}

/// A host in lower case, except for the zone of an address: the names of interfaces are case-sensitive.
fn in_lower_case(host: &str) -> String {
    match host.split_once('%') {
        Some((address, zone)) => format!("{}%{zone}", address.to_ascii_lowercase()),
        None => host.to_ascii_lowercase(),
    }
}

impl PartialEq for Origin {
    fn eq(&self, other: &Origin) -> bool {
        let (one, other) = (&self.inner, &other.inner);
        // Without `..`: a new field does not compile before it is compared here.
        let Inner {
            host,
            port,
            family,
            local_address,
            socket_path,
            connector,
            tap,
            hash,
        } = &**one;
        let fields_are_equal = || {
            *hash == other.hash
                && *port == other.port
                && *host == other.host
                && *family == other.family
                && *local_address == other.local_address
                && *socket_path == other.socket_path
                && is_same_way(connector, &other.connector)
                && is_same_tap(tap, &other.tap)
        };
        Arc::ptr_eq(one, other) || fields_are_equal()
    }
}

impl Eq for Origin {}

impl Hash for Origin {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.inner.hash);
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({self})")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.socket_path() {
            Some(path) => write!(f, "unix:{}", path.display()),
            None => f.write_str(&self.authority()),
        }
    }
}

/// Opens connections, in two steps: the connection, and what is put over it.
///
/// ```text
///   connect   TCP, a Unix socket, a tunnel through a proxy, yours   ──► bytes
///   secure    nothing, or TLS                                       ──► bytes that speak `scheme`
/// ```
///
/// A [`Proxy`](super::Proxy) replaces the first step and keeps the second. So TLS goes through a tunnel
/// to the server itself.
///
/// A closure is a connector, too:
///
/// ```
/// use barewire::http::{self, Connected, Origin, RequestOptions};
/// use barewire::net;
/// use std::sync::Arc;
///
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     res.end("Hello World\n")
/// }
///
/// // The server is in this process, at the other end of a pipe.
/// let server = Arc::new(http::create_server(handler));
/// let options = RequestOptions::new().create_connection(move |_to: &Origin, _deadline| {
///     let (here, there) = net::pipe();
///     let server = Arc::clone(&server);
///     std::thread::spawn(move || server.serve(Arc::new(there)));
///     Ok(Connected::new(here))
/// });
/// assert_eq!(http::request(options)?.end("")?.collect()?, b"Hello World\n");
/// # Ok::<(), http::Error>(())
/// ```
pub trait Connector: Send + Sync {
    /// Connects before `deadline`. It is called on the thread of the request, or on a thread of its own if the
    /// request can be [cancelled](super::RequestHandle).
    ///
    /// # Errors
    /// The server cannot be reached, or the deadline has passed.
    fn connect(&self, to: &Origin, deadline: Instant) -> io::Result<Connected>;

    /// Puts over the connection what makes it speak [`scheme`](Self::scheme): nothing for plain HTTP.
    ///
    /// # Errors
    /// The handshake failed, or the deadline has passed.
    fn secure(&self, plain: Connected, _to: &Origin, _deadline: Instant) -> io::Result<Connected> {
        Ok(plain)
    }

    /// The scheme of the URLs that can be requested over its connections. It gives the default port.
    fn scheme(&self) -> Scheme {
        Scheme::Http
    }

    /// Two connectors with equal keys are one way: requests share connections across them, if their
    /// origins are otherwise equal. `None`: only requests with this very connector share its
    /// connections. Plain TCP is never one way with a user's connector, whatever its key.
    fn key(&self) -> Option<&str> {
        None
    }

    /// The connector that this one wraps, as TLS wraps the way to the server. Two connectors with
    /// equal keys are one way only if those that they wrap are one way, too. `None`: it wraps none.
    fn below(&self) -> Option<&Arc<dyn Connector>> {
        None
    }

    /// Whether its connections lead to a proxy that forwards each request: then the request-target is
    /// in absolute-form (RFC 9112 §3.2.2).
    fn uses_absolute_form(&self) -> bool {
        false
    }
}

impl<F> Connector for F
where
    F: Fn(&Origin, Instant) -> io::Result<Connected> + Send + Sync,
{
    fn connect(&self, to: &Origin, deadline: Instant) -> io::Result<Connected> {
        self(to, deadline)
    }
}

/// Whether two connectors are one way: they are the same one, or their keys and those of all that they
/// wrap are equal. Plain TCP is the same one or none.
fn is_same_way(one: &Arc<dyn Connector>, other: &Arc<dyn Connector>) -> bool {
    let same_key = || one.key().is_some_and(|key| other.key() == Some(key));
    let same_below = || match (one.below(), other.below()) {
        (Some(one), Some(other)) => is_same_way(one, other),
        (one, other) => one.is_none() && other.is_none(),
    };
    let by_key = || {
        let plain = Arc::ptr_eq(one, &DIRECT) || Arc::ptr_eq(other, &DIRECT);
        !plain && one.scheme() == other.scheme() && same_key() && same_below()
    };
    Arc::ptr_eq(one, other) || by_key()
}

fn is_same_tap(one: &Option<Arc<dyn Observer>>, other: &Option<Arc<dyn Observer>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// A new connection, and how long its parts took: what a [`Connector`] returns.
///
/// ```
/// use barewire::http::{self, Connected, Origin, RequestOptions};
/// use barewire::net;
/// use std::time::{Duration, Instant};
///
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     res.end("Hello World\n")
/// }
/// let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// let port = server.local_addr().port().unwrap();
///
/// // This name is not looked up: it stands for 127.0.0.1 here. Everything else is the usual way.
/// let connector = |to: &Origin, deadline| {
///     let began = Instant::now();
///     let addresses = match to.host() {
///         "my.test" => vec![([127, 0, 0, 1], to.port()).into()],
///         host => net::resolve(host, to.port(), to.family(), deadline)?,
///     };
///     let resolved = Instant::now();
///     let tcp = net::race(&addresses, deadline)?;
///     tcp.set_no_delay(true)?;
///     Ok(Connected {
///         resolve: resolved - began,
///         connect: resolved.elapsed(),
///         ..Connected::new(tcp) // without timings, this alone
///     })
/// };
/// let options = RequestOptions::new().create_connection(connector);
/// let mut res = http::request(options.url(&format!("http://my.test:{port}/"))?)?.end("")?;
/// assert_eq!(res.collect()?, b"Hello World\n");
/// assert!(res.timings().resolve < Duration::from_secs(1));
/// # server.shutdown(Duration::from_secs(1));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug)]
pub struct Connected {
    /// The connection.
    pub stream: Arc<dyn Stream>,
    /// Resolving the name.
    pub resolve: Duration,
    /// Connecting, from the addresses to the connection.
    pub connect: Duration,
    /// The TLS handshake.
    pub secure: Duration,
}

impl Connected {
    /// A connection whose parts are not timed.
    pub fn new(stream: impl Stream + 'static) -> Connected {
        Connected {
            stream: Arc::new(stream),
            resolve: Duration::ZERO,
            connect: Duration::ZERO,
            secure: Duration::ZERO,
        }
    }
}

/// TCP, or a Unix domain socket where the origin names one.
struct Direct;

static DIRECT: LazyLock<Arc<dyn Connector>> = LazyLock::new(|| Arc::new(Direct));

/// Plain TCP and Unix domain sockets: the one connector of all requests that name none.
pub(super) fn direct() -> Arc<dyn Connector> {
    Arc::clone(&DIRECT)
}

impl Connector for Direct {
    fn connect(&self, to: &Origin, deadline: Instant) -> io::Result<Connected> {
        if to.local_address().is_some() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "the standard library cannot choose the local address of a connection: \
                 open it yourself and pass it with create_connection",
            ));
        }
        match to.socket_path() {
            Some(path) => open_unix(path, deadline),
            None => open_tcp(to, deadline),
        }
    }

    fn key(&self) -> Option<&str> {
        Some("")
    }
}

fn open_tcp(to: &Origin, deadline: Instant) -> io::Result<Connected> {
    let began = Instant::now();
    if let Some(progress) = to.progress() {
        progress.resolving(to.host());
    }
    let addresses = net::resolve(to.host(), to.port(), to.family(), deadline)?;
    let resolved = Instant::now();
    if let Some(progress) = to.progress() {
        progress.connecting();
    }
    let tcp: Tcp = net::race(&addresses, deadline)?;
    tcp.set_no_delay(true)?;
    Ok(Connected {
        resolve: resolved - began,
        connect: resolved.elapsed(),
        ..Connected::new(tcp)
    })
}

fn open_unix(path: &Path, deadline: Instant) -> io::Result<Connected> {
    let began = Instant::now();
    let unix = Unix::connect_until(path, deadline)?;
    Ok(Connected {
        connect: began.elapsed(),
        ..Connected::new(unix)
    })
}

#[cfg(test)]
mod tests;
