//! What both ends have agreed on.

/// The window where no smaller one was agreed on, and the smallest that we name.
pub(super) const MAX_BITS: u8 = 15;
pub(super) const MIN_BITS: u8 = 9;

/// What both ends have agreed on: the parameters of the server's answer. A window that it does not name has 15 bits.
///
/// ```
/// use barewire::websocket::wire::Agreement;
///
/// let agreement = Agreement { server_no_context_takeover: true, ..Agreement::default() };
/// assert_eq!((agreement.server_max_window_bits, agreement.client_max_window_bits), (15, 15));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// No message of the server refers to those before.
    pub server_no_context_takeover: bool,
    /// No message of the client does.
    pub client_no_context_takeover: bool,
    /// How far a message of the server refers back at most, as a power of 2: 8 to 15.
    pub server_max_window_bits: u8,
    /// The same for a message of the client.
    pub client_max_window_bits: u8,
}

impl Default for Agreement {
    fn default() -> Agreement {
        Agreement {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: MAX_BITS,
            client_max_window_bits: MAX_BITS,
        }
    }
}

/// What was agreed on for one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::websocket::wire) struct Direction {
    pub(in crate::websocket::wire) takeover: bool,
    pub(in crate::websocket::wire) window_bits: u8,
}

impl Agreement {
    /// For the messages of the server.
    pub(in crate::websocket::wire) fn server(&self) -> Direction {
        Direction {
            takeover: !self.server_no_context_takeover,
            window_bits: self.server_max_window_bits,
        }
    }

    /// For the messages of the client.
    pub(in crate::websocket::wire) fn client(&self) -> Direction {
        Direction {
            takeover: !self.client_no_context_takeover,
            window_bits: self.client_max_window_bits,
        }
    }
}
