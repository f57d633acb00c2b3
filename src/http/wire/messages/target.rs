//! The request-target and its four forms (RFC 9112 §3.2).
//!
//! ```text
//!   GET     /where?q=now                     HTTP/1.1    origin-form
//!   GET     http://www.example.org/pub?q=1   HTTP/1.1    absolute-form
//!   CONNECT www.example.com:80               HTTP/1.1    authority-form
//!   OPTIONS *                                HTTP/1.1    asterisk-form
//! ```
//!
//! A target holds only what RFC 3986 allows in a URI. Some browsers send `[ ] { } |` unencoded in a query:
//! that is refused. A page that builds such links must encode them (`encodeURIComponent`).
//!
//! ```
//! use barewire::http::wire::{Method, Target};
//!
//! let target = Target::decode(Method::new("GET").unwrap(), b"/where?q=now")?;
//! assert_eq!((target.path(), target.query()), ("/where", Some("q=now")));
//! # Ok::<(), barewire::http::wire::Error>(())
//! ```

use crate::http::wire::uri::authority;
use crate::http::wire::{Error, Method, Rule, grammar};

/// A request-target, split into its parts. Every part is as it was sent: nothing is percent-decoded, no
/// dot segment is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// `/path?query`, to the server that the Host field names.
    Origin {
        /// Starts with `/`.
        path: &'a str,
        /// What follows the first `?`.
        query: Option<&'a str>,
    },
    /// A whole http or https URI, to a proxy (a server must accept it too).
    Absolute {
        /// `http` or `https`, in any case.
        scheme: &'a str,
        /// `host[:port]`, without userinfo; it wins over the Host field.
        authority: &'a str,
        /// Empty if the URI has none, which means `/`.
        path: &'a str,
        /// What follows the first `?`.
        query: Option<&'a str>,
    },
    /// `host:port`, for CONNECT only.
    Authority {
        /// A name, an address, or an IP literal in its brackets.
        host: &'a str,
        /// The port; there is no default.
        port: u16,
    },
    /// `*`, for OPTIONS only: the server as a whole.
    Asterisk,
}

impl<'a> Target<'a> {
    /// Decodes a whole request-target; the method decides which forms it may have.
    ///
    /// # Errors
    /// [`Rule::TargetInvalid`], [`Rule::TargetFormInvalid`] or [`Rule::TargetUserinfo`].
    pub fn decode(method: Method<'_>, bytes: &'a [u8]) -> Result<Target<'a>, Error> {
        let mut scan = Scan::default();
        let end = scan.run(bytes, 0)?.unwrap_or(bytes.len());
        if end != bytes.len() || bytes.is_empty() || scan.escape_open(bytes) {
            return Err(Error::new(Rule::TargetInvalid, bytes, end));
        }
        Target::split(method, bytes, &scan)
    }

    /// Splits bytes that [`Scan`] has checked.
    #[inline]
    pub(super) fn split(
        method: Method<'_>,
        bytes: &'a [u8],
        scan: &Scan,
    ) -> Result<Target<'a>, Error> {
        let text =
            std::str::from_utf8(bytes).map_err(|_| Error::new(Rule::TargetInvalid, bytes, 0))?;
        if method.is_connect() {
            return authority_form(text);
        }
        if bytes[0] == b'/' {
            if let Some(at) = scan.bracket {
                return Err(Error::new(Rule::TargetInvalid, bytes, at));
            }
            let (path, query) = split_query(text, scan.query);
            return Ok(Target::Origin { path, query });
        }
        if text == "*" {
            // RFC 9112 §3.2.4: "The "asterisk-form" of request-target is only used for a
            // server-wide OPTIONS request"
            return match method.as_str() {
                "OPTIONS" => Ok(Target::Asterisk),
                _ => Err(Error::new(Rule::TargetFormInvalid, bytes, 0)),
            };
        }
        absolute_form(text, scan.query)
    }

    /// The path, `/` where an absolute URI has none; empty for the forms without a path.
    pub fn path(&self) -> &'a str {
        match *self {
            Target::Absolute { path: "", .. } => "/",
            Target::Origin { path, .. } | Target::Absolute { path, .. } => path,
            Target::Authority { .. } | Target::Asterisk => "",
        }
    }

    /// What follows the first `?`, if there is one.
    pub fn query(&self) -> Option<&'a str> {
        match *self {
            Target::Origin { query, .. } | Target::Absolute { query, .. } => query,
            Target::Authority { .. } | Target::Asterisk => None,
        }
    }

    /// Appends the target as a request line holds it.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut push = |parts: &[&str]| {
            parts
                .iter()
                .for_each(|part| out.extend_from_slice(part.as_bytes()))
        };
        match *self {
            Target::Origin { path, .. } => push(&[path]),
            Target::Absolute {
                scheme,
                authority,
                path,
                ..
            } => push(&[scheme, "://", authority, path]),
            Target::Authority { host, port } => push(&[host, ":", &port.to_string()]),
            Target::Asterisk => push(&["*"]),
        }
        if let Some(query) = self.query() {
            out.push(b'?');
            out.extend_from_slice(query.as_bytes());
        }
    }
}

