//! permessage-deflate: messages that are compressed before they are framed (RFC 7692).
//!
//! ```text
//!   "Hello" ──▶ DEFLATE, flushed    f2 48 cd c9 c9 07 00 │ 00 00 ff ff
//!                                   └─── the payload ───┘  └ left out; the receiver appends it again
//!
//!   c1 07 f2 48 cd c9 c9 07 00      1 100 0001    FIN, RSV1: this message is compressed, text
//!
//!   41 03 f2 48 cd │ 89 00 │ 80 04 c9 c9 07 00      RSV1 on the first frame alone, never on a control frame
//! ```
//!
//! The handshake agrees on it. Each direction has two parameters of its own: how far a distance may reach back (the
//! *window*), and whether it may reach into the messages before (the *context takeover*).
//!
//! ```text
//!   > Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; client_max_window_bits
//!   < Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; server_no_context_takeover
//! ```
//!
//! The rules:
//!
//! 1. A server answers the first offer that it can meet. An offer with a parameter that is unknown, repeated or out of range
//!    is declined, and the next one is looked at. A client fails the connection for such an answer, and for
//!    one that goes beyond its offer.
//! 2. Some programs cannot compress with a window of 2⁸ bytes, and use one of 2⁹ where 2⁸ was agreed. So we never name
//!    `client_max_window_bits=8`, and keep 2⁹ bytes at least of what has come. We do compress with 2⁸ if asked to.
//! 3. The limit of a message counts what comes out of it, and no more than that is made. Text is judged as it comes out.
//! 4. Without context takeover each message stands alone: nothing has to be kept between two messages.
//!
//! `params.rs` is the negotiation, `inflating.rs` the receiving side, `deflater.rs` the sending one.

pub(in crate::websocket::wire) mod agreement;
mod deflater;
mod inflating;
mod params;

pub use agreement::Agreement;
pub use deflater::Deflater;
pub(crate) use inflating::Decompressor;
pub(super) use inflating::Inflating;
pub(super) use params::{Params, is_offered};

use crate::deflate::Level;
use agreement::{Direction, MAX_BITS, MIN_BITS};

/// How to compress messages, and what to ask of the peer: see [`Config::deflate`](crate::websocket::Config::deflate).
///
/// Both roles have the same options: *send* is our direction, *receive* the peer's. What the peer must be able to do is
/// asked for in the handshake, and messages stay as they are with a peer that cannot.
///
/// ```
/// use barewire::websocket::PerMessageDeflate;
///
/// // As little memory as possible.
/// let frugal = PerMessageDeflate { send_window_bits: 9, receive_window_bits: 9, ..Default::default() };
/// assert!(!frugal.send_takeover && !frugal.receive_takeover);
/// assert_eq!(PerMessageDeflate::default().threshold, 256);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerMessageDeflate {
    /// How hard to look for what can be shortened in messages that we send. [`Level::Normal`].
    pub level: Level,
    /// Whether a message that we send may refer to those before (context takeover), if the peer agrees: similar messages
    /// become shorter, and the connection keeps its compressor. `false`.
    pub send_takeover: bool,
    /// The same for messages of the peer: the connection keeps its decompressor. `false`.
    pub receive_takeover: bool,
    /// A message that we send refers back 2 to the power of this many bytes at most: 9 to 15. 15.
    pub send_window_bits: u8,
    /// The same for messages of the peer; with less than 15, a peer that cannot promise it is not compressed with. 15.
    pub receive_window_bits: u8,
    /// A message with fewer bytes is sent as it is. 256.
    pub threshold: usize,
}

impl Default for PerMessageDeflate {
    fn default() -> PerMessageDeflate {
        PerMessageDeflate {
            level: Level::Normal,
            send_takeover: false,
            receive_takeover: false,
            send_window_bits: MAX_BITS,
            receive_window_bits: MAX_BITS,
            threshold: 256,
        }
    }
}

impl PerMessageDeflate {
    /// The same options within what was agreed on for the messages that we send.
    pub(super) fn within(self, sent: Direction) -> PerMessageDeflate {
        PerMessageDeflate {
            send_takeover: self.send_takeover && sent.takeover,
            send_window_bits: self.send_window_bits.max(MIN_BITS).min(sent.window_bits),
            ..self
        }
    }
}
