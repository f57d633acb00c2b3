//! What a client's options become, and the handshakes made with it.

use super::code::Code;
use super::error::Error;
use super::explain::{Side, failed};
use super::handshakes::{Count, Handshakes, deadline_in};
use super::identity::Identity;
use super::judge::{Servers, Trusted};
use super::options::ClientOptions;
use super::provider::{protocols, provider, sha256, unusable, versions};
use super::stream::{Judgement, Shaken, Tls, handshake};
use super::verify::{OfServer, observed};
use crate::net::Stream;
use rustls::client::{ClientSessionMemoryCache, ClientSessionStore, Resumption};
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, KeyLogFile};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// With so many servers a session can be gone on with; so many tickets are kept of each.
const SERVERS: usize = 32;
const TICKETS: usize = 8;

/// Whom a client trusts and who it is, read and checked once, and the sessions it can go on with.
/// Clones are the same: use one for all connections with the same options.
#[derive(Clone)]
pub struct ClientContext {
    inner: Arc<Inner>,
}

struct Inner {
    config: Arc<ClientConfig>,
    judge: Arc<Servers>,
    required: bool,
    servername: Option<String>,
    handshake_timeout: Duration,
    sessions: Arc<ClientSessionMemoryCache>,
    count: Count,
    key: String,
}

impl ClientContext {
    /// Reads and checks the options.
    ///
    /// # Errors
    /// What is wrong with a certificate, a key or an option, and what to do about it.
    pub fn new(options: &ClientOptions) -> Result<ClientContext, Error> {
        let judge = Arc::new(Servers::new(trusted(options)?, pin(options)?));
        let sessions = Arc::new(ClientSessionMemoryCache::new(SERVERS * TICKETS));
        let inner = Inner {
            config: Arc::new(config(options, &judge, &sessions)?),
            judge,
            required: options.reject_unauthorized,
            servername: options.servername.clone(),
            handshake_timeout: options.handshake_timeout,
            sessions,
            count: Count::default(),
            key: key(options),
        };
        Ok(ClientContext {
            inner: Arc::new(inner),
        })
    }

    /// The handshake with the server that `below` leads to, on this thread, until the deadline and
    /// no longer than [`handshake_timeout`](ClientOptions::handshake_timeout). `host` (a name, or an
    /// address with or without brackets) is whom the certificate must be for, unless
    /// [`servername`](ClientOptions::servername) says another.
    ///
    /// # Errors
    /// Why there is no connection.
    pub fn connect(
        &self,
        below: Arc<dyn Stream>,
        host: &str,
        deadline: Instant,
    ) -> Result<Tls, Error> {
        let connected = self.inner.connect(below, host, deadline);
        self.inner.count.one(connected.as_ref().ok());
        connected
    }

    /// Equal for contexts of equal options: then a connection made with one is as good as a
    /// connection made with the other.
    pub fn key(&self) -> &str {
        &self.inner.key
    }

    /// How many handshakes there have been, and of which kind.
    pub fn handshakes(&self) -> Handshakes {
        self.inner.count.so_far()
    }
}

impl Inner {
    fn connect(&self, below: Arc<dyn Stream>, host: &str, deadline: Instant) -> Result<Tls, Error> {
        let host = self.servername.as_deref().unwrap_or(host);
        let name = server_name(host)?;
        let connection = ClientConnection::new(Arc::clone(&self.config), name.clone());
        let connection = connection.map_err(unusable)?;
        let deadline = deadline.min(deadline_in(self.handshake_timeout));
        let shaken = observed(|| handshake(below, connection.into(), &[], deadline));
        let mut shaken = shaken.map_err(|(failure, objection)| {
            objection.unwrap_or_else(|| failed(failure, Side::Client(host)))
        })?;
        let judgement = self.judge(&shaken, &name)?;
        if let ServerName::DnsName(name) = &name {
            shaken.servername = Some(name.as_ref().to_owned());
        }
        Ok(shaken.finish(judgement))
    }

