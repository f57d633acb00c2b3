//! What a caller must not do. [`Error`](super::Error) blames the peer, this the caller.

use crate::wire::rules;

rules! {
    /// A call that would have put a broken handshake or frame on the wire, refused before a byte of it
    /// was encoded.
    ///
    /// ```
    /// use barewire::websocket::{CloseCode, Misuse};
    ///
    /// let misuse = CloseCode::new(1005).unwrap_err();
    /// assert_eq!(misuse, Misuse::CloseCode);
    /// assert_eq!(misuse.to_string(), "a close code is 1000-1003, 1007-1014 or 3000-4999 (RFC 6455 §7.4)");
    /// ```
    pub enum Misuse;

    Closed "RFC 6455 §5.5.1" "a Close frame has been sent: nothing follows it";
    Unfinished "RFC 6455 §5.4" "the message before must be sent to its end";
    Kind "RFC 6455 §5.4" "all parts of a message are text, or all are binary";
    Compression "RFC 7692 §6.1" "a message is compressed where that was agreed on, and then in all its parts";
    ControlTooLong "RFC 6455 §5.5" "a control frame holds 125 bytes at most";
    CloseCode "RFC 6455 §7.4" "a close code is 1000-1003, 1007-1014 or 3000-4999";
    CloseReason "RFC 6455 §5.5" "a reason for closing has 123 bytes at most";
    ProtocolName "RFC 6455 §4.1" "a subprotocol is a token and named once";
    HandshakeField "RFC 6455 §4" "the handshake makes Connection, Upgrade and Sec-WebSocket-* itself, and has no Keep-Alive and no content";
    ProtocolNotOffered "RFC 6455 §4.2.2" "the client did not offer this subprotocol";
}

impl std::error::Error for Misuse {}
