//! The rules that a peer must keep, and the error that names the broken one.
//!
//! Before the connection is open, a rule has a status: the server refuses the handshake with it. Afterwards it
//! has a close code: either side fails the connection with it. So no driver has a table of its own.

use crate::wire::{rule_error, rules, show_quoted};

/// Numbers below this are statuses of HTTP, the others close codes of WebSocket.
const FIRST_CLOSE_CODE: u16 = 1000;

rules! {
    /// A rule that a peer must keep; `fixtures/websocket/` uses the same names.
    pub enum Rule;
    fn number -> u16;

    MethodNotGet 405 "RFC 6455 §4.1" "a WebSocket is asked for with GET";
    HttpVersionTooLow 400 "RFC 6455 §4.1" "a WebSocket is asked for with HTTP/1.1 or later";
    ContentPresent 400 "RFC 9110 §9.3.1" "a request for a WebSocket has no content";
    UpgradeMissing 426 "RFC 6455 §4.2.1" "the request must have the token websocket in Upgrade";
    ConnectionMissing 426 "RFC 6455 §4.2.1" "the request must have the token Upgrade in Connection";
    VersionRepeated 400 "RFC 6455 §11.3.5" "a request has one Sec-WebSocket-Version";
    VersionUnknown 426 "RFC 6455 §4.2.2" "the only version of the protocol here is 13";
    KeyMissing 400 "RFC 6455 §4.2.1" "the request must have a Sec-WebSocket-Key";
    KeyRepeated 400 "RFC 6455 §11.3.1" "a request has one Sec-WebSocket-Key";
    KeyInvalid 400 "RFC 6455 §4.2.1" "Sec-WebSocket-Key is the base64 of 16 bytes";
    OriginRepeated 400 "RFC 6455 §4.1" "a request has one Origin";
    OriginForbidden 403 "RFC 6455 §4.2.2" "pages of this Origin may not connect here";
    ProtocolInvalid 400 "RFC 6455 §4.1" "Sec-WebSocket-Protocol is a list of tokens, each of them once";
    ProtocolsTooMany 400 "RFC 6455 §4.1" "there are more subprotocols than this server accepts";
    ExtensionInvalid 400 "RFC 6455 §9.1" "Sec-WebSocket-Extensions is a list of name; param; param=value";
    ExtensionsTooMany 400 "RFC 6455 §9.1" "there are more extensions and parameters than are accepted here";

    StatusNot101 502 "RFC 6455 §4.1" "a server that opens a WebSocket answers 101";
    ResponseVersionTooLow 502 "RFC 9110 §7.8" "only HTTP/1.1 can switch to another protocol";
    ResponseWithContent 502 "RFC 9110 §8.6" "a 101 has no content, so it has no Content-Length and no Transfer-Encoding";
    UpgradeWrong 502 "RFC 6455 §4.1" "the Upgrade of the response is websocket and nothing else";
    ConnectionWrong 502 "RFC 6455 §4.1" "the response must have the token Upgrade in Connection";
    AcceptMissing 502 "RFC 6455 §4.1" "the response must have a Sec-WebSocket-Accept";
    AcceptRepeated 502 "RFC 6455 §11.3.3" "a response has one Sec-WebSocket-Accept";
    AcceptWrong 502 "RFC 6455 §4.1" "Sec-WebSocket-Accept does not answer the key of this request";
    ExtensionNotAsked 502 "RFC 6455 §4.1" "the response names an extension that was not asked for";
    DeflateParamInvalid 502 "RFC 7692 §7.1" "permessage-deflate has four parameters, each once and with a value of its range";
    DeflateNotAsked 502 "RFC 7692 §7.1" "the response agrees to what permessage-deflate was not offered with";
    DeflateRepeated 502 "RFC 7692 §5" "the response names permessage-deflate once";
    ProtocolNotAsked 502 "RFC 6455 §4.1" "the response names a subprotocol that was not asked for";
    ProtocolRepeated 502 "RFC 6455 §11.3.4" "a response has one Sec-WebSocket-Protocol";

    OpcodeReserved 1002 "RFC 6455 §5.2" "opcodes 3 to 7 and 11 to 15 mean nothing yet";
    ControlFragmented 1002 "RFC 6455 §5.5" "a control frame must not be fragmented";
    ControlTooLong 1002 "RFC 6455 §5.5" "a control frame has a payload of 125 bytes at most";
    LengthNotMinimal 1002 "RFC 6455 §5.2" "a length is written in the shortest of its three forms";
    LengthTooLarge 1002 "RFC 6455 §5.2" "the top bit of a 64-bit length is 0";
    ReservedBitSet 1002 "RFC 6455 §5.2" "a reserved bit is 0 unless an extension gives it a meaning";
    CompressedBitMisplaced 1002 "RFC 7692 §6" "RSV1 is set on the first frame of a message alone";
    MaskMissing 1002 "RFC 6455 §5.1" "a client masks every frame";
    MaskForbidden 1002 "RFC 6455 §5.1" "a server masks no frame";
    ContinuationOfNothing 1002 "RFC 6455 §5.4" "a continuation frame goes on with a message, and none has begun";
    MessageInterrupted 1002 "RFC 6455 §5.4" "a message is sent to its end before another begins";
    MessageTooBig 1009 "RFC 6455 §10.4" "the message is longer than is accepted here";
    TextNotUtf8 1007 "RFC 6455 §8.1" "text is UTF-8";
    TextCut 1007 "RFC 6455 §8.1" "the text ends inside a character";
    CompressedInvalid 1007 "RFC 7692 §7.2.2" "the payload of a compressed message is a DEFLATE stream, whose distances stay in the agreed window";
    CompressedCut 1007 "RFC 7692 §7.2.1" "a compressed message ends with an empty stored block, without its last four bytes";
    CloseTooShort 1002 "RFC 6455 §5.5.1" "a Close frame is empty or begins with a code of two bytes";
    CloseCodeInvalid 1002 "RFC 6455 §7.4" "this close code must not be on the wire";
    CloseReasonNotUtf8 1007 "RFC 6455 §5.5.1" "the reason of a Close frame is UTF-8";
    ClosedAbnormally 1006 "RFC 6455 §7.1.5" "the connection ended without a Close frame";
}

