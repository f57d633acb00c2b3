//! A client's options, ready for use, and the handshakes made with them.

use super::error::handshake::Side;
use super::error::{Code, Error};
use super::handshakes::{Counter, Handshakes, deadline_in};
use super::identity::Identity;
use super::options::{ClientOptions, Common, Pair, Pem};
use super::provider::{check_timeout, protocols, provider, sha256, unusable, versions};
use super::stream::{Handshake, Tls};
use super::trust::TrustStore;
use super::verify::{ServerVerifier, Verdict, check_peer};
use crate::net::Stream;
use rustls::client::{ClientSessionMemoryCache, ClientSessionStore, Resumption};
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, Connection, KeyLogFile};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Sessions are stored for this many servers, and this many tickets for each of them.
const SERVERS: usize = 32;
const TICKETS: usize = 8;

/// A client's options, read and checked once, and the sessions that it can resume. Clones share
/// everything: use one context for all connections with the same options.
///
/// [`connect_with`](super::connect_with) takes one for a connection over TCP; [`connect`](Self::connect) makes the
/// handshake over any stream, and has an example at [`ServerContext`](super::ServerContext).
///
/// ```
/// use barewire::tls::{ClientContext, ClientOptions, Code};
///
/// let context = ClientContext::new(&ClientOptions::new())?; // trusts the roots that browsers trust
/// assert_eq!(context.handshakes().full, 0);
///
/// let error = ClientContext::new(&ClientOptions::new().ca("no PEM at all")).unwrap_err();
/// assert_eq!(error.code(), Code::NoStartLine);
/// # Ok::<(), barewire::tls::Error>(())
/// ```
#[derive(Clone)]
pub struct ClientContext {
    shared: Arc<Shared>,
}

struct Shared {
    config: Arc<ClientConfig>,
    verifier: Arc<ServerVerifier>,
    servername: Option<String>,
    handshake_timeout: Duration,
    sessions: Arc<ClientSessionMemoryCache>,
    handshakes: Counter,
    key: String,
}

impl ClientContext {
    /// Reads and checks the options.
    ///
    /// # Errors
    /// What is wrong with a certificate, a key or an option, and what to do about it.
    pub fn new(options: &ClientOptions) -> Result<ClientContext, Error> {
        ClientContext::speaking(None, options)
    }

    /// A context whose options mean this protocol if they name none (ALPN).
    pub(crate) fn speaking(
        default_alpn: Option<&str>,
        options: &ClientOptions,
    ) -> Result<ClientContext, Error> {
        let alpn = protocols(&options.common.alpn, default_alpn)?;
        check_timeout(options.common.handshake_timeout)?;
        if let Some(name) = &options.servername {
            server_name(name)?;
        }
        let verifier = Arc::new(ServerVerifier {
            trusted: trusted(options)?,
            pin: pin(options)?,
            required: options.common.reject_unauthorized,
        });
        let sessions = Arc::new(ClientSessionMemoryCache::new(SERVERS * TICKETS));
        let key = key(options, &alpn);
        let shared = Shared {
            config: Arc::new(config(options, alpn, &verifier, &sessions)?),
            verifier,
            servername: options.servername.clone(),
            handshake_timeout: options.common.handshake_timeout,
            sessions,
            handshakes: Counter::default(),
            key,
        };
        Ok(ClientContext {
            shared: Arc::new(shared),
        })
    }

    /// The handshake with the server that `below` leads to, on this thread, until the deadline and
    /// no longer than [`handshake_timeout`](ClientOptions::handshake_timeout). The certificate must be for
    /// `host` (a name, or an address with or without brackets), or for
    /// [`servername`](ClientOptions::servername) if that is set.
    ///
    /// # Errors
    /// Why there is no connection.
    pub fn connect(
        &self,
        below: Arc<dyn Stream>,
        host: &str,
        deadline: Instant,
    ) -> Result<Tls, Error> {
        let connected = self.shared.connect(below, host, deadline);
        self.shared.handshakes.add(&connected);
        connected.map(|tls| *tls)
    }

    /// Equal for contexts of equal options: a connection made with one of them may then be used for a
    /// request of the other.
    pub fn key(&self) -> &str {
        &self.shared.key
    }

    /// How many handshakes there were, and of which kind.
    pub fn handshakes(&self) -> Handshakes {
        self.shared.handshakes.get()
    }
}

impl Shared {
    fn connect(
        &self,
        below: Arc<dyn Stream>,
        host: &str,
        deadline: Instant,
    ) -> Result<Box<Tls>, Error> {
        let host = self.servername.as_deref().unwrap_or(host);
        let name = server_name(host)?;
        let connection = ClientConnection::new(Arc::clone(&self.config), name.clone());
        let connection = connection.map_err(unusable)?;
        let deadline = deadline.min(deadline_in(self.handshake_timeout));
        let mut handshake = Handshake::new(below, connection.into(), deadline);
        let done = handshake.run();
        done.map_err(|failure| failure.explain(Side::Client(host)))?;
        let verdict = match self.check_server(&handshake.connection, &name) {
            Ok(verdict) => verdict,
            Err(error) => {
                handshake.refuse();
                return Err(error);
            }
        };
        if let ServerName::DnsName(name) = &name {
            handshake.servername = Some(name.as_ref().to_owned());
        }
        Ok(handshake.finish(verdict))
    }

