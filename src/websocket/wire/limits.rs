//! How much of a message is taken before the connection is failed.

/// Limits of one connection.
///
/// ```
/// use barewire::websocket::wire::Limits;
///
/// assert_eq!(Limits::default().message_bytes, 16 * 1024 * 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The payload of a message, all its frames together; beyond it 1009. 16 MiB. It is judged by
    /// each header, before any payload. A message that is given out in parts is not kept, and has
    /// no limit.
    pub message_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            message_bytes: 16 * 1024 * 1024,
        }
    }
}
