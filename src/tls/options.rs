//! What can be asked of TLS, in Node's words and with Node's meaning.

use std::fmt;
use std::time::Duration;

/// How long a handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// A version of the protocol. Older ones than these are broken, and are not spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// TLS 1.2 (RFC 5246).
    #[default]
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// The certificate options of a server.
///
/// Certificates and keys are given as the *contents* of PEM files, as the book reads them with
/// `fs.readFileSync`. Nothing is looked at before [`ServerContext::new`](super::ServerContext::new)
/// (which [`create_server`](super::create_server) calls): that says what is wrong.
///
/// ```
/// use barewire::tls::ServerOptions;
///
/// // The book's server: it asks for a certificate, and says whether it got a good one.
/// let options = ServerOptions::new()
///     .key(include_str!("../../fixtures/tls/server.key"))
///     .cert(include_str!("../../fixtures/tls/server.crt"))
///     .request_cert(true)
///     .reject_unauthorized(false) // or nobody who is `unauthorized` would ever get in
///     .ca(include_str!("../../fixtures/tls/ca.crt"));
/// # barewire::tls::ServerContext::new(&options).unwrap();
/// ```
#[derive(Clone)]
pub struct ServerOptions {
    pub(super) identity: Pair,
    pub(super) contexts: Vec<(String, Pair)>,
    pub(super) ca: Option<Vec<u8>>,
    pub(super) request_cert: bool,
    pub(super) reject_unauthorized: bool,
    pub(super) alpn: Vec<Vec<u8>>,
    pub(super) min_version: Version,
    pub(super) handshake_timeout: Duration,
    pub(super) key_log: bool,
}

/// A certificate (and those that lead from it to the CA) with its key, as they were given.
#[derive(Clone, Default)]
pub(super) struct Pair {
    pub(super) cert: Option<Vec<u8>>,
    pub(super) key: Option<Vec<u8>>,
}

impl Default for ServerOptions {
    fn default() -> ServerOptions {
        ServerOptions {
            identity: Pair::default(),
            contexts: Vec::new(),
            ca: None,
            request_cert: false,
            reject_unauthorized: true,
            alpn: Vec::new(),
            min_version: Version::default(),
            handshake_timeout: HANDSHAKE_TIMEOUT,
            key_log: false,
        }
    }
}

impl ServerOptions {
    /// No certificate yet; every option as its method says.
    pub fn new() -> ServerOptions {
        ServerOptions::default()
    }

    /// The server's certificate first, then those that lead from it to the CA (the CA's own may
    /// be left out).
    pub fn cert(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.identity.cert = Some(pem.into());
        self
    }

    /// The private key that belongs to it: PKCS#8, PKCS#1 or SEC 1, without a passphrase.
    pub fn key(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.identity.key = Some(pem.into());
        self
    }

    /// A certificate for clients that ask for this name (SNI, RFC 6066 §3): `"dev.test.com"`, or
    /// `"*.test.com"` for one label of any spelling. Exact names go first; who asks for another
    /// name, or for none, gets [`cert`](ServerOptions::cert).
    pub fn add_context(
        mut self,
        servername: impl Into<String>,
        cert: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        let pair = Pair {
            cert: Some(cert.into()),
            key: Some(key.into()),
        };
        self.contexts.push((servername.into(), pair));
        self
    }

    /// Who may issue the certificates of clients. Each call adds to it.
    pub fn ca(mut self, pem: impl Into<Vec<u8>>) -> Self {
        append(self.ca.get_or_insert_default(), pem);
        self
    }

    /// Whether clients are asked for a certificate. Default: false.
    pub fn request_cert(mut self, ask: bool) -> Self {
        self.request_cert = ask;
        self
    }

    /// Whether a client that was asked and has no certificate, or one that `ca` does not vouch
    /// for, is refused in the handshake. If not, it comes in, and
    /// [`Tls::authorized`](super::Tls::authorized) is false. Default: true.
    pub fn reject_unauthorized(mut self, reject: bool) -> Self {
        self.reject_unauthorized = reject;
        self
    }

    /// The protocols that are spoken here, the preferred one first (ALPN, RFC 7301):
    /// `["http/1.1"]`. A client that offers others only is refused, one that offers none is not.
    /// Default: none, and what clients offer is not looked at.
    pub fn alpn<P: Into<Vec<u8>>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.alpn = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// [`alpn`](ServerOptions::alpn), where nothing was said of it.
    pub(crate) fn or_alpn(mut self, protocol: &str) -> Self {
        if self.alpn.is_empty() {
            self.alpn = vec![protocol.into()];
        }
        self
    }

    /// The oldest version that is spoken. Default: [`Version::Tls12`].
    pub fn min_version(mut self, version: Version) -> Self {
        self.min_version = version;
        self
    }

    /// How long a handshake may take, all of it. Default: 10 s.
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    /// Whether the secrets of every connection are appended to the file that the environment
    /// variable `SSLKEYLOGFILE` names, for Wireshark. Whoever has that file reads everything.
    /// Default: false, and the variable is not looked at.
    pub fn key_log(mut self, on: bool) -> Self {
        self.key_log = on;
        self
    }
}