    fn check_server(
        &self,
        connection: &Connection,
        name: &ServerName<'static>,
    ) -> Result<Verdict, Error> {
        let (verifier, now) = (&self.verifier, UnixTime::now());
        let if_missing = "the server sent no certificate";
        check_peer(connection, verifier.required, if_missing, |leaf, others| {
            verifier.verify(leaf, others, name, now)
        })
        .inspect_err(|_| self.forget_sessions(name))
    }

    /// The next handshake with this server is a full one.
    fn forget_sessions(&self, name: &ServerName<'static>) {
        self.sessions.remove_tls12_session(name);
        while self.sessions.take_tls13_ticket(name).is_some() {}
    }
}

fn config(
    options: &ClientOptions,
    alpn: Vec<Vec<u8>>,
    verifier: &Arc<ServerVerifier>,
    sessions: &Arc<ClientSessionMemoryCache>,
) -> Result<ClientConfig, Error> {
    let common = &options.common;
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions(common.min_version))
        .map_err(unusable)?
        .dangerous() // the name that rustls gives to a verifier of one's own
        .with_custom_certificate_verifier(Arc::clone(verifier) as _);
    let mut config = match Identity::load(&common.identity, "ClientOptions")? {
        Some(identity) => builder.with_client_cert_resolver(Arc::new(identity)),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = alpn;
    config.resumption = Resumption::store(Arc::clone(sessions) as Arc<dyn ClientSessionStore>);
    if common.key_log {
        config.key_log = Arc::new(KeyLogFile::new());
    }
    Ok(config)
}

fn trusted(options: &ClientOptions) -> Result<TrustStore, Error> {
    let mut trusted = match options.common.ca.is_empty() {
        false => TrustStore::empty(),
        true => TrustStore::browsers(),
    };
    trusted.add(&options.common.ca, "ClientOptions::ca")?;
    trusted.add(&options.extra_ca, "ClientOptions::extra_ca")?;
    Ok(trusted)
}

/// `AB:CD:…`, 32 bytes.
fn pin(options: &ClientOptions) -> Result<Option<[u8; 32]>, Error> {
    let Some(text) = &options.fingerprint256 else {
        return Ok(None);
    };
    match fingerprint_bytes(text) {
        Some(pin) => Ok(Some(pin)),
        None => {
            let text: String = text.chars().take(100).collect();
            let text = format!(
                "ClientOptions::fingerprint256({text:?}) is no SHA-256, 64 hexadecimal digits: \
                 `openssl x509 -noout -fingerprint -sha256 -in server.crt` prints it"
            );
            Err(Error::new(Code::InvalidArgument, text))
        }
    }
}

/// 32 pairs of hexadecimal digits, with a colon between all of them or none.
fn fingerprint_bytes(text: &str) -> Option<[u8; 32]> {
    let pairs: Vec<&[u8]> = match text.contains(':') {
        true => text.split(':').map(str::as_bytes).collect(),
        false => text.as_bytes().chunks(2).collect(),
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8]| match *pair {
        [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = pairs.into_iter().map(byte).collect();
    bytes?.try_into().ok()
}

/// A host as a certificate names it: an address without brackets, a name without the last dot.
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

/// A hash of every option that makes a difference on the connection. The pattern has no `..`: a new option does
/// not compile before this function names it. `alpn` are the protocols that are offered.
fn key(options: &ClientOptions, alpn: &[Vec<u8>]) -> String {
    let ClientOptions {
        common,
        extra_ca,
        servername,
        fingerprint256,
    } = options;
    let Common {
        identity: Pair { cert, key },
        ca,
        reject_unauthorized,
        alpn: _, // see `alpn` above, which has the default, too
        min_version,
        handshake_timeout: _, // an established connection has no handshake any more
        key_log,
    } = common;
    let bytes = |Pem(text): &Pem| text.clone();
    let all = format!(
        "{:?}",
        (
            (cert.as_ref().map(bytes), key.as_ref().map(bytes)),
            ca.iter().map(bytes).collect::<Vec<_>>(),
            extra_ca.iter().map(bytes).collect::<Vec<_>>(),
            (reject_unauthorized, servername, fingerprint256),
            (alpn, min_version, key_log),
        )
    );
    sha256(all.as_bytes())
        .map(|byte| format!("{byte:02x}"))
        .concat()
}

impl fmt::Debug for ClientContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientContext")
            .field("key", &self.shared.key)
            .field("handshakes", &self.handshakes())
            .finish_non_exhaustive()
    }
}
