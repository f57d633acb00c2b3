//! What a connection carries, as far as the caller knows it.

/// What the first bytes of a conversation are.
///
/// ```
/// use barewire::trace::wire::{Conversation, Direction, Label, Protocol};
/// use std::time::Duration;
///
/// let mut conversation = Conversation::of(Protocol::Bytes);
/// let passed = b"GET / HTTP/1.1\r\n";
/// let span = conversation.receive(Direction::FromClient, Duration::ZERO, passed).next().unwrap().span;
/// assert_eq!((span.label, span.range), (Label::Bytes, 0..16)); // not read as HTTP
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// The bytes say it themselves.
    #[default]
    Detected,
    /// Nothing is known about them: they are data.
    Bytes,
}