impl Rule {
    /// The status with which a server refuses the handshake; `None` for the rules of frames. The rules of the
    /// response have 502: only a gateway can use it.
    pub fn status(self) -> Option<u16> {
        Some(self.number()).filter(|&number| number < FIRST_CLOSE_CODE)
    }

    /// The close code with which the connection is failed; `None` for the rules of the handshake. 1006 is
    /// reported and never sent.
    pub fn close_code(self) -> Option<u16> {
        Some(self.number()).filter(|&number| number >= FIRST_CLOSE_CODE)
    }
}

rule_error! {
    /// The peer broke a [`Rule`]: which, at what byte, and the bytes found there.
    ///
    /// What a caller did wrong is a [`Misuse`](super::Misuse).
    pub struct Error {
        rule: Rule,
        /// The offset in bytes, from the start of the field's value, the frame's header, the Close
        /// frame's payload, or the text.
        at: u64,
        /// Up to 16 bytes of what stood there; empty where something is missing.
        got: [u8; 16],
    }
    pub fn new;
    show = show_quoted;
}

impl Error {
    /// The rule was broken by something missing, or by no particular byte.
    #[cold]
    pub fn whole(rule: Rule) -> Error {
        Error::new(rule, &[], 0)
    }

    /// The rule was broken by `got`, at byte `at` of a message.
    #[cold]
    pub(super) fn of(rule: Rule, at: u64, got: &[u8]) -> Error {
        Error {
            at,
            ..Error::new(rule, got, 0)
        }
    }

    /// As [`Rule::status`].
    pub fn status(&self) -> Option<u16> {
        self.rule.status()
    }

    /// As [`Rule::close_code`].
    pub fn close_code(&self) -> Option<u16> {
        self.rule.close_code()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_has_a_status_or_a_close_code() {
        for rule in Rule::ALL {
            assert!(rule.status().is_some() != rule.close_code().is_some());
            let known = ["RFC 6455 §", "RFC 7692 §", "RFC 9110 §"];
            assert!(known.iter().any(|rfc| rule.section().starts_with(rfc)));
        }
    }

    #[test]
    fn an_error_says_the_rule_the_place_and_what_stood_there() {
        let header = [0x81, 0x7e, 0, 5];
        assert_eq!(
            Error::new(Rule::LengthNotMinimal, &header, 2).to_string(),
            "a length is written in the shortest of its three forms (RFC 6455 §5.2); \
             at byte 2: \"\\x00\\x05\""
        );
        let missing = Error::whole(Rule::KeyMissing).to_string();
        assert!(missing.ends_with("(RFC 6455 §4.2.1)"), "{missing}");
    }
}
