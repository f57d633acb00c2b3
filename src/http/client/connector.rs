//! How a client reaches the world: the book's `createConnection`.

use super::origin::Origin;
use crate::http::wire::Scheme;
use crate::net::{self, Stream, Tcp, Unix};
use std::io;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// Opens connections, in two steps: the way there, and what is put over it.
///
/// ```text
///   connect   TCP, a Unix socket, a tunnel through a proxy, yours   ──► bytes
///   secure    nothing, or TLS                                       ──► bytes that speak `scheme`
/// ```
///
/// Plain TCP and Unix sockets are here, the way through a [`Proxy`](super::Proxy) beside them. It
/// replaces the first step and keeps the second: so TLS goes through a tunnel to the server itself.
///
/// A closure is a connector, too:
///
/// ```
/// use barewire::http::{self, Connected, Origin, RequestOptions};
/// use barewire::net;
/// use std::sync::Arc;
///
/// // The server is in this process, at the other end of a pipe.
/// let server = Arc::new(http::create_server(|_req, res| res.end("Hello World\n")));
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
    /// Connects before `deadline`.
    ///
    /// # Errors
    /// There is no way there, or the time is up.
    fn connect(&self, to: &Origin, deadline: Instant) -> io::Result<Connected>;

    /// Puts over the connection what makes it speak [`scheme`](Self::scheme): nothing for plain HTTP.
    ///
    /// # Errors
    /// The handshake failed, or the time is up.
    fn secure(&self, plain: Connected, _to: &Origin, _deadline: Instant) -> io::Result<Connected> {
        Ok(plain)
    }

    /// What is spoken over its connections. It decides on the port where none is named, and on which
    /// URLs may be asked for.
    fn scheme(&self) -> Scheme {
        Scheme::Http
    }

    /// What makes two connectors one: connections of an equal key are shared by requests that are
    /// otherwise to the same [`Origin`]. `None`: only what this very connector opened. No key is that
    /// of plain TCP, whose connections are shared with no connector of yours.
    fn key(&self) -> Option<&str> {
        None
    }

    /// The connector that this one wraps, as TLS wraps the way to the server. Two connectors with an
    /// equal key are one only if those that they wrap are one, too. `None`: it wraps none.
    fn below(&self) -> Option<&Arc<dyn Connector>> {
        None
    }

    /// A proxy that is asked for everything, in absolute-form (RFC 9112 §3.2.2).
    fn asks_a_proxy(&self) -> bool {
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

/// A new connection, and how long its parts took.
#[derive(Debug)]
pub struct Connected {
    /// The connection.
    pub stream: Arc<dyn Stream>,
    /// Looking the name up.
    pub resolve: Duration,
    /// From there to the connection.
    pub connect: Duration,
    /// From there to the end of a TLS handshake.
    pub secure: Duration,
}

impl Connected {
    /// A connection that took no time worth telling.
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
#[derive(Debug)]
pub(super) struct Direct;

static DIRECT: LazyLock<Arc<dyn Connector>> = LazyLock::new(|| Arc::new(Direct));

pub(super) fn direct() -> Arc<dyn Connector> {
    Arc::clone(&DIRECT)
}

/// There is one of it. A connector of a user may have the same key, but is another.
pub(super) fn is_direct(connector: &Arc<dyn Connector>) -> bool {
    Arc::ptr_eq(connector, &DIRECT)
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
    let addresses = net::resolve(to.host(), to.port(), to.family(), deadline)?;
    let resolved = Instant::now();
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
