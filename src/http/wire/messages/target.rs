//! The request-target and its four forms (RFC 9112 §3.2).
//!
//! ```text
//!   GET     /where?q=now                     HTTP/1.1    origin-form
//!   GET     http://www.example.org/pub?q=1   HTTP/1.1    absolute-form
//!   CONNECT www.example.com:80               HTTP/1.1    authority-form
//!   OPTIONS *                                HTTP/1.1    asterisk-form
//! ```
//!
//! A target holds only what RFC 3986 allows in a URI, and every other byte is refused. RFC 9112 §3.2 names two
//! ways to refuse: a 400, or a 301 to the properly encoded target. The 301 is for browsers. They keep some
//! bytes as they are that RFC 3986 wants percent-encoded: those that the percent-encode sets of the URL Standard
//! (WHATWG) leave out.
//!
//! | | browsers send | GET, HEAD in origin-form | other methods, absolute-form |
//! |---|---|---|---|
//! | in the path | `[ ] \| ^` | [`Rule::TargetUnencoded`] (301) | [`Rule::TargetInvalid`] (400) |
//! | in the query | these and ``{ } \ ` `` | the same | the same |
//! | every other byte: controls, space, `" < > #`, above ASCII, a `%` without two digits | never, or ambiguous | [`Rule::TargetInvalid`] (400) | the same |
//!
//! Browsers send absolute-form to proxies only. A proxy decides whom it serves before it answers for another host,
//! so such a target gets no 301, which no handler has decided on.
//!
//! Nothing is repaired silently: no handler gets such a target.
//!
//! ```
//! use barewire::http::wire::{Method, Target};
//!
//! let target = Target::decode(Method::new("GET").unwrap(), b"/where?q=now")?;
//! assert_eq!((target.path(), target.query()), ("/where", Some("q=now")));
//! # Ok::<(), barewire::http::wire::Error>(())
//! ```

use crate::http::wire::uri::{authority, percent_encode_where};
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
    /// [`Rule::TargetInvalid`], [`Rule::TargetUnencoded`], [`Rule::TargetFormInvalid`] or
    /// [`Rule::TargetUserinfo`]; [`Rule::StartLineTooLong`] from 4 GiB on.
    pub fn decode(method: Method<'_>, bytes: &'a [u8]) -> Result<Target<'a>, Error> {
        Ok(Judged::of_whole(method, bytes)?.target(bytes))
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

/// A target that has been judged: its form, and where its parts end. Every reader of a target takes its parts from
/// here, so two readers cannot disagree.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct Judged {
    form: Form,
    /// Where the first `?` is.
    query: Option<u32>,
    unencoded: Option<u32>,
}

/// The rule that a target breaks, and at which of its bytes.
type Broken = (Rule, usize);

#[derive(Clone, Copy, Debug)]
enum Form {
    Origin,
    Absolute { scheme_end: usize, path_at: usize },
    Authority { host_end: usize, port: u16 },
    Asterisk,
}

impl Default for Judged {
    /// Of no target.
    fn default() -> Judged {
        Judged {
            form: Form::Asterisk,
            query: None,
            unencoded: None,
        }
    }
}

impl Judged {
    /// As if a target in origin-form, without an unencoded byte, had been judged.
    #[inline(always)]
    pub(super) fn set_origin(&mut self, scan: &Scan) {
        self.form = Form::Origin;
        (self.query, self.unencoded) = (scan.query, None);
    }

