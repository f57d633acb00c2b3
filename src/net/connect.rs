//! The book's `net.connect`.

use super::connect_options::ConnectOptions;
use super::reach::{self, race, resolve};
use super::socket::Socket;
use super::stream::Stream;
use super::tap::Tap;
use super::unix::Unix;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longer than anybody waits.
const LONG: Duration = Duration::from_secs(365 * 24 * 3600);

/// Connects to `"localhost:8124"`, `"[::1]:8124"`, `"[fe80::1%eth0]:8124"` or `"unix:/tmp/echo.sock"`, in 10 seconds at
/// most. Up to 16 addresses of a name are tried; each starts 250 ms after the previous one, or as soon
/// as one has failed: see [`race`](super::race).
///
/// ```
/// use barewire::net;
/// use std::io::Read;
///
/// let handle = net::create_server(|socket| socket.write_all("welcome")).listen("127.0.0.1:0")?;
///
/// let mut socket = net::connect(&handle.local_addr().to_string())?; // or "localhost:8124"
/// let mut heard = String::new();
/// socket.read_to_string(&mut heard)?; // until the server ends
/// assert_eq!(heard, "welcome");
/// # drop(socket);
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// [`connect_with`] says which.
pub fn connect(to: &str) -> io::Result<Socket> {
    connect_with(to, &ConnectOptions::default())
}

/// [`connect`] with a choice.
///
/// ```
/// use barewire::net::{self, ConnectOptions};
/// use std::time::Duration;
///
/// let handle = net::create_server(|socket| socket.pipe(&socket).map(drop)).listen("127.0.0.1:0")?;
///
/// let options = ConnectOptions {
///     timeout: Duration::from_secs(2),
///     stall_timeout: Duration::from_secs(5), // a server that reads nothing is cut
///     ..ConnectOptions::default()
/// };
/// let socket = net::connect_with(&handle.local_addr().to_string(), &options)?;
/// # drop(socket);
/// # handle.shutdown(Duration::from_secs(1));
/// # Ok::<(), std::io::Error>(())
/// ```
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
/// ```
/// use barewire::net::{self, ConnectOptions, Faults, Faulty};
/// use std::sync::Arc;
///
/// let handle = net::create_server(|socket| socket.write_all("welcome")).listen("127.0.0.1:0")?;
///
/// let to = handle.local_addr().to_string();
/// let socket = net::connect_through(&to, &ConnectOptions::default(), |stream, _deadline| {
///     // A network that is not as good as the real one.
///     Ok(Arc::new(Faulty::new(stream, Faults::default())))
/// })?;
/// assert_eq!(socket.read(&mut [0; 16])?, 7);
/// # drop(socket);
/// # handle.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), std::io::Error>(())
/// ```
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
    let stream = match &options.tap {
        Some(observer) => Arc::new(Tap::opened(stream, Arc::clone(observer))),
        None => stream,
    };
    Ok(Socket::with(
        through(stream, deadline)?,
        options.clone(),
        true,
        None,
    ))
}

fn split(to: &str) -> io::Result<(&str, u16)> {
    reach::split(to).ok_or_else(|| {
        let text = format!("{to:?} is no address: they are host:port, [::1]:port or unix:/path");
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
            "127.0.0.1:+80",
        ] {
            let error = split(wrong).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{wrong}");
            assert!(error.to_string().contains(wrong));
        }
    }
}
