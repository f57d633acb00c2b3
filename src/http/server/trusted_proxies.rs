//! Who the client is, when proxies stand between it and this server.
//!
//! ```text
//!   forger           10.0.0.1            10.0.0.2                  this server trusts 10.0.0.0/8
//!   192.0.2.43 ────► proxy ────────────► proxy ──────────────────► peer 10.0.0.2: trusted, so the field is read
//!
//!   X-Forwarded-For: 127.0.0.1,          192.0.2.43,               10.0.0.1
//!                    └ the client's word └ not trusted: the client └ trusted: go on
//! ```

use crate::http::error::Error;
use crate::http::wire::{
    self, Fields, ForwardedElement, Node, Rule, Scheme, forwarded_elements, grammar,
    split_host_port,
};
use crate::net::Addr;
use std::borrow::Cow;
use std::io;
use std::net::IpAddr;

/// The proxies whose word about the client is believed, and the fields in which they give it: a setting of a
/// [`Server`](crate::http::Server), off at first.
///
/// Behind a proxy, the peer of every connection is the proxy. The proxy says who has asked it, and how, in a field of
/// the request, and [`Request::client_ip`](crate::http::Request::client_ip) finds out:
///
/// ```
/// use barewire::http::{self, TrustedProxies};
///
/// fn handler(req: http::Request, res: http::Response) -> http::Handled {
///     let scheme = req.client_scheme()?.as_str();
///     let here = format!("{scheme}://{}{}", req.client_host()?, req.path());
///     match req.client_ip()? {
///         Some(ip) => res.end(format!("{ip} asks for {here}\n")),
///         None => res.end(format!("somebody asks for {here}\n")),
///     }
/// }
///
/// fn main() -> std::io::Result<()> {
///     // nginx on this machine, and the load balancers in front of it. "pipe" is for `answer_to` below.
///     let proxies = TrustedProxies::x_forwarded(["127.0.0.1", "10.0.0.0/8", "pipe"])?;
///     let server = http::create_server(handler).trusted_proxies(Some(proxies));
///     let answer = server.answer_to(
///         b"GET /a HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nX-Forwarded-Host: example.com\r\n\
///         X-Forwarded-Proto: https\r\nX-Forwarded-For: 127.0.0.1, 192.0.2.43, 10.0.0.1\r\n\r\n",
///     );
///     assert!(answer.ends_with(b"\r\n\r\n192.0.2.43 asks for https://example.com/a\n"));
///     Ok(())
/// }
/// ```
///
/// | what may be named | as |
/// |---|---|
/// | an address | `"127.0.0.1"`, `"::1"` |
/// | a network | `"10.0.0.0/8"`, `"fd00::/8"` |
/// | each peer on a Unix socket | `"unix:"` |
/// | each peer on a [`pipe`](crate::net::pipe()), for tests | `"pipe"` |
///
/// # Who is believed
/// Each proxy appends what it knows, so the list is read from the right. A peer that is not trusted is the client, and
/// the field is not read. Otherwise the rightmost address is the word of the peer. While an address is trusted, too,
/// the one to its left is its word. The first that is not trusted is the client, and if all are trusted, the leftmost
/// is. What stands further to the left may be forged, and is not looked at. `unknown` and an obfuscated `_name` are not
/// trusted; then nobody knows the client's address.
///
/// # What the proxies must do
/// - Append to the field, or replace it, on every request.
/// - Only the field that was named here is read: a client's own `Forwarded` passes through a proxy that writes only
///   `X-Forwarded-For`, as nginx and HAProxy are mostly set up.
/// - `X-Forwarded-Host` and `X-Forwarded-Proto` must be set or removed, too, because a client may send them.
/// - Nobody else may reach this server from a trusted address.
///
/// # A field that is broken
/// is refused with 400 when a handler asks. If it were ignored, the client would get the address of the proxy, which
/// is often one with more rights than a stranger's: and the client can break the field, because the proxy
/// appends to what it has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedProxies {
    reads_forwarded: bool,
    peers: Vec<Peer>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Peer {
    /// All addresses with these leading bits.
    Network(IpAddr, u8),
    Unix,
    Pipe,
}

impl TrustedProxies {
    /// These proxies write `Forwarded` (RFC 7239).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](io::ErrorKind::InvalidInput) for what is no address and no network.
    pub fn forwarded<P: AsRef<str>>(proxies: impl IntoIterator<Item = P>) -> io::Result<Self> {
        TrustedProxies::new(true, proxies)
    }

    /// These proxies write `X-Forwarded-For`, and perhaps `X-Forwarded-Proto` and `X-Forwarded-Host`.
    ///
    /// # Errors
    /// As [`forwarded`](Self::forwarded).
    pub fn x_forwarded<P: AsRef<str>>(proxies: impl IntoIterator<Item = P>) -> io::Result<Self> {
        TrustedProxies::new(false, proxies)
    }

