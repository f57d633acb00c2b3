//! Every limit and deadline of a server, on from the start and each settable.

use crate::http::wire::Limits;
use crate::net::Pace;
use std::time::Duration;

/// After as much time without a request a connection gives back the memory of its last ones.
const QUIET: Duration = Duration::from_secs(1);

/// What a server lets strangers do. The defaults are meant to be used.
///
/// Deadlines are checked whenever the socket's timeout passes, at the latest after the smallest of
/// them: a deadline may be overshot by as much.
#[derive(Clone, Debug)]
pub struct Config {
    /// Limits of a message head, of trailers and of chunk extensions.
    pub limits: Limits,
    /// Bytes that [`Request::collect`](crate::http::Request::collect) gathers. 10 MiB; beyond it
    /// 413. A body that is read as it comes has no limit here: it is the handler's.
    pub collected_body_bytes: usize,
    /// The memory of all bodies that are being collected at the same time, with their buffers. 256 MiB;
    /// the body that would exceed it is refused with 503. A connection gives its part back when the
    /// request has ended; a body that came whole with its head takes none.
    pub total_collected_bytes: usize,
    /// Connections at the same time; newcomers wait in the kernel's queue. 10,000.
    pub max_connections: usize,
    /// Connections at the same time from one IP address; see
    /// [`Options::max_connections_per_address`](crate::net::Options::max_connections_per_address). No limit.
    pub max_connections_per_address: Option<usize>,
    /// Requests on one connection, the last of which is told `Connection: close`. No limit.
    pub max_requests_per_connection: Option<u64>,
    /// Threads that stay to wait for the next connection when theirs has ended; one always does. 16.
    pub spare_threads: usize,
    /// The stack of a connection's thread, in bytes. 512 KiB; only touched pages cost memory.
    pub stack_bytes: usize,
    /// From the first byte of a head to its last. 10 s; beyond it 408.
    pub head_timeout: Duration,
    /// How long a connection may wait for its next request; told in `Keep-Alive: timeout=5`.
    /// 5 s. `None`: for ever, and nothing is told.
    pub keep_alive_timeout: Option<Duration>,
    /// How long a body or an answer may stand still, and the stretch of waiting over which
    /// [`min_bytes_per_second`](Self::min_bytes_per_second) is judged. 30 s.
    pub stall_timeout: Duration,
    /// The rate that a peer must reach while we wait for it. 256 bytes a second.
    pub min_bytes_per_second: u64,
    /// How long the rest of what a peer is sending is read and dropped, so that a last answer
    /// reaches it ("lingering close"). 2 s.
    pub linger_timeout: Duration,
    /// How much of it is. 8 MiB.
    pub linger_bytes: u64,
    /// How much of a body that its handler left unread is read and dropped to keep the
    /// connection. 256 KiB; with more to come the connection is closed.
    pub discard_bytes: u64,
    /// Pending answers to pipelined requests are sent when they are this many bytes. 64 KiB.
    pub pending_bytes: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            limits: Limits::default(),
            collected_body_bytes: 10 * 1024 * 1024,
            total_collected_bytes: 256 * 1024 * 1024,
            max_connections: 10_000,
            max_connections_per_address: None,
            max_requests_per_connection: None,
            spare_threads: 16,
            stack_bytes: 512 * 1024,
            head_timeout: Duration::from_secs(10),
            keep_alive_timeout: Some(Duration::from_secs(5)),
            stall_timeout: Duration::from_secs(30),
            min_bytes_per_second: 256,
            linger_timeout: Duration::from_secs(2),
            linger_bytes: 8 * 1024 * 1024,
            discard_bytes: 256 * 1024,
            pending_bytes: 64 * 1024,
        }
    }
}

impl Config {
    /// What the Keep-Alive field says: whole seconds, so less than one is not told.
    #[inline]
    pub(crate) fn announced_keep_alive_secs(&self) -> Option<u64> {
        let timeout = self.keep_alive_timeout?;
        Some(timeout.as_secs()).filter(|&secs| secs > 0)
    }

    /// How slow a peer may be.
    pub(crate) fn pace(&self) -> Pace {
        Pace::new(self.stall_timeout, self.min_bytes_per_second)
    }

    /// The longest of the socket's timeouts: the smallest of the deadlines, so that none is missed by
    /// more.
    pub(crate) fn poll_interval(&self) -> Duration {
        let idle = self.keep_alive_timeout.unwrap_or(self.stall_timeout);
        idle.min(self.head_timeout)
            .min(self.stall_timeout)
            .max(Duration::from_millis(1))
    }

    /// The socket's timeout while a connection is idle: then it gives its memory back.
    pub(crate) fn quiet_interval(&self) -> Duration {
        self.poll_interval().min(QUIET)
    }
}
