//! What can be set for a connection, by [`Server`](crate::net::Server) or
//! [`ConnectOptions`](crate::net::ConnectOptions), which describe it.

use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub(in crate::net) struct Settings {
    pub(in crate::net) allow_half_open: bool,
    pub(in crate::net) high_water_mark: usize,
    pub(in crate::net) max_buffered: usize,
    pub(in crate::net) stall_timeout: Duration,
    pub(in crate::net) min_bytes_per_second: u64,
    pub(in crate::net) idle_timeout: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            allow_half_open: false,
            high_water_mark: 64 * 1024,
            max_buffered: 16 * 1024 * 1024,
            stall_timeout: Duration::from_secs(30),
            min_bytes_per_second: 256,
            idle_timeout: None,
        }
    }
}

/// As long as Node's `server.timeout` was: enough for a person at a telnet, and not for ever.
const SERVER_IDLE_TIMEOUT: Duration = Duration::from_secs(120);

impl Settings {
    pub(in crate::net) fn of_a_server() -> Settings {
        Settings {
            idle_timeout: Some(SERVER_IDLE_TIMEOUT),
            ..Settings::default()
        }
    }
}