    fn new<P: AsRef<str>>(
        reads_forwarded: bool,
        proxies: impl IntoIterator<Item = P>,
    ) -> io::Result<Self> {
        let peers = proxies.into_iter().map(|text| Peer::parse(text.as_ref()));
        Ok(TrustedProxies {
            reads_forwarded,
            peers: peers.collect::<io::Result<_>>()?,
        })
    }

    /// The client's IP address, from the fields of a request and the peer that has sent it. `None`: the proxies do not
    /// say, or the client is at a Unix socket. [`Request::client_ip`](crate::http::Request::client_ip) is this; call
    /// it for a line of a log.
    ///
    /// ```
    /// use barewire::http;
    ///
    /// let proxies = http::TrustedProxies::forwarded(["127.0.0.1"])?;
    /// let server = http::create_server(|_req, res| res.end("hello\n")).on_finish(move |summary| {
    ///     if let (Some(head), Some(peer)) = (summary.head(), summary.peer()) {
    ///         println!("{:?} {summary}", proxies.client_ip(head.fields(), &peer));
    ///     }
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The field is broken.
    pub fn client_ip(&self, fields: Fields<'_>, peer: &Addr) -> Result<Option<IpAddr>, Error> {
        match self.seen(fields, peer)? {
            Some(seen) => Ok(self.address(&seen)?),
            None => Ok(ip_of(peer)),
        }
    }

    /// The scheme that the client has asked with; `None` if no proxy says.
    pub(super) fn scheme(&self, fields: Fields<'_>, peer: &Addr) -> Result<Option<Scheme>, Error> {
        let Some(proto) = self.seen(fields, peer)?.and_then(|seen| seen.proto) else {
            return Ok(None);
        };
        // A proxy may name the scheme of a WebSocket, which is asked for with an http or https request.
        match proto.to_ascii_lowercase().as_str() {
            "http" | "ws" => Ok(Some(Scheme::Http)),
            "https" | "wss" => Ok(Some(Scheme::Https)),
            _ => Err(broken(Rule::ForwardedProtoInvalid, &proto)),
        }
    }

    /// The host that the client has asked; `None` if no proxy says.
    pub(super) fn host<'a>(
        &self,
        fields: Fields<'a>,
        peer: &Addr,
    ) -> Result<Option<Cow<'a, str>>, Error> {
        let host = self.seen(fields, peer)?.and_then(|seen| seen.host);
        match host {
            Some(host) if split_host_port(host.as_bytes()).is_none() => {
                Err(broken(Rule::ForwardedHostInvalid, &host))
            }
            host => Ok(host),
        }
    }

    // RFC 7239 §8.1: "First, the chain of IP addresses listed before the request came to the proxy cannot be trusted."
    /// What the proxy says that was the first to receive the request from someone who is not trusted; `None` if the
    /// peer is not trusted, or says nothing.
    fn seen<'a>(
        &self,
        fields: Fields<'a>,
        peer: &Addr,
    ) -> Result<Option<ForwardedElement<'a>>, Error> {
        let is_trusted = match peer {
            Addr::Ip(address) => self.trusts(address.ip()),
            Addr::Unix(_) => self.peers.contains(&Peer::Unix),
            Addr::Pipe => self.peers.contains(&Peer::Pipe),
        };
        match (is_trusted, self.reads_forwarded) {
            (false, _) => Ok(None),
            (true, true) => self.seen_in_forwarded(fields),
            (true, false) => self.seen_in_x_forwarded(fields),
        }
    }

    fn seen_in_forwarded<'a>(
        &self,
        fields: Fields<'a>,
    ) -> Result<Option<ForwardedElement<'a>>, Error> {
        let mut seen = None;
        let lines: Vec<&[u8]> = fields.get_all("Forwarded").collect();
        for line in lines.into_iter().rev() {
            let mut in_line: Option<ForwardedElement<'a>> = None;
            let mut is_client = false;
            for element in forwarded_elements(line) {
                let element = element?;
                let is_proxy = matches!(self.address(&element), Ok(Some(ip)) if self.trusts(ip));
                if in_line.is_none() || !is_proxy {
                    (in_line, is_client) = (Some(element), !is_proxy);
                }
            }
            seen = in_line.or(seen);
            if is_client {
                break;
            }
        }
        Ok(seen)
    }

    fn seen_in_x_forwarded<'a>(
        &self,
        fields: Fields<'a>,
    ) -> Result<Option<ForwardedElement<'a>>, Error> {
        let mut seen = ForwardedElement::default();
        let mut hops = 1; // from the right
        for (index, node) in from_the_right(fields, "X-Forwarded-For").enumerate() {
            hops = index + 1;
            seen.forwarded_for = Some(text(node, Rule::ForwardedNodeInvalid)?);
            if !matches!(self.address(&seen), Ok(Some(ip)) if self.trusts(ip)) {
                break;
            }
        }
        // A proxy appends to these, too, or replaces them: then there are fewer, and the leftmost is the client's.
        let value = |name, rule| {
            let value = from_the_right(fields, name).take(hops).last();
            value.map(|value| text(value, rule)).transpose()
        };
        seen.proto = value("X-Forwarded-Proto", Rule::ForwardedProtoInvalid)?;
        seen.host = value("X-Forwarded-Host", Rule::ForwardedHostInvalid)?;
        let says_nothing = seen == ForwardedElement::default();
        Ok(Some(seen).filter(|_| !says_nothing))
    }

    /// Who has sent the request to the proxy that says this.
    fn address(&self, seen: &ForwardedElement<'_>) -> Result<Option<IpAddr>, Error> {
        let Some(text) = seen.forwarded_for.as_deref() else {
            return Ok(None);
        };
        let node = match self.reads_forwarded {
            true => Node::decode(text),
            false => Node::decode_x_forwarded_for(text),
        };
        let invalid = || broken(Rule::ForwardedNodeInvalid, text);
        match node.ok_or_else(invalid)? {
            Node::Address(ip) => {
                let ip: IpAddr = ip.parse().map_err(|_| invalid())?;
                Ok(Some(ip.to_canonical()))
            }
            Node::Unknown | Node::Obfuscated(_) => Ok(None),
        }
    }

    fn trusts(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.peers.iter().any(|peer| match peer {
            Peer::Network(network, bits) => leading_bits(ip, *bits) == Some(*network),
            Peer::Unix | Peer::Pipe => false,
        })
    }
}

