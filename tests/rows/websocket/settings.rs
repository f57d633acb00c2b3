//! Every limit and deadline of a connection: its default, and the tables that repeat it.

use barewire::websocket::{Config, Limits};
use std::time::Duration;

/// The page of the module, and the README.
const TABLES: [&str; 2] = [
    include_str!("../../../src/websocket/mod.rs"),
    include_str!("../../../README.md"),
];

/// The defaults are meant to be used. A new field does not compile here until it has a line.
#[test]
fn settings_have_these_defaults() {
    let Config {
        limits: Limits { message_bytes },
        high_water_mark,
        heartbeat_interval,
        heartbeat_timeout,
        stall_timeout,
        min_bytes_per_second,
        close_timeout,
        linger_timeout,
        linger_bytes,
    } = Config::default();
    let seconds = Duration::from_secs;
    assert_eq!(message_bytes, 16 << 20);
    assert_eq!(high_water_mark, 64 << 10);
    assert_eq!(heartbeat_interval, Some(seconds(30)));
    assert_eq!(heartbeat_timeout, seconds(30));
    assert_eq!((stall_timeout, min_bytes_per_second), (seconds(30), 256));
    assert_eq!(close_timeout, seconds(10));
    assert_eq!((linger_timeout, linger_bytes), (seconds(2), 8 << 20));

    // Both tables have a row for each of them, with this default in it.
    for (setting, default) in [
        ("limits.message_bytes", "16 MiB"),
        ("high_water_mark", "64 KiB"),
        ("heartbeat_interval", "30 s"),
        ("heartbeat_timeout", "30 s"),
        ("stall_timeout", "30 s"),
        ("min_bytes_per_second", "256"),
        ("close_timeout", "10 s"),
        ("linger_timeout", "2 s"),
        ("linger_bytes", "8 MiB"),
    ] {
        for table in TABLES {
            let mut rows = table.lines().filter(|line| line.contains("| "));
            let named = format!("`{setting}`");
            let found = rows.any(|row| row.contains(&named) && row.contains(default));
            assert!(found, "a row with {named} and {default}");
        }
    }
}
