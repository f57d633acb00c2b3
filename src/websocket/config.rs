//! Every limit and deadline of a connection, on from the start and each settable.

use super::wire::Limits;
use crate::net::Pace;
use std::time::Duration;

/// What a connection lets its peer do. The defaults are meant to be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The longest message that is taken. 16 MiB; beyond it 1009.
    pub limits: Limits,
    /// [`try_send`](super::Writer::try_send) and a [`Room`](super::Room) take nothing while this many
    /// bytes are buffered. 64 KiB; at least 1.
    pub high_water_mark: usize,
    /// A ping is sent when nothing has come for this long. 30 s; `None`: no pings are sent. The thread
    /// that receives sends them: see [`Reader::heartbeat`](super::Reader::heartbeat).
    pub heartbeat_interval: Option<Duration>,
    /// From when that ping has left to the next byte of the peer. 30 s; beyond it the connection is cut.
    pub heartbeat_timeout: Duration,
    /// How long a peer may take nothing of what we send, or send nothing more of a message that has
    /// begun; and the stretch of waiting over which
    /// [`min_bytes_per_second`](Self::min_bytes_per_second) is judged. 30 s; beyond it the connection is
    /// cut (a message: 1008 first).
    pub stall_timeout: Duration,
    /// The rate that a peer must reach while we wait for it, in either direction. 256 bytes a second.
    /// Over TLS whole records are counted, of 16 KiB at most: a peer that needs longer than
    /// `stall_timeout` for one stands still.
    pub min_bytes_per_second: u64,
    /// From our Close frame to the peer's; beyond it the connection is cut. 10 s.
    pub close_timeout: Duration,
    /// How long what the peer still sends is read and dropped, so that a last Close frame reaches
    /// it ("lingering close"). 2 s.
    pub linger_timeout: Duration,
    /// How many bytes of it are. 8 MiB.
    pub linger_bytes: u64,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            limits: Limits::default(),
            high_water_mark: 64 * 1024,
            heartbeat_interval: Some(Duration::from_secs(30)),
            heartbeat_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(30),
            min_bytes_per_second: 256,
            close_timeout: Duration::from_secs(10),
            linger_timeout: Duration::from_secs(2),
            linger_bytes: 8 * 1024 * 1024,
        }
    }
}

impl Config {
    /// How slow a peer may be.
    pub(super) fn pace(&self) -> Pace {
        Pace::new(self.stall_timeout, self.min_bytes_per_second)
    }
}
