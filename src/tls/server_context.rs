//! What a server's options become, and the handshakes made with it.

use super::code::Code;
use super::error::Error;
use super::explain::{Side, failed};
use super::handshakes::{Count, Handshakes, deadline_in};
use super::identity::Identity;
use super::judge::{Clients, Trusted};
use super::names::Names;
use super::options::ServerOptions;
use super::provider::{protocols, provider, unusable, versions};
use super::stream::{Failure, Judgement, Shaken, Tls, handshake};
use super::verify::{OfClient, observed};
use crate::net::Stream;
use rustls::crypto::ring::Ticketer;
use rustls::pki_types::UnixTime;
use rustls::server::NoServerSessionStorage;
use rustls::{Connection, HandshakeKind, KeyLogFile, ServerConfig, ServerConnection};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// A server's certificates and what it demands, read and checked once. Clones are the same.
///
/// ```
/// use barewire::net::{Stream, pipe};
/// use barewire::tls::{ClientContext, ClientOptions, ServerContext, ServerOptions};
/// use std::sync::Arc;
/// use std::time::{Duration, Instant};
///
/// let server = ServerOptions::new()
///     .cert(include_str!("../../fixtures/tls/server.crt"))
///     .key(include_str!("../../fixtures/tls/server.key"));
/// let server = ServerContext::new(&server)?;
/// let client = ClientOptions::new().ca(include_str!("../../fixtures/tls/ca.crt"));
/// let client = ClientContext::new(&client)?;
///
/// // TLS goes over any stream: here over one in memory.
/// let (here, there) = pipe();
/// let accepting = server.clone();
/// let accepted = std::thread::spawn(move || accepting.accept(Arc::new(there)));
/// let deadline = Instant::now() + Duration::from_secs(10);
/// let connected = client.connect(Arc::new(here), "localhost", deadline)?;
/// let accepted = accepted.join().unwrap()?;
///
/// assert!(connected.authorized());
/// assert_eq!(connected.protocol(), "TLSv1.3");
/// connected.write(b"hi")?;
/// let mut buf = [0; 8];
/// assert_eq!(accepted.read(&mut buf)?, 2);
/// assert_eq!(server.handshakes().full, 1);
/// # Ok::<(), barewire::tls::Error>(())
/// ```
#[derive(Clone)]
pub struct ServerContext {
    inner: Arc<Inner>,
}

struct Inner {
    current: RwLock<Arc<Prepared>>,
    count: Count,
}

/// Everything that the options say, ready for use.
struct Prepared {
    config: Arc<ServerConfig>,
    clients: Option<AskClients>,
    handshake_timeout: Duration,
}

/// Clients are asked for a certificate.
struct AskClients {
    judge: Arc<Clients>,
    required: bool,
}

/// A handshake that has failed.
pub(super) struct Refused {
    pub(super) error: Error,
    /// What came in place of TLS.
    pub(super) plain: Option<Vec<u8>>,
}

impl ServerContext {
    /// Reads and checks the options.
    ///
    /// # Errors
    /// What is wrong with a certificate, a key or an option, and what to do about it.
    pub fn new(options: &ServerOptions) -> Result<ServerContext, Error> {
        let inner = Inner {
            current: RwLock::new(Arc::new(Prepared::new(options)?)),
            count: Count::default(),
        };
        Ok(ServerContext {
            inner: Arc::new(inner),
        })
    }

    /// From the next handshake on these options hold, in the whole server: a renewed certificate
    /// needs no restart. (Node's `setSecureContext`.) Open connections live on as they are; a client
    /// that comes back shakes hands in full, because tickets of the old options are no longer taken.
    ///
    /// # Errors
    /// As for [`new`](ServerContext::new); the old options then stay.
    pub fn set_options(&self, options: &ServerOptions) -> Result<(), Error> {
        let prepared = Arc::new(Prepared::new(options)?);
        let mut current = self
            .inner
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = prepared;
        Ok(())
    }

    /// The handshake with a client, on this thread, within
    /// [`handshake_timeout`](ServerOptions::handshake_timeout). Who fails is told by an alert
    /// (but not who goes on with a session after his certificate has expired: he is only let go). The
    /// timeouts of `below` are gone afterwards.
    ///
    /// # Errors
    /// Why there is no connection.
    pub fn accept(&self, below: Arc<dyn Stream>) -> Result<Tls, Error> {
        self.try_accept(&below).map_err(|refused| refused.error)
    }

    pub(super) fn try_accept(&self, below: &Arc<dyn Stream>) -> Result<Tls, Refused> {
        let accepted = self.current().accept(below);
        self.inner.count.one(accepted.as_ref().ok());
        accepted
    }

