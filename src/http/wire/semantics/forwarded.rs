//! What proxies say of the request that they received: `Forwarded` (RFC 7239).
//!
//! ```text
//!   client ──────────► proxy A ───────────────► proxy B ─────────────────────────► server
//!   192.0.2.43         198.51.100.17            203.0.113.60
//!
//!   Forwarded: for=192.0.2.43;proto=https;host=example.com, for=198.51.100.17
//!              └ appended by A ───────────────────────────┘ └ by B ──────────┘
//! ```
//!
//! Anyone can write such a field, the client too: what stands on the left may be forged, and only what a trusted proxy
//! has appended on the right says something. This file only reads; whom to believe is a matter of
//! [`TrustedProxies`](crate::http::TrustedProxies).

use super::super::error::{Error, Rule};
use super::super::grammar;
use super::super::uri::{is_ipv4, is_ipv6};
use std::borrow::Cow;

/// A `forwarded-element` of a `Forwarded` field: what one proxy says of the request that it received. A parameter that
/// it has not is `None`, and quotes are undone. Parameters of other names are left out.
///
/// ```
/// use barewire::http::wire::{Node, forwarded_elements};
///
/// let value = b"for=\"[2001:db8:cafe::17]:4711\";proto=https, for=_hidden";
/// let elements: Vec<_> = forwarded_elements(value).collect::<Result<_, _>>()?;
/// assert_eq!(elements[0].proto.as_deref(), Some("https"));
/// let nodes = elements.iter().map(|element| element.forwarded_for.as_deref());
/// let nodes: Vec<_> = nodes.map(|node| Node::decode(node?)).collect();
/// assert_eq!(nodes, [Some(Node::Address("2001:db8:cafe::17")), Some(Node::Obfuscated("_hidden"))]);
/// # Ok::<(), barewire::http::wire::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForwardedElement<'a> {
    /// `for`: who sent the request to the proxy. A [`Node`], if it is valid.
    pub forwarded_for: Option<Cow<'a, str>>,
    /// `by`: where the proxy received it. A [`Node`], if it is valid.
    pub by: Option<Cow<'a, str>>,
    /// `host`: the Host field as the proxy received it.
    pub host: Option<Cow<'a, str>>,
    /// `proto`: the scheme with which the proxy was asked.
    pub proto: Option<Cow<'a, str>>,
}

/// The elements of one `Forwarded` field line, from the left. Empty ones are left out.
///
/// An element that is broken is an error, and the last item: a quote that is not closed may hide all that follows it.
/// The values of the parameters are not looked at: see [`Node::decode`].
///
/// ```
/// use barewire::http::wire::{Rule, forwarded_elements};
///
/// let mut elements = forwarded_elements(b"for=192.0.2.43, for=2001:db8::1");
/// assert_eq!(elements.next().unwrap()?.forwarded_for.as_deref(), Some("192.0.2.43"));
/// let error = elements.next().unwrap().unwrap_err(); // a colon must be quoted
/// assert_eq!((error.rule(), error.at()), (Rule::ForwardedInvalid, 24));
/// assert!(elements.next().is_none());
/// # Ok::<(), barewire::http::wire::Error>(())
/// ```
// RFC 7239 §4: "Forwarded = 1#forwarded-element"
pub fn forwarded_elements(
    value: &[u8],
) -> impl Iterator<Item = Result<ForwardedElement<'_>, Error>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while matches!(value.get(at), Some(b' ' | b'\t' | b',')) {
            at += 1;
        }
        value.get(at)?;
        let element = element(value, &mut at);
        if element.is_err() {
            at = value.len();
        }
        Some(element)
    })
}

// RFC 7239 §4: "forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] )"
fn element<'a>(value: &'a [u8], at: &mut usize) -> Result<ForwardedElement<'a>, Error> {
    let mut element = ForwardedElement::default();
    loop {
        let start = *at;
        *at = grammar::token_end(value, start);
        // RFC 7239 §4: "forwarded-pair = token "=" value"
        if *at > start {
            let slot = match value[start..*at].to_ascii_lowercase().as_slice() {
                b"for" => Some(&mut element.forwarded_for),
                b"by" => Some(&mut element.by),
                b"host" => Some(&mut element.host),
                b"proto" => Some(&mut element.proto),
                _ => None,
            };
            let said = pair_value(value, at)?;
            if let Some(slot) = slot {
                // RFC 7239 §4: "Each parameter MUST NOT occur more than once per field-value."
                // It means an element: in the RFC's own examples the parameters of a field's elements are the same.
                if slot.is_some() {
                    return Err(broken(value, start));
                }
                *slot = Some(text(said).ok_or_else(|| broken(value, start))?);
            }
        }
        match value.get(*at) {
            Some(b';') => *at += 1,
            _ => break,
        }
    }
    while matches!(value.get(*at), Some(b' ' | b'\t')) {
        *at += 1;
    }
    match value.get(*at) {
        None | Some(b',') => Ok(element),
        Some(_) => Err(broken(value, *at)),
    }
}