/// The certificate options of a client.
///
/// ```
/// use barewire::tls::ClientOptions;
///
/// // The book's client.
/// let options = ClientOptions::new()
///     .key(include_str!("../../fixtures/tls/client.key"))
///     .cert(include_str!("../../fixtures/tls/client.crt"))
///     .ca(include_str!("../../fixtures/tls/ca.crt"));
/// # barewire::tls::ClientContext::new(&options).unwrap();
/// ```
#[derive(Clone)]
pub struct ClientOptions {
    pub(super) identity: Pair,
    pub(super) ca: Option<Vec<u8>>,
    pub(super) extra_ca: Option<Vec<u8>>,
    pub(super) reject_unauthorized: bool,
    pub(super) servername: Option<String>,
    pub(super) alpn: Vec<Vec<u8>>,
    pub(super) min_version: Version,
    pub(super) fingerprint256: Option<String>,
    pub(super) handshake_timeout: Duration,
    pub(super) key_log: bool,
}

impl Default for ClientOptions {
    fn default() -> ClientOptions {
        ClientOptions {
            identity: Pair::default(),
            ca: None,
            extra_ca: None,
            reject_unauthorized: true,
            servername: None,
            alpn: Vec::new(),
            min_version: Version::default(),
            fingerprint256: None,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            key_log: false,
        }
    }
}

impl ClientOptions {
    /// The roots that browsers trust, no certificate of our own, every option as its method says.
    pub fn new() -> ClientOptions {
        ClientOptions::default()
    }

    /// Whom to trust *in place of* the roots that browsers trust. Each call adds to it.
    pub fn ca(mut self, pem: impl Into<Vec<u8>>) -> Self {
        append(self.ca.get_or_insert_default(), pem);
        self
    }

    /// Whom to trust *as well*. Each call adds to it.
    pub fn extra_ca(mut self, pem: impl Into<Vec<u8>>) -> Self {
        append(self.extra_ca.get_or_insert_default(), pem);
        self
    }

    /// Our certificate, for servers that ask for one; behind it those that lead to its CA.
    pub fn cert(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.identity.cert = Some(pem.into());
        self
    }

    /// The private key that belongs to it: PKCS#8, PKCS#1 or SEC 1, without a passphrase.
    pub fn key(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.identity.key = Some(pem.into());
        self
    }

    /// Whether a server whose certificate is not in order is refused in the handshake. If not,
    /// [`Tls::authorized`](super::Tls::authorized) tells, and **whoever does not look talks to
    /// anybody**: it switches off what TLS is for. To trust one server that no CA vouches for, give
    /// its CA to [`ca`](ClientOptions::ca) or its fingerprint to
    /// [`fingerprint256`](ClientOptions::fingerprint256). Default: true.
    pub fn reject_unauthorized(mut self, reject: bool) -> Self {
        self.reject_unauthorized = reject;
        self
    }

    /// The name that the server is asked for (SNI) and that its certificate must have, where that
    /// is not the host that is connected to.
    pub fn servername(mut self, name: impl Into<String>) -> Self {
        self.servername = Some(name.into());
        self
    }

    /// The protocols that we speak, the preferred one first (ALPN, RFC 7301). Default: none.
    pub fn alpn<P: Into<Vec<u8>>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.alpn = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// [`alpn`](ClientOptions::alpn), where nothing was said of it.
    pub(crate) fn or_alpn(mut self, protocol: &str) -> Self {
        if self.alpn.is_empty() {
            self.alpn = vec![protocol.into()];
        }
        self
    }

    /// The oldest version that is spoken. Default: [`Version::Tls12`].
    pub fn min_version(mut self, version: Version) -> Self {
        self.min_version = version;
        self
    }

    /// Trusts exactly one certificate, by the SHA-256 of it as `openssl x509 -noout -fingerprint
    /// -sha256` prints it (`"AB:CD:…"`, the colons may be left out). It takes the place of every
    /// other check: who issued it, for which name and until when does not matter. That the
    /// server has the key to it is still proved in the handshake.
    pub fn fingerprint256(mut self, fingerprint: impl Into<String>) -> Self {
        self.fingerprint256 = Some(fingerprint.into());
        self
    }

    /// How long a handshake may take, all of it. Default: 10 s.
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    /// As [`ServerOptions::key_log`].
    pub fn key_log(mut self, on: bool) -> Self {
        self.key_log = on;
        self
    }
}

/// PEM files may stand behind one another, each on lines of its own.
fn append(all: &mut Vec<u8>, pem: impl Into<Vec<u8>>) {
    all.push(b'\n');
    all.extend(pem.into());
}

/// A key is nothing to print.
impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair")
            .field("cert", &self.cert.is_some())
            .field("key", &self.key.is_some())
            .finish()
    }
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.contexts.iter().map(|(name, _)| &**name).collect();
        f.debug_struct("ServerOptions")
            .field("identity", &self.identity)
            .field("contexts", &names)
            .field("ca", &self.ca.is_some())
            .field("request_cert", &self.request_cert)
            .field("reject_unauthorized", &self.reject_unauthorized)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("identity", &self.identity)
            .field("ca", &self.ca.is_some())
            .field("extra_ca", &self.extra_ca.is_some())
            .field("reject_unauthorized", &self.reject_unauthorized)
            .field("servername", &self.servername)
            .field("fingerprint256", &self.fingerprint256)
            .finish_non_exhaustive()
    }
}
