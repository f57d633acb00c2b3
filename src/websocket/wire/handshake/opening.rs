//! The client's side of the opening handshake: the request, and the judgement of the response (RFC 6455
//! §4.1).

use super::offer::Offer;
use super::{accept, check_others, encoded, has_token, one, refused, set};
use crate::http::wire::{FieldList, Fields, Known, ResponseHead, Version, grammar};
use crate::websocket::wire::deflate::{Agreement, Params, PerMessageDeflate, is_offered};
use crate::websocket::wire::error::{Error, Rule};
use crate::websocket::wire::extensions::{FIELD, extensions};
use crate::websocket::wire::misuse::Misuse;

/// The client's side of one handshake: makes the fields of the request, and judges the response.
///
/// ```
/// use barewire::http::wire::{FieldList, Limits, ResponseDecoder};
/// use barewire::websocket::wire::Opening;
///
/// let nonce = *b"the sample nonce"; // 16 random bytes in a real program
/// let opening = Opening::new(nonce).protocol("chat")?.protocol("superchat")?;
/// let mut fields = FieldList::new();
/// opening.ask(&mut fields)?;
/// assert_eq!(fields.view().get_str("Sec-WebSocket-Key"), Some("dGhlIHNhbXBsZSBub25jZQ=="));
///
/// let bytes = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
///     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n";
/// let mut decoder = ResponseDecoder::new(Limits::default());
/// decoder.decode(bytes)?;
/// let agreed = opening.check(&decoder.head(bytes))?;
/// assert_eq!((agreed.protocol, agreed.deflate), (Some("chat"), None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Opening {
    key: [u8; 24],
    protocols: Vec<String>,
    /// The offers of permessage-deflate.
    deflate: Vec<Params>,
}

/// What a response has agreed to: see [`Opening::check`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreed<'a> {
    /// The subprotocol of the connection.
    pub protocol: Option<&'a str>,
    /// How messages are compressed; `None`: they are not.
    pub deflate: Option<Agreement>,
}

impl Opening {
    /// A handshake with this nonce. It must be random, and another one for each connection, so that no cache
    /// can have its answer.
    // RFC 6455 §4.1: "The value of this header field MUST be a nonce consisting of a randomly
    // selected 16-byte value that has been base64-encoded (see Section 4 of [RFC4648])."
    pub fn new(nonce: [u8; 16]) -> Opening {
        Opening {
            key: encoded(&nonce),
            protocols: Vec::new(),
            deflate: Vec::new(),
        }
    }

    /// The handshake of another client, whose request was this offer: what an observer of a connection
    /// judges the response with.
    pub(crate) fn of(offer: &Offer<'_>) -> Opening {
        let mut key = [0; 24];
        let length = key.len().min(offer.key().len()); // 16 bytes in base64 are 24 digits
        key[..length].copy_from_slice(&offer.key()[..length]);
        let protocols = offer.protocols().iter();
        Opening {
            key,
            protocols: protocols.map(|name| (*name).to_owned()).collect(),
            deflate: offer.deflate_offers().collect(),
        }
    }

    /// The `Sec-WebSocket-Key`.
    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    /// Offers a subprotocol, after those offered before.
    ///
    /// # Errors
    /// [`Misuse::ProtocolName`]: the name is no token, or has been offered already.
    pub fn protocol(mut self, name: &str) -> Result<Opening, Misuse> {
        let offered = self.protocols.iter().any(|other| other == name);
        if offered || !grammar::is_token(name.as_bytes()) {
            return Err(Misuse::ProtocolName);
        }
        self.protocols.push(name.to_owned());
        Ok(self)
    }

    /// Offers permessage-deflate, after what was offered before.
    ///
    /// ```
    /// use barewire::http::wire::FieldList;
    /// use barewire::websocket::wire::{Opening, PerMessageDeflate};
    ///
    /// let deflate = PerMessageDeflate { receive_takeover: true, ..Default::default() };
    /// let opening = Opening::new(*b"the sample nonce").deflate(&deflate);
    /// let mut fields = FieldList::new();
    /// opening.ask(&mut fields)?;
    /// let offered = fields.view().get_str("Sec-WebSocket-Extensions");
    /// assert_eq!(offered, Some("permessage-deflate; client_no_context_takeover; client_max_window_bits"));
    /// # Ok::<(), barewire::websocket::Misuse>(())
    /// ```
    #[must_use]
    pub fn deflate(mut self, deflate: &PerMessageDeflate) -> Opening {
        self.deflate.push(Params::offer(deflate));
        self
    }

    /// Sets the fields of the request, beside those that are there already (`Origin`, `Cookie` …). Its method
    /// is GET; the caller sets `Host`.
    ///
    /// # Errors
    /// [`Misuse::HandshakeField`] if a field that is there contradicts the handshake. No field is set then.
    pub fn ask(&self, fields: &mut FieldList) -> Result<(), Misuse> {
        check_others(fields.view())?;
        let protocols = self.protocols.join(", ");
        let offers: Vec<String> = self.deflate.iter().map(Params::to_string).collect();
        let offers = offers.join(", ");
        let ours: [(&str, &[u8]); 6] = [
            ("Upgrade", b"websocket"),
            ("Connection", b"Upgrade"),
            ("Sec-WebSocket-Key", &self.key),
            ("Sec-WebSocket-Version", b"13"),
            ("Sec-WebSocket-Protocol", protocols.as_bytes()),
            (FIELD, offers.as_bytes()),
        ];
        for (name, value) in ours.into_iter().filter(|(_, value)| !value.is_empty()) {
            set(fields, name, value);
        }
        Ok(())
    }

