//! How to connect, and the limits of a connection.

use super::observer::Observer;
use super::reach::Family;
use std::sync::Arc;
use std::time::Duration;

/// How to connect. `ConnectOptions::default()` and change what you must.
///
/// ```
/// use barewire::net::{ConnectOptions, Family, connect_with};
/// use std::io::ErrorKind;
/// use std::time::Duration;
///
/// let options = ConnectOptions {
///     timeout: Duration::from_secs(2),
///     family: Some(Family::V6),
///     ..ConnectOptions::default()
/// };
/// let error = connect_with("127.0.0.1:8124", &options).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotFound); // this host has no IPv6 address
/// ```
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// One deadline for all of it: looking the name up and trying its addresses. Default: 10 s.
    pub timeout: Duration,
    /// Only addresses of this kind. Default: all there are.
    pub family: Option<Family>,
    /// `TCP_NODELAY`, see [`Tcp::set_no_delay`](super::Tcp::set_no_delay). Default: true.
    pub no_delay: bool,
    /// Whether our side stays open when [`Socket::run`](super::Socket::run) has read the peer's FIN, until
    /// [`Socket::end`](super::Socket::end). If not, our FIN follows at once. (Plain reads and writes need no
    /// such option: there each side ends when it likes.) Default: false.
    pub allow_half_open: bool,
    /// [`Socket::write`](super::Socket::write) returns false when this many bytes are queued. Default: 64 KiB.
    pub high_water_mark: usize,
    /// When more than this is queued by [`Socket::write`](super::Socket::write) the connection is broken off.
    /// Default: 16 MiB.
    pub max_buffered: usize,
    /// If a peer takes nothing of what we send for this long, the connection is cut. Default: 30 s.
    /// [`Duration::MAX`]: never.
    pub stall_timeout: Duration,
    /// The rate in bytes a second at which a peer must take what we send, on average over each
    /// [`stall_timeout`](Self::stall_timeout) in which we wait for it. A slower one is cut. Default:
    /// 256. (What counts is when the system takes the bytes from us, and it does so in blocks of up to
    /// 64 KiB and more.)
    pub min_bytes_per_second: u64,
    /// A connection is cut when a read has waited for this long while nothing was read or written; up to
    /// twice as long if something was written meanwhile. Default: none, the other side is the one we
    /// chose. (A server's is on: [`Server::idle_timeout`](super::Server::idle_timeout).)
    pub idle_timeout: Option<Duration>,
    /// What is called with all that passes, below TLS and inside it: see [`Observer`]. Default: nothing.
    pub tap: Option<Arc<dyn Observer>>,
}

impl ConnectOptions {
    /// Sets [`tap`](Self::tap).
    pub fn tap(mut self, observer: impl Observer) -> ConnectOptions {
        self.tap = Some(Arc::new(observer));
        self
    }
}

impl Default for ConnectOptions {
    fn default() -> ConnectOptions {
        ConnectOptions {
            timeout: Duration::from_secs(10),
            family: None,
            no_delay: true,
            allow_half_open: false,
            high_water_mark: 64 * 1024,
            max_buffered: 16 * 1024 * 1024,
            stall_timeout: Duration::from_secs(30),
            min_bytes_per_second: 256,
            idle_timeout: None,
            tap: None,
        }
    }
}
