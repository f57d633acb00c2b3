//! A server's options, ready for use, and the handshakes made with them.

use super::error::handshake::{Failure, Side};
use super::error::{Code, Error};
use super::handshakes::{Counter, Handshakes, deadline_in};
use super::identity::Identity;
use super::options::ServerOptions;
use super::provider::{check_timeout, protocols, provider, unusable, versions};
use super::sni::CertificatesByName;
use super::stream::{Handshake, Tls};
use super::trust::TrustStore;
use super::verify::{ClientVerifier, Verdict, check_peer};
use crate::net::Stream;
use rustls::crypto::ring::Ticketer;
use rustls::pki_types::UnixTime;
use rustls::server::NoServerSessionStorage;
use rustls::{Connection, KeyLogFile, ServerConfig, ServerConnection};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// A server's options, read and checked once. Clones share everything, the counters too.
///
/// ```
/// use barewire::net::{Stream, pipe};
/// use barewire::tls::{ClientContext, ClientOptions, ServerContext, ServerOptions};
/// use std::sync::Arc;
/// use std::time::{Duration, Instant};
///
/// let server = ServerOptions::new()
///     .cert(std::fs::read("fixtures/tls/server.crt")?)
///     .key(std::fs::read("fixtures/tls/server.key")?);
/// let server = ServerContext::new(&server)?;
/// let client = ClientOptions::new().ca(std::fs::read("fixtures/tls/ca.crt")?);
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
    shared: Arc<Shared>,
}

struct Shared {
    current: RwLock<Arc<Prepared>>,
    /// What is spoken if the options name no protocol.
    default_alpn: Option<&'static str>,
    handshakes: Counter,
}

/// The options, ready for use.
struct Prepared {
    config: Arc<ServerConfig>,
    /// `None`: clients are not asked for a certificate.
    verifier: Option<Arc<ClientVerifier>>,
    handshake_timeout: Duration,
}

/// A handshake that has failed.
pub(super) struct Refusal {
    pub(super) error: Error,
    /// The client's first bytes, if they are not TLS.
    pub(super) plain: Option<Vec<u8>>,
}

impl ServerContext {
    /// Reads and checks the options.
    ///
    /// # Errors
    /// What is wrong with a certificate, a key or an option, and what to do about it.
    pub fn new(options: &ServerOptions) -> Result<ServerContext, Error> {
        ServerContext::speaking(None, options)
    }

    /// A context whose options mean this protocol if they name none (ALPN), also when they are replaced.
    pub(crate) fn speaking(
        default_alpn: Option<&'static str>,
        options: &ServerOptions,
    ) -> Result<ServerContext, Error> {
        let shared = Shared {
            current: RwLock::new(Arc::new(Prepared::new(options, default_alpn)?)),
            default_alpn,
            handshakes: Counter::default(),
        };
        Ok(ServerContext {
            shared: Arc::new(shared),
        })
    }

    /// Replaces the options for every handshake that begins from now on, in the whole server: a renewed
    /// certificate needs no restart. (Node's `setSecureContext`.) These options replace all of the old
    /// ones: to exchange only the certificate, pass the same options with the new certificate. A server adds its
    /// own part again (`http/1.1` in [`https`](crate::https::create_server)). Open connections stay as they are. A
    /// client that comes back makes a full handshake and gets the new certificate, because tickets of the old
    /// options are no longer accepted.
    ///
    /// # Errors
    /// As for [`new`](ServerContext::new); the old options then stay.
    pub fn set_options(&self, options: &ServerOptions) -> Result<(), Error> {
        let prepared = Arc::new(Prepared::new(options, self.shared.default_alpn)?);
        let current = self.shared.current.write();
        *current.unwrap_or_else(PoisonError::into_inner) = prepared;
        Ok(())
    }

    /// The handshake with a client, on this thread, within
    /// [`handshake_timeout`](ServerOptions::handshake_timeout). A client that fails gets an alert, unless it
    /// speaks HTTP without TLS. (A client that resumes a session after its certificate has expired gets
    /// close_notify, because the check comes after the handshake.) Afterwards `below` has no timeouts.
    ///
    /// # Errors
    /// Why there is no connection.
    pub fn accept(&self, below: Arc<dyn Stream>) -> Result<Tls, Error> {
        match self.try_accept(&below, false) {
            Ok(tls) => Ok(*tls),
            Err(refusal) => Err(refusal.error),
        }
    }

