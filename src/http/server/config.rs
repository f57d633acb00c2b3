//! Every limit and deadline of a server. All are on from the start, except the two that are marked "off".

use super::trusted_proxies::TrustedProxies;
use crate::http::wire::Limits;
use crate::net::Pace;
use std::time::Duration;

/// A connection without a request for this time gives back the memory of its last ones.
const QUIET: Duration = Duration::from_secs(1);

/// Makes [`Config`], its defaults, and a method of [`Server`](super::Server) for each setting.
macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $default:expr;)+) => {
        /// The limits and deadlines of a server. The defaults are meant to be used.
        ///
        /// A wait for the peer ends when its deadline is over. The kernel rounds such times up, by some per
        /// cent.
        ///
        /// ```
        /// use barewire::http;
        ///
        /// fn handler(mut req: http::Request, res: http::Response) -> http::Handled {
        ///     res.end(req.collect()?)
        /// }
        ///
        /// // One by one …
        /// let server = http::create_server(handler).collected_body_bytes(64 << 10);
        /// // … or all that two servers have in common.
        /// let config = http::Config {
        ///     collected_body_bytes: 64 << 10,
        ///     ..http::Config::default()
        /// };
        /// let other = http::create_server(handler).config(config);
        /// assert_eq!(server.settings().collected_body_bytes, other.settings().collected_body_bytes);
        /// ```
        #[derive(Clone, Debug)]
        pub struct Config {
            $($(#[$doc])* pub $name: $type,)+
        }

        impl Default for Config {
            fn default() -> Config {
                Config { $($name: $default,)+ }
            }
        }

        /// Settings; each is described in [`Config`].
        impl<E> super::Server<E> {
            $(
                #[doc = concat!("Sets [`Config::", stringify!($name), "`].")]
                pub fn $name(mut self, $name: $type) -> Self {
                    self.config_mut().$name = $name;
                    self
                }
            )+
        }
    };
}

settings! {
    /// Limits of a message head, of trailers and of chunk extensions.
    limits: Limits = Limits::default();
    /// The largest body that [`Request::collect`](crate::http::Request::collect) returns. 10 MiB; beyond it
    /// 413. A body that the handler reads as it comes has no limit here.
    collected_body_bytes: usize = 10 << 20;
    /// The memory of all bodies that are being collected at the same time, with their buffers. 256 MiB;
    /// the body that would exceed it is refused with 503. A connection gives its part back when the
    /// request has ended; a body that came whole with its head takes none.
    total_collected_bytes: usize = 256 << 20;
    /// Connections at the same time; further ones wait in the kernel's backlog. 10,000.
    max_connections: usize = 10_000;
    /// Connections at the same time from one IP address; see
    /// [`Options::max_connections_per_address`](crate::net::Options::max_connections_per_address). Off: no
    /// limit.
    max_connections_per_address: Option<usize> = None;
    /// Requests on one connection; the response to the last says `Connection: close`. Off: no limit.
    max_requests_per_connection: Option<u64> = None;
    /// Threads that stay to wait for the next connection when theirs has ended; one always does. 16.
    spare_threads: usize = 16;
    /// The stack of a connection's thread, in bytes. 512 KiB; only touched pages cost memory.
    stack_bytes: usize = 512 << 10;
    /// From the first byte of a head to its last. 10 s; beyond it 408. A new connection that sends nothing,
    /// or nothing but empty lines, is closed after this time, without a response: no request has begun. Four
    /// empty lines may stand before a request; the fifth gets a 400 at once.
    head_timeout: Duration = Duration::from_secs(10);
    /// How long a connection may wait for its next request; announced in `Keep-Alive: timeout=5`. Empty
    /// lines, four at most, are no request. 5 s. `None`: without limit and without that field.
    keep_alive_timeout: Option<Duration> = Some(Duration::from_secs(5));
    /// How long the peer may send nothing of a body, or take nothing of a response, while we wait for it;
    /// and the stretch of waiting over which
    /// [`min_bytes_per_second`](Self::min_bytes_per_second) is judged. 30 s.
    ///
    /// A byte of a response is taken when it leaves for the kernel's buffer. A kernel that is full takes
    /// more in pieces, and TLS sends records of 16 KiB. So of a client that reads hardly faster than the rate, no
    /// byte may be seen to move for seconds.
    stall_timeout: Duration = Duration::from_secs(30);
    /// The rate that a peer must reach while we wait for it. 256 bytes a second. A stretch of waiting begins
    /// where the one before has reached the rate, so a fast start does not make up for a slow end.
    min_bytes_per_second: u64 = 256;
    /// How long a connection that ends reads and drops what the peer still sends, so that the last response
    /// reaches it ("lingering close"). It counts from the last byte that came; in all it is 15 times as
    /// long at most. 2 s.
    linger_timeout: Duration = Duration::from_secs(2);
    /// How many bytes it drops at most. A client that sends its whole body before it reads sees a 413 only if
    /// this is more than the body: so it is more than
    /// [`collected_body_bytes`](Self::collected_body_bytes). 12 MiB.
    linger_bytes: u64 = 12 << 20;
    /// How much of a body that its handler left unread is read and dropped to keep the
    /// connection. 256 KiB; with more to come the connection is closed.
    discard_bytes: u64 = 256 << 10;
    /// Pending responses to pipelined requests are sent when they are this many bytes. 64 KiB.
    pending_bytes: usize = 64 << 10;
    /// The proxies that are believed when they say who the client is:
    /// [`Request::client_ip`](crate::http::Request::client_ip). `None`: no one is, and no field is read.
    trusted_proxies: Option<TrustedProxies> = None;
}

impl Config {
    /// The number in the Keep-Alive field: whole seconds, so less than one is not announced.
    #[inline]
    pub(crate) fn announced_keep_alive_secs(&self) -> Option<u64> {
        let timeout = self.keep_alive_timeout?;
        Some(timeout.as_secs()).filter(|&secs| secs > 0)
    }

    /// Whether a connection may end before it has been idle for a second. A handler's Keep-Alive would then
    /// announce too much.
    pub(crate) fn may_end_early(&self) -> bool {
        self.max_requests_per_connection.is_some()
            || self.keep_alive_timeout.is_some_and(|t| t.as_secs() == 0)
    }

    /// How slowly a peer may send a body.
    pub(crate) fn pace(&self) -> Pace {
        Pace::new(self.stall_timeout, self.min_bytes_per_second)
    }

    /// How slowly a peer may read responses.
    pub(crate) fn pace_of_writes(&self) -> Pace {
        Pace::of_writes(self.stall_timeout, self.min_bytes_per_second)
    }

    /// How long a connection without an idle timeout waits in one read.
    pub(crate) fn poll_interval(&self) -> Duration {
        let idle = self.keep_alive_timeout.unwrap_or(self.stall_timeout);
        idle.min(self.head_timeout)
            .min(self.stall_timeout)
            .max(Duration::from_millis(1))
    }

    /// The socket's timeout while a connection is idle: then it gives its memory back.
    pub(crate) fn quiet_interval(&self) -> Duration {
        (self.poll_interval() / 4).clamp(Duration::from_millis(1), QUIET)
    }
}