/// The value behind a name that ends at `at`: a token, or what is between the quotes.
// RFC 7239 §4: "value = token / quoted-string"
fn pair_value<'a>(value: &'a [u8], at: &mut usize) -> Result<&'a [u8], Error> {
    if value.get(*at) != Some(&b'=') {
        return Err(broken(value, *at));
    }
    let start = *at + 1;
    if value.get(start) != Some(&b'"') {
        *at = grammar::token_end(value, start);
        return match *at > start {
            true => Ok(&value[start..*at]),
            false => Err(broken(value, start)),
        };
    }
    *at = start + 1;
    loop {
        match (value.get(*at), value.get(*at + 1)) {
            (Some(b'"'), _) => break,
            (Some(b'\\'), Some(&escaped)) if grammar::is_value(escaped) => *at += 2,
            (Some(&byte), _) if grammar::is_qdtext(byte) => *at += 1,
            _ => return Err(broken(value, *at)),
        }
    }
    *at += 1;
    Ok(&value[start + 1..*at - 1])
}

/// Without the backslashes of quoted-pairs; `None` if it is not UTF-8.
fn text(said: &[u8]) -> Option<Cow<'_, str>> {
    if !said.contains(&b'\\') {
        return std::str::from_utf8(said).ok().map(Cow::Borrowed);
    }
    let mut plain = Vec::with_capacity(said.len());
    let mut bytes = said.iter();
    while let Some(&byte) = bytes.next() {
        plain.extend(match byte {
            b'\\' => bytes.next(),
            _ => Some(&byte),
        });
    }
    String::from_utf8(plain).ok().map(Cow::Owned)
}

#[cold]
fn broken(value: &[u8], at: usize) -> Error {
    Error::new(Rule::ForwardedInvalid, value, at)
}

/// Who a `for` or `by` names; its port, if it has one, is left out.
///
/// ```
/// use barewire::http::wire::Node;
///
/// assert_eq!(Node::decode("192.0.2.43:47011"), Some(Node::Address("192.0.2.43")));
/// assert_eq!(Node::decode("[2001:db8::1]"), Some(Node::Address("2001:db8::1")));
/// assert_eq!(Node::decode("unknown"), Some(Node::Unknown));
/// assert_eq!(Node::decode("2001:db8::1"), None); // but in X-Forwarded-For it is one:
/// assert_eq!(Node::decode_x_forwarded_for("2001:db8::1"), Some(Node::Address("2001:db8::1")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node<'a> {
    /// An IPv4 or IPv6 address, without brackets.
    Address(&'a str),
    /// `unknown`: the proxy does not know it.
    Unknown,
    /// A name that the proxy has made up, with its leading underscore: who it is stays hidden.
    Obfuscated(&'a str),
}

impl<'a> Node<'a> {
    /// The value of a parameter `for` or `by` of `Forwarded`; `None` if it is no node.
    // RFC 7239 §6: "node = nodename [ ":" node-port ]"
    pub fn decode(text: &'a str) -> Option<Node<'a>> {
        // RFC 7239 §6: "nodename = IPv4address / "[" IPv6address "]" / "unknown" / obfnode"
        let (node, port) = match text.strip_prefix('[') {
            Some(inside) => {
                let (address, port) = inside.split_once(']')?;
                (Node::Address(is_ipv6(address).then_some(address)?), port)
            }
            None => {
                let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
                let node = match name {
                    _ if is_ipv4(name) => Node::Address(name),
                    _ if name.eq_ignore_ascii_case("unknown") => Node::Unknown,
                    _ => Node::Obfuscated(is_obfuscated(name).then_some(name)?),
                };
                (node, port)
            }
        };
        (port.is_empty() || is_port(port.strip_prefix(':')?)).then_some(node)
    }

    /// An element of `X-Forwarded-For`: as in `Forwarded`, but an IPv6 address may stand there bare, as most proxies
    /// write it.
    // RFC 7239 §7.4: "Note that IPv6 addresses may not be quoted in X-Forwarded-For and may not be enclosed by square
    // brackets"
    pub fn decode_x_forwarded_for(text: &'a str) -> Option<Node<'a>> {
        match is_ipv6(text) {
            true => Some(Node::Address(text)),
            false => Node::decode(text),
        }
    }
}

// RFC 7239 §6: "obfnode = "_" 1*( ALPHA / DIGIT / "." / "_" / "-")"
fn is_obfuscated(text: &str) -> bool {
    let ok = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    matches!(text.strip_prefix('_'), Some(rest) if !rest.is_empty() && rest.bytes().all(ok))
}

// RFC 7239 §6: "port = 1*5DIGIT"
fn is_port(text: &str) -> bool {
    let is_number = (1..=5).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
    is_number || is_obfuscated(text)
}
