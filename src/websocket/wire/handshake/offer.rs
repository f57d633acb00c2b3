//! The server's side of the opening handshake: a request is accepted or refused (RFC 6455 §4.2).

use super::{MAX_PROTOCOLS, accept, check_others, has_token, is_key, one, origin, refused, set};
use crate::http::wire::{BodyLength, FieldList, Fields, RequestHead, Scheme, Version, grammar};
use crate::websocket::wire::deflate::{Agreement, Params, PerMessageDeflate, is_offered};
use crate::websocket::wire::error::{Error, Rule};
use crate::websocket::wire::extensions::{Extension, FIELD, extensions};
use crate::websocket::wire::misuse::Misuse;

/// A client's opening handshake that breaks no rule.
///
/// ```
/// use barewire::http::wire::{FieldList, Limits, RequestDecoder};
/// use barewire::websocket::wire::Offer;
///
/// let bytes = b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
///     Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
///     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, superchat\r\n\r\n";
/// let mut decoder = RequestDecoder::new(Limits::default());
/// decoder.decode(bytes)?;
///
/// let offer = Offer::read(&decoder.head(bytes))?;
/// let protocol = offer.choose(&["superchat", "chat"]);
/// assert_eq!(protocol, Some("chat")); // the client's order counts
///
/// let mut fields = FieldList::new();
/// let agreement = offer.answer(protocol, None, &mut fields)?; // messages are not compressed
/// assert_eq!(agreement, None);
/// assert_eq!(fields.view().get("Sec-WebSocket-Accept"), Some(&b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Offer<'a> {
    key: &'a [u8],
    origin: Option<&'a [u8]>,
    protocols: Vec<&'a str>,
    extensions: Vec<Extension<'a>>,
}

impl<'a> Offer<'a> {
    /// Reads the head of a request as a handshake.
    ///
    /// # Errors
    /// The first rule that it breaks: [`refuse`] says how to answer.
    // RFC 6455 §4.2.1: "If the server, while reading the handshake, finds that the client did not
    // send a handshake that matches the description below (note that as per [RFC2616], the order of
    // the header fields is not important), including but not limited to any violations of the ABNF
    // grammar specified for the components of the handshake, the server MUST stop processing the
    // client's handshake and return an HTTP response with an appropriate error code (such as 400 Bad
    // Request)."
    pub fn read(head: &RequestHead<'a>) -> Result<Offer<'a>, Error> {
        let fields = head.fields();
        request_line(head)?;
        upgrade(fields)?;
        version(fields)?;
        no_content(head)?;
        Ok(Offer {
            key: key(fields)?,
            origin: one(fields, "Origin", Rule::OriginRepeated)?,
            protocols: protocols(fields)?,
            extensions: extensions(fields)?,
        })
    }

    /// The `Sec-WebSocket-Key`.
    pub(in crate::websocket::wire) fn key(&self) -> &'a [u8] {
        self.key
    }

    /// The origin of the page that opens the connection: `http://www.example.com`. A browser always sends the
    /// true one. Another program may send any, or none.
    pub fn origin(&self) -> Option<&'a [u8]> {
        self.origin
    }

    /// Whether a page of the server itself opens the connection: the [origin](Self::origin) has the scheme, the
    /// host and the port of this request. `https` is the scheme of a request that came over TLS, and
    /// `authority` is that of the [request](RequestHead::authority). A missing origin is no page's.
    pub fn is_same_origin(&self, scheme: Scheme, authority: &str) -> bool {
        let origin = self.origin;
        origin.is_some_and(|origin| origin::is_same(origin, scheme, authority))
    }

    /// This origin may not connect: the error to [`refuse`] it with.
    // RFC 6455 §10.2: "If the origin indicated is unacceptable to the server, then it SHOULD respond
    // to the WebSocket handshake with a reply containing HTTP 403 Forbidden status code."
    pub fn forbidden(&self) -> Error {
        Error::new(Rule::OriginForbidden, self.origin.unwrap_or_default(), 0)
    }

    /// The subprotocols that the client offers, the preferred one first.
    pub fn protocols(&self) -> &[&'a str] {
        &self.protocols
    }

    /// The first of them that is also one of ours.
    pub fn choose(&self, ours: &[&str]) -> Option<&'a str> {
        let mut protocols = self.protocols.iter();
        protocols.find(|protocol| ours.contains(protocol)).copied()
    }

    /// The extensions that the client offers, the preferred one first.
    pub fn extensions(&self) -> &[Extension<'a>] {
        &self.extensions
    }

    /// Sets the fields of the 101, beside those that are there already (`Set-Cookie` …). With `deflate`, the first
    /// offer of permessage-deflate that can be met is answered, and what was agreed on is returned. All other extensions
    /// are declined: they are not named.
    ///
    /// # Errors
    /// [`Misuse::ProtocolNotOffered`]; [`Misuse::HandshakeField`] if a field that is there contradicts the
    /// handshake. No field is set then.
    // RFC 6455 §4.2.2: "if the server does not wish to agree to one of the suggested subprotocols,
    // it MUST NOT send back a |Sec-WebSocket-Protocol| header field in its response"
    // RFC 7692 §5: "A server accepts an extension negotiation offer by including one corresponding
    // extension negotiation response"
    pub fn answer(
        &self,
        protocol: Option<&str>,
        deflate: Option<&PerMessageDeflate>,
        fields: &mut FieldList,
    ) -> Result<Option<Agreement>, Misuse> {
        if protocol.is_some_and(|protocol| !self.protocols.contains(&protocol)) {
            return Err(Misuse::ProtocolNotOffered);
        }
        check_others(fields.view())?;
        set(fields, "Upgrade", b"websocket");
        set(fields, "Connection", b"Upgrade");
        set(fields, "Sec-WebSocket-Accept", &accept(self.key));
        if let Some(protocol) = protocol {
            set(fields, "Sec-WebSocket-Protocol", protocol.as_bytes());
        }
        let answers = |ours| self.deflate_offers().find_map(|offer| offer.answer(ours));
        let Some(answer) = deflate.and_then(answers) else {
            return Ok(None);
        };
        set(fields, FIELD, answer.to_string().as_bytes());
        Ok(answer.agreement())
    }

    /// The offers of permessage-deflate whose parameters are good, in order.
    pub(super) fn deflate_offers(&self) -> impl Iterator<Item = Params> {
        let offers = self.extensions.iter().filter(|offer| is_offered(offer));
        offers.filter_map(Params::decode)
    }
}

