//! The origin of a URI: its scheme, its host and its port (RFC 9110 §4.3).

use std::fmt;

/// The scheme of a URI (RFC 9110 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `http`: TCP alone.
    Http,
    /// `https`: TLS over TCP.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The port if the URI has none.
    // RFC 9110 §4.2.1: "If the port subcomponent is empty or not given, TCP port 80 (the reserved
    // port for WWW services) is the default."
    // RFC 9110 §4.2.2: "If the port subcomponent is empty or not given, TCP port 443 (the reserved
    // port for HTTP over TLS) is the default."
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// Scheme, host and port: the server that is responsible for a URI.
// RFC 9110 §4.3.1: "The origin for a given URI is the triple of scheme, host, and port after
// normalizing the scheme and host to lowercase and normalizing the port to remove any leading
// zeros."
///
/// ```
/// # use barewire::http::wire::Uri;
/// let one = Uri::parse("https://Example.Com/happy.js")?;
/// let other = Uri::parse("https://example.com:443/")?;
/// assert_eq!(one.origin(), other.origin());
/// assert_eq!(one.origin().to_string(), "https://example.com:443");
/// # Ok::<(), barewire::http::wire::UriError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin<'a> {
    /// `http` or `https`.
    pub scheme: Scheme,
    /// Lower-case; an IPv6 address in its brackets.
    pub host: &'a str,
    /// The port, also if it is the default.
    pub port: u16,
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme.as_str(), self.host, self.port)
    }
}
