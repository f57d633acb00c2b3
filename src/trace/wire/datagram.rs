//! UDP: a datagram is a span.

use super::labels::Label;
use super::span::{Brush, Direction, Explained, Layer, Painted};
use std::time::Duration;

/// Explains a datagram. Nothing is known of those before it, so it needs no conversation: its one span is a leaf
/// over all its bytes, and counts from its first one.
///
/// ```
/// use barewire::trace::wire::{Direction, Layer, datagram};
/// use std::time::Duration;
///
/// let explained = datagram(Direction::FromClient, Duration::ZERO, b"hello\n");
/// assert_eq!((explained.layer, explained.span.range.clone()), (Layer::Udp, 0..6));
/// assert_eq!(
///     explained.to_string(),
///     "> udp.datagram                   hello\\n                  RFC 768 §Introduction\n"
/// );
/// ```
pub fn datagram(from: Direction, time: Duration, bytes: &[u8]) -> Explained {
    let mut brush = Brush::new(bytes, 0, true);
    brush.leaf(bytes.len(), Label::Datagram);
    // An empty datagram is one, too.
    let empty = || Painted::end(0, Label::Datagram, "", Label::Datagram.section());
    Explained {
        from,
        layer: Layer::Udp,
        time,
        exchange: None,
        bytes: bytes.to_vec(),
        span: brush.finish().unwrap_or_else(empty).span,
    }
}