    /// Judges a whole request-target, as [`Target::decode`].
    ///
    /// # Errors
    /// As [`Target::decode`].
    pub(in crate::http) fn of_whole(method: Method<'_>, bytes: &[u8]) -> Result<Judged, Error> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(Error::new(Rule::StartLineTooLong, bytes, 0));
        }
        let mut scan = Scan::default();
        let end = scan.run(bytes, 0)?.unwrap_or(bytes.len());
        if end != bytes.len() || bytes.is_empty() || scan.escape_open(bytes) {
            return Err(Error::new(Rule::TargetInvalid, bytes, end));
        }
        let refused = |(rule, at)| Error::new(rule, bytes, at);
        let judged = Judged::of(method, bytes, &scan).map_err(refused)?;
        match judged.unencoded() {
            Some(at) => Err(refused((Rule::TargetUnencoded, at))),
            None => Ok(judged),
        }
    }

    /// Judges bytes that [`Scan`] has passed: the form, and whether the method may have it.
    ///
    /// # Errors
    /// The rule that the target breaks, and at which of its bytes. An unencoded byte in a GET or HEAD in
    /// origin-form is no error here, because a 301 needs the rest of the target, and of the head.
    #[inline(never)]
    pub(super) fn of(method: Method<'_>, bytes: &[u8], scan: &Scan) -> Result<Judged, Broken> {
        let text = ascii(bytes);
        let form = match bytes {
            _ if method.is_connect() => authority_form(text)?,
            [b'/', ..] => Form::Origin,
            // RFC 9112 §3.2.4: "The "asterisk-form" of request-target is only used for a
            // server-wide OPTIONS request"
            b"*" if method.as_str() == "OPTIONS" => Form::Asterisk,
            b"*" => return Err((Rule::TargetFormInvalid, 0)),
            _ => absolute_form(text, offset(scan.query))?,
        };
        let unencoded = match form {
            Form::Origin => offset(scan.unencoded),
            // The brackets of an IP literal are where they belong.
            Form::Absolute { path_at, .. } => {
                let at = bytes[path_at..].iter().position(|&c| is_left_unencoded(c));
                at.map(|at| path_at + at)
            }
            Form::Authority { .. } | Form::Asterisk => None,
        };
        // A client that sends another method is no browser that follows a link.
        let may_be_redirected =
            matches!(form, Form::Origin) && matches!(method.as_str(), "GET" | "HEAD");
        match unencoded {
            Some(at) if !may_be_redirected => Err((Rule::TargetInvalid, at)),
            _ => Ok(Judged {
                form,
                query: scan.query,
                unencoded: unencoded.map(|at| at as u32),
            }),
        }
    }

    /// The first byte that a browser has left unencoded. Only GET and HEAD in origin-form get so far.
    #[inline(always)]
    pub(super) fn unencoded(&self) -> Option<usize> {
        offset(self.unencoded)
    }

    /// Where the query begins, with its `?`; the end of the target if it has none.
    #[inline(always)]
    fn path_end(&self, bytes: &[u8]) -> usize {
        offset(self.query).unwrap_or(bytes.len())
    }

    /// The target, of the bytes that were judged.
    #[inline]
    pub(in crate::http) fn target<'a>(&self, bytes: &'a [u8]) -> Target<'a> {
        let text = ascii(bytes);
        let query = offset(self.query).map(|at| &text[at + 1..]);
        match self.form {
            Form::Origin => Target::Origin {
                path: self.path(bytes),
                query,
            },
            Form::Absolute {
                scheme_end,
                path_at,
            } => Target::Absolute {
                scheme: &text[..scheme_end],
                authority: &text[scheme_end + 3..path_at],
                path: &text[path_at..self.path_end(bytes)],
                query,
            },
            Form::Authority { host_end, port } => Target::Authority {
                host: &text[..host_end],
                port,
            },
            Form::Asterisk => Target::Asterisk,
        }
    }

    /// [`Target::path`], without the other parts.
    #[inline]
    pub(super) fn path<'a>(&self, bytes: &'a [u8]) -> &'a str {
        match self.form {
            Form::Origin => ascii(&bytes[..self.path_end(bytes)]),
            _ => self.rare_path(bytes),
        }
    }

    #[inline(never)]
    fn rare_path<'a>(&self, bytes: &'a [u8]) -> &'a str {
        self.target(bytes).path()
    }

    /// How many bytes longer the target is with its unencoded bytes encoded.
    pub(super) fn missing_bytes(&self, bytes: &[u8]) -> usize {
        let Some(at) = self.unencoded() else {
            return 0;
        };
        let unencoded = bytes[at..].iter().filter(|&&c| is_left_unencoded(c));
        2 * unencoded.count()
    }

    /// Path and query with their unencoded bytes encoded, as a reference to the same host. Nothing is
    /// decoded, and a percent-encoding stays as it is.
    pub(super) fn encoded_reference(&self, bytes: &[u8]) -> String {
        let target = self.target(bytes);
        let mut reference = String::new();
        // RFC 3986 §4.2: "A relative reference that begins with two slash characters is termed a
        // network-path reference"
        //
        // It would lead to another host. Behind "/." the second slash begins an empty segment.
        if target.path().starts_with("//") {
            reference.push_str("/.");
        }
        percent_encode_where(target.path(), is_left_unencoded, &mut reference);
        if let Some(query) = target.query() {
            reference.push('?');
            percent_encode_where(query, is_left_unencoded, &mut reference);
        }
        reference
    }
}

