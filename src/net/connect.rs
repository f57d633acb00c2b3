//! The book's `net.connect`.

use super::reach::{Family, race, resolve};
use super::socket::{Settings, Socket};
use super::stream::Stream;
use super::unix::Unix;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How to connect. `ConnectOptions::default()` and change what you must.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// One deadline for all of it: looking the name up and trying every address. Default: 10 s.
    pub timeout: Duration,
    /// Only addresses of this kind. Default: all there are.
    pub family: Option<Family>,
    /// `TCP_NODELAY`, see [`Tcp::set_no_delay`](super::Tcp::set_no_delay). Default: true.
    pub no_delay: bool,
    /// Whether our side stays open when [`Socket::run`] has read the peer's FIN, until
    /// [`Socket::end`]. If not, our FIN follows at once. (Plain reads and writes need no
    /// such option: there each side ends when it likes.) Default: false.
    pub allow_half_open: bool,
    /// [`Socket::write`] returns false when so many bytes are queued. Default: 64 KiB.
    pub high_water_mark: usize,
    /// When more than this is queued by [`Socket::write`] the connection is broken off.
    /// Default: 16 MiB.
    pub max_buffered: usize,
    /// A peer that takes nothing of what we send for so long is cut. Default: 30 s.
    /// [`Duration::MAX`]: never.
    pub stall_timeout: Duration,
    /// The rate in bytes a second at which a peer must take what we send, on average over each
    /// [`stall_timeout`](Self::stall_timeout) in which we wait for it. A slower one is cut. Default:
    /// 256. (What counts is when the system takes the bytes from us, and it does so in blocks of up to
    /// 64 KiB and more.)
    pub min_bytes_per_second: u64,
    /// A connection is cut when a read has waited for so long while nothing was read or written; up to
    /// twice as long if something was written meanwhile. Default: none, the other side is the one we
    /// chose. (A server's is on: [`Server::idle_timeout`](super::Server::idle_timeout).)
    pub idle_timeout: Option<Duration>,
}

impl Default for ConnectOptions {
    fn default() -> ConnectOptions {
        let settings = Settings::default();
        ConnectOptions {
            timeout: Duration::from_secs(10),
            family: None,
            no_delay: true,
            allow_half_open: settings.allow_half_open,
            high_water_mark: settings.high_water_mark,
            max_buffered: settings.max_buffered,
            stall_timeout: settings.stall_timeout,
            min_bytes_per_second: settings.min_bytes_per_second,
            idle_timeout: settings.idle_timeout,
        }
    }
}

/// Longer than anybody waits.
const LONG: Duration = Duration::from_secs(365 * 24 * 3600);

/// Connects to `"localhost:8124"`, `"[::1]:8124"` or `"unix:/tmp/echo.sock"`, in 10 seconds at
/// most. Every address of a name is tried, the next one without waiting for the last: see
/// [`race`](super::race).
///
/// # Errors
/// [`connect_with`] says which.
pub fn connect(to: &str) -> io::Result<Socket> {
    connect_with(to, &ConnectOptions::default())
}

/// [`connect`] with a choice.
///
/// # Errors
/// [`ErrorKind::InvalidInput`] for an address in no such form,
/// [`ErrorKind::TimedOut`] at the deadline, else what the system has
/// against it; the text names the address.
pub fn connect_with(to: &str, options: &ConnectOptions) -> io::Result<Socket> {
    connect_through(to, options, |stream, _deadline| Ok(stream))
}

/// [`connect_with`] by way of `through`, which is given the connected stream and the deadline and
/// returns what the socket is to talk through: TLS, or something else that wraps a stream.
///
/// # Errors
/// As for [`connect_with`], and those of `through`.
pub fn connect_through(
    to: &str,
    options: &ConnectOptions,
    through: impl FnOnce(Arc<dyn Stream>, Instant) -> io::Result<Arc<dyn Stream>>,
) -> io::Result<Socket> {
    let now = Instant::now();
    let deadline = now.checked_add(options.timeout).unwrap_or(now + LONG);
    let stream: Arc<dyn Stream> = match to.strip_prefix("unix:") {
        Some(path) => Arc::new(Unix::connect_until(path, deadline)?),
        None => {
            let (host, port) = split(to)?;
            let tcp = race(&resolve(host, port, options.family, deadline)?, deadline)?;
            tcp.set_no_delay(options.no_delay)?;
            Arc::new(tcp)
        }
    };
    let settings = Settings {
        allow_half_open: options.allow_half_open,
        high_water_mark: options.high_water_mark,
        max_buffered: options.max_buffered,
        stall_timeout: options.stall_timeout,
        min_bytes_per_second: options.min_bytes_per_second,
        idle_timeout: options.idle_timeout,
    };
    Ok(Socket::with(
        through(stream, deadline)?,
        settings,
        true,
        None,
    ))
}

/// `host:port`, the host in brackets if it is an IPv6 address.
fn split(to: &str) -> io::Result<(&str, u16)> {
    let parts = to
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host, port.parse().ok()?)));
    parts
        .filter(|(host, _)| !host.contains(':') || host.ends_with(']'))
        .ok_or_else(|| {
            let text =
                format!("{to:?} is no address: they are host:port, [::1]:port or unix:/path");
            io::Error::new(ErrorKind::InvalidInput, text)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        assert_eq!(split("localhost:8124").unwrap(), ("localhost", 8124));
        assert_eq!(split("[::1]:0").unwrap(), ("[::1]", 0));
        for wrong in [
            "",
            "localhost",
            "8124",
            "::1:8124",
            "host:",
            "host:65536",
            "host:-1",
        ] {
            let error = split(wrong).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{wrong}");
            assert!(error.to_string().contains(wrong));
        }
    }
}
