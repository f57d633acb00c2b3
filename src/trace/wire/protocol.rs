//! What a connection carries, as far as the caller knows it.

use super::framing::Framing;

/// What the first bytes of a conversation are.
///
/// ```
/// use barewire::framing::Delimiter;
/// use barewire::trace::wire::{Conversation, Direction, Framing, Label, Protocol};
/// use std::time::Duration;
///
/// let passed = b"GET / HTTP/1.1\r\n";
/// for (protocol, label) in [
///     (Protocol::Bytes, Label::Bytes), // not read as HTTP
///     (Protocol::Framed(Framing::of(Delimiter::CRLF)), Label::FramedMessage),
/// ] {
///     let mut conversation = Conversation::of(protocol);
///     let mut spans = conversation.receive(Direction::FromClient, Duration::ZERO, passed);
///     let span = spans.next().unwrap().span;
///     assert_eq!((span.label, span.range), (label, 0..16));
/// }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// The bytes say it themselves.
    #[default]
    Detected,
    /// HTTP/1.1, also if the first byte is that of a TLS handshake: it is refused then.
    Http,
    /// TLS, also if the first byte is that of no record.
    Tls,
    /// Messages, framed so.
    Framed(Framing),
    /// Nothing is known about them: they are data.
    Bytes,
}
