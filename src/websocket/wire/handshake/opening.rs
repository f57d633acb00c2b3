//! What a client asks for, and whether the server's answer may be taken (RFC 6455 §4.1).

use super::{accept, encoded};
use crate::http::wire::{FieldList, Fields, ResponseHead, grammar};
use crate::websocket::wire::error::{Error, Rule};
use crate::websocket::wire::extensions::extensions;
use crate::websocket::wire::misuse::Misuse;

/// A client's side of one handshake: makes the fields of the request, and judges the response.
///
/// ```
/// use barewire::http::wire::{FieldList, Limits, ResponseDecoder};
/// use barewire::websocket::wire::Opening;
///
/// let nonce = *b"the sample nonce"; // of course 16 random bytes
/// let opening = Opening::new(nonce).protocol("chat")?.protocol("superchat")?;
/// let mut fields = FieldList::new();
/// opening.ask(&mut fields);
/// assert_eq!(fields.view().get_str("Sec-WebSocket-Key"), Some("dGhlIHNhbXBsZSBub25jZQ=="));
///
/// let bytes = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
///     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n";
/// let mut decoder = ResponseDecoder::new(Limits::default());
/// decoder.decode(bytes)?;
/// assert_eq!(opening.check(&decoder.head(bytes))?, Some("chat"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Opening {
    key: [u8; 24],
    protocols: Vec<String>,
}

impl Opening {
    /// A handshake with this nonce. It has to be random, and another one for each connection: what
    /// nobody could foresee, no cache can have the answer to.
    // RFC 6455 §4.1: "The value of this header field MUST be a nonce consisting of a randomly
    // selected 16-byte value that has been base64-encoded (see Section 4 of [RFC4648])."
    pub fn new(nonce: [u8; 16]) -> Opening {
        Opening {
            key: encoded(&nonce),
            protocols: Vec::new(),
        }
    }

    /// Offers a subprotocol, behind those offered before.
    ///
    /// # Errors
    /// [`Misuse::ProtocolName`] for what is no token, or has been offered.
    pub fn protocol(mut self, name: &str) -> Result<Opening, Misuse> {
        let offered = self.protocols.iter().any(|other| other == name);
        if offered || !grammar::is_token(name.as_bytes()) {
            return Err(Misuse::ProtocolName);
        }
        self.protocols.push(name.to_owned());
        Ok(self)
    }

    /// Puts the fields of the request into `fields`; its method is GET, and the caller names the host.
    pub fn ask(&self, fields: &mut FieldList) {
        let protocols = self.protocols.join(", ");
        let ours: [(&str, &[u8]); 5] = [
            ("Upgrade", b"websocket"),
            ("Connection", b"Upgrade"),
            ("Sec-WebSocket-Key", &self.key),
            ("Sec-WebSocket-Version", b"13"),
            ("Sec-WebSocket-Protocol", protocols.as_bytes()),
        ];
        for (name, value) in ours.into_iter().filter(|(_, value)| !value.is_empty()) {
            let put = fields.set(name, value);
            debug_assert!(put.is_ok(), "{name}");
        }
    }

    /// Whether the connection is open, and with which subprotocol.
    ///
    /// # Errors
    /// The first rule that the response breaks. No frame may be sent then.
    pub fn check<'a>(&self, head: &ResponseHead<'a>) -> Result<Option<&'a str>, Error> {
        let fields = head.fields();
        if head.status() != 101 {
            let status = head.status().to_string();
            return Err(Error::new(Rule::StatusNot101, status.as_bytes(), 0));
        }
        upgraded(fields)?;
        self.check_accept(fields)?;
        check_extensions(fields)?;
        self.check_protocol(fields)
    }

    // RFC 6455 §4.1: "the |Sec-WebSocket-Accept| contains a value other than the base64-encoded SHA-1
    // of the concatenation of the |Sec-WebSocket-Key| (as a string, not base64-decoded) with the
    // string "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" but ignoring any leading and trailing whitespace,
    // the client MUST _Fail the WebSocket Connection_"
    fn check_accept(&self, fields: Fields<'_>) -> Result<(), Error> {
        let mut values = fields.get_all("Sec-WebSocket-Accept");
        match (values.next(), values.next()) {
            (None, _) => Err(Error::whole(Rule::AcceptMissing)),
            (_, Some(second)) => Err(Error::new(Rule::AcceptRepeated, second, 0)),
            (Some(value), None) if value == accept(&self.key) => Ok(()),
            (Some(other), None) => Err(Error::new(Rule::AcceptWrong, other, 0)),
        }
    }

    // RFC 6455 §4.1: "If the response includes a |Sec-WebSocket-Protocol| header field and this
    // header field indicates the use of a subprotocol that was not present in the client's handshake
    // (the server has indicated a subprotocol not requested by the client), the client MUST _Fail the
    // WebSocket Connection_."
    fn check_protocol<'a>(&self, fields: Fields<'a>) -> Result<Option<&'a str>, Error> {
        let mut values = fields.get_all("Sec-WebSocket-Protocol");
        let (first, second) = (values.next(), values.next());
        if let Some(second) = second {
            return Err(Error::new(Rule::ProtocolRepeated, second, 0));
        }
        let Some(value) = first else {
            return Ok(None);
        };
        let chosen = str::from_utf8(value).ok();
        let asked = chosen.filter(|chosen| self.protocols.iter().any(|asked| asked == chosen));
        match asked {
            Some(protocol) => Ok(Some(protocol)),
            None => Err(Error::new(Rule::ProtocolNotAsked, value, 0)),
        }
    }
}

// RFC 6455 §4.1: "If the response lacks an |Upgrade| header field or the |Upgrade| header field
// contains a value that is not an ASCII case-insensitive match for the value "websocket", the client
// MUST _Fail the WebSocket Connection_."
fn upgraded(fields: Fields<'_>) -> Result<(), Error> {
    let upgrade: Vec<&[u8]> = fields.list("Upgrade").take(2).collect();
    if !matches!(upgrade[..], [only] if only.eq_ignore_ascii_case(b"websocket")) {
        let got = fields.get("Upgrade").unwrap_or_default();
        return Err(Error::new(Rule::UpgradeWrong, got, 0));
    }
    let mut options = fields.list("Connection");
    if !options.any(|option| option.eq_ignore_ascii_case(b"upgrade")) {
        let got = fields.get("Connection").unwrap_or_default();
        return Err(Error::new(Rule::ConnectionWrong, got, 0));
    }
    Ok(())
}

/// None was asked for.
fn check_extensions(fields: Fields<'_>) -> Result<(), Error> {
    match extensions(fields)?.first() {
        Some(chosen) => {
            let name = chosen.name.as_bytes();
            Err(Error::new(Rule::ExtensionNotAsked, name, 0))
        }
        None => Ok(()),
    }
}
