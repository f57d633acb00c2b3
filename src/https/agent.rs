//! The book's `https.Agent`: a pool, and what the handshakes of its connections are made with.

use super::HTTP_1_1;
use super::connector::{Connector, connector};
use crate::http::pool::Limits;
use crate::http::wire::Scheme;
use crate::http::{self, ClientRequest, ClientResponse, Error, RequestOptions};
use crate::tls::{ClientContext, ClientOptions};
use std::io;
use std::sync::{Arc, LazyLock};

/// Connections under TLS, shared by requests: five for each origin, as with an
/// [`http::Agent`]. Clones are the same agent.
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
    /// Certificates or keys that are none, or do not belong together: [`super::tls_error`] has it.
    pub fn new(options: &ClientOptions) -> Result<Agent, Error> {
        Agent::with_limits(options, Limits::default())
    }

    /// An agent whose pool has these limits.
    ///
    /// # Errors
    /// As [`new`](Self::new), and limits under which nobody could be served.
    pub fn with_limits(options: &ClientOptions, limits: Limits) -> Result<Agent, Error> {
        let context = ClientContext::new(&speaking_http(options)).map_err(io::Error::from)?;
        Ok(Agent::of(&context, &http::Agent::new(limits)?))
    }

    /// An agent that handshakes as `context` says, and keeps its connections in `pool`. A pool may be
    /// shared: connections of different contexts are different origins.
    pub fn of(context: &ClientContext, pool: &http::Agent) -> Agent {
        let base = RequestOptions::new().agent(pool);
        Agent {
            pool: pool.clone(),
            context: context.clone(),
            base: base.create_connection(connector(context)),
        }
    }

    /// The book's `https.globalAgent`: it trusts the authorities that browsers trust, and shares the
    /// pool of [`http::Agent::global`].
    pub fn global() -> &'static Agent {
        static GLOBAL: LazyLock<Agent> = LazyLock::new(|| {
            let options = speaking_http(&ClientOptions::new());
            let context = ClientContext::new(&options).expect("the defaults are options");
            Agent::of(&context, http::Agent::global())
        });
        &GLOBAL
    }

    /// `GET https://localhost/` by this agent: the options to begin with. All that begin with it share
    /// its connections, at no cost.
    pub fn options(&self) -> RequestOptions {
        self.base.clone()
    }

    /// A request by this agent; nothing is sent yet. Options that speak TLS already are taken as they
    /// are. Others get this agent's TLS over whatever they connect to, and its pool unless they want
    /// none.
    ///
    /// # Errors
    /// Options that cannot be sent.
    pub fn request(&self, options: impl Into<RequestOptions>) -> Result<ClientRequest, Error> {
        let options = options.into();
        let is_ours = options.scheme() == Scheme::Http && options.agent_of().is_some();
        let options = self.over(options);
        http::request(match is_ours {
            true => options.agent(&self.pool),
            false => options,
        })
    }

    /// `GET`s an `https:` URL.
    ///
    /// # Errors
    /// It is none, nobody answers there, or the handshake fails: [`super::tls_error`].
    pub fn get(&self, url: &str) -> Result<ClientResponse, Error> {
        self.request(self.options().url(url)?)?.end("")
    }

    /// The connections: how many are in use, and how to close them.
    pub fn pool(&self) -> &http::Agent {
        &self.pool
    }

    /// What the handshakes are made with.
    pub fn context(&self) -> &ClientContext {
        &self.context
    }

    /// The same request, over TLS.
    pub(super) fn over(&self, options: RequestOptions) -> RequestOptions {
        match options.scheme() {
            Scheme::Https => options,
            Scheme::Http => {
                let below = Arc::clone(options.connector());
                options.create_connection(Connector::new(&self.context, below))
            }
        }
    }
}

/// HTTP is what we speak, unless other protocols were named (ALPN).
fn speaking_http(options: &ClientOptions) -> ClientOptions {
    options.clone().or_alpn(HTTP_1_1)
}