impl Peer {
    fn parse(text: &str) -> io::Result<Peer> {
        let (address, prefix) = match text {
            "unix:" => return Ok(Peer::Unix),
            "pipe" => return Ok(Peer::Pipe),
            _ => text
                .split_once('/')
                .map_or((text, None), |(a, b)| (a, Some(b))),
        };
        let invalid = |why: &str| {
            let message = format!("a trusted proxy: \"{}\" {why}", text.escape_debug());
            io::Error::new(io::ErrorKind::InvalidInput, message)
        };
        let ip: IpAddr = address.parse().map_err(|_| {
            invalid("is no IP address, no network as 10.0.0.0/8, and neither unix: nor pipe")
        })?;
        let most = if ip.is_ipv4() { 32 } else { 128 };
        let bits = match prefix.map(|digits| grammar::decimal(digits.as_bytes())) {
            None => most,
            Some(Some(bits)) if bits <= most.into() => bits as u8,
            Some(_) => return Err(invalid("has no number of bits behind its slash")),
        };
        match leading_bits(ip, bits) {
            Some(network) if network == ip && ip == ip.to_canonical() => {
                Ok(Peer::Network(ip, bits))
            }
            _ => Err(invalid(
                "is no network: bits are set behind its prefix, or it maps IPv4",
            )),
        }
    }
}

/// The address with all bits behind these cleared; `None` if it has fewer.
fn leading_bits(ip: IpAddr, bits: u8) -> Option<IpAddr> {
    match ip {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(bits.into())?);
            Some(IpAddr::V4((v4.to_bits() & mask.unwrap_or(0)).into()))
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128_u32.checked_sub(bits.into())?);
            Some(IpAddr::V6((v6.to_bits() & mask.unwrap_or(0)).into()))
        }
    }
}

/// The IP address of a peer. A listener on `[::]` shows an IPv4 client as `::ffff:192.0.2.43`; here it is IPv4.
pub(super) fn ip_of(peer: &Addr) -> Option<IpAddr> {
    peer.ip().map(|address| address.ip().to_canonical())
}

/// The elements of the lists in all lines of this name, the last one first.
fn from_the_right<'a>(fields: Fields<'a>, name: &str) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let lines: Vec<&[u8]> = fields.get_all(name).collect();
    let elements = |line: &'a [u8]| line.rsplit(|&c| c == b',').map(grammar::trim_ows);
    let elements = lines.into_iter().rev().flat_map(elements);
    elements.filter(|element| !element.is_empty())
}

fn text(value: &[u8], rule: Rule) -> Result<Cow<'_, str>, Error> {
    let text = std::str::from_utf8(value);
    let text = text.map_err(|error| wire::Error::new(rule, value, error.valid_up_to()))?;
    Ok(Cow::Borrowed(text))
}

#[cold]
fn broken(rule: Rule, text: &str) -> Error {
    wire::Error::new(rule, text.as_bytes(), 0).into()
}
