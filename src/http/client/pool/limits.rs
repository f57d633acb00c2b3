//! How many connections and waiting requests, and for how long.

use std::fmt;
use std::time::Duration;

/// The limits of a pool: what [`Agent::new`](crate::http::Agent::new) takes. Any of the numbers may be `usize::MAX`:
/// no limit.
///
/// ```
/// use barewire::http::{self, Agent, RequestOptions, pool::Limits};
///
/// let ten = Limits { max_sockets: 10, ..Limits::default() };
/// assert_eq!(ten.max_total_sockets, usize::MAX);
/// let options = RequestOptions::new().agent(&Agent::new(ten)?);
/// # let _ = options;
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections to one origin, in use and idle together. 5; not 0.
    pub max_sockets: usize,
    /// Connections to all origins, in use and idle together. No limit; not 0.
    pub max_total_sockets: usize,
    /// Idle connections to one origin; beyond it the oldest is closed. 256; 0: none is kept.
    pub max_free_sockets: usize,
    /// Idle connections to all origins; beyond it the oldest is closed. 256; 0: none is kept.
    pub max_total_free_sockets: usize,
    /// Requests that wait for one origin; beyond it a request is refused. 1,000; 0: none waits.
    pub max_queued: usize,
    /// How long a request may wait in the queue:
    /// [`QueuePosition::deadline`](super::QueuePosition::deadline). 30 s; `None`: for ever.
    pub queue_timeout: Option<Duration>,
    /// How long an idle connection is kept, unless its server says less. 4 s: a second less than
    /// the five that servers often allow without saying so. Zero: none is kept.
    pub idle_timeout: Duration,
    /// What is taken off a server's `Keep-Alive: timeout`, so that the client closes first. 1 s.
    pub keep_alive_margin: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            // RFC 9112 §9.4: "A client ought to limit the number of simultaneous open connections
            // that it maintains to a given server."
            max_sockets: 5,
            max_total_sockets: usize::MAX,
            max_free_sockets: 256,
            max_total_free_sockets: 256,
            max_queued: 1_000,
            queue_timeout: Some(Duration::from_secs(30)),
            idle_timeout: Duration::from_secs(4),
            keep_alive_margin: Duration::from_secs(1),
        }
    }
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), ZeroSockets> {
        match (self.max_sockets, self.max_total_sockets) {
            (0, _) => Err(ZeroSockets("max_sockets")),
            (_, 0) => Err(ZeroSockets("max_total_sockets")),
            _ => Ok(()),
        }
    }
}

/// A limit that allows no connection at all. From an [`Agent`](crate::http::Agent) it comes inside an
/// [`http::Error`](crate::http::Error).
///
/// ```
/// use barewire::http::pool::{Limits, Pool};
///
/// let none = Limits { max_sockets: 0, ..Limits::default() };
/// let error = Pool::<&str, (), ()>::new(none).err().unwrap();
/// assert_eq!(error.to_string(), "max_sockets is 0: every request would wait for ever");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZeroSockets(&'static str);

impl fmt::Display for ZeroSockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is 0: every request would wait for ever", self.0)
    }
}

impl std::error::Error for ZeroSockets {}
