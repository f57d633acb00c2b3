//! Splits a URI reference into its parts and checks every byte (RFC 3986 §3, §4.1).
//!
//! ```text
//!   http://a:8080/b/c?d#e     a whole URI
//!   //a:8080/b/c?d#e          the same, without its scheme
//!   /b/c?d#e                  an absolute path
//!   c?d#e                     a relative path, perhaps empty
//! ```
//!
//! The delimiters alone separate the parts, from left to right: a part cannot hold the delimiter that ends
//! it, unless it is percent-encoded.

use super::authority;
use super::error::{UriError, UriReason};
use super::origin::Scheme;
use super::percent::decode_text;
use crate::http::wire::grammar;

/// The parts that a reference has; the path may be empty.
pub(super) struct Reference<'a> {
    pub(super) scheme: Option<Scheme>,
    pub(super) authority: Option<Authority<'a>>,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) fragment: Option<&'a str>,
}

/// `[userinfo@]host[:port]`
pub(super) struct Authority<'a> {
    /// User and password, percent-decoded.
    pub(super) userinfo: Option<(String, String)>,
    pub(super) host: &'a str,
    /// `None` if it is left out or empty.
    pub(super) port: Option<u16>,
}

impl<'a> Reference<'a> {
    pub(super) fn decode(text: &'a str) -> Result<Reference<'a>, UriError> {
        let scheme = scheme(text)?;
        check_characters(text)?;
        let mut at = scheme.map_or(0, |scheme| scheme.as_str().len() + 1);
        let mut named = None;
        if text[at..].starts_with("//") {
            // RFC 3986 §3.2: "The authority component is preceded by a double slash ("//") and is
            // terminated by the next slash ("/"), question mark ("?"), or number sign ("#")
            // character, or by the end of the URI."
            let start = at + 2;
            at = find(text, start, &['/', '?', '#']).unwrap_or(text.len());
            named = Some(authority(text, start, at)?);
        } else if scheme.is_some() {
            return Err(UriError::new(UriReason::HostMissing, text, at));
        }
        if let Some(bracket) = find(text, at, &['[', ']']) {
            return Err(UriError::new(UriReason::Character, text, bracket));
        }
        let (rest, fragment) = cut(&text[at..], '#');
        let (path, query) = cut(rest, '?');
        Ok(Reference {
            scheme,
            authority: named,
            path,
            query,
            fragment,
        })
    }
}

/// The scheme, if there is one. Another scheme is refused before the rest is checked, because it may have
/// other rules.
pub(super) fn scheme(text: &str) -> Result<Option<Scheme>, UriError> {
    // RFC 3986 §3.1: "Scheme names consist of a sequence of characters beginning with a letter and
    // followed by any combination of letters, digits, plus ("+"), period ("."), or hyphen ("-")."
    let in_scheme = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'.' | b'-');
    let is_scheme = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(in_scheme)
    };
    match text.split_once(':') {
        // RFC 9110 §4.2.3: "The scheme and host are case-insensitive"
        Some((name, _)) if name.eq_ignore_ascii_case("http") => Ok(Some(Scheme::Http)),
        Some((name, _)) if name.eq_ignore_ascii_case("https") => Ok(Some(Scheme::Https)),
        Some((name, _)) if is_scheme(name) => Err(UriError::new(UriReason::Scheme, text, 0)),
        _ => Ok(None),
    }
}

/// Checks that a URI may hold each byte. Brackets are allowed around an IP address only: the functions
/// that know the host check them.
fn check_characters(text: &str) -> Result<(), UriError> {
    let bytes = text.as_bytes();
    let (mut at, mut in_fragment) = (0, false);
    loop {
        at = grammar::target_end(bytes, at);
        match bytes.get(at) {
            None => return Ok(()),
            Some(b'?' | b'[' | b']') => at += 1,
            Some(b'#') if !in_fragment => (at, in_fragment) = (at + 1, true),
            Some(b'%') if grammar::percent_encoded(bytes, at) == Some(true) => at += 3,
            Some(b'%') if starts_zone(text, at) => {
                return Err(UriError::new(UriReason::Zone, text, at));
            }
            Some(b'%') => return Err(UriError::new(UriReason::Escape, text, at)),
            Some(_) => return Err(UriError::new(UriReason::Character, text, at)),
        }
    }
}

