//! Every limit and deadline that can be set, with its default as the texts write it.
//!
//! The structs are taken apart without `..`, so a new field does not compile here until it is listed.

use barewire::{http, net, tls, websocket};
use std::io;
use std::time::Duration;

/// The settings of one struct.
#[derive(Clone)]
pub(super) struct Settings {
    /// Where the struct is defined.
    pub(super) file: &'static str,
    /// What the tables put before each name.
    prefix: &'static str,
    pub(super) defaults: Vec<(&'static str, String)>,
}

impl Settings {
    fn new(
        file: &'static str,
        prefix: &'static str,
        defaults: Vec<(&'static str, String)>,
    ) -> Settings {
        Settings {
            file,
            prefix,
            defaults,
        }
    }

    /// The names in the tables.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let names = self.defaults.iter();
        names.map(|(name, _)| format!("{}{name}", self.prefix))
    }

    /// The default of a setting, by its name in the tables.
    pub(super) fn default_of(&self, name: &str) -> Option<&str> {
        let name = name.strip_prefix(self.prefix)?;
        let mut defaults = self.defaults.iter();
        defaults.find(|it| it.0 == name).map(|it| it.1.as_str())
    }
}

pub(super) fn http_config() -> Vec<Settings> {
    let http::Config {
        limits,
        collected_body_bytes,
        total_collected_bytes,
        max_connections,
        max_connections_per_address,
        max_requests_per_connection,
        spare_threads,
        stack_bytes,
        head_timeout,
        keep_alive_timeout,
        stall_timeout,
        min_bytes_per_second,
        linger_timeout,
        linger_bytes,
        discard_bytes,
        pending_bytes,
        trusted_proxies: _, // whom to believe: no limit
    } = http::Config::default();
    let http::wire::Limits {
        start_line_bytes,
        field_section_bytes,
        fields,
        chunk_extension_bytes,
    } = limits;
    let config = vec![
        ("collected_body_bytes", bytes(collected_body_bytes)),
        ("total_collected_bytes", bytes(total_collected_bytes)),
        ("max_connections", count(max_connections)),
        (
            "max_connections_per_address",
            limit(max_connections_per_address, count),
        ),
        (
            "max_requests_per_connection",
            limit(max_requests_per_connection, count),
        ),
        ("spare_threads", count(spare_threads)),
        ("stack_bytes", bytes(stack_bytes)),
        ("head_timeout", time(head_timeout)),
        ("keep_alive_timeout", limit(keep_alive_timeout, time)),
        ("stall_timeout", time(stall_timeout)),
        ("min_bytes_per_second", count(min_bytes_per_second)),
        ("linger_timeout", time(linger_timeout)),
        ("linger_bytes", bytes(linger_bytes)),
        ("discard_bytes", bytes(discard_bytes)),
        ("pending_bytes", bytes(pending_bytes)),
    ];
    let limits = vec![
        ("start_line_bytes", bytes(start_line_bytes)),
        ("field_section_bytes", bytes(field_section_bytes)),
        ("fields", count(fields)),
        ("chunk_extension_bytes", bytes(chunk_extension_bytes)),
    ];
    vec![
        Settings::new("src/http/server/config.rs", "", config),
        Settings::new("src/http/wire/limits.rs", "limits.", limits),
    ]
}

pub(super) fn websocket_config() -> Vec<Settings> {
    let websocket::Config {
        limits: websocket::Limits { message_bytes },
        high_water_mark,
        max_buffered,
        heartbeat_interval,
        heartbeat_timeout,
        stall_timeout,
        min_bytes_per_second,
        close_timeout,
        linger_timeout,
        linger_bytes,
        deflate: _, // no limit
    } = websocket::Config::default();
    let config = vec![
        ("high_water_mark", bytes(high_water_mark)),
        ("max_buffered", bytes(max_buffered)),
        ("heartbeat_interval", limit(heartbeat_interval, time)),
        ("heartbeat_timeout", time(heartbeat_timeout)),
        ("stall_timeout", time(stall_timeout)),
        ("min_bytes_per_second", count(min_bytes_per_second)),
        ("close_timeout", time(close_timeout)),
        ("linger_timeout", time(linger_timeout)),
        ("linger_bytes", bytes(linger_bytes)),
    ];
    let limits = vec![("message_bytes", bytes(message_bytes))];
    vec![
        Settings::new("src/websocket/config.rs", "", config),
        Settings::new("src/websocket/wire/message.rs", "limits.", limits),
    ]
}

pub(super) fn net_options() -> Settings {
    let net::Options {
        max_connections,
        max_connections_per_address,
        spare_threads,
        stack_size,
        no_delay,
        tap: _, // no limit
    } = net::Options::default();
    let defaults = vec![
        ("max_connections", count(max_connections)),
        (
            "max_connections_per_address",
            limit(max_connections_per_address, count),
        ),
        ("spare_threads", count(spare_threads)),
        ("stack_size", bytes(stack_size)),
        ("no_delay", no_delay.to_string()),
    ];
    Settings::new("src/net/service.rs", "", defaults)
}

pub(super) fn connect_options() -> Settings {
    let net::ConnectOptions {
        timeout,
        family,
        no_delay,
        allow_half_open,
        high_water_mark,
        max_buffered,
        stall_timeout,
        min_bytes_per_second,
        idle_timeout,
        tap: _, // no limit
    } = net::ConnectOptions::default();
    let all = || "all there are".to_owned();
    let defaults = vec![
        ("timeout", time(timeout)),
        ("family", family.map_or_else(all, |it| format!("{it:?}"))),
        ("no_delay", no_delay.to_string()),
        ("allow_half_open", allow_half_open.to_string()),
        ("high_water_mark", bytes(high_water_mark)),
        ("max_buffered", bytes(max_buffered)),
        ("stall_timeout", time(stall_timeout)),
        ("min_bytes_per_second", count(min_bytes_per_second)),
        ("idle_timeout", idle_timeout.map_or("none".into(), time)),
    ];
    Settings::new("src/net/connect_options.rs", "", defaults)
}

pub(super) fn pool_limits() -> Settings {
    let http::pool::Limits {
        max_sockets,
        max_total_sockets,
        max_free_sockets,
        max_total_free_sockets,
        max_queued,
        queue_timeout,
        idle_timeout,
        keep_alive_margin,
    } = http::pool::Limits::default();
    let number = |n: usize| limit((n != usize::MAX).then_some(n), count);
    let defaults = vec![
        ("max_sockets", number(max_sockets)),
        ("max_total_sockets", number(max_total_sockets)),
        ("max_free_sockets", number(max_free_sockets)),
        ("max_total_free_sockets", number(max_total_free_sockets)),
        ("max_queued", number(max_queued)),
        ("queue_timeout", limit(queue_timeout, time)),
        ("idle_timeout", time(idle_timeout)),
        ("keep_alive_margin", time(keep_alive_margin)),
    ];
    Settings::new("src/http/client/pool/limits.rs", "", defaults)
}

pub(super) fn timeouts() -> Settings {
    let http::Timeouts {
        total,
        queue,
        connect,
        stall,
        min_bytes_per_second,
        expect,
        head,
    } = http::Timeouts::default();
    let defaults = vec![
        ("total", limit(total, time)),
        ("queue", queue.map_or("the agent's".into(), time)),
        ("connect", time(connect)),
        ("stall", time(stall)),
        ("min_bytes_per_second", count(min_bytes_per_second)),
        ("expect", time(expect)),
        ("head", time(head)),
    ];
    Settings::new("src/http/client/deadlines.rs", "", defaults)
}

/// What a `net` server has instead of the default for clients.
pub(super) fn net_server() -> Settings {
    #[derive(Debug)]
    struct Nothing;

    impl net::ServerEvents for Nothing {
        fn connection(&self, _socket: net::Socket) -> io::Result<()> {
            Ok(())
        }
    }

    let server = net::create_server_with(Nothing);
    let timeout = duration_in(&format!("{server:?}"), "idle_timeout: Some(");
    Settings::new(
        "src/net/server.rs",
        "",
        vec![("idle_timeout", time(timeout))],
    )
}

/// The same for server and client.
pub(super) fn tls_options() -> Settings {
    let options = tls::ServerOptions::new();
    let timeout = duration_in(&format!("{options:?}"), "handshake_timeout: ");
    let defaults = vec![("handshake_timeout", time(timeout))];
    Settings::new("src/tls/options.rs", "ServerOptions::", defaults)
}

/// `name: 10s` in a debug text.
fn duration_in(debug: &str, name: &str) -> Duration {
    let (_, value) = debug.split_once(name).expect("the field");
    let (seconds, _) = value.split_once('s').expect("whole seconds");
    Duration::from_secs(seconds.parse().expect("whole seconds"))
}

// ---- how a default is written -------------------------------------------------------------------

fn bytes(n: impl TryInto<u64>) -> String {
    let n = n.try_into().unwrap_or(u64::MAX);
    match n {
        _ if n.is_multiple_of(1 << 20) => format!("{} MiB", n >> 20),
        _ if n.is_multiple_of(1 << 10) => format!("{} KiB", n >> 10),
        _ => format!("{n} bytes"),
    }
}

fn count(n: impl TryInto<u64>) -> String {
    match n.try_into().unwrap_or(u64::MAX) {
        n if n < 1000 => n.to_string(),
        n => format!("{},{:03}", n / 1000, n % 1000),
    }
}

fn time(limit: Duration) -> String {
    match limit.as_secs() {
        n if n >= 60 && n.is_multiple_of(60) => format!("{} min", n / 60),
        n => format!("{n} s"),
    }
}

fn limit<T>(value: Option<T>, write: impl FnOnce(T) -> String) -> String {
    value.map_or("no limit".into(), write)
}