fn split_query(text: &str, query_at: Option<usize>) -> (&str, Option<&str>) {
    match query_at {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

fn authority_form(text: &str) -> Result<Target<'_>, Error> {
    // RFC 9110 §9.3.6: "A server MUST reject a CONNECT request that targets an empty or invalid
    // port number, typically by responding with a 400 (Bad Request) status code."
    let refuse = || Error::new(Rule::TargetFormInvalid, text.as_bytes(), 0);
    let (host, port) = authority::split_host_port(text.as_bytes()).ok_or_else(refuse)?;
    let port = port
        .and_then(grammar::decimal)
        .and_then(|n| u16::try_from(n).ok())
        .ok_or_else(refuse)?;
    if port == 0 {
        return Err(refuse());
    }
    Ok(Target::Authority {
        host: &text[..host.len()],
        port,
    })
}

fn absolute_form(text: &str, query_at: Option<usize>) -> Result<Target<'_>, Error> {
    let refuse = |rule, at| Error::new(rule, text.as_bytes(), at);
    let (before_query, query) = split_query(text, query_at);
    let (scheme, rest) = before_query
        .split_once("://")
        .ok_or_else(|| refuse(Rule::TargetFormInvalid, 0))?;
    // RFC 9110 §4.2.3: "The scheme and host are case-insensitive"
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(refuse(Rule::TargetFormInvalid, 0));
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority_at = scheme.len() + 3;
    // RFC 9110 §4.2.4: "a recipient SHOULD parse for userinfo and treat its presence as an error"
    if authority.contains('@') {
        return Err(refuse(Rule::TargetUserinfo, authority_at));
    }
    // RFC 9110 §4.2.1: "A sender MUST NOT generate an "http" URI with an empty host identifier. A
    // recipient that processes such a URI reference MUST reject it as invalid."
    if authority::split_host_port(authority.as_bytes()).is_none() {
        return Err(refuse(Rule::TargetFormInvalid, authority_at));
    }
    let brackets = |part: &str| part.find(['[', ']']);
    let outside = brackets(path).or_else(|| query.and_then(brackets));
    if outside.is_some() {
        return Err(refuse(Rule::TargetInvalid, authority_at + authority.len()));
    }
    Ok(Target::Absolute {
        scheme,
        authority,
        path,
        query,
    })
}

/// What one pass over the bytes of a target has found so far; offsets count from its first byte.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scan {
    at: usize,
    query: Option<usize>,
    bracket: Option<usize>,
}

impl Scan {
    /// Continues in the target that starts at `start`: `Some(end)` at the first byte that no target may
    /// hold, `None` if the bytes end before that.
    #[inline]
    pub(super) fn run(&mut self, bytes: &[u8], start: usize) -> Result<Option<usize>, Error> {
        loop {
            let at = grammar::target_end(bytes, start + self.at);
            self.at = at - start;
            match bytes.get(at) {
                None => return Ok(None),
                Some(b'?') => self.query = self.query.or(Some(self.at)),
                Some(b'[' | b']') => self.bracket = self.bracket.or(Some(self.at)),
                Some(b'%') => match grammar::percent_encoded(bytes, at) {
                    Some(true) => self.at += 2,
                    Some(false) => return Err(Error::new(Rule::TargetInvalid, bytes, at)),
                    None => return Ok(None),
                },
                Some(_) => return Ok(Some(at)),
            }
            self.at += 1;
        }
    }

    /// The path of a target in origin-form, if it is one without brackets.
    #[inline(always)]
    pub(super) fn plain_path<'a>(&self, target: &'a [u8]) -> Option<&'a [u8]> {
        let plain = target.first() == Some(&b'/') && self.bracket.is_none();
        plain.then(|| &target[..self.query.unwrap_or(target.len())])
    }

    /// Whether the bytes end in the middle of a percent-encoding.
    fn escape_open(&self, bytes: &[u8]) -> bool {
        self.at < bytes.len()
    }
}