    /// After a full handshake that would have failed for a bad certificate there is nothing left to
    /// be asked. A session that goes on is another matter: the certificate was shown long ago.
    fn judge(&self, shaken: &Shaken, name: &ServerName<'static>) -> Result<Judgement, Error> {
        let connection = &shaken.connection;
        let full = connection.handshake_kind() != Some(HandshakeKind::Resumed);
        if self.required && full {
            return Ok(Judgement::Authorized);
        }
        let Some([leaf, behind @ ..]) = connection.peer_certificates() else {
            let text = "the server showed no certificate";
            return Err(Error::new(Code::UnableToGetIssuerCert, text));
        };
        match self.judge.judge(leaf, behind, name, UnixTime::now()) {
            Ok(()) => Ok(Judgement::Authorized),
            Err(objection) if self.required => {
                self.forget(name);
                Err(objection.error)
            }
            Err(objection) => Ok(Judgement::Refused(objection.error)),
        }
    }

    /// The next handshake with this server is a full one.
    fn forget(&self, name: &ServerName<'static>) {
        self.sessions.remove_tls12_session(name);
        while self.sessions.take_tls13_ticket(name).is_some() {}
    }
}

fn config(
    options: &ClientOptions,
    judge: &Arc<Servers>,
    sessions: &Arc<ClientSessionMemoryCache>,
) -> Result<ClientConfig, Error> {
    let verifier = OfServer {
        judge: Arc::clone(judge),
        required: options.reject_unauthorized,
    };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions(options.min_version))
        .map_err(unusable)?
        .dangerous() // as rustls calls a verifier of one's own
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match Identity::load(&options.identity, "ClientOptions")? {
        Some(identity) => builder.with_client_cert_resolver(Arc::new(identity)),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = protocols(&options.alpn)?;
    config.resumption = Resumption::store(Arc::clone(sessions) as Arc<dyn ClientSessionStore>);
    if options.key_log {
        config.key_log = Arc::new(KeyLogFile::new());
    }
    Ok(config)
}

fn trusted(options: &ClientOptions) -> Result<Trusted, Error> {
    let mut trusted = match options.ca {
        Some(_) => Trusted::nobody(),
        None => Trusted::browsers(),
    };
    let given = [
        (&options.ca, "ClientOptions::ca"),
        (&options.extra_ca, "ClientOptions::extra_ca"),
    ];
    for (pem, option) in given {
        if let Some(pem) = pem {
            trusted.add(pem, option)?;
        }
    }
    Ok(trusted)
}

/// `AB:CD:…`, 32 bytes.
fn pin(options: &ClientOptions) -> Result<Option<[u8; 32]>, Error> {
    let Some(text) = &options.fingerprint256 else {
        return Ok(None);
    };
    let digits: String = text.chars().filter(|c| *c != ':').collect();
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    let pin = bytes.and_then(|bytes| bytes.try_into().ok());
    match pin.filter(|_| rest.is_empty()) {
        Some(pin) => Ok(Some(pin)),
        None => {
            let text = format!(
                "ClientOptions::fingerprint256({text:?}) is no SHA-256, 64 hexadecimal digits: \
                 `openssl x509 -noout -fingerprint -sha256 -in server.crt` prints it"
            );
            Err(Error::new(Code::InvalidArgument, text))
        }
    }
}

/// A name as certificates have it: without the brackets of an address, without a last dot.
// RFC 6066 §3: "The hostname is represented as a byte string using ASCII encoding without a trailing
// dot."
fn server_name(host: &str) -> Result<ServerName<'static>, Error> {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let bare = bare.unwrap_or(host);
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    ServerName::try_from(bare.to_owned()).map_err(|_| {
        let text = format!(
            "{host:?} is neither a host name nor an address, so no certificate can be for it; names \
             beyond ASCII are written in punycode (xn--…)"
        );
        Error::new(Code::InvalidArgument, text)
    })
}

/// Every option that makes a difference, in one hash.
fn key(options: &ClientOptions) -> String {
    let mut all = format!(
        "{:?}",
        (
            &options.identity.cert,
            &options.identity.key,
            &options.ca,
            &options.extra_ca,
            options.reject_unauthorized,
            &options.servername,
            &options.alpn,
            options.min_version,
            &options.fingerprint256,
        )
    );
    all.push_str(if options.key_log { "logged" } else { "" });
    sha256(all.as_bytes())
        .map(|byte| format!("{byte:02x}"))
        .concat()
}

impl fmt::Debug for ClientContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientContext")
            .field("key", &self.inner.key)
            .field("handshakes", &self.handshakes())
            .finish_non_exhaustive()
    }
}