    /// How many handshakes there have been, and of which kind.
    pub fn handshakes(&self) -> Handshakes {
        self.inner.count.so_far()
    }

    fn current(&self) -> Arc<Prepared> {
        let current = self.inner.current.read();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner))
    }
}

impl Prepared {
    fn new(options: &ServerOptions) -> Result<Prepared, Error> {
        let clients = clients(options)?;
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions(options.min_version))
            .map_err(unusable)?;
        let builder = match &clients {
            Some(AskClients { judge, required }) => {
                let (judge, required) = (Arc::clone(judge), *required);
                builder.with_client_cert_verifier(Arc::new(OfClient { judge, required }))
            }
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(Arc::new(names(options)?));
        config.alpn_protocols = protocols(&options.alpn)?;
        config.ignore_client_order = true; // as in Node: the server knows what is fast here
        // The session travels in the ticket, sealed: nothing is kept for whoever may come back.
        config.ticketer = Ticketer::new().map_err(unusable)?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        if options.key_log {
            config.key_log = Arc::new(KeyLogFile::new());
        }
        Ok(Prepared {
            config: Arc::new(config),
            clients,
            handshake_timeout: options.handshake_timeout,
        })
    }

    fn accept(&self, below: &Arc<dyn Stream>) -> Result<Tls, Refused> {
        let connection = ServerConnection::new(Arc::clone(&self.config));
        let connection = connection.map_err(unusable)?;
        let deadline = deadline_in(self.handshake_timeout);
        let shaken = observed(|| handshake(Arc::clone(below), connection.into(), &[], deadline));
        let shaken = shaken.map_err(|(failure, objection)| refused(failure, objection))?;
        let judgement = self.judge(&shaken.connection)?;
        Ok(Shaken::finish(shaken, judgement))
    }

    /// After a full handshake that would have failed for a bad certificate there is nothing left to
    /// be asked. A session that goes on is another matter: the certificate was shown long ago.
    fn judge(&self, connection: &Connection) -> Result<Judgement, Error> {
        let Some(AskClients { judge, required }) = &self.clients else {
            return Ok(Judgement::NotAsked);
        };
        let full = connection.handshake_kind() != Some(HandshakeKind::Resumed);
        if *required && full {
            return Ok(Judgement::Authorized);
        }
        let judged = match connection.peer_certificates() {
            Some([leaf, behind @ ..]) => judge.judge(leaf, behind, UnixTime::now()),
            _ => return no_certificate(*required),
        };
        match judged {
            Ok(()) => Ok(Judgement::Authorized),
            Err(objection) if *required => Err(objection.error),
            Err(objection) => Ok(Judgement::Refused(objection.error)),
        }
    }
}

fn no_certificate(required: bool) -> Result<Judgement, Error> {
    let text = "the client was asked for a certificate and showed none";
    let error = Error::new(Code::UnableToGetIssuerCert, text);
    match required {
        true => Err(error),
        false => Ok(Judgement::Refused(error)),
    }
}

fn clients(options: &ServerOptions) -> Result<Option<AskClients>, Error> {
    if !options.request_cert {
        return Ok(None);
    }
    let Some(ca) = &options.ca else {
        let text = "ServerOptions::request_cert asks clients for a certificate, but without \
                    ServerOptions::ca nobody's is good: pass the CA that issues them";
        return Err(Error::new(Code::InvalidArgument, text));
    };
    let mut trusted = Trusted::nobody();
    trusted.add(ca, "ServerOptions::ca")?;
    Ok(Some(AskClients {
        judge: Arc::new(Clients::new(trusted)?),
        required: options.reject_unauthorized,
    }))
}

fn names(options: &ServerOptions) -> Result<Names, Error> {
    let own = Identity::load(&options.identity, "ServerOptions")?;
    let Some(own) = own else {
        let text = "a server needs a certificate and its key: ServerOptions::cert and key";
        return Err(Error::new(Code::NoStartLine, text));
    };
    let mut names = Names::new(own);
    for (name, pair) in &options.contexts {
        let option = format!("add_context({name:?})");
        if let Some(identity) = Identity::load(pair, &option)? {
            names.add(name, identity);
        }
    }
    Ok(names)
}

fn refused(failure: Failure, objection: Option<Error>) -> Refused {
    let plain = match &failure {
        Failure::Plain(first) => Some(first.clone()),
        _ => None,
    };
    Refused {
        error: objection.unwrap_or_else(|| failed(failure, Side::Server)),
        plain,
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        Refused { error, plain: None }
    }
}

impl fmt::Debug for ServerContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerContext")
            .field("handshakes", &self.handshakes())
            .finish_non_exhaustive()
    }
}