fn authority(text: &str, start: usize, end: usize) -> Result<Authority<'_>, UriError> {
    let (userinfo, host_at) = match find(&text[..end], start, &['@']) {
        Some(at) => (Some(userinfo(text, start, at)?), at + 1),
        None => (None, start),
    };
    let Some((host, port)) = authority::split_host_port(&text.as_bytes()[host_at..end]) else {
        return Err(host_error(text, host_at, end));
    };
    let host = &text[host_at..host_at + host.len()];
    // RFC 3986 §3.2.2: "the name must be transformed to the IDNA encoding [RFC3490] prior to name
    // lookup."
    // RFC 3986 §3.2.2: "the application should return an appropriate error for "address mechanism
    // not supported"."
    if host.contains('%') || host.starts_with("[v") || host.starts_with("[V") {
        return Err(UriError::new(UriReason::HostUnsupported, text, host_at));
    }
    let port = port.and_then(grammar::decimal);
    Ok(Authority {
        userinfo,
        host,
        port: port.and_then(|port| u16::try_from(port).ok()),
    })
}

/// `user[:password]`: what follows the first colon is the password.
fn userinfo(text: &str, start: usize, end: usize) -> Result<(String, String), UriError> {
    if let Some(bracket) = find(&text[..end], start, &['[', ']']) {
        return Err(UriError::new(UriReason::Character, text, bracket));
    }
    let colon = find(&text[..end], start, &[':']).unwrap_or(end);
    let part =
        |from: usize, to: usize| decode_text(&text[from..to]).map_err(|error| error.moved(from));
    Ok((part(start, colon)?, part(end.min(colon + 1), end)?))
}

/// Why no host and port were found between two offsets.
fn host_error(text: &str, at: usize, end: usize) -> UriError {
    let named = &text[at..end];
    let host = match named.as_bytes() {
        [] | [b':', ..] => return UriError::new(UriReason::HostMissing, text, at),
        [b'[', ..] => named.find(']').map(|close| close + 1),
        _ => named.find(':'),
    };
    let (host, behind) = named.split_at(host.unwrap_or(named.len()));
    let wrong = match authority::split_host_port(host.as_bytes()) {
        Some(_) if behind.starts_with(':') => {
            return UriError::new(UriReason::Port, text, at + host.len() + 1);
        }
        Some(_) => host.len(),
        None => host.find(['@', '[', ']']).unwrap_or(0),
    };
    match host.find("%") {
        Some(percent) if starts_zone(text, at + percent) => {
            UriError::new(UriReason::Zone, text, at + percent)
        }
        _ => UriError::new(UriReason::Host, text, at + wrong),
    }
}

/// Whether the `%` at this offset stands behind an IPv6 address in the brackets of a host: `//[fe80::1%25eth0]`.
fn starts_zone(text: &str, at: usize) -> bool {
    let Some((before, inside)) = text[..at].rsplit_once('[') else {
        return false;
    };
    let is_address = authority::split_host_port(format!("[{inside}]").as_bytes()).is_some();
    is_address && (before.ends_with("//") || before.ends_with('@'))
}

/// The offset of the first of these characters, from `at` on.
fn find(text: &str, at: usize, these: &[char]) -> Option<usize> {
    text[at..].find(these).map(|found| at + found)
}

/// The text before the first delimiter, and the text after it.
fn cut(text: &str, delimiter: char) -> (&str, Option<&str>) {
    match text.split_once(delimiter) {
        Some((before, behind)) => (before, Some(behind)),
        None => (text, None),
    }
}