/// The status that refuses a handshake; its fields are set. A body may name the error.
///
/// ```
/// use barewire::http::wire::FieldList;
/// use barewire::websocket::wire::{Error, Rule, refuse};
///
/// let mut fields = FieldList::new();
/// assert_eq!(refuse(&Error::whole(Rule::VersionUnknown), &mut fields), 426);
/// assert_eq!(fields.view().get_str("Sec-WebSocket-Version"), Some("13"));
/// ```
// RFC 6455 §4.4: "If the server doesn't support the requested version, it MUST respond with a
// |Sec-WebSocket-Version| header field (or multiple |Sec-WebSocket-Version| header fields) containing
// all versions it is willing to use."
// RFC 9110 §15.5.22: "The server MUST send an Upgrade header field in a 426 response to indicate the
// required protocol(s)"
// RFC 9110 §15.5.6: "The origin server MUST generate an Allow header field in a 405 response"
pub fn refuse(error: &Error, fields: &mut FieldList) -> u16 {
    let status = error.status().unwrap_or(400);
    if status == 405 {
        set(fields, "Allow", b"GET");
    }
    if status == 426 {
        set(fields, "Upgrade", b"websocket");
        set(fields, "Connection", b"Upgrade");
        set(fields, "Sec-WebSocket-Version", b"13");
    }
    status
}

// RFC 6455 §4.1: "The method of the request MUST be GET, and the HTTP version MUST be at least 1.1."
fn request_line(head: &RequestHead<'_>) -> Result<(), Error> {
    let method = head.method().as_str();
    if method != "GET" {
        return Err(Error::new(Rule::MethodNotGet, method.as_bytes(), 0));
    }
    match head.version() {
        Version::Http11 => Ok(()),
        Version::Http10 => Err(Error::whole(Rule::HttpVersionTooLow)),
    }
}

// RFC 9110 §9.3.1: "content received in a GET request has no generally defined semantics, cannot
// alter the meaning or target of the request, and might lead some implementations to reject the
// request and close the connection because of its potential as a request smuggling attack"
fn no_content(head: &RequestHead<'_>) -> Result<(), Error> {
    match head.body_length() {
        BodyLength::Known(0) => Ok(()),
        _ => Err(Error::whole(Rule::ContentPresent)),
    }
}

// RFC 6455 §4.2.1: "A |Connection| header field that includes the token "Upgrade", treated as an ASCII
// case-insensitive value."
//
// Its other options do not matter here. RFC 9112 §9.6: "A server that receives a "close" connection option
// MUST initiate closure of the connection (see below) after it sends the final response to the request
// that contained the "close" connection option." A 101 is not final, and no response follows it.
fn upgrade(fields: Fields<'_>) -> Result<(), Error> {
    if !has_token(fields, "Upgrade", b"websocket") {
        return Err(refused(fields, "Upgrade", Rule::UpgradeMissing));
    }
    if !has_token(fields, "Connection", b"upgrade") {
        return Err(refused(fields, "Connection", Rule::ConnectionMissing));
    }
    Ok(())
}

// RFC 6455 §4.1: "The value of this header field MUST be 13."
fn version(fields: Fields<'_>) -> Result<(), Error> {
    const NAME: &str = "Sec-WebSocket-Version";
    match one(fields, NAME, Rule::VersionRepeated)? {
        Some(b"13") => Ok(()),
        _ => Err(refused(fields, NAME, Rule::VersionUnknown)),
    }
}

fn key(fields: Fields<'_>) -> Result<&[u8], Error> {
    match one(fields, "Sec-WebSocket-Key", Rule::KeyRepeated)? {
        Some(key) if is_key(key) => Ok(key),
        Some(other) => Err(Error::new(Rule::KeyInvalid, other, 0)),
        None => Err(Error::whole(Rule::KeyMissing)),
    }
}

// RFC 6455 §4.1: "The elements that comprise this value MUST be non-empty strings with characters in
// the range U+0021 to U+007E not including separator characters as defined in [RFC2616] and MUST all
// be unique strings."
fn protocols(fields: Fields<'_>) -> Result<Vec<&str>, Error> {
    let mut protocols = Vec::new();
    for token in fields.list("Sec-WebSocket-Protocol") {
        let protocol = str::from_utf8(token).unwrap_or_default();
        if !grammar::is_token(token) || protocols.contains(&protocol) {
            return Err(Error::new(Rule::ProtocolInvalid, token, 0));
        }
        if protocols.len() == MAX_PROTOCOLS {
            return Err(Error::new(Rule::ProtocolsTooMany, token, 0));
        }
        protocols.push(protocol);
    }
    Ok(protocols)
}
