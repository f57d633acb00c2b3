//! The second step of a connection: TLS on top of another connector.

use super::alpn::speaks_http;
use crate::http::wire::Scheme;
use crate::http::{self, Connected, Origin, RequestOptions};
use crate::net::tap_plaintext;
use crate::tls::ClientContext;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Instant;

/// A connector that puts TLS over TCP (or a Unix socket, where the options name one), for
/// [`RequestOptions::create_connection`] and
/// [`ConnectOptions::create_connection`](crate::websocket::ConnectOptions::create_connection).
///
/// ```
/// use barewire::{http, https, tls};
///
/// let context = tls::ClientContext::new(&tls::ClientOptions::new())?;
/// let options = http::RequestOptions::new()
///     .create_connection(https::connector(&context))
///     .url("https://localhost:8000/")?;
/// assert!(options.url("http://localhost/").is_err()); // without TLS
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn connector(context: &ClientContext) -> TlsConnector {
    let below = Arc::clone(RequestOptions::new().connector());
    TlsConnector::new(context, below)
}

/// TLS as the second step of a connection: what [`connector`] returns. One needs it where an
/// [`Agent`](super::Agent) does not do: over a connector of one's own.
///
/// ```
/// use barewire::http::{self, Connected, Origin, RequestOptions};
/// use barewire::{https, net, tls};
/// use std::fs::read;
/// use std::net::SocketAddr;
///
/// fn handler(_req: http::Request, res: http::Response) -> http::Handled {
///     res.end("hello world\n")
/// }
/// let identity = tls::ServerOptions::new()
///     .cert(read("fixtures/tls/server.crt")?)
///     .key(read("fixtures/tls/server.key")?);
/// let server = https::create_server(&identity, handler)?.listen("127.0.0.1:0")?;
/// let address = SocketAddr::from(([127, 0, 0, 1], server.local_addr().port().unwrap()));
///
/// // Whatever the host of the URL is, the connection goes to this address; the certificate must be the host's.
/// let pinned = move |_to: &Origin, deadline| Ok(Connected::new(net::race(&[address], deadline)?));
/// let context = tls::ClientContext::new(&tls::ClientOptions::new().ca(read("fixtures/tls/ca.crt")?))?;
/// let options = RequestOptions::new()
///     .create_connection(https::connector(&context).over(pinned))
///     .url("https://localhost/")?;
/// assert_eq!(http::request(options)?.end("")?.collect()?, b"hello world\n");
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TlsConnector {
    context: ClientContext,
    below: Arc<dyn http::Connector>,
    key: Option<String>,
}

impl TlsConnector {
    pub(super) fn new(context: &ClientContext, below: Arc<dyn http::Connector>) -> TlsConnector {
        TlsConnector {
            context: context.clone(),
            key: below
                .key()
                .map(|below| format!("tls {} over {below}", context.key())),
            below,
        }
    }

    /// The same TLS, on top of another connector.
    pub fn over(self, below: impl http::Connector + 'static) -> TlsConnector {
        TlsConnector::new(&self.context, Arc::new(below))
    }
}

impl http::Connector for TlsConnector {
    fn connect(&self, to: &Origin, deadline: Instant) -> io::Result<Connected> {
        self.below.connect(to, deadline)
    }

    fn secure(&self, plain: Connected, to: &Origin, deadline: Instant) -> io::Result<Connected> {
        let began = Instant::now();
        let tls = self.context.connect(plain.stream, to.host(), deadline)?;
        speaks_http(&tls)?;
        Ok(Connected {
            stream: tap_plaintext(Arc::new(tls)),
            secure: began.elapsed(),
            ..plain
        })
    }

    fn scheme(&self) -> Scheme {
        Scheme::Https
    }

    /// Requests with other certificates, CAs or names do not share these connections.
    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn below(&self) -> Option<&Arc<dyn http::Connector>> {
        Some(&self.below)
    }
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnector")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
