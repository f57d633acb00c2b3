//! The options of TLS, with Node's names and Node's meaning.
//!
//! Both roles have a [`Common`] part, and `common_options!` gives both the methods that set it. To add an
//! option, see the table in the [chapter's page](super#to-change-x-touch-y).

use crate::setters::setters;
use std::fmt;
use std::time::Duration;

/// How long a handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// A version of the protocol. Older ones than these are broken, and are not spoken.
///
/// ```
/// use barewire::tls::{ClientOptions, Version};
///
/// let options = ClientOptions::new().min_version(Version::Tls13);
/// assert!(Version::Tls12 < Version::Tls13);
/// # let _ = options;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// TLS 1.2 (RFC 5246).
    #[default]
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// What the options of both roles have.
#[derive(Clone, Debug)]
pub(super) struct Common {
    pub(super) identity: Pair,
    /// One for each call; none: the default.
    pub(super) ca: Vec<Pem>,
    pub(super) reject_unauthorized: bool,
    pub(super) alpn: Vec<Vec<u8>>,
    pub(super) min_version: Version,
    pub(super) handshake_timeout: Duration,
    pub(super) key_log: bool,
}

impl Default for Common {
    fn default() -> Common {
        Common {
            identity: Pair::default(),
            ca: Vec::new(),
            reject_unauthorized: true,
            alpn: Vec::new(),
            min_version: Version::default(),
            handshake_timeout: HANDSHAKE_TIMEOUT,
            key_log: false,
        }
    }
}

/// A certificate (and those that lead from it to the CA) with its key.
#[derive(Clone, Debug, Default)]
pub(super) struct Pair {
    pub(super) cert: Option<Pem>,
    pub(super) key: Option<Pem>,
}

/// A PEM text. It may be a private key, so it is never printed.
#[derive(Clone, Default)]
pub(super) struct Pem(pub(super) Vec<u8>);

