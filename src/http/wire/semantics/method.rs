//! The request method (RFC 9110 §9): any token, case-sensitive.

use crate::http::wire::grammar;
use std::fmt;

/// A method as the request line holds it.
///
/// ```
/// use barewire::http::wire::Method;
///
/// assert!(Method::new("GET").unwrap().is_idempotent());
/// assert!(Method::new("G(E)T").is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Method<'a>(&'a [u8]);

impl<'a> Method<'a> {
    /// The method of this name; `None` if it is no token.
    pub fn new(name: &'a str) -> Option<Method<'a>> {
        grammar::is_token(name.as_bytes()).then_some(Method(name.as_bytes()))
    }

    /// For a run of `tchar` that a decoder has found.
    #[inline]
    pub(in crate::http::wire) fn from_token(token: &'a [u8]) -> Method<'a> {
        Method(token)
    }

    /// The method's name.
    #[inline]
    pub fn as_str(self) -> &'a str {
        match self.0 {
            b"GET" => "GET", // without a check of its bytes, as most requests are these
            b"POST" => "POST",
            // A token is ASCII: the default is never used.
            name => std::str::from_utf8(name).unwrap_or_default(),
        }
    }

    /// Whether it is HEAD: the response has no body, whatever its fields are (RFC 9110 §9.3.2).
    #[inline]
    pub fn is_head(self) -> bool {
        self.0 == b"HEAD"
    }

    /// Whether it is CONNECT, which asks for a tunnel (RFC 9110 §9.3.6).
    #[inline]
    pub fn is_connect(self) -> bool {
        self.0 == b"CONNECT"
    }

    /// Whether it only reads: GET, HEAD, OPTIONS or TRACE (RFC 9110 §9.2.1).
    pub fn is_safe(self) -> bool {
        matches!(self.0, b"GET" | b"HEAD" | b"OPTIONS" | b"TRACE")
    }

    /// Whether sending it twice has the effect of once: the safe methods, PUT and DELETE (RFC 9110 §9.2.2).
    pub fn is_idempotent(self) -> bool {
        self.is_safe() || matches!(self.0, b"PUT" | b"DELETE")
    }

    /// Whether it is one of the eight methods of RFC 9110 §9.3, or PATCH.
    pub fn is_standard(self) -> bool {
        self.is_idempotent() || matches!(self.0, b"POST" | b"CONNECT" | b"PATCH")
    }
}

impl fmt::Display for Method<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Method<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
