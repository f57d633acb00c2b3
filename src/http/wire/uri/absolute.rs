//! A whole `http` or `https` URI: what a client is asked to fetch (RFC 9110 §4.2).

use super::error::{UriError, UriReason};
use super::origin::{Origin, Scheme};
use super::reference::{self, Authority, Reference};
use crate::http::wire::Target;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// An absolute `http` or `https` URI, split into its parts and checked.
///
/// Scheme and host are lower-case and a default port is left out; everything else is as it was written:
/// nothing is percent-decoded, and dot segments are removed only when a reference is resolved. Equal URIs
/// are equal in every part, fragment and userinfo included. (An empty path does not equal `/`, although a
/// request line has `/` for both.)
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Uri {
    pub(super) scheme: Scheme,
    userinfo: Option<(String, String)>,
    /// `host[:port]`
    authority: String,
    host_end: usize,
    port: u16,
    /// Empty, or starts with `/`.
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) fragment: Option<String>,
}

impl Uri {
    /// Parses a whole URI.
    ///
    /// # Errors
    /// The first rule that the text breaks, and at which byte.
    pub fn parse(text: &str) -> Result<Uri, UriError> {
        let missing = || UriError::new(UriReason::Scheme, text, 0);
        let scheme = reference::scheme(text)?.ok_or_else(missing)?;
        let parts = Reference::decode(text)?;
        let authority = parts.authority.ok_or_else(missing)?;
        Ok(Uri {
            path: parts.path.to_owned(),
            query: parts.query.map(str::to_owned),
            fragment: parts.fragment.map(str::to_owned),
            ..Uri::root(scheme, authority)
        })
    }

    /// The URI of a scheme and an authority alone.
    pub(super) fn root(scheme: Scheme, named: Authority<'_>) -> Uri {
        // RFC 3986 §3.2.2: "Although host is case-insensitive, producers and normalizers should use
        // lowercase for registered names and hexadecimal addresses for the sake of uniformity"
        let mut authority = named.host.to_ascii_lowercase();
        let host_end = authority.len();
        let port = named.port.unwrap_or(scheme.default_port());
        if port != scheme.default_port() {
            authority += &format!(":{port}");
        }
        Uri {
            scheme,
            userinfo: named.userinfo,
            authority,
            host_end,
            port,
            path: String::new(),
            query: None,
            fragment: None,
        }
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// User and password, percent-decoded, for [`basic`](crate::http::wire::basic). A printed or sent URI
    /// never contains them.
    // RFC 9110 §4.2.4: "A sender MUST NOT generate the userinfo subcomponent (and its "@"
    // delimiter) when an "http" or "https" URI reference is generated within a message as a target
    // URI or field value."
    pub fn userinfo(&self) -> Option<(&str, &str)> {
        let (user, password) = self.userinfo.as_ref()?;
        Some((user, password))
    }

    /// `host[:port]`, as the Host field says it: lower-case, without a default port.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// A name or an IPv4 address, or an IPv6 address in its brackets; lower-case.
    pub fn host(&self) -> &str {
        &self.authority[..self.host_end]
    }

    /// The host as a resolver wants it: an IPv6 address without its brackets.
    pub fn unbracketed_host(&self) -> &str {
        self.host().trim_matches(['[', ']'])
    }

    /// The port to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path; `/` if the URI has none.
    pub fn path(&self) -> &str {
        match self.path.as_str() {
            "" => "/",
            path => path,
        }
    }

    /// What follows the first `?`.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// What follows the `#`. The client keeps it for itself and never sends it.
    pub fn fragment(&self) -> Option<&str> {
        self.fragment.as_deref()
    }

    /// `/path?query`, as a request line has it.
    // RFC 9112 §3.2.1: "If the target URI's path component is empty, the client MUST send "/" as
    // the path within the origin-form of request-target."
    pub fn path_and_query(&self) -> Cow<'_, str> {
        match &self.query {
            None => self.path().into(),
            Some(query) => format!("{}?{query}", self.path()).into(),
        }
    }

    /// The same for [`RequestOut`](crate::http::wire::RequestOut): to the server itself (RFC 9112 §3.2.1).
    pub fn origin_form(&self) -> Target<'_> {
        Target::Origin {
            path: self.path(),
            query: self.query(),
        }
    }

    /// The whole URI without userinfo and fragment: to a proxy (RFC 9112 §3.2.2).
    pub fn absolute_form(&self) -> Target<'_> {
        Target::Absolute {
            scheme: self.scheme.as_str(),
            authority: self.authority(),
            path: self.path(),
            query: self.query(),
        }
    }

    /// The origin: requests to one origin may share connections and credentials.
    pub fn origin(&self) -> Origin<'_> {
        Origin {
            scheme: self.scheme,
            host: self.host(),
            port: self.port,
        }
    }

    pub(in crate::http::wire) fn without_userinfo(&self) -> Uri {
        Uri {
            userinfo: None,
            ..self.clone()
        }
    }

    /// With the fragment of `other`, if it has none itself.
    pub(in crate::http::wire) fn or_fragment_of(mut self, other: &Uri) -> Uri {
        self.fragment = self.fragment.or_else(|| other.fragment.clone());
        self
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Uri, UriError> {
        Uri::parse(text)
    }
}

/// The URI without its userinfo, so that a log or a Referer field never shows a password.
// RFC 3986 §3.2.1: "Applications should not render as clear text any data after the first colon
// (":") character found within a userinfo subcomponent unless the data after the colon is the
// empty string (indicating no password)."
impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme.as_str();
        write!(f, "{scheme}://{}{}", self.authority, self.path)?;
        if let Some(query) = &self.query {
            write!(f, "?{query}")?;
        }
        if let Some(fragment) = &self.fragment {
            write!(f, "#{fragment}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uri({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        Uri::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn three_spellings_of_one_origin() {
        // RFC 9110 §4.2.3: "the following three URIs are equivalent"
        let spelt = [
            "http://example.com:80/~smith/home.html",
            "http://EXAMPLE.com/%7Esmith/home.html",
            "http://EXAMPLE.com:/%7esmith/home.html",
        ]
        .map(uri);
        assert!(spelt.iter().all(|uri| uri.origin() == spelt[0].origin()));
        for other in [
            "https://example.com:80/",
            "http://example.com:8080/",
            "http://example.org/",
            "http://www.example.com/",
            "http://example.com./",
        ] {
            assert_ne!(uri(other).origin(), spelt[0].origin(), "{other}");
        }
    }

    #[test]
    fn an_ipv6_address_loses_its_brackets_only_where_it_is_looked_up() {
        let uri = uri("http://[2001:DB8::1]:8080");
        assert_eq!(uri.authority(), "[2001:db8::1]:8080");
        assert_eq!(
            (uri.host(), uri.unbracketed_host()),
            ("[2001:db8::1]", "2001:db8::1")
        );
    }

    #[test]
    fn a_password_is_not_printed() {
        let uri = uri("http://me:s%65cret@a/x?y#z");
        assert_eq!(uri.userinfo(), Some(("me", "secret")));
        let mut sent = Vec::new();
        uri.origin_form().encode(&mut sent);
        uri.absolute_form().encode(&mut sent);
        let shown = format!("{uri} {uri:?} {}", String::from_utf8(sent).unwrap());
        assert_eq!(shown, "http://a/x?y#z Uri(http://a/x?y#z) /x?yhttp://a/x?y");
        let error = Uri::parse("http://me:secret@a b/").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