    /// The connection is open; returns what both have agreed on.
    ///
    /// # Errors
    /// The first rule that the response breaks. No frame may be sent then.
    pub fn check<'a>(&self, head: &ResponseHead<'a>) -> Result<Agreed<'a>, Error> {
        let fields = head.fields();
        if head.status() != 101 {
            let status = head.status().to_string();
            return Err(Error::new(Rule::StatusNot101, status.as_bytes(), 0));
        }
        check_head(head)?;
        check_upgrade(fields)?;
        self.check_accept(fields)?;
        Ok(Agreed {
            deflate: self.check_extensions(fields)?,
            protocol: self.check_protocol(fields)?,
        })
    }

    /// Only permessage-deflate can have been offered.
    // RFC 6455 §4.1: "If the response includes a |Sec-WebSocket-Extensions| header field and this header
    // field indicates the use of an extension that was not present in the client's handshake (the server
    // has indicated an extension not requested by the client), the client MUST _Fail the WebSocket
    // Connection_."
    // RFC 7692 §7.1: "A client MUST _Fail the WebSocket Connection_ if the peer server accepted an extension
    // negotiation offer for this extension with an extension negotiation response meeting any of the
    // following conditions"
    fn check_extensions(&self, fields: Fields<'_>) -> Result<Option<Agreement>, Error> {
        let mut agreement = None;
        for chosen in extensions(fields)? {
            let refused = |rule| Error::new(rule, chosen.name.as_bytes(), 0);
            if self.deflate.is_empty() || !is_offered(&chosen) {
                return Err(refused(Rule::ExtensionNotAsked));
            }
            if agreement.is_some() {
                return Err(refused(Rule::DeflateRepeated));
            }
            let params = Params::decode(&chosen);
            let agreed =
                params.and_then(|params| params.agreement().map(|agreed| (params, agreed)));
            let (params, agreed) = agreed.ok_or_else(|| refused(Rule::DeflateParamInvalid))?;
            if !self.deflate.iter().any(|offer| params.meets(offer)) {
                return Err(refused(Rule::DeflateNotAsked));
            }
            agreement = Some(agreed);
        }
        Ok(agreement)
    }

    // RFC 6455 §4.1: "the |Sec-WebSocket-Accept| contains a value other than the base64-encoded SHA-1
    // of the concatenation of the |Sec-WebSocket-Key| (as a string, not base64-decoded) with the
    // string "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" but ignoring any leading and trailing whitespace,
    // the client MUST _Fail the WebSocket Connection_"
    fn check_accept(&self, fields: Fields<'_>) -> Result<(), Error> {
        match one(fields, "Sec-WebSocket-Accept", Rule::AcceptRepeated)? {
            Some(value) if value == accept(&self.key) => Ok(()),
            Some(other) => Err(Error::new(Rule::AcceptWrong, other, 0)),
            None => Err(Error::whole(Rule::AcceptMissing)),
        }
    }

    // RFC 6455 §4.1: "If the response includes a |Sec-WebSocket-Protocol| header field and this
    // header field indicates the use of a subprotocol that was not present in the client's handshake
    // (the server has indicated a subprotocol not requested by the client), the client MUST _Fail the
    // WebSocket Connection_."
    fn check_protocol<'a>(&self, fields: Fields<'a>) -> Result<Option<&'a str>, Error> {
        let Some(value) = one(fields, "Sec-WebSocket-Protocol", Rule::ProtocolRepeated)? else {
            return Ok(None);
        };
        match str::from_utf8(value) {
            Ok(chosen) if self.protocols.iter().any(|offered| offered == chosen) => {
                Ok(Some(chosen))
            }
            _ => Err(Error::new(Rule::ProtocolNotAsked, value, 0)),
        }
    }
}

// RFC 9110 §7.8: "The "Upgrade" header field is intended to provide a simple mechanism for transitioning
// from HTTP/1.1 to some other protocol on the same connection."
// RFC 9110 §8.6: "A server MUST NOT send a Content-Length header field in any response with a status code of
// 1xx (Informational) or 204 (No Content)."
// RFC 9112 §6.1: "A server MUST NOT send a Transfer-Encoding header field in any response with a status
// code of 1xx (Informational) or 204 (No Content)."
fn check_head(head: &ResponseHead<'_>) -> Result<(), Error> {
    if head.version() != Version::Http11 {
        return Err(Error::whole(Rule::ResponseVersionTooLow));
    }
    for known in [Known::ContentLength, Known::TransferEncoding] {
        if let Some(value) = head.fields().known(known).next() {
            return Err(Error::new(Rule::ResponseWithContent, value, 0));
        }
    }
    Ok(())
}

// RFC 6455 §4.1: "If the response lacks an |Upgrade| header field or the |Upgrade| header field
// contains a value that is not an ASCII case-insensitive match for the value "websocket", the client
// MUST _Fail the WebSocket Connection_."
fn check_upgrade(fields: Fields<'_>) -> Result<(), Error> {
    let upgrade: Vec<&[u8]> = fields.list("Upgrade").take(2).collect();
    if !matches!(upgrade[..], [only] if only.eq_ignore_ascii_case(b"websocket")) {
        return Err(refused(fields, "Upgrade", Rule::UpgradeWrong));
    }
    if !has_token(fields, "Connection", b"upgrade") {
        return Err(refused(fields, "Connection", Rule::ConnectionWrong));
    }
    Ok(())
}
