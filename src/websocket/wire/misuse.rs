//! What a caller must not do: the other half of the blame, beside [`Error`](super::Error).

use std::fmt;

/// A call that would have put a broken handshake or frame on the wire, refused before a byte of it
/// was encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// A Close frame has been sent: nothing follows it (RFC 6455 §5.5.1).
    Closed,
    /// A message in parts has not been sent to its end (RFC 6455 §5.4).
    Unfinished,
    /// A part of another kind than the message it goes on with (RFC 6455 §5.4).
    Kind,
    /// More than 125 bytes for a control frame (RFC 6455 §5.5).
    ControlTooLong,
    /// A code that must not be on the wire (RFC 6455 §7.4).
    CloseCode,
    /// More than 123 bytes of reason (RFC 6455 §5.5).
    CloseReason,
    /// A subprotocol that is no token, or is named twice (RFC 6455 §4.1).
    ProtocolName,
    /// A subprotocol that the client did not offer (RFC 6455 §4.2.2).
    ProtocolNotOffered,
}

impl Misuse {
    fn says(self) -> &'static str {
        match self {
            Misuse::Closed => "a Close frame has been sent: nothing follows it (RFC 6455 §5.5.1)",
            Misuse::Unfinished => "the message before must be sent to its end (RFC 6455 §5.4)",
            Misuse::Kind => "all parts of a message are text, or all are binary (RFC 6455 §5.4)",
            Misuse::ControlTooLong => "a control frame holds 125 bytes at most (RFC 6455 §5.5)",
            Misuse::CloseCode => {
                "a close code is 1000-1003, 1007-1014 or 3000-4999 (RFC 6455 §7.4)"
            }
            Misuse::CloseReason => "a reason for closing has 123 bytes at most (RFC 6455 §5.5)",
            Misuse::ProtocolName => "a subprotocol is a token and named once (RFC 6455 §4.1)",
            Misuse::ProtocolNotOffered => "the client did not offer this (RFC 6455 §4.2.2)",
        }
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.says())
    }
}

impl std::error::Error for Misuse {}