impl Pem {
    fn new(text: impl Into<Vec<u8>>) -> Pem {
        Pem(text.into())
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// The methods that set the common part. What differs by role is the documentation of four of them.
macro_rules! common_options {
    (
        $options:ident;
        $(#[$cert:meta])+ cert;
        $(#[$ca:meta])+ ca;
        $(#[$reject:meta])+ reject_unauthorized;
        $(#[$alpn:meta])+ alpn;
    ) => {
        impl $options {
            setters! {
                $(#[$cert])+
                pub fn cert(self, pem: impl Into<Vec<u8>>) =>
                    self.common.identity.cert = Some(Pem::new(pem));

                /// The private key that belongs to [`cert`](Self::cert): PKCS#8, PKCS#1 or SEC 1, without
                /// a passphrase.
                pub fn key(self, pem: impl Into<Vec<u8>>) =>
                    self.common.identity.key = Some(Pem::new(pem));

                $(#[$ca])+
                pub fn ca(self, pem: impl Into<Vec<u8>>) => self.common.ca.push(Pem::new(pem));

                $(#[$reject])+
                pub fn reject_unauthorized(self, reject: bool) =>
                    self.common.reject_unauthorized = reject;
            }

            $(#[$alpn])+
            pub fn alpn<P: Into<Vec<u8>>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
                self.common.alpn = protocols.into_iter().map(Into::into).collect();
                self
            }

            setters! {
                /// The oldest version that is spoken. Default: [`Version::Tls12`].
                pub fn min_version(self, version: Version) => self.common.min_version = version;

                /// How long a handshake may take, all of it; not zero. Default: 10 s.
                pub fn handshake_timeout(self, timeout: Duration) =>
                    self.common.handshake_timeout = timeout;

                /// Whether the secrets of every connection are appended to the file that the environment
                /// variable `SSLKEYLOGFILE` names, for Wireshark. With that file every connection can be decrypted.
                /// Default: false, and the variable is not read.
                pub fn key_log(self, on: bool) => self.common.key_log = on;
            }
        }
    };
}

/// The certificate options of a server.
///
/// Certificates and keys are the *contents* of PEM files, as the book reads them with
/// `fs.readFileSync`. [`ServerContext::new`](super::ServerContext::new) reads and checks them
/// ([`create_server`](super::create_server) calls it), and its error says what is wrong.
///
/// ```
/// use barewire::tls::ServerOptions;
///
/// // The book's server: it asks for a certificate, and says whether it got a good one.
/// let options = ServerOptions::new()
///     .key(std::fs::read("fixtures/tls/server.key")?)
///     .cert(std::fs::read("fixtures/tls/server.crt")?)
///     .request_cert(true)
///     .reject_unauthorized(false) // or no client that is `unauthorized` would ever get in
///     .ca(std::fs::read("fixtures/tls/ca.crt")?);
/// # barewire::tls::ServerContext::new(&options)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    pub(super) common: Common,
    pub(super) contexts: Vec<(String, Pair)>,
    pub(super) request_cert: bool,
}

impl ServerOptions {
    /// No certificate yet; every option has its default.
    pub fn new() -> ServerOptions {
        ServerOptions::default()
    }

    /// A certificate for clients that ask for this name (SNI, RFC 6066 §3): `"dev.test.com"`, or
    /// `"*.test.com"` for any one label. Exact names are tried first. A client that asks for another
    /// name, or for none, gets [`cert`](ServerOptions::cert). A trailing dot is ignored. Two certificates
    /// for one name are an error, and so is a name that no client can ask for, as an address.
    pub fn add_context(
        mut self,
        servername: impl Into<String>,
        cert: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        let pair = Pair {
            cert: Some(Pem::new(cert)),
            key: Some(Pem::new(key)),
        };
        self.contexts.push((servername.into(), pair));
        self
    }

    /// Whether clients are asked for a certificate. Default: false.
    pub fn request_cert(mut self, ask: bool) -> Self {
        self.request_cert = ask;
        self
    }
}

common_options! {
    ServerOptions;

    /// The server's certificate first, then those that lead from it to the CA (the CA's own may
    /// be left out). A certificate whose dates have passed is accepted here, as by Node: a clock may be wrong when a
    /// server starts, and a server that stays up meets the same. Its clients refuse it, and their alert
    /// ([`Code::AlertCertificateExpired`](super::Code::AlertCertificateExpired)) is an error of the handshake here.
    cert;

    /// The CAs that may issue the certificates of clients. Each call adds to them. One that has expired
    /// issues none.
    ca;

    /// Whether the handshake refuses a client that was asked for a certificate and has none, or has
    /// one that no `ca` has issued. If not, the client is accepted, and
    /// [`Tls::authorized`](super::Tls::authorized) is false. Default: true.
    reject_unauthorized;

    /// The protocols that the server speaks, the preferred one first (ALPN, RFC 7301):
    /// `["http/1.1"]`. A client that offers only others is refused, one that offers none is not.
    /// Default: none, and what clients offer is ignored.
    alpn;
}

/// The certificate options of a client.
///
/// ```
/// use barewire::tls::ClientOptions;
///
/// // The book's client.
/// let options = ClientOptions::new()
///     .key(std::fs::read("fixtures/tls/client.key")?)
///     .cert(std::fs::read("fixtures/tls/client.crt")?)
///     .ca(std::fs::read("fixtures/tls/ca.crt")?);
/// # barewire::tls::ClientContext::new(&options)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ClientOptions {
    pub(super) common: Common,
    pub(super) extra_ca: Vec<Pem>,
    pub(super) servername: Option<String>,
    pub(super) fingerprint256: Option<String>,
}

impl ClientOptions {
    /// The roots that browsers trust, no certificate of our own; every option has its default.
    pub fn new() -> ClientOptions {
        ClientOptions::default()
    }

    setters! {
        /// The CAs to trust *as well*. Each call adds to them.
        pub fn extra_ca(self, pem: impl Into<Vec<u8>>) => self.extra_ca.push(Pem::new(pem));

        /// The name that the server is asked for (SNI) and that its certificate must have, where that
        /// is not the host that is connected to.
        pub fn servername(self, name: impl Into<String>) => self.servername = Some(name.into());

        /// Trusts exactly one certificate, by its SHA-256 as `openssl x509 -noout -fingerprint
        /// -sha256` prints it (`"AB:CD:…"`, or without any colon). It replaces every other check:
        /// who issued the certificate, for which name and until when does not matter. That the server
        /// has the key to it is still proved in the handshake.
        pub fn fingerprint256(self, fingerprint: impl Into<String>) =>
            self.fingerprint256 = Some(fingerprint.into());
    }
}

common_options! {
    ClientOptions;

    /// Our certificate, for servers that ask for one; behind it those that lead to its CA.
    cert;

    /// The CAs to trust *in place of* the roots that browsers trust. Each call adds to them. One that has
    /// expired is not trusted, and the error names it.
    ca;

    /// Whether the handshake refuses a server whose certificate is not in order. If not, only
    /// [`Tls::authorized`](super::Tls::authorized) says so, and **a program that does not ask talks to
    /// any server**: this switches off what TLS is for. To trust one server that no CA vouches for, pass
    /// its CA with [`ca`](ClientOptions::ca) or its fingerprint with
    /// [`fingerprint256`](ClientOptions::fingerprint256). Default: true.
    reject_unauthorized;

    /// The protocols that we speak, the preferred one first (ALPN, RFC 7301). Default: none.
    alpn;
}