/// The bytes that browsers leave unencoded, in a path or in a query: what neither RFC 3986 allows there nor
/// the URL Standard encodes there.
fn is_left_unencoded(byte: u8) -> bool {
    matches!(byte, b'[' | b']' | b'|' | b'^' | b'{' | b'}' | b'\\' | b'`')
}

#[inline(always)]
fn offset(at: Option<u32>) -> Option<usize> {
    at.map(|at| at as usize)
}

/// Bytes that [`Scan`] has passed are ASCII.
#[inline]
fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

fn authority_form(text: &str) -> Result<Form, Broken> {
    // RFC 9110 §9.3.6: "A server MUST reject a CONNECT request that targets an empty or invalid
    // port number, typically by responding with a 400 (Bad Request) status code."
    let refused = (Rule::TargetFormInvalid, 0);
    let (host, port) = authority::split_host_port(text.as_bytes()).ok_or(refused)?;
    let port = port
        .and_then(grammar::decimal)
        .and_then(|n| u16::try_from(n).ok())
        .ok_or(refused)?;
    if port == 0 {
        return Err(refused);
    }
    Ok(Form::Authority {
        host_end: host.len(),
        port,
    })
}

fn absolute_form(text: &str, query_at: Option<usize>) -> Result<Form, Broken> {
    let (scheme, rest) = text[..query_at.unwrap_or(text.len())]
        .split_once("://")
        .ok_or((Rule::TargetFormInvalid, 0))?;
    // RFC 9110 §4.2.3: "The scheme and host are case-insensitive"
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err((Rule::TargetFormInvalid, 0));
    }
    let (authority, _) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority_at = scheme.len() + 3;
    // RFC 9110 §4.2.4: "a recipient SHOULD parse for userinfo and treat its presence as an error"
    if authority.contains('@') {
        return Err((Rule::TargetUserinfo, authority_at));
    }
    // RFC 9110 §4.2.1: "A sender MUST NOT generate an "http" URI with an empty host identifier. A
    // recipient that processes such a URI reference MUST reject it as invalid."
    if authority::split_host_port(authority.as_bytes()).is_none() {
        return Err((Rule::TargetFormInvalid, authority_at));
    }
    Ok(Form::Absolute {
        scheme_end: scheme.len(),
        path_at: authority_at + authority.len(),
    })
}

/// What one pass over the bytes of a target has found so far; offsets count from its first byte.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scan {
    at: u32,
    query: Option<u32>,
    /// The first byte that browsers leave unencoded, or a bracket of an IP literal.
    unencoded: Option<u32>,
}

impl Scan {
    /// Continues in the target that starts at `start`: `Some(end)` at the first byte that no target may
    /// hold, `None` if the bytes end before that.
    pub(super) fn run(&mut self, bytes: &[u8], start: usize) -> Result<Option<usize>, Error> {
        loop {
            let at = grammar::target_end(bytes, start + self.at as usize);
            self.at = (at - start) as u32;
            match bytes.get(at) {
                None => return Ok(None),
                Some(b'?') => self.query = self.query.or(Some(self.at)),
                Some(b'%') => match grammar::percent_encoded(bytes, at) {
                    Some(true) => self.at += 2,
                    Some(false) => return Err(Error::new(Rule::TargetInvalid, bytes, at)),
                    None => return Ok(None),
                },
                Some(&byte) if self.is_sent_by_browsers(byte) => {
                    self.unencoded = self.unencoded.or(Some(self.at));
                }
                Some(_) => return Ok(Some(at)),
            }
            self.at += 1;
        }
    }

    /// Whether browsers leave this byte unencoded in the part of the target that `at` is in.
    ///
    /// The path percent-encode set of the URL Standard has `{`, `}` and the grave accent, and `^` since 2024;
    /// there `\` is a slash. The query percent-encode set has none of them. Neither set has `[`, `]` and `|`.
    fn is_sent_by_browsers(&self, byte: u8) -> bool {
        match byte {
            b'[' | b']' | b'|' | b'^' => true,
            byte => self.query.is_some() && is_left_unencoded(byte),
        }
    }

    /// Whether no byte has been found that browsers leave unencoded.
    #[inline(always)]
    pub(super) fn is_encoded(&self) -> bool {
        self.unencoded.is_none()
    }

    /// Whether the bytes end in the middle of a percent-encoding.
    fn escape_open(&self, bytes: &[u8]) -> bool {
        (self.at as usize) < bytes.len()
    }
}
