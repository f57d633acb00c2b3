//! Every limit and deadline of a connection, on from the start and each settable.

use super::wire::Limits;
use std::time::Duration;

/// What a connection lets its peer do. The defaults are meant to be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The longest message that is taken. 16 MiB; beyond it 1009.
    pub limits: Limits,
    /// [`try_send`](super::Writer::try_send) takes nothing while so many bytes are buffered. 64 KiB.
    pub high_water_mark: usize,
    /// From our Close frame to the peer's; beyond it the connection is cut. 10 s.
    pub close_timeout: Duration,
    /// How long the peer may take nothing of what we send. 30 s; beyond it the connection is cut.
    pub stall_timeout: Duration,
    /// How long what the peer still sends is read and dropped, so that a last Close frame reaches
    /// it ("lingering close"). 2 s.
    pub linger_timeout: Duration,
    /// How much of it is. 8 MiB.
    pub linger_bytes: u64,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            limits: Limits::default(),
            high_water_mark: 64 * 1024,
            close_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            linger_timeout: Duration::from_secs(2),
            linger_bytes: 8 * 1024 * 1024,
        }
    }
}
