//! Close frames: a code and a reason, or nothing (RFC 6455 §5.5.1, §7.4).
//!
//! ```text
//!   88        FIN, opcode 8
//!   05        five bytes of payload
//!   03 e8     the code, 1000
//!   62 79 65  the reason: "bye"
//! ```
//!
//! | codes | on the wire |
//! |---|---|
//! | 0 to 999 | never |
//! | 1000 to 1003, 1007 to 1011 | as RFC 6455 defines them |
//! | 1012, 1013, 1014 | registered later: service restart, try again later, bad gateway |
//! | 1004, 1005, 1006, 1015 | never; an API reports 1005 (no code came), 1006 (no Close frame came) and 1015 (the TLS handshake failed) |
//! | 1016 to 2999 | not yet |
//! | 3000 to 3999, 4000 to 4999 | registered by libraries, and private |

use super::error::{Error, Rule};
use super::frame::CONTROL_MAX;
use super::misuse::Misuse;

/// The longest reason, in bytes.
pub const REASON_MAX: usize = CONTROL_MAX - 2;

/// Reported where a Close frame had no code (RFC 6455 §7.1.5).
pub const NO_STATUS: u16 = 1005;

/// Reported where no Close frame came (RFC 6455 §7.1.5).
pub const ABNORMAL: u16 = 1006;

/// A code that may be on the wire.
///
/// ```
/// use barewire::websocket::{CloseCode, Misuse};
///
/// assert_eq!(CloseCode::GOING_AWAY.number(), 1001);
/// assert!(CloseCode::new(4001).is_ok()); // 4000 to 4999 are for programs that agree on them
/// assert_eq!(CloseCode::new(1006), Err(Misuse::CloseCode)); // reported, never sent
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// The purpose of the connection is fulfilled.
    pub const NORMAL: CloseCode = CloseCode(1000);
    /// The server stops, or the browser leaves the page.
    pub const GOING_AWAY: CloseCode = CloseCode(1001);
    /// The peer broke a rule of the protocol.
    pub const PROTOCOL_ERROR: CloseCode = CloseCode(1002);
    /// A kind of data that this side does not accept.
    pub const UNSUPPORTED_DATA: CloseCode = CloseCode(1003);
    /// Data that is not what its kind says: text that is not UTF-8.
    pub const INVALID_DATA: CloseCode = CloseCode(1007);
    /// A message that breaks a rule of this program, when no other code fits.
    pub const POLICY_VIOLATION: CloseCode = CloseCode(1008);
    /// A message that is too big.
    pub const MESSAGE_TOO_BIG: CloseCode = CloseCode(1009);
    /// Something went wrong on this side.
    pub const INTERNAL_ERROR: CloseCode = CloseCode(1011);
    /// The server restarts: the client may come back at once.
    pub const SERVICE_RESTART: CloseCode = CloseCode(1012);

    /// The code of this number.
    ///
    /// # Errors
    /// [`Misuse::CloseCode`] for one that must not be on the wire.
    pub fn new(number: u16) -> Result<CloseCode, Misuse> {
        match number {
            1000..=1003 | 1007..=1014 | 3000..=4999 => Ok(CloseCode(number)),
            _ => Err(Misuse::CloseCode),
        }
    }

    /// Its number.
    pub fn number(self) -> u16 {
        self.0
    }
}

/// The payload of a Close frame. Every value of this type can be sent.
///
/// ```
/// use barewire::websocket::wire::{Close, CloseCode};
///
/// let close = Close::new(CloseCode::NORMAL, "bye")?;
/// let mut payload = Vec::new();
/// close.encode(&mut payload);
/// assert_eq!(payload, b"\x03\xe8bye");
/// assert_eq!(Close::decode(&payload), Ok(close));
/// # Ok::<(), barewire::websocket::wire::Misuse>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Close<'a> {
    code: Option<CloseCode>,
    reason: &'a str,
}

impl<'a> Close<'a> {
    /// A Close frame without a payload.
    pub const EMPTY: Close<'static> = Close {
        code: None,
        reason: "",
    };

    /// A code, and a reason for those who debug the connection.
    ///
    /// # Errors
    /// [`Misuse::CloseReason`] for more than 123 bytes.
    pub fn new(code: CloseCode, reason: &'a str) -> Result<Close<'a>, Misuse> {
        if reason.len() > REASON_MAX {
            return Err(Misuse::CloseReason);
        }
        let code = Some(code);
        Ok(Close { code, reason })
    }

    /// The code, if there is one.
    pub fn code(&self) -> Option<CloseCode> {
        self.code
    }

    /// The code to report: 1005 where there is none.
    pub fn number(&self) -> u16 {
        self.code.map_or(NO_STATUS, CloseCode::number)
    }

    /// The reason; often empty. It is not meant for end users.
    pub fn reason(&self) -> &'a str {
        self.reason
    }

    /// The answer to it: the same code, no reason.
    // RFC 6455 §5.5.1: "When sending a Close frame in response, the endpoint typically echos the
    // status code it received."
    pub fn answer(&self) -> Close<'static> {
        Close {
            code: self.code,
            reason: "",
        }
    }

    /// Decodes the payload of a Close frame.
    ///
    /// # Errors
    /// A single byte, a code that must not be on the wire, a reason that is not UTF-8.
    pub fn decode(payload: &'a [u8]) -> Result<Close<'a>, Error> {
        if payload.is_empty() {
            return Ok(Close::EMPTY);
        }
        // RFC 6455 §5.5.1: "If there is a body, the first two bytes of the body MUST be a 2-byte
        // unsigned integer (in network byte order) representing a status code with value /code/
        // defined in Section 7.4."
        let Some((&code, reason)) = payload.split_first_chunk() else {
            return Err(Error::new(Rule::CloseTooShort, payload, 0));
        };
        let code = CloseCode::new(u16::from_be_bytes(code))
            .map_err(|_| Error::new(Rule::CloseCodeInvalid, &code, 0))?;
        let reason = str::from_utf8(reason).map_err(|error| {
            let at = payload.len() - reason.len() + error.valid_up_to();
            Error::new(Rule::CloseReasonNotUtf8, payload, at)
        })?;
        let code = Some(code);
        Ok(Close { code, reason })
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        if let Some(code) = self.code {
            out.extend_from_slice(&code.number().to_be_bytes());
            out.extend_from_slice(self.reason.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_allowed_or_refused() {
        let ranges = [1000..=1003, 1007..=1014, 3000..=4999];
        for number in 0..=u16::MAX {
            let allowed = ranges.iter().any(|range| range.contains(&number));
            assert_eq!(CloseCode::new(number).is_ok(), allowed, "{number}");
            let decoded = Close::decode(&number.to_be_bytes()).map(|close| close.number());
            assert_eq!(decoded.ok(), allowed.then_some(number), "{number}");
        }
    }

    #[test]
    fn a_reason_has_123_bytes_at_most() {
        let longest = "é".repeat(61) + "!";
        let close = Close::new(CloseCode::NORMAL, &longest).expect("123 bytes");
        let mut payload = Vec::new();
        close.encode(&mut payload);
        assert_eq!((payload.len(), Close::decode(&payload)), (125, Ok(close)));
        let longer = longest + "!";
        assert_eq!(
            Close::new(CloseCode::NORMAL, &longer),
            Err(Misuse::CloseReason)
        );
    }

    #[test]
    fn the_sentence_of_every_rule_fits_into_a_reason() {
        for rule in Rule::ALL {
            assert!(rule.says().len() <= REASON_MAX, "{}", rule.name());
        }
    }
}