    /// `plain_is_answered`: a client that does not speak TLS is sent no alert.
    pub(super) fn try_accept(
        &self,
        below: &Arc<dyn Stream>,
        plain_is_answered: bool,
    ) -> Result<Box<Tls>, Refusal> {
        let current = self.shared.current.read();
        let current = Arc::clone(&current.unwrap_or_else(PoisonError::into_inner));
        let accepted = current.accept(below, plain_is_answered);
        self.shared.handshakes.add(&accepted);
        accepted
    }

    /// How many handshakes there were, and of which kind.
    pub fn handshakes(&self) -> Handshakes {
        self.shared.handshakes.get()
    }
}

impl Prepared {
    fn new(options: &ServerOptions, default_alpn: Option<&'static str>) -> Result<Prepared, Error> {
        let common = &options.common;
        check_timeout(common.handshake_timeout)?;
        let verifier = verifier(options)?;
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions(common.min_version))
            .map_err(unusable)?;
        let builder = match &verifier {
            Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier) as _),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(Arc::new(certificates(options)?));
        config.alpn_protocols = protocols(&common.alpn, default_alpn)?;
        config.ignore_client_order = true; // as in Node: the server knows what is fast here
        // The session travels in the ticket, encrypted: the server stores nothing for clients that may
        // come back.
        config.ticketer = Ticketer::new().map_err(unusable)?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        if common.key_log {
            config.key_log = Arc::new(KeyLogFile::new());
        }
        Ok(Prepared {
            config: Arc::new(config),
            verifier,
            handshake_timeout: common.handshake_timeout,
        })
    }

    fn accept(
        &self,
        below: &Arc<dyn Stream>,
        plain_is_answered: bool,
    ) -> Result<Box<Tls>, Refusal> {
        let mut handshake = self.begin(below)?;
        if plain_is_answered {
            handshake.leave_plain_to_hook();
        }
        handshake.run()?;
        match self.check_client(&handshake.connection) {
            Ok(verdict) => Ok(handshake.finish(verdict)),
            Err(error) => {
                handshake.refuse();
                Err(error.into())
            }
        }
    }

    #[inline(never)]
    fn begin(&self, below: &Arc<dyn Stream>) -> Result<Box<Handshake>, Error> {
        let connection = ServerConnection::new(Arc::clone(&self.config));
        let connection = connection.map_err(unusable)?;
        let deadline = deadline_in(self.handshake_timeout);
        Ok(Handshake::new(
            Arc::clone(below),
            connection.into(),
            deadline,
        ))
    }

    #[inline(never)]
    fn check_client(&self, connection: &Connection) -> Result<Verdict, Error> {
        let Some(verifier) = &self.verifier else {
            return Ok(Verdict::NotRequested);
        };
        let if_missing = "the client was asked for a certificate and sent none";
        let now = UnixTime::now();
        check_peer(connection, verifier.required, if_missing, |leaf, others| {
            verifier.verify(leaf, others, now)
        })
    }
}

fn verifier(options: &ServerOptions) -> Result<Option<Arc<ClientVerifier>>, Error> {
    let mut trusted = TrustStore::empty();
    trusted.add(&options.common.ca, "ServerOptions::ca")?;
    if !options.request_cert {
        return Ok(None);
    }
    if options.common.ca.is_empty() {
        let text = "ServerOptions::request_cert asks clients for a certificate, but without \
                    ServerOptions::ca no certificate is good: pass the CA that issues them";
        return Err(Error::new(Code::InvalidArgument, text));
    }
    let verifier = ClientVerifier::new(trusted, options.common.reject_unauthorized)?;
    Ok(Some(Arc::new(verifier)))
}

fn certificates(options: &ServerOptions) -> Result<CertificatesByName, Error> {
    let Some(default) = Identity::load(&options.common.identity, "ServerOptions")? else {
        let text = "a server needs a certificate and its key: ServerOptions::cert and key";
        return Err(Error::new(Code::NoStartLine, text));
    };
    let mut certificates = CertificatesByName::new(default);
    for (name, pair) in &options.contexts {
        let option = format!("add_context({name:?})");
        if let Some(identity) = Identity::load(pair, &option)? {
            certificates.add(name, identity)?;
        }
    }
    Ok(certificates)
}

impl From<Failure> for Refusal {
    #[cold] // and so it takes no room on the stack under a handshake
    fn from(failure: Failure) -> Refusal {
        let plain = match &failure {
            Failure::Plain { first, .. } => Some(first.clone()),
            _ => None,
        };
        let error = failure.explain(Side::Server);
        Refusal { error, plain }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        Refusal { error, plain: None }
    }
}

impl fmt::Debug for ServerContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerContext")
            .field("handshakes", &self.handshakes())
            .finish_non_exhaustive()
    }
}
