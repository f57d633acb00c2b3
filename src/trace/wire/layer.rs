//! Whose bytes: which side has sent them, and which layer counts them.

/// Who has sent the bytes.
///
/// ```
/// use barewire::trace::wire::{Conversation, Direction};
/// use std::time::Duration;
///
/// let mut conversation = Conversation::new();
/// let asked = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
/// for explained in conversation.receive(Direction::FromClient, Duration::ZERO, asked) {
///     assert_eq!(explained.from, Direction::FromClient);
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The side that opened the connection.
    FromClient,
    /// The side that accepted it.
    FromServer,
}

/// Whose bytes the ranges count.
///
/// ```
/// use barewire::trace::wire::{Conversation, Direction, Layer};
/// use std::time::Duration;
///
/// let mut conversation = Conversation::new();
/// let ended = conversation.end(Direction::FromClient, Duration::ZERO).next().unwrap();
/// assert_eq!((ended.layer, ended.span.range), (Layer::Tcp, 0..0));
/// assert_eq!(ended.layer.key(), "tcp");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Layer {
    /// What one direction of the TCP connection carries, from its first byte to its end.
    Tcp,
    /// What one direction carries inside TLS, in the clear. Only who holds the keys knows it.
    Tls,
    /// A WebSocket message of several frames, put together; or what was compressed, as it was before: a body, a
    /// message. From its first byte on.
    Message,
    /// The compressed bytes of a body or a message, without what frames or masks them: from the first one on.
    Compressed,
    /// One datagram: from its first byte on.
    Udp,
}

impl Layer {
    /// The name for programs; it does not change.
    pub fn key(self) -> &'static str {
        match self {
            Layer::Tcp => "tcp",
            Layer::Tls => "tls",
            Layer::Message => "message",
            Layer::Compressed => "compressed",
            Layer::Udp => "udp",
        }
    }
}

impl Direction {
    /// The other side.
    pub(in crate::trace) fn other(self) -> Direction {
        match self {
            Direction::FromClient => Direction::FromServer,
            Direction::FromServer => Direction::FromClient,
        }
    }

    /// Its place in a pair: the client stands first.
    pub(in crate::trace) fn index(self) -> usize {
        usize::from(self == Direction::FromServer)
    }

    /// The character before what this side has sent.
    pub(in crate::trace) fn mark(self) -> char {
        ['>', '<'][self.index()]
    }

    /// The name of the sender for programs; it does not change.
    ///
    /// ```
    /// assert_eq!(barewire::trace::wire::Direction::FromClient.key(), "client");
    /// ```
    pub fn key(self) -> &'static str {
        match self {
            Direction::FromClient => "client",
            Direction::FromServer => "server",
        }
    }
}
