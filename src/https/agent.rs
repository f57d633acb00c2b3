//! The book's `https.Agent`: a pool, and the TLS context of its connections.

use super::alpn::HTTP_1_1;
use super::connector::{TlsConnector, connector};
use crate::http::pool::Limits;
use crate::http::wire::Scheme;
use crate::http::{self, ClientRequest, ClientResponse, Error, RequestOptions};
use crate::tls::{ClientContext, ClientOptions};
use std::io;
use std::sync::{Arc, LazyLock};

/// Connections under TLS, shared by requests: five for each origin, as with an
/// [`http::Agent`]. Clones are the same agent.
///
/// It takes `http:` URLs, too, and follows redirects from `http:` to `https:` (with
/// [`max_redirects`](RequestOptions::max_redirects)); a request without a URL goes over TLS. A redirect from
/// `https:` to `http:` is an error that names the URL, as with `curl --proto-redir =https`. As for every
/// redirect to another origin, credentials stay behind. Connections of the two schemes are never shared.
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
